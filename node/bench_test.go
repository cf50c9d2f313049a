package node_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ulikunitz/xz"

	"entente"
	"entente/node"
	"entente/stix"
)

// attack reads the ATT&CK Enterprise bundle: 24,771 objects, 33.9 MB.
func attack(b testing.TB) []byte {
	b.Helper()
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(shared, "data", "stix-attack-enterprise", "enterprise-attack-18.1.min.json.xz"))
	if err != nil {
		if os.Getenv("ENTENTE_CI") != "" {
			b.Fatal(err)
		}
		b.Skip("missing:", err)
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	check(b, err)
	data, err := io.ReadAll(r)
	check(b, err)
	return data
}

// BenchmarkPut is durable ingest of the whole bundle, from bytes to a signed
// head of the book on disk.
func BenchmarkPut(b *testing.B) {
	data := attack(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		c := cellOf(b, true, "A")
		b.StartTimer()
		objects, err := stix.Split(data)
		check(b, err)
		_, err = c.as("A").Put(ctx, objects)
		check(b, err)
		n += len(objects)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkDeliver is delivery from A to B without the network: batches are
// made, judged, encoded, decoded, verified, kept and receipted on disk.
func BenchmarkDeliver(b *testing.B) {
	objects, err := stix.Split(attack(b))
	check(b, err)
	n := 0
	for b.Loop() {
		b.StopTimer()
		c := cellOf(b, true, "A", "B")
		id := c.found("A", "B")
		put, err := c.as("A").Put(ctx, objects)
		check(b, err)
		records := make([]entente.RecordID, len(put))
		for i, p := range put {
			records[i] = p.Record
		}
		records = c.releasable(b, id, records, "B")
		c.release("A", id, records, "B")
		b.StartTimer()
		c.meet("A", "B")
		n += len(records)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

// releasable leaves out what refers to objects that the bundle does not have.
func (c *cell) releasable(t testing.TB, id entente.CompactID, records []entente.RecordID, to string) []entente.RecordID {
	t.Helper()
	for {
		p, err := c.as("A").Preview(ctx, c.order(id, records, to))
		check(t, err)
		missing := map[entente.RecordID]bool{}
		for _, m := range p.Recipients[0].Decision.Missing {
			missing[m.Record] = true
		}
		if len(missing) == 0 {
			check(t, p.Err())
			return records
		}
		kept := records[:0:0]
		for _, r := range records {
			if !missing[r] {
				kept = append(kept, r)
			}
		}
		records = kept
	}
}

// BenchmarkPreview judges the whole bundle for one party: time per record is
// the cost of a decision.
func BenchmarkPreview(b *testing.B) {
	objects, err := stix.Split(attack(b))
	check(b, err)
	c := cellOf(b, true, "A", "B")
	id := c.found("A", "B")
	put, err := c.as("A").Put(ctx, objects)
	check(b, err)
	records := make([]entente.RecordID, len(put))
	for i, p := range put {
		records[i] = p.Record
	}
	for b.Loop() {
		_, err := c.as("A").Preview(ctx, node.Order{Compact: id, Records: records, To: []entente.PartyID{c.as("B").Self()}, Handling: c.order(id, nil).Handling})
		check(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(records)), "µs/decision")
}
