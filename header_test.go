package entente

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// FuzzHeader holds the fast way of headers and the strict one together: what the
// fast one reads, the strict one reads as the same, and both write it in the
// same bytes.
func FuzzHeader(f *testing.F) {
	for _, r := range []Record{theCast().Own, theCast().Foreign, theCast().Tied} {
		head, _, _ := bytes.Cut(r.Bytes, []byte("\n"))
		f.Add(head)
		for _, change := range []struct{ old, new string }{
			{`","media"`, `" ,"media"`},
			{`"time":"`, `"time":"0`},
			{`Z"`, `.5Z"`},
			{`Z"`, `.50Z"`},
			{`Z"`, `+00:00"`},
			{`Z"`, `.0000001Z"`},
			{`}`, `,"sources":[]}`},
			{`}`, `,"sources":["` + string(theCast().Own.ID) + `"]}`},
			{`}`, `} `},
			{`}`, `}}`},
			{`sha256:`, `sha256:A`},
			{`"media":"`, `"media":"\u0061`},
			{`"media":"`, `"media":"\/`},
			{`"media":"`, `"media":"é<>&`},
			{`"media":"`, "\"media\":\"\x7f"},
			{`"media":"`, "\"media\":\"\xff"},
			{`"format":"`, `"Format":"`},
			{`{`, `{"format":"x",`},
			{`"nonce":"`, `"nonce":"A`},
			{`"nonce":"`, `"nonce":"","nonce":"`},
		} {
			f.Add(bytes.Replace(head, []byte(change.old), []byte(change.new), 1))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var fast, strict Header
		read, err := parseHeader(b, &fast), decode(b, &strict)
		if read && (err != nil || !reflect.DeepEqual(fast, strict)) {
			t.Fatalf("%q: the fast way reads %+v, the strict one %+v (%v)", b, fast, strict, err)
		}
		if err != nil {
			return
		}
		slow, err := encode(&strict)
		if err != nil {
			t.Fatal(err)
		}
		quick, ok := appendHeader(nil, &strict)
		if ok && !bytes.Equal(quick, slow) {
			t.Fatalf("%+v: the fast way writes %q, the strict one %q", strict, quick, slow)
		}
		if !ok && read {
			t.Fatalf("%q is read the fast way, but not written", b)
		}
	})
}

// Headers as nodes make them go the fast way: else it would be of no use.
func TestHeadersGoTheFastWay(t *testing.T) {
	for _, sources := range [][]RecordID{nil, {theCast().Own.ID}, {theCast().Own.ID, theCast().Foreign.ID}} {
		r, err := NewRecord(theCast().Own.Header.Originator, MediaSTIX, At(time.Now()), sources, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := bytes.Cut(r.Bytes, []byte("\n"))
		var h Header
		if !parseHeader(head, &h) || !reflect.DeepEqual(h, r.Header) {
			t.Errorf("%s: read as %+v, expected %+v", head, h, r.Header)
		}
		if again, ok := appendHeader(nil, &h); !ok || !bytes.Equal(again, head) {
			t.Errorf("written as %s, expected %s", again, head)
		}
	}
}

func BenchmarkParseRecord(b *testing.B) {
	r, err := NewRecord(theCast().Own.Header.Originator, MediaSTIX, At(time.Now()), nil, bytes.Repeat([]byte("x"), 1400))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("record", func(b *testing.B) {
		for b.Loop() {
			if _, err := ParseRecord(r.Bytes); err != nil {
				b.Fatal(err)
			}
		}
	})
	head, _, _ := bytes.Cut(r.Bytes, []byte("\n"))
	b.Run("strict header", func(b *testing.B) {
		for b.Loop() {
			var h Header
			if err := decode(head, &h); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("fast header", func(b *testing.B) {
		for b.Loop() {
			var h Header
			if !parseHeader(head, &h) {
				b.Fatal("not read")
			}
		}
	})
}
