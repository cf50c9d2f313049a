package web

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
	"entente/node"
)

// agreementsPage lists the agreements that this party knows of.
type agreementsPage struct {
	Rows   []agreementRow
	Drafts []draftRow
	Chair  bool
}

type agreementRow struct {
	ID      entente.CompactID
	Name    string
	Type    entente.CompactType
	State   string // a key of agreements.state
	Members int
	Missing []string // names of those who have not signed the charter
	Pending int      // amendments that wait for signatures
	Mine    int      // of charter and amendments, those that wait for this party's signature
	Stopped int      // members whose flow is stopped
	End     entente.Time
	Days    int // until the end; of one that has not begun, until the start
}

type draftRow struct {
	ID, Name string
	Amends   string // name of the agreement; empty: a new one
	Until    entente.Time
}

// named is a party in a page.
type named struct {
	ID   entente.PartyID
	Name string
	Self bool
}

// agreementPage is one agreement.
type agreementPage struct {
	agreementRow
	Terms      entente.ActID
	Number     int
	Start      entente.Time
	Review     entente.Time
	ReviewDays int // negative: overdue
	Without    []named
	MayAccede  bool // this party's signature on the charter is missing
	Chair      bool
	Roster     []memberRow
	Amendments []amendmentRow
	Forks      []forkRow
	Charter    []termGroup
	History    []historyRow
	Waiting    int // signed messages beyond a gap
}

type memberRow struct {
	named
	Status       compact.Status
	Seats        int
	Basis        string
	Signed       entente.Time // the charter; zero: not
	Stops        []stopRow
	Forked       bool
	TakenBack    bool
	Frozen       bool
	Heard        entente.Time
	Reservations []string
	MayStop      bool // the chair may stop this party's flow to it, or its own
	MayResume    bool
}

// stopRow is a standing suspension.
type stopRow struct {
	Act    entente.ActID
	By     named
	Itself bool
	Reason string
	Since  entente.Time
}

type amendmentRow struct {
	ID      entente.ActID
	Number  int
	Author  named
	Signed  []named
	Missing []named
	Mine    bool // waits for this party's signature
	Changes []termChange
	Settles []forkRow
}

type forkRow struct {
	Author named
	Seq    int
	Acts   []forkAct
	Kept   entente.ActID
}

type forkAct struct {
	ID   entente.ActID
	Kept bool
	historyRow
}

type historyRow struct {
	ID      entente.ActID
	What    string // a sentence
	Said    string // reason or reservation, in the words of those who signed
	Signed  entente.Time
	Arrived entente.Time
	Seq     int
	Fate    string // "counts", "waits" or "void"
}

func (d *Door) agreementRoutes() {
	d.page("GET /agreements", (*visit).agreements)
	d.page("GET /agreement/{id}", (*visit).agreement)
	d.page("GET /agreements/new", (*visit).newAgreement, node.RoleChair)
	d.page("POST /agreements/new", (*visit).draftAgreement, node.RoleChair)
	d.page("GET /agreement/{id}/amend", (*visit).newAmendment, node.RoleChair)
	d.page("POST /agreement/{id}/amend", (*visit).draftAmendment, node.RoleChair)
	d.page("GET /agreements/draft/{draft}", (*visit).reviewDraft, node.RoleChair)
	d.page("POST /agreements/draft/{draft}", (*visit).signDraft, node.RoleChair)
	d.page("POST /agreements/draft/{draft}/drop", (*visit).dropDraft, node.RoleChair)
	d.page("GET /agreement/{id}/accede", (*visit).readAccession, node.RoleChair)
	d.page("POST /agreement/{id}/accede", (*visit).accede, node.RoleChair)
	d.page("GET /agreement/{id}/suspend", (*visit).readSuspension, node.RoleChair)
	d.page("POST /agreement/{id}/suspend", (*visit).suspend, node.RoleChair)
	d.page("GET /agreement/{id}/resume", (*visit).readResumption, node.RoleChair)
	d.page("POST /agreement/{id}/resume", (*visit).resume, node.RoleChair)
}

