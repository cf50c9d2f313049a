package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente/stix"
)

func publicRecordOf(t *testing.T) (*publicRecord, []stix.Object) {
	t.Helper()
	r, err := readPublicRecord(demoTable)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := r.bundle()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := stix.Split(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return r, objects
}

func TestPublicRecordIsSTIX(t *testing.T) {
	r, objects := publicRecordOf(t)
	again, err := r.bundle()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	var ids []stix.ID
	for _, o := range objects {
		counts[o.Type]++
		ids = append(ids, o.ID)
		if !bytes.Contains(again, o.Raw) {
			t.Errorf("%s: another time it has other bytes", o.ID)
		}
		if o.SpecVersion != "2.1" || !o.Created.Equal(r.Written) || !o.Modified.Equal(r.Written) {
			t.Errorf("%s: version %s, created %v, modified %v", o.ID, o.SpecVersion, o.Created, o.Modified)
		}
	}
	if counts["identity"] != 22 || counts["note"] != 19+3+6 || counts["report"] != 1 || len(objects) != 51 {
		t.Errorf("counts %v", counts)
	}
	if !slices.Equal(ids, r.all()) {
		t.Errorf("all() lists other ids than the bundle has:\n%v\n%v", r.all(), ids)
	}
	for _, o := range objects {
		for _, ref := range o.Refs {
			if !slices.Contains(ids, ref) {
				t.Errorf("%s (%s) refers to %s, which is not in the bundle", o.ID, o.Name, ref)
			}
		}
		if o.Type == "report" && len(o.Refs) != counts["note"] {
			t.Errorf("the report gathers %d notes of %d", len(o.Refs), counts["note"])
		}
	}
	if text := string(demoTable); strings.Contains(text, "http") || strings.Contains(text, "www.") {
		t.Error("the table has an address")
	}
}

// The facts of the 19 statements: who, when, through which outlets, what they
// are about, and what must be in their words or must not.
func TestPublicRecordStates(t *testing.T) {
	r, objects := publicRecordOf(t)
	const none = "outlet not recorded"
	want := []struct {
		date, by, outlets string
		says              []string
	}{
		{"2015-09-25", "west", "Fox", []string{"Baghdad", "left open whether Iraq's government takes part"}},
		{"2015-09-25", "jaafari", "RFE/RL", []string{"not taken in any Russian advisers", "unaware"}},
		{"2015-09-25/26", "peskov", none, []string{"denies", "untrue"}},
		{"2015-09-26", "moscow", "Interfax|TASS|RIA|RT|SANA|Lenta|Times of Israel|RBC", []string{"agreed", "three months", "tasks"}},
		{"2015-09-26", "joc", "RFE/RL", []string{"confirms", "security", "intelligence"}},
		{"2015-09-27", "hadithi", "AFP", []string{"committee", "was not said", "no claim either way"}},
		{"2015-09-27/28", "nouri", "Washington Post", []string{"weeks", "shorter"}},
		{"2015-09-30", "pm-office", "Rudaw", []string{"information", "untrue", "military"}},
		{"2015-10-01", "abadi", none, []string{"glad", "strikes"}},
		{"2015-10 (early, a Tuesday)", "hadithi", "Sputnik", []string{"not begun", "building", "experts"}},
		{"2015-10-13", "zamili", "Reuters", []string{"about one week", "intelligence for strikes", "six people"}},
		{"2015-10-13", "tahsin", "Sputnik|RIA", []string{"still being set up", "nothing has gone out", "no strikes"}},
		{"2015-10-13", "official", "Reuters", []string{"two Russian generals with one star", "complete military alliance"}},
		{"2015-10-20", "dunford", none, []string{"Abadi", "Obeidi", "not asked Russia for strikes", "two hops"}},
		{"2015-10-30", "shahwan", "Arab Weekly", []string{"one at work", "gathers data"}},
		{"2018-02 and 2018-12", "allaq", none, []string{"headed by Iraq's DMI"}},
		{"2018-12", "centre", "RT", []string{"23,000", "430"}},
		{"2020-07", "moradian", none, []string{"more than 8,000"}},
		{"2020-11-29", "khafaji", none, []string{"still exists", "defence ministry"}},
	}
	if len(r.Statements) != len(want) || len(r.Conditions) != 3 || len(r.Readings) != 6 {
		t.Fatalf("%d statements, %d conditions, %d readings", len(r.Statements), len(r.Conditions), len(r.Readings))
	}
	byID := map[stix.ID]stix.Object{}
	for _, o := range objects {
		byID[o.ID] = o
	}
	for i, w := range want {
		s := r.Statements[i]
		if s.Date != w.date || s.By != w.by || strings.Join(s.Outlets, "|") != w.outlets {
			t.Errorf("statement %s: %s, %s, %v", s.Key, s.Date, s.By, s.Outlets)
		}
		for _, words := range w.says {
			if !strings.Contains(s.Content, words) {
				t.Errorf("statement %s does not say %q", s.Key, words)
			}
		}
		o := byID[statementID(s.Key)]
		var made struct {
			Abstract, Content string
			Refs              []stix.ID        `json:"object_refs"`
			External          []map[string]any `json:"external_references"`
		}
		if err := json.Unmarshal(o.Raw, &made); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(made.Abstract, w.date+" ") || made.Content != s.Content || made.Refs[0] != sourceID(w.by) {
			t.Errorf("statement %s: %+v", s.Key, made)
		}
		var outlets []string
		for _, e := range made.External {
			outlets = append(outlets, e["source_name"].(string))
			// STIX 2.1 §2.5 asks for one of description, url and external_id.
			if e["url"] != nil || e["description"] == nil {
				t.Errorf("statement %s: reference %v", s.Key, e)
			}
		}
		if strings.Join(outlets, "|") != w.outlets {
			t.Errorf("statement %s: references to %q", s.Key, outlets)
		}
	}
}

// Whoever and whatever is named in the table is named here, too: a name that
// slips in is found. The persons are those whose public statements these are.
func TestPublicRecordNamesNobodyElse(t *testing.T) {
	r, objects := publicRecordOf(t)
	speakers := []string{
		"Jaafari", "Peskov", "Hadithi", "Nouri", "Abadi", "Zamili", "Tahsin Ibrahim", "Dunford", "Obeidi",
		"Shahwan Abdullah", "Allaq", "Moradian", "Khafaji",
	}
	var persons []string
	for _, s := range r.Sources {
		if name, _, _ := strings.Cut(s.Name, ","); s.Class == "individual" {
			persons = append(persons, name)
		}
	}
	if !slices.Equal(persons, speakers) {
		t.Errorf("persons %q, expected %q", persons, speakers)
	}
	things := strings.Fields(strings.Join(speakers, " ") + ` Baghdad Damascus Iraq Iraqi Iraqis Iran Iranian February December Islamic State Joint Chiefs Staff States US DMI
		Moscow Riyadh Russia Russian Foreign Ministry Kremlin Saudi Arabia Syria United Nations Washington West Western American Interfax`)
	openers := strings.Fields(`A All An As At Bodies Both By Compiled Does Eight For Government How Information Intelligence It Its Joint
		Militants Neither Nineteen No Nothing Of Office On One Prime Public That The They This Tuesday Two Unnamed Until What Whether Whose`)
	word := regexp.MustCompile(`\p{L}+`)
	for _, o := range objects {
		var made map[string]any
		if err := json.Unmarshal(o.Raw, &made); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"name", "description", "abstract", "content"} {
			text, _ := made[member].(string)
			for _, w := range word.FindAllString(text, -1) {
				if w != strings.ToLower(w) && !slices.Contains(things, w) && !slices.Contains(openers, w) {
					t.Errorf("%s: %s has %q", o.Name, member, w)
				}
			}
		}
	}
}

