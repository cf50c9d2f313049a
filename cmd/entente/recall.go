package main

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/node"
	"entente/release"
)

type recallCmd struct {
	Records    []string `arg:"" name:"record" help:"Record id, begin of it, STIX id (all its versions), or @FILE with one of these a line."`
	To         []string `help:"Only from this party; repeat for several (default: from everybody who was let have them)." sep:"none" placeholder:"PARTY"`
	Compact    string   `help:"Only in this compact (default: in all)." placeholder:"COMPACT"`
	Scope      string   `required:"" enum:"delete,correct,restrict" help:"delete, correct or restrict." placeholder:"SCOPE"`
	Reason     string   `required:"" help:"A reason that those who have the records see." placeholder:"TEXT"`
	Correction string   `help:"The own record that takes the place, with --scope correct; it is released to the same parties." placeholder:"RECORD"`
}

type recallQuery struct {
	Records    []string `json:"records"`
	To         []string `json:"to"`
	Compact    string   `json:"compact"`
	Scope      string   `json:"scope"`
	Reason     string   `json:"reason"`
	Correction string   `json:"correction"`
}

type recallAnswer struct {
	recallsAnswer
	Waits *waitLine `json:"waits,omitempty"`
}

type recallsAnswer struct {
	Recalls []recallLine `json:"recalls"`
}

type recallLine struct {
	Recall      entente.ActID      `json:"recall"`
	To          partyRef           `json:"to"`
	Compact     entente.CompactID  `json:"compact"`
	CompactName string             `json:"compact_name"`
	Records     []entente.RecordID `json:"records"`
	Scope       string             `json:"scope"`
	Reason      string             `json:"reason"`
	Since       entente.Time       `json:"since"` // when it was signed
	Due         entente.Time       `json:"due"`   // when it had to be confirmed at the latest
	State       node.RecallState   `json:"state"`
}

// recallWords say what a state means for the record at the recipient.
var recallWords = map[node.RecallState]string{
	node.RecallOwed:      "not delivered yet",
	node.RecallDelivered: "delivered, not confirmed yet",
	node.RecallApplied:   "confirmed",
	node.RecallRefused:   "REFUSED",
	node.RecallOverdue:   "OVERDUE: removal never confirmed",
	node.RecallUnsent:    "had not left",
}

func (d describer) recall(s node.RecallStatus) recallLine {
	return recallLine{
		s.Act,
		partyRef{s.To, s.Name},
		s.Compact, d.compacts[s.Compact], append([]entente.RecordID{}, s.Which...),
		s.Scope, s.Reason, s.Since, s.Due, s.State,
	}
}

// recalls describes this party's recalls: all, or these.
func (o *office) recalls(ctx context.Context, which func(entente.ActID) bool) (recallsAnswer, error) {
	a := recallsAnswer{Recalls: []recallLine{}}
	d, err := o.describer(ctx)
	if err != nil {
		return a, err
	}
	all, err := o.node.Recalls(ctx)
	for _, s := range all {
		if which(s.Act) {
			a.Recalls = append(a.Recalls, d.recall(s))
		}
	}
	return a, err
}

// recallOrder finds what the query names. A STIX id means every version of the
// object, but for the one that takes its place.
func (o *office) recallOrder(ctx context.Context, q recallQuery) (node.RecallOrder, error) {
	out := node.RecallOrder{Scope: q.Scope, Reason: q.Reason}
	if q.Correction != "" {
		v, err := o.record(ctx, q.Correction)
		if err != nil {
			return out, err
		}
		if v.Header().Originator != o.node.Self() {
			return out, entente.Errorf(entente.Invalid, "put the corrected version first: entente put FILE", "the correction %s is not this party's own", entente.Short(v.ID()))
		}
		out.Correction = v.ID()
	}
	for _, text := range q.Records {
		views, err := o.views(ctx, text)
		if err != nil {
			return out, err
		}
		if !strings.Contains(text, "--") {
			v, err := o.record(ctx, text)
			if err != nil {
				return out, err
			}
			if v.ID() == out.Correction {
				return out, entente.Errorf(entente.Invalid, "name the record that was wrong, and with --correction the one that takes its place", "record %s cannot take its own place", entente.Short(v.ID()))
			}
			views = []release.View{v}
		}
		for _, v := range views {
			if v.ID() != out.Correction && !slices.Contains(out.Records, v.ID()) {
				out.Records = append(out.Records, v.ID())
			}
		}
	}
	for _, text := range q.To {
		p, err := findParty(ctx, o.node, text)
		if err != nil {
			return out, err
		}
		out.To = append(out.To, p.ID)
	}
	if q.Compact == "" {
		return out, nil
	}
	s, err := findCompact(ctx, o.node, q.Compact)
	if err == nil {
		out.Compact = s.ID
	}
	return out, err
}

var opRecall = define("recall", func(ctx context.Context, o *office, q recallQuery) (recallAnswer, error) {
	order, err := o.recallOrder(ctx, q)
	if err != nil {
		return recallAnswer{}, err
	}
	done, err := o.propose(ctx, node.Proposed{Recall: &order})
	if err != nil {
		return recallAnswer{}, err
	}
	a, err := o.recalls(ctx, func(id entente.ActID) bool { return slices.Contains(done.Acts, id) })
	return recallAnswer{a, waitsOf(done)}, err
})

func (c *recallCmd) Run(s *session) error {
	if c.Correction != "" && c.Scope != "correct" {
		return usageErrorf("--correction needs --scope correct")
	}
	records, err := namedRecords(c.Records)
	if err != nil {
		return err
	}
	a, err := ask(s, opRecall, recallQuery{records, append([]string{}, c.To...), c.Compact, c.Scope, c.Reason, c.Correction})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		for _, r := range a.Recalls {
			p.line("Signed: recall %s of %s from %s in %s: %s", entente.Short(r.Recall), counted(len(r.Records), "record"), r.To, named(r.CompactName, r.Compact), recallWords[r.State])
		}
		p.line("entente recalls shows who has confirmed.")
	})
}

type recallsCmd struct{}

var opRecalls = define("recalls", func(ctx context.Context, o *office, _ nothing) (recallsAnswer, error) {
	return o.recalls(ctx, func(entente.ActID) bool { return true })
})

func (c *recallsCmd) Run(s *session) error {
	a, err := ask(s, opRecalls, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"RECALL", "FROM", "COMPACT", "RECORDS", "SINCE", "DUE", "STATE", "REASON"}}
		for _, r := range a.Recalls {
			what := make([]string, 0, 1)
			for i, id := range r.Records {
				if i == 3 && len(r.Records) > 4 {
					what = append(what, "and others: "+counted(len(r.Records), "record"))
					break
				}
				what = append(what, entente.Short(id))
			}
			rows = append(rows, []string{
				entente.Short(r.Recall), plain(r.To.Name), plain(r.CompactName), strings.Join(what, " "), stamp(r.Since), stamp(r.Due), recallWords[r.State], plain(r.Reason),
			})
		}
		p.table(rows)
	})
}
