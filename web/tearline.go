package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// tearlinePage makes a separate record that tells less: the full one on one side,
// on the other the tearline as it will be, with what it may still give away.
type tearlinePage struct {
	Record   entente.RecordID
	Title    string
	Parts    []tearlinePart
	Refs     []tearlineRef
	Fresh    bool // an origin tag of its own
	Result   *tearlineWords
	Wrong    string // why it cannot be made, in English, as package stix says it
	NotSTIX  bool
	TooLarge bool
}

// tearlinePart is a value of the full record, and what becomes of it.
type tearlinePart struct {
	Path, Name, Value string
	Long              bool
	Time              bool   // it can be cut to its day
	Op                string // keep, drop, replace, day
	Text              string // what takes its place
}

type tearlineRef struct {
	ID   string
	Name string // of the visible object; empty: the visitor sees none
	Drop bool
}

// tearlineWords is a tearline as it will be.
type tearlineWords struct {
	Fields   []field
	Warnings []string // in English, as package release says them
	Raw      string
}

// mostParts bounds the form.
const mostParts = 200

func (d *Door) tearlineRoutes() {
	d.page("GET /record/{id}/tearline", (*visit).tearline, readers...)
	d.page("POST /record/{id}/tearline", (*visit).tearline, readers...)
}

func (v *visit) tearline() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	if view.Header().Originator != v.node.Self() {
		return entente.Errorf(entente.Refused, "ask its originator for a tearline", "the record is another party's")
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	page := tearlinePage{Record: view.ID(), Title: rowOf(view, names).Name, Fresh: v.r.PostForm.Get("fresh") != ""}
	full, err := stix.Parse(view.Body())
	if err != nil || view.Header().Media != entente.MediaSTIX {
		page.NotSTIX = true
		return v.show("tearline", page)
	}
	if err := v.tearlineForm(&page, full, names); err != nil {
		return err
	}
	if v.r.Method != http.MethodPost || page.TooLarge {
		return v.show("tearline", page)
	}
	changes := page.changes()
	tear, err := stix.Edit(full, v.clock(), changes)
	if err != nil {
		page.Wrong = err.Error()
		return v.showStatus(http.StatusBadRequest, "tearline", page)
	}
	if v.r.PostForm.Get("keep") != "" {
		made, err := v.node.Tearline(v.r.Context(), node.TearlineOrder{Record: view.ID(), Changes: changes, FreshOrigin: page.Fresh, Operator: v.who.Name})
		if err != nil {
			return err
		}
		http.Redirect(v.w, v.r, "/record/"+string(made.Record), http.StatusSeeOther)
		return nil
	}
	words := tearlineWords{Raw: string(tear.Raw)}
	leaves, err := stix.Leaves(tear)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		if name := strings.TrimPrefix(l.Path, "/"); l.Kind != 'k' && !slices.Contains([]string{"type", "id", "spec_version"}, name) {
			words.Fields = append(words.Fields, field{name, l.Text})
		}
	}
	for _, w := range release.CheckTearline(full, tear) {
		words.Warnings = append(words.Warnings, w.Where+" "+w.Detail)
	}
	page.Result = &words
	return v.show("tearline", page)
}

// tearlineForm lists what the full record says, with what was filled in.
func (v *visit) tearlineForm(page *tearlinePage, full stix.Object, names map[entente.PartyID]string) error {
	leaves, err := stix.Leaves(full)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	for _, l := range leaves {
		path := strings.TrimPrefix(l.Path, "/")
		if l.Kind == 'k' || l.Kind == 'n' || slices.Contains([]string{"type", "id", "spec_version", "created", "modified", "created_by_ref"}, path) {
			continue
		}
		if _, err := stix.ParseID(l.Text); l.Kind == '"' && err == nil {
			continue // a reference
		}
		p := tearlinePart{Path: l.Path, Name: path, Value: l.Text, Long: len(l.Text) > 60, Op: "keep", Text: l.Text}
		_, err := time.Parse(time.RFC3339Nano, l.Text)
		p.Time = l.Kind == '"' && err == nil
		if op := f.Get("op " + l.Path); slices.Contains([]string{"drop", "replace", "day"}, op) {
			p.Op = op
		}
		if f.Has("text " + l.Path) {
			p.Text = f.Get("text " + l.Path)
		}
		page.Parts = append(page.Parts, p)
	}
	page.TooLarge = len(page.Parts) > mostParts
	seen := map[string]string{}
	var refs []string
	for _, ref := range full.Refs {
		if !stix.IsStandardMarking(ref) && ref != full.CreatedBy {
			refs = append(refs, string(ref))
		}
	}
	if len(refs) > 1000 {
		page.TooLarge = true
		return nil
	}
	if len(refs) > 0 {
		found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: refs})
		if err != nil {
			return err
		}
		for _, view := range found.Views {
			seen[view.Object().STIX] = rowOf(view, names).Name
		}
	}
	for _, ref := range refs {
		page.Refs = append(page.Refs, tearlineRef{ID: ref, Name: seen[ref], Drop: f.Get("ref "+ref) != ""})
	}
	return nil
}

func (p tearlinePage) changes() []stix.Change {
	var out []stix.Change
	for _, part := range p.Parts {
		switch part.Op {
		case "drop":
			out = append(out, stix.Change{Path: part.Path, Op: stix.OpDrop})
		case "replace":
			out = append(out, stix.Change{Path: part.Path, Op: stix.OpReplace, Value: part.Text})
		case "day":
			out = append(out, stix.Change{Path: part.Path, Op: stix.OpDay})
		}
	}
	for _, ref := range p.Refs {
		if ref.Drop {
			out = append(out, stix.Change{Op: stix.OpUnlink, Value: ref.ID})
		}
	}
	return out
}

func tearlineStories() []story {
	page := tearlinePage{
		Record: storyRecord, Title: "Two lorries at the Tamrin crossing",
		Parts: []tearlinePart{
			{Path: "/name", Name: "name", Value: "Two lorries at the Tamrin crossing", Op: "replace", Text: "Two lorries at a crossing"},
			{Path: "/description", Name: "description", Value: strings.Repeat("Two lorries waited behind the brick kiln until dusk. ", 3), Long: true, Op: "keep"},
			{Path: "/published", Name: "published", Value: "2026-03-14T09:30:00Z", Time: true, Op: "day"},
		},
		Refs: []tearlineRef{{ID: "identity--6d2b1f39-3f0c-4b3a-9a37-3df0b8f8a001", Name: "Lantern Society", Drop: true}},
	}
	done := page
	done.Result = &tearlineWords{Fields: []field{{"name", "Two lorries at a crossing"}, {"description", page.Parts[1].Value}}, Warnings: []string{"/description a name that was cut stands here"}, Raw: "{}"}
	wrong := page
	wrong.Wrong = "stix: edit: change 1: nothing is there"
	return []story{
		{"tearline", "form", storyWho, page},
		{"tearline", "checked", storyWho, done},
		{"tearline", "wrong", storyWho, wrong},
		{"tearline", "no STIX", storyWho, tearlinePage{Title: "report.pdf", NotSTIX: true}},
	}
}
