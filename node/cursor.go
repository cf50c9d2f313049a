package node

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"

	"entente"
)

// A cursor says where a page of a list ended. It is the place sealed for its
// reader and list: with bare numbers the gaps between two pages would tell how
// much is hidden in between.

// cursor seals a place, by AES-256-GCM under a key that only this node has. The
// nonce is made from what is sealed: one place has one cursor, and no nonce
// stands for two (as in RFC 5297, section 1.2).
func (d *desk) cursor(r entente.Reader, q Query, place int64) (string, error) {
	aead, nonces, err := d.cursorKeys()
	if err != nil {
		return "", err
	}
	list, plain := listName(r, q), binary.BigEndian.AppendUint64(nil, uint64(place))
	nonces.Write(append(plain, list...))
	nonce := nonces.Sum(nil)[:aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, list)), nil
}

// place opens a cursor; no cursor is the begin of the list.
func (d *desk) place(r entente.Reader, q Query) (int64, error) {
	if q.After == "" {
		return 0, nil
	}
	aead, _, err := d.cursorKeys()
	if err != nil {
		return 0, err
	}
	wrong := entente.Errorf(entente.Invalid, "begin the list anew", "this is no place in this list")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(q.After)
	if err != nil || len(sealed) < aead.NonceSize() {
		return 0, wrong
	}
	place, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], listName(r, q))
	if err != nil || len(place) != 8 {
		return 0, wrong
	}
	return int64(binary.BigEndian.Uint64(place)), nil
}

// cursorKeys are the cipher of cursors and the hash that makes their nonces.
func (d *desk) cursorKeys() (cipher.AEAD, hash.Hash, error) {
	secret, ok, err := d.Meta(metaSecret)
	if err != nil || !ok {
		return nil, nil, brokenRow("setting", metaSecret, err)
	}
	key := func(use string) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("cursors of lists: " + use))
		return mac.Sum(nil)
	}
	block, err := aes.NewCipher(key("place"))
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, hmac.New(sha256.New, key("nonce")), err
}

// listName is what a cursor is bound to. Type and originator only leave out rows:
// the places are those of the whole list.
func listName(r entente.Reader, q Query) []byte {
	if q.Text != "" {
		return fmt.Appendf(nil, "%q %q words %q", r.Party, r.Operator, q.Text)
	}
	return fmt.Appendf(nil, "%q %q %q %v %v", r.Party, r.Operator, q.Compact, ownList(r, q), q.Newest)
}
