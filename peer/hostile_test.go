package peer_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/peer"
)

// threat is Ardel with an honest partner, Borvia, and a hostile one, Caldera, whose
// door is replaced by raw frames.
type threat struct {
	*cell
	id            entente.CompactID
	a, b, hostile *party
	old           entente.Batch   // what Caldera's node has delivered to Ardel before
	batches       []entente.Batch // what Caldera's node would deliver to Ardel next
	records       []entente.RecordID
	size          int64 // of Caldera's channel to Ardel before
}

func newThreat(t *testing.T, idle time.Duration) *threat {
	c := newCell(t, "Ardel", "Borvia", "Caldera")
	c.openAll()
	x := &threat{cell: c, a: c.as("Ardel"), b: c.as("Borvia"), hostile: c.as("Caldera")}
	x.id = c.found("Ardel", "Borvia", "Caldera")
	x.hostile.until("settled", func() bool { return x.hostile.settled(x.a) && x.hostile.settled(x.b) })
	x.a.until("settled", func() bool { return x.a.settled(x.hostile) })
	x.hostile.shut()
	x.a.openWith(peer.Config{
		Desk: x.a.Node, Log: slog.New(x.a.log), Listen: "127.0.0.1:0", Idle: idle,
		MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond,
	})
	x.size = x.a.channelFrom(x.hostile).Size
	page, err := x.hostile.Read(ctx, entente.Reader{Party: x.a.Self()}, node.Query{Owed: &node.Owed{Compact: x.id, From: 0}})
	check(t, err)
	x.old = *page.Batch
	for from := x.size; len(x.batches) < 3; {
		x.records = append(x.records, c.tell("Caldera", x.id, "from Caldera", "Ardel"))
		page, err := x.hostile.Read(ctx, entente.Reader{Party: x.a.Self()}, node.Query{Owed: &node.Owed{Compact: x.id, From: from}})
		check(t, err)
		x.batches = append(x.batches, *page.Batch)
		from += int64(len(page.Batch.Parcels))
	}
	return x
}

// call calls Ardel as Caldera, again if it is barred for what came before.
func (x *threat) call() *raw {
	for {
		r := callRaw(x.hostile, x.a)
		k, _, err := r.read()
		if err == nil && k == credit {
			r.send(credit, amount(1<<30, 1<<20))
			return r
		}
	}
}

func (x *threat) greet() *raw {
	x.t.Helper()
	r := x.call()
	positions, err := x.hostile.Positions(ctx, x.a.Self())
	check(x.t, err)
	// As Ardel last answered: the batches below are not delivered yet.
	positions = slices.DeleteFunc(positions, func(p node.Position) bool { return p.Channel.From == x.hostile.Self() })
	r.send(hello, r.hello(x.hostile.Self(), positions))
	r.want(hello)
	return r
}

// unharmed wants that nothing of Caldera's came in, and that Borvia is served.
func (x *threat) unharmed() {
	x.t.Helper()
	if got := x.a.channelFrom(x.hostile).Size; got != x.size {
		x.t.Errorf("Caldera's channel has %d entries, expected %d", got, x.size)
	}
	for _, r := range x.records {
		if x.a.sees(r) {
			x.t.Error("a record of Caldera came in")
		}
	}
	r := x.tell("Ardel", x.id, "to Borvia", "Borvia")
	x.b.until("Borvia is served", func() bool { return x.b.sees(r) })
}

