package keyring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"entente"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fresh(t *testing.T) *Ring {
	t.Helper()
	r, err := New()
	check(t, err)
	return r
}

func cardOf(r *Ring) *entente.Card {
	return &entente.Card{Version: 1, Name: "x", Keys: r.CardKeys(entente.NewPrivateKey())}
}

func same(a, b *Ring) bool { return a.Matches(cardOf(b)) }

func TestKeysComeBackAndAreNeverOverwritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	r := fresh(t)
	check(t, r.Write(dir))
	back, err := Read(dir)
	check(t, err)
	if !same(back, r) || back.OldTLS != nil {
		t.Error("other keys come back")
	}
	if same(back, fresh(t)) {
		t.Error("any card matches")
	}
	if err := fresh(t).Write(dir); entente.KindOf(err) != entente.Conflict || entente.HintOf(err) == "" {
		t.Errorf("overwritten: %v", err)
	}
	if back, err := Read(dir); err != nil || !same(back, r) {
		t.Errorf("a refused write changed the keys: %v", err)
	}
	check(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		info, _ := e.Info()
		if want := fs.FileMode(0o600); !e.IsDir() && info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
		return err
	}))
	root, err := NewRoot(dir, 1)
	check(t, err)
	if _, err := NewRoot(dir, 1); err == nil {
		t.Error("a root key was overwritten")
	}
	if again, err := ReadRoot(dir, 1); err != nil || again.Key() != root.Key() {
		t.Errorf("root key: %v", err)
	}
}

func TestKeysOthersCanReadOrThatAreNoKeysAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"readable by all": func(p string) error { return os.Chmod(p, 0o644) },
		"not PEM":         func(p string) error { return os.WriteFile(p, []byte("x"), 0o600) },
		"missing":         os.Remove,
		"another kind": func(p string) error {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(p), sealFile))
			return errors.Join(err, os.WriteFile(p, b, 0o600))
		},
	} {
		dir := t.TempDir()
		check(t, fresh(t).Write(dir))
		check(t, spoil(filepath.Join(dir, actFile)))
		if _, err := Read(dir); err == nil {
			t.Errorf("%s: read all the same", name)
		}
	}
}

func TestAChangeOfKeysIsCompleteOrHasNotHappened(t *testing.T) {
	for _, forget := range []bool{false, true} {
		for stop := -1; stop < 4; stop++ {
			dir := t.TempDir()
			old, next := fresh(t), fresh(t)
			check(t, old.Write(dir))
			check(t, next.Stage(dir))
			// Before the card is there, the old keys are the right ones.
			if r, err := Current(dir, cardOf(old), forget); err != nil || !same(r, old) {
				t.Fatalf("before: %v", err)
			}
			// The process dies after some of the files; -1: not at all.
			died := errors.New("died")
			func() {
				done := 0
				step = func(string) {
					if done == stop {
						panic(died)
					}
					done++
				}
				defer func() {
					step = nil
					if r := recover(); r != nil && r != died {
						panic(r)
					}
				}()
				if _, err := Current(dir, cardOf(next), forget); err != nil {
					t.Fatal(err)
				}
			}()
			r, err := Current(dir, cardOf(next), forget)
			if err != nil || !same(r, next) {
				t.Fatalf("after dying at file %d: %v", stop, err)
			}
			if kept := r.OldTLS != nil; kept == forget {
				t.Errorf("old TLS key kept %v, forget %v", kept, forget)
			}
			if r.OldTLS != nil && r.OldTLS.Key() != old.TLS.Key() {
				t.Error("the old TLS key is not the old one")
			}
			if _, err := os.Stat(nextDir(dir)); !errors.Is(err, fs.ErrNotExist) {
				t.Error("the new keys still wait beside themselves")
			}
		}
	}
}

func TestKeysOfAnotherStoreAreRefused(t *testing.T) {
	dir := t.TempDir()
	check(t, fresh(t).Write(dir))
	if _, err := Current(dir, cardOf(fresh(t)), false); entente.KindOf(err) != entente.Broken || entente.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	check(t, fresh(t).Stage(dir))
	check(t, Unstage(dir))
	if _, err := os.Stat(nextDir(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("still waits")
	}
}
