package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
)

// demoPersons are invented: one at each party's desk.
var demoPersons = []string{"amira", "boris", "carla", "dario"}

// desks lets a person of each party sign in to its desk in the browser, and
// looks at what that person sees there.
func (d *demo) desks() error {
	d.step("The four desks in the browser", "Each shows its party's people what the party has, and nothing else.")
	d.command("each", "entente operator add NAME --role analyst --role releaser ...")
	d.command("each", "entente operator link NAME")
	_, all, err := d.sees(d.belisk()) // has everything that was released to anybody but the tearline
	if err != nil {
		return err
	}
	rows := [][]string{{"PARTY", "PERSON", "DESK", "IN THE INBOX"}}
	shown, hidden, once := true, true, true
	for i, p := range d.parties {
		p.person = demoPersons[i]
		if err := p.read(&operatorAddAnswer{}, "operator", "add", p.person, "--role", "analyst", "--role", "releaser", "--role", "chair"); err != nil {
			return err
		}
		_, records, err := d.sees(p)
		if err != nil {
			return err
		}
		inbox, again, err := p.inbox()
		if err != nil {
			return err
		}
		id := func(r recordLine) string { return html.EscapeString(string(r.Record)) }
		count := 0
		for _, r := range records {
			if strings.Contains(inbox, `class="title" href="/record/`+id(r)+`"`) { // a row, not a chip of another
				count++
			}
		}
		shown = shown && count == min(len(records), 50) // a page
		for _, r := range all {
			own := slices.ContainsFunc(records, func(x recordLine) bool { return x.Record == r.Record })
			hidden = hidden && (own || !strings.Contains(inbox, id(r)))
		}
		once = once && again == http.StatusNotFound
		rows = append(rows, []string{p.name, p.person, p.desk, fmt.Sprintf("%d of %d", count, len(records))})
	}
	d.table(rows)
	d.claim(once, "each person came in by a link that works once")
	d.claim(shown, "each inbox shows what the command line lists, the newest 50 on its page")
	d.claim(hidden, "and nothing of what only others have")
	return nil
}

// link makes a link by which the party's person signs in.
func (p *demoParty) link() (string, error) {
	var a linkAnswer
	err := p.read(&a, "operator", "link", p.person)
	return a.Link, err
}

// inbox signs in to the party's desk, as a browser would, and gives the page, and
// how the desk answers when the link is used again.
func (p *demoParty) inbox() (page string, again int, err error) {
	link, err := p.link()
	if err != nil {
		return "", 0, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", 0, err
	}
	ask := func(client *http.Client, method, url string) (string, int, error) {
		r, err := http.NewRequestWithContext(p.demo.ctx, method, url, nil)
		if err != nil {
			return "", 0, err
		}
		res, err := client.Do(r)
		if err != nil {
			return "", 0, fmt.Errorf("%s: desk: %w", p.name, err)
		}
		b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
		return string(b), res.StatusCode, errors.Join(err, res.Body.Close())
	}
	person := &http.Client{Jar: secureJar{jar}}
	if _, _, err := ask(person, http.MethodPost, link); err != nil {
		return "", 0, err
	}
	if page, _, err = ask(person, http.MethodGet, p.desk+"/inbox"); err != nil {
		return "", 0, err
	}
	_, again, err = ask(&http.Client{}, http.MethodPost, link)
	return page, again, err
}

// secureJar takes localhost for secure, as browsers do.
type secureJar struct{ http.CookieJar }

func (j secureJar) SetCookies(u *url.URL, c []*http.Cookie) {
	j.CookieJar.SetCookies(asSecure(u), c)
}
func (j secureJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asSecure(u)) }

func asSecure(u *url.URL) *url.URL {
	s := *u
	s.Scheme = "https"
	return &s
}
