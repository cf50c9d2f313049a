package node_test

import (
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
)

func TestOneRecordFromAToB(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	r, _ := c.as("A").note(t, "r1")
	if c.as("B").sees(r) {
		t.Fatal("B sees a record that was not released")
	}
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	if !c.as("B").sees(r) {
		t.Error("B does not see what was released to it")
	}
	if c.as("C").sees(r) {
		t.Error("C sees what was released to B only")
	}
	status, err := c.as("A").Channels(ctx)
	check(t, err)
	for _, s := range status {
		if s.From == c.as("A").Self() && (s.Owed != 0 || s.Receipted != s.Size) {
			t.Errorf("to %s: owed %d, %d entries, %d receipted", s.PartnerName, s.Owed, s.Size, s.Receipted)
		}
	}
	page, err := c.as("B").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{})
	check(t, err)
	if len(page.Views) != 0 {
		t.Error("B's own list holds another's record")
	}
	others := false
	page, err = c.as("B").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{Own: &others})
	check(t, err)
	if len(page.Views) != 1 || page.Views[0].ID() != r {
		t.Errorf("B's list of others' records: %v", page.Views)
	}
}

func TestVerifyAcceptsAWholeCell(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	r, _ := c.as("A").note(t, "r1")
	c.release("A", id, []entente.RecordID{r}, "B", "C")
	c.meetAll()
	c.verify()
}

func TestAThirdPartyLearnsNothing(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	before := c.as("D").dump(t)
	r1, s1 := c.as("A").note(t, "the first")
	r2, s2 := c.as("A").note(t, "the second")
	c.release("A", id, []entente.RecordID{r1}, "B")
	c.release("A", id, []entente.RecordID{r2}, "B", "C")
	c.meetAll()
	for _, x := range []struct {
		who    string
		r1, r2 bool
	}{{"B", true, true}, {"C", false, true}, {"D", false, false}} {
		if c.as(x.who).sees(r1) != x.r1 || c.as(x.who).sees(r2) != x.r2 {
			t.Errorf("%s sees r1 %v, r2 %v", x.who, c.as(x.who).sees(r1), c.as(x.who).sees(r2))
		}
	}
	// D's store is the same to the byte: no id, count, position, error or log
	// line shows that anything passed between the others.
	if c.as("D").dump(t) != before {
		t.Error("D's store has changed")
	}
	for who, hidden := range map[string][]string{"C": {string(r1), string(s1), "the first"}, "D": {string(r1), string(r2), string(s1), string(s2)}} {
		for _, word := range hidden {
			if strings.Contains(c.as(who).dump(t), word) {
				t.Errorf("%s's store holds %s", who, word)
			}
		}
	}
	// What is hidden and what does not exist are one answer.
	for _, reader := range []string{"C", "D"} {
		as := entente.Reader{Party: c.as(reader).Self()}
		_, hidden := c.as("A").Read(ctx, as, node.Query{Record: string(r1)})
		_, absent := c.as("A").Read(ctx, as, node.Query{Record: "sha256:" + strings.Repeat("0", 64)})
		if hidden == nil || absent == nil || hidden.Error() != absent.Error() || entente.KindOf(hidden) != entente.Hidden {
			t.Errorf("%s: hidden %v, absent %v", reader, hidden, absent)
		}
	}
	c.verify()
}

func TestNothingFlowsBeforeAllHaveAcceded(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id, err := c.as("A").Found(ctx, c.charter("A", "B", "C"))
	check(t, err)
	c.meet("A", "B")
	_, err = c.as("B").Accede(ctx, id, "", "we count on review")
	check(t, err)
	c.meet("A", "B")
	r, _ := c.as("A").note(t, "early")
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "B")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("released before C acceded: %v", err)
	}
	// C was away; it hears of the compact from B alone.
	c.meet("B", "C")
	_, err = c.as("C").Accede(ctx, id, "", "")
	check(t, err)
	c.meet("B", "C")
	c.meet("A", "B")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meet("A", "B")
	if !c.as("B").sees(r) {
		t.Error("B does not see the record after all have acceded")
	}
	c.meetAll()
	c.verify()
}

