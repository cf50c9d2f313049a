package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/release"
)

// Classes 12 to 15: rosters, taking back, two communities, clocks.

func TestLeak12TheRoster(t *testing.T) {
	c := newCell(t, "A")
	for _, name := range []string{"B", "C", "D"} {
		c.join(name)
	}
	pairs := [][2]string{{"A", "B"}, {"A", "C"}, {"B", "C"}, {"A", "D"}}
	for _, p := range pairs {
		c.trust(p[0], p[1])
		c.trust(p[1], p[0])
	}
	meet := func() {
		for range 3 {
			for _, p := range pairs {
				c.meet(p[0], p[1])
			}
		}
	}
	found := func(names ...string) entente.CompactID {
		id, err := c.as(names[0]).Found(ctx, c.charter(names...))
		check(t, err)
		meet()
		for _, name := range names[1:] {
			_, err := c.as(name).Accede(ctx, id, "", "")
			check(t, err)
		}
		meet()
		return id
	}
	two := found("A", "D")
	var one entente.CompactID
	// D shares a compact with A, and learns of A's other one: nothing.
	c.untouched("D", func() {
		one = found("A", "B", "C")
		r, _ := c.as("A").note(t, "among three")
		c.release("A", one, []entente.RecordID{r}, "B", "C")
		_, err := c.as("B").Suspend(ctx, one, c.as("C").Self(), "a quarrel")
		check(t, err)
		meet()
	})
	c.blind("D", "A", string(one), string(c.as("B").Self()), string(c.as("C").Self()), "Cell of [A B C]", "a quarrel")
	for _, name := range []string{"B", "C"} {
		c.blind(name, "A", string(two), string(c.as("D").Self()), "Cell of [A D]")
	}
	// What D asks of A about the one is answered like what it asks about none.
	a, d := c.as("A"), c.as("D")
	none := entente.CompactID("sha256:" + strings.Repeat("0", 64))
	answers := func(id entente.CompactID) string {
		var b strings.Builder
		say := func(v any, err error) { fmt.Fprintf(&b, "%+v %v\n", v, err) }
		page, err := a.Read(ctx, entente.Reader{Party: d.Self()}, node.Query{Compact: id})
		say(len(page.Views), err)
		page, err = a.Read(ctx, entente.Reader{Party: d.Self()}, node.Query{Owed: &node.Owed{Compact: id}})
		say(page.Batch == nil, err)
		out, err := a.Accept(ctx, d.Self(), c.forge(d, a, id, parcelOf(c.say(d, entente.Act{Kind: entente.KindAsk, Compact: id, To: a.Self(), Ask: &entente.Ask{
			Record: entente.RecordID(none), Use: entente.Relay, Recipients: []entente.PartyID{d.Self()}, Purpose: "x",
		}}))))
		say(out.Codes, err)
		return strings.ReplaceAll(b.String(), string(id), "ID")
	}
	if known, unknown := answers(one), answers(none); known != unknown {
		t.Errorf("a compact of others:\n%s\nnone:\n%s", known, unknown)
	}
}

