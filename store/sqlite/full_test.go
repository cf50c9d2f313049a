package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"entente"
	"entente/store"
)

// TestFull fills a database that may have so many pages and no more, which
// SQLite reports as it does a full disk.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	db, err := open(dir, options{readers: 1, pragmas: []string{"synchronous(FULL)", "max_page_count(300)"}})
	if err != nil {
		t.Fatal(err)
	}
	me := entente.PartyID(hashID([]byte("me")))
	ctx := context.Background()
	kept := int64(0)
	put := func(n int) error {
		records, _ := fill(n, me)
		err := db.Update(ctx, func(tx *store.Tx) error {
			if err := tx.InsertRecords(records); err != nil {
				return err
			}
			return tx.SetMeta("kept", fmt.Sprint(kept+int64(n)))
		})
		if err == nil {
			kept += int64(n)
		}
		return err
	}
	check := func() {
		t.Helper()
		if err := db.View(ctx, func(tx *store.Tx) error {
			n, err := tx.CountRecords(me)
			if err != nil {
				return err
			}
			if v, _, err := tx.Meta("kept"); err != nil || n != kept || v != fmt.Sprint(kept) {
				t.Errorf("the store has %d records and says %q (%v), kept were %d", n, v, err, kept)
			}
			return tx.EachRecord(func(r store.Record) error {
				if hashID(r.Bytes) != string(r.ID) {
					t.Errorf("record %s changed", r.ID)
				}
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for err == nil {
		err = put(100)
	}
	for range 3 { // and again: a failure leaves nothing open
		if !errors.Is(err, store.ErrFull) || entente.KindOf(err) != entente.Exhausted || entente.HintOf(err) == "" {
			t.Fatalf("full: error %v, kind %q", err, entente.KindOf(err))
		}
		check()
		for err = nil; err == nil; { // a checkpoint may have made some room
			err = put(100)
		}
	}
	if kept == 0 {
		t.Fatal("nothing was kept before it was full")
	}
	if _, err := db.conn.ExecContext(ctx, "PRAGMA max_page_count = 100000"); err != nil { // some room again
		t.Fatal(err)
	}
	if err := put(100); err != nil {
		t.Errorf("with room again: %v", err)
	}
	check()
	closed(t, db)
	db = onDisk(t, dir)
	defer closed(t, db)
	check()
}

// TestReadOnly takes the right to write away.
func TestReadOnly(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "store")
	db := onDisk(t, dir)
	set(t, db, "k", "v")
	closed(t, db)
	for path, mode := range map[string]os.FileMode{dir: 0o500, filepath.Join(dir, File): 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o700) })
	}
	unprivileged(t, parent, func() {
		for _, d := range []string{dir, filepath.Join(dir, "below")} {
			db, err := Open(d)
			if err == nil {
				closed(t, db)
			}
			if !errors.Is(err, store.ErrReadOnly) || entente.HintOf(err) == "" {
				t.Errorf("open %s: error %v, hint %q", d, err, entente.HintOf(err))
			}
		}
	})
	// The disk turns read-only under an open store.
	if err := os.Chmod(filepath.Join(dir, File), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := open(dir, options{readers: 1, pragmas: []string{"synchronous(FULL)"}})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, db)
	if _, err := db.conn.ExecContext(context.Background(), "PRAGMA query_only = ON"); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(context.Background(), func(tx *store.Tx) error { return tx.SetMeta("k", "w") }); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("update: error %v, expected %v", err, store.ErrReadOnly)
	}
	if got := get(t, db, "k"); got != "v" {
		t.Errorf("after a refused write: %q", got)
	}
}
