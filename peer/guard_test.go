package peer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/peer"
)

// spy is a desk that notes what the door asks of the node on behalf of a peer.
type spy struct {
	*node.Node
	mu      sync.Mutex
	seen    []string
	batches []entente.Batch // accepted, those with entries
}

func (s *spy) note(what string, who entente.PartyID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, what+" "+entente.Short(who))
}

func (s *spy) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *spy) Introduce(ctx context.Context, p entente.PartyID, cards [][]byte) error {
	s.note("introduce", p)
	return s.Node.Introduce(ctx, p, cards)
}

func (s *spy) Positions(ctx context.Context, p entente.PartyID) ([]node.Position, error) {
	s.note("positions", p)
	return s.Node.Positions(ctx, p)
}

func (s *spy) Compare(ctx context.Context, p entente.PartyID, theirs []node.Position) (node.Contact, error) {
	s.note("compare", p)
	return s.Node.Compare(ctx, p, theirs)
}

func (s *spy) Read(ctx context.Context, r entente.Reader, q node.Query) (node.Page, error) {
	s.note("read", r.Party)
	return s.Node.Read(ctx, r, q)
}

func (s *spy) Accept(ctx context.Context, from entente.PartyID, b entente.Batch) (node.Outcome, error) {
	s.note("accept", from)
	out, err := s.Node.Accept(ctx, from, b)
	if err == nil && len(b.Parcels) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.batches = append(s.batches, b)
	}
	return out, err
}

func (p *party) openSpied() *spy {
	p.t.Helper()
	s := &spy{Node: p.Node}
	cfg := peer.Config{Desk: s, Log: slog.New(p.log), MinBackoff: 5 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}
	if p.street != nil {
		cfg.Listen = "127.0.0.1:0"
	}
	p.openWith(cfg)
	return s
}

// keysOf is the TLS keys by which the party knows another.
func (p *party) keysOf(q *party) []entente.Key {
	p.t.Helper()
	list, err := p.Peers(ctx)
	check(p.t, err)
	for _, x := range list {
		if x.Party == q.Self() {
			return x.TLS
		}
	}
	return nil
}

// selfSigned is a certificate of any key, made without the door's help.
func selfSigned(t testing.TB, key crypto.Signer) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// tlsAs is what a caller with this key would present.
func tlsAs(t testing.TB, key crypto.Signer) *tls.Config {
	t.Helper()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, NextProtos: []string{"entente/1"},
		Certificates: []tls.Certificate{selfSigned(t, key)},
	}
}

// hears says what a caller with this configuration hears before it is hung up on.
func hears(t testing.TB, addr string, cfg *tls.Config) ([]byte, error) {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(patience)))
	b := make([]byte, 5)
	n, err := io.ReadFull(conn, b)
	return b[:n], err
}

// Who is not a known partner with its own TLS key gets no further than the
// handshake, hears nothing, and the node does not learn of it.
func TestStrangersAreTurnedAway(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia", "Caldera")
	a, b := c.as("Ardel"), c.as("Borvia")
	spy := a.openSpied()
	known := b.ring.TLS.Ed25519()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	with := func(change func(*tls.Config)) *tls.Config {
		cfg := tlsAs(t, known)
		change(cfg)
		return cfg
	}
	for _, v := range []struct {
		name string
		cfg  *tls.Config
	}{
		{"a key on no card", tlsAs(t, entente.NewPrivateKey().Ed25519())},
		{"a partner's key for another use", tlsAs(t, b.ring.Act.Ed25519())},
		{"the node's own key", tlsAs(t, a.ring.TLS.Ed25519())},
		{"another kind of key", tlsAs(t, ec)},
		{"no certificate", with(func(c *tls.Config) { c.Certificates = nil })},
		{"two certificates", with(func(c *tls.Config) {
			c.Certificates[0].Certificate = append(c.Certificates[0].Certificate, c.Certificates[0].Certificate[0])
		})},
		{"a partner's certificate without its private key", with(func(c *tls.Config) {
			c.Certificates[0].PrivateKey = entente.NewPrivateKey().Ed25519()
		})},
		{"TLS 1.2", with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 })},
		{"no protocol named", with(func(c *tls.Config) { c.NextProtos = nil })},
		{"another protocol", with(func(c *tls.Config) { c.NextProtos = []string{"h2"} })},
	} {
		t.Run(v.name, func(t *testing.T) {
			before := a.door.TurnedAway()
			heard, err := hears(t, a.street.addr(), v.cfg)
			if err == nil || len(heard) > 0 || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("heard %q, %v: expected nothing and an error", heard, err)
			}
			if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
				t.Errorf("was not hung up on: %v", err)
			}
			a.until("it is counted", func() bool { return a.door.TurnedAway() > before })
		})
	}
	if calls := spy.calls(); len(calls) > 0 {
		t.Errorf("the node was asked: %v", calls)
	}
	for _, secret := range []entente.PartyID{a.Self(), b.Self(), c.as("Caldera").Self()} {
		if strings.Contains(a.log.text(), string(secret)) {
			t.Errorf("the log names a party for a stranger:\n%s", a.log.text())
		}
	}
	if n := strings.Count(a.log.text(), "turned away"); n > 2 {
		t.Errorf("%d log lines for strangers within a minute", n)
	}
	// The same caller with nothing wrong is let in.
	if heard, err := hears(t, a.street.addr(), tlsAs(t, known)); err != nil || len(heard) == 0 {
		t.Errorf("a partner heard %q, %v", heard, err)
	}
	a.until("the partner's call is over", func() bool { _, ok := a.linked(b); return !ok })
}

