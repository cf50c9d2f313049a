package main

import (
	"context"
	"fmt"

	"entente"
)

type partiesCmd struct{}

type partiesAnswer struct {
	Parties []partyLine `json:"parties"`
}

type partyLine struct {
	Party   entente.PartyID `json:"party"`
	Name    string          `json:"name"`
	Version int64           `json:"version"`
	Epoch   int64           `json:"epoch"`
	Self    bool            `json:"self"`
	Trusted bool            `json:"trusted"` // a person here compared its fingerprint
	Frozen  bool            `json:"frozen"`  // two cards of one version are known
}

var opParties = define("parties", func(ctx context.Context, o *office, _ nothing) (partiesAnswer, error) {
	a := partiesAnswer{Parties: []partyLine{}}
	all, err := o.node.Parties(ctx)
	for _, p := range all {
		a.Parties = append(a.Parties, partyLine{p.ID, p.Name, p.Version, p.Epoch, p.ID == o.node.Self(), p.Trusted, p.Frozen != ""})
	}
	return a, err
})

func (c *partiesCmd) Run(s *session) error {
	a, err := ask(s, opParties, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"ID", "NAME", "CARD", "STANDING"}}
		for _, party := range a.Parties {
			rows = append(rows, []string{entente.Short(party.Party), plain(party.Name), fmt.Sprint(party.Version), party.standing()})
		}
		p.table(rows)
	})
}

func (p partyLine) standing() string {
	switch {
	case p.Self && p.Frozen:
		return "this party; FROZEN: two cards of one version are known, see docs/keys.md"
	case p.Self:
		return "this party"
	case p.Frozen:
		return "FROZEN: two cards of one version are known; compare fingerprints again, then entente trust"
	case p.Trusted:
		return "trusted: fingerprint compared here"
	}
	return "known from a roster; fingerprint not compared here"
}
