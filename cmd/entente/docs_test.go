package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"entente"
)

// section is what docs/cli.md says of one command.
type section struct {
	text     string
	flags    []string // the list entries: "--name=NAME"
	examples []string // lines of sh blocks
	shapes   []string // json blocks
}

var (
	flagEntry   = regexp.MustCompile("(?m)^- `(--[^`]+)`")
	flagMention = regexp.MustCompile("(?:^|[\\s`(])(--[a-z][a-z-]*)")
	block       = regexp.MustCompile("(?s)```(sh|json)\n(.*?)```")
)

// readDocument gives the sections of docs/cli.md by command, and what stands
// before the first.
func readDocument(t *testing.T) (map[string]section, section) {
	t.Helper()
	b, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(b), "\n### ")
	out := map[string]section{}
	var head section
	for i, text := range parts {
		text, _, _ = strings.Cut(text, "\n## ")
		name, rest, _ := strings.Cut(text, "\n")
		if i == 0 {
			rest = parts[0]
		}
		s := section{text: rest}
		for _, m := range flagEntry.FindAllStringSubmatch(rest, -1) {
			s.flags = append(s.flags, m[1])
		}
		for _, m := range block.FindAllStringSubmatch(rest, -1) {
			if m[1] == "sh" {
				s.examples = append(s.examples, strings.Split(strings.TrimSpace(m[2]), "\n")...)
			} else {
				s.shapes = append(s.shapes, m[2])
			}
		}
		if i == 0 {
			head = s
		} else {
			out[name] = s
		}
	}
	return out, head
}

func model(t *testing.T) *kong.Kong {
	t.Helper()
	return newParser(&commands{}, io.Discard, io.Discard)
}

// written is how the document writes a flag.
func written(f *kong.Flag) string {
	if f.IsBool() {
		return "--" + f.Name
	}
	return "--" + f.Name + "=" + f.PlaceHolder
}

func TestEveryCommandAndFlagIsDocumentedAndNothingElse(t *testing.T) {
	document, head := readDocument(t)
	app := model(t)
	var global, wantGlobal []string
	for _, f := range app.Model.Flags {
		global, wantGlobal = append(global, "--"+f.Name), append(wantGlobal, written(f))
	}
	slices.Sort(wantGlobal)
	if got := slices.Sorted(slices.Values(head.flags)); !slices.Equal(got, wantGlobal) {
		t.Errorf("flags of every command: documented %v, the program has %v", got, wantGlobal)
	}
	known := map[string]bool{}
	for _, leaf := range app.Model.Leaves(true) {
		name := leaf.FullPath()
		name, _, _ = strings.Cut(name, " <")
		known[name] = true
		s, ok := document[name]
		if !ok {
			t.Errorf("%s is not documented", name)
			continue
		}
		var want []string
		allowed := slices.Clone(global)
		for _, f := range leaf.Flags {
			want = append(want, written(f))
			allowed = append(allowed, "--"+f.Name)
		}
		if got, want := slices.Sorted(slices.Values(s.flags)), slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
			t.Errorf("%s: documented flags %v, the program has %v", name, got, want)
		}
		for _, m := range flagMention.FindAllStringSubmatch(s.text, -1) {
			if !slices.Contains(allowed, m[1]) {
				t.Errorf("%s: the document speaks of %s, which the command does not have", name, m[1])
			}
		}
		if len(s.examples) == 0 {
			t.Errorf("%s: no example", name)
		}
		for _, e := range s.examples {
			if e != name && !strings.HasPrefix(e, name+" ") {
				t.Errorf("%s: example %q is of another command", name, e)
			}
		}
	}
	for name := range document {
		if !known[name] {
			t.Errorf("the document has %q, the program does not", name)
		}
	}
}

func TestExamplesAreUnderstood(t *testing.T) {
	document, _ := readDocument(t)
	for name, s := range document {
		for _, e := range s.examples {
			if _, err := model(t).Parse(shellWords(e)[1:]); err != nil {
				t.Errorf("%s: %s: %v", name, e, err)
			}
		}
	}
}

