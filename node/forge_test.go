package node_test

import (
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/ledger"
	"entente/stix"
	"entente/store"
)

// forge makes the next batch of the channel from liar to victim out of whatever
// the liar wants to say, under a head that the liar signs.
func (c *cell) forge(liar, victim *member, id entente.CompactID, parcels ...entente.Parcel) entente.Batch {
	c.t.Helper()
	return c.forgeUnder(1, liar, victim, id, parcels...)
}

// forgeUnder is forge under a version of the liar's card.
func (c *cell) forgeUnder(card int64, liar, victim *member, id entente.CompactID, parcels ...entente.Parcel) entente.Batch {
	c.t.Helper()
	ch := entente.Channel{From: liar.Self(), To: victim.Self(), Compact: id, Epoch: 1}
	var tree ledger.Tree
	var last entente.ActID
	check(c.t, victim.db.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Channel(ch)
		if err != nil {
			return nil // the first batch of the channel
		}
		last = row.Head
		return tx.EachLeaf(row.N, func(l store.Leaf) error {
			tree.Append(l.ID)
			return nil
		})
	}))
	b := entente.Batch{Channel: ch, First: tree.Size(), Parcels: parcels}
	for _, p := range parcels {
		tree.Append(string(p.Leaf))
	}
	head, err := entente.Sign(entente.Act{
		Kind: entente.KindHead, Signer: liar.Self(), Card: card, Compact: id, To: victim.Self(), Time: entente.At(c.now),
		Head: &entente.Head{Epoch: 1, Tree: tree.Head(), Previous: last},
	}, liar.ring.Receipt)
	check(c.t, err)
	b.Head = head.Envelope()
	return b
}

// say signs any act with the liar's own key.
func (c *cell) say(liar *member, a entente.Act) entente.Signed {
	c.t.Helper()
	a.Signer, a.Card, a.Time = liar.Self(), 1, entente.At(c.now)
	s, err := entente.Sign(a, liar.ring.Act)
	check(c.t, err)
	return s
}

func parcelOf(s entente.Signed, records ...entente.Record) entente.Parcel {
	p := entente.Parcel{Leaf: s.ID, Act: s.Envelope()}
	for _, r := range records {
		p.Records = append(p.Records, r.Bytes)
	}
	return p
}

func (c *cell) record(originator entente.PartyID, text string) entente.Record {
	c.t.Helper()
	o, err := stix.NewIdentity(c.now, text, "organization")
	check(c.t, err)
	r, err := entente.NewRecord(originator, entente.MediaSTIX, entente.At(c.now), nil, o.Raw)
	check(c.t, err)
	return r
}

