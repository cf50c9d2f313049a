package compact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"entente"

	"github.com/google/go-cmp/cmp"
)

// FuzzFold reads acts from bytes, six bytes an act, with no regard to form: bodies
// missing, positions out of range, links in circles, amendments without members.
func FuzzFold(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0000001111112222223333334444445555556666667777778888889999990a1b2c3d4e5f6g7h8i9j"))
	seed := make([]byte, 240)
	for i := range seed {
		seed[i] = byte(i * 37)
	}
	f.Add(seed)
	kinds := []entente.Kind{
		entente.KindAccession, entente.KindAmendment, entente.KindSuspension, entente.KindResumption,
		entente.KindAccession, entente.KindAmendment, entente.KindRelease, "",
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		id := func(b byte) entente.ActID {
			if b%16 == 0 {
				return entente.ActID(theID())
			}
			return entente.ActID(hash(fmt.Sprint("fuzz", b%16)))
		}
		who := func(b byte) entente.PartyID {
			return []entente.PartyID{pid("P"), pid("Q"), pid("R"), ""}[b%4]
		}
		facts := []Fact{{id(0), &entente.Act{Kind: entente.KindCharter, Signer: pid("P"), Card: 1, Charter: charterOf("P", "Q")}}, {ID: id(1)}}
		for i := 0; i+6 <= len(data) && i < 600; i += 6 {
			b := data[i : i+6]
			a := &entente.Act{Kind: kinds[b[1]%8], Signer: who(b[2]), Card: int64(b[2] / 64), Compact: theID()}
			if b[3] < 250 {
				a.Chain = &entente.Link{Seq: int64(b[3]%6) - 1 + int64(b[3]/240)<<60, Prev: id(b[4])}
			}
			if b[5] < 250 {
				a.Accession = &entente.Accession{To: id(b[5])}
				a.Suspension = &entente.Suspension{Member: who(b[5])}
				a.Resumption = &entente.Resumption{Lifts: id(b[5])}
				a.Amendment = &entente.Amendment{Number: int64(b[5] / 64), Base: id(b[5])}
				if b[4] < 200 {
					a.Amendment.Charter = *charterOf([]string{"P", "Q", "R", "X"}[:b[4]%5]...)
				}
				if b[4]%3 == 0 {
					a.Amendment.Settles = []entente.Settlement{{Author: who(b[4] / 3), Seq: int64(b[5] % 4), Keep: id(b[5])}}
				}
			}
			fact := Fact{entente.ActID(hash(fmt.Sprint("fuzz", i/6%15+1))), a}
			if !slices.ContainsFunc(facts, func(x Fact) bool { return x.ID == fact.ID && x.Act != nil }) {
				facts = append(facts, fact)
			}
		}
		s := Fold(theID(), facts)
		s.pairs(func(from, to entente.PartyID) {
			for _, k := range kinds {
				_ = s.May(from, to, k, midway, Sending).error()
			}
		})
		for p := range s.Members {
			if l := s.Next(p); l.Seq < 1 || l.Prev == "" {
				t.Fatalf("no place for %s: %+v", p, l)
			}
		}
		for _, p := range s.Pending {
			Describe(p.Charter)
			Changes(s.Charter, p.Charter)
		}
		r := rand.New(rand.NewPCG(uint64(len(data)), 3))
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		if diff := cmp.Diff(s, Fold(theID(), facts)); diff != "" {
			t.Fatalf("another order, another state:\n%s", diff)
		}
	})
}

// error is the text of a refusal, if there is one.
func (r *Refusal) error() string {
	if r == nil {
		return ""
	}
	return r.Error()
}

// BenchmarkFold: 200 members, all acceded, one amendment signed by all, then ten
// acts of each.
func BenchmarkFold(b *testing.B) {
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprint("member", i))
	}
	act := func(who string, seq int, prev string, a entente.Act) Fact {
		a.Signer, a.Card, a.Compact = pid(who), 1, theID()
		a.Chain = &entente.Link{Seq: int64(seq), Prev: entente.ActID(hash(prev))}
		return Fact{entente.ActID(hash(fmt.Sprint(who, "/", seq))), &a}
	}
	facts := []Fact{{entente.ActID(theID()), &entente.Act{Kind: entente.KindCharter, Signer: pid(names[0]), Card: 1, Charter: charterOf(names...)}}}
	amendment := entente.ActID(hash(fmt.Sprint(names[0], "/", 2)))
	for i, who := range names {
		facts = append(facts, act(who, 1, "tale", entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: entente.ActID(theID())}}))
		second := entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: amendment}}
		if i == 0 {
			second = entente.Act{Kind: entente.KindAmendment, Amendment: &entente.Amendment{Number: 1, Base: entente.ActID(theID()), Charter: *charterOf(names...)}}
		}
		facts = append(facts, act(who, 2, fmt.Sprint(who, "/", 1), second))
		for n := 3; n < 13; n += 2 {
			s := act(who, n, fmt.Sprint(who, "/", n-1), entente.Act{Kind: entente.KindSuspension, Suspension: &entente.Suspension{Member: pid(names[(i+n)%200])}})
			facts = append(facts, s, act(who, n+1, fmt.Sprint(who, "/", n), entente.Act{Kind: entente.KindResumption, Resumption: &entente.Resumption{Lifts: s.ID}}))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := Fold(theID(), facts); s.Number != 1 || len(s.Members) != 200 {
			b.Fatal("not as founded")
		}
	}
}
