package web

import (
	"slices"

	"entente"
	"entente/compact"
	"entente/node"
)

// cellPage is where a visitor begins: what there is to be done.
type cellPage struct {
	Agreements []agreementRow
	Members    []cellMember // of the first agreement in force
	Reads      bool         // the visitor reads records
	New        []listRow    // newest unread
	Signs      bool
	Waiting    int // proposals that wait for a person
	Asks       int // questions for consent to this party that are open
	Overdue    []recallRow
	Owed       []owedRow // partners that have not taken what was released
	Flags      int       // own work that rests on what is gone
}

// cellMember is a member of an agreement, in one word.
type cellMember struct {
	Party     entente.PartyID
	Name      string
	Self      bool
	Status    compact.Status
	Suspended bool // it has suspended itself, or signed a fork
	Stopped   bool // this party's flow to it is suspended
	StoppedBy bool // its flow to this party is
}

type recallRow struct {
	Party string
	Since entente.Time
	State string
}

type owedRow struct {
	Party string
	Owed  int64
}

func (d *Door) cellRoutes() { d.page("GET /{$}", (*visit).cell) }

func (v *visit) cell() error {
	ctx := v.r.Context()
	if err := v.looked(); err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	page := cellPage{Reads: v.who.Is(readers...), Signs: v.who.Is(signers...)}
	states, err := v.node.Compacts(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		row := (&agreed{State: s, self: v.node.Self(), names: names, now: v.clock()}).row()
		page.Agreements = append(page.Agreements, row)
		if row.State == "force" && page.Members == nil {
			for id, m := range s.Members {
				me := s.Members[v.node.Self()]
				page.Members = append(page.Members, cellMember{
					Party: id, Name: names[id], Self: id == v.node.Self(), Status: m.Status, Suspended: len(m.Suspended) > 0 || m.Forked,
					Stopped: me != nil && len(me.Flows[id]) > 0, StoppedBy: len(m.Flows[v.node.Self()]) > 0,
				})
			}
			slices.SortFunc(page.Members, func(a, b cellMember) int { return compareText(a.Name, b.Name) })
		}
	}
	if page.Reads {
		others := false
		list, err := v.node.Read(ctx, v.reader(), node.Query{Own: &others, Newest: true, Limit: listSize})
		if err != nil {
			return err
		}
		m, err := v.marks()
		if err != nil {
			return err
		}
		for _, view := range list.Views {
			row := rowOf(view, names)
			if row.Unread, err = m.unread(row.Record, row.Arrived); err != nil {
				return err
			}
			if row.Unread && len(page.New) < 8 {
				page.New = append(page.New, row)
			}
		}
	}
	if page.Signs {
		open, err := v.node.Proposals(ctx)
		if err != nil {
			return err
		}
		page.Waiting = len(open)
		asks, err := v.node.Asks(ctx)
		if err != nil {
			return err
		}
		recalls, err := v.node.Recalls(ctx)
		if err != nil {
			return err
		}
		flags, err := v.node.Flags(ctx)
		if err != nil {
			return err
		}
		// What concerns records that the visitor may not read is not even counted.
		var concerned []entente.RecordID
		for _, a := range asks {
			concerned = append(concerned, a.Ask.Record)
		}
		for _, r := range recalls {
			concerned = append(concerned, r.Which...)
		}
		for _, f := range flags {
			concerned = append(concerned, f.Record)
		}
		sees, err := v.sees(concerned)
		if err != nil {
			return err
		}
		for _, a := range asks {
			if a.To == v.node.Self() && a.Answer == "" && a.Refused == "" && sees[a.Ask.Record] {
				page.Asks++
			}
		}
		for _, r := range recalls {
			if r.State != node.RecallApplied && r.State != node.RecallUnsent && slices.ContainsFunc(r.Which, func(id entente.RecordID) bool { return sees[id] }) {
				page.Overdue = append(page.Overdue, recallRow{r.Name, r.Since, string(r.State)})
			}
		}
		for _, f := range flags {
			if sees[f.Record] {
				page.Flags++
			}
		}
		channels, err := v.node.Channels(ctx)
		if err != nil {
			return err
		}
		for _, c := range channels {
			if c.Channel.From == v.node.Self() && c.Owed > 0 {
				page.Owed = append(page.Owed, owedRow{c.PartnerName, c.Owed})
			}
		}
	}
	return v.show("cell", page)
}

// sees says which of these records the visitor may read.
func (v *visit) sees(ids []entente.RecordID) (map[entente.RecordID]bool, error) {
	found, err := v.readable(ids)
	out := make(map[entente.RecordID]bool, len(found))
	for id := range found {
		out[id] = true
	}
	return out, err
}

// consentsPage lists the questions for consent.
type consentsPage struct {
	ToUs, ByUs []askRow
}

type askRow struct {
	Ask        entente.ActID
	Party      string
	Agreement  string
	Record     option
	Use        string
	Recipients []string
	Reason     string
	Purpose    string
	Since      entente.Time
	State      string // open, given, refused
	Code       string
}

func (d *Door) consentRoutes() {
	d.page("GET /consents", (*visit).consents, node.RoleReleaser)
	d.page("POST /consents/{ask}", (*visit).answerAsk, node.RoleReleaser)
}

// consents shows the questions about records that the visitor may read.
func (v *visit) consents() error {
	ctx := v.r.Context()
	asks, err := v.node.Asks(ctx)
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	var page consentsPage
	for _, a := range asks {
		found, err := v.node.Read(ctx, v.reader(), node.Query{Records: []string{string(a.Ask.Record)}})
		if err != nil {
			return err
		}
		if len(found.Views) == 0 {
			continue
		}
		row := askRow{
			Ask: a.Act, Party: a.FromName, Record: option{string(a.Ask.Record), rowOf(found.Views[0], names).Name}, Use: string(a.Ask.Use),
			Recipients: a.Recipients, Reason: a.Ask.Reason, Purpose: a.Ask.Purpose, Since: a.Since, State: "open", Code: a.Refused,
		}
		if s, err := v.node.Compact(ctx, a.Compact); err != nil {
			return err
		} else if s.Charter != nil {
			row.Agreement = s.Charter.Name
		}
		switch {
		case a.Refused != "":
			row.State = "refused"
		case a.Answer != "":
			row.State = "given"
		}
		if a.To == v.node.Self() {
			page.ToUs = append(page.ToUs, row)
		} else {
			row.Party = a.ToName
			page.ByUs = append(page.ByUs, row)
		}
	}
	return v.show("consents", page)
}

// answerAsk goes on to the signature of a consent or a refusal.
func (v *visit) answerAsk() error {
	order := node.AnswerOrder{Ask: entente.ActID(v.r.PathValue("ask"))}
	if v.r.PostFormValue("refuse") != "" {
		order.Refused = "refused"
	} else {
		h, err := v.node.AskedHandling(v.r.Context(), order.Ask)
		if err != nil {
			return err
		}
		order.Handling = &h
	}
	return v.toSign(node.Proposed{Answer: &order}, "/consents")
}