func (c *cell) releaseOf(id entente.CompactID, terms entente.ActID, to entente.PartyID, records ...entente.Record) entente.Act {
	rel := &entente.Release{Terms: terms, Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"}}
	for _, r := range records {
		rel.Records = append(rel.Records, entente.Released{Record: r.ID})
	}
	return entente.Act{Kind: entente.KindRelease, Compact: id, To: to, Release: rel}
}

// dump is every row of a party's store as text: all that an operator, a log
// reader or a thief of the disk could find.
func (m *member) dump(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	check(t, m.db.View(ctx, func(tx *store.Tx) error {
		show := func(v any) { fmt.Fprintf(&b, "%+v\n", v) }
		err := tx.EachRecord(func(r store.Record) error { show(r); fmt.Fprintf(&b, "%s\n", r.Bytes); return nil })
		if err != nil {
			return err
		}
		err = tx.EachAct(func(a store.Act) error {
			s, err := entente.ParseSigned(a.Envelope)
			a.Envelope = nil
			show(a)
			fmt.Fprintf(&b, "%s\n", s.Payload)
			return err
		})
		if err != nil {
			return err
		}
		channels, err := tx.Channels()
		if err != nil {
			return err
		}
		for _, ch := range channels {
			if ch.From == ch.To && ch.Compact != "" {
				continue // a log: its lines come last
			}
			show(ch)
			if err := tx.EachLeaf(ch.N, func(l store.Leaf) error { show(l); return nil }); err != nil {
				return err
			}
		}
		if err := tx.EachGrant(func(g store.Grant) error { show(g); return nil }); err != nil {
			return err
		}
		if err := tx.EachDelivery(func(d store.Delivery) error { show(d); return nil }); err != nil {
			return err
		}
		parties, err := tx.Parties()
		if err != nil {
			return err
		}
		for _, p := range parties {
			show(p)
		}
		events, err := tx.Events(0, 100000)
		for _, e := range events {
			show(e)
		}
		return err
	}))
	return b.String()
}

// TestWhatALiarSaysIsRefused hands B, over A's own channel, one thing after
// another that A may not say. Each gets its code, and nothing of it is applied.
func TestWhatALiarSaysIsRefused(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	other := c.found("A", "B")
	a, b, third := c.as("A"), c.as("B"), c.as("C")
	state, err := b.Compact(ctx, id)
	check(t, err)
	terms := state.Terms

	own, foreign := c.record(a.Self(), "own"), c.record(third.Self(), "foreign")
	good := c.say(a, c.releaseOf(id, terms, b.Self(), own))
	cBySelf := c.say(third, c.releaseOf(id, terms, b.Self(), foreign))
	resigned := cBySelf
	resigned.Signatures = good.Signatures
	forged := c.releaseOf(id, terms, b.Self(), own)
	forged.Signer, forged.Card, forged.Time = third.Self(), 1, entente.At(c.now)
	stolenName, err := entente.Sign(forged, a.ring.Act)
	check(t, err)
	wide := c.releaseOf(id, terms, b.Self(), own)
	wide.Release.Handling.TLP = entente.TLPClear
	suspension := c.say(third, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: &entente.Link{Seq: 9, Prev: entente.ActID(id)}, Suspension: &entente.Suspension{Member: third.Self()}})
	suspension.Signatures = good.Signatures
	receipt, err := entente.Sign(entente.Act{
		Kind: entente.KindReceipt, Signer: a.Self(), Card: 1, Compact: id, To: b.Self(), Time: entente.At(c.now),
		Receipt: &entente.Receipt{Epoch: 1, Tree: entente.TreeHead{Size: 0, Root: ledger.EmptyRoot}},
	}, a.ring.Receipt)
	check(t, err)
	recalled := c.say(a, entente.Act{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &entente.Recall{Ends: []entente.ActID{good.ID}, Scope: "delete", Reason: "x"}})
	tampered := own.Bytes[:len(own.Bytes)-2]

	for _, x := range []struct {
		what   string
		parcel entente.Parcel
		want   entente.Code
	}{
		{"not an act", entente.Parcel{Leaf: good.ID, Act: []byte(`{"a":1}`)}, entente.RefusedForm},
		{"under another id", entente.Parcel{Leaf: cBySelf.ID, Act: good.Envelope(), Records: [][]byte{own.Bytes}}, entente.RefusedForm},
		{"for somebody else", parcelOf(c.say(a, c.releaseOf(id, terms, third.Self(), own)), own), entente.RefusedTo},
		{"of another compact", parcelOf(c.say(a, c.releaseOf(other, entente.ActID(other), b.Self(), own)), own), entente.RefusedCompact},
		{"signed by another, brought by A", parcelOf(cBySelf, foreign), entente.RefusedSigned},
		{"in another's name under A's key", parcelOf(stolenName, own), entente.RefusedSigned},
		{"another's act with A's signature", parcelOf(resigned, foreign), entente.RefusedSigned},
		{"another's record as if released by A", parcelOf(c.say(a, c.releaseOf(id, terms, b.Self(), foreign)), foreign), entente.RefusedConsent},
		{"records missing", parcelOf(good), entente.RefusedRecords},
		{"a record more than named", parcelOf(good, own, foreign), entente.RefusedRecords},
		{"another record than named", parcelOf(good, c.record(a.Self(), "swapped")), entente.RefusedRecords},
		{"a record cut short", entente.Parcel{Leaf: good.ID, Act: good.Envelope(), Records: [][]byte{tampered}}, entente.RefusedForm},
		{"handling wider than the charter", parcelOf(c.say(a, wide), own), entente.RefusedTerms},
		{"a forged suspension of C", parcelOf(suspension), entente.RefusedSigned},
		{"a receipt as an entry", parcelOf(receipt), entente.RefusedKind},
		{"withheld", entente.Parcel{Leaf: recalled.ID}, entente.CodeWithheld},
		{"and at last what A may say", parcelOf(good, own), entente.CodeApplied},
	} {
		out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, x.parcel))
		if err != nil {
			t.Errorf("%s: the batch was refused whole: %v", x.what, err)
			continue
		}
		if out.Codes[0] != x.want {
			t.Errorf("%s: %s, want %s", x.what, out.Codes[0], x.want)
		}
		if visible := b.sees(own.ID) || b.sees(foreign.ID); visible != (x.want == entente.CodeApplied) {
			t.Errorf("%s: visible is %v", x.what, visible)
		}
	}
	state, err = b.Compact(ctx, id)
	check(t, err)
	if len(state.Members[third.Self()].Suspended) > 0 {
		t.Error("a forged suspension counts")
	}
	c.verify()
}

