package web_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	browsing "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"entente"
	"entente/node"
	"entente/node/nodetest"
	"entente/web"
)

// mailbox is a small mail server (RFC 5321) that keeps what it is given.
type mailbox struct {
	t       *testing.T
	address string
	tls     *tls.Config // nil: it offers none
	roots   *x509.CertPool

	mu   sync.Mutex
	got  []string // whole messages
	auth []string
	full bool // it takes nothing
}

func newMailbox(t *testing.T, secure bool) *mailbox {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m := &mailbox{t: t, address: l.Addr().String()}
	if secure {
		s := httptest.NewTLSServer(nil) // for its certificate
		defer s.Close()
		m.tls, m.roots = s.TLS.Clone(), x509.NewCertPool()
		m.tls.NextProtos = nil
		m.roots.AddCert(s.Certificate())
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer c.Close(); m.serve(c) })
		}
	})
	t.Cleanup(func() { check(t, l.Close()); serving.Wait() })
	return m
}

func (m *mailbox) serve(c net.Conn) {
	check(m.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	text := textproto.NewConn(c)
	say := func(line string) bool { return text.PrintfLine("%s", line) == nil }
	encrypted := false
	say("220 mailbox")
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(word) {
		case "EHLO":
			say("250-mailbox")
			if m.tls != nil && !encrypted {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			c = tls.Server(c, m.tls)
			text, encrypted = textproto.NewConn(c), true
		case "AUTH":
			b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			check(m.t, err)
			m.mu.Lock()
			m.auth = append(m.auth, string(b))
			m.mu.Unlock()
			if string(b) != "\x00desk\x00s3cret" || !encrypted {
				say("535 no")
				continue
			}
			say("235 yes")
		case "RCPT":
			m.mu.Lock()
			full := m.full
			m.mu.Unlock()
			if full {
				say("452 full")
				continue
			}
			say("250 yes")
		case "DATA":
			say("354 go on")
			b, err := io.ReadAll(text.DotReader())
			if err != nil {
				return
			}
			m.mu.Lock()
			m.got = append(m.got, string(b))
			m.mu.Unlock()
			say("250 yes")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 yes")
		}
	}
}

// take gives what came since, and how many.
func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got = nil
	return got
}

