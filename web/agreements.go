package web

import (
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
)

// agreementsPage lists the agreements that this party knows.
type agreementsPage struct {
	Rows []agreementRow
}

type agreementRow struct {
	ID      entente.CompactID
	Name    string
	State   string // force, waiting, ended, unknown
	Missing []string
	Members int
	End     entente.Time
}

// agreementPage is one agreement.
type agreementPage struct {
	agreementRow
	Purposes []string
	Start    entente.Time
	Review   entente.Time
	Charter  string // in words, in English: what was signed
	Members  []memberRow
	Chair    bool // the visitor may sign for the party here
	Accede   entente.ActID
	Default  entente.Handling
}

type memberRow struct {
	Party     entente.PartyID
	Name      string
	Self      bool
	Status    string
	Basis     string
	Suspended bool // it has suspended itself, or signed a fork
	Stopped   bool // this party's flow to it is suspended
	StoppedBy bool // its flow to this party is
	Remarks   []string
}

func (d *Door) agreementRoutes() {
	d.page("GET /agreements", (*visit).agreements)
	d.page("GET /agreement/{id}", (*visit).agreement)
	d.page("POST /agreement/{id}/{act}", (*visit).actOnAgreement, node.RoleChair)
}

// describe puts a charter into words.
func describe(c *entente.Charter) string { return compact.Describe(c) }

func (v *visit) agreementRow(s *compact.State, names map[entente.PartyID]string) agreementRow {
	row := agreementRow{ID: s.ID, State: "unknown", Members: len(s.Members)}
	if s.Charter == nil {
		return row
	}
	row.Name, row.End = s.Charter.Name, s.Charter.End
	for _, id := range s.Missing {
		row.Missing = append(row.Missing, names[id])
	}
	switch {
	case !s.InForce:
		row.State = "waiting"
	case !v.clock().Before(s.Charter.End.Time):
		row.State = "ended"
	default:
		row.State = "force"
	}
	return row
}

func (v *visit) agreements() error {
	states, err := v.node.Compacts(v.r.Context())
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	var page agreementsPage
	for _, s := range states {
		page.Rows = append(page.Rows, v.agreementRow(s, names))
	}
	return v.show("agreements", page)
}

// state is the agreement that the address names.
func (v *visit) state() (*compact.State, error) {
	states, err := v.node.Compacts(v.r.Context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(states, func(s *compact.State) bool { return string(s.ID) == v.r.PathValue("id") && s.Charter != nil })
	if i < 0 {
		return nil, entente.ErrHidden
	}
	return states[i], nil
}

func (v *visit) agreement() error {
	s, err := v.state()
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	self := v.node.Self()
	page := agreementPage{
		agreementRow: v.agreementRow(s, names), Purposes: s.Charter.Purposes, Start: s.Charter.Start, Review: s.Charter.Review,
		Charter: describe(s.Charter), Chair: v.who.Is(node.RoleChair), Default: s.Charter.Handling.Default,
	}
	if slices.Contains(s.Missing, self) {
		page.Accede = entente.ActID(s.ID)
	}
	for id, m := range s.Members {
		row := memberRow{
			Party: id, Name: names[id], Self: id == self, Status: string(m.Status), Basis: m.Seat.LegalBasis,
			Suspended: len(m.Suspended) > 0 || m.Forked || len(m.TakenBack) > 0, Remarks: m.Reservations,
			StoppedBy: id != self && len(m.Flows[self]) > 0,
		}
		if me := s.Members[self]; me != nil && id != self {
			row.Stopped = len(me.Flows[id]) > 0
		}
		if row.Name == "" {
			row.Name = m.Seat.Name
		}
		page.Members = append(page.Members, row)
	}
	slices.SortFunc(page.Members, func(a, b memberRow) int { return compareText(a.Name, b.Name) })
	return v.show("agreement", page)
}

// actOnAgreement goes on to the signature of an accession, a suspension or a
// resumption.
func (v *visit) actOnAgreement() error {
	s, err := v.state()
	if err != nil {
		return err
	}
	order := node.AgreementOrder{Compact: s.ID, Text: strings.TrimSpace(v.r.PostFormValue("text"))}
	member := entente.PartyID(v.r.PostFormValue("member"))
	switch v.r.PathValue("act") {
	case "accede":
		order.Kind, order.To = entente.KindAccession, entente.ActID(s.ID)
	case "suspend":
		order.Kind, order.Member = entente.KindSuspension, member
	case "resume":
		order.Kind, order.Member, order.Text = entente.KindResumption, member, ""
	default:
		return entente.ErrHidden
	}
	if order.Kind != entente.KindAccession && s.Members[member] == nil {
		return entente.Errorf(entente.Invalid, "", "no such member")
	}
	return v.toSign(node.Proposed{Agreement: &order}, "/agreement/"+string(s.ID))
}

// cellPage is where a visitor begins: what there is to be done.
type cellPage struct {
	Agreements []agreementRow
	Members    []memberRow // of the first agreement in force
	Reads      bool        // the visitor reads records
	New        []listRow   // newest unread
	Signs      bool
	Waiting    int // proposals that wait for a person
	Asks       int // questions for consent to this party that are open
	Overdue    []recallRow
	Owed       []owedRow // partners that have not taken what was released
	Flags      int       // own work that rests on what is gone
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
		row := v.agreementRow(s, names)
		page.Agreements = append(page.Agreements, row)
		if row.State == "force" && page.Members == nil {
			for id, m := range s.Members {
				me := s.Members[v.node.Self()]
				page.Members = append(page.Members, memberRow{
					Party: id, Name: names[id], Self: id == v.node.Self(), Status: string(m.Status), Suspended: len(m.Suspended) > 0 || m.Forked,
					Stopped: me != nil && len(me.Flows[id]) > 0, StoppedBy: len(m.Flows[v.node.Self()]) > 0,
				})
			}
			slices.SortFunc(page.Members, func(a, b memberRow) int { return compareText(a.Name, b.Name) })
		}
	}
	if page.Reads {
		others := false
		list, err := v.node.Read(ctx, v.reader(), node.Query{Own: &others, Newest: true, Limit: listSize})
		if err != nil {
			return err
		}
		for _, view := range list.Views {
			row := rowOf(view, names)
			if row.Unread, err = v.unread(row.Record, row.Arrived); err != nil {
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
	out := map[entente.RecordID]bool{}
	for part := range slices.Chunk(ids, 1000) {
		names := make([]string, len(part))
		for i, id := range part {
			names[i] = string(id)
		}
		page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: names})
		if entente.KindOf(err) == entente.Refused {
			return out, nil // no role that reads records
		}
		if err != nil {
			return nil, err
		}
		for _, view := range page.Views {
			out[view.ID()] = true
		}
	}
	return out, nil
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
