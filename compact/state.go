package compact

import (
	"cmp"
	"slices"

	"entente"
)

// Status is a party's place in a compact.
type Status string

// The places.
const (
	StatusInvited Status = "invited" // on a roster that is not in force yet
	StatusMember  Status = "member"
	StatusLeft    Status = "left" // on earlier rosters only; obligations go on
)

// State is what the acts of a compact amount to. It shares charters with the
// facts it was folded from; nobody changes it.
type State struct {
	ID entente.CompactID
	// Founder is empty while the charter is not known.
	Founder entente.PartyID
	// Terms, Number and Charter are those in force, or the founding charter
	// (number 0) while accessions to it are missing. Charter is nil while it is not known.
	Terms   entente.ActID
	Number  int64
	Charter *entente.Charter
	// InForce says that all members have signed, whatever the date.
	InForce bool
	// Missing are the members whose accession to the founding charter is missing; sorted.
	Missing []entente.PartyID
	// Members is everybody on any roster: in force, pending or past.
	Members map[entente.PartyID]*Member
	// Pending are the amendments of Terms that could still come into force; sorted by id.
	Pending []Pending
	// Deadlocked says that no amendment of Terms can ever come into force:
	// members signed rivals. The way on is a new compact.
	Deadlocked bool
	// Forks are sorted by author and position, settled ones among them. An
	// author's second fork shows when the first is settled.
	Forks []Fork
	// Heads are the ends of the valid chains, before any fork. An author
	// whose chain has not begun has none.
	Heads map[entente.PartyID]entente.Seen
	// Waiting are acts beyond a gap in their author's chain, and acts of parties
	// that no known roster lists; sorted.
	Waiting []entente.ActID
	// Void are acts that do not count because a newer card or a settlement put
	// another in their place; sorted.
	Void []entente.ActID
}

// Member is one party of a compact.
type Member struct {
	Seat   entente.Seat
	Status Status
	// Suspended are its standing suspensions of itself; sorted.
	Suspended []entente.ActID
	// Forked: it signed two acts for one position and that is not settled.
	Forked bool
	// TakenBack are signatures under an older card that terms need and that
	// it took back under a newer one; it is suspended until it signs again. Sorted.
	TakenBack []entente.ActID
	// Flows are its standing suspensions of its flow to one member; each sorted.
	Flows map[entente.PartyID][]entente.ActID
	// Reservations are its remarks on what it signed, in chain order.
	Reservations []string
}

// Pending is an amendment of the terms in force that not all have signed.
type Pending struct {
	ID      entente.ActID
	Author  entente.PartyID
	Number  int64
	Charter *entente.Charter
	Settles []entente.Settlement
	// Signed and Missing are the members of the old and the new roster; sorted.
	Signed, Missing []entente.PartyID
	// Awaits are acts that it keeps and that have not arrived, or beyond a gap.
	Awaits []entente.ActID
}

// Fork is the proof that an author signed different acts for one position.
type Fork struct {
	Author entente.PartyID
	Seq    int64
	Acts   []entente.ActID // the proof, sorted
	// Tips are the ends of the branches, in the order of Acts; none once settled.
	Tips []entente.Seen
	// Kept is the act that a settlement in force keeps; empty: not settled.
	Kept entente.ActID
}

// Listed says whether p is on a roster in force, pending or past, and so is
// sent the control acts of the compact: obligations outlive membership.
func (s *State) Listed(p entente.PartyID) bool { return s.Members[p] != nil }

// Signed is the amendment of the terms in force that p signed, if it did. A
// party signs one at most, see rule 8; ask before drafting another.
func (s *State) Signed(p entente.PartyID) (entente.ActID, bool) {
	for _, q := range s.Pending {
		if slices.Contains(q.Signed, p) {
			return q.ID, true
		}
	}
	return "", false
}

// Next is the place of my next act in the compact. If I have forked, it is the
// end of one branch; NextOn chooses. Next asks for the charter to be known.
func (s *State) Next(me entente.PartyID) entente.Link {
	return s.NextOn(me, "")
}

// NextOn is Next on the branch that begins with one of the acts of my fork: who
// has forked signs the amendment that settles it on the branch that it keeps.
func (s *State) NextOn(me entente.PartyID, keep entente.ActID) entente.Link {
	l := entente.Link{Seq: 1, Prev: entente.ActID(s.ID), Seen: s.seen(me)}
	if h, ok := s.Heads[me]; ok {
		l.Seq, l.Prev = h.Seq+1, h.ID
	}
	for _, f := range s.Forks {
		if f.Author == me && f.Kept == "" {
			t := f.Tips[max(0, slices.Index(f.Acts, keep))]
			l.Seq, l.Prev = t.Seq+1, t.ID
		}
	}
	return l
}

// seen lists the heads of the others. A link has room for 200: members that
// have left give way.
func (s *State) seen(me entente.PartyID) []entente.Seen {
	var out []entente.Seen
	for p, h := range s.Heads {
		if p != me && s.Members[p].Status != StatusLeft {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b entente.Seen) int { return cmp.Compare(a.Member, b.Member) })
	return out[:min(len(out), 200)]
}

// name is what the charter calls p.
func (s *State) name(p entente.PartyID) string {
	if m := s.Members[p]; m != nil {
		return Clean(m.Seat.Name)
	}
	return "party " + entente.Short(p)
}
