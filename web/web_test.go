package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/node/nodetest"
	"entente/stix"
	"entente/store/sqlite"
	"entente/web"
)

var ctx = context.Background()

// party is a party with a node and a desk of its own.
type party struct {
	*nodetest.Party
	t    testing.TB
	url  string // of the desk
	door *web.Door
}

// desk is the desk as one person's browser shows it, without script.
type desk struct {
	*party
	browser *http.Client
}

// newCell makes parties with desks, and a compact that is in force among them.
func newCell(t testing.TB, names ...string) (entente.CompactID, []*party) {
	t.Helper()
	var parties []*party
	var all []*nodetest.Party
	for _, name := range names {
		p := newParty(t, name)
		parties, all = append(parties, p), append(all, p.Party)
	}
	check(t, nodetest.Trust(ctx, all...))
	id, err := nodetest.Found(ctx, nodetest.Charter(time.Now(), all...), all...)
	check(t, err)
	return id, parties
}

func newParty(t testing.TB, name string) *party { return newPartyWith(t, name, web.Config{}) }

// newPartyWith is a party whose desk has more than node and origin.
func newPartyWith(t testing.TB, name string, cfg web.Config) *party {
	t.Helper()
	db, err := sqlite.OpenMemory()
	check(t, err)
	p := &party{t: t}
	p.Party, err = nodetest.NewParty(ctx, name, db, nil)
	check(t, err)
	t.Cleanup(func() { check(t, p.Close()) })
	s := httptest.NewUnstartedServer(nil) // has its address before the desk is made
	_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
	p.url = "http://localhost:" + port
	cfg.Node, cfg.Origin = p.Node, p.url
	d, err := web.New(cfg)
	check(t, err)
	p.door = d
	s.Config.Handler = d.Handler()
	s.Start()
	t.Cleanup(s.Close)
	return p
}

// sit signs a person in, whom the party has from now on.
func (p *party) sit(name string, roles ...string) *desk {
	p.t.Helper()
	check(p.t, p.PutOperator(ctx, node.Operator{Name: name, Key: entente.NewPrivateKey().Key(), Roles: roles}))
	return p.again(name)
}

// again signs in a person whom the party has already.
func (p *party) again(name string) *desk {
	p.t.Helper()
	link, err := web.Link(ctx, p.Node, p.url, name)
	check(p.t, err)
	d := &desk{party: p, browser: &http.Client{Jar: newJar(p.t)}}
	d.post(strings.TrimPrefix(link, p.url), nil)
	return d
}

func newJar(t testing.TB) http.CookieJar {
	jar, err := cookiejar.New(nil)
	check(t, err)
	return localJar{jar}
}

// localJar takes localhost for secure, as browsers do.
type localJar struct{ http.CookieJar }

func (j localJar) SetCookies(u *url.URL, c []*http.Cookie) { j.CookieJar.SetCookies(secure(u), c) }
func (j localJar) Cookies(u *url.URL) []*http.Cookie       { return j.CookieJar.Cookies(secure(u)) }

func secure(u *url.URL) *url.URL {
	s := *u
	s.Scheme = "https"
	return &s
}

// get gives a page that is there.
func (d *desk) get(path string) string {
	d.t.Helper()
	status, text := d.ask(http.MethodGet, path, nil)
	if status != http.StatusOK {
		d.t.Fatalf("%s: GET %s: %d\n%s", d.Name, path, status, text)
	}
	return text
}

// post sends a form and gives the page that it leads to.
func (d *desk) post(path string, form url.Values) string {
	d.t.Helper()
	status, text := d.ask(http.MethodPost, path, form)
	if status != http.StatusOK {
		d.t.Fatalf("%s: POST %s: %d\n%s", d.Name, path, status, text)
	}
	return text
}

func (d *desk) ask(method, path string, form url.Values) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(form.Encode()))
	check(d.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := d.browser.Do(r)
	check(d.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(d.t, err)
	return res.StatusCode, string(b)
}

// note puts a note of the party's own about an invented organisation.
func (p *party) note(text string) entente.RecordID {
	p.t.Helper()
	o, err := stix.NewIdentity(time.Now(), text, "organization")
	check(p.t, err)
	put, err := p.Put(ctx, []stix.Object{o})
	check(p.t, err)
	return put[0].Record
}

// release lets others have a record.
func (p *party) release(in entente.CompactID, record entente.RecordID, to ...*party) {
	p.t.Helper()
	o := node.Order{Compact: in, Records: []entente.RecordID{record}, Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"}}
	for _, q := range to {
		o.To = append(o.To, q.Self())
	}
	_, _, err := p.Release(ctx, o)
	check(p.t, err)
	for _, q := range to {
		check(p.t, nodetest.Meet(ctx, p.Node, q.Node))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsReleasedStandsInTheInboxOfItsRecipientAlone(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	p[0].release(id, p[0].note("Lantern Society"), p[1])
	b, c := p[1].sit("bea", node.RoleAnalyst), p[2].sit("carl", node.RoleAnalyst)
	if page := b.get("/inbox"); !strings.Contains(page, "Lantern Society") {
		t.Errorf("the recipient's inbox has not what was released:\n%s", page)
	}
	if page := c.get("/inbox"); strings.Contains(page, "Lantern") {
		t.Errorf("the inbox of a third party shows it:\n%s", page)
	}
}

func TestNobodySeesAPageWithoutSigningIn(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	p[0].release(id, p[0].note("Lantern Society"), p[1])
	stranger := &desk{party: p[1], browser: &http.Client{Jar: newJar(t)}}
	if page := stranger.get("/inbox"); strings.Contains(page, "Lantern") || strings.Contains(page, "Brevik") {
		t.Errorf("a stranger sees:\n%s", page)
	}
	// A link lets in once.
	check(t, p[1].PutOperator(ctx, node.Operator{Name: "bea", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}))
	link, err := web.Link(ctx, p[1].Node, p[1].url, "bea")
	check(t, err)
	stranger.post(strings.TrimPrefix(link, p[1].url), nil)
	other := &desk{party: p[1], browser: &http.Client{Jar: newJar(t)}}
	if status, page := other.ask(http.MethodPost, strings.TrimPrefix(link, p[1].url), nil); status != http.StatusNotFound || strings.Contains(page, "Lantern") {
		t.Errorf("the link lets a second one in: %d\n%s", status, page)
	}
}

// meet lets two parties exchange everything.
func meet(a, b *party) error { return nodetest.Meet(ctx, a.Node, b.Node) }
