package main

import (
	"context"
	"fmt"
	"slices"

	"entente"
	"entente/node"
	"entente/release"
)

type askCmd struct {
	Record  string   `arg:"" help:"A record of another party: record id, begin of it, or STIX id (its newest version)."`
	Use     string   `required:"" enum:"relay,derive,mention" help:"relay, derive or mention." placeholder:"USE"`
	To      []string `required:"" help:"Who would get it, or what rests on it; repeat for several." sep:"none" placeholder:"PARTY"`
	Compact string   `help:"The compact in which it was received, if there are several." placeholder:"COMPACT"`
	Purpose string   `help:"One of the compact's purposes (default: that for which it was released)." placeholder:"TEXT"`
	Expires string   `help:"The day, YYYY-MM-DD, at whose start (UTC) the consent would end." placeholder:"DATE"`
	Reason  string   `help:"Why, for the originator's people." placeholder:"TEXT"`
}

type askQuery struct {
	Record  string             `json:"record"`
	Use     entente.ConsentUse `json:"use"`
	To      []string           `json:"to"`
	Compact string             `json:"compact"`
	Purpose string             `json:"purpose"`
	Expires entente.Date       `json:"expires"`
	Reason  string             `json:"reason"`
}

type askAnswer struct {
	askLine
	Waits *waitLine `json:"waits,omitempty"`
}

type asksAnswer struct {
	Asks []askLine `json:"asks"`
}

type askLine struct {
	Ask         entente.ActID      `json:"ask"`
	Direction   string             `json:"direction"` // "in": this party is asked; "out": it asks
	Open        bool               `json:"open"`
	From        partyRef           `json:"from"`
	To          partyRef           `json:"to"` // the originator
	Compact     entente.CompactID  `json:"compact"`
	CompactName string             `json:"compact_name"`
	Record      entente.RecordID   `json:"record"`
	Name        string             `json:"name"`
	Use         entente.ConsentUse `json:"use"`
	Recipients  []partyRef         `json:"recipients"`
	Purpose     string             `json:"purpose"`
	Expires     entente.Date       `json:"expires"`
	Reason      string             `json:"reason"`
	Since       entente.Time       `json:"since"`
	Answer      entente.ActID      `json:"answer,omitempty"`
	Refused     string             `json:"refused"` // the code of a refusal
}

// useWords are what somebody may do with %s, before "to" and whom.
var useWords = map[entente.ConsentUse]string{
	entente.Relay:   "pass %s on",
	entente.Derive:  "give work that rests on %s",
	entente.Mention: "mention %s",
}

