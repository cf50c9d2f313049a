package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// theProgram is this test binary under its name (TestMain).
func theProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("entente")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// The story is told to its end, every claim holds, and nothing is left behind.
func TestDemoOnce(t *testing.T) {
	t.Parallel()
	tmp, real := t.TempDir(), filepath.Join(t.TempDir(), "of-a-real-party")
	cmd := exec.CommandContext(t.Context(), theProgram(t), "demo", "--once")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "ENTENTE_DIR="+real)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil || problem.Len() > 0 {
		t.Fatalf("%v\n%s%s", err, out, &problem)
	}
	story := string(out)
	for _, line := range []string{
		"ok Belisk's card with the words of Corvane: refused",
		"ok each of the four trusts the three others, by their words",
		"ok all three answer: waiting for Dunmere alone",
		"ok Almara took in 51 records",
		"ok Almara's own node refuses to sign the release",
		"ok all four answer: in force",
		"ok Corvane sees exactly these 13, each once",
		"ok its bytes and its id are those that Almara holds",
		"ok Belisk sees all 51 records, each once: nothing lost, nothing twice",
		"ok each view is exactly what was released to that party: 51, 13, 0",
		"ok asked for each of the 51, Dunmere answers as for an id that never was",
		"ok of these 102 ids, 0 stand in the files of Dunmere's data directory",
		"ok the preview is refused, and lists what is missing: 1 object",
		"ok all four answer: flow to Corvane suspended, by Almara",
		"ok the same release is signed now and arrives: Corvane sees 20 records",
		"ok refused by Belisk's own node: Almara's consent is missing",
		"ok Almara saw who asks, what, for whom and why; its signed consent reached",
		"ok Dunmere sees it: its first record, and the only one",
		"ok Almara's bytes and name, by way of Belisk, with Almara's consent",
		"no consent counts: Almara has suspended its",
		"ok told of it, Belisk's node refuses what it would have sent; Dunmere",
		"ok neither id nor text of the second place stands in Dunmere's files",
		"ok both have signed that they applied it: the relay, and whom it passed it",
		"ok its text stood in the files of both; now it stands in neither, and",
		"ok Dunmere sees it, and the centre that it speaks of",
		"ok the words that were cut and the fuller record's two ids: 0 of 3 stand",
		"ok in all 12 channels nothing is owed",
		"ok signatures, hashes, chains and receipts hold in all four stores",
		"ok each person came in by a link that works once",
		"ok each inbox shows what the command line lists",
		"ok and nothing of what only others have",
		"claims were checked and hold: 19 steps",
	} {
		if !strings.Contains(story, line) {
			t.Errorf("the story lacks %q", line)
		}
	}
	for line := range strings.Lines(story) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %q", line)
		}
	}
	if strings.ContainsRune(story, '\x1b') {
		t.Error("colours or cursor movements, and this is no terminal")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(real); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the demo touched the data directory of ENTENTE_DIR: %v", err)
	}
	pids := regexp.MustCompile(`(?m)^ +(?:Almara|Belisk|Corvane) +(\d+) +127\.`).FindAllStringSubmatch(story, -1)
	for _, pid := range pids {
		n, err := strconv.Atoi(pid[1])
		if err != nil || !errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			t.Errorf("process %s is still there", pid[1])
		}
	}
	if len(pids) != 3 {
		t.Errorf("the story shows %d processes", len(pids))
	}
	if t.Failed() {
		t.Log(story)
	}
}

