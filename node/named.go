package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/release"
	"entente/store"
)

// maxNamed is how many records one query may name.
const maxNamed = 1000

// readNamed gives the records of these ids, and the versions of these objects, as
// far as the reader may see them.
func (d *desk) readNamed(r entente.Reader, names []string) ([]release.View, error) {
	if len(names) > maxNamed {
		return nil, entente.Errorf(entente.Invalid, "ask in portions", "%d records are named, at most %d can be", len(names), maxNamed)
	}
	var ids []entente.RecordID
	var objects []string
	for _, name := range names {
		if strings.Contains(name, "--") {
			objects = append(objects, name)
		} else {
			ids = append(ids, entente.RecordID(name))
		}
	}
	rows, err := d.RecordsNamed(ids, objects)
	if err != nil {
		return nil, err
	}
	return d.showAll(r, rows)
}

// showAll makes the views of rows, leaving out what the reader may not see.
func (d *desk) showAll(r entente.Reader, rows []store.Record) ([]release.View, error) {
	var granted []entente.RecordID
	for _, row := range rows {
		if row.Originator != r.Party {
			granted = append(granted, row.ID)
		}
	}
	grants, err := d.GrantsTo(r.Party, granted)
	if err != nil {
		return nil, err
	}
	by := map[entente.RecordID][]store.Grant{}
	for _, g := range grants {
		by[g.Record] = append(by[g.Record], g)
	}
	var views []release.View
	for _, row := range rows {
		v, ok, err := d.show(r, row, by[row.ID])
		if err != nil {
			return nil, err
		}
		if ok {
			views = append(views, v)
		}
	}
	return views, nil
}

// Closure gives own records and, behind them, all own records that they refer to,
// directly or through others: of each object the newest version, each once. It
// leaves out what the reader may not see; whether something is missing says the
// preview. An object with two newest contents is a conflict.
func (n *Node) Closure(ctx context.Context, r entente.Reader, records []entente.RecordID) ([]entente.RecordID, error) {
	var out []entente.RecordID
	err := n.view(ctx, func(d *desk) error {
		if err := d.mayRead(r); err != nil {
			return err
		}
		rows, err := d.RecordsNamed(records, nil)
		if err != nil {
			return err
		}
		out = slices.Clone(records)
		inside := map[entente.RecordID]bool{}
		objects := map[string]bool{} // asked for, or inside
		for _, row := range rows {
			inside[row.ID] = true
			objects[row.STIX] = true
		}
		for len(rows) > 0 {
			var refs []string
			for _, row := range rows {
				for _, ref := range strings.Fields(row.Refs) {
					if !objects[ref] {
						objects[ref] = true
						refs = append(refs, ref)
					}
				}
			}
			if rows, err = d.newestOwn(refs); err != nil {
				return err
			}
			views, err := d.showAll(r, rows)
			if err != nil {
				return err
			}
			for _, v := range views {
				if !inside[v.ID()] {
					inside[v.ID()] = true
					out = append(out, v.ID())
				}
			}
			rows = slices.DeleteFunc(rows, func(row store.Record) bool { return !inside[row.ID] })
		}
		return nil
	})
	return out, err
}

// newestOwn gives the newest version of each of these objects that this party
// has of its own.
func (d *desk) newestOwn(objects []string) ([]store.Record, error) {
	rows, err := d.RecordsNamed(nil, objects)
	if err != nil {
		return nil, err
	}
	newest := map[string]store.Record{}
	twice := map[string]bool{}
	for _, row := range rows {
		if row.Originator != d.self || row.Gone != "" {
			continue
		}
		before, ok := newest[row.STIX]
		order := 1
		if ok {
			order = compareVersions(row.Version, before.Version)
		}
		if order > 0 {
			newest[row.STIX] = row
		}
		twice[row.STIX] = order == 0 || twice[row.STIX] && order < 0
	}
	out := make([]store.Record, 0, len(newest))
	for _, row := range rows {
		if newest[row.STIX].ID != row.ID {
			continue
		}
		if twice[row.STIX] {
			return nil, entente.Errorf(entente.Conflict, "name the content that is meant by its record id; entente conflicts lists both", "%s has two contents under one modified time", row.STIX)
		}
		out = append(out, row)
	}
	return out, nil
}

// compareVersions compares two modified times, which may be written with
// different precision.
func compareVersions(a, b string) int {
	x, errX := time.Parse(time.RFC3339Nano, a)
	y, errY := time.Parse(time.RFC3339Nano, b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return x.Compare(y)
}
