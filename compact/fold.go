package compact

import (
	"cmp"
	"maps"
	"slices"

	"entente"
)

// Fact is an act whose signature was verified under version Act.Card of its
// signer's card. The caller must not change the act afterwards.
type Fact struct {
	ID  entente.ActID
	Act *entente.Act
}

// Fold says what the acts of a compact amount to. It is a function of the set
// of facts: order and repetition do not matter. Facts of other compacts and
// of kinds that are no business of the fold are ignored.
func Fold(id entente.CompactID, facts []Fact) *State {
	h := gather(id, facts)
	s := &State{ID: id, Members: map[entente.PartyID]*Member{}, Heads: map[entente.PartyID]entente.Seen{}}
	if h.charter != nil {
		h.run(s)
	}
	for author, c := range h.chains {
		for _, n := range c.links {
			switch {
			case !s.Listed(author) || n.fate == stands && !n.counts:
				s.Waiting = append(s.Waiting, n.ID)
			case n.fate != stands:
				s.Void = append(s.Void, n.ID)
			}
		}
	}
	slices.Sort(s.Waiting)
	slices.Sort(s.Void)
	return s
}

// history is what is known of one compact, and how far the fold has come.
type history struct {
	id         entente.CompactID
	founder    entente.PartyID
	charter    *entente.Charter
	acts       map[entente.PartyID][]Fact // chained acts by author, in order
	known      map[entente.ActID]*entente.Act
	amendments map[entente.ActID][]Fact // by base, sorted by id
	kept       []entente.Settlement     // in force so far, the earliest first
	chains     map[entente.PartyID]*chain
	signed     map[entente.PartyID]*signatures // memo, under kept
}

// gather keeps the charter and the chained acts of one compact that are
// complete; a decoder refuses the others.
func gather(id entente.CompactID, facts []Fact) *history {
	h := &history{
		id: id, acts: map[entente.PartyID][]Fact{}, known: map[entente.ActID]*entente.Act{},
		amendments: map[entente.ActID][]Fact{}, chains: map[entente.PartyID]*chain{},
		signed: map[entente.PartyID]*signatures{},
	}
	for _, f := range facts {
		if f.Act == nil || h.known[f.ID] != nil {
			continue
		}
		a := f.Act
		if a.Kind == entente.KindCharter && f.ID == entente.ActID(id) && a.Charter != nil && a.Charter.Folding == 1 {
			h.charter, h.founder = a.Charter, a.Signer
		}
		if !a.Kind.Chained() || a.Compact != id || a.Chain == nil || a.Chain.Seq < 1 || a.Signer == "" || !bodied(a) {
			continue
		}
		h.known[f.ID] = a
		h.acts[a.Signer] = append(h.acts[a.Signer], f)
		if a.Kind == entente.KindAmendment {
			h.amendments[a.Amendment.Base] = append(h.amendments[a.Amendment.Base], f)
		}
	}
	for author, acts := range h.acts {
		slices.SortFunc(acts, order)
		h.chains[author] = judge(id, acts, nil)
	}
	for _, list := range h.amendments {
		slices.SortFunc(list, func(a, b Fact) int { return cmp.Compare(a.ID, b.ID) })
	}
	return h
}

// bodied says whether a has the body of its kind.
func bodied(a *entente.Act) bool {
	switch a.Kind {
	case entente.KindAccession:
		return a.Accession != nil
	case entente.KindAmendment:
		return a.Amendment != nil
	case entente.KindSuspension:
		return a.Suspension != nil
	case entente.KindResumption:
		return a.Resumption != nil
	}
	return false
}

// run folds a compact whose charter is known into s.
func (h *history) run(s *State) {
	now := terms{id: entente.ActID(h.id), charter: h.charter}
	s.Founder = h.founder
	s.Missing = h.founding(func(p entente.PartyID) bool { return h.signatures(p).charter })
	s.InForce = len(s.Missing) == 0
	past := []terms{now}
	for s.InForce {
		next, ok := h.next(now)
		if !ok {
			break
		}
		now = next
		past = append(past, now)
	}
	s.Terms, s.Number, s.Charter = now.id, now.number, now.charter
	s.Pending, s.Deadlocked = h.pending(now)
	h.people(s, past)
	h.forks(s)
	for p, acts := range h.takenBack(s.InForce, now) {
		if m := s.Members[p]; m != nil {
			m.TakenBack = acts
		}
	}
}

