package ledger

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
)

// hashes is the slow model: every stored hash in memory, as tlog wants it.
type hashes []tlog.Hash

func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = h[n]
	}
	return out, nil
}

func TestTreeEqualsModel(t *testing.T) {
	var tree Tree
	var model hashes
	if tree.Root() != EmptyRoot {
		t.Fatalf("empty root %s", tree.Root())
	}
	for n := int64(0); n < 600; n++ {
		id := fmt.Sprintf("sha256:%064d", n)
		before, was := tree.Clone(), tree.Root()
		more, err := tlog.StoredHashes(n, []byte(id), model)
		if err != nil {
			t.Fatal(err)
		}
		model = append(model, more...)
		tree.Append(id)
		want, err := tlog.TreeHash(n+1, model)
		if err != nil {
			t.Fatal(err)
		}
		if got := tree.Root(); got != "sha256:"+hex.EncodeToString(want[:]) {
			t.Fatalf("size %d: root %s, model %x", n+1, got, want[:])
		}
		if before.Root() != was {
			t.Fatalf("size %d: appending changed a clone", n+1)
		}
		again, err := Parse(tree.Size(), tree.MarshalBinary())
		if err != nil || again.Root() != tree.Root() {
			t.Fatalf("size %d: frontier does not come back: %v", n+1, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(int64(3), []byte(strings.Repeat("x", 64)))
	f.Add(int64(-1), []byte{})
	f.Fuzz(func(t *testing.T, size int64, b []byte) {
		tree, err := Parse(size, b)
		if err != nil {
			return
		}
		if tree.Size() != size || string(tree.MarshalBinary()) != string(b) {
			t.Fatal("accepted bytes do not come back")
		}
		tree.Root()
	})
}

func TestCheck(t *testing.T) {
	ch := entente.Channel{From: "a", To: "b", Compact: "c", Epoch: 1}
	last := Statement{ID: "s1", Channel: ch, Tree: entente.TreeHead{Size: 4, Root: "r4"}}
	other := ch
	other.Compact = "d"
	run := func(first int64) []entente.Disposition {
		return []entente.Disposition{{First: first, Count: 2, Code: entente.CodeApplied}}
	}
	for _, c := range []struct {
		name string
		last *Statement
		next Statement
		want string // empty: accepted
	}{
		{"first", nil, Statement{ID: "s1", Channel: ch, Tree: entente.TreeHead{Size: 2}}, ""},
		{"first names one before", nil, Statement{ID: "s1", Channel: ch, Previous: "s0"}, "follows"},
		{"grows", &last, Statement{ID: "s2", Channel: ch, Previous: "s1", Tree: entente.TreeHead{Size: 6, Root: "r6"}, Entries: run(4)}, ""},
		{"same size, same root", &last, Statement{ID: "s2", Channel: ch, Previous: "s1", Tree: last.Tree}, ""},
		{"same size, other root", &last, Statement{ID: "s2", Channel: ch, Previous: "s1", Tree: entente.TreeHead{Size: 4, Root: "x"}}, "two roots"},
		{"shrinks", &last, Statement{ID: "s2", Channel: ch, Previous: "s1", Tree: entente.TreeHead{Size: 3}}, "shrinks"},
		{"skips one", &last, Statement{ID: "s2", Channel: ch, Previous: "s0", Tree: entente.TreeHead{Size: 6}}, "follows"},
		{"leaves a gap", &last, Statement{ID: "s2", Channel: ch, Previous: "s1", Tree: entente.TreeHead{Size: 7}, Entries: run(5)}, "begins at"},
		{"other channel", &last, Statement{ID: "s2", Channel: other, Previous: "s1", Tree: entente.TreeHead{Size: 6}}, "another channel"},
	} {
		err := Check(c.last, c.next)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
