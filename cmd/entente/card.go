package main

import (
	"bytes"
	"context"
	"errors"
	"os"

	"entente"
	"entente/store"
)

type cardCmd struct {
	Party string `arg:"" optional:"" help:"Another party whose cards are meant: id, begin of the id, or name."`
	Out   string `help:"Write to this file, which must not exist, instead of standard output." type:"path" placeholder:"FILE"`
}

type cardQuery struct {
	Party string `json:"party"` // empty: one's own
}

type cardAnswer struct {
	Party       entente.PartyID `json:"party"`
	Name        string          `json:"name"`
	Version     int64           `json:"version"`
	Epoch       int64           `json:"epoch"`
	Endpoints   []string        `json:"endpoints"`
	NextRoot    string          `json:"next_root"`
	Fingerprint fingerprint     `json:"fingerprint"` // of the last card
	Trusted     bool            `json:"trusted"`
	Frozen      bool            `json:"frozen"`
	Cards       []string        `json:"cards"` // envelopes, oldest first
}

var opCard = define("card", func(ctx context.Context, o *office, q cardQuery) (cardAnswer, error) {
	party := store.Party{ID: o.node.Self()}
	if q.Party == "" {
		q.Party = string(party.ID)
	}
	party, err := findParty(ctx, o.node, q.Party)
	if err != nil {
		return cardAnswer{}, err
	}
	cards, err := o.node.Card(ctx, party.ID)
	if err != nil {
		return cardAnswer{}, err
	}
	last, err := entente.ParseSigned(cards[len(cards)-1])
	if err != nil {
		return cardAnswer{}, err
	}
	c := last.Act.CardBody
	a := cardAnswer{
		Party: party.ID, Name: c.Name, Version: c.Version, Epoch: c.Epoch, Endpoints: append([]string{}, c.Endpoints...), NextRoot: c.NextRoot,
		Fingerprint: fingerprintOf(last.ID), Trusted: party.Trusted, Frozen: party.Frozen != "",
	}
	for _, envelope := range cards {
		a.Cards = append(a.Cards, string(envelope))
	}
	return a, nil
})

func (c *cardCmd) Run(s *session) error {
	a, err := ask(s, opCard, cardQuery{c.Party})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, envelope := range a.Cards {
		b.WriteString(envelope + "\n")
	}
	if c.Out == "" {
		if s.json {
			return writeJSON(s.stdout, a)
		}
		_, err := s.stdout.Write(b.Bytes())
		return err
	}
	if err := writeNew(c.Out, b.Bytes(), 0o644); err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Wrote %s of %s to %s. Hand it over any way you like; compare its fingerprint by telephone:", counted(len(a.Cards), "card"), plain(a.Name), c.Out)
		p.line("  %s", a.Fingerprint.Hex)
		p.line("  %s", a.Fingerprint.Words)
	})
}

// writeNew writes a file that does not exist yet.
func writeNew(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return entente.Errorf(entente.Conflict, "name another file: nothing is overwritten", "write: %w", err)
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
