package compact

import (
	"fmt"
	"time"

	"entente"
)

// Side is the end of a channel that asks: where clocks may differ, the sender
// is the stricter one.
type Side int

// The ends.
const (
	Sending Side = iota
	Receiving
)

// Refusal is why an act may not pass. Everything in it can be known to both ends.
type Refusal struct {
	Code   entente.Code
	Reason string
	Hint   string
}

func (r *Refusal) Error() string { return r.Reason }

func refuse(code entente.Code, hint, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// May says whether from may send an act of kind k to to, by a clock that shows
// now; nil: it may (rule 12). It does not judge the act itself. The compact that
// is not known and the one that does not list the parties give the same answer.
func (s *State) May(from, to entente.PartyID, k entente.Kind, now time.Time, side Side) *Refusal {
	switch {
	case !known(k):
		return refuse(entente.RefusedKind, "a newer version of the program may know it", "kind %.40q of act is not known", k)
	case s == nil || s.Charter == nil || !s.Listed(from) || !s.Listed(to):
		return refuse(entente.RefusedCompact, "check the name of the compact and the roster", "no such compact, or not both are members of it")
	case k.Control():
		return nil
	}
	for _, p := range []entente.PartyID{from, to} {
		if _, ok := s.Charter.Seat(p); !ok {
			return refuse(entente.RefusedCompact, "only recalls, receipts and acts on the compact itself pass to who is not a member",
				"%s is not a member of %s: %s", s.name(p), Clean(s.Charter.Name), s.Members[p].Status)
		}
	}
	if !s.Charter.Type.Allows(k) {
		return refuse(entente.RefusedType, "use a compact whose type allows it", "%s is for %s: it allows no %s", Clean(s.Charter.Name), Clean(string(s.Charter.Type)), k)
	}
	if !s.InForce {
		return refuse(entente.RefusedForce, "wait for the accessions; nothing flows before", "%s is not in force: %d of its members have not signed",
			Clean(s.Charter.Name), len(s.Missing))
	}
	if r := s.timely(now, side); r != nil {
		return r
	}
	for _, p := range []entente.PartyID{from, to} {
		if r := s.suspended(p); r != nil {
			return r
		}
	}
	if len(s.Members[from].Flows[to]) > 0 {
		return refuse(entente.RefusedForce, s.name(from)+" can resume it", "%s has suspended its flow to %s", s.name(from), s.name(to))
	}
	return nil
}

// timely checks start and end.
func (s *State) timely(now time.Time, side Side) *Refusal {
	slack := time.Duration(s.Charter.Tolerance) * time.Second
	start, end := s.Charter.Start.Time, s.Charter.End.Time
	if side == Sending {
		end = end.Add(-slack)
	} else {
		start, end = start.Add(-slack), end.Add(slack)
	}
	switch {
	case now.Before(start):
		return refuse(entente.RefusedForce, "wait, and check this machine's clock", "%s begins at %s", Clean(s.Charter.Name), s.Charter.Start)
	case !now.Before(end):
		return refuse(entente.RefusedForce, "an amendment can prolong it", "%s ends at %s", Clean(s.Charter.Name), s.Charter.End)
	}
	return nil
}

// suspended says why nothing flows from or to p.
func (s *State) suspended(p entente.PartyID) *Refusal {
	m := s.Members[p]
	switch {
	case m.Forked:
		return refuse(entente.RefusedForce, "an amendment that all sign must say which of the two stands",
			"%s has signed two different acts for one position and is suspended", s.name(p))
	case len(m.TakenBack) > 0:
		return refuse(entente.RefusedForce, "it must sign again what it had signed under its older card",
			"%s has taken back a signature that terms need and is suspended", s.name(p))
	case len(m.Suspended) > 0:
		return refuse(entente.RefusedForce, s.name(p)+" can resume", "%s has suspended itself", s.name(p))
	}
	return nil
}

// known says whether k is a kind of act that this version knows: one that it does
// not know is not let through as a control act.
func known(k entente.Kind) bool {
	switch k {
	case entente.KindCard, entente.KindCharter, entente.KindAccession, entente.KindAmendment, entente.KindSuspension,
		entente.KindResumption, entente.KindRelease, entente.KindAsk, entente.KindConsent, entente.KindRecall,
		entente.KindHead, entente.KindReceipt:
		return true
	}
	return false
}
