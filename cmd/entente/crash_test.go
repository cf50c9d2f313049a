package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/stix"
	"entente/store/sqlite"
)

// Three parties put and release all the time; their nodes are killed (kill -9)
// at random moments and started again. While this goes on, nobody ever sees a
// part of a release, or anything twice, and nothing that was acknowledged is
// missing after a start. In the end both sides of every channel have the same,
// and every store verifies.
func TestCrash(t *testing.T) {
	kills := int64(200)
	if testing.Short() {
		kills = 20
	}
	const seed = 20150927
	c := newCrashCell(t, kills)
	for _, name := range []string{"Ardel", "Borvia", "Cavra"} {
		c.join(name, c.dir)
	}
	c.found()

	began := time.Now()
	load, stopLoad := context.WithCancel(t.Context())
	defer stopLoad()
	var killers, loaders sync.WaitGroup
	for i, p := range c.parties {
		chance := func(role uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(i)*10+role)) }
		killers.Go(func() { c.die(p, chance(0)) })
		loaders.Go(func() { c.load(load, p, chance(1)) })
		loaders.Go(func() { c.watch(load, p) })
	}
	loaders.Go(func() { c.loadByCommand(load, rand.New(rand.NewPCG(seed, 99))) })
	killers.Wait()
	stopLoad()
	loaders.Wait()
	t.Logf("%d kills in %.0f s, seed %d: %d of them while the node was starting; %d answers were lost; %d releases acknowledged, of %d records",
		c.killed.Load(), time.Since(began).Seconds(), seed, c.killedEarly.Load(), c.lost.Load(), len(c.acts()), c.records())
	if t.Failed() {
		return
	}
	if c.killed.Load() < kills || !testing.Short() && c.lost.Load() == 0 {
		t.Errorf("%d kills with %d lost answers: this was no load", c.killed.Load(), c.lost.Load())
	}
	c.settle()
	for _, p := range c.parties {
		c.checkView(p)
		p.stop()
	}
	for _, p := range c.parties {
		c.checkStore(p)
	}
}

// crashCell is some parties in one compact, and all that their nodes have
// acknowledged.
type crashCell struct {
	t       *testing.T
	program string
	dir     string
	parties []*crashParty
	goal    int64 // kills
	killed  atomic.Int64
	// killedEarly counts those kills that came before the node was ready.
	killedEarly atomic.Int64
	lost        atomic.Int64 // answers that never came

	mu     sync.Mutex
	groups map[entente.RecordID]*crashGroup // by every record of the group
}

// crashParty is a party: its data directory, and the process that serves it.
type crashParty struct {
	cell *crashCell
	name string
	dir  string
	addr string
	id   entente.PartyID
	node *crashNode
	kept atomic.Int64        // records that its node has acknowledged
	env  []string            // of its processes, besides that of the test
	as   *syscall.Credential // whom its commands run as; nil: as the test

	// Owned by watch, then by the test.
	seen map[entente.RecordID]entente.ActID // records of others, with the release that let it see them
	last int64
}

// crashNode is one process that serves.
type crashNode struct {
	process *os.Process
	ready   chan struct{} // closed when it says so
	ended   chan struct{} // closed when it has ended; state is set before
	state   *os.ProcessState
}

// crashGroup is what one command put and one command released: all of it is
// visible to a party, or nothing.
type crashGroup struct {
	of      *crashParty
	records []entente.RecordID
	to      []*crashParty
	acts    []entente.ActID // one for each of to; none if the answer was lost
}

const crashCompact = "Crash cell"

func newCrashCell(t *testing.T, kills int64) *crashCell {
	t.Helper()
	return &crashCell{t: t, program: theProgram(t), dir: t.TempDir(), goal: kills, groups: map[entente.RecordID]*crashGroup{}}
}

