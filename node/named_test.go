package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"entente"
	"entente/node"
	"entente/stix"
)

// ownNote puts a note about objects, in a version of its own, and gives its record.
func ownNote(t *testing.T, m *member, id stix.ID, version time.Time, about ...stix.ID) entente.RecordID {
	t.Helper()
	refs := ""
	for i, ref := range about {
		if i > 0 {
			refs += ","
		}
		refs += fmt.Sprintf("%q", ref)
	}
	o, err := stix.Parse(fmt.Appendf(nil, `{"type":"note","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00Z","modified":%q,"content":"x","object_refs":[%s]}`,
		id, version.Format(time.RFC3339), refs))
	check(t, err)
	put, err := m.Put(ctx, []stix.Object{o})
	check(t, err)
	return put[0].Record
}

func TestClosureTakesTheNewestOfAllThatIsReferredTo(t *testing.T) {
	c := newCell(t, "A")
	a := c.as("A")
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	subject, subjectID := a.note(t, "subject")
	inner, outer := stix.NewID("note"), stix.NewID("note")
	old := ownNote(t, a, inner, day, subjectID)
	newest := ownNote(t, a, inner, day.AddDate(0, 0, 1), subjectID, outer) // the two refer to each other
	top := ownNote(t, a, outer, day, inner, stix.NewID("identity"))
	self := entente.Reader{Party: a.Self()}
	got, err := a.Closure(ctx, self, []entente.RecordID{top})
	check(t, err)
	if diff := cmp.Diff([]entente.RecordID{top, newest, subject}, got); diff != "" {
		t.Errorf("closure (-want +got):\n%s", diff)
	}
	if got, err = a.Closure(ctx, self, []entente.RecordID{old}); err != nil || !cmp.Equal(got, []entente.RecordID{old, subject}) {
		t.Errorf("closure of an older version: %v, %v", got, err)
	}
	// What an analyst has no need to know is left out, and what only it refers to.
	check(t, a.PutOperator(ctx, node.Operator{Name: "nora", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}))
	check(t, a.SetGroups(ctx, newest, []string{"river"}))
	got, err = a.Closure(ctx, entente.Reader{Party: a.Self(), Operator: "nora"}, []entente.RecordID{top})
	if err != nil || !cmp.Equal(got, []entente.RecordID{top}) {
		t.Errorf("closure for an analyst outside the group: %v, %v", got, err)
	}
}

func TestNamedRecordsAreTheReadersAlone(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	one, oneID := c.as("A").note(t, "one")
	other, otherID := c.as("A").note(t, "other")
	c.release("A", id, []entente.RecordID{one}, "B")
	c.meetAll()
	named := node.Query{Records: []string{string(one), string(other), string(oneID), string(otherID), "identity--none"}}
	for name, want := range map[string][]entente.RecordID{"A": {one, other}, "B": {one}, "C": nil} {
		page, err := c.as(name).Read(ctx, entente.Reader{Party: c.as(name).Self()}, named)
		check(t, err)
		var got []entente.RecordID
		for _, v := range page.Views {
			got = append(got, v.ID())
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%s reads %v, expected %v", name, got, want)
		}
	}
	// A's node answers B like B's own.
	page, err := c.as("A").Read(ctx, entente.Reader{Party: c.as("B").Self()}, named)
	if err != nil || len(page.Views) != 1 || page.Views[0].ID() != one {
		t.Errorf("A shows B %d of its records: %v", len(page.Views), err)
	}
	if _, err := c.as("A").Read(ctx, entente.Reader{Party: c.as("A").Self()}, node.Query{Records: make([]string, 1001)}); entente.KindOf(err) != entente.Invalid {
		t.Errorf("a thousand and one names: %v", err)
	}
}
