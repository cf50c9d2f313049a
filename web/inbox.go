package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// listPage is a list of records: the inbox, or the party's own.
type listPage struct {
	Own   bool
	Rows  []listRow
	Words string // filters, as chosen
	From  string
	Type  string
	Unread,
	Filtered bool
	Froms []option
	Types []string
	Saved []option // filters that the visitor has kept: path and name
	Here  string   // path with the filters
	Next  string   // path of the next page; empty: there is none
	First string   // path of the first page; empty: this is it
	UpTo  entente.Time
}

type listRow struct {
	Record     entente.RecordID
	Name       string
	Type       string
	From       string // the originator's name
	TLP        entente.TLP
	Codes      []string // handling codes and grades that came with it, such as 5x5x5/2
	Confidence string   // 0 to 100, as its author put it (STIX 2.1, section 3.2)
	Language   string   // BCP 47, as its author put it
	Subjects   []option // whom or what it is about, as far as the visitor sees them
	Found      []piece  // where the words stand that were looked for
	Arrived    entente.Time
	Unread     bool
	Conditions bool // they are not acknowledged: nothing of the content is shown
}

// option is something to choose from.
type option struct{ Value, Name string }

const (
	listSize     = 50 // records on a page
	mostLooked   = 40 // pages that are looked through for unread ones before the reader is asked to go on
	mostSubjects = 4
)

// listTypes are the types that the filter offers.
var listTypes = []string{"report", "note", "sighting", "identity", "location", "relationship", "indicator", "opinion", "observed-data", "artifact"}

// subjectTypes are the types of objects that others are about.
var subjectTypes = []string{"identity", "threat-actor", "intrusion-set", "campaign", "malware", "tool", "vulnerability", "location", "incident", "infrastructure"}

func (d *Door) inboxRoutes() {
	d.page("GET /inbox", func(v *visit) error { return v.list(false) }, readers...)
	d.page("GET /records", func(v *visit) error { return v.list(true) }, readers...)
	d.page("POST /inbox/read", (*visit).markRead, readers...)
	d.page("GET /suggest", (*visit).suggest, readers...)
	d.page("POST /filters", (*visit).keepFilter, readers...)
	d.page("POST /filters/drop", (*visit).dropFilter, readers...)
}

// filterKeys are the parts of an address that filter a list.
var filterKeys = []string{"q", "from", "type", "unread"}

// filterOf keeps of an address what filters.
func filterOf(ask url.Values) url.Values {
	out := url.Values{}
	for _, key := range filterKeys {
		if ask.Get(key) != "" {
			out.Set(key, ask.Get(key))
		}
	}
	return out
}

// list shows records, the newest first. The filters stand in the address.
func (v *visit) list(own bool) error {
	ask := v.r.URL.Query()
	words := strings.TrimSpace(ask.Get("q"))
	if isID(words) {
		return v.toRecord(words)
	}
	q := node.Query{
		Own: &own, Newest: true, Limit: listSize, Whole: true, Text: words,
		Type: ask.Get("type"), Originator: entente.PartyID(ask.Get("from")), After: ask.Get("after"),
	}
	if err := v.looked(); err != nil {
		return err
	}
	out := listPage{Own: own, Words: words, From: ask.Get("from"), Type: q.Type, Unread: ask.Get("unread") != "" && !own, Types: listTypes}
	names, err := v.names()
	if err != nil {
		return err
	}
	if out.Saved, err = v.filters(); err != nil {
		return err
	}
	views, next, err := v.listed(q, out.Unread)
	if err != nil {
		return err
	}
	if out.Rows, err = v.rows(views, names, node.Phrases(words)); err != nil {
		return err
	}
	for _, row := range out.Rows {
		if q.After == "" && row.Arrived.String() > out.UpTo.String() || out.UpTo.IsZero() {
			out.UpTo = row.Arrived
		}
	}
	if out.Froms, err = v.neighbours(names); err != nil {
		return err
	}
	filter := filterOf(ask)
	out.Filtered = len(filter) > 0
	to := func(after string) string {
		u := filterOf(ask)
		if after != "" {
			u.Set("after", after)
		}
		if len(u) == 0 {
			return v.r.URL.Path
		}
		return v.r.URL.Path + "?" + u.Encode()
	}
	out.Here = to(q.After)
	if next != "" {
		out.Next = to(next)
	}
	if q.After != "" {
		out.First = to("")
	}
	return v.show("inbox", out)
}

// listed reads a page of a list; of unread records only, it looks through further
// pages until there are enough. next is the place behind it, empty at the end.
func (v *visit) listed(q node.Query, unreadOnly bool) (views []release.View, next string, err error) {
	m, err := v.marks()
	if err != nil {
		return nil, "", err
	}
	for range mostLooked {
		page, err := v.node.Read(v.r.Context(), v.reader(), q)
		if err != nil {
			return nil, "", err
		}
		for _, view := range page.Views {
			unread := true
			if unreadOnly {
				if unread, err = m.unread(view.ID(), view.Object().Arrived); err != nil {
					return nil, "", err
				}
			}
			if unread {
				views = append(views, view)
			}
		}
		if !page.More {
			return views, "", nil
		}
		next, q.After = page.Next, page.Next
		if q.Limit = listSize - len(views); q.Limit == 0 || !unreadOnly {
			break
		}
	}
	return views, next, nil
}

