package entente

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The floors of the house: a package imports from lower floors only. The rule
// is checked from the source text, in this process: a test that asks the go
// command would be answered from the cache after the rule was broken.

const (
	words = iota
	crafts
	judgement
	book
	shelves
	doors
	street
)

var floorNames = []string{"words", "crafts", "judgement", "book", "shelves and desk", "doors", "street"}

// floors is every package there may be. One that is missing here is an error:
// whoever adds a package says on which floor it stands.
var floors = map[string]int{
	".":    words,
	"stix": crafts, "names": crafts, "spelling": crafts, "geo": crafts, "psi": crafts, "lists": crafts, "intake": crafts,
	"compact": judgement, "release": judgement, "claim": judgement, "track": judgement, "capacity": judgement, "task": judgement, "safeguard": judgement,
	"ledger": book, "keyring": book, "passkey": book, "passkey/passkeytest": book,
	"store": shelves, "store/*": shelves, "node": shelves, "node/nodetest": shelves,
	"peer": doors, "taxii": doors, "bundle": doors, "web": doors,
	"cmd/*": street, "internal/bench": street, "internal/mutants": street, "internal/assets": street,
}

// sideways are the imports on one floor that are allowed all the same.
var sideways = map[[2]string]string{
	{"release", "compact"}:    "who is a member of what is judged first",
	{"claim", "compact"}:      "who is a member of what is judged first",
	{"track", "compact"}:      "who is a member of what is judged first",
	{"capacity", "compact"}:   "who is a member of what is judged first",
	{"task", "compact"}:       "who is a member of what is judged first",
	{"safeguard", "compact"}:  "who is a member of what is judged first",
	{"node", "store"}:         "the types of its rows",
	{"store/*", "store"}:      "the contract that every store keeps",
	{"node/nodetest", "node"}: "it makes nodes for tests",
}

// upwards are the imports that only test files may have.
var upwards = map[[2]string]string{
	{"node", "store/*"}:                "a desk is tested with a real store",
	{"node", "node/nodetest"}:          "nodes meet in tests",
	{"passkey", "passkey/passkeytest"}: "a passkey of software signs in tests",
	{"store/*", "store/*"}:             "a store is tested with storetest",
	{"store", "store/*"}:               "the contract is tried on a real store",
	{"peer", "store"}:                  "real nodes talk to each other in tests",
	{"peer", "store/*"}:                "real nodes talk to each other in tests",
	{"peer", "ledger"}:                 "a test forges heads and receipts",
	{"taxii", "store/*"}:               "a door is tested on a real node",
	{"bundle", "store/*"}:              "a door is tested on a real node",
	{"web", "store/*"}:                 "a door is tested on a real node",
}

// impure are what a pure package cannot do: no clock, no disk, no network.
var (
	impure      = []string{"os", "os/", "net/http", "net/rpc", "database/sql", "syscall", "log"}
	impureCalls = map[string][]string{"time": {"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker"}}
)

func TestFloors(t *testing.T) {
	for _, offence := range checkFloors(os.DirFS(".")) {
		t.Error(offence)
	}
}

// pattern gives the entry of floors that stands for the package.
func pattern(pkg string) string {
	if _, ok := floors[pkg]; ok {
		return pkg
	}
	if dir, _, ok := strings.Cut(pkg, "/"); ok {
		if _, ok := floors[dir+"/*"]; ok {
			return dir + "/*"
		}
	}
	return ""
}

