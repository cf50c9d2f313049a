package main

import (
	"context"
	"time"

	"entente"
)

type logCmd struct {
	After  *int64 `help:"Lines after the one with this number (default: the last ones)." placeholder:"N"`
	Limit  int    `help:"At most so many lines, up to 10000 (default: 100)." default:"100" placeholder:"N"`
	Follow bool   `help:"Go on with new lines as they come; needs a running node."`
}

type logQuery struct {
	After *int64 `json:"after,omitempty"`
	Limit int    `json:"limit"`
	// Wait asks to wait a while for a line if there is none.
	Wait bool `json:"wait"`
}

type logAnswer struct {
	Events []eventLine `json:"events"`
}

type eventLine struct {
	N       int64             `json:"n"`
	At      entente.Time      `json:"at"`
	What    string            `json:"what"`
	Who     string            `json:"who"`
	Compact entente.CompactID `json:"compact,omitempty"`
	Subject string            `json:"subject"`
	Detail  string            `json:"detail"`
}

// waitForLog is how long one request waits for a new line.
const waitForLog = 20 * time.Second

var opLog = define("log", func(ctx context.Context, o *office, q logQuery) (logAnswer, error) {
	a := logAnswer{Events: []eventLine{}}
	after, err := o.logStart(ctx, q)
	if err != nil {
		return a, err
	}
	timeout := time.After(waitForLog)
	for {
		changed := o.node.Changed() // before reading, so that no line is missed
		events, err := o.node.Events(ctx, after, q.Limit)
		if err != nil {
			return a, err
		}
		for _, e := range events {
			a.Events = append(a.Events, eventLine{e.N, e.At, e.What, e.Who, e.Compact, e.Subject, e.Detail})
		}
		if !q.Wait || len(events) > 0 {
			return a, nil
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-timeout:
			return a, nil
		case <-changed:
		}
	}
})

// logStart is the line after which to read: the one asked for, or so that the
// last ones are left.
func (o *office) logStart(ctx context.Context, q logQuery) (int64, error) {
	if q.After != nil {
		return *q.After, nil
	}
	count, err := o.node.EventCount(ctx)
	return max(0, count-int64(q.Limit)), err
}

func (c *logCmd) Run(s *session) error {
	if c.Limit < 1 || c.Limit > 10_000 {
		return usageErrorf("--limit=%d: expected 1 to 10000", c.Limit)
	}
	if err := s.reach(); err != nil {
		return err
	}
	if c.Follow && s.remote == nil {
		return entente.Errorf(entente.Refused, "start it: entente serve", "no node is running on %s: nothing would ever follow", s.dir)
	}
	q := logQuery{After: c.After, Limit: c.Limit}
	for {
		a, err := ask(s, opLog, q)
		if err != nil {
			if s.ctx.Err() != nil {
				return nil // interrupted: that is how following ends
			}
			return err
		}
		if c.Follow && s.json {
			for _, e := range a.Events {
				if err := writeJSON(s.stdout, e); err != nil {
					return err
				}
			}
		} else if err := s.show(a, a.print); err != nil {
			return err
		}
		if !c.Follow {
			return nil
		}
		if n := len(a.Events); n > 0 {
			q.After = &a.Events[n-1].N
		} else if q.After == nil {
			q.After = new(int64)
		}
		q.Wait = true
	}
}

func (a logAnswer) print(p *printer) {
	for _, e := range a.Events {
		who := e.Who
		if who != "" && len(who) > 20 {
			who = entente.Short(entente.PartyID(who))
		}
		subject := e.Subject
		if len(subject) > 20 {
			subject = entente.Short(entente.ActID(subject))
		}
		p.line("%6d  %s  %-11s %-12s %-12s %s", e.N, stamp(e.At), plain(e.What), plain(who), plain(subject), plain(e.Detail))
	}
}
