package peer_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"entente"
)

// One record, from one desk to another, and the receipt back.
func TestThinnestThread(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	record := c.tell("Ardel", id, "Harbour committee", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	b.until("the record arrives", func() bool { return b.sees(record) })
	a.until("its receipt comes back", func() bool { return a.settled(b) })
}

// Everybody tells somebody something; it reaches whom it is for, and nobody else.
func TestFourParties(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia", "Caldera", "Dorne")
	c.openAll()
	id := c.found("Ardel", "Borvia", "Caldera", "Dorne")
	told := map[string]map[string]entente.RecordID{}
	for i, from := range c.names {
		told[from] = map[string]entente.RecordID{}
		for k, to := range c.names {
			if i != k {
				told[from][to] = c.tell(from, id, from+" to "+to, to)
			}
		}
	}
	for from, to := range told {
		for name, record := range to {
			p := c.as(name)
			p.until("the record of "+from+" arrives", func() bool { return p.sees(record) })
			c.as(from).until("the receipt of "+name+" comes back", func() bool { return c.as(from).settled(p) })
		}
	}
	for from, to := range told {
		for name, record := range to {
			for _, other := range c.names {
				if other != from && other != name && c.as(other).sees(record) {
					t.Errorf("%s sees what %s told %s", other, from, name)
				}
			}
		}
	}
}

// A party without an endpoint dials out; what is for it comes the same way.
func TestPartyThatOnlyDialsOut(t *testing.T) {
	c := newCell(t, "Ardel", "-Borvia", "-Caldera")
	c.openAll()
	a, b := c.as("Ardel"), c.as("Borvia")
	if b.door.Addr() != nil {
		t.Fatalf("a door that only dials out listens on %v", b.door.Addr())
	}
	id := c.found("Ardel", "Borvia", "Caldera")
	in := c.tell("Ardel", id, "inward", "Borvia")
	out := c.tell("Borvia", id, "outward", "Ardel")
	b.until("the record arrives", func() bool { return b.sees(in) })
	a.until("the record arrives", func() bool { return a.sees(out) })
	if dialler, ok := a.linked(b); !ok || dialler != b.Self() {
		t.Errorf("dialled by %s, linked %v; expected Borvia", entente.Short(dialler), ok)
	}
	for _, l := range a.door.Status() {
		if !l.NextTry.IsZero() {
			t.Errorf("Ardel is about to call %s, which cannot be called", l.Name)
		}
	}
}

// The others accede while one is away; it catches up when it comes.
func TestPartyAwayWhileOthersAccede(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia", "Caldera", "Dorne")
	for _, name := range c.names[:3] {
		c.as(name).open()
	}
	id, err := c.as("Ardel").Found(ctx, c.charter(c.names...))
	check(t, err)
	c.as("Borvia").accede(id)
	c.as("Caldera").accede(id)
	a, d := c.as("Ardel"), c.as("Dorne")
	for _, p := range []*party{a, c.as("Caldera")} {
		p.until("all but Dorne have acceded", func() bool {
			s, err := p.Compact(ctx, id)
			return err == nil && len(s.Missing) == 1 && s.Missing[0] == d.Self()
		})
	}
	a.shut()
	c.as("Borvia").shut()
	d.open() // only Caldera is there to tell it
	d.accede(id)
	d.awaitForce(id)
	a.open()
	a.awaitForce(id)
}

// What is said while a party is down reaches it when it is back, in order, once.
func TestPeerDownForAWhile(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	first := c.tell("Ardel", id, "before", "Borvia")
	b.until("the record arrives", func() bool { return b.sees(first) })
	a.until("settled", func() bool { return a.settled(b) })
	size := a.channelTo(b).Size
	b.shut()
	a.until("Ardel notices", func() bool { _, ok := a.linked(b); return !ok })
	var records []entente.RecordID
	for range 20 {
		records = append(records, c.tell("Ardel", id, "while away", "Borvia"))
	}
	a.until("a call fails", func() bool { return a.door.Status()[0].LastError != "" })
	if b.sees(records[0]) {
		t.Fatal("a record arrived through a closed door")
	}
	b.open()
	for _, r := range records {
		b.until("the record arrives", func() bool { return b.sees(r) })
	}
	a.until("settled", func() bool { return a.settled(b) })
	if got := a.channelTo(b).Size - size; got != int64(len(records)) {
		t.Errorf("%d entries for %d releases", got, len(records))
	}
}

// Two that dial each other at one moment are connected, and both agree by whom.
func TestBothDialAtOnce(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	for range 10 {
		a.shut()
		b.shut()
		a.open() // both know whom to call as soon as their doors open
		b.open()
		r1, r2 := c.tell("Ardel", id, "to Borvia", "Borvia"), c.tell("Borvia", id, "to Ardel", "Ardel")
		b.until("the record arrives", func() bool { return b.sees(r1) })
		a.until("the record arrives", func() bool { return a.sees(r2) })
		a.until("settled", func() bool { return a.settled(b) })
		b.until("settled", func() bool { return b.settled(a) })
		a.until("both agree", func() bool {
			d1, ok1 := a.linked(b)
			d2, ok2 := b.linked(a)
			return ok1 && ok2 && d1 == d2
		})
	}
}

// Of two connections that the two sides have dialled, the one stands that the
// party with the smaller id has dialled; of two by one side, the later.
func TestWhichOfTwoConnectionsStands(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	c.found("Ardel", "Borvia")
	smaller, larger := c.as("Ardel"), c.as("Borvia")
	smaller.until("settled", func() bool { return smaller.settled(larger) })
	larger.until("settled", func() bool { return larger.settled(smaller) })
	if smaller.Self() > larger.Self() {
		smaller, larger = larger, smaller
	}
	for _, v := range []struct {
		name        string
		door, other *party
		first       func(self, peer *party) *raw // the connection that stands already
		replaced    bool
	}{
		{"the larger calls twice", smaller, larger, func(s, p *party) *raw { return callRaw(s, p).greet() }, true},
		{"the smaller calls twice", larger, smaller, func(s, p *party) *raw { return callRaw(s, p).greet() }, true},
		{"the larger calls after the smaller", smaller, larger, answerRaw, false},
		{"the smaller calls after the larger", larger, smaller, answerRaw, true},
	} {
		t.Run(v.name, func(t *testing.T) {
			v.other.shut()
			v.door.open()
			first := v.first(v.other, v.door)
			v.door.until("connected", func() bool { _, ok := v.door.linked(v.other); return ok })
			before, _ := v.door.linked(v.other)
			second := callRaw(v.other, v.door)
			if !v.replaced {
				if k, payload, _ := second.read(); k != 0 {
					t.Errorf("let in: frame of kind %d, %q", k, payload)
				}
				first.send(ping, nil)
				if after, ok := v.door.linked(v.other); !ok || after != before {
					t.Error("the first connection did not stand")
				}
				return
			}
			second.greet()
			if last, _ := first.refused(); last != "bye" {
				t.Errorf("the first connection ended with %q, expected a bye", last)
			}
			v.door.until("connected by the caller", func() bool { d, ok := v.door.linked(v.other); return ok && d == v.other.Self() })
		})
	}
}

// Connections that are cut at any byte lose nothing and repeat nothing.
func TestConnectionCutAnywhere(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	a.until("settled", func() bool { return a.settled(b) })
	b.until("settled", func() bool { return b.settled(a) })
	before := a.channelTo(b).Size
	// Mostly within the greeting or the first batches; a batch must get through whole
	// at some time.
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	cut := func() (there, back int64) {
		mu.Lock()
		defer mu.Unlock()
		most := int64(1_000) << random.IntN(9)
		return random.Int64N(most), random.Int64N(most)
	}
	for _, p := range []*party{a, b} {
		p.street.cutAfter(cut)
		p.street.leadTo(p.door.Addr().String()) // cuts what stands
	}
	var records []entente.RecordID
	for range 60 {
		records = append(records, c.tell("Ardel", id, "in pieces", "Borvia"))
		c.tell("Borvia", id, "the other way", "Ardel")
	}
	for _, r := range records {
		b.until("the record arrives", func() bool { return b.sees(r) })
	}
	for _, p := range []*party{a, b} {
		p.street.cutAfter(nil)
	}
	a.until("settled", func() bool { return a.settled(b) })
	b.until("settled", func() bool { return b.settled(a) })
	if got := a.channelTo(b).Size - before; got != int64(len(records)) {
		t.Errorf("%d entries for %d releases", got, len(records))
	}
	status := a.channelTo(b)
	if status.Codes[entente.CodeApplied] != status.Size {
		t.Errorf("dispositions %v of %d entries: expected all applied", status.Codes, status.Size)
	}
	a.verified()
	b.verified()
}

// Two compacts share one connection: what is in the small one does not wait for
// the end of the large one.
func TestTwoCompactsTakeTurns(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	c.openAll()
	large, small := c.found("Ardel", "Borvia"), c.found("Ardel", "Borvia")
	if large > small {
		large, small = small, large // the large one's turn comes first
	}
	a.until("settled", func() bool { return a.settled(b) })
	b.shut()
	c.tellBulk("Ardel", large, 4*12, "Borvia")
	one := c.tell("Ardel", small, "one", "Borvia")
	spy := b.openSpied()
	a.until("settled", func() bool { return a.settled(b) })
	if !b.sees(one) {
		t.Error("the record of the small compact did not arrive")
	}
	var order []entente.CompactID
	spy.mu.Lock()
	for _, x := range spy.batches {
		order = append(order, x.Channel.Compact)
	}
	spy.mu.Unlock()
	at, last := slices.Index(order, small), len(order)-1
	for last > 0 && order[last] != large {
		last--
	}
	if at < 0 || at >= last || last < 2 {
		t.Errorf("batches came in the order %v: the small compact is number %d of %d", order, at, len(order))
	}
}

// A compact founded and a party met while the doors are open are taken up at once.
func TestNewCompactAndNewPeerWhileRunning(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	c.found("Ardel", "Borvia")
	d := c.join("Caldera")
	d.open()
	for _, name := range []string{"Ardel", "Borvia"} {
		d.trust(c.as(name))
		c.as(name).trust(d)
	}
	id := c.found("Caldera", "Ardel", "Borvia")
	r := c.tell("Caldera", id, "new here", "Borvia")
	c.as("Borvia").until("the record arrives", func() bool { return c.as("Borvia").sees(r) })
}

// The door closes while much is on its way, and goes on where it was.
func TestCloseInTheMiddle(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	var records []entente.RecordID
	for i := range 60 {
		records = append(records, c.tell("Ardel", id, "on its way", "Borvia"))
		if i%10 == 9 {
			b.until("something arrives", func() bool { return b.sees(records[i-5]) })
			c.as([]string{"Ardel", "Borvia"}[i/10%2]).open() // closes first
		}
	}
	for _, r := range records {
		b.until("the record arrives", func() bool { return b.sees(r) })
	}
	a.until("settled", func() bool { return a.settled(b) })
}
