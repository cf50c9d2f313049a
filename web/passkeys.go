package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"entente"
	"entente/node"
	"entente/passkey"
)

// A passkey signs its owner in, and approves beside the password. The password's
// key approves the passkey first; from then on the node checks every signature of
// it itself, and keeps it with what it approved.

func (d *Door) passkeyRoutes() {
	d.page("GET /passkeys", func(v *visit) error { return v.showPasskeys(http.StatusOK, "") })
	d.page("POST /passkeys", (*visit).addPasskey)
	d.page("POST /passkeys/remove", (*visit).removePasskey)
	d.open("POST /sign-in/passkey", (*visit).signInByPasskey)
}

// challenges are what passkeys sign where there is nothing to approve. A challenge
// says itself until when and for what it is good, so that nothing is kept for those
// who only look at the page; one that was answered is kept until it ends.
type challenges struct {
	once sync.Once
	key  [32]byte

	mu   sync.Mutex
	used map[string]time.Time // guarded by mu; until when
}

const challengeTime = 10 * time.Minute

func (c *challenges) seal(b []byte, purpose string) []byte {
	c.once.Do(func() { rand.Read(c.key[:]) })
	mac := hmac.New(sha256.New, c.key[:])
	mac.Write(b)
	mac.Write([]byte(purpose))
	return mac.Sum(b)
}

func (c *challenges) make(purpose string, now time.Time) []byte {
	b := make([]byte, 24)
	rand.Read(b[:16])
	binary.BigEndian.PutUint64(b[16:], uint64(now.Add(challengeTime).Unix()))
	return c.seal(b, purpose)
}

// good says whether a challenge was made here for this purpose and has not ended.
func (c *challenges) good(b []byte, purpose string, now time.Time) bool {
	return len(b) == 24+sha256.Size && hmac.Equal(b, c.seal(b[:24:24], purpose)) &&
		uint64(now.Unix()) < binary.BigEndian.Uint64(b[16:])
}

// take uses a challenge up: it is answered once.
func (c *challenges) take(b []byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for used, until := range c.used {
		if now.After(until) {
			delete(c.used, used)
		}
	}
	if _, ok := c.used[string(b)]; ok {
		return false
	}
	if c.used == nil {
		c.used = map[string]time.Time{}
	}
	c.used[string(b)] = now.Add(challengeTime)
	return true
}

// passkeyAsk is what <desk-passkey> asks the browser for: the options of
// navigator.credentials in JSON (WebAuthn Level 3, sections 5.4 and 5.5).
type passkeyAsk struct {
	Do      string // "create" or "get"
	Options string
	Label   string // key of the button's text
	Primary bool
}

