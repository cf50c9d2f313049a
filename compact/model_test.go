package compact

import (
	"maps"
	"slices"

	"entente"
)

// model is the rules again, slow and with nothing remembered: every question
// is asked of the whole set of acts, in the words of the package comment.
type model struct {
	id    entente.CompactID
	facts []Fact // chained acts, each once
	kept  []entente.Settlement
}

// summary is what the model says of a history.
type summary struct {
	Terms      entente.ActID
	InForce    bool
	Missing    []entente.PartyID
	Status     map[entente.PartyID]Status
	Forked     map[entente.PartyID]bool
	TakenBack  map[entente.PartyID][]entente.ActID
	Suspended  map[entente.PartyID][]entente.ActID
	Flows      map[entente.PartyID]map[entente.PartyID][]entente.ActID
	Heads      map[entente.PartyID]entente.ActID
	Pending    map[entente.ActID][]entente.PartyID
	Forks      map[entente.ActID]entente.ActID // each act of a fork, and the one kept
	Waits      map[entente.ActID]bool          // true: waiting, false: void
	Deadlocked bool
}

// judged is one author's chain under some settlements.
type judged struct {
	acts  []Fact
	voids map[entente.ActID]string // why
	fork  []Fact
}

func (m *model) of(author entente.PartyID) (acts []Fact) {
	for _, f := range m.facts {
		if f.Act.Signer == author {
			acts = append(acts, f)
		}
	}
	return acts
}

func parentOf(acts []Fact, f Fact) (Fact, bool) {
	for _, g := range acts {
		if g.ID == f.Act.Chain.Prev && g.Act.Chain.Seq == f.Act.Chain.Seq-1 {
			return g, true
		}
	}
	return Fact{}, false
}

func (m *model) path(acts []Fact, f Fact) (path []Fact, right bool) {
	for {
		path = append([]Fact{f}, path...)
		if f.Act.Chain.Seq == 1 {
			return path, f.Act.Chain.Prev == entente.ActID(m.id)
		}
		var ok bool
		if f, ok = parentOf(acts, f); !ok {
			return path, false
		}
	}
}

func (m *model) judge(author entente.PartyID, kept []entente.Settlement) *judged {
	j := &judged{acts: m.of(author), voids: map[entente.ActID]string{}}
	follow := func() { // what follows a void act is void
		for range j.acts {
			for _, f := range j.acts {
				if p, ok := parentOf(j.acts, f); ok && j.voids[p.ID] != "" && j.voids[f.ID] == "" {
					j.voids[f.ID] = j.voids[p.ID]
				}
			}
		}
	}
	at := func(seq int64) (here []Fact) {
		for _, f := range j.acts {
			if f.Act.Chain.Seq == seq && j.voids[f.ID] == "" {
				here = append(here, f)
			}
		}
		return here
	}
	positions := map[int64]bool{}
	for _, f := range j.acts {
		positions[f.Act.Chain.Seq] = true
	}
	// Rule 2.
	pinned := map[int64]entente.ActID{}
	for _, k := range kept {
		for _, f := range j.acts {
			if k.Author == author && f.ID == k.Keep && f.Act.Chain.Seq == k.Seq {
				path, _ := m.path(j.acts, f)
				for _, g := range path {
					if pinned[g.Act.Chain.Seq] == "" {
						pinned[g.Act.Chain.Seq] = g.ID
					}
				}
			}
		}
	}
	for _, f := range j.acts {
		if p := pinned[f.Act.Chain.Seq]; p != "" && p != f.ID {
			j.voids[f.ID] = "dropped"
		}
	}
	follow()
	// Rule 3.
	for _, seq := range slices.Sorted(maps.Keys(positions)) {
		var old []Fact
		for _, f := range at(seq) {
			for _, g := range j.acts {
				if j.voids[g.ID] == "" && g.Act.Chain.Seq <= seq && g.Act.Card > f.Act.Card && pinned[seq] != f.ID {
					old = append(old, f)
				}
			}
		}
		for _, f := range old {
			j.voids[f.ID] = "overtaken"
		}
		follow()
	}
	// Rule 4.
	reach := func(f Fact) (card int64) {
		for _, g := range j.acts {
			path, _ := m.path(j.acts, g)
			if j.voids[g.ID] == "" && slices.ContainsFunc(path, func(x Fact) bool { return x.ID == f.ID }) {
				card = max(card, g.Act.Card)
			}
		}
		return card
	}
	for _, seq := range slices.Sorted(maps.Keys(positions)) {
		here := at(seq)
		var top int64
		for _, f := range here {
			top = max(top, reach(f))
		}
		for _, f := range here {
			if reach(f) < top {
				j.voids[f.ID] = "overtaken"
			}
		}
		follow()
		if rest := at(seq); len(rest) > 1 && j.fork == nil {
			j.fork = rest
		}
	}
	return j
}

