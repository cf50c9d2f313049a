package web

import (
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/node"
)

// operatorsPage is the persons of the party, for administrators. It tells nothing
// of records.
type operatorsPage struct {
	Rows     []operatorRow
	Roles    []string
	Kinds    []string // what the party can ask two persons for
	Two      []string // what it asks two persons for
	Link     string   // a sign-in link that was just made; shown once
	LinkFor  string
	Add      operatorRow // as it was filled in
	Wrong    string      // in English, as the node says it
	Only     string      // the last administrator, who stays
	Removing string      // who is about to be removed
}

type operatorRow struct {
	Name     string
	Roles    []string
	Groups   []string
	Added    entente.Time
	Password bool
	Passkeys int
	Sessions int
	Last     entente.Time // newest session; zero: none
}

// twoPersonKinds are what a party can ask two persons for.
var twoPersonKinds = []string{string(entente.KindRelease), string(entente.KindRecall), string(entente.KindConsent), string(node.KindExport)}

func (d *Door) operatorRoutes() {
	d.page("GET /operators", func(v *visit) error { return v.showOperators(http.StatusOK, operatorsPage{}) }, node.RoleAdministrator)
	d.page("POST /operators", (*visit).addOperator, node.RoleAdministrator)
	d.page("POST /operators/two", (*visit).setTwoPersons, node.RoleAdministrator)
	d.page("POST /operators/change", (*visit).changeOperator, node.RoleAdministrator)
	d.page("POST /operators/link", (*visit).linkOperator, node.RoleAdministrator)
	d.page("POST /operators/sessions", (*visit).endOperatorSessions, node.RoleAdministrator)
	d.page("POST /operators/remove", (*visit).removeOperator, node.RoleAdministrator)
}

func (v *visit) showOperators(status int, page operatorsPage) error {
	ctx := v.r.Context()
	all, err := v.node.Operators(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		row := operatorRow{Name: o.Name, Roles: o.Roles, Groups: o.Groups, Added: o.Added}
		_, err := v.node.Kept(ctx, spaceAccounts, o.Name)
		if row.Password = err == nil; err != nil && entente.KindOf(err) != entente.Hidden {
			return err
		}
		passkeys, err := v.node.Passkeys(ctx, o.Name)
		if err != nil {
			return err
		}
		sessions, err := v.sessionsOf(o.Name)
		if err != nil {
			return err
		}
		row.Passkeys, row.Sessions = len(passkeys), len(sessions)
		if len(sessions) > 0 {
			row.Last = sessions[0].Since
		}
		page.Rows = append(page.Rows, row)
	}
	page.Only = onlyAdministrator(all)
	two, err := v.node.TwoPersons(ctx)
	if err != nil {
		return err
	}
	page.Roles, page.Kinds, page.Two = node.Roles, twoPersonKinds, strs(two)
	return v.showStatus(status, "operators", page)
}

// onlyAdministrator is the one administrator, if there is no second.
func onlyAdministrator(all []node.Operator) string {
	name := ""
	for _, o := range all {
		if slices.Contains(o.Roles, node.RoleAdministrator) {
			if name != "" {
				return ""
			}
			name = o.Name
		}
	}
	return name
}

// filled is the person that a form describes.
func (v *visit) filled() operatorRow {
	f := v.r.PostForm
	return operatorRow{Name: strings.TrimSpace(f.Get("name")), Roles: f["role"], Groups: strings.Fields(strings.ReplaceAll(f.Get("groups"), ",", " "))}
}

