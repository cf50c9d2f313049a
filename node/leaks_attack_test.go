package node_test

import (
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/stix"
	"entente/store"
)

// Classes 6 to 8: what a member attempts.

func TestLeak06CheckOneChangeAnother(t *testing.T) {
	c, id, lent := lent(t, "A", "B", "C", "D")
	a, b, third := c.as("A"), c.as("B"), c.as("C")
	terms := entente.ActID(id)
	own, other := c.record(third.Self(), "C's own"), c.record(third.Self(), "C's other")
	foreign := b.held(t, lent)
	rel := c.say(third, c.releaseOf(id, terms, b.Self(), own))
	for what, p := range map[string]entente.Parcel{
		"named one, brought another":        parcelOf(rel, other),
		"named one, brought A's":            parcelOf(rel, foreign),
		"named one, brought both":           parcelOf(rel, own, other),
		"another act's id on the envelope":  {Leaf: c.say(third, c.releaseOf(id, terms, b.Self(), other)).ID, Act: rel.Envelope(), Records: [][]byte{own.Bytes}},
		"another record's bytes in the end": {Leaf: rel.ID, Act: rel.Envelope(), Records: [][]byte{append(own.Bytes[:len(own.Bytes):len(own.Bytes)], other.Bytes...)}},
	} {
		if code := c.hands("C", "B", id, p); !code.Refused() {
			t.Errorf("%s: %q", what, code)
		}
	}
	if code := c.hands("C", "B", id, parcelOf(rel, own)); code != entente.CodeApplied {
		t.Fatalf("the true one: %q", code)
	}
	// C recalls what is its own and, in one breath, what is A's.
	var arrival entente.ActID
	where, err := b.Where(ctx, lent)
	check(t, err)
	arrival = where.Came[0].Release
	for what, r := range map[string]entente.Recall{
		"A's release":                       {Ends: []entente.ActID{arrival}, Scope: "delete", Reason: "x"},
		"its own release, of A's record":    {Ends: []entente.ActID{rel.ID}, Records: []entente.RecordID{lent}, Scope: "delete", Reason: "x"},
		"its own and A's, of A's record":    {Ends: sortedActs(rel.ID, arrival), Records: []entente.RecordID{lent}, Scope: "delete", Reason: "x"},
		"A's release as if it were of own":  {Ends: []entente.ActID{arrival}, Records: []entente.RecordID{own.ID}, Scope: "delete", Reason: "x"},
		"the charter, as if it were theirs": {Ends: []entente.ActID{terms}, Scope: "delete", Reason: "x"},
	} {
		c.hands("C", "B", id, parcelOf(c.say(third, entente.Act{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &r})))
		if !b.sees(lent) || !b.sees(own.ID) {
			t.Errorf("a recall of %s has ended: A's %v, C's own %v", what, !b.sees(lent), !b.sees(own.ID))
		}
	}
	// A consent is for one record; with it another is not relayed.
	second, _ := a.note(t, "the second")
	o := c.order(id, []entente.RecordID{second}, "B")
	o.Handling.Onward = entente.OnwardAsk
	_, _, err = a.Release(ctx, o)
	check(t, err)
	c.meetAll()
	c.ask("B", lent, entente.Relay, "D")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{lent, second}, "D")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a consent for one record lets another go along: %v", err)
	}
	asks, err := b.Asks(ctx)
	check(t, err)
	relay := c.releaseOf(id, terms, c.as("D").Self(), b.held(t, second))
	relay.Release.Records[0].Consent = asks[0].Answer
	p := parcelOf(c.say(b, relay), b.held(t, second))
	p.Attached = [][]byte{c.envelope(b, asks[0].Answer)}
	if code := c.hands("B", "D", id, p); code != entente.RefusedConsent {
		t.Errorf("D takes another record by that consent: %q", code)
	}
	c.seenBy(second, "A", "B")
	c.seenBy(lent, "A", "B")
}

func sortedActs(a, b entente.ActID) []entente.ActID {
	if b < a {
		a, b = b, a
	}
	return []entente.ActID{a, b}
}

