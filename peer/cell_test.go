package peer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/peer"
	"entente/stix"
	"entente/store/sqlite"
)

// TestMain wants every door to leave nothing running behind.
func TestMain(m *testing.M) {
	code := m.Run()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, g := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(g, "entente/peer.(") {
			fmt.Printf("a goroutine of a door goes on after its Run:\n%s\n", g)
			code = 1
		}
	}
	os.Exit(code)
}

var ctx = context.Background()

// patience is how long a condition may take to come about.
const patience = 20 * time.Second

// cell is a few parties on loopback with real nodes and doors. The endpoint on a
// party's card is a street, which leads to its door when that is open.
type cell struct {
	t       testing.TB
	names   []string
	parties map[string]*party
}

type party struct {
	*node.Node
	t      testing.TB
	name   string
	dir    string // of the store; empty: in memory
	ring   *keyring.Ring
	roots  []entente.PrivateKey // root key of card n at n-1, and the next one
	cards  []entente.Signed
	street *street // nil: only dials out
	door   *peer.Door
	close  func() // closes the door; nil: it is closed
	log    *journal
}

// newCell makes parties that trust each other, in a compact that each has yet to
// enter. Doors are closed. A name that begins with "-" only dials out.
func newCell(t testing.TB, names ...string) *cell {
	t.Helper()
	return cellOf(t, (*cell).join, names)
}

// newCellOnDisk is newCell with stores whose folders can be copied.
func newCellOnDisk(t testing.TB, names ...string) *cell {
	t.Helper()
	return cellOf(t, (*cell).joinOnDisk, names)
}

func cellOf(t testing.TB, join func(*cell, string) *party, names []string) *cell {
	t.Helper()
	c := &cell{t: t, parties: map[string]*party{}}
	for _, name := range names {
		join(c, name)
	}
	for _, a := range c.names {
		for _, b := range c.names {
			if a != b {
				c.as(a).trust(c.as(b))
			}
		}
	}
	return c
}

func (c *cell) as(name string) *party {
	c.t.Helper()
	p := c.parties[name]
	if p == nil {
		c.t.Fatalf("no party %q in this cell", name)
	}
	return p
}

func (c *cell) join(name string) *party {
	c.t.Helper()
	store, err := sqlite.OpenMemory()
	check(c.t, err)
	return c.joinWith(name, store, "")
}

func (c *cell) joinOnDisk(name string) *party {
	c.t.Helper()
	dir := c.t.TempDir()
	store, err := sqlite.Open(dir)
	check(c.t, err)
	return c.joinWith(name, store, dir)
}

func (c *cell) joinWith(name string, store node.Store, dir string) *party {
	c.t.Helper()
	name, dialsOnly := strings.CutPrefix(name, "-")
	ring, err := keyring.New()
	check(c.t, err)
	p := &party{
		t: c.t, name: name, dir: dir, ring: ring, log: newJournal(),
		roots: []entente.PrivateKey{entente.NewPrivateKey(), entente.NewPrivateKey()},
	}
	if !dialsOnly {
		p.street = newStreet(c.t)
	}
	p.Node, err = node.Create(ctx, node.Config{Store: store, Keys: ring}, p.sign(p.nextCard(ring), ring))
	check(c.t, err)
	c.t.Cleanup(func() { p.shut(); p.Close() })
	c.names = append(c.names, name)
	c.parties[name] = p
	return p
}

// nextCard is the next card of the party, with the keys of ring.
func (p *party) nextCard(ring *keyring.Ring) *entente.Card {
	n := len(p.cards)
	card := &entente.Card{
		Version: int64(n + 1), Name: p.name, Keys: ring.CardKeys(p.roots[n]), NextRoot: p.roots[n+1].Key().Hash(), Epoch: 1,
	}
	if n > 0 {
		card.Previous = p.cards[n-1].ID
	}
	if p.street != nil {
		card.Endpoints = []string{p.street.addr()}
	}
	return card
}

func (p *party) sign(card *entente.Card, ring *keyring.Ring) entente.Signed {
	p.t.Helper()
	act := entente.Act{Kind: entente.KindCard, Card: card.Version, Time: entente.At(time.Now()), CardBody: card}
	if p.Node != nil {
		act.Signer = p.Self()
	}
	s, err := entente.Sign(act, ring.Signers(p.roots[card.Version-1])...)
	check(p.t, err)
	p.cards = append(p.cards, s)
	p.roots = append(p.roots, entente.NewPrivateKey())
	return s
}

