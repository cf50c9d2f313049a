package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"entente"
	"entente/compact"
	"entente/keyring"
	"entente/store"
)

// errTwoCards says that a second card of a version came: the party is frozen.
var errTwoCards = errors.New("a second card of the same version")

// takeCard verifies a card and keeps it: a first card of a party not known yet,
// or the rightful successor of the card in force. It answers whether anything
// is new.
func (d *desk) takeCard(from entente.PartyID, a *arrived) (bool, error) {
	s := &a.signed
	c := s.Act.CardBody
	if err := s.VerifyBy(c); err != nil {
		return false, err
	}
	if has, err := d.HasAct(s.ID); err != nil || has {
		return false, err
	}
	row, old, err := d.current(d.Tx, a.party)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if c.Version != 1 {
			return false, fmt.Errorf("card version %d of a party whose first card is not known", c.Version)
		}
		row = store.Party{ID: a.party}
	case err != nil:
		return false, err
	case c.Version <= old.Version:
		return d.secondCard(from, row, s)
	default:
		if err := old.Follows(row.Card, c); err != nil {
			return false, err
		}
	}
	if err := d.keep(from, s, store.StateApplied); err != nil {
		return false, err
	}
	row.Name, row.Card, row.Version, row.Epoch = c.Name, s.ID, c.Version, c.Epoch
	if err := d.PutParty(row); err != nil {
		return false, err
	}
	return true, d.event(store.Event{What: "card", Who: string(from), Subject: string(a.party), Detail: fmt.Sprintf("version %d of %s", c.Version, c.Name)})
}

// secondCard freezes a party of which two cards of one version are known, if
// the second is as good as the first.
func (d *desk) secondCard(from entente.PartyID, row store.Party, s *entente.Signed) (bool, error) {
	c := s.Act.CardBody
	if c.Version == 1 {
		return false, fmt.Errorf("a party has one first card")
	}
	before, err := d.card(d.Tx, row.ID, c.Version-1)
	if err != nil {
		return false, err
	}
	if err := before.Follows(c.Previous, c); err != nil {
		return false, err
	}
	if prev, err := d.Act(c.Previous); err != nil || prev.Signer != row.ID || prev.State != store.StateApplied {
		return false, fmt.Errorf("card version %d does not follow the one known here", c.Version)
	}
	row.Frozen = s.ID
	if err := d.keep(from, s, store.StateKept); err != nil {
		return false, err
	}
	if err := d.PutParty(row); err != nil {
		return false, err
	}
	return false, errors.Join(errTwoCards, d.event(store.Event{What: "frozen", Who: string(from), Subject: string(row.ID), Detail: fmt.Sprintf("two cards of version %d", c.Version)}))
}

// applyCard takes a card that came in a channel: the sender's own, or that of
// a party on a roster of the channel's compact.
func (d *desk) applyCard(from entente.PartyID, row *store.Channel, a *arrived) (entente.Code, string, error) {
	c := a.signed.Act.CardBody
	if err := a.signed.VerifyBy(c); err != nil {
		return entente.RefusedSigned, err.Error(), nil
	}
	state, err := d.state(row.Compact)
	if err != nil {
		return "", "", err
	}
	if a.party != from && !(state.Listed(a.party) && state.Listed(from)) {
		return entente.RefusedCompact, "a card of a party that is not listed", nil
	}
	_, err = d.takeCard(from, a)
	switch {
	case errors.Is(err, errTwoCards), isStoreError(err):
		if errors.Is(err, errTwoCards) {
			return entente.CodeReceived, "two cards of one version", d.owe(row.Compact)
		}
		return "", "", err
	case err != nil:
		return entente.CodeReceived, err.Error(), nil
	}
	if a.party == from {
		row.Card = max(row.Card, c.Version)
	}
	return entente.CodeApplied, "", d.owe(row.Compact)
}

// takeAttachedCards takes the cards of an act's author that came with the act,
// if this node does not know the version that signed it. The author's id, which
// the act names, is the hash of the first of them.
func (d *desk) takeAttachedCards(from entente.PartyID, a *arrived) error {
	if _, err := d.card(d.Tx, a.party, a.signed.Act.Card); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, b := range a.Attached {
		s, err := entente.ParseSigned(b)
		if err != nil || s.Act.Kind != entente.KindCard || s.Act.Party(s.ID) != a.party {
			return nil // verify will say that the card is not known
		}
		card := arrived{Parcel: entente.Parcel{Leaf: s.ID, Act: b}, signed: s, party: a.party}
		if _, err := d.takeCard(from, &card); err != nil {
			if isStoreError(err) {
				return err
			}
			return nil
		}
	}
	return nil
}

func isStoreError(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrConflict)
}

