package entente

import (
	"bufio"
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// What every file and every package of the project has, or has not.

func TestHygiene(t *testing.T) {
	for _, offence := range checkHygiene(os.DirFS(".")) {
		t.Error(offence)
	}
}

// unwanted are the words that no file may contain: paths of one machine, and
// work that was put off. They are put together here so that this file passes.
var unwanted = regexp.MustCompile(strings.Join([]string{"/work/" + "main", "/work/" + "shared", "/tmp/" + "team", `\bTO` + `DO\b`, `\bFIX` + `ME\b`, `\bX` + `XX\b`}, "|"))

// checkHygiene walks what git would track and says what is wrong.
func checkHygiene(tree fs.FS) (offences []string) {
	if _, err := fs.Stat(tree, "LICENSE"); err != nil {
		offences = append(offences, "LICENSE is missing")
	}
	ignored, err := ignoredNames(tree)
	if err != nil {
		offences = append(offences, err.Error())
	}
	documented := map[string]string{} // package folder to what is wrong, empty if nothing
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && (name == ".git" || ignored(name)) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !entry.Type().IsRegular() || name == "go.sum" {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if at := unwanted.FindIndex(source); at != nil && path.Ext(name) != ".png" { // a picture has no words
			offences = append(offences, fmt.Sprintf("%s:%d: contains %q", name, 1+bytes.Count(source[:at[0]], []byte("\n")), source[at[0]:at[1]]))
		}
		if path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && !strings.Contains(name, "testdata/") {
			dir := path.Dir(name)
			why, err := packageComment(name, source)
			if err != nil {
				return err
			}
			if old, seen := documented[dir]; !seen || old != "" {
				documented[dir] = why
			}
		}
		return nil
	})
	if err != nil {
		offences = append(offences, err.Error())
	}
	for dir, why := range documented {
		if why != "" {
			offences = append(offences, dir+": "+why)
		}
	}
	return offences
}

// packageComment says what the file lacks to document its package.
func packageComment(name string, source []byte) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	begins := "Package " + file.Name.Name + " "
	if file.Name.Name == "main" {
		begins = "Command " + path.Base(path.Dir(name)) + " "
	}
	if doc := file.Doc.Text(); !strings.HasPrefix(doc, begins) {
		return fmt.Sprintf("no file has a package comment that begins %q", begins), nil
	}
	return "", nil
}

// ignoredNames reads the plain patterns of .gitignore: /name, /name/ and *.ext.
func ignoredNames(tree fs.FS) (func(name string) bool, error) {
	var rooted, globs []string
	b, err := fs.ReadFile(tree, ".gitignore")
	if err != nil {
		return func(string) bool { return false }, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		line := strings.TrimSuffix(strings.TrimSpace(lines.Text()), "/")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '/':
			rooted = append(rooted, line[1:])
		default:
			globs = append(globs, line)
		}
	}
	return func(name string) bool {
		for _, r := range rooted {
			if name == r {
				return true
			}
		}
		for _, g := range globs {
			if ok, _ := path.Match(g, path.Base(name)); ok {
				return true
			}
		}
		return false
	}, lines.Err()
}

// Each rule, broken once.
func TestHygieneNamesTheOffender(t *testing.T) {
	for _, e := range []struct{ name, content, offence string }{
		{"stix/a.go", "// Package stix keeps bytes.\npackage stix\n", ""},
		{"stix/a.go", "package stix\n", `stix: no file has a package comment that begins "Package stix "`},
		{"stix/a.go", "// Package geo measures.\npackage stix\n", "stix: no file"},
		{"stix/a.go", "// Package stix keeps bytes.\n\npackage stix\n", "stix: no file"},
		{"stix/a_test.go", "package stix\n", ""},
		{"cmd/entente/main.go", "// Command entente runs a node.\npackage main\n", ""},
		{"cmd/entente/main.go", "package main\n", "cmd/entente: no file"},
		{"docs/a.md", "one\nsee /work/" + "main\n", "docs/a.md:2: contains"},
		{"docs/a.md", "TO" + "DO: write", "docs/a.md:1: contains"},
		{"docs/a.md", "MAS" + "TODON and TO" + "DOS are words", ""},
		{"dist/a.md", "TO" + "DO: write", ""},
		{"entente", "/work/" + "main", ""},
		{"docs/entente", "/work/" + "main", "docs/entente:1"},
		{"peer/peer.test", "TO" + "DO", ""},
		{".git/a", "TO" + "DO", ""},
		{"go.sum", "TO" + "DO", ""},
	} {
		tree := fstest.MapFS{
			"LICENSE": {}, ".gitignore": {Data: []byte("/entente\n/dist/\n\n# built\n*.test\n")}, e.name: {Data: []byte(e.content)},
		}
		got := strings.Join(checkHygiene(tree), "\n")
		if e.offence == "" && got != "" || !strings.Contains(got, e.offence) {
			t.Errorf("%s\n%s\ngives %q, expected %q", e.name, e.content, got, e.offence)
		}
	}
	if got := checkHygiene(fstest.MapFS{".gitignore": {}}); len(got) != 1 || got[0] != "LICENSE is missing" {
		t.Errorf("without a licence: %q", got)
	}
}
