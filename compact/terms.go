package compact

import (
	"slices"

	"entente"
)

// terms are a charter at its place in the line of amendments.
type terms struct {
	id      entente.ActID
	number  int64
	charter *entente.Charter
}

// signatures are what one author has signed (rules 7 and 8).
type signatures struct {
	charter bool
	// amendments signed, each the first of its base on some branch.
	amendments map[entente.ActID]bool
	// proposed are those of them that are the author's own acts.
	proposed map[entente.ActID]bool
	// branches counts the ends of the chain, spent those on which an amendment
	// of a base is signed.
	branches int
	spent    map[entente.ActID]int
}

// sign walks the branches of a chain.
func (h *history) sign(c *chain) *signatures {
	s := &signatures{
		amendments: map[entente.ActID]bool{}, proposed: map[entente.ActID]bool{}, spent: map[entente.ActID]int{},
	}
	if c == nil {
		return s
	}
	voted := map[entente.ActID]int{} // by base, on the way to the act at hand
	hidden := 0                      // signatures on the way that hide their base
	var walk func(n *link)
	walk = func(n *link) {
		what, base, known := h.signs(n)
		switch {
		case !known:
			hidden++
			defer func() { hidden-- }()
		case what == entente.ActID(h.id):
			s.charter = true
		case what != "":
			if hidden > 0 {
				break
			}
			if voted[base] == 0 {
				s.amendments[what] = true
				s.proposed[n.ID] = n.ID == what
			}
			voted[base]++
			defer func() { voted[base]-- }()
		}
		end := true
		for _, m := range n.children {
			if m.counts {
				end = false
				walk(m)
			}
		}
		if end {
			s.branches++
			for base, n := range voted {
				if n > 0 {
					s.spent[base]++
				}
			}
		}
	}
	for _, n := range c.links {
		if n.first && n.counts {
			walk(n)
		}
	}
	return s
}

// spentOn says whether no branch is left on which an amendment of base can be signed.
func (s *signatures) spentOn(base entente.ActID) bool {
	return s.branches > 0 && s.spent[base] == s.branches
}

// signs says which charter or amendment an act signs, and of which base; an
// empty what is neither.
func (h *history) signs(n *link) (what, base entente.ActID, known bool) {
	switch n.Act.Kind {
	case entente.KindAmendment:
		return n.ID, n.Act.Amendment.Base, true
	case entente.KindAccession:
		to := n.Act.Accession.To
		if to == entente.ActID(h.id) {
			return to, "", true
		}
		named := h.known[to]
		if named == nil || named.Kind != entente.KindAmendment {
			return "", "", false
		}
		return to, named.Amendment.Base, true
	}
	return "", "", true
}

// signatures of one party under the settlements in force.
func (h *history) signatures(p entente.PartyID) *signatures {
	if h.signed[p] == nil {
		h.signed[p] = h.sign(h.chains[p])
	}
	return h.signed[p]
}

// founding lists the members of the founding charter that have not signed it, sorted.
func (h *history) founding(signed func(entente.PartyID) bool) []entente.PartyID {
	var missing []entente.PartyID
	for _, p := range rosters(h.charter) {
		if p != h.founder && !signed(p) {
			missing = append(missing, p)
		}
	}
	return missing
}

// ballot is how far an amendment has come.
type ballot struct {
	counts  bool // its own act counts and signs it
	dead    bool // it can never come into force
	signed  []entente.PartyID
	missing []entente.PartyID
	awaits  []entente.ActID // acts that it keeps and that do not count yet
}

// fits says whether an amendment can follow now, for its form and its author's
// acts before it. It spares count the many that one author might write.
func (h *history) fits(f Fact, now terms) bool {
	a := f.Act.Amendment
	_, ok := now.charter.Seat(f.Act.Signer)
	if !ok || a.Base != now.id || a.Number != now.number+1 || a.Charter.Folding != 1 {
		return false
	}
	for n := h.chains[f.Act.Signer].byID[f.ID].parent; n != nil; n = n.parent {
		if _, base, _ := h.signs(n); base == a.Base {
			return false // not its first of this base
		}
	}
	return true
}

