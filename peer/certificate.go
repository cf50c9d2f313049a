package peer

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"entente"
)

// protocol is the name in ALPN (RFC 7301): one name, one format of everything
// that follows.
const protocol = "entente/1"

// certificate is the certificate of a TLS key: self-signed, the same bytes
// whenever it is made, and without a name. Only its key means anything.
func certificate(key entente.PrivateKey) (tls.Certificate, error) {
	private := key.Ed25519()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "entente"},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // no end (RFC 5280, §4.1.2.5)
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, nil
}

// serverName is the SNI that asks for the certificate of this key. It tells an
// onlooker no more than the key, which TLS 1.3 hides.
func serverName(key entente.Key) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + ".entente"
}

// base is what both ends have in common.
func base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, SessionTicketsDisabled: true}
}

// serverConfig presents the node's TLS key, or the one before it to who asks
// for that one, and lets in whoever known says is known.
func serverConfig(keys func() (now entente.PrivateKey, old *entente.PrivateKey), known func(entente.Key) error) *tls.Config {
	cfg := base()
	cfg.GetConfigForClient = func(client *tls.ClientHelloInfo) (*tls.Config, error) {
		now, old := keys()
		if old != nil && client.ServerName == serverName(old.Key()) {
			now = *old
		}
		cert, err := certificate(now)
		if err != nil {
			return nil, err
		}
		one := base()
		one.Certificates = []tls.Certificate{cert}
		// No authority vouches for a certificate: its key is compared with the cards.
		one.ClientAuth = tls.RequireAnyClientCert
		one.VerifyConnection = func(s tls.ConnectionState) error {
			key, err := shown(s)
			if err != nil {
				return err
			}
			return known(key)
		}
		return one, nil
	}
	return cfg
}

// clientConfig presents the key mine and accepts a server that shows one of these keys.
func clientConfig(mine entente.PrivateKey, expected []entente.Key) (*tls.Config, error) {
	cert, err := certificate(mine)
	if err != nil {
		return nil, err
	}
	cfg := base()
	cfg.Certificates = []tls.Certificate{cert}
	cfg.ServerName = serverName(expected[0])
	// The check against authorities and names gives way to a stricter one: the key
	// must be one that the party's card lists.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		key, err := shown(s)
		if err == nil && !slices.Contains(expected, key) {
			err = errors.New("the certificate shown is not the one on the party's card")
		}
		return err
	}
	return cfg, nil
}

// shown is the key that the other side has proved to hold.
func shown(s tls.ConnectionState) (entente.Key, error) {
	if s.Version < tls.VersionTLS13 || s.NegotiatedProtocol != protocol {
		return "", fmt.Errorf("TLS version %#x with protocol %q, expected TLS 1.3 with %q", s.Version, s.NegotiatedProtocol, protocol)
	}
	if len(s.PeerCertificates) != 1 {
		return "", fmt.Errorf("%d certificates shown, expected one", len(s.PeerCertificates))
	}
	pub, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return "", errors.New("the certificate's key is not Ed25519")
	}
	return entente.Ed25519Key(pub), nil
}
