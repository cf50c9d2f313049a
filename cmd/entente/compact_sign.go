package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
)

type reviewCmd struct {
	Which string `arg:"" name:"file|compact" help:"A charter file, or a compact: id, begin of the id, or name."`
}

type reviewAnswer struct {
	Terms      string           `json:"terms"`      // in words
	Amendments []amendmentLine  `json:"amendments"` // pending, with their changes in words
	Charter    *entente.Charter `json:"charter"`
}

func (c *reviewCmd) Run(s *session) error {
	var a reviewAnswer
	if isFile(c.Which) {
		charter, err := readCharter(c.Which)
		if err != nil {
			return err
		}
		a = reviewAnswer{Terms: compact.Describe(&charter), Amendments: []amendmentLine{}, Charter: &charter}
	} else {
		state, err := ask(s, opCompact, compactQuery{c.Which})
		if err != nil {
			return err
		}
		a = reviewAnswer{Terms: compact.Describe(state.Charter), Amendments: state.Amendments, Charter: state.Charter}
	}
	return s.show(a, func(p *printer) {
		p.line("%s", strings.TrimSpace(a.Terms))
		for _, m := range a.Amendments {
			p.line("")
			p.line("Pending amendment %d (%s) by %s would change:", m.Number, entente.Short(m.Amendment), m.Author)
			for _, change := range m.Changes {
				p.line("  %s", plain(change))
			}
		}
	})
}

type foundCmd struct {
	File string `arg:"" help:"Charter file."`
}

type charterQuery struct {
	Charter entente.Charter `json:"charter"`
}

type foundAnswer struct {
	Compact entente.CompactID `json:"compact"`
	Name    string            `json:"name"`
	Missing []partyRef        `json:"missing"`
	// Waits is there while another person has to approve; then there is no compact yet.
	Waits *waitLine `json:"waits,omitempty"`
}

var opFound = define("compact.found", func(ctx context.Context, o *office, q charterQuery) (foundAnswer, error) {
	done, err := o.propose(ctx, node.Proposed{Agreement: &node.AgreementOrder{Kind: entente.KindCharter, Charter: &q.Charter}})
	if err != nil {
		return foundAnswer{}, err
	}
	if waits := waitsOf(done); waits != nil {
		return foundAnswer{Name: q.Charter.Name, Missing: []partyRef{}, Waits: waits}, nil
	}
	id := entente.CompactID(done.Acts[0])
	s, err := o.node.Compact(ctx, id)
	if err != nil {
		return foundAnswer{}, err
	}
	n, err := partyNames(ctx, o.node)
	return foundAnswer{Compact: id, Name: q.Charter.Name, Missing: refs(s.Missing, n, s)}, err
})

func (c *foundCmd) Run(s *session) error {
	charter, err := readCharter(c.File)
	if err != nil {
		return err
	}
	a, err := ask(s, opFound, charterQuery{charter})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		p.line("Founded %s.", named(a.Name, a.Compact))
		p.line("Id  %s", a.Compact)
		p.line("Nothing flows until they have acceded: %s", listed(a.Missing))
	})
}

// signedAnswer is what a command answers that signs compact acts.
type signedAnswer struct {
	Compact entente.CompactID `json:"compact"`
	Name    string            `json:"name"`
	Acts    []entente.ActID   `json:"acts"`
	State   compactAnswer     `json:"state"`
	// Changes are, for an amendment, what it changes.
	Changes []string `json:"changes,omitempty"`
	// Waits is there while another person has to approve; then no act is signed.
	Waits *waitLine `json:"waits,omitempty"`
}

