package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/node"
)

// A notice says that something waits at the desk, and nothing else: not what, not
// from whom, not how much. What waits is judged for the person who is told, by what
// that person may see.

func spaceNotice(operator string) string { return "web.notice/" + operator }

const noticeKey = "settings"

// noticeSettings are what a person wants to be told, and what was told last.
type noticeSettings struct {
	Desktop  bool         `json:"desktop,omitempty"`
	Address  string       `json:"address,omitempty"` // confirmed
	Language string       `json:"language,omitempty"`
	Pending  string       `json:"pending,omitempty"` // address that is not confirmed yet
	Code     string       `json:"code,omitempty"`    // hash of what confirms it
	Until    entente.Time `json:"until,omitzero"`    // of the code
	Sent     entente.Time `json:"sent,omitzero"`
	Mark     string       `json:"mark,omitempty"` // what was waiting then
	Looked   bool         `json:"looked,omitempty"`
	Failed   entente.Time `json:"failed,omitzero"` // when a message could not be sent; zero since one could
}

const (
	noticePause = time.Hour        // between two messages to one person
	noticeLook  = 5 * time.Second  // between two looks of the loop
	codeTime    = 24 * time.Hour   // to confirm an address
	noticeTries = 15 * time.Minute // after a message that could not be sent
)

func (d *Door) noticeRoutes() {
	d.page("GET /notices", func(v *visit) error { return v.showNotices(http.StatusOK, "") })
	d.page("POST /notices/desktop", (*visit).setDesktop)
	d.page("POST /notices/address", (*visit).setAddress)
	d.page("POST /notices/confirm", (*visit).confirmAddress)
}

func (d *Door) noticesOf(ctx context.Context, operator string) (noticeSettings, error) {
	var s noticeSettings
	note, err := d.node.Kept(ctx, spaceNotice(operator), noticeKey)
	if errors.Is(err, entente.ErrHidden) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(note.Value, &s)
	}
	return s, err
}

func (d *Door) keepNotices(ctx context.Context, operator string, s noticeSettings) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return d.node.Keep(ctx, node.Note{Space: spaceNotice(operator), Key: noticeKey, Value: b})
}

// waits names what waits for somebody: it changes with everything newer, and is empty
// where nothing does.
func (d *Door) waits(ctx context.Context, who *visitor) (string, error) {
	v := &visit{Door: d, r: (&http.Request{}).WithContext(ctx), who: who, language: d.pages.words[Languages[0]]}
	mark := ""
	if who.Is(readers...) {
		others := false
		page, err := d.node.Read(ctx, v.reader(), node.Query{Own: &others, Newest: true, Limit: 20})
		if err != nil {
			return "", err
		}
		m, err := v.marks()
		if err != nil {
			return "", err
		}
		for _, view := range page.Views {
			unread, err := m.unread(view.ID(), view.Object().Arrived)
			if err != nil {
				return "", err
			}
			if unread {
				mark = string(view.ID())
				break
			}
		}
	}
	if who.Is(signers...) {
		open, err := d.node.Proposals(ctx)
		if err != nil {
			return "", err
		}
		for _, p := range open {
			var order node.Proposed
			if err := json.Unmarshal(p.Order, &order); err != nil {
				return "", err
			}
			if slices.Contains(p.Approved, who.Name) {
				continue
			}
			_, err := v.words(order)
			if kind := entente.KindOf(err); kind == entente.Hidden || kind == entente.Refused {
				continue // it is not for this person to approve
			}
			if err != nil {
				return "", err
			}
			mark += " " + p.ID
		}
	}
	return mark, nil
}

// noticed is what waits for the visitor, if the visitor wants to be told on the screen.
func (v *visit) noticed(ctx context.Context) (string, error) {
	s, err := v.noticesOf(ctx, v.who.Name)
	if err != nil || !s.Desktop {
		return "", err
	}
	return v.waits(ctx, v.who)
}

// looked notes that the visitor has seen what waits, so that the next thing is told.
func (v *visit) looked() error {
	s, err := v.noticesOf(v.r.Context(), v.who.Name)
	if err != nil || s.Sent.IsZero() || s.Looked {
		return err
	}
	s.Looked = true
	return v.keepNotices(v.r.Context(), v.who.Name, s)
}

