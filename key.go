package entente

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Key is a public key with its algorithm: "ed25519:" or "x25519:" and 64 hex
// digits. The text is the key's id too: signatures name the key they are by.
type Key string

// Use says what a key may do. A key serves one use only.
type Use string

// The uses of keys on a card.
const (
	UseRoot    Use = "root"    // signs cards; may stay offline
	UseAct     Use = "act"     // signs acts
	UseReceipt Use = "receipt" // signs heads and receipts
	UseTLS     Use = "tls"     // the node's TLS certificate; pinned by peers
	UseSeal    Use = "seal"    // what is sealed for this party (X25519)
)

const (
	algEd25519 = "ed25519:"
	algX25519  = "x25519:"
)

// Ed25519Key is the Key of a public key.
func Ed25519Key(pub ed25519.PublicKey) Key { return Key(algEd25519 + hex.EncodeToString(pub)) }

// X25519Key is the Key of the 32 bytes of an X25519 public key.
func X25519Key(pub []byte) Key { return Key(algX25519 + hex.EncodeToString(pub)) }

// smallOrder lists the y-coordinates of the eight torsion points of edwards25519
// and their non-canonical spellings, sign bit cleared: under such a key anybody
// can make a signature that verifies. A test computes them anew.
var smallOrder = [][32]byte{
	{}, // y = 0
	{1},
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
}

func unhex(s string) (out [32]byte) {
	b, err := hex.DecodeString(s)
	if err != nil || copy(out[:], b) != 32 {
		panic("entente: bad constant " + s)
	}
	return out
}

// bytes checks the text of a key and gives its 32 bytes.
func (k Key) bytes() (alg string, raw []byte, err error) {
	alg, h, ok := strings.Cut(string(k), ":")
	alg += ":"
	if !ok || (alg != algEd25519 && alg != algX25519) {
		return "", nil, fmt.Errorf("key %.24q: algorithm not known here; expected %s or %s", k, algEd25519, algX25519)
	}
	raw, err = hex.DecodeString(h)
	if err != nil || len(raw) != 32 || hex.EncodeToString(raw) != h {
		return "", nil, fmt.Errorf("key %.80q: expected 64 lower-case hex digits after the algorithm", k)
	}
	return alg, raw, nil
}

// Ed25519 is the public key to verify signatures with. Keys of small order are refused.
func (k Key) Ed25519() (ed25519.PublicKey, error) {
	alg, raw, err := k.bytes()
	if err != nil {
		return nil, err
	}
	if alg != algEd25519 {
		return nil, fmt.Errorf("key %.24q does not sign", k)
	}
	y := [32]byte(raw)
	y[31] &= 0x7f
	for _, s := range smallOrder {
		if y == s {
			return nil, fmt.Errorf("key %s has small order: anybody could sign with it", k)
		}
	}
	return raw, nil
}

// Verify says whether sig is this key's signature over message.
func (k Key) Verify(message, sig []byte) bool {
	pub, err := k.Ed25519()
	return err == nil && ed25519.Verify(pub, message, sig)
}

// Hash commits to a key without showing it: what a card says of the next root key.
func (k Key) Hash() string { return hashText([]byte(k)) }

// Signer signs with one private key, which may live elsewhere.
type Signer interface {
	// Key is the public key.
	Key() Key
	// Sign gives the signature over exactly these bytes.
	Sign(message []byte) ([]byte, error)
}

// PrivateKey is an Ed25519 private key in memory.
type PrivateKey struct{ private ed25519.PrivateKey }

var _ Signer = PrivateKey{}

// NewPrivateKey makes a key from the system's random source.
func NewPrivateKey() PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail since Go 1.24
	}
	return PrivateKey{private}
}

// PrivateKeyFrom wraps an existing key.
func PrivateKeyFrom(k ed25519.PrivateKey) PrivateKey { return PrivateKey{k} }

// Ed25519 is the key itself, for TLS and for writing it to its file.
func (p PrivateKey) Ed25519() ed25519.PrivateKey { return p.private }

// Key is the public half.
func (p PrivateKey) Key() Key { return Ed25519Key(p.private.Public().(ed25519.PublicKey)) }

// Sign signs message (RFC 8032, pure Ed25519).
func (p PrivateKey) Sign(message []byte) ([]byte, error) {
	if len(p.private) != ed25519.PrivateKeySize {
		return nil, errors.New("private key missing")
	}
	return ed25519.Sign(p.private, message), nil
}

// NewNonce gives n random bytes as hex.
func NewNonce(n int) Nonce {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return Nonce(hex.EncodeToString(b))
}

// Fingerprint is what two people compare over the telephone: the first 16 bytes
// of the SHA-256 of the act id of a card. 128 bits keep a second card with
// the same fingerprint out of reach.
func Fingerprint(card ActID) [16]byte {
	sum := sha256.Sum256([]byte(card))
	return [16]byte(sum[:16])
}
