package node_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/node/nodetest"
	"entente/stix"
	"entente/store/sqlite"
)

// cell is a few parties with real nodes and stores in memory, whose couriers
// are replaced by meet: two nodes exchange all they owe each other, now.
type cell struct {
	t     testing.TB
	now   time.Time
	names []string
	nodes map[string]*member
	disk  bool // stores on disk, which can be copied
}

type member struct {
	*node.Node
	name  string
	db    *sqlite.DB
	ring  *keyring.Ring
	roots []entente.PrivateKey // root key of card n at n-1, and the next one
	card  entente.Signed
	dir   string // of a store on disk
}

var ctx = context.Background()

func newCell(t testing.TB, names ...string) *cell { return cellOf(t, false, names...) }

func cellOf(t testing.TB, disk bool, names ...string) *cell {
	c := &cell{t: t, now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), nodes: map[string]*member{}, disk: disk}
	for _, name := range names {
		c.join(name)
	}
	for _, a := range names {
		for _, b := range names {
			if a != b {
				c.trust(a, b)
			}
		}
	}
	return c
}

func (c *cell) clock() time.Time { return c.now }

func (c *cell) join(name string) *member {
	c.t.Helper()
	var db *sqlite.DB
	var dir string
	var err error
	if c.disk {
		dir = c.t.TempDir()
		db, err = sqlite.Open(dir)
	} else {
		db, err = sqlite.OpenMemory()
	}
	check(c.t, err)
	ring, err := keyring.New()
	check(c.t, err)
	m := &member{name: name, db: db, dir: dir, ring: ring, roots: []entente.PrivateKey{entente.NewPrivateKey(), entente.NewPrivateKey()}}
	m.card, err = entente.Sign(entente.Act{
		Kind: entente.KindCard, Card: 1, Time: entente.At(c.now),
		CardBody: &entente.Card{Version: 1, Name: name, Keys: ring.CardKeys(m.roots[0]), NextRoot: m.roots[1].Key().Hash(), Epoch: 1},
	}, ring.Signers(m.roots[0])...)
	check(c.t, err)
	m.Node, err = node.Create(ctx, node.Config{Store: db, Keys: ring, Clock: c.clock}, m.card)
	check(c.t, err)
	c.t.Cleanup(func() { m.Close() })
	c.names = append(c.names, name)
	c.nodes[name] = m
	return m
}

func (c *cell) as(name string) *member { return c.nodes[name] }

func (c *cell) trust(who, whom string) {
	c.t.Helper()
	card := c.as(whom).card
	_, err := c.as(who).Trust(ctx, []entente.Signed{card}, entente.Fingerprint(card.ID))
	check(c.t, err)
}

// charter is one that everybody named can sign.
func (c *cell) charter(names ...string) entente.Charter {
	ch := entente.Charter{
		Name: "Cell of " + fmt.Sprint(names), Type: entente.Information,
		Purposes: []string{"counter-terrorism"}, Categories: []string{"groups", "incidents"},
		Start: entente.At(c.now.Add(-time.Hour)), End: entente.At(c.now.AddDate(1, 0, 0)), Review: entente.At(c.now.AddDate(0, 6, 0)),
		Rule: entente.Unanimous, Exit: "by amendment", Suspension: "at once and alone",
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "counter-terrorism"},
			Widest:  entente.TLPGreen, Onward: entente.OnwardAsk,
		},
		Tolerance: 300, Freshness: 3600, RecallWithin: 86400, Evidence: "none", Quorum: "filled", Folding: 1,
	}
	for _, id := range sortedParties(c, names) {
		ch.Members = append(ch.Members, entente.Seat{Party: id, Name: c.nameOf(id), Seats: 1, LegalBasis: "statute of " + c.nameOf(id)})
	}
	return ch
}

func (c *cell) nameOf(id entente.PartyID) string {
	for name, m := range c.nodes {
		if m.Self() == id {
			return name
		}
	}
	return "?"
}

