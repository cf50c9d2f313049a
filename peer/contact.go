package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"entente"
	"entente/node"
)

// contact is what the door knows of one partner. Door.mu owns all of it.
type contact struct {
	peer    node.Peer
	link    *link // the one connection, if any
	met     bool  // it has greeted
	waiting int   // connections that wait for the link to end
	keeping bool  // a goroutine calls the partner whenever there is no link

	failures  int           // since something last worked
	next      time.Time     // when to call again
	barred    bool          // until then the partner is not let in either: it sent what was refused
	wake      chan struct{} // next has come forward
	lastError string
}

// backoff is how long to wait between attempts.
type backoff struct{ least, most time.Duration }

func (b *backoff) complete() {
	if b.least <= 0 {
		b.least = time.Second
	}
	if b.most < b.least {
		b.most = max(b.least, 5*time.Minute)
	}
}

// wait doubles with each failure and is drawn from its upper half, so that
// partners which lost each other at one moment do not come back at one moment.
func (b backoff) wait(failures int) time.Duration {
	d := b.most
	if failures < 30 && b.least<<failures > 0 {
		d = min(d, b.least<<failures)
	}
	return d/2 + rand.N(d/2+1)
}

var (
	errDuplicate = errors.New("there is a connection that goes before it")
	errBarred    = errors.New("the party was refused a moment ago")
)

// contact is the entry of a party; the caller holds mu.
func (d *Door) contact(p node.Peer) *contact {
	c := d.contacts[p.Party]
	if c == nil {
		c = &contact{peer: p, wake: make(chan struct{}, 1)}
		d.contacts[p.Party] = c
	}
	return c
}

// update takes over what the node knows of its partners: ends connections whose
// key no card lists any more, and calls whom there is a reason and a way to call.
func (d *Door) update(ctx context.Context, peers map[entente.PartyID]node.Peer, callable bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.callable = callable
	for _, p := range peers {
		c := d.contact(p)
		if !sameWay(c.peer, p) {
			c.failures, c.next, c.barred = 0, time.Time{}, false
			signal(c.wake)
		}
		c.peer = p
		if d.dialable(p) && !c.keeping {
			c.keeping = true
			d.group.Go(func() { d.keep(ctx, c) })
		}
	}
	for id, c := range d.contacts {
		if _, known := peers[id]; !known {
			c.peer = node.Peer{Party: id, Name: c.peer.Name}
			signal(c.wake)
			if c.link == nil && !c.keeping {
				delete(d.contacts, id)
			}
		}
		switch {
		case c.link == nil:
		case lists(c.peer, c.link.key):
			signal(c.link.news)
		default:
			c.link.end(errCard)
		}
	}
}