func TestNoticesByMail(t *testing.T) {
	box := newMailbox(t, true)
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	a := newParty(t, "Ardel")
	b := newPartyWith(t, "Brevik", web.Config{Clock: clock, Mail: &web.Mail{Server: box.address, From: "desk@brevik.example", User: "desk", Password: "s3cret", Roots: box.roots}})
	check(t, nodetest.Trust(ctx, a.Party, b.Party))
	id, err := nodetest.Found(ctx, nodetest.Charter(time.Now(), a.Party, b.Party), a.Party, b.Party)
	check(t, err)
	b.signer("root", node.RoleAdministrator)
	bea := b.signer("bea", node.RoleAnalyst)
	send := func(text string, groups ...string) {
		t.Helper()
		r := a.note(text)
		a.release(id, r, b)
		check(t, nodetest.Meet(ctx, a.Node, b.Node))
		if len(groups) > 0 {
			check(t, b.SetGroups(ctx, r, groups))
		}
	}
	look := func(want int) []string {
		t.Helper()
		check(t, b.door.SendNotices(ctx))
		got := box.take()
		if len(got) != want {
			t.Fatalf("%d messages, expected %d:\n%s", len(got), want, strings.Join(got, "\n----\n"))
		}
		return got
	}
	send("the first")
	look(0) // nobody has asked
	// An address is confirmed by what is mailed there, and takes the password.
	form := url.Values{"address": {"bea@brevik.example"}, "password": {"wrong password"}}
	if status, _ := bea.ask(http.MethodPost, "/notices/address", form); status != http.StatusForbidden {
		t.Errorf("with a wrong password: %d", status)
	}
	form.Set("password", password)
	for _, bad := range []string{"bea", "bea@brevik.example\r\nBcc: eve@elsewhere.example", "Bea <bea@brevik.example>", "a@b, c@d"} {
		wrong := url.Values{"address": {bad}, "password": {password}}
		if status, _ := bea.ask(http.MethodPost, "/notices/address", wrong); status != http.StatusBadRequest {
			t.Errorf("address %q: %d", bad, status)
		}
	}
	if len(box.take()) > 0 {
		t.Error("something was mailed")
	}
	contains(t, bea.post("/notices/address", form), "not confirmed yet")
	code := regexp.MustCompile(`code=3D([A-Za-z0-9_=\r\n-]+)`).FindStringSubmatch(strings.Join(box.take(), ""))
	if code == nil {
		t.Fatal("no code was mailed")
	}
	plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(code[1])))
	check(t, err)
	look(0) // not confirmed
	if status, _ := bea.ask(http.MethodPost, "/notices/confirm", url.Values{"code": {"x"}}); status != http.StatusForbidden {
		t.Errorf("another code: %d", status)
	}
	contains(t, bea.post("/notices/confirm", url.Values{"code": {strings.TrimSpace(string(plain))}}), "bea@brevik.example")
	// What is told: that something waits, and where.
	got := look(1)[0]
	msg, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(got)))
	check(t, err)
	body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
	check(t, err)
	if want := "Something waits at the desk\n\n" + b.url; strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")) != want {
		t.Errorf("the message says %q", body)
	}
	for name, want := range map[string]string{"To": "bea@brevik.example", "From": "desk@brevik.example", "Subject": "Something waits at the desk"} {
		if got := msg.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	lacks(t, got, "first", "Ardel")
	// Once, and again only after bea has looked and an hour has gone.
	send("the second")
	look(0)
	later(2 * time.Hour)
	look(0)
	bea.get("/inbox")
	look(1)
	send("the third")
	bea.get("/inbox")
	look(0)
	later(2 * time.Hour)
	look(1)
	bea.get("/inbox")
	bea.post("/inbox/read", url.Values{"all": {"1"}, "upto": hidden(bea.get("/inbox"), "upto")})
	later(2 * time.Hour)
	look(0) // nothing waits
	// What bea may not see does not wait for her.
	send("for the north alone", "north")
	later(2 * time.Hour)
	look(0)
	// What cannot be sent is tried again, and bea sees that it was not.
	box.mu.Lock()
	box.full = true
	box.mu.Unlock()
	send("the fourth")
	look(0)
	contains(t, bea.get("/notices"), "could not be sent")
	box.mu.Lock()
	box.full = false
	box.mu.Unlock()
	look(0)
	later(time.Hour)
	look(1)
	lacks(t, bea.get("/notices"), "could not be sent")
	// No more.
	bea.get("/inbox")
	bea.post("/notices/address", url.Values{"none": {"1"}})
	send("the fifth")
	later(2 * time.Hour)
	look(0)
	// Whoever is removed leaves nothing behind.
	contains(t, bea.post("/notices/desktop", url.Values{"on": {"1"}}), "Turn off")
	check(t, b.DeleteOperator(ctx, "bea"))
	if notes, err := b.AllKept(ctx, "web.notice/bea"); err != nil || len(notes) > 0 {
		t.Errorf("%d notes are left: %v", len(notes), err)
	}
}

