package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ulikunitz/xz"

	"entente/stix"
)

// bundle is what is put, and what its objects refer to.
type bundle struct {
	name    string
	raw     []byte
	objects []object // in the bundle's order
	byID    map[string]int
}

type object struct {
	id   string
	refs []string // other ids anywhere in its bytes, each once
}

// stixID is the form that makes a string a reference.
var stixID = regexp.MustCompile(`[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// readBundle reads the ATT&CK Enterprise bundle, or invents one of its size.
func readBundle(ctx context.Context) (bundle, error) {
	b := bundle{name: "ATT&CK Enterprise 18.1"}
	path, err := attackFile(ctx)
	if err != nil {
		return b, err
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(os.Stderr, "%s is missing (ENTENTE_SHARED names the folder with public data): an invented bundle takes its place\n", path)
		b.name, b.raw = "invented bundle, the public data is missing", invent(24_771)
	case err != nil:
		return b, err
	default:
		defer f.Close()
		r, err := xz.NewReader(f)
		if err == nil {
			b.raw, err = io.ReadAll(r)
		}
		if err != nil {
			return b, fmt.Errorf("read %s: %w", path, err)
		}
	}
	return b, b.index()
}

// attackFile finds the bundle from the module's root, wherever this was started.
func attackFile(ctx context.Context) (string, error) {
	shared := os.Getenv("ENTENTE_SHARED")
	if !filepath.IsAbs(shared) {
		mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
		if err != nil {
			return "", fmt.Errorf("find the module's root: %w", err)
		}
		if shared == "" {
			shared = filepath.Join("..", "shared")
		}
		shared = filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), shared)
	}
	return filepath.Join(shared, "data", "stix-attack-enterprise", "enterprise-attack-18.1.min.json.xz"), nil
}

func (b *bundle) index() error {
	var whole struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(b.raw, &whole); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	b.byID = make(map[string]int, len(whole.Objects))
	for i, raw := range whole.Objects {
		var head struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &head); err != nil {
			return fmt.Errorf("object %d of the bundle: %w", i, err)
		}
		o := object{id: head.ID}
		seen := map[string]bool{o.id: true}
		for _, id := range stixID.FindAllString(string(raw), -1) {
			if !seen[id] {
				seen[id] = true
				o.refs = append(o.refs, id)
			}
		}
		b.byID[o.id] = i
		b.objects = append(b.objects, o)
	}
	return nil
}

// simple lists objects that refer to nothing but to those that refer to nothing,
// and the latter, which must be there first.
func (b *bundle) simple() (ids, base []string) {
	roots := map[string]bool{}
	for _, o := range b.objects {
		closed := true
		for _, ref := range o.refs {
			i, ok := b.byID[ref]
			closed = closed && ok && isRoot(b.objects[i])
		}
		if closed && len(o.refs) > 0 && !isRoot(o) {
			ids = append(ids, o.id)
			for _, ref := range o.refs {
				if !roots[ref] {
					roots[ref] = true
					base = append(base, ref)
				}
			}
		}
	}
	return ids, base
}

// isRoot says whether an object may stand at the end of all references: ATT&CK's
// author and its marking name each other.
func isRoot(o object) bool {
	return strings.HasPrefix(o.id, "identity--") || strings.HasPrefix(o.id, "marking-definition--")
}

// reach picks relationships until they and all that they refer to are so many
// objects, or one or two more.
func (b *bundle) reach(want int) (pick []string, size int) {
	reached := map[string]bool{}
	var follow func(id string)
	follow = func(id string) {
		i, ok := b.byID[id]
		if reached[id] || !ok {
			return
		}
		reached[id] = true
		for _, ref := range b.objects[i].refs {
			follow(ref)
		}
	}
	for _, o := range b.objects {
		if len(reached) >= want {
			break
		}
		if strings.HasPrefix(o.id, "relationship--") {
			follow(o.id)
			pick = append(pick, o.id)
		}
	}
	return pick, len(reached)
}

// invent makes a bundle of n objects of about the size and shape of ATT&CK: one
// author, techniques, and relationships between them.
func invent(n int) []byte {
	const times = `"created":"2015-09-27T10:00:00.000Z","modified":"2015-09-27T10:00:00.000Z"`
	author := stix.NewID("identity")
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"bundle","id":%q,"objects":[{"type":"identity","spec_version":"2.1","id":%q,%s,"name":"an invented author","identity_class":"organization"}`,
		stix.NewID("bundle"), author, times)
	techniques := make([]stix.ID, n/5)
	for i := range techniques {
		techniques[i] = stix.NewID("attack-pattern")
		fmt.Fprintf(&b, `,{"type":"attack-pattern","spec_version":"2.1","id":%q,%s,"created_by_ref":%q,"name":"technique %d","description":%q}`,
			techniques[i], times, author, i, strings.Repeat("of no interest ", 180))
	}
	for i := len(techniques) + 1; i < n; i++ {
		fmt.Fprintf(&b, `,{"type":"relationship","spec_version":"2.1","id":%q,%s,"created_by_ref":%q,"relationship_type":"related-to","source_ref":%q,"target_ref":%q,"description":%q}`,
			stix.NewID("relationship"), times, author, techniques[i%len(techniques)], techniques[(i*7+1)%len(techniques)], strings.Repeat("of no interest ", 40))
	}
	b.WriteString("]}")
	return []byte(b.String())
}
