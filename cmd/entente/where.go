package main

import (
	"context"
	"fmt"

	"entente"
	"entente/node"
)

type whereCmd struct {
	Record string `arg:"" help:"Record id, begin of it, or STIX id (its newest version)."`
}

type whereQuery struct {
	Record string `json:"record"`
}

type whereAnswer struct {
	Record     entente.RecordID `json:"record"`
	STIX       string           `json:"stix"`
	Name       string           `json:"name"`
	Own        bool             `json:"own"`
	Originator partyRef         `json:"originator"`
	Came       []cameLine       `json:"came"` // releases that let this party see it; none for its own
	Given      []givenLine      `json:"given"`
	Consents   []consentLine    `json:"consents"`
}

type cameLine struct {
	grantLine
	From    partyRef      `json:"from"`
	Since   entente.Time  `json:"since"`
	Consent entente.ActID `json:"consent,omitempty"` // the originator's, where From is a relay
}

// givenLine is one release of the record by this party.
type givenLine struct {
	grantLine
	To      partyRef        `json:"to"`
	Since   entente.Time    `json:"since"`
	State   node.GivenState `json:"state"`
	Code    entente.Code    `json:"code"`   // the recipient's answer; empty: none yet
	Stands  bool            `json:"stands"` // not recalled, not expired
	Expired bool            `json:"expired"`
	Recall  *recallLine     `json:"recall,omitempty"`
}

// consentLine is one consent of this party on the record.
type consentLine struct {
	Consent     entente.ActID      `json:"consent"`
	To          partyRef           `json:"to"` // who may use the record so
	Compact     entente.CompactID  `json:"compact"`
	CompactName string             `json:"compact_name"`
	Use         entente.ConsentUse `json:"use"`
	Recipients  []partyRef         `json:"recipients"`
	Expires     entente.Date       `json:"expires"`
	Since       entente.Time       `json:"since"`
	Recalls     []recallLine       `json:"recalls"`
}

var opWhere = define("where", func(ctx context.Context, o *office, q whereQuery) (whereAnswer, error) {
	v, err := o.record(ctx, q.Record)
	if err != nil {
		return whereAnswer{}, err
	}
	d, err := o.describer(ctx)
	if err != nil {
		return whereAnswer{}, err
	}
	w, err := o.node.Where(ctx, v.ID())
	if err != nil {
		return whereAnswer{}, err
	}
	a := whereAnswer{
		Record: v.ID(), STIX: v.Object().STIX, Name: v.Object().Name, Own: w.Originator == d.self, Originator: d.party(w.Originator),
		Came: []cameLine{}, Given: []givenLine{}, Consents: []consentLine{},
	}
	for _, c := range w.Came {
		a.Came = append(a.Came, cameLine{grantLine{c.Release, c.Compact, d.compacts[c.Compact], c.Handling}, d.party(c.From), c.Since, c.Consent})
	}
	for _, g := range w.Given {
		l := givenLine{
			grantLine: grantLine{g.Release, g.Compact, d.compacts[g.Compact], g.Handling}, To: d.party(g.To), Since: g.Since,
			State: g.State, Code: g.Code, Stands: g.Stands, Expired: g.Expired,
		}
		if g.Recall != nil {
			r := d.recall(*g.Recall)
			l.Recall = &r
		}
		a.Given = append(a.Given, l)
	}
	for _, c := range w.Consents {
		l := consentLine{c.Act, d.party(c.To), c.Compact, d.compacts[c.Compact], c.Use, d.all(c.Recipients), c.Expires, c.Since, []recallLine{}}
		for _, r := range c.Recalls {
			l.Recalls = append(l.Recalls, d.recall(r))
		}
		a.Consents = append(a.Consents, l)
	}
	return a, nil
})

func (d describer) party(p entente.PartyID) partyRef { return partyRef{p, d.parties[p]} }

func (d describer) all(parties []entente.PartyID) []partyRef {
	out := make([]partyRef, len(parties))
	for i, p := range parties {
		out[i] = d.party(p)
	}
	return out
}

func (c *whereCmd) Run(s *session) error {
	a, err := ask(s, opWhere, whereQuery{c.Record})
	if err != nil {
		return err
	}
	return s.show(a, a.print)
}

func (a whereAnswer) print(p *printer) {
	p.line("Record       %s", a.Record)
	p.line("Object       %s", plain(a.STIX))
	if a.Name != "" {
		p.line("Name         %s", plain(a.Name))
	}
	whose := a.Originator.String()
	if a.Own {
		whose += ", this party"
	}
	p.line("Originator   %s", whose)
	for _, c := range a.Came {
		by := ""
		if c.Consent != "" {
			by = ", with the originator's consent " + entente.Short(c.Consent)
		}
		p.line("Came         from %s in %s, %s, on %s%s", c.From, named(c.CompactName, c.Compact), label(c.Handling), stamp(c.Since), by)
	}
	switch {
	case len(a.Given) == 0:
		p.line("Given        to nobody by this party")
	default:
		rows := [][]string{{"TO", "COMPACT", "RELEASED", "HANDLING", "DELIVERY", "NOW"}}
		for _, g := range a.Given {
			rows = append(rows, []string{plain(g.To.Name), plain(g.CompactName), stamp(g.Since), label(g.Handling), g.delivery(), g.now()})
		}
		p.table(rows)
	}
	for _, c := range a.Consents {
		until := ""
		if c.Expires != "" {
			until = ", until " + plain(c.Expires)
		}
		p.line("Consent      %s: %s may %s to %s in %s%s", entente.Short(c.Consent), c.To, fmt.Sprintf(useWords[c.Use], "it"), listed(c.Recipients), named(c.CompactName, c.Compact), until)
		for _, r := range c.Recalls {
			p.line("             recalled from %s: %s", r.To, recallWords[r.State])
		}
	}
}

// delivery is how far a release has come, in words.
func (g givenLine) delivery() string {
	if g.Code != "" {
		return plain(g.Code)
	}
	return string(g.State)
}

// now is what became of what was released.
func (g givenLine) now() string {
	switch {
	case g.Recall != nil:
		return "recalled " + stamp(g.Recall.Since) + ", " + recallWords[g.Recall.State]
	case g.Expired:
		return "expired"
	case g.Stands:
		return "stands"
	}
	return "ended"
}
