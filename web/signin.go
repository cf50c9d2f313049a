package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente"
	"entente/node"
)

// Spaces of the notes that sign-in keeps, by the hash of the secret that the
// browser has: a copy of the store opens no desk.
const (
	spaceLinks    = "web.link"
	spaceSessions = "web.session"
)

// How long a link lets somebody in once, and a session lasts.
const (
	linkTime    = time.Hour
	sessionTime = 12 * time.Hour
)

// session is what is kept of somebody who is signed in.
type session struct {
	Operator string       `json:"operator"`
	Key      entente.Key  `json:"key"` // of the operator then: with another key, or another person of that name, it has ended
	Since    entente.Time `json:"since"`
	Agent    string       `json:"agent"`  // what the browser calls itself
	ByLink   bool         `json:"bylink"` // it was begun by a link that an administrator made
}

func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Link makes a link by which an operator signs in once, within the hour.
func Link(ctx context.Context, n *node.Node, origin, operator string) (string, error) {
	who, err := operatorNamed(ctx, n, operator)
	if err != nil {
		return "", err
	}
	s := secret()
	// For this person with this key, and not for another of the name.
	err = n.Keep(ctx, node.Note{Space: spaceLinks, Key: hashed(s), Value: []byte(string(who.key) + " " + operator), Until: entente.At(time.Now().Add(linkTime))})
	return strings.TrimSuffix(origin, "/") + "/enter/" + s, err
}

func operatorNamed(ctx context.Context, n *node.Node, name string) (*visitor, error) {
	all, err := n.Operators(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Name == name {
			return &visitor{Name: o.Name, Roles: o.Roles, Groups: o.Groups, key: o.Key}, nil
		}
	}
	return nil, entente.Errorf(entente.Invalid, "entente operator ls lists them", "no operator %q", name)
}

func (d *Door) signInRoutes() {
	d.open("GET /sign-in", func(v *visit) error {
		return v.showSignIn(http.StatusOK, signinPage{Next: here(v.r.URL.Query().Get("next"))})
	})
	d.open("GET /enter/{secret}", func(v *visit) error { return v.show("enter", v.r.PathValue("secret")) })
	d.open("POST /enter/{secret}", (*visit).enter)
	d.open("POST /sign-out", (*visit).signOut)
	d.open("POST /language", (*visit).chooseLanguage)
	d.open("POST /theme", (*visit).chooseTheme)
}

// cookie is the name of the session's cookie. Cookies do not keep ports apart:
// two desks on one machine need two names.
func (d *Door) cookie() string { return "__Host-desk-" + entente.Short(d.node.Self()) }

// visitor is who is signed in; nil: nobody. Roles are those of now, not of sign-in.
func (d *Door) visitor(r *http.Request) (*visitor, error) {
	c, err := r.Cookie(d.cookie())
	if err != nil {
		return nil, nil
	}
	note, err := d.node.Kept(r.Context(), spaceSessions, hashed(c.Value))
	if errors.Is(err, entente.ErrHidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s session
	if err := json.Unmarshal(note.Value, &s); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	who, err := operatorNamed(r.Context(), d.node, s.Operator)
	if entente.KindOf(err) == entente.Invalid || err == nil && who.key != s.Key { // removed since, or with another key
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	who.session = note.Key
	who.mayReplace = s.ByLink && d.clock().Before(s.Since.Add(linkTime))
	return who, nil
}

// enter lets in who has a link. It takes a POST, so that a program that looks at
// links does not use it up.
func (v *visit) enter() error {
	ctx, key := v.r.Context(), hashed(v.r.PathValue("secret"))
	note, err := v.node.Kept(ctx, spaceLinks, key)
	if err != nil {
		return err
	}
	if err := v.node.Drop(ctx, spaceLinks, key); err != nil {
		return err
	}
	key, name, _ := strings.Cut(string(note.Value), " ")
	who, err := operatorNamed(ctx, v.node, name)
	if entente.KindOf(err) == entente.Invalid || err == nil && string(who.key) != key {
		return entente.ErrHidden
	}
	if err != nil {
		return err
	}
	return v.beginBy(name, "/setup", true)
}

// begin starts a session and goes to a page of this desk.
func (v *visit) begin(operator, next string) error { return v.beginBy(operator, next, false) }

func (v *visit) beginBy(operator, next string, link bool) error {
	who, err := operatorNamed(v.r.Context(), v.node, operator)
	if err != nil {
		return err
	}
	now, s := v.clock(), secret()
	agent := v.r.UserAgent()
	b, err := json.Marshal(session{operator, who.key, entente.At(now), agent[:min(len(agent), 400)], link})
	if err != nil {
		return err
	}
	until := now.Add(sessionTime)
	if err := v.node.Keep(v.r.Context(), node.Note{Space: spaceSessions, Key: hashed(s), Value: b, Until: entente.At(until)}); err != nil {
		return err
	}
	http.SetCookie(v.w, &http.Cookie{Name: v.cookie(), Value: s, Path: "/", Expires: until, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(v.w, v.r, here(next), http.StatusSeeOther)
	return nil
}

// goOn lets the visitor's session go on with another key, as an ordinary one.
func (v *visit) goOn(key entente.Key) error {
	ctx := v.r.Context()
	note, err := v.node.Kept(ctx, spaceSessions, v.who.session)
	if err != nil {
		return err
	}
	var s session
	if err := json.Unmarshal(note.Value, &s); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	s.Key, s.ByLink = key, false
	if note.Value, err = json.Marshal(s); err != nil {
		return err
	}
	return v.node.Keep(ctx, note)
}

// here is a path of this desk, whatever a link asks for.
func here(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return u.String()
}

func (v *visit) toSignIn() error {
	http.Redirect(v.w, v.r, "/sign-in?next="+url.QueryEscape(v.r.URL.RequestURI()), http.StatusSeeOther)
	return nil
}

func (v *visit) signOut() error {
	if c, err := v.r.Cookie(v.cookie()); err == nil {
		if err := v.node.Drop(v.r.Context(), spaceSessions, hashed(c.Value)); err != nil {
			return err
		}
	}
	http.SetCookie(v.w, &http.Cookie{Name: v.cookie(), Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(v.w, v.r, "/sign-in", http.StatusSeeOther)
	return nil
}

func (v *visit) chooseLanguage() error {
	code := v.r.FormValue("language")
	if _, ok := v.pages.words[code]; !ok {
		return entente.Errorf(entente.Invalid, "", "no language %.10q", code)
	}
	return v.remember(languageCookie, code)
}

// themeCookie holds the visitor's choice of light or dark.
const themeCookie = "theme"

func (v *visit) chooseTheme() error {
	theme := v.r.FormValue("theme")
	if theme != "light" && theme != "dark" {
		return entente.Errorf(entente.Invalid, "", "no theme %.10q", theme)
	}
	return v.remember(themeCookie, theme)
}

// remember keeps a choice of looks for a year, and goes back.
func (v *visit) remember(name, value string) error {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(v.w, v.r, here(v.r.FormValue("back")), http.StatusSeeOther)
	return nil
}
