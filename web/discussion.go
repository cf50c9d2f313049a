package web

import (
	"encoding/json"
	"slices"

	"entente"
	"entente/node"
	"entente/release"
)

// remark is a note or an opinion on a record's object, by whomever, as far as the
// visitor may see it.
type remark struct {
	listRow
	Title   string
	Text    string
	Opinion string
	Own     bool
}

// mostRemarks is how many stand below a record.
const mostRemarks = 50

// remarks are the notes and opinions that refer to an object, in the order in which
// they came. What the visitor may not see is not among them, and leaves no gap.
func (v *visit) remarks(view release.View, names map[entente.PartyID]string) (out []remark, more bool, err error) {
	for _, typ := range []string{"note", "opinion"} {
		page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{RefersTo: view.Object().STIX, Type: typ, Limit: mostRemarks})
		if err != nil {
			return nil, false, err
		}
		more = more || page.More
		for _, x := range page.Views {
			r := remark{listRow: rowOf(x, names), Own: x.Header().Originator == v.node.Self()}
			open, err := v.node.Acknowledged(v.r.Context(), x)
			if err != nil {
				return nil, false, err
			}
			if r.Conditions = !open; open {
				var said struct {
					Abstract    string `json:"abstract"`
					Content     string `json:"content"`
					Opinion     string `json:"opinion"`
					Explanation string `json:"explanation"`
				}
				if err := json.Unmarshal(x.Body(), &said); err != nil {
					continue // it is shown on its own page as it is
				}
				r.Title, r.Text, r.Opinion = said.Abstract, said.Content+said.Explanation, said.Opinion
			}
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b remark) int { return a.Arrived.Compare(b.Arrived.Time) })
	return out, more, nil
}
