package entente

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a decoder accepts, it must be able to say again in the same bytes; what
// it reads costs memory in proportion to the input, whatever the input claims.

func FuzzParseSigned(f *testing.F) {
	for _, e := range theCast().Acts {
		f.Add(e.Signed.Envelope())
	}
	f.Add([]byte(`{"payloadType":"application/vnd.entente.act+json","payload":"e30=","signatures":[]}`))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSigned(b)
		if err != nil {
			if s.ID != "" || s.Payload != nil || s.Signatures != nil {
				t.Fatalf("refused (%v), but something came back: %+v", err, s)
			}
			return
		}
		if !bytes.Equal(s.Envelope(), b) {
			t.Fatalf("accepted %q\nwhich is   %q", b, s.Envelope())
		}
		if again, err := encode(&s.Act); err != nil || !bytes.Equal(again, s.Payload) {
			t.Fatalf("accepted the payload %q\nwhich is %q (%v)", s.Payload, again, err)
		}
		_ = s.VerifyBy(theCast().card("charter")) // any answer, but no panic
	})
}

// FuzzPayload goes past the signatures and the Base64, straight to the act.
func FuzzPayload(f *testing.F) {
	for _, e := range theCast().Acts {
		f.Add(e.Signed.Payload)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parsePayload(b)
		if err != nil {
			return
		}
		if again, err := encode(&s.Act); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted %q\nwhich is %q (%v)", b, again, err)
		}
		if s.Act.Party(s.ID) == "" || !s.Act.Kind.Control() && s.Act.CompactOf(s.ID) == "" {
			t.Fatalf("accepted an act of nobody or of no compact: %s", b)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	for _, r := range []Record{theCast().Own, theCast().Foreign, theCast().Tied} {
		f.Add(r.Bytes)
	}
	f.Add([]byte("{}\n{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRecord(b)
		if err != nil {
			return
		}
		head, err := encode(&r.Header)
		if again := slices.Concat(head, []byte("\n"), r.Body); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted %q\nwhich is %q (%v)", b, again, err)
		}
	})
}

func FuzzParseBatch(f *testing.F) {
	f.Add(AppendBatch(nil, &theCast().Batch))
	f.Add(AppendBatch(nil, &Batch{Channel: theCast().Batch.Channel}))
	f.Add([]byte(batchMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Batch
		var err error
		spent := allocated(func() { p, err = ParseBatch(b) })
		if most := batchCost(len(b)); spent > most {
			t.Fatalf("%d bytes of input took %d bytes of memory, expected at most %d", len(b), spent, most)
		}
		if err != nil {
			return
		}
		if again := AppendBatch(nil, &p); !bytes.Equal(again, b) {
			t.Fatalf("accepted %q\nwhich is %q", b, again)
		}
	})
}

// batchCost bounds the memory that reading a batch may take: the headers of the
// slices it is cut into, and a little for counts that claim too much, ids, errors.
func batchCost(input int) uint64 { return uint64(input)*16 + 128<<10 }

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The worst a sender can do: as many entries as the limits let it claim, with
// and without the bytes that would go with them.
func TestBatchTakesMemoryForWhatIsThereOnly(t *testing.T) {
	c := theCast()
	crowd := Batch{Channel: c.Batch.Channel}
	tiny := slices.Repeat([][]byte{{0}}, 1000)
	for range 64 {
		crowd.Parcels = append(crowd.Parcels, Parcel{Leaf: c.act("release").ID, Act: []byte{0}, Attached: tiny, Records: tiny})
	}
	empty := AppendBatch(nil, &Batch{Channel: c.Batch.Channel})
	claims := binary.AppendUvarint(slices.Clone(empty[:len(empty)-1]), MaxBatchParcels)
	for name, b := range map[string][]byte{"crowded": AppendBatch(nil, &crowd), "claims": claims} {
		spent := allocated(func() {
			if _, err := ParseBatch(b); (err != nil) != (name == "claims") {
				t.Errorf("%s: %v", name, err)
			}
		})
		t.Logf("%s: %d bytes read, %d bytes of memory", name, len(b), spent)
		if spent > batchCost(len(b)) {
			t.Errorf("%s: %d bytes of input took %d bytes of memory, expected at most %d", name, len(b), spent, batchCost(len(b)))
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000001Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.9Z", "2026-03-01T09:00:00,1Z", "2026-03-01T09:00:00+00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var x Time
		if x.UnmarshalText([]byte(s)) != nil {
			return
		}
		again, err := x.MarshalText()
		if err != nil || string(again) != s {
			t.Fatalf("accepted %q, which is %q (%v)", s, again, err)
		}
		if x.Nanosecond()%1000 != 0 || x.Location() != time.UTC {
			t.Fatalf("%q has %d nanoseconds in %s", s, x.Nanosecond(), x.Location())
		}
		quoted, err := x.MarshalJSON()
		var y Time
		if err != nil || y.UnmarshalJSON(quoted) != nil || !y.Equal(x.Time) {
			t.Fatalf("%s comes back as %s", quoted, y)
		}
	})
}

func FuzzIDs(f *testing.F) {
	f.Add(entries(1)[0])
	f.Add("sha256:")
	f.Add("sha512:" + strings.Repeat("0", 64))
	f.Fuzz(func(t *testing.T, s string) {
		var p PartyID
		var c CompactID
		var a ActID
		var r RecordID
		ok := p.UnmarshalText([]byte(s)) == nil
		for _, err := range []error{c.UnmarshalText([]byte(s)), a.UnmarshalText([]byte(s)), r.UnmarshalText([]byte(s))} {
			if (err == nil) != ok {
				t.Fatalf("%q is an id for some types only: %v", s, err)
			}
		}
		if ok && (len(s) != 71 || strings.Trim(s[7:], "0123456789abcdef") != "" || string(p) != s) {
			t.Fatalf("accepted %q as an id", s)
		}
		_ = Short(a)
		if k := Key(s); len(s) < 200 {
			if pub, err := k.Ed25519(); err == nil && Ed25519Key(pub) != k {
				t.Fatalf("key %q is %q", s, Ed25519Key(pub))
			}
		}
	})
}
