package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/node/nodetest"
)

// suggested are the names that the field for words offers.
func (d *desk) suggested(query string) []string {
	d.t.Helper()
	var out []string
	check(d.t, json.Unmarshal([]byte(d.get("/suggest?"+query)), &out))
	return out
}

func TestWordsAreFoundAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	record, object := a.object("identity", `"name":"Lantern Society","identity_class":"group","description":"They meet behind the brick kiln, at the old mill.","lang":"en","confidence":70`)
	arabic, _ := a.object("identity", `"name":"جمعية الفانوس","identity_class":"group"`)
	report, _ := a.object("report", fmt.Sprintf(`"name":"Two lorries","published":"2026-03-01T00:00:00Z","description":"Seen at the kiln.","object_refs":[%q]`, object))
	for _, r := range []entente.RecordID{record, arabic, report} {
		a.release(id, r, b)
	}
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	bea := b.sit("bea", node.RoleAnalyst)
	page := bea.get("/inbox?q=kiln")
	contains(t, page, "Lantern Society", "Two lorries", "<mark>kiln</mark>", "They meet behind the brick ")
	lacks(t, page, "جمعية")
	contains(t, bea.get("/inbox?q="+url.QueryEscape("الجمعية فانوس")), "جمعية الفانوس")
	contains(t, bea.get("/inbox?q=nothing"), "Nothing matches")
	contains(t, bea.get("/inbox?q=kiln&type=report"), "Two lorries")
	lacks(t, bea.get("/inbox?q=behind&type=report"), "Two lorries")
	// What it is about, its language, and how sure its author is.
	contains(t, bea.get("/inbox"), "confidence 70", `<bdi>en</bdi>`, `href="/record/`+string(record)+`" dir="auto">Lantern Society</a>`)
	// An id leads to its record.
	contains(t, bea.get("/inbox?q="+object), "They meet behind")
	if status, _ := bea.ask(http.MethodGet, "/inbox?q=identity--00000000-0000-4000-8000-000000000000", nil); status != http.StatusNotFound {
		t.Errorf("an id of nothing: %d", status)
	}
	if got := bea.suggested("q=lant"); !slices.Equal(got, []string{"Lantern Society"}) {
		t.Errorf("suggested: %q", got)
	}
	if got := bea.suggested("q=lant&own=1"); len(got) > 0 {
		t.Errorf("suggested of one's own: %q", got)
	}
	if got := bea.suggested("q="); len(got) > 0 {
		t.Errorf("suggested for nothing: %q", got)
	}
}

func TestFiltersAreKept(t *testing.T) {
	_, p := newCell(t, "Ardel", "Brevik")
	anna, alan := p[0].sit("anna", node.RoleAnalyst), p[0].sit("alan", node.RoleAnalyst)
	page := anna.post("/filters", url.Values{"back": {"/inbox?q=mill&type=report&after=x"}, "name": {"The <mill>"}})
	contains(t, page, `href="/inbox?q=mill&amp;type=report"`, "The &lt;mill&gt;")
	lacks(t, alan.get("/inbox"), "The &lt;mill&gt;")
	for _, wrong := range []url.Values{
		{"back": {"/inbox"}, "name": {"all"}}, {"back": {"/inbox?q=x"}, "name": {" "}}, {"back": {"/inbox?q=x"}, "name": {strings.Repeat("x", 61)}},
	} {
		if status, _ := anna.ask(http.MethodPost, "/filters", wrong); status != http.StatusBadRequest {
			t.Errorf("%v: %d", wrong, status)
		}
	}
	lacks(t, anna.post("/filters/drop", url.Values{"back": {"/inbox"}, "name": {"The <mill>"}}), "The &lt;mill&gt;")
}

// Unread records are found behind pages of read ones; all are marked up to what was
// shown, and what came in meanwhile stays unread.
func TestUnreadRecordsBehindReadOnes(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	bea := b.sit("bea", node.RoleAnalyst)
	first := a.note("the first of all")
	a.release(id, first, b)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	var read []string
	for i := range 120 {
		r := a.note(fmt.Sprintf("later %d", i))
		a.release(id, r, b)
		read = append(read, string(r))
	}
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	for some := range slices.Chunk(read, 50) {
		bea.post("/inbox/read", url.Values{"record": some, "back": {"/inbox"}})
	}
	page := bea.get("/inbox?unread=1")
	contains(t, page, "the first of all")
	lacks(t, page, "later")
	upTo := hidden(bea.get("/inbox"), "upto")
	late := a.note("came meanwhile")
	a.release(id, late, b)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	bea.post("/inbox/read", url.Values{"all": {"1"}, "upto": upTo, "back": {"/inbox"}})
	page = bea.get("/inbox?unread=1")
	contains(t, page, "came meanwhile")
	lacks(t, page, "the first of all", "later")
	if status, _ := bea.ask(http.MethodPost, "/inbox/read", url.Values{"all": {"1"}, "upto": {"now"}}); status != http.StatusBadRequest {
		t.Errorf("marked up to no time: %d", status)
	}
}

// A record under two handlings shows the strictest label, its conditions are asked
// for again when others come, and who has read it is known to the party.
func TestConditionsAreAcknowledgedAsTheyAre(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	record := a.note("the cart at the weir")
	send := func(tlp entente.TLP, caveat string) {
		t.Helper()
		_, _, err := a.Release(ctx, node.Order{
			Records: []entente.RecordID{record}, Compact: id, To: []entente.PartyID{b.Self()},
			Handling: entente.Handling{TLP: tlp, Onward: entente.OnwardNone, Purpose: "counter-terrorism", Caveats: []string{caveat}},
		})
		check(t, err)
		check(t, nodetest.Meet(ctx, a.Node, b.Node))
	}
	send(entente.TLPAmber, "not for courts")
	bea, bo := b.sit("bea", node.RoleAnalyst), b.sit("bo", node.RoleAnalyst)
	at := "/record/" + string(record)
	contains(t, bea.get("/inbox"), "TLP:AMBER", "conditions to read first")
	lacks(t, bea.get("/inbox?q=weir"), "<mark>")
	contains(t, bea.get(at), "Read the conditions first")
	contains(t, bea.post(at+"/acknowledge", nil), "the cart at the weir", "Nobody before you.")
	lacks(t, bea.get("/inbox"), "conditions to read first")
	// For bea alone.
	contains(t, bo.get(at), "Read the conditions first")
	bo.post(at+"/acknowledge", nil)
	contains(t, bo.get(at), "<bdi>bea</bdi>", "<bdi>bo</bdi>")
	// The log says who acknowledged.
	events, err := b.Events(ctx, 0, 1000)
	check(t, err)
	who := map[string]bool{}
	for _, e := range events {
		if e.What == "acknowledged" && e.Subject == string(record) && e.Compact == id {
			who[e.Who] = true
		}
	}
	if !who["bea"] || !who["bo"] {
		t.Errorf("the log has %v", who)
	}
	send(entente.TLPRed, "for the commander alone")
	page := bea.get("/inbox")
	contains(t, page, "TLP:RED", "conditions to read first")
	lacks(t, page, "TLP:AMBER")
	contains(t, bea.get(at), "Read the conditions first", "for the commander alone")
	if status, _ := bea.ask(http.MethodGet, at+"/file", nil); status != http.StatusForbidden {
		t.Errorf("the file before the new conditions are acknowledged: %d", status)
	}
}
