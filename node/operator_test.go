package node_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/release"
	"entente/store"
)

// people gives a member operators with keys of their own.
func (c *cell) people(who string, roles map[string][]string, groups ...string) map[string]entente.PrivateKey {
	c.t.Helper()
	keys := map[string]entente.PrivateKey{}
	for name, r := range roles {
		keys[name] = entente.NewPrivateKey()
		check(c.t, c.as(who).PutOperator(ctx, store.Operator{Name: name, Key: keys[name].Key(), Roles: r}))
	}
	return keys
}

func approval(t *testing.T, p node.Proposed, name string, key entente.PrivateKey) node.Approval {
	t.Helper()
	id, err := p.ID()
	check(t, err)
	return approvalOf(t, id, name, key)
}

func approvalOf(t *testing.T, id, name string, key entente.PrivateKey) node.Approval {
	t.Helper()
	sig, err := key.Sign(node.ApprovalText(id))
	check(t, err)
	return node.Approval{Operator: name, Signature: base64.StdEncoding.EncodeToString(sig)}
}

func TestTwoPersonsRelease(t *testing.T) {
	c := newCell(t, "A", "B")
	ch := c.charter("A", "B")
	ch.TwoPersons = []entente.Kind{entente.KindRecall, entente.KindRelease}
	id, err := c.as("A").Found(ctx, ch)
	check(t, err)
	c.meetAll()
	_, err = c.as("B").Accede(ctx, id, "", "")
	check(t, err)
	c.meetAll()
	r, _ := c.as("A").note(t, "r")
	order := c.order(id, []entente.RecordID{r}, "B")
	if _, _, err := c.as("A").Release(ctx, order); entente.KindOf(err) != entente.Refused || entente.HintOf(err) == "" {
		t.Fatalf("released by nobody: %v", err)
	}
	keys := c.people("A", map[string][]string{"olga": {node.RoleReleaser}, "timur": {node.RoleReleaser}, "cy": {node.RoleAnalyst}, "root": {node.RoleAdministrator}})
	p := node.Proposed{Release: &order}
	for what, by := range map[string]node.Approval{
		"an analyst":           approval(t, p, "cy", keys["cy"]),
		"the administrator":    approval(t, p, "root", keys["root"]),
		"olga by ben's key":    approval(t, p, "olga", keys["timur"]),
		"somebody unknown":     approval(t, p, "eve", keys["olga"]),
		"olga, for another id": approvalOf(t, "sha256:"+strings.Repeat("0", 64), "olga", keys["olga"]),
	} {
		if _, err := c.as("A").Propose(ctx, p, by); entente.KindOf(err) != entente.Refused {
			t.Errorf("proposed by %s: %v", what, err)
		}
	}
	done, err := c.as("A").Propose(ctx, p, approval(t, p, "olga", keys["olga"]))
	check(t, err)
	if done.Missing != 1 || len(done.Acts) != 0 {
		t.Fatalf("after one person: %+v", done)
	}
	again, err := c.as("A").Approve(ctx, done.Proposal, approvalOf(t, done.Proposal, "olga", keys["olga"]))
	check(t, err)
	if again.Missing != 1 {
		t.Fatalf("one person counted twice: %+v", again)
	}
	c.meetAll()
	if c.as("B").sees(r) {
		t.Fatal("released with one approval")
	}
	waiting, err := c.as("A").Proposals(ctx)
	check(t, err)
	if len(waiting) != 1 || waiting[0].Missing != 1 || waiting[0].Approved[0] != "olga" {
		t.Fatalf("waiting: %+v", waiting)
	}
	// A person who loses the role in between counts no more.
	check(t, c.as("A").PutOperator(ctx, store.Operator{Name: "olga", Key: keys["olga"].Key(), Roles: []string{node.RoleAnalyst}}))
	half, err := c.as("A").Approve(ctx, done.Proposal, approvalOf(t, done.Proposal, "timur", keys["timur"]))
	check(t, err)
	if half.Missing != 1 {
		t.Fatalf("an approval whose person has lost the role counts: %+v", half)
	}
	waiting, err = c.as("A").Proposals(ctx)
	check(t, err)
	if waiting[0].Missing != 1 || !slices.Equal(waiting[0].Approved, []string{"timur"}) {
		t.Fatalf("shown as approved by %v, missing %d", waiting[0].Approved, waiting[0].Missing)
	}
	check(t, c.as("A").PutOperator(ctx, store.Operator{Name: "olga", Key: keys["olga"].Key(), Roles: []string{node.RoleReleaser}}))
	full, err := c.as("A").Approve(ctx, done.Proposal, approvalOf(t, done.Proposal, "timur", keys["timur"]))
	check(t, err)
	if full.Missing != 0 || len(full.Acts) != 1 {
		t.Fatalf("after two persons: %+v", full)
	}
	c.meetAll()
	if !c.as("B").sees(r) {
		t.Error("not released after two approvals")
	}
	// The approvals stay at home.
	if strings.Contains(c.as("B").dump(t), "olga") || !strings.Contains(c.as("A").dump(t), "approve") {
		t.Error("approvals left the party, or are not in its log")
	}
	if _, err := c.as("A").Approve(ctx, done.Proposal, approvalOf(t, done.Proposal, "timur", keys["timur"])); err == nil {
		t.Error("done twice")
	}
	recall := node.Proposed{Recall: &node.RecallOrder{Records: []entente.RecordID{r}, Scope: "delete", Reason: "x"}}
	if _, err := c.as("A").Recall(ctx, *recall.Recall); entente.KindOf(err) != entente.Refused {
		t.Errorf("recalled by nobody: %v", err)
	}
	one, err := c.as("A").Propose(ctx, recall, approval(t, recall, "olga", keys["olga"]))
	check(t, err)
	if one.Missing != 1 {
		t.Errorf("a recall with one person: %+v", one)
	}
	c.verify()
}

