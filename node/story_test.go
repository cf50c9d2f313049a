package node_test

import (
	"testing"

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