// dialable says whether this node has a reason and a way to call p; the caller
// holds mu. A node that nobody can call also calls those with whom it shares no
// agreement yet: the first one reaches it in no other way.
func (d *Door) dialable(p node.Peer) bool {
	return !p.Frozen && len(p.Endpoints) > 0 && len(p.TLS) > 0 && (len(p.Compacts) > 0 || !d.callable)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// claim makes l the one link with its party, and ends the one that was. Of two
// that the two sides have dialled, both keep the one dialled by the party with
// the smaller id; of two that one side has dialled, the later.
func (d *Door) claim(l *link) error {
	for {
		d.mu.Lock()
		c := d.contact(l.peer)
		old := c.link
		err := d.mayClaim(c, l)
		if err == nil && old == nil {
			c.link, c.met, l.claimed = l, false, true
		}
		if err == nil && old != nil {
			c.waiting++
		}
		d.mu.Unlock()
		if err != nil || old == nil {
			return err
		}
		old.end(errReplaced)
		select {
		case <-old.done:
		case <-l.ctx.Done():
			err = context.Cause(l.ctx)
		}
		d.mu.Lock()
		c.waiting--
		d.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// maxWaiting is how many connections of one party may wait for its link to end.
const maxWaiting = 2

func (d *Door) mayClaim(c *contact, l *link) error {
	switch {
	case !l.dialled && c.barred && time.Now().Before(c.next):
		return errBarred
	case c.link == nil:
		return nil
	case c.waiting >= maxWaiting,
		l.dialler() != c.link.dialler() && l.dialler() != min(d.self, l.peer.Party):
		return errDuplicate
	}
	return nil
}

// met notes that the link works.
func (d *Door) met(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.contact(l.peer)
	c.met, c.lastError = true, ""
	d.log.Info("partner connected", "party", l.peer.Name, "dialled", l.dialled)
}

// over notes that the link has ended and why, and when to call again.
func (d *Door) over(l *link, reason error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.contact(l.peer)
	if c.link == l {
		c.link = nil
	}
	_, refusing := errors.AsType[refused](reason)
	_, wasRefusing := errors.AsType[wasRefused](reason)
	orderly := errors.Is(reason, errBye) || errors.Is(reason, errCard) || errors.Is(reason, errStopping) || errors.Is(reason, errReplaced)
	switch {
	case refusing, wasRefusing:
		c.failures++
	case orderly, l.hasProgressed(), d.clock().Sub(l.since) > d.backoff.most:
		c.failures = 0
	default:
		c.failures++
	}
	c.barred, c.lastError = refusing, ""
	if !orderly {
		c.lastError = reason.Error()
	}
	c.next = time.Now().Add(d.backoff.wait(c.failures))
	d.log.Info("partner disconnected", "party", l.peer.Name, "reason", reason)
}

// failed notes that a call did not come about.
func (d *Door) failed(c *contact, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.failures++
	c.lastError = err.Error()
	c.next = time.Now().Add(d.backoff.wait(c.failures))
}

// keep calls the partner whenever there is no link with it, for as long as it is
// one to call.
func (d *Door) keep(ctx context.Context, c *contact) {
	for {
		d.mu.Lock()
		p, l, wait := c.peer, c.link, time.Until(c.next)
		if ctx.Err() != nil || !d.dialable(p) {
			c.keeping = false
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		switch {
		case l != nil:
			select {
			case <-l.done:
			case <-ctx.Done():
			}
		case wait > 0:
			sleep(ctx, wait, c.wake)
		default:
			if err := d.call(ctx, p); err != nil && ctx.Err() == nil {
				d.failed(c, err)
			}
		}
	}
}

// call tries the endpoints of p until one of them makes a link, serves that to
// its end, and returns nil. It shows the current key first. A partner that has
// not seen the new card turns that away: to it, the old key brings the card.
func (d *Door) call(ctx context.Context, p node.Peer) error {
	ring := d.desk.Keys()
	mine := []entente.PrivateKey{ring.TLS}
	if ring.OldTLS != nil {
		mine = append(mine, *ring.OldTLS)
	}
	var errs []error
	for _, endpoint := range p.Endpoints {
		for _, key := range mine {
			l, err := d.dial(ctx, p, endpoint, key)
			if err == nil {
				err = l.run()
				if l.claimed || errors.Is(err, errDuplicate) {
					return nil
				}
			}
			errs = append(errs, fmt.Errorf("call %s: %w", endpoint, err))
			if l == nil {
				break // no other key would help
			}
		}
	}
	return errors.Join(errs...)
}

// dial makes a connection on which the partner has shown its key.
func (d *Door) dial(ctx context.Context, p node.Peer, endpoint string, mine entente.PrivateKey) (*link, error) {
	within, cancel := context.WithTimeout(ctx, greeting)
	defer cancel()
	cfg, err := clientConfig(mine, p.TLS)
	if err != nil {
		return nil, err
	}
	raw, err := new(net.Dialer).DialContext(within, "tcp", endpoint)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(within); err != nil {
		raw.Close()
		return nil, err
	}
	key, err := shown(conn.ConnectionState())
	if err != nil {
		conn.Close()
		return nil, err
	}
	return newLink(ctx, d, conn, p, key, true), nil
}

// welcome serves one caller to the end. It returns an error if the caller was
// not let in. free gives back the caller's place among those that shake hands.
func (d *Door) welcome(ctx context.Context, raw net.Conn, free func()) error {
	defer free()
	defer raw.Close()
	within, cancel := context.WithTimeout(ctx, greeting)
	defer cancel()
	conn := tls.Server(raw, serverConfig(d.ownTLS, func(key entente.Key) error {
		_, err := d.roster.holder(within, key)
		return err
	}))
	if err := conn.HandshakeContext(within); err != nil {
		return err
	}
	key, err := shown(conn.ConnectionState())
	if err != nil {
		return err
	}
	p, err := d.roster.holder(within, key)
	if err != nil {
		return err
	}
	free()
	l := newLink(ctx, d, conn, p, key, false)
	if err := l.run(); !l.claimed && ctx.Err() == nil && !errors.Is(err, errDuplicate) {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}

func (d *Door) ownTLS() (now entente.PrivateKey, old *entente.PrivateKey) {
	ring := d.desk.Keys()
	return ring.TLS, ring.OldTLS
}
