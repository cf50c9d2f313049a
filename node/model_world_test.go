package node_test

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/release"
	"entente/stix"
	"entente/store/sqlite"
)

// world is a model and, beside it, real nodes that are told the same things. After
// each act both must have allowed it or refused it, and show the same.
type world struct {
	*model
	nodes      []*member
	recs       []entente.RecordID
	compactIDs []entente.CompactID
	texts      [][]byte
	asks       map[*modelAct]entente.ActID
	sent       map[lane]*entente.Batch // the last that arrived
	owing      map[lane]bool           // a receipt was lost
	wrong      string
	disk       string // folder of the stores; empty: in memory
}

var modelStart = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// newWorld makes parties with clocks that differ, and compacts that all of them
// but those of a pending one have signed.
func newWorld(s setting) *world {
	w := &world{
		model: &model{skew: s.skew, compacts: s.compacts, lanes: map[lane]*modelLane{}, reached: map[string]int{}},
		disk:  s.disk, asks: map[*modelAct]entente.ActID{}, sent: map[lane]*entente.Batch{}, owing: map[lane]bool{},
	}
	for p := range s.skew {
		w.join(p)
	}
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a != b {
				_, err := a.Trust(ctx, []entente.Signed{b.card}, entente.Fingerprint(b.card.ID))
				w.check(err)
			}
		}
	}
	for k := range s.compacts {
		w.found(k)
		if k != s.pending {
			for _, p := range s.compacts[k].members[1:] {
				w.check2(w.nodes[p].Accede(ctx, w.compactIDs[k], "", ""))
				w.model.accede(p, k)
			}
		}
	}
	w.settle()
	return w
}

func (w *world) check(err error) {
	if err != nil && w.wrong == "" {
		w.wrong = err.Error()
	}
}

func (w *world) check2(_ any, err error) { w.check(err) }

func (w *world) party(p int) entente.PartyID { return w.nodes[p].Self() }

func (w *world) parties(ps []int) []entente.PartyID {
	var out []entente.PartyID
	for _, p := range ps {
		out = append(out, w.party(p))
	}
	return out
}

func (w *world) config(p int, db *sqlite.DB, ring *keyring.Ring) node.Config {
	return node.Config{Store: db, Keys: ring, Clock: func() time.Time { return modelStart.Add(w.clock(p)) }}
}

func (w *world) join(p int) {
	m := &member{name: who(p)}
	var err error
	if w.disk == "" {
		m.db, err = sqlite.OpenMemory()
	} else {
		m.dir = filepath.Join(w.disk, m.name)
		m.db, err = sqlite.Open(m.dir)
	}
	w.check(err)
	m.ring, err = keyring.New()
	w.check(err)
	root, db, ring := entente.NewPrivateKey(), m.db, m.ring
	m.card, err = entente.Sign(entente.Act{
		Kind: entente.KindCard, Card: 1, Time: entente.At(modelStart),
		CardBody: &entente.Card{Version: 1, Name: m.name, Keys: ring.CardKeys(root), NextRoot: entente.NewPrivateKey().Key().Hash(), Epoch: 1},
	}, ring.Signers(root)...)
	w.check(err)
	m.Node, err = node.Create(ctx, w.config(p, db, ring), m.card)
	w.check(err)
	w.nodes = append(w.nodes, m)
	w.people = append(w.people, &modelParty{from: map[*modelAct]int{}, heard: map[int]time.Duration{}, rests: map[int][]int{}, over: map[place]bool{}})
}

func (w *world) close() {
	for _, m := range w.nodes {
		w.check(m.Close())
	}
}

// restart opens a node anew on its store, as a new process would.
func (w *world) restart(p int) {
	m := w.nodes[p]
	var err error
	m.Node, err = node.Open(ctx, w.config(p, m.db, m.ring))
	w.check(err)
}

