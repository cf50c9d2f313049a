package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// notHere are the commands of docs/first-hour.md that prepare a machine: the
// script does not run them.
var notHere = []string{
	"sudo install entente /usr/local/bin/",
	"sudo useradd --system --create-home --home-dir /var/lib/entente --shell /bin/bash entente",
	"sudo install -m 644 docs/entente.service /etc/systemd/system/",
	"sudo systemctl daemon-reload",
	"sudo -iu entente",
	"export ENTENTE_DIR=/var/lib/entente/node",
}

// codeBlock is one fenced block of a document.
type codeBlock struct{ kind, machine, text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]+) ?([a-z ]*)\n(.*?)^```")

// TestTheFirstHour runs the commands of docs/first-hour.md in their order, each
// on its machine, and compares what they print with what the document shows.
// Machines are folders; the two addresses, the folders and what is read out
// over the telephone are put in.
func TestTheFirstHour(t *testing.T) {
	b, err := os.ReadFile("../../docs/first-hour.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []codeBlock
	for _, m := range fence.FindAllStringSubmatch(string(b), -1) {
		blocks = append(blocks, codeBlock{m[1], m[2], m[3]})
	}
	script, err := firstHourScript(blocks)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "first-hour.txtar"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Cmds: scriptCommands, RequireExplicitExec: true})
}

func firstHourScript(blocks []codeBlock) (string, error) {
	var script, files strings.Builder
	script.WriteString("freeport PORT\n")
	for i, b := range blocks {
		machine, fails := strings.CutSuffix(b.machine, " fails")
		switch {
		case b.kind == "text":
			continue // compared with the block before
		case b.kind == "sh" && machine == "setup":
			for _, line := range strings.Split(strings.TrimSpace(b.text), "\n") {
				if !slices.Contains(notHere, line) {
					return "", fmt.Errorf("%q prepares a machine: the test does not know it", line)
				}
			}
			continue
		case b.kind != "sh" || machine != "ardel" && machine != "bresk":
			return "", fmt.Errorf("block %d: a %s on %q", i, b.kind, b.machine)
		}
		fmt.Fprintf(&script, "env ENTENTE_DIR=%s/node\n", machine)
		lines := strings.Split(strings.TrimSpace(b.text), "\n")
		for at := 0; at < len(lines); at++ {
			if name, ok := strings.CutPrefix(lines[at], "cat > "); ok {
				name = strings.TrimSuffix(name, " <<'END'")
				end := at + 1 + slices.Index(lines[at+1:], "END")
				fmt.Fprintf(&files, "-- %s --\n%s\n", name, strings.Join(lines[at+1:end], "\n"))
				at = end
				continue
			}
			var want []string
			if at == len(lines)-1 && i+1 < len(blocks) && blocks[i+1].kind == "text" {
				want = strings.Split(strings.TrimRight(blocks[i+1].text, "\n"), "\n")
			}
			text, err := firstHourLine(lines[at], machine, fails, want)
			if err != nil {
				return "", err
			}
			script.WriteString(text)
		}
	}
	script.WriteString("kill -INT ardel\nkill -INT bresk\nwait ardel\nwait bresk\n")
	return script.String() + files.String(), nil
}

func firstHourLine(line, machine string, fails bool, want []string) (string, error) {
	other := map[string]string{"ardel": "bresk", "bresk": "ardel"}[machine]
	if line == "sudo systemctl enable --now entente" {
		listen := ""
		if machine == "ardel" {
			listen = " --listen 127.0.0.1:$PORT"
		}
		return fmt.Sprintf("exec entente serve%s &%s&\nuntil '\"serving\":true' entente status --json\n", listen, machine), nil
	}
	if !strings.HasPrefix(line, "entente ") {
		return "", fmt.Errorf("%q: the test cannot run this", line)
	}
	before := ""
	if strings.Contains(line, "reads out'") {
		before = fmt.Sprintf("exec entente --dir %s/node fingerprint --json\nkeep WORDS words\n", other)
		line = regexp.MustCompile(`'the twelve words that \w+ reads out'`).ReplaceAllString(line, "$$WORDS")
	}
	line = strings.NewReplacer("node.ardel.example:7411", "127.0.0.1:$PORT", "/media/stick", machine+"/stick").Replace(line)
	var out strings.Builder
	out.WriteString(before)
	// What others do arrives in its own time: look until it is there.
	if len(want) > 0 && !fails {
		fmt.Fprintf(&out, "until '%s' %s\n", asRegexp(want[0]), line)
	}
	if fails {
		out.WriteString("! ")
	}
	out.WriteString("exec " + line + "\n")
	for _, w := range want {
		fmt.Fprintf(&out, "stdout '%s'\n", asRegexp(w))
	}
	return out.String(), nil
}

// asRegexp matches one line of output, in which … stands for anything.
func asRegexp(line string) string {
	parts := strings.Split(line, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return "(?m)^" + strings.Join(parts, ".*") + "$"
}

func TestTheServiceStartsANode(t *testing.T) {
	b, err := os.ReadFile("../../docs/entente.service")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/entente (.*)$`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no ExecStart of entente")
	}
	parsed, err := model(t).Parse(strings.Fields(string(m[1])))
	if err != nil || parsed.Command() != "serve" {
		t.Errorf("%s: %v, %v; expected serve", m[1], parsed, err)
	}
	if !strings.Contains(string(b), "\nEnvironment=ENTENTE_DIR=/var/lib/entente/node\n") || !strings.Contains(string(b), "\nUser=entente\n") {
		t.Error("the service and docs/first-hour.md disagree about the data directory or the user")
	}
}
