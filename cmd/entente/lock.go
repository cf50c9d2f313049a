package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"entente"
)

// lock is held by the one process that has a data directory open. The system
// takes it back when the process ends, however it ends; the text in the file
// only says whose it was.
type lock struct{ file *os.File }

// errInUse says that another process has the data directory open.
var errInUse = errors.New("in use")

func takeLock(dir string) (*lock, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, entente.Errorf(entente.Refused, "make the data directory writable for this user", "lock data directory: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		who, _ := os.ReadFile(path) // for people only; the lock is what counts
		return nil, errors.Join(f.Close(), entente.Errorf(entente.Conflict, "wait for that process to end, or stop it: one process at a time opens the store",
			"data directory %s: %w by process %s", dir, errInUse, strings.TrimSpace(string(who))))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.file.Close() }
