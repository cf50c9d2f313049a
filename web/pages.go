package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	xlanguage "golang.org/x/text/language"

	"entente"
	"entente/node"
)

// pageFiles are the templates: layout.html, parts of pages in parts/, and one
// file a page, which defines "title" and "main".
//
//go:embed pages
var pageFiles embed.FS

// pages are all templates in all languages.
type pages struct {
	words   map[string]language
	matcher xlanguage.Matcher
	parsed  map[string]map[string]*template.Template // by language, then by page
	styles  []string                                 // paths of the style sheets
	scripts bool                                     // whether the scripts were built
}

func readPages() (*pages, error) {
	p := &pages{parsed: map[string]map[string]*template.Template{}}
	var err error
	if p.words, err = readWords(); err != nil {
		return nil, err
	}
	var tags []xlanguage.Tag
	for _, code := range Languages {
		tags = append(tags, xlanguage.MustParse(code))
	}
	p.matcher = xlanguage.NewMatcher(tags)
	if p.styles, err = fs.Glob(static, "static/*.css"); err != nil {
		return nil, err
	}
	_, err = fs.Stat(static, "static/built/desk.js")
	p.scripts = err == nil
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for code, l := range p.words {
		common, err := template.New("layout.html").Funcs(functions(l)).ParseFS(pageFiles, "pages/layout.html", "pages/parts/*.html")
		if err != nil {
			return nil, err
		}
		p.parsed[code] = map[string]*template.Template{}
		for _, file := range files {
			name := strings.TrimSuffix(path.Base(file), ".html")
			if name == "layout" {
				continue
			}
			t, err := common.Clone()
			if err == nil {
				t, err = t.ParseFS(pageFiles, file)
			}
			if err != nil {
				return nil, err
			}
			p.parsed[code][name] = t
		}
	}
	return p, nil
}

// functions are what templates call.
func functions(l language) template.FuncMap {
	return template.FuncMap{
		"t": l.T, "when": func(t entente.Time) string { return l.When(t.Time) }, "day": l.Day,
		"iso":     func(t entente.Time) string { return t.String() }, // for datetime=
		"number":  func(n any) string { return l.Sprint(n) },
		"hasText": l.Has, "isolate": isolated,
		"word":  func(key string, value any) string { return l.word(key, fmt.Sprint(value)) },
		"add":   func(a, b int) int { return a + b },
		"short": func(id any) string { return entente.Short(fmt.Sprint(id)) },
		"field": func(f fieldWords, choices []option) any {
			return struct {
				Field   fieldWords
				Choices []option
			}{f, choices}
		},
		"join": strings.Join, "upper": func(s any) string { return strings.ToUpper(fmt.Sprint(s)) },
		"has": func(list []string, s string) bool { return slices.Contains(list, s) },
		"typeName": func(typ string) string {
			if key := "type." + typ; l.Has(key) {
				return l.T(key)
			}
			return typ
		},
	}
}

// frame is what the layout shows around a page.
type frame struct {
	Page      string // its name
	Path      string // of the request, to come back to
	Menu      []entry
	Theme     string // "light", "dark", or empty: as the browser has it
	Party     string // name of the party whose desk it is; empty for strangers
	Who       *visitor
	Language  language
	Languages []language
	Styles    []string
	Scripts   bool
	Live      bool // the page hears of changes
	Data      any
}

// entry is a line of the menu.
type entry struct {
	Key, Path string
	Here      bool
	Count     int
}

// menuFor is the menu of somebody with these roles.
func menuFor(who *visitor, path string) []entry {
	var out []entry
	add := func(key, to string, roles ...string) {
		if len(roles) == 0 || who.Is(roles...) {
			out = append(out, entry{Key: key, Path: to, Here: path == to || to != "/" && strings.HasPrefix(path, strings.TrimSuffix(to, "s"))})
		}
	}
	add("frame.cell", "/")
	add("frame.inbox", "/inbox", readers...)
	add("frame.records", "/records", readers...)
	add("frame.write", "/write", readers...)
	add("frame.waiting", "/waiting", node.RoleReleaser, node.RoleChair)
	add("where.title", "/where", node.RoleReleaser)
	add("frame.agreements", "/agreements")
	add("operators.title", "/operators", node.RoleAdministrator)
	add("parties.title", "/parties", node.RoleAdministrator, node.RoleChair)
	add("logs.title", "/logs")
	add("channels.title", "/channels", node.RoleReleaser, node.RoleChair, node.RoleInspector, node.RoleAdministrator)
	return out
}

// show answers with a page. Data is a plain struct made for that page, so that
// it can also be shown with canned data.
func (v *visit) show(page string, data any) error { return v.showStatus(http.StatusOK, page, data) }

func (v *visit) showStatus(status int, page string, data any) error {
	f := frame{Page: page, Path: v.r.URL.RequestURI(), Who: v.who, Language: v.language, Live: v.who != nil, Data: data}
	if c, err := v.r.Cookie(themeCookie); err == nil && (c.Value == "dark" || c.Value == "light") {
		f.Theme = c.Value
	}
	if v.r.Method != http.MethodGet {
		f.Path = "/"
	}
	if v.who != nil {
		var err error
		if f.Party, err = v.partyName(v.node.Self()); err != nil {
			return err
		}
		f.Menu = menuFor(v.who, v.r.URL.Path)
	}
	return v.pages.write(v.w, status, f)
}

// write makes the whole page before the first byte of it goes out.
func (p *pages) write(w http.ResponseWriter, status int, f frame) error {
	t, ok := p.parsed[f.Language.Code][f.Page]
	if !ok {
		return fmt.Errorf("no page %q", f.Page)
	}
	f.Styles, f.Scripts = p.styles, p.scripts
	for _, code := range Languages {
		f.Languages = append(f.Languages, p.words[code])
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", f); err != nil {
		return fmt.Errorf("page %s: %w", f.Page, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", f.Language.Code)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that has gone away is no error
	return nil
}

// failure is the data of the page that says what went wrong.
type failure struct {
	Kind    string // of the error, or "role", or "fault"
	Message string // in English, as node says it; empty where that would tell too much
	Hint    string
}

// fail answers with the page that says what went wrong. A cause that no person
// can mend goes to the log.
func (v *visit) fail(err error) {
	f := failure{Kind: string(entente.KindOf(err)), Message: err.Error(), Hint: entente.HintOf(err)}
	switch {
	case errors.Is(err, errRole):
		f = failure{Kind: "role"}
	case f.Kind == "" || f.Kind == string(entente.Broken):
		v.log.Error("page", "path", v.r.URL.Path, "error", err)
		if f.Kind == "" {
			f = failure{Kind: "fault"}
		}
	case f.Kind == string(entente.Hidden):
		f = failure{Kind: f.Kind}
	}
	if shown := v.showStatus(statusOf(err), "error", f); shown != nil {
		v.log.Error("page of an error", "path", v.r.URL.Path, "error", shown)
		http.Error(v.w, v.T("error.fault"), http.StatusInternalServerError)
	}
}

// partyName is what a party calls itself.
func (v *visit) partyName(id entente.PartyID) (string, error) {
	all, err := v.node.Parties(v.r.Context())
	if err != nil {
		return "", err
	}
	for _, p := range all {
		if p.ID == id {
			return p.Name, nil
		}
	}
	return entente.Short(string(id)), nil
}
