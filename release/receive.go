package release

import (
	"fmt"
	"time"

	"entente"
	"entente/compact"
)

// Receive judges a release that arrived: addressed to this party, by a member
// that may send it, under handling the charter allows, with exactly the records
// it names, each its signer's own or come with its originator's consent. consents
// are those acts, their signatures verified, that came with the release. It
// returns nil if it may be applied. The answer says only what the sender could
// compute itself.
func Receive(self entente.PartyID, s *compact.State, a *entente.Act, records []entente.Record, consents map[entente.ActID]*entente.Act, now time.Time) *Refusal {
	refuse := func(code entente.Code, format string, args ...any) *Refusal {
		return &Refusal{Code: code, Reason: fmt.Sprintf(format, args...)}
	}
	if a.To != self {
		return refuse(entente.RefusedTo, "it is addressed to %s", entente.Short(a.To))
	}
	if r := s.May(a.Signer, self, entente.KindRelease, now, compact.Receiving); r != nil {
		return r
	}
	// The sender's clock may be ahead; what has expired on the way harms nobody.
	if r := withinBounds(s.Charter, a.Release.Handling, now.Add(time.Duration(s.Charter.Tolerance)*time.Second)); r != nil {
		return r
	}
	if len(records) != len(a.Release.Records) {
		return refuse(entente.RefusedRecords, "it names %d records, %d came with it", len(a.Release.Records), len(records))
	}
	size := int64(0)
	for i, rec := range records {
		size += int64(len(rec.Body))
		if rec.ID != a.Release.Records[i].Record {
			return refuse(entente.RefusedRecords, "record %d is %s, the release names %s", i, entente.Short(rec.ID), entente.Short(a.Release.Records[i].Record))
		}
		if rec.Header.Originator == a.Signer {
			continue
		}
		c := consents[a.Release.Records[i].Consent]
		if c == nil || c.Signer != rec.Header.Originator {
			return refuse(entente.RefusedConsent, "record %s is another party's, and no consent of its originator came with it", entente.Short(rec.ID))
		}
		if r := Covers(c, s, entente.Relay, a.Signer, self, rec.ID, now); r != nil {
			return r
		}
		if r := within(a.Release.Handling, *c.Consent.Handling); r != nil {
			return r
		}
	}
	if size > entente.MaxReleaseBytes && len(records) > 1 {
		return refuse(entente.RefusedRecords, "its records have %d bytes, at most %d", size, entente.MaxReleaseBytes)
	}
	return nil
}
