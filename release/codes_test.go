package release

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entente"
)

var update = flag.Bool("update", false, "rewrite docs/handling.md")

func codeNames() []string {
	var out []string
	for _, c := range Codes {
		out = append(out, c.Name())
	}
	return out
}

func TestApplyNeverWeakens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHandling(t)
		codes := rapid.SliceOfN(rapid.SampledFrom(codeNames()), 0, 4).Draw(t, "codes")
		got, err := Apply(h, codes...)
		if err != nil {
			t.Fatal(err)
		}
		if w := Weaker(got, h); len(w) != 0 {
			t.Fatalf("%v made it weaker: %q", codes, w)
		}
		for _, name := range codes {
			c, err := Look(strings.ToUpper(name))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !slices.Contains(got.Codes, name):
				t.Fatalf("%s is not kept: %v", name, got.Codes)
			case wider(entente.TLPs, got.TLP, c.TLP) || wider(entente.Onwards, got.Onward, c.Onward):
				t.Fatalf("%s asks for %s and %s, there is %s and %s", name, c.TLP, c.Onward, got.TLP, got.Onward)
			case c.Uses != nil && len(without(got.Permitted, c.Uses)) > 0:
				t.Fatalf("%s permits %q, there is %q", name, c.Uses, got.Permitted)
			case len(without(c.Caveats, got.Caveats)) > 0:
				t.Fatalf("%s needs %q, there is %q", name, c.Caveats, got.Caveats)
			}
		}
		slices.Reverse(codes)
		if again, err := Apply(got, codes...); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("applied again: %+v, %v; before %+v", again, err, got)
		}
		if backwards, err := Apply(h, codes...); err != nil || !reflect.DeepEqual(backwards, got) {
			t.Fatalf("in another order: %+v, %v; before %+v", backwards, err, got)
		}
		if err := signable(got); err != nil {
			t.Fatal(err)
		}
	})
}

func TestApply(t *testing.T) {
	open := entente.Handling{TLP: entente.TLPClear, Onward: entente.OnwardMembers, Purpose: "p", Permitted: []string{"analysis", "arrest", "court", "watch list"}}
	for _, x := range []struct {
		codes []string
		want  entente.Handling
	}{
		{nil, open},
		{[]string{"tlp/GREEN"}, entente.Handling{TLP: "green", Codes: []string{"tlp/green"}, Onward: "members", Purpose: "p", Permitted: open.Permitted}},
		{[]string{"europol/h1"}, entente.Handling{
			TLP: "amber", Codes: []string{"europol/H1"}, Onward: "ask", Purpose: "p", Permitted: []string{"analysis", "arrest"},
			Caveats: []string{notInCourt, "Only to prevent or combat crime"},
		}},
		{[]string{"PAP/red", "3X5X2/c"}, entente.Handling{
			TLP: "amber+strict", Codes: []string{"3x5x2/C", "pap/RED"}, Onward: "ask", Purpose: "p",
			Caveats: []string{askBefore, "The originator's conditions apply"},
		}},
	} {
		if got, err := Apply(open, x.codes...); err != nil || !reflect.DeepEqual(got, x.want) {
			t.Errorf("%v\n%+v, %v, want\n%+v", x.codes, got, err, x.want)
		}
	}
	for code, want := range map[string]string{
		"H1":                       "expected scheme/code, with a scheme out of tlp, tlp1, europol, 5x5x5, 3x5x2, iep2, pap",
		"nato/secret":              `scheme "nato" is none of tlp, tlp1, europol`,
		"europol/H4":               "scheme europol has H0, H1, H2, H3",
		"iep2/end_date=2026-01-01": "set the handling's expiry to it",
		"admiralty-scale/a":        "says nothing of handling",
	} {
		if got, err := Apply(open, "tlp/red", code); err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(got, entente.Handling{}) {
			t.Errorf("%s: %+v, error %v, expected %q", code, got, err, want)
		}
	}
	full := open
	for i := range maxHandlingEntries {
		full.Caveats = append(full.Caveats, fmt.Sprintf("caveat %02d", i))
	}
	if _, err := Apply(full, "europol/H0"); !errors.Is(err, ErrHandlingFull) {
		t.Errorf("a caveat that does not fit: %v", err)
	}
}

func TestTheTableIsInOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes {
		if name := strings.ToLower(c.Name()); seen[name] {
			t.Errorf("%s twice", c.Name())
		} else {
			seen[name] = true
		}
		if !slices.Contains(entente.TLPs, c.TLP) || !slices.Contains(entente.Onwards, c.Onward) || c.Says == "" {
			t.Errorf("%s: %+v", c.Name(), c)
		}
		if u := without(c.Uses, Uses); len(u) > 0 || !slices.IsSorted(c.Uses) {
			t.Errorf("%s bounds uses to %q: sorted, out of %q", c.Name(), c.Uses, Uses)
		}
	}
	if !slices.IsSorted(Uses) {
		t.Error("uses are not sorted")
	}
}

// docs/handling.md is the table for people. After a change: go test ./release -run Document -update
func TestDocument(t *testing.T) {
	path := filepath.Join("..", "docs", "handling.md")
	want := document()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("docs/handling.md is not what the table gives (%v); make it with: go test ./release -run Document -update", err)
	}
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Handling codes

A release carries one handling: label, onward rule, permitted uses, purpose, legal basis, expiry, caveats. Codes of other
schemes are kept in it as they are, as ` + "`scheme/code`" + `, and tighten the rest by the table below. A code never widens
anything: what it leaves open keeps the value it had, and where its scheme says less exactly than a handling does, it is
read strictly. Made from the table in package release by its test; do not edit.

- *label*: the handling's TLP label is at least as strict as this.
- *onward*: the onward rule is at least as strict as this: ` + "`none`, `ask` or `members`" + `.
- *uses*: at most these may be permitted without contact; a dash leaves the uses alone. Uses in a party's own words are taken
  away by every code that bounds the uses, because nobody can tell whether it covers them.

Uses: ` + "`" + strings.Join(Uses, "`, `") + "`" + `.

`)
	scheme := ""
	for _, c := range Codes {
		if c.Scheme != scheme {
			if scheme != "" {
				b.WriteString("\n")
			}
			scheme = c.Scheme
			fmt.Fprintf(&b, "## %s\n\n| code | means | label | onward | uses | caveats |\n|---|---|---|---|---|---|\n", scheme)
		}
		uses := "—"
		if c.Uses != nil {
			uses = "none"
			if len(c.Uses) > 0 {
				uses = strings.Join(c.Uses, ", ")
			}
		}
		caveats := "—"
		if len(c.Caveats) > 0 {
			caveats = strings.Join(c.Caveats, "; ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.Name(), c.Says, c.TLP, c.Onward, uses, caveats)
	}
	b.WriteString("\n## Known and not mapped\n\n| scheme | field | why |\n|---|---|---|\n")
	for _, u := range NotMapped {
		field := "all"
		if u.Code != "" {
			field = "`" + u.Code + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | it %s |\n", u.Scheme, field, u.Why)
	}
	return b.String()
}

// Every value of the public taxonomies is either mapped or left out by name.
func TestEveryValueOfThePublicTaxonomies(t *testing.T) {
	schemeOf := map[string]string{"PAP": "pap", "iep2-policy": "iep2"}
	files, err := filepath.Glob(filepath.Join(shared(t, "misp", "taxonomies"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d taxonomies, %v", len(files), err)
	}
	mapped, left := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tax struct {
			Namespace  string
			Predicates []struct{ Value string }
			Values     []struct {
				Predicate string
				Entry     []struct{ Value string }
			}
		}
		if err := json.Unmarshal(data, &tax); err != nil {
			t.Fatal(err)
		}
		scheme := tax.Namespace
		if s := schemeOf[scheme]; s != "" {
			scheme = s
		}
		var names []string
		for _, v := range tax.Values {
			for _, e := range v.Entry {
				names = append(names, v.Predicate+"="+e.Value)
			}
		}
		if len(tax.Values) == 0 {
			for _, p := range tax.Predicates {
				names = append(names, p.Value)
			}
		}
		for _, name := range names {
			_, err := Look(scheme + "/" + name)
			switch {
			case err == nil:
				mapped++
			case strings.Contains(err.Error(), "is not mapped: it "):
				left++
			default:
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
		}
	}
	if mapped < 25 || left < 50 {
		t.Errorf("%d mapped and %d left out: the taxonomies were not read", mapped, left)
	}
}

// shared finds a folder of the public test data, which the project itself does
// not contain. Without it a test skips; with ENTENTE_CI=1 it fails.
func shared(t *testing.T, name ...string) string {
	t.Helper()
	root := os.Getenv("ENTENTE_SHARED")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", root) // from the module's root, not from this folder
	}
	path := filepath.Join(append([]string{root, "data"}, name...)...)
	if _, err := os.Stat(path); err != nil {
		missing := "public test data is missing: " + err.Error() + "; set ENTENTE_SHARED to the folder that has data/" + strings.Join(name, "/")
		if os.Getenv("ENTENTE_CI") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}
