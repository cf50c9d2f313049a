package release

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entente"
	"entente/stix"
)

func TestMarkingConflict(t *testing.T) {
	red, unknown := stix.TLPMarking(entente.TLPRed), stix.ID("marking-definition--7c1f6a80-2f6e-4a2b-9a55-0d3a1c5e9b11")
	rights, err := stix.NewStatement(now, "Not for resale", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name, rest string
		tlp        entente.TLP
		want       string
		label      entente.TLP
		caveats    []string
	}{
		{"nothing marked", ``, "clear", "", "", nil},
		{"red as red", `,"object_marking_refs":["` + string(red) + `"]`, "red", "", "red", nil},
		{"red as green", `,"object_marking_refs":["` + string(red) + `"]`, "green", "the object is marked TLP:RED, the handling says TLP:GREEN", "red", nil},
		{"the old amber as amber+strict", `,"object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]`, "amber+strict", "", "amber", nil},
		{"a part in red", `,"granular_markings":[{"marking_ref":"` + string(red) + `","selectors":["content"]}]`, "amber", "marked TLP:RED at content, the handling", "red", nil},
		{"a statement", `,"object_marking_refs":["` + string(rights.ID) + `"]`, "clear", "", "", []string{"Not for resale"}},
		{"a marking that nobody knows", `,"object_marking_refs":["` + string(unknown) + `"]`, "red", "nobody can tell what " + string(unknown) + " asks", "", nil},
		{"a label that nobody knows", `,"object_marking_refs":["` + string(red) + `"]`, "purple", "the handling says TLP:PURPLE", "red", nil},
	} {
		m, err := stix.Markings(object(t, `"content":"x"`+v.rest), rights)
		if err != nil {
			t.Fatal(err)
		}
		got := MarkingConflict(entente.Handling{TLP: v.tlp}, m)
		if (got == "") != (v.want == "") || !strings.Contains(got, v.want) {
			t.Errorf("%s: %q, want %q", v.name, got, v.want)
		}
		if tlp, caveats := FromMarkings(m); tlp != v.label || !slices.Equal(caveats, v.caveats) {
			t.Errorf("%s: %q, %q", v.name, tlp, caveats)
		}
	}
}

const recordID = "note--0f0e4f3c-6c39-4a55-8e5c-2f6d1c9a7e10"

// object is a note with these members.
func object(t rapid.TB, members string) stix.Object {
	t.Helper()
	raw := `{"type":"note","spec_version":"2.1","id":"` + recordID + `","created":"2025-11-03T09:41:12.000Z","modified":"2025-12-01T10:20:30.000Z",` + members + `}`
	o, err := stix.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%s\n%v", raw, err)
	}
	return o
}