func (m *model) counts(j *judged, f Fact) bool {
	_, right := m.path(j.acts, f)
	return right && j.voids[f.ID] == ""
}

func (m *model) trunk(j *judged, f Fact) bool {
	return m.counts(j, f) && (j.fork == nil || f.Act.Chain.Seq < j.fork[0].Act.Chain.Seq)
}

// branches are the ways from position 1 to each end.
func (m *model) branches(j *judged) (all [][]Fact) {
	for _, f := range j.acts {
		end := m.counts(j, f)
		for _, g := range j.acts {
			if p, ok := parentOf(j.acts, g); ok && p.ID == f.ID && m.counts(j, g) {
				end = false
			}
		}
		if end {
			path, _ := m.path(j.acts, f)
			all = append(all, path)
		}
	}
	return all
}

func (m *model) find(id entente.ActID) *entente.Act {
	for _, f := range m.facts {
		if f.ID == id {
			return f.Act
		}
	}
	return nil
}

// names is the charter or amendment that an act signs.
func (m *model) names(f Fact) entente.ActID {
	switch f.Act.Kind {
	case entente.KindAccession:
		return f.Act.Accession.To
	case entente.KindAmendment:
		return f.ID
	}
	return ""
}

// taken is the amendment of a base that a branch signs; open: none yet.
func (m *model) taken(branch []Fact, base entente.ActID) (what entente.ActID, open bool) {
	for _, f := range branch {
		to := m.names(f)
		if to == "" || to == entente.ActID(m.id) {
			continue
		}
		a := m.find(to)
		if a == nil || a.Kind != entente.KindAmendment {
			return "", true
		}
		if a.Amendment.Base == base {
			return to, false
		}
	}
	return "", true
}

func (m *model) signedCharter(p, founder entente.PartyID) bool {
	if p == founder {
		return true
	}
	j := m.judge(p, m.kept)
	for _, f := range j.acts {
		if m.counts(j, f) && f.Act.Kind == entente.KindAccession && f.Act.Accession.To == entente.ActID(m.id) {
			return true
		}
	}
	return false
}

func everyone(a, b *entente.Charter) (all []entente.PartyID) {
	for _, s := range append(slices.Clone(a.Members), b.Members...) {
		if !slices.Contains(all, s.Party) {
			all = append(all, s.Party)
		}
	}
	slices.Sort(all)
	return all
}

