package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/stix"
)

// object puts one STIX object, given as its members in JSON besides type, id and times.
func (p *party) object(typ, members string) (entente.RecordID, string) {
	p.t.Helper()
	return p.version(string(stix.NewID(typ)), "2026-02-01T00:00:00.000Z", members)
}

// version puts one version of a STIX object.
func (p *party) version(id, modified, members string) (entente.RecordID, string) {
	p.t.Helper()
	text := fmt.Sprintf(`{"type":%q,"spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00.000Z","modified":%q,%s}`, stix.ID(id).Type(), id, modified, members)
	o, err := stix.Parse([]byte(text))
	check(p.t, err)
	put, err := p.Put(ctx, []stix.Object{o})
	check(p.t, err)
	return put[0].Record, id
}

func identity(name string) string {
	return fmt.Sprintf(`"name":%q,"identity_class":"organization"`, name)
}

func related(from, how, to string) string {
	return fmt.Sprintf(`"relationship_type":%q,"source_ref":%q,"target_ref":%q`, how, from, to)
}

func TestTheGraphHasNoEdgeToWhatOneMayNotSee(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	subject, subjectID := a.object("identity", identity("Lantern Society"))
	_, seenID := a.object("identity", identity("Juniper House"))
	hidden, hiddenID := a.object("identity", identity("Cobalt Ring"))
	_, farID := a.object("identity", identity("Far Cousin"))
	uses, _ := a.object("relationship", related(subjectID, "finances", seenID))
	pays, paysID := a.object("relationship", related(subjectID, "paid-by", hiddenID))
	a.object("relationship", related(hiddenID, "knows", farID)) // visible itself, as is its far end
	report, _ := a.object("report", fmt.Sprintf(`"name":"Harbour report","published":"2026-01-01T00:00:00Z","object_refs":[%q,%q]`, subjectID, hiddenID))
	secret, secretID := a.object("note", fmt.Sprintf(`"content":"Umber note","object_refs":[%q]`, subjectID))
	for _, r := range []entente.RecordID{hidden, secret} {
		check(t, a.SetGroups(ctx, r, []string{"north"}))
	}
	a.release(id, subject, b)

	ana := a.sit("ana", node.RoleAnalyst)
	path := "/graph/" + string(subject)
	page := ana.get(path)
	has(t, "the graph", page, "Lantern Society", "Juniper House", "finances", "Harbour report", string(report), "<svg")
	outside := []string{"Cobalt", hiddenID, string(hidden), "Umber", secretID, string(secret), "paid-by", string(pays), paysID, "Far Cousin"}
	hasNot(t, "the graph", page, outside...)
	// Nor does it show by asking for it: what is not drawn cannot be opened or hidden.
	asked := func(query string) string { return strings.ReplaceAll(ana.get(path+query), path+query, path) } // forms know where they stand
	for _, x := range []string{hiddenID, secretID, string(stix.NewID("identity"))} {
		if asked("?open="+x) != page {
			t.Errorf("the graph with %s opened is another", x)
		}
	}
	if asked("?hide=note") != page {
		t.Error("the graph with a type hidden that has only hidden objects is another")
	}
	has(t, "the graph with a neighbour opened", ana.get(path+"?open="+seenID), "Juniper House")
	hasNot(t, "the graph without reports", ana.get(path+"?hide=report"), "Harbour report")
	// By the object's own id it is the same neighbourhood.
	has(t, "the graph by STIX id", ana.get("/graph/"+subjectID), "Juniper House")

	// One of the group sees all of it.
	check(t, a.PutOperator(ctx, node.Operator{Name: "nora", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}, Groups: []string{"north"}}))
	nora := a.again("nora")
	has(t, "the graph to one of the group", nora.get(path), "Cobalt Ring", "Umber note", "paid-by")
	has(t, "the same, further", nora.get(path+"?open="+hiddenID), "Far Cousin", "knows")

	// The other party sees what it was released, alone.
	page = b.sit("bea", node.RoleAnalyst).get(path)
	has(t, "the graph at Brevik", page, "Lantern Society", "Ardel", "TLP:AMBER")
	hasNot(t, "the graph at Brevik", page, "Juniper", seenID, "finances", string(uses), "Harbour", "Cobalt", hiddenID)

	// What one may not see is answered as what is not there.
	absent := entente.RecordID("sha256:" + strings.Repeat("0", 64))
	status1, page1 := ana.ask(http.MethodGet, "/graph/"+string(hidden), nil)
	status2, page2 := ana.ask(http.MethodGet, "/graph/"+string(absent), nil)
	if status1 != http.StatusNotFound || status2 != status1 || strings.ReplaceAll(page1, string(hidden), string(absent)) != page2 {
		t.Errorf("hidden and absent differ: %d %d", status1, status2)
	}
	if status, _ := ana.ask(http.MethodGet, "/graph/"+string(subject)[:30], nil); status != http.StatusNotFound {
		t.Errorf("the beginning of an id: %d", status)
	}
}

