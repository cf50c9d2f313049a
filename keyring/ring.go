// Package keyring keeps a party's private keys as files. A [Ring] is what a
// running node needs: the keys for acts, receipts, TLS and sealing. The root
// keys, the one that signs the next card among them, can live in another
// folder, on another medium, and are read only to sign a card.
//
// It promises files of mode 0600, never to overwrite a key, and that a change
// of keys is complete or has not happened: new keys wait in a folder "next"
// until the card that names them is in the node's store.
package keyring

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"entente"
)

// Ring is the keys of a running node.
type Ring struct {
	Act, Receipt, TLS entente.PrivateKey
	// OldTLS is the TLS key before the last change, for peers that have not
	// seen the new card yet; nil if there is none.
	OldTLS *entente.PrivateKey
	Seal   *ecdh.PrivateKey
}

// File names in a key folder.
const (
	actFile, receiptFile, tlsFile, oldTLSFile, sealFile = "act.key", "receipt.key", "tls.key", "tls-old.key", "seal.key"
	rootFile                                            = "root-%d.key" // root-1 signs card 1, root-2 signs card 2, ...
)

// New makes the keys of a ring.
func New() (*Ring, error) {
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make sealing key: %w", err)
	}
	return &Ring{Act: entente.NewPrivateKey(), Receipt: entente.NewPrivateKey(), TLS: entente.NewPrivateKey(), Seal: seal}, nil
}

// CardKeys lists the ring's public keys for a card signed by root.
func (r *Ring) CardKeys(root entente.Signer) []entente.CardKey {
	return []entente.CardKey{
		{Use: entente.UseRoot, Key: root.Key()},
		{Use: entente.UseAct, Key: r.Act.Key()},
		{Use: entente.UseReceipt, Key: r.Receipt.Key()},
		{Use: entente.UseTLS, Key: r.TLS.Key()},
		{Use: entente.UseSeal, Key: entente.X25519Key(r.Seal.PublicKey().Bytes())},
	}
}

// Signers are the keys that must sign a card that lists this ring.
func (r *Ring) Signers(root entente.Signer) []entente.Signer {
	return []entente.Signer{root, r.Act, r.Receipt, r.TLS}
}

// Matches says whether the ring holds the private keys of a card.
func (r *Ring) Matches(c *entente.Card) bool {
	has := map[entente.Use]entente.Key{
		entente.UseAct: r.Act.Key(), entente.UseReceipt: r.Receipt.Key(), entente.UseTLS: r.TLS.Key(),
		entente.UseSeal: entente.X25519Key(r.Seal.PublicKey().Bytes()),
	}
	for use, key := range has {
		keys := c.KeysFor(use)
		if len(keys) != 1 || keys[0] != key {
			return false
		}
	}
	return true
}

// Write puts the ring into a folder that has none yet.
func (r *Ring) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make key folder: %w", err)
	}
	for name, key := range map[string]any{
		actFile: r.Act.Ed25519(), receiptFile: r.Receipt.Ed25519(), tlsFile: r.TLS.Ed25519(), sealFile: r.Seal,
	} {
		if err := writeKey(filepath.Join(dir, name), key); err != nil {
			return err
		}
	}
	return nil
}

// Read reads the ring of a folder.
func Read(dir string) (*Ring, error) {
	r := &Ring{}
	for name, to := range map[string]*entente.PrivateKey{actFile: &r.Act, receiptFile: &r.Receipt, tlsFile: &r.TLS} {
		k, err := readEd25519(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		*to = k
	}
	if old, err := readEd25519(filepath.Join(dir, oldTLSFile)); err == nil {
		r.OldTLS = &old
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, sealFile))
	if err != nil {
		return nil, err
	}
	seal, ok := key.(*ecdh.PrivateKey)
	if !ok || seal.Curve() != ecdh.X25519() {
		return nil, fmt.Errorf("%s: not an X25519 key", filepath.Join(dir, sealFile))
	}
	r.Seal = seal
	return r, nil
}

// NewRoot makes the root key that will sign card number version.
func NewRoot(dir string, version int64) (entente.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return entente.PrivateKey{}, fmt.Errorf("make root key folder: %w", err)
	}
	k := entente.NewPrivateKey()
	return k, writeKey(RootPath(dir, version), k.Ed25519())
}

