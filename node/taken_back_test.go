package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/stix"
)

// Histories in which something had leaked, or could not be taken back, until
// TestModel or the leak suite met them.

// consented lets B have A's consent to use r in this way towards others.
func (c *cell) consented(r entente.RecordID, use entente.ConsentUse, to ...string) {
	c.t.Helper()
	c.ask("B", r, use, to...)
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
}

func (c *cell) hasText(who, word string) bool { return strings.Contains(c.as(who).dump(c.t), word) }

// A recall that comes to the final recipient before the relay does is not undone by it.
func TestARecallOvertakesTheRelay(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	c.consented(r, entente.Relay, "C")
	c.release("B", id, []entente.RecordID{r}, "C")
	c.recall("A", []entente.RecordID{r})
	c.meet("A", "C") // C hears that it must not have it, and then B brings it
	c.meet("B", "C")
	if c.as("C").sees(r) || c.hasText("C", "lent by A") {
		t.Error("C has what was recalled from it")
	}
	c.verify()
}

// What is recalled from the relay first can still be recalled from whom it was relayed to.
func TestARecallFromTheRelayForgetsNobody(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	c.consented(r, entente.Relay, "C")
	c.release("B", id, []entente.RecordID{r}, "C")
	c.meetAll()
	c.recall("A", []entente.RecordID{r}, "B")
	c.meetAll()
	if c.as("B").sees(r) || !c.as("C").sees(r) {
		t.Fatalf("recalled from B: B %v, C %v", c.as("B").sees(r), c.as("C").sees(r))
	}
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("C").sees(r) || c.recallStates("A")["C"] != node.RecallApplied {
		t.Errorf("C still has it: %v", c.recallStates("A"))
	}
	c.verify()
}

// A reference that is taken back before it left takes along what refers to it.
func TestAReferenceThatIsTakenBackHoldsUpWhatRefersToIt(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	base, baseID := c.as("A").note(t, "taken back")
	about, _ := c.as("A").note(t, "about it", baseID)
	c.release("A", id, []entente.RecordID{base}, "D")
	c.release("A", id, []entente.RecordID{about}, "D")
	c.recall("A", []entente.RecordID{base})
	c.meetAll()
	if c.as("D").sees(about) || c.hasText("D", string(baseID)) {
		t.Error("D learns of what was never let out")
	}
	c.verify()
}

// What waits at an intermediary when its originator cuts a party off does not
// go there: not the record, not work that rests on it, not work on that work.
func TestWhatWaitsAtAnIntermediaryIsJudgedAgain(t *testing.T) {
	for what, cut := range map[string]func(c *cell, id entente.CompactID, r entente.RecordID) error{
		"A suspends its flow to C": func(c *cell, id entente.CompactID, _ entente.RecordID) error {
			_, err := c.as("A").Suspend(ctx, id, c.as("C").Self(), "")
			return err
		},
		"A suspends itself": func(c *cell, id entente.CompactID, _ entente.RecordID) error {
			_, err := c.as("A").Suspend(ctx, id, c.as("A").Self(), "")
			return err
		},
		"A takes it back": func(c *cell, _ entente.CompactID, r entente.RecordID) error {
			c.recall("A", []entente.RecordID{r})
			return nil
		},
		"B has not heard from A for two hours": func(c *cell, _ entente.CompactID, _ entente.RecordID) error {
			c.now = c.now.Add(2 * time.Hour)
			return nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			c, id, r := lent(t, "A", "B", "C", "D")
			b := c.as("B")
			work, _ := b.note(t, "B's work that rests on it")
			again, _ := b.note(t, "work on that work")
			check(t, b.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{r}))
			check(t, b.Derive(ctx, []entente.RecordID{again}, []entente.RecordID{work}))
			for _, x := range []entente.RecordID{work, again} {
				if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{x}, "C")); entente.KindOf(err) != entente.Refused {
					t.Errorf("released without A's consent: %v", err)
				}
			}
			c.consented(r, entente.Relay, "C")
			c.consented(r, entente.Derive, "C")
			for _, x := range []entente.RecordID{r, work, again} {
				c.release("B", id, []entente.RecordID{x}, "C")
			}
			check(t, cut(c, id, r))
			if !strings.HasPrefix(what, "B") {
				c.meet("A", "B")
			}
			if _, err := b.Read(ctx, entente.Reader{Party: c.as("C").Self()}, node.Query{Record: string(r)}); entente.KindOf(err) != entente.Hidden {
				t.Errorf("B's node shows A's record to C: %v", err)
			}
			c.meet("B", "C")
			for _, word := range []string{"lent by A", "B's work", "work on that work", string(r)} {
				if c.hasText("C", word) {
					t.Errorf("C has got %q", word)
				}
			}
			c.verify()
		})
	}
}