// Card is the envelopes of a party's cards, oldest first: what is handed to others.
func (n *Node) Card(ctx context.Context, p entente.PartyID) ([][]byte, error) {
	var out [][]byte
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.ActsBy(p, entente.KindCard)
		for _, row := range rows {
			if row.State == store.StateApplied {
				out = append(out, row.Envelope)
			}
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = entente.ErrHidden
	}
	return out, err
}

// MaxCards bounds a file of cards, in bytes.
const MaxCards = 16 << 20

// CardsHint says where a file of cards comes from.
const CardsHint = "ask the party for the file that entente card --out writes, and hand it on unchanged"

// ReadCards reads the file that a party hands out: its cards, one envelope a line,
// oldest first. name is what errors call it.
func ReadCards(name string, b []byte) ([]entente.Signed, error) {
	if len(b) > MaxCards {
		return nil, entente.Errorf(entente.Invalid, CardsHint, "%s has more than %d bytes: it is no file of cards", name, MaxCards)
	}
	var cards []entente.Signed
	for i, text := range bytes.Split(b, []byte("\n")) {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		s, err := entente.ParseSigned(text)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, CardsHint, "%s:%d: %w", name, i+1, err)
		}
		if s.Act.Kind != entente.KindCard {
			return nil, entente.Errorf(entente.Invalid, CardsHint, "%s:%d: a %s, expected a card", name, i+1, s.Act.Kind)
		}
		cards = append(cards, s)
	}
	if len(cards) == 0 {
		return nil, entente.Errorf(entente.Invalid, CardsHint, "%s holds no card", name)
	}
	return cards, nil
}

// Trust takes a party's cards after a person has compared the fingerprint of
// the last one over another way. It also ends the freeze of a party: the card
// with this fingerprint is the right one.
func (n *Node) Trust(ctx context.Context, cards []entente.Signed, fingerprint [16]byte) (store.Party, error) {
	var out store.Party
	if len(cards) == 0 {
		return out, entente.Errorf(entente.Invalid, "ask the party for the file that entente card prints", "no card given")
	}
	last := cards[len(cards)-1]
	if entente.Fingerprint(last.ID) != fingerprint {
		return out, entente.Errorf(entente.Refused, "do not go on: call the party on a number you know and compare again", "the card does not have this fingerprint")
	}
	party := cards[0].Act.Party(cards[0].ID)
	err := n.update(ctx, func(d *desk) error {
		var leaves []store.Leaf
		if own, err := d.Party(d.self); err != nil {
			return err
		} else if party == d.self && own.Frozen == "" {
			return entente.Errorf(entente.Invalid, "ask the other party for its file", "the file holds this party's own card, expected the cards of one other party")
		}
		for i := range cards {
			a := arrived{Parcel: entente.Parcel{Leaf: cards[i].ID, Act: cards[i].Envelope()}, signed: cards[i], party: cards[i].Act.Party(cards[i].ID)}
			if cards[i].Act.Kind != entente.KindCard || a.party != party {
				return entente.Errorf(entente.Invalid, "ask the party for the file that entente card prints", "the file holds something else than the cards of one party")
			}
			added, err := d.takeCard(d.self, &a)
			if err != nil && !errors.Is(err, errTwoCards) {
				return entente.Errorf(entente.Refused, "", "card version %d: %w", cards[i].Act.CardBody.Version, err)
			}
			if added {
				leaves = append(leaves, store.Leaf{ID: string(cards[i].ID), Code: entente.CodeApplied})
			}
		}
		row, err := d.Party(party)
		if err != nil {
			return err
		}
		if row.Card != last.ID && row.Frozen != last.ID {
			return entente.Errorf(entente.Refused, "ask the party for its newest card", "a newer card of %s than this one is known", row.Name)
		}
		if row.Frozen == last.ID && party != d.self {
			// People say that the second card is the right one: the first becomes evidence.
			if err := d.SetActState(row.Card, store.StateKept); err != nil {
				return err
			}
			if err := d.SetActState(last.ID, store.StateApplied); err != nil {
				return err
			}
			c := last.Act.CardBody
			row.Name, row.Card, row.Version, row.Epoch = c.Name, last.ID, c.Version, c.Epoch
		}
		// Of its own card a party may only say that the one in force is right.
		if party == d.self && row.Card != last.ID {
			return entente.Errorf(entente.Refused, "see docs/keys.md", "this party does not hold the keys of that card of its own")
		}
		row.Frozen, row.Trusted = "", true
		out = row
		if err := d.PutParty(row); err != nil {
			return err
		}
		if err := d.event(store.Event{What: "trust", Subject: string(party), Detail: row.Name}); err != nil {
			return err
		}
		return d.enterBook(leaves)
	})
	n.mu.Lock()
	clear(n.cards) // which card of a version is in force may have changed
	n.mu.Unlock()
	return out, err
}

