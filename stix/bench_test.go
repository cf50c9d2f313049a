package stix

import "testing"

func BenchmarkSplitAttack(b *testing.B) {
	data := attackEnterprise(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		objects, err := Split(data)
		if err != nil || len(objects) != 24_771 {
			b.Fatalf("%d objects, error %v", len(objects), err)
		}
	}
}