// join makes a party with its data directory in a folder.
func (c *crashCell) join(name, folder string) *crashParty {
	c.t.Helper()
	p := &crashParty{cell: c, name: name, dir: filepath.Join(folder, strings.ToLower(name)), seen: map[entente.RecordID]entente.ActID{}}
	var err error
	if p.addr, err = freePort(); err != nil {
		c.t.Fatal(err)
	}
	var a initAnswer
	p.must(&a, "init", "--name", name, "--endpoint", p.addr)
	p.id = a.Party
	p.must(nil, "card", "--out", p.card())
	c.parties = append(c.parties, p)
	c.t.Cleanup(p.stop)
	return p
}

func (p *crashParty) card() string { return filepath.Join(p.cell.dir, p.name+".card") }

// found lets the parties compare fingerprints, starts their nodes and founds the
// compact.
func (c *crashCell) found() {
	c.t.Helper()
	for _, p := range c.parties {
		var a fingerprint
		p.must(&a, "fingerprint")
		for _, other := range c.parties {
			if other != p {
				other.must(nil, "trust", p.card(), "--fingerprint", a.Words)
			}
		}
	}
	for _, p := range c.parties {
		p.start()
		p.awaitReady()
	}
	charter := filepath.Join(c.dir, "charter.json")
	first := c.parties[0]
	first.must(nil, "compact", "draft", "--out", charter, "--name", crashCompact, "--purpose", "tests", "--category", "notes", "--legal-basis", "invented")
	first.must(nil, "compact", "found", charter)
	for _, p := range c.parties[1:] {
		p.until("the charter has come", func() bool {
			var a compactsAnswer
			p.must(&a, "compact", "ls")
			return len(a.Compacts) == 1 && a.Compacts[0].State == "waiting"
		})
		p.must(nil, "compact", "accede", crashCompact)
	}
	for _, p := range c.parties {
		p.until("the compact is in force", func() bool {
			var a compactsAnswer
			p.must(&a, "compact", "ls")
			return a.Compacts[0].State == "in force"
		})
	}
}

// run runs one command on the party's data directory, in a process of its own.
func (p *crashParty) run(args ...string) (out []byte, problem string, status int) {
	cmd := exec.CommandContext(p.cell.t.Context(), p.cell.program, append([]string{"--json", "--dir", p.dir}, args...)...)
	cmd.Env = append(os.Environ(), p.env...)
	if p.as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	}
	var b, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &stderr
	err := cmd.Run()
	if err == nil {
		return b.Bytes(), "", 0
	}
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return b.Bytes(), stderr.String(), e.ExitCode()
	}
	return nil, err.Error(), -1
}

func (p *crashParty) must(answer any, args ...string) {
	p.cell.t.Helper()
	out, problem, status := p.run(args...)
	if status != 0 {
		p.cell.t.Fatalf("%s: entente %s: exit status %d: %s", p.name, strings.Join(args, " "), status, problem)
	}
	if answer != nil {
		p.cell.decode(out, answer)
	}
}

func (c *crashCell) decode(out []byte, answer any) {
	c.t.Helper()
	if err := json.Unmarshal(out, answer); err != nil {
		c.t.Fatalf("answer %.80q: %v", out, err)
	}
}

func (p *crashParty) log() string { return filepath.Join(p.cell.dir, p.name+".log") }

// start starts the party's node and does not wait.
func (p *crashParty) start() {
	n := &crashNode{ready: make(chan struct{}), ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // a process is ended with the thread that started it
		log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			started <- err
			return
		}
		defer log.Close()
		cmd := exec.Command(p.cell.program, "--dir", p.dir, "serve", "--listen", p.addr)
		cmd.SysProcAttr, cmd.Stderr, cmd.Env = nodeProcess(), log, append(os.Environ(), p.env...)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		n.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		said := bufio.NewReader(out)
		if line, err := said.ReadString('\n'); err == nil && strings.HasPrefix(line, "ready ") {
			close(n.ready)
		}
		// How it ended is asked of its state: a killed process is no error here.
		_, _ = io.Copy(io.Discard, said)
		_ = cmd.Wait()
		n.state = cmd.ProcessState
		close(n.ended)
	}()
	if err := <-started; err != nil {
		p.cell.t.Errorf("%s: start its node: %v", p.name, err)
		return
	}
	p.node = n
}

