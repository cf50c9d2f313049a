package peer_test

import (
	"testing"

	"entente"
)

// older makes Ardel and Borvia, lets them settle, copies the store of one, goes
// on for a while, and puts that one's store back to the copy.
func older(t *testing.T, which string) (c *cell, id entente.CompactID, before, after []entente.RecordID) {
	c = newCellOnDisk(t, "Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	c.openAll()
	id = c.found("Ardel", "Borvia")
	settle := func() {
		a.until("settled", func() bool { return a.settled(b) })
		b.until("settled", func() bool { return b.settled(a) })
	}
	say := func() entente.RecordID {
		r := c.tell("Ardel", id, "from Ardel", "Borvia")
		settle()
		return r
	}
	before = append(before, say(), c.tell("Borvia", id, "from Borvia", "Ardel"))
	settle()
	p := c.as(which)
	p.shut()
	copied := p.backup()
	p.open()
	// One by one: each is a batch of its own with a receipt of its own.
	for range 4 {
		after = append(after, say())
	}
	p.reopen(copied)
	return c, id, before, after
}

// A sender put back to an older copy learns so at the next contact, is given back
// what it had sent, and goes on without using a position twice.
func TestSenderPutBackToAnOlderCopy(t *testing.T) {
	c, id, _, after := older(t, "Ardel")
	a, b := c.as("Ardel"), c.as("Borvia")
	if a.sees(after[0]) {
		t.Fatal("the copy is not the older one")
	}
	size := b.channelFrom(a).Size
	a.open()
	for _, r := range after {
		a.until("what was lost is there again", func() bool { return a.sees(r) })
	}
	a.until("its receipts are there again", func() bool { return a.settled(b) })
	if got := a.channelTo(b).Size; got != size {
		t.Errorf("Ardel's channel has %d entries again, Borvia's copy %d", got, size)
	}
	next := c.tell("Ardel", id, "works again", "Borvia")
	b.until("the next record arrives", func() bool { return b.sees(next) })
	a.until("settled", func() bool { return a.settled(b) })
	a.verified()
	b.verified()
}

// A receiver put back to an older copy shows nothing until all is there again,
// and answers for it as it did before.
func TestReceiverPutBackToAnOlderCopy(t *testing.T) {
	c, id, _, after := older(t, "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	if b.sees(after[0]) {
		t.Fatal("the copy is not the older one")
	}
	size := a.channelTo(b)
	b.open()
	for _, r := range after {
		b.until("what was lost is there again", func() bool { return b.sees(r) })
	}
	next := c.tell("Ardel", id, "works again", "Borvia")
	b.until("the next record arrives", func() bool { return b.sees(next) })
	a.until("settled", func() bool { return a.settled(b) })
	if got := a.channelTo(b).Size - size.Size; got != 1 {
		t.Errorf("the channel grew by %d entries, expected 1", got)
	}
	a.verified()
	b.verified()
}

// Each partner gives back its part when it comes; the store works when it is whole.
func TestOlderCopyIsRepairedByTwoPartners(t *testing.T) {
	c := newCellOnDisk(t, "Ardel", "Borvia", "Caldera")
	a, b, d := c.as("Ardel"), c.as("Borvia"), c.as("Caldera")
	c.openAll()
	id := c.found("Ardel", "Borvia", "Caldera")
	for _, p := range []*party{b, d} {
		a.until("settled", func() bool { return a.settled(p) })
	}
	a.shut()
	copied := a.backup()
	a.open()
	lost := c.tell("Ardel", id, "to Borvia and Caldera", "Borvia", "Caldera")
	for _, p := range []*party{b, d} {
		a.until("settled", func() bool { return a.settled(p) })
	}
	b.shut() // Borvia cannot give back its part
	a.reopen(copied)
	a.open()
	d.open()
	a.until("Caldera shows that the store is old", func() bool { h, err := a.Health(ctx); return err == nil && h.Restored != "" || a.sees(lost) })
	b.open()
	for _, p := range []*party{b, d} {
		a.until("both have given back", func() bool {
			h, err := a.Health(ctx)
			return err == nil && h.Restored == "" && a.sees(lost) && a.settled(p) && a.channelTo(p).Size == p.channelFrom(a).Size
		})
	}
	next := c.tell("Ardel", id, "works again", "Borvia", "Caldera")
	for _, p := range []*party{b, d} {
		p.until("the next record arrives", func() bool { return p.sees(next) })
	}
}