// asks describes the questions for consent to and by this party.
func (o *office) asks(ctx context.Context) ([]askLine, error) {
	d, err := o.describer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := o.node.Asks(ctx)
	if err != nil {
		return nil, err
	}
	out := []askLine{}
	for _, s := range all {
		l := askLine{
			Ask: s.Act, Direction: "out", Open: s.Answer == "", From: partyRef{s.From, s.FromName}, To: partyRef{s.To, s.ToName},
			Compact: s.Compact, CompactName: d.compacts[s.Compact], Record: s.Ask.Record, Use: s.Ask.Use, Recipients: d.all(s.Ask.Recipients),
			Purpose: s.Ask.Purpose, Expires: s.Ask.Expires, Reason: s.Ask.Reason, Since: s.Since, Answer: s.Answer, Refused: s.Refused,
		}
		if s.To == o.node.Self() {
			l.Direction = "in"
		}
		if l.Name, err = o.recordName(ctx, l.Record); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// asked has a question asked, or answered, and describes it. id is the question
// that is answered; empty: the one that is asked.
func (o *office) asked(ctx context.Context, id entente.ActID, p node.Proposed) (askAnswer, error) {
	done, err := o.propose(ctx, p)
	if err != nil {
		return askAnswer{}, err
	}
	a := askAnswer{askLine{Recipients: []partyRef{}}, waitsOf(done)}
	if a.Waits != nil {
		return a, nil
	}
	if id == "" {
		id = done.Acts[0]
	}
	all, err := o.asks(ctx)
	for _, l := range all {
		if l.Ask == id {
			a.askLine = l
		}
	}
	return a, err
}

// askedIn is the compact in which this party has a record: the one that is
// named, or the only one.
func (o *office) askedIn(ctx context.Context, text string, grants []release.Grant) (entente.CompactID, error) {
	if text != "" {
		s, err := findCompact(ctx, o.node, text)
		if err != nil {
			return "", err
		}
		return s.ID, nil
	}
	d, err := o.describer(ctx)
	if err != nil {
		return "", err
	}
	var ids []entente.CompactID
	for _, g := range grants {
		if !slices.Contains(ids, g.Compact) {
			ids = append(ids, g.Compact)
		}
	}
	return one("compact", "the record", "say in which compact to ask: --compact", ids, func(id entente.CompactID) string { return named(d.compacts[id], id) })
}

// recordName is a record's name for who asks; empty if it is not there to be seen.
func (o *office) recordName(ctx context.Context, id entente.RecordID) (string, error) {
	page, err := o.node.Read(ctx, o.operator(), node.Query{Record: string(id)})
	if entente.KindOf(err) == entente.Hidden {
		return "", nil
	}
	if err != nil || len(page.Views) == 0 {
		return "", err
	}
	obj := page.Views[0].Object()
	if obj.Name == "" {
		return obj.STIX, nil
	}
	return obj.Name, nil
}

var opAsk = define("ask", func(ctx context.Context, o *office, q askQuery) (askAnswer, error) {
	v, err := o.record(ctx, q.Record)
	if err != nil {
		return askAnswer{}, err
	}
	order := node.AskOrder{Record: v.ID(), Use: q.Use, Purpose: q.Purpose, Expires: q.Expires, Reason: q.Reason}
	if v.Header().Originator == o.node.Self() {
		return askAnswer{}, entente.Errorf(entente.Invalid, "nobody needs to be asked: entente release", "record %s is this party's own", entente.Short(v.ID()))
	}
	for _, text := range q.To {
		p, err := findParty(ctx, o.node, text)
		if err != nil {
			return askAnswer{}, err
		}
		if !slices.Contains(order.Recipients, p.ID) {
			order.Recipients = append(order.Recipients, p.ID)
		}
	}
	if order.Compact, err = o.askedIn(ctx, q.Compact, v.Grants()); err != nil {
		return askAnswer{}, err
	}
	return o.asked(ctx, "", node.Proposed{Ask: &order})
})

func (c *askCmd) Run(s *session) error {
	a, err := ask(s, opAsk, askQuery{c.Record, entente.ConsentUse(c.Use), c.To, c.Compact, c.Purpose, entente.Date(c.Expires), c.Reason})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		p.line("Asked (%s):", entente.Short(a.Ask))
		a.print(p)
		p.line("entente asks shows the answer.")
	})
}

type asksCmd struct{}

var opAsks = define("asks", func(ctx context.Context, o *office, _ nothing) (asksAnswer, error) {
	all, err := o.asks(ctx)
	return asksAnswer{all}, err
})

func (c *asksCmd) Run(s *session) error {
	a, err := ask(s, opAsks, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		for _, part := range []struct {
			title string
			is    func(askLine) bool
		}{
			{"To be answered here", func(l askLine) bool { return l.Open && l.Direction == "in" }},
			{"Asked by this party, not answered yet", func(l askLine) bool { return l.Open && l.Direction == "out" }},
			{"Answered", func(l askLine) bool { return !l.Open }},
		} {
			first := true
			for _, l := range a.Asks {
				if !part.is(l) {
					continue
				}
				if first {
					p.line("%s:", part.title)
					first = false
				}
				l.print(p)
				if l.Open && l.Direction == "in" {
					p.line("  entente show %s; entente consent %s; or entente consent %s --refuse CODE", entente.Short(l.Record), entente.Short(l.Ask), entente.Short(l.Ask))
				}
			}
		}
		if len(a.Asks) == 0 {
			p.line("Nobody has asked for anything.")
		}
	})
}

// print says who asks whom, for what, for whom, why, and what the answer is.
func (l askLine) print(p *printer) {
	what := "record " + entente.Short(l.Record)
	if l.Name != "" {
		what += " (" + plain(l.Name) + ")"
	}
	p.line("  %s  %s asks %s for consent to %s to %s", entente.Short(l.Ask), l.From, l.To, fmt.Sprintf(useWords[l.Use], what), listed(l.Recipients))
	until := ""
	if l.Expires != "" {
		until = ", until " + plain(l.Expires)
	}
	p.line("    in %s, for %s%s; on %s", named(l.CompactName, l.Compact), plain(l.Purpose), until, stamp(l.Since))
	if l.Reason != "" {
		p.line("    reason: %s", plain(l.Reason))
	}
	switch {
	case l.Refused != "":
		p.line("    REFUSED: %s", plain(l.Refused))
	case l.Answer != "":
		p.line("    consent given: %s", entente.Short(l.Answer))
	}
}
