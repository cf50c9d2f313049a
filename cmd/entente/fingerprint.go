package main

import (
	"os"

	"entente"
	"entente/keyring"
)

type fingerprintCmd struct {
	Which string `arg:"" optional:"" name:"file|party" help:"A file that entente card wrote, or a party known here; none: this party."`
}

type fingerprintAnswer struct {
	Party   entente.PartyID `json:"party"`
	Name    string          `json:"name"`
	Version int64           `json:"version"`
	fingerprint
}

func (c *fingerprintCmd) Run(s *session) error {
	a, err := c.find(s)
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Party        %s, card version %d", named(a.Name, a.Party), a.Version)
		p.line("Fingerprint  %s", a.Hex)
		p.line("             %s", a.Words)
	})
}

// find looks for a file first: it needs no data directory.
func (c *fingerprintCmd) find(s *session) (fingerprintAnswer, error) {
	if isFile(c.Which) {
		cards, err := readCards(c.Which)
		if err != nil {
			return fingerprintAnswer{}, err
		}
		last := cards[len(cards)-1]
		return fingerprintAnswer{cards[0].Act.Party(cards[0].ID), last.Act.CardBody.Name, last.Act.Card, fingerprintOf(last.ID)}, nil
	}
	a, err := ask(s, opCard, cardQuery{c.Which})
	return fingerprintAnswer{a.Party, a.Name, a.Version, a.Fingerprint}, err
}

// isFile tells a file from the name of something else.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// fingerprint is how answers show one.
type fingerprint struct {
	Hex   string `json:"hex"`
	Words string `json:"words"`
}

func fingerprintOf(card entente.ActID) fingerprint {
	f := entente.Fingerprint(card)
	return fingerprint{keyring.FingerprintDigits(f), keyring.FingerprintWords(f)}
}
