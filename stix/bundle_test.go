package stix

import (
	"strings"
	"testing"
)

func TestBundle(t *testing.T) {
	one := note(`,"x":[ 1.0 , "` + aFile + `" ]`)
	two := object("url", `,"value":"https://example.org/"`)
	for _, v := range []struct{ name, input string }{
		{"plain", inBundle(one + "," + two)},
		{"2.0 bundle", `{"spec_version":"2.0","id":"` + aBundle + `","type":"bundle","objects":[` + one + "," + two + `]}`},
		{"type after the objects", `{"objects":[` + one + "," + two + `],"id":"` + aBundle + `","x":{"y":[]},"type":"bundle"}`},
		{"members spelled with escapes", `{"\u0074ype":"\u0062undle","i\u0064":"` + aBundle + `","\u006fbjects":[` + one + "," + two + `]}`},
		{"white space", " { \"type\" :\n\"bundle\" , \"id\":\"" + aBundle + "\"\t,\"objects\":[ " + one + "\n,\r" + two + " ] } \n"},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkSplit(t, []byte(v.input))
			objects, err := Split([]byte(v.input))
			if err != nil {
				t.Fatal(err)
			}
			if len(objects) != 2 || string(objects[0].Raw) != one || string(objects[1].Raw) != two {
				t.Fatalf("%+v", objects)
			}
		})
	}
}

func TestBundleRefused(t *testing.T) {
	for _, v := range []struct{ name, input, want string }{
		{"empty", inBundle(""), "an empty bundle (expected a list \"objects\" with at least one STIX object)"},
		{"no objects", `{"type":"bundle","id":"` + aBundle + `"}`, "an empty bundle"},
		{"objects not a list", `{"type":"bundle","id":"` + aBundle + `","objects":` + note("") + `}`, "the bundle's \"objects\" is a JSON object (expected a list of STIX objects)"},
		{"no id", `{"type":"bundle","objects":[` + note("") + `]}`, "a bundle without an id (expected id bundle--UUID)"},
		{"id of another type", `{"type":"bundle","id":"` + aNote + `","objects":[` + note("") + `]}`, "the bundle's id is \"" + aNote + "\""},
		{"no type", `{"id":"` + aBundle + `","objects":[` + note("") + `]}`, "an object without a type"},
		{"nested", inBundle(inBundle(note(""))), "a bundle inside a bundle"},
		{"text among the objects", inBundle(note("") + `,"` + aNote + `"`), "an entry of the bundle is a JSON string (expected a STIX object)"},
		{"list among the objects", inBundle("[" + note("") + "]"), "an entry of the bundle is a JSON list"},
		{"comma at the end", inBundle(note("") + ","), "not JSON"},
		{"cut short", inBundle(note(""))[:120], "the input ends in the middle"},
		{"two bundles", inBundle(note("")) + inBundle(note("")), "more bytes after the end"},
		{"duplicate objects", strings.Replace(inBundle(note("")), `"objects"`, `"objects":[`+note("")+`],"objects"`, 1), `member "objects" stands twice`},
		{"duplicate type", strings.Replace(inBundle(note("")), `"objects"`, `"type":"note","objects"`, 1), `member "type" stands twice`},
		{"deep", strings.Replace(inBundle(note("")), `"objects"`, `"x":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+`,"objects"`, 1), "more than 64 deep"},
		{"the last is bad", inBundle(note("") + "," + note(`,"revoked":1`)), "object " + aNote + ": revoked is a JSON number"},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkSplit(t, []byte(v.input))
			objects, err := Split([]byte(v.input))
			if err == nil || objects != nil {
				t.Fatalf("accepted: %+v", objects)
			}
			if !strings.Contains(err.Error(), v.want) {
				t.Fatalf("error %q\nwant    %q", err, v.want)
			}
		})
	}
}

func TestBundleOfTooMany(t *testing.T) {
	object := note("")
	most := inBundle(strings.Repeat(object+",", MaxObjects-1) + object)
	count := 0
	for _, err := range Objects([]byte(most)) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != MaxObjects {
		t.Fatalf("%d objects", count)
	}
	var last error
	count = 0
	for _, err := range Objects([]byte(strings.Replace(most, object, object+","+object, 1))) {
		if err == nil {
			count++
		}
		last = err
	}
	if last == nil || count != MaxObjects || !strings.Contains(last.Error(), "MaxObjects") {
		t.Fatalf("%d objects, error %v", count, last)
	}
}

func TestObjectsStopsWhenAsked(t *testing.T) {
	count := 0
	for _, err := range Objects([]byte(inBundle(note("") + "," + note("") + ",]"))) {
		if err != nil {
			t.Fatal(err)
		}
		if count++; count == 2 {
			break
		}
	}
	if count != 2 {
		t.Fatalf("%d objects", count)
	}
}