// A claim that is not so is named and makes the exit status 1.
func TestDemoFindsWhatIsNotSo(t *testing.T) {
	t.Parallel()
	program := theProgram(t)
	to := func(args []string, command, party string) bool {
		return slices.Contains(args, command) && slices.Contains(args, party)
	}
	for _, v := range []struct {
		name    string
		instead func(d *demo, party string, args []string) ([]byte, bool)
		named   []string
		hold    []string // claims that are not touched
	}{
		{
			"one release is dropped",
			func(_ *demo, _ string, args []string) ([]byte, bool) {
				lost := to(args, "release", "Corvane") && slices.Contains(args, "--tlp")
				return []byte(`{"allowed":true,"acts":["sha256:` + strings.Repeat("0", 64) + `"]}`), lost
			},
			[]string{"Corvane sees exactly these 13"},
			[]string{"Belisk's card with the words of Corvane: refused"},
		},
		{
			"one release goes to Dunmere, too",
			func(d *demo, party string, args []string) ([]byte, bool) {
				if !to(args, "release", "Corvane") || !slices.Contains(args, "--tlp") {
					return nil, false
				}
				args = append([]string{"--dir", d.almara().dir}, append(args, "--to", "Dunmere")...)
				out, err := exec.CommandContext(d.ctx, program, args...).Output()
				if err != nil {
					t.Error(err)
				}
				return out, true
			},
			[]string{"each view is exactly what was released", "Dunmere answers as for an id that never was", "stand in the files of Dunmere's data directory"},
			[]string{"Corvane sees exactly these 13", "Belisk sees all 51 records"},
		},
		{
			"the recall is not sent",
			func(_ *demo, party string, args []string) ([]byte, bool) {
				return []byte(`{"recalls":[{},{}]}`), party == "Almara" && slices.Contains(args, "recall")
			},
			[]string{"both have signed that they applied it", "its text stood in the files of both"},
			[]string{"Dunmere sees it: its first record", "neither id nor text of the second place"},
		},
		{
			"one store does not verify",
			func(_ *demo, party string, args []string) ([]byte, bool) {
				return []byte(`{"ok":false,"problem":"act 12 has another hash"}`), party == "Belisk" && slices.Contains(args, "verify")
			},
			[]string{"signatures, hashes, chains and receipts hold in all four stores"},
			[]string{"each view is exactly what was released", "in all 12 channels nothing is owed"},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			var story, problem bytes.Buffer
			d := &demo{ctx: ctx, program: program, screen: newScreen(&story), dir: filepath.Join(t.TempDir(), "d"), once: true, patience: 10 * time.Second}
			d.instead = func(party string, args []string) ([]byte, bool) { return v.instead(d, party, args) }
			err := d.run()
			if code := explain(&problem, err); code != exitRefused {
				t.Fatalf("exit status %d\n%s%s", code, &story, &problem)
			}
			for _, claim := range v.named {
				if !strings.Contains(problem.String(), claim) || !strings.Contains(story.String(), "NOT SO ") {
					t.Errorf("not named: %q", claim)
				}
			}
			for _, claim := range v.hold {
				if strings.Contains(problem.String(), claim) || !strings.Contains(story.String(), "ok "+claim) {
					t.Errorf("does not hold, either: %q", claim)
				}
			}
			for _, p := range d.parties {
				if p.running() {
					t.Errorf("%s's node still runs", p.name)
				}
			}
			if t.Failed() {
				t.Logf("%s%s", &story, &problem)
			}
		})
	}
}

// Nothing of a folder that holds something is touched.
func TestDemoWantsAFreeFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "diary.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), theProgram(t), "--dir", dir, "demo", "--once").CombinedOutput()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != exitRefused || !strings.Contains(string(out), "is not empty: it holds diary.txt") {
		t.Errorf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestScreen(t *testing.T) {
	var b bytes.Buffer
	s := newScreen(&b)
	s.step("A step", "What for.")
	s.table([][]string{{"NAME", "N"}, {"attaché", "1"}, {"x", "22"}})
	s.command("almara", `entente release note--67898daa-c366-5f53-b084-dd92daffeee5 --to Corvane --compact "Common information cell"`)
	s.wait("nothing to see outside of a terminal")
	s.claim(true, "%d is so", 1)
	s.claim(false, "%s is not so, and this is said at such a length that it takes a second line", "that")
	want := `
 1  A step
    What for.
    NAME     N
    attaché  1
    x        22
    almara$ entente release note--67898daa-c366-5f53-b084-dd92daffeee5 \
      --to Corvane --compact "Common information cell"
    ok 1 is so
    NOT SO that is not so, and this is said at such a length that it takes a
           second line
`
	if b.String() != want {
		t.Errorf("%s\nwant%s", &b, want)
	}
	if len(s.claims) != 2 || !s.claims[0].Holds || s.claims[1].Holds || s.claims[1].Step != 1 {
		t.Errorf("%+v", s.claims)
	}
}
