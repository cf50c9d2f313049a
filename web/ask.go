package web

import (
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/node"
)

// askPage asks the originator of a record for consent.
type askPage struct {
	Record     entente.RecordID
	Title      string
	Originator string
	Uses       []entente.ConsentUse
	Use        entente.ConsentUse
	Agreements []option
	Compact    string
	Parties    []option
	To         []string
	Reason     string
	Nobody     bool // no recipient was chosen
}

var consentUses = []entente.ConsentUse{entente.Relay, entente.Derive, entente.Mention}

func (d *Door) askRoutes() {
	d.page("GET /record/{id}/ask", (*visit).ask, node.RoleReleaser)
	d.page("POST /record/{id}/ask", (*visit).ask, node.RoleReleaser)
}

// ask shows the form, or goes on to the signature of the question.
func (v *visit) ask() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	if view.Header().Originator == v.node.Self() {
		return entente.Errorf(entente.Refused, "release it", "the record is this party's own")
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	f := v.r.Form
	page := askPage{
		Record: view.ID(), Title: rowOf(view, names).Name, Originator: names[view.Header().Originator], Uses: consentUses, Use: entente.ConsentUse(f.Get("use")),
		Compact: f.Get("compact"), To: f["to"], Reason: strings.TrimSpace(f.Get("reason")),
	}
	listed := map[entente.PartyID]bool{}
	for _, g := range view.Grants() {
		s, err := v.node.Compact(v.r.Context(), g.Compact)
		if err != nil {
			return err
		}
		if s.Charter == nil || slices.ContainsFunc(page.Agreements, func(o option) bool { return o.Value == string(g.Compact) }) {
			continue
		}
		page.Agreements = append(page.Agreements, option{string(g.Compact), s.Charter.Name})
		for id := range s.Members {
			if id != v.node.Self() && id != view.Header().Originator && !listed[id] {
				listed[id] = true
				page.Parties = append(page.Parties, option{string(id), names[id]})
			}
		}
	}
	slices.SortFunc(page.Parties, func(a, b option) int { return compareText(a.Name, b.Name) })
	if v.r.Method != http.MethodPost {
		return v.show("ask", page)
	}
	if len(page.To) == 0 {
		page.Nobody = true
		return v.showStatus(http.StatusBadRequest, "ask", page)
	}
	order := node.AskOrder{Record: view.ID(), Compact: entente.CompactID(page.Compact), Use: page.Use, Reason: page.Reason}
	for _, to := range page.To {
		order.Recipients = append(order.Recipients, entente.PartyID(to))
	}
	return v.toSign(node.Proposed{Ask: &order}, "/consents")
}

func askStories() []story {
	page := askPage{
		Record: storyRecord, Title: "Two lorries at the Tamrin crossing", Originator: "Brevik Liaison", Uses: consentUses, Use: entente.Relay,
		Agreements: []option{{"sha256:c", "River talks"}}, Compact: "sha256:c", Parties: []option{{"sha256:1", "Corvane"}, {"sha256:2", "Dunmere"}}, To: []string{"sha256:2"},
	}
	nobody := page
	nobody.To, nobody.Nobody = nil, true
	return []story{{"ask", "form", storyWho, page}, {"ask", "nobody", storyWho, nobody}}
}
