package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/store"
)

func hashID(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// fill makes records as ingest would: a body of 1.4 KB, a few references.
func fill(n int, originator entente.PartyID) ([]store.Record, []store.Leaf) {
	records, leaves := make([]store.Record, n), make([]store.Leaf, n)
	now := entente.At(time.Now())
	types := []string{"indicator", "malware", "relationship", "identity", "location", "sighting"}
	for i := range records {
		body := make([]byte, 1400)
		rand.Read(body)
		id := hashID(body)
		typ := types[i%len(types)]
		stix := fmt.Sprintf("%s--%x-%x-%x-%x-%x", typ, body[:4], body[4:6], body[6:8], body[8:10], body[10:16])
		records[i] = store.Record{
			ID: entente.RecordID(id), Originator: originator, Media: entente.MediaSTIX, STIX: stix, Type: typ,
			Version: "2026-01-02T15:04:05.000Z", Name: "an object of the benchmark", Refs: stix + " " + stix,
			Size: 1200, Bytes: body, Arrived: now,
		}
		leaves[i] = store.Leaf{ID: id}
	}
	return records, leaves
}

func BenchmarkInsertRecords(b *testing.B) {
	for _, size := range []int{1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			dir := b.TempDir()
			db, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			me := entente.PartyID(hashID([]byte("me")))
			ctx := context.Background()
			var book store.Channel
			if err := db.Update(ctx, func(tx *store.Tx) (err error) {
				book, err = tx.InsertChannel(store.Channel{Channel: entente.Book(me, 1)})
				return err
			}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			var r0, r1 syscall.Rusage
			var cpu int64
			n := 0
			for b.Loop() {
				b.StopTimer()
				records, leaves := fill(size, me)
				b.StartTimer()
				syscall.Getrusage(0, &r0)
				if err := db.Update(ctx, func(tx *store.Tx) error {
					if err := tx.InsertRecords(records); err != nil {
						return err
					}
					if err := tx.AppendLeaves(book.N, book.Size, leaves); err != nil {
						return err
					}
					was := book.Size
					book.Size += int64(size)
					return tx.UpdateChannel(book, was)
				}); err != nil {
					b.Fatal(err)
				}
				n += size
				syscall.Getrusage(0, &r1)
				cpu += r1.Utime.Nano() + r1.Stime.Nano() - r0.Utime.Nano() - r0.Stime.Nano()
			}
			b.ReportMetric(float64(cpu)/1e3/float64(n), "us-cpu/record")
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(dir, File))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/float64(n), "B/record")
		})
	}
}

func BenchmarkOpenMemory(b *testing.B) {
	for b.Loop() {
		db, err := OpenMemory()
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInsertGrants(b *testing.B) {
	db := inMemory(b)
	defer closed(b, db)
	ctx := context.Background()
	records, _ := fill(1000, "me")
	if err := db.Update(ctx, func(tx *store.Tx) error { return tx.InsertRecords(records) }); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		grants := make([]store.Grant, len(records))
		for i, r := range records {
			grants[i] = store.Grant{Reader: entente.PartyID(fmt.Sprint("reader ", n)), Compact: "compact", Record: r.ID}
		}
		if err := db.Update(ctx, func(tx *store.Tx) error { return tx.InsertGrants(grants) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*len(records))/b.Elapsed().Seconds(), "grants/s")
}
