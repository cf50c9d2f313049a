package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// writePage is the form of a new record of the party's own.
type writePage struct {
	Kind    string
	Kinds   []string
	Fields  []fieldWords
	More    []fieldWords // that any object may have
	Subject *string      // somebody or something new, by name; nil: the form has no place for it
	Look    string       // words of records to choose from
	Choices []option     // records to choose from: id and name
	Groups  string       // of need to know, in words
	Wrong   string       // key of a text
}

// fieldWords is a field as it was filled in.
type fieldWords struct {
	writeField
	Value  string
	Values []string // of objects
	Wrong  string   // key of a text
}

// What templates ask of a field.
func (f fieldWords) Input() string     { return f.input }
func (f fieldWords) Property() string  { return f.property }
func (f fieldWords) As() string        { return f.as }
func (f fieldWords) Required() bool    { return f.required }
func (f fieldWords) Choices() []string { return f.choices }
func (f fieldWords) Open() bool        { return f.open }

func (d *Door) writeRoutes() {
	d.page("GET /write", (*visit).write, readers...)
	d.page("POST /write", (*visit).put, readers...)
}

func (v *visit) write() error {
	ask := v.r.URL.Query()
	f := formOf(ask.Get("kind"))
	about := ask["about"]
	typed := url.Values{"about": about}
	if len(about) > 0 {
		typed.Set("of", about[0])
		typed.Set("source", about[0])
	}
	if f.kind == "sighting" {
		typed.Del("about") // where it was seen
	}
	return v.showWrite(http.StatusOK, f, typed, nil, "")
}

// showWrite shows a form as it was filled in, with the records that can be referred
// to: those that have the words looked for, or else the newest.
func (v *visit) showWrite(status int, f form, typed url.Values, wrong map[string]string, whole string) error {
	page := writePage{Kind: f.kind, Look: strings.TrimSpace(typed.Get("look")), Groups: typed.Get("groups"), Wrong: whole}
	for _, x := range forms {
		page.Kinds = append(page.Kinds, x.kind)
	}
	if f.subject != "" {
		subject := typed.Get("subject")
		page.Subject = &subject
	}
	var chosen []string
	for i, field := range f.all() {
		w := fieldWords{writeField: field, Value: typed.Get(field.input), Values: typed[field.input], Wrong: wrong[field.input]}
		if field.as == "object" || field.as == "objects" {
			chosen = append(chosen, w.Values...)
		}
		if i < len(f.fields) {
			page.Fields = append(page.Fields, w)
		} else {
			page.More = append(page.More, w)
		}
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	add := func(views []release.View) {
		for _, view := range views {
			o := option{string(view.ID()), rowOf(view, names).Name}
			if view.Header().Media == entente.MediaSTIX && !slices.Contains(page.Choices, o) {
				page.Choices = append(page.Choices, o)
			}
		}
	}
	var asks []node.Query
	if chosen = slices.DeleteFunc(chosen, func(s string) bool { return s == "" }); len(chosen) > 0 {
		asks = append(asks, node.Query{Records: chosen[:min(len(chosen), 200)]})
	}
	yes, no := true, false
	switch {
	case f.kind == "file":
		asks = nil
	case isID(page.Look):
		asks = append(asks, node.Query{Records: []string{page.Look}})
	case page.Look != "":
		asks = append(asks, node.Query{Text: page.Look, Limit: 30})
	default:
		asks = append(asks, node.Query{Own: &yes, Newest: true, Limit: 15}, node.Query{Own: &no, Newest: true, Limit: 15})
	}
	for _, q := range asks {
		list, err := v.node.Read(v.r.Context(), v.reader(), q)
		if err != nil {
			return err
		}
		add(list.Views)
	}
	return v.showStatus(status, "write", page)
}

// referred gives the objects of records that were chosen, as far as the visitor may
// see them, in the order of choosing.
func (v *visit) referred(records []string) ([]stix.ID, error) {
	if len(records) == 0 {
		return nil, nil
	}
	found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: records[:min(len(records), 1000)]})
	if err != nil {
		return nil, err
	}
	by := map[string]stix.ID{}
	for _, view := range found.Views {
		by[string(view.ID())] = stix.ID(view.Object().STIX)
	}
	var out []stix.ID
	for _, r := range records {
		if id, ok := by[r]; ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// put keeps what was written as a record of the party's own.
func (v *visit) put() error {
	if err := v.r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	f, typed := formOf(v.r.Form.Get("kind")), v.r.Form
	if typed.Get("do") == "look" {
		return v.showWrite(http.StatusOK, f, typed, nil, "")
	}
	if f.kind == "file" {
		objects, err := v.attached()
		if err != nil {
			return err
		}
		if objects == nil {
			return v.showWrite(http.StatusBadRequest, f, typed, nil, "write.nofile")
		}
		return v.keepObjects(objects, typed.Get("groups"))
	}
	now := v.clock().UTC().Truncate(time.Millisecond)
	values, wrong := map[string]any{}, map[string]string{}
	for _, field := range f.all() {
		switch field.as {
		case "object", "objects":
			refs, err := v.referred(typed[field.input])
			if err != nil {
				return err
			}
			switch {
			case len(refs) == 0 && field.required && (field.property != f.subject || strings.TrimSpace(typed.Get("subject")) == ""):
				wrong[field.input] = "write.noabout"
			case len(refs) == 0:
			case field.as == "object":
				values[field.property] = refs[0]
			default:
				values[field.property] = refs
			}
		default:
			value, key := field.value(typed.Get(field.input))
			if key != "" {
				wrong[field.input] = key
			} else if value != nil {
				values[field.property] = value
			}
		}
	}
	if len(wrong) == 0 && f.check != nil {
		if input, key := f.check(values); key != "" {
			wrong[input] = key
		}
	}
	if len(wrong) > 0 {
		return v.showWrite(http.StatusBadRequest, f, typed, wrong, "write.wrong")
	}
	var objects []stix.Object
	if subject := strings.TrimSpace(typed.Get("subject")); subject != "" && f.subject != "" {
		o, err := stix.NewIdentity(now, subject, "")
		if err != nil {
			return entente.Errorf(entente.Invalid, "", "subject: %w", err)
		}
		objects = append(objects, o)
		if refs, ok := values[f.subject].([]stix.ID); ok {
			values[f.subject] = append(refs, o.ID)
		} else if f.subject == "object_refs" {
			values[f.subject] = []stix.ID{o.ID}
		} else if values[f.subject] == nil {
			values[f.subject] = o.ID
		}
	}
	o, err := stix.New(now, f.kind, f.properties(values, now))
	if err != nil {
		return entente.Errorf(entente.Invalid, "", "%s: %w", f.kind, err)
	}
	return v.keepObjects(append(objects, o), typed.Get("groups"))
}

// attached makes objects of the file that a form brings; none: there is no file.
func (v *visit) attached() ([]stix.Object, error) {
	file, header, err := v.r.FormFile("file")
	if err != nil {
		return nil, nil
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	kind, _, err := mime.ParseMediaType(header.Header.Get("Content-Type"))
	if err != nil {
		kind = "application/octet-stream"
	}
	artifact, err := stix.NewArtifact(kind, data)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "choose a smaller file", "file: %w", err)
	}
	named, err := stix.NewFile(filepath.Base(header.Filename), data, artifact.ID)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "", "file: %w", err)
	}
	return []stix.Object{artifact, named}, nil
}