func (p *party) trust(q *party) {
	p.t.Helper()
	last := q.cards[len(q.cards)-1]
	_, err := p.Trust(ctx, q.cards, entente.Fingerprint(last.ID))
	check(p.t, err)
}

// rotate puts new keys in force; the old TLS key is kept or forgotten.
func (p *party) rotate(keepTLS bool) {
	p.t.Helper()
	ring, err := keyring.New()
	check(p.t, err)
	if keepTLS {
		ring.OldTLS = &p.ring.TLS
	}
	check(p.t, p.Rotate(ctx, p.sign(p.nextCard(ring), ring), ring))
	p.ring = ring
}

// forgetOldTLS opens the party's node anew without its old TLS key.
func (p *party) forgetOldTLS() {
	p.t.Helper()
	ring := *p.ring
	ring.OldTLS = nil
	p.ring = &ring
	p.reopen(p.dir)
}

// backup copies the party's store while it is closed, as a machine's backup would.
func (p *party) backup() (dir string) {
	p.t.Helper()
	check(p.t, p.Close())
	dir = p.t.TempDir()
	check(p.t, os.CopyFS(dir, os.DirFS(p.dir)))
	p.reopen(p.dir)
	return dir
}

// reopen opens the party's store again, from this folder.
func (p *party) reopen(dir string) {
	p.t.Helper()
	p.shut()
	check(p.t, p.Close())
	store, err := sqlite.Open(dir)
	check(p.t, err)
	p.Node, err = node.Open(ctx, node.Config{Store: store, Keys: p.ring})
	check(p.t, err)
	p.dir = dir
}

// verified wants the party's store to verify whole.
func (p *party) verified() {
	p.t.Helper()
	report, err := p.Verify(ctx, nil)
	check(p.t, err)
	if report.Problem != "" {
		p.t.Errorf("%s: %s", p.name, report.Problem)
	}
}

// open opens the party's door.
func (p *party) open() {
	p.t.Helper()
	cfg := peer.Config{
		Desk: p.Node, Log: slog.New(p.log), MinBackoff: 5 * time.Millisecond, MaxBackoff: 200 * time.Millisecond,
	}
	if p.street != nil {
		cfg.Listen = "127.0.0.1:0"
	}
	p.openWith(cfg)
}

func (p *party) openWith(cfg peer.Config) {
	p.t.Helper()
	p.shut()
	door, err := peer.New(cfg)
	check(p.t, err)
	if p.street != nil {
		p.street.leadTo(door.Addr().String())
	}
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- door.Run(running) }()
	p.door = door
	p.close = func() {
		cancel()
		select {
		case err := <-ended:
			check(p.t, err)
		case <-time.After(patience):
			p.t.Fatalf("%s: the door does not close", p.name)
		}
	}
}

// shut closes the party's door, if it is open.
func (p *party) shut() {
	p.t.Helper()
	if p.close == nil {
		return
	}
	if p.street != nil {
		p.street.leadTo("")
	}
	p.close()
	p.close = nil
}

func (c *cell) openAll() {
	c.t.Helper()
	for _, name := range c.names {
		c.as(name).open()
	}
}

// until waits for something to become true of the party or of its door.
func (p *party) until(what string, ok func() bool) {
	p.t.Helper()
	late := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond) // for what is only counted
	defer again.Stop()
	for {
		changed, logged := p.Changed(), p.log.more()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-logged:
		case <-again.C:
		case <-late:
			p.t.Fatalf("%s: not within %v: %s\ndoor: %+v\nlog:\n%s", p.name, patience, what, p.door.Status(), p.log.text())
		}
	}
}

// sees says whether the party's people can see the record.
func (p *party) sees(id entente.RecordID) bool {
	_, err := p.Read(ctx, entente.Reader{Party: p.Self()}, node.Query{Record: string(id)})
	return err == nil
}

// linked says whether the party is connected with the other, and who dialled.
func (p *party) linked(q *party) (dialler entente.PartyID, ok bool) {
	for _, l := range p.door.Status() {
		if l.Party == q.Self() && !l.Connected.IsZero() {
			return l.Dialler, true
		}
	}
	return "", false
}

// channelTo is the state of the party's channel to the other.
func (p *party) channelTo(q *party) node.ChannelStatus {
	p.t.Helper()
	list, err := p.Channels(ctx)
	check(p.t, err)
	for _, c := range list {
		if c.From == p.Self() && c.To == q.Self() {
			return c
		}
	}
	return node.ChannelStatus{}
}

