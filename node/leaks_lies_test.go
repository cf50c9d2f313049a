package node_test

import (
	"bytes"
	"fmt"
	"strings"

	"entente"
	"entente/ledger"
	"entente/node"
	"entente/stix"
)

// liesOf are the lies that L can tell a victim. Each hands in what it makes up.
func liesOf(l *liar, v *member) map[string]func() {
	a, b := l.as("A"), l.as("B")
	other := a // somebody who is not the victim
	if v == a {
		other = b
	}
	id, terms := l.id, entente.ActID(l.id)
	c := func(change func(*entente.Act)) entente.Signed { // A's consent, changed, under L's key
		x := l.consent.Act
		body := *x.Consent
		x.Consent = &body
		change(&x)
		s, err := entente.Sign(x, l.me.ring.Act)
		check(l.t, err)
		return s
	}
	relay := func(by entente.Signed, change func(*entente.Release)) entente.Parcel {
		return attached(l.release(v, l.lent, func(r *entente.Release) {
			r.Records[0].Consent, r.Handling = by.ID, *l.consent.Act.Consent.Handling
			if change != nil {
				change(r)
			}
		}), by)
	}
	remade := func(rec entente.Record, old, new string) entente.Record {
		x, err := entente.ParseRecord(bytes.Replace(rec.Bytes, []byte(old), []byte(new), 1))
		check(l.t, err)
		return x
	}
	squat := func(more string) entente.Record {
		o, err := stix.Parse(l.private.Body)
		check(l.t, err)
		raw := fmt.Appendf(nil, `{"type":"identity","spec_version":"2.1","id":%q,"created":"2026-02-01T00:00:00.000Z","modified":"2026-02-%02dT00:00:00.000Z","name":"squatted","identity_class":"group"%s}`, o.ID, 2+l.rnd.IntN(20), more)
		rec, err := entente.NewRecord(l.me.Self(), entente.MediaSTIX, entente.At(l.now), nil, raw)
		check(l.t, err)
		return rec
	}
	seq := func(of *member) *entente.Link {
		s, err := v.Compact(ctx, id)
		check(l.t, err)
		link := s.Next(of.Self())
		return &link
	}
	positions := func() []node.Position {
		at, err := v.Positions(ctx, l.me.Self())
		check(l.t, err)
		return at
	}
	wide := l.charter("A", "B", "D", "L")
	wide.Handling.Widest, wide.Handling.Onward = entente.TLPClear, entente.OnwardMembers
	card := func(of *member, change func(*entente.Card)) entente.Signed {
		twin := *of
		twin.roots = []entente.PrivateKey{l.me.roots[0], l.me.roots[1]}
		s, _ := l.nextCard(&twin, change)
		return s
	}
	lies := map[string]func(){
		"relays with no consent":   func() { l.hand(v, l.release(v, l.lent, nil)) },
		"shows what it has stolen": func() { l.hand(v, l.release(v, l.private, nil)) },
		"widens the recipients of a consent": func() {
			l.hand(v, relay(c(func(x *entente.Act) { x.Consent.Recipients = []entente.PartyID{v.Self()} }), nil))
		},
		"makes up a consent of its own": func() { l.hand(v, relay(c(func(x *entente.Act) { x.Signer, x.To = l.me.Self(), b.Self() }), nil)) },
		"makes a refusal a consent":     func() { l.hand(v, relay(c(func(x *entente.Act) { x.Consent.Purpose = "another" }), nil)) },
		"strips a caveat":               func() { l.hand(v, relay(l.consent, func(r *entente.Release) { r.Handling.Caveats = nil })) },
		"widens the label":              func() { l.hand(v, relay(l.consent, func(r *entente.Release) { r.Handling.TLP = entente.TLPGreen })) },
		"widens the onward rule": func() {
			l.hand(v, relay(l.consent, func(r *entente.Release) { r.Handling.Onward = entente.OnwardAsk }))
		},
		"hands on A's release to itself": func() { l.hand(v, parcelOf(l.toMe, l.lent)) },
		"labels its own record as A's":   func() { l.hand(v, l.release(v, l.record(a.Self(), "never said by A"), nil)) },
		"changes a word of A's":          func() { l.hand(v, l.release(v, remade(l.lent, "lent to L", "lent to X"), nil)) },
		"speaks in another's name":       func() { l.hand(v, parcelOf(l.inName(other, l.releaseOf(id, terms, v.Self(), l.private)), l.private)) },
		"puts A's signature under its own": func() {
			s := l.say(l.me, l.releaseOf(id, terms, v.Self(), l.private))
			s.Signatures = l.toMe.Signatures
			l.hand(v, parcelOf(s, l.private))
		},
		"squats on an id of A's":    func() { r := squat(""); l.hand(v, l.release(v, r, nil)) },
		"revokes an object of A's":  func() { r := squat(`,"revoked":true`); l.hand(v, l.release(v, r, nil)) },
		"recalls what A released":   func() { l.hand(v, parcelOf(l.say(l.me, l.ending(v)))) },
		"recalls in another's name": func() { l.hand(v, parcelOf(l.inName(other, l.ending(v)))) },
		"suspends B in B's name": func() {
			l.hand(v, parcelOf(l.inName(b, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: seq(b), Suspension: &entente.Suspension{Member: b.Self()}})))
		},
		"amends the terms alone": func() {
			l.hand(v, parcelOf(l.say(l.me, entente.Act{Kind: entente.KindAmendment, Compact: id, Chain: seq(l.me), Amendment: &entente.Amendment{Number: 1, Base: terms, Charter: wide}})))
		},
		"signs an amendment in A's name": func() {
			l.hand(v, parcelOf(l.inName(a, entente.Act{Kind: entente.KindAccession, Compact: id, Chain: seq(a), Accession: &entente.Accession{To: terms}})))
		},
		"founds a compact of others":        func() { l.hand(v, parcelOf(l.inName(a, entente.Act{Kind: entente.KindCharter, Charter: &wide}))) },
		"sends a card of A's":               func() { l.hand(v, parcelOf(card(a, nil))) },
		"sends a card of A's at the door":   func() { l.refused(v.Introduce(ctx, a.Self(), [][]byte{ptr(card(a, nil)).Envelope()})) },
		"shows A's card as its own":         func() { l.refused(v.Introduce(ctx, l.me.Self(), [][]byte{a.card.Envelope()})) },
		"sends a card that skips a version": func() { l.hand(v, parcelOf(card(l.me, func(x *entente.Card) { x.Version = 3 }))) },
		"sends a head as an entry": func() {
			h, err := entente.ParseSigned(l.forge(l.me, v, id).Head)
			check(l.t, err)
			l.hand(v, parcelOf(h))
		},
		"floods": func() { l.hand(v, l.flood(v)...) },
		"replays what it has listened to": func() {
			for _, x := range l.stolen {
				l.bring(v, x)
			}
		},
		"says it is A who delivers": func() {
			x := l.forge(l.me, v, id, l.release(v, l.private, nil))
			x.Channel.From = other.Self()
			l.bring(v, x)
		},
		"delivers in a compact of others": func() {
			l.bring(v, l.forge(l.me, v, l.other, parcelOf(l.say(l.me, l.releaseOf(l.other, entente.ActID(l.other), v.Self(), l.private)), l.private)))
		},
		"leaves a gap": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil))
			x.First++
			l.bring(v, x)
		},
		"goes back": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil))
			x.First = max(0, x.First-1)
			l.bring(v, x)
		},
		"cuts a batch short": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil), l.release(v, l.record(l.me.Self(), "y"), nil))
			x.Parcels = x.Parcels[:1]
			l.bring(v, x)
		},
		"turns a batch round": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil), l.release(v, l.record(l.me.Self(), "y"), nil))
			x.Parcels[0], x.Parcels[1] = x.Parcels[1], x.Parcels[0]
			l.bring(v, x)
		},
		"delivers under another epoch": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil))
			x.Channel.Epoch = 2
			l.bring(v, x)
		},
		"delivers twice": func() {
			x := l.forge(l.me, v, id, l.release(v, l.record(l.me.Self(), "x"), nil))
			l.bring(v, x)
			l.bring(v, x)
		},
		"flips bits":                func() { l.flips(v) },
		"withholds what it sends":   func() { p := l.release(v, l.record(l.me.Self(), "x"), nil); l.hand(v, entente.Parcel{Leaf: p.Leaf}) },
		"receipts more than it got": func() { l.receipt(v, func(r *entente.Receipt) { r.Tree.Size += 3 }) },
		"receipts another root":     func() { l.receipt(v, func(r *entente.Receipt) { r.Tree.Root = "sha256:" + strings.Repeat("a", 64) }) },
		"receipts in B's name":      func() { l.receipt(v, func(*entente.Receipt) {}) },
		"says that v has lost entries": func() {
			at := positions()
			for i := range at {
				at[i].Tree.Size += 7
			}
			l.refused(second(v.Compare(ctx, l.me.Self(), at)))
		},
		"shows its own signature as v's": func() {
			at := positions()
			for i := range at {
				at[i].Tree.Size, at[i].Evidence = at[i].Tree.Size+7, l.forge(l.me, v, id).Head
			}
			l.refused(second(v.Compare(ctx, l.me.Self(), at)))
		},
		"gives back what v never lost": func() {
			x := l.forge(l.me, v, id, l.release(v, l.private, nil))
			x.Channel.From, x.Channel.To = v.Self(), l.me.Self()
			l.bring(v, x)
		},
		"asks for what it may not see": func() {
			l.hand(v, parcelOf(l.say(l.me, entente.Act{Kind: entente.KindAsk, Compact: id, To: v.Self(), Ask: &entente.Ask{Record: l.private.ID, Use: entente.Relay, Recipients: []entente.PartyID{l.me.Self()}, Purpose: "x"}})))
		},
		"reads the compact of others": func() { l.reads(v) },
		"brings its own record by no release": func() {
			x := l.forge(l.me, v, id)
			x.Parcels = []entente.Parcel{{Leaf: l.toMe.ID, Records: [][]byte{l.private.Bytes}}}
			l.bring(v, x)
		},
	}
	return lies
}