// rows says of records what a list shows of them. Of those whose conditions the
// visitor has not acknowledged, it shows nothing of the content.
func (v *visit) rows(views []release.View, names map[entente.PartyID]string, looked phrases) ([]listRow, error) {
	m, err := v.marks()
	if err != nil {
		return nil, err
	}
	rows := make([]listRow, len(views))
	refs := map[string][]int{} // rows by the objects they refer to
	var all []string
	for i, view := range views {
		row := rowOf(view, names)
		if view.Header().Originator != v.node.Self() {
			if row.Unread, err = m.unread(row.Record, row.Arrived); err != nil {
				return nil, err
			}
		}
		open, err := v.node.Acknowledged(v.r.Context(), view)
		if err != nil {
			return nil, err
		}
		row.Conditions = !open
		if open && view.Header().Media == entente.MediaSTIX {
			obj, err := stix.Parse(view.Body())
			if err != nil {
				return nil, err
			}
			var said struct {
				Language   string      `json:"lang"`
				Confidence json.Number `json:"confidence"`
			}
			// Both are optional, and what is spelled otherwise is not shown.
			if json.Unmarshal(obj.Raw, &said) == nil {
				row.Language, row.Confidence = said.Language, said.Confidence.String()
			}
			if row.Found, err = looked.find(view); err != nil {
				return nil, err
			}
			for _, ref := range obj.Refs {
				if slices.Contains(subjectTypes, ref.Type()) {
					if refs[string(ref)] == nil && len(all) < 1000 {
						all = append(all, string(ref))
					}
					refs[string(ref)] = append(refs[string(ref)], i)
				}
			}
		}
		rows[i] = row
	}
	if len(all) == 0 {
		return rows, nil
	}
	found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: all})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, view := range slices.Backward(found.Views) { // the newest version
		o := view.Object()
		if seen[o.STIX] {
			continue
		}
		seen[o.STIX] = true
		for _, i := range refs[o.STIX] {
			if len(rows[i].Subjects) < mostSubjects {
				rows[i].Subjects = append(rows[i].Subjects, option{string(view.ID()), rowOf(view, names).Name})
			}
		}
	}
	return rows, nil
}

// neighbours are the members of this party's agreements, and this party not.
func (v *visit) neighbours(names map[entente.PartyID]string) ([]option, error) {
	states, err := v.node.Compacts(v.r.Context())
	if err != nil {
		return nil, err
	}
	member := map[entente.PartyID]bool{v.node.Self(): true}
	var out []option
	for _, s := range states {
		for id := range s.Members {
			if !member[id] {
				member[id] = true
				out = append(out, option{string(id), names[id]})
			}
		}
	}
	slices.SortFunc(out, func(a, b option) int { return compareText(a.Name, b.Name) })
	return out, nil
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func rowOf(view release.View, names map[entente.PartyID]string) listRow {
	o := view.Object()
	row := listRow{Record: view.ID(), Name: o.Name, Type: o.Type, From: names[view.Header().Originator], Arrived: o.Arrived}
	if row.Name == "" {
		row.Name = o.STIX
	}
	for _, g := range view.Grants() {
		if row.TLP == "" || slices.Index(entente.TLPs, g.Handling.TLP) < slices.Index(entente.TLPs, row.TLP) {
			row.TLP = g.Handling.TLP // the strictest
		}
		for _, code := range g.Handling.Codes {
			if !slices.Contains(row.Codes, code) {
				row.Codes = append(row.Codes, code)
			}
		}
	}
	return row
}

// names are what the parties known here call themselves.
func (v *visit) names() (map[entente.PartyID]string, error) {
	all, err := v.node.Parties(v.r.Context())
	out := make(map[entente.PartyID]string, len(all))
	for _, p := range all {
		out[p.ID] = p.Name
	}
	return out, err
}

// spaceFilters holds the filters that a person has kept, by their names.
func spaceFilters(operator string) string { return "web.filter/" + operator }

const mostFilters = 30

func (v *visit) filters() ([]option, error) {
	notes, err := v.node.AllKept(v.r.Context(), spaceFilters(v.who.Name))
	var out []option
	for _, n := range notes {
		out = append(out, option{"/inbox?" + string(n.Value), n.Key})
	}
	return out, err
}

// keepFilter keeps the filter of the address that the form comes from.
func (v *visit) keepFilter() error {
	from, err := url.Parse(here(v.r.PostFormValue("back")))
	if err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	name, filter := strings.TrimSpace(v.r.PostFormValue("name")), filterOf(from.Query()).Encode()
	if name == "" || len([]rune(name)) > 60 || filter == "" || len(filter) > 2000 {
		return entente.Errorf(entente.Invalid, "choose a filter first, and give it a name of at most 60 letters", "this filter cannot be kept")
	}
	have, err := v.filters()
	if err != nil {
		return err
	}
	if len(have) >= mostFilters && !slices.ContainsFunc(have, func(o option) bool { return o.Name == name }) {
		return entente.Errorf(entente.Invalid, "drop one that is not used any more", "%d filters are kept", len(have))
	}
	if err := v.node.Keep(v.r.Context(), node.Note{Space: spaceFilters(v.who.Name), Key: name, Value: []byte(filter)}); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/inbox?"+filter, http.StatusSeeOther)
	return nil
}

func (v *visit) dropFilter() error {
	if err := v.node.Drop(v.r.Context(), spaceFilters(v.who.Name), v.r.PostFormValue("name")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, here(v.r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}
