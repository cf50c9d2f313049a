package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"entente"
	"entente/node"
	"entente/node/nodetest"
	"entente/passkey"
	"entente/passkey/passkeytest"
)

var optionsOf = regexp.MustCompile(`data-options="([^"]*)"`)

// challengeOn is what a page asks a passkey to sign.
func challengeOn(t testing.TB, page string) []byte {
	t.Helper()
	m := optionsOf.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page asks for no passkey:\n%s", page)
	}
	var o struct {
		Challenge string `json:"challenge"`
	}
	check(t, json.Unmarshal([]byte(html.UnescapeString(m[1])), &o))
	b, err := base64.RawURLEncoding.DecodeString(o.Challenge)
	check(t, err)
	return b
}

// A passkey of software at the desk: registered with the password alone, it lets
// in once for each question, and approves what was shown.
func TestPasskeysAtTheDesk(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	anna := a.signer("anna", node.RoleReleaser)
	eve := a.sit("eve", node.RoleReleaser)
	device := passkeytest.New(a.url, true)
	add := func(d *desk, form url.Values, answer []byte) (int, string) {
		form.Set("passkey", string(answer))
		return d.ask(http.MethodPost, "/passkeys", form)
	}
	form := url.Values{"label": {"blue key"}, "password": {"not the password"}}
	if status, _ := add(anna, form, device.Create(challengeOn(t, anna.get("/passkeys")))); status != http.StatusForbidden {
		t.Errorf("registered without the password: %d", status)
	}
	form.Set("password", password)
	if status, _ := add(anna, form, device.Create(challengeOn(t, eve.get("/passkeys")))); status != http.StatusForbidden {
		t.Errorf("registered with a challenge for another: %d", status)
	}
	if status, _ := add(anna, form, device.Create(passkey.Challenge([]byte("of one's own making")))); status != http.StatusForbidden {
		t.Errorf("registered with a challenge of its own: %d", status)
	}
	if all, err := a.Passkeys(ctx, "anna"); err != nil || len(all) != 0 {
		t.Fatalf("before the right answer: %v, %v", all, err)
	}
	right := device.Create(challengeOn(t, anna.get("/passkeys")))
	_, page := add(anna, form, right)
	contains(t, page, "blue key")
	if status, _ := add(anna, form, right); status != http.StatusForbidden {
		t.Errorf("registered twice by one answer: %d", status)
	}

	in := func(answer []byte) (*desk, int) {
		d := &desk{party: a, browser: &http.Client{Jar: newJar(t)}}
		status, _ := d.ask(http.MethodPost, "/sign-in/passkey", url.Values{"passkey": {string(answer)}, "next": {"/inbox"}})
		return d, status
	}
	question := func() []byte {
		return challengeOn(t, (&desk{party: a, browser: &http.Client{Jar: newJar(t)}}).get("/sign-in"))
	}
	answer := device.Get(question())
	d, status := in(answer)
	if status != http.StatusOK {
		t.Fatalf("the passkey does not let in: %d", status)
	}
	contains(t, d.get("/passkeys"), "blue key")
	other := passkeytest.New(a.url, true)
	elsewhere := device
	elsewhere.Origin = "http://localhost:1"
	for what, wrong := range map[string][]byte{
		"used before":         answer,
		"by another passkey":  other.Get(question()),
		"for another site":    elsewhere.Get(question()),
		"without a question":  device.Get(passkey.Challenge([]byte("x"))),
		"to another question": device.Get(challengeOn(t, anna.get("/passkeys"))),
		"which is none":       []byte("{}"),
		"to what is approved": device.Get(passkey.Challenge(node.ApprovalText("x"))),
		"with words after it": append(device.Get(question()), '{'),
	} {
		if _, status := in(wrong); status != http.StatusForbidden {
			t.Errorf("an answer %s lets in: %d", what, status)
		}
	}

	record := a.note("Lantern Society")
	release := func() (at string, question []byte) {
		sign := anna.post("/release", url.Values{
			"filled": {"1"}, "sign": {"1"}, "record": {string(record)}, "compact": {string(id)}, "to": {string(b.Self())}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"},
		})
		return follow(t, sign, "/sign/"), challengeOn(t, sign)
	}
	at, ask := release()
	for what, wrong := range map[string][]byte{"of another": other.Get(ask), "of something else": device.Get(passkey.Challenge([]byte("x")))} {
		if status, _ := anna.ask(http.MethodPost, at, url.Values{"passkey": {string(wrong)}}); status != http.StatusForbidden {
			t.Errorf("signed by an answer %s: %d", what, status)
		}
	}
	if status, _ := eve.ask(http.MethodPost, at, url.Values{"passkey": {string(device.Get(ask))}}); status == http.StatusOK {
		t.Error("another signs with anna's passkey")
	}
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	lacks(t, b.sit("bea", node.RoleAnalyst).get("/inbox"), "Lantern")
	contains(t, anna.post(at, url.Values{"passkey": {string(device.Get(ask))}}), "1 signed message is on its way")

	key := hidden(anna.get("/passkeys"), "id")[0]
	if status, _ := eve.ask(http.MethodPost, "/passkeys/remove", url.Values{"id": {key}}); status != http.StatusNotFound {
		t.Errorf("another removes it: %d", status)
	}
	lacks(t, anna.post("/passkeys/remove", url.Values{"id": {key}}), "blue key")
	if _, status := in(device.Get(question())); status != http.StatusForbidden {
		t.Errorf("a passkey that was removed lets in: %d", status)
	}
}

