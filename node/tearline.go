package node

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"entente"
	"entente/release"
	"entente/stix"
	"entente/store"
)

// A tearline is a record of its own that tells less. Which fuller record it was
// made from is kept in this party's store alone: it stands in no header, no
// release and no log of a compact. The link is by STIX id, so that it holds for
// later versions of either, and made before the tearline is kept: whatever stops
// the node in between, no tearline is without it.

// tearlineOf is the link from a tearline to what it was made from.
type tearlineOf struct {
	STIX   string           `json:"stix"`   // of the fuller object
	Record entente.RecordID `json:"record"` // the version of it that was cut
	// Fresh: the tearline has an origin tag of its own.
	Fresh bool `json:"fresh,omitempty"`
}

// Keys of meta rows.
const (
	metaTearlines = "tearlines"  // set once there is any
	metaFuller    = "tearline/"  // and the STIX id of a tearline: a tearlineOf in JSON
	metaCut       = "tearlines/" // and the STIX id of a fuller object: the STIX ids of its tearlines
)

// tearlineLinks are links that a transaction has looked up; nil maps: there are none at all.
type tearlineLinks struct {
	fuller map[string]*tearlineOf // by the STIX id of what may be a tearline
	cut    map[string][]string    // tearlines by the STIX id of the fuller object
}

func (d *desk) links() (*tearlineLinks, error) {
	if d.tearlines == nil {
		_, any, err := d.Meta(metaTearlines)
		if err != nil {
			return nil, err
		}
		d.tearlines = &tearlineLinks{}
		if any {
			d.tearlines = &tearlineLinks{map[string]*tearlineOf{}, map[string][]string{}}
		}
	}
	return d.tearlines, nil
}

// TearlineOrder says what a tearline is made from, and how.
type TearlineOrder struct {
	Record  entente.RecordID
	Changes []stix.Change
	// FreshOrigin gives it an origin tag of its own: nobody can tell that it and the
	// fuller record rest on one observation, and who has both counts two.
	FreshOrigin bool
	// Operator is the person who makes it; empty: the party as a whole.
	Operator string
}

// Tearline is a tearline that was made.
type Tearline struct {
	Put
	Object   stix.Object
	Warnings []release.Warning
}

// TearlineNote is what a preview says of a tearline among the records.
type TearlineNote struct {
	Record entente.RecordID
	Name   string
	// Fresh: it has an origin tag of its own.
	Fresh    bool
	Warnings []release.Warning
}

