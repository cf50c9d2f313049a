// Package peer is the door between nodes: one connection a pair over mutual
// TLS 1.3, which either side may dial. It hands the bytes that a partner sends to
// the node and sends the partner what the node reads out for it:
//
//	door, err := peer.New(peer.Config{Desk: node, Listen: ":7411", Log: log})
//	...
//	err = door.Run(ctx) // until ctx ends
//
// It promises that nobody gets further than the TLS handshake but the holder of a
// key on the card of a partner who is known and not frozen; that this cannot be
// switched off; that who is turned away is told nothing, and who is refused no
// more than a kind of error; and that a slow or hostile partner holds up nobody
// else. It keeps nothing: what is owed, delivered and receipted is the node's
// affair, and a connection that is cut at any byte loses nothing and repeats
// nothing. docs/wire.md has the protocol.
package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
)

// Desk is what the door needs of the node.
type Desk interface {
	Self() entente.PartyID
	// Keys are the keys as they are now; they change when the party rotates them.
	Keys() *keyring.Ring
	// Changed is closed when something has changed since the call.
	Changed() <-chan struct{}
	Peers(ctx context.Context) ([]node.Peer, error)
	// Card gives a party's cards, oldest first; Introduce takes those of a peer.
	Card(ctx context.Context, party entente.PartyID) ([][]byte, error)
	Introduce(ctx context.Context, peer entente.PartyID, cards [][]byte) error
	Positions(ctx context.Context, peer entente.PartyID) ([]node.Position, error)
	Compare(ctx context.Context, peer entente.PartyID, theirs []node.Position) (node.Contact, error)
	Read(ctx context.Context, r entente.Reader, q node.Query) (node.Page, error)
	Accept(ctx context.Context, from entente.PartyID, b entente.Batch) (node.Outcome, error)
	// Heard notes that a peer is connected and has nothing more to tell.
	Heard(ctx context.Context, peer entente.PartyID) error
}

var _ Desk = (*node.Node)(nil)

// Config is what a door is made with.
type Config struct {
	Desk Desk
	// Listen is host:port to listen on; empty: the node only dials out.
	Listen string
	// Clock defaults to time.Now; it dates what Status shows.
	Clock entente.Clock
	Log   *slog.Logger
	// MinBackoff and MaxBackoff bound the wait before a partner is called again,
	// which doubles with each failure; default 1 s and 5 min.
	MinBackoff, MaxBackoff time.Duration
	// Idle is how long a partner may be silent before it counts as gone; default 45 s.
	Idle time.Duration
}

// Door is one node's connections with its partners.
type Door struct {
	desk     Desk
	self     entente.PartyID
	listener net.Listener // nil: only dials out
	clock    entente.Clock
	log      *slog.Logger
	backoff  backoff
	idle     time.Duration
	roster   roster
	away     tally

	group sync.WaitGroup // all that Run started

	mu       sync.Mutex
	callable bool // partners can call this node
	contacts map[entente.PartyID]*contact
}

// New makes a door and listens at once, so that Addr is known; nobody is
// answered before Run.
func New(cfg Config) (*Door, error) {
	d := &Door{
		desk: cfg.Desk, self: cfg.Desk.Self(), clock: cfg.Clock, log: cfg.Log, idle: cfg.Idle,
		backoff: backoff{cfg.MinBackoff, cfg.MaxBackoff}, roster: roster{desk: cfg.Desk},
		contacts: map[entente.PartyID]*contact{},
	}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.idle <= 0 {
		d.idle = 45 * time.Second
	}
	d.backoff.complete()
	d.away.log = d.log
	if cfg.Listen != "" {
		var err error
		if d.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
			return nil, entente.Errorf(entente.Refused, "choose another address, or stop what uses this one", "listen for partners: %w", err)
		}
	}
	return d, nil
}

// Addr is where the door listens; nil if it only dials out.
func (d *Door) Addr() net.Addr {
	if d.listener == nil {
		return nil
	}
	return d.listener.Addr()
}

// TurnedAway counts, since the start, the connections that got no further than
// the TLS handshake or that came too often.
func (d *Door) TurnedAway() int64 { return d.away.count() }

// Run serves partners until ctx ends; then it takes leave of them and returns
// nil. Nothing of it runs afterwards. It is called once.
func (d *Door) Run(ctx context.Context) error {
	// Links end for a reason: this one is said to partners as a farewell.
	run, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(errStopping)
	defer context.AfterFunc(ctx, func() { stop(errStopping) })()
	if d.listener != nil {
		defer context.AfterFunc(run, func() { d.listener.Close() })()
		d.group.Go(func() { d.accept(run) })
	}
	d.watch(run)
	d.group.Wait()
	d.away.flush()
	return nil
}

