package main

import (
	"bytes"
	"strings"
	"testing"

	"entente"
)

// What others wrote cannot move the cursor, hide text, or turn a line around.
func TestTextOfOthersIsSpelledOut(t *testing.T) {
	for text, want := range map[string]string{
		"Ardel":                 "Ardel",
		"رودخانه\u200cها":       "رودخانه\u200cها", // a joiner that the script needs
		"a\x1b[2Jb":             `a\u001b[2Jb`,
		"gnp.\u202egpj":         `gnp.\u202egpj`,
		"one\ntwo":              `one\u000atwo`,
		"in\u200bvisible\ufeff": `in\u200bvisible\ufeff`,
		"line\u2028sep":         `line\u2028sep`,
	} {
		if got := plain(text); got != want {
			t.Errorf("plain(%q) = %q, want %q", text, got, want)
		}
	}
	if got := plainLines("one\n\ttwo\x1b"); got != "one\n\ttwo\\u001b" {
		t.Errorf("plainLines: %q", got)
	}
	if got := plain("bad\xff"); strings.Contains(got, "\xff") {
		t.Errorf("invalid UTF-8 passes: %q", got)
	}
}

// The same through the commands, in answers and in errors.
func TestCommandsSpellOutTextOfOthers(t *testing.T) {
	dir := t.TempDir() + "/ardel"
	say := func(stdin string, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		run(t.Context(), append([]string{"--dir", dir}, args...), strings.NewReader(stdin), &out, &out)
		return out.String()
	}
	said := say("", "init", dir, "--name", "Ardel\u202e")
	said += say(`{"type":"identity","spec_version":"2.1","id":"identity--c6e9345f-5a15-4c29-8bb3-7dcc5d168d64",`+
		`"created":"2026-04-06T20:03:00Z","modified":"2026-04-06T20:03:00Z","name":"\u001b[2J\u202eX"}`, "put", "-")
	for _, args := range [][]string{
		{"parties"},
		{"status"},
		{"ls"},
		{"fingerprint"},
		{"log"},
		{"show", "identity--c6e9345f-5a15-4c29-8bb3-7dcc5d168d64"},
		{"card", "No\u202ebody"},
		{"preview", "identity--c6e9345f-5a15-4c29-8bb3-7dcc5d168d64", "--to", "Ardel\u202e", "--compact", "\x1b"},
	} {
		said += say("", args...)
	}
	if !strings.Contains(said, `Ardel\u202e`) || !strings.Contains(said, `\u001b[2J\u202eX`) {
		t.Errorf("the names are not shown:\n%q", said)
	}
	for _, bad := range []string{"\x1b", "\u202e"} {
		if at := strings.Index(said, bad); at >= 0 {
			t.Errorf("%q reaches the terminal: %q", bad, said[max(0, at-80):at+10])
		}
	}
}

func TestNumbersAndNouns(t *testing.T) {
	for got, want := range map[string]string{
		counted(1, "party"): "1 party", counted(2, "party"): "2 parties", counted(0, "record"): "0 records",
		size(999): "999 B", size(2048): "2.0 kB", size(3 << 20): "3.0 MB",
		named("", entente.PartyID("sha256:0123456789abcdef")): "0123456789ab", label(entente.Handling{TLP: "amber+strict", Expires: "2027-01-01"}): "TLP:AMBER+STRICT, until 2027-01-01",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
