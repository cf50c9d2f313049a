package compact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"entente"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tale draws random histories of up to four founders, P to S, and a stranger, X.
type tale struct {
	t      *rapid.T
	facts  []Fact
	byWho  map[string][]Fact
	amends []Fact
	card   map[string]int64
	// honest keeps to the rules: no fork, no gap, on every roster.
	honest string
	oneKey bool // nobody changes keys
	settle bool // amendments may settle forks
	calm   int  // one act in so many is out of place
}

var founders = []string{"P", "Q", "R", "S"}

func theID() entente.CompactID { return entente.CompactID(hash("tale")) }

// roll draws from 0 to n-1, each as likely as the others: IntRange prefers small numbers.
func (w *tale) roll(label string, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		bits := 0
		for i := range 10 {
			if rapid.Bool().Draw(t, "bit") {
				bits |= 1 << i
			}
		}
		return bits % n
	}).Draw(w.t, label)
}

// put appends an act of who at some place; place 0 is the end of its chain.
func (w *tale) put(who string, a entente.Act) Fact {
	mine := w.byWho[who]
	seq, prev := int64(1), entente.ActID(theID())
	if len(mine) > 0 {
		at := mine[len(mine)-1]
		if who != w.honest {
			switch w.roll("place", w.calm) {
			case 0: // from an earlier act: a fork
				at = mine[w.roll("from", len(mine))]
			case 1: // a gap
				at = Fact{entente.ActID(hash(fmt.Sprint("lost", len(w.facts)))), &entente.Act{Chain: &entente.Link{Seq: int64(w.roll("gap", 4) + 1)}}}
			case 2: // from the beginning
				at = Fact{prev, &entente.Act{Chain: &entente.Link{}}}
			}
		}
		seq, prev = at.Act.Chain.Seq+1, at.ID
	}
	a.Signer, a.Compact, a.Card = pid(who), theID(), 1
	a.Chain = &entente.Link{Seq: seq, Prev: prev}
	if !w.oneKey {
		switch w.roll("card", w.calm) {
		case 0:
			w.card[who]++
			a.Card += w.card[who]
		case 1: // an old key
			a.Card = 1 + int64(w.roll("old", int(w.card[who])+1))
		default:
			a.Card += w.card[who]
		}
	}
	f := Fact{entente.ActID(hash(fmt.Sprint("act", len(w.facts)))), &a}
	w.facts = append(w.facts, f)
	w.byWho[who] = append(mine, f)
	if a.Kind == entente.KindAmendment {
		w.amends = append(w.amends, f)
	}
	return f
}

func (w *tale) accede(who string, to entente.ActID) {
	w.put(who, entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: to}})
}

func (w *tale) step() {
	all := append(slices.Clone(w.roster()), "X")
	who := all[w.roll("who", len(all))]
	switch w.roll("what", 9) {
	case 0, 1:
		w.put(who, entente.Act{Kind: entente.KindSuspension, Suspension: &entente.Suspension{Member: pid(all[w.roll("whom", len(all))])}})
	case 2:
		lifts := entente.ActID(hash("nothing"))
		if mine := w.byWho[who]; len(mine) > 0 {
			lifts = mine[w.roll("lifts", len(mine))].ID
		}
		w.put(who, entente.Act{Kind: entente.KindResumption, Resumption: &entente.Resumption{Lifts: lifts}})
	case 3, 4:
		base, number := entente.ActID(theID()), int64(0)
		if n := len(w.amends); n > 0 && w.roll("onto", 2) == 0 {
			last := w.amends[w.roll("base", n)]
			base, number = last.ID, last.Act.Amendment.Number
		}
		if w.roll("wrong", 8) > 0 {
			number++
		}
		a := &entente.Amendment{Number: number, Base: base}
		roster := slices.DeleteFunc(all, func(p string) bool { return p != w.honest && w.roll("out", 5) == 0 })
		a.Charter = *charterOf(roster...)
		for _, f := range w.facts {
			if w.settle && w.twins(f) > 0 && w.roll("keep", 6) > 0 && (w.leads(f) || w.roll("other", w.calm) == 0) {
				a.Settles = append(a.Settles, entente.Settlement{Author: f.Act.Signer, Seq: f.Act.Chain.Seq, Keep: f.ID})
			}
		}
		f := w.put(who, entente.Act{Kind: entente.KindAmendment, Amendment: a})
		if w.roll("campaign", 4) > 0 { // all sign it, more or less
			for _, p := range append(w.roster(), "X") {
				if p != who && w.roll("refuses", 2*w.calm) > 0 {
					w.accede(p, f.ID)
				}
			}
		}
	case 5, 6:
		to := entente.ActID(theID())
		if n := len(w.amends); n > 0 {
			to = w.amends[w.roll("to", n)].ID
		}
		if w.roll("lost", 2*w.calm) == 0 {
			to = entente.ActID(hash("an amendment nobody has"))
		}
		w.accede(who, to)
	case 7:
		w.accede(who, entente.ActID(theID()))
	case 8: // twice at one position
		if mine := w.byWho[who]; len(mine) > 0 && who != w.honest {
			twin := *mine[w.roll("twin", len(mine))].Act
			f := Fact{entente.ActID(hash(fmt.Sprint("act", len(w.facts)))), &twin}
			w.facts = append(w.facts, f)
			w.byWho[who] = append(mine, f)
		}
	}
}

