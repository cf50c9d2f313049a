package stix

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"entente"
)

func TestStandardMarkings(t *testing.T) {
	for _, v := range []struct{ id, want string }{
		{"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", `"created":"2022-10-01T00:00:00.000Z","name":"TLP:CLEAR","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"clear"}}}`},
		{"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", `"created":"2022-10-01T00:00:00.000Z","name":"TLP:AMBER+STRICT","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber+strict"}}}`},
		{"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", `"created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","name":"TLP:WHITE","definition":{"tlp":"white"}}`},
		{"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", `"created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","name":"TLP:RED","definition":{"tlp":"red"}}`},
	} {
		o, ok := StandardMarking(ID(v.id))
		if want := `{"type":"marking-definition","spec_version":"2.1","id":"` + v.id + `",` + v.want; !ok || string(o.Raw) != want {
			t.Errorf("%v\n got %s\nwant %s", ok, o.Raw, want)
		}
	}
	if o, ok := StandardMarking(ID(aMarking[:len(aMarking)-1] + "b")); ok || o.Raw != nil {
		t.Errorf("%s is no standard", o.Raw)
	}
	for _, label := range entente.TLPs {
		id := TLPMarking(label)
		o, ok := StandardMarking(id)
		d, err := readDefinition(o)
		if !ok || err != nil || d.tlp != label || !IsStandardMarking(id) || o.Name != "TLP:"+strings.ToUpper(string(label)) {
			t.Errorf("%s: %s, read as %+v, %v", label, o.Raw, d, err)
		}
	}
	if id := TLPMarking("white"); id != "" {
		t.Errorf("TLP 2.0 has no white: %s", id)
	}
}

func TestMarkings(t *testing.T) {
	rights, err := NewStatement(now, "Not for \"resale\"", someone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewStatement(now, "", ""); err == nil || !strings.Contains(err.Error(), "statement is empty") {
		t.Errorf("an empty statement: %v", err)
	}
	definition := func(n string, rest string) Object {
		o, err := Parse([]byte(`{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--f431f809-377b-45e0-aa1c-6a4751cae5f` + n + `","created":"2017-01-20T00:00:00.000Z",` + rest + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	ownTLP := definition("1", `"definition_type":"tlp","definition":{"tlp":"white"}`)
	odd := definition("2", `"definition_type":"iep","definition":{"x":1}`)
	strange := definition("3", `"definition_type":"tlp","definition":{"tlp":"purple"}`)
	absent := ID("marking-definition--f431f809-377b-45e0-aa1c-6a4751cae5f4")
	red, amber, strict := TLPMarking("red"), ID("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"), TLPMarking("amber+strict")
	list := func(ids ...ID) string {
		var quoted []string
		for _, id := range ids {
			quoted = append(quoted, `"`+string(id)+`"`)
		}
		return `,"object_marking_refs":[` + strings.Join(quoted, ",") + `]`
	}
	for _, v := range []struct {
		name, rest string
		want       Marks
	}{
		{"none", "", Marks{}},
		{"TLP 1.0 amber is wider than 2.0 amber+strict", list(amber, strict), Marks{Refs: []ID{amber, strict}, TLP: "amber+strict"}},
		{"a statement", list(rights.ID, ownTLP.ID), Marks{Refs: []ID{rights.ID, ownTLP.ID}, TLP: "clear", Statements: []string{`Not for "resale"`}}},
		{"what nobody knows", list(strange.ID, absent, odd.ID), Marks{Refs: []ID{strange.ID, absent, odd.ID}, Unknown: []ID{odd.ID, strange.ID, absent}}},
		{
			"a part of it in red", list(amber) + `,"labels":["a","b"],"x":{"y-z":[1]},"granular_markings":[{"lang":"fr","selectors":["labels"]},` +
				`{"marking_ref":"` + string(red) + `","selectors":["labels.[1]","x.y-z.[0]","labels.[2]","content"]}]`,
			Marks{
				Refs: []ID{amber}, TLP: "red",
				Granular: []GranularMark{{red, []string{"labels.[1]", "x.y-z.[0]", "labels.[2]", "content"}, []string{"/labels/1", "/x/y-z/0", "", ""}, "red"}},
			},
		},
	} {
		o, err := Parse([]byte(note(`,"spec_version":"2.1",` + times + v.rest)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Markings(o, rights, ownTLP, odd, strange, o)
		if err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", v.name, err, got, v.want)
		}
	}
}

func TestMarkingsThatCannotBeRead(t *testing.T) {
	entry := func(selector string) string {
		return `"granular_markings":[{"marking_ref":"` + aMarking + `","selectors":[` + selector + `]}]`
	}
	for rest, want := range map[string]string{
		`"object_marking_refs":"` + aMarking + `"`:       "object_marking_refs: a JSON string, expected a list",
		`"object_marking_refs":[1]`:                      "expected the id of a marking definition",
		`"object_marking_refs":["` + someone + `"]`:      "expected the id of a marking definition",
		`"granular_markings":{}`:                         "is a JSON object, expected a list",
		`"granular_markings":[1]`:                        "item 0: expected a list of selectors",
		`"granular_markings":[{"selectors":["labels"]}]`: "expected a marking_ref or a lang",
		entry(``):                  "expected a list of selectors",
		entry(`1`):                 "a selector is a JSON number",
		entry(`"a..b"`) + `,"x":1`: `selector "a..b"`,
		entry(`""`):                `selector ""`,
		entry(`"[0]"`):             "expected names and [indexes]",
		entry(`"a.[01]"`):          "expected names and [indexes]",
		entry(`"a.[-1]"`):          "expected names and [indexes]",
		strings.Replace(entry(`"a"`), aMarking, someone, 1): "marking_ref: " + someone,
	} {
		o, err := Parse([]byte(note(`,` + times + `,` + rest)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Markings(o)
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(m, Marks{}) {
			t.Errorf("%s: %+v, error %v\nwant %s", rest, m, err, want)
		}
	}
	if _, err := Markings(Object{Raw: []byte(`{"a"`)}); err == nil {
		t.Error("half an object was read")
	}
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	if _, err := Leaves(Object{Raw: []byte(deep)}); err == nil || !strings.Contains(err.Error(), "MaxDepth") {
		t.Errorf("too deep: %v", err)
	}
}

// A hostile object has as many selectors as items; reading it must not compare
// each with each, which would take minutes here.
func TestManySelectors(t *testing.T) {
	const many = 100_000
	var labels, names, selectors strings.Builder
	for i := range many {
		fmt.Fprintf(&labels, `,"%d"`, i)
		fmt.Fprintf(&names, `,"n%d":0`, i)
		fmt.Fprintf(&selectors, `,"labels.[%d]","n%d"`, many-1-i, i)
	}
	o, err := Parse([]byte(note(`,"labels":[` + labels.String()[1:] + `]` + names.String() +
		`,"granular_markings":[{"marking_ref":"` + aMarking + `","selectors":[` + selectors.String()[1:] + `]}]`)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Markings(o)
	if err != nil || len(m.Granular[0].Paths) != 2*many || m.Granular[0].Paths[0] != "/labels/99999" || m.Granular[0].Paths[2*many-1] != "/n99999" {
		t.Fatalf("%d marks, %v", len(m.Granular), err)
	}
	tear, err := Edit(o, dayOfEdit, []Change{{"/labels/0", OpDrop, ""}})
	if err != nil || !strings.Contains(string(tear.Raw), `"selectors":["labels.[99998]"`) {
		t.Fatal(err)
	}
}
