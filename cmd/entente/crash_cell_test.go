package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
)

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
	last string
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
