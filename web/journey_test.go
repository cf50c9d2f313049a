package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/node/nodetest"
	"entente/web"
)

const password = "a lantern by the mill"

// signer sits down a person with a password.
func (p *party) signer(name string, roles ...string) *desk {
	p.t.Helper()
	d := p.sit(name, roles...)
	d.post("/setup", url.Values{"password": {password}, "again": {password}, "next": {"/"}})
	return d
}

var links = regexp.MustCompile(`(?:href|action)="([^"#]*)"`)

// follow finds the first link or form on a page whose path begins so.
func follow(t testing.TB, page, prefix string) string {
	t.Helper()
	for _, m := range links.FindAllStringSubmatch(page, -1) {
		if strings.HasPrefix(m[1], prefix) {
			return strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	t.Fatalf("the page has no link to %s…:\n%s", prefix, page)
	return ""
}

// hidden gives the values of a field on a page.
func hidden(page, name string) (values []string) {
	for _, m := range regexp.MustCompile(`name="`+name+`" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		values = append(values, m[1])
	}
	return values
}

func contains(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func lacks(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}

// Write, preview, release; the other's inbox; conditions; recall; both see it.
func TestFromWritingToRecall(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	anna, bea, carl := a.signer("anna", node.RoleReleaser), b.sit("bea", node.RoleAnalyst), c.sit("carl", node.RoleAnalyst)

	page := anna.post("/write", url.Values{"kind": {"report"}, "title": {"Two lorries at the mill"}, "text": {"They waited until dusk."}, "subject": {"Lantern Society"}})
	contains(t, page, "Two lorries at the mill", "They waited until dusk.", "Lantern Society", "Nobody else has it.")
	form := anna.get(follow(t, page, "/release?record="))
	fill := url.Values{
		"filled": {"1"}, "record": hidden(form, "record"), "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"red"}, "onward": {"none"},
		"purpose": {"counter-terrorism"}, "caveats": {"not for courts\n"},
	}
	contains(t, anna.post("/release", fill), "0 parties", "1 is refused.", "does not get it", "It refers to 1 object")
	fill.Set("references", "1")
	contains(t, anna.post("/release", fill), "1 party gets it", "1 came in by reference", "Lantern Society")
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	lacks(t, bea.get("/inbox"), "Two lorries") // a preview signs nothing
	fill.Set("sign", "1")
	sign := anna.post("/release", fill)
	contains(t, sign, "Release of records", "Brevik", "TLP:RED", "not for courts")
	at := follow(t, sign, "/sign/")
	status, wrong := anna.ask(http.MethodPost, at, url.Values{"password": {"another password"}})
	if status != http.StatusForbidden {
		t.Errorf("a wrong password: %d", status)
	}
	contains(t, wrong, "Nothing was signed")
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	lacks(t, bea.get("/inbox"), "Two lorries")
	contains(t, anna.post(at, url.Values{"password": {password}}), "1 signed message is on its way")
	for _, other := range []*party{b, c} {
		check(t, nodetest.Meet(ctx, a.Node, other.Node))
	}

	inbox := bea.get("/inbox")
	contains(t, inbox, "Two lorries at the mill", "TLP:RED", `class="unread"`)
	lacks(t, carl.get("/inbox"), "Two lorries", "Lantern")
	var record string
	for _, m := range regexp.MustCompile(`href="(/record/[^"]+)" dir="auto">([^<]*)<`).FindAllStringSubmatch(inbox, -1) {
		if m[2] == "Two lorries at the mill" {
			record = m[1]
		}
	}
	conditions := bea.get(record)
	contains(t, conditions, "Read the conditions first", "not for courts")
	lacks(t, conditions, "They waited until dusk.")
	if status, _ := bea.ask(http.MethodGet, record+"/file", nil); status != http.StatusForbidden {
		t.Errorf("the file before the conditions are acknowledged: %d", status)
	}
	shown := bea.post(record+"/acknowledge", nil)
	contains(t, shown, "They waited until dusk.", "Lantern Society", "bytes and signature were checked")
	lacks(t, bea.get("/inbox?unread=1"), "Two lorries")
	if status, _ := carl.ask(http.MethodGet, record, nil); status != http.StatusNotFound {
		t.Errorf("a third party's desk answers %d", status)
	}

	contains(t, anna.get(record), "Brevik", "receipt signed")
	sign = anna.post(record+"/recall", url.Values{"reason": {"its source is at risk"}})
	contains(t, sign, "Recall", "its source is at risk", "It cannot be undone")
	anna.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	contains(t, anna.get(record), "erased, signed")
	if status, page := bea.ask(http.MethodGet, record, nil); status != http.StatusNotFound || strings.Contains(page, "dusk") {
		t.Errorf("after the recall its recipient's desk answers %d:\n%s", status, page)
	}
	lacks(t, bea.get("/inbox"), "Two lorries")
	lacks(t, bea.get("/"), "Two lorries")
}