// twins counts the acts at the position of f, beside f.
func (w *tale) twins(f Fact) (n int) {
	for _, g := range w.facts {
		if f.Act.Chain != nil && g.Act.Chain != nil && f.ID != g.ID && f.Act.Signer == g.Act.Signer && f.Act.Chain.Seq == g.Act.Chain.Seq {
			n++
		}
	}
	return n
}

// leads says whether the last act of its author follows f.
func (w *tale) leads(f Fact) bool {
	mine := w.byWho[map[entente.PartyID]string{pid("P"): "P", pid("Q"): "Q", pid("R"): "R", pid("S"): "S", pid("X"): "X"}[f.Act.Signer]]
	at := mine[len(mine)-1]
	for _, g := range slices.Backward(mine) {
		if at.ID == f.ID {
			return true
		}
		if g.ID == at.Act.Chain.Prev {
			at = g
		}
	}
	return at.ID == f.ID
}

func (w *tale) roster() []string { return founders[:len(w.card)-1] }

// tell draws a history. Most begin with everybody's accession.
func tell(t *rapid.T, set func(*tale)) *tale {
	w := &tale{t: t, byWho: map[string][]Fact{}, card: map[string]int64{"X": 0}}
	for _, p := range founders[:w.roll("founders", 3)+2] {
		w.card[p] = 0
	}
	set(w)
	w.calm = []int{6, 12, 40}[w.roll("calm", 3)]
	w.facts = []Fact{{entente.ActID(theID()), &entente.Act{
		Kind: entente.KindCharter, Signer: pid("P"), Card: 1, Charter: charterOf(w.roster()...),
	}}}
	for _, p := range w.roster()[1:] {
		if w.roll("accedes", 20) > 0 {
			w.accede(p, entente.ActID(theID()))
		}
	}
	for range w.roll("steps", 14) {
		w.step()
	}
	return w
}

func anything(w *tale) { w.settle = true }

// shuffle gives the facts in another order, some of them several times.
func shuffle(t *rapid.T, facts []Fact) []Fact {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	out := slices.Clone(facts)
	for _, f := range facts {
		if r.IntN(3) == 0 {
			out = append(out, f)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// subset leaves out some facts, but not the charter.
func subset(t *rapid.T, facts []Fact) []Fact {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "withheld"), 2))
	few := r.IntN(6) + 1
	out := []Fact{facts[0]}
	for _, f := range facts[1:] {
		if few == 6 || r.IntN(8*few) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, anything)
		want := Fold(theID(), w.facts)
		if diff := cmp.Diff(want, Fold(theID(), shuffle(t, w.facts))); diff != "" {
			t.Fatalf("the same acts in another order fold differently:\n%s", diff)
		}
	})
}

func TestModel(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, anything)
		facts := subset(t, w.facts)
		m := model{id: theID(), facts: facts[1:]}
		got, want := summarise(Fold(theID(), facts)), m.fold(w.facts[0].Act.Charter, pid("P"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("model (-) and fold (+) disagree:\n%s", diff)
		}
		for what, is := range map[string]bool{
			"in force": got.InForce, "amended": got.Terms != entente.ActID(theID()), "forked": len(got.Forked) > 0, "settled": len(m.kept) > 0,
			"pending": len(got.Pending) > 0, "deadlocked": got.Deadlocked, "taken back": len(got.TakenBack) > 0, "suspended": len(got.Suspended) > 0,
		} {
			if is {
				seen[what]++
			}
		}
	})
	t.Logf("histories that are: %v", seen)
}

