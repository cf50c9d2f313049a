package stix

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// speller writes random JSON in the oddest legal spelling and remembers which
// ids it wrote.
type speller struct {
	t    *rapid.T
	b    strings.Builder
	seen []ID
}

func (s *speller) pick(n int) int { return rapid.IntRange(0, n-1).Draw(s.t, "pick") }

func (s *speller) space() {
	s.b.WriteString([]string{"", "", "", " ", "\n", "\t\r\n  "}[s.pick(6)])
}

func (s *speller) text(text string) {
	if modelIsID(text) {
		s.seen = append(s.seen, ID(text))
	}
	odd := s.pick(3) == 0
	s.b.WriteByte('"')
	for _, c := range text {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", c)
		switch {
		case short >= 0 && (c != '/' || odd) && (!odd || s.pick(2) == 0):
			s.b.WriteByte('\\')
			s.b.WriteByte(`"\/bfnrt`[short])
		case c < ' ' || c == '"' || c == '\\' || odd && s.pick(3) == 0:
			form := []string{`\u%04x`, `\u%04X`}[s.pick(2)]
			for _, unit := range utf16.Encode([]rune{c}) {
				fmt.Fprintf(&s.b, form, unit)
			}
		default:
			s.b.WriteRune(c)
		}
	}
	s.b.WriteByte('"')
}

var someIDs = []string{someone, aNote, aFile, aMarking, aBundle, string(tlpExtension), "x-a-b--" + aNote[6:]}

func (s *speller) anyText() string {
	switch s.pick(4) {
	case 0:
		return someIDs[s.pick(len(someIDs))]
	case 1: // nearly an id
		id := []byte(someIDs[s.pick(len(someIDs))])
		id[s.pick(len(id))] = "-A0 f"[s.pick(5)]
		return string(id)
	default:
		return rapid.String().Draw(s.t, "text")
	}
}

func (s *speller) value(depth int) {
	kinds := 5
	if depth >= 5 {
		kinds = 3
	}
	switch s.pick(kinds) {
	case 0:
		s.text(s.anyText())
	case 1:
		s.b.WriteString([]string{"0", "-0", "1.0", "1.10", "1E+05", "1e-7", "123456789012345678901234567890", "-0.000", "1.7976931348623157e+309"}[s.pick(9)])
	case 2:
		s.b.WriteString([]string{"true", "false", "null"}[s.pick(3)])
	case 3:
		s.b.WriteByte('[')
		for i := range s.pick(4) {
			s.comma(i)
			s.value(depth + 1)
			s.space()
		}
		s.b.WriteByte(']')
	case 4:
		s.members(depth, nil, s.pick(5))
	}
}

func (s *speller) comma(i int) {
	if i > 0 {
		s.b.WriteByte(',')
	}
	s.space()
}

// members writes a JSON object of the given members, each a string or a raw
// value, and n random ones, in random order.
func (s *speller) members(depth int, given map[string]any, n int) {
	var names []string
	for name := range given {
		names = append(names, name)
	}
	for range n {
		if name := s.anyText(); !slices.Contains(names, name) && !reserved[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names) // a map has no order; the draw below must be repeatable
	names = rapid.Permutation(names).Draw(s.t, "order")
	s.b.WriteByte('{')
	for i, name := range names {
		s.comma(i)
		s.text(name)
		s.space()
		s.b.WriteByte(':')
		s.space()
		switch v := given[name].(type) {
		case string:
			s.text(v)
		case bool:
			fmt.Fprint(&s.b, v)
		default:
			s.value(depth + 1)
		}
		s.space()
	}
	s.b.WriteByte('}')
}

var reserved = map[string]bool{
	"type": true, "id": true, "spec_version": true, "created": true, "modified": true,
	"created_by_ref": true, "revoked": true, "objects": true,
}

// object writes a good object and gives what its header must say.
func (s *speller) object() Object {
	typ := []string{"note", "report", "file", "x-unit", "relationship"}[s.pick(5)]
	o := Object{ID: ID(typ + aNote[4:]), Type: typ, SpecVersion: "2.1"}
	given := map[string]any{
		"id": string(o.ID), "type": typ, "spec_version": "2.1",
		"created": "2014-06-10T04:05:06.7Z", "modified": "2014-06-10T04:05:06.700001Z",
	}
	if s.pick(2) == 0 {
		o.CreatedBy = someone
		given["created_by_ref"] = someone
	}
	if s.pick(2) == 0 {
		o.Revoked = true
		given["revoked"] = true
	}
	s.seen = nil
	from := s.b.Len()
	s.members(1, given, s.pick(8))
	o.Raw = []byte(s.b.String()[from:])
	slices.Sort(s.seen)
	o.Refs = slices.DeleteFunc(slices.Compact(s.seen), func(id ID) bool { return id == o.ID })
	return o
}

func checkHeader(t *rapid.T, got, want Object) {
	if string(got.Raw) != string(want.Raw) {
		t.Fatalf("bytes changed:\n%q\n%q", got.Raw, want.Raw)
	}
	if got.ID != want.ID || got.Type != want.Type || got.SpecVersion != want.SpecVersion ||
		got.CreatedBy != want.CreatedBy || got.Revoked != want.Revoked ||
		got.Version() != "2014-06-10T04:05:06.700001Z" || !slices.Equal(got.Refs, want.Refs) {
		t.Fatalf("%s\ngot  %+v\nwant %+v", want.Raw, got, want)
	}
	if model, good := modelParse(got.Raw); !good || !slices.Equal(model.Refs, got.Refs) {
		t.Fatalf("%s\nrefs %v, the model says %v, good=%v", got.Raw, got.Refs, model.Refs, good)
	}
}

func TestWhateverTheSpellingTheBytesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &speller{t: t}
		s.space()
		want := s.object()
		s.space()
		got, err := Parse([]byte(s.b.String()))
		if err != nil {
			t.Fatalf("%s\n%v", s.b.String(), err)
		}
		checkHeader(t, got, want)
	})
}

func TestABundleGivesTheSameObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &speller{t: t}
		var want []Object
		s.b.WriteString(`{"type":"bundle","objects":[`)
		for i := range 1 + s.pick(3) {
			s.comma(i)
			want = append(want, s.object())
			s.space()
		}
		s.b.WriteString(`],"id":"` + aBundle + `"}`)
		got, err := Split([]byte(s.b.String()))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s\n%d objects, %v", s.b.String(), len(got), err)
		}
		for i := range got {
			checkHeader(t, got[i], want[i])
		}
	})
}
