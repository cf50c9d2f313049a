package peer_test

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

// attack is the ATT&CK Enterprise bundle (24,771 objects, 33.9 MB), from the
// public test data, which the project itself does not contain.
func attack(b *testing.B) []stix.Object {
	b.Helper()
	root := os.Getenv("ENTENTE_SHARED")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", root) // from the module's root, not from this folder
	}
	f, err := os.Open(filepath.Join(root, "data", "stix-attack-enterprise", "enterprise-attack-18.1.min.json.xz"))
	if err != nil {
		missing := "public test data is missing: " + err.Error() + "; set ENTENTE_SHARED to the folder that has it"
		if os.Getenv("ENTENTE_CI") == "1" {
			b.Fatal(missing)
		}
		b.Skip(missing)
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	check(b, err)
	data, err := io.ReadAll(r)
	check(b, err)
	objects, err := stix.Split(data)
	check(b, err)
	return objects
}

// BenchmarkDeliver is the whole way of the ATT&CK bundle from one node to
// another over loopback: batches are judged, entered and signed, sent, verified,
// kept and receipted, with both stores on disk.
func BenchmarkDeliver(b *testing.B) {
	objects := attack(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		c := newCellOnDisk(b, "Ardel", "Borvia")
		c.openAll()
		id := c.found("Ardel", "Borvia")
		from, to := c.as("Ardel"), c.as("Borvia")
		from.until("settled", func() bool { return from.settled(to) })
		to.shut()
		put, err := from.Put(ctx, objects)
		check(b, err)
		order := node.Order{
			Compact: id, To: []entente.PartyID{to.Self()},
			Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"},
		}
		for _, p := range put {
			order.Records = append(order.Records, p.Record)
		}
		order.Records = from.closed(order)
		_, _, err = from.Release(ctx, order)
		check(b, err)
		b.StartTimer()
		to.open()
		from.until("settled", func() bool { return from.settled(to) })
		n += len(order.Records)
		b.StopTimer()
		to.shut()
		from.shut()
		b.StartTimer()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

// closed leaves out the records that refer to what the recipient would not have:
// some objects of the bundle refer to what is not in it.
func (p *party) closed(o node.Order) []entente.RecordID {
	p.t.Helper()
	for {
		preview, err := p.Preview(ctx, o)
		check(p.t, err)
		missing := map[entente.RecordID]bool{}
		for _, m := range preview.Recipients[0].Decision.Missing {
			missing[m.Record] = true
		}
		if len(missing) == 0 {
			return o.Records
		}
		var kept []entente.RecordID
		for _, r := range o.Records {
			if !missing[r] {
				kept = append(kept, r)
			}
		}
		o.Records = kept
	}
}