// As long as one member keeps to the rules and nobody changes keys, whoever
// misses acts may be behind, but never on other terms.
func TestTermsAreFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, func(w *tale) { w.oneKey, w.honest, w.settle = true, "P", true })
		all, part := Fold(theID(), w.facts), Fold(theID(), subset(t, w.facts))
		if part.InForce && !all.InForce {
			t.Fatal("acts that arrived later put the charter out of force")
		}
		at := all.Terms
		for n := all.Number; n > part.Number; n-- {
			i := slices.IndexFunc(w.facts, func(f Fact) bool { return f.ID == at })
			at = w.facts[i].Act.Amendment.Base
		}
		if part.Number > all.Number || at != part.Terms {
			t.Fatalf("with acts missing the terms are number %d, %s; with all acts number %d, and number %d was %s",
				part.Number, part.Terms, all.Number, part.Number, at)
		}
	})
}

// A suspension at the end of a chain, fork or none, allows nothing that was refused.
func TestSuspensionsOnlyNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, func(w *tale) { w.oneKey, w.settle = true, true })
		facts := subset(t, w.facts)
		before := Fold(theID(), facts)
		who := w.roster()[w.roll("suspends", len(w.roster()))]
		whom := w.roster()[w.roll("whom", len(w.roster()))]
		w.honest = ""
		s := w.put(who, entente.Act{Kind: entente.KindSuspension, Suspension: &entente.Suspension{Member: pid(whom)}})
		after := Fold(theID(), append(facts, s))
		if slices.Contains(after.Void, s.ID) {
			return // a settlement keeps another act
		}
		before.pairs(func(from, to entente.PartyID) {
			refused := before.May(from, to, entente.KindRelease, midway, Sending)
			if refused != nil && after.May(from, to, entente.KindRelease, midway, Sending) == nil {
				t.Fatalf("a suspension lifted: %v", refused)
			}
			stopped := from == pid(who) && (to == pid(whom) || who == whom) || to == pid(who) && who == whom
			if stopped && after.May(from, to, entente.KindRelease, midway, Receiving) == nil {
				t.Fatalf("a suspension did not take effect")
			}
		})
	})
}

// Whoever has missed only the suspensions at the ends of chains refuses no
// more than who has all; whoever has them refuses at least as much.
func TestWithheldSuspensions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, func(w *tale) { w.oneKey, w.settle = true, true })
		facts := slices.Clone(w.facts)
		for { // closed under "the act before"
			i := slices.IndexFunc(facts, func(f Fact) bool {
				return f.Act.Kind == entente.KindSuspension && !slices.ContainsFunc(facts, func(g Fact) bool {
					return g.Act.Chain != nil && g.Act.Chain.Prev == f.ID || g.Act.Amendment != nil &&
						slices.ContainsFunc(g.Act.Amendment.Settles, func(k entente.Settlement) bool { return k.Keep == f.ID })
				})
			})
			if i < 0 {
				break
			}
			facts = slices.Delete(facts, i, i+1)
		}
		all, part := Fold(theID(), w.facts), Fold(theID(), facts)
		all.pairs(func(from, to entente.PartyID) {
			refused := part.May(from, to, entente.KindRelease, midway, Sending)
			if refused != nil && all.May(from, to, entente.KindRelease, midway, Sending) == nil {
				t.Fatalf("suspensions opened a flow: %v", refused)
			}
		})
	})
}

// What a party writes at the place that Next gives counts, on its branch if it has forked.
func TestNextCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := tell(t, func(w *tale) { w.settle, w.oneKey = true, w.roll("keys", 2) == 0 })
		s := Fold(theID(), w.facts)
		for p, m := range s.Members {
			if m.Forked && !w.oneKey {
				continue // a newer card on one branch may undo what rests on another
			}
			l := s.Next(p)
			a := entente.Act{Kind: entente.KindSuspension, Signer: p, Card: 1, Compact: theID(), Chain: &l, Suspension: &entente.Suspension{Member: p}}
			for _, f := range w.facts {
				if f.Act.Signer == p {
					a.Card = max(a.Card, f.Act.Card)
				}
			}
			id := entente.ActID(hash("next"))
			next := Fold(theID(), append(slices.Clone(w.facts), Fact{id, &a}))
			if slices.Contains(next.Void, id) || !m.Forked && slices.Contains(next.Waiting, id) {
				t.Fatalf("the act of %s at %+v does not count", m.Seat.Name, l)
			}
			if len(next.Members[p].Suspended) == 0 {
				t.Fatalf("%s has suspended itself to no effect", m.Seat.Name)
			}
		}
	})
}
