package web_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/stix"
)

// The pages in the leak suite: everything that a browser can get from a desk, by
// following links and by guessing addresses, holds nothing of what is hidden from
// the person who sits at it. docs/leaks.md names these tests.

// thing is a record and what would give it away.
type thing struct {
	record entente.RecordID
	stix   string
	name   string
}

func (x thing) all() []string { return []string{string(x.record), x.stix, x.name} }

// scene is a cell with something hidden from each of its people.
type scene struct {
	compact entente.CompactID
	a, b, c *party
	open    thing // released to B
	closed  thing // of A, in group north
	fuller  thing // of A; C has a tearline of it
	tear    thing
	back    thing // released to B, and recalled
	foreign thing // of B, released to A, whose group south alone reads it
}

func newScene(t testing.TB) *scene {
	t.Helper()
	id, p := newCell(t, "Ardel", "Brevik", "Corvane")
	s := &scene{compact: id, a: p[0], b: p[1], c: p[2]}
	make := func(p *party, name string) thing {
		record, stixID := p.object("identity", identity(name))
		return thing{record, stixID, name}
	}
	s.open, s.closed, s.fuller, s.back = make(s.a, "Lantern Society"), make(s.a, "Cobalt Ring"), make(s.a, "Umber Quay in full"), make(s.a, "Vermilion Post")
	s.foreign = make(s.b, "Saffron Gate")
	tear, err := s.a.Tearline(ctx, node.TearlineOrder{Record: s.fuller.record, Changes: []stix.Change{{Path: "/name", Op: stix.OpReplace, Value: "Some quay"}}})
	check(t, err)
	s.tear = thing{tear.Record, string(tear.Object.ID), "Some quay"}
	s.a.release(id, s.open.record, s.b)
	s.a.release(id, s.back.record, s.b)
	s.a.release(id, s.tear.record, s.c)
	s.b.release(id, s.foreign.record, s.a)
	_, err = s.a.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{s.back.record}, Scope: "delete", Reason: "a source was exposed"})
	check(t, err)
	check(t, s.meet())
	check(t, s.a.SetGroups(ctx, s.closed.record, []string{"north"}))
	check(t, s.a.SetGroups(ctx, s.foreign.record, []string{"south"}))
	return s
}

func (s *scene) meet() error {
	for _, x := range [][2]*party{{s.a, s.b}, {s.a, s.c}, {s.b, s.c}} {
		if err := meet(x[0], x[1]); err != nil {
			return err
		}
	}
	return nil
}

// seat is a person at a desk, and what that person must not find there.
type seat struct {
	*desk
	who    string
	hidden []thing
	ids    bool // not even the ids of hidden records
}

func (s *scene) seats() []seat {
	all := []thing{s.open, s.closed, s.fuller, s.tear, s.back, s.foreign}
	check(s.a.t, s.a.PutOperator(ctx, node.Operator{Name: "nora", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst, node.RoleReleaser}, Groups: []string{"north"}}))
	seats := []seat{
		{s.a.sit("ana", node.RoleAnalyst), "an analyst outside the groups", []thing{s.closed, s.foreign}, true},
		{s.a.sit("rene", node.RoleReleaser, node.RoleChair), "a releaser outside the groups", []thing{s.closed, s.foreign}, true},
		{s.a.again("nora"), "one of the group north", []thing{s.foreign}, true},
		{s.a.sit("chad", node.RoleChair), "a chair", all, true},
		{s.a.sit("root", node.RoleAdministrator), "an administrator", all, true},
		{s.a.sit("eye", node.RoleInspector), "an inspector", all, false}, // logs name records by their ids
		{s.b.sit("bea", node.RoleAnalyst, node.RoleReleaser), "the recipient", []thing{s.closed, s.fuller, s.tear}, true},
		{s.c.sit("carl", node.RoleAnalyst, node.RoleReleaser, node.RoleChair), "a third party", []thing{s.open, s.closed, s.fuller, s.back, s.foreign}, true},
		{s.c.sit("cora", node.RoleInspector), "a third party's inspector", []thing{s.open, s.closed, s.fuller, s.back, s.foreign}, true},
	}
	if testing.Short() { // with the race detector
		return []seat{seats[0], seats[2], seats[6], seats[7]}
	}
	return seats
}