func TestSuspensionAlsoThroughAFourthPartysKnowledge(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	r, _ := c.as("A").note(t, "before")
	c.release("A", id, []entente.RecordID{r}, "B")
	// B suspends itself; A learns of it from D, who met B first.
	_, err := c.as("B").Suspend(ctx, id, c.as("B").Self(), "change of government")
	check(t, err)
	c.meet("B", "D")
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "C")); err != nil {
		t.Fatalf("A and C are not concerned: %v", err)
	}
	c.meet("A", "D")
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "B")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("A releases to a suspended party it heard of through D: %v", err)
	}
	// What was queued before stays queued and does not leave.
	c.meet("A", "B")
	if c.as("B").sees(r) {
		t.Fatal("a queued record reached a suspended party")
	}
	_, err = c.as("B").Resume(ctx, id, c.as("B").Self())
	check(t, err)
	c.meet("A", "B")
	if !c.as("B").sees(r) {
		t.Error("after resumption B does not see what was queued for it")
	}

	// A stops its flow to C alone. C's other partners go on.
	_, err = c.as("A").Suspend(ctx, id, c.as("C").Self(), "")
	check(t, err)
	late, _ := c.as("A").note(t, "late")
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{late}, "C")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("A releases over its own suspension: %v", err)
	}
	c.release("A", id, []entente.RecordID{late}, "D")
	c.meetAll()
	if !c.as("D").sees(late) || c.as("C").sees(late) {
		t.Errorf("D sees %v, C sees %v", c.as("D").sees(late), c.as("C").sees(late))
	}
	s, err := c.as("C").Compact(ctx, id)
	check(t, err)
	if len(s.Members[c.as("A").Self()].Flows[c.as("C").Self()]) != 1 {
		t.Error("C does not see that A suspended its flow: control acts always pass")
	}
	c.verify()
}

func TestReceiverRefusesAfterItsOwnSuspension(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	_, err := b.Suspend(ctx, id, b.Self(), "")
	check(t, err)
	r := c.record(a.Self(), "late")
	out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), r)), r)))
	check(t, err)
	if out.Codes[0] != entente.RefusedForce || b.sees(r.ID) {
		t.Errorf("%s, visible %v", out.Codes[0], b.sees(r.ID))
	}
}

func TestCompactEnds(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	end := c.charter("A", "B").End.Time
	c.now = end.Add(-4 * time.Minute) // within the tolerance of five minutes
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("the sender goes on to the last minute: %v", err)
	}
	late := c.record(c.as("A").Self(), "late")
	deliver := func() entente.Code {
		out, err := c.as("B").Accept(ctx, c.as("A").Self(), c.forge(c.as("A"), c.as("B"), id, parcelOf(c.say(c.as("A"), c.releaseOf(id, entente.ActID(id), c.as("B").Self(), late)), late)))
		check(t, err)
		return out.Codes[0]
	}
	c.now = end.Add(4 * time.Minute)
	if code := deliver(); code != entente.CodeApplied {
		t.Errorf("the receiver's tolerance: %s", code)
	}
	c.now = end.Add(6 * time.Minute)
	late = c.record(c.as("A").Self(), "too late")
	if code := deliver(); code != entente.RefusedForce {
		t.Errorf("after the end and the tolerance: %s", code)
	}
}

func TestControlActsOutliveTheCompact(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	c.now = c.charter("A", "B").End.AddDate(0, 1, 0)
	act, err := c.as("A").Suspend(ctx, id, c.as("B").Self(), "")
	check(t, err)
	c.meet("A", "B")
	if !strings.Contains(c.as("B").dump(t), string(act)) {
		t.Error("a suspension after the end did not arrive")
	}
	c.verify()
}

func TestExpiryHidesAtBothEnds(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	o := c.order(id, []entente.RecordID{r}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 2))
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meet("A", "B")
	if !c.as("B").sees(r) {
		t.Fatal("not visible before expiry")
	}
	start, err := o.Handling.Expires.Start()
	check(t, err)
	c.now = start
	if c.as("B").sees(r) {
		t.Error("visible on the day of expiry")
	}
	if _, err := c.as("A").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{Record: string(r)}); entente.KindOf(err) != entente.Hidden {
		t.Errorf("A still shows it to B: %v", err)
	}
}

