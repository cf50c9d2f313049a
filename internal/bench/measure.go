package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// first is the party whose data it is.
func (b *bench) first() *party { return b.parties[0] }

// ingest puts the whole bundle by one command, thrice, into data directories
// that hold nothing yet. The last of them goes on to be used.
func (b *bench) ingest() error {
	file := filepath.Join(b.dir, "bundle.json")
	if err := os.WriteFile(file, b.bundle.raw, 0o600); err != nil {
		return err
	}
	var took []time.Duration
	for i := range 3 {
		p := b.first()
		if i < 2 {
			p = &party{bench: b, name: "Ardel again", dir: filepath.Join(b.dir, fmt.Sprintf("again%d", i))}
			if err := p.ask(nil, "init", "--name", p.name); err != nil {
				return err
			}
		}
		b.say("putting %d objects", len(b.bundle.objects))
		var a struct {
			New int `json:"new"`
		}
		began := time.Now()
		if err := p.ask(&a, "put", file); err != nil {
			return err
		}
		took = append(took, time.Since(began))
		if a.New != len(b.bundle.objects) {
			return fmt.Errorf("put kept %d objects of %d", a.New, len(b.bundle.objects))
		}
		if i < 2 {
			if err := os.RemoveAll(p.dir); err != nil {
				return err
			}
		}
	}
	rate := float64(len(b.bundle.objects)) / median(took).Seconds()
	b.enter("durable ingest", rate, "objects/s", atLeast(15_000), "entente put, one command, from its start to its exit; head of the own book signed; median of 3")
	return nil
}

func median[T time.Duration | float64](all []T) T { return percentile(all, 50) }

func percentile[T time.Duration | float64](all []T, p int) T {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

// start starts the node with all the data ten times, and looks at its memory.
func (b *bench) start() error {
	b.say("starting a node ten times")
	p := b.first()
	var took []time.Duration
	for range 10 {
		d, err := p.serve()
		if err != nil {
			return err
		}
		took = append(took, d)
		if len(took) == 10 {
			break
		}
		if err := p.stop(); err != nil {
			return err
		}
	}
	b.enter("start of a node", float64(median(took))/1e6, "ms", atMost(300), fmt.Sprintf("entente serve on %d records, from exec to its ready line; median of 10", len(b.bundle.objects)))
	select {
	case <-b.ctx.Done():
		return b.ctx.Err()
	case <-time.After(5 * time.Second):
	}
	idle, err := p.resident()
	if err != nil {
		return err
	}
	b.enter("memory of an idle node", float64(idle)/(1<<20), "MB", atMost(64), "resident set of that process, 5 s after it was ready")
	return p.stop()
}

// to names parties for a command line.
func to(parties []*party) (args []string) {
	for _, p := range parties {
		args = append(args, "--to", p.name)
	}
	return args
}

// order is the part of an answer about a preview or release that is used here.
type order struct {
	Allowed bool `json:"allowed"`
	Records []struct {
		Record string `json:"record"`
		STIX   string `json:"stix"`
	} `json:"records"`
	Acts []string `json:"acts"`
}

func (b *bench) decisions() error {
	b.say("previewing all records to 12 parties")
	var a order
	began := time.Now()
	if err := b.first().ask(&a, append([]string{"preview", "--all", "--compact", compact}, to(b.parties[1:])...)...); err != nil {
		return err
	}
	took := time.Since(began)
	n := len(a.Records) * len(b.parties[1:])
	b.enter("decision per record and party", float64(took.Microseconds())/float64(n), "µs", atMost(20),
		fmt.Sprintf("entente preview of %d records to 12 parties, the whole command, divided by %d", len(a.Records), n))
	return nil
}

// releaseToAll works on a copy of the data directory: nothing of it is delivered.
func (b *bench) releaseToAll() error {
	b.say("releasing all records to 12 parties")
	p := &party{bench: b, name: b.first().name, dir: filepath.Join(b.dir, "copy")}
	if err := copyDir(p.dir, b.first().dir); err != nil {
		return err
	}
	var a order
	began := time.Now()
	if err := p.ask(&a, append([]string{"release", "--all", "--compact", compact}, to(b.parties[1:])...)...); err != nil {
		return err
	}
	took := time.Since(began)
	b.enter("release of all to 12 parties", took.Seconds(), "s", atMost(15),
		fmt.Sprintf("entente release of %d records, one command: %d releases signed and kept, nodes off", len(a.Records), len(a.Acts)))
	return os.RemoveAll(p.dir)
}

// copyDir copies a data directory; keys must stay readable to their owner alone.
func copyDir(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, name); {
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case entry.Type().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o600)
		}
		return nil // the socket of a node that has ended
	})
}

