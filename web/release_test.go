package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"entente/node"
	"entente/node/nodetest"
	"entente/stix"
)

// One form, one signature: the full text to one party, a tearline of it to another.
func TestFullTextAndTearlineInOneRelease(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	anna := a.signer("anna", node.RoleReleaser)
	full, _ := a.object("identity", identity("Umber Quay in full"))
	tear, err := a.Tearline(ctx, node.TearlineOrder{Record: full, Changes: []stix.Change{{Path: "/name", Op: stix.OpReplace, Value: "Some quay"}}})
	check(t, err)
	other, _ := a.object("identity", identity("Cobalt Ring"))
	contains(t, anna.get("/release?record="+string(full)), "the full text", "Some quay")
	lacks(t, anna.get("/release?record="+string(other)), "the full text")
	lacks(t, anna.get("/release?record="+string(full)+"&record="+string(other)), "the full text")
	fill := url.Values{
		"filled": {"1"}, "record": {string(full)}, "compact": {string(id)}, "to": {string(b.Self()), string(c.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"},
		"as." + string(c.Self()): {string(tear.Record)},
	}
	contains(t, anna.post("/release", fill), "1 party gets it", "1 gets the tearline.", "gets the tearline ", "Some quay")
	fill.Set("sign", "1")
	sign := anna.post("/release", fill)
	contains(t, sign, "Umber Quay in full", "Some quay", "Brevik", "Corvane")
	at := follow(t, sign, "/sign/")
	if status, _ := anna.ask(http.MethodPost, at, url.Values{"password": {"wrong"}}); status != http.StatusForbidden {
		t.Errorf("a wrong password: %d", status)
	}
	contains(t, anna.post(at, url.Values{"password": {password}}), "2 signed messages are on their way")
	for _, x := range []*party{b, c} {
		check(t, nodetest.Meet(ctx, a.Node, x.Node))
	}
	bea, carl := b.sit("bea", node.RoleAnalyst), c.sit("carl", node.RoleAnalyst)
	contains(t, bea.get("/inbox"), "Umber Quay in full")
	lacks(t, bea.get("/inbox"), "Some quay")
	contains(t, carl.get("/inbox"), "Some quay")
	lacks(t, carl.get("/inbox"), "Umber", string(full))
	// A record that is no tearline of this one is not given in its place.
	fill.Del("sign")
	fill.Set("as."+string(c.Self()), string(other))
	if page := anna.post("/release", fill); strings.Contains(page, "Cobalt") || !strings.Contains(page, "2 parties get it") {
		t.Errorf("something else in its place:\n%s", page)
	}
}