// Rotate puts a new card of this party in force, with the ring whose keys it
// lists. What is still queued under the old keys is signed again.
func (n *Node) Rotate(ctx context.Context, card entente.Signed, ring *keyring.Ring) error {
	if !ring.Matches(card.Act.CardBody) {
		return entente.Errorf(entente.Invalid, "", "the new card does not list the new keys")
	}
	old := n.Keys()
	n.setKeys(ring)
	err := n.update(ctx, func(d *desk) error {
		a := takeApart([]entente.Parcel{{Leaf: card.ID, Act: card.Envelope()}})
		if a[0].err != nil {
			return a[0].err
		}
		before, err := d.Party(d.self)
		if err != nil {
			return err
		}
		var out Outcome
		if err := d.acceptOwn(a, &out); err != nil {
			return err
		}
		if c := card.Act.CardBody; c.Epoch > before.Epoch {
			// What could not be given back is given up: the new epoch says so.
			if err := d.setLost(nil); err != nil {
				return err
			}
			if err := d.queueAgain(before.Epoch, card.ID); err != nil {
				return err
			}
		}
		return d.signQueueAgain(card.Act.CardBody.Version)
	})
	if err != nil {
		n.setKeys(old)
		return err
	}
	return n.standByTerms(ctx)
}

// standByTerms signs the terms of every compact again under the new card: until
// an act under it stands in the party's chain, the old key still counts there.
func (n *Node) standByTerms(ctx context.Context) error {
	states, err := n.Compacts(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		m := s.Members[n.self]
		if m == nil || m.Status != compact.StatusMember {
			continue
		}
		_, err := n.say(ctx, s.ID, func(_ *desk, s *compact.State) (entente.Act, error) {
			return entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: s.Terms}}, nil
		})
		if err != nil {
			return fmt.Errorf("sign the terms of %q under the new card: %w", s.Charter.Name, err)
		}
	}
	return nil
}

// queueAgain prepares the first deliveries of a new epoch: in each compact the
// card that opens it, then whatever the partner has not answered for.
func (d *desk) queueAgain(before int64, card entente.ActID) error {
	var first, rest []store.Delivery
	err := d.EachDelivery(func(row store.Delivery) error {
		ch, err := d.Channel(entente.Channel{From: d.self, To: row.To, Compact: row.Compact, Epoch: before})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		switch {
		case row.Act == card:
			first = append(first, row)
		case row.Pos == store.Queued, row.Pos >= ch.Receipted:
			rest = append(rest, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range append(first, rest...) {
		if row.Pos == store.Queued {
			// Drop it first, so that it goes to the end of the queue, behind the card.
			if err := d.Tx.Drop(row.N, "queued again in a new epoch"); err != nil {
				return err
			}
		}
		if err := d.EnqueueAgain([]store.Delivery{row}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) setKeys(ring *keyring.Ring) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys = ring
}

// signQueueAgain replaces queued acts that wait behind the new card: under the
// old key they would count no more.
func (d *desk) signQueueAgain(version int64) error {
	var leaves []store.Leaf
	var stale []store.Delivery
	err := d.EachDelivery(func(row store.Delivery) error {
		if row.Pos == store.Queued && !row.Kind.Control() {
			stale = append(stale, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range stale {
		leaf, err := d.signAgain(row, func(a *entente.Act) { a.Card = version })
		if err != nil {
			return err
		}
		leaves = append(leaves, leaf)
	}
	return d.enterBook(leaves)
}

// signAgain puts a changed act in the place of one that is queued, and its grants
// rest on the new one. What is behind it in the queue may refer to what it brings.
func (d *desk) signAgain(row store.Delivery, change func(*entente.Act)) (store.Leaf, error) {
	act, err := d.Act(row.Act)
	if err != nil {
		return store.Leaf{}, err
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err != nil {
		return store.Leaf{}, brokenRow("act", act.ID, err)
	}
	change(&s.Act)
	again, err := entente.Sign(s.Act, d.Keys().Act)
	if err != nil {
		return store.Leaf{}, err
	}
	if err := d.keep(d.self, &again, store.StateApplied); err != nil {
		return store.Leaf{}, err
	}
	if err := d.MoveGrants(row.Act, again.ID); err != nil {
		return store.Leaf{}, err
	}
	if err := d.Substitute(row.N, again.ID, signedAgain+string(again.ID)); err != nil {
		return store.Leaf{}, err
	}
	if err := d.SetActState(row.Act, store.StateKept); err != nil {
		return store.Leaf{}, err
	}
	return store.Leaf{ID: string(again.ID), Code: entente.CodeApplied}, nil
}

// signedAgain begins the reason why an act was dropped from the queue when
// another took its place.
const signedAgain = "signed again as "
