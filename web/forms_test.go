package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/node/nodetest"
)

// Each form makes an object that keeps what was typed; what is wrong stands beside
// its field, and nothing is lost or kept by half.
func TestFormsOfTheUsualObjects(t *testing.T) {
	_, p := newCell(t, "Ardel", "Brevik")
	a := p[0]
	anna := a.sit("anna", node.RoleAnalyst)
	society, _ := a.object("identity", identity("Lantern Society"))
	mill, _ := a.object("location", `"name":"The old mill","country":"JO"`)
	shut := a.note("the heron at the quay")
	check(t, a.SetGroups(ctx, shut, []string{"north"}))
	for _, x := range []struct {
		form url.Values
		want []string
	}{
		{url.Values{"kind": {"report"}, "title": {"Two lorries"}, "text": {"At dusk."}, "about": {string(society)}, "confidence": {"70"}, "lang": {"en"}}, []string{"Two lorries", "At dusk.", "Lantern Society", "70"}},
		{url.Values{"kind": {"note"}, "title": {"Driver"}, "text": {"The same."}, "subject": {"A driver"}}, []string{"Driver", "The same.", "A driver"}},
		{url.Values{"kind": {"opinion"}, "opinion": {"agree"}, "text": {"We saw it too."}, "about": {string(society)}}, []string{"We saw it too.", "agree"}},
		{url.Values{"kind": {"sighting"}, "of": {string(society)}, "about": {string(mill)}, "first_seen": {"2026-03-01T10:00"}, "last_seen": {"2026-03-01T11:30"}, "count": {"2"}}, []string{"2026-03-01T10:00:00", "The old mill", "Lantern Society"}},
		{url.Values{"kind": {"sighting"}, "subject": {"A boat"}}, []string{"A boat"}},
		{url.Values{"kind": {"identity"}, "title": {"Harbour office"}, "identity_class": {"organization"}, "contact": {"pier 4"}}, []string{"Harbour office", "organization", "pier 4"}},
		{url.Values{"kind": {"location"}, "title": {"The weir"}, "latitude": {"31.95"}, "longitude": {"35.93"}, "precision": {"500"}}, []string{"The weir", "31.95", "500"}},
		{url.Values{"kind": {"location"}, "title": {"Far away"}, "country": {"jo"}}, []string{"Far away", "JO"}},
		{url.Values{"kind": {"relationship"}, "relation": {"located-at"}, "source": {string(society)}, "target": {string(mill)}}, []string{"located-at", "Lantern Society", "The old mill"}},
		{url.Values{"kind": {"relationship"}, "relation": {"meets-at"}, "source": {string(society)}, "target": {string(mill)}}, []string{"meets-at"}},
	} {
		contains(t, anna.post("/write", x.form), x.want...)
	}
	records := len(regexpAll(anna.get("/records"), `name="record"`))
	for _, x := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"kind": {"report"}, "title": {"Kept <while> wrong"}, "text": {"x"}}, "Say what it is about"},
		{url.Values{"kind": {"report"}, "title": {"Kept <while> wrong"}, "about": {string(society)}}, "This is needed."},
		{url.Values{"kind": {"note"}, "title": {"Kept <while> wrong"}, "text": {"x"}, "about": {string(shut)}}, "Say what it is about"}, // hidden from anna
		{url.Values{"kind": {"opinion"}, "opinion": {"perhaps"}, "text": {"Kept <while> wrong"}, "about": {string(society)}}, "Choose one of the list."},
		{url.Values{"kind": {"sighting"}, "of": {string(society)}, "first_seen": {"2026-03-02T10:00"}, "last_seen": {"2026-03-01T10:00"}, "text": {"Kept <while> wrong"}}, "The end is before the begin."},
		{url.Values{"kind": {"sighting"}, "of": {string(society)}, "count": {"1.5"}, "text": {"Kept <while> wrong"}}, "This number is not possible here."},
		{url.Values{"kind": {"sighting"}, "of": {string(society)}, "first_seen": {"yesterday"}, "text": {"Kept <while> wrong"}}, "Give day and time."},
		{url.Values{"kind": {"location"}, "title": {"Kept <while> wrong"}}, "Give a country, or latitude and longitude."},
		{url.Values{"kind": {"location"}, "title": {"Kept <while> wrong"}, "latitude": {"91"}, "longitude": {"0"}}, "This number is not possible here."},
		{url.Values{"kind": {"location"}, "title": {"Kept <while> wrong"}, "latitude": {"31"}}, "Latitude and longitude go together."},
		{url.Values{"kind": {"location"}, "title": {"Kept <while> wrong"}, "country": {"JO"}, "precision": {"5"}}, "Precision takes latitude and longitude."},
		{url.Values{"kind": {"location"}, "title": {"Kept <while> wrong"}, "country": {"Jordan"}}, "Two letters are needed."},
		{url.Values{"kind": {"relationship"}, "relation": {"Located At"}, "source": {string(society)}, "target": {string(mill)}, "text": {"Kept <while> wrong"}}, "Choose one of the list."},
		{url.Values{"kind": {"report"}, "title": {"Kept <while> wrong"}, "text": {"x"}, "about": {string(society)}, "confidence": {"101"}}, "This number is not possible here."},
	} {
		status, page := anna.ask(http.MethodPost, "/write", x.form)
		if status != http.StatusBadRequest {
			t.Errorf("%v: %d", x.form, status)
		}
		contains(t, page, x.want, "Kept &lt;while&gt; wrong", "Nothing was kept yet")
		lacks(t, page, "heron")
	}
	if now := len(regexpAll(anna.get("/records"), `name="record"`)); now != records {
		t.Errorf("%d records were kept by forms that were wrong", now-records)
	}
	// Looking for what to refer to loses nothing, and finds what the visitor may see.
	look := url.Values{"kind": {"note"}, "title": {"half"}, "text": {"written"}, "look": {"lantern"}, "do": {"look"}, "about": {string(mill)}}
	page := anna.post("/write", look)
	contains(t, page, "half", "written", `value="`+string(society)+`"`, `value="`+string(mill)+`" checked`)
	look.Set("look", "heron")
	lacks(t, anna.post("/write", look), string(shut), "the heron at")
}