func TestLeak13TakingBackLeavesCopies(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	_, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C"))
	check(t, err)
	c.release("A", id, []entente.RecordID{r}, "D")
	c.meetAll()
	c.seenBy(r, "A", "B", "C", "D")
	// Narrowed: D loses it and nobody else does, and D's loss is D's alone.
	c.untouched("C", func() {
		c.recall("A", []entente.RecordID{r}, "D")
		c.meetAll()
	})
	c.seenBy(r, "A", "B", "C")
	c.blind("D", "A", "subject of lent by A")
	// Taken back from all: also from C, which has it from B; C is away, and A says so.
	c.recall("A", []entente.RecordID{r})
	c.meet("A", "B")
	if s := c.recallStates("A"); s["B"] != node.RecallApplied || s["C"] != node.RecallOwed {
		t.Errorf("B has confirmed, C not: %v", s)
	}
	if c.as("B").sees(r) {
		t.Error("B still sees it")
	}
	c.now = c.now.AddDate(0, 0, 2)
	if s := c.recallStates("A"); s["C"] != node.RecallOverdue {
		t.Errorf("C is silent for longer than agreed, and A is told %v", s)
	}
	c.meetAll()
	c.seenBy(r, "A")
	for _, name := range []string{"B", "C", "D"} {
		c.blind(name, "A", "subject of lent by A")
		if _, err := c.as(name).Export(ctx, node.ExportOrder{Records: []entente.RecordID{r}, Format: release.FormatRecord, Acknowledged: true}); entente.KindOf(err) != entente.Hidden {
			t.Errorf("%s exports it: %v", name, err)
		}
		if name == "B" {
			if _, _, err := c.as(name).Release(ctx, c.order(id, []entente.RecordID{r}, "C")); err == nil {
				t.Error("B relays it once more")
			}
		}
	}
	if s := c.recallStates("A"); s["C"] != node.RecallApplied {
		t.Errorf("%v", s)
	}
	// Expiry takes bodies as well, at each holder, without a word.
	short, _ := c.as("A").note(t, "for two days")
	o := c.order(id, []entente.RecordID{short}, "B", "C", "D")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 2))
	_, _, err = c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	c.now = c.now.AddDate(0, 0, 3)
	c.seenBy(short, "A")
	for _, name := range []string{"B", "C", "D"} {
		_, err := c.as(name).Sweep(ctx)
		check(t, err)
		c.blind(name, "A", "for two days")
	}
	c.verify()
}

func TestLeak14OverlappingCommunities(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	one, two := c.found("A", "B", "C"), c.found("B", "D")
	both, twin := c.found("A", "B", "D"), c.found("A", "B", "D")
	r, stixID := c.as("A").note(t, "of the first")
	o := c.order(one, []entente.RecordID{r}, "B", "C")
	o.Handling.Onward = entente.OnwardAsk
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	b, d := c.as("B"), c.as("D")
	// B is in all three, and has A's consent to relay it in the first.
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	asks, err := b.Asks(ctx)
	check(t, err)
	rec := b.held(t, r)
	for _, id := range []entente.CompactID{two, both, one} {
		if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{r}, "D")); err == nil {
			t.Errorf("B relays it to D in %s", entente.Short(id))
		}
		act := c.releaseOf(id, entente.ActID(id), d.Self(), rec)
		act.Release.Records[0].Consent = asks[0].Answer
		p := parcelOf(c.say(b, act), rec)
		p.Attached = [][]byte{c.envelope(b, asks[0].Answer)}
		if code := c.hands("B", "D", id, p); code == entente.CodeApplied {
			t.Errorf("D takes it from B in %s", entente.Short(id))
		}
	}
	// Nor does a consent to relay it to D count in another compact of the same three.
	shared, _ := c.as("A").note(t, "of the third")
	o = c.order(both, []entente.RecordID{shared}, "B")
	o.Handling.Onward = entente.OnwardAsk
	_, _, err = c.as("A").Release(ctx, o)
	check(t, err)
	c.meet("A", "B")
	c.ask("B", shared, entente.Relay, "D")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	asks, err = b.Asks(ctx)
	check(t, err)
	i := slices.IndexFunc(asks, func(a node.AskStatus) bool { return a.Ask.Record == shared && a.Answer != "" })
	if i < 0 {
		t.Fatalf("no consent for the shared record: %+v", asks)
	}
	elsewhere := c.releaseOf(twin, entente.ActID(twin), d.Self(), b.held(t, shared))
	elsewhere.Release.Records[0].Consent = asks[i].Answer
	p := parcelOf(c.say(b, elsewhere), b.held(t, shared))
	p.Attached = [][]byte{c.envelope(b, asks[i].Answer)}
	if code := c.hands("B", "D", twin, p); code != entente.RefusedConsent {
		t.Errorf("a consent of another compact counts: %q", code)
	}
	c.seenBy(shared, "A", "B")
	// B's own words that refer to it, in the other community.
	report, _ := b.note(t, "B reports on it", stixID)
	for _, id := range []entente.CompactID{two, both} {
		if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{report}, "D")); entente.KindOf(err) != entente.Refused {
			t.Errorf("a reference to it goes to D: %v", err)
		}
	}
	work, _ := b.note(t, "B's own")
	check(t, b.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{r}))
	if _, _, err := b.Release(ctx, c.order(two, []entente.RecordID{work}, "D")); entente.KindOf(err) != entente.Refused {
		t.Errorf("derived work without consent: %v", err)
	}
	c.seenBy(r, "A", "B", "C")
	c.blind("C", "B", string(two), string(both), string(twin), "Cell of [B D]", "Cell of [A B D]")
	// One observation has tags in two compacts that nobody can link.
	own, _ := c.as("A").note(t, "seen twice")
	c.release("A", one, []entente.RecordID{own}, "B")
	c.release("A", both, []entente.RecordID{own}, "D")
	x, y := c.released("A", "B", own), c.released("A", "D", own)
	if len(x) != 1 || len(y) != 1 || len(x[0].Origins) != 1 || x[0].Origins[0] == y[0].Origins[0] {
		t.Errorf("tags %+v, %+v", x, y)
	}
}

