package web

import (
	"maps"
	"slices"
	"unicode/utf8"

	"entente"
	"entente/compact"
	"entente/node"
)

// What the chair signs on an agreement: accession, suspension, resumption. Each
// page says what will happen before anything is signed.

// accessionPage is a charter or an amendment that waits for this party.
type accessionPage struct {
	ID        entente.CompactID
	Name      string
	To        entente.ActID
	Founder   named
	Amendment *amendmentRow // nil: the founding charter
	Charter   []termGroup   // the whole text, as it will be in force
	Signed    []named       // besides the founder
	Missing   []named
}

// maxRemark bounds a reservation or a reason, in bytes.
const maxRemark = 2000

func (v *visit) readAccession() error {
	a, err := v.agreed()
	if err != nil {
		return err
	}
	page := accessionPage{ID: a.ID, Name: compact.Clean(a.Charter.Name), To: entente.ActID(v.r.FormValue("to")), Founder: a.named(a.Founder)}
	if page.To == "" || page.To == entente.ActID(a.ID) {
		page.To = entente.ActID(a.ID)
		if !slices.Contains(a.Missing, a.self) {
			return entente.Errorf(entente.Conflict, "", "this party has signed the agreement already, or is not listed")
		}
		page.Charter, page.Missing = charterWords(v.language, a.Charter, a.name), a.allNamed(a.Missing)
		for _, s := range a.Charter.Members {
			if s.Party != a.Founder && !slices.Contains(a.Missing, s.Party) {
				page.Signed = append(page.Signed, a.named(s.Party))
			}
		}
		return v.show("accession", page)
	}
	i := slices.IndexFunc(a.Pending, func(p compact.Pending) bool { return p.ID == page.To })
	if i < 0 {
		return entente.ErrHidden
	}
	row := a.amendment(v.language, a.Pending[i])
	if !row.Mine {
		return entente.Errorf(entente.Conflict, "", "the amendment does not wait for this party")
	}
	page.Amendment, page.Signed, page.Missing = &row, row.Signed, row.Missing
	page.Charter = charterWords(v.language, a.Pending[i].Charter, a.name)
	return v.show("accession", page)
}

func (v *visit) accede() error {
	remark, err := v.remark("reservation")
	if err != nil {
		return err
	}
	a, err := v.agreed()
	if err != nil {
		return err
	}
	to := entente.ActID(v.r.FormValue("to"))
	if to == "" {
		to = entente.ActID(a.ID)
	}
	if to != entente.ActID(a.ID) && !slices.ContainsFunc(a.Pending, func(p compact.Pending) bool { return p.ID == to }) {
		return entente.ErrHidden
	}
	return v.toSign(node.Proposed{Agreement: &node.AgreementOrder{Kind: entente.KindAccession, Compact: a.ID, To: to, Text: remark}}, "/agreement/"+string(a.ID))
}

// remark is what a person wrote to all members.
func (v *visit) remark(field string) (string, error) {
	s := v.r.FormValue(field)
	if len(s) > maxRemark || !utf8.ValidString(s) {
		return "", entente.Errorf(entente.Invalid, "shorten it", "a text of %d bytes: at most %d", len(s), maxRemark)
	}
	return s, nil
}

// suspensionPage says what stopping a flow will do, or what resuming it will.
type suspensionPage struct {
	ID        entente.CompactID
	Name      string
	Member    named
	Itself    bool // all flow from and to this party
	Others    []named
	Stops     []stopRow // those that a resumption lifts
	Waiting   int       // signed messages of this party that wait to be sent
	Records   []stoppedRecord
	More      bool // there are more records
	Consents  []stoppedConsent
	Relays    []named // who may pass on records of this party with its consent
	Freshness string
}

// stoppedRecord is a record that members see by this party's releases, and that
// the visitor may read.
type stoppedRecord struct {
	Record entente.RecordID
	Name   string
	Type   string
	To     []string
}

// stoppedConsent is a consent of this party on a record that the visitor may read.
type stoppedConsent struct {
	Name       string // of the record
	To         named
	Recipients []string
	Use        string
}

// mostStopped bounds what the page lists.
const mostStopped = 100

