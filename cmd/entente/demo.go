package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"entente"
)

// demoCmd is entente demo: four invented parties on this machine do the main
// job, step by step. Every node and every command is a process of its own that
// runs this same program; the demo looks at nothing but what they answer, and
// what it claims is an assertion on those answers.
type demoCmd struct {
	Once bool `help:"End when the story is told, instead of leaving the nodes running until Ctrl-C."`
}

// Run uses --dir only where it was written on the command line: the demo never
// touches the data directory of a real party.
func (c *demoCmd) Run(s *session, k *kong.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to run it again for each party: %w", err)
	}
	ctx, stop := signal.NotifyContext(s.ctx, syscall.SIGHUP) // a terminal that is closed
	defer stop()
	d := &demo{ctx: ctx, program: program, screen: newScreen(s.stdout), once: c.Once, patience: 20 * time.Second}
	if s.json {
		d.screen = newScreen(s.stderr) // the story is for people, the claims for programs
		d.told = func(a demoAnswer) error { return writeJSON(s.stdout, a) }
	}
	for _, step := range k.Path {
		if step.Flag != nil && step.Flag.Name == "dir" {
			d.dir = s.dir
		}
	}
	return d.run()
}

// demoAnswer is what the demo answers with --json.
type demoAnswer struct {
	Claims  []claimLine `json:"claims"`
	Failed  int         `json:"failed"`
	Seconds float64     `json:"seconds"`
}

// demo is one telling of the story.
type demo struct {
	*screen
	ctx      context.Context
	program  string
	dir      string // kept; empty: a temporary one, removed at the end
	once     bool
	patience time.Duration // how long a claim may take to come true

	parties []*demoParty
	record  *publicRecord
	compact entente.CompactID
	places  []demoPlace             // invented, for consent and recall
	seen    map[*demoParty][]string // STIX ids that a party is to see from others

	told func(demoAnswer) error // what to do with the claims at the end, if anything

	// instead, for tests, answers a command in place of the program.
	instead func(party string, args []string) ([]byte, bool)
}

const (
	demoCompact = "Common information cell"
	demoPurpose = "follow how militants move"
)

// run tells the story. It ends only processes that it started.
func (d *demo) run() (err error) {
	base, remove, err := d.place()
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, d.close())
		if remove {
			err = errors.Join(err, os.RemoveAll(base))
		}
	}()
	if d.record, err = readPublicRecord(demoTable); err != nil {
		return err
	}
	d.seen = map[*demoParty][]string{}
	for _, name := range []string{"Almara", "Belisk", "Corvane", "Dunmere"} {
		p := &demoParty{demo: d, name: name, dir: filepath.Join(base, strings.ToLower(name))}
		if p.addr, err = freePort(); err != nil {
			return err
		}
		d.parties = append(d.parties, p)
	}
	d.opening()
	for _, step := range []func() error{
		d.makeParties, d.compareFingerprints, d.startNodes, d.draftCharter, d.foundCompact, d.putRecord, d.accedeLate,
		d.releasePart, d.releaseAllAndKill, d.compareViews, d.missingReference, d.suspendAndResume,
		d.askAndRelay, d.cutOff, d.takeBack, d.tearline, d.evidence, d.verify, d.desks,
	} {
		if err := step(); err != nil {
			if d.ctx.Err() != nil {
				return errors.New("demo: interrupted before the end of the story")
			}
			return errors.Join(d.verdict(false), fmt.Errorf("demo, step %d: %w", d.steps, err))
		}
	}
	if err := d.verdict(true); err != nil {
		return err
	}
	if !d.once {
		d.stay(remove)
	}
	return nil
}

// place is the folder for everything that the demo makes, and whether it goes
// away at the end.
func (d *demo) place() (string, bool, error) {
	if d.dir != "" {
		if err := wantFree(d.dir); err != nil {
			return "", false, err
		}
		dir, err := filepath.Abs(d.dir)
		if err != nil {
			return "", false, err
		}
		return dir, false, os.MkdirAll(dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "entente-")
	return dir, true, err
}

// close ends the nodes, all at once.
func (d *demo) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return d.each(func(p *demoParty) error {
		p.stop(ctx)
		return nil
	})
}

// verdict says what was checked; anything that was not so is the error. A story
// that was not told to its end has no good one.
func (d *demo) verdict(ended bool) error {
	a := demoAnswer{Claims: d.claims, Seconds: time.Since(d.began).Seconds()}
	var failed []string
	for _, c := range d.claims {
		if !c.Holds {
			failed = append(failed, fmt.Sprintf("step %d: %s", c.Step, c.Claim))
		}
	}
	a.Failed = len(failed)
	if d.told != nil {
		if err := d.told(a); err != nil {
			return err
		}
	}
	d.line("")
	if failed != nil {
		return entente.Errorf(entente.Broken, "run it again with --dir DIR to keep the data directories and logs",
			"demo: %d of %d claims did not hold: %s", len(failed), len(a.Claims), strings.Join(failed, "; "))
	}
	if !ended {
		return nil
	}
	d.line(d.paint(bold, fmt.Sprintf("All %d claims were checked and hold: %d steps, %.1f seconds.", len(a.Claims), d.steps, a.Seconds)))
	return nil
}

// The parties by their names.
func (d *demo) almara() *demoParty  { return d.parties[0] }
func (d *demo) belisk() *demoParty  { return d.parties[1] }
func (d *demo) corvane() *demoParty { return d.parties[2] }
func (d *demo) dunmere() *demoParty { return d.parties[3] }

// each does something for all parties (or these) at the same time.
func (d *demo) each(do func(*demoParty) error, parties ...*demoParty) error {
	if parties == nil {
		parties = d.parties
	}
	results := make(chan error, len(parties))
	for _, p := range parties {
		go func() { results <- do(p) }()
	}
	var errs []error
	for range parties {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// until asks again and again whether something has come true.
func (d *demo) until(what string, come func() (bool, error)) (bool, error) {
	deadline := time.Now().Add(d.patience)
	for {
		d.wait(what)
		ok, err := come()
		if ok || err != nil || time.Now().After(deadline) {
			return ok, err
		}
		select {
		case <-d.ctx.Done():
			return false, d.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// sees asks a party for what it has from others, and says whether it is exactly
// what it is to have, each record once.
func (d *demo) sees(p *demoParty) (bool, []recordLine, error) {
	var a lsAnswer
	if err := p.read(&a, "ls", "--others", "--limit", "1000"); err != nil {
		return false, nil, err
	}
	var got []string
	records := map[entente.RecordID]bool{}
	for _, r := range a.Records {
		got = append(got, r.STIX)
		records[r.Record] = true
	}
	want := slices.Clone(d.seen[p])
	slices.Sort(want)
	slices.Sort(got)
	return slices.Equal(got, want) && len(records) == len(got) && !a.More, a.Records, nil
}

// awaitView waits until a party sees exactly what it is to see.
func (d *demo) awaitView(p *demoParty) (bool, error) {
	return d.until(p.name+" is to see "+counted(len(d.seen[p]), "record"), func() (bool, error) {
		ok, _, err := d.sees(p)
		return ok, err
	})
}
