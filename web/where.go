package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/node"
)

// wherePage says of each partner what this party owes and gave, what it took back
// and who has confirmed, and which questions for consent are open.
type wherePage struct {
	Party   string // bounds the page to one partner
	Parties []option
	Rows    []flowRow
	Recalls []recalledRow
	More    bool // there are older recalls
}

// flowRow is one partner in one agreement.
type flowRow struct {
	Party, Agreement string
	Owed, Delivered, Receipted,
	Recalled, Confirmed, Overdue,
	AskedOfUs, AskedByUs int
}

// recalledRow is one recall, as far as the visitor may read what it takes back.
type recalledRow struct {
	Party, Agreement string
	Records          []option
	State            string
	Since, Due       entente.Time
	Reason           string
}

// mostRecalls is how many recalls the page lists.
const mostRecalls = 100

func (d *Door) whereRoutes() { d.page("GET /where", (*visit).whereabouts, node.RoleReleaser) }

func (v *visit) whereabouts() error {
	ctx := v.r.Context()
	page := wherePage{Party: v.r.URL.Query().Get("party")}
	channels, err := v.node.Channels(ctx)
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	if page.Parties, err = v.neighbours(names); err != nil {
		return err
	}
	known, err := v.agreementNames()
	if err != nil {
		return err
	}
	agreements := known.names
	type flow struct {
		party   entente.PartyID
		compact entente.CompactID
	}
	rows := map[flow]*flowRow{}
	row := func(p entente.PartyID, c entente.CompactID) *flowRow {
		if rows[flow{p, c}] == nil {
			rows[flow{p, c}] = &flowRow{Party: names[p], Agreement: agreements[c]}
		}
		return rows[flow{p, c}]
	}
	for _, c := range channels {
		if c.From == v.node.Self() {
			r := row(c.Partner, c.Compact)
			r.Owed, r.Delivered, r.Receipted = r.Owed+int(c.Owed), r.Delivered+int(c.Size-c.Receipted), r.Receipted+int(c.Receipted)
		}
	}
	// What concerns records that the visitor may not read is not even counted.
	recalls, err := v.node.Recalls(ctx)
	if err != nil {
		return err
	}
	asks, err := v.node.Asks(ctx)
	if err != nil {
		return err
	}
	var concerned []entente.RecordID
	for _, r := range recalls {
		concerned = append(concerned, r.Which...)
	}
	for _, a := range asks {
		concerned = append(concerned, a.Ask.Record)
	}
	seen, err := v.readable(concerned)
	if err != nil {
		return err
	}
	for _, r := range recalls {
		line := recalledRow{Party: r.Name, Agreement: agreements[r.Compact], State: recallState(r.State), Since: r.Since, Due: r.Due, Reason: r.Reason}
		for _, id := range r.Which {
			if o, ok := seen[id]; ok {
				line.Records = append(line.Records, option{string(id), cmp.Or(o.Name, o.STIX)})
			}
		}
		if len(line.Records) == 0 {
			continue
		}
		f := row(r.To, r.Compact)
		switch line.State {
		case "confirmed":
			f.Confirmed++
		case "overdue":
			f.Overdue++
		case "recalled":
			f.Recalled++
		}
		if page.Party != "" && page.Party != string(r.To) {
			continue
		}
		if page.More = len(page.Recalls) == mostRecalls; !page.More {
			page.Recalls = append(page.Recalls, line)
		}
	}
	for _, a := range asks {
		if _, ok := seen[a.Ask.Record]; !ok || a.Answer != "" || a.Refused != "" {
			continue
		}
		if a.To == v.node.Self() {
			row(a.From, a.Compact).AskedOfUs++
		} else {
			row(a.To, a.Compact).AskedByUs++
		}
	}
	for f, r := range rows {
		if page.Party == "" || page.Party == string(f.party) {
			page.Rows = append(page.Rows, *r)
		}
	}
	slices.SortFunc(page.Rows, func(a, b flowRow) int {
		return cmp.Or(strings.Compare(a.Agreement, b.Agreement), strings.Compare(a.Party, b.Party))
	})
	return v.showStatus(http.StatusOK, "where", page)
}

// recallState is the word for how far a recall has come.
func recallState(s node.RecallState) string {
	switch s {
	case node.RecallApplied:
		return "confirmed"
	case node.RecallOverdue:
		return "overdue"
	case node.RecallRefused:
		return "refused"
	case node.RecallUnsent:
		return "unsent"
	}
	return "recalled"
}

func whereStories() []story {
	rows := []flowRow{
		{Party: "Brevik Liaison", Agreement: "River talks", Receipted: 214, Confirmed: 2},
		{Party: "مكتب نورفال", Agreement: "River talks", Owed: 3, Delivered: 1, Receipted: 96, Overdue: 1, AskedOfUs: 2},
		{Party: "Dunmere", Agreement: "Delta watch", Receipted: 12, Recalled: 1, AskedByUs: 1},
	}
	record := []option{{string(storyRecord), "Two lorries at the Tamrin crossing"}}
	recalls := []recalledRow{
		{"مكتب نورفال", "River talks", record, "overdue", storyTime, storyTime, "a source was exposed"},
		{"Dunmere", "Delta watch", record, "recalled", storyTime, storyTime, "corrected"},
		{"Brevik Liaison", "River talks", record, "confirmed", storyTime, storyTime, "a source was exposed"},
	}
	parties := []option{{"sha256:1", "Brevik Liaison"}, {"sha256:2", "مكتب نورفال"}}
	return []story{
		{"where", "nothing", storyWho, wherePage{}},
		{"where", "all parties", storyWho, wherePage{Parties: parties, Rows: rows, Recalls: recalls, More: true}},
		{"where", "one party", storyWho, wherePage{Parties: parties, Party: "sha256:2", Rows: rows[1:2], Recalls: recalls[:1]}},
	}
}
