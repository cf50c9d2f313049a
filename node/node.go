// Package node is the desk of one party: it takes in what its own people and
// its peers say, and hands out what each reader may see.
//
// There is one way in, [Node.Accept], and one way out, [Node.Read]. Accept
// verifies, judges, keeps, enters in the ledger, writes grants and queues what
// others are owed, in one durable transaction; what it refuses leaves nothing
// behind. Read makes views, for people, for tools, and for the peers that acts
// are delivered to. The other methods sign what a person wants said and put it
// through Accept, or report the node's own state.
//
// It promises that what Accept acknowledged survives a crash, that nothing is
// handed out but views that package release made for that reader, and that a
// peer's bytes change nothing before their signatures are verified.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"entente"
	"entente/compact"
	"entente/keyring"
	"entente/store"
)

// Store is what a node needs of its shelves. It trusts them for secrecy, not
// for integrity: Verify finds a changed row.
type Store interface {
	// Update runs fn in one transaction that is durable when Update returns nil;
	// after an error or a panic nothing of it is kept. Writers take turns.
	Update(ctx context.Context, fn func(*store.Tx) error) error
	// View runs fn on one consistent snapshot; writing in it fails.
	View(ctx context.Context, fn func(*store.Tx) error) error
	Close() error
}

// Config is what a node is opened with.
type Config struct {
	Store Store
	Keys  *keyring.Ring
	// Clock defaults to time.Now.
	Clock entente.Clock
	Log   *slog.Logger
}

// Node is one party's desk. Its methods may be called from many goroutines.
type Node struct {
	store Store
	clock entente.Clock
	log   *slog.Logger
	self  entente.PartyID

	saying sync.Mutex // one draft of this party's own at a time

	mu      sync.Mutex
	keys    *keyring.Ring // guarded by mu
	folds   map[entente.CompactID]fold
	cards   map[cardKey]*entente.Card     // verified cards; they never change
	changed chan struct{}                 // closed and replaced after every change
	roots   map[rootKey]string            // roots of own channels at the ends of recent batches
	gists   map[entente.ActID]gist        // of releases that were read before
	heard   map[entente.PartyID]time.Time // when Heard was last written
	floods  map[string]flood              // refusals by peer
}

type (
	fold struct {
		last  int64 // the latest act that went into it
		state *compact.State
	}
	cardKey struct {
		party   entente.PartyID
		version int64
	}
	flow struct {
		to      entente.PartyID
		compact entente.CompactID
	}
	rootKey struct {
		channel entente.Channel
		size    int64
	}
)

// Keys of meta rows.
const (
	metaSelf     = "self"
	metaSecret   = "origin-secret" // what this party's origin tags are made from
	metaLastTime = "last-time"     // the latest time the node has seen on its own clock
	metaRestored = "restored"      // channels that peers know better than this store
)

// clockSlack is how far the clock may stand behind the node's own last time.
const clockSlack = 5 * time.Minute

// Create makes the store of a new party: its first card becomes the first entry
// of its book.
func Create(ctx context.Context, cfg Config, card entente.Signed) (*Node, error) {
	n := newNode(cfg)
	n.self = card.Act.Party(card.ID)
	err := n.store.Update(ctx, func(tx *store.Tx) error {
		if _, ok, err := tx.Meta(metaSelf); err != nil || ok {
			return errors.Join(err, entente.Errorf(entente.Conflict, "choose an empty folder", "this store belongs to a party already"))
		}
		return errors.Join(tx.SetMeta(metaSelf, string(n.self)), tx.SetMeta(metaSecret, string(entente.NewNonce(32))))
	})
	if err != nil {
		return nil, err
	}
	_, err = n.Accept(ctx, n.self, entente.Batch{Parcels: []entente.Parcel{{Leaf: card.ID, Act: card.Envelope()}}})
	return n, err
}

