package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"entente"
	"entente/store"
	"entente/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return inMemory(t) })
}

func TestDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return onDisk(t, t.TempDir()) })
}

func inMemory(t testing.TB) *DB {
	t.Helper()
	db, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func onDisk(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closed(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, db *DB, key, value string) {
	t.Helper()
	if err := db.Update(context.Background(), func(tx *store.Tx) error { return tx.SetMeta(key, value) }); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, db *DB, key string) (value string) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		value, _, err = tx.Meta(key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestReopen(t *testing.T) {
	// A name that means something to SQLite's URIs.
	dir := filepath.Join(t.TempDir(), "new", "a b?c%20#d&mode=ro")
	db := onDisk(t, dir)
	set(t, db, "k", "v")
	closed(t, db)
	for name, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, File): 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, expected %v", name, info.Mode().Perm(), want)
		}
	}
	db = onDisk(t, dir)
	if got := get(t, db, "k"); got != "v" {
		t.Errorf("after reopening: %q", got)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v while open, expected 0600", f.Name(), info.Mode().Perm())
		}
	}
	closed(t, db)
	if files, err = os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("after closing the folder has %v (%v), expected the database alone", files, err)
	}
}

func TestClosed(t *testing.T) {
	db := inMemory(t)
	begun, over := make(chan bool), make(chan error)
	go func() {
		over <- db.Update(context.Background(), func(tx *store.Tx) error {
			close(begun)
			return tx.SetMeta("k", "v")
		})
	}()
	<-begun
	closed(t, db) // waits
	if err := <-over; err != nil {
		t.Errorf("update that ran while the store was closed: %v", err)
	}
	closed(t, db) // again
	for _, run := range []func(context.Context, func(*store.Tx) error) error{db.Update, db.View} {
		if err := run(context.Background(), func(*store.Tx) error { return nil }); !errors.Is(err, errClosed) {
			t.Errorf("transaction on a closed store: %v", err)
		}
	}
}

func TestMemoryLeavesNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	db := inMemory(t)
	set(t, db, "k", strings.Repeat("v", 1<<20))
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files of a store in memory: %v (%v)", files, err)
	}
	if len(get(t, db, "k")) != 1<<20 {
		t.Error("value lost")
	}
	closed(t, db)
}

func TestNewerVersion(t *testing.T) {
	dir := t.TempDir()
	db := onDisk(t, dir)
	set(t, db, "k", "v")
	version := func(v int) {
		t.Helper()
		if _, err := db.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA user_version = %d", v)); err != nil {
			t.Fatal(err)
		}
		closed(t, db)
	}
	version(len(steps) + 1)
	was, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	if entente.KindOf(err) != entente.Refused || entente.HintOf(err) == "" || !strings.Contains(err.Error(), "format") {
		t.Fatalf("newer version: error %v, hint %q", err, entente.HintOf(err))
	}
	if is, err := os.ReadFile(filepath.Join(dir, File)); err != nil || !bytes.Equal(is, was) {
		t.Errorf("the database was changed (%v)", err)
	}
}

func TestNoDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), bytes.Repeat([]byte("not a database\n"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := Open(dir); err == nil {
		closed(t, db)
		t.Error("opened a text file as a store")
	}
	// A failed first opening leaves nothing half made.
	dir = t.TempDir()
	was := steps
	defer func() { steps = was }()
	steps = []string{was[0], "CREATE TABLE nonsense ("}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "step 2") {
		t.Fatalf("broken step: %v", err)
	}
	steps = was
	db := onDisk(t, dir)
	set(t, db, "k", "v")
	closed(t, db)
}

