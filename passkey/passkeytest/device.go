// Package passkeytest has a passkey of software, for tests.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"

	"github.com/fxamacker/cbor/v2"
)

// Device is a passkey as a browser and its authenticator work with it: what
// WebAuthn Level 3, section 6, says they do, with every part to be twisted.
type Device struct {
	ID     []byte // of the credential
	Key    any    // ed25519.PrivateKey or *ecdsa.PrivateKey
	Flags  byte   // 1: somebody was there; 4: the user was verified
	Origin string
	Host   string
	Kind   string // of the ceremony; empty: the right one
	Cross  bool   // inside a page of another origin
}

// New makes a passkey for an origin, with an Ed25519 key or one on P-256.
func New(origin string, curve bool) Device {
	u, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}
	d := Device{ID: []byte("credential one"), Flags: 1 | 4, Origin: origin, Host: u.Hostname()}
	if curve {
		d.Key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		_, d.Key, _ = ed25519.GenerateKey(rand.Reader)
	}
	return d
}

// Public is the COSE_Key.
func (d Device) Public() []byte {
	m := map[int]any{}
	switch k := d.Key.(type) {
	case ed25519.PrivateKey:
		m = map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(k.Public().(ed25519.PublicKey))}
	case *ecdsa.PrivateKey:
		b, err := k.PublicKey.Bytes()
		if err != nil {
			panic(err)
		}
		m = map[int]any{1: 2, 3: -7, -1: 1, -2: b[1:33], -3: b[33:]}
	}
	b, err := cbor.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func (d Device) client(challenge []byte, kind string) []byte {
	if d.Kind != "" {
		kind = d.Kind
	}
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": base64.RawURLEncoding.EncodeToString(challenge), "origin": d.Origin, "crossOrigin": d.Cross})
	return b
}

func (d Device) data(more byte) []byte {
	sum := sha256.Sum256([]byte(d.Host))
	return binary.BigEndian.AppendUint32(append(sum[:], d.Flags|more), 7)
}

func (d Device) answer(response map[string]any) []byte {
	id := base64.RawURLEncoding.EncodeToString(d.ID)
	for k, v := range response {
		response[k] = base64.RawURLEncoding.EncodeToString(v.([]byte))
	}
	b, _ := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response})
	return b
}

// Create answers navigator.credentials.create.
func (d Device) Create(challenge []byte) []byte {
	data := append(d.data(64), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.ID))), d.ID...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, d.Public()...)})
	if err != nil {
		panic(err)
	}
	return d.answer(map[string]any{"clientDataJSON": d.client(challenge, "webauthn.create"), "attestationObject": object})
}

// Get answers navigator.credentials.get.
func (d Device) Get(challenge []byte) []byte {
	client, data := d.client(challenge, "webauthn.get"), d.data(0)
	sum := sha256.Sum256(client)
	text := append(data[:len(data):len(data)], sum[:]...)
	var sig []byte
	switch k := d.Key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, text)
	case *ecdsa.PrivateKey:
		hash := sha256.Sum256(text)
		sig, _ = ecdsa.SignASN1(rand.Reader, k, hash[:])
	}
	return d.answer(map[string]any{"clientDataJSON": client, "authenticatorData": data, "signature": sig})
}
