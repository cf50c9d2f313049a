package main

import (
	"slices"
	"testing"
	"time"

	"entente/stix"
)

// The invented bundle is good STIX of the size that was asked for, and has what
// the measurements pick out of a bundle.
func TestInventedBundle(t *testing.T) {
	const n = 24_771
	b := bundle{raw: invent(n)}
	objects, err := stix.Split(b.raw)
	if err != nil || len(objects) != n {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	if size := len(b.raw); size < 30e6 || size > 40e6 {
		t.Errorf("%d bytes: ATT&CK has 34 million", size)
	}
	if err := b.index(); err != nil {
		t.Fatal(err)
	}
	for i, o := range b.objects {
		want := make([]string, 0, len(o.refs))
		for _, ref := range objects[i].Refs {
			want = append(want, string(ref))
		}
		if got := slices.Sorted(slices.Values(o.refs)); o.id != string(objects[i].ID) || !slices.Equal(got, want) {
			t.Fatalf("object %d is %s with %v, expected %s with %v", i, o.id, got, objects[i].ID, want)
		}
	}
	ids, base := b.simple()
	if len(ids) < 1000 || len(base) != 1 {
		t.Errorf("%d simple objects on %d others: the measurements need 1,000", len(ids), len(base))
	}
	pick, size := b.reach(1000)
	if size < 1000 || size > 1002 || len(pick) >= size {
		t.Errorf("%d relationships reach %d objects, expected 1,000", len(pick), size)
	}
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0.25: "0.25", 1: "1", 9.999: "10", 12.34: "12.3", 40: "40", 99.96: "100", 123.4: "123", 15000: "15,000", 1234567.8: "1,234,568"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, expected %s", v, got, want)
		}
	}
	took := make([]time.Duration, 300)
	for i := range took {
		took[i] = time.Duration(300-i) * time.Millisecond
	}
	if p := percentile(took, 99); p != 298*time.Millisecond {
		t.Errorf("99 of 100 of 1 to 300 ms: %v", p)
	}
	if m := median([]float64{9, 1, 5}); m != 5 {
		t.Errorf("median of 9, 1, 5: %v", m)
	}
	var b bench
	b.enter("rate", 10, "a/s", atLeast(11), "")
	b.enter("time", 10, "ms", atMost(11), "")
	b.skip("rest", "none")
	if r := b.report.Rows; len(r) != 3 || r[0].Met || !r[1].Met || r[2].Missing == "" || r[0].Aim != "≥ 11 a/s" || r[1].Aim != "≤ 11 ms" {
		t.Errorf("%+v", r)
	}
}