// Ask, consent, pass on: each at the desk of whose turn it is.
func TestConsentAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	anna, bea, carl := a.signer("anna", node.RoleReleaser), b.signer("bea", node.RoleReleaser), c.sit("carl", node.RoleAnalyst)
	outside := a.signer("otto", node.RoleReleaser)
	lent := a.note("Lantern Society")
	draft := url.Values{"filled": {"1"}, "record": {string(lent)}, "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"amber"}, "onward": {"ask"}, "purpose": {"counter-terrorism"}, "sign": {"1"}}
	anna.post(follow(t, anna.post("/release", draft), "/sign/"), url.Values{"password": {password}})
	meet := func() { t.Helper(); check(t, nodetest.MeetAll(ctx, a.Party, b.Party, c.Party)) }
	meet()
	relay := url.Values{"filled": {"1"}, "record": {string(lent)}, "compact": {string(id)}, "to": {string(c.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"}, "sign": {"1"}}
	contains(t, bea.post("/release", relay), "It takes the consent of", "Ardel")
	question := "/record/" + string(lent) + "/ask"
	contains(t, bea.get(question), "Lantern Society", "Corvane")
	if status, _ := bea.ask(http.MethodPost, question, url.Values{"use": {"relay"}, "compact": {string(id)}}); status != http.StatusBadRequest {
		t.Errorf("asked for nobody: %d", status)
	}
	sign := bea.post(question, url.Values{"use": {"relay"}, "compact": {string(id)}, "to": {string(c.Self())}, "reason": {"it has a post there"}})
	contains(t, sign, "Question for consent", "it has a post there", "Corvane")
	bea.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})
	meet()
	check(t, a.SetGroups(ctx, lent, []string{"river"}))
	lacks(t, outside.get("/consents"), "Lantern", "it has a post there", "Corvane")
	contains(t, outside.get("/"), "0 questions for consent")
	check(t, a.SetGroups(ctx, lent, nil))
	contains(t, anna.get("/"), "1 question for consent")
	asked := anna.get("/consents")
	contains(t, asked, "Brevik", "Lantern Society", "it has a post there", "pass it on as it is")
	sign = anna.post(follow(t, asked, "/consents/"), nil)
	contains(t, sign, "Answer to a question for consent", "Corvane")
	anna.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})
	meet()
	contains(t, bea.get("/consents"), "consent given")
	bea.post(follow(t, bea.post("/release", relay), "/sign/"), url.Values{"password": {password}})
	meet()
	contains(t, carl.get("/inbox"), "Lantern Society", "Ardel")
}

// Less for one party: what was cut is found where it still stands, and the one
// who gets the tearline learns nothing of the fuller record.
func TestTearlineAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	anna, bea := a.signer("anna", node.RoleReleaser), b.sit("bea", node.RoleAnalyst)
	page := anna.post("/write", url.Values{"kind": {"report"}, "title": {"Seen by Orsolya Vant"}, "text": {"Orsolya Vant saw two lorries at Tamrin."}, "subject": {"Lantern Society"}})
	editor := follow(t, page, "/record/")
	for _, m := range links.FindAllStringSubmatch(page, -1) {
		if strings.HasSuffix(m[1], "/tearline") {
			editor = m[1]
		}
	}
	contains(t, anna.get(editor), "Orsolya Vant saw", "Lantern Society")
	cut := url.Values{"op /description": {"replace"}, "text /description": {"Somebody saw two lorries."}}
	contains(t, anna.post(editor, cut), "may still give away")
	cut.Set("op /name", "replace")
	cut.Set("text /name", "Two lorries")
	checked := anna.post(editor, cut)
	contains(t, checked, "Nothing of what was cut", "Somebody saw two lorries.")
	lacks(t, anna.get("/records"), ">Two lorries<") // a check keeps nothing
	cut.Set("keep", "1")
	made := anna.post(editor, cut)
	contains(t, made, "Two lorries", "Somebody saw two lorries.")
	lacks(t, made, "Orsolya")
	form := anna.get(follow(t, made, "/release?record="))
	fill := url.Values{"filled": {"1"}, "record": hidden(form, "record"), "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"}, "references": {"1"}, "sign": {"1"}}
	anna.post(follow(t, anna.post("/release", fill), "/sign/"), url.Values{"password": {password}})
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	inbox := bea.get("/inbox")
	contains(t, inbox, "Two lorries")
	lacks(t, inbox, "Tamrin", "Orsolya")
	if status, text := bea.ask(http.MethodGet, editor, nil); status != http.StatusNotFound || strings.Contains(text, "Orsolya") {
		t.Errorf("the editor at another's desk: %d", status)
	}
}