// shellWords splits a command line with single quotes.
func shellWords(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

// answers are the types of what commands write with --json. Those that are
// missing here write another command's, or something that is not an answer.
var answers = map[string]any{
	"entente init": initAnswer{}, "entente card": cardAnswer{}, "entente fingerprint": fingerprintAnswer{}, "entente trust": trustAnswer{},
	"entente parties": partiesAnswer{}, "entente rotate": rotateAnswer{}, "entente compact draft": draftAnswer{},
	"entente compact review": reviewAnswer{}, "entente compact found": foundAnswer{}, "entente compact accede": signedAnswer{},
	"entente compact ls": compactsAnswer{}, "entente compact show": compactAnswer{}, "entente put": putAnswer{}, "entente ls": lsAnswer{},
	"entente where": whereAnswer{}, "entente recall": recallAnswer{}, "entente recalls": recallsAnswer{}, "entente ask": askAnswer{},
	"entente asks": asksAnswer{}, "entente derive": deriveAnswer{}, "entente flags": flagsAnswer{},
	"entente show": showAnswer{}, "entente conflicts": conflictsAnswer{}, "entente preview": orderAnswer{}, "entente channels": channelsAnswer{},
	"entente log": logAnswer{}, "entente status": statusAnswer{}, "entente verify": verifyAnswer{}, "entente peers": peersAnswer{},
	"entente tearline": tearlineAnswer{}, "entente export": exportAnswer{}, "entente operator add": operatorAddAnswer{},
	"entente operator ls": operatorsAnswer{}, "entente operator rm": operatorRmAnswer{}, "entente operator link": linkAnswer{}, "entente storybook": storybookAnswer{}, "entente groups": groupsAnswer{},
	"entente two-persons": twoPersonsAnswer{}, "entente proposals": proposalsAnswer{}, "entente approve": approveAnswer{},
	"entente withdraw": withdrawAnswer{}, "entente inspect": inspectAnswer{},
	"entente serve": readyAnswer{}, "entente version": versionAnswer{},
}

func TestJSONShapesAreDocumented(t *testing.T) {
	document, _ := readDocument(t)
	for name, s := range document {
		answer, ok := answers[name]
		if !ok {
			if len(s.shapes) > 0 {
				t.Errorf("%s: the document has a JSON shape, this test does not know of what type", name)
			}
			continue
		}
		if len(s.shapes) != 1 {
			t.Errorf("%s: %d JSON shapes, expected 1", name, len(s.shapes))
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(s.shapes[0]), &v); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, want := map[string]bool{}, map[string]bool{}
		paths(v, "", got)
		typePaths(reflect.TypeOf(answer), "", true, want)
		for p := range maps.Keys(want) {
			if !got[p] {
				t.Errorf("%s: member %s is not documented", name, p)
			}
		}
		for p := range maps.Keys(got) {
			if !want[p] {
				t.Errorf("%s: member %s is documented, but the answer does not have it", name, p)
			}
		}
	}
}

// paths lists the members of a JSON value.
func paths(v any, at string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			out[at+"."+name] = true
			paths(x, at+"."+name, out)
		}
	case []any:
		for _, x := range v {
			paths(x, at+"[]", out)
		}
	}
}

// elsewhere are the types whose members are documented once, in another place.
var elsewhere = []reflect.Type{reflect.TypeFor[entente.Charter](), reflect.TypeFor[entente.Handling](), reflect.TypeFor[compactAnswer]()}

// typePaths lists the members that encoding/json writes of a type.
func typePaths(t reflect.Type, at string, top bool, out map[string]bool) {
	switch {
	case t.Kind() == reflect.Pointer:
		typePaths(t.Elem(), at, top, out)
	case t.Implements(reflect.TypeFor[json.Marshaler]()), !top && slices.Contains(elsewhere, t):
	case t.Kind() == reflect.Slice:
		typePaths(t.Elem(), at+"[]", false, out)
	case t.Kind() == reflect.Map: // a count for each code
		out[at+".applied"] = true
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && name == "" {
				typePaths(f.Type, at, top, out)
				continue
			}
			if name == "" {
				panic(fmt.Sprintf("%s.%s has no JSON name", t, f.Name))
			}
			out[at+"."+name] = true
			typePaths(f.Type, at+"."+name, false, out)
		}
	}
}