// named finds the person that a form names.
func (v *visit) named() (node.Operator, []node.Operator, error) {
	if err := v.r.ParseForm(); err != nil {
		return node.Operator{}, nil, entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	all, err := v.node.Operators(v.r.Context())
	if err != nil {
		return node.Operator{}, nil, err
	}
	for _, o := range all {
		if o.Name == v.r.PostForm.Get("name") {
			return o, all, nil
		}
	}
	return node.Operator{}, nil, entente.ErrHidden
}

// addOperator adds a person, whose key nobody has: the person makes one by the
// sign-in link that is shown next.
func (v *visit) addOperator() error {
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	ctx, add := v.r.Context(), v.filled()
	all, err := v.node.Operators(ctx)
	if err != nil {
		return err
	}
	switch {
	case slices.ContainsFunc(all, func(o node.Operator) bool { return o.Name == add.Name }):
		err = entente.Errorf(entente.Conflict, "choose another name", "there is an operator %s already", add.Name)
	case len(add.Roles) == 0:
		err = entente.Errorf(entente.Invalid, "choose what the person may do", "no role is chosen")
	default:
		err = v.node.PutOperator(ctx, node.Operator{Name: add.Name, Key: entente.NewPrivateKey().Key(), Roles: add.Roles, Groups: add.Groups})
	}
	if kind := entente.KindOf(err); kind == entente.Invalid || kind == entente.Conflict {
		return v.showOperators(statusOf(err), operatorsPage{Add: add, Wrong: err.Error()})
	}
	if err != nil {
		return err
	}
	if err := v.node.Administered(ctx, v.who.Name, add.Name, "added"); err != nil {
		return err
	}
	return v.showLink(add.Name)
}

// showLink makes a link by which a person signs in once, and shows it once.
func (v *visit) showLink(name string) error {
	link, err := Link(v.r.Context(), v.node, v.origin.String(), name)
	if err != nil {
		return err
	}
	if err := v.node.Administered(v.r.Context(), v.who.Name, name, "sign-in link made"); err != nil {
		return err
	}
	return v.showOperators(http.StatusOK, operatorsPage{Link: link, LinkFor: name})
}

func (v *visit) linkOperator() error {
	o, _, err := v.named()
	if err != nil {
		return err
	}
	return v.showLink(o.Name)
}

// changeOperator changes what a person may do, from the next page on.
func (v *visit) changeOperator() error {
	o, all, err := v.named()
	if err != nil {
		return err
	}
	to := v.filled()
	if onlyAdministrator(all) == o.Name && !slices.Contains(to.Roles, node.RoleAdministrator) {
		return v.showOperators(http.StatusConflict, operatorsPage{Wrong: errOnly.Error()})
	}
	o.Roles, o.Groups = to.Roles, to.Groups
	err = v.node.PutOperator(v.r.Context(), o)
	if entente.KindOf(err) == entente.Invalid {
		return v.showOperators(http.StatusBadRequest, operatorsPage{Wrong: err.Error()})
	}
	if err != nil {
		return err
	}
	return v.administered(o.Name, "roles and groups changed")
}

var errOnly = entente.Errorf(entente.Conflict, "make another person administrator first", "somebody must be able to administer this party")

// administered notes what was done, and goes back to the list.
func (v *visit) administered(whom, what string) error {
	if err := v.node.Administered(v.r.Context(), v.who.Name, whom, what); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/operators", http.StatusSeeOther)
	return nil
}

func (v *visit) endOperatorSessions() error {
	o, _, err := v.named()
	if err != nil {
		return err
	}
	if err := v.endSessions(o.Name, ""); err != nil {
		return err
	}
	return v.administered(o.Name, "sessions ended")
}

// removeOperator asks once more, then removes a person with account and sessions.
func (v *visit) removeOperator() error {
	o, all, err := v.named()
	if err != nil {
		return err
	}
	if onlyAdministrator(all) == o.Name {
		return v.showOperators(http.StatusConflict, operatorsPage{Wrong: errOnly.Error()})
	}
	if v.r.PostForm.Get("sure") == "" {
		return v.showOperators(http.StatusOK, operatorsPage{Removing: o.Name})
	}
	ctx := v.r.Context()
	if err := v.endSessions(o.Name, ""); err != nil {
		return err
	}
	if err := v.node.Drop(ctx, spaceAccounts, o.Name); err != nil {
		return err
	}
	if err := v.node.DeleteOperator(ctx, o.Name); err != nil {
		return err
	}
	return v.administered(o.Name, "removed")
}

func (v *visit) setTwoPersons() error {
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	var kinds []entente.Kind
	for _, k := range v.r.PostForm["kind"] {
		if !slices.Contains(twoPersonKinds, k) {
			return entente.Errorf(entente.Invalid, "", "no kind %.40q", k)
		}
		kinds = append(kinds, entente.Kind(k))
	}
	if err := v.node.SetTwoPersons(v.r.Context(), kinds); err != nil {
		return err
	}
	return v.administered("", "two persons: "+strings.Join(v.r.PostForm["kind"], " "))
}

func operatorStories() []story {
	rows := []operatorRow{
		{Name: "mira", Roles: node.Roles, Added: storyTime, Password: true, Passkeys: 2, Sessions: 2, Last: storyTime},
		{Name: "أمل", Roles: []string{node.RoleAnalyst}, Groups: []string{"north", "harbour"}, Added: storyTime},
	}
	base := operatorsPage{Rows: rows, Roles: node.Roles, Kinds: twoPersonKinds, Two: []string{"release"}, Only: "mira"}
	link, wrong, removing := base, base, base
	link.Link, link.LinkFor = "https://desk.example.org/enter/7Qm4n2vJ5yYb1h3WcU0sRkq9tXo8LzPdEaGfHiKlMnO", "أمل"
	wrong.Wrong, wrong.Add = "no role is chosen", operatorRow{Name: "omar"}
	removing.Removing = "أمل"
	return []story{
		{"operators", "two", storyWho, base},
		{"operators", "a link", storyWho, link},
		{"operators", "wrong", storyWho, wrong},
		{"operators", "removing", storyWho, removing},
	}
}
