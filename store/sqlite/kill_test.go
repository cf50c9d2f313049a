package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/store"
)

// killed is the environment variable that makes the test program a writer that
// is going to be killed: the folder of its store.
const killed = "ENTENTE_TEST_KILLED_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled adds records in transactions of different sizes, keeps in
// each how many there are, and says so when the transaction is kept.
func writeUntilKilled(dir string) error {
	db, err := Open(dir)
	if err != nil {
		return err
	}
	me := entente.PartyID(hashID([]byte("me")))
	var book store.Channel
	for i := 0; ; i++ {
		records, leaves := fill(1+i%7*40, me)
		if err := db.Update(context.Background(), func(tx *store.Tx) (err error) {
			if book, err = tx.Channel(entente.Book(me, 1)); err != nil {
				if book, err = tx.InsertChannel(store.Channel{Channel: entente.Book(me, 1)}); err != nil {
					return err
				}
			}
			if err := tx.InsertRecords(records); err != nil {
				return err
			}
			if err := tx.AppendLeaves(book.N, book.Size, leaves); err != nil {
				return err
			}
			was := book.Size
			book.Size += int64(len(leaves))
			return tx.UpdateChannel(book, was)
		}); err != nil {
			return err
		}
		fmt.Println(book.Size)
	}
}

// TestKilled kills a writer at any moment, several times, and wants each time
// all that it said was kept, and of the rest whole transactions or nothing.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	me := entente.PartyID(hashID([]byte("me")))
	chance := rand.New(rand.NewPCG(1, 2))
	size := int64(0)
	for range 6 {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), killed+"="+dir)
		writer.Stderr = os.Stderr
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(out)
		until := time.Duration(0)
		for n := 0; said.Scan(); n++ {
			v, err := strconv.ParseInt(strings.TrimSpace(said.Text()), 10, 64)
			if err != nil {
				t.Errorf("the writer says %q", said.Text())
				break
			}
			size = v
			if n == 3 {
				until = time.Duration(chance.Int64N(int64(60 * time.Millisecond)))
				time.AfterFunc(until, func() { writer.Process.Kill() })
			}
		}
		err = writer.Wait()
		if until == 0 || writer.ProcessState.Exited() {
			t.Fatalf("the writer ended by itself: %v", err)
		}
		size = whole(t, dir, me, size)
	}
	if size == 0 {
		t.Error("no writer kept anything")
	}
}

// whole checks the store of a killed writer that said it had kept so many
// records, and gives how many it has.
func whole(t *testing.T, dir string, me entente.PartyID, said int64) (size int64) {
	t.Helper()
	db := onDisk(t, dir)
	defer closed(t, db)
	var checked string
	if err := db.conn.QueryRowContext(context.Background(), "PRAGMA integrity_check").Scan(&checked); err != nil || checked != "ok" {
		t.Fatalf("integrity check: %s (%v)", checked, err)
	}
	if err := db.View(context.Background(), func(tx *store.Tx) error {
		book, err := tx.Channel(entente.Book(me, 1))
		if err != nil {
			return err
		}
		size = book.Size
		var ids []string
		if err := tx.EachRecord(func(r store.Record) error {
			ids = append(ids, string(r.ID))
			if hashID(r.Bytes) != string(r.ID) {
				t.Errorf("record %d is not what was put", r.N)
			}
			return nil
		}); err != nil {
			return err
		}
		next := 0
		if err := tx.EachLeaf(book.N, func(l store.Leaf) error {
			if next >= len(ids) || l.ID != ids[next] {
				t.Errorf("leaf %d is not its record", l.Pos)
			}
			next++
			return nil
		}); err != nil {
			return err
		}
		if size < said || int64(len(ids)) != size || int64(next) != size {
			t.Errorf("said were %d records; the channel has %d, with %d records and %d leaves", said, size, len(ids), next)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return size
}
