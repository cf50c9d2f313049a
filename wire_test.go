package entente

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/wire.md says what the code does: the example is a vector, and no member,
// kind, disposition or limit is left out.

func wireDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("docs", "wire.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWireExamplesAreVectors(t *testing.T) {
	blocks := regexp.MustCompile("(?s)<!-- vector (\\S+) (\\S+) -->\n```\n(.*?)\n```\n").FindAllStringSubmatch(wireDoc(t), -1)
	if len(blocks) < 4 {
		t.Errorf("%d examples, expected at least 4", len(blocks))
	}
	for _, b := range blocks {
		v := readVector(t, filepath.Join("testdata", "accepted", b[1]+".json"))
		want, ok := map[string]string{"payload": v.Input, "id": v.ID, "envelope": v.Envelope, "root": v.Root}[b[2]]
		if !ok || b[3] != want {
			t.Errorf("the %s of %s is\n%s\nthe document says\n%s", b[2], b[1], want, b[3])
		}
	}
	payload := theCast().act("suspension").Payload
	if begin := string(pae(payload)[:len(pae(payload))-len(payload)]); !strings.Contains(wireDoc(t), "`"+begin+"`") {
		t.Errorf("the document does not say that the example's encoding begins with %q", begin)
	}
}

func TestWireNamesEverything(t *testing.T) {
	doc := wireDoc(t)
	mentions := func(what, word string) {
		t.Helper()
		if !regexp.MustCompile("`" + regexp.QuoteMeta(word) + "`").MatchString(doc) {
			t.Errorf("docs/wire.md does not name the %s %s", what, word)
		}
	}
	for _, k := range kinds {
		mentions("kind", string(k))
	}
	for _, c := range codes {
		mentions("disposition", string(c))
	}
	for _, s := range smallOrder {
		if !strings.Contains(doc, fmt.Sprintf("\n%x\n", s)) {
			t.Errorf("docs/wire.md does not list %x", s)
		}
	}
}

// Every member stands in a table, in its order, and every table has members only.
func TestWireTablesHaveTheMembersInOrder(t *testing.T) {
	doc := wireDoc(t)
	for _, e := range []struct {
		heading string
		types   []reflect.Type
	}{
		{"## Records\n", []reflect.Type{reflect.TypeFor[Header]()}},
		{"## Acts\n", []reflect.Type{reflect.TypeFor[Act]()}},
		{"### Envelope\n", []reflect.Type{reflect.TypeFor[envelope]()}},
		{"### `card_body`\n", []reflect.Type{reflect.TypeFor[Card]()}},
		{"### Chains\n", []reflect.Type{reflect.TypeFor[Link]()}},
		{"### `charter`\n", []reflect.Type{reflect.TypeFor[Charter]()}},
		{"### `accession`, `amendment`, `suspension`, `resumption`\n", []reflect.Type{reflect.TypeFor[struct {
			Accession  Accession  `json:"accession"`
			Amendment  Amendment  `json:"amendment"`
			Suspension Suspension `json:"suspension"`
			Resumption Resumption `json:"resumption"`
		}]()}},
		{"### Handling\n", []reflect.Type{reflect.TypeFor[Handling]()}},
		{"### `release`\n", []reflect.Type{reflect.TypeFor[Release]()}},
		{"### `ask` and `consent`\n", []reflect.Type{reflect.TypeFor[Ask](), reflect.TypeFor[Consent]()}},
		{"### `recall`\n", []reflect.Type{reflect.TypeFor[Recall]()}},
		{"## Trees\n", []reflect.Type{reflect.TypeFor[TreeHead]()}},
		{"`head`, by the sender", []reflect.Type{reflect.TypeFor[Head]()}},
		{"### Audit logs\n", []reflect.Type{reflect.TypeFor[LogEntry]()}},
		{"`receipt`, by the receiver", []reflect.Type{reflect.TypeFor[Receipt]()}},
	} {
		_, section, ok := strings.Cut(doc, "\n"+e.heading)
		_, table, found := strings.Cut(section, "| member | type | meaning |\n|---|---|---|\n")
		if !ok || !found {
			t.Errorf("docs/wire.md has no table under %q", e.heading)
			continue
		}
		table, _, _ = strings.Cut(table, "\n\n")
		var rows []string
		for line := range strings.Lines(table) {
			for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
				rows = append(rows, name[1])
			}
		}
		for _, of := range e.types {
			if want := wireMembers(of, ""); len(e.types) == 1 && !slices.Equal(rows, want) || !inOrder(rows, want) {
				t.Errorf("under %q stand\n%v, the members are\n%v", e.heading, rows, want)
			}
		}
	}
}

// wireMembers lists the members of a type as the tables do: those of a list as
// name[].member, those of a member without a table of its own as name.member.
// The bodies of an act are one row without a name.
func wireMembers(of reflect.Type, prefix string) (out []string) {
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if of == reflect.TypeFor[Act]() && inner.Kind() == reflect.Struct && inner != reflect.TypeFor[Time]() && inner != reflect.TypeFor[Link]() {
			continue
		}
		switch inner {
		case reflect.TypeFor[Time](), reflect.TypeFor[Handling](), reflect.TypeFor[TreeHead](), reflect.TypeFor[Link](), reflect.TypeFor[Charter]():
			out = append(out, prefix+name)
			continue
		}
		switch {
		case inner.Kind() != reflect.Struct:
			out = append(out, prefix+name)
		case f.Type.Kind() == reflect.Slice:
			out = append(append(out, prefix+name), wireMembers(inner, prefix+name+"[].")...)
		default:
			out = append(out, wireMembers(inner, prefix+name+".")...)
		}
	}
	return out
}

// inOrder says whether all of want are in rows in the same order.
func inOrder(rows, want []string) bool {
	for _, r := range rows {
		if len(want) > 0 && r == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

func TestWireLimits(t *testing.T) {
	doc := wireDoc(t)
	limits := doc[strings.Index(doc, "\n## Limits"):strings.Index(doc, "\n## Refusals")]
	for what, n := range map[string]int{
		"| payload of an act | %s bytes |\n": MaxAct,
		"| envelope | %s bytes,":             MaxAct*4/3 + 8192,
		"| record | %s bytes,":               MaxRecord,
		" of which the header %s |\n":        maxHeader,
		"| release | %s records":             MaxReleaseRecords,
		" records and %s bytes":              MaxReleaseBytes,
		"| batch | %s bytes,":                MaxBatch,
		" bytes, %s entries |\n":             MaxBatchParcels,
	} {
		if line := fmt.Sprintf(what, thousands(n)); !strings.Contains(limits, line) {
			t.Errorf("the table of limits does not say %q", line)
		}
	}
	if maxCount != 1<<50 {
		t.Errorf("numbers go to %d, the document says 2^50", int64(maxCount))
	}
}

// thousands spells a number as the document does: commas from 10,000 on.
func thousands(n int) string {
	s := fmt.Sprint(n)
	if n < 10_000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The table of escapes, character by character.
func TestWireEscapes(t *testing.T) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\u2028': `\u2028`, '\u2029': `\u2029`}
	for r := rune(0); r <= 0x10ffff; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue // surrogates are no characters
		}
		want, ok := short[r]
		switch {
		case ok:
		case r < ' ':
			want = fmt.Sprintf(`\u00%02x`, r)
		default:
			want = string(r)
		}
		got, err := encode(string(r))
		if err != nil || string(got) != `"`+want+`"` {
			t.Fatalf("%U is spelled %s (%v), expected %q", r, got, err, want)
		}
	}
}
