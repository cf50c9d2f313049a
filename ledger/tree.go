// Package ledger keeps the book: append-only trees of ids (RFC 6962, §2.1),
// the heads that senders sign over them and the receipts that receivers answer
// with. A [Tree] is the part of a tree that appending needs: a hash for each
// bit of its size. Both ends of a channel hold all its leaves, so that nothing
// more has to be kept; proofs are made from the leaves.
//
// It promises that two trees of one size and one root hold the same ids in the
// same order, and that [Check] accepts a head or a receipt only if it follows
// the one before. It does not verify signatures and touches no disk.
package ledger

import (
	"encoding/hex"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
)

// Tree is an append-only tree without its leaves: the roots of its complete
// subtrees, largest first. The zero Tree is empty and ready for use.
type Tree struct {
	size     int64
	frontier []tlog.Hash
}

// LeafHash is the hash of one id as a leaf: SHA-256 of a zero byte and the id's text.
func LeafHash(id string) tlog.Hash { return tlog.RecordHash([]byte(id)) }

// Append adds one id.
func (t *Tree) Append(id string) {
	h := LeafHash(id)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.frontier) - 1
		h = tlog.NodeHash(t.frontier[last], h)
		t.frontier = t.frontier[:last]
	}
	t.frontier = append(t.frontier, h)
	t.size++
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Root is the root hash as text: "sha256:" and hex; that of the empty tree is
// the hash of nothing.
func (t *Tree) Root() string {
	if t.size == 0 {
		return EmptyRoot
	}
	h := t.frontier[len(t.frontier)-1]
	for i := len(t.frontier) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.frontier[i], h)
	}
	return "sha256:" + hex.EncodeToString(h[:])
}

// EmptyRoot is the root of the empty tree.
const EmptyRoot = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Head is size and root.
func (t *Tree) Head() entente.TreeHead { return entente.TreeHead{Size: t.size, Root: t.Root()} }

// Clone is an independent copy: appending to one leaves the other as it is.
func (t *Tree) Clone() Tree {
	return Tree{t.size, append([]tlog.Hash(nil), t.frontier...)}
}

// MarshalBinary is the frontier, 32 bytes a hash, largest subtree first.
func (t *Tree) MarshalBinary() []byte {
	b := make([]byte, 0, len(t.frontier)*tlog.HashSize)
	for _, h := range t.frontier {
		b = append(b, h[:]...)
	}
	return b
}

// Parse reads a tree of this size from its frontier.
func Parse(size int64, frontier []byte) (Tree, error) {
	if size < 0 || len(frontier) != bits.OnesCount64(uint64(size))*tlog.HashSize {
		return Tree{}, fmt.Errorf("tree of size %d: frontier has %d bytes, expected %d", size, len(frontier), bits.OnesCount64(uint64(max(size, 0)))*tlog.HashSize)
	}
	t := Tree{size: size}
	for len(frontier) > 0 {
		t.frontier = append(t.frontier, tlog.Hash(frontier[:tlog.HashSize]))
		frontier = frontier[tlog.HashSize:]
	}
	return t, nil
}
