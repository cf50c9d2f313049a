package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"entente"
	"entente/node"
)

// Ways in which a connection ends that are nobody's fault.
var (
	errStopping = errors.New("this node stops")
	errBye      = errors.New("the other side has closed")
	errReplaced = errors.New("another connection took its place")
	errCard     = errors.New("the party's card no longer lists the key of this connection")
)

// refused is why this side ends a connection and says so. The peer learns the
// kind of the error only.
type refused struct{ err error }

func (r refused) Error() string { return "refused: " + r.err.Error() }
func (r refused) Unwrap() error { return r.err }

// wasRefused is what the other side says when it ends a connection.
type wasRefused struct{ kind entente.ErrorKind }

func (r wasRefused) Error() string {
	return fmt.Sprintf("the other side refuses what this node sent (%s)", r.kind)
}

// link is one connection with a party whose certificate has been verified.
//
// Four goroutines serve it: listen reads frames and never writes, judge hands
// them to the node one after the other, deliver sends what the node owes, beat
// says that this side is alive. The first of them to end, ends the link.
type link struct {
	door    *Door
	conn    *tls.Conn
	peer    node.Peer // as it was when the link began
	key     entente.Key
	dialled bool // by this side
	since   time.Time
	claimed bool // it is the party's one link

	inbox chan incoming
	sent  *window       // what this side has on its way to the peer
	taken *window       // what the peer has on its way to this side
	news  chan struct{} // the shared compacts may have changed
	done  chan struct{} // closed when nothing of the link runs any more

	// end ends the link; its cause is the reason. The first one counts.
	ctx context.Context
	end context.CancelCauseFunc

	writing sync.Mutex // one frame at a time

	mu       sync.Mutex
	ending   bool // deadlines are set for the end and stay
	progress bool // the node has accepted something over this link
}

// incoming is a batch or a receipt that waits to be judged.
type incoming struct {
	kind  kind
	batch entente.Batch
	size  amount
}

func newLink(ctx context.Context, d *Door, conn *tls.Conn, p node.Peer, key entente.Key, dialled bool) *link {
	l := &link{
		door: d, conn: conn, peer: p, key: key, dialled: dialled, since: d.clock(),
		inbox: make(chan incoming, 2*maxUnanswered), taken: newWindow(ownWindow),
		news: make(chan struct{}, 1), done: make(chan struct{}),
	}
	l.ctx, l.end = context.WithCancelCause(ctx)
	return l
}

// dialler is the party that called.
func (l *link) dialler() entente.PartyID {
	if l.dialled {
		return l.door.self
	}
	return l.peer.Party
}

// run serves the link to its end and gives the reason. Nothing of the link runs
// after it.
func (l *link) run() error {
	defer close(l.done)
	stop := context.AfterFunc(l.ctx, l.hurry)
	l.end(l.serve())
	l.hurry()
	stop()
	err := context.Cause(l.ctx)
	l.farewell(err)
	if l.claimed {
		l.door.over(l, err)
	}
	return err
}

// serve does it all; when it returns, only the farewell is left.
func (l *link) serve() error {
	contact, err := l.greet()
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	for _, part := range []func() error{func() error { return l.deliver(contact) }, l.judge, l.beat} {
		group.Go(func() { l.end(part()) })
	}
	l.end(l.listen())
	group.Wait()
	return nil
}

// listen reads frames until the end. It never writes, so that two sides that are
// busy writing still hear each other.
func (l *link) listen() error {
	for {
		k, payload, err := l.read(l.door.idle)
		if err != nil {
			return err
		}
		switch k {
		case kindPing:
			// The peer is there, and nothing of it waits here: this node knows all it has to say.
			if l.taken.empty() {
				if err := l.door.desk.Heard(l.ctx, l.peer.Party); err != nil {
					return err
				}
			}
		case kindCredit:
			back, err := parseCredit(payload)
			if err == nil {
				err = l.sent.give(back)
			}
			if err != nil {
				return refused{err}
			}
		case kindBatch, kindReceipt:
			in := incoming{kind: k}
			if in.batch, err = parseBatch(k, payload); err != nil {
				return refused{err}
			}
			in.size = amount{int64(len(payload)), int64(len(in.batch.Parcels))}
			if k == kindBatch && !l.taken.take(in.size) {
				return refused{violation("a batch of %d bytes is more than the credit left", in.size.bytes)}
			}
			select {
			case l.inbox <- in:
			case <-l.ctx.Done():
				return nil
			}
		default:
			return refused{violation("frame of kind %d in the middle", k)}
		}
	}
}