func ptr[T any](v T) *T { return &v }

func second[T any](_ T, err error) error { return err }

// refused wants an error that has a kind, or none.
func (l *liar) refused(err error) {
	if err != nil && entente.KindOf(err) == "" {
		l.t.Errorf("an error without a kind: %v", err)
	}
}

// ending is a recall of everything that the victim has from others.
func (l *liar) ending(v *member) entente.Act {
	ends := []entente.ActID{l.toMe.ID}
	others := false
	page, err := v.Read(ctx, entente.Reader{Party: v.Self()}, node.Query{Own: &others, Limit: 1000})
	check(l.t, err)
	for _, x := range page.Views {
		for _, g := range x.Grants() {
			ends = append(ends, g.Release)
		}
	}
	return entente.Act{Kind: entente.KindRecall, Compact: l.id, To: v.Self(), Recall: &entente.Recall{Ends: sortedSet(ends), Scope: "delete", Reason: "x"}}
}

// flood is more of everything than anybody wants.
func (l *liar) flood(v *member) (out []entente.Parcel) {
	for i := range 60 {
		leaf := entente.ActID(fmt.Sprintf("sha256:%064x", l.rnd.Uint64()))
		switch i % 3 {
		case 0:
			out = append(out, entente.Parcel{Leaf: leaf})
		case 1:
			out = append(out, entente.Parcel{Leaf: leaf, Act: bytes.Repeat([]byte("{"), 500)})
		default:
			p := l.release(v, l.private, nil)
			for range 20 {
				p.Attached = append(p.Attached, l.consent.Envelope())
			}
			out = append(out, p)
		}
	}
	return out
}