// TestTwoProcesses has two stores on one database, as a server and a command have.
func TestTwoProcesses(t *testing.T) {
	var dir string
	dbs := make([]*DB, 2)
	for round := range 20 { // each makes the database anew, both at once
		if round > 0 {
			closed(t, dbs[0])
			closed(t, dbs[1])
		}
		dir = t.TempDir()
		var opening sync.WaitGroup
		for i := range dbs {
			opening.Go(func() {
				var err error
				if dbs[i], err = Open(dir); err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
		if t.Failed() {
			return
		}
	}
	defer closed(t, dbs[0])
	defer closed(t, dbs[1])
	var writing sync.WaitGroup
	for i, db := range dbs {
		writing.Go(func() {
			for n := range 30 { // both give numbers to the same names
				c := store.Channel{Channel: entente.Channel{From: entente.PartyID(fmt.Sprint("party ", n)), To: "to", Epoch: int64(i)}}
				if err := db.Update(context.Background(), func(tx *store.Tx) error {
					_, err := tx.InsertChannel(c)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	for _, db := range dbs {
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			for n := range 30 {
				rows, err := tx.ChannelsWith(entente.PartyID(fmt.Sprint("party ", n)))
				if err != nil {
					return err
				}
				if len(rows) != 2 {
					t.Errorf("party %d has %d channels, expected one by each process", n, len(rows))
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestErased looks for an erased body in the files, where a thief would.
func TestErased(t *testing.T) {
	dir := t.TempDir()
	db := onDisk(t, dir)
	defer closed(t, db)
	secrets := []string{"the body of the record", "what the record is named", "identity--whom-it-names"}
	insert := func(id, secretSuffix string) store.Record {
		body := []byte(strings.Repeat(secrets[0]+secretSuffix+" ", 100))
		return store.Record{
			ID: entente.RecordID(id), Originator: "p", STIX: "report--" + id, Name: secrets[1] + secretSuffix,
			Refs: secrets[2] + secretSuffix, Bytes: body,
		}
	}
	if err := db.Update(context.Background(), func(tx *store.Tx) error {
		err := tx.InsertRecords([]store.Record{insert("1", "/kept"), insert("2", "/gone"), insert("3", "/kept")})
		if err != nil {
			return err
		}
		return tx.InsertTexts([]store.Text{{N: 1, Words: "one kept"}, {N: 2, Words: "xylophone"}, {N: 3, Words: "three kept"}})
	}); err != nil {
		t.Fatal(err)
	}
	hits := func(suffix string) (n int) {
		t.Helper()
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range secrets {
				n += bytes.Count(b, []byte(s+suffix))
			}
			if suffix == "/gone" {
				n += bytes.Count(b, []byte("xylophone")) // in the index it stands alone
			}
		}
		return n
	}
	if hits("/gone") == 0 {
		t.Fatal("the test finds nothing even before the erasure")
	}
	if err := db.Update(context.Background(), func(tx *store.Tx) error { return tx.EraseRecord("2", "recall") }); err != nil {
		t.Fatal(err)
	}
	if n := hits("/gone"); n != 0 {
		t.Errorf("the erased record is still in the files, %d times", n)
	}
	if hits("/kept") == 0 {
		t.Error("the others are gone too")
	}
	// A view that runs keeps the log; the next Update after it tries again.
	if err := db.Update(context.Background(), func(tx *store.Tx) error {
		return tx.InsertRecords([]store.Record{insert("4", "/again")})
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.View(context.Background(), func(view *store.Tx) error {
		if _, err := view.Record("4"); err != nil {
			return err
		}
		if err := db.Update(context.Background(), func(tx *store.Tx) error { return tx.EraseRecord("4", "recall") }); err != nil {
			return err
		}
		r, err := view.Record("4")
		if len(r.Bytes) == 0 {
			t.Error("a view lost what it had seen")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	set(t, db, "k", "v")
	if n := hits("/again"); n != 0 {
		t.Errorf("the record erased while a view ran is still in the files, %d times", n)
	}
}

// TestReferencesOfAnOlderStore opens a store that was written before references
// had rows of their own.
func TestReferencesOfAnOlderStore(t *testing.T) {
	dir := t.TempDir()
	was := steps
	defer func() { steps = was }()
	steps = was[:4]
	db := onDisk(t, dir)
	if _, err := db.conn.ExecContext(t.Context(), `INSERT INTO names (n, name) VALUES (1, 'north')`); err != nil {
		t.Fatal(err)
	}
	for i, refs := range []string{"x--1 y--2", "", "y--2"} {
		_, err := db.conn.ExecContext(t.Context(), `INSERT INTO records (id, originator, media, stix, type, version, name, revoked, refs, size, gone, arrived)
			VALUES (?1, 1, '', ?1, 'note', '', '', 0, ?2, 0, '', 0)`, fmt.Sprint("r", i), refs)
		if err != nil {
			t.Fatal(err)
		}
	}
	closed(t, db)
	steps = was
	db = onDisk(t, dir)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for stix, want := range map[string]int{"x--1": 1, "y--2": 2, "": 0, "x--1 y--2": 0} {
			rows, err := tx.Referring(stix, 0, 10)
			if err != nil {
				return err
			}
			if len(rows) != want {
				t.Errorf("%q is referred to by %d records, expected %d", stix, len(rows), want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	closed(t, db)
}

// TestWordsAcrossWindows finds words on both sides of the border between two
// windows of the index, and behind an empty one.
func TestWordsAcrossWindows(t *testing.T) {
	dir := t.TempDir()
	db := onDisk(t, dir)
	defer closed(t, db)
	insert := func(id string) {
		t.Helper()
		if err := db.Update(context.Background(), func(tx *store.Tx) error {
			if err := tx.InsertRecords([]store.Record{{ID: entente.RecordID(id), Originator: "p", Bytes: []byte(id)}}); err != nil {
				return err
			}
			rows, err := tx.Due(10)
			if err != nil {
				return err
			}
			return tx.InsertTexts([]store.Text{{N: rows[0].N, Words: "harbour " + id}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	goOn := func(n int) {
		t.Helper()
		raw, err := sql.Open("sqlite", filepath.Join(dir, File))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.Exec(`UPDATE records SET n = ?1 WHERE n = (SELECT MAX(n) FROM records)`, n); err != nil {
			t.Fatal(err)
		}
	}
	insert("first")
	insert("moved")
	goOn(1<<17 - 2)
	insert("last") // of the first window
	insert("next")
	insert("moved2")
	goOn(3 << 17)
	insert("far")
	for _, x := range []struct {
		before int64
		limit  int
		want   []string
	}{
		{1 << 60, 10, []string{"far", "next", "last", "first"}},
		{1 << 60, 2, []string{"far", "next"}},
		{1 << 17, 10, []string{"last", "first"}},
		{1<<17 + 1, 1, []string{"next"}},
		{1, 10, nil},
	} {
		var got []string
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			rows, err := tx.Matching([]store.Phrase{{Words: []string{"harb"}, Begins: true}}, x.before, x.limit)
			for _, r := range rows {
				got = append(got, string(r.ID))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("before %d, at most %d: %q, expected %q", x.before, x.limit, got, x.want)
		}
	}
}