// found makes a compact that is in force among all who are named.
func (c *cell) found(names ...string) entente.CompactID {
	c.t.Helper()
	id, err := c.as(names[0]).Found(ctx, c.charter(names...))
	check(c.t, err)
	for _, name := range names[1:] {
		c.meet(names[0], name)
		_, err := c.as(name).Accede(ctx, id, "", "")
		check(c.t, err)
	}
	c.meetAll()
	for _, name := range names {
		s, err := c.as(name).Compact(ctx, id)
		check(c.t, err)
		if !s.InForce {
			c.t.Fatalf("%s: compact not in force, missing %v", name, s.Missing)
		}
	}
	return id
}

// meet lets two nodes exchange everything, in both directions, until nothing is left.
func (c *cell) meet(a, b string) {
	c.t.Helper()
	if err := c.tryMeet(a, b); err != nil {
		c.t.Fatalf("%s meets %s: %v", a, b, err)
	}
}

func (c *cell) tryMeet(a, b string) error {
	return nodetest.Meet(ctx, c.as(a).Node, c.as(b).Node)
}

func (c *cell) meetAll() {
	c.t.Helper()
	for range 2 {
		for i, a := range c.names {
			for _, b := range c.names[i+1:] {
				c.meet(a, b)
			}
		}
	}
}

// note puts a note and gives its record.
func (m *member) note(t testing.TB, text string, refs ...stix.ID) (entente.RecordID, stix.ID) {
	t.Helper()
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	if len(refs) == 0 {
		id, err := stix.NewIdentity(now, "subject of "+text, "organization")
		check(t, err)
		o := id
		put, err := m.Put(ctx, []stix.Object{o})
		check(t, err)
		return put[0].Record, o.ID
	}
	o, err := stix.NewNote(now, text, text, "", refs)
	check(t, err)
	put, err := m.Put(ctx, []stix.Object{o})
	check(t, err)
	return put[0].Record, o.ID
}

func (c *cell) order(id entente.CompactID, records []entente.RecordID, to ...string) node.Order {
	o := node.Order{
		Compact: id, Records: records,
		Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"},
	}
	for _, name := range to {
		o.To = append(o.To, c.as(name).Self())
	}
	return o
}

func (c *cell) release(from string, id entente.CompactID, records []entente.RecordID, to ...string) {
	c.t.Helper()
	_, _, err := c.as(from).Release(ctx, c.order(id, records, to...))
	check(c.t, err)
}

// sees says whether the party's people can see the record.
func (m *member) sees(id entente.RecordID) bool {
	_, err := m.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(id)})
	return err == nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sortedParties(c *cell, names []string) []entente.PartyID {
	var ids []entente.PartyID
	for _, n := range names {
		ids = append(ids, c.as(n).Self())
	}
	for i := range ids {
		for k := i; k > 0 && ids[k] < ids[k-1]; k-- {
			ids[k], ids[k-1] = ids[k-1], ids[k]
		}
	}
	return ids
}

// verify wants every store of the cell to verify whole.
func (c *cell) verify() {
	c.t.Helper()
	for _, name := range c.names {
		report, err := c.as(name).Verify(ctx, nil)
		check(c.t, err)
		if report.Problem != "" {
			c.t.Errorf("%s: %s", name, report.Problem)
		}
	}
}

// copyStore copies a member's store on disk as a backup would.
func (c *cell) copyStore(name string) (backup string) {
	c.t.Helper()
	m := c.as(name)
	backup = c.t.TempDir()
	check(c.t, m.Close())
	check(c.t, os.CopyFS(backup, os.DirFS(m.dir)))
	c.open(name)
	return backup
}

// putBack puts a member's store back to a copy.
func (c *cell) putBack(name, backup string) {
	c.t.Helper()
	m := c.as(name)
	check(c.t, m.Close())
	m.dir = c.t.TempDir()
	check(c.t, os.CopyFS(m.dir, os.DirFS(backup)))
	c.open(name)
}

// open opens a member's store again, as after a restart.
func (c *cell) open(name string) {
	c.t.Helper()
	m := c.as(name)
	var err error
	m.db, err = sqlite.Open(m.dir)
	check(c.t, err)
	m.Node, err = node.Open(ctx, node.Config{Store: m.db, Keys: m.ring, Clock: c.clock})
	check(c.t, err)
	opened := m.Node
	c.t.Cleanup(func() { opened.Close() })
}

func openStore(dir string) (*sqlite.DB, error) { return sqlite.Open(dir) }
