package sqlite

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// unprivileged runs fn as an owner of dir and all in it who has no other
// rights: root, whom file modes do not bind, becomes somebody else for the file
// system in one thread, which ends with fn.
func unprivileged(t *testing.T, dir string, fn func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		fn()
		return
	}
	const somebody = 65534
	for path := dir; path != filepath.Dir(path) && len(path) > len(os.TempDir()); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, somebody, somebody)
	}); err != nil {
		t.Fatal(err)
	}
	var ran sync.WaitGroup
	ran.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread is not used again
		if err := syscall.Setfsuid(somebody); err != nil {
			t.Error(err)
			return
		}
		fn()
	})
	ran.Wait()
}
