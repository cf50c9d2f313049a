package release

import (
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/compact"
	"entente/stix"
)

// Fact is what judgement needs to know of a record.
type Fact struct {
	ID         entente.RecordID
	Originator entente.PartyID
	STIX       string
	Name       string
	Refs       []string // STIX ids it refers to
	Size       int64
	Gone       bool // erased by a recall or by expiry
	// Permit lets this party relay a foreign record to the recipient; nil for own ones.
	Permit *Permit
	// Sources are the foreign records that an own record rests on.
	Sources []Source
}

// Question asks whether From may release these records to To.
type Question struct {
	From, To entente.PartyID
	Compact  *compact.State
	Terms    entente.ActID
	Handling entente.Handling
	Records  []Fact
	// Held says whether To has, in this compact, a record of From under this STIX id.
	Held func(stix string) bool
	Now  time.Time
}

// Refusal says why something may not be released: the code a peer would give,
// the reason in words, what to do next.
type Refusal = compact.Refusal

// Missing is a reference to an object that the recipient does not have.
type Missing struct {
	Record entente.RecordID // the record that refers
	Name   string
	Ref    string // what it refers to
}

// Decision answers a Question. It allows the release if there is no refusal and
// nothing missing or needed.
type Decision struct {
	Refusals []*Refusal
	Missing  []Missing
	Needs    []Need
}

// Allowed says whether the release may be signed and sent.
func (d Decision) Allowed() bool {
	return len(d.Refusals) == 0 && len(d.Missing) == 0 && len(d.Needs) == 0
}

// Err is nil, or the first reason with the hint that goes with it.
func (d Decision) Err() error {
	switch {
	case len(d.Refusals) > 0:
		r := d.Refusals[0]
		return entente.Errorf(entente.Refused, r.Hint, "release refused: %s", r.Reason)
	case len(d.Needs) > 0:
		n := d.Needs[0]
		return entente.Errorf(entente.Refused, fmt.Sprintf("ask for it: entente ask %s --use %s --to RECIPIENT", entente.Short(n.Record), n.Use),
			"release refused: consents missing: %d; first: to %s record %s of %s", len(d.Needs), n.Use, entente.Short(n.Record), entente.Short(n.Originator))
	case len(d.Missing) > 0:
		m := d.Missing[0]
		return entente.Errorf(entente.Refused, "release what is missing first or together, or release a tearline without the reference",
			"release refused: %d references lead to what the recipient does not have; first: %s refers to %s", len(d.Missing), entente.Short(m.Record), m.Ref)
	}
	return nil
}

// Send judges a release: compact in force and of a type that allows it, sender
// and recipient in it and not suspended, handling within the charter, every
// record there and the sender's own or consented to, every source of derived
// work consented to, every reference accounted for.
func Send(q Question) Decision {
	var d Decision
	refuse := func(code entente.Code, hint, format string, args ...any) {
		d.Refusals = append(d.Refusals, &Refusal{Code: code, Reason: fmt.Sprintf(format, args...), Hint: hint})
	}
	if r := q.Compact.May(q.From, q.To, entente.KindRelease, q.Now, compact.Sending); r != nil {
		d.Refusals = append(d.Refusals, r)
	} else {
		if q.Terms != q.Compact.Terms {
			refuse(entente.RefusedTerms, "preview the release again under the terms in force", "it relies on terms %s, in force are %s", entente.Short(q.Terms), entente.Short(q.Compact.Terms))
		}
		if r := Within(q.Compact.Charter, q.Handling, q.Now); r != nil {
			d.Refusals = append(d.Refusals, r)
		}
	}
	if len(q.Records) == 0 {
		refuse(entente.RefusedRecords, "name at least one record", "it names no record")
	}
	if r := tooLarge(q.Records); r != nil {
		d.Refusals = append(d.Refusals, r)
	}
	together := make(map[string]bool, len(q.Records))
	for _, f := range q.Records {
		together[f.STIX] = true
	}
	for _, f := range q.Records {
		switch {
		case f.Gone:
			refuse(entente.RefusedRecords, "put it again as a new record if it should be shared", "record %s was erased", entente.Short(f.ID))
		case f.Originator != q.From && f.Permit == nil:
			d.Needs = append(d.Needs, Need{f.ID, f.Originator, entente.Relay, f.ID})
		case f.Originator != q.From:
			if r := within(q.Handling, f.Permit.Handling); r != nil {
				d.Refusals = append(d.Refusals, r)
			}
		}
		d.judgeSources(q, f)
		if r := marked(q.Handling, f); r != nil {
			d.Refusals = append(d.Refusals, r)
		}
		for _, ref := range f.Refs {
			if !together[ref] && !standard(stix.ID(ref)) && !q.Held(ref) {
				d.Missing = append(d.Missing, Missing{f.ID, f.Name, ref})
			}
		}
	}
	return d
}

