package node_test

import (
	"slices"
	"time"
)

// The rule of who sees what once more, obvious and slow: what was said, what
// came, and a few loops over it. It calls nothing of the packages under test.
// Parties, compacts, records and objects are numbers, from 0.

// model is a world of parties and compacts.
type model struct {
	now      time.Duration   // since the start of the world
	skew     []time.Duration // of each party's clock
	compacts []modelCompact
	records  []modelRecord
	people   []*modelParty
	lanes    map[lane]*modelLane
	reached  map[string]int // what has happened, so that a run can show that it was there
}

type modelCompact struct {
	members []int // the founder first
	end     time.Duration
	onward  int // the widest onward rule, as an index into entente.Onwards
}

// Terms that all compacts of the model have.
const (
	modelTolerance = 5 * time.Minute
	modelFreshness = time.Hour
	widestTLP      = 3 // green
)

type modelRecord struct {
	owner  int
	object int   // records of one object are its versions, or claim to be
	refs   []int // objects
}

type modelHandling struct {
	tlp     int // index into entente.TLPs: the higher the wider
	onward  int // index into entente.Onwards
	caveat  bool
	expires int // day since the start at whose beginning it ends; 0: never
}

func (h modelHandling) asStrictAs(least modelHandling) bool {
	return h.tlp <= least.tlp && h.onward <= least.onward && (h.caveat || !least.caveat) &&
		(least.expires == 0 || h.expires != 0 && h.expires <= least.expires)
}

// strictestOf is handling as strict as that of each of these releases.
func strictestOf(by []*modelAct) modelHandling {
	h := by[0].handling
	for _, l := range by[1:] {
		h.tlp, h.onward, h.caveat = min(h.tlp, l.handling.tlp), min(h.onward, l.handling.onward), h.caveat || l.handling.caveat
		if e := l.handling.expires; e != 0 && (h.expires == 0 || e < h.expires) {
			h.expires = e
		}
	}
	return h
}

// modelAct is anything that was said.
type modelAct struct {
	kind    string // accession, suspension, resumption, release, ask, consent, recall
	by, to  int
	compact int
	member  int       // suspension: of whom
	lifts   *modelAct // resumption
	// Of a release: its records, and the consent for each that is another's.
	// Of a recall: what it is bounded to.
	records  []int
	consents map[int]*modelAct
	handling modelHandling // of a release; of a consent the least
	// Of an ask and a consent.
	record     int
	use        string
	recipients []int
	expires    int
	refused    bool
	ends       []*modelAct // recall: releases and consents
	entered    bool        // it stands in the channel
	waits      bool        // it is to be sent
}

type modelParty struct {
	// known are the acts of compacts, its own among them, and who brought each first.
	known []*modelAct
	from  map[*modelAct]int
	said  []*modelAct // releases, asks and consents of its own
	got   []*modelAct // those of others that were applied here
	// recalls are its own and those that came.
	recalls []*modelAct
	heard   map[int]time.Duration
	rests   map[int][]int // own records, and what they rest on
	over    map[place]bool
}

// place is one record of one release.
type place struct {
	release *modelAct
	record  int
}

// lane is a channel.
type lane struct{ from, to, compact int }

type modelLane struct {
	waiting []*modelAct // signed, not yet in the channel
	queued  map[*modelAct]bool
	entered []*modelAct
	arrived int           // how many of them
	answers []modelAnswer // that the sender has not got
}

type modelAnswer struct {
	act  *modelAct
	code string // applied, refused, withheld
}

func (m *model) lane(from, to, compact int) *modelLane {
	l := lane{from, to, compact}
	if m.lanes[l] == nil {
		m.lanes[l] = &modelLane{queued: map[*modelAct]bool{}}
	}
	return m.lanes[l]
}

func (m *model) queue(a *modelAct, from, to int) {
	l := m.lane(from, to, a.compact)
	if !l.queued[a] {
		l.queued[a], a.waits = true, true
		l.waiting = append(l.waiting, a)
	}
}

func (m *model) member(k, p int) bool { return slices.Contains(m.compacts[k].members, p) }

func (m *model) clock(p int) time.Duration { return m.now + m.skew[p] }

// ended says whether a day has begun, by a party's clock.
func (m *model) begun(p, day int) bool { return day != 0 && m.clock(p) >= dayStart(day) }

