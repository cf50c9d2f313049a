package entente

import (
	"fmt"
	"slices"
	"strings"
)

// CompactType bounds what members may do in a compact; code refuses the rest.
type CompactType string

// The types.
const (
	Information   CompactType = "information"   // records, releases, consents, recalls
	Tasking       CompactType = "tasking"       // the same, and requests and tasks
	Deconfliction CompactType = "deconfliction" // notices only
	Matching      CompactType = "matching"      // private matching only
)

// CompactTypes lists the types.
var CompactTypes = []CompactType{Information, Tasking, Deconfliction, Matching}

// Unanimous is the one decision rule there is until members can vote.
const Unanimous = "unanimous"

// Charter states the terms of an agreement. The ActID of the founding charter
// is the CompactID; its author's signature on it counts as accession. Nothing
// flows until every other listed member has acceded.
type Charter struct {
	Name string      `json:"name"`
	Type CompactType `json:"type"`
	// Purposes and Categories (of data) bound every release; sorted.
	Purposes   []string `json:"purposes"`
	Categories []string `json:"categories"`
	// Members are the roster, sorted by party.
	Members []Seat `json:"members"`
	Start   Time   `json:"start"`
	End     Time   `json:"end"`
	Review  Time   `json:"review"`
	// Rule is how decisions are made; only Unanimous is accepted yet.
	Rule string `json:"rule"`
	// Handling is the default and the bounds of every release.
	Handling HandlingRules `json:"handling"`
	// Exit and Suspension are the agreed words on leaving and on suspending.
	Exit       string `json:"exit"`
	Suspension string `json:"suspension"`
	// Tolerance is how far members' clocks may differ around start and end, in seconds.
	Tolerance int64 `json:"tolerance_s"`
	// Freshness is how old a relay's knowledge of the originator's chain may be, in seconds.
	Freshness int64 `json:"freshness_s"`
	// RecallWithin is the deadline for confirming a recall, in seconds.
	RecallWithin int64 `json:"recall_within_s"`
	// HideAfter hides an unreachable originator's records after so many days; 0: never.
	HideAfter int64 `json:"hide_after_days"`
	Quota     Quota `json:"quota"`
	// Evidence after a recall: "none", or "inspector": sealed to the inspector.
	Evidence  string  `json:"evidence"`
	Inspector PartyID `json:"inspector,omitempty"`
	// TellOriginator: a record that arrives without consent is reported to its originator.
	TellOriginator bool `json:"tell_originator"`
	// TwoPersons lists the kinds of act that need a second operator's approval; sorted.
	TwoPersons []Kind `json:"two_persons,omitempty"`
	// ChairMonths is how long a member holds the chair; 0: no chair.
	ChairMonths int64 `json:"chair_months"`
	// Quorum counts "filled" or "all" seats.
	Quorum string `json:"quorum"`
	// Folding is the version of the rules that fold acts into a state; 1.
	Folding int64 `json:"folding"`
}

// Seat is one member of the roster.
type Seat struct {
	Party PartyID `json:"party"`
	// Name is what the charter calls the member.
	Name  string `json:"name"`
	Seats int64  `json:"seats"`
	// LegalBasis is the member's own basis for taking part.
	LegalBasis string `json:"legal_basis"`
}

// HandlingRules are the compact's default handling and its bounds.
type HandlingRules struct {
	Default Handling `json:"default"`
	// Widest is the widest TLP label a release may carry.
	Widest TLP `json:"widest_tlp"`
	// Onward is the widest onward rule a release may carry.
	Onward Onward `json:"widest_onward"`
	// Days is the longest a release may last; 0: to the end of the compact.
	Days int64 `json:"days"`
}

// Quota is what one member may send to another in a day; 0: no bound.
type Quota struct {
	Acts  int64 `json:"acts_per_day"`
	Bytes int64 `json:"bytes_per_day"`
}

// Seat is the seat of a party, if it has one.
func (c *Charter) Seat(p PartyID) (Seat, bool) {
	for _, s := range c.Members {
		if s.Party == p {
			return s, true
		}
	}
	return Seat{}, false
}