func regexpAll(page, what string) []string { return strings.Split(page, what)[1:] }

// Notes and opinions of all parties stand below what they are on, as far as each
// visitor may see them; two versions are compared word by word, where both may be seen.
func TestRemarksAndVersions(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	society, societyID := a.object("identity", identity("Lantern Society"))
	members := `"name":%q,"published":"2026-03-01T00:00:00Z","object_refs":[%q],"description":%q`
	first, object := a.object("report", fmt.Sprintf(members, "Two lorries", societyID, "They waited behind the brick kiln until dusk and left towards the bridge."))
	second, _ := a.version(object, "2026-03-02T00:00:00.000Z", fmt.Sprintf(members, "Two lorries at the mill", societyID, "They waited behind the brick kiln until dawn and left towards the old mill.")+`,"confidence":70`)
	for _, r := range []entente.RecordID{society, first, second} {
		a.release(id, r, b)
	}
	a.release(id, society, c)
	a.release(id, second, c)
	for _, other := range []*party{b, c} {
		check(t, nodetest.Meet(ctx, a.Node, other.Node))
	}
	bea, carl := b.sit("bea", node.RoleAnalyst), c.sit("carl", node.RoleAnalyst)
	at := "/record/" + string(second)
	changes := at + "/changes/" + string(first)
	contains(t, bea.get(at), "Other versions", changes)
	page := bea.get(changes)
	contains(t, page, "What has changed", `>Two lorries</del>`, `>Two lorries at the mill</ins>`, "<del>dusk</del><ins>dawn</ins>", "behind the brick kiln", "confidence", "70")
	lacks(t, page, "object_refs", "published")
	if swapped := bea.get("/record/" + string(first) + "/changes/" + string(second)); swapped != strings.ReplaceAll(page, changes, "/record/"+string(first)+"/changes/"+string(second)) {
		t.Error("which version is older depends on the order of asking")
	}
	// Corvane has one of them: the other is like what is not there, and so is what is no version.
	lacks(t, carl.get(at), "Other versions")
	for _, address := range []string{changes, at + "/changes/sha256:" + strings.Repeat("5e", 32), at + "/changes/" + string(society), at + "/changes/" + string(second)} {
		if status, page := carl.ask(http.MethodGet, address, nil); status != http.StatusNotFound || strings.Contains(page, "dusk") {
			t.Errorf("%s: %d", address, status)
		}
	}
	// A discussion: one note of Brevik's own, one of Ardel's that was released, one that was not.
	contains(t, bea.get(at), "Nobody has said anything on it yet.")
	bea.post("/write", url.Values{"kind": {"note"}, "title": {"The driver"}, "text": {"He was seen in March too."}, "about": {string(second)}})
	bea.post("/write", url.Values{"kind": {"opinion"}, "opinion": {"agree"}, "text": {"As we saw it."}, "about": {string(second)}})
	said, _ := a.object("note", fmt.Sprintf(`"content":"A word from Ardel","object_refs":[%q]`, object))
	a.object("note", fmt.Sprintf(`"content":"A word that stays","object_refs":[%q]`, object))
	a.release(id, said, b)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	contains(t, bea.get(at), "The driver", "He was seen in March too.", "Agree", "As we saw it.", "A word from Ardel")
	lacks(t, bea.get(at), "A word that stays", "There are more.")
	for _, page := range []string{carl.get(at), carl.get("/record/" + string(society))} {
		lacks(t, page, "The driver", "A word from Ardel", "A word that stays", "There are more.")
		contains(t, page, "Nobody has said anything on it yet.")
	}
	anna := a.sit("anna", node.RoleAnalyst)
	contains(t, anna.get(at), "A word from Ardel", "A word that stays")
	lacks(t, anna.get(at), "The driver")
}
