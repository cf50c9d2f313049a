package web

import (
	"errors"
	"net/http"
	"slices"

	"entente"
	"entente/node"
)

// visitor is the person who is signed in.
type visitor struct {
	Name   string
	Roles  []string
	Groups []string

	key        entente.Key // that approves for the person
	session    string      // name of the session's note
	mayReplace bool        // came by a fresh link: may set another password and key
}

// Is says whether the visitor has one of the roles.
func (v *visitor) Is(roles ...string) bool {
	return v != nil && slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(v.Roles, r) })
}

// visit is one request for a page, by somebody who may be signed in.
type visit struct {
	*Door
	w   http.ResponseWriter
	r   *http.Request
	who *visitor // nil: nobody is signed in
	language
}

// reader is whom node.Read makes views for.
func (v *visit) reader() entente.Reader {
	return entente.Reader{Party: v.node.Self(), Operator: v.who.Name}
}

// open adds a page that everybody may ask for.
func (d *Door) open(pattern string, page func(*visit) error) {
	d.patterns = append(d.patterns, pattern)
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Door: d, w: w, r: r, language: d.pages.language(r)}
		var err error
		if v.who, err = d.visitor(r); err == nil {
			err = page(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// page adds a page for those who are signed in, with one of the roles if any
// are named. Whoever is not signed in is shown the way in, and comes back after.
func (d *Door) page(pattern string, page func(*visit) error, roles ...string) {
	d.open(pattern, func(v *visit) error {
		if v.who == nil {
			return v.toSignIn()
		}
		if len(roles) > 0 && !v.who.Is(roles...) {
			return entente.Errorf(entente.Refused, "", "%w", errRole)
		}
		v.w.Header().Set("Cache-Control", "no-store")
		return page(v)
	})
}

// errRole is shown as what the visitor's roles do not reach.
var errRole = errors.New("your roles do not include this page")

// readers are the roles that read records.
var readers = []string{node.RoleAnalyst, node.RoleReleaser}

// statusOf is the HTTP status of an error's kind.
func statusOf(err error) int {
	switch entente.KindOf(err) {
	case entente.Hidden:
		return http.StatusNotFound
	case entente.Invalid:
		return http.StatusBadRequest
	case entente.Refused:
		return http.StatusForbidden
	case entente.Conflict:
		return http.StatusConflict
	case entente.Exhausted:
		return http.StatusInsufficientStorage
	}
	return http.StatusInternalServerError
}
