package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"entente"
	"entente/node"
	"entente/release"
)

// listPage is a list of records: the inbox, or the party's own.
type listPage struct {
	Own    bool
	Rows   []listRow
	From   string // filters, as chosen
	Type   string
	Unread bool
	Froms  []option
	Types  []string
	Here   string // path with the filters
	Next   string // path of the next page; empty: there is none
	First  string // path of the first page; empty: this is it
}

type listRow struct {
	Record  entente.RecordID
	Name    string
	Type    string
	From    string // the originator's name
	TLP     entente.TLP
	Arrived entente.Time
	Unread  bool
}

// option is something to choose from.
type option struct{ Value, Name string }

// listSize is how many records a page shows.
const listSize = 50

// listTypes are the types that the filter offers.
var listTypes = []string{"report", "note", "sighting", "identity", "location", "relationship", "indicator", "opinion", "observed-data", "artifact"}

func (d *Door) inboxRoutes() {
	d.page("GET /inbox", func(v *visit) error { return v.list(false) }, readers...)
	d.page("GET /records", func(v *visit) error { return v.list(true) }, readers...)
	d.page("POST /inbox/read", (*visit).markRead, readers...)
}

// list shows records, the newest first. The filters stand in the address.
func (v *visit) list(own bool) error {
	ask := v.r.URL.Query()
	q := node.Query{Own: &own, Newest: true, Limit: listSize, Type: ask.Get("type"), Originator: entente.PartyID(ask.Get("from")), After: ask.Get("after")}
	page, err := v.node.Read(v.r.Context(), v.reader(), q)
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	out := listPage{Own: own, From: ask.Get("from"), Type: q.Type, Unread: ask.Get("unread") != "", Types: listTypes}
	for _, view := range page.Views {
		row := rowOf(view, names)
		if !own {
			if row.Unread, err = v.unread(row.Record, row.Arrived); err != nil {
				return err
			}
			if out.Unread && !row.Unread {
				continue
			}
		}
		out.Rows = append(out.Rows, row)
	}
	for id, name := range names {
		if id != v.node.Self() {
			out.Froms = append(out.Froms, option{string(id), name})
		}
	}
	slices.SortFunc(out.Froms, func(a, b option) int { return compareText(a.Name, b.Name) })
	to := func(after string) string {
		u := url.Values{}
		for _, key := range []string{"from", "type", "unread"} {
			if ask.Get(key) != "" {
				u.Set(key, ask.Get(key))
			}
		}
		if after != "" {
			u.Set("after", after)
		}
		if len(u) == 0 {
			return v.r.URL.Path
		}
		return v.r.URL.Path + "?" + u.Encode()
	}
	out.Here = to(q.After)
	if page.More {
		out.Next = to(page.Next)
	}
	if q.After != "" {
		out.First = to("")
	}
	return v.show("inbox", out)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func rowOf(view release.View, names map[entente.PartyID]string) listRow {
	o := view.Object()
	row := listRow{Record: view.ID(), Name: o.Name, Type: o.Type, From: names[view.Header().Originator], Arrived: o.Arrived}
	if row.Name == "" {
		row.Name = o.STIX
	}
	if grants := view.Grants(); len(grants) > 0 {
		row.TLP = grants[0].Handling.TLP
	}
	return row
}

// names are what the parties known here call themselves.
func (v *visit) names() (map[entente.PartyID]string, error) {
	all, err := v.node.Parties(v.r.Context())
	out := make(map[entente.PartyID]string, len(all))
	for _, p := range all {
		out[p.ID] = p.Name
	}
	return out, err
}

// What a person has read: single records, and everything that had arrived when
// the person said so.
func spaceRead(operator string) string { return "web.read/" + operator }

const readUpTo = "up to"

func (v *visit) unread(record entente.RecordID, arrived entente.Time) (bool, error) {
	ctx := v.r.Context()
	upTo, err := v.node.Kept(ctx, spaceRead(v.who.Name), readUpTo)
	if err == nil && arrived.String() <= string(upTo.Value) {
		return false, nil
	}
	if err != nil && entente.KindOf(err) != entente.Hidden {
		return false, err
	}
	_, err = v.node.Kept(ctx, spaceRead(v.who.Name), string(record))
	if entente.KindOf(err) == entente.Hidden {
		return true, nil
	}
	return false, err
}

func (v *visit) haveRead(ctx context.Context, records ...string) error {
	var notes []node.Note
	for _, r := range records {
		notes = append(notes, node.Note{Space: spaceRead(v.who.Name), Key: r, Value: []byte{}})
	}
	return v.node.Keep(ctx, notes...)
}

// markRead marks those that are ticked, or all that has arrived so far.
func (v *visit) markRead() error {
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	ctx := v.r.Context()
	if v.r.PostForm.Get("all") != "" {
		now := node.Note{Space: spaceRead(v.who.Name), Key: readUpTo, Value: []byte(entente.At(v.clock()).String())}
		if err := v.node.Keep(ctx, now); err != nil {
			return err
		}
	} else if ids := v.r.PostForm["record"]; len(ids) > 0 && len(ids) <= listSize {
		if err := v.haveRead(ctx, ids...); err != nil {
			return err
		}
	}
	http.Redirect(v.w, v.r, here(v.r.PostForm.Get("back")), http.StatusSeeOther)
	return nil
}
