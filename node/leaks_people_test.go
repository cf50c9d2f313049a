package node_test

import (
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/release"
)

// Class 11: people of one party, and what a role lets them do.

func TestLeak11TheAdministratorSkipsTheCheck(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	r, stixID := a.note(t, "need to know")
	grouped, _ := a.note(t, "in a group")
	check(t, a.SetGroups(ctx, grouped, []string{"north"}))
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	for _, name := range []string{"A", "B", "C", "D"} {
		keys := c.people(name, map[string][]string{
			"root": {node.RoleAdministrator}, "eye": {node.RoleInspector}, "olga": {node.RoleReleaser}, "ana": {node.RoleAnalyst},
		})
		m := c.as(name)
		for _, who := range []string{"root", "eye", "nobody"} {
			reader := entente.Reader{Party: m.Self(), Operator: who}
			for _, q := range []node.Query{{}, {Record: string(r)}, {Record: string(stixID)}, {Record: string(grouped)}, {Compact: id}, {Type: "identity"}} {
				page, err := m.Read(ctx, reader, q)
				if err == nil || len(page.Views) > 0 {
					t.Errorf("%s of %s reads %d views by %+v", who, name, len(page.Views), q)
				}
			}
			if out, err := m.Export(ctx, node.ExportOrder{Records: []entente.RecordID{r}, Format: release.FormatRecord, Acknowledged: true, Operator: who}); err == nil || len(out.Views) > 0 {
				t.Errorf("%s of %s exports: %v", who, name, err)
			}
		}
		// Nor does the role say anything in the party's name.
		order := c.order(id, []entente.RecordID{r}, "C")
		for _, p := range []node.Proposed{
			{Release: &order},
			{Recall: &node.RecallOrder{Records: []entente.RecordID{r}, Scope: "delete", Reason: "x"}},
			{Export: &node.ExportOrder{Records: []entente.RecordID{r}, Format: release.FormatRecord, Acknowledged: true}},
		} {
			if done, err := m.Propose(ctx, p, approval(t, p, "root", keys["root"])); err == nil || len(done.Acts) > 0 {
				t.Errorf("the administrator of %s: %+v %v", name, done, err)
			}
		}
		// And an analyst outside the group reads what is outside of it alone.
		_, err := m.Read(ctx, entente.Reader{Party: m.Self(), Operator: "ana"}, node.Query{Record: string(grouped)})
		if entente.KindOf(err) != entente.Hidden {
			t.Errorf("ana of %s reads what is for another group: %v", name, err)
		}
		if strings.Contains(m.dump(t), "What:read Who:root") {
			t.Errorf("a read by the administrator of %s is in the log", name)
		}
	}
	// A role at one party is none at another.
	if _, err := a.Read(ctx, entente.Reader{Party: b.Self(), Operator: "ana"}, node.Query{Record: string(grouped)}); entente.KindOf(err) != entente.Hidden {
		t.Errorf("B's analyst reads at A: %v", err)
	}
	c.meetAll()
	c.seenByParty(r, "A", "B")
	c.verify()
}

// seenByParty is seenBy where a party has operators: the node of another party is
// asked as that party.
func (c *cell) seenByParty(r entente.RecordID, names ...string) {
	c.t.Helper()
	for _, name := range c.names {
		want := false
		for _, n := range names {
			want = want || n == name
		}
		if got := strings.Contains(c.as(name).dump(c.t), string(r)); got != want {
			c.t.Errorf("%s holds %s: %v", name, entente.Short(r), got)
		}
	}
}
