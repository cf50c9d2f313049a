package main

import (
	"context"

	"entente"
	"entente/node"
	"entente/release"
)

type consentCmd struct {
	Ask     string `arg:"" help:"The question: its id, or the begin of it; entente asks lists them."`
	Refuse  string `help:"Do not consent; a short code says why, such as source-protection." placeholder:"CODE"`
	Expires string `help:"The day, YYYY-MM-DD, at whose start (UTC) the consent ends (default: as asked)." placeholder:"DATE"`
	handlingFlags
}

type consentQuery struct {
	Ask     string       `json:"ask"`
	Refuse  string       `json:"refuse"`
	Expires entente.Date `json:"expires"`
	Changes orderQuery   `json:"changes"` // to the handling under which the asker has it
}

var opConsent = define("consent", func(ctx context.Context, o *office, q consentQuery) (askAnswer, error) {
	all, err := o.asks(ctx)
	if err != nil {
		return askAnswer{}, err
	}
	lines := map[entente.ActID]askLine{}
	var ids []entente.ActID
	for _, l := range all {
		if l.Direction == "in" {
			lines[l.Ask] = l
			ids = append(ids, l.Ask)
		}
	}
	id, err := findAct("question to this party", q.Ask, "entente asks lists them", ids)
	if err != nil {
		return askAnswer{}, err
	}
	if l := lines[id]; l.Answer != "" && l.Refused == "" {
		return askAnswer{}, entente.Errorf(entente.Conflict, "entente recall "+entente.Short(l.Record)+" takes it back, with the record", "consent was given already: %s", entente.Short(l.Answer))
	}
	var least *entente.Handling
	if q.Refuse == "" {
		h, err := o.node.AskedHandling(ctx, id)
		if err != nil {
			return askAnswer{}, err
		}
		h = q.Changes.handling(h)
		if h, err = release.Apply(h, h.Codes...); err != nil {
			return askAnswer{}, entente.Errorf(entente.Invalid, "docs/handling.md lists the codes", "handling: %w", err)
		}
		least = &h
	}
	return o.asked(ctx, id, node.Proposed{Answer: &node.AnswerOrder{Ask: id, Handling: least, Expires: q.Expires, Refused: q.Refuse}})
})

func (c *consentCmd) Run(s *session) error {
	q := consentQuery{Ask: c.Ask, Refuse: c.Refuse, Expires: entente.Date(c.Expires)}
	c.set(&q.Changes)
	if c.Refuse != "" && (c.Expires != "" || c.given()) {
		return usageErrorf("--refuse gives nothing: leave out the flags of a consent")
	}
	a, err := ask(s, opConsent, q)
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if a.Waits.print(p) {
			return
		}
		a.print(p)
		if a.Refused == "" {
			p.line("entente recall %s takes back the record, and the consent with it.", entente.Short(a.Record))
		}
	})
}