// count judges an amendment that fits (rule 9).
func (h *history) count(f Fact, now terms) ballot {
	a := f.Act.Amendment
	under := map[entente.PartyID]*chain{} // the chains it settles
	for _, k := range a.Settles {
		if under[k.Author] == nil {
			kept := slices.Clone(h.kept)
			for _, s := range a.Settles {
				if s.Author == k.Author {
					kept = append(kept, s)
				}
			}
			under[k.Author] = judge(h.id, h.acts[k.Author], kept)
		}
	}
	signed := func(p entente.PartyID) *signatures {
		if c := under[p]; c != nil {
			return h.sign(c)
		}
		return h.signatures(p)
	}
	own := under[f.Act.Signer]
	if own == nil {
		own = h.chains[f.Act.Signer]
	}
	b := ballot{counts: signed(f.Act.Signer).proposed[f.ID], dead: own.byID[f.ID].fate != stands}
	for _, k := range a.Settles {
		n := under[k.Author].byID[k.Keep]
		if n == nil || !n.counts {
			b.awaits = append(b.awaits, k.Keep)
		}
		if n == nil && h.known[k.Keep] != nil || n != nil && (n.seq != k.Seq || n.fate != stands) {
			b.dead = true // not of this author, not at this position, or void
		}
	}
	for _, p := range rosters(now.charter, &a.Charter) {
		s := signed(p)
		if s.amendments[f.ID] {
			b.signed = append(b.signed, p)
			continue
		}
		b.missing = append(b.missing, p)
		b.dead = b.dead || s.spentOn(now.id)
	}
	return b
}

// next finds the amendment that replaces now, and puts it in force.
func (h *history) next(now terms) (terms, bool) {
	for _, f := range h.amendments[now.id] {
		if !h.fits(f, now) {
			continue
		}
		if b := h.count(f, now); b.dead || !b.counts || len(b.missing) > 0 || len(b.awaits) > 0 {
			continue
		}
		a := f.Act.Amendment
		h.kept = append(h.kept, a.Settles...)
		for _, k := range a.Settles {
			h.chains[k.Author] = judge(h.id, h.acts[k.Author], h.kept)
			delete(h.signed, k.Author)
		}
		return terms{f.ID, a.Number, &a.Charter}, true
	}
	return now, false
}

// pending lists the amendments of now that could still come into force, and
// says whether none ever can.
func (h *history) pending(now terms) (list []Pending, deadlocked bool) {
	alive := false
	for _, f := range h.amendments[now.id] {
		if !h.fits(f, now) {
			continue
		}
		b := h.count(f, now)
		alive = alive || !b.dead
		if b.dead || !h.signatures(f.Act.Signer).proposed[f.ID] {
			continue
		}
		a := f.Act.Amendment
		list = append(list, Pending{
			ID: f.ID, Author: f.Act.Signer, Number: a.Number, Charter: &a.Charter, Settles: a.Settles,
			Signed: b.signed, Missing: b.missing, Awaits: b.awaits,
		})
	}
	for _, p := range rosters(now.charter) {
		deadlocked = deadlocked || !alive && h.signatures(p).spentOn(now.id)
	}
	return list, deadlocked
}

// takenBack finds who alone holds up terms by having taken a signature back
// (rule 10), and the acts that are void.
func (h *history) takenBack(inForce bool, now terms) map[entente.PartyID][]entente.ActID {
	out := map[entente.PartyID][]entente.ActID{}
	blame := func(what entente.ActID, missing []entente.PartyID) {
		found := map[entente.PartyID][]entente.ActID{}
		for _, p := range missing {
			c := h.chains[p]
			if c == nil {
				return
			}
			for _, n := range c.links {
				if to, _, _ := h.signs(n); n.fate == overtaken && n.linked && to == what {
					found[p] = append(found[p], n.ID)
				}
			}
			if found[p] == nil {
				return
			}
		}
		for p, acts := range found {
			out[p] = append(out[p], acts...)
		}
	}
	if !inForce {
		blame(now.id, h.founding(func(p entente.PartyID) bool { return h.signatures(p).charter }))
	}
	for _, f := range h.amendments[now.id] {
		if h.fits(f, now) {
			blame(f.ID, h.count(f, now).missing)
		}
	}
	for p := range out {
		slices.Sort(out[p])
		out[p] = slices.Compact(out[p])
	}
	return out
}
