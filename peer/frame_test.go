package peer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"entente"
	"entente/node"
)

const (
	ardel  = entente.PartyID("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	borvia = entente.PartyID("sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
	pact   = entente.CompactID("sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc")
	root   = "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
)

func quiet(int) {}

// The bytes of each frame, a field a line.
func TestFrameBytes(t *testing.T) {
	positions := []node.Position{
		{Channel: entente.Channel{From: ardel, To: borvia, Compact: pact, Epoch: 1}, Tree: entente.TreeHead{Size: 3, Root: root}, Evidence: []byte("{}")},
		{Channel: entente.Channel{From: borvia, To: ardel, Compact: pact, Epoch: 2}, Tree: entente.TreeHead{Size: 0, Root: root}},
	}
	hello, err := encodeHello(ardel, borvia, [][]byte{[]byte("card")}, positions)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"format":"entente-peer/1",` +
		`"party":"` + string(ardel) + `",` +
		`"cards":["Y2FyZA=="],` +
		`"channels":[` +
		`{"mine":false,"compact":"` + string(pact) + `","epoch":2,"size":0,"root":"` + root + `"},` +
		`{"mine":true,"compact":"` + string(pact) + `","epoch":1,"size":3,"root":"` + root + `","evidence":"e30="}` +
		`]}`
	length := string(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
	for _, v := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"credit", creditFrame(amount{300, 2}), "\x00\x00\x00\x03" + "\x01" + "\xac\x02" + "\x02"},
		{"hello", hello, length + "\x02" + text},
		{"ping", empty(kindPing), "\x00\x00\x00\x00" + "\x05"},
		{"refusal", refusalFrame(entente.Conflict), "\x00\x00\x00\x08" + "\x06" + "conflict"},
		{"refusal of another kind", refusalFrame(entente.Broken), "\x00\x00\x00\x07" + "\x06" + "refused"},
		{"bye", empty(kindBye), "\x00\x00\x00\x00" + "\x07"},
	} {
		if string(v.frame) != v.want {
			t.Errorf("%s:\n got %q\nwant %q", v.name, v.frame, v.want)
		}
	}
	cards, read, err := parseHello(borvia, ardel, hello[headerSize:])
	if err != nil || len(cards) != 1 || !reflect.DeepEqual(read, []node.Position{positions[1], positions[0]}) {
		t.Errorf("%q, %+v, %v", cards, read, err)
	}
}

// A frame is read whole however its bytes come, and a frame of too many bytes,
// or of no kind, not at all.
func TestReadFrame(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	whole, err := seal(kindBatch, append(room(0), payload...))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{
		"at once": bytes.NewReader(whole), "byte by byte": iotest.OneByteReader(bytes.NewReader(whole)), "with the end": iotest.DataErrReader(bytes.NewReader(whole)),
	} {
		k, got, err := readFrame(r, quiet)
		if err != nil || k != kindBatch || !bytes.Equal(got, payload) {
			t.Errorf("%s: kind %d, %d bytes, %v", name, k, len(got), err)
		}
	}
	for cut := range headerSize + 3 {
		if _, _, err := readFrame(bytes.NewReader(whole[:cut]), quiet); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
	for _, header := range []string{"\xff\xff\xff\xff\x03", "\x04\x00\x00\x01\x03", "\x00\x00\x00\x01\x05", "\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x08", "\x01\x00\x00\x00\x02"} {
		announced := false
		_, _, err := readFrame(strings.NewReader(header+"xxxx"), func(int) { announced = true })
		if entente.KindOf(err) != entente.Invalid || announced {
			t.Errorf("header %q: %v", header, err)
		}
	}
	if _, err := seal(kindPing, append(room(1), 'x')); err == nil {
		t.Error("a ping with a payload was sealed")
	}
}

// A length is not believed before its bytes come.
func TestRoomGrowsWithWhatArrives(t *testing.T) {
	header := []byte{entente.MaxBatch >> 24, 0, 0, 0, byte(kindBatch)}
	const times = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if _, _, err := readFrame(io.MultiReader(bytes.NewReader(header), strings.NewReader("few")), quiet); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / times; each > 4*chunk {
		t.Errorf("%d bytes allocated for 3 that came", each)
	}
}

func TestWindow(t *testing.T) {
	w := newWindow(amount{100, 10})
	if !w.take(amount{500, 50}) {
		t.Error("one batch may always be on its way")
	}
	if w.take(amount{1, 1}) {
		t.Error("a second one beyond the credit went")
	}
	if err := w.give(amount{499, 50}); err == nil {
		t.Error("another amount came back than went")
	}
	if err := w.give(amount{500, 50}); err != nil {
		t.Error(err)
	}
	if err := w.give(amount{500, 50}); err == nil {
		t.Error("credit came back twice")
	}
	for range 10 {
		if !w.take(amount{10, 1}) {
			t.Error("credit for it was there")
		}
	}
	if w.take(amount{0, 1}) || w.take(amount{1, 0}) {
		t.Error("more entries or bytes went than granted")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.room(ended); err == nil {
		t.Error("there was room")
	}
	w = newWindow(amount{maxCredit, maxCredit})
	for range maxUnanswered {
		w.take(amount{1, 1})
	}
	if w.take(amount{1, 1}) {
		t.Error("queues are not bounded")
	}
}

// Who opens many connections and says nothing takes its own room only.
func TestSlotsForHandshakes(t *testing.T) {
	s := slots{hosts: map[string]int{}}
	var free []func()
	for i := range 1000 {
		f, ok := s.take(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1 + i})
		if ok != (i < maxHandshakesHost) {
			t.Fatalf("caller %d of one host: %v", i, ok)
		}
		free = append(free, f)
	}
	if _, ok := s.take(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1}); !ok {
		t.Error("another host is turned away")
	}
	for i := range 1000 {
		_, ok := s.take(&net.TCPAddr{IP: net.IPv4(198, 51, 100, byte(i)), Port: i})
		if ok != (i < maxHandshakes-maxHandshakesHost-1) {
			t.Fatalf("caller %d of many hosts: %v", i, ok)
		}
	}
	free[0]()
	free[0]()
	if _, ok := s.take(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}); !ok {
		t.Error("a place given back is not free")
	}
	if _, ok := s.take(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 2}); ok {
		t.Error("a place was given back twice")
	}
}

// Waits double, stay within their bounds, and differ.
func TestBackoff(t *testing.T) {
	b := backoff{least: time.Second, most: time.Minute}
	b.complete()
	for failures, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		first, different := b.wait(failures), false
		for range 100 {
			d := b.wait(failures)
			if d < want/2 || d > want {
				t.Errorf("after %d failures: %v, expected %v to %v", failures, d, want/2, want)
			}
			different = different || d != first
		}
		if !different {
			t.Errorf("after %d failures always %v", failures, first)
		}
	}
	if d := b.wait(1_000_000); d < b.most/2 || d > b.most {
		t.Errorf("after very many failures %v", d)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(creditFrame(amount{16 << 20, 4096}))
	f.Add(empty(kindPing))
	f.Add(refusalFrame(entente.Refused))
	batch, err := batchFrame(kindBatch, &entente.Batch{
		Channel: entente.Channel{From: ardel, To: borvia, Compact: pact, Epoch: 1}, Head: []byte("head"),
		Parcels: []entente.Parcel{{Leaf: entente.ActID(root), Act: []byte("act"), Records: [][]byte{[]byte("record")}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(batch)
	f.Add(append(append([]byte{}, batch...), empty(kindBye)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			at := len(b) - r.Len()
			k, payload, err := readFrame(r, quiet)
			if err != nil {
				return
			}
			if most, ok := k.limit(); !ok || len(payload) > most {
				t.Fatalf("frame of kind %d with %d bytes", k, len(payload))
			}
			again, err := seal(k, append(room(len(payload)), payload...))
			if err != nil || !bytes.Equal(again, b[at:at+len(again)]) {
				t.Fatalf("frame does not encode to what it was read from: %v", err)
			}
			switch k {
			case kindCredit:
				if c, err := parseCredit(payload); err == nil && (c.bytes < 0 || c.entries < 0) {
					t.Fatalf("credit %+v", c)
				}
			case kindRefusal:
				if kind, err := parseRefusal(payload); err == nil && string(kind) != string(payload) {
					t.Fatalf("refusal %q read as %q", payload, kind)
				}
			case kindBatch, kindReceipt:
				x, err := parseBatch(k, payload)
				if err != nil {
					continue
				}
				again, err := batchFrame(k, &x)
				if err != nil || !bytes.Equal(again[headerSize:], payload) {
					t.Fatalf("batch does not encode to what it was read from: %v", err)
				}
			}
		}
	})
}

func FuzzHello(f *testing.F) {
	for _, positions := range [][]node.Position{nil, {
		{Channel: entente.Channel{From: ardel, To: borvia, Compact: pact, Epoch: 1}, Tree: entente.TreeHead{Size: 3, Root: root}, Evidence: []byte("{}")},
		{Channel: entente.Channel{From: borvia, To: ardel, Compact: pact, Epoch: 2}, Tree: entente.TreeHead{Root: root}},
	}} {
		b, err := encodeHello(ardel, borvia, [][]byte{[]byte("card")}, positions)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[headerSize:])
	}
	f.Add([]byte(`{"format":"entente-peer/1","party":"` + ardel + `","cards":[],"channels":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		cards, positions, err := parseHello(borvia, ardel, b)
		if err != nil {
			return
		}
		for _, p := range positions {
			out := p.Channel.From == ardel && p.Channel.To == borvia
			in := p.Channel.From == borvia && p.Channel.To == ardel
			if !out && !in || p.Channel.Epoch < 1 || p.Tree.Size < 0 {
				t.Fatalf("a hello between two names %+v", p)
			}
		}
		again, err := encodeHello(ardel, borvia, cards, positions)
		if err != nil || !bytes.Equal(again[headerSize:], b) {
			t.Fatalf("hello does not encode to what it was read from: %v\n%s\n%s", err, b, again)
		}
	})
}
