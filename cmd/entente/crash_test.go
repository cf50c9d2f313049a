package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
			began := time.Now()
			if !p.awaitReady() {
				return
			}
			// A slow machine gets time for work, too.
			longest := max(500*time.Millisecond, time.Since(began)*3/2)
			pause(c.t.Context(), time.Duration(chance.Int64N(int64(longest))))
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
	after := p.last
	for more := true; more; {
		a, err := askNode(ctx, p, opLs, lsQuery{Others: true, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		fresh = append(fresh, a.Records...)
		more, after = a.More, a.Others
	}
	p.last = after
	for _, r := range fresh {
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
	p.seen, p.last = map[entente.RecordID]entente.ActID{}, ""
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
	for more, after := true, ""; more; {
		a, err := askNode(c.t.Context(), p, opLs, lsQuery{Own: true, After: after, Limit: 1000})
		if err != nil {
			c.t.Fatalf("%s: %v", p.name, err)
		}
		for _, r := range a.Records {
			if own[r.Record] || ids[r.STIX] { // a put that was repeated because its answer was lost
				c.t.Errorf("%s has %s twice", p.name, r.STIX)
			}
			own[r.Record], ids[r.STIX] = true, true
		}
		more, after = a.More, a.Own
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
