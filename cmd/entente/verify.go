package main

import (
	"context"

	"entente"
)

type verifyCmd struct{}

type verifyAnswer struct {
	OK       bool   `json:"ok"`
	Problem  string `json:"problem"`
	Acts     int64  `json:"acts"`
	Records  int64  `json:"records"`
	Channels int64  `json:"channels"`
	Entries  int64  `json:"entries"`
	Grants   int64  `json:"grants"`
}

var opVerify = define("verify", func(ctx context.Context, o *office, _ nothing) (verifyAnswer, error) {
	r, err := o.node.Verify(ctx, progressOf(ctx))
	return verifyAnswer{r.Problem == "", r.Problem, r.Acts, r.Records, r.Channels, r.Entries, r.Grants}, err
})

func (c *verifyCmd) Run(s *session) error {
	a, err := ask(s, opVerify, nothing{})
	if err != nil {
		return err
	}
	err = s.show(a, func(p *printer) {
		p.line("Checked %d acts, %d records, %d channels with %d entries, %d grants.", a.Acts, a.Records, a.Channels, a.Entries, a.Grants)
		if a.OK {
			p.line("Everything verifies.")
		}
	})
	if err != nil || a.OK {
		return err
	}
	return entente.Errorf(entente.Broken, "keep a copy of the data directory as it is, find out who could write to it, and put back a backup: partners give back what it lacks",
		"the store does not verify: %s", a.Problem)
}
