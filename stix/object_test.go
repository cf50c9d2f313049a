package stix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	someone  = "identity--0b6aef1e-51ad-4f0c-9a51-60a1d9a1e0d5"
	aNote    = "note--f431f809-377b-45e0-aa1c-6a4751cae5ff"
	aBundle  = "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"
	aFile    = "file--9c5bb3a5-2c5e-52a5-8a3d-0c1d5a7d2f11"
	aMarking = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
	times    = `"created":"2016-05-12T08:17:27.000Z","modified":"2016-05-13T08:17:27.5Z"`
)

var longest = ID(strings.Repeat("x", maxType) + aNote[4:])

func escapedID(id ID) string {
	var b strings.Builder
	for _, c := range id {
		fmt.Fprintf(&b, `\u%04X`, c)
	}
	return b.String()
}

func inBundle(objects string) string {
	return `{"type":"bundle","id":"` + aBundle + `","objects":[` + objects + `]}`
}

func object(typ, rest string) string {
	return `{"type":"` + typ + `","id":"` + typ + `--f431f809-377b-45e0-aa1c-6a4751cae5ff"` + rest + `}`
}

func note(rest string) string { return object("note", rest) }

// accepted are single objects.
var accepted = []struct {
	name, input         string
	spec, version, head string
	refs                []ID
}{
	{"2.1 SDO", note(`,"spec_version":"2.1",` + times), "2.1", "2016-05-13T08:17:27.5Z", "", nil},
	{"2.0 SDO", note(`,` + times), "2.0", "2016-05-13T08:17:27.5Z", "", nil},
	{"2.0 without times", note(``), "2.0", "", "", nil},
	{"SCO without spec_version", object("ipv4-addr", `,"value":"198.51.100.3"`), "2.1", "", "198.51.100.3", nil},
	{"TLP 1.0 marking", object("marking-definition", `,"spec_version":"2.1","created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","definition":{"tlp":"green"}`), "2.1", "", "", nil},
	{"TLP 2.0 marking: a member name is a reference", object("marking-definition", `,"spec_version":"2.1","created":"2022-10-01T00:00:00.000Z","name":"TLP:RED","extensions":{"`+string(tlpExtension)+`":{"tlp_2_0":"red"}}`), "2.1", "", "TLP:RED", []ID{tlpExtension}},
	{"extension", object("extension-definition", `,"spec_version":"2.1","created_by_ref":"`+someone+`",`+times), "2.1", "2016-05-13T08:17:27.5Z", "", []ID{someone}},
	{"custom type with next to nothing", object("x-unit", `,"spec_version":"2.1"`), "2.1", "", "", nil},
	{"members escaped", `{"\u0074ype":"n\u006fte","i\u0064":"note\u002d-f431f809-377b-45e0-aa1c-6a4751cae5ff","\u006eame":"\u00e9\ud83d\ude00"}`, "2.0", "", "é😀", nil},
	{"white space around and inside", " \r\n\t" + note(" \n, \"revoked\" \t: false ") + "\n\n", "2.0", "", "", nil},
	{"references anywhere", note(`,"x":[{"y":"` + aFile + `"},["` + aMarking + `"]],"` + someone + `":0,"z":"` + aFile + `","own":"` + aNote + `"`), "2.0", "", "", []ID{aFile, someone, aMarking}},
	{"a reference escaped", note(`,"x":"file-\u002d9c5bb3a5-2c5e-52a5-8a3d-0c1d5a7d2f1\u0031"`), "2.0", "", "", []ID{aFile}},
	{"the longest reference, all in escapes, as a value and as a name", note(`,"x":"` + escapedID(longest) + `","` + escapedID(longest) + `":0`), "2.0", "", "", []ID{longest}},
	{"not references", note(`,"x":["see ` + aFile + `","` + aFile + ` ","FILE` + aFile[4:] + `","file--9C5bb3a5-2c5e-52a5-8a3d-0c1d5a7d2f11","fi--9c5bb3a5-2c5e-52a5-8a3d-0c1d5a7d2f11","file-` + aFile[4:] + `"]`), "2.0", "", "", nil},
	{"name before abstract before content before value", note(`,"value":"v","content":"c","name":"n","abstract":"a"`), "2.0", "", "n", nil},
	{"content: first words", note(`,"value":"v","content":"  two\n\nwords ","name":""`), "2.0", "", "two words", nil},
	{"a name that is no text", note(`,"name":{"en":"x"},"value":"v"`), "2.0", "", "v", nil},
	{"unknown things of every kind", note(`,"x":[1E+400,-0,null,true,{"":""},[]],"y":"\/"`), "2.0", "", "", nil},
	{"depth of 64", note(`,"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63)), "2.0", "", "", nil},
	{"nine digits", note(`,"modified":"2016-05-13T08:17:27.123456780Z"`), "2.0", "2016-05-13T08:17:27.12345678Z", "", nil},
}

func TestAccepted(t *testing.T) {
	for _, v := range accepted {
		t.Run(v.name, func(t *testing.T) {
			checkParse(t, []byte(v.input))
			o, err := Parse([]byte(v.input))
			if err != nil {
				t.Fatal(err)
			}
			if o.SpecVersion != v.spec || o.Version() != v.version || o.Name != v.head || !slices.Equal(o.Refs, sorted(v.refs)) {
				t.Fatalf("spec %q, version %q, name %q, refs %v\nwant %q, %q, %q, %v",
					o.SpecVersion, o.Version(), o.Name, o.Refs, v.spec, v.version, v.head, v.refs)
			}
			checkSplit(t, []byte(v.input))
			checkSplit(t, []byte(inBundle(v.input+","+v.input)))
		})
	}
}

func sorted(ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// refused are inputs of Parse; want is part of the error.
var refused = []struct{ name, input, want string }{
	{"nothing", "", "line 1, column 1: the input is empty (expected one STIX object)"},
	{"white space", " \n ", "line 2, column 2: the input is empty"},
	{"a number", "3", "the input is a JSON number (expected one STIX object)"},
	{"null", "null", "the input is a JSON null"},
	{"a list", "[" + note("") + "]", "the input is a JSON list"},
	{"no JSON", "type: note", "not JSON"},
	{"byte order mark", "\ufeff" + note(""), "byte order mark"},
	{"UTF-16", "\xff\xfe{\x00}\x00", "not JSON"},
	{"half an object", note("")[:30], "the input ends in the middle"},
	{"two objects", note("") + note(""), "line 1, column 66: more bytes after the end"},
	{"a zero byte after it", note("") + "\x00", "more bytes after the end"},
	{"comment", note(`,/**/"x":1`), "not JSON"},
	{"comma at the end", note(","), "not JSON"},
	{"leading zero", note(`,"x":01`), "not JSON"},
	{"NaN", note(`,"x":NaN`), "not JSON"},
	{"control character", note(",\"x\":\"\t\""), "not JSON"},
	{"bracket as a value", note(`,"revoked":]`), "not JSON"},
	{"duplicate member", "{\"type\":\"note\",\n\"id\":\"" + aNote + "\",\n\"é\":1, \"é\":2}", "line 3, column 8: object " + aNote + `: member "\u00e9" stands twice`},
	{"duplicate member, spelled with an escape", note(`,"\u0069d":"` + aNote + `"`), `member "id" stands twice`},
	{"duplicate member deep inside", note(`,"x":[{"y":{"a":1,"a":1}}]`), `member "a" stands twice`},
	{"invalid UTF-8", note(",\"x\":\"\xff\""), "invalid UTF-8"},
	{"UTF-8 too long", note(",\"x\":\"\xc0\xaf\""), "invalid UTF-8"},
	{"surrogate in UTF-8", note(",\"x\":\"\xed\xa0\x80\""), "invalid UTF-8"},
	{"invalid UTF-8 in a name", note(",\"\xff\":1"), "invalid UTF-8"},
	{"lone high surrogate", note(`,"x":"\ud800"`), "invalid surrogate pair"},
	{"lone low surrogate", note(`,"x":"\udc00"`), "invalid surrogate pair"},
	{"surrogates swapped, in a name", note(`,"\udc00\ud800":1`), "invalid surrogate pair"},
	{"depth of 65", note(`,"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64)), "more than 64 deep (MaxDepth)"},
	{"depth beyond reason", note(`,"x":` + strings.Repeat(`{"":`, 200_000)), "more than 64 deep (MaxDepth)"},
	{"too large", note(`,"x":"` + strings.Repeat("a", MaxObject) + `"`), "more than 16777216 bytes (MaxObject)"},
	{"no type", `{"id":"` + aNote + `"}`, "object " + aNote + ": an object without a type"},
	{"no id", `{"type":"note"}`, `an object of type "note" without an id (expected id note--UUID)`},
	{"empty object", `{}`, "an object without a type"},
	{"type is a number", `{"type":1,"id":"` + aNote + `"}`, "line 1, column 9: type is a JSON number (expected a string)"},
	{"type too short", `{"type":"no","id":"no--f431f809-377b-45e0-aa1c-6a4751cae5ff"}`, `type "no" is not a type name`},
	{"type too long", object(strings.Repeat("x", 251), ""), "is not a type name"},
	{"type in capitals", object("Note", ""), `type "Note" is not a type name`},
	{"type with an underscore", object("x_note", ""), "is not a type name"},
	{"type with two hyphens", object("x--note", ""), "is not a type name"},
	{"type with a hyphen at the end", object("note-", ""), "is not a type name"},
	{"type is not the prefix", `{"type":"report","id":"` + aNote + `"}`, `type "report" and id "` + aNote + `" disagree`},
	{"id is null", `{"type":"note","id":null}`, "id is a JSON null (expected a string)"},
	{"id without UUID", `{"type":"note","id":"note--1"}`, `id "note--1" is not a STIX id`},
	{"id in capitals", `{"type":"note","id":"note--F431f809-377b-45e0-aa1c-6a4751cae5ff"}`, "is not a STIX id (expected type--UUID, with the UUID in lower case)"},
	{"id in braces", `{"type":"note","id":"note--{f431f809-377b-45e0-aa1c-6a4751cae5ff}"}`, "is not a STIX id"},
	{"id with a line break", `{"type":"note","id":"` + aNote + `\n"}`, "is not a STIX id"},
	{"spec_version of the future", note(`,"spec_version":"3.0"`), `spec_version "3.0" is not known here (expected 2.1 or 2.0)`},
	{"spec_version is a number", note(`,"spec_version":2.1`), "spec_version is a JSON number"},
	{"no created", note(`,"spec_version":"2.1","modified":"2016-05-13T08:17:27Z"`), "no created (STIX 2.1 §3.2"},
	{"no modified", note(`,"spec_version":"2.1","created":"2016-05-13T08:17:27Z"`), "no modified (STIX 2.1 §3.2"},
	{"relationship without times", object("relationship", `,"spec_version":"2.1"`), "no created"},
	{"marking without created", object("marking-definition", `,"spec_version":"2.1","definition_type":"tlp","definition":{}`), "no created"},
	{"marking that marks nothing", object("marking-definition", `,"spec_version":"2.1","created":"2016-05-13T08:17:27Z","definition_type":"tlp"`), "a marking that says nothing"},
	{"extension of nobody", object("extension-definition", `,"spec_version":"2.1",`+times), "no created_by_ref"},
	{"time with an offset", note(`,"created":"2016-05-13T08:17:27+02:00"`), `created "2016-05-13T08:17:27+02:00" is not a timestamp (expected RFC 3339 in UTC`},
	{"time in small letters", note(`,"created":"2016-05-13t08:17:27z"`), "is not a timestamp"},
	{"30 February", note(`,"modified":"2016-02-30T00:00:00Z"`), "is not a timestamp"},
	{"ten digits", note(`,"modified":"2016-02-03T00:00:00.0123456789Z"`), "is not a timestamp"},
	{"the time that means none", note(`,"modified":"0001-01-01T00:00:00Z"`), "is not a timestamp"},
	{"time is a number", note(`,"modified":1463127447`), "modified is a JSON number"},
	{"bad time in a custom type", object("x-unit", `,"created":"yesterday"`), `created "yesterday" is not a timestamp`},
	{"revoked is text", note(`,"revoked":"true"`), "revoked is a JSON string (expected true or false)"},
	{"created_by_ref is no id", note(`,"created_by_ref":"me"`), `created_by_ref "me" is not a STIX id`},
	{"created_by_ref is a list", note(`,"created_by_ref":["` + someone + `"]`), "created_by_ref is a JSON list"},
	{"a bundle", inBundle(note("")), "a bundle, where one STIX object was expected (split the bundle first)"},
	{"a long hostile text in an error", `{"type":"` + strings.Repeat(`\u001b`, 1000) + `"}`, `type "` + strings.Repeat(`\x1b`, 60) + `"… is not`},
}

func TestRefused(t *testing.T) {
	for _, v := range refused {
		t.Run(v.name, func(t *testing.T) {
			_, err := Parse([]byte(v.input))
			if err == nil {
				t.Fatal("accepted")
			}
			checkError(t, []byte(v.input), err)
			if !strings.Contains(err.Error(), v.want) {
				t.Fatalf("error %q\nwant    %q", err, v.want)
			}
			checkParse(t, []byte(v.input))
			if v.name == "a bundle" {
				return // what Split is for
			}
			// Whatever is no object is no file either, and spoils a bundle.
			checkSplit(t, []byte(v.input))
			if _, err := Split([]byte(inBundle(note("") + "," + v.input))); err == nil {
				t.Fatal("accepted in a bundle")
			}
		})
	}
}

func TestLargestObject(t *testing.T) {
	input := note(`,"x":"` + strings.Repeat("a", MaxObject-len(note(`,"x":""`))) + `"`)
	if len(input) != MaxObject {
		t.Fatal("the test is wrong")
	}
	if _, err := Parse([]byte("  " + input + "\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse([]byte(strings.Replace(input, "aaa", "aaaa", 1))); err == nil {
		t.Fatal("one byte more was accepted")
	}
	if _, err := Split([]byte(inBundle(input + "," + input))); err != nil {
		t.Fatalf("the limit is for one object, not for the bundle: %v", err)
	}
}

func TestNameIsCut(t *testing.T) {
	for _, v := range []struct{ member, text, want string }{
		{"name", strings.Repeat("ж", 201), strings.Repeat("ж", 200)},
		{"name", strings.Repeat(`\u0436`, 200), strings.Repeat("ж", 200)},
		{"value", strings.Repeat("😀", 300), strings.Repeat("😀", 200)},
		{"name", `line\nbreak`, "line\nbreak"},
		{"content", strings.Repeat("word ", 50), strings.TrimSpace(strings.Repeat("word ", 40))},
		{"content", strings.Repeat("x", 300), strings.Repeat("x", 200)},
	} {
		o, err := Parse([]byte(note(`,"` + v.member + `":"` + v.text + `"`)))
		if err != nil || o.Name != v.want {
			t.Errorf("%s: got %q, %v", v.member, o.Name, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := Split([]byte("{\"type\":\"bundle\",\n\"objects\":[\n{\"type\":\"note\", \"id\":\"" + aNote + "\", \"revoked\":0}]}"))
	var e *Error
	if !errors.As(err, &e) || e.Line != 3 || e.Object != aNote || e.Hint == "" {
		t.Fatalf("%+v", err)
	}
	want := "line 3, column 78: object " + aNote + ": revoked is a JSON number (expected true or false)"
	if err.Error() != want {
		t.Fatalf("%q\nwant %q", err, want)
	}
}

func TestID(t *testing.T) {
	id, err := ParseID(aMarking)
	if err != nil || id.Type() != "marking-definition" || !IsStandardMarking(id) {
		t.Fatalf("%v, %v", id, err)
	}
	if ID("").Type() != "" || IsStandardMarking(someone) || !IsStandardExtension(tlpExtension) || IsStandardExtension(id) {
		t.Fatal("wrong about an id")
	}
	for _, bad := range []string{"", "note", "note--", aNote[6:], aNote + "0", " " + aNote, "--" + aNote[6:], "note-" + aNote[4:]} {
		if id, err := ParseID(bad); err == nil || id != "" {
			t.Errorf("ParseID(%q) = %q, %v", bad, id, err)
		}
	}
	a, b := NewID("report"), NewID("report")
	if _, err := ParseID(string(a)); err != nil || a == b || a[len("report--")+14] != '4' {
		t.Fatalf("NewID: %s, %s, %v", a, b, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("NewID made an id of a type that is no type")
		}
	}()
	NewID("Report ")
}
