package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/node/nodetest"
)

// has wants a page to hold all of these texts; hasNot, none.
func has(t testing.TB, what, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, page)
		}
	}
}

func hasNot(t testing.TB, what, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(page, w) {
			t.Errorf("%s says %q:\n%s", what, w, page)
		}
	}
}

func TestAgreementShowsWhoIsInAndUnderWhichTerms(t *testing.T) {
	parties := []*party{newParty(t, "Ardel"), newParty(t, "Brevik"), newParty(t, "Corvane")}
	a, b, c := parties[0], parties[1], parties[2]
	check(t, nodetest.Trust(ctx, a.Party, b.Party, c.Party))
	charter := nodetest.Charter(time.Now(), a.Party, b.Party, c.Party)
	id, err := a.Found(ctx, charter)
	check(t, err)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	check(t, nodetest.Meet(ctx, a.Node, c.Node))
	_, err = c.Accede(ctx, id, "", "without prejudice to our courts")
	check(t, err)
	check(t, nodetest.MeetAll(ctx, a.Party, b.Party, c.Party))

	chair, analyst := b.sit("bea", node.RoleChair), b.sit("ben", node.RoleAnalyst)
	page := chair.get("/agreements")
	has(t, "the list", page, charter.Name, "waits for your party", "waits for signatures", "/agreement/"+string(id))
	path := "/agreement/" + string(id)
	page = chair.get(path)
	has(t, "the agreement", page, "Ardel", "Brevik", "Corvane", "statute of Corvane", "without prejudice to our courts", path+"/accede", "founded the agreement", "acceded", "counter-terrorism", "TLP:AMBER")
	hasNot(t, "the agreement to an analyst", analyst.get(path), path+"/accede", path+"/suspend")
	page = chair.get(path + "/accede")
	has(t, "the text to sign", page, "statute of Ardel", "statute of Brevik", "at once and alone", "by amendment", "5 minutes", "1 hour", "1 day")
	for _, p := range []string{path + "/accede", path + "/suspend", path + "/amend", "/agreements/new"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, page := analyst.ask(method, p, url.Values{"member": {string(a.Self())}}); status != http.StatusForbidden || strings.Contains(page, "statute") {
				t.Errorf("an analyst at %s %s: %d\n%s", method, p, status, page)
			}
		}
	}
	// A party that is no member knows of no such agreement.
	d := newParty(t, "Duvane").sit("dora", node.RoleChair)
	for _, p := range []string{"", "/accede", "/suspend", "/amend", "/resume"} {
		if status, page := d.ask(http.MethodGet, path+p, nil); status != http.StatusNotFound || strings.Contains(page, "Ardel") {
			t.Errorf("a stranger at %s: %d\n%s", path+p, status, page)
		}
	}
}

var draftLink = regexp.MustCompile(`/agreements/draft/[\w-]+`)

