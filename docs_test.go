package entente

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// What documents say of the tree must be so: links lead somewhere, and tests
// that are named as keepers of a promise exist.

func TestDocs(t *testing.T) {
	for _, offence := range checkDocs(os.DirFS(".")) {
		t.Error(offence)
	}
}

var (
	docLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	docTest  = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)`")
	docFile  = regexp.MustCompile("`([a-z0-9_./-]+\\.(?:go|md))`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// checkDocs reads every Markdown document of the tree.
func checkDocs(tree fs.FS) (offences []string) {
	docs, tests := map[string]string{}, map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (name == ".git" || path.Base(name) == "testdata" || path.Base(name) == "node_modules") {
			return fs.SkipDir
		}
		if ext := path.Ext(name); entry.IsDir() || ext != ".md" && ext != ".go" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".md" {
			docs[name] = string(text)
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = strings.HasSuffix(name, "_test.go") || tests[m[1]]
		}
		return nil
	})
	if err != nil {
		offences = append(offences, err.Error())
	}
	for name, text := range docs {
		say := func(format string, args ...any) { offences = append(offences, name+": "+fmt.Sprintf(format, args...)) }
		for _, m := range docLink.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			if _, err := fs.Stat(tree, file); err != nil {
				say("link to %s, which is not there", m[1])
			} else if anchor != "" && !hasAnchor(docs[file], anchor) {
				say("link to %s: no such heading", m[1])
			}
		}
		for _, m := range docTest.FindAllStringSubmatch(text, -1) {
			if !tests[m[1]] {
				say("names %s, which is no test here", m[1])
			}
		}
		for _, m := range docFile.FindAllStringSubmatch(text, -1) {
			if _, err := fs.Stat(tree, m[1]); err != nil {
				if _, err := fs.Stat(tree, path.Join(path.Dir(name), m[1])); err != nil {
					say("names the file %s, which is not there", m[1])
				}
			}
		}
	}
	return offences
}

// hasAnchor says whether a heading has this anchor: lower case, spaces as
// hyphens, punctuation left out.
func hasAnchor(text, anchor string) bool {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		var slug strings.Builder
		for _, r := range strings.ToLower(m[1]) {
			switch {
			case r == ' ':
				slug.WriteByte('-')
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 0x7f:
				slug.WriteRune(r)
			}
		}
		if slug.String() == anchor {
			return true
		}
	}
	return false
}

// Each rule, broken once.
func TestDocsNameTheOffender(t *testing.T) {
	for _, e := range []struct{ text, offence string }{
		{"see [b](docs/b.md), [b](docs/b.md#one-two) and [c](https://example.org/x)", ""},
		{"[here](#top)\n\n# Top\n", ""},
		{"[b](docs/c.md)", "link to docs/c.md"},
		{"[b](docs/b.md#three)", "no such heading"},
		{"`TestA` keeps it, in `a_test.go`", ""},
		{"`TestB` keeps it", "names TestB"},
		{"`TestInCode` keeps it", "names TestInCode"},
		{"it is in `gone.go`", "names the file gone.go"},
	} {
		tree := fstest.MapFS{
			"README.md": {Data: []byte(e.text)}, "docs/b.md": {Data: []byte("# One, two\n")},
			"a_test.go": {Data: []byte("package a\n\nfunc TestA(t *testing.T) {}\n")}, "a.go": {Data: []byte("package a\n\nfunc TestInCode() {}\n")},
		}
		got := strings.Join(checkDocs(tree), "\n")
		if e.offence == "" && got != "" || !strings.Contains(got, e.offence) {
			t.Errorf("%s\ngives %q, expected %q", e.text, got, e.offence)
		}
	}
}
