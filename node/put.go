package node

import (
	"bytes"
	"context"

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
// by (STIX id, modified, content).
func (n *Node) Put(ctx context.Context, objects []stix.Object) ([]Put, error) {
	n.saying.Lock()
	defer n.saying.Unlock()
	out := make([]Put, len(objects))
	var parcel entente.Parcel
	var fresh []int
	err := n.view(ctx, func(d *desk) error {
		known, err := d.ownVersions(objects)
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
			rec, err := entente.NewRecord(d.self, entente.MediaSTIX, d.time(), nil, o.Raw)
			if err != nil {
				return entente.Errorf(entente.Invalid, "", "object %s: %w", o.ID, err)
			}
			out[i].Record = rec.ID
			known[key] = append(known[key], version{rec.ID, o.Raw})
			parcel.Records = append(parcel.Records, rec.Bytes)
			fresh = append(fresh, i)
		}
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return out, err
	}
	_, err = n.Accept(ctx, n.self, entente.Batch{Parcels: []entente.Parcel{parcel}})
	return out, err
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
