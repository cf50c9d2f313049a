package node

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"entente"
	"entente/stix"
	"entente/store"
)

// Put is what became of one object that was put.
type Put struct {
	STIX   stix.ID
	Record entente.RecordID
	// Known: this very content was there already.
	Known bool
	// Conflicts are own records with other content under the same STIX id and
	// the same modified time. All are kept.
	Conflicts []entente.RecordID
}

// Put makes records of objects and accepts them, all or none. It is idempotent
// by (STIX id, modified, content). Objects are those that package stix has read
// or made: they are not parsed again.
func (n *Node) Put(ctx context.Context, objects []stix.Object) ([]Put, error) {
	n.saying.Lock()
	defer n.saying.Unlock()
	out := make([]Put, len(objects))
	var parcel arrived
	err := n.view(ctx, func(d *desk) error {
		known, err := d.ownVersions(objects)
		if err != nil {
			return err
		}
		items, err := d.draft(objects, known)
		if err != nil {
			return err
		}
		for i, o := range objects {
			out[i].STIX = o.ID
			key := versionKey{string(o.ID), o.Version()}
			for _, v := range known[key] {
				if bytes.Equal(v.body, o.Raw) {
					out[i].Record, out[i].Known = v.id, true
				} else {
					out[i].Conflicts = append(out[i].Conflicts, v.id)
				}
			}
			if out[i].Known {
				continue
			}
			out[i].Record = items[i].rec.ID
			known[key] = append(known[key], version{items[i].rec.ID, o.Raw})
			parcel.records = append(parcel.records, items[i])
		}
		return nil
	})
	if err != nil || len(parcel.records) == 0 {
		return out, err
	}
	_, err = n.acceptParcels(ctx, n.self, entente.Batch{}, []arrived{parcel})
	return out, err
}

// draft makes records of those objects that are not known, on all processors.
func (d *desk) draft(objects []stix.Object, known map[versionKey][]version) ([]item, error) {
	items, errs := make([]item, len(objects)), make([]error, len(objects))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(objects)); i = next.Add(1) - 1 {
				o := &objects[i]
				if slices.ContainsFunc(known[versionKey{string(o.ID), o.Version()}], func(v version) bool { return bytes.Equal(v.body, o.Raw) }) {
					continue
				}
				rec, err := entente.NewRecord(d.self, entente.MediaSTIX, d.time(), nil, o.Raw)
				if err != nil {
					errs[i] = entente.Errorf(entente.Invalid, "", "object %s: %w", o.ID, err)
					continue
				}
				items[i] = itemOf(rec, *o)
			}
		})
	}
	wg.Wait()
	return items, errors.Join(errs...)
}

type versionKey struct{ stix, modified string }

type version struct {
	id   entente.RecordID
	body []byte
}

// ownVersions reads the party's own records of these objects.
func (d *desk) ownVersions(objects []stix.Object) (map[versionKey][]version, error) {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = string(o.ID)
	}
	rows, err := d.VersionsOf(d.self, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[versionKey][]version, len(rows)+len(objects))
	for _, row := range rows {
		if row.Gone != "" {
			continue
		}
		rec, err := entente.ParseRecord(row.Bytes)
		if err != nil {
			return nil, brokenRow("record", row.ID, err)
		}
		key := versionKey{row.STIX, row.Version}
		out[key] = append(out[key], version{row.ID, rec.Body})
	}
	return out, nil
}

// Conflicts lists own objects that have two contents under one modified time.
func (n *Node) Conflicts(ctx context.Context) (map[string][]entente.RecordID, error) {
	out := map[string][]entente.RecordID{}
	err := n.view(ctx, func(d *desk) error {
		seen := map[versionKey][]entente.RecordID{}
		err := d.EachRecord(func(row store.Record) error {
			if row.Originator == d.self && row.Gone == "" {
				k := versionKey{row.STIX, row.Version}
				seen[k] = append(seen[k], row.ID)
			}
			return nil
		})
		for k, ids := range seen {
			if len(ids) > 1 {
				out[k.stix+" "+k.modified] = ids
			}
		}
		return err
	})
	return out, err
}