// checkFloors reads every Go file below the module's root and says what breaks the rules.
func checkFloors(tree fs.FS) (offences []string) {
	module, err := moduleName(tree)
	if err != nil {
		return []string{err.Error()}
	}
	unknown := map[string]bool{}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := path.Base(name); name != "." && (base == "testdata" || base == "node_modules" || strings.ContainsAny(base[:1], "._")) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Base(name) == "go.mod" && name != "go.mod" {
			offences = append(offences, name+": a module inside the module escapes these rules")
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		pkg := path.Dir(name)
		from := pattern(pkg)
		if from == "" {
			if !unknown[pkg] {
				offences = append(offences, fmt.Sprintf("%s: package %s is new: say on which floor it stands, in floors_test.go", name, pkg))
			}
			unknown[pkg] = true
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(module, pkg, from, imported, strings.HasSuffix(name, "_test.go")); why != "" {
				offences = append(offences, fmt.Sprintf("%s imports %s: %s", name, imported, why))
			}
		}
		if (floors[from] == crafts || floors[from] == judgement) && !strings.HasSuffix(name, "_test.go") {
			for _, call := range impureIn(file) {
				offences = append(offences, fmt.Sprintf("%s calls %s: %s is pure, it is told the time", name, call, pkg))
			}
		}
		return nil
	})
	if err != nil {
		offences = append(offences, err.Error())
	}
	return offences
}

func moduleName(tree fs.FS) (string, error) {
	b, err := fs.ReadFile(tree, "go.mod")
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	name, ok := strings.CutPrefix(line, "module ")
	if !ok {
		return "", errors.New("go.mod does not begin with its module line")
	}
	return strings.TrimSpace(name), nil
}

// forbidden says why a file of a package may not have this import; empty: it may.
func forbidden(module, pkg, from, imported string, test bool) string {
	floor := floors[from]
	inside := imported == module || strings.HasPrefix(imported, module+"/")
	if !inside {
		first, _, _ := strings.Cut(imported, "/")
		if floor == words && !test && (strings.Contains(first, ".") || imported == "C") {
			return "the root imports the standard library only"
		}
		if (floor == crafts || floor == judgement) && !test {
			for _, p := range impure {
				if imported == p || strings.HasSuffix(p, "/") && strings.HasPrefix(imported, p) {
					return pkg + " is pure: no clock, no disk, no network"
				}
			}
		}
		return ""
	}
	to := "."
	if imported != module {
		to = strings.TrimPrefix(imported, module+"/")
	}
	if to == pkg {
		return "" // an external test of the package
	}
	target := pattern(to)
	if target == "" {
		return "package " + to + " stands on no floor"
	}
	if test && upwards[[2]string{from, target}] != "" {
		return ""
	}
	switch {
	case test && floor == street:
		return ""
	case target == "store/*" && pkg != "cmd/entente" && pkg != "internal/bench": // it measures stores
		return "only cmd/entente opens a store"
	case floor == doors && (target == "store" || target == "ledger"):
		return "a door hands bytes to the node and sends out its views: it knows no store and no ledger"
	case floors[target] == floor && sideways[[2]string{from, target}] == "":
		return fmt.Sprintf("both stand on floor %d (%s)", floor, floorNames[floor])
	case floors[target] > floor:
		return fmt.Sprintf("floor %d (%s) may not look up to floor %d (%s)", floor, floorNames[floor], floors[target], floorNames[floors[target]])
	}
	return ""
}

