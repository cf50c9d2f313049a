package peer_test

import (
	"strings"
	"testing"
)

// A party changes its keys while its partners are away. Whoever calls, the old
// TLS key opens the door once more, the new card goes through it, and the
// connection that stays is made with the new key.
func TestNewKeysReachAPartnerThroughTheOldTLSKey(t *testing.T) {
	for _, v := range []struct{ name, rotates, other string }{
		{"who rotates calls", "-Ardel", "Borvia"},
		{"who rotates is called", "Ardel", "-Borvia"},
		{"both call", "Ardel", "Borvia"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := newCellOnDisk(t, v.rotates, v.other)
			c.openAll()
			id := c.found("Ardel", "Borvia")
			a, b := c.as("Ardel"), c.as("Borvia")
			b.shut()
			a.until("Ardel notices", func() bool { _, ok := a.linked(b); return !ok })
			a.rotate(true)
			r := c.tell("Ardel", id, "under new keys", "Borvia")
			b.open()
			b.until("the record arrives", func() bool { return b.sees(r) })
			a.until("settled", func() bool { return a.settled(b) })
			if keys := b.keysOf(a); len(keys) != 1 || keys[0] != a.ring.TLS.Key() {
				t.Errorf("Borvia knows the TLS keys %v, expected the new one", keys)
			}
			// Without the old key the connection still comes about: it is the new one.
			a.shut()
			a.forgetOldTLS()
			a.open()
			r = c.tell("Ardel", id, "again", "Borvia")
			b.until("the record arrives", func() bool { return b.sees(r) })
		})
	}
}

// Keys change while the connection stands.
func TestNewKeysWhileConnected(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	a.rotate(true)
	b.rotate(true)
	r1, r2 := c.tell("Ardel", id, "to Borvia", "Borvia"), c.tell("Borvia", id, "to Ardel", "Ardel")
	b.until("the record arrives", func() bool { return b.sees(r1) })
	a.until("the record arrives", func() bool { return a.sees(r2) })
	b.until("the new card arrives", func() bool { k := b.keysOf(a); return len(k) == 1 && k[0] == a.ring.TLS.Key() })
	a.until("the new card arrives", func() bool { k := a.keysOf(b); return len(k) == 1 && k[0] == b.ring.TLS.Key() })
}

// With the old TLS key forgotten, a partner that has not seen the new card does
// not connect, whoever calls, until its people trust the new card.
func TestOldTLSKeyForgotten(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	c.openAll()
	id := c.found("Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	first := c.tell("Ardel", id, "before", "Borvia")
	b.until("the record arrives", func() bool { return b.sees(first) })
	b.shut()
	a.until("Ardel notices", func() bool { _, ok := a.linked(b); return !ok })
	a.rotate(false)
	r := c.tell("Ardel", id, "under new keys", "Borvia")
	turnedAway := a.door.TurnedAway()
	spy := b.openSpied()
	b.until("Borvia turns Ardel away", func() bool { return b.door.TurnedAway() > 2 })
	b.until("Borvia does not take Ardel's certificate", func() bool { return strings.Contains(b.door.Status()[0].LastError, "certificate") })
	a.until("Ardel sees callers that hang up", func() bool { return a.door.TurnedAway() > turnedAway })
	if calls := spy.calls(); len(calls) > 0 || b.sees(r) {
		t.Fatalf("a key on no card reached the node: %v", calls)
	}
	b.trust(a)
	b.until("the record arrives", func() bool { return b.sees(r) })
}