// keepObjects keeps objects as own records, bounded to groups, and shows the last.
func (v *visit) keepObjects(objects []stix.Object, groups string) error {
	ctx := v.r.Context()
	put, err := v.node.Put(ctx, objects)
	if err != nil {
		return err
	}
	if groups := strings.Fields(groups); len(groups) > 0 {
		for _, p := range put {
			if err := v.node.SetGroups(ctx, p.Record, groups); err != nil {
				return err
			}
		}
	}
	http.Redirect(v.w, v.r, "/record/"+string(put[len(put)-1].Record), http.StatusSeeOther)
	return nil
}

func writeStories() []story {
	choices := []option{{"sha256:1", "Lantern Society"}, {"sha256:2", "معبر تمرين"}, {"sha256:3", "Two lorries at the Tamrin crossing"}}
	var kinds []string
	for _, f := range forms {
		kinds = append(kinds, f.kind)
	}
	nobody := ""
	page := func(kind string, typed url.Values, wrong map[string]string) writePage {
		f := formOf(kind)
		p := writePage{Kind: kind, Kinds: kinds, Choices: choices}
		if f.subject != "" {
			p.Subject = &nobody
		}
		for i, field := range f.all() {
			w := fieldWords{writeField: field, Value: typed.Get(field.input), Values: typed[field.input], Wrong: wrong[field.input]}
			if i < len(f.fields) {
				p.Fields = append(p.Fields, w)
			} else {
				p.More = append(p.More, w)
			}
		}
		if len(wrong) > 0 {
			p.Wrong = "write.wrong"
		}
		return p
	}
	looked := page("relationship", url.Values{"relation": {"located-at"}, "source": {"sha256:1"}}, nil)
	looked.Look = "lantern"
	out := []story{
		{"write", "wrong", storyWho, page("note", url.Values{"title": {"x"}, "text": {"نص"}}, map[string]string{"about": "write.noabout"})},
		{"write", "a place that is nowhere", storyWho, page("location", url.Values{"title": {"The mill"}, "latitude": {"91"}}, map[string]string{"latitude": "write.number", "country": "write.where"})},
		{"write", "looking for records", storyWho, looked},
		{"write", "file", storyWho, writePage{Kind: "file", Kinds: kinds}},
	}
	for _, kind := range []string{"report", "opinion", "sighting", "identity"} {
		out = append(out, story{"write", kind, storyWho, page(kind, url.Values{"about": {"sha256:1"}, "of": {"sha256:1"}}, nil)})
	}
	return out
}