// What two must sign waits for the second, who sees the same and signs with
// another key.
func TestTwoPersonsAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	anna, timur := a.signer("anna", node.RoleReleaser), a.signer("timur", node.RoleReleaser)
	analyst := a.sit("cy", node.RoleAnalyst)
	check(t, a.SetTwoPersons(ctx, []entente.Kind{entente.KindRelease}))
	record := a.note("Lantern Society")
	fill := url.Values{"filled": {"1"}, "record": {string(record)}, "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"}, "sign": {"1"}}
	if status, _ := analyst.ask(http.MethodPost, "/release", fill); status != http.StatusForbidden {
		t.Errorf("an analyst releases: %d", status)
	}
	draft := follow(t, anna.post("/release", fill), "/sign/")
	if status, page := timur.ask(http.MethodPost, draft, url.Values{"password": {password}}); status != http.StatusNotFound {
		t.Errorf("another's draft: %d\n%s", status, page)
	}
	contains(t, anna.post(draft, url.Values{"password": {password}}), "It waits for 1 more person.")
	again := follow(t, anna.get("/waiting"), "/waiting/")
	contains(t, anna.post(again, url.Values{"password": {password}}), "It waits for 1 more person.")
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	bea := b.sit("bea", node.RoleAnalyst)
	lacks(t, bea.get("/inbox"), "Lantern")
	chair := a.sit("chen", node.RoleChair).get("/waiting")
	contains(t, chair, "records that you may not read")
	lacks(t, chair, "Lantern", "Brevik")
	waiting := timur.get("/waiting")
	contains(t, waiting, "Approved by <bdi>anna</bdi>", "Lantern Society", "Brevik")
	contains(t, timur.post(follow(t, waiting, "/waiting/"), url.Values{"password": {password}}), "1 signed message is on its way")
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	contains(t, bea.get("/inbox"), "Lantern Society")
}

// A suspended member: what will happen is said before, and the preview refuses after.
func TestSuspensionFromTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	chair := a.signer("chen", node.RoleChair, node.RoleReleaser)
	record := a.note("Lantern Society")
	agreement := "/agreement/" + string(id)
	contains(t, chair.get(agreement), "Cell of Ardel Brevik", "in force", "statute of Brevik")
	sign := chair.post(agreement+"/suspend", url.Values{"member": {string(b.Self())}})
	contains(t, sign, "Suspension", "Brevik", "It works at once")
	chair.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})
	contains(t, chair.get(agreement), "flow to it stopped by \u2068Ardel\u2069")
	fill := url.Values{"filled": {"1"}, "record": {string(record)}, "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"}, "sign": {"1"}}
	page := chair.post("/release", fill)
	contains(t, page, "does not get it", "has suspended its flow")
	lacks(t, page, `name="sign"`)
	sign = chair.post(agreement+"/resume", url.Values{"member": {string(b.Self())}})
	chair.post(follow(t, sign, "/sign/"), url.Values{"password": {password}})
	fill.Del("sign")
	contains(t, chair.post("/release", fill), "1 party gets it")
}

