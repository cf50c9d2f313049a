package web_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/web"
)

// provider is a small OpenID provider. It signs in whoever comes, as its subject.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu      sync.Mutex
	subject string
	codes   map[string]url.Values // what was asked for, by the code that was given
	change  func(claims map[string]any)
	signer  *rsa.PrivateKey // other than key: a forger
}

func newProvider(t *testing.T) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	p := &provider{key: key, signer: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		code := fmt.Sprint("code", len(p.codes))
		p.mu.Lock()
		p.codes[code] = q
		p.mu.Unlock()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		check(t, r.ParseForm())
		p.mu.Lock()
		defer p.mu.Unlock()
		q, ok := p.codes[r.PostForm.Get("code")]
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		id, word, _ := r.BasicAuth()
		if !ok || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || q.Get("code_challenge_method") != "S256" || id != "desk" || word != "s3cret" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		delete(p.codes, r.PostForm.Get("code"))
		claims := map[string]any{"iss": p.URL, "aud": "desk", "sub": p.subject, "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
		if p.change != nil {
			p.change(claims)
		}
		b, err := json.Marshal(claims)
		check(t, err)
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + base64.RawURLEncoding.EncodeToString(b)
		sum = sha256.Sum256([]byte(text))
		sig, err := rsa.SignPKCS1v15(rand.Reader, p.signer, crypto.SHA256, sum[:])
		check(t, err)
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": text + "." + base64.RawURLEncoding.EncodeToString(sig)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func TestSigningInElsewhere(t *testing.T) {
	idp := newProvider(t)
	a := newPartyWith(t, "Ardel", web.Config{Issuer: &web.Issuer{URL: idp.URL, Client: "desk", Secret: "s3cret"}})
	idp.subject = "anna@issuer"
	anna, ben := a.signer("anna", node.RoleReleaser), a.signer("ben", node.RoleReleaser)
	stranger := func() *desk { return &desk{party: a, browser: &http.Client{Jar: newJar(t)}} }
	const inside, refused = "What you may do", "could not be signed in that way"
	enter := func(d *desk) (int, string) { return d.ask(http.MethodGet, "/sign-in/oidc?next=/me", nil) }
	contains(t, stranger().get("/sign-in"), "Sign in with")
	// Nobody is linked yet.
	if status, page := enter(stranger()); status != http.StatusForbidden || !strings.Contains(page, refused) {
		t.Fatalf("an unknown account: %d\n%s", status, page)
	}
	// Linking takes the password.
	if status, page := anna.ask(http.MethodPost, "/oidc", url.Values{"password": {"wrong password"}}); status != http.StatusForbidden || strings.Contains(page, idp.URL) {
		t.Errorf("linked with a wrong password: %d", status)
	}
	link := func(d *desk) string {
		t.Helper()
		page := d.post("/oidc", url.Values{"password": {password}})
		return follow(t, page, idp.URL)
	}
	away := func(d *desk, to string) string {
		t.Helper()
		res, err := d.browser.Get(to)
		check(t, err)
		defer res.Body.Close()
		b := make([]byte, 1<<20)
		n, _ := res.Body.Read(b)
		return string(b[:n])
	}
	contains(t, away(anna, link(anna)), "Linked")
	if status, page := enter(stranger()); status != http.StatusOK || !strings.Contains(page, inside) || !strings.Contains(page, "anna") {
		t.Fatalf("a linked account: %d\n%s", status, page)
	}
	// An account belongs to one person.
	contains(t, away(ben, link(ben)), "belongs to another person")
	// In by the account, nothing can be signed, and nothing replaced.
	in := stranger()
	if status, _ := enter(in); status != http.StatusOK {
		t.Fatal(status)
	}
	key := a.keyOf("anna")
	if status, _ := in.ask(http.MethodPost, "/setup", url.Values{"password": {another}, "again": {another}}); status != http.StatusForbidden || a.keyOf("anna") != key {
		t.Errorf("an account elsewhere sets a password: %d", status)
	}

	// What does not hold is refused, all of it alike.
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	for what, change := range map[string]func(map[string]any){
		"for another desk":     func(c map[string]any) { c["aud"] = "another desk" },
		"of another issuer":    func(c map[string]any) { c["iss"] = "https://elsewhere.example" },
		"expired":              func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"for another sign-in":  func(c map[string]any) { c["nonce"] = "x" },
		"without a nonce":      func(c map[string]any) { delete(c, "nonce") },
		"of another person":    func(c map[string]any) { c["sub"] = "eve@issuer" },
		"signed by a stranger": func(map[string]any) { idp.signer = forger },
	} {
		idp.change = change
		if status, page := enter(stranger()); status != http.StatusForbidden || !strings.Contains(page, refused) || strings.Contains(page, inside) {
			t.Errorf("a token %s: %d", what, status)
		}
		idp.change, idp.signer = nil, idp.key
	}
	// The way back belongs to the browser that began, and is used once.
	first := stranger()
	still := *first.browser
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := still.Get(a.url + "/sign-in/oidc?next=/me")
	check(t, err)
	res.Body.Close()
	res, err = still.Get(res.Header.Get("Location"))
	check(t, err)
	res.Body.Close()
	back := strings.TrimPrefix(res.Header.Get("Location"), a.url)
	second := stranger() // on a way of its own
	still.Jar = second.browser.Jar
	res, err = still.Get(a.url + "/sign-in/oidc?next=/me")
	check(t, err)
	res.Body.Close()
	for _, other := range []*desk{stranger(), second} {
		if status, _ := other.ask(http.MethodGet, back, nil); status != http.StatusForbidden {
			t.Errorf("another browser comes back: %d", status)
		}
	}
	if status, page := first.ask(http.MethodGet, back, nil); status != http.StatusOK || !strings.Contains(page, inside) {
		t.Errorf("the browser that began: %d", status)
	}
	if status, _ := first.ask(http.MethodGet, back, nil); status != http.StatusForbidden {
		t.Errorf("a second time: %d", status)
	}
	for _, bad := range []string{"/oidc/callback", "/oidc/callback?code=x&state=y"} {
		if status, _ := first.ask(http.MethodGet, bad, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d", bad, status)
		}
	}
	// Unlinked, removed, and another of the name: out.
	contains(t, anna.post("/oidc/unlink", nil), "Link my account")
	if status, _ := enter(stranger()); status != http.StatusForbidden {
		t.Errorf("unlinked: %d", status)
	}
	away(anna, link(anna))
	check(t, a.DeleteOperator(ctx, "anna"))
	if status, _ := enter(stranger()); status != http.StatusForbidden {
		t.Errorf("removed: %d", status)
	}
	check(t, a.PutOperator(ctx, node.Operator{Name: "anna", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}))
	if status, _ := enter(stranger()); status != http.StatusForbidden {
		t.Errorf("another of the name: %d", status)
	}
	// An issuer that is away is said to be.
	b := newPartyWith(t, "Brevik", web.Config{Issuer: &web.Issuer{URL: "http://127.0.0.1:1", Client: "desk", Secret: "x"}})
	if status, page := (&desk{party: b, browser: &http.Client{Jar: newJar(t)}}).ask(http.MethodGet, "/sign-in/oidc", nil); status != http.StatusBadGateway || !strings.Contains(page, "does not answer") {
		t.Errorf("an issuer that is away: %d", status)
	}
}
