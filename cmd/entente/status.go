package main

import (
	"context"

	"entente"
	"entente/node"
)

type statusCmd struct{}

type statusAnswer struct {
	Party     entente.PartyID `json:"party"`
	Name      string          `json:"name"`
	Card      int64           `json:"card"`            // version in force
	Works     bool            `json:"works"`           // false: the node sends and shows nothing
	Why       string          `json:"why"`             // it does not work
	Records   int64           `json:"records"`         // own ones
	Queued    int64           `json:"queued"`          // acts owed to partners
	Overdue   int             `json:"overdue_recalls"` // removals never confirmed
	Asks      int             `json:"asks"`            // questions to this party that wait for an answer
	Flags     int             `json:"flags"`           // own records with others that rest on what is gone
	Serving   bool            `json:"serving"`         // a process serves the data directory
	Listening string          `json:"listening"`       // host:port; empty: it dials out only
	Turned    int64           `json:"turned_away"`
	Now       entente.Time    `json:"now"` // by the node's clock
}

var opStatus = define("status", func(ctx context.Context, o *office, _ nothing) (statusAnswer, error) {
	h, err := o.node.Health(ctx)
	a := statusAnswer{Party: h.Party, Name: h.Name, Card: h.Card, Works: h.Restored == "", Why: h.Restored, Records: h.Records, Queued: h.Queued, Now: now()}
	if o.door != nil {
		a.Serving, a.Turned = true, o.door.TurnedAway()
		if addr := o.door.Addr(); addr != nil {
			a.Listening = addr.String()
		}
	}
	if err == nil {
		err = o.attention(ctx, &a)
	}
	return a, err
})

// attention counts what waits for people.
func (o *office) attention(ctx context.Context, a *statusAnswer) error {
	recalls, err := o.node.Recalls(ctx)
	if err != nil {
		return err
	}
	for _, r := range recalls {
		if r.State == node.RecallOverdue {
			a.Overdue++
		}
	}
	asks, err := o.node.Asks(ctx)
	if err != nil {
		return err
	}
	for _, q := range asks {
		if q.To == a.Party && q.Answer == "" {
			a.Asks++
		}
	}
	flags, err := o.node.Flags(ctx)
	flagged := map[entente.RecordID]bool{}
	for _, f := range flags {
		if len(f.Holders) > 0 {
			flagged[f.Record] = true
		}
	}
	a.Flags = len(flagged)
	return err
}

func (c *statusCmd) Run(s *session) error {
	a, err := ask(s, opStatus, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Party      %s, card version %d", named(a.Name, a.Party), a.Card)
		switch {
		case !a.Works:
			p.line("State      NOT WORKING: %s", plain(a.Why))
		default:
			p.line("State      works")
		}
		switch {
		case !a.Serving:
			p.line("Serving    no: partners are not reached (entente serve)")
		case a.Listening == "":
			p.line("Serving    yes, dials out only")
		default:
			p.line("Serving    yes, on %s; %d callers turned away", a.Listening, a.Turned)
		}
		p.line("Records    %d own", a.Records)
		p.line("Owed       %d acts wait for partners", a.Queued)
		for _, x := range []struct {
			n          int
			what, next string
		}{
			{a.Overdue, "recall", "overdue: removal never confirmed (entente recalls)"},
			{a.Asks, "question", "to answer: somebody wants consent (entente asks)"},
			{a.Flags, "own record", "with others while what it rests on is gone (entente flags)"},
		} {
			if x.n > 0 {
				p.line("Attention  %s %s", counted(x.n, x.what), x.next)
			}
		}
	})
}