func ask(do, label string, options map[string]any) *passkeyAsk {
	b, err := json.Marshal(options)
	if err != nil {
		panic(err) // maps and texts
	}
	return &passkeyAsk{Do: do, Options: string(b), Label: label}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// credential names a passkey to the browser.
func credential(id []byte) map[string]any {
	return map[string]any{"type": "public-key", "id": base64url(id)}
}

// askToSignIn asks for any passkey of this desk.
func (v *visit) askToSignIn() *passkeyAsk {
	return ask("get", "passkey.enter", map[string]any{
		"challenge": base64url(v.challenges.make("sign in", v.clock())), "rpId": v.origin.Hostname(), "userVerification": "required",
	})
}

// askToApprove asks for one of the visitor's passkeys to approve a proposal; nil
// if the visitor has none here.
func (v *visit) askToApprove(proposal string) (*passkeyAsk, error) {
	all, err := v.node.Passkeys(v.r.Context(), v.who.Name)
	if err != nil {
		return nil, err
	}
	var allowed []any
	for _, p := range all {
		if p.Origin == v.origin.String() {
			allowed = append(allowed, credential(p.ID))
		}
	}
	if allowed == nil {
		return nil, nil
	}
	return ask("get", "passkey.sign", map[string]any{
		"challenge": base64url(passkey.Challenge(node.ApprovalText(proposal))), "rpId": v.origin.Hostname(), "userVerification": "required", "allowCredentials": allowed,
	}), nil
}

// errPasskey is the answer to a passkey that does not hold.
var errPasskey = entente.Errorf(entente.Refused, "try again, or use the password", "the passkey's answer does not hold")

// byPasskey is an approval by the passkey that the form brings.
func (v *visit) byPasskey(proposal, answer string) (node.Approval, error) {
	holder, err := v.node.PasskeyHolder(v.r.Context(), []byte(answer), passkey.Challenge(node.ApprovalText(proposal)))
	if err == nil && holder != v.who.Name || entente.KindOf(err) == entente.Refused {
		return node.Approval{}, errPasskey
	}
	return node.PasskeyApproval(v.who.Name, []byte(answer)), err
}

// wrongApproval is the text for an approval that was mistyped or mistaken; empty:
// err is something else.
func wrongApproval(err error) string {
	switch {
	case errors.Is(err, errPassword):
		return "sign.wrong"
	case errors.Is(err, errPasskey):
		return "passkey.wrong"
	}
	return ""
}

func (v *visit) signInByPasskey() error {
	page := signinPage{Next: here(v.r.PostFormValue("next")), Wrong: "passkey.wrong"}
	answer := []byte(v.r.PostFormValue("passkey"))
	holder, err := "", error(errPasskey)
	challenge := challengeOf(answer)
	if v.challenges.good(challenge, "sign in", v.clock()) {
		holder, err = v.node.PasskeyHolder(v.r.Context(), answer, challenge)
	}
	if err == nil && !v.challenges.take(challenge, v.clock()) {
		err = errPasskey
	}
	if err == nil {
		_, err = operatorNamed(v.r.Context(), v.node, holder)
	}
	if kind := entente.KindOf(err); kind == entente.Refused || kind == entente.Invalid {
		return v.showSignIn(http.StatusForbidden, page)
	}
	if err != nil {
		return err
	}
	return v.begin(holder, page.Next)
}

// challengeOf is the challenge that a browser's answer says it is for. Nothing of
// it is believed before it is checked.
func challengeOf(answer []byte) []byte {
	var a struct {
		Response struct {
			Client string `json:"clientDataJSON"`
		} `json:"response"`
	}
	var client struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(a.Response.Client)
	if err != nil || json.Unmarshal(b, &client) != nil {
		return nil
	}
	b, err = base64.RawURLEncoding.DecodeString(client.Challenge)
	if err != nil {
		return nil
	}
	return b
}

// passkeysPage lists the visitor's passkeys.
type passkeysPage struct {
	Rows  []passkeyRow
	Ask   *passkeyAsk
	Wrong string // key of a text
}

type passkeyRow struct {
	ID, Label string
	Added     entente.Time
	Elsewhere string // the origin it is for, if it is not this desk's
}

func (v *visit) showPasskeys(status int, wrong string) error {
	all, err := v.node.Passkeys(v.r.Context(), v.who.Name)
	if err != nil {
		return err
	}
	page := passkeysPage{Wrong: wrong}
	have := []any{}
	for _, p := range all {
		row := passkeyRow{ID: base64url(p.ID), Label: p.Label, Added: p.Added}
		if p.Origin != v.origin.String() {
			row.Elsewhere = p.Origin
		}
		page.Rows, have = append(page.Rows, row), append(have, credential(p.ID))
	}
	var algorithms []any
	for _, a := range passkey.Algorithms() {
		algorithms = append(algorithms, map[string]any{"type": "public-key", "alg": a})
	}
	party, err := v.partyName(v.node.Self())
	if err != nil {
		return err
	}
	user := sha256.Sum256([]byte(string(v.node.Self()) + " " + v.who.Name))
	page.Ask = ask("create", "passkey.add", map[string]any{
		"challenge":        base64url(v.challenges.make("add "+v.who.Name, v.clock())),
		"rp":               map[string]any{"id": v.origin.Hostname(), "name": party},
		"user":             map[string]any{"id": base64url(user[:]), "name": v.who.Name, "displayName": v.who.Name},
		"pubKeyCredParams": algorithms, "excludeCredentials": have, "attestation": "none",
		"authenticatorSelection": map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
	})
	page.Ask.Primary = true
	return v.showStatus(status, "passkeys", page)
}

func (v *visit) addPasskey() error {
	answer := []byte(v.r.PostFormValue("passkey"))
	challenge := challengeOf(answer)
	purpose := "add " + v.who.Name
	if !v.challenges.good(challenge, purpose, v.clock()) || !v.challenges.take(challenge, v.clock()) {
		return v.showPasskeys(http.StatusForbidden, "passkey.wrong")
	}
	k, err := passkey.Register(answer, challenge, v.origin.String())
	if entente.KindOf(err) == entente.Refused {
		return v.showPasskeys(http.StatusForbidden, "passkey.wrong")
	}
	if err != nil {
		return err
	}
	by, err := v.byPassword(k.Name(), v.r.PostFormValue("password"))
	if errors.Is(err, errPassword) {
		return v.showPasskeys(http.StatusForbidden, "sign.wrong")
	}
	if err == nil {
		err = v.node.AddPasskey(v.r.Context(), k, v.r.PostFormValue("label"), by)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/passkeys", http.StatusSeeOther)
	return nil
}

func (v *visit) removePasskey() error {
	id, err := base64.RawURLEncoding.DecodeString(v.r.PostFormValue("id"))
	if err == nil {
		err = v.node.RemovePasskey(v.r.Context(), v.who.Name, id)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/passkeys", http.StatusSeeOther)
	return nil
}

func passkeyStories() []story {
	add := &passkeyAsk{Do: "create", Options: "{}", Label: "passkey.add", Primary: true}
	rows := []passkeyRow{
		{ID: "AQ", Label: "Telephone", Added: storyTime}, {ID: "Ag", Label: "مفتاح المكتب", Added: storyTime, Elsewhere: "https://old.example.org"},
	}
	return []story{
		{"passkeys", "none", storyWho, passkeysPage{Ask: add}},
		{"passkeys", "two", storyWho, passkeysPage{Rows: rows, Ask: add}},
		{"passkeys", "wrong password", storyWho, passkeysPage{Rows: rows, Ask: add, Wrong: "sign.wrong"}},
	}
}
