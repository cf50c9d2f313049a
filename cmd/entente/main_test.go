package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"entente/store/sqlite"
)

// The scripts run the real program: this test binary, started under its name.
// Two things of the machine can be made worse for a process: its clock, and the
// room on its disk.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"entente": func() {
		if text := os.Getenv("TEST_CLOCK"); text != "" {
			offset, err := time.ParseDuration(text)
			if err != nil {
				panic(err)
			}
			clock = func() time.Time { return time.Now().Add(offset) }
		}
		if text := os.Getenv("TEST_FREE"); text != "" {
			free, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				panic(err)
			}
			freeSpace = func(string) (int64, error) { return free, nil }
		}
		main()
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Cmds: scriptCommands, RequireExplicitExec: true, RequireUniqueNames: true,
	})
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"freeport": freeport, "until": until, "dump": dump, "keep": keepValue, "cell": cell, "chomp": chomp,
}

// cell NAME... makes parties who have compared fingerprints with each other:
// NAME is the data directory, $NAME in capitals the port of its endpoint, the
// party is called Name, and its card is in NAME.card.
func cell(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		port := strings.ToUpper(name)
		freeport(ts, false, []string{port})
		ts.Check(ts.Exec("entente", "init", name, "--name", capital(name), "--endpoint", "127.0.0.1:"+ts.Getenv(port)))
		ts.Check(ts.Exec("entente", "--dir", name, "card", "--out", name+".card"))
	}
	for _, name := range args {
		for _, other := range args {
			if name != other {
				ts.Check(ts.Exec("entente", "--dir", other, "fingerprint", "--json"))
				keepValue(ts, false, []string{"FINGERPRINT", "words"})
				ts.Check(ts.Exec("entente", "--dir", name, "trust", other+".card", "--fingerprint", ts.Getenv("FINGERPRINT")))
			}
		}
	}
}

func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// freeport VAR... finds ports on the loopback that nobody listens on.
func freeport(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close()
		ts.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
}

// patienceOfTests bounds every wait for a condition.
const patienceOfTests = 30 * time.Second

// until REGEXP COMMAND... runs a command until its output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND...")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	program, err := exec.LookPath(args[1])
	ts.Check(err)
	for {
		var out, problem bytes.Buffer
		cmd := exec.CommandContext(ctx, program, args[2:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = ts.Getenv("WORK"), &out, &problem
		cmd.Env = append(os.Environ(), "ENTENTE_DIR="+ts.Getenv("ENTENTE_DIR"))
		failed := cmd.Run()
		if want.Match(out.Bytes()) {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("still no match for %s (%v):\n%s%s", args[0], failed, &out, &problem)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// keep VAR PATH keeps what the last command's JSON has at PATH, members and
// numbers of entries joined by dots.
func keepValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: keep VAR PATH")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, part := range strings.Split(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("%s: only %d entries", args[1], len(at))
			}
			v = at[i]
		}
	}
	if v == nil {
		ts.Fatalf("nothing at %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// dump DIR FILE writes all that a store knows, but for the local log and the
// time it was last used: what a refusal, which is logged, must leave as it was.
func dump(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: dump DIR FILE")
	}
	text, err := dumpStore(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

func dumpStore(dir string) (string, error) {
	source := url.URL{Scheme: "file", Path: filepath.Join(dir, sqlite.File)}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return "", err
	}
	defer db.Close()
	tables, err := rowsOf(db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('events', 'sqlite_sequence') ORDER BY name`)
	if err != nil {
		return "", err
	}
	// The log is a channel from the party to itself under a name; its book has none.
	const logs = `SELECT n FROM channels WHERE sender = receiver AND compact <> (SELECT n FROM names WHERE name = '')`
	without := map[string]string{
		"meta": `key <> 'last-time'`, "channels": `n NOT IN (` + logs + `)`, "leaves": `channel NOT IN (` + logs + `)`,
		"acts": `NOT (kind = 'head' AND signer = recipient AND compact <> (SELECT n FROM names WHERE name = ''))`,
	}
	var b strings.Builder
	for _, table := range tables {
		query := `SELECT * FROM "` + table + `"`
		if where := without[table]; where != "" {
			query += ` WHERE ` + where
		}
		rows, err := rowsOf(db, query)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s: %d rows\n%s\n", table, len(rows), strings.Join(rows, "\n"))
	}
	return b.String(), nil
}

// rowsOf writes the rows of a query as lines.
func rowsOf(db *sql.DB, query string) ([]string, error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, fmt.Sprintf("%v", *v.(*any)))
		}
		out = append(out, strings.Join(cells, " | "))
	}
	return out, rows.Err()
}

// chomp FILE takes the line end away that every file of a script has.
func chomp(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.TrimSuffix([]byte(ts.ReadFile(args[0])), []byte("\n")), 0o600))
}
