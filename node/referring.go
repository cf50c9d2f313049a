package node

import (
	"entente"
	"entente/release"
	"entente/store"
)

// readReferring fills a page with records that refer to an object and that the
// reader may see, and looks one view further. Each is judged by itself: who may
// see the object says nothing here.
func (d *desk) readReferring(r entente.Reader, q Query) (Page, error) {
	var page Page
	for after := int64(0); ; {
		rows, err := d.Referring(q.RefersTo, after, q.Limit+1)
		if err != nil {
			return page, err
		}
		for _, row := range rows {
			after = row.N
			if q.Type != "" && row.Type != q.Type {
				continue
			}
			v, ok, err := d.showWhole(r, row)
			if err != nil {
				return page, err
			}
			if !ok {
				continue
			}
			if page.More = len(page.Views) == q.Limit; page.More {
				return page, nil
			}
			page.Views = append(page.Views, v)
		}
		if len(rows) <= q.Limit {
			return page, nil
		}
	}
}

// showWhole makes the view of a record with its body.
func (d *desk) showWhole(r entente.Reader, row store.Record) (release.View, bool, error) {
	grants, err := d.GrantsOfRecord(row.ID)
	if err != nil {
		return release.View{}, false, err
	}
	if row, err = d.Record(row.ID); err != nil {
		return release.View{}, false, err
	}
	return d.show(r, row, grants)
}