func TestLeak15Clocks(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	r, _ := a.note(t, "until midnight")
	o := c.order(id, []entente.RecordID{r}, "B", "C", "D")
	o.Handling.Expires = "2026-03-03"
	_, _, err := a.Release(ctx, o)
	check(t, err)
	c.meetAll()
	end := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	// The day is one instant everywhere, whatever zone a machine shows.
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)} {
		c.now = end.Add(-time.Second).In(zone)
		c.seenBy(r, "A", "B", "C", "D")
		c.now = end.In(zone)
		c.seenBy(r, "A")
		page, err := a.Read(ctx, entente.Reader{Party: b.Self()}, node.Query{Compact: id})
		check(t, err)
		if len(page.Views) > 0 {
			t.Errorf("A still shows it to B in zone %s", zone)
		}
	}
	// What a sender says of its time decides nothing: neither expiry nor order.
	c.now = end
	expired := c.releaseOf(id, entente.ActID(id), b.Self(), c.record(a.Self(), "backdated"))
	rec := c.record(a.Self(), "backdated")
	expired.Release.Records = []entente.Released{{Record: rec.ID}}
	expired.Release.Handling.Expires = "2026-03-02"
	expired.Signer, expired.Card, expired.Time = a.Self(), 1, entente.At(end.AddDate(0, 0, -20))
	c.hands("A", "B", id, parcelOf(mustSign(t, expired, a.ring.Act), rec))
	c.seenBy(rec.ID)
	var order []entente.RecordID
	for i, days := range []int{40, -40, 0} {
		rec := c.record(a.Self(), fmt.Sprint("sent as number ", i))
		act := c.releaseOf(id, entente.ActID(id), b.Self(), rec)
		act.Signer, act.Card, act.Time = a.Self(), 1, entente.At(end.AddDate(0, 0, days))
		if code := c.hands("A", "B", id, parcelOf(mustSign(t, act, a.ring.Act), rec)); code != entente.CodeApplied {
			t.Errorf("%q", code)
		}
		order = append(order, rec.ID)
	}
	others := false
	page, err := b.Read(ctx, entente.Reader{Party: b.Self()}, node.Query{Own: &others})
	check(t, err)
	if len(page.Views) != 3 {
		t.Fatalf("%d views", len(page.Views))
	}
	for i, v := range page.Views {
		if v.ID() != order[i] || !v.Object().Arrived.Equal(end) {
			t.Errorf("place %d: %s, arrived %s", i, v.ID(), v.Object().Arrived)
		}
	}
	// The end of the compact is by the receiver's clock, not by what the act claims.
	c.now = c.charter("A", "B").End.AddDate(0, 1, 0)
	late := c.record(a.Self(), "late")
	act := c.releaseOf(id, entente.ActID(id), b.Self(), late)
	act.Signer, act.Card, act.Time = a.Self(), 1, entente.At(end)
	if code := c.hands("A", "B", id, parcelOf(mustSign(t, act, a.ring.Act), late)); code != entente.RefusedForce {
		t.Errorf("a backdated release after the end: %q", code)
	}
	c.seenBy(late.ID)
}
