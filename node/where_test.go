package node_test

import (
	"testing"

	"entente"
	"entente/node"
)

// given finds what A's node says of its releases of a record to a party.
func given(t *testing.T, c *cell, w node.Whereabouts, to string) node.Given {
	t.Helper()
	for _, g := range w.Given {
		if g.To == c.as(to).Self() {
			return g
		}
	}
	t.Fatalf("nothing is said of %s: %+v", to, w.Given)
	return node.Given{}
}

func (c *cell) where(who string, r entente.RecordID) node.Whereabouts {
	c.t.Helper()
	w, err := c.as(who).Where(ctx, r)
	check(c.t, err)
	return w
}

func TestWhereFollowsARecord(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D") // released to B, and delivered
	c.release("A", id, []entente.RecordID{r}, "D")
	w := c.where("A", r)
	if b, d := given(t, c, w, "B"), given(t, c, w, "D"); b.State != node.GivenReceipted || b.Code != entente.CodeApplied || !b.Stands ||
		d.State != node.GivenOwed || d.Code != "" || len(w.Given) != 2 || len(w.Came) != 0 || len(w.Consents) != 0 {
		t.Fatalf("%+v", w)
	}

	// Through B to C, with A's consent.
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	c.release("B", id, []entente.RecordID{r}, "C")
	c.meet("B", "C")
	if w = c.where("A", r); len(w.Consents) != 1 || w.Consents[0].To != c.as("B").Self() || w.Consents[0].Recipients[0] != c.as("C").Self() || len(w.Consents[0].Recalls) != 0 {
		t.Fatalf("A's consent: %+v", w.Consents)
	}
	atB, atC := c.where("B", r), c.where("C", r)
	if len(atB.Came) != 1 || atB.Came[0].From != c.as("A").Self() || atB.Came[0].Consent != "" || given(t, c, atB, "C").Code != entente.CodeApplied {
		t.Errorf("B: %+v", atB)
	}
	if len(atC.Came) != 1 || atC.Came[0].From != c.as("B").Self() || atC.Came[0].Consent != w.Consents[0].Act || atC.Originator != c.as("A").Self() || len(atC.Given) != 0 {
		t.Errorf("C: %+v", atC)
	}

	// A takes all of it back; D is cut off for longer than the charter allows.
	c.meet("A", "D")
	c.recall("A", []entente.RecordID{r})
	c.meet("A", "B")
	c.meet("A", "C")
	c.now = c.now.AddDate(0, 1, 0)
	w = c.where("A", r)
	for who, want := range map[string]node.RecallState{"B": node.RecallApplied, "D": node.RecallOverdue} {
		if g := given(t, c, w, who); g.Stands || g.Recall == nil || g.Recall.State != want {
			t.Errorf("%s: %+v, recall %+v", who, g, g.Recall)
		}
	}
	ended := map[entente.PartyID]node.RecallState{}
	for _, s := range w.Consents[0].Recalls {
		ended[s.To] = s.State
	}
	if ended[c.as("B").Self()] != node.RecallApplied || ended[c.as("C").Self()] != node.RecallApplied || len(ended) != 2 {
		t.Errorf("the consent: %+v", w.Consents[0].Recalls)
	}
	// To release again is a new line; the old one stays.
	c.release("A", id, []entente.RecordID{r}, "B")
	if w = c.where("A", r); len(w.Given) != 3 || !w.Given[2].Stands || w.Given[0].Stands {
		t.Errorf("released again: %+v", w.Given)
	}
}

func TestWhereSaysNothingOfWhatOneMayNotSee(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C")
	hidden, _ := c.as("A").note(t, "hidden")
	c.release("A", id, []entente.RecordID{hidden}, "C")
	c.meetAll()
	if _, err := c.as("B").Where(ctx, hidden); entente.KindOf(err) != entente.Hidden {
		t.Errorf("B asks for what C has: %v", err)
	}
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if w, err := c.as("B").Where(ctx, r); entente.KindOf(err) != entente.Hidden {
		t.Errorf("B asks for what was recalled: %+v, %v", w, err)
	}
}

func TestWhereShowsWhatHasExpired(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "short-lived")
	o := c.order(id, []entente.RecordID{r}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 1))
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	c.now = c.now.AddDate(0, 0, 2)
	_, err = c.as("A").Sweep(ctx)
	check(t, err)
	if g := given(t, c, c.where("A", r), "B"); !g.Expired || g.Stands || g.Code != entente.CodeApplied {
		t.Errorf("%+v", g)
	}
}

func TestWhatWasRecalledBeforeItLeftWasNeverSent(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "never sent")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if g := given(t, c, c.where("A", r), "B"); g.State != node.GivenUnsent || g.Recall == nil || g.Recall.State != node.RecallUnsent {
		t.Errorf("%+v", g)
	}
}