// read reads a frame that begins within wait, and tells apart how a connection ends.
func (l *link) read(wait time.Duration) (kind, []byte, error) {
	l.deadline(l.conn.SetReadDeadline, wait)
	k, payload, err := readFrame(l.conn, func(size int) { l.deadline(l.conn.SetReadDeadline, l.door.idle+transfer(size)) })
	switch {
	case err == nil && k == kindBye:
		return k, nil, errBye
	case err == nil && k == kindRefusal:
		kind, err := parseRefusal(payload)
		if err != nil {
			return k, nil, err
		}
		return k, nil, wasRefused{kind}
	case entente.KindOf(err) == entente.Invalid:
		return k, nil, refused{err}
	case errors.Is(err, io.EOF):
		return k, nil, errors.New("the connection was cut")
	}
	return k, payload, err
}

// judge hands what came to the node, in order, and answers.
func (l *link) judge() error {
	for {
		var in incoming
		select {
		case in = <-l.inbox:
		case <-l.ctx.Done():
			return nil
		}
		out, err := l.door.desk.Accept(l.ctx, l.peer.Party, in.batch)
		if err != nil {
			return refused{fmt.Errorf("entries from %d of the channel in %s: %w", in.batch.First, entente.Short(in.batch.Channel.Compact), err)}
		}
		l.progressed()
		for _, receipt := range out.Receipts {
			frame, err := batchFrame(kindReceipt, &entente.Batch{Channel: in.batch.Channel, Head: receipt})
			if err != nil {
				return err
			}
			if err := l.write(frame); err != nil {
				return err
			}
		}
		if in.kind != kindBatch {
			continue
		}
		if err := l.taken.give(in.size); err != nil {
			return err
		}
		if err := l.write(creditFrame(in.size)); err != nil {
			return err
		}
	}
}

// beat lets the peer tell a quiet side from a dead one. It needs no answer: the
// peer beats too.
func (l *link) beat() error {
	tick := time.NewTicker(l.door.idle / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.write(empty(kindPing)); err != nil {
				return err
			}
		case <-l.ctx.Done():
			return nil
		}
	}
}

// write sends one frame.
func (l *link) write(frame []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.deadline(l.conn.SetWriteDeadline, l.door.idle+transfer(len(frame)))
	if _, err := l.conn.Write(frame); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

const (
	// greeting is how long the TLS handshake and each frame of the greeting may take.
	greeting = 10 * time.Second
	// slowest is the least bytes a second that a frame may take to pass.
	slowest = 64 << 10
	// parting is how long the last frame may take.
	parting = time.Second
)

// transfer is how much longer a frame of this size may take.
func transfer(size int) time.Duration { return time.Duration(size) * time.Second / slowest }

// deadline sets a deadline, unless the link is ending.
func (l *link) deadline(set func(time.Time) error, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		set(time.Now().Add(wait)) // fails on a closed connection only, as the read or write will
	}
}

// hurry makes what is being read or written end soon.
func (l *link) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		l.ending = true
		l.conn.SetReadDeadline(time.Now())
		l.conn.SetWriteDeadline(time.Now().Add(parting))
	}
}

// farewell says the last word, as far as the connection still carries it, and
// closes. Who was not let in is told nothing.
func (l *link) farewell(reason error) {
	defer l.conn.Close()
	if !l.claimed {
		return
	}
	if r, ok := errors.AsType[refused](reason); ok {
		if l.write(refusalFrame(entente.KindOf(r.err))) == nil && l.conn.CloseWrite() == nil {
			// To close with bytes unread would reset the connection before the peer has
			// read why; so read on, but not for long.
			l.conn.NetConn().SetReadDeadline(time.Now().Add(parting))
			io.Copy(io.Discard, l.conn.NetConn())
		}
		return
	}
	if errors.Is(reason, errStopping) || errors.Is(reason, errReplaced) || errors.Is(reason, errCard) {
		l.write(empty(kindBye)) // if it cannot be sent, the peer sees the end all the same
	}
}

func (l *link) progressed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress = true
}

func (l *link) hasProgressed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.progress
}
