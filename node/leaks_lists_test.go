package node_test

import (
	"fmt"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/stix"
	"entente/store"
)

// Classes 16 and 17: lists, and members who have left.

func TestLeak16Paging(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a := c.as("A")
	// Many objects of one date, dealt out to B and C in turn, and none to D.
	var objects []stix.Object
	for i := range 60 {
		o, err := stix.NewIdentity(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), fmt.Sprintf("number %02d", i), "organization")
		check(t, err)
		objects = append(objects, o)
	}
	put, err := a.Put(ctx, objects)
	check(t, err)
	dealt := map[string]map[entente.RecordID]bool{"A": {}, "B": {}, "C": {}, "D": {}}
	for i, p := range put {
		dealt["A"][p.Record] = true
		name := []string{"B", "C"}[i%2]
		dealt[name][p.Record] = true
		c.release("A", id, []entente.RecordID{p.Record}, name)
	}
	c.meetAll()
	pages := func(at *member, reader entente.Reader, own bool, limit int) (seen map[entente.RecordID]int) {
		seen = map[entente.RecordID]int{}
		q := node.Query{Own: &own, Limit: limit}
		for {
			page, err := at.Read(ctx, reader, q)
			check(t, err)
			for _, v := range page.Views {
				seen[v.ID()]++
			}
			q.After = page.Next
			if len(page.Views) > limit || page.More && len(page.Views) < limit {
				t.Fatalf("a page of %d has %d views, more %v: that something is hidden shows", limit, len(page.Views), page.More)
			}
			if !page.More {
				return seen
			}
		}
	}
	for _, name := range []string{"A", "B", "C", "D"} {
		reader := entente.Reader{Party: c.as(name).Self()}
		for _, limit := range []int{1, 7, 30, 1000} {
			lists := []map[entente.RecordID]int{pages(c.as(name), reader, name == "A", limit)}
			if name != "A" {
				lists = append(lists, pages(a, reader, false, limit))
			}
			for _, seen := range lists {
				if len(seen) != len(dealt[name]) {
					t.Errorf("%s sees %d of %d in pages of %d", name, len(seen), len(dealt[name]), limit)
				}
				for r, times := range seen {
					if times != 1 || !dealt[name][r] {
						t.Errorf("%s sees %s %d times", name, entente.Short(r), times)
					}
				}
			}
		}
	}
	// An operator who may not read every second record gets full pages of the others.
	for i, p := range put {
		if i%2 == 0 {
			check(t, a.SetGroups(ctx, p.Record, []string{"north"}))
		}
		if i%4 == 0 {
			check(t, c.as("B").SetGroups(ctx, p.Record, []string{"north"}))
		}
	}
	check(t, a.PutOperator(ctx, store.Operator{Name: "sue", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}, Groups: []string{"south"}}))
	for _, limit := range []int{1, 7, 29, 30, 31} {
		seen := pages(a, entente.Reader{Party: a.Self(), Operator: "sue"}, true, limit)
		if len(seen) != 30 {
			t.Errorf("sue sees %d of 30 in pages of %d", len(seen), limit)
		}
	}
	// The granted list of B, in either direction, for a person of B likewise.
	check(t, c.as("B").PutOperator(ctx, store.Operator{Name: "sue", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}, Groups: []string{"south"}}))
	hidden := 0
	for i := range put {
		if i%4 == 0 {
			hidden++
		}
	}
	for _, limit := range []int{1, 3, 7, len(dealt["B"]) - hidden} {
		seen := pages(c.as("B"), entente.Reader{Party: c.as("B").Self(), Operator: "sue"}, false, max(limit, 1))
		if len(seen) != len(dealt["B"])-hidden {
			t.Errorf("sue of B sees %d of %d in pages of %d", len(seen), len(dealt["B"])-hidden, limit)
		}
	}
	// A place is for its reader and list, and tells nothing: made up, another's, of
	// another list, it is refused alike; no part of it counts rows.
	own, others := true, false
	whole := entente.Reader{Party: a.Self()}
	first, err := a.Read(ctx, whole, node.Query{Own: &own, Limit: 1})
	check(t, err)
	again, err := a.Read(ctx, whole, node.Query{Own: &own, Limit: 1})
	check(t, err)
	if first.Next == "" || first.Next != again.Next {
		t.Errorf("places %q and %q of one row", first.Next, again.Next)
	}
	refusal := ""
	for what, x := range map[string]struct {
		reader entente.Reader
		query  node.Query
	}{
		"made up":             {whole, node.Query{Own: &own, After: "29"}},
		"a person's":          {entente.Reader{Party: a.Self(), Operator: "sue"}, node.Query{Own: &own, After: first.Next}},
		"a partner's":         {entente.Reader{Party: c.as("D").Self()}, node.Query{Own: &others, After: first.Next}},
		"of the other list":   {whole, node.Query{Own: &others, After: first.Next}},
		"of the same, turned": {whole, node.Query{Own: &own, After: first.Next, Newest: true}},
	} {
		page, err := a.Read(ctx, x.reader, x.query)
		if entente.KindOf(err) != entente.Invalid || len(page.Views) > 0 {
			t.Errorf("%s: %d views, %v", what, len(page.Views), err)
			continue
		}
		if refusal == "" {
			refusal = err.Error()
		}
		if err.Error() != refusal {
			t.Errorf("%s: %q, others %q", what, err, refusal)
		}
	}
	c.verify()
}