// What breaks the protocol or does not fit the channel is refused with a kind of
// error and no more, changes nothing, and disturbs nobody.
func TestHostilePartner(t *testing.T) {
	x := newThreat(t, 0)
	positions, err := x.hostile.Positions(ctx, x.a.Self())
	check(t, err)
	bad := func(b entente.Batch, change func(*entente.Batch)) entente.Batch {
		b.Parcels = slices.Clone(b.Parcels)
		change(&b)
		return b
	}
	for _, v := range []struct {
		name string
		do   func() *raw
		want string // kind of error
	}{
		{"a frame of no kind", func() *raw { r := x.greet(); r.send(99, []byte("x")); return r }, "invalid"},
		{"garbage", func() *raw {
			r := x.greet()
			junk := make([]byte, 4096)
			rand.Read(junk)
			junk[4] = 200
			r.conn.Write(junk)
			return r
		}, "invalid"},
		{"a length beyond the limit", func() *raw { r := x.greet(); r.conn.Write([]byte{0xff, 0xff, 0xff, 0xff, batch}); return r }, "invalid"},
		{"a ping with something in it", func() *raw { r := x.greet(); r.send(ping, []byte{1}); return r }, "invalid"},
		{"a second hello", func() *raw {
			r := x.greet()
			r.send(hello, r.hello(x.hostile.Self(), nil))
			return r
		}, "invalid"},
		{"no hello", func() *raw { r := x.call(); r.send(ping, nil); return r }, "invalid"},
		{"another party's hello", func() *raw { r := x.call(); r.send(hello, r.hello(x.b.Self(), nil)); return r }, "invalid"},
		{"a hello of another format", func() *raw {
			r := x.call()
			r.send(hello, bytes.Replace(r.hello(x.hostile.Self(), nil), []byte("peer/1"), []byte("peer/2"), 1))
			return r
		}, "invalid"},
		{"a hello with one member more", func() *raw {
			r := x.call()
			r.send(hello, bytes.Replace(r.hello(x.hostile.Self(), nil), []byte(`,"cards"`), []byte(`,"role":"admin","cards"`), 1))
			return r
		}, "invalid"},
		{"a hello spelled otherwise", func() *raw {
			r := x.call()
			r.send(hello, append([]byte(" "), r.hello(x.hostile.Self(), nil)...))
			return r
		}, "invalid"},
		{"a channel twice", func() *raw {
			r := x.call()
			r.send(hello, r.hello(x.hostile.Self(), append(slices.Clone(positions), positions...)))
			return r
		}, "invalid"},
		{"more of Ardel's channel than Ardel signed", func() *raw {
			r := x.call()
			more := slices.Clone(positions)
			for i := range more {
				more[i].Tree.Size += 5
			}
			r.send(hello, r.hello(x.hostile.Self(), more))
			return r
		}, "conflict"},
		{"credit back for nothing", func() *raw { r := x.greet(); r.send(credit, amount(1, 1)); return r }, "invalid"},
		{"more batches at once than may be unanswered", func() *raw {
			r := x.greet()
			r.conn.Write(bytes.Repeat(frame(batch, entente.AppendBatch(nil, &x.old)), 500))
			return r
		}, "invalid"},
		{"a batch that is none", func() *raw { r := x.greet(); r.send(batch, []byte("entente-batch/1\nand so on")); return r }, "invalid"},
		{"a batch without entries", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Parcels = nil }))
			return r
		}, "invalid"},
		{"entries in a receipt", func() *raw {
			r := x.greet()
			r.send(receipt, entente.AppendBatch(nil, &x.batches[0]))
			return r
		}, "invalid"},
		{"the second batch first", func() *raw { r := x.greet(); r.sendBatch(x.batches[1]); return r }, "refused"},
		{"the channel of Borvia", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Channel.From = x.b.Self() }))
			return r
		}, "refused"},
		{"Ardel's own channel", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Channel.From, b.Channel.To = x.a.Self(), x.hostile.Self() }))
			return r
		}, "refused"},
		{"the head of another batch", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Head = x.batches[1].Head }))
			return r
		}, "refused"},
		{"an entry left out", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Parcels[0].Leaf = x.batches[1].Parcels[0].Leaf }))
			return r
		}, "refused"},
		{"a head signed by nobody", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) {
				s, err := entente.ParseSigned(b.Head)
				check(t, err)
				forged, err := entente.Sign(s.Act, entente.NewPrivateKey())
				check(t, err)
				b.Head = forged.Envelope()
			}))
			return r
		}, "refused"},
		{"an epoch that no card opened", func() *raw {
			r := x.greet()
			r.sendBatch(bad(x.batches[0], func(b *entente.Batch) { b.Channel.Epoch = 2 }))
			return r
		}, "refused"},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := v.do()
			got, before := r.refused()
			before = slices.DeleteFunc(before, func(k byte) bool { return k == receipt && strings.HasPrefix(v.name, "more batches") })
			if got != v.want || len(before) > 0 {
				t.Errorf("refused with %q after frames of kinds %v, expected %q and nothing else", got, before, v.want)
			}
		})
	}
	x.unharmed()
	// The same batches as they should be, one of them again and again: applied once.
	r := x.greet()
	for _, b := range []entente.Batch{x.batches[0], x.batches[0], x.batches[1], x.batches[0], x.batches[2], x.batches[2]} {
		r.sendBatch(b)
		r.want(receipt)
	}
	for _, record := range x.records {
		x.a.until("the record arrives", func() bool { return x.a.sees(record) })
	}
	if got := x.a.channelFrom(x.hostile).Size; got != x.size+3 {
		t.Errorf("Caldera's channel has %d entries, expected %d", got, x.size+3)
	}
	x.a.verified()
}