// flow reads what a suspension or resumption is about.
func (v *visit) flow() (*agreed, suspensionPage, error) {
	a, err := v.agreed()
	if err != nil {
		return nil, suspensionPage{}, err
	}
	member := entente.PartyID(v.r.FormValue("member"))
	if member == "" {
		member = a.self
	}
	me := a.Members[a.self]
	if a.Members[member] == nil || me == nil {
		return nil, suspensionPage{}, entente.ErrHidden
	}
	page := suspensionPage{
		ID: a.ID, Name: compact.Clean(a.Charter.Name), Member: a.named(member), Itself: member == a.self, Freshness: v.duration(a.Charter.Freshness),
	}
	standing := me.Flows[member]
	if page.Itself {
		standing = me.Suspended
	}
	for _, act := range standing {
		page.Stops = append(page.Stops, a.stop(act, a.self, page.Itself))
	}
	for _, id := range slices.Sorted(maps.Keys(a.Members)) {
		if id != a.self && a.Members[id].Status == compact.StatusMember {
			page.Others = append(page.Others, a.named(id))
		}
	}
	channels, err := v.node.Channels(v.r.Context())
	for _, c := range channels {
		if c.From == a.self && c.Compact == a.ID && (page.Itself || c.To == member) {
			page.Waiting += int(c.Owed)
		}
	}
	return a, page, err
}

func (v *visit) readSuspension() error {
	a, page, err := v.flow()
	if err != nil {
		return err
	}
	if v.who.Is(readers...) {
		if err := v.stopped(a, &page); err != nil {
			return err
		}
	}
	return v.show("suspension", page)
}

// stopped lists records and consents that a suspension concerns, as far as the
// visitor may read them.
func (v *visit) stopped(a *agreed, page *suspensionPage) error {
	ctx, to := v.r.Context(), []named{page.Member}
	if page.Itself {
		to = page.Others
	}
	holders := map[entente.RecordID][]string{}
	var ids []entente.RecordID
	add := func(id entente.RecordID, holder string) {
		if holders[id] == nil {
			ids = append(ids, id)
		}
		holders[id] = append(holders[id], holder)
	}
	for _, member := range to {
		for q := (node.Query{Compact: a.ID, Limit: 1000}); ; {
			theirs, err := v.node.Read(ctx, entente.Reader{Party: member.ID}, q)
			if err != nil {
				return err
			}
			for _, view := range theirs.Views {
				add(view.ID(), member.Name)
			}
			if q.After = theirs.Next; !theirs.More {
				break
			}
		}
	}
	asks, err := v.node.Asks(ctx)
	if err != nil {
		return err
	}
	var given []node.AskStatus
	for _, x := range asks {
		if x.To == a.self && x.Compact == a.ID && x.Answer != "" && x.Refused == "" &&
			(page.Itself || x.From == page.Member.ID || slices.Contains(x.Ask.Recipients, page.Member.ID)) {
			given = append(given, x)
			if holders[x.Ask.Record] == nil {
				ids = append(ids, x.Ask.Record)
			}
		}
	}
	mine, err := v.readable(ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		o, ok := mine[id]
		if !ok || holders[id] == nil {
			continue
		}
		if page.More = len(page.Records) == mostStopped; page.More {
			break
		}
		page.Records = append(page.Records, stoppedRecord{Record: id, Name: o.Name, Type: o.Type, To: holders[id]})
	}
	for _, x := range given {
		o, ok := mine[x.Ask.Record]
		if !ok {
			continue
		}
		page.Consents = append(page.Consents, stoppedConsent{Name: o.Name, To: a.named(x.From), Recipients: x.Recipients, Use: string(x.Ask.Use)})
		if relay := a.named(x.From); !slices.Contains(page.Relays, relay) {
			page.Relays = append(page.Relays, relay)
		}
	}
	return nil
}

func (v *visit) suspend() error {
	_, page, err := v.flow()
	if err != nil {
		return err
	}
	reason, err := v.remark("reason")
	if err != nil {
		return err
	}
	return v.toSign(node.Proposed{Agreement: &node.AgreementOrder{Kind: entente.KindSuspension, Compact: page.ID, Member: page.Member.ID, Text: reason}}, "/agreement/"+string(page.ID))
}

func (v *visit) readResumption() error {
	_, page, err := v.flow()
	if err != nil {
		return err
	}
	if len(page.Stops) == 0 {
		return entente.Errorf(entente.Conflict, "", "this party has not suspended that flow")
	}
	return v.show("resumption", page)
}

func (v *visit) resume() error {
	_, page, err := v.flow()
	if err != nil {
		return err
	}
	return v.toSign(node.Proposed{Agreement: &node.AgreementOrder{Kind: entente.KindResumption, Compact: page.ID, Member: page.Member.ID}}, "/agreement/"+string(page.ID))
}