// A frozen party is answered like a stranger.
func TestFrozenPartyIsTurnedAway(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia")
	a, b := c.as("Ardel"), c.as("Borvia")
	c.openAll()
	c.found("Ardel", "Borvia")
	a.until("connected", func() bool { _, ok := a.linked(b); return ok })
	// Somebody signs a second card of Borvia's version 2.
	next := b.nextCard(b.ring)
	other := *next
	other.Name = "Borvia too"
	one := b.sign(next, b.ring)
	b.cards, b.roots = b.cards[:1], b.roots[:2]
	two := b.sign(&other, b.ring)
	check(t, a.Introduce(ctx, b.Self(), [][]byte{one.Envelope()}))
	check(t, a.Introduce(ctx, b.Self(), [][]byte{two.Envelope()}))
	a.until("the connection ends", func() bool { _, ok := a.linked(b); return !ok })
	before := a.door.TurnedAway()
	b.until("Borvia calls in vain", func() bool { return a.door.TurnedAway() > before+2 })
	if heard, err := hears(t, a.street.addr(), tlsAs(t, b.ring.TLS.Ed25519())); err == nil || len(heard) > 0 {
		t.Errorf("a frozen party heard %q, %v", heard, err)
	}
}

// Who answers at a partner's endpoint with another key is told nothing, be it
// the key of another partner.
func TestCallerWantsThePartnersKey(t *testing.T) {
	c := newCell(t, "Ardel", "Borvia", "Caldera")
	c.openAll()
	c.found("Ardel", "Borvia", "Caldera")
	a, b, d := c.as("Ardel"), c.as("Borvia"), c.as("Caldera")
	a.shut()
	d.shut()
	for _, v := range []struct {
		name string
		key  ed25519.PrivateKey
	}{
		{"a key on no card", entente.NewPrivateKey().Ed25519()},
		{"another partner's key", d.ring.TLS.Ed25519()},
	} {
		t.Run(v.name, func(t *testing.T) {
			b.shut()
			cfg := tlsAs(t, v.key)
			cfg.ClientAuth = tls.RequestClientCert
			impostor, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
			check(t, err)
			defer impostor.Close()
			b.street.leadTo(impostor.Addr().String())
			spy := a.openSpied()
			for range 3 {
				conn, err := impostor.Accept()
				check(t, err)
				check(t, conn.SetDeadline(time.Now().Add(patience)))
				// It says what a door would say first, and listens.
				conn.Write([]byte{0, 0, 0, 2, 1, 0x7f, 0x7f})
				if heard, _ := io.ReadAll(conn); len(heard) > 0 {
					t.Errorf("the impostor heard %q", heard)
				}
				conn.Close()
			}
			a.shut()
			if calls := spy.calls(); len(calls) > 0 {
				t.Errorf("the node was asked: %v", calls)
			}
		})
	}
}