// RootPath is the file of the root key for card number version.
func RootPath(dir string, version int64) string {
	return filepath.Join(dir, fmt.Sprintf(rootFile, version))
}

// ReadRoot reads the root key for card number version.
func ReadRoot(dir string, version int64) (entente.PrivateKey, error) {
	return readEd25519(RootPath(dir, version))
}

// Stage writes the ring that is to replace the one in dir, beside it.
func (r *Ring) Stage(dir string) error { return r.Write(nextDir(dir)) }

// Unstage removes a ring that waits, if any: its card never came about.
func Unstage(dir string) error { return os.RemoveAll(nextDir(dir)) }

func nextDir(dir string) string { return filepath.Join(dir, "next") }

// Current reads the ring whose public keys the card lists. If that is the one
// that waits, it takes the place of the old one, whose TLS key is kept for peers
// that have not seen the new card, unless forgetTLS.
func Current(dir string, card *entente.Card, forgetTLS bool) (*Ring, error) {
	if next, err := Read(nextDir(dir)); err == nil && next.Matches(card) {
		if err := promote(dir, forgetTLS); err != nil {
			return nil, fmt.Errorf("put the new keys in place: %w", err)
		}
	}
	r, err := Read(dir)
	if err != nil {
		return nil, err
	}
	if !r.Matches(card) {
		return nil, entente.Errorf(entente.Broken, "put back the key folder that belongs to this store, or the store that belongs to these keys",
			"the keys in %s are not those of the party's card version %d", dir, card.Version)
	}
	return r, nil
}

// promote can be repeated after an interruption at any point: each file takes
// its place in one step, the old TLS key is set aside before its own does, and
// the waiting folder goes last.
func promote(dir string, forgetTLS bool) error {
	next, old := nextDir(dir), filepath.Join(dir, oldTLSFile)
	waiting, err := os.ReadFile(filepath.Join(next, tlsFile))
	if err != nil {
		return err
	}
	if forgetTLS {
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	} else if now, err := os.ReadFile(filepath.Join(dir, tlsFile)); err != nil {
		return err
	} else if !bytes.Equal(now, waiting) {
		if err := put(old, now); err != nil {
			return err
		}
	}
	for _, name := range []string{actFile, receiptFile, sealFile, tlsFile} {
		b, err := os.ReadFile(filepath.Join(next, name))
		if err != nil {
			return err
		}
		if err := put(filepath.Join(dir, name), b); err != nil {
			return err
		}
		if step != nil {
			step(name)
		}
	}
	return os.RemoveAll(next)
}

// step lets a test stop promote after a file.
var step func(name string)

// put writes a file in one step: it is the old one or the new one, never half.
func put(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

func writeKey(path string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return entente.Errorf(entente.Conflict, "keys are never overwritten: choose another folder, or remove the old key yourself if nothing depends on it", "write key: %w", err)
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return errors.Join(err, f.Sync(), f.Close())
}

// ownFile reads a file that nobody but its owner can read: the mode is that of the
// file which is read, whatever stands at the path by then.
func ownFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, entente.Errorf(entente.Refused, "chmod 600 "+path+", and ask yourself who has read it", "%s can be read by others (mode %04o)", path, info.Mode().Perm())
	}
	return io.ReadAll(f)
}

// ReadSecret reads one line of text, such as a password of another service, from a
// file that nobody but its owner can read.
func ReadSecret(path string) (string, error) {
	b, err := ownFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" || len(text) > 4096 || strings.ContainsAny(text, "\r\n") {
		return "", entente.Errorf(entente.Invalid, "", "%s: expected one line of text", path)
	}
	return text, nil
}

func readKey(path string) (any, error) {
	b, err := ownFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// parseKey reads a private key in PKCS #8 (RFC 5958) from PEM text.
func parseKey(text []byte) (any, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("expected a PEM block PRIVATE KEY")
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

func readEd25519(path string) (entente.PrivateKey, error) {
	key, err := readKey(path)
	if err != nil {
		return entente.PrivateKey{}, err
	}
	k, err := asEd25519(key)
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func asEd25519(key any) (entente.PrivateKey, error) {
	k, ok := key.(ed25519.PrivateKey)
	if !ok {
		return entente.PrivateKey{}, errors.New("not an Ed25519 key")
	}
	return entente.PrivateKeyFrom(k), nil
}