// Open opens the node of an existing store. It refuses to start with a clock
// behind the store's last time, or with keys that are not those of the card.
func Open(ctx context.Context, cfg Config) (*Node, error) {
	n := newNode(cfg)
	var last entente.Time
	err := n.store.View(ctx, func(tx *store.Tx) error {
		self, ok, err := tx.Meta(metaSelf)
		if err != nil {
			return err
		}
		if !ok {
			return entente.Errorf(entente.Invalid, "make a party first: entente init", "this store belongs to no party yet")
		}
		n.self = entente.PartyID(self)
		if text, ok, err := tx.Meta(metaLastTime); err != nil {
			return err
		} else if ok {
			if err := last.UnmarshalText([]byte(text)); err != nil {
				return entente.Errorf(entente.Broken, "run entente verify", "last time in the store: %w", err)
			}
		}
		_, card, err := n.current(tx, n.self)
		if err != nil {
			return err
		}
		if !n.keys.Matches(card) {
			return entente.Errorf(entente.Broken, "put back the keys that belong to this store", "the keys are not those of card version %d", card.Version)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if now := n.clock(); now.Before(last.Add(-clockSlack)) {
		return nil, entente.Errorf(entente.Refused, "set this machine's clock, then start again", "the clock says %s, but this node has already seen %s", entente.At(now), last)
	}
	return n, nil
}

func newNode(cfg Config) *Node {
	n := &Node{
		store: cfg.Store, clock: cfg.Clock, log: cfg.Log, keys: cfg.Keys,
		folds: map[entente.CompactID]fold{}, cards: map[cardKey]*entente.Card{},
		changed: make(chan struct{}), roots: map[rootKey]string{}, gists: map[entente.ActID]gist{}, heard: map[entente.PartyID]time.Time{}, floods: map[string]flood{},
	}
	if n.clock == nil {
		n.clock = time.Now
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	return n
}

// Self is the node's own party.
func (n *Node) Self() entente.PartyID { return n.self }

// Keys are the node's keys as they are now.
func (n *Node) Keys() *keyring.Ring {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.keys
}

// Close closes the store.
func (n *Node) Close() error { return n.store.Close() }

// Changed is closed when something has changed since the call: couriers and
// pages wait on it.
func (n *Node) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

func (n *Node) announce() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// update runs fn as one transaction at one instant of the node's clock, and
// announces the change after the commit.
func (n *Node) update(ctx context.Context, fn func(*desk) error) error {
	err := n.updateQuietly(ctx, fn)
	if err == nil {
		n.announce()
	}
	return err
}

// updateQuietly is update for what nobody waits for.
func (n *Node) updateQuietly(ctx context.Context, fn func(*desk) error) error {
	err := n.store.Update(ctx, func(tx *store.Tx) error {
		d := &desk{Node: n, Tx: tx, now: n.clock()}
		if err := d.SetMeta(metaLastTime, entente.At(d.now).String()); err != nil {
			return err
		}
		if err := fn(d); err != nil {
			return err
		}
		return d.enterLogs()
	})
	if err != nil {
		// What was folded or read within the transaction did not come to be.
		n.mu.Lock()
		clear(n.folds)
		clear(n.cards)
		n.mu.Unlock()
	}
	return diskError(err)
}

// view runs fn on a snapshot.
func (n *Node) view(ctx context.Context, fn func(*desk) error) error {
	return n.store.View(ctx, func(tx *store.Tx) error {
		return fn(&desk{Node: n, Tx: tx, now: n.clock()})
	})
}

// desk is a node in the middle of one transaction.
type desk struct {
	*Node
	*store.Tx
	now       time.Time
	events    []store.Event                      // to be entered in the logs before the commit
	groups    []string                           // of the reading operator; nil: not bounded
	replaying bool                               // see applyOrReplay
	releases  map[entente.ActID]*entente.Release // read in this transaction
	infos     map[entente.RecordID]store.Record  // see recordInfos
	flows     map[flow]bool                      // whether records may go there, in a transaction that reads
	tearlines *tearlineLinks                     // what was looked up in this transaction
}

func (d *desk) time() entente.Time { return entente.At(d.now) }

// diskError tells people what to do when the store cannot be written.
func diskError(err error) error {
	switch {
	case errors.Is(err, store.ErrFull):
		return entente.Errorf(entente.Exhausted, "make room on the disk; nothing of this was kept and nothing before it was lost", "the disk is full: %w", err)
	case errors.Is(err, store.ErrReadOnly):
		return entente.Errorf(entente.Exhausted, "make the data folder writable for this user", "the store cannot be written: %w", err)
	}
	return err
}

// compactKinds are the acts that a compact's state is folded from.
var compactKinds = []entente.Kind{entente.KindCharter, entente.KindAccession, entente.KindAmendment, entente.KindSuspension, entente.KindResumption}

// compactState folds the compact's acts as they are in this transaction.
func (n *Node) compactState(tx *store.Tx, id entente.CompactID) (*compact.State, error) {
	last, err := tx.LastAct(id, compactKinds...)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	f, ok := n.folds[id]
	n.mu.Unlock()
	if ok && f.last == last {
		return f.state, nil
	}
	rows, err := tx.ActsOf(id, compactKinds...)
	if err != nil {
		return nil, err
	}
	facts := make([]compact.Fact, 0, len(rows))
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("act", row.ID, err)
		}
		facts = append(facts, compact.Fact{ID: s.ID, Act: &s.Act})
	}
	state := compact.Fold(id, facts)
	n.mu.Lock()
	n.folds[id] = fold{last, state}
	n.mu.Unlock()
	return state, nil
}

func (d *desk) state(id entente.CompactID) (*compact.State, error) {
	return d.compactState(d.Tx, id)
}

func brokenRow[T ~string](what string, id T, err error) error {
	return entente.Errorf(entente.Broken, "run entente verify; restore the store from a backup", "%s %s in the store does not read: %w", what, entente.Short(id), err)
}

// current is a party's row and its card in force.
func (n *Node) current(tx *store.Tx, p entente.PartyID) (store.Party, *entente.Card, error) {
	row, err := tx.Party(p)
	if err != nil {
		return row, nil, fmt.Errorf("party %s: %w", entente.Short(p), err)
	}
	card, err := n.card(tx, p, row.Version)
	return row, card, err
}

// card is one version of a party's card, as verified when it came in.
func (n *Node) card(tx *store.Tx, p entente.PartyID, version int64) (*entente.Card, error) {
	n.mu.Lock()
	c, ok := n.cards[cardKey{p, version}]
	n.mu.Unlock()
	if ok {
		return c, nil
	}
	rows, err := tx.ActsBy(p, entente.KindCard)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Card != version || row.State != store.StateApplied {
			continue
		}
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("card", row.ID, err)
		}
		n.mu.Lock()
		n.cards[cardKey{p, version}] = s.Act.CardBody
		n.mu.Unlock()
		return s.Act.CardBody, nil
	}
	return nil, fmt.Errorf("card version %d of party %s: %w", version, entente.Short(p), store.ErrNotFound)
}
