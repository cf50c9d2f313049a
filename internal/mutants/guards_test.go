package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestGuardsAreWhereTheTableSays holds the table against the source: each text
// stands there once, and each expression names a test.
func TestGuardsAreWhereTheTableSays(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "node", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var tests [][]byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllSubmatch(b, -1) {
			tests = append(tests, m[1])
		}
	}
	names := map[string]bool{}
	for _, g := range guards {
		if names[g.name] {
			t.Errorf("%s stands in the table twice", g.name)
		}
		names[g.name] = true
		whole := map[string][]byte{}
		for _, e := range g.edits {
			b, ok := whole[e.file]
			if !ok {
				if b, err = os.ReadFile(filepath.Join(root, e.file)); err != nil {
					t.Fatal(err)
				}
			}
			if n := bytes.Count(b, []byte(e.old)); n != 1 {
				t.Errorf("%s: %q stands %d times in %s, expected once", g.name, e.old, n, e.file)
			}
			whole[e.file] = bytes.Replace(b, []byte(e.old), []byte(e.fresh), 1)
		}
		want := regexp.MustCompile("^(" + g.tests + ")$")
		found := false
		for _, name := range tests {
			found = found || want.Match(name)
		}
		if !found {
			t.Errorf("%s: no test is named by %s", g.name, g.tests)
		}
	}
	if len(guards) < 25 {
		t.Errorf("%d guards, expected at least 25", len(guards))
	}
}
