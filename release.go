package entente

import (
	"fmt"
	"slices"
)

// The most records, and bytes of records, that one release may name.
const (
	MaxReleaseRecords = 1000
	MaxReleaseBytes   = 8 << 20
)

// Release lets ONE party (Act.To) have these records in one compact under this
// handling. All become visible at once or none does. A single record larger
// than MaxReleaseBytes travels alone.
type Release struct {
	// Terms is the charter or amendment it relied on.
	Terms    ActID      `json:"terms"`
	Records  []Released `json:"records"`
	Handling Handling   `json:"handling"`
}

// Released is one record of a release.
type Released struct {
	Record RecordID `json:"record"`
	// Origins are the tags of the root observations it rests on; sorted.
	Origins []Tag `json:"origins,omitempty"`
	// Supersedes is the tearline that this fuller record replaces for this recipient.
	Supersedes RecordID `json:"supersedes,omitempty"`
	// Consent is the originator's consent when the record is another's.
	Consent ActID `json:"consent,omitempty"`
}

func (r *Release) check() error {
	if len(r.Records) == 0 || len(r.Records) > MaxReleaseRecords {
		return fmt.Errorf("release names %d records, expected 1 to %d", len(r.Records), MaxReleaseRecords)
	}
	seen := make(map[RecordID]bool, len(r.Records))
	for _, x := range r.Records {
		if seen[x.Record] {
			return fmt.Errorf("release names record %s twice", Short(x.Record))
		}
		seen[x.Record] = true
		if x.Supersedes == x.Record {
			return fmt.Errorf("release: record %s supersedes itself", Short(x.Record))
		}
		if err := checkSet("origin tag", x.Origins, 256, 32); err != nil {
			return err
		}
		for _, t := range x.Origins {
			if err := checkNonce(t, 16); err != nil {
				return fmt.Errorf("origin tag: %w", err)
			}
		}
	}
	return r.Handling.check()
}

// ConsentUse is what an originator is asked to allow.
type ConsentUse string

// The uses.
const (
	Relay   ConsentUse = "relay"   // pass the record on as it is
	Derive  ConsentUse = "derive"  // release work that rests on it
	Mention ConsentUse = "mention" // refer to its STIX id
)

// Ask asks an originator (Act.To) to let the signer use one record towards others.
type Ask struct {
	Record     RecordID   `json:"record"`
	Use        ConsentUse `json:"use"`
	Recipients []PartyID  `json:"recipients"` // sorted
	Purpose    string     `json:"purpose"`
	Expires    Date       `json:"expires,omitempty"`
	Reason     string     `json:"reason,omitempty"`
}

// Consent answers an Ask, or is given unasked; with Refused it refuses. Act.To is the relay.
type Consent struct {
	Ask        ActID      `json:"ask,omitempty"`
	Record     RecordID   `json:"record"`
	Use        ConsentUse `json:"use"`
	Recipients []PartyID  `json:"recipients"` // sorted
	Purpose    string     `json:"purpose"`
	Expires    Date       `json:"expires,omitempty"`
	// Handling is the least that the onward release must carry; none in a refusal.
	Handling *Handling `json:"handling,omitempty"`
	// Refused is a code; empty: consent is given.
	Refused string `json:"refused,omitempty"`
}

func checkUse(what string, use ConsentUse, recipients []PartyID, purpose string, expires Date) error {
	if use != Relay && use != Derive && use != Mention {
		return fmt.Errorf("%s: use %.20q is none of relay, derive, mention", what, use)
	}
	if len(recipients) == 0 {
		return fmt.Errorf("%s names no recipient: an empty set means nobody", what)
	}
	if err := checkSet(what+" recipient", recipients, 200, 100); err != nil {
		return err
	}
	if expires != "" {
		if _, err := expires.Start(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return checkText(what+" purpose", purpose, 1, 200)
}

func (a *Ask) check() error {
	if err := checkText("ask reason", a.Reason, 0, 2000); err != nil {
		return err
	}
	return checkUse("ask", a.Use, a.Recipients, a.Purpose, a.Expires)
}

func (c *Consent) check() error {
	if (c.Handling == nil) != (c.Refused != "") {
		return fmt.Errorf("consent: a consent has handling, a refusal has a code")
	}
	if c.Handling != nil {
		if err := c.Handling.check(); err != nil {
			return err
		}
	}
	if err := checkText("consent refusal", c.Refused, 0, 40); err != nil {
		return err
	}
	return checkUse("consent", c.Use, c.Recipients, c.Purpose, c.Expires)
}

// Recall ends releases or consents towards one party (Act.To), wholly or for some records.
type Recall struct {
	// Ends are the releases and consents; sorted.
	Ends []ActID `json:"ends"`
	// Records bounds it to these records of theirs; none: all. Sorted.
	Records []RecordID `json:"records,omitempty"`
	// Scope is "delete", "correct" or "restrict".
	Scope  string `json:"scope"`
	Reason string `json:"reason"`
	// Correction is the record that takes the place, for scope "correct".
	Correction RecordID `json:"correction,omitempty"`
}

// RecallScopes lists the scopes.
var RecallScopes = []string{"delete", "correct", "restrict"}

func (r *Recall) check() error {
	if len(r.Ends) == 0 {
		return fmt.Errorf("recall names nothing to end")
	}
	if !slices.Contains(RecallScopes, r.Scope) {
		return fmt.Errorf("recall scope %.20q is none of %v", r.Scope, RecallScopes)
	}
	if r.Correction != "" && r.Scope != "correct" {
		return fmt.Errorf("recall with scope %s names a correction: scope correct has one", r.Scope)
	}
	if err := checkSet("recalled release", r.Ends, 1000, 100); err != nil {
		return err
	}
	if err := checkSet("recalled record", r.Records, MaxReleaseRecords, 100); err != nil {
		return err
	}
	return checkText("recall reason", r.Reason, 1, 200)
}
