package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/keyring"
	"entente/node"
)

// partiesPage is the parties known here, this one first.
type partiesPage struct {
	Rows  []partyRow
	May   bool   // the visitor may trust a party
	Wrong string // in English, as the node says it
	Cards string // as it was filled in
}

type partyRow struct {
	ID         entente.PartyID
	Name       string
	Self       bool
	Version    int
	Digits     string // the fingerprint
	Words      string
	Trusted    bool
	Frozen     bool
	Endpoints  []string
	Agreements []option
	Heard      entente.Time
}

func (d *Door) partyRoutes() {
	d.page("GET /parties", func(v *visit) error { return v.showParties(http.StatusOK, partiesPage{}) }, node.RoleAdministrator, node.RoleChair, node.RoleReleaser)
	d.page("GET /parties/card", (*visit).ownCard, node.RoleAdministrator, node.RoleChair, node.RoleReleaser)
	d.page("POST /parties", (*visit).trust, node.RoleAdministrator)
}

func (v *visit) showParties(status int, page partiesPage) error {
	ctx := v.r.Context()
	all, err := v.node.Parties(ctx)
	if err != nil {
		return err
	}
	peers, err := v.node.Peers(ctx)
	if err != nil {
		return err
	}
	agreements, err := v.agreementNames()
	if err != nil {
		return err
	}
	by := map[entente.PartyID]node.Peer{}
	for _, p := range peers {
		by[p.Party] = p
	}
	for _, p := range all {
		f, peer := entente.Fingerprint(p.Card), by[p.ID]
		row := partyRow{
			ID: p.ID, Name: compact.Clean(p.Name), Self: p.ID == v.node.Self(), Version: int(p.Version), Digits: keyring.FingerprintDigits(f), Words: keyring.FingerprintWords(f),
			Trusted: p.Trusted, Frozen: p.Frozen != "", Endpoints: peer.Endpoints, Heard: peer.Heard,
		}
		for _, c := range peer.Compacts {
			row.Agreements = append(row.Agreements, option{string(c), agreements.names[c]})
		}
		page.Rows = append(page.Rows, row)
	}
	slices.SortFunc(page.Rows, func(a, b partyRow) int {
		return cmp.Or(cmp.Compare(b2i(b.Self), b2i(a.Self)), strings.Compare(a.Name, b.Name))
	})
	page.May = v.who.Is(node.RoleAdministrator)
	return v.showStatus(status, "parties", page)
}

// trust takes another party's cards. What is to be typed is what that party reads
// out: the page does not show it before.
func (v *visit) trust() error {
	page := partiesPage{Cards: v.r.PostFormValue("cards")}
	cards, err := node.ReadCards("card", []byte(page.Cards))
	if err == nil {
		var f [16]byte
		if f, err = keyring.ParseFingerprint(v.r.PostFormValue("fingerprint")); err == nil {
			_, err = v.node.Trust(v.r.Context(), cards, f)
		}
	}
	if kind := entente.KindOf(err); kind == entente.Invalid || kind == entente.Refused {
		page.Wrong = err.Error()
		if hint := entente.HintOf(err); hint != "" {
			page.Wrong += " — " + hint
		}
		return v.showParties(statusOf(err), page)
	}
	if err != nil {
		return err
	}
	if err := v.node.Administered(v.r.Context(), v.who.Name, string(cards[0].Act.Party(cards[0].ID)), "trusted"); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/parties", http.StatusSeeOther)
	return nil
}

// ownCard hands out the file that other parties ask for.
func (v *visit) ownCard() error {
	cards, err := v.node.Card(v.r.Context(), v.node.Self())
	if err != nil {
		return err
	}
	var b []byte
	for _, c := range cards {
		b = append(append(b, c...), '\n')
	}
	return v.download(entente.Short(v.node.Self())+".card", b)
}

func partyStories() []story {
	const words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	rows := []partyRow{
		{ID: "sha256:1", Name: "Almara Liaison", Self: true, Version: 2, Digits: "7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f", Words: words, Trusted: true},
		{ID: "sha256:2", Name: "مكتب نورفال", Version: 1, Digits: "7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f", Words: words, Trusted: true, Endpoints: []string{"norval.example:7411"}, Agreements: []option{{"sha256:c", "River talks"}}, Heard: storyTime},
		{ID: "sha256:3", Name: "Corvane", Version: 3, Digits: "7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f 7f7f", Words: words, Frozen: true},
	}
	return []story{
		{"parties", "alone", storyWho, partiesPage{Rows: rows[:1], May: true}},
		{"parties", "three", storyWho, partiesPage{Rows: rows, May: true}},
		{"parties", "for readers", storyWho, partiesPage{Rows: rows}},
		{"parties", "wrong", storyWho, partiesPage{Rows: rows, May: true, Cards: "{}", Wrong: "the card does not have this fingerprint — do not go on: call the party on a number you know and compare again"}},
	}
}
