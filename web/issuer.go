package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"entente"
	"entente/node"
)

// Issuer is an OpenID provider through which people of the party may sign in.
// Signing in is all that it does: what is signed in the party's name takes the
// person's own key or passkey.
type Issuer struct {
	URL    string // its identifier, under which its configuration is found
	Client string // id of this desk there
	Secret string
	HTTP   *http.Client // default: http.DefaultClient
}

// spaceIssuer holds who an account at the issuer belongs to, by the hash of issuer
// and subject.
const spaceIssuer = "web.oidc"

// linkedAccount is an operator with the key of then: another of the name has another.
type linkedAccount struct {
	Operator string       `json:"operator"`
	Key      entente.Key  `json:"key"`
	Since    entente.Time `json:"since"`
}

// issuer asks the provider, which it looks up when it is first needed.
type issuer struct {
	Issuer
	back string // where the provider sends people back to

	mu       sync.Mutex
	provider *oidc.Provider  // guarded by mu
	flows    map[string]flow // guarded by mu; by state
}

// flow is one person on the way to the issuer and back.
type flow struct {
	cookie          string // hash of the secret that the browser has
	nonce, verifier string
	next            string
	linking         string // operator whose account is to be linked; empty: signs in
	until           time.Time
}

const (
	flowTime   = 10 * time.Minute
	mostFlows  = 10_000
	issuerTime = 15 * time.Second // for what the provider is asked
)

func (d *Door) issuerRoutes() {
	if d.issuer == nil {
		return
	}
	d.page("GET /oidc", func(v *visit) error { return v.showIssuer(http.StatusOK, issuerPage{}) })
	d.page("POST /oidc", (*visit).linkAccount)
	d.page("POST /oidc/unlink", (*visit).unlinkAccount)
	d.open("GET /sign-in/oidc", func(v *visit) error { return v.toIssuer("", here(v.r.URL.Query().Get("next"))) })
	d.open("GET /oidc/callback", (*visit).fromIssuer)
}

// context lets the provider be asked for a while, by the configured client.
func (i *issuer) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if i.HTTP != nil {
		ctx = oidc.ClientContext(ctx, i.HTTP)
	}
	return context.WithTimeout(ctx, issuerTime)
}

// config is how the provider is spoken to (OpenID Connect Core 1.0, section 3.1).
func (i *issuer) config(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	i.mu.Lock()
	p := i.provider
	i.mu.Unlock()
	if p == nil {
		// The provider keeps its context for the keys it fetches later.
		look := context.WithoutCancel(ctx)
		if i.HTTP != nil {
			look = oidc.ClientContext(look, i.HTTP)
		}
		var err error
		if p, err = oidc.NewProvider(look, i.URL); err != nil {
			return nil, nil, fmt.Errorf("issuer %s: %w", i.URL, err)
		}
		i.mu.Lock()
		i.provider = p
		i.mu.Unlock()
	}
	return &oauth2.Config{ClientID: i.Client, ClientSecret: i.Secret, Endpoint: p.Endpoint(), RedirectURL: i.back, Scopes: []string{oidc.ScopeOpenID}}, p, nil
}

// start notes a flow, and gives the address to go on to.
func (i *issuer) start(c *oauth2.Config, f flow, now time.Time) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for state, old := range i.flows {
		if now.After(old.until) {
			delete(i.flows, state)
		}
	}
	if len(i.flows) >= mostFlows {
		return "", entente.Errorf(entente.Exhausted, "wait ten minutes", "too many people are on their way to the issuer")
	}
	if i.flows == nil {
		i.flows = map[string]flow{}
	}
	state := secret()
	f.nonce, f.verifier, f.until = secret(), oauth2.GenerateVerifier(), now.Add(flowTime)
	i.flows[state] = f
	return c.AuthCodeURL(state, oidc.Nonce(f.nonce), oauth2.S256ChallengeOption(f.verifier)), nil
}

// take gives a flow, once, to the browser that began it.
func (i *issuer) take(state, cookie string, now time.Time) (flow, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f, ok := i.flows[state]
	if !ok || subtle.ConstantTimeCompare([]byte(f.cookie), []byte(hashed(cookie))) != 1 {
		return flow{}, false // another browser does not use it up either
	}
	delete(i.flows, state)
	return f, now.Before(f.until)
}

// subject is whom the issuer has signed in: a hash of issuer and subject, which
// together name a person for ever (OpenID Connect Core 1.0, section 5.7).
func (i *issuer) subject(ctx context.Context, code string, f flow, now func() time.Time) (string, error) {
	ctx, cancel := i.context(ctx)
	defer cancel()
	c, p, err := i.config(ctx)
	if err != nil {
		return "", err
	}
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(f.verifier))
	if err != nil {
		return "", fmt.Errorf("issuer %s: %w", i.URL, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", fmt.Errorf("issuer %s: no id token", i.URL)
	}
	id, err := p.Verifier(&oidc.Config{ClientID: i.Client, Now: now}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("issuer %s: %w", i.URL, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.nonce)) != 1 || id.Subject == "" {
		return "", fmt.Errorf("issuer %s: the id token is for another sign-in", i.URL)
	}
	return hashed(id.Issuer + "\x00" + id.Subject), nil
}

func (d *Door) flowCookie() string { return d.cookie() + "-oidc" }

