package stix

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2014, 6, 10, 4, 5, 6, 7_008_009, time.FixedZone("", 3*60*60))

// The ids were computed with another language's SHA-1, JSON and UUID version 5.
func TestDeterministicIDs(t *testing.T) {
	fox := []byte("The quick brown fox jumps over the lazy dog")
	for _, v := range []struct {
		mime string
		data []byte
		want string
	}{
		{"text/plain", fox, `{"type":"artifact","spec_version":"2.1","id":"artifact--bdd094ea-453a-5c3c-a8e3-3ce755e4da78",` +
			`"mime_type":"text/plain","hashes":{"SHA-256":"d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"},` +
			`"payload_bin":"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZw=="}`},
		{"", nil, `{"type":"artifact","spec_version":"2.1","id":"artifact--0060ddc3-eaec-5853-a010-bcb073e6cbbf",` +
			`"hashes":{"SHA-256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"payload_bin":""}`},
	} {
		o, err := NewArtifact(v.mime, v.data)
		if err != nil || string(o.Raw) != v.want {
			t.Errorf("%v\n got %s\nwant %s", err, o.Raw, v.want)
		}
	}
	for _, v := range []struct {
		name string
		data []byte
		want ID
	}{
		{"notes.txt", fox, "file--154f127a-4919-53e5-80d9-5ab1ae2c2099"},
		{"notes.txt", nil, "file--546c5255-5995-52ef-b6db-0247709edd3a"},
		{"Жур\"нал\\\n\x01 <&> \u2028 日.txt", fox, "file--bb5f0a24-ce52-5f82-93d8-b83811e7ed4d"},
	} {
		o, err := NewFile(v.name, v.data, "")
		if err != nil || o.ID != v.want || o.Name != v.name {
			t.Errorf("%q: %s, %q, %v, want %s", v.name, o.ID, o.Name, err, v.want)
		}
	}
}

func TestFileRefersToItsArtifact(t *testing.T) {
	data := []byte("a line\n")
	artifact, err := NewArtifact("text/plain", data)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewFile("a <b> & c.txt", data, artifact.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Refs, []ID{artifact.ID}) || o.Type != "file" || o.Version() != "" {
		t.Fatalf("%+v", o)
	}
	var made struct {
		Name   string
		Size   int
		Hashes map[string]string
		Ref    ID `json:"content_ref"`
	}
	if err := json.Unmarshal(o.Raw, &made); err != nil {
		t.Fatal(err)
	}
	if made.Name != "a <b> & c.txt" || made.Size != len(data) || made.Ref != artifact.ID ||
		made.Hashes["SHA-256"] != "786e184927ec9ddac3079c24999ac461b7cb89888f69efc053848f2d6dee7dd6" {
		t.Fatalf("%s\n%+v", o.Raw, made)
	}
}

func TestLargestArtifact(t *testing.T) {
	most := (MaxObject - artifactFrame - len("application/pdf")) / 4 * 3
	data := bytes.Repeat([]byte{0xa7, 0, '"'}, most/3)
	o, err := NewArtifact("application/pdf", data)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Payload string `json:"payload_bin"`
	}
	if err := json.Unmarshal(o.Raw, &made); err != nil {
		t.Fatal(err)
	}
	if back, err := base64.StdEncoding.DecodeString(made.Payload); err != nil || !bytes.Equal(back, data) {
		t.Fatalf("the payload is not the data: %v", err)
	}
	_, err = NewArtifact("application/pdf", append(data, 1, 2, 3))
	if err == nil || !strings.Contains(err.Error(), "over the limit of 16777216 (MaxObject)") {
		t.Fatalf("error %v", err)
	}
}

