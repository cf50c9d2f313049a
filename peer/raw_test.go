package peer_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
)

// Kinds of frames, as docs/wire.md numbers them.
const (
	credit, hello, batch, receipt, ping, refusal, bye = 1, 2, 3, 4, 5, 6, 7
)

// raw is a partner that speaks the protocol by hand, with a valid certificate.
type raw struct {
	t    testing.TB
	conn *tls.Conn
	self *party // whose keys it has
	peer *party
}

// callRaw calls the peer's door as self.
func callRaw(self, peer *party) *raw {
	self.t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", peer.door.Addr().String(), tlsAs(self.t, self.ring.TLS.Ed25519()))
	check(self.t, err)
	return newRaw(self, peer, conn)
}

func newRaw(self, peer *party, conn *tls.Conn) *raw {
	self.t.Helper()
	self.t.Cleanup(func() { conn.Close() })
	check(self.t, conn.SetDeadline(time.Now().Add(patience)))
	return &raw{t: self.t, conn: conn, self: self, peer: peer}
}

// answerRaw waits for the peer to call self, and greets it.
func answerRaw(self, peer *party) *raw {
	self.t.Helper()
	cfg := tlsAs(self.t, self.ring.TLS.Ed25519())
	cfg.ClientAuth = tls.RequireAnyClientCert
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	check(self.t, err)
	defer l.Close()
	self.street.leadTo(l.Addr().String())
	conn, err := l.Accept()
	check(self.t, err)
	r := newRaw(self, peer, conn.(*tls.Conn))
	r.send(credit, amount(1<<30, 1<<20))
	r.want(hello)
	r.sayHello()
	return r
}

func (r *raw) sayHello() {
	r.t.Helper()
	positions, err := r.self.Positions(ctx, r.peer.Self())
	check(r.t, err)
	r.send(hello, r.hello(r.self.Self(), positions))
}

// greet does the greeting as it should be.
func (r *raw) greet() *raw {
	r.t.Helper()
	r.want(credit)
	r.send(credit, amount(1<<30, 1<<20))
	r.sayHello()
	r.want(hello)
	return r
}

// amount is the payload of a credit frame.
func amount(bytes, entries uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, bytes), entries)
}

// hello is the payload of a hello frame, spelled by hand.
func (r *raw) hello(speaker entente.PartyID, positions []node.Position) []byte {
	var list []string
	for _, p := range positions {
		text := fmt.Sprintf(`{"mine":%v,"compact":"%s","epoch":%d,"size":%d,"root":"%s"`,
			p.Channel.From == r.self.Self(), p.Channel.Compact, p.Channel.Epoch, p.Tree.Size, p.Tree.Root)
		if len(p.Evidence) > 0 {
			text += `,"evidence":"` + base64.StdEncoding.EncodeToString(p.Evidence) + `"`
		}
		list = append(list, text+"}")
	}
	slices.Sort(list) // false before true, then by compact: here all epochs are one digit
	cards := base64.StdEncoding.EncodeToString(r.self.cards[0].Envelope())
	text := fmt.Sprintf(`{"format":"entente-peer/1","party":"%s","cards":["%s"]`, speaker, cards)
	if len(list) > 0 {
		text += `,"channels":[` + strings.Join(list, ",") + `]`
	}
	return []byte(text + "}")
}

func frame(kind byte, payload []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), kind), payload...)
}

func (r *raw) send(kind byte, payload []byte) {
	r.t.Helper()
	_, err := r.conn.Write(frame(kind, payload))
	check(r.t, err)
}

func (r *raw) sendBatch(b entente.Batch) {
	r.t.Helper()
	r.send(batch, entente.AppendBatch(nil, &b))
}

// read reads one frame; kind 0 and no error: the connection ended in order.
func (r *raw) read() (kind byte, payload []byte, err error) {
	var header [5]byte
	if _, err := io.ReadFull(r.conn, header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, nil, nil
		}
		return 0, nil, err
	}
	payload = make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err = io.ReadFull(r.conn, payload)
	return header[4], payload, err
}

// want reads frames up to one of this kind.
func (r *raw) want(kind byte) []byte {
	r.t.Helper()
	for {
		k, payload, err := r.read()
		if err != nil || k == 0 {
			r.t.Fatalf("no frame of kind %d came: %v", kind, err)
		}
		if k == kind {
			return payload
		}
	}
}

// refused reads to the end, and gives the kind of error that came last or "bye",
// empty if neither did, and what receipts and batches came before it.
func (r *raw) refused() (last string, before []byte) {
	r.t.Helper()
	defer r.conn.Close()
	for {
		k, payload, err := r.read()
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			r.t.Fatal("the connection does not end")
		}
		switch {
		case err != nil || k == 0:
			return last, before
		case k == refusal:
			last = string(payload)
		case k == bye:
			last = "bye"
		case k == batch || k == receipt:
			before = append(before, k)
		}
	}
}
