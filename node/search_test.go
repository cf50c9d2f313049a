package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/node"
)

// written puts one STIX note of the party's own and gives the record's id.
func (m *member) written(t *testing.T, text string) entente.RecordID {
	t.Helper()
	id, _ := m.note(t, text)
	return id
}

// finds searches at a node and compares with the records wanted, the newest first.
func (m *member) finds(t *testing.T, operator string, q node.Query, want ...entente.RecordID) {
	t.Helper()
	r := entente.Reader{Party: m.Self(), Operator: operator}
	got := []entente.RecordID{}
	for more := true; more; {
		page, err := m.Read(ctx, r, q)
		check(t, err)
		for _, v := range page.Views {
			got = append(got, v.ID())
		}
		q.After, more = page.Next, page.More
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s finds %d records by %q, expected %d", operator, len(got), q.Text, len(want))
	}
}

func TestRecordsAreFoundByTheirWords(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	boat := a.written(t, "Patrol boat seen off Évian harbour; address 192.0.2.77")
	arabic := a.written(t, "مُراقبة الخلية في المدينة")
	japan := a.written(t, "東京の埠頭")
	harbour := b.written(t, "The HARBOUR master's log")
	c.release("B", id, []entente.RecordID{harbour}, "A")
	c.meetAll()
	no := false
	for text, want := range map[string][]entente.RecordID{
		"harbour":             {harbour, boat},
		"evian Harb":          {boat},
		"HARBOUR":             {harbour, boat},
		"192.0.2.77":          {boat},
		"192.0.2":             {boat},
		"2.192":               {},
		"خليه":                {arabic},
		"مراقبة مدينه":        {arabic},
		"京の":                  {japan},
		"京東":                  {},
		"ha":                  {}, // two letters are a word
		"boat NOT harbour":    {},
		`"boat" OR (x* ^y) -`: {},
	} {
		a.finds(t, "", node.Query{Text: text}, want...)
	}
	a.finds(t, "", node.Query{Text: "harbour", Own: &no}, harbour)
	a.finds(t, "", node.Query{Text: "harbour", Originator: a.Self()}, boat)
	a.finds(t, "", node.Query{Text: "harbour", Compact: id}, harbour)
	a.finds(t, "", node.Query{Text: "harbour", Type: "report"})
	a.finds(t, "", node.Query{Text: " ,;- "})
	a.finds(t, "", node.Query{Text: strings.Repeat("harbour ", 500)}, harbour, boat)
	var many []entente.RecordID
	for i := range 7 {
		many = append(many, a.written(t, fmt.Sprintf("buoy %d", i)))
	}
	slices.Reverse(many)
	a.finds(t, "", node.Query{Text: "buoy", Limit: 3}, many...)
	// A place is one of this search, not of another.
	page, err := a.Read(ctx, entente.Reader{Party: a.Self()}, node.Query{Text: "buoy", Limit: 2})
	check(t, err)
	if _, err := a.Read(ctx, entente.Reader{Party: a.Self()}, node.Query{Text: "harbour", After: page.Next}); entente.KindOf(err) != entente.Invalid {
		t.Errorf("a place of another search is taken: %v", err)
	}
	// Ids and payloads are not words of the record.
	a.finds(t, "", node.Query{Text: string(c.as("A").Self())})
	c.verify()
}

// What somebody of the party may not see is not found, by no word of it, and what
// came before and after tells nothing of it.
func TestLeak04Search(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a, b := c.as("A"), c.as("B")
	open1 := a.written(t, "quay one")
	closed := a.written(t, "quay heron")
	open2 := a.written(t, "quay two")
	check(t, a.SetGroups(ctx, closed, []string{"north"}))
	c.release("A", id, []entente.RecordID{open1}, "B")
	c.release("A", id, []entente.RecordID{open2}, "C")
	c.meetAll()
	b.finds(t, "", node.Query{Text: "quay"}, open1)
	// What was recalled is found no more, at neither word of it.
	c.recall("A", []entente.RecordID{open1}, "B")
	c.meetAll()
	b.finds(t, "", node.Query{Text: "quay"})
	b.finds(t, "", node.Query{Text: "one"})
	// And after it was released again, it is.
	c.release("A", id, []entente.RecordID{open1}, "B")
	c.meetAll()
	b.finds(t, "", node.Query{Text: "quay"}, open1)
	c.people("A", map[string][]string{"ana": {node.RoleAnalyst}})
	c.people("A", map[string][]string{"nora": {node.RoleAnalyst}, "root": {node.RoleAdministrator}})
	all, err := a.Operators(ctx)
	check(t, err)
	for _, o := range all {
		if o.Name == "nora" {
			o.Groups = []string{"north"}
			check(t, a.PutOperator(ctx, o))
		}
	}
	a.finds(t, "ana", node.Query{Text: "quay"}, open2, open1)
	a.finds(t, "ana", node.Query{Text: "heron"})
	a.finds(t, "nora", node.Query{Text: "quay"}, open2, closed, open1)
	if page, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "ana"}, node.Query{Text: "quay", Limit: 2}); err != nil || page.More {
		t.Errorf("behind a full page there is something for ana: %v", err)
	}
	if page, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "root"}, node.Query{Text: "quay"}); err == nil || len(page.Views) > 0 {
		t.Errorf("the administrator finds %d", len(page.Views))
	}
	// A partner looks for no words, not in what it was let have either.
	for _, text := range []string{"quay", "heron", "nothing"} {
		page, err := a.Read(ctx, entente.Reader{Party: b.Self()}, node.Query{Text: text})
		if entente.KindOf(err) != entente.Hidden || len(page.Views) > 0 {
			t.Errorf("a partner looks for %q: %v", text, err)
		}
	}
	// The log says who searched, and not for what.
	events, err := a.Events(ctx, 0, 1000)
	check(t, err)
	searched := 0
	for _, e := range events {
		if e.What == "searched" && e.Who == "ana" {
			searched++
		}
		if strings.Contains(e.Detail+e.Subject, "heron") || strings.Contains(e.Detail+e.Subject, "quay") {
			t.Errorf("the log has the words: %+v", e)
		}
	}
	if searched == 0 {
		t.Error("the log does not say that ana searched")
	}
	c.verify()
}
