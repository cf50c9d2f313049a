package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"entente"
)

// draftFor is the draft of a charter for two parties, filled in.
func draftFor(t testing.TB) []byte {
	t.Helper()
	members := []partyLine{
		{Party: entente.PartyID("sha256:" + strings.Repeat("a", 64)), Name: "Ardel"},
		{Party: entente.PartyID("sha256:" + strings.Repeat("b", 64)), Name: "Bresk"},
	}
	c := draftCmd{Name: "Talks", Type: "information", Purpose: []string{"cooperation"}, Category: []string{"sightings"}, LegalBasis: "law", Days: 30}
	b, err := json.MarshalIndent(c.charter(members), "", "  ")
	check(t, err)
	return b
}

func TestAFilledInDraftIsACharter(t *testing.T) {
	c, err := parseCharter(draftFor(t))
	check(t, err)
	if c.Name != "Talks" || len(c.Members) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestSetsMayStandInAnyOrder(t *testing.T) {
	text := string(draftFor(t))
	text = strings.Replace(text, `"purposes": [`, `"purposes": ["zeal",`, 1)
	text = strings.ReplaceAll(text, strings.Repeat("a", 64), strings.Repeat("c", 64)) // after the other member
	c, err := parseCharter([]byte(text))
	check(t, err)
	if c.Purposes[0] != "cooperation" || c.Members[0].Name != "Bresk" {
		t.Errorf("purposes %v, members %+v", c.Purposes, c.Members)
	}
}

func TestACharterIsRefusedWithThePlace(t *testing.T) {
	for _, x := range []struct{ old, new, want string }{
		{`"name": "Talks"`, `"name": "Talks", "name": "Walks"`, `^:2:20: member name: duplicate object member name`},
		{`"name": "Talks"`, `"nom": "Talks"`, `^:2:3: member nom: no term of a charter has this name`},
		{`"name": "Talks"`, `"Name": "Talks"`, `^:2:3: member Name: no term of a charter has this name`},
		{`"name": "Talks"`, `"name": 5`, `^:2:11: member name: a JSON number does not fit here`},
		{`"tolerance_s": 300`, `"tolerance_s": 3e2`, `member tolerance_s: .*`},
		{`"tolerance_s": 300`, `"tolerance_s": -1`, `^: charter tolerance_s is -1, expected 0 to 86400`},
		{`"party": "sha256:aaa`, `"party": "aaa`, `member members.0.party: party id "aaa`},
		{`"folding": 1`, `"folding": 1,`, `at start of|invalid character`},
		{`"purposes": [`, `"purposes": ["",`, `^: charter purpose`},
		{`"cooperation"`, `"FILL IN: a purpose"`, `^:5:5: not filled in yet: "FILL IN: a purpose"`},
		{`"widest_onward": "ask"`, `"widest_onward": "all"`, `^: charter bounds on handling: TLP "amber", onward "all" not known`},
	} {
		text := string(draftFor(t))
		changed := strings.Replace(text, x.old, x.new, 1)
		if changed == text {
			t.Fatalf("the draft does not have %s", x.old)
		}
		_, err := parseCharter([]byte(changed))
		if err == nil || !regexp.MustCompile(x.want).MatchString(err.Error()) || hintOf(err) == "" {
			t.Errorf("%s: %v (hint %q), want %s", x.new, err, hintOf(err), x.want)
		}
	}
	if _, err := parseCharter(append(draftFor(t), "{}"...)); err == nil {
		t.Error("bytes after the end are taken")
	}
	if _, err := parseCharter([]byte(`{"members": []}`)); err == nil || !strings.Contains(hintOf(err), "two members") {
		t.Errorf("no members: %v", err)
	}
}

func FuzzCharter(f *testing.F) {
	f.Add(draftFor(f))
	f.Add([]byte(`{"members":[{}]}`))
	f.Add([]byte("{\n \"name\": 1,"))
	f.Add([]byte(`{"start":"2026-01-01T00:00:00Z","handling":{"default":{"codes":["b","a"]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCharter(b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), ":") {
				t.Errorf("%q: the error does not begin with a place: %v", b, err)
			}
			return
		}
		// What is taken is a charter that can be signed, and reads the same again.
		again, err := json.Marshal(c)
		check(t, err)
		if d, err := parseCharter(again); err != nil {
			t.Errorf("%q reads as %+v, but not again: %v", b, d, err)
		}
	})
}