// signed has an act on a compact signed and reads the state that it led to.
func (o *office) signed(ctx context.Context, order node.AgreementOrder) (signedAnswer, error) {
	done, err := o.propose(ctx, node.Proposed{Agreement: &order})
	if err != nil {
		return signedAnswer{}, err
	}
	id := order.Compact
	s, err := o.node.Compact(ctx, id)
	if err != nil {
		return signedAnswer{}, err
	}
	n, err := partyNames(ctx, o.node)
	return signedAnswer{Compact: id, Name: compactName(s), Acts: append([]entente.ActID{}, done.Acts...), State: stateAnswer(s, n), Waits: waitsOf(done)}, err
}

type accedeCmd struct {
	Compact     string `arg:"" help:"Compact: id, begin of the id, or name."`
	Amendment   string `help:"The pending amendment that is meant (default: the founding charter)." placeholder:"ID"`
	Reservation string `help:"A remark that all members see; it changes no term." placeholder:"TEXT"`
}

type accedeQuery struct {
	Compact     string `json:"compact"`
	Amendment   string `json:"amendment"`
	Reservation string `json:"reservation"`
}

var opAccede = define("compact.accede", func(ctx context.Context, o *office, q accedeQuery) (signedAnswer, error) {
	s, err := findCompact(ctx, o.node, q.Compact)
	if err != nil {
		return signedAnswer{}, err
	}
	var to entente.ActID
	if q.Amendment != "" {
		var all []entente.ActID
		for _, p := range s.Pending {
			all = append(all, p.ID)
		}
		if to, err = findAct("pending amendment", q.Amendment, "entente compact show COMPACT lists what is pending", all); err != nil {
			return signedAnswer{}, err
		}
	}
	return o.signed(ctx, node.AgreementOrder{Kind: entente.KindAccession, Compact: s.ID, To: to, Text: q.Reservation})
})

func (c *accedeCmd) Run(s *session) error {
	a, err := ask(s, opAccede, accedeQuery{c.Compact, c.Amendment, c.Reservation})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		p.line("Signed: accession %s to %s.", entente.Short(a.Acts[0]), named(a.Name, a.Compact))
		switch {
		case len(a.State.Missing) > 0:
			p.line("Still missing: %s", listed(a.State.Missing))
		case len(a.State.Amendments) == 0:
			p.line("All have signed: %s is in force.", termsName(a.State.Number))
		}
		for _, m := range a.State.Amendments {
			p.line("Amendment %d still misses: %s", m.Number, listed(m.Missing))
		}
	})
}

type amendCmd struct {
	Compact string   `arg:"" help:"Compact: id, begin of the id, or name."`
	File    string   `arg:"" help:"Charter file with all terms as they are to be."`
	Keep    []string `help:"Of a fork, the act that is to stand; repeat for several." sep:"none" placeholder:"ACT"`
}

type amendQuery struct {
	Compact string          `json:"compact"`
	Charter entente.Charter `json:"charter"`
	Keep    []string        `json:"keep"`
}

var opAmend = define("compact.amend", func(ctx context.Context, o *office, q amendQuery) (signedAnswer, error) {
	s, err := findCompact(ctx, o.node, q.Compact)
	if err != nil {
		return signedAnswer{}, err
	}
	settles, err := settlements(s, q.Keep)
	if err != nil {
		return signedAnswer{}, err
	}
	var changes []string
	if s.Charter != nil {
		changes = s.Explain(&entente.Amendment{Charter: q.Charter, Settles: settles})
	}
	if s.InForce && len(changes) == 0 {
		return signedAnswer{}, entente.Errorf(entente.Invalid, "change the file: entente compact show COMPACT --json has the charter in force", "the file changes nothing")
	}
	a, err := o.signed(ctx, node.AgreementOrder{Kind: entente.KindAmendment, Compact: s.ID, Charter: &q.Charter, Settles: settles})
	a.Changes = changes
	return a, err
})

