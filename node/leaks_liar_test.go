package node_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/ledger"
	"entente/node"
	"entente/store"
)

// liar is a party that has all keys of a member and says whatever it likes, at
// random. A, B and D are honest; L lies.
type liar struct {
	*cell
	rnd     *rand.Rand
	id      entente.CompactID // of all four
	other   entente.CompactID // of A and B
	me      *member
	lent    entente.Record // A's, which L has and may relay to B alone
	private entente.Record // A's, which B has and L has somehow got the bytes of
	consent entente.Signed // A's to L
	toMe    entente.Signed // A's release to L
	stolen  []entente.Batch
	lines   []string
}

var honest = []string{"A", "B", "D"}

func newLiar(t *testing.T, seed uint64) *liar {
	c := newCell(t, "A", "B", "D", "L")
	l := &liar{cell: c, rnd: rand.New(rand.NewPCG(seed, 7)), id: c.found("A", "B", "D", "L"), other: c.found("A", "B"), me: c.as("L")}
	lentTo, _ := c.as("A").note(t, "lent to L")
	private, _ := c.as("A").note(t, "for B alone")
	between, _ := c.as("A").note(t, "between A and B")
	o := c.order(l.id, []entente.RecordID{lentTo}, "L")
	o.Handling.Onward, o.Handling.Caveats = entente.OnwardAsk, []string{"not for court"}
	_, acts, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.release("A", l.id, []entente.RecordID{private}, "B")
	c.release("A", l.other, []entente.RecordID{between}, "B")
	fromB, _ := c.as("B").note(t, "from B")
	c.release("B", l.id, []entente.RecordID{fromB}, "A", "D")
	// L has listened: batches between others are in its hands.
	for _, ch := range []lane{{0, 1, 0}, {1, 0, 0}, {1, 2, 0}} {
		l.stolen = append(l.stolen, l.next(honest[ch.from], honest[ch.to])...)
	}
	c.meetAll()
	c.ask("L", lentTo, entente.Relay, "B")
	c.meet("A", "L")
	c.answer("A", "")
	c.meet("A", "L")
	asks, err := l.me.Asks(ctx)
	check(t, err)
	l.consent = l.signed(l.me, asks[0].Answer)
	l.toMe = l.signed(l.me, acts[0])
	l.lent, l.private = l.recordOf("L", lentTo), l.recordOf("B", private)
	return l
}

// next is what one party is about to send another.
func (l *liar) next(from, to string) (out []entente.Batch) {
	at, err := l.as(to).Positions(ctx, l.as(from).Self())
	check(l.t, err)
	for _, p := range at {
		if p.Channel.From == l.as(from).Self() {
			page, err := l.as(from).Read(ctx, entente.Reader{Party: l.as(to).Self()}, node.Query{Owed: &node.Owed{Compact: p.Channel.Compact, From: p.Tree.Size}})
			check(l.t, err)
			if page.Batch != nil {
				out = append(out, *page.Batch)
			}
		}
	}
	return out
}

func (l *liar) signed(m *member, id entente.ActID) entente.Signed {
	s, err := entente.ParseSigned(l.envelope(m, id))
	check(l.t, err)
	return s
}

func (l *liar) recordOf(who string, r entente.RecordID) entente.Record {
	page, err := l.as(who).Read(ctx, entente.Reader{Party: l.as(who).Self()}, node.Query{Record: string(r)})
	check(l.t, err)
	rec, err := entente.ParseRecord(page.Views[0].Bytes())
	check(l.t, err)
	return rec
}