// The facts come from press reports; their sentences do not. No six words in a
// row are those of the collected reports.
func TestPublicRecordCopiesNoSentence(t *testing.T) {
	root := os.Getenv("ENTENTE_SHARED")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root) // from the module's root
	}
	const row = 6
	runs := map[string]string{}
	eachRun := func(text string, each func(string)) {
		words := regexp.MustCompile(`[\p{L}\d]+`).FindAllString(strings.ToLower(text), -1)
		for i := range len(words) - row + 1 {
			each(strings.Join(words[i:i+row], " "))
		}
	}
	for _, name := range []string{"article.txt", "statements.md"} {
		b, err := os.ReadFile(filepath.Join(root, "seed", name))
		if err != nil {
			missing := "the collected reports are missing: " + err.Error() + "; set ENTENTE_SHARED to the folder that has seed/" + name
			if os.Getenv("ENTENTE_CI") == "1" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
		eachRun(string(b), func(run string) { runs[run] = name })
	}
	if len(runs) < 500 {
		t.Fatalf("only %d runs of words to compare with", len(runs))
	}
	r, _ := publicRecordOf(t)
	check := func(what, text string) {
		eachRun(text, func(run string) {
			if name := runs[run]; name != "" {
				t.Errorf("%s has the words of %s: %q", what, name, run)
			}
		})
	}
	check("the description", r.Report.Description)
	for _, s := range r.Sources {
		check(s.Key, s.Name+". "+s.Description)
	}
	r.notes(func(_ stix.ID, n publicNote, _ []stix.ID) { check(n.Key, n.Abstract+". "+n.Content) })
}