func TestADraftIsReadInWordsBeforeItIsSigned(t *testing.T) {
	a, b := newParty(t, "Ardel"), newParty(t, "Brevik")
	check(t, nodetest.Trust(ctx, a.Party, b.Party))
	chair := a.sit("ann", node.RoleChair)
	has(t, "the form", chair.get("/agreements/new"), "Ardel", "Brevik", `name="purposes"`)
	form := url.Values{
		"name": {"Harbour Exchange"}, "type": {"information"}, "purposes": {"rescue at sea\r\ncounter-smuggling"}, "categories": {"vessels"},
		"start": {"2030-01-01T00:00:00"}, "end": {"2031-01-01T00:00"}, "review": {"2030-07-01T00:00:00"}, "tolerance": {"5"}, "tolerance.unit": {"minutes"},
		"quorum": {"filled"}, "chair": {"0"}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"rescue at sea"}, "widest_tlp": {"green"}, "widest_onward": {"ask"},
		"days": {"45"}, "acts": {"0"}, "bytes": {"0"}, "freshness": {"36"}, "freshness.unit": {"hours"}, "recall": {"2"}, "recall.unit": {"days"}, "hide": {"0"},
		"evidence": {"none"}, "exit": {"by <b>amendment</b>"}, "suspension": {"at once"}, "two_persons": {"release", "recall"},
	}
	for _, p := range []*party{a, b} {
		id := string(p.Self())
		form.Add("member", id)
		form.Set("name."+id, p.Name)
		form.Set("seats."+id, "2")
		form.Set("basis."+id, "statute of "+p.Name)
	}
	// What cannot be signed is not kept.
	for key, entry := range map[string]string{"purpose": "war", "end": "2029-01-01T00:00:00", "days": "x", "name": "", "basis." + string(b.Self()): ""} {
		was := form.Get(key)
		form.Set(key, entry)
		if status, page := chair.ask(http.MethodPost, "/agreements/new", form); status != http.StatusBadRequest || !strings.Contains(page, `role="alert"`) || !strings.Contains(page, "counter-smuggling") {
			t.Errorf("%s=%q: %d\n%s", key, entry, status, page)
		}
		form.Set(key, was)
	}
	hasNot(t, "the list", chair.get("/agreements"), "/agreements/draft/")
	page := chair.post("/agreements/new", form)
	has(t, "the review", page, "Harbour Exchange", "rescue at sea", "45 days", "1 day 12 hours", "by &lt;b&gt;amendment&lt;/b&gt;", "statute of Brevik", "TLP:GREEN", "1 January 2030, 00:00 UTC")
	if all, err := a.Compacts(ctx); err != nil || len(all) > 0 {
		t.Errorf("reading it founded %d agreements (%v)", len(all), err)
	}
	link := draftLink.FindString(chair.get("/agreements"))
	has(t, "the draft", chair.get(link), "Harbour Exchange")
	has(t, "its form", chair.get("/agreements/new?draft="+strings.TrimPrefix(link, "/agreements/draft/")), "Harbour Exchange", `value="45"`)
	// Another party's chair knows of no such draft.
	if status, page := b.sit("bob", node.RoleChair).ask(http.MethodGet, link, nil); status != http.StatusNotFound || strings.Contains(page, "Harbour") {
		t.Errorf("the draft at another party: %d\n%s", status, page)
	}
	chair.post(link+"/drop", nil)
	if status, _ := chair.ask(http.MethodGet, link, nil); status != http.StatusNotFound {
		t.Errorf("a dropped draft: %d", status)
	}
}

func TestAnAmendmentShowsWhatItChanges(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	s, err := p[0].Compact(ctx, id)
	check(t, err)
	c := *s.Charter
	c.Purposes, c.Handling.Days = []string{"counter-terrorism", "rescue"}, 30
	amendment, err := p[0].Amend(ctx, id, c, nil)
	check(t, err)
	check(t, nodetest.Meet(ctx, p[0].Node, p[1].Node))
	chair := p[1].sit("bea", node.RoleChair)
	path := "/agreement/" + string(id)
	for _, page := range []string{chair.get(path), chair.get(path + "/accede?to=" + string(amendment))} {
		has(t, "the amendment", page, "rescue", "30 days", "To the end of the agreement", "Until now")
	}
	if status, _ := chair.ask(http.MethodGet, path+"/accede?to="+string(entente.ActID(p[0].Self())), nil); status != http.StatusNotFound {
		t.Errorf("terms that are not pending: %d", status)
	}
	// A form that changes nothing is no amendment.
	if status, page := chair.ask(http.MethodPost, path+"/amend", formOf(t, chair.get(path+"/amend"))); status != http.StatusBadRequest || !strings.Contains(page, "changes nothing") {
		t.Errorf("nothing changes: %d\n%s", status, page)
	}
	form := formOf(t, chair.get(path+"/amend"))
	form.Set("name", "Cell of the Straits")
	has(t, "the review", chair.post(path+"/amend", form), "Cell of the Straits", "Cell of Ardel Brevik", "Until now")
}