// settlements finds the forks in which the acts to keep stand.
func settlements(s *compact.State, keep []string) ([]entente.Settlement, error) {
	var out []entente.Settlement
	var forked []entente.ActID
	for _, f := range s.Forks {
		forked = append(forked, f.Acts...)
	}
	for _, text := range keep {
		act, err := findAct("act of a fork", text, "entente compact show COMPACT lists the forks and their acts", forked)
		if err != nil {
			return nil, err
		}
		for _, f := range s.Forks {
			if slices.Contains(f.Acts, act) {
				out = append(out, entente.Settlement{Author: f.Author, Seq: f.Seq, Keep: act})
			}
		}
	}
	slices.SortFunc(out, func(a, b entente.Settlement) int { return strings.Compare(string(a.Keep), string(b.Keep)) })
	return out, nil
}

func (c *amendCmd) Run(s *session) error {
	charter, err := readCharter(c.File)
	if err != nil {
		return err
	}
	a, err := ask(s, opAmend, amendQuery{c.Compact, charter, append([]string{}, c.Keep...)})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Changes:")
		for _, change := range a.Changes {
			p.line("  %s", plain(change))
		}
		if a.Waits.print(p) {
			return
		}
		p.line("Signed: amendment %s of %s.", entente.Short(a.Acts[0]), named(a.Name, a.Compact))
		for _, m := range a.State.Amendments {
			if m.Amendment == a.Acts[0] {
				p.line("In force when they have signed it: %s", listed(m.Missing))
			}
		}
	})
}

type suspendCmd struct {
	Compact string `arg:"" help:"Compact: id, begin of the id, or name."`
	Member  string `help:"The member to which this party's flow stops (default: all flow from and to this party)." placeholder:"PARTY"`
	Reason  string `help:"A reason that all members see." placeholder:"TEXT"`
}

type suspendQuery struct {
	Compact string `json:"compact"`
	Member  string `json:"member"`
	Reason  string `json:"reason"`
}

// member is the compact and the member that are meant; none: this party.
func (o *office) member(ctx context.Context, in, who string) (*compact.State, entente.PartyID, error) {
	s, err := findCompact(ctx, o.node, in)
	if err != nil || who == "" {
		return s, o.node.Self(), err
	}
	p, err := findParty(ctx, o.node, who)
	return s, p.ID, err
}

var opSuspend = define("compact.suspend", func(ctx context.Context, o *office, q suspendQuery) (signedAnswer, error) {
	s, member, err := o.member(ctx, q.Compact, q.Member)
	if err != nil {
		return signedAnswer{}, err
	}
	return o.signed(ctx, node.AgreementOrder{Kind: entente.KindSuspension, Compact: s.ID, Member: member, Text: q.Reason})
})

func (c *suspendCmd) Run(s *session) error {
	a, err := ask(s, opSuspend, suspendQuery{c.Compact, c.Member, c.Reason})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		what := "all flow from and to this party"
		if c.Member != "" {
			what = "this party's flow to " + plain(c.Member)
		}
		p.line("Suspended in %s: %s (act %s). All members are told.", named(a.Name, a.Compact), what, entente.Short(a.Acts[0]))
	})
}

type resumeCmd struct {
	Compact string `arg:"" help:"Compact: id, begin of the id, or name."`
	Member  string `help:"The member to which this party's flow resumes (default: this party's own suspension)." placeholder:"PARTY"`
}

type resumeQuery struct {
	Compact string `json:"compact"`
	Member  string `json:"member"`
}

var opResume = define("compact.resume", func(ctx context.Context, o *office, q resumeQuery) (signedAnswer, error) {
	s, member, err := o.member(ctx, q.Compact, q.Member)
	if err != nil {
		return signedAnswer{}, err
	}
	return o.signed(ctx, node.AgreementOrder{Kind: entente.KindResumption, Compact: s.ID, Member: member})
})

func (c *resumeCmd) Run(s *session) error {
	a, err := ask(s, opResume, resumeQuery{c.Compact, c.Member})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		p.line("Resumed in %s: %s lifted. All members are told.", named(a.Name, a.Compact), counted(len(a.Acts), "suspension"))
	})
}
