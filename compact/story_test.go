package compact

import (
	"slices"
	"testing"

	"entente"
)

// desk signs for one party and folds what it holds.
type desk struct {
	t     *testing.T
	name  string
	party entente.PartyID
	key   entente.PrivateKey
	id    entente.CompactID
	facts []Fact
}

func (d *desk) state() *State { return Fold(d.id, d.facts) }

// say signs an act, reads it back as a peer would, and hands it to the listeners.
func (d *desk) say(a entente.Act, to ...*desk) entente.ActID {
	d.t.Helper()
	a.Signer, a.Card, a.Time = d.party, 1, entente.At(midway)
	if a.Kind.Chained() {
		a.Compact = d.id
		if a.Chain == nil {
			l := d.state().Next(d.party)
			a.Chain = &l
		}
	}
	made, err := entente.Sign(a, d.key)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	s, err := entente.ParseSigned(made.Envelope())
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	for _, other := range append(to, d) {
		other.facts = append(other.facts, Fact{s.ID, &s.Act})
	}
	return s.ID
}

func accession(to entente.ActID, reservation string) entente.Act {
	return entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: to, Reservation: reservation}}
}

func suspension(of *desk) entente.Act {
	return entente.Act{Kind: entente.KindSuspension, Suspension: &entente.Suspension{Member: of.party}}
}

// Three parties found a compact with real signatures; one restores an old
// copy of its data, forks itself, and all settle that; a fourth joins.
func TestStory(t *testing.T) {
	var all []*desk
	for _, n := range []string{"A", "B", "C", "D"} {
		all = append(all, &desk{t: t, name: n, party: pid(n), key: entente.NewPrivateKey()})
	}
	a, b, c, d := all[0], all[1], all[2], all[3]
	id := a.say(entente.Act{Kind: entente.KindCharter, Charter: charterOf("A", "B", "C")}, b, c)
	for _, x := range all {
		x.id = entente.CompactID(id)
	}
	b.say(accession(id, "no arrests on our soil"), a, c)
	if a.state().InForce {
		t.Fatal("in force without C")
	}
	c.say(accession(id, ""), a, b)
	if r := a.state().May(a.party, c.party, entente.KindRelease, midway, Sending); r != nil {
		t.Fatalf("founded, but: %v", r)
	}
	if got := c.state().Members[b.party].Reservations; !slices.Equal(got, []string{"no arrests on our soil"}) {
		t.Errorf("reservation lost: %q", got)
	}

	// B suspends its flow to C, loses that, and writes another act in its place.
	old := slices.Clone(b.facts)
	first := b.say(suspension(c), a, c)
	b.facts = old
	second := b.say(suspension(a), a, c)
	b.facts = a.facts
	s := a.state()
	if len(s.Forks) != 1 || s.Forks[0].Author != b.party || s.May(a.party, b.party, entente.KindRelease, midway, Sending) == nil {
		t.Fatalf("a fork that nobody saw: %+v", s.Forks)
	}

	// A proposes to keep the first and to admit D.
	n := a.say(entente.Act{Kind: entente.KindAmendment, Amendment: &entente.Amendment{
		Number: 1, Base: s.Terms, Charter: *charterOf("A", "B", "C", "D"),
		Settles: []entente.Settlement{{Author: b.party, Seq: 2, Keep: first}},
	}}, b, c)
	d.facts = slices.Clone(a.facts)
	c.say(accession(n, ""), a, b, d)
	d.say(accession(n, ""), a, b, c)
	if got, ok := c.state().Signed(c.party); !ok || got != n {
		t.Errorf("C has signed %s, not %s", n, got)
	}
	if p := a.state().Pending; len(p) != 1 || !slices.Equal(p[0].Missing, []entente.PartyID{b.party}) {
		t.Fatalf("B should be the one who is missing: %+v", p)
	}
	wrong := b.state().NextOn(b.party, second)
	right := b.state().NextOn(b.party, first)
	if wrong.Prev != second || right.Prev != first || right.Seq != 3 {
		t.Fatalf("places on the branches: %+v and %+v", wrong, right)
	}
	act := accession(n, "")
	act.Chain = &right
	b.say(act, a, c, d)

	for _, x := range all {
		s := x.state()
		if s.Number != 1 || s.Terms != n || s.Members[b.party].Forked || len(s.Members) != 4 {
			t.Errorf("%s sees terms %d, %+v", x.name, s.Number, s.Members[b.party])
		}
		if r := s.May(d.party, b.party, entente.KindRelease, midway, Sending); r != nil {
			t.Errorf("%s: D is a member and B no longer suspended: %v", x.name, r)
		}
		if s.May(b.party, c.party, entente.KindRelease, midway, Sending) == nil || s.May(b.party, a.party, entente.KindRelease, midway, Sending) != nil {
			t.Errorf("%s: the kept suspension of C stands, the other does not", x.name)
		}
	}
}