// Whoever is outside a record's group finds it nowhere, on no page, in no answer.
func TestPagesShowNothingOfWhatIsHidden(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	a, b, c := p[0], p[1], p[2]
	secret, open := a.note("Lantern Society"), a.note("Harbour Board")
	a.release(id, secret, b)
	a.release(id, open, b)
	taken := a.note("Willow Club")
	a.release(id, taken, b)
	_, err := a.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{taken}, Scope: "delete", Reason: "x"})
	check(t, err)
	check(t, nodetest.MeetAll(ctx, a.Party, b.Party, c.Party))
	check(t, b.SetGroups(ctx, secret, []string{"river"}))
	own := b.note("Brick Kiln")
	check(t, b.SetGroups(ctx, own, []string{"river"}))
	words := []string{"Lantern", "Brick Kiln", "Willow", string(secret), string(own), entente.Short(secret), entente.Short(own), entente.Short(taken)}
	for _, x := range []struct {
		at    *party
		name  string
		roles []string
		also  []string
	}{
		{b, "sue", []string{node.RoleAnalyst, node.RoleReleaser, node.RoleChair}, nil},
		{b, "root", []string{node.RoleAdministrator}, []string{"Harbour"}},
		{b, "eye", []string{node.RoleInspector}, []string{"Harbour"}},
		{c, "carl", []string{node.RoleAnalyst, node.RoleReleaser, node.RoleChair}, []string{"Harbour"}},
	} {
		d := x.at.sit(x.name, x.roles...)
		seen := map[string]bool{}
		for next := []string{"/", "/inbox", "/records", "/write", "/write?kind=note&about=" + string(secret), "/release?record=" + string(own), "/waiting", "/consents", "/agreements"}; len(next) > 0; next = next[1:] {
			path := next[0]
			if seen[path] || len(seen) > 200 {
				continue
			}
			seen[path] = true
			_, page := d.ask(http.MethodGet, path, nil)
			for _, word := range append(words, x.also...) {
				if strings.Contains(strings.NewReplacer(path, "", html.EscapeString(path), "", url.QueryEscape(path), "").Replace(page), word) {
					t.Errorf("%s of %s: %s shows %q", x.name, x.at.Name, path, word)
				}
			}
			for _, m := range links.FindAllStringSubmatch(page, -1) {
				if strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "/static/") && m[1] != "/sign-out" {
					next = append(next, strings.ReplaceAll(m[1], "&amp;", "&"))
				}
			}
		}
		if len(seen) < 10 {
			t.Errorf("%s walked %d pages only", x.name, len(seen))
		}
		// Hidden and absent are one answer.
		none := "sha256:" + strings.Repeat("0", 64)
		for _, path := range []string{"/record/%", "/record/%/file", "/release?record=%", "/write?about=%", "/inbox?from=%"} {
			one, text := d.ask(http.MethodGet, strings.ReplaceAll(path, "%", string(secret)), nil)
			other, absent := d.ask(http.MethodGet, strings.ReplaceAll(path, "%", none), nil)
			blank := func(page, id string) string {
				return strings.NewReplacer(id, "ID", url.QueryEscape(id), "ID").Replace(page)
			}
			if one != other || blank(text, string(secret)) != blank(absent, none) {
				t.Errorf("%s tells %s of %s that the record is there: %d and %d", path, x.name, x.at.Name, one, other)
			}
		}
	}
	contains(t, b.sit("bea", node.RoleAnalyst).get("/inbox"), "Harbour") // or the above proves nothing
}

func TestSigningInAndOut(t *testing.T) {
	_, p := newCell(t, "Ardel", "Brevik")
	a := p[0]
	anna := a.signer("anna", node.RoleReleaser)
	contains(t, anna.get("/"), "anna")
	old := anna.browser.Jar
	page := anna.post("/sign-out", nil)
	contains(t, page, "No password yet?")
	anna.browser.Jar = old
	lacks(t, anna.get("/"), "Sign out")

	enter := func(name, word, next string) (int, string) {
		anna.browser.Jar = newJar(t)
		return anna.ask(http.MethodPost, "/sign-in", url.Values{"name": {name}, "password": {word}, "next": {next}})
	}
	if status, page := enter("anna", password, "/records"); status != http.StatusOK || !strings.Contains(page, "No records of your own yet") {
		t.Errorf("name and password: %d\n%s", status, page)
	}
	status, wrongPassword := enter("anna", "not the password", "/")
	_, wrongName := enter("eve", "not the password", "/")
	alike := func(page, name string) string {
		return chance.ReplaceAllString(strings.ReplaceAll(page, name, "X"), "")
	}
	if status != http.StatusForbidden || alike(wrongPassword, "anna") != alike(wrongName, "eve") {
		t.Errorf("the desk tells an unknown name from a wrong password: %d\n%s\n%s", status, wrongPassword, wrongName)
	}
	for range 5 {
		enter("anna", "not the password", "/")
	}
	if status, page := enter("anna", password, "/"); status != http.StatusForbidden || !strings.Contains(page, "Too many wrong passwords") {
		t.Errorf("after many wrong passwords: %d", status)
	}

	// A person who is removed, or who loses a role, at once.
	ben := a.signer("ben", node.RoleReleaser)
	ben.get("/release")
	check(t, a.PutOperator(ctx, node.Operator{Name: "ben", Key: a.keyOf("ben"), Roles: []string{node.RoleAnalyst}}))
	if status, _ := ben.ask(http.MethodGet, "/release", nil); status != http.StatusForbidden {
		t.Errorf("without the role: %d", status)
	}
	check(t, a.DeleteOperator(ctx, "ben"))
	lacks(t, ben.get("/inbox"), "Sign out")

	// Nobody is sent to another site, or acts from one.
	ben = a.sit("ben", node.RoleAnalyst)
	for _, next := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example`, "javascript:alert(1)"} {
		ben.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Host != "" && !strings.HasPrefix(a.url, "http://"+r.URL.Host) {
				t.Errorf("%q leads to %s", next, r.URL)
			}
			return nil
		}
		ben.post("/language", url.Values{"language": {"ar"}, "back": {next}})
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/sign-out", nil)
	check(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := ben.browser.Do(r)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d", res.StatusCode)
	}
	contains(t, ben.get("/inbox"), `dir="rtl"`, "الوارد")
	if _, err := web.New(web.Config{Node: a.Node, Origin: "http://desk.example.org"}); err == nil {
		t.Error("a desk without TLS for other machines")
	}
}
