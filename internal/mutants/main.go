// Command mutants shows that the leak suite watches every guard: in a temporary
// copy of the module it takes out one guard at a time and expects the tests to fail.
//
//	go run ./internal/mutants              # all guards; some minutes
//	go run ./internal/mutants -only relay  # those whose name holds the word
//
// It ends with an error if a guard can go without a test turning red, if the
// text of a guard is not found in the source, or if what is left does not
// compile: then the table in guards.go has to be put right. The module itself is
// read, never written.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// guard is one check that keeps something in, and how it is taken out.
type guard struct {
	name  string
	edits []edit
	// tests is the regular expression of the tests in ./node that must see it.
	tests string
}

type edit struct{ file, old, fresh string }

type result struct {
	guard
	verdict string // "red", or what is wrong
	by      []string
	took    time.Duration
}

func main() {
	only := flag.String("only", "", "take out only guards whose name holds this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyModule(root, dir); err != nil {
		return fmt.Errorf("copy the module: %w", err)
	}
	var chosen []guard
	var all []string
	for _, g := range guards {
		if strings.Contains(g.name, only) {
			chosen = append(chosen, g)
			all = append(all, g.tests)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no guard has %q in its name", only)
	}
	fmt.Fprintf(os.Stderr, "as it is, the tests must pass\n")
	if out, err := test(ctx, dir, strings.Join(all, "|")); err != nil {
		return fmt.Errorf("with all guards in place the tests fail: %w\n%s", err, out)
	}
	var results []result
	for i, g := range chosen {
		r, err := try(ctx, dir, g)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d/%d %s: %s %s\n", i+1, len(chosen), g.name, r.verdict, strings.Join(r.by, " "))
		results = append(results, r)
	}
	return report(results)
}

// moduleRoot is the folder of the go.mod above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod here or above: run it inside the module")
		}
		dir = up
	}
}

// copyModule copies what the tests in ./node need.
func copyModule(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		needed := name == "go.mod" || name == "go.sum" || filepath.Ext(name) == ".go" ||
			slices.Contains([]string{".md", ".txtar", ".json", ".sql"}, filepath.Ext(name))
		if !needed || !entry.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, 0o644)
	})
}

// try takes one guard out of the copy, runs its tests, and puts it back.
func try(ctx context.Context, dir string, g guard) (result, error) {
	r := result{guard: g}
	began := time.Now()
	whole := map[string][]byte{}
	put := func(file string, b []byte) error { return os.WriteFile(filepath.Join(dir, file), b, 0o644) }
	for _, e := range g.edits {
		b, err := os.ReadFile(filepath.Join(dir, e.file))
		if err != nil {
			return r, err
		}
		if _, ok := whole[e.file]; !ok {
			whole[e.file] = b
		}
		if n := bytes.Count(b, []byte(e.old)); n != 1 {
			r.verdict = fmt.Sprintf("NOT APPLIED: %q stands %d times in %s", e.old, n, e.file)
			break
		}
		if err := put(e.file, bytes.Replace(b, []byte(e.old), []byte(e.fresh), 1)); err != nil {
			return r, err
		}
	}
	if r.verdict == "" {
		out, err := test(ctx, dir, g.tests)
		for _, m := range failed.FindAllSubmatch(out, -1) {
			r.by = append(r.by, string(m[1]))
		}
		switch {
		case ctx.Err() != nil:
			return r, ctx.Err()
		case err == nil:
			r.verdict = "SURVIVED"
		case len(r.by) > 0:
			r.verdict = "red"
		default:
			r.verdict = fmt.Sprintf("BROKEN: no test failed, but go test did: %.400s", out)
		}
	}
	for file, b := range whole {
		if err := put(file, b); err != nil {
			return r, err
		}
	}
	r.took = time.Since(began)
	return r, nil
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

func test(ctx context.Context, dir, tests string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "./node", "-run", "^("+tests+")$", "-count=1", "-short", "-vet=off", "-timeout=5m")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	return cmd.CombinedOutput()
}

// report prints the table and fails if a guard was not missed.
func report(results []result) error {
	bad := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "guard taken out\tresult\tseen by\tseconds")
	for _, r := range results {
		if r.verdict != "red" {
			bad++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\n", r.name, r.verdict, strings.Join(r.by, " "), r.took.Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d guards were taken out and no test saw it", bad, len(results))
	}
	fmt.Printf("%d guards, each missed by a test\n", len(results))
	return nil
}
