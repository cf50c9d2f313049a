package main

import (
	"context"

	"entente"
)

type peersCmd struct{}

type peersAnswer struct {
	Peers []peerLine `json:"peers"`
}

type peerLine struct {
	partyRef
	Connected bool          `json:"connected"`
	Since     *entente.Time `json:"since,omitempty"`
	Dialler   *partyRef     `json:"dialler,omitempty"`
	LastError string        `json:"last_error"`
	NextTry   *entente.Time `json:"next_try,omitempty"`
}

var opPeers = define("peers", func(ctx context.Context, o *office, _ nothing) (peersAnswer, error) {
	a := peersAnswer{Peers: []peerLine{}}
	if o.door == nil {
		return a, entente.Errorf(entente.Refused, "start it: entente serve", "no node is running on %s: it has no connections", o.dir)
	}
	n, err := partyNames(ctx, o.node)
	for _, l := range o.door.Status() {
		p := peerLine{partyRef: partyRef{l.Party, l.Name}, Connected: !l.Connected.IsZero(), LastError: l.LastError}
		if p.Connected {
			since := entente.At(l.Connected)
			p.Since, p.Dialler = &since, &partyRef{l.Dialler, n[l.Dialler]}
		}
		if !l.NextTry.IsZero() {
			next := entente.At(l.NextTry)
			p.NextTry = &next
		}
		a.Peers = append(a.Peers, p)
	}
	return a, err
})

func (c *peersCmd) Run(s *session) error {
	a, err := ask(s, opPeers, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"PARTNER", "CONNECTED SINCE", "CALLED BY", "NEXT CALL", "LAST ERROR"}}
		for _, l := range a.Peers {
			since, dialler, next := "no", "", ""
			if l.Connected {
				since, dialler = stamp(*l.Since), plain(l.Dialler.Name)
			}
			if l.NextTry != nil {
				next = stamp(*l.NextTry)
			}
			rows = append(rows, []string{l.String(), since, dialler, next, plain(l.LastError)})
		}
		p.table(rows)
	})
}