func TestLeak17ThroughAnIntermediary(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	a, b, third := c.as("A"), c.as("B"), c.as("C")
	c.ask("B", r, entente.Relay, "C", "D")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	asks, err := b.Asks(ctx)
	check(t, err)
	consent, err := entente.ParseSigned(c.envelope(b, asks[0].Answer))
	check(t, err)
	rec := b.held(t, r)
	relay := func(to *member) entente.Parcel {
		act := c.releaseOf(id, entente.ActID(id), to.Self(), rec)
		act.Release.Handling = *consent.Act.Consent.Handling
		act.Release.Records[0].Consent = consent.ID
		p := parcelOf(c.say(b, act), rec)
		p.Attached = [][]byte{consent.Envelope()}
		return p
	}
	// A stops its flow to C. B, honest, refuses; B, lying, is refused by C, which has heard.
	_, err = a.Suspend(ctx, id, third.Self(), "removed")
	check(t, err)
	c.meetAll()
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("B relays to C: %v", err)
	}
	if code := c.hands("B", "C", id, relay(third)); code != entente.RefusedConsent {
		t.Errorf("C takes it from a lying B: %q", code)
	}
	c.seenBy(r, "A", "B")
	// D is not concerned.
	_, _, err = b.Release(ctx, c.order(id, []entente.RecordID{r}, "D"))
	check(t, err)
	c.meetAll()
	c.seenBy(r, "A", "B", "D")
	// Who has left, by an amendment that all have signed, receives nothing more.
	_, err = a.Resume(ctx, id, third.Self())
	check(t, err)
	c.meetAll()
	terms := c.charter("A", "B", "D")
	terms.Name = "Without C"
	amendment, err := a.Amend(ctx, id, terms, nil)
	check(t, err)
	c.meetAll()
	for _, name := range []string{"B", "C", "D"} {
		_, err := c.as(name).Accede(ctx, id, amendment, "")
		check(t, err)
		c.meetAll()
	}
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("B relays to C, which has left: %v", err)
	}
	own, _ := b.note(t, "B's own")
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{own}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("B releases to C, which has left: %v", err)
	}
	if code := c.hands("B", "C", id, relay(third)); !code.Refused() {
		t.Errorf("C, which has left, takes it: %q", code)
	}
	// What A had consented to is void, also for work that rests on it.
	c.seenBy(r, "A", "B", "D")
	// Taken back from B, it goes from D, which had it through B alone.
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	c.seenBy(r, "A")
}
