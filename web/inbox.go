package web

import (
	"entente"
	"entente/node"
)

// inboxPage is what others released to this party, as far as the visitor may
// read it.
type inboxPage struct {
	Rows []inboxRow
}

type inboxRow struct {
	Record  entente.RecordID
	Name    string
	Type    string
	From    string // the originator's name
	TLP     entente.TLP
	Arrived entente.Time
}

func (d *Door) inboxRoutes() {
	d.page("GET /inbox", (*visit).inbox, readers...)
}

func (v *visit) inbox() error {
	others := false
	page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Own: &others})
	if err != nil {
		return err
	}
	var out inboxPage
	for _, view := range page.Views {
		from, err := v.partyName(view.Header().Originator)
		if err != nil {
			return err
		}
		o := view.Object()
		out.Rows = append(out.Rows, inboxRow{Record: view.ID(), Name: o.Name, Type: o.Type, From: from, TLP: view.Grants()[0].Handling.TLP, Arrived: o.Arrived})
	}
	return v.show("inbox", out)
}