// A length is not believed before its bytes come.
func TestAnnouncedLengthTakesNoRoom(t *testing.T) {
	x := newThreat(t, 0)
	r := x.greet()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.conn.Write(append([]byte{64 << 20 >> 24, 0, 0, 0, batch}, make([]byte, 100)...))
	x.unharmed()
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 32<<20 {
		t.Errorf("%d MB were allocated for a frame of which 100 bytes came", grown>>20)
	}
}

// Who sends its bytes one by one is served while it keeps pace, and dropped when
// a frame takes too long, although something always comes.
func TestDribbledBytes(t *testing.T) {
	x := newThreat(t, 400*time.Millisecond)
	r := x.greet()
	whole := frame(batch, entente.AppendBatch(nil, &x.batches[0]))
	for i := range whole {
		_, err := r.conn.Write(whole[i : i+1])
		check(t, err)
	}
	r.want(receipt)
	x.a.until("the record arrives", func() bool { return x.a.sees(x.records[0]) })
	ended := make(chan struct{})
	go func() { defer close(ended); r.refused() }()
	begun := time.Now()
	slow := frame(batch, entente.AppendBatch(nil, &x.batches[1]))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; i < len(slow); i++ {
		select {
		case <-tick.C:
			r.conn.Write(slow[i : i+1]) // fails when the door has closed
		case <-ended:
			i = len(slow)
		}
	}
	if d := time.Since(begun); d > patience/4 {
		t.Errorf("a frame could take %v", d)
	}
	if x.a.sees(x.records[1]) {
		t.Error("half a batch was taken")
	}
}

// A silent partner is dropped, in the greeting or after it.
func TestSilentPartner(t *testing.T) {
	x := newThreat(t, 200*time.Millisecond)
	x.greet().refused()
	x.unharmed()
}

// A partner that lets in nothing holds up its own deliveries, and nobody else's;
// nor does it keep the door from closing.
func TestSlowPartnerHoldsUpNobody(t *testing.T) {
	x := newThreat(t, 0)
	r := x.greet()
	check(t, r.conn.NetConn().(*net.TCPConn).SetReadBuffer(4096))
	records := x.tellBulk("Ardel", x.id, 24, "Caldera", "Borvia")
	for _, record := range records {
		x.b.until("Borvia has it all", func() bool { return x.b.sees(record) })
	}
	x.unharmed()
	if c := x.a.channelTo(x.hostile); c.Receipted == c.Size {
		t.Error("Caldera has answered: it was not slow")
	}
	begun := time.Now()
	x.a.shut()
	if d := time.Since(begun); d > patience/4 {
		t.Errorf("the door took %v to close", d)
	}
}

// A partner that was refused is not let in again at once, and the waits grow.
func TestRefusedPartnerIsBarred(t *testing.T) {
	x := newThreat(t, 0)
	x.a.openWith(peer.Config{Desk: x.a.Node, Log: slog.New(x.a.log), Listen: "127.0.0.1:0", MinBackoff: time.Hour, MaxBackoff: time.Hour})
	r := x.greet()
	r.send(99, nil)
	r.refused()
	x.a.until("the connection ends", func() bool { _, ok := x.a.linked(x.hostile); return !ok })
	r = callRaw(x.hostile, x.a)
	if k, payload, _ := r.read(); k != 0 {
		t.Errorf("let in at once: frame of kind %d, %q", k, payload)
	}
	if !strings.Contains(x.a.door.Status()[0].LastError+x.a.door.Status()[1].LastError, "breaks the protocol") {
		t.Errorf("the operator is not told: %+v", x.a.door.Status())
	}
}