// impureIn lists the calls that ask a clock. Only a package imported under its
// own name is looked for; another name for package time is an offence as well.
func impureIn(file *ast.File) (calls []string) {
	for _, spec := range file.Imports {
		if spec.Name != nil && impureCalls[strings.Trim(spec.Path.Value, `"`)] != nil {
			calls = append(calls, spec.Path.Value+" under another name")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(impureCalls[x.Name], s.Sel.Name) {
				calls = append(calls, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return calls
}

// Each rule, broken once: a check that cannot fail is none.
func TestFloorsNameTheOffender(t *testing.T) {
	file := func(imports ...string) string {
		out := "package x\n"
		for _, i := range imports {
			out += fmt.Sprintf("import _ %q\n", i)
		}
		return out
	}
	for _, e := range []struct{ name, source, offence string }{
		{"act.go", file("strings", "net/http"), ""},
		{"act.go", file("golang.org/x/mod/sumdb/tlog"), "standard library only"},
		{"act_test.go", file("golang.org/x/mod/sumdb/tlog"), ""},
		{"act.go", file("entente/stix"), "may not look up"},
		{"act_test.go", file("entente/stix"), "may not look up"},
		{"stix/a.go", file("entente", "golang.org/x/text"), ""},
		{"stix/a.go", file("entente/geo"), "both stand on floor 1"},
		{"stix/a_test.go", file("entente/geo"), "both stand on floor 1"},
		{"stix/a_test.go", file("entente/stix", "os"), ""},
		{"stix/a.go", file("os"), "is pure"},
		{"stix/a.go", file("os/exec"), "is pure"},
		{"stix/a.go", file("entente/compact"), "may not look up"},
		{"compact/a.go", file("entente/stix", "entente"), ""},
		{"compact/a.go", file("entente/release"), "both stand on floor 2"},
		{"compact/a.go", "package x\nimport \"time\"\nvar t = time.Now()\n", "calls time.Now"},
		{"compact/a.go", "package x\nimport clock \"time\"\nvar t = clock.Now()\n", "under another name"},
		{"compact/a.go", "package x\nimport \"time\"\nvar t time.Time\n", ""},
		{"release/a.go", file("entente/compact", "entente/geo"), ""},
		{"release/a.go", file("entente/claim"), "both stand on floor 2"},
		{"release/a.go", file("net/http"), "is pure"},
		{"ledger/a.go", file("entente/release", "os"), ""},
		{"ledger/a.go", file("entente/store"), "may not look up"},
		{"store/a.go", file("entente/node"), "both stand on floor 4"},
		{"store/a.go", file("entente/store/sqlite"), "only cmd/entente"},
		{"store/sqlite/a.go", file("entente/store", "modernc.org/sqlite"), ""},
		{"store/sqlite/a.go", file("entente/store/postgres"), "only cmd/entente"},
		{"store/sqlite/a_test.go", file("entente/store/storetest"), ""},
		{"node/a.go", file("entente/store", "entente/ledger", "entente/keyring"), ""},
		{"node/a.go", file("entente/store/sqlite"), "only cmd/entente"},
		{"node/a_test.go", file("entente/store/sqlite"), ""},
		{"node/a.go", file("entente/peer"), "may not look up"},
		{"node/a_test.go", file("entente/peer"), "may not look up"},
		{"peer/a.go", file("entente/node", "entente/release"), ""},
		{"peer/a.go", file("entente/store"), "no store and no ledger"},
		{"peer/a.go", file("entente/store/sqlite"), "only cmd/entente"},
		{"peer/a.go", file("entente/ledger"), "no store and no ledger"},
		{"peer/a.go", file("entente/web"), "both stand on floor 5"},
		{"peer/a_test.go", file("entente/store/sqlite", "entente/ledger"), ""},
		{"web/a_test.go", file("entente/peer"), "both stand on floor 5"},
		{"cmd/entente/a.go", file("entente/store/sqlite", "entente/peer"), ""},
		{"cmd/other/a.go", file("entente/store/sqlite"), "only cmd/entente"},
		{"cmd/other/a.go", file("entente/node"), ""},
		{"helpers/a.go", file(), "say on which floor it stands"},
		{"stix/deep/a.go", file(), "say on which floor it stands"},
		{"stix/a.go", file("entente/helpers"), "stands on no floor"},
		{"tools/go.mod", "module tools\n", "escapes these rules"},
		{"stix/a.go", "package", "expected"},
		{"stix/testdata/a.go", file("entente/node"), ""},
	} {
		tree := fstest.MapFS{"go.mod": {Data: []byte("module entente\n\ngo 1.26\n")}, e.name: {Data: []byte(e.source)}}
		got := strings.Join(checkFloors(tree), "\n")
		if e.offence == "" && got != "" || !strings.Contains(got, e.offence) || e.offence != "" && !strings.Contains(got, e.name) {
			t.Errorf("%s\n%s\ngives %q, expected %q", e.name, e.source, got, e.offence)
		}
	}
	if got := checkFloors(fstest.MapFS{}); len(got) == 0 {
		t.Error("a tree without go.mod passes")
	}
}