// fold applies the rules to a history whose charter is known.
func (m *model) fold(charter *entente.Charter, founder entente.PartyID) summary {
	s := summary{
		Status: map[entente.PartyID]Status{}, Forked: map[entente.PartyID]bool{}, TakenBack: map[entente.PartyID][]entente.ActID{},
		Suspended: map[entente.PartyID][]entente.ActID{}, Flows: map[entente.PartyID]map[entente.PartyID][]entente.ActID{},
		Heads: map[entente.PartyID]entente.ActID{}, Pending: map[entente.ActID][]entente.PartyID{},
		Forks: map[entente.ActID]entente.ActID{}, Waits: map[entente.ActID]bool{},
	}
	terms, number, now := entente.ActID(m.id), int64(0), charter
	for _, seat := range charter.Members {
		if !m.signedCharter(seat.Party, founder) {
			s.Missing = append(s.Missing, seat.Party)
		}
	}
	s.InForce = len(s.Missing) == 0

	// ballot applies rule 9 to one amendment.
	type ballot struct {
		complete, dead bool
		missing        []entente.PartyID
	}
	judgeBallot := func(f Fact) ballot {
		a := f.Act.Amendment
		kept := append(slices.Clone(m.kept), a.Settles...)
		var b ballot
		own := m.judge(f.Act.Signer, kept)
		path, _ := m.path(own.acts, f)
		first, _ := m.taken(path, terms)
		b.complete = m.counts(own, f) && first == f.ID
		b.dead = own.voids[f.ID] != ""
		for _, k := range a.Settles {
			j := m.judge(k.Author, kept)
			good := false
			for _, g := range j.acts {
				if g.ID == k.Keep && m.counts(j, g) && g.Act.Chain.Seq == k.Seq {
					good = true
				}
				if g.ID == k.Keep && (j.voids[g.ID] != "" || g.Act.Chain.Seq != k.Seq) {
					b.dead = true
				}
			}
			if x := m.find(k.Keep); x != nil && x.Signer != k.Author {
				b.dead = true
			}
			b.complete = b.complete && good
		}
		for _, p := range everyone(now, &a.Charter) {
			branches := m.branches(m.judge(p, kept))
			signed, open := false, len(branches) == 0
			for _, branch := range branches {
				what, free := m.taken(branch, terms)
				signed = signed || what == f.ID
				open = open || free
			}
			if !signed {
				b.missing = append(b.missing, p)
				b.dead = b.dead || !open
			}
		}
		b.complete = b.complete && !b.dead && len(b.missing) == 0
		return b
	}
	candidates := func() (list []Fact) {
		for _, f := range m.facts {
			if f.Act.Kind == entente.KindAmendment && f.Act.Amendment.Base == terms && f.Act.Amendment.Number == number+1 {
				again := false
				path, _ := m.path(m.of(f.Act.Signer), f)
				for _, g := range path[:len(path)-1] {
					a := m.find(m.names(g))
					again = again || a != nil && a.Kind == entente.KindAmendment && a.Amendment.Base == terms
				}
				if _, ok := now.Seat(f.Act.Signer); ok && !again {
					list = append(list, f)
				}
			}
		}
		slices.SortFunc(list, func(a, b Fact) int { return cmpIDs(a.ID, b.ID) })
		return list
	}
	var past []*entente.Charter
	for again := s.InForce; again; {
		again = false
		for _, f := range candidates() {
			if judgeBallot(f).complete {
				past = append(past, now)
				m.kept = append(m.kept, f.Act.Amendment.Settles...)
				terms, number, now, again = f.ID, number+1, &f.Act.Amendment.Charter, true
				break
			}
		}
	}
	s.Terms = terms
	invited := []*entente.Charter{}
	alive := false
	for _, f := range candidates() {
		b := judgeBallot(f)
		alive = alive || !b.dead
		j := m.judge(f.Act.Signer, m.kept)
		path, _ := m.path(j.acts, f)
		if first, _ := m.taken(path, terms); !b.dead && m.counts(j, f) && first == f.ID {
			s.Pending[f.ID] = b.missing
			invited = append(invited, &f.Act.Amendment.Charter)
		}
	}
	for _, c := range invited {
		for _, seat := range c.Members {
			s.Status[seat.Party] = StatusInvited
		}
	}
	for _, c := range past {
		for _, seat := range c.Members {
			s.Status[seat.Party] = StatusLeft
		}
	}
	for _, seat := range now.Members {
		s.Status[seat.Party] = StatusMember
		if slices.Contains(s.Missing, seat.Party) {
			s.Status[seat.Party] = StatusInvited
		}
		branches := m.branches(m.judge(seat.Party, m.kept))
		open := len(branches) == 0
		for _, branch := range branches {
			_, free := m.taken(branch, terms)
			open = open || free
		}
		s.Deadlocked = s.Deadlocked || !open && !alive
	}
	// Rule 10.
	blame := func(what entente.ActID, missing []entente.PartyID) {
		back := map[entente.PartyID][]entente.ActID{}
		for _, p := range missing {
			j := m.judge(p, m.kept)
			for _, f := range j.acts {
				if _, right := m.path(j.acts, f); right && j.voids[f.ID] == "overtaken" && m.names(f) == what {
					back[p] = append(back[p], f.ID)
				}
			}
		}
		if len(back) == len(missing) {
			for p, acts := range back {
				s.TakenBack[p] = append(s.TakenBack[p], acts...)
				slices.Sort(s.TakenBack[p])
			}
		}
	}
	if !s.InForce {
		blame(terms, s.Missing)
	}
	for _, f := range candidates() {
		blame(f.ID, judgeBallot(f).missing)
	}
	maps.DeleteFunc(s.TakenBack, func(p entente.PartyID, _ []entente.ActID) bool { return s.Status[p] == "" })
	m.people(&s)
	return s
}

