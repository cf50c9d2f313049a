package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Flags of the desk that do not fit together are refused before anything is opened.
func TestFlagsOfTheDesk(t *testing.T) {
	dir := t.TempDir()
	secret, open, empty := filepath.Join(dir, "secret"), filepath.Join(dir, "open"), filepath.Join(dir, "empty")
	for path, content := range map[string]string{secret: "s3cret\n", open: "s3cret\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	const desk = "127.0.0.1:0"
	for want, c := range map[string]serveCmd{
		"":                             {},
		" ":                            {Desk: desk, MailServer: "mail.example:587", MailFrom: "desk@example.org", MailUser: "desk", MailPasswordFile: secret, OIDCIssuer: "https://id.example", OIDCClient: "desk", OIDCSecretFile: secret},
		"none is to be opened":         {MailServer: "mail.example:587", MailFrom: "desk@example.org"},
		"takes all three":              {Desk: desk, OIDCIssuer: "https://id.example", OIDCClient: "desk"},
		"can be read by others":        {Desk: desk, OIDCIssuer: "https://id.example", OIDCClient: "desk", OIDCSecretFile: open},
		"expected one line":            {Desk: desk, OIDCIssuer: "https://id.example", OIDCClient: "desk", OIDCSecretFile: empty},
		"no such file":                 {Desk: desk, MailServer: "mail.example:587", MailFrom: "desk@example.org", MailUser: "desk", MailPasswordFile: filepath.Join(dir, "none")},
		"takes a name and a password":  {Desk: desk, MailServer: "mail.example:587", MailFrom: "desk@example.org", MailUser: "desk"},
		"is no e-mail address":         {Desk: desk, MailServer: "mail.example:587", MailFrom: "desk"},
		"mail server \"mail.example\"": {Desk: desk, MailServer: "mail.example", MailFrom: "desk@example.org"},
	} {
		err := c.checkDesk()
		if want = strings.TrimSpace(want); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, expected %q", c, err, want)
		}
	}
}

// The first person of a party comes with it, and lets itself in by the link.
func TestTheFirstOperatorComesWithTheParty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ardel")
	var out, problem bytes.Buffer
	entente := func(args ...string) int {
		out.Reset()
		problem.Reset()
		return run(t.Context(), append([]string{"--dir", dir}, args...), strings.NewReader(""), &out, &problem)
	}
	if status := entente("--json", "init", "--name", "Ardel", "--operator", "a b"); status == 0 || !strings.Contains(problem.String(), "without spaces") {
		t.Errorf("a name with a space: %d %s", status, problem.String())
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the refused party was made")
	}
	if status := entente("init", "--name", "Ardel", "--operator", "anna", "--origin", "https://desk.example.org"); status != 0 || !strings.Contains(out.String(), "https://desk.example.org/enter/") {
		t.Fatalf("%d: %s%s", status, out.String(), problem.String())
	}
	if status := entente("operator", "ls"); status != 0 || !strings.Contains(out.String(), "anna") || !strings.Contains(out.String(), "administrator") {
		t.Errorf("%d: %s%s", status, out.String(), problem.String())
	}
}