// partners are the parties that this node knows, and their names.
func (v *visit) partners() ([]partner, map[entente.PartyID]string, error) {
	all, err := v.node.Parties(v.r.Context())
	names := make(map[entente.PartyID]string, len(all))
	out := make([]partner, 0, len(all))
	for _, p := range all {
		names[p.ID] = p.Name
		out = append(out, partner{p.ID, p.Name, p.Trusted})
	}
	slices.SortFunc(out, func(a, b partner) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
	})
	return out, names, err
}

// agreed is an agreement as a page looks at it: its state and how to name parties.
type agreed struct {
	*compact.State
	self  entente.PartyID
	names map[entente.PartyID]string
	acts  map[entente.ActID]node.CompactAct
	order []node.CompactAct
	now   time.Time
}

// agreed reads the agreement that the path names.
func (v *visit) agreed() (*agreed, error) { return v.agreedOn(entente.CompactID(v.r.PathValue("id"))) }

func (v *visit) agreedOn(id entente.CompactID) (*agreed, error) {
	s, err := v.node.Compact(v.r.Context(), id)
	if err != nil {
		return nil, err
	}
	a := &agreed{State: s, self: v.node.Self(), now: v.clock(), acts: map[entente.ActID]node.CompactAct{}}
	if _, a.names, err = v.partners(); err != nil {
		return nil, err
	}
	if a.order, err = v.node.CompactActs(v.r.Context(), s.ID); err != nil {
		return nil, err
	}
	for _, x := range a.order {
		a.acts[x.ID] = x
	}
	return a, nil
}

// name is what a party calls itself, or what the agreement calls it.
func (a *agreed) name(p entente.PartyID) string {
	if name := a.names[p]; name != "" {
		return name
	}
	if m := a.Members[p]; m != nil && m.Seat.Name != "" {
		return m.Seat.Name
	}
	return entente.Short(p)
}

func (a *agreed) named(p entente.PartyID) named { return named{p, a.name(p), p == a.self} }

func (a *agreed) allNamed(list []entente.PartyID) []named {
	var out []named
	for _, p := range list {
		out = append(out, a.named(p))
	}
	return out
}

// days are whole days from now; negative when it is past.
func days(now, then time.Time) int {
	d := then.Sub(now).Hours() / 24
	if d < 0 {
		return int(d) - 1
	}
	return int(d)
}

func (a *agreed) row() agreementRow {
	r := agreementRow{ID: a.ID, Pending: len(a.Pending)}
	c := a.Charter
	if c == nil {
		r.State = "unknown"
		return r
	}
	r.Name, r.Type, r.Members, r.End, r.Days = compact.Clean(c.Name), c.Type, len(c.Members), c.End, days(a.now, c.End.Time)
	switch {
	case !a.now.Before(c.End.Time):
		r.State = "ended"
	case !a.InForce:
		r.State = "waiting"
	case a.Deadlocked:
		r.State = "deadlocked"
	case a.now.Before(c.Start.Time):
		r.State, r.Days = "early", days(a.now, c.Start.Time)
	default:
		r.State = "force"
	}
	for _, p := range a.Missing {
		r.Missing = append(r.Missing, a.name(p))
		if p == a.self {
			r.Mine++
		}
	}
	for _, p := range a.Pending {
		if slices.Contains(p.Missing, a.self) {
			r.Mine++
		}
	}
	for id, m := range a.Members {
		if m.Status == compact.StatusMember && (len(m.Suspended) > 0 || m.Forked || len(m.TakenBack) > 0 || len(a.stopsTo(id)) > 0) {
			r.Stopped++
		}
	}
	return r
}

// stopsTo are the standing suspensions of others' flow to a member.
func (a *agreed) stopsTo(member entente.PartyID) []stopRow {
	var out []stopRow
	for _, other := range slices.Sorted(maps.Keys(a.Members)) {
		for _, act := range a.Members[other].Flows[member] {
			out = append(out, a.stop(act, other, false))
		}
	}
	return out
}

func (a *agreed) stop(id entente.ActID, by entente.PartyID, itself bool) stopRow {
	s := stopRow{Act: id, By: a.named(by), Itself: itself}
	if x, ok := a.acts[id]; ok && x.Act.Suspension != nil {
		s.Reason, s.Since = compact.Clean(x.Act.Suspension.Reason), x.Act.Time
	}
	return s
}

