package web

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range Languages {
		for key := range words["en"].keys {
			if !words[code].Has(key) {
				t.Errorf("%s: no text %q", code, key)
			}
		}
		for key := range words[code].keys {
			if !words["en"].Has(key) {
				t.Errorf("%s: %q has no text in English", code, key)
			}
		}
	}
	// What the templates and the code ask for.
	asked := regexp.MustCompile(`(?:\bt |\.T\()"([a-z0-9_.-]+)"`)
	err = fs.WalkDir(pageFiles, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(pageFiles, path)
		for _, m := range asked.FindAllSubmatch(b, -1) {
			if !words["en"].Has(string(m[1])) {
				t.Errorf("%s: no text %q", path, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// inline is what the policy forbids, and what would ask another origin.
var inline = regexp.MustCompile(`<script>|<script [^>]*>[^<]|<style|\son[a-z]+=|\sstyle=|javascript:|(?:src|href|action)="(?:https?:)?//`)

// untold is a key that stands where its text should.
var untold = regexp.MustCompile(`\[[a-z]+\.[a-z.+-]+\]`)

func TestEveryStoryShowsInEveryLanguage(t *testing.T) {
	p, err := readPages()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, s := range stories() {
		told[s.Page] = true
		for _, code := range Languages {
			w := httptest.NewRecorder()
			if err := p.tell(w, s, code, "light"); err != nil {
				t.Errorf("%s/%s in %s: %v", s.Page, s.State, code, err)
				continue
			}
			page := w.Body.String()
			if m := inline.FindString(page); m != "" {
				t.Errorf("%s/%s in %s: %q", s.Page, s.State, code, m)
			}
			if m := untold.FindString(page); m != "" {
				t.Errorf("%s/%s in %s: a text is missing: %s", s.Page, s.State, code, m)
			}
			if strings.Contains(page, "%!") {
				t.Errorf("%s/%s in %s: a text is given the wrong arguments: %.80s", s.Page, s.State, code, page[strings.Index(page, "%!"):])
			}
		}
	}
	for name := range p.parsed["en"] {
		if !told[name] {
			t.Errorf("no story shows the page %s", name)
		}
	}
}