func TestRolesAndGroupsBoundWhatOperatorsRead(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	open, _ := c.as("A").note(t, "open")
	close, _ := c.as("A").note(t, "closed")
	theirs, _ := c.as("B").note(t, "theirs")
	c.release("B", id, []entente.RecordID{theirs}, "A")
	c.meetAll()
	a := c.as("A")
	for name, o := range map[string]store.Operator{
		"north": {Roles: []string{node.RoleAnalyst}, Groups: []string{"north"}},
		"south": {Roles: []string{node.RoleAnalyst}, Groups: []string{"south"}},
		"admin": {Roles: []string{node.RoleAdministrator}},
		"eye":   {Roles: []string{node.RoleInspector}},
	} {
		o.Name, o.Key = name, entente.NewPrivateKey().Key()
		check(t, a.PutOperator(ctx, o))
	}
	check(t, a.SetGroups(ctx, close, []string{"north"}))
	check(t, a.SetGroups(ctx, theirs, []string{"south"}))
	sees := func(name string, r entente.RecordID) bool {
		_, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: name}, node.Query{Record: string(r)})
		return err == nil
	}
	lists := func(name string, own bool) int {
		page, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: name}, node.Query{Own: &own})
		if err != nil {
			return -1
		}
		return len(page.Views)
	}
	for _, x := range []struct {
		who                string
		open, close, their bool
		own, others        int
	}{
		{"north", true, true, false, 2, 0},
		{"south", true, false, true, 1, 1},
		{"admin", false, false, false, -1, -1},
		{"eye", false, false, false, -1, -1},
		{"nobody", false, false, false, -1, -1},
	} {
		if sees(x.who, open) != x.open || sees(x.who, close) != x.close || sees(x.who, theirs) != x.their || lists(x.who, true) != x.own || lists(x.who, false) != x.others {
			t.Errorf("%s: open %v, closed %v, theirs %v, lists %d and %d", x.who, sees(x.who, open), sees(x.who, close), sees(x.who, theirs), lists(x.who, true), lists(x.who, false))
		}
	}
	// Who has read what is in the log.
	if dump := a.dump(t); strings.Count(dump, "What:read Who:north") != 2 || strings.Contains(dump, "What:read Who:admin") {
		t.Errorf("reads by north in the log: %d", strings.Count(dump, "What:read Who:north"))
	}
	// What groups hide is answered as what does not exist.
	_, hidden := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "south"}, node.Query{Record: string(close)})
	_, absent := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "south"}, node.Query{Record: "sha256:" + strings.Repeat("0", 64)})
	if hidden.Error() != absent.Error() {
		t.Errorf("%v / %v", hidden, absent)
	}
}

func TestExportCarriesTheHandlingOrDoesNotHappen(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	own, _ := c.as("B").note(t, "own")
	c.meetAll()
	b := c.as("B")
	export := func(f release.Format, ack bool, ids ...entente.RecordID) (int, error) {
		out, err := b.Export(ctx, node.ExportOrder{Records: ids, Format: f, Acknowledged: ack})
		return len(out.Views), err
	}
	if n, err := export(release.FormatRaw, true, own, r); n != 0 || entente.KindOf(err) != entente.Refused {
		t.Errorf("bare bytes of another's record: %d, %v", n, err)
	}
	if n, err := export(release.FormatSTIX, false, r); n != 0 || entente.KindOf(err) != entente.Refused || !strings.Contains(err.Error(), "TLP:AMBER") {
		t.Errorf("not acknowledged: %d, %v", n, err)
	}
	if n, err := export(release.FormatSTIX, true, own, r); n != 2 || err != nil {
		t.Errorf("acknowledged: %d, %v", n, err)
	}
	if n, err := export(release.FormatRaw, false, own); n != 1 || err != nil {
		t.Errorf("one's own: %d, %v", n, err)
	}
	if !strings.Contains(b.dump(t), "conditions acknowledged") {
		t.Error("the acknowledgement is not in the log")
	}
}