// Who is suspended is shown as little as is sent to it.
func TestANodeShowsAPeerOnlyWhatMayFlow(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	asB := entente.Reader{Party: c.as("B").Self()}
	shown := func() bool {
		page, err := c.as("A").Read(ctx, asB, node.Query{})
		check(t, err)
		_, err = c.as("A").Read(ctx, asB, node.Query{Record: string(r)})
		if (err == nil) != (len(page.Views) == 1) {
			t.Errorf("the list has %d, by its id: %v", len(page.Views), err)
		}
		return err == nil
	}
	if !shown() {
		t.Fatal("not shown to B at all")
	}
	_, err := c.as("A").Suspend(ctx, id, c.as("B").Self(), "")
	check(t, err)
	if shown() {
		t.Error("shown to a party that A has suspended")
	}
	_, err = c.as("A").Resume(ctx, id, c.as("B").Self())
	check(t, err)
	if !shown() {
		t.Error("not shown after A has resumed")
	}
	c.now = c.charter("A").End.Time
	if shown() {
		t.Error("shown after the end of the compact")
	}
}

// What is hidden takes no place in an answer, however much of it there is.
func TestHiddenVersionsTakeNoPlace(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	object := "identity--00000000-0000-4000-8000-000000000016"
	var versions []stix.Object
	for i := range 130 {
		o, err := stix.Parse(fmt.Appendf(nil, `{"type":"identity","spec_version":"2.1","id":%q,"created":"2026-02-01T00:00:00.000Z","modified":"2026-02-01T00:00:00.%03dZ","name":"version %d","identity_class":"group"}`, object, i, i))
		check(t, err)
		versions = append(versions, o)
	}
	put, err := c.as("A").Put(ctx, versions)
	check(t, err)
	c.release("A", id, []entente.RecordID{put[129].Record}, "B")
	for _, q := range []string{object, object[:20], "identity"} {
		page, err := c.as("A").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{Record: q})
		if err != nil || len(page.Views) != 1 || page.Views[0].ID() != put[129].Record {
			t.Errorf("%s: 129 hidden versions stand before the one that B may see: %d views, %v", q, len(page.Views), err)
		}
	}
}

// Who is no member of a compact is not told by any answer whether there is such a
// one, or who is on its roster.
func TestAnOutsiderIsAnsweredAsAboutNoCompact(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	c.found("A", "D")
	secret := c.found("A", "B", "C")
	absent := entente.CompactID("sha256:" + strings.Repeat("0", 64))
	a, d := c.as("A"), c.as("D")
	rec := c.record(d.Self(), "D's")
	var codes [2][]entente.Code
	for i, id := range []entente.CompactID{secret, absent} {
		for _, p := range []entente.Parcel{
			parcelOf(c.say(d, c.releaseOf(id, entente.ActID(id), a.Self(), rec)), rec),
			parcelOf(c.say(d, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: &entente.Link{Seq: 1, Prev: entente.ActID(id)}, Suspension: &entente.Suspension{Member: a.Self()}})),
			parcelOf(c.as("B").card), parcelOf(c.as("C").card), parcelOf(a.card), parcelOf(d.card),
		} {
			out, err := a.Accept(ctx, d.Self(), c.forge(d, a, id, p))
			check(t, err)
			codes[i] = append(codes[i], out.Codes[0])
		}
	}
	if fmt.Sprint(codes[0]) != fmt.Sprint(codes[1]) {
		t.Errorf("about the compact %v, about none %v", codes[0], codes[1])
	}
}

// A receiver that was put back behind several batches is made whole again: it gives
// the receipts once more that it once gave, the older ones too.
func TestAReceiverThatHasLostSeveralBatchesIsWholeAgain(t *testing.T) {
	c := cellOf(t, true, "A", "B")
	id := c.found("A", "B")
	backup := c.copyStore("B")
	var records []entente.RecordID
	for i := range 4 {
		r, _ := c.as("A").note(t, fmt.Sprintf("r%d", i))
		c.release("A", id, []entente.RecordID{r}, "B")
		c.meet("A", "B") // a batch each
		records = append(records, r)
	}
	c.putBack("B", backup)
	c.meet("A", "B")
	for _, r := range records {
		if !c.as("B").sees(r) {
			t.Errorf("B has not got %s back", entente.Short(r))
		}
	}
	c.verify()
}