func TestTheGraphShowsTheNewestVersionAndDrawsTheSameEachTime(t *testing.T) {
	a := newParty(t, "Ardel")
	_, oldID := a.object("identity", identity("Old friend"))
	_, newID := a.object("identity", identity("New friend"))
	record, subject := a.object("identity", identity("Lantern Society"))
	_, link := a.version(string(stix.NewID("note")), "2026-01-01T00:00:00.000Z", fmt.Sprintf(`"content":"first","object_refs":[%q,%q]`, subject, oldID))
	a.version(link, "2026-03-01T00:00:00.000Z", fmt.Sprintf(`"content":"second","object_refs":[%q,%q]`, subject, newID))
	ana := a.sit("ana", node.RoleAnalyst)
	page := ana.get("/graph/" + string(record) + "?open=" + link)
	has(t, "the graph", page, "second", "New friend")
	hasNot(t, "the graph", page, "first", "Old friend")
	for range 3 {
		if ana.get("/graph/"+string(record)+"?open="+link) != page {
			t.Error("the same graph is drawn otherwise")
		}
	}
}

func TestALargeNeighbourhoodSaysThatThereIsMore(t *testing.T) {
	a := newParty(t, "Ardel")
	record, subject := a.object("identity", identity("Lantern Society"))
	for i := range 130 {
		r, _ := a.object("note", fmt.Sprintf(`"content":"note %d","object_refs":[%q]`, i, subject))
		if i >= 100 {
			check(t, a.SetGroups(ctx, r, []string{"north"}))
		}
	}
	// The hundred that one may see are all drawn: nothing says that there are others.
	page := a.sit("ana", node.RoleAnalyst).get("/graph/" + string(record))
	if n := strings.Count(page, `class="node kind`); n != 101 {
		t.Errorf("%d nodes are drawn of 101", n)
	}
	hasNot(t, "the graph of all that one may see", page, "There is more")
	check(t, a.PutOperator(ctx, node.Operator{Name: "nora", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}, Groups: []string{"north"}}))
	start := time.Now()
	page = a.again("nora").get("/graph/" + string(record))
	t.Logf("drawn in %s", time.Since(start))
	has(t, "the graph of more than can be drawn", page, "There is more")
	if n := strings.Count(page, `class="node kind`); n != 120 {
		t.Errorf("%d nodes are drawn, at most 120", n)
	}
}

func TestTheGraphShowsNothingOfContentWhoseConditionsWait(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	subject, subjectID := a.object("identity", identity("Lantern Society"))
	other, otherID := a.object("identity", identity("Juniper House"))
	pays, _ := a.object("relationship", related(subjectID, "paid-by", otherID))
	a.release(id, subject, b)
	a.release(id, other, b)
	_, _, err := a.Release(ctx, node.Order{Compact: id, Records: []entente.RecordID{pays}, To: []entente.PartyID{b.Self()}, Handling: entente.Handling{
		TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism", Caveats: []string{"not for courts"},
	}})
	check(t, err)
	check(t, meet(a, b))
	bea := b.sit("bea", node.RoleAnalyst)
	path := "/graph/" + string(subject)
	hasNot(t, "the graph before", bea.get(path), "paid-by", "Juniper")
	has(t, "the relation by itself", bea.get("/graph/"+string(pays)), "not for courts")
	bea.post("/record/"+string(pays)+"/acknowledge", nil)
	has(t, "the graph after", bea.get(path), "paid-by", "Juniper House")
}
