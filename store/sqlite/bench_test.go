package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
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

// BenchmarkInsertRecords keeps 1,000 records and their leaves in each transaction.
func BenchmarkInsertRecords(b *testing.B) {
	const size = 1000
	dir := b.TempDir()
	db := onDisk(b, dir)
	ctx := context.Background()
	book := store.Channel{Channel: entente.Book(entente.PartyID(hashID([]byte("me"))), 1)}
	if err := db.Update(ctx, func(tx *store.Tx) (err error) {
		book, err = tx.InsertChannel(book)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		records, leaves := fill(size, book.From)
		b.StartTimer()
		if err := db.Update(ctx, func(tx *store.Tx) error {
			if err := tx.InsertRecords(records); err != nil {
				return err
			}
			if err := tx.AppendLeaves(book.N, book.Size, leaves); err != nil {
				return err
			}
			was := book.Size
			book.Size += size
			return tx.UpdateChannel(book, was)
		}); err != nil {
			b.Fatal(err)
		}
		n += size
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
	closed(b, db)
	info, err := os.Stat(filepath.Join(dir, File))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(n), "B/record")
}

func BenchmarkOpenMemory(b *testing.B) {
	for b.Loop() {
		closed(b, inMemory(b))
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