// awaitReady waits until the node serves, and says whether it does.
func (p *crashParty) awaitReady() bool {
	select {
	case <-p.node.ready:
		return true
	case <-p.node.ended:
		p.cell.t.Errorf("%s: its node ended by itself (%v): %s", p.name, p.node.state, lastLine(p.log()))
	case <-time.After(patienceOfTests):
		p.cell.t.Errorf("%s: its node is not ready after %v", p.name, patienceOfTests)
	}
	return false
}

// stop ends the node politely, which must work.
func (p *crashParty) stop() {
	if p.node == nil {
		return
	}
	_ = p.node.process.Signal(syscall.SIGTERM) // an error says that it has ended, which is looked at below
	select {
	case <-p.node.ended:
	case <-time.After(patienceOfTests):
		p.cell.t.Errorf("%s: its node does not end", p.name)
		p.kill()
		return
	}
	if !p.node.state.Success() {
		p.cell.t.Errorf("%s: its node ended with %v: %s", p.name, p.node.state, lastLine(p.log()))
	}
	p.node = nil
}

func (p *crashParty) kill() {
	_ = p.node.process.Kill()
	<-p.node.ended
	p.node = nil
}

// until waits for something to come true.
func (p *crashParty) until(what string, come func() bool) {
	p.cell.t.Helper()
	for deadline := time.Now().Add(2 * patienceOfTests); !come(); {
		if time.Now().After(deadline) {
			p.cell.t.Fatalf("%s: not yet so: %s", p.name, what)
		}
		select {
		case <-p.cell.t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// die kills the party's node at random moments until all kills are done; then
// it is left running.
func (c *crashCell) die(p *crashParty, chance *rand.Rand) {
	deadline := time.Now().Add(6 * time.Minute)
	for c.killed.Load() < c.goal && !c.t.Failed() {
		if time.Now().After(deadline) {
			c.t.Errorf("only %d of %d kills in 6 minutes", c.killed.Load(), c.goal)
		}
		if chance.IntN(6) == 0 { // while it opens its store, or soon after
			pause(c.t.Context(), time.Duration(chance.Int64N(int64(150*time.Millisecond))))
		} else {
			if !p.awaitReady() {
				return
			}
			pause(c.t.Context(), time.Duration(chance.Int64N(int64(500*time.Millisecond))))
		}
		select {
		case <-p.node.ready:
		default:
			c.killedEarly.Add(1)
		}
		before := p.kept.Load()
		p.kill()
		c.killed.Add(1)
		p.start()
		if chance.IntN(4) == 0 && p.awaitReady() {
			c.checkKept(p, before)
		}
	}
}

// checkKept asks a node that has just started whether it works, and has all the
// records that it acknowledged before it was killed.
func (c *crashCell) checkKept(p *crashParty, kept int64) {
	a, err := askNode(c.t.Context(), p, opStatus, nothing{})
	if err != nil || !a.Works || a.Records < kept {
		c.t.Errorf("%s after a start: %d records of %d, works %v %s: %v", p.name, a.Records, kept, a.Works, a.Why, err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// errLost says that an answer never came: what was asked may have been done.
var errLost = errors.New("no answer")

// askNode asks the process that serves a party, as every command does when there
// is one; one that does not run is waited for.
func askNode[Q, A any](ctx context.Context, p *crashParty, op operation[Q, A], q Q) (A, error) {
	var answer A
	deadline := time.Now().Add(patienceOfTests)
	for {
		r, ok := dial(ctx, p.dir)
		if ok {
			defer r.close()
			result, err := r.ask(ctx, op.name, q, func(int64, int64, string) {})
			if e, broken := errors.AsType[*entente.Error](err); broken && (strings.HasPrefix(e.Message, "the serving process ended") || strings.HasPrefix(e.Message, "ask the serving process")) {
				return answer, fmt.Errorf("%w: %w", errLost, err)
			}
			if err == nil {
				err = json.Unmarshal(result, &answer)
			}
			return answer, err
		}
		if time.Now().After(deadline) {
			return answer, fmt.Errorf("%s: nothing serves %s", p.name, p.dir)
		}
		pause(ctx, 5*time.Millisecond)
		if ctx.Err() != nil {
			return answer, ctx.Err()
		}
	}
}

// drawGroup draws what one command is to put and release.
func (c *crashCell) drawGroup(p *crashParty, chance *rand.Rand) (*crashGroup, []byte) {
	g := &crashGroup{of: p}
	for _, other := range c.parties {
		if other != p && chance.IntN(3) > 0 {
			g.to = append(g.to, other)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"bundle","id":%q,"objects":[`, stix.NewID("bundle"))
	for i := range 1 + chance.IntN(12) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"identity","spec_version":"2.1","id":%q,"created":"2015-09-27T10:00:00.000Z","modified":"2015-09-27T10:00:00.000Z","name":"office %d","identity_class":"group","description":%q}`,
			stix.NewID("identity"), i, strings.Repeat("of no interest ", chance.IntN(300)))
	}
	b.WriteString("]}")
	return g, []byte(b.String())
}

// acknowledged enters what a put answered, before it is released.
func (c *crashCell) acknowledged(g *crashGroup, a putAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range a.Files[0].Records {
		g.records = append(g.records, r.Record)
		c.groups[r.Record] = g
		if len(r.Conflicts) > 0 {
			c.t.Errorf("%s: object %s is there with other content", g.of.name, r.STIX)
		}
	}
	g.of.kept.Add(int64(len(g.records)))
}

func (c *crashCell) released(g *crashGroup, a orderAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.acts = a.Acts
	if !a.Allowed || len(a.Acts) != len(g.to) {
		c.t.Errorf("%s: release to %d parties: %d acts, %+v", g.of.name, len(g.to), len(a.Acts), a.Refusal)
	}
}

// acts lists the releases that were acknowledged.
func (c *crashCell) acts() map[entente.ActID]*crashGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[entente.ActID]*crashGroup{}
	for _, g := range c.groups {
		for _, act := range g.acts {
			out[act] = g
		}
	}
	return out
}

func (c *crashCell) records() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.groups)
}

// load puts and releases through the party's socket until ctx ends. A put whose
// answer was lost is put again; a release is not.
func (c *crashCell) load(ctx context.Context, p *crashParty, chance *rand.Rand) {
	for ctx.Err() == nil && !c.t.Failed() {
		g, bundle := c.drawGroup(p, chance)
		put, err := askNode(ctx, p, opPut, putQuery{Files: []putFile{{"bundle.json", bundle}}})
		for errors.Is(err, errLost) && ctx.Err() == nil {
			c.lost.Add(1)
			put, err = askNode(ctx, p, opPut, putQuery{Files: []putFile{{"bundle.json", bundle}}})
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.t.Errorf("%s: put: %v", p.name, err)
			return
		}
		c.acknowledged(g, put)
		if len(g.to) == 0 {
			continue
		}
		a, err := askNode(ctx, p, opRelease, g.order())
		switch {
		case err == nil:
			c.released(g, a)
		case errors.Is(err, errLost):
			c.lost.Add(1)
		case ctx.Err() == nil:
			c.t.Errorf("%s: release: %v", p.name, err)
		}
		pause(ctx, time.Duration(chance.Int64N(int64(20*time.Millisecond))))
	}
}

func (g *crashGroup) order() orderQuery {
	q := orderQuery{Compact: crashCompact}
	for _, r := range g.records {
		q.Records = append(q.Records, string(r))
	}
	for _, p := range g.to {
		q.To = append(q.To, string(p.id))
	}
	return q
}

// loadByCommand puts and releases by commands, at one party after the other: a
// command that finds no node works on the data directory by itself.
func (c *crashCell) loadByCommand(ctx context.Context, chance *rand.Rand) {
	for i := 0; ctx.Err() == nil && !c.t.Failed(); i++ {
		p := c.parties[i%len(c.parties)]
		g, bundle := c.drawGroup(p, chance)
		file := filepath.Join(c.dir, "bundle.json")
		if err := os.WriteFile(file, bundle, 0o600); err != nil {
			c.t.Error(err)
			return
		}
		var put putAnswer
		for !c.command(p, &put, "put", file) {
			if ctx.Err() != nil || c.t.Failed() {
				return
			}
		}
		c.acknowledged(g, put)
		if len(g.to) == 0 {
			continue
		}
		args := append([]string{"release", "--compact", crashCompact}, texts(g.records)...)
		for _, other := range g.to {
			args = append(args, "--to", other.name)
		}
		var a orderAnswer
		if c.command(p, &a, args...) {
			c.released(g, a)
		}
	}
}

// command runs a command and says whether it was acknowledged. The only other
// answers that may be are those about a node that has just died, or is starting.
func (c *crashCell) command(p *crashParty, answer any, args ...string) bool {
	out, problem, status := p.run(args...)
	if status == 0 {
		if err := json.Unmarshal(out, answer); err != nil {
			c.t.Errorf("%s: entente %s: %v", p.name, args[0], err)
		}
		return true
	}
	c.lost.Add(1)
	for _, expected := range []string{"the serving process ended in the middle of its answer", "ask the serving process", "in use by process"} {
		if status == exitRefused && strings.Contains(problem, expected) {
			return false
		}
	}
	if c.t.Context().Err() == nil {
		c.t.Errorf("%s: entente %s: exit status %d: %s", p.name, args[0], status, problem)
	}
	return false
}

// watch looks at what a party sees of others, again and again, and wants of every
// release all or nothing, and nothing twice.
func (c *crashCell) watch(ctx context.Context, p *crashParty) {
	for ctx.Err() == nil && !c.t.Failed() {
		if err := c.look(ctx, p); err != nil && !errors.Is(err, errLost) && ctx.Err() == nil {
			c.t.Errorf("%s: ls: %v", p.name, err)
		}
		pause(ctx, 30*time.Millisecond)
	}
}

// look reads the party's list on from where it was left, to its end.
func (c *crashCell) look(ctx context.Context, p *crashParty) error {
	var fresh []recordLine
	for more, after := true, p.last; more; {
		a, err := askNode(ctx, p, opLs, lsQuery{Others: true, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, r := range a.Records {
			fresh, after = append(fresh, r), r.N
		}
		more = a.More
	}
	for _, r := range fresh {
		p.last = r.N
		if _, twice := p.seen[r.Record]; twice {
			c.t.Errorf("%s sees record %s twice", p.name, entente.Short(r.Record))
		}
		if len(r.Releases) != 1 {
			c.t.Errorf("%s sees record %s by %d releases", p.name, entente.Short(r.Record), len(r.Releases))
			continue
		}
		p.seen[r.Record] = r.Releases[0].Release
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range fresh {
		g, ok := c.groups[r.Record]
		if !ok {
			c.t.Errorf("%s sees record %s, which nobody has put", p.name, entente.Short(r.Record))
			continue
		}
		for _, other := range g.records {
			if by, ok := p.seen[other]; !ok || by != p.seen[r.Record] {
				c.t.Errorf("%s sees record %s, but not %s of the same release", p.name, entente.Short(r.Record), entente.Short(other))
			}
		}
	}
	return nil
}

// settle waits until everything is delivered and receipted, and both sides count
// the same.
func (c *crashCell) settle() {
	c.t.Helper()
	for _, p := range c.parties {
		if !p.awaitReady() {
			return
		}
	}
	channel := func(p, partner *crashParty, way string) channelLine {
		var a channelsAnswer
		p.must(&a, "channels")
		for _, l := range a.Channels {
			if l.Partner.Party == partner.id && l.Direction == way && l.CompactName == crashCompact {
				return l
			}
		}
		return channelLine{}
	}
	for _, from := range c.parties {
		for _, to := range c.parties {
			if from == to {
				continue
			}
			var out, in channelLine
			from.until("everything is receipted by "+to.name, func() bool {
				out, in = channel(from, to, "out"), channel(to, from, "in")
				return out.Owed == 0 && out.Delivered > 0 && out.Receipted == out.Delivered && in.Delivered == out.Delivered && in.Receipted == in.Delivered
			})
			if len(out.Refused)+len(in.Refused) > 0 {
				c.t.Errorf("from %s to %s: refused %v, %v", from.name, to.name, out.Refused, in.Refused)
			}
		}
	}
}

// checkView reads all that a party sees anew: what its partners' nodes have
// acknowledged is there, once, and what it saw before.
func (c *crashCell) checkView(p *crashParty) {
	c.t.Helper()
	before := p.seen
	p.seen, p.last = map[entente.RecordID]entente.ActID{}, 0
	if err := c.look(c.t.Context(), p); err != nil {
		c.t.Fatalf("%s: %v", p.name, err)
	}
	for r := range before {
		if p.seen[r] != before[r] {
			c.t.Errorf("%s saw record %s, and sees it no more", p.name, entente.Short(r))
		}
	}
	for act, g := range c.acts() {
		for i, to := range g.to {
			for _, r := range g.records {
				if to == p && g.acts[i] == act && p.seen[r] != act {
					c.t.Errorf("%s does not see record %s of release %s", p.name, entente.Short(r), entente.Short(act))
				}
			}
		}
	}
	own, ids := map[entente.RecordID]bool{}, map[string]bool{}
	for more, after := true, int64(0); more; {
		a, err := askNode(c.t.Context(), p, opLs, lsQuery{Own: true, After: after, Limit: 1000})
		if err != nil {
			c.t.Fatalf("%s: %v", p.name, err)
		}
		for _, r := range a.Records {
			if own[r.Record] || ids[r.STIX] { // a put that was repeated because its answer was lost
				c.t.Errorf("%s has %s twice", p.name, r.STIX)
			}
			own[r.Record], ids[r.STIX], after = true, true, r.N
		}
		more = a.More
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for r, g := range c.groups {
		if g.of == p && !own[r] {
			c.t.Errorf("%s has lost record %s", p.name, entente.Short(r))
		}
	}
}

// checkStore wants a store that verifies and has every act that was
// acknowledged, and a node that has not complained.
func (c *crashCell) checkStore(p *crashParty) {
	c.t.Helper()
	var v verifyAnswer
	p.must(&v, "verify")
	if !v.OK || v.Entries == 0 {
		c.t.Errorf("%s: verify: %+v", p.name, v)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(p.dir, sqlite.File)}).String())
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	rows, err := rowsOf(db, `SELECT id FROM acts`)
	if err != nil {
		c.t.Fatal(err)
	}
	have := map[entente.ActID]bool{}
	for _, id := range rows {
		have[entente.ActID(id)] = true
	}
	for act, g := range c.acts() {
		i := 0
		for g.acts[i] != act {
			i++
		}
		if (g.of == p || g.to[i] == p) && !have[act] {
			c.t.Errorf("%s has lost release %s", p.name, entente.Short(act))
		}
	}
	log, err := os.ReadFile(p.log())
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // its node never ran
		c.t.Fatal(err)
	}
	for _, bad := range []string{"panic", "DATA RACE", "restored"} {
		if at := bytes.Index(log, []byte(bad)); at >= 0 {
			c.t.Errorf("%s: its node wrote: %s", p.name, log[at:min(len(log), at+3000)])
		}
	}
}
