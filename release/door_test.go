package release

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestADoorThatBuildsAViewDoesNotCompile type-checks small doors against this
// package's own source, in this process: a test that ran the compiler as a
// command would go on passing from the cache after the rule was broken.
func TestADoorThatBuildsAViewDoesNotCompile(t *testing.T) {
	set, files := sources(t)
	self := check(t, "entente/release", set, files)
	for _, x := range []struct {
		name, body string
		compiles   bool
	}{
		{"an empty view", `var v release.View`, true},
		{"the body by name", `var v = release.View{record: release.View{}.record}`, false},
		{"the body by place", `var v = release.View{0, release.View{}.Reader(), release.View{}, release.View{}.Object(), nil}`, false},
		{"the body by assignment", `func f(v release.View) { v.record = v.record }`, false},
		{"the body by way of the grants", `func f(v release.View) { v.grants = nil }`, false},
	} {
		var got error
		conf := types.Config{Importer: only{self}, Error: func(err error) {
			if got == nil {
				got = err
			}
		}}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, "door.go", "package door\nimport \"entente/release\"\n"+x.body, 0)
		if err != nil {
			t.Fatal(err)
		}
		conf.Check("entente/door", set, []*ast.File{f}, nil)
		if (got == nil) != x.compiles {
			t.Errorf("%s: compiles %v, want %v (%v)", x.name, got == nil, x.compiles, got)
		}
		if got != nil && !strings.Contains(got.Error(), "unexported") && !strings.Contains(got.Error(), "undefined") && !strings.Contains(got.Error(), "unknown field") && !strings.Contains(got.Error(), "cannot use") {
			t.Errorf("%s: fails for another reason: %v", x.name, got)
		}
	}
}

// TestOnlyShowAndGiveBackMakeViews: every field of a view is unexported, and no
// other exported function of the package gives one.
func TestOnlyShowAndGiveBackMakeViews(t *testing.T) {
	view := reflect.TypeFor[View]()
	for i := range view.NumField() {
		if view.Field(i).IsExported() {
			t.Errorf("View.%s can be set by anybody", view.Field(i).Name)
		}
	}
	_, files := sources(t)
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Type.Results == nil || !fn.Name.IsExported() {
				continue
			}
			for _, r := range fn.Type.Results.List {
				if id, ok := r.Type.(*ast.Ident); ok && id.Name == "View" && fn.Name.Name != "Show" && fn.Name.Name != "GiveBack" {
					t.Errorf("%s gives a View", fn.Name.Name)
				}
			}
		}
	}
}

type only struct{ pkg *types.Package }

func (o only) Import(path string) (*types.Package, error) {
	if path == o.pkg.Path() {
		return o.pkg, nil
	}
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// check type-checks files; what they import stays empty, and the errors that
// follow from that do not matter.
func check(t *testing.T, path string, set *token.FileSet, files []*ast.File) *types.Package {
	t.Helper()
	conf := types.Config{Importer: only{types.NewPackage("none", "none")}, Error: func(error) {}}
	pkg, _ := conf.Check(path, set, files, nil)
	if pkg == nil || pkg.Scope().Lookup("View") == nil {
		t.Fatal("package release does not type-check far enough to have a View")
	}
	pkg.MarkComplete()
	return pkg
}

func sources(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	set := token.NewFileSet()
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return set, out
}