func TestMadeObjects(t *testing.T) {
	desk, err := NewIdentity(now, "Desk of the Examples", "organization")
	if err != nil {
		t.Fatal(err)
	}
	note, err := NewNote(now, "", "Saw\ntwo trucks", desk.ID, []ID{aFile})
	if err != nil {
		t.Fatal(err)
	}
	report, err := NewReport(now, "Weekly", "What was seen", now.Add(time.Hour), desk.ID, []ID{note.ID, desk.ID, aFile})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		o    Object
		name string
		refs []ID
		want string
	}{
		{desk, "Desk of the Examples", nil, `{"type":"identity","spec_version":"2.1","id":"` + string(desk.ID) + `",` +
			`"created":"2014-06-10T01:05:06.007008Z","modified":"2014-06-10T01:05:06.007008Z",` +
			`"name":"Desk of the Examples","identity_class":"organization"}`},
		{note, "Saw two trucks", []ID{aFile, desk.ID}, `{"type":"note","spec_version":"2.1","id":"` + string(note.ID) + `","created_by_ref":"` + string(desk.ID) + `",` +
			`"created":"2014-06-10T01:05:06.007008Z","modified":"2014-06-10T01:05:06.007008Z",` +
			`"content":"Saw\ntwo trucks","object_refs":["` + aFile + `"]}`},
		{report, "Weekly", []ID{aFile, desk.ID, note.ID}, `{"type":"report","spec_version":"2.1","id":"` + string(report.ID) + `","created_by_ref":"` + string(desk.ID) + `",` +
			`"created":"2014-06-10T01:05:06.007008Z","modified":"2014-06-10T01:05:06.007008Z",` +
			`"name":"Weekly","description":"What was seen","published":"2014-06-10T02:05:06.007008Z",` +
			`"object_refs":["` + string(note.ID) + `","` + string(desk.ID) + `","` + aFile + `"]}`},
	} {
		if string(v.o.Raw) != v.want {
			t.Errorf("got  %s\nwant %s", v.o.Raw, v.want)
		}
		if v.o.Name != v.name || v.o.Version() != "2014-06-10T01:05:06.007008Z" || !slices.Equal(v.o.Refs, sorted(v.refs)) {
			t.Errorf("%+v", v.o)
		}
	}
	whole, err := NewIdentity(now.Truncate(time.Second), "x", "")
	if err != nil || !strings.Contains(string(whole.Raw), `"created":"2014-06-10T01:05:06.000Z"`) {
		t.Errorf("whole seconds need three digits: %s, %v", whole.Raw, err)
	}
}

func TestMakeRefuses(t *testing.T) {
	refs := []ID{aNote}
	for _, v := range []struct {
		name, want string
		make       func() (Object, error)
	}{
		{"report without a name", "stix: make report: name is empty", func() (Object, error) { return NewReport(now, "", "", now, "", refs) }},
		{"report without a time", "created is ", func() (Object, error) { return NewReport(time.Time{}, "x", "", now, "", refs) }},
		{"report not published", "published is ", func() (Object, error) { return NewReport(now, "x", "", time.Time{}, "", refs) }},
		{"report in the year 10000", "not a time of the years 0 to 9999", func() (Object, error) {
			return NewReport(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "x", "", now, "", refs)
		}},
		{"report of nothing", "object_refs is empty", func() (Object, error) { return NewReport(now, "x", "", now, "", nil) }},
		{"report of no id", "object_refs, number 2: stix id", func() (Object, error) { return NewReport(now, "x", "", now, "", []ID{aNote, `","x":"`}) }},
		{"report by a file", "created_by_ref is " + aFile + ", want an id of type identity", func() (Object, error) { return NewReport(now, "x", "", now, aFile, refs) }},
		{"report that is not UTF-8", `description "\xff" is not UTF-8`, func() (Object, error) { return NewReport(now, "x", "\xff", now, "", refs) }},
		{"note without content", "stix: make note: content is empty", func() (Object, error) { return NewNote(now, "x", "", "", refs) }},
		{"note too large", "MaxObject", func() (Object, error) { return NewNote(now, "x", strings.Repeat("a", MaxObject), "", refs) }},
		{"note by nobody's id", "created_by_ref: stix id", func() (Object, error) { return NewNote(now, "x", "x", "me", refs) }},
		{"identity without a name", "stix: make identity: name is empty", func() (Object, error) { return NewIdentity(now, "", "group") }},
		{"file without a name", "stix: make file: name is empty", func() (Object, error) { return NewFile("", nil, "") }},
		{"file name that is not UTF-8", "is not UTF-8", func() (Object, error) { return NewFile("\xc3(", nil, "") }},
		{"file in a note", "content_ref is " + aNote, func() (Object, error) { return NewFile("x", nil, aNote) }},
		{"MIME type that is not UTF-8", "mime_type", func() (Object, error) { return NewArtifact("\xff", nil) }},
	} {
		t.Run(v.name, func(t *testing.T) {
			o, err := v.make()
			if err == nil || o.Raw != nil || !strings.Contains(err.Error(), v.want) {
				t.Fatalf("%s, error %v\nwant %s", o.Raw, err, v.want)
			}
		})
	}
}
