package entente

import (
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// checkTree holds the vector's root against the plain reading of RFC 6962 and
// against the arithmetic that the ledger uses.
func checkTree(t *testing.T, v *vector) {
	t.Helper()
	if got := treeRoot(v.Leaves); got != v.Root {
		t.Errorf("RFC 6962 gives %s, the vector says %s", got, v.Root)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, leaf := range v.Leaves {
		hashes, err := tlog.StoredHashes(int64(i), []byte(leaf), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(v.Leaves)), reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := idPrefix + hex.EncodeToString(root[:]); got != v.Root {
		t.Errorf("x/mod gives %s, the vector says %s", got, v.Root)
	}
}
