package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"time"

	"entente"
)

// Mail is the mail server by which people are told that something waits. It learns
// who is told and when, and nothing of what waits.
type Mail struct {
	Server         string // host:port; 465 speaks TLS from the start (RFC 8314)
	From           string // address
	User, Password string // of an account there; empty: none
	Roots          *x509.CertPool
}

// Check says what is wrong with the settings.
func (m Mail) Check() error {
	if _, _, err := net.SplitHostPort(m.Server); err != nil {
		return entente.Errorf(entente.Invalid, "give host and port, such as mail.example.org:587", "mail server %q: %w", m.Server, err)
	}
	if _, err := addressOf(m.From); err != nil {
		return err
	}
	if (m.User == "") != (m.Password == "") {
		return entente.Errorf(entente.Invalid, "give both or neither", "a mail account takes a name and a password")
	}
	return nil
}

// addressOf reads one address, without a name beside it (RFC 5322, section 3.4.1).
func addressOf(text string) (string, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > 254 {
		return "", entente.Errorf(entente.Invalid, "such as anna@example.org", "%.100q is no e-mail address", text)
	}
	return a.Address, nil
}

const mailTime = 30 * time.Second // for one message

// send hands one message to the server: over TLS, unless the server is this machine
// and asks for no password.
func (m Mail) send(ctx context.Context, to, subject, text string, now time.Time) (err error) {
	host, port, err := net.SplitHostPort(m.Server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	until, _ := ctx.Deadline()
	if err := conn.SetDeadline(until); err != nil {
		return err
	}
	secure := &tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
	if port == "465" {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer c.Close()
	if starts, _ := c.Extension("STARTTLS"); starts && port != "465" {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if _, encrypted := c.TLSConnectionState(); !encrypted && (m.User != "" || !isLoopback(host)) {
		return errors.New("the mail server offers no TLS: nothing was sent")
	}
	if m.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.From); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.message(to, subject, text, now)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// message is the text as it travels (RFC 5322; RFC 2045, section 6.7; RFC 3834).
func (m Mail) message(to, subject, text string, now time.Time) []byte {
	id := make([]byte, 16)
	rand.Read(id)
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", m.From},
		{"To", to},
		{"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", now.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + hex.EncodeToString(id) + "@desk.invalid>"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(text)) // a bytes.Buffer takes it all
	_ = q.Close()
	return b.Bytes()
}