// words are all that must not stand in a page of the seat.
func (s *seat) words() []string {
	var out []string
	for _, x := range s.hidden {
		out = append(out, x.name, x.stix)
		if s.ids {
			out = append(out, string(x.record), entente.Short(x.record))
		}
	}
	return out
}

var (
	linkTag  = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	wildcard = regexp.MustCompile(`\{[^}]*\}`)
)

// fetch gives an answer as text, headers first, without following redirects. Of a
// stream of events it is the headers alone.
func (d *desk) fetch(path string) (status int, text string) {
	d.t.Helper()
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(asking, http.MethodGet, d.url+path, nil)
	check(d.t, err)
	still := *d.browser
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := still.Do(r)
	check(d.t, err)
	defer res.Body.Close()
	res.Header.Del("Date")
	var b strings.Builder
	check(d.t, res.Header.Write(&b))
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		body, err := io.ReadAll(res.Body)
		check(d.t, err)
		b.Write(body)
	}
	return res.StatusCode, b.String()
}

// crawl follows every link of the desk from its first pages, and gives all that it
// finds by their addresses.
func (d *desk) crawl() map[string]string {
	d.t.Helper()
	pages, variants := map[string]string{}, map[string]int{}
	queue := []string{"/"}
	for _, pattern := range d.door.Patterns() { // whether a link leads there or not
		if path, ok := strings.CutPrefix(pattern, "GET "); ok && !wildcard.MatchString(path) {
			queue = append(queue, path)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if _, done := pages[at]; done {
			continue
		}
		path, _, asks := strings.Cut(at, "?")
		if variants[path]++; asks && variants[path] > 12 {
			continue // a page with its switches in another position once more
		}
		_, page := d.fetch(at)
		pages[at] = page
		links := []string{}
		for _, m := range linkTag.FindAllStringSubmatch(page, -1) {
			links = append(links, html.UnescapeString(m[1]))
		}
		for _, line := range strings.Split(page, "\r\n") {
			if to, ok := strings.CutPrefix(line, "Location: "); ok {
				links = append(links, to)
			}
		}
		base, err := url.Parse(d.url + at)
		check(d.t, err)
		for _, link := range links {
			to, err := base.Parse(link)
			if err != nil || to.Host != base.Host || strings.HasPrefix(to.Path, "/static/") {
				continue
			}
			queue = append(queue, to.RequestURI())
		}
	}
	return pages
}

// guesses are the addresses of all pages with an id in each place where one can stand.
func (p *party) guesses(id string) []string {
	var out []string
	for _, pattern := range p.door.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodGet {
			continue
		}
		path = strings.ReplaceAll(path, "{$}", "")
		if wildcard.MatchString(path) {
			out = append(out, wildcard.ReplaceAllLiteralString(path, id))
			continue
		}
		names := []string{"record", "about", "from", "draft", "after"}
		switch path {
		case "/inbox", "/records", "/suggest":
			names = append(names, "q")
		case "/me", "/passkeys", "/notices", "/operators", "/parties", "/parties/card", "/setup", "/events":
			names = []string{"record"} // they ask for nothing of the kind
		}
		for _, name := range names {
			out = append(out, path+"?"+name+"="+url.QueryEscape(id))
		}
	}
	return out
}

func TestPagesSayNothingOfWhatIsHidden(t *testing.T) {
	s := newScene(t)
	found := map[string]bool{}
	for _, seat := range s.seats() {
		pages := seat.crawl()
		if len(pages) < 5 {
			t.Errorf("%s reaches %d pages: the walk sees nothing", seat.who, len(pages))
		}
		ids := []string{string(s.compact), string(s.b.Self())}
		for _, x := range []thing{s.open, s.closed, s.tear, s.foreign} {
			ids = append(ids, string(x.record), x.stix)
		}
		for _, id := range ids {
			for _, address := range seat.guesses(id) {
				_, page := seat.fetch(address)
				// What was asked for may come back as it was asked.
				page = strings.ReplaceAll(page, url.QueryEscape(id), "ASKED")
				pages[address] = strings.ReplaceAll(strings.ReplaceAll(page, id, "ASKED"), entente.Short(id), "ASKED")
			}
		}
		for _, x := range []thing{s.open, s.closed, s.fuller, s.tear, s.back, s.foreign} {
			begin := x.name[:4] // of its first word: what is asked for is not the name itself
			for _, path := range []string{"/inbox?q=", "/records?q=", "/suggest?q=", "/suggest?own=1&q="} {
				_, pages[path+begin] = seat.fetch(path + begin)
			}
		}
		for address, page := range pages {
			text := html.UnescapeString(page)
			for _, w := range seat.words() {
				if strings.Contains(text, w) {
					t.Errorf("%s finds %q at %s", seat.who, w, address)
				}
			}
			for _, x := range []thing{s.open, s.closed, s.tear, s.foreign, s.fuller} {
				found[seat.who+" "+x.name] = found[seat.who+" "+x.name] || strings.Contains(text, x.name)
			}
		}
	}
	// Those who may see something do find it: the walk would have seen it elsewhere.
	for _, x := range []struct{ who, name string }{
		{"an analyst outside the groups", s.open.name},
		{"an analyst outside the groups", s.fuller.name},
		{"one of the group north", s.closed.name},
		{"the recipient", s.open.name},
		{"the recipient", s.foreign.name},
		{"a third party", s.tear.name},
	} {
		if !found[x.who+" "+x.name] {
			t.Errorf("%s does not find %q anywhere: the walk sees too little", x.who, x.name)
		}
	}
}