var (
	inputTag  = regexp.MustCompile(`<input [^>]*>`)
	areaTag   = regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>`)
	selectTag = regexp.MustCompile(`(?s)<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>`)
	chosenTag = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	attribute = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// formOf is what a browser would send of the page's first form, untouched.
func formOf(t testing.TB, page string) url.Values {
	t.Helper()
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&#43;", "+").Replace
	form := url.Values{}
	for _, tag := range inputTag.FindAllString(page, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = unescape(m[2])
		}
		if a["name"] != "" && (a["type"] != "checkbox" && a["type"] != "radio" || strings.Contains(tag, " checked")) {
			form.Add(a["name"], a["value"])
		}
	}
	for _, m := range areaTag.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], unescape(m[2]))
	}
	for _, m := range selectTag.FindAllStringSubmatch(page, -1) {
		if c := chosenTag.FindStringSubmatch(m[2]); c != nil {
			form.Set(m[1], unescape(c[1]))
		}
	}
	return form
}

func TestASuspensionSaysWhatItStops(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	seen, hidden, others := a.note("Lantern Society"), a.note("Cobalt Ring"), a.note("Juniper House")
	a.release(id, seen, b)
	a.release(id, hidden, b)
	a.release(id, others, c)
	check(t, a.SetGroups(ctx, hidden, []string{"north"}))
	path := "/agreement/" + string(id) + "/suspend?member=" + string(b.Self())
	both := a.sit("ann", node.RoleChair, node.RoleReleaser)
	page := both.get(path)
	has(t, "the suspension", page, "Stop the flow to", "Lantern Society", "1 hour", "Corvane")
	hasNot(t, "the suspension to one outside the group", page, "Cobalt", string(hidden), "Juniper")
	page = a.sit("alf", node.RoleChair).get(path)
	has(t, "the suspension", page, "Stop the flow to")
	hasNot(t, "the suspension to a chair who reads no records", page, "Lantern", "Cobalt", string(seen))
	page = both.get("/agreement/" + string(id) + "/suspend")
	has(t, "the party's own suspension", page, "Lantern Society", "Juniper House")
	hasNot(t, "the party's own suspension", page, "Cobalt", string(hidden))

	// Once it stands, all see it, and by whom.
	_, err := b.Suspend(ctx, id, c.Self(), "until the audit is over")
	check(t, err)
	check(t, nodetest.MeetAll(ctx, a.Party, b.Party, c.Party))
	page = both.get("/agreement/" + string(id))
	has(t, "the agreement", page, "flow to it stopped by", "until the audit is over")
	if status, _ := both.ask(http.MethodGet, "/agreement/"+string(id)+"/resume?member="+string(c.Self()), nil); status != http.StatusConflict {
		t.Errorf("resuming what another stopped: %d", status)
	}
	has(t, "the resumption", b.sit("bea", node.RoleChair).get("/agreement/"+string(id)+"/resume?member="+string(c.Self())), "until the audit is over", "Resume the flow to")
}

func TestAnAgreementIsFoundedAccededToAndAmendedAtTheDesks(t *testing.T) {
	a, b := newParty(t, "Ardel"), newParty(t, "Brevik")
	check(t, nodetest.Trust(ctx, a.Party, b.Party))
	ann, bob := a.signer("ann", node.RoleChair), b.signer("bob", node.RoleChair)
	signs := func(d *desk, page string, words ...string) {
		t.Helper()
		has(t, "what is signed", page, words...)
		d.post(follow(t, page, "/sign/"), url.Values{"password": {password}})
		check(t, meet(a, b))
	}
	form := formOf(t, ann.get("/agreements/new"))
	form.Set("name", "Harbour Exchange")
	form.Set("purposes", "rescue at sea")
	form.Set("purpose", "rescue at sea")
	form.Set("categories", "vessels")
	for _, p := range []*party{a, b} {
		form.Set("basis."+string(p.Self()), "statute of "+p.Name)
	}
	ann.post("/agreements/new", form)
	signs(ann, ann.post(draftLink.FindString(ann.get("/agreements")), nil), "Harbour Exchange", "rescue at sea", "statute of Brevik", "7 days")
	states, err := b.Compacts(ctx)
	check(t, err)
	path := "/agreement/" + string(states[0].ID)
	has(t, "what came in", bob.get(path), "waits for signatures", path+"/accede")
	signs(bob, bob.post(path+"/accede", url.Values{"to": {string(states[0].ID)}, "reservation": {"without prejudice"}}), "Harbour Exchange", "statute of Ardel", "without prejudice")
	has(t, "the agreement", ann.get(path), "in force", "without prejudice")

	form = formOf(t, bob.get(path+"/amend"))
	form.Set("days", "30")
	bob.post(path+"/amend", form)
	signs(bob, bob.post(draftLink.FindString(bob.get("/agreements")), nil), "30 days", "To the end of the agreement")
	if status, _ := ann.ask(http.MethodPost, path+"/accede", url.Values{"to": {"no id at all"}}); status != http.StatusNotFound {
		t.Errorf("acceding to what is not pending: %d", status)
	}
	accede, err := url.Parse(follow(t, ann.get(path), path+"/accede?to="))
	check(t, err)
	signs(ann, ann.post(path+"/accede", url.Values{"to": {accede.Query().Get("to")}}), "30 days", "To the end of the agreement")
	has(t, "the agreement", bob.get(path), "as amended, number 1", "30 days")
}