// people lists everybody on a roster and what each says of itself.
func (h *history) people(s *State, past []terms) {
	list := func(c *entente.Charter, status Status) {
		for _, seat := range c.Members {
			s.Members[seat.Party] = &Member{Seat: seat, Status: status}
		}
	}
	for i := range s.Pending { // smaller ids overwrite greater ones
		list(s.Pending[len(s.Pending)-1-i].Charter, StatusInvited)
	}
	for _, t := range past[:len(past)-1] {
		list(t.charter, StatusLeft)
	}
	list(s.Charter, StatusMember)
	for _, p := range s.Missing {
		s.Members[p].Status = StatusInvited
	}
	for p, m := range s.Members {
		c := h.chains[p]
		if c == nil {
			continue
		}
		m.Forked = c.fork != nil
		if n := c.head(); n != nil {
			s.Heads[p] = entente.Seen{Member: p, Seq: n.seq, ID: n.ID}
		}
		c.declare(p, m)
	}
}

// declare fills in suspensions (rule 5) and reservations.
func (c *chain) declare(p entente.PartyID, m *Member) {
	lifted := map[entente.ActID]bool{}
	for _, n := range c.links {
		if n.Act.Kind == entente.KindResumption && c.trunk(n) {
			lifted[n.Act.Resumption.Lifts] = true
		}
	}
	for _, n := range c.links {
		switch {
		case n.Act.Kind == entente.KindAccession && n.counts && n.Act.Accession.Reservation != "":
			m.Reservations = append(m.Reservations, n.Act.Accession.Reservation)
		case n.Act.Kind != entente.KindSuspension || n.fate != stands || lifted[n.ID]:
		case n.Act.Suspension.Member == p:
			m.Suspended = append(m.Suspended, n.ID)
		default:
			if m.Flows == nil {
				m.Flows = map[entente.PartyID][]entente.ActID{}
			}
			to := n.Act.Suspension.Member
			m.Flows[to] = append(m.Flows[to], n.ID)
		}
	}
	slices.Sort(m.Suspended)
	for _, acts := range m.Flows {
		slices.Sort(acts)
	}
}

// forks lists the forks of all who are listed, settled ones too.
func (h *history) forks(s *State) {
	for _, k := range h.kept {
		c := h.chains[k.Author]
		if c == nil || !s.Listed(k.Author) {
			continue
		}
		f := Fork{Author: k.Author, Seq: k.Seq, Kept: k.Keep}
		for _, n := range c.links {
			if n.seq == k.Seq && n.card == c.byID[k.Keep].card {
				f.Acts = append(f.Acts, n.ID) // links are sorted
			}
		}
		if len(f.Acts) > 1 { // else a position was settled that had one act
			s.Forks = append(s.Forks, f)
		}
	}
	for author, c := range h.chains {
		if c.fork == nil || !s.Listed(author) {
			continue
		}
		f := Fork{Author: author, Seq: c.fork[0].seq, Acts: ids(c.fork)}
		for _, id := range f.Acts {
			n := c.byID[id].tip()
			f.Tips = append(f.Tips, entente.Seen{Member: author, Seq: n.seq, ID: n.ID})
		}
		s.Forks = append(s.Forks, f)
	}
	slices.SortFunc(s.Forks, func(a, b Fork) int {
		return cmp.Or(cmp.Compare(a.Author, b.Author), cmp.Compare(a.Seq, b.Seq))
	})
	s.Forks = slices.CompactFunc(s.Forks, func(a, b Fork) bool { return a.Author == b.Author && a.Seq == b.Seq })
}

// rosters lists the members of some charters, sorted.
func rosters(charters ...*entente.Charter) []entente.PartyID {
	all := map[entente.PartyID]bool{}
	for _, c := range charters {
		for _, seat := range c.Members {
			all[seat.Party] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