func TestPagesAnswerWhatIsHiddenLikeWhatIsNotThere(t *testing.T) {
	s := newScene(t)
	absentRecord, absentSTIX := "sha256:"+strings.Repeat("5e", 32), string(stix.NewID("identity"))
	for _, seat := range s.seats() {
		for i, x := range seat.hidden {
			if i >= 1 && testing.Short() || !seat.ids && seat.party == s.a || x == s.back && seat.party == s.b {
				continue // may know that the record was there
			}
			for _, pair := range [][2]string{{string(x.record), absentRecord}, {x.stix, absentSTIX}} {
				hidden, absent := seat.guesses(pair[0]), seat.guesses(pair[1])
				for i := range hidden {
					now, before := seat.looked(hidden[i], pair[0]), seat.looked(absent[i], pair[1])
					if now == before {
						continue
					}
					// What the page says by itself may have changed between two looks at it (a
					// log, for one): look again.
					again, after := seat.looked(hidden[i], pair[0]), seat.looked(absent[i], pair[1])
					if before == after && now == again || again != after {
						t.Errorf("%s can tell %s (%s) from what is not there:\n%s", seat.who, hidden[i], x.name, difference(before, now))
					}
				}
			}
		}
	}
}

// looked is what a page answers, with the id that was asked for taken out.
func (d *desk) looked(address, id string) string {
	status, page := d.fetch(address)
	page = strings.ReplaceAll(page, url.QueryEscape(url.QueryEscape(id)), "ASKED")
	page = strings.ReplaceAll(page, url.QueryEscape(id), "ASKED")
	page = strings.ReplaceAll(strings.ReplaceAll(page, id, "ASKED"), entente.Short(id), "ASKED")
	page = strings.ReplaceAll(page, fmt.Sprintf("Content-Length: %d", len(page)), "")
	return fmt.Sprint(status, "\n", chance.ReplaceAllString(page, ""))
}

// chance is what differs in two looks at the same page: its length, and the challenge to a passkey.
var chance = regexp.MustCompile(`Content-Length: \d+\r\n|data-options="[^"]*"`)

// difference is the first lines in which two texts differ.
func difference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("- %.300s\n+ %.300s", as[i], bs[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(as), len(bs))
}

func TestEveryPageAsksWhoIsThere(t *testing.T) {
	s := newScene(t)
	stranger := &desk{party: s.a, browser: &http.Client{Jar: newJar(t)}}
	signIn := stranger.get("/sign-in")
	all := []thing{s.open, s.closed, s.fuller, s.tear, s.back, s.foreign}
	for _, id := range []string{string(s.open.record), s.open.stix, string(s.compact)} {
		for _, address := range s.a.guesses(id) {
			status, page := stranger.ask(http.MethodGet, address, nil)
			for _, x := range all {
				if i := slices.IndexFunc(x.all(), func(w string) bool { return w != id && strings.Contains(page, w) }); i >= 0 {
					t.Errorf("a stranger finds %q at %s: %d", x.all()[i], address, status)
				}
			}
			if strings.Contains(page, "Ardel") || strings.Contains(page, "Brevik") {
				t.Errorf("a stranger learns of parties at %s: %d\n%s", address, status, page)
			}
		}
	}
	has(t, "the way in", signIn, "Sign in")
}