// standing is what the honest show and hold true: every record that is not L's own,
// as it is and under which handling, the terms, who of them is suspended, whose
// cards. L's own words are L's own.
func (l *liar) standing() string {
	var b strings.Builder
	for _, name := range honest {
		m := l.as(name)
		for _, reader := range l.names {
			page, err := m.Read(ctx, entente.Reader{Party: l.as(reader).Self()}, node.Query{Limit: 1000})
			check(l.t, err)
			others := false
			more, err := m.Read(ctx, entente.Reader{Party: l.as(reader).Self()}, node.Query{Own: &others, Limit: 1000})
			check(l.t, err)
			for _, v := range append(page.Views, more.Views...) {
				if v.Header().Originator == l.me.Self() && reader == name {
					continue
				}
				full, err := m.Read(ctx, entente.Reader{Party: l.as(reader).Self()}, node.Query{Record: string(v.ID())})
				check(l.t, err)
				fmt.Fprintf(&b, "%s shows %s %s\n", name, reader, full.Views[0].Bytes())
				for _, g := range full.Views[0].Grants() {
					fmt.Fprintf(&b, "\tby %s: %+v\n", g.Release, g.Handling)
				}
			}
		}
		for _, id := range []entente.CompactID{l.id, l.other} {
			s, err := m.Compact(ctx, id)
			if err != nil {
				fmt.Fprintf(&b, "%s: %v\n", name, err)
				continue
			}
			fmt.Fprintf(&b, "%s: terms %s, %d\n", name, s.Terms, len(s.Members))
			for _, member := range honest {
				if x := s.Members[l.as(member).Self()]; x != nil {
					fmt.Fprintf(&b, "\t%s: %s, suspended %v, forked %v, flows %v\n", member, x.Status, x.Suspended, x.Forked, x.Flows)
				}
			}
		}
		parties, err := m.Parties(ctx)
		check(l.t, err)
		for _, p := range parties {
			if p.ID != l.me.Self() {
				fmt.Fprintf(&b, "%s knows %s, card %d, frozen by %q\n", name, p.Name, p.Version, p.Frozen)
			}
		}
		h, err := m.Health(ctx)
		check(l.t, err)
		fmt.Fprintf(&b, "%s restored: %q\n", name, h.Restored)
		recalls, err := m.Recalls(ctx)
		check(l.t, err)
		fmt.Fprintf(&b, "%s recalls: %+v\n", name, recalls)
	}
	return b.String()
}

// release is one that L signs, about whatever record.
func (l *liar) release(to *member, rec entente.Record, change func(*entente.Release)) entente.Parcel {
	a := l.releaseOf(l.id, entente.ActID(l.id), to.Self(), rec)
	if change != nil {
		change(a.Release)
	}
	return parcelOf(l.say(l.me, a), rec)
}

// inName is an act in another's name, under L's key.
func (l *liar) inName(of *member, a entente.Act) entente.Signed {
	a.Signer, a.Card, a.Time = of.Self(), 1, entente.At(l.now)
	s, err := entente.Sign(a, l.me.ring.Act)
	check(l.t, err)
	return s
}

// attached is a consent that goes with a release.
func attached(p entente.Parcel, c entente.Signed) entente.Parcel {
	p.Attached = [][]byte{c.Envelope()}
	return p
}

// lie makes one thing up for a victim, hands it in, and says what it was.
func (l *liar) lie(victim string) string {
	v := l.as(victim)
	lies := liesOf(l, v)
	names := make([]string, 0, len(lies))
	for name := range lies {
		names = append(names, name)
	}
	slices.Sort(names)
	name := names[l.rnd.IntN(len(names))]
	lies[name]()
	return name + " to " + victim
}

// hand delivers parcels over L's channel. What may be refused whole is refused
// whole; L does not care.
func (l *liar) hand(v *member, parcels ...entente.Parcel) {
	b := l.forge(l.me, v, l.id, parcels...)
	l.bring(v, b)
}

// bring hands in a batch, as L; only the store's own failure counts.
func (l *liar) bring(v *member, b entente.Batch) {
	wire := entente.AppendBatch(nil, &b)
	parsed, err := entente.ParseBatch(wire)
	if err != nil {
		return
	}
	if _, err := v.Accept(ctx, l.me.Self(), parsed); err != nil && entente.KindOf(err) == "" {
		l.t.Errorf("an error without a kind: %v", err)
	}
}

// TestLiarChangesNothing lets L lie at random, and after every lie wants the
// honest to show what they showed before.
func TestLiarChangesNothing(t *testing.T) {
	runs, lies := 4, 60
	if testing.Short() || raceDetector() {
		runs, lies = 2, 40
	}
	if os.Getenv("ENTENTE_LONG") == "1" {
		runs, lies = 40, 300
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLiar(t, uint64(seed))
			before := l.standing()
			for range lies {
				l.lines = append(l.lines, l.lie(honest[l.rnd.IntN(len(honest))]))
				if after := l.standing(); after != before {
					at := 0
					for at < min(len(before), len(after)) && before[at] == after[at] {
						at++
					}
					t.Fatalf("L has changed what others show:\n%q\nbecame\n%q\nby the last of\n%s", before[max(0, at-100):min(len(before), at+200)],
						after[max(0, at-100):min(len(after), at+200)], strings.Join(l.lines, "\n"))
				}
			}
			for _, name := range honest {
				report, err := l.as(name).Verify(ctx, nil)
				check(t, err)
				if report.Problem != "" {
					t.Errorf("%s does not verify: %s\nafter\n%s", name, report.Problem, strings.Join(l.lines, "\n"))
				}
			}
			// And the honest go on with each other.
			r, _ := l.as("A").note(t, "after all that")
			l.cell.release("A", l.id, []entente.RecordID{r}, "B", "D")
			for _, pair := range [][2]string{{"A", "B"}, {"A", "D"}, {"B", "D"}} {
				l.meet(pair[0], pair[1])
			}
			if !l.as("B").sees(r) || !l.as("D").sees(r) {
				t.Error("the honest cannot deliver any more")
			}
		})
	}
}

