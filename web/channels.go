package web

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/compact"
)

// channelsPage says what is owed, delivered, answered and refused, per partner and
// agreement: numbers of signed messages, nothing of what they hold.
type channelsPage struct {
	Rows []channelRow
}

type channelRow struct {
	Partner    string
	ID         entente.PartyID
	Agreement  string
	Compact    entente.CompactID
	Out        bool // from this party
	Owed       int
	Delivered  int
	Unanswered int
	Codes      []codeRow
	Refused    []refusedRow
	Heard      entente.Time
}

type codeRow struct {
	Code  entente.Code
	Key   string // of the texts
	Count int
}

type refusedRow struct {
	Pos int
	Act string
	Key string
}

func codeKey(c entente.Code) string { return strings.ReplaceAll(string(c), ":", "_") }

func (v *visit) channels() error {
	all, err := v.node.Channels(v.r.Context())
	if err != nil {
		return err
	}
	peers, err := v.node.Peers(v.r.Context())
	if err != nil {
		return err
	}
	heard := map[entente.PartyID]entente.Time{}
	for _, p := range peers {
		heard[p.Party] = p.Heard
	}
	var page channelsPage
	for _, c := range all {
		r := channelRow{
			Partner: c.PartnerName, ID: c.Partner, Agreement: compact.Clean(c.CompactName), Compact: c.Compact, Out: c.From == v.node.Self(),
			Owed: int(c.Owed), Delivered: int(c.Size), Unanswered: int(c.Size - c.Receipted), Heard: heard[c.Partner],
		}
		for _, code := range slices.Sorted(maps.Keys(c.Codes)) {
			r.Codes = append(r.Codes, codeRow{code, codeKey(code), int(c.Codes[code])})
		}
		for _, x := range slices.Backward(c.Refused) {
			r.Refused = append(r.Refused, refusedRow{int(x.Pos), x.Act, codeKey(x.Code)})
		}
		page.Rows = append(page.Rows, r)
	}
	slices.SortStableFunc(page.Rows, func(a, b channelRow) int {
		return cmp.Or(strings.Compare(a.Agreement, b.Agreement), strings.Compare(a.Partner, b.Partner), cmp.Compare(b2i(b.Out), b2i(a.Out)))
	})
	return v.show("channels", page)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
