package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The reserve is a file that only takes up room. When the disk is full it is
// removed, so that recalls and suspensions of partners still find a place.
const (
	reserveFile = "entente.reserve"
	reserveSize = 16 << 20
)

// KeepReserve makes sure that the reserve is there; false if the disk has no
// room for it. A store in memory has none and needs none.
func (db *DB) KeepReserve() (bool, error) {
	if db.dir == "" {
		return true, nil
	}
	path := filepath.Join(db.dir, reserveFile)
	if info, err := os.Stat(path); err == nil && info.Size() == reserveSize {
		return true, nil
	}
	err := writeReserve(path)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return false, os.Remove(path)
	}
	if err != nil {
		return false, fmt.Errorf("keep a reserve on the disk: %w", err)
	}
	return true, nil
}

// writeReserve writes real blocks: a file with holes would take up nothing.
func writeReserve(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for range reserveSize / len(block) {
		if _, err := f.Write(block); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// UseReserve gives the room free; false if there was none left to give.
func (db *DB) UseReserve() (bool, error) {
	if db.dir == "" {
		return false, nil
	}
	err := os.Remove(filepath.Join(db.dir, reserveFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
