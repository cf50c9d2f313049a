// Package nodetest is for tests of what stands on nodes: parties with a node each,
// and meetings of two nodes in the place of couriers.
package nodetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
)

// Party is a party that has just been founded.
type Party struct {
	*node.Node
	Name string
	Ring *keyring.Ring
	Card entente.Signed
}

// NewParty founds a party in an empty store. clock nil is the clock of the machine.
func NewParty(ctx context.Context, name string, store node.Store, clock entente.Clock) (*Party, error) {
	ring, err := keyring.New()
	if err != nil {
		return nil, err
	}
	if clock == nil {
		clock = time.Now
	}
	root, next := entente.NewPrivateKey(), entente.NewPrivateKey()
	card, err := entente.Sign(entente.Act{
		Kind: entente.KindCard, Card: 1, Time: entente.At(clock()),
		CardBody: &entente.Card{Version: 1, Name: name, Keys: ring.CardKeys(root), NextRoot: next.Key().Hash(), Epoch: 1},
	}, ring.Signers(root)...)
	if err != nil {
		return nil, err
	}
	n, err := node.Create(ctx, node.Config{Store: store, Keys: ring, Clock: clock}, card)
	if err != nil {
		return nil, err
	}
	return &Party{Node: n, Name: name, Ring: ring, Card: card}, nil
}

// Trust lets each of the parties take in the cards of the others.
func Trust(ctx context.Context, parties ...*Party) error {
	for _, a := range parties {
		for _, b := range parties {
			if a == b {
				continue
			}
			if _, err := a.Trust(ctx, []entente.Signed{b.Card}, entente.Fingerprint(b.Card.ID)); err != nil {
				return fmt.Errorf("%s trusts %s: %w", a.Name, b.Name, err)
			}
		}
	}
	return nil
}

// Charter is one that all the parties can sign.
func Charter(now time.Time, parties ...*Party) entente.Charter {
	ch := entente.Charter{
		Type: entente.Information, Purposes: []string{"counter-terrorism"}, Categories: []string{"groups", "incidents"},
		Start: entente.At(now.Add(-time.Hour)), End: entente.At(now.AddDate(1, 0, 0)), Review: entente.At(now.AddDate(0, 6, 0)),
		Rule: entente.Unanimous, Exit: "by amendment", Suspension: "at once and alone",
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "counter-terrorism"},
			Widest:  entente.TLPGreen, Onward: entente.OnwardAsk,
		},
		Tolerance: 300, Freshness: 3600, RecallWithin: 86400, Evidence: "none", Quorum: "filled", Folding: 1,
	}
	for _, p := range parties {
		ch.Members = append(ch.Members, entente.Seat{Party: p.Self(), Name: p.Name, Seats: 1, LegalBasis: "statute of " + p.Name})
		ch.Name += p.Name + " "
	}
	ch.Name = "Cell of " + strings.TrimSpace(ch.Name)
	slices.SortFunc(ch.Members, func(a, b entente.Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return ch
}

// Found makes a compact that is in force among the parties.
func Found(ctx context.Context, c entente.Charter, parties ...*Party) (entente.CompactID, error) {
	id, err := parties[0].Found(ctx, c)
	if err != nil {
		return "", err
	}
	for _, p := range parties[1:] {
		if err := Meet(ctx, parties[0].Node, p.Node); err != nil {
			return "", err
		}
		if _, err := p.Accede(ctx, id, "", ""); err != nil {
			return "", err
		}
	}
	if err := MeetAll(ctx, parties...); err != nil {
		return "", err
	}
	for _, p := range parties {
		if s, err := p.Compact(ctx, id); err != nil || !s.InForce {
			return "", fmt.Errorf("%s: the compact is not in force: %w", p.Name, err)
		}
	}
	return id, nil
}

// MeetAll lets every two of the parties meet, twice: what one heard late reaches all.
func MeetAll(ctx context.Context, parties ...*Party) error {
	for range 2 {
		for i, a := range parties {
			for _, b := range parties[i+1:] {
				if err := Meet(ctx, a.Node, b.Node); err != nil {
					return fmt.Errorf("%s meets %s: %w", a.Name, b.Name, err)
				}
			}
		}
	}
	return nil
}

// Meet lets two nodes exchange everything, in both directions, until nothing is
// left: what their couriers do over a line, now.
func Meet(ctx context.Context, one, other *node.Node) error {
	for _, x := range [][2]*node.Node{{one, other}, {other, one}} {
		cards, err := x[0].Card(ctx, x[0].Self())
		if err != nil {
			return err
		}
		if err := x[1].Introduce(ctx, x[0].Self(), cards); err != nil {
			return err
		}
	}
	for range 50 {
		p1, err := one.Positions(ctx, other.Self())
		if err != nil {
			return err
		}
		p2, err := other.Positions(ctx, one.Self())
		if err != nil {
			return err
		}
		contact1, err := one.Compare(ctx, other.Self(), p2)
		if err != nil {
			return err
		}
		contact2, err := other.Compare(ctx, one.Self(), p1)
		if err != nil {
			return err
		}
		moved1, err := Deliver(ctx, one, other, contact1)
		if err != nil {
			return err
		}
		moved2, err := Deliver(ctx, other, one, contact2)
		if err != nil {
			return err
		}
		if !moved1 && !moved2 {
			return nil
		}
	}
	return fmt.Errorf("no end")
}

// deliver is what a courier does for one side of a contact.
// Deliver is what the courier of from does in one contact; moved says whether anything went over.
func Deliver(ctx context.Context, from, to *node.Node, contact node.Contact) (moved bool, err error) {
	// Receipts that the other has lost come before the entries they speak of, one's
	// own after the entries that are given back.
	receipts := func(own bool) error {
		for _, r := range contact.Receipts {
			if (r.Channel.To == from.Self()) != own {
				continue
			}
			if _, err := to.Accept(ctx, from.Self(), r); err != nil {
				return fmt.Errorf("missed receipt: %w", err)
			}
		}
		return nil
	}
	if err := receipts(false); err != nil {
		return false, err
	}
	for ch, size := range contact.Return {
		for {
			page, err := from.Read(ctx, entente.Reader{Party: to.Self()}, node.Query{Lost: &node.Owed{Compact: ch.Compact, From: size}})
			if entente.KindOf(err) == entente.Hidden {
				break
			}
			if err != nil {
				return false, err
			}
			if _, err := to.Accept(ctx, from.Self(), *page.Batch); err != nil {
				return false, fmt.Errorf("give back: %w", err)
			}
			size += int64(len(page.Batch.Parcels))
			moved = true
		}
	}
	if err := receipts(true); err != nil {
		return false, err
	}
	for id, size := range contact.Send {
		for {
			page, err := from.Read(ctx, entente.Reader{Party: to.Self()}, node.Query{Owed: &node.Owed{Compact: id, From: size}})
			if err != nil {
				if entente.KindOf(err) == entente.Refused {
					break // restored mode
				}
				return false, err
			}
			if page.Batch == nil {
				break
			}
			b, err := entente.ParseBatch(entente.AppendBatch(nil, page.Batch))
			if err != nil {
				return false, err
			}
			out, err := to.Accept(ctx, from.Self(), b)
			if err != nil {
				return false, fmt.Errorf("deliver from %s: %w", entente.Short(from.Self()), err)
			}
			size += int64(len(b.Parcels))
			moved = true
			for _, r := range out.Receipts {
				if _, err := from.Accept(ctx, to.Self(), entente.Batch{Channel: b.Channel, Head: r}); err != nil {
					return false, fmt.Errorf("receipt: %w", err)
				}
			}
		}
	}
	return moved, nil
}