func (v *visit) agreements() error {
	states, err := v.node.Compacts(v.r.Context())
	if err != nil {
		return err
	}
	_, names, err := v.partners()
	if err != nil {
		return err
	}
	page := agreementsPage{Chair: v.who.Is(node.RoleChair)}
	for _, s := range states {
		a := &agreed{State: s, self: v.node.Self(), names: names, now: v.clock()}
		page.Rows = append(page.Rows, a.row())
	}
	// What waits for this party comes first, what has ended last.
	slices.SortStableFunc(page.Rows, func(a, b agreementRow) int {
		return cmp.Or(cmp.Compare(min(b.Mine, 1), min(a.Mine, 1)), cmp.Compare(rank(a.State), rank(b.State)), strings.Compare(a.Name, b.Name))
	})
	if page.Chair {
		if page.Drafts, err = v.drafts(); err != nil {
			return err
		}
	}
	return v.show("agreements", page)
}

func rank(state string) int {
	return slices.Index([]string{"waiting", "deadlocked", "force", "early", "unknown", "ended"}, state)
}

func (v *visit) agreement() error {
	a, err := v.agreed()
	if err != nil {
		return err
	}
	peers, err := v.node.Peers(v.r.Context())
	if err != nil {
		return err
	}
	c := a.Charter
	page := agreementPage{
		agreementRow: a.row(), Terms: a.Terms, Number: int(a.Number), Start: c.Start, Review: c.Review, ReviewDays: days(a.now, c.Review.Time),
		Without: a.allNamed(a.Missing), MayAccede: slices.Contains(a.Missing, a.self), Chair: v.who.Is(node.RoleChair),
		Charter: charterWords(v.language, c, a.name), History: a.history(v.language), Waiting: len(a.Waiting),
	}
	for _, id := range slices.Sorted(maps.Keys(a.Members)) {
		page.Roster = append(page.Roster, a.member(id, peers, page.Chair))
	}
	slices.SortStableFunc(page.Roster, func(a, b memberRow) int {
		if a.Self != b.Self {
			return map[bool]int{true: -1, false: 1}[a.Self]
		}
		return cmp.Or(cmp.Compare(status(a.Status), status(b.Status)), strings.Compare(a.Name, b.Name))
	})
	for _, p := range a.Pending {
		page.Amendments = append(page.Amendments, a.amendment(v.language, p))
	}
	for _, f := range a.Forks {
		page.Forks = append(page.Forks, a.fork(v.language, f))
	}
	return v.show("agreement", page)
}

func status(s compact.Status) int {
	return slices.Index([]compact.Status{compact.StatusMember, compact.StatusInvited, compact.StatusLeft}, s)
}

func (a *agreed) member(id entente.PartyID, peers []node.Peer, chair bool) memberRow {
	m := a.Members[id]
	r := memberRow{
		named: a.named(id), Status: m.Status, Seats: int(m.Seat.Seats), Basis: compact.Clean(m.Seat.LegalBasis), Signed: a.signedBy(id),
		Forked: m.Forked, TakenBack: len(m.TakenBack) > 0,
	}
	for _, act := range m.Suspended {
		r.Stops = append(r.Stops, a.stop(act, id, true))
	}
	r.Stops = append(r.Stops, a.stopsTo(id)...)
	for _, s := range m.Reservations {
		r.Reservations = append(r.Reservations, compact.Clean(s))
	}
	for _, p := range peers {
		if p.Party == id {
			r.Frozen, r.Heard = p.Frozen, p.Heard
		}
	}
	if me := a.Members[a.self]; chair && me != nil {
		standing := len(me.Flows[id])
		if id == a.self {
			standing = len(me.Suspended)
		}
		r.MayResume = standing > 0
		r.MayStop = standing == 0 && m.Status != compact.StatusLeft
	}
	return r
}

// signedBy is when a party signed the founding charter, as it says.
func (a *agreed) signedBy(p entente.PartyID) entente.Time {
	for _, x := range a.order {
		if x.Act.Signer == p && (x.Act.Kind == entente.KindCharter || x.Act.Accession != nil && x.Act.Accession.To == entente.ActID(a.ID)) {
			return x.Act.Time
		}
	}
	return entente.Time{}
}

