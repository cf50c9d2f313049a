package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/node/nodetest"
)

func TestWhereaboutsAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	open, closed := a.note("the cart at the weir"), a.note("the heron at the quay")
	a.release(id, open, b, c)
	a.release(id, closed, b)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	for _, r := range []entente.RecordID{open, closed} {
		_, err := a.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{r}, Scope: "delete", Reason: "a source was exposed"})
		check(t, err)
	}
	check(t, a.SetGroups(ctx, closed, []string{"north"}))
	rene, ana := a.sit("rene", node.RoleReleaser), a.sit("ana", node.RoleAnalyst)
	page := rene.get("/where")
	contains(t, page, "Brevik", "the cart at the weir", "a source was exposed", "recalled, not confirmed")
	lacks(t, page, "heron", string(closed))
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	page = rene.get("/where?party=" + string(b.Self()))
	contains(t, page, "erased, signed 1", "receipt signed") // one of the two recalls: the other is not for rene to know
	lacks(t, page, "heron", "<bdi>Corvane</bdi>")
	if status, _ := ana.ask(http.MethodGet, "/where", nil); status != http.StatusForbidden {
		t.Errorf("an analyst is answered %d", status)
	}
}

// A record leaves with its proofs, once its conditions are acknowledged.
func TestARecordIsExportedAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	record := a.note("the cart at the weir")
	_, _, err := a.Release(ctx, node.Order{
		Records: []entente.RecordID{record}, Compact: id, To: []entente.PartyID{b.Self()},
		Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism", Caveats: []string{"not for courts"}},
	})
	check(t, err)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	bea, bo := b.signer("bea", node.RoleReleaser), b.sit("bo", node.RoleAnalyst)
	at := "/record/" + string(record)
	if status, _ := bo.ask(http.MethodPost, at+"/export", nil); status != http.StatusForbidden {
		t.Errorf("an analyst exports: %d", status)
	}
	if status, page := bea.ask(http.MethodPost, at+"/export", nil); status != http.StatusForbidden || strings.Contains(page, "weir") {
		t.Errorf("before the conditions are acknowledged: %d\n%s", status, page)
	}
	bea.post(at+"/acknowledge", nil)
	var file node.Exported
	sign := bea.post(at+"/export", nil)
	contains(t, sign, "Export to another system", "the cart at the weir")
	check(t, json.Unmarshal([]byte(bea.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})), &file))
	if len(file.Records) != 1 || !strings.Contains(string(file.Records[0].Bytes), "the cart at the weir") || len(file.Acts) == 0 {
		t.Errorf("exported: %d records, %d acts", len(file.Records), len(file.Acts))
	}
	if status, _ := bea.ask(http.MethodPost, "/record/sha256:"+strings.Repeat("5e", 32)+"/export", nil); status != http.StatusNotFound {
		t.Errorf("what is not there: %d", status)
	}
	// What rests on another's record says so on its page.
	own := b.note("a summary of the week")
	check(t, b.Derive(ctx, []entente.RecordID{own}, []entente.RecordID{record}))
	contains(t, bea.get("/record/"+string(own)), "Rests on", "the cart at the weir")
}