// found signs the charter and brings it to all members, everything settled.
func (w *world) found(k int) {
	c := w.compacts[k]
	ch := entente.Charter{
		Name: fmt.Sprintf("K%d", k), Type: entente.Information, Purposes: []string{"counter-terrorism"}, Categories: []string{"groups"},
		Start: entente.At(modelStart.Add(-time.Hour)), End: entente.At(modelStart.Add(c.end)), Review: entente.At(modelStart.Add(time.Hour)),
		Rule: entente.Unanimous, Exit: "by amendment", Suspension: "at once",
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "counter-terrorism"},
			Widest:  entente.TLPs[widestTLP], Onward: entente.Onwards[c.onward],
		},
		Tolerance: int64(modelTolerance / time.Second), Freshness: int64(modelFreshness / time.Second), RecallWithin: 86400,
		Evidence: "none", Quorum: "filled", Folding: 1,
	}
	ids := w.parties(c.members)
	slices.Sort(ids)
	for _, id := range ids {
		ch.Members = append(ch.Members, entente.Seat{Party: id, Name: "member", Seats: 1, LegalBasis: "statute"})
	}
	id, err := w.nodes[c.members[0]].Found(ctx, ch)
	w.check(err)
	w.compactIDs = append(w.compactIDs, id)
	for _, p := range c.members[1:] {
		w.deliver(lane{c.members[0], p, k}, true, true)
	}
}

// settle brings everything to everybody, by way of the founders, and lets all
// hear from all.
func (w *world) settle() {
	for k, c := range w.compacts {
		founder := c.members[0]
		for _, p := range c.members[1:] {
			w.deliver(lane{p, founder, k}, true, true)
		}
		for _, p := range c.members {
			for _, q := range c.members {
				if q != founder && p != q {
					w.deliver(lane{p, q, k}, true, true)
				}
			}
		}
	}
	for p := range w.nodes {
		for q := range w.nodes {
			if p != q {
				w.hear(p, q)
			}
		}
	}
}

func (w *world) hear(p, q int) {
	w.check(w.nodes[p].Heard(ctx, w.party(q)))
	w.people[p].heard[q] = w.clock(p)
}

// deliver is a courier on one channel, which may lose the batch or the receipt. It
// says whether anything moved.
func (w *world) deliver(ch lane, batch, receipt bool) (moved bool) {
	from, to := w.nodes[ch.from], w.nodes[ch.to]
	if w.owing[ch] && batch && receipt {
		w.catchUp(ch)
	}
	for {
		size := int64(0)
		if b := w.sent[ch]; b != nil {
			size = b.First + int64(len(b.Parcels))
		}
		page, err := from.Read(ctx, entente.Reader{Party: to.Self()}, node.Query{Owed: &node.Owed{Compact: w.compactIDs[ch.compact], From: size}})
		w.check(err)
		moved = moved || page.Batch != nil
		if page.Batch == nil || !batch || err != nil {
			break
		}
		w.sent[ch] = page.Batch
		out, err := to.Accept(ctx, from.Self(), *page.Batch)
		w.check(err)
		for _, r := range out.Receipts {
			if !receipt || w.owing[ch] {
				w.owing[ch] = true
			} else {
				w.check2(from.Accept(ctx, to.Self(), entente.Batch{Channel: page.Batch.Channel, Head: r}))
			}
		}
	}
	// What was in the channel and had not arrived comes first, then what waits, and
	// what a receipt says must wait once more.
	for {
		came := batch && w.arrive(ch)
		if receipt && !w.owing[ch] {
			w.model.settle(ch)
		}
		l := w.lanes[ch]
		if l == nil || l.arrived < len(l.entered) {
			return moved
		}
		w.enter(ch)
		if !came && l.arrived == len(l.entered) {
			return moved
		}
	}
}

// catchUp gives a sender the receipts that it has missed.
func (w *world) catchUp(ch lane) {
	from, to := w.nodes[ch.from], w.nodes[ch.to]
	at, err := from.Positions(ctx, to.Self())
	w.check(err)
	at = slices.DeleteFunc(at, func(p node.Position) bool {
		return p.Channel.From != from.Self() || p.Channel.Compact != w.compactIDs[ch.compact]
	})
	contact, err := to.Compare(ctx, from.Self(), at)
	w.check(err)
	for _, r := range contact.Receipts {
		w.check2(from.Accept(ctx, to.Self(), r))
	}
	w.owing[ch] = false
	w.model.settle(ch)
	if l := w.lanes[ch]; l == nil || l.arrived == len(l.entered) {
		w.people[ch.to].heard[ch.from] = w.clock(ch.to)
	}
}