func (a *agreed) amendment(l language, p compact.Pending) amendmentRow {
	r := amendmentRow{
		ID: p.ID, Number: int(p.Number), Author: a.named(p.Author), Signed: a.allNamed(p.Signed), Missing: a.allNamed(p.Missing),
		Mine: slices.Contains(p.Missing, a.self), Changes: charterChanges(l, a.Charter, p.Charter, a.name),
	}
	for _, s := range p.Settles {
		r.Settles = append(r.Settles, a.settled(l, s))
	}
	return r
}

// settled is a settlement, as the fork that it ends.
func (a *agreed) settled(l language, s entente.Settlement) forkRow {
	for _, f := range a.Forks {
		if f.Author == s.Author && f.Seq == s.Seq {
			f.Kept = s.Keep
			return a.fork(l, f)
		}
	}
	return forkRow{Author: a.named(s.Author), Seq: int(s.Seq), Kept: s.Keep, Acts: []forkAct{{ID: s.Keep, Kept: true, historyRow: a.line(l, s.Keep)}}}
}

func (a *agreed) fork(l language, f compact.Fork) forkRow {
	r := forkRow{Author: a.named(f.Author), Seq: int(f.Seq), Kept: f.Kept}
	for _, id := range f.Acts {
		r.Acts = append(r.Acts, forkAct{ID: id, Kept: id == f.Kept, historyRow: a.line(l, id)})
	}
	return r
}

func (a *agreed) line(l language, id entente.ActID) historyRow {
	if x, ok := a.acts[id]; ok {
		return a.told(l, x)
	}
	return historyRow{ID: id}
}

// history tells what was signed, the latest first.
func (a *agreed) history(l language) []historyRow {
	var out []historyRow
	for _, x := range slices.Backward(a.order) {
		out = append(out, a.told(l, x))
	}
	return out
}

func (a *agreed) told(l language, x node.CompactAct) historyRow {
	r := historyRow{ID: x.ID, Signed: x.Act.Time, Arrived: x.Arrived, Fate: "counts"}
	if x.Act.Chain != nil {
		r.Seq = int(x.Act.Chain.Seq)
	}
	switch {
	case slices.Contains(a.Void, x.ID):
		r.Fate = "void"
	case slices.Contains(a.Waiting, x.ID):
		r.Fate = "waits"
	}
	who := isolated(a.name(x.Act.Signer))
	switch x.Act.Kind {
	case entente.KindCharter:
		r.What = l.T("agreement.told.charter", who)
	case entente.KindAccession:
		r.Said = x.Act.Accession.Reservation
		if to := x.Act.Accession.To; to == entente.ActID(a.ID) {
			r.What = l.T("agreement.told.accession", who)
		} else if named, ok := a.acts[to]; ok && named.Act.Amendment != nil {
			r.What = l.T("agreement.told.signed", who, l.Number(named.Act.Amendment.Number))
		} else {
			r.What = l.T("agreement.told.signed_unknown", who)
		}
	case entente.KindAmendment:
		r.What = l.T("agreement.told.amendment", who, l.Number(x.Act.Amendment.Number))
	case entente.KindSuspension:
		r.What, r.Said = a.toldStop(l, "stopped", x), x.Act.Suspension.Reason
	case entente.KindResumption:
		r.What = l.T("agreement.told.resumed", who)
		if lifted, ok := a.acts[x.Act.Resumption.Lifts]; ok && lifted.Act.Suspension != nil {
			r.What = a.toldStop(l, "resumed", lifted)
		}
	}
	r.Said = compact.Clean(r.Said)
	return r
}

// toldStop says what a suspension stopped, or what was resumed after it.
func (a *agreed) toldStop(l language, what string, x node.CompactAct) string {
	who, member := isolated(a.name(x.Act.Signer)), x.Act.Suspension.Member
	if member == x.Act.Signer {
		return l.T("agreement.told."+what+"_all", who)
	}
	return l.T("agreement.told."+what+"_flow", who, isolated(a.name(member)))
}