// flips hands in a batch of L's with some bits of its encoding changed. What of it
// still verifies is L's own.
func (l *liar) flips(v *member) {
	x := l.forge(l.me, v, l.id, l.release(v, l.private, nil), parcelOf(l.toMe, l.lent))
	wire := entente.AppendBatch(nil, &x)
	for range 1 + l.rnd.IntN(3) {
		wire[l.rnd.IntN(len(wire))] ^= 1 << l.rnd.IntN(8)
	}
	if b, err := entente.ParseBatch(wire); err == nil {
		l.refused(second(v.Accept(ctx, l.me.Self(), b)))
	}
}

// receipt answers the victim's channel to L, or pretends to.
func (l *liar) receipt(v *member, change func(*entente.Receipt)) {
	for _, p := range must(v.Positions(ctx, l.me.Self())) {
		if p.Channel.From != v.Self() {
			continue
		}
		body := &entente.Receipt{Epoch: 1, Tree: p.Tree, Entries: []entente.Disposition{{First: 0, Count: p.Tree.Size, Code: entente.CodeApplied}}}
		if s, err := entente.ParseSigned(p.Evidence); err == nil {
			if st, err := ledger.Of(&s); err == nil {
				body.Previous = s.ID
				body.Entries = []entente.Disposition{{First: st.Tree.Size, Count: 1, Code: entente.CodeApplied}}
			}
		}
		change(body)
		if n := len(body.Entries); n > 0 {
			body.Entries[n-1].Count = body.Tree.Size - body.Entries[n-1].First
		}
		key := l.me.ring.Receipt
		if body.Tree == p.Tree {
			key = l.as("L").ring.Act // a key that may not sign receipts
		}
		s, err := entente.Sign(entente.Act{Kind: entente.KindReceipt, Signer: l.me.Self(), Card: 1, Compact: p.Channel.Compact, To: v.Self(), Time: entente.At(l.now), Receipt: body}, key)
		if err != nil {
			continue // no act
		}
		l.refused(second(v.Accept(ctx, l.me.Self(), entente.Batch{Channel: p.Channel, Head: s.Envelope()})))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// reads asks for what L has no part in; it must get nothing.
func (l *liar) reads(v *member) {
	me := entente.Reader{Party: l.me.Self()}
	for _, q := range []node.Query{
		{Owed: &node.Owed{Compact: l.other}},
		{Lost: &node.Owed{Compact: l.other}},
		{Lost: &node.Owed{Compact: l.id, From: 1 << 40}},
		{Owed: &node.Owed{Compact: l.other, From: 1 << 40}},
		{Record: string(l.private.ID)},
		{Compact: l.other},
	} {
		page, err := v.Read(ctx, me, q)
		if page.Batch != nil && page.Batch.Channel.From != l.me.Self() || len(page.Views) > 0 { // its own entries it may have back
			l.t.Errorf("L reads %+v at %s: %+v", q, v.name, page)
		}
		l.refused(err)
	}
}

func sortedSet(ids []entente.ActID) []entente.ActID {
	seen := map[entente.ActID]bool{}
	var out []entente.ActID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	for i := range out {
		for k := i; k > 0 && out[k] < out[k-1]; k-- {
			out[k], out[k-1] = out[k-1], out[k]
		}
	}
	return out
}
