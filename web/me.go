package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/node"
)

// mePage is what a person may do here, and where that person is signed in.
type mePage struct {
	Who      *visitor
	Sessions []sessionRow
	Passkeys int
	Account  bool   // there is a password
	Issuer   string // where else the person may sign in; empty: nowhere
	Wrong    string // key of a text: why the password was not changed
	Changed  bool
}

type sessionRow struct {
	ID, Browser string
	Since       entente.Time
	This        bool
}

func (d *Door) meRoutes() {
	d.page("GET /me", func(v *visit) error { return v.showMe(http.StatusOK, "") })
	d.page("POST /me/password", (*visit).changePassword)
	d.page("POST /me/sessions", (*visit).endOwnSessions)
}

func (v *visit) showMe(status int, wrong string) error {
	ctx := v.r.Context()
	page := mePage{Who: v.who, Wrong: wrong, Issuer: v.issuerName(), Changed: v.r.URL.Query().Get("changed") != ""}
	all, err := v.sessionsOf(v.who.Name)
	if err != nil {
		return err
	}
	for _, s := range all {
		s.This = s.ID == v.who.session
		page.Sessions = append(page.Sessions, s)
	}
	passkeys, err := v.node.Passkeys(ctx, v.who.Name)
	if err != nil {
		return err
	}
	page.Passkeys = len(passkeys)
	_, err = v.node.Kept(ctx, spaceAccounts, v.who.Name)
	if page.Account = err == nil; err != nil && entente.KindOf(err) != entente.Hidden {
		return err
	}
	return v.showStatus(status, "me", page)
}

// changePassword seals the visitor's key anew. It takes the password that there is,
// and ends all other sessions.
func (v *visit) changePassword() error {
	key, err := v.unseal(v.r.Context(), v.who.Name, v.r.PostFormValue("current"))
	if errors.Is(err, errPassword) {
		return v.showMe(http.StatusForbidden, "sign.wrong")
	}
	if err != nil {
		return err
	}
	password, wrong := v.newPassword()
	if wrong != "" {
		return v.showMe(http.StatusBadRequest, wrong)
	}
	if err := v.keepAccount(password, key); err != nil {
		return err
	}
	if err := v.endSessions(v.who.Name, v.who.session); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/me?changed=1", http.StatusSeeOther)
	return nil
}

// endOwnSessions ends one session of the visitor's, all others, or all.
func (v *visit) endOwnSessions() error {
	all, err := v.sessionsOf(v.who.Name)
	if err != nil {
		return err
	}
	id, keep := v.r.PostFormValue("id"), ""
	switch {
	case id != "":
		if !slices.ContainsFunc(all, func(s sessionRow) bool { return s.ID == id }) {
			return entente.ErrHidden
		}
		err = v.node.Drop(v.r.Context(), spaceSessions, id)
	case v.r.PostFormValue("others") != "":
		keep = v.who.session
		fallthrough
	default:
		err = v.endSessions(v.who.Name, keep)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/me", http.StatusSeeOther)
	return nil
}

// sessionsOf are somebody's sessions, the newest first.
func (v *visit) sessionsOf(operator string) ([]sessionRow, error) {
	notes, err := v.node.AllKept(v.r.Context(), spaceSessions)
	if err != nil {
		return nil, err
	}
	var out []sessionRow
	for _, n := range notes {
		var s session
		if err := json.Unmarshal(n.Value, &s); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
		if s.Operator == operator {
			out = append(out, sessionRow{ID: n.Key, Browser: browserName(s.Agent), Since: s.Since})
		}
	}
	slices.SortFunc(out, func(a, b sessionRow) int { return b.Since.Compare(a.Since.Time) })
	return out, nil
}

// endSessions ends all of somebody's sessions but one.
func (v *visit) endSessions(operator, but string) error {
	all, err := v.sessionsOf(operator)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID != but {
			if err := v.node.Drop(v.r.Context(), spaceSessions, s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// browserName is what people call a browser, from what it calls itself. Each names
// those before it in the list too.
func browserName(agent string) string {
	first := func(of [][2]string) string {
		for _, x := range of {
			if strings.Contains(agent, x[0]) {
				return x[1]
			}
		}
		return ""
	}
	browser := first([][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := first([][2]string{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}})
	switch {
	case browser == "" && system == "":
		return ""
	case browser == "" || system == "":
		return browser + system
	}
	return browser + ", " + system
}

func meStories() []story {
	sessions := []sessionRow{{"a", "Firefox, Windows", storyTime, true}, {"b", "Safari, iPhone", storyTime, false}, {"c", "", storyTime, false}}
	one := &visitor{Name: "أمل", Roles: []string{node.RoleAnalyst}, Groups: []string{"north", "harbour"}}
	return []story{
		{"me", "every role", storyWho, mePage{Who: storyWho, Sessions: sessions, Passkeys: 2, Account: true, Issuer: "id.example.org"}},
		{"me", "one role, no password", one, mePage{Who: one, Sessions: sessions[:1]}},
		{"me", "wrong password", storyWho, mePage{Who: storyWho, Sessions: sessions[:1], Account: true, Wrong: "sign.wrong"}},
		{"me", "password changed", storyWho, mePage{Who: storyWho, Sessions: sessions[:1], Account: true, Changed: true}},
	}
}