// people fills in what each author's chain says.
func (m *model) people(s *summary) {
	for _, f := range m.facts {
		p := f.Act.Signer
		j := m.judge(p, m.kept)
		if s.Status[p] == "" {
			s.Waits[f.ID] = true
			continue
		}
		if j.voids[f.ID] != "" {
			s.Waits[f.ID] = false
		} else if !m.counts(j, f) {
			s.Waits[f.ID] = true
		}
		if j.fork != nil {
			s.Forked[p] = true
			for _, g := range j.fork {
				s.Forks[g.ID] = ""
			}
		}
		if m.trunk(j, f) {
			last := true
			for _, g := range j.acts {
				last = last && !(m.trunk(j, g) && g.Act.Chain.Seq > f.Act.Chain.Seq)
			}
			if last {
				s.Heads[p] = f.ID
			}
		}
		if f.Act.Kind != entente.KindSuspension || j.voids[f.ID] != "" {
			continue
		}
		lifted := false
		for _, g := range j.acts {
			if g.Act.Kind == entente.KindResumption && g.Act.Resumption.Lifts == f.ID && m.trunk(j, g) {
				lifted = true
			}
		}
		to := f.Act.Suspension.Member
		switch {
		case lifted:
		case to == p:
			s.Suspended[p] = append(s.Suspended[p], f.ID)
		default:
			if s.Flows[p] == nil {
				s.Flows[p] = map[entente.PartyID][]entente.ActID{}
			}
			s.Flows[p][to] = append(s.Flows[p][to], f.ID)
		}
	}
	for _, k := range m.kept {
		if s.Status[k.Author] == "" {
			continue
		}
		var here []Fact
		for _, f := range m.of(k.Author) {
			if f.Act.Chain.Seq == k.Seq && f.Act.Card == m.find(k.Keep).Card {
				here = append(here, f)
			}
		}
		if len(here) > 1 {
			for _, f := range here {
				s.Forks[f.ID] = k.Keep
			}
		}
	}
	for _, list := range s.Suspended {
		slices.Sort(list)
	}
	for _, flows := range s.Flows {
		for _, list := range flows {
			slices.Sort(list)
		}
	}
}

func cmpIDs(a, b entente.ActID) int {
	if a < b {
		return -1
	}
	return 1
}

// summarise brings a State into the form of the model.
func summarise(s *State) summary {
	out := summary{
		Terms: s.Terms, InForce: s.InForce, Missing: s.Missing, Deadlocked: s.Deadlocked,
		Status: map[entente.PartyID]Status{}, Forked: map[entente.PartyID]bool{}, TakenBack: map[entente.PartyID][]entente.ActID{},
		Suspended: map[entente.PartyID][]entente.ActID{}, Flows: map[entente.PartyID]map[entente.PartyID][]entente.ActID{},
		Heads: map[entente.PartyID]entente.ActID{}, Pending: map[entente.ActID][]entente.PartyID{},
		Forks: map[entente.ActID]entente.ActID{}, Waits: map[entente.ActID]bool{},
	}
	for p, m := range s.Members {
		out.Status[p] = m.Status
		if m.Forked {
			out.Forked[p] = true
		}
		if m.TakenBack != nil {
			out.TakenBack[p] = m.TakenBack
		}
		if m.Suspended != nil {
			out.Suspended[p] = m.Suspended
		}
		if m.Flows != nil {
			out.Flows[p] = m.Flows
		}
	}
	for p, h := range s.Heads {
		out.Heads[p] = h.ID
	}
	for _, p := range s.Pending {
		out.Pending[p.ID] = p.Missing
	}
	for _, f := range s.Forks {
		for _, id := range f.Acts {
			out.Forks[id] = f.Kept
		}
	}
	for _, id := range s.Waiting {
		out.Waits[id] = true
	}
	for _, id := range s.Void {
		out.Waits[id] = false
	}
	return out
}