// TestBatchesThatDoNotContinueTheChannel are refused whole and change nothing.
func TestBatchesThatDoNotContinueTheChannel(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a, b := c.as("A"), c.as("B")
	r1, r2 := c.record(a.Self(), "one"), c.record(a.Self(), "two")
	first := c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), r1))
	second := c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), r2))
	batch := c.forge(a, b, id, parcelOf(first, r1))
	if _, err := b.Accept(ctx, a.Self(), batch); err != nil {
		t.Fatal(err)
	}
	before := b.dump(t)
	next := c.forge(a, b, id, parcelOf(second, r2))

	again, err := b.Accept(ctx, a.Self(), batch)
	if err != nil || len(again.Receipts) != 1 {
		t.Errorf("a replayed batch: %v, %d receipts; want the receipt once more", err, len(again.Receipts))
	}
	gap := next
	gap.First++
	rewritten := batch
	rewritten.Parcels = []entente.Parcel{parcelOf(second, r2)}
	headless := next
	headless.Head = batch.Head
	wrongEpoch := next
	wrongEpoch.Channel.Epoch = 2
	notMine := next
	notMine.Channel.To = c.as("C").Self()
	unsigned := next
	forgedHead, err := entente.ParseSigned(next.Head)
	check(t, err)
	forgedHead.Signatures[0].Sig = first.Signatures[0].Sig
	unsigned.Head = forgedHead.Envelope()
	untrue := next
	untrueHead, err := entente.ParseSigned(next.Head)
	check(t, err)
	statement := *untrueHead.Act.Head
	statement.Tree.Root = ledger.EmptyRoot
	untrueHead.Act.Head = &statement
	untrueHead, err = entente.Sign(untrueHead.Act, a.ring.Receipt)
	check(t, err)
	untrue.Head = untrueHead.Envelope()
	for what, x := range map[string]entente.Batch{
		"a head that the entries do not give": untrue,
		"a gap":                               gap, "history rewritten": rewritten, "the head of another batch": headless,
		"an epoch the card does not open": wrongEpoch, "a channel of others": notMine, "a head that does not verify": unsigned,
	} {
		if _, err := b.Accept(ctx, a.Self(), x); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if _, err := b.Accept(ctx, c.as("C").Self(), next); err == nil {
		t.Error("A's batch was accepted from C")
	}
	stranger := newCell(t, "X").as("X")
	if _, err := b.Accept(ctx, stranger.Self(), c.forge(stranger, b, id, parcelOf(second, r2))); err == nil {
		t.Error("a batch of an unknown party was accepted")
	}
	if b.sees(r2.ID) {
		t.Error("something of a refused batch was applied")
	}
	// Only the log has grown: refusals are noted.
	cut := func(s string) string { i := strings.LastIndex(s, "{N:1 At:"); return s[:i] }
	if cut(b.dump(t)) != cut(before) {
		t.Error("a refused batch changed the store")
	}
	if out, err := b.Accept(ctx, a.Self(), next); err != nil || out.Codes[0] != entente.CodeApplied {
		t.Errorf("the true next batch: %v %v", out.Codes, err)
	}
}

// envelope is an act as a party's store has it.
func (c *cell) envelope(m *member, id entente.ActID) []byte {
	c.t.Helper()
	var out []byte
	check(c.t, m.db.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Act(id)
		out = row.Envelope
		return err
	}))
	return out
}
