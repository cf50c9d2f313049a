package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
)

// Permit is an originator's consent as it bears on one record and one recipient.
type Permit struct {
	Consent  entente.ActID
	Handling entente.Handling // the least that the onward release must carry
}

// Source is a foreign record that an own record rests on.
type Source struct {
	ID         entente.RecordID
	Originator entente.PartyID
	// Permit lets work that rests on it go to the recipient; nil: there is none.
	Permit *Permit
	// Handling is what the source came under; derived work is never under less.
	Handling entente.Handling
	// Gone: it was recalled or has expired.
	Gone bool
}

// Need is a consent that is missing: for one record, one use, one recipient.
type Need struct {
	Record     entente.RecordID
	Originator entente.PartyID
	Use        entente.ConsentUse
	For        entente.RecordID // the record that was to be released
}

// Covers says whether a consent lets relay pass record on to recipient, or use
// it so, in this compact now. The originator must itself be free to send to
// the recipient: its suspension of the recipient voids the consent.
func Covers(c *entente.Act, s *compact.State, use entente.ConsentUse, relay, recipient entente.PartyID, record entente.RecordID, now time.Time) *Refusal {
	refuse := func(format string, args ...any) *Refusal {
		return &Refusal{Code: entente.RefusedConsent, Reason: fmt.Sprintf(format, args...), Hint: "ask its originator for consent: entente ask"}
	}
	body := c.Consent
	switch {
	case body == nil || c.Compact != s.ID:
		return refuse("it is no consent in this compact")
	case body.Refused != "":
		return refuse("the originator has refused: %s", body.Refused)
	case body.Record != record || body.Use != use:
		return refuse("the consent is for another record or another use")
	case c.To != relay:
		return refuse("the consent was given to %s", entente.Short(c.To))
	case !slices.Contains(body.Recipients, recipient):
		return refuse("the consent does not name the recipient")
	}
	if body.Expires != "" {
		if start, err := body.Expires.Start(); err != nil || !now.Before(start) {
			return refuse("the consent ended on %s", body.Expires)
		}
	}
	if r := s.May(c.Signer, recipient, entente.KindRelease, now, compact.Receiving); r != nil {
		return refuse("the originator may not send to the recipient itself: %s", r.Reason)
	}
	return nil
}

// within wants handling to be at least as strict as what a permit or a source asks.
func within(h, least entente.Handling) *Refusal {
	if ways := Weaker(h, least); len(ways) > 0 {
		return &Refusal{Code: entente.RefusedTerms, Reason: fmt.Sprintf("the handling is weaker than its source asks: %s", strings.Join(ways, "; ")), Hint: "choose stricter handling; entente preview shows what the sources ask"}
	}
	return nil
}