// A server without TLS gets neither password nor message; nor does one whose
// certificate nobody vouches for.
func TestMailTakesTLS(t *testing.T) {
	bare, secure := newMailbox(t, false), newMailbox(t, true)
	for name, m := range map[string]web.Mail{
		"no TLS, with a password": {Server: bare.address, From: "desk@brevik.example", User: "desk", Password: "s3cret"},
		"an unknown certificate":  {Server: secure.address, From: "desk@brevik.example", User: "desk", Password: "s3cret"},
	} {
		b := newPartyWith(t, "Brevik", web.Config{Mail: &m})
		bea := b.signer("bea", node.RoleAnalyst)
		status, page := bea.ask(http.MethodPost, "/notices/address", url.Values{"address": {"bea@brevik.example"}, "password": {password}})
		if status != http.StatusBadGateway || !strings.Contains(page, "could not be sent") {
			t.Errorf("%s: %d", name, status)
		}
	}
	if len(bare.take())+len(secure.take()) > 0 || len(bare.auth)+len(secure.auth) > 0 {
		t.Error("something was sent")
	}
	for _, wrong := range []web.Mail{{Server: "mail.example", From: "a@b.example"}, {Server: "mail.example:25", From: "nobody"}, {Server: "mail.example:25", From: "a@b.example", User: "x"}} {
		if err := wrong.Check(); entente.KindOf(err) != entente.Invalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	// This machine itself may do without, if it asks for no password.
	local := newPartyWith(t, "Brevik", web.Config{Mail: &web.Mail{Server: bare.address, From: "desk@brevik.example"}})
	contains(t, local.signer("bea", node.RoleAnalyst).post("/notices/address", url.Values{"address": {"bea@brevik.example"}, "password": {password}}), "not confirmed yet")
	if len(bare.take()) != 1 {
		t.Error("nothing came")
	}
}

// The stream of events says that something waits, to who wants to be told, and not
// of what that person may not see.
func TestNoticesOnTheScreen(t *testing.T) {
	tab := newBrowser(t)
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	b.signer("bea", node.RoleAnalyst)
	b.PutOperator(ctx, node.Operator{Name: "root", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAdministrator}})
	tab.stays(b.url)
	tab.do("sign in", chromedp.EmulateViewport(1440, 900), chromedp.Navigate(b.url+"/sign-in?next=/notices"), chromedp.SendKeys("#name", "bea"), chromedp.SendKeys("#password", password), chromedp.Click("main button.primary"), chromedp.WaitVisible("desk-permit button"))
	// What is shown is heard of in the place of the screen.
	const stand = `(() => { window.told = []; const real = window.Notification; window.Notification = class { constructor(title) { window.told.push(title) } static get permission() { return real.permission } }; return true })()`
	tab.do("permission", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, browsing.SetPermission, browsing.SetPermissionParams{Permission: &browsing.PermissionDescriptor{Name: "notifications"}, Setting: "granted", Origin: b.url})
		return err
	}))
	tab.do("turn on", chromedp.Click("desk-permit button"), chromedp.WaitNotPresent("desk-permit"), chromedp.WaitReady(`desk-live[data-state=live]`))
	get(tab, "permission", chromedp.Evaluate[bool](stand))
	told := func() string { return get(tab, "what was told", chromedp.Evaluate[string](`window.told.join("|")`)) }
	// For another group: the page hears that something has changed, and is not told.
	shut := a.note("for the north alone")
	a.release(id, shut, b)
	tab.do("a change", chromedp.WaitReady(`desk-live[data-state=changed]`))
	_ = told() // it may have waited for a moment, before the groups were set
	check(t, b.SetGroups(ctx, shut, []string{"north"}))
	tab.do("again", chromedp.Navigate(b.url+"/inbox"), chromedp.WaitReady(`desk-live[data-state=live]`))
	get(tab, "permission", chromedp.Evaluate[bool](stand))
	_, err := b.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{shut}, Scope: "delete", Reason: "x"})
	if err == nil {
		t.Error("another party's record was recalled")
	}
	check(t, b.SetGroups(ctx, shut, []string{"north", "harbour"})) // a change that bea may not know of
	tab.do("a change", chromedp.WaitReady(`desk-live[data-state=changed]`))
	if said := told(); said != "" {
		t.Errorf("bea is told %q of what she may not see", said)
	}
	a.release(id, a.note("for everybody"), b)
	get(tab, "a notice", chromedp.Evaluate[bool](`new Promise((done) => { const at = setInterval(() => { if (window.told.length) { clearInterval(at); done(true) } }, 50) })`, chromedp.EvalAwaitPromise))
	if said := told(); said != "Something waits at the desk" {
		t.Errorf("bea is told %q", said)
	}
	for _, wrong := range tab.complaints() {
		t.Error(wrong)
	}
}