func TestClosureIsShownAndNothingIsDraggedAlong(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	base, stixID := c.as("A").note(t, "the group")
	report, _ := c.as("A").note(t, "a report on the group", stixID)
	p, err := c.as("A").Preview(ctx, c.order(id, []entente.RecordID{report}, "B"))
	check(t, err)
	if p.Allowed() || len(p.Recipients[0].Decision.Missing) != 1 || p.Recipients[0].Decision.Missing[0].Ref != string(stixID) {
		t.Fatalf("missing: %+v", p.Recipients[0].Decision)
	}
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{report}, "B")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("released with a reference into nothing: %v", err)
	}
	c.release("A", id, []entente.RecordID{report, base}, "B") // any order
	c.meet("A", "B")
	if !c.as("B").sees(report) || !c.as("B").sees(base) {
		t.Error("not both visible")
	}
	second, _ := c.as("A").note(t, "a second report", stixID)
	c.release("A", id, []entente.RecordID{second}, "B") // B has the group already
}

func TestTypeOfCompactIsEnforced(t *testing.T) {
	c := newCell(t, "A", "B")
	ch := c.charter("A", "B")
	ch.Type = entente.Deconfliction
	id, err := c.as("A").Found(ctx, ch)
	check(t, err)
	c.meet("A", "B")
	_, err = c.as("B").Accede(ctx, id, "", "")
	check(t, err)
	c.meet("A", "B")
	r, _ := c.as("A").note(t, "r")
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a record is released in a compact for deconfliction only: %v", err)
	}
	rec := c.record(c.as("A").Self(), "r")
	out, err := c.as("B").Accept(ctx, c.as("A").Self(), c.forge(c.as("A"), c.as("B"), id, parcelOf(c.say(c.as("A"), c.releaseOf(id, entente.ActID(id), c.as("B").Self(), rec)), rec)))
	check(t, err)
	if out.Codes[0] != entente.RefusedType {
		t.Errorf("the receiver says %s", out.Codes[0])
	}
}

func TestAmendmentAdmitsAMember(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	terms := c.charter("A", "B", "C")
	amendment, err := c.as("A").Amend(ctx, id, terms, nil)
	check(t, err)
	c.meetAll()
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("released to a party that is invited only: %v", err)
	}
	for _, name := range []string{"B", "C"} {
		_, err := c.as(name).Accede(ctx, id, amendment, "")
		check(t, err)
	}
	c.meetAll()
	c.release("A", id, []entente.RecordID{r}, "C")
	c.meetAll()
	if !c.as("C").sees(r) || c.as("B").sees(r) {
		t.Errorf("C sees %v, B sees %v", c.as("C").sees(r), c.as("B").sees(r))
	}
	c.verify()
}

func TestTwoCompactsDoNotTouch(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	one, two := c.found("A", "B"), c.found("A", "C")
	r, stixID := c.as("A").note(t, "shared")
	c.release("A", one, []entente.RecordID{r}, "B")
	report, _ := c.as("A").note(t, "report", stixID)
	// That B has it in one compact does not count in the other.
	if _, _, err := c.as("A").Release(ctx, c.order(two, []entente.RecordID{report}, "C")); entente.KindOf(err) != entente.Refused {
		t.Error("the closure of one compact counts in another")
	}
	if _, _, err := c.as("A").Release(ctx, c.order(one, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Error("released to a party outside the compact")
	}
	before := c.as("C").dump(t)
	c.meetAll()
	if c.as("C").dump(t) != before || strings.Contains(before, string(one)) {
		t.Error("C learns of the compact between A and B")
	}
}

func TestAListShowsARecordOnceHoweverOftenItWasReleased(t *testing.T) {
	c := newCell(t, "A", "B")
	one, two := c.found("A", "B"), c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	short := c.order(one, []entente.RecordID{r}, "B")
	short.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 2))
	_, _, err := c.as("A").Release(ctx, short)
	check(t, err)
	c.release("A", one, []entente.RecordID{r}, "B")
	c.release("A", two, []entente.RecordID{r}, "B")
	c.meetAll()
	others := false
	list := func(id entente.CompactID) int {
		page, err := c.as("B").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{Own: &others, Compact: id})
		check(t, err)
		return len(page.Views)
	}
	for range 2 {
		if list("") != 1 || list(one) != 1 || list(two) != 1 {
			t.Errorf("in all %d, in one %d, in the other %d", list(""), list(one), list(two))
		}
		c.now = c.now.AddDate(0, 0, 3) // the first release has expired by now
	}
}