// The world starts at eight in the morning.
func dayStart(day int) time.Duration { return time.Duration(day)*24*time.Hour - 8*time.Hour }

// Who may send to whom.

const (
	sending = iota
	receiving
)

// may says whether, by what party p knows, records and what concerns them may
// go from one party to another in a compact.
func (m *model) may(p, k, from, to, end int) bool {
	if !m.member(k, from) || !m.member(k, to) || !m.inForce(p, k) {
		return false
	}
	last := m.compacts[k].end - modelTolerance
	if end == receiving {
		last = m.compacts[k].end + modelTolerance
	}
	return m.clock(p) < last && !m.suspends(p, k, from, from) && !m.suspends(p, k, to, to) && !m.suspends(p, k, from, to)
}

func (m *model) inForce(p, k int) bool {
	for _, member := range m.compacts[k].members[1:] {
		signed := false
		for _, a := range m.people[p].known {
			signed = signed || a.kind == "accession" && a.compact == k && a.by == member
		}
		if !signed {
			return false
		}
	}
	return true
}

// suspends says whether p knows of a standing suspension of member by this party.
func (m *model) suspends(p, k, by, member int) bool { return len(m.suspensions(p, k, by, member)) > 0 }

func (m *model) suspensions(p, k, by, member int) (standing []*modelAct) {
	known := m.people[p].known
	for _, a := range known {
		lifted := false
		for _, b := range known {
			lifted = lifted || b.kind == "resumption" && b.lifts == a
		}
		if a.kind == "suspension" && a.compact == k && a.by == by && a.member == member && !lifted {
			standing = append(standing, a)
		}
	}
	return standing
}

// Who sees what.

// stands says whether, at party p, a release still lets its recipient have a record.
func (m *model) stands(p int, l *modelAct, r int) bool {
	if !slices.Contains(l.records, r) || m.people[p].over[place{l, r}] {
		return false
	}
	for _, x := range m.people[p].recalls {
		if !slices.Contains(x.records, r) {
			continue
		}
		if x.by == l.by && x.to == l.to && slices.Contains(x.ends, l) {
			return false
		}
		if c := l.consents[r]; c != nil && x.by == c.by && x.to == p && slices.Contains(x.ends, c) {
			return false
		}
	}
	return true
}

// held are the releases by which p has another's record at the moment, the
// earliest first; k is a compact, or any (-1).
func (m *model) held(p, r, k int) (by []*modelAct) {
	for _, l := range m.people[p].got {
		if l.kind == "release" && (k < 0 || l.compact == k) && m.stands(p, l, r) && !m.begun(p, l.handling.expires) {
			by = append(by, l)
		}
	}
	return by
}

// kept says whether p still has the bytes: what has expired goes at the next sweep.
func (m *model) kept(p, r int) bool {
	return m.records[r].owner == p || slices.ContainsFunc(m.people[p].got, func(l *modelAct) bool { return l.kind == "release" && m.stands(p, l, r) })
}

// given are the releases by which p lets q have a record at the moment, the earliest first.
func (m *model) given(p, q, r, k int) (by []*modelAct) {
	for _, l := range m.people[p].said {
		if l.kind == "release" && l.to == q && (k < 0 || l.compact == k) && m.stands(p, l, r) && !m.begun(p, l.handling.expires) {
			by = append(by, l)
		}
	}
	return by
}

// shows says whether the node of p shows a record to q.
func (m *model) shows(p, q, r int) bool {
	if q == p {
		return m.records[r].owner == p || len(m.held(p, r, -1)) > 0
	}
	if !m.kept(p, r) {
		return false
	}
	for _, l := range m.given(p, q, r, -1) {
		if m.may(p, l.compact, p, q, sending) && (m.records[r].owner == p || m.covers(p, l.consents[r], "relay", r, l.compact, q)) {
			return true
		}
	}
	return false
}

// Consents.

