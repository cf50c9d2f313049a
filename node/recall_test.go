package node_test

import (
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
)

func (c *cell) recall(from string, records []entente.RecordID, to ...string) []entente.ActID {
	c.t.Helper()
	o := node.RecallOrder{Records: records, Scope: "delete", Reason: "source at risk"}
	for _, name := range to {
		o.To = append(o.To, c.as(name).Self())
	}
	ids, err := c.as(from).Recall(ctx, o)
	check(c.t, err)
	return ids
}

func (c *cell) recallStates(from string) map[string]node.RecallState {
	c.t.Helper()
	list, err := c.as(from).Recalls(ctx)
	check(c.t, err)
	out := map[string]node.RecallState{}
	for _, s := range list {
		out[c.nameOf(s.To)] = s.State
	}
	return out
}

func TestRecallTakesBackWithReceipts(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	r, stixID := c.as("A").note(t, "the source")
	kept, _ := c.as("A").note(t, "what stays", stixID)
	c.release("A", id, []entente.RecordID{r, kept}, "B", "C")
	c.meetAll()
	c.recall("A", []entente.RecordID{r}, "B", "C")
	if s := c.recallStates("A"); s["B"] != node.RecallOwed || s["C"] != node.RecallOwed {
		t.Errorf("before delivery: %v", s)
	}
	c.meet("A", "B")
	if s := c.recallStates("A"); s["B"] != node.RecallApplied || s["C"] != node.RecallOwed {
		t.Errorf("after meeting B: %v", s)
	}
	if c.as("B").sees(r) || !c.as("B").sees(kept) || !c.as("C").sees(r) {
		t.Error("B still sees it, or lost what stays, or C, which has not heard, lost it")
	}
	// Nothing of the body is left at B: not in rows, index, log.
	if dump := c.as("B").dump(t); strings.Contains(dump, "the source") {
		t.Error("the body of a recalled record is still in B's store")
	}
	// C is cut off for longer than the charter allows.
	c.now = c.now.AddDate(0, 1, 0)
	if s := c.recallStates("A"); s["C"] != node.RecallOverdue {
		t.Errorf("C is cut off: %v", s)
	}
	c.meet("A", "C")
	if s := c.recallStates("A"); s["C"] != node.RecallApplied {
		t.Errorf("C came back: %v", s)
	}
	if c.as("C").sees(r) {
		t.Error("C still sees it")
	}
	c.verify()

	// To release again is a new act.
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	if !c.as("B").sees(r) || c.as("C").sees(r) {
		t.Errorf("released again: B %v, C %v", c.as("B").sees(r), c.as("C").sees(r))
	}
	c.verify()
}

func TestARecallOfWhatHasNotLeftStopsItAndSaysNothing(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	before := c.as("B").dump(t)
	r, _ := c.as("A").note(t, "never sent")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("B").dump(t) != before {
		t.Error("B learns that something was released and recalled")
	}
	if s := c.recallStates("A"); s["B"] != node.RecallUnsent {
		t.Errorf("%v", s)
	}
	c.verify()
}

func TestLateRepeatedAndOvertakingRecallsAreHarmless(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a, b := c.as("A"), c.as("B")
	rec := c.record(a.Self(), "overtaken")
	rel := c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), rec))
	recall := c.say(a, entente.Act{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &entente.Recall{Ends: []entente.ActID{rel.ID}, Scope: "delete", Reason: "x"}})
	again := c.say(a, entente.Act{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &entente.Recall{Ends: []entente.ActID{rel.ID}, Scope: "delete", Reason: "x"}})
	// The recall comes before the release; then the release; then a recall again.
	for _, p := range []entente.Parcel{parcelOf(recall), parcelOf(rel, rec), parcelOf(again), parcelOf(rel, rec), parcelOf(recall)} {
		out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, p))
		check(t, err)
		if out.Codes[0] != entente.CodeApplied || b.sees(rec.ID) {
			t.Errorf("%s, visible %v", out.Codes[0], b.sees(rec.ID))
		}
	}
	if strings.Contains(b.dump(t), "overtaken") {
		t.Error("the body was kept")
	}
	// C cannot recall what A released, and A not what C did.
	stays := c.record(a.Self(), "stays")
	rel = c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), stays))
	_, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(rel, stays)))
	check(t, err)
	third := c.as("C")
	lie := c.say(third, entente.Act{Kind: entente.KindRecall, Compact: id, To: b.Self(), Recall: &entente.Recall{Ends: []entente.ActID{rel.ID}, Scope: "delete", Reason: "x"}})
	_, err = b.Accept(ctx, third.Self(), c.forge(third, b, id, parcelOf(lie)))
	check(t, err)
	if !b.sees(stays.ID) {
		t.Error("C has recalled A's record")
	}
	report, err := b.Verify(ctx, nil)
	check(t, err)
	if report.Problem != "" {
		t.Error(report.Problem)
	}
}