// put makes a record of an object.
func (w *world) put(p, object int, refs []int) int {
	r := w.model.put(p, object, refs)
	var list []string
	for _, o := range refs {
		list = append(list, fmt.Sprintf("%q", objectID(o)))
	}
	raw := fmt.Appendf(nil, `{"type":"note","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00.%03dZ","content":"text of record %d","object_refs":[%s]}`,
		objectID(object), r, r, strings.Join(list, ","))
	o, err := stix.Parse(raw)
	w.check(err)
	put, err := w.nodes[p].Put(ctx, []stix.Object{o})
	w.check(err)
	w.texts = append(w.texts, raw)
	w.recs = append(w.recs, put[0].Record)
	return r
}

func objectID(o int) string { return fmt.Sprintf("note--%08x-0000-4000-8000-000000000000", o+1) }

func (w *world) ids(rs []int) (out []entente.RecordID) {
	for _, r := range rs {
		out = append(out, w.recs[r])
	}
	return out
}

func (h modelHandling) real() entente.Handling {
	out := entente.Handling{TLP: entente.TLPs[h.tlp], Onward: entente.Onwards[h.onward], Purpose: "counter-terrorism", Expires: date(h.expires)}
	if h.caveat {
		out.Caveats = []string{"not for court"}
	}
	return out
}

func date(day int) entente.Date {
	if day == 0 {
		return ""
	}
	return entente.DateOf(modelStart.Add(dayStart(day)))
}

// Comparison.

// seen is what a page shows, by record.
func (w *world) seen(p, q int) ([]int, error) {
	others := false
	page, err := w.nodes[p].Read(ctx, entente.Reader{Party: w.party(q)}, node.Query{Own: &others, Limit: 1000})
	if err != nil {
		return nil, err
	}
	if page.More {
		return nil, fmt.Errorf("more than a page")
	}
	seen := map[int]bool{}
	for _, v := range page.Views {
		r := slices.Index(w.recs, v.ID())
		if r < 0 || v.Reader().Party != w.party(q) || v.Header().Originator != w.party(w.records[r].owner) {
			return nil, fmt.Errorf("a view of %s for %s by %s", v.ID(), who(q), v.Header().Originator)
		}
		seen[r] = true
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// compare holds what the node of p shows to q against the model.
func (w *world) compare(p, q int) {
	got, err := w.seen(p, q)
	w.check(err)
	var want []int
	for r, rec := range w.records {
		if rec.owner != q && w.shows(p, q, r) {
			want = append(want, r)
		}
	}
	if !slices.Equal(got, want) && w.wrong == "" {
		w.wrong = fmt.Sprintf("%s shows %s the records %v of others, the rule says %v", who(p), who(q), got, want)
	}
}

// look asks for one record, by its id or by its object's.
func (w *world) look(p, q, r int, byObject bool) {
	query := node.Query{Record: string(w.recs[r])}
	of := []int{r}
	if byObject {
		query.Record, of = objectID(w.records[r].object), nil
		for x := range w.records {
			if w.records[x].object == w.records[r].object {
				of = append(of, x)
			}
		}
	}
	page, err := w.nodes[p].Read(ctx, entente.Reader{Party: w.party(q)}, query)
	var want int
	for _, x := range of {
		if w.shows(p, q, x) {
			want++
			if !slices.ContainsFunc(page.Views, func(v release.View) bool { return v.ID() == w.recs[x] && bytes.Equal(v.Body(), w.texts[x]) }) {
				w.check(fmt.Errorf("%s does not show record %d to %s as it was put (%v)", who(p), x, who(q), err))
			}
		}
	}
	if len(page.Views) != want || (want == 0) != (entente.KindOf(err) == entente.Hidden) {
		w.check(fmt.Errorf("%s shows %s %d views of record %d, the rule says %d (%v)", who(p), who(q), len(page.Views), r, want, err))
	}
}

// all compares everything that any node shows to anybody.
func (w *world) all() {
	for p := range w.nodes {
		for q := range w.nodes {
			w.compare(p, q)
		}
	}
}

// agree wants model and node to have allowed the same.
func (w *world) agree(allowed bool, err error) {
	if (err == nil) != allowed && w.wrong == "" {
		w.wrong = fmt.Sprintf("the rule allows it: %v, the node says: %v", allowed, err)
	}
	if err != nil && entente.KindOf(err) == "" && w.wrong == "" {
		w.wrong = fmt.Sprintf("an error without a kind: %v", err)
	}
}
