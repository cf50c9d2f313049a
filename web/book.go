package web

import (
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Storybook serves every page in every state, language and theme, with canned
// data: for those who design the pages, and for tests that look at them. The
// paths are /story/LANGUAGE/THEME/NUMBER; / lists them.
func Storybook() (http.Handler, error) {
	p, err := readPages()
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	all := stories()
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		b.WriteString(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Storybook</title><link rel="stylesheet" href="/static/style.css"><main><h1>Storybook</h1><ul>`)
		for i, s := range all {
			fmt.Fprintf(&b, "<li>%s: %s", html.EscapeString(s.Page), html.EscapeString(s.State))
			for _, code := range Languages {
				fmt.Fprintf(&b, ` <a href="/story/%[1]s/light/%[2]d">%[1]s</a> <a href="/story/%[1]s/dark/%[2]d">%[1]s, dark</a>`, code, i)
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write([]byte(b.String()))
	})
	mux.HandleFunc("GET /story/{language}/{theme}/{story}", func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.PathValue("story"))
		if err != nil || i < 0 || i >= len(all) || !slices.Contains(Languages, r.PathValue("language")) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		if err := p.tell(w, all[i], r.PathValue("language"), r.PathValue("theme")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux, nil
}

// tell answers with a story.
func (p *pages) tell(w http.ResponseWriter, s story, code, theme string) error {
	f := frame{Page: s.Page, Path: "/", Party: "Almara Liaison", Who: s.Who, Language: p.words[code], Theme: theme, Data: s.Data, Live: s.State == "offline"}
	if s.Who == nil {
		f.Party = ""
	} else {
		f.Menu = menuFor(s.Who, "/"+s.Page)
	}
	return p.write(w, http.StatusOK, f)
}
