package entente

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// The ids of the system. All four are "sha256:" and 64 lower-case hex digits:
// an algorithm prefix and a hash. They are types of their own so that one
// cannot be passed for another.
type (
	// PartyID names a party for ever: it is the ActID of the party's first card.
	PartyID string
	// CompactID names a compact: it is the ActID of its founding charter.
	CompactID string
	// ActID names an act: the hash of its pre-authentication encoding.
	ActID string
	// RecordID names a record: the hash of header, line feed and body. The 32
	// random bytes in the header make it a commitment that nobody can test by
	// guessing the content.
	RecordID string
)

const idPrefix = "sha256:"

// hashText is the text of an id over b.
func hashText(b []byte) string {
	sum := sha256.Sum256(b)
	return idPrefix + hex.EncodeToString(sum[:])
}

// checkID refuses whatever is not exactly the text of an id.
func checkID(what, s string) error {
	h, ok := strings.CutPrefix(s, idPrefix)
	if !ok || len(h) != 64 {
		return fmt.Errorf("%s %.80q: expected %q and 64 hex digits", what, s, idPrefix)
	}
	for i := range len(h) {
		if c := h[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("%s %q: %q is not a lower-case hex digit", what, s, c)
		}
	}
	return nil
}

// UnmarshalText accepts the one text an id has.
func (id *PartyID) UnmarshalText(b []byte) error {
	*id = PartyID(b)
	return checkID("party id", string(b))
}

// UnmarshalText accepts the one text an id has.
func (id *CompactID) UnmarshalText(b []byte) error {
	*id = CompactID(b)
	return checkID("compact id", string(b))
}

// UnmarshalText accepts the one text an id has.
func (id *ActID) UnmarshalText(b []byte) error {
	*id = ActID(b)
	return checkID("act id", string(b))
}

// UnmarshalText accepts the one text an id has.
func (id *RecordID) UnmarshalText(b []byte) error {
	*id = RecordID(b)
	return checkID("record id", string(b))
}

// Short is the first digits of an id, for people to read, never to compare by.
func Short[T ~string](id T) string {
	h := strings.TrimPrefix(string(id), idPrefix)
	return h[:min(12, len(h))]
}

// Nonce is random bytes in a record header (32) or an act (16), as lower-case hex.
type Nonce string

func checkNonce(n Nonce, size int) error {
	if len(n) != 2*size {
		return fmt.Errorf("nonce has %d digits, expected %d", len(n), 2*size)
	}
	b, err := hex.DecodeString(string(n))
	if err != nil || hex.EncodeToString(b) != string(n) {
		return fmt.Errorf("nonce %q is not lower-case hex", n)
	}
	return nil
}

// Tag is the random mark of a root observation (16 bytes as hex). Releases of
// all that derives from it carry it, so that a reader can count independent
// origins without learning whose they are.
type Tag = Nonce