func TestLeak07DependenciesDraggedAlong(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id, other := c.found("A", "B", "C", "D"), c.found("A", "B")
	a := c.as("A")
	leaf, leafID := a.note(t, "the leaf")
	neighbour, neighbourID := a.note(t, "the neighbour")
	container, containerID := a.note(t, "the container", leafID, neighbourID)
	// By itself the container does not go; the list of what is missing is for A.
	p, err := a.Preview(ctx, c.order(id, []entente.RecordID{container}, "B"))
	check(t, err)
	if p.Allowed() || len(p.Recipients[0].Decision.Missing) != 2 {
		t.Errorf("%+v", p.Recipients[0].Decision)
	}
	for _, with := range [][]entente.RecordID{{container}, {container, leaf}} {
		if _, _, err := a.Release(ctx, c.order(id, with, "B")); entente.KindOf(err) != entente.Refused {
			t.Errorf("released with references to what B does not have: %v", err)
		}
	}
	c.meetAll()
	c.seenBy(leaf, "A")
	// A member of the container goes without its container and its neighbour.
	c.release("A", id, []entente.RecordID{leaf}, "B")
	c.meetAll()
	c.seenBy(leaf, "A", "B")
	c.blind("B", "A", string(container), string(containerID), string(neighbour), string(neighbourID), "the container", "the neighbour")
	// What B has in another compact does not count, nor what C has in this one.
	c.release("A", other, []entente.RecordID{neighbour}, "B")
	c.release("A", id, []entente.RecordID{neighbour}, "C")
	c.meetAll()
	if _, _, err := a.Release(ctx, c.order(id, []entente.RecordID{container}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("what B has elsewhere counts here: %v", err)
	}
	// References hide anywhere in the bytes, not only where the standard has them.
	o, err := stix.NewIdentity(c.now, "carrier", "organization")
	check(t, err)
	deep, err := stix.Parse([]byte(strings.Replace(string(o.Raw), `"name":`, `"x_extra":{"a":["see `+string(containerID)+`",{"b":"`+string(containerID)+`"}]},"name":`, 1)))
	check(t, err)
	put, err := a.Put(ctx, []stix.Object{deep})
	check(t, err)
	if _, _, err := a.Release(ctx, c.order(id, []entente.RecordID{put[0].Record}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a reference that is not called one goes out: %v", err)
	}
	c.release("A", id, []entente.RecordID{container, neighbour}, "B")
	c.meetAll()
	c.seenBy(container, "A", "B")
	c.blind("D", "A", string(leaf), string(neighbour), string(container), "the leaf")
	c.verify()
}

func TestLeak08TheRuleItself(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	b, third, d := c.as("B"), c.as("C"), c.as("D")
	state := func(name string) string {
		s, err := c.as(name).Compact(ctx, id)
		check(t, err)
		return string(s.Terms)
	}
	terms := state("A")
	// Nobody changes the terms alone, in its own name or in another's.
	wide := c.charter("A", "B", "C", "D")
	wide.Handling.Widest, wide.Handling.Onward = entente.TLPClear, entente.OnwardMembers
	_, err := third.Amend(ctx, id, wide, nil)
	check(t, err)
	c.meetAll()
	amendment := entente.Act{Kind: entente.KindAmendment, Compact: id, Chain: &entente.Link{Seq: 1, Prev: entente.ActID(id)}, Amendment: &entente.Amendment{Number: 1, Base: entente.ActID(id), Charter: wide}}
	amendment.Signer, amendment.Card, amendment.Time = c.as("A").Self(), 1, entente.At(c.now)
	if code := c.hands("C", "B", id, parcelOf(mustSign(t, amendment, third.ring.Act))); code != entente.RefusedSigned {
		t.Errorf("an amendment in A's name: %q", code)
	}
	for _, name := range c.names {
		if state(name) != terms {
			t.Errorf("the terms have changed at %s", name)
		}
	}
	rec := c.record(third.Self(), "too wide")
	loose := c.releaseOf(id, entente.ActID(terms), b.Self(), rec)
	loose.Release.Handling.TLP = entente.TLPClear
	if code := c.hands("C", "B", id, parcelOf(c.say(third, loose), rec)); code != entente.RefusedTerms {
		t.Errorf("under terms that not all have signed: %q", code)
	}
	// Nobody suspends, resumes or accedes in another's name.
	for _, a := range []entente.Act{
		{Kind: entente.KindSuspension, Compact: id, Chain: &entente.Link{Seq: 2, Prev: entente.ActID(terms)}, Suspension: &entente.Suspension{Member: b.Self()}},
		{Kind: entente.KindAccession, Compact: id, Chain: &entente.Link{Seq: 2, Prev: entente.ActID(terms)}, Accession: &entente.Accession{To: entente.ActID(terms)}},
	} {
		a.Signer, a.Card, a.Time = b.Self(), 1, entente.At(c.now)
		if code := c.hands("C", "D", id, parcelOf(mustSign(t, a, third.ring.Act))); code != entente.RefusedSigned {
			t.Errorf("C says %s in B's name: %q", a.Kind, code)
		}
	}
	s, err := d.Compact(ctx, id)
	check(t, err)
	if len(s.Members[b.Self()].Suspended)+len(s.Members[b.Self()].Flows) > 0 {
		t.Error("a suspension in B's name counts at D")
	}
	// The grants are rows; one that is written past the node does not verify.
	check(t, b.db.Update(ctx, func(tx *store.Tx) error {
		grants, err := tx.GrantsOfRecord(r)
		if err != nil {
			return err
		}
		grants[0].Reader = d.Self()
		return tx.InsertGrants(grants[:1])
	}))
	report, err := b.Verify(ctx, nil)
	check(t, err)
	if !strings.Contains(report.Problem, "no release says so") {
		t.Errorf("a grant that nobody made verifies: %q", report.Problem)
	}
	if _, err := b.Read(ctx, entente.Reader{Party: d.Self()}, node.Query{Record: string(r)}); entente.KindOf(err) != entente.Hidden {
		t.Errorf("and lets D read A's record at B: %v", err)
	}
	c.seenBy(r, "A", "B")
	c.blind("D", "B", "lent by A")
}
