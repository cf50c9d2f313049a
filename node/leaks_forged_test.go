package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/store"
)

// Classes 9 and 10: another's record, and signatures that fail.

func TestLeak09ARelayRewrites(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	a, b, third := c.as("A"), c.as("B"), c.as("C")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	asks, err := b.Asks(ctx)
	check(t, err)
	rec := b.held(t, r)
	consent, err := entente.ParseSigned(c.envelope(b, asks[0].Answer))
	check(t, err)
	relay := func(rec entente.Record, change func(*entente.Act)) entente.Parcel {
		act := c.releaseOf(id, entente.ActID(id), third.Self(), rec)
		act.Release.Handling = *consent.Act.Consent.Handling
		act.Release.Records[0].Consent = consent.ID
		if change != nil {
			change(&act)
		}
		p := parcelOf(c.say(b, act), rec)
		p.Attached = [][]byte{consent.Envelope()}
		return p
	}
	edited, err := entente.NewRecord(a.Self(), entente.MediaSTIX, rec.Header.Time, nil, []byte(strings.Replace(string(rec.Body), "lent by A", "bent by B", 1)))
	check(t, err)
	mine, err := entente.NewRecord(b.Self(), entente.MediaSTIX, rec.Header.Time, nil, rec.Body)
	check(t, err)
	swapped := relay(rec, nil)
	swapped.Records = [][]byte{edited.Bytes}
	bare := relay(rec, nil)
	bare.Attached = nil
	resigned := relay(rec, nil)
	forged := consent
	forged.Signatures = mustSign(t, consent.Act, b.ring.Act).Signatures
	resigned.Attached = [][]byte{forged.Envelope()}
	// D, in league with B, consents to what is not its own; and lends B its own consent.
	by := func(signer *member, to entente.PartyID) entente.Parcel {
		act := consent.Act
		body := *act.Consent
		act.Consent, act.To, act.Signer = &body, to, signer.Self()
		lent := mustSign(t, act, signer.ring.Act)
		p := relay(rec, func(x *entente.Act) { x.Release.Records[0].Consent = lent.ID })
		p.Attached = [][]byte{lent.Envelope()}
		return p
	}
	for what, p := range map[string]entente.Parcel{
		"consented to by D":         by(c.as("D"), b.Self()),
		"by a consent of A's to D":  by(a, c.as("D").Self()),
		"edited, under A's name":    relay(edited, nil),
		"edited, under the true id": swapped,
		"a wider label":             relay(rec, func(x *entente.Act) { x.Release.Handling.TLP = entente.TLPGreen }),
		"an onward rule of its own": relay(rec, func(x *entente.Act) { x.Release.Handling.Onward = entente.OnwardAsk }),
		"the consent left out":      bare,
		"the consent unsigned":      resigned,
	} {
		if code := c.hands("B", "C", id, p); !code.Refused() && code != "" {
			t.Errorf("%s: %q", what, code)
		}
		c.seenBy(r, "A", "B")
		c.seenBy(edited.ID)
	}
	// Relabelled, it is B's word, with another id, and never shown as A's.
	if code := c.hands("B", "C", id, parcelOf(c.say(b, c.releaseOf(id, entente.ActID(id), third.Self(), mine)), mine)); code != entente.CodeApplied {
		t.Fatalf("%q", code)
	}
	if got := third.held(t, mine.ID); got.Header.Originator != b.Self() || got.ID == r {
		t.Error("what B says in its own name is shown as A's")
	}
	if code := c.hands("B", "C", id, relay(rec, nil)); code != entente.CodeApplied || string(third.held(t, r).Bytes) != string(rec.Bytes) {
		t.Errorf("the true relay: %q", code)
	}
	c.seenBy(r, "A", "B", "C")
}

