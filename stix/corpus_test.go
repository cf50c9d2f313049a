package stix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// split reads a file of the public data and makes sure that no byte of any
// object changed, against another JSON decoder that keeps bytes.
func split(t *testing.T, data []byte) []Object {
	t.Helper()
	objects, err := Split(data)
	if err != nil {
		t.Fatal(err)
	}
	var plain struct{ Objects []json.RawMessage }
	if err := json.Unmarshal(data, &plain); err != nil {
		t.Fatal(err)
	}
	if len(objects) != len(plain.Objects) {
		t.Fatalf("%d objects, want %d", len(objects), len(plain.Objects))
	}
	for i, o := range objects {
		if !bytes.Equal(o.Raw, plain.Objects[i]) {
			t.Fatalf("%s: the bytes changed", o.ID)
		}
	}
	return objects
}

func checkModel(t *testing.T, objects []Object) {
	t.Helper()
	for _, o := range objects {
		want, good := modelParse(o.Raw)
		if !good {
			t.Fatalf("%s: the model refuses it", o.ID)
		}
		checkSame(t, o, want)
	}
}

func byType(objects []Object) map[string]int {
	count := make(map[string]int)
	for _, o := range objects {
		count[o.Type]++
	}
	return count
}

func TestAttackEnterprise(t *testing.T) {
	objects := split(t, attackEnterprise(t))
	count := byType(objects)
	if len(objects) != 24_771 || count["relationship"] != 20_048 || count["attack-pattern"] != 835 || count["marking-definition"] != 1 {
		t.Fatalf("%d objects: %v", len(objects), count)
	}
	for _, o := range objects {
		if o.SpecVersion != "2.1" || o.Created.IsZero() || o.Version() == "" && o.Type != "marking-definition" ||
			o.Name == "" && o.Type != "relationship" && o.Type != "marking-definition" {
			t.Fatalf("%+v", o)
		}
	}
	checkModel(t, objects)
}

func TestAttackICS(t *testing.T) {
	type version struct {
		id   ID
		time string
	}
	var objects []Object
	files := attackICS(t)
	for _, data := range files {
		objects = append(objects, split(t, data)...)
	}
	ids := make(map[ID]bool)
	ours := make(map[version]map[string]bool)
	spelled := make(map[version]map[string]bool) // times as they are written, created where there is no modified
	add := func(to map[version]map[string]bool, v version, content string) {
		if to[v] == nil {
			to[v] = make(map[string]bool)
		}
		to[v][content] = true
	}
	for _, o := range objects {
		var times struct{ Created, Modified string }
		if err := json.Unmarshal(o.Raw, &times); err != nil {
			t.Fatal(err)
		}
		content := canonical(t, o.Raw)
		ids[o.ID] = true
		add(ours, version{o.ID, o.Version()}, content)
		add(spelled, version{o.ID, cmp.Or(times.Modified, times.Created)}, content)
	}
	conflicts := func(contents map[version]map[string]bool) (n int) {
		for _, c := range contents {
			if len(c) > 1 {
				n++
			}
		}
		return n
	}
	if len(files) != 24 || len(objects) != 31_909 || len(ids) != 2_296 || len(spelled) != 7_948 || conflicts(spelled) != 1_227 {
		t.Errorf("%d files, %d objects, %d ids, %d versions, %d of them with differing contents",
			len(files), len(objects), len(ids), len(spelled), conflicts(spelled))
	}
	// One marking writes its created in two ways; it is never modified, so here it has one version.
	if len(ours) != 7_947 || conflicts(ours) != 1_226 {
		t.Errorf("%d versions by Version, %d of them with differing contents", len(ours), conflicts(ours))
	}
	checkModel(t, objects)
}

// canonical writes JSON with members and lists in order: two objects that say
// the same are the same text.
func canonical(t *testing.T, raw []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var write func(any) string
	write = func(v any) string {
		var parts []string
		switch v := v.(type) {
		case map[string]any:
			for name, e := range v {
				parts = append(parts, name+"\x00"+write(e))
			}
		case []any:
			for _, e := range v {
				parts = append(parts, write(e))
			}
		default:
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		slices.Sort(parts)
		return "(" + strings.Join(parts, "\x01") + ")"
	}
	return write(v)
}

func TestExamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(shared(t, "stix-examples", "cti-documentation"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []Object
	for _, path := range paths {
		objects = append(objects, split(t, readFile(t, path))...)
	}
	count := byType(objects)
	if len(objects) != 293 || count["sighting"] != 2 || count["marking-definition"] != 2 {
		t.Fatalf("%d objects: %v", len(objects), count)
	}
	geography := split(t, readFile(t, shared(t, "stix-examples", "opencti", "geography.json")))
	if n := byType(geography)["location"]; n != 272 {
		t.Fatalf("%d locations", n)
	}
	checkModel(t, objects)
	checkModel(t, geography)

	// The ids that the standard's authors computed for observables are ours too.
	checked := 0
	for _, o := range objects {
		var properties map[string]any
		if err := json.Unmarshal(o.Raw, &properties); err != nil {
			t.Fatal(err)
		}
		contributing := make(map[string]any)
		switch o.Type {
		case "windows-registry-key":
			contributing["key"] = properties["key"]
		case "file":
			hashes := properties["hashes"].(map[string]any)
			contributing["hashes"] = map[string]any{"MD5": hashes["MD5"]} // the first of several, §2.9
			contributing["name"] = properties["name"]
		default:
			continue
		}
		b, err := json.Marshal(contributing)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := deterministicID(o.Type, b); err != nil || id != o.ID {
			t.Errorf("%s: computed %s, %v", o.ID, id, err)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d observables, want 2", checked)
	}
}

func TestUnit42(t *testing.T) {
	total := 0
	for name, want := range map[string]int{"2024-02-08-Pikabot.json": 10, "api-hammering-technique.json": 36, "hellokitty-ransomware.json": 56} {
		objects := split(t, readFile(t, shared(t, "stix-unit42-v20", name)))
		if len(objects) != want {
			t.Errorf("%s: %d objects, want %d", name, len(objects), want)
		}
		for _, o := range objects {
			if o.SpecVersion != "2.0" || o.Version() == "" {
				t.Errorf("%s: spec_version %s, version %s", o.ID, o.SpecVersion, o.Version())
			}
		}
		checkModel(t, objects)
		total += len(objects)
	}
	if total != 102 {
		t.Errorf("%d objects", total)
	}
}
