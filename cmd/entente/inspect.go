package main

import (
	"bytes"
	"context"
	"fmt"

	"entente"
	"entente/node"
)

type inspectCmd struct {
	Compact string `arg:"" optional:"" help:"Compact: id, begin of the id, or name."`
	Out     string `help:"File to write the inspection to; it does not exist yet." placeholder:"FILE" xor:"what"`
	Check   string `help:"Verify such a file instead; no data directory is needed." placeholder:"FILE" xor:"what"`
	Since   string `help:"With --check: an earlier inspection of the same log, which this one has to continue." placeholder:"FILE"`
}

type inspectAnswer struct {
	Party    entente.PartyID    `json:"party"`
	Compact  entente.CompactID  `json:"compact"`
	Lines    []entente.LogEntry `json:"lines"`
	Markings []node.Marking     `json:"markings"`
	Refused  int                `json:"refused"` // lines that tell of a refusal
	File     string             `json:"file"`    // written or checked; empty: none
}

// inspectionOf is what people see of an inspection.
func inspectionOf(x *node.Inspection, file string) inspectAnswer {
	a := inspectAnswer{Party: x.Party, Compact: x.Compact, Lines: append([]entente.LogEntry{}, x.Lines...), Markings: append([]node.Marking{}, x.Markings...), File: file}
	for _, line := range x.Lines {
		if isRefusal(line.What) {
			a.Refused++
		}
	}
	return a
}

func isRefusal(what string) bool {
	return what == "refused" || what == "refused by peer" || what == "not sent"
}

var opInspect = define("inspect", func(ctx context.Context, o *office, q compactQuery) (node.Inspection, error) {
	s, err := findCompact(ctx, o.node, q.Compact)
	if err != nil {
		return node.Inspection{}, err
	}
	return o.node.Inspect(ctx, o.as, s.ID)
})

func (c *inspectCmd) Run(s *session) error {
	switch {
	case c.Since != "" && c.Check == "":
		return usageErrorf("--since FILE goes with --check FILE")
	case (c.Compact == "") != (c.Check != ""):
		return usageErrorf("name the compact, or --check FILE")
	}
	if c.Check != "" {
		return c.check(s)
	}
	if err := wantAbsent(c.Out); err != nil {
		return err
	}
	x, err := ask(s, opInspect, compactQuery{c.Compact})
	if err != nil {
		return err
	}
	if c.Out != "" {
		var b bytes.Buffer
		if err := writeJSON(&b, x); err != nil {
			return err
		}
		if err := writeNew(c.Out, b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	a := inspectionOf(&x, c.Out)
	return s.show(a, func(p *printer) {
		a.print(p)
		if c.Out != "" {
			p.line("Wrote %s. Anybody can verify it: entente inspect --check %s", c.Out, c.Out)
		}
	})
}

func (c *inspectCmd) check(s *session) error {
	var x node.Inspection
	if err := readJSONFile(s, c.Check, maxExport, &x); err != nil {
		return err
	}
	var since *node.Inspection
	if c.Since != "" {
		since = &node.Inspection{}
		if err := readJSONFile(s, c.Since, maxExport, since); err != nil {
			return err
		}
		if err := since.Check(nil); err != nil {
			return fmt.Errorf("%s: %w", c.Since, err)
		}
	}
	if err := x.Check(since); err != nil {
		return fmt.Errorf("%s: %w", c.Check, err)
	}
	a := inspectionOf(&x, c.Check)
	return s.show(a, func(p *printer) {
		a.print(p)
		p.line("Everything verifies: the lines are those whose root the party has signed%s.", map[bool]string{true: ", and continue those of the earlier inspection"}[since != nil])
	})
}

func (a inspectAnswer) print(p *printer) {
	p.line("Party        %s", a.Party)
	p.line("Compact      %s", a.Compact)
	p.line("Log          %s, %d of refusals", counted(len(a.Lines), "line"), a.Refused)
	for _, m := range a.Markings {
		p.line("Released     %s  %s to %s, %s", stamp(m.Time), counted(m.Records, "record"), entente.Short(m.To), label(m.Handling))
	}
	for _, l := range a.Lines {
		if isRefusal(l.What) {
			p.line("Refused      %s  %s", stamp(l.At), plain(l.Detail))
		}
	}
}