func TestLeak10AFailedSignature(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	kept, _ := a.note(t, "kept")
	c.release("A", id, []entente.RecordID{kept}, "B")
	c.meetAll()
	where, err := b.Where(ctx, kept)
	check(t, err)
	rec := c.record(a.Self(), "unsigned")
	for _, act := range []entente.Act{
		c.releaseOf(id, entente.ActID(id), b.Self(), rec),
		{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &entente.Recall{Ends: []entente.ActID{where.Came[0].Release}, Scope: "delete", Reason: "x"}},
		{Kind: entente.KindAsk, Compact: id, To: b.Self(), Ask: &entente.Ask{Record: kept, Use: entente.Relay, Recipients: []entente.PartyID{c.as("C").Self()}, Purpose: "counter-terrorism"}},
		{Kind: entente.KindConsent, Compact: id, To: b.Self(), Consent: &entente.Consent{
			Record: kept, Use: entente.Relay, Recipients: []entente.PartyID{c.as("C").Self()}, Purpose: "counter-terrorism",
			Handling: &entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"},
		}},
		{Kind: entente.KindSuspension, Compact: id, Chain: &entente.Link{Seq: 1, Prev: entente.ActID(id)}, Suspension: &entente.Suspension{Member: b.Self()}},
	} {
		good := c.say(a, act)
		for what, sigs := range map[string][]entente.Signature{
			"another act's signature": c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), c.record(a.Self(), "x"))).Signatures,
			"C's signature":           c.say(c.as("C"), act).Signatures,
			"the wrong key":           mustSign(t, good.Act, a.ring.Receipt).Signatures,
		} {
			bad := good
			bad.Signatures = sigs
			p := parcelOf(bad)
			if act.Kind == entente.KindRelease {
				p = parcelOf(bad, rec)
			}
			before := b.kinds(t)
			if code := c.hands("A", "B", id, p); code != entente.RefusedSigned {
				t.Errorf("%s with %s: %q", act.Kind, what, code)
			}
			if after := b.kinds(t); after != before {
				t.Errorf("%s with %s was kept: %s, before %s", act.Kind, what, after, before)
			}
		}
	}
	c.seenBy(rec.ID)
	c.seenBy(kept, "A", "B")
	if asks, err := b.Asks(ctx); err != nil || len(asks) > 0 {
		t.Errorf("an ask that nobody signed is shown: %+v %v", asks, err)
	}
	if strings.Contains(b.dump(t), "unsigned") {
		t.Error("the body of what was refused is in the store")
	}
	// A batch and a receipt under wrong signatures are refused whole.
	batch := c.forge(a, b, id, parcelOf(c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), rec)), rec))
	head, err := entente.ParseSigned(batch.Head)
	check(t, err)
	wrong := mustSign(t, head.Act, a.ring.Act)
	batch.Head = wrong.Envelope()
	if _, err := b.Accept(ctx, a.Self(), batch); err == nil {
		t.Error("a head signed with the key for acts")
	}
	// D's own answer to C, with B's signature: C takes it with D's alone.
	from, to := c.as("C"), c.as("D")
	more, _ := from.note(t, "more")
	c.release("C", id, []entente.RecordID{more}, "D")
	positions, err := to.Positions(ctx, from.Self())
	check(t, err)
	i := slices.IndexFunc(positions, func(p node.Position) bool { return p.Channel.From == from.Self() && p.Channel.Compact == id })
	page, err := from.Read(ctx, entente.Reader{Party: to.Self()}, node.Query{Owed: &node.Owed{Compact: id, From: positions[i].Tree.Size}})
	check(t, err)
	out, err := to.Accept(ctx, from.Self(), *page.Batch)
	check(t, err)
	receipt, err := entente.ParseSigned(out.Receipts[0])
	check(t, err)
	forged := mustSign(t, receipt.Act, b.ring.Receipt)
	if _, err := from.Accept(ctx, to.Self(), entente.Batch{Channel: page.Batch.Channel, Head: forged.Envelope()}); err == nil {
		t.Error("a receipt in D's name with B's signature")
	}
	if _, err := from.Accept(ctx, to.Self(), entente.Batch{Channel: page.Batch.Channel, Head: out.Receipts[0]}); err != nil {
		t.Errorf("the receipt itself: %v", err) // or the above proves nothing
	}
	c.seenBy(rec.ID)
	c.verify()
}

// kinds counts what the store keeps of acts that are not heads and receipts, and of records.
func (m *member) kinds(t testing.TB) string {
	t.Helper()
	acts, records := 0, 0
	check(t, m.db.View(ctx, func(tx *store.Tx) error {
		err := tx.EachAct(func(a store.Act) error {
			if a.Kind != entente.KindHead && a.Kind != entente.KindReceipt {
				acts++
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.EachRecord(func(store.Record) error { records++; return nil })
	}))
	return fmt.Sprintf("%d acts, %d records", acts, records)
}

func mustSign(t testing.TB, a entente.Act, k entente.Signer) entente.Signed {
	t.Helper()
	s, err := entente.Sign(a, k)
	check(t, err)
	return s
}
