package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/web"
)

// keyOf is the key that approves for somebody.
func (p *party) keyOf(name string) entente.Key {
	p.t.Helper()
	all, err := p.Operators(ctx)
	check(p.t, err)
	for _, o := range all {
		if o.Name == name {
			return o.Key
		}
	}
	p.t.Fatalf("no operator %s", name)
	return entente.Key("")
}

// elsewhere signs the same person in once more, by password.
func (d *desk) elsewhere(name, password string) *desk {
	d.t.Helper()
	other := &desk{party: d.party, browser: &http.Client{Jar: newJar(d.t)}}
	contains(d.t, other.post("/sign-in", url.Values{"name": {name}, "password": {password}, "next": {"/me"}}), "What you may do")
	return other
}

const another = "a heron at the quay"

// An ordinary session replaces neither password nor key; the password changes with
// the present one, ends the other sessions, and leaves the key as it is.
func TestAPasswordChangesWithThePresentOne(t *testing.T) {
	a := newParty(t, "Ardel")
	anna := a.signer("anna", node.RoleReleaser)
	key := a.keyOf("anna")
	set := url.Values{"password": {another}, "again": {another}, "next": {"/"}}
	other := anna.elsewhere("anna", password)
	for _, d := range []*desk{anna, other} { // by link, and already used; by password
		if status, _ := d.ask(http.MethodPost, "/setup", set); status != http.StatusForbidden {
			t.Errorf("an ordinary session sets a password: %d", status)
		}
	}
	if a.keyOf("anna") != key {
		t.Error("an ordinary session has replaced the key")
	}
	change := url.Values{"current": {another}, "password": {another}, "again": {another}}
	if status, page := other.ask(http.MethodPost, "/me/password", change); status != http.StatusForbidden || !strings.Contains(page, "Nothing was") {
		t.Errorf("with a wrong password: %d", status)
	}
	change.Set("current", password)
	for wrong, form := range map[string]url.Values{
		"too short": {"current": {password}, "password": {"short"}, "again": {"short"}}, "differ": {"current": {password}, "password": {another}, "again": {password}},
	} {
		if status, page := other.ask(http.MethodPost, "/me/password", form); status != http.StatusBadRequest || !strings.Contains(page, wrong) {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	contains(t, anna.get("/me"), "What you may do") // nothing has changed yet
	contains(t, other.post("/me/password", change), "The password was changed")
	lacks(t, anna.get("/me"), "What you may do")
	contains(t, other.get("/me"), "this one")
	if a.keyOf("anna") != key {
		t.Error("with the password the key has changed")
	}
	if status, _ := anna.ask(http.MethodPost, "/sign-in", url.Values{"name": {"anna"}, "password": {password}}); status != http.StatusForbidden {
		t.Errorf("the old password: %d", status)
	}
	third := other.elsewhere("anna", another)
	// One session is ended, then all others, then all.
	ids := regexp.MustCompile(`name="id" value="([0-9a-f]+)"`).FindAllStringSubmatch(third.get("/me"), -1)
	if len(ids) != 2 {
		t.Fatalf("%d sessions", len(ids))
	}
	if status, _ := third.ask(http.MethodPost, "/me/sessions", url.Values{"id": {strings.Repeat("0", 64)}}); status != http.StatusNotFound {
		t.Errorf("the session of nobody: %d", status)
	}
	third.post("/me/sessions", url.Values{"others": {"1"}})
	lacks(t, other.get("/me"), "What you may do")
	contains(t, third.get("/me"), "What you may do")
	third.post("/me/sessions", url.Values{"all": {"1"}})
	lacks(t, third.get("/me"), "What you may do")
	// An administrator's link lets in to set another; the old key is gone with it.
	again := a.again("anna")
	again.post("/setup", url.Values{"password": {password}, "again": {password}, "next": {"/"}})
	if a.keyOf("anna") == key {
		t.Error("a new password by link left the key that nobody can open any more")
	}
	again.elsewhere("anna", password)
}

func TestPersonsAreAdministeredAtTheDesk(t *testing.T) {
	a := newParty(t, "Ardel")
	record := a.note("Lantern Society")
	root, ana := a.signer("root", node.RoleAdministrator), a.signer("ana", node.RoleAnalyst)
	for _, at := range []string{"/operators", "/operators/link", "/operators/remove"} {
		method := http.MethodPost
		if at == "/operators" {
			method = http.MethodGet
		}
		if status, _ := ana.ask(method, at, url.Values{"name": {"root"}}); status != http.StatusForbidden {
			t.Errorf("an analyst at %s: %d", at, status)
		}
	}
	contains(t, root.get("/operators"), "ana", "has a password")
	for _, at := range []string{"/inbox", "/records", "/record/" + string(record), "/suggest?q=lant"} {
		if status, page := root.ask(http.MethodGet, at, nil); status == http.StatusOK || strings.Contains(page, "Lantern") {
			t.Errorf("the administrator reads %s: %d", at, status)
		}
	}
	add := url.Values{"name": {"omar"}, "groups": {"north, harbour"}}
	if status, page := root.ask(http.MethodPost, "/operators", add); status != http.StatusBadRequest || !strings.Contains(page, "no role is chosen") {
		t.Errorf("without a role: %d", status)
	}
	add["role"] = []string{node.RoleAnalyst}
	page := root.post("/operators", add)
	link := regexp.MustCompile(a.url + `(/enter/[A-Za-z0-9_-]+)`).FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no link:\n%s", page)
	}
	lacks(t, root.get("/operators"), link[1])
	if status, _ := root.ask(http.MethodPost, "/operators", add); status != http.StatusConflict {
		t.Errorf("the same name twice: %d", status)
	}
	omar := &desk{party: a, browser: &http.Client{Jar: newJar(t)}}
	contains(t, omar.post(link[1], nil), "Choose a password")
	omar.post("/setup", url.Values{"password": {password}, "again": {password}, "next": {"/"}})
	contains(t, omar.get("/me"), "north", "harbour", "Analyst")
	if status, _ := omar.ask(http.MethodPost, link[1], nil); status != http.StatusNotFound {
		t.Errorf("the link a second time: %d", status)
	}
	// Roles change from the next page on.
	root.post("/operators/change", url.Values{"name": {"omar"}, "role": {node.RoleInspector}})
	if status, _ := omar.ask(http.MethodGet, "/records", nil); status != http.StatusForbidden {
		t.Errorf("without the role: %d", status)
	}
	// The last administrator stays one.
	for at, form := range map[string]url.Values{
		"/operators/change": {"name": {"root"}, "role": {node.RoleAnalyst}}, "/operators/remove": {"name": {"root"}, "sure": {"1"}},
	} {
		if status, _ := root.ask(http.MethodPost, at, form); status != http.StatusConflict {
			t.Errorf("%s of the last administrator: %d", at, status)
		}
	}
	root.post("/operators/two", url.Values{"kind": {"release", "export"}})
	two, err := a.TwoPersons(ctx)
	check(t, err)
	if len(two) != 2 {
		t.Errorf("two persons for %v", two)
	}
	if status, _ := root.ask(http.MethodPost, "/operators/two", url.Values{"kind": {"coffee"}}); status != http.StatusBadRequest {
		t.Errorf("two persons for coffee: %d", status)
	}
	// Who is removed is out, and whoever comes after under that name is another.
	contains(t, root.post("/operators/remove", url.Values{"name": {"omar"}}), "Remove", "Sessions, passkeys and account end at once")
	contains(t, omar.get("/me"), "What you may do")
	root.post("/operators/remove", url.Values{"name": {"omar"}, "sure": {"1"}})
	lacks(t, omar.get("/me"), "What you may do")
	root.post("/operators", add)
	lacks(t, omar.get("/me"), "What you may do")
	if status, _ := omar.ask(http.MethodPost, "/sign-in", url.Values{"name": {"omar"}, "password": {password}}); status != http.StatusForbidden {
		t.Errorf("the password of who was removed: %d", status)
	}
	// The log says who did it.
	events, err := a.Events(ctx, 0, 1000)
	check(t, err)
	did := map[string]bool{}
	for _, e := range events {
		if e.What == "operator" && e.Who == "root" {
			did[e.Subject+" "+e.Detail] = true
		}
	}
	for _, what := range []string{"omar added", "omar sign-in link made", "omar roles and groups changed", "omar removed"} {
		if !did[what] {
			t.Errorf("the log lacks %q: %v", what, did)
		}
	}
}

// An account that outlived its person, as after a removal by command, opens nothing.
func TestAnAccountOfWhoWasRemovedOpensNothing(t *testing.T) {
	a := newParty(t, "Ardel")
	a.signer("root", node.RoleAdministrator)
	omar := a.signer("omar", node.RoleAnalyst)
	link, err := web.Link(ctx, a.Node, a.url, "omar")
	check(t, err)
	check(t, a.DeleteOperator(ctx, "omar"))
	check(t, a.PutOperator(ctx, node.Operator{Name: "omar", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}))
	lacks(t, omar.get("/me"), "What you may do")
	if status, _ := omar.ask(http.MethodPost, "/sign-in", url.Values{"name": {"omar"}, "password": {password}}); status != http.StatusForbidden {
		t.Errorf("the password of who was removed: %d", status)
	}
	if status, _ := omar.ask(http.MethodPost, strings.TrimPrefix(link, a.url), nil); status != http.StatusNotFound {
		t.Errorf("the link of who was removed: %d", status)
	}
}

func TestAPartyIsTrustedAtTheDesk(t *testing.T) {
	a, b := newParty(t, "Ardel"), newParty(t, "Brevik")
	root, chad := a.signer("root", node.RoleAdministrator), a.sit("chad", node.RoleChair)
	card := b.signer("bob", node.RoleAdministrator).get("/parties/card")
	rows, err := b.Parties(ctx)
	check(t, err)
	words := keyring.FingerprintWords(entente.Fingerprint(rows[0].Card))
	form := url.Values{"cards": {card}, "fingerprint": {words}}
	if status, _ := chad.ask(http.MethodPost, "/parties", form); status != http.StatusForbidden {
		t.Errorf("a chair trusts: %d", status)
	}
	for what, wrong := range map[string]url.Values{
		"does not have this fingerprint": {"cards": {card}, "fingerprint": {"legal winner thank year wave sausage worth useful legal winner thank yellow"}},
		"expected 32 hex digits":         {"cards": {card}, "fingerprint": {"legal winner"}},
		"holds no card":                  {"cards": {" "}, "fingerprint": {words}},
		"card:1":                         {"cards": {"{}"}, "fingerprint": {words}},
	} {
		status, page := root.ask(http.MethodPost, "/parties", wrong)
		if status != http.StatusBadRequest && status != http.StatusForbidden || !strings.Contains(page, what) || strings.Contains(page, "Brevik</bdi>") || strings.Contains(page, words) {
			t.Errorf("%s: %d\n%s", what, status, page)
		}
	}
	contains(t, root.post("/parties", form), "Brevik", words, "fingerprint compared")
	contains(t, chad.get("/parties"), "Brevik")
	lacks(t, chad.get("/parties"), "Trust it")
}