// judgeSources wants, for each foreign source of an own record, a consent that
// covers the recipient, and handling no weaker than the source came under.
func (d *Decision) judgeSources(q Question, f Fact) {
	for _, s := range f.Sources {
		if s.Gone {
			d.Refusals = append(d.Refusals, &Refusal{
				Code: entente.RefusedRecords, Hint: "correct the record without it",
				Reason: fmt.Sprintf("record %s rests on %s, which was recalled or has expired", entente.Short(f.ID), entente.Short(s.ID)),
			})
			continue
		}
		if s.Permit == nil {
			d.Needs = append(d.Needs, Need{s.ID, s.Originator, entente.Derive, f.ID})
			continue
		}
		for _, least := range []entente.Handling{s.Handling, s.Permit.Handling} {
			// The originator has said that it may go on: what is compared is the rest.
			least.Onward = q.Handling.Onward
			if r := within(q.Handling, least); r != nil {
				d.Refusals = append(d.Refusals, r)
				break
			}
		}
	}
}

// marked wants the handling to be no wider than the TLP markings that the object
// itself refers to, whether they mark all of it or a part: handling is for the whole.
func marked(h entente.Handling, f Fact) *Refusal {
	for _, ref := range f.Refs {
		if tlp := stix.MarkedTLP(stix.ID(ref)); tlp != "" && wider(entente.TLPs, h.TLP, tlp) {
			return terms("choose the object's own label, or release a tearline without what is marked so",
				"record %s is marked TLP:%s, the handling says TLP:%s", entente.Short(f.ID), tlp, h.TLP)
		}
	}
	return nil
}

// standard says whether an id is fixed by the standard: everybody has the object.
func standard(id stix.ID) bool { return stix.IsStandardMarking(id) || stix.IsStandardExtension(id) }

func tooLarge(records []Fact) *Refusal {
	size := int64(0)
	for _, f := range records {
		size += f.Size
	}
	if len(records) > entente.MaxReleaseRecords || size > entente.MaxReleaseBytes && len(records) > 1 {
		return &Refusal{
			Code: entente.RefusedRecords, Hint: "release in several parts; the command does it by itself",
			Reason: fmt.Sprintf("%d records of %d bytes: one release has at most %d of %d bytes", len(records), size, entente.MaxReleaseRecords, entente.MaxReleaseBytes),
		}
	}
	return nil
}

// Within says whether handling keeps to the bounds of a charter.
func Within(c *entente.Charter, h entente.Handling, now time.Time) *Refusal {
	if h.Expired(now) {
		return terms("choose a later day", "the release would have ended on %s", h.Expires)
	}
	return withinBounds(c, h, now)
}

func terms(hint, format string, args ...any) *Refusal {
	return &Refusal{Code: entente.RefusedTerms, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// withinBounds is Within but for what has expired; latest is the latest that it may be now.
func withinBounds(c *entente.Charter, h entente.Handling, latest time.Time) *Refusal {
	rules := c.Handling
	if slices.Index(entente.TLPs, h.TLP) > slices.Index(entente.TLPs, rules.Widest) {
		return terms("choose a stricter label", "TLP:%s is wider than the agreement allows (TLP:%s at most)", h.TLP, rules.Widest)
	}
	if slices.Index(entente.Onwards, h.Onward) > slices.Index(entente.Onwards, rules.Onward) {
		return terms("choose a stricter onward rule", "onward rule %q is wider than the agreement allows (%q at most)", h.Onward, rules.Onward)
	}
	if !slices.Contains(c.Purposes, h.Purpose) {
		return terms(fmt.Sprintf("choose one of %q", c.Purposes), "purpose %q is none of the agreement's", h.Purpose)
	}
	if rules.Days > 0 {
		last := latest.Add(time.Duration(rules.Days) * 24 * time.Hour)
		end, err := h.Expires.Start()
		if err != nil || end.After(last) {
			return terms("set an expiry", "the agreement allows %d days, to %s at the latest", rules.Days, entente.DateOf(last))
		}
	}
	return nil
}