// TestLiarIsConvicted shows what can be proved against L afterwards.
func TestLiarIsConvicted(t *testing.T) {
	l := newLiar(t, 1)
	a, b := l.as("A"), l.as("B")
	// Two heads of one size: whoever has both has the proof.
	first := l.forge(l.me, b, l.id, l.release(b, l.record(l.me.Self(), "one story"), nil))
	other := l.forge(l.me, b, l.id, l.release(b, l.record(l.me.Self(), "another story"), nil))
	_, err := b.Accept(ctx, l.me.Self(), first)
	check(t, err)
	if _, err := b.Accept(ctx, l.me.Self(), other); entente.KindOf(err) != entente.Conflict {
		t.Errorf("B takes a second story for one position: %v", err)
	}
	var trees []entente.TreeHead
	for _, x := range []entente.Batch{first, other} {
		s, err := entente.ParseSigned(x.Head)
		check(t, err)
		check(t, s.VerifyBy(l.me.card.Act.CardBody))
		st, err := ledger.Of(&s)
		check(t, err)
		trees = append(trees, st.Tree)
	}
	if trees[0].Size != trees[1].Size || trees[0].Root == trees[1].Root {
		t.Errorf("two heads of one size with two roots: %v", trees)
	}
	// L answers a recall with a lie: "applied". A has L's signature under it.
	l.recall("A", []entente.RecordID{l.lent.ID}, "L")
	l.meet("A", "L") // its node applies it; L has kept a copy of the bytes
	if s := l.recallStates("A"); s["L"] != node.RecallApplied {
		t.Fatalf("A sees %v", s)
	}
	convicted := false
	check(t, a.db.View(ctx, func(tx *store.Tx) error {
		return tx.EachAct(func(row store.Act) error {
			s, err := entente.ParseSigned(row.Envelope)
			if err != nil || s.Act.Kind != entente.KindReceipt || s.Act.Signer != l.me.Self() {
				return err
			}
			check(t, s.VerifyBy(l.me.card.Act.CardBody))
			convicted = convicted || slices.ContainsFunc(s.Act.Receipt.Entries, func(e entente.Disposition) bool { return e.Code == entente.CodeApplied })
			return nil
		})
	}))
	if !convicted {
		t.Error("A has no receipt in which L says that it was applied")
	}
	// What it has kept it can show to nobody's node as A's.
	l.hand(l.as("D"), l.release(l.as("D"), l.lent, nil))
	l.hand(b, attached(l.release(b, l.lent, func(r *entente.Release) {
		r.Records[0].Consent, r.Handling = l.consent.ID, *l.consent.Act.Consent.Handling
	}), l.consent))
	if l.as("D").sees(l.lent.ID) {
		t.Error("D shows what L kept")
	}
	// Two acts at one place of its chain: every member that has both knows it as forked.
	s, err := b.Compact(ctx, l.id)
	check(t, err)
	link := s.Next(l.me.Self())
	for name, whom := range map[string]string{"A": "B", "B": "A"} {
		act := l.say(l.me, entente.Act{Kind: entente.KindSuspension, Compact: l.id, Chain: &link, Suspension: &entente.Suspension{Member: l.as(whom).Self()}})
		l.hand(l.as(name), parcelOf(act))
	}
	l.meet("A", "B")
	l.meet("B", "D")
	for _, name := range honest {
		s, err := l.as(name).Compact(ctx, l.id)
		check(t, err)
		if !s.Members[l.me.Self()].Forked || len(s.Forks) != 1 || len(s.Forks[0].Acts) != 2 {
			t.Errorf("%s does not know that L has forked: %+v", name, s.Forks)
		}
		r, _ := l.as(name).note(t, "to L")
		if _, _, err := l.as(name).Release(ctx, l.order(l.id, []entente.RecordID{r}, "L")); entente.KindOf(err) != entente.Refused {
			t.Errorf("%s releases to L: %v", name, err)
		}
	}
	// Its records are refused from then on.
	rec := l.record(l.me.Self(), "one more")
	if out, err := b.Accept(ctx, l.me.Self(), l.forge(l.me, b, l.id, l.release(b, rec, nil))); err != nil || out.Codes[0] != entente.RefusedForce {
		t.Errorf("B takes more from L: %v %v", out.Codes, err)
	}
}