// Allows says whether the type of the compact allows acts of this kind.
func (t CompactType) Allows(k Kind) bool {
	switch k {
	case KindCard, KindCharter, KindAccession, KindAmendment, KindSuspension, KindResumption, KindHead, KindReceipt:
		return true
	case KindRelease, KindAsk, KindConsent, KindRecall:
		return t == Information || t == Tasking
	}
	return false
}

// Check says what is wrong with a charter; nil: it can be signed.
func (c *Charter) Check() error { return c.check() }

// Arrange puts what is a set in the one order in which it is signed.
func (c *Charter) Arrange() {
	h := &c.Handling.Default
	for _, set := range [][]string{c.Purposes, c.Categories, h.Codes, h.Permitted, h.Caveats} {
		slices.Sort(set)
	}
	slices.Sort(c.TwoPersons)
	slices.SortFunc(c.Members, func(a, b Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
}

func (c *Charter) check() error {
	for _, f := range []struct {
		what, text string
		least      int
	}{{"charter name", c.Name, 1}, {"charter exit rule", c.Exit, 1}, {"charter suspension rule", c.Suspension, 1}} {
		if err := checkText(f.what, f.text, f.least, 2000); err != nil {
			return err
		}
	}
	if !slices.Contains(CompactTypes, c.Type) {
		return fmt.Errorf("charter type %.40q is none of %v", c.Type, CompactTypes)
	}
	if len(c.Purposes) == 0 || len(c.Categories) == 0 {
		return fmt.Errorf("charter %q states no purpose or no data category: state at least one of each", c.Name)
	}
	if err := checkSet("charter purpose", c.Purposes, 32, 200); err != nil {
		return err
	}
	if err := checkSet("charter data category", c.Categories, 64, 200); err != nil {
		return err
	}
	if len(c.Members) < 2 || len(c.Members) > 200 {
		return fmt.Errorf("charter %q has %d members, expected 2 to 200", c.Name, len(c.Members))
	}
	for i, m := range c.Members {
		if i > 0 && c.Members[i-1].Party >= m.Party {
			return fmt.Errorf("charter members are sorted by party and differ: %s", Short(m.Party))
		}
		if err := checkID("member", string(m.Party)); err != nil {
			return err
		}
		if err := checkText("member name", m.Name, 1, 200); err != nil {
			return err
		}
		if err := checkText("legal basis of "+m.Name, m.LegalBasis, 1, 500); err != nil {
			return err
		}
		if m.Seats < 0 || m.Seats > 1000 {
			return fmt.Errorf("member %s has %d seats, expected 0 to 1000", m.Name, m.Seats)
		}
	}
	if !c.Start.Before(c.End.Time) || c.Review.Before(c.Start.Time) || c.End.Before(c.Review.Time) {
		return fmt.Errorf("charter %q: start, review and end must follow each other", c.Name)
	}
	if c.Rule != Unanimous {
		return fmt.Errorf("charter %q asks for decisions by %.40q: members cannot vote yet, so that only %q can be kept", c.Name, c.Rule, Unanimous)
	}
	if err := c.Handling.Default.check(); err != nil {
		return fmt.Errorf("charter default %w", err)
	}
	if !slices.Contains(c.Purposes, c.Handling.Default.Purpose) {
		return fmt.Errorf("charter default purpose %q is none of its purposes", c.Handling.Default.Purpose)
	}
	if !slices.Contains(TLPs, c.Handling.Widest) || !slices.Contains(Onwards, c.Handling.Onward) {
		return fmt.Errorf("charter bounds on handling: TLP %.20q, onward %.20q not known", c.Handling.Widest, c.Handling.Onward)
	}
	if slices.Index(TLPs, c.Handling.Default.TLP) > slices.Index(TLPs, c.Handling.Widest) ||
		slices.Index(Onwards, c.Handling.Default.Onward) > slices.Index(Onwards, c.Handling.Onward) {
		return fmt.Errorf("charter default handling (TLP %s, onward %s) is wider than its own bounds (%s, %s)",
			c.Handling.Default.TLP, c.Handling.Default.Onward, c.Handling.Widest, c.Handling.Onward)
	}
	const day = 24 * 3600
	for _, n := range []struct {
		what        string
		value, most int64
	}{
		{"tolerance_s", c.Tolerance, day},
		{"freshness_s", c.Freshness, 400 * day},
		{"recall_within_s", c.RecallWithin, 400 * day},
		{"hide_after_days", c.HideAfter, 4000},
		{"chair_months", c.ChairMonths, 120},
		{"days", c.Handling.Days, 4000},
		{"acts_per_day", c.Quota.Acts, 1 << 40},
		{"bytes_per_day", c.Quota.Bytes, 1 << 50},
	} {
		if n.value < 0 || n.value > n.most {
			return fmt.Errorf("charter %s is %d, expected 0 to %d", n.what, n.value, n.most)
		}
	}
	if c.Evidence != "none" && c.Evidence != "inspector" || (c.Evidence == "inspector") != (c.Inspector != "") {
		return fmt.Errorf("charter evidence %.20q: expected \"none\", or \"inspector\" and an inspector", c.Evidence)
	}
	if c.Quorum != "filled" && c.Quorum != "all" {
		return fmt.Errorf("charter quorum %.20q: expected \"filled\" or \"all\" seats", c.Quorum)
	}
	if c.Folding != 1 {
		return fmt.Errorf("charter asks for folding rules of version %d: this program has version 1", c.Folding)
	}
	for _, k := range c.TwoPersons {
		if !slices.Contains(kinds, k) {
			return fmt.Errorf("charter two_persons: %.40q is no kind of act", k)
		}
	}
	return checkSet("charter two_persons", c.TwoPersons, 16, 40)
}

// Accession accepts a charter or an amendment.
type Accession struct {
	To ActID `json:"to"`
	// Reservation is a remark all members see; it changes no term.
	Reservation string `json:"reservation,omitempty"`
}

// Amendment puts a complete new charter in place of the terms named by Base.
// It is in force when every member of the old and of the new roster has signed.
type Amendment struct {
	Number  int64   `json:"number"` // counts from 1
	Base    ActID   `json:"base"`
	Charter Charter `json:"charter"`
	// Settles says, for each fork it ends, which branch stands; sorted by Keep.
	Settles []Settlement `json:"settles,omitempty"`
}

// Settlement keeps one of two acts that an author signed for one position.
type Settlement struct {
	Author PartyID `json:"author"`
	Seq    int64   `json:"seq"`
	Keep   ActID   `json:"keep"`
}

// Suspension stops, at once, all flow from and to its signer (Member is the
// signer) or the flow from its signer to Member.
type Suspension struct {
	Member PartyID `json:"member"`
	Reason string  `json:"reason,omitempty"`
}

// Resumption lifts exactly the suspension it names; another one stands.
type Resumption struct {
	Lifts ActID `json:"lifts"`
}

// Link is the place of a compact act in its author's chain.
type Link struct {
	// Seq counts from 1.
	Seq int64 `json:"seq"`
	// Prev is the act at Seq-1; for 1, the charter. For the author of the charter too.
	Prev ActID `json:"prev"`
	// Seen are the heads of the other members' chains that the author knew; sorted by member.
	Seen []Seen `json:"seen,omitempty"`
}

// Seen is the head of another member's chain.
type Seen struct {
	Member PartyID `json:"member"`
	Seq    int64   `json:"seq"`
	ID     ActID   `json:"id"`
}

func (l *Link) check() error {
	if !counts(l.Seq) || len(l.Seen) > 200 {
		return fmt.Errorf("chain position %d with %d heads seen: positions count from 1, at most 200 heads", l.Seq, len(l.Seen))
	}
	for i, s := range l.Seen {
		if !counts(s.Seq) || i > 0 && l.Seen[i-1].Member >= s.Member {
			return fmt.Errorf("heads seen are sorted by member and count from 1")
		}
	}
	return nil
}
