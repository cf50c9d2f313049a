package web

import (
	"slices"

	"entente"
	"entente/node"
	"entente/release"
)

// readable gives those of some records that the visitor may see, as lists show
// them. Pages ask it before they say anything about a record that they know of in
// another way.
func (v *visit) readable(ids []entente.RecordID) (map[entente.RecordID]release.Object, error) {
	out := map[entente.RecordID]release.Object{}
	if !v.who.Is(readers...) {
		return out, nil
	}
	for part := range slices.Chunk(ids, 1000) {
		page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: strs(part)})
		if err != nil {
			return nil, err
		}
		for _, view := range page.Views {
			out[view.ID()] = view.Object()
		}
	}
	return out, nil
}