func TestCorrectionTakesThePlace(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	wrong, _ := c.as("A").note(t, "wrong name")
	right, _ := c.as("A").note(t, "right name")
	c.release("A", id, []entente.RecordID{wrong}, "B")
	c.meetAll()
	_, err := c.as("A").Recall(ctx, node.RecallOrder{Records: []entente.RecordID{wrong}, Scope: "correct", Reason: "misspelt", Correction: right})
	check(t, err)
	c.meetAll()
	if c.as("B").sees(wrong) || !c.as("B").sees(right) {
		t.Errorf("wrong %v, right %v", c.as("B").sees(wrong), c.as("B").sees(right))
	}
	c.verify()
}

func TestARecordHeldByTwoReleasesStaysUntilBothAreEnded(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	one, two := c.found("A", "B", "C"), c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	c.release("A", one, []entente.RecordID{r}, "B")
	c.release("A", two, []entente.RecordID{r}, "B")
	c.meetAll()
	_, err := c.as("A").Recall(ctx, node.RecallOrder{Records: []entente.RecordID{r}, Compact: one, Scope: "restrict", Reason: "x"})
	check(t, err)
	c.meetAll()
	if !c.as("B").sees(r) {
		t.Error("a recall in one compact ended the release in another")
	}
	_, err = c.as("A").Recall(ctx, node.RecallOrder{Records: []entente.RecordID{r}, Compact: two, Scope: "restrict", Reason: "x"})
	check(t, err)
	c.meetAll()
	if c.as("B").sees(r) {
		t.Error("both are ended and it is still visible")
	}
	c.verify()
}

func TestExpiredRecordsAreErased(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "short-lived")
	o := c.order(id, []entente.RecordID{r}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 1))
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	c.now = c.now.Add(48 * time.Hour)
	n, err := c.as("B").Sweep(ctx)
	check(t, err)
	_, err = c.as("A").Sweep(ctx)
	check(t, err)
	if n != 1 || strings.Contains(c.as("B").dump(t), "short-lived") {
		t.Errorf("%d erased; the body is still there", n)
	}
	if !c.as("A").sees(r) {
		t.Error("the originator lost its own record")
	}
	c.verify()
}

func TestARecallReachesASuspendedParty(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	_, err := c.as("B").Suspend(ctx, id, c.as("B").Self(), "")
	check(t, err)
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("B").sees(r) || c.recallStates("A")["B"] != node.RecallApplied {
		t.Errorf("visible %v, %v", c.as("B").sees(r), c.recallStates("A"))
	}
	c.verify()
}

func TestARecallOfOneQueuedRecordLetsTheOthersGo(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "held back")
	other, _ := c.as("A").note(t, "goes on")
	c.release("A", id, []entente.RecordID{r, other}, "B")
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("B").sees(r) || !c.as("B").sees(other) || strings.Contains(c.as("B").dump(t), string(r)) {
		t.Errorf("recalled %v, other %v", c.as("B").sees(r), c.as("B").sees(other))
	}
	c.verify()
}

func TestANodeThatIsCutOffHidesWhatItCannotConfirm(t *testing.T) {
	c := newCell(t, "A", "B")
	ch := c.charter("A", "B")
	ch.HideAfter = 7
	id, err := c.as("A").Found(ctx, ch)
	check(t, err)
	c.meetAll()
	_, err = c.as("B").Accede(ctx, id, "", "")
	check(t, err)
	c.meetAll()
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	c.now = c.now.AddDate(0, 0, 6)
	if !c.as("B").sees(r) {
		t.Error("hidden too early")
	}
	c.now = c.now.AddDate(0, 0, 2)
	if c.as("B").sees(r) {
		t.Error("shown although A has not been reached for eight days")
	}
	if !c.as("A").sees(r) {
		t.Error("one's own record is hidden")
	}
	// At the next contact the backlog is applied first: the recall that waited.
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("B").sees(r) {
		t.Error("shown although it was recalled in between")
	}
	c.verify()
}
