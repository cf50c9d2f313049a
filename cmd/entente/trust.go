package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"entente"
	"entente/keyring"
	"entente/node"
)

type trustCmd struct {
	File        string `arg:"" help:"File that the other party's entente card wrote."`
	Fingerprint string `required:"" help:"What the other party reads to you over the telephone: 32 hex digits or 12 words." placeholder:"DIGITS|WORDS"`
}

type trustQuery struct {
	Cards       []string `json:"cards"`
	Fingerprint string   `json:"fingerprint"` // hex
}

type trustAnswer struct {
	Party   entente.PartyID `json:"party"`
	Name    string          `json:"name"`
	Version int64           `json:"version"`
}

var opTrust = define("trust", func(ctx context.Context, o *office, q trustQuery) (trustAnswer, error) {
	if err := o.keeping(ctx); err != nil {
		return trustAnswer{}, err
	}
	var cards []entente.Signed
	for _, text := range q.Cards {
		s, err := entente.ParseSigned([]byte(text))
		if err != nil {
			return trustAnswer{}, entente.Errorf(entente.Invalid, "", "card: %w", err)
		}
		cards = append(cards, s)
	}
	f, err := hex.DecodeString(q.Fingerprint)
	if err != nil || len(f) != 16 {
		return trustAnswer{}, entente.Errorf(entente.Invalid, "", "fingerprint %.40q: expected 32 hex digits", q.Fingerprint)
	}
	p, err := o.node.Trust(ctx, cards, [16]byte(f))
	return trustAnswer{p.ID, p.Name, p.Version}, err
})

func (c *trustCmd) Run(s *session) error {
	f, err := keyring.ParseFingerprint(c.Fingerprint)
	if err != nil {
		return err
	}
	cards, err := readCards(c.File)
	if err != nil {
		return err
	}
	q := trustQuery{Fingerprint: hex.EncodeToString(f[:])}
	for i := range cards {
		q.Cards = append(q.Cards, string(cards[i].Envelope()))
	}
	a, err := ask(s, opTrust, q)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return s.show(a, func(p *printer) {
		p.line("%s is trusted from now on, by its card version %d.", named(a.Name, a.Party), a.Version)
	})
}

// readCards reads a file of cards, one envelope a line, oldest first.
func readCards(path string) ([]entente.Signed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, node.CardsHint, "%w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, node.MaxCards+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return node.ReadCards(path, b)
}
