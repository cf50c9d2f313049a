package keyring

import (
	"os"
	"path/filepath"

	"entente"
)

// NewOperator makes the key with which a person of the party approves what is
// signed in its name, in a file that does not exist yet; its folder is made.
func NewOperator(path string) (entente.PrivateKey, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return entente.PrivateKey{}, err
	}
	key := entente.NewPrivateKey()
	return key, writeKey(path, key.Ed25519())
}

// ReadOperator reads the key of a person.
func ReadOperator(path string) (entente.PrivateKey, error) { return readEd25519(path) }

// ParseOperator reads the key of a person from the text of its file.
func ParseOperator(text []byte) (entente.PrivateKey, error) {
	key, err := parseKey(text)
	if err != nil {
		return entente.PrivateKey{}, err
	}
	return asEd25519(key)
}