// watch follows what the node knows of its partners.
func (d *Door) watch(ctx context.Context) {
	for {
		changed := d.desk.Changed()
		begun := time.Now()
		peers, err := d.roster.read(ctx)
		callable, err2 := d.readCallable(ctx)
		if err = errors.Join(err, err2); err == nil {
			d.update(ctx, peers, callable)
		} else if ctx.Err() == nil {
			d.log.Error("partners cannot be read from the store; the door goes on with those it knows", "error", err)
		}
		pause := 4 * time.Since(begun) // so that a node with much to do is not kept busy by this
		if err != nil {
			pause = d.backoff.least
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		if !sleep(ctx, pause, nil) {
			return
		}
	}
}

// readCallable says whether partners can call this node: it listens, and its card
// says where.
func (d *Door) readCallable(ctx context.Context) (bool, error) {
	cards, err := d.desk.Card(ctx, d.self)
	if err != nil || d.listener == nil {
		return false, err
	}
	s, err := entente.ParseSigned(cards[len(cards)-1])
	return err == nil && len(s.Act.CardBody.Endpoints) > 0, err
}

// sleep waits, until woken at most. It says whether ctx goes on.
func sleep(ctx context.Context, wait time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// Link is the state of the connection with one partner.
type Link struct {
	Party entente.PartyID
	Name  string
	// Connected is since when there is a connection; zero: there is none.
	Connected time.Time
	// Dialler is the party that called; empty without a connection.
	Dialler entente.PartyID
	// LastError is why the last connection or attempt ended; empty: in good order.
	LastError string
	// NextTry is when this node will call again; zero: it is connected, or waits to be called.
	NextTry time.Time
}

// Status lists the partners, by party.
func (d *Door) Status() []Link {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Link
	for id, c := range d.contacts {
		s := Link{Party: id, Name: c.peer.Name, LastError: c.lastError}
		switch {
		case c.link != nil && c.met:
			s.Connected, s.Dialler = c.link.since, c.link.dialler()
		case d.dialable(c.peer):
			s.NextTry = d.clock().Add(max(0, time.Until(c.next)))
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Link) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return out
}

// accept answers who calls.
func (d *Door) accept(ctx context.Context) {
	slots := slots{hosts: map[string]int{}}
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			d.log.Error("a caller cannot be answered", "error", err) // out of descriptors, most likely
			if !sleep(ctx, d.backoff.least, nil) {
				return
			}
			continue
		}
		free, ok := slots.take(conn.RemoteAddr())
		if !ok {
			d.away.add("too many callers at once", conn.RemoteAddr(), nil)
			conn.Close()
			continue
		}
		d.group.Go(func() {
			if err := d.welcome(ctx, conn, free); err != nil {
				d.away.add("not let in", conn.RemoteAddr(), err)
			}
		})
	}
}

// Limits of TLS handshakes that are going on at once.
const (
	maxHandshakes     = 128
	maxHandshakesHost = 32
)

// slots counts handshakes that are going on.
type slots struct {
	mu    sync.Mutex
	total int
	hosts map[string]int
}

// take finds room for one caller, until free is called.
func (s *slots) take(addr net.Addr) (free func(), ok bool) {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		host = addr.String()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= maxHandshakes || s.hosts[host] >= maxHandshakesHost {
		return nil, false
	}
	s.total++
	s.hosts[host]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.hosts[host]--; s.hosts[host] == 0 {
			delete(s.hosts, host)
		}
	}), true
}

// tally counts who was turned away. It logs the first, and then at most one line
// a minute: strangers do not fill the disk.
type tally struct {
	log *slog.Logger

	mu     sync.Mutex
	total  int64
	unsaid int64
	last   time.Time
}

const tallyEvery = time.Minute

func (t *tally) count() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

func (t *tally) add(what string, addr net.Addr, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total++
	t.unsaid++
	if time.Since(t.last) < tallyEvery {
		return
	}
	detail := what
	if err != nil {
		detail = fmt.Sprintf("%s: %v", what, err)
	}
	t.log.Warn("callers turned away", "count", t.unsaid, "last", detail, "from", addr.String())
	t.unsaid, t.last = 0, time.Now()
}

// flush logs what is not logged yet.
func (t *tally) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unsaid > 0 {
		t.log.Warn("callers turned away", "count", t.unsaid)
		t.unsaid = 0
	}
}