// A real browser with a virtual authenticator: register, sign out, sign in, sign.
func TestAPasskeyInABrowser(t *testing.T) {
	tab := newBrowser(t)
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	a.signer("anna", node.RoleReleaser)
	tab.stays(a.url)
	tab.do("an authenticator", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{})
		if err == nil {
			_, err = cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			}})
		}
		return err
	}))
	tab.do("by password", chromedp.EmulateViewport(1440, 900), chromedp.Navigate(a.url+"/sign-in?next=/passkeys"), chromedp.SendKeys("#name", "anna"),
		chromedp.SendKeys("#password", password), chromedp.Click("main button.primary"), chromedp.WaitVisible("#label"))
	tab.do("a passkey", chromedp.SendKeys("#label", "blue key"), chromedp.SendKeys("#password", password), chromedp.Click("desk-passkey button"), chromedp.WaitVisible("main form[action='/passkeys/remove']"))
	tab.shot("passkeys in the browser")
	tab.do("out", chromedp.Submit("form[action='/sign-out']"), chromedp.WaitVisible("#name"))
	tab.shot("signing in by passkey in the browser")
	tab.do("in by passkey", chromedp.Navigate(a.url+"/sign-in?next=/passkeys"), chromedp.Click("desk-passkey button"), chromedp.WaitVisible("#label"))
	record := a.note("Lantern Society")
	order := node.Order{Records: []entente.RecordID{record}, To: []entente.PartyID{b.Self()}, Compact: id, Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"}}
	check(t, a.SetTwoPersons(ctx, []entente.Kind{entente.KindRelease}))
	ben := a.signer("ben", node.RoleReleaser)
	sign := ben.post("/release", url.Values{
		"filled": {"1"}, "sign": {"1"}, "record": {string(record)}, "compact": {string(id)}, "to": {string(order.To[0])}, "tlp": {"amber"}, "onward": {"none"}, "purpose": {"counter-terrorism"},
	})
	contains(t, ben.post(follow(t, sign, "/sign/"), url.Values{"password": {password}}), "waits for 1 more person")
	tab.do("the second person", chromedp.Navigate(a.url+"/waiting"), chromedp.WaitVisible("desk-passkey button"))
	tab.shot("approval by passkey in the browser")
	tab.do("approves by passkey", chromedp.Click("desk-passkey button"), chromedp.WaitNotPresent("desk-passkey"))
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	contains(t, b.sit("bea", node.RoleAnalyst).get("/inbox"), "Lantern Society")
	for _, wrong := range tab.complaints() {
		t.Error(wrong)
	}
}