// toIssuer sends the browser on, to sign in or to have an account linked.
func (v *visit) toIssuer(linking, next string) error {
	ctx, cancel := v.issuer.context(v.r.Context())
	defer cancel()
	c, _, err := v.issuer.config(ctx)
	if err != nil {
		v.log.Error("sign-in elsewhere", "error", err)
		return v.showSignIn(http.StatusBadGateway, signinPage{Next: next, Wrong: "oidc.away"})
	}
	s := secret()
	to, err := v.issuer.start(c, flow{cookie: hashed(s), next: next, linking: linking}, v.clock())
	if err != nil {
		return err
	}
	http.SetCookie(v.w, &http.Cookie{Name: v.flowCookie(), Value: s, Path: "/", MaxAge: int(flowTime.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if linking != "" { // a form may not lead elsewhere (form-action): a link may
		return v.showIssuer(http.StatusOK, issuerPage{Go: to})
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// fromIssuer takes back whom the issuer has signed in. Whatever does not hold gets
// the same answer.
func (v *visit) fromIssuer() error {
	ask := v.r.URL.Query()
	wrong := func(cause error) error {
		if cause != nil {
			v.log.Error("sign-in elsewhere", "error", cause)
		}
		return v.showSignIn(http.StatusForbidden, signinPage{Wrong: "oidc.wrong"})
	}
	cookie, err := v.r.Cookie(v.flowCookie())
	if err != nil {
		return wrong(nil)
	}
	f, ok := v.issuer.take(ask.Get("state"), cookie.Value, v.clock())
	if !ok {
		return wrong(nil)
	}
	http.SetCookie(v.w, &http.Cookie{Name: v.flowCookie(), Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if ask.Get("code") == "" {
		return wrong(nil) // the person said no, or the issuer did
	}
	subject, err := v.issuer.subject(v.r.Context(), ask.Get("code"), f, v.clock)
	if err != nil {
		return wrong(err)
	}
	account, err := v.accountOf(subject)
	if err != nil {
		return err
	}
	if f.linking == "" {
		if account == nil {
			return wrong(nil)
		}
		return v.begin(account.Operator, f.next)
	}
	if v.who == nil || v.who.Name != f.linking {
		return wrong(nil)
	}
	if account != nil && account.Operator != v.who.Name {
		return v.showIssuer(http.StatusConflict, issuerPage{Wrong: "oidc.taken"})
	}
	b, err := json.Marshal(linkedAccount{v.who.Name, v.who.key, entente.At(v.clock())})
	if err == nil {
		err = v.node.Keep(v.r.Context(), node.Note{Space: spaceIssuer, Key: subject, Value: b})
	}
	if err == nil {
		err = v.node.Administered(v.r.Context(), v.who.Name, v.who.Name, "account at the issuer linked")
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/oidc", http.StatusSeeOther)
	return nil
}

// accountOf is whom an account belongs to; nil: nobody who is here with the same key.
func (v *visit) accountOf(subject string) (*linkedAccount, error) {
	note, err := v.node.Kept(v.r.Context(), spaceIssuer, subject)
	if errors.Is(err, entente.ErrHidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var a linkedAccount
	if err := json.Unmarshal(note.Value, &a); err != nil {
		return nil, fmt.Errorf("account at the issuer: %w", err)
	}
	who, err := operatorNamed(v.r.Context(), v.node, a.Operator)
	if entente.KindOf(err) == entente.Invalid || err == nil && who.key != a.Key {
		return nil, nil
	}
	return &a, err
}

// issuerPage is the visitor's account at the issuer.
type issuerPage struct {
	Name   string // of the issuer
	Linked entente.Time
	Go     string // where linking goes on
	Wrong  string // key of a text
}

// issuerName is what the sign-in page calls the issuer; empty: there is none.
func (d *Door) issuerName() string {
	if d.issuer == nil {
		return ""
	}
	u, err := url.Parse(d.issuer.URL)
	if err != nil {
		return d.issuer.URL
	}
	return u.Hostname()
}

// linked finds the visitor's accounts: their keys, and since when.
func (v *visit) linked() (subjects []string, since entente.Time, err error) {
	notes, err := v.node.AllKept(v.r.Context(), spaceIssuer)
	if err != nil {
		return nil, since, err
	}
	for _, n := range notes {
		a, err := v.accountOf(n.Key)
		if err != nil {
			return nil, since, err
		}
		if a != nil && a.Operator == v.who.Name {
			subjects, since = append(subjects, n.Key), a.Since
		}
	}
	return subjects, since, nil
}

func (v *visit) showIssuer(status int, page issuerPage) error {
	var err error
	page.Name = v.issuerName()
	if _, page.Linked, err = v.linked(); err != nil {
		return err
	}
	return v.showStatus(status, "oidc", page)
}

// linkAccount begins to link an account, once the password has shown that it is the
// person: who has come by a session alone would come back by that account for ever.
func (v *visit) linkAccount() error {
	_, err := v.unseal(v.r.Context(), v.who.Name, v.r.PostFormValue("password"))
	if errors.Is(err, errPassword) {
		return v.showIssuer(http.StatusForbidden, issuerPage{Wrong: "sign.wrong"})
	}
	if err != nil {
		return err
	}
	return v.toIssuer(v.who.Name, "/oidc")
}

func (v *visit) unlinkAccount() error {
	subjects, _, err := v.linked()
	if err != nil {
		return err
	}
	for _, s := range subjects {
		if err := v.node.Drop(v.r.Context(), spaceIssuer, s); err != nil {
			return err
		}
	}
	if err := v.node.Administered(v.r.Context(), v.who.Name, v.who.Name, "account at the issuer unlinked"); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/oidc", http.StatusSeeOther)
	return nil
}

func issuerStories() []story {
	const name = "id.example.org"
	return []story{
		{"oidc", "not linked", storyWho, issuerPage{Name: name}},
		{"oidc", "go on", storyWho, issuerPage{Name: name, Go: "/authorize?state=x"}},
		{"oidc", "linked", storyWho, issuerPage{Name: name, Linked: storyTime}},
		{"oidc", "taken", storyWho, issuerPage{Name: name, Wrong: "oidc.taken"}},
	}
}