// covers says whether, by what p knows, a consent to p lets it use a record towards q.
func (m *model) covers(p int, c *modelAct, use string, r, k, q int) bool {
	if c == nil || c.kind != "consent" || c.to != p || c.by != m.records[r].owner || c.record != r || c.use != use || c.refused ||
		!slices.Contains(c.recipients, q) || m.begun(p, c.expires) || m.withdrawn(p, c) {
		return false
	}
	if use == "derive" {
		if m.suspends(p, c.compact, c.by, c.by) || m.suspends(p, c.compact, c.by, q) || m.suspends(p, c.compact, q, q) {
			return false
		}
	} else if c.compact != k || !m.may(p, k, c.by, q, receiving) {
		return false
	}
	return m.fresh(p, c.by)
}

// fresh says whether p has heard from a party lately: only so can it know of suspensions and recalls.
func (m *model) fresh(p, of int) bool {
	heard, ever := m.people[p].heard[of]
	return ever && m.clock(p)-heard <= modelFreshness
}

// withdrawn says whether the originator has taken a consent back from p.
func (m *model) withdrawn(p int, c *modelAct) bool {
	return slices.ContainsFunc(m.people[p].recalls, func(x *modelAct) bool {
		return x.by == c.by && x.to == p && slices.Contains(x.ends, c) && slices.Contains(x.records, c.record)
	})
}

// permit is the latest consent that covers; nil: there is none.
func (m *model) permit(p int, use string, r, k, q int) *modelAct {
	for _, c := range slices.Backward(m.people[p].got) {
		if m.covers(p, c, use, r, k, q) {
			return c
		}
	}
	return nil
}

// foreign are the records of others that an own record rests on, over own ones in between.
func (m *model) foreign(p, r int) (out []int) {
	seen := []int{r}
	for i := 0; i < len(seen); i++ {
		for _, s := range m.people[p].rests[seen[i]] {
			if m.records[s].owner != p {
				out = append(out, s)
			} else if !slices.Contains(seen, s) {
				seen = append(seen, s)
			}
		}
	}
	return out
}

// Releases.

// rightful says whether p may let q have these records now, and by which consents.
func (m *model) rightful(p, q, k int, records []int, h modelHandling) (map[int]*modelAct, bool) {
	consents := map[int]*modelAct{}
	for _, r := range records {
		if m.records[r].owner != p {
			c := m.permit(p, "relay", r, k, q)
			if len(m.held(p, r, k)) == 0 || c == nil || !h.asStrictAs(c.handling) {
				return nil, false
			}
			consents[r] = c
		}
		if !m.sourced(p, q, k, r, h) || !m.closed(p, q, k, r, records, false) {
			return nil, false
		}
	}
	return consents, true
}

// sourced says whether all that an own record rests on may reach q under this handling.
func (m *model) sourced(p, q, k, r int, h modelHandling) bool {
	h.onward = 0 // the consent says that it may go on
	for _, s := range m.foreign(p, r) {
		by, owner := m.held(p, s, -1), m.records[s].owner
		if len(by) == 0 {
			return false
		}
		if owner == q {
			continue
		}
		switch c := m.permit(p, "derive", s, -1, q); {
		case c != nil && !h.asStrictAs(c.handling), slices.ContainsFunc(by, func(l *modelAct) bool { return !h.asStrictAs(l.handling) }):
			return false
		case c == nil && !(slices.ContainsFunc(by, func(l *modelAct) bool { return l.handling.onward == 2 && l.compact == k }) && m.may(p, k, owner, q, receiving) && m.fresh(p, owner)):
			return false // nor is there consent in advance for the members of this compact
		}
	}
	return true
}

// closed says whether all that a record refers to is released with it, was
// released before (and has left, when it leaves itself), or may be mentioned.
func (m *model) closed(p, q, k, r int, together []int, leaving bool) bool {
	for _, o := range m.records[r].refs {
		ok := slices.ContainsFunc(together, func(x int) bool { return m.records[x].object == o })
		for _, l := range m.people[p].said {
			if leaving && l.waits {
				continue
			}
			for _, x := range l.records {
				ok = ok || l.kind == "release" && l.to == q && l.compact == k && m.records[x].object == o && m.stands(p, l, x) && !m.begun(p, l.handling.expires)
			}
		}
		for x := range m.records {
			ok = ok || m.records[x].object == o && m.records[x].owner != p && len(m.held(p, x, -1)) > 0 && m.permit(p, "mention", x, k, q) != nil
		}
		if !ok {
			return false
		}
	}
	return true
}
