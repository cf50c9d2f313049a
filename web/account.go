package web

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"entente"
	"entente/keyring"
	"entente/node"
)

// spaceAccounts holds what signs people in, by the operator's name.
const spaceAccounts = "web.account"

// account is a person's key, sealed under the person's password: whoever has the
// store and not the password can approve nothing in that person's name.
type account struct {
	Salt   []byte `json:"salt"`
	Sealed []byte `json:"sealed"` // nonce, then the key's seed under ChaCha20-Poly1305 (RFC 8439)
}

// shortestPassword is in characters; there is no other rule (NIST SP 800-63B, 5.1.1).
const shortestPassword = 12

// sealing bounds how many passwords are tried at once: each takes 64 MiB.
var sealing = make(chan struct{}, 2)

// sealKey derives a key from a password: argon2id with the second recommended
// parameters of RFC 9106, section 4.
func sealKey(password string, salt []byte) []byte {
	sealing <- struct{}{}
	defer func() { <-sealing }()
	return argon2.IDKey([]byte(password), salt, 3, 64<<10, 4, chacha20poly1305.KeySize)
}

func seal(operator, password string, key entente.PrivateKey) (account, error) {
	a := account{Salt: make([]byte, 16)}
	rand.Read(a.Salt)
	aead, err := chacha20poly1305.NewX(sealKey(password, a.Salt))
	if err != nil {
		return a, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	a.Sealed = aead.Seal(nonce, nonce, key.Ed25519().Seed(), []byte(operator))
	return a, nil
}

// errPassword is the one answer to a wrong password, an unknown name, and a
// person who has none.
var errPassword = entente.Errorf(entente.Refused, "try again, or ask an administrator for a new link", "name and password do not belong together")

// unseal opens a person's key with the password.
func (d *Door) unseal(ctx context.Context, operator, password string) (entente.PrivateKey, error) {
	if wait := d.tries.wait(operator, d.clock()); wait > 0 {
		return entente.PrivateKey{}, entente.Errorf(entente.Refused, "wait, then try again", "too many wrong passwords: the next can be tried in %d seconds", int(wait.Seconds())+1)
	}
	var a account
	note, err := d.node.Kept(ctx, spaceAccounts, operator)
	switch {
	case entente.KindOf(err) == entente.Hidden:
		a = account{Salt: make([]byte, 16), Sealed: make([]byte, 72)} // takes as long
	case err != nil:
		return entente.PrivateKey{}, err
	default:
		if err := json.Unmarshal(note.Value, &a); err != nil {
			return entente.PrivateKey{}, fmt.Errorf("account: %w", err)
		}
	}
	aead, err := chacha20poly1305.NewX(sealKey(password, a.Salt))
	if err != nil || len(a.Sealed) < aead.NonceSize() {
		return entente.PrivateKey{}, errors.Join(err, errPassword)
	}
	seed, err := aead.Open(nil, a.Sealed[:aead.NonceSize()], a.Sealed[aead.NonceSize():], []byte(operator))
	if err != nil || len(seed) != ed25519.SeedSize {
		d.tries.failed(operator, d.clock())
		return entente.PrivateKey{}, errPassword
	}
	key := entente.PrivateKeyFrom(ed25519.NewKeyFromSeed(seed))
	// An account outlives the key: one of a person who was removed is nobody's.
	if who, err := operatorNamed(ctx, d.node, operator); entente.KindOf(err) == entente.Invalid || err == nil && who.key != key.Key() {
		return entente.PrivateKey{}, errPassword
	} else if err != nil {
		return entente.PrivateKey{}, err
	}
	d.tries.done(operator)
	return key, nil
}

// tries slows down who guesses: from the fifth wrong password on each doubles
// the wait, up to a quarter of an hour.
type tries struct {
	mu    sync.Mutex
	wrong map[string]wrong // guarded by mu; by the name that was tried
}

type wrong struct {
	times int
	last  time.Time
}

const (
	freeTries  = 5
	longestTry = 15 * time.Minute
	mostTried  = 10_000 // names that are remembered
)

func (t *tries) wait(name string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.wrong[name]
	if w.times < freeTries {
		return 0
	}
	return w.last.Add(min(time.Second<<min(w.times-freeTries, 12), longestTry)).Sub(now)
}

func (t *tries) failed(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) >= mostTried {
		clear(t.wrong)
	}
	t.wrong[name] = wrong{t.wrong[name].times + 1, now}
}

func (t *tries) done(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.wrong, name)
}