// Tearline makes a tearline of an own record and keeps it as a separate one. What
// the fuller record rests on, the tearline rests on; the groups that may read the
// one may read the other. Nothing is released, and recalls of the one leave the
// other alone. Warnings say what the tearline may still give away.
func (n *Node) Tearline(ctx context.Context, o TearlineOrder) (Tearline, error) {
	page, err := n.Read(ctx, entente.Reader{Party: n.self, Operator: o.Operator}, Query{Record: string(o.Record)})
	if err != nil {
		return Tearline{}, err
	}
	view := page.Views[0]
	if view.Header().Originator != n.self {
		return Tearline{}, entente.Errorf(entente.Refused, "ask its originator for a tearline, or put work of your own and name it as a source: entente derive",
			"record %s is another party's", entente.Short(o.Record))
	}
	full, err := stix.Parse(view.Body())
	if err != nil {
		return Tearline{}, entente.Errorf(entente.Invalid, "a tearline is made from a STIX object", "record %s: %w", entente.Short(o.Record), err)
	}
	tear, err := stix.Edit(full, n.clock(), o.Changes)
	if err != nil {
		return Tearline{}, entente.Errorf(entente.Invalid, "paths are JSON Pointers into the object: entente show --raw shows it", "%w", err)
	}
	link, err := json.Marshal(tearlineOf{STIX: string(full.ID), Record: o.Record, Fresh: o.FreshOrigin})
	if err != nil {
		return Tearline{}, err
	}
	err = n.update(ctx, func(d *desk) error {
		others, _, err := d.Meta(metaCut + string(full.ID))
		if err != nil {
			return err
		}
		for key, value := range map[string]string{
			metaTearlines: "yes", metaFuller + string(tear.ID): string(link),
			metaCut + string(full.ID): strings.TrimSpace(others + " " + string(tear.ID)),
		} {
			if err := d.SetMeta(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Tearline{}, err
	}
	put, err := n.Put(ctx, []stix.Object{tear})
	if err != nil {
		return Tearline{}, err
	}
	return Tearline{Put: put[0], Object: tear, Warnings: release.CheckTearline(full, tear)}, nil
}

// tearlinesInherit gives new versions of tearlines the sources and the groups of
// what they were made from, in the transaction that keeps them.
func (d *desk) tearlinesInherit(items []item) error {
	for i := range items {
		link, err := d.fullerOf(items[i].row.STIX)
		if err != nil {
			return err
		}
		if link == nil {
			continue
		}
		id := items[i].rec.ID
		sources, err := d.Tx.Sources(link.Record)
		if err != nil {
			return err
		}
		if err := d.InsertSources(id, sources); err != nil {
			return err
		}
		groups, err := d.Groups(link.Record)
		if err != nil {
			return err
		}
		if err := d.Tx.SetGroups(id, groups); err != nil {
			return err
		}
		if err := d.event(store.Event{What: "tearline", Subject: string(id), Detail: "made from " + string(link.Record)}); err != nil {
			return err
		}
	}
	return nil
}

// tearlinesRest notes that the tearlines of an own record rest on what it rests on.
func (d *desk) tearlinesRest(object string, sources []entente.RecordID) error {
	rows, err := d.tearlineRows(object)
	for _, row := range rows {
		if err == nil {
			err = d.InsertSources(row.ID, sources)
		}
	}
	return err
}

// fullerOf is the link of an own object that is a tearline; nil if it is none.
func (d *desk) fullerOf(object string) (*tearlineOf, error) {
	links, err := d.links()
	if err != nil || links.fuller == nil {
		return nil, err
	}
	if link, ok := links.fuller[object]; ok {
		return link, nil
	}
	text, ok, err := d.Meta(metaFuller + object)
	if err != nil {
		return nil, err
	}
	var link *tearlineOf
	if ok {
		link = &tearlineOf{}
		if err := json.Unmarshal([]byte(text), link); err != nil {
			return nil, brokenRow("tearline", object, err)
		}
	}
	links.fuller[object] = link
	return link, nil
}

// rootOf is the object whose origin tag an own object has: its own, unless it is
// a tearline without one.
func (d *desk) rootOf(object string) (string, error) {
	for {
		link, err := d.fullerOf(object)
		if err != nil || link == nil || link.Fresh {
			return object, err
		}
		object = link.STIX
	}
}

// ownOrigin says whether an object is a tearline with an origin tag of its own.
func (d *desk) ownOrigin(object string) (bool, error) {
	link, err := d.fullerOf(object)
	return link != nil && link.Fresh, err
}

// tearlineRows are the own records that are tearlines of an object, of one that is
// a tearline of it, and so on; oldest first.
func (d *desk) tearlineRows(object string) ([]store.Record, error) {
	links, err := d.links()
	if err != nil || links.cut == nil {
		return nil, err
	}
	var ids []string
	for next := []string{object}; len(next) > 0; next = next[1:] {
		cut, known := links.cut[next[0]]
		if !known {
			text, _, err := d.Meta(metaCut + next[0])
			if err != nil {
				return nil, err
			}
			cut = strings.Fields(text)
			links.cut[next[0]] = cut
		}
		ids, next = append(ids, cut...), append(next, cut...)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := d.VersionsOf(d.self, ids)
	slices.SortFunc(rows, func(a, b store.Record) int { return int(a.N - b.N) })
	return slices.DeleteFunc(rows, func(r store.Record) bool { return r.Gone != "" }), err
}

// Tearlines are the tearlines of an own record, of each the newest version, as far as
// the reader may see them; entente.ErrHidden if the record is none for the reader.
func (n *Node) Tearlines(ctx context.Context, r entente.Reader, record entente.RecordID) ([]release.View, error) {
	var out []release.View
	err := n.view(ctx, func(d *desk) error {
		if err := d.mayRead(r); err != nil {
			return err
		}
		views, err := d.readOne(r, Query{Record: string(record)})
		if err != nil {
			return err
		}
		if views[0].ID() != record || views[0].Header().Originator != d.self {
			return entente.ErrHidden
		}
		rows, err := d.tearlineRows(views[0].Object().STIX)
		if err != nil {
			return err
		}
		newest := map[string]store.Record{}
		for _, row := range rows { // oldest first
			newest[row.STIX] = row
		}
		rows = slices.DeleteFunc(rows, func(row store.Record) bool { return newest[row.STIX].ID != row.ID })
		out, err = d.showAll(r, rows)
		return err
	})
	return out, err
}

// superseded finds, for each record, the newest tearline of it that the party
// has from this party in this compact.
func (d *desk) superseded(to entente.PartyID, id entente.CompactID, facts []release.Fact) (map[entente.RecordID]entente.RecordID, error) {
	var out map[entente.RecordID]entente.RecordID
	for _, f := range facts {
		if f.Originator != d.self {
			continue
		}
		rows, err := d.tearlineRows(f.STIX)
		if err != nil {
			return nil, err
		}
		for _, row := range slices.Backward(rows) {
			grants, err := d.GrantsFor(to, id, row.ID)
			if err != nil {
				return nil, err
			}
			if len(grants) == 0 || row.ID == f.ID {
				continue
			}
			if out == nil {
				out = map[entente.RecordID]entente.RecordID{}
			}
			out[f.ID] = row.ID
			break
		}
	}
	return out, nil
}

// tearlineNotes checks those records that are tearlines against what they were made from.
func (d *desk) tearlineNotes(records []entente.RecordID) ([]TearlineNote, error) {
	if links, err := d.links(); err != nil || links.fuller == nil {
		return nil, err
	}
	rows, err := d.RecordInfos(records)
	if err != nil {
		return nil, err
	}
	var out []TearlineNote
	for _, row := range rows {
		link, err := d.fullerOf(row.STIX)
		if err != nil {
			return nil, err
		}
		if link == nil || row.Originator != d.self || row.Gone != "" {
			continue
		}
		tear, err := d.objectOf(row.ID)
		if err != nil {
			return nil, err
		}
		full, err := d.objectOf(link.Record)
		if err != nil {
			return nil, err
		}
		out = append(out, TearlineNote{Record: row.ID, Name: row.Name, Fresh: link.Fresh, Warnings: release.CheckTearline(full, tear)})
	}
	return out, nil
}

// objectOf reads the object of an own record.
func (d *desk) objectOf(id entente.RecordID) (stix.Object, error) {
	row, err := d.Record(id)
	if err != nil {
		return stix.Object{}, err
	}
	rec, err := entente.ParseRecord(row.Bytes)
	if err != nil {
		return stix.Object{}, brokenRow("record", id, err)
	}
	o, err := stix.Parse(rec.Body)
	if err != nil {
		return o, brokenRow("record", id, err)
	}
	return o, nil
}