// closure asks the running node, as people at a screen would.
func (b *bench) closure() error {
	pick, size := b.bundle.reach(1000)
	p := b.first()
	if _, err := p.serve(); err != nil {
		return err
	}
	query := map[string]any{"records": pick, "with_references": true, "to": []string{b.parties[2].id}, "compact": compact}
	var took []time.Duration
	var a order
	for range 5 {
		a = order{}
		began := time.Now()
		if err := p.op(&a, "preview", query); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	if !a.Allowed || len(a.Records) != size {
		return fmt.Errorf("preview of a closure: allowed %v, %d records of %d", a.Allowed, len(a.Records), size)
	}
	b.enter("preview of a closure", float64(median(took))/1e6, "ms", atMost(100),
		fmt.Sprintf("%d records named, %d with all that they refer to, through the running node's socket; median of 5", len(pick), size))
	return p.stop()
}

// delivery releases everything to one partner whose node is off, and measures
// from its start, so that nothing is delivered before the clock runs.
func (b *bench) delivery() error {
	a, partner := b.first(), b.parties[1]
	b.say("releasing all records to %s", partner.name)
	if err := a.ask(nil, "release", "--all", "--compact", compact, "--to", partner.name); err != nil {
		return err
	}
	if _, err := a.serve(); err != nil {
		return err
	}
	b.say("delivering them")
	began := time.Now()
	if _, err := partner.serve(); err != nil {
		return err
	}
	if err := a.until("receipts for all", func() (bool, error) { return a.settled(partner) }); err != nil {
		return err
	}
	took := time.Since(began)
	b.enter("delivery from A to B", float64(len(b.bundle.objects))/took.Seconds(), "records/s", atLeast(6_000),
		fmt.Sprintf("mutual TLS, everything verified; %d records, from the start of B's process until A holds its last receipt (%.1f s)", len(b.bundle.objects), took.Seconds()))
	return b.stopAll()
}

// base are the objects that all others of simple refer to; rest are some of those.
func (b *bench) base(n int) (base, rest []string) {
	ids, base := b.bundle.simple()
	return base, ids[:min(n, len(ids))]
}

// latency releases record after record to one partner, and asks the partner's own
// socket until it shows the record.
func (b *bench) latency() error {
	a, partner := b.first(), b.parties[2]
	base, ids := b.base(300)
	for _, p := range []*party{a, partner} {
		if _, err := p.serve(); err != nil {
			return err
		}
	}
	release := func(records ...string) error {
		var o order
		err := a.op(&o, "release", map[string]any{"records": records, "to": []string{partner.id}, "compact": compact})
		if err == nil && !o.Allowed {
			err = errors.New("release was refused")
		}
		return err
	}
	var last int64
	visible := func(n int) func() (bool, error) {
		return func() (bool, error) {
			var page struct {
				Records []struct {
					N int64 `json:"n"`
				} `json:"records"`
			}
			if err := partner.op(&page, "ls", map[string]any{"others": true, "after": last, "limit": n}); err != nil || len(page.Records) < n {
				return false, err
			}
			last = page.Records[n-1].N
			return true, nil
		}
	}
	if err := errors.Join(release(base...), partner.until("the first release", visible(len(base)))); err != nil {
		return err
	}
	b.say("releasing %d records one by one", len(ids))
	var took []time.Duration
	for _, id := range ids {
		began := time.Now()
		if err := errors.Join(release(id), partner.until("a release", visible(1))); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	how := fmt.Sprintf("%d releases of one record, one after the other: from asking A's node to release until B's node shows it", len(ids))
	b.enter("release to visible, median", float64(median(took))/1e6, "ms", nil, how)
	b.enter("release to visible, p99", float64(percentile(took, 99))/1e6, "ms", atMost(250), how)
	return nil
}

// recall takes a thousand records back from all twelve.
func (b *bench) recall() error {
	const metric = "recall of 1,000 from 12 parties"
	a, all := b.first(), b.parties[1:]
	if err := a.ask(nil, "recall", "--help"); err != nil { // an older program
		b.skip(metric, "the program has no command recall")
		return b.stopAll()
	}
	b.say("releasing 1,000 records to 12 parties")
	for _, p := range b.parties {
		if p.node == nil {
			if _, err := p.serve(); err != nil {
				return err
			}
		}
	}
	base, ids := b.base(1000)
	records := append(slices.Clone(base), ids[:1000-len(base)]...)
	list := filepath.Join(b.dir, "records.txt")
	var text []byte
	for _, id := range records {
		text = append(append(text, id...), '\n')
	}
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return err
	}
	if err := a.ask(nil, append([]string{"release", "@" + list, "--compact", compact}, to(all)...)...); err != nil {
		return err
	}
	if err := a.until("receipts of all for the release", func() (bool, error) { return a.settled(all...) }); err != nil {
		return err
	}
	b.say("recalling them")
	began := time.Now()
	if err := a.ask(nil, "recall", "@"+list, "--scope", "delete", "--reason", "measuring"); err != nil {
		return err
	}
	said := time.Since(began)
	if err := a.until("receipts of all for the recall", func() (bool, error) { return a.settled(all...) }); err != nil {
		return err
	}
	took := time.Since(began)
	b.enter(metric, took.Seconds(), "s", nil, fmt.Sprintf("from the start of entente recall (%.1f s) until A holds the last receipt of 12 running nodes", said.Seconds()))
	return b.stopAll()
}