// sendNotices tells by mail everybody for whom something waits and who has not been
// told of it, at most once an hour, and not again before the person has looked.
func (d *Door) sendNotices(ctx context.Context) error {
	all, err := d.node.Operators(ctx)
	if err != nil {
		return err
	}
	now := d.clock()
	for _, o := range all {
		s, err := d.noticesOf(ctx, o.Name)
		if err != nil {
			return err
		}
		if s.Address == "" || !s.Sent.IsZero() && (!s.Looked || now.Sub(s.Sent.Time) < noticePause) || !s.Failed.IsZero() && now.Sub(s.Failed.Time) < noticeTries {
			continue
		}
		mark, err := d.waits(ctx, &visitor{Name: o.Name, Roles: o.Roles, Groups: o.Groups, key: o.Key})
		if err != nil {
			return err
		}
		if mark == "" || mark == s.Mark {
			continue
		}
		l := d.languageOf(s.Language)
		text := l.T("notice.waits") + "\n\n" + d.origin.String() + "\n"
		if err := d.mail.send(ctx, s.Address, l.T("notice.waits"), text, now); err != nil {
			d.log.Error("a notice could not be mailed", "error", err)
			s.Failed = entente.At(now)
		} else {
			s.Sent, s.Mark, s.Looked, s.Failed = entente.At(now), mark, false, entente.Time{}
		}
		if err := d.keepNotices(ctx, o.Name, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *Door) languageOf(code string) language {
	if l, ok := d.pages.words[code]; ok {
		return l
	}
	return d.pages.words[Languages[0]]
}

// tell sends notices whenever something has changed, until ctx ends.
func (d *Door) tell(ctx context.Context) {
	if d.mail == nil {
		return
	}
	for {
		changed := d.node.Changed()
		if err := d.sendNotices(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("notices", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-time.After(noticeTries): // what failed, or had to wait
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(noticeLook):
		}
	}
}

// noticesPage is what the visitor wants to be told, and how.
type noticesPage struct {
	Desktop bool
	Mail    bool // there is a mail server
	Address string
	Pending string
	Code    string // in the address that was mailed
	Failed  entente.Time
	Wrong   string // key of a text
}

func (v *visit) showNotices(status int, wrong string) error {
	s, err := v.noticesOf(v.r.Context(), v.who.Name)
	if err != nil {
		return err
	}
	return v.showStatus(status, "notices", noticesPage{
		Desktop: s.Desktop, Mail: v.mail != nil, Address: s.Address, Pending: s.Pending, Failed: s.Failed, Wrong: wrong, Code: v.r.URL.Query().Get("code"),
	})
}

func (v *visit) toNotices() error {
	http.Redirect(v.w, v.r, "/notices", http.StatusSeeOther)
	return nil
}

func (v *visit) setDesktop() error {
	s, err := v.noticesOf(v.r.Context(), v.who.Name)
	if err != nil {
		return err
	}
	s.Desktop = v.r.PostFormValue("on") != ""
	if err := v.keepNotices(v.r.Context(), v.who.Name, s); err != nil {
		return err
	}
	return v.toNotices()
}

// setAddress mails a code to an address, or takes the address away. It takes the
// password: notices say when somebody works.
func (v *visit) setAddress() error {
	ctx := v.r.Context()
	s, err := v.noticesOf(ctx, v.who.Name)
	if err != nil {
		return err
	}
	if v.r.PostFormValue("none") != "" {
		s.Address, s.Pending, s.Code, s.Failed = "", "", "", entente.Time{}
		if err := v.keepNotices(ctx, v.who.Name, s); err != nil {
			return err
		}
		return v.toNotices()
	}
	if v.mail == nil {
		return entente.ErrHidden
	}
	_, err = v.unseal(ctx, v.who.Name, v.r.PostFormValue("password"))
	if errors.Is(err, errPassword) {
		return v.showNotices(http.StatusForbidden, "sign.wrong")
	}
	if err != nil {
		return err
	}
	address, err := addressOf(strings.TrimSpace(v.r.PostFormValue("address")))
	if err != nil {
		return v.showNotices(http.StatusBadRequest, "notice.noaddress")
	}
	code := secret()
	s.Pending, s.Code, s.Until, s.Language = address, hashed(code), entente.At(v.clock().Add(codeTime)), v.language.Code
	text := fmt.Sprintf("%s\n\n%s\n", v.T("notice.confirm.mail"), v.origin.JoinPath("/notices").String()+"?code="+code)
	if err := v.mail.send(ctx, address, v.T("notice.confirm.subject"), text, v.clock()); err != nil {
		v.log.Error("a code could not be mailed", "error", err)
		return v.showNotices(http.StatusBadGateway, "notice.failed")
	}
	if err := v.keepNotices(ctx, v.who.Name, s); err != nil {
		return err
	}
	return v.toNotices()
}

// confirmAddress takes the code that was mailed.
func (v *visit) confirmAddress() error {
	s, err := v.noticesOf(v.r.Context(), v.who.Name)
	if err != nil {
		return err
	}
	if s.Code == "" || hashed(v.r.PostFormValue("code")) != s.Code || v.clock().After(s.Until.Time) {
		return v.showNotices(http.StatusForbidden, "notice.wrongcode")
	}
	s.Address, s.Pending, s.Code, s.Failed = s.Pending, "", "", entente.Time{}
	if err := v.keepNotices(v.r.Context(), v.who.Name, s); err != nil {
		return err
	}
	return v.toNotices()
}

func noticeStories() []story {
	return []story{
		{"notices", "nothing", storyWho, noticesPage{Mail: true}},
		{"notices", "both", storyWho, noticesPage{Desktop: true, Mail: true, Address: "mira@example.org"}},
		{"notices", "to confirm", storyWho, noticesPage{Mail: true, Pending: "mira@example.org", Code: "x"}},
		{"notices", "not delivered", storyWho, noticesPage{Mail: true, Address: "mira@example.org", Failed: storyTime}},
		{"notices", "no mail", storyWho, noticesPage{}},
		{"notices", "wrong", storyWho, noticesPage{Mail: true, Wrong: "notice.noaddress"}},
	}
}