// channelFrom is the party's copy of the channel that the other has to it.
func (p *party) channelFrom(q *party) node.ChannelStatus {
	p.t.Helper()
	list, err := p.Channels(ctx)
	check(p.t, err)
	for _, c := range list {
		if c.From == q.Self() && c.To == p.Self() {
			return c
		}
	}
	return node.ChannelStatus{}
}

// settled says whether all that p owes q, in every compact, is delivered and answered.
func (p *party) settled(q *party) bool {
	p.t.Helper()
	list, err := p.Channels(ctx)
	check(p.t, err)
	some := false
	for _, c := range list {
		if c.From == p.Self() && c.To == q.Self() {
			some = true
			if c.Owed > 0 || c.Receipted < c.Size {
				return false
			}
		}
	}
	return some
}

// charter is one that all can sign.
func (c *cell) charter(names ...string) entente.Charter {
	now := time.Now()
	ch := entente.Charter{
		Name: "Cell of " + strings.Join(names, ", "), Type: entente.Information,
		Purposes: []string{"counter-terrorism"}, Categories: []string{"groups", "incidents"},
		Start: entente.At(now.Add(-time.Hour)), End: entente.At(now.AddDate(1, 0, 0)), Review: entente.At(now.AddDate(0, 6, 0)),
		Rule: entente.Unanimous, Exit: "by amendment", Suspension: "at once and alone",
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "counter-terrorism"},
			Widest:  entente.TLPGreen, Onward: entente.OnwardAsk,
		},
		Tolerance: 300, Freshness: 3600, RecallWithin: 86400, Evidence: "none", Quorum: "filled", Folding: 1,
	}
	for _, name := range names {
		ch.Members = append(ch.Members, entente.Seat{Party: c.as(name).Self(), Name: name, Seats: 1, LegalBasis: "statute of " + name})
	}
	slices.SortFunc(ch.Members, func(a, b entente.Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return ch
}

// found makes a compact, lets the doors carry the charter, and waits until it is
// in force for all.
func (c *cell) found(names ...string) entente.CompactID {
	c.t.Helper()
	id, err := c.as(names[0]).Found(ctx, c.charter(names...))
	check(c.t, err)
	for _, name := range names[1:] {
		c.as(name).accede(id)
	}
	for _, name := range names {
		c.as(name).awaitForce(id)
	}
	return id
}

func (p *party) accede(id entente.CompactID) {
	p.t.Helper()
	p.until("the charter arrives", func() bool { _, err := p.Compact(ctx, id); return err == nil })
	_, err := p.Accede(ctx, id, "", "")
	check(p.t, err)
}

func (p *party) awaitForce(id entente.CompactID) {
	p.t.Helper()
	p.until("the compact is in force", func() bool { s, err := p.Compact(ctx, id); return err == nil && s.InForce })
}

// tell puts a new record and releases it to others.
func (c *cell) tell(from string, id entente.CompactID, text string, to ...string) entente.RecordID {
	c.t.Helper()
	o, err := stix.NewIdentity(time.Now(), text, "organization")
	check(c.t, err)
	put, err := c.as(from).Put(ctx, []stix.Object{o})
	check(c.t, err)
	order := node.Order{
		Compact: id, Records: []entente.RecordID{put[0].Record},
		Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"},
	}
	for _, name := range to {
		order.To = append(order.To, c.as(name).Self())
	}
	_, _, err = c.as(from).Release(ctx, order)
	check(c.t, err)
	return put[0].Record
}

// tellBulk releases new records of 700 kB each: about twelve make one batch.
func (c *cell) tellBulk(from string, id entente.CompactID, count int, to ...string) []entente.RecordID {
	c.t.Helper()
	var objects []stix.Object
	for range count {
		body := make([]byte, 525<<10)
		rand.Read(body)
		o, err := stix.NewArtifact("application/octet-stream", body)
		check(c.t, err)
		objects = append(objects, o)
	}
	put, err := c.as(from).Put(ctx, objects)
	check(c.t, err)
	order := node.Order{
		Compact: id, Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"},
	}
	for _, p := range put {
		order.Records = append(order.Records, p.Record)
	}
	for _, name := range to {
		order.To = append(order.To, c.as(name).Self())
	}
	_, _, err = c.as(from).Release(ctx, order)
	check(c.t, err)
	return order.Records
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// journal keeps what a door logs, and tells when there is more.
type journal struct {
	slog.Handler
	mu      sync.Mutex
	buf     strings.Builder
	changed chan struct{}
}

func newJournal() *journal {
	j := &journal{changed: make(chan struct{})}
	j.Handler = slog.NewTextHandler(j, nil)
	return j
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.changed)
	j.changed = make(chan struct{})
	return j.buf.Write(b)
}

func (j *journal) more() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}