// approval is the visitor's on a proposal, by what the form brings: a passkey's
// answer, or the password.
func (v *visit) approval(proposal string) (node.Approval, error) {
	if answer := v.r.PostFormValue("passkey"); answer != "" {
		return v.byPasskey(proposal, answer)
	}
	return v.byPassword(proposal, v.r.PostFormValue("password"))
}

// byPassword signs with the visitor's key, which the password opens.
func (v *visit) byPassword(proposal, password string) (node.Approval, error) {
	key, err := v.unseal(v.r.Context(), v.who.Name, password)
	if err != nil {
		return node.Approval{}, err
	}
	sig, err := key.Sign(node.ApprovalText(proposal))
	return node.Approval{Operator: v.who.Name, Signature: base64.StdEncoding.EncodeToString(sig)}, err
}

func (d *Door) accountRoutes() {
	d.page("GET /setup", func(v *visit) error {
		if !v.who.mayReplace {
			http.Redirect(v.w, v.r, "/me", http.StatusSeeOther)
			return nil
		}
		return v.show("setup", setupPage{Next: here(v.r.URL.Query().Get("next"))})
	})
	d.page("POST /setup", (*visit).setUp)
	d.open("POST /sign-in", (*visit).signIn)
}

// setupPage asks for a password.
type setupPage struct {
	Next  string
	Error string // key of a text
}

// newPassword is the password that a form asks for twice, or the text that says what is wrong.
func (v *visit) newPassword() (password, wrong string) {
	password = v.r.PostFormValue("password")
	switch {
	case len([]rune(password)) < shortestPassword:
		return "", "signin.short"
	case password != v.r.PostFormValue("again"):
		return "", "signin.differ"
	}
	return password, ""
}

// setUp gives who has come by a link a password, which seals the key that the
// person brings, or a new one. A session begun in another way changes neither: who
// has come by its cookie would sign in the person's name from then on.
func (v *visit) setUp() error {
	if !v.who.mayReplace {
		return entente.Errorf(entente.Refused, "change the password on your own page, or ask an administrator for a new link", "this takes a fresh sign-in link")
	}
	ctx := v.r.Context()
	page := setupPage{Next: here(v.r.PostFormValue("next"))}
	password, wrong := v.newPassword()
	key := entente.NewPrivateKey()
	if text := v.r.PostFormValue("key"); text != "" && wrong == "" {
		var err error
		if key, err = keyring.ParseOperator([]byte(text)); err != nil || key.Key() != v.who.key {
			wrong = "signin.otherkey"
		}
	}
	if wrong != "" {
		page.Error = wrong
		return v.showStatus(http.StatusBadRequest, "setup", page)
	}
	if err := v.keepAccount(password, key); err != nil {
		return err
	}
	if err := v.goOn(key.Key()); err != nil {
		return err
	}
	if key.Key() != v.who.key {
		all, err := v.node.Operators(ctx)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Name == v.who.Name {
				o.Key = key.Key()
				if err := v.node.PutOperator(ctx, o); err != nil {
					return err
				}
			}
		}
	}
	if err := v.endSessions(v.who.Name, v.who.session); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, page.Next, http.StatusSeeOther)
	return nil
}

// keepAccount seals the visitor's key under a password.
func (v *visit) keepAccount(password string, key entente.PrivateKey) error {
	a, err := seal(v.who.Name, password, key)
	if err != nil {
		return err
	}
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return v.node.Keep(v.r.Context(), node.Note{Space: spaceAccounts, Key: v.who.Name, Value: b})
}

// signinPage is the way in.
type signinPage struct {
	Next, Name string
	Wrong      string // key of a text
	Passkey    *passkeyAsk
	Issuer     string // where else people may sign in; empty: nowhere
}

// showSignIn shows the way in.
func (v *visit) showSignIn(status int, page signinPage) error {
	page.Passkey, page.Issuer = v.askToSignIn(), v.issuerName()
	return v.showStatus(status, "signin", page)
}

func (v *visit) signIn() error {
	page := signinPage{Next: here(v.r.PostFormValue("next")), Name: v.r.PostFormValue("name"), Wrong: "signin.wrong"}
	_, err := v.unseal(v.r.Context(), page.Name, v.r.PostFormValue("password"))
	if err == nil {
		_, err = operatorNamed(v.r.Context(), v.node, page.Name)
	}
	if kind := entente.KindOf(err); kind == entente.Refused || kind == entente.Invalid {
		if !errors.Is(err, errPassword) && kind == entente.Refused {
			page.Wrong = "signin.wait"
		}
		return v.showSignIn(http.StatusForbidden, page)
	}
	if err != nil {
		return err
	}
	return v.begin(page.Name, page.Next)
}
