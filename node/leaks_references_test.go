package node_test

import (
	"slices"
	"testing"

	"entente"
	"entente/node"
	"entente/stix"
)

// Class 4: who refers to an object, and what objects there are.

func TestLeak04References(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a := c.as("A")
	subject, object := a.note(t, "subject")
	told, toldID := a.note(t, "told", object)
	kept, keptID := a.note(t, "kept", object)
	other, _ := a.note(t, "other", object)
	check(t, a.SetGroups(ctx, kept, []string{"north"}))
	c.release("A", id, []entente.RecordID{subject, told}, "B")
	c.release("A", id, []entente.RecordID{subject}, "C")
	c.meetAll()
	sees := func(at *member, reader entente.Reader, q node.Query, want ...entente.RecordID) {
		t.Helper()
		page, err := at.Read(ctx, reader, q)
		check(t, err)
		got := []entente.RecordID{}
		for _, v := range page.Views {
			got = append(got, v.ID())
		}
		if !slices.Equal(got, want) || page.More {
			t.Errorf("%s sees %d records by %+v (more %v), expected %d", reader.Operator, len(got), q, page.More, len(want))
		}
	}
	as := func(m *member, operator string) entente.Reader {
		return entente.Reader{Party: m.Self(), Operator: operator}
	}
	for _, x := range []struct {
		name string
		want []entente.RecordID
	}{{"B", []entente.RecordID{told}}, {"C", nil}} {
		m := c.as(x.name)
		for _, at := range []*member{m, a} { // its own node, and A's for it
			sees(at, as(m, ""), node.Query{RefersTo: string(object)}, x.want...)
			sees(at, as(m, ""), node.Query{Records: []string{string(keptID), string(toldID)}}, x.want...)
			sees(at, as(m, ""), node.Query{Records: []string{string(kept), string(told), string(toldID)}}, x.want...)
			// What is not there is answered in the same way.
			sees(at, as(m, ""), node.Query{RefersTo: string(keptID)})
			sees(at, as(m, ""), node.Query{RefersTo: string(stix.NewID("note"))})
		}
	}
	// What is recalled refers to nothing any more.
	c.recall("A", []entente.RecordID{told}, "B")
	c.meetAll()
	sees(c.as("B"), as(c.as("B"), ""), node.Query{RefersTo: string(object)})
	sees(a, as(c.as("B"), ""), node.Query{RefersTo: string(object)})
	// And the people of one party, each within the groups.
	c.people("A", map[string][]string{"ana": {node.RoleAnalyst}})
	north := map[string][]string{"nora": {node.RoleAnalyst}}
	c.people("A", north)
	all, err := a.Operators(ctx)
	check(t, err)
	for _, o := range all {
		if o.Name == "nora" {
			o.Groups = []string{"north"}
			check(t, a.PutOperator(ctx, o))
		}
	}

	for _, limit := range []int{0, 2} { // a full page has nothing behind it for ana
		sees(a, as(a, "ana"), node.Query{RefersTo: string(object), Limit: limit}, told, other)
	}
	sees(a, as(a, "nora"), node.Query{RefersTo: string(object)}, told, kept, other)
	sees(a, as(a, "nora"), node.Query{RefersTo: string(object), Type: "identity"})
	sees(a, as(a, "ana"), node.Query{Records: []string{string(keptID), string(toldID)}}, told)
	sees(a, as(a, "nora"), node.Query{Records: []string{string(keptID), string(toldID)}}, told, kept)
	// Those without a role that reads get nothing.
	c.people("A", map[string][]string{"root": {node.RoleAdministrator}})
	for _, q := range []node.Query{{RefersTo: string(object)}, {Records: []string{string(toldID)}}} {
		if page, err := a.Read(ctx, as(a, "root"), q); err == nil || len(page.Views) > 0 {
			t.Errorf("the administrator reads %d by %+v", len(page.Views), q)
		}
	}
	c.verify()
}
