package node

import (
	"context"
	"errors"
	"slices"
	"strings"

	"entente"
	"entente/store"
)

// Whereabouts says where a record is, as far as this node knows.
type Whereabouts struct {
	Record     entente.RecordID
	Originator entente.PartyID
	// Came are the standing releases by which a foreign record came here.
	Came []Arrival
	// RestsOn are the records that an own one was made from, as [Node.Derive] was told.
	RestsOn []entente.RecordID
	// Given are this party's releases of the record, in the order of signing.
	Given []Given
	// Consents are this party's consents to others on the record, likewise.
	Consents []ConsentGiven
}

// Arrival is a release that lets this party see a foreign record.
type Arrival struct {
	Release  entente.ActID
	From     entente.PartyID
	Compact  entente.CompactID
	Since    entente.Time
	Handling entente.Handling
	// Consent is the originator's to a relay; empty: the originator released it.
	Consent entente.ActID
}

// GivenState is how far a release of a record has come.
type GivenState string

// The states. What was receipted has a code.
const (
	GivenOwed      GivenState = "owed"      // has not left yet
	GivenDelivered GivenState = "delivered" // sent, not answered
	GivenReceipted GivenState = "receipted"
	GivenUnsent    GivenState = "never sent"
)

// Given is one release of a record to one party.
type Given struct {
	Release  entente.ActID
	To       entente.PartyID
	Compact  entente.CompactID
	Since    entente.Time // when it was signed
	Handling entente.Handling
	State    GivenState
	Code     entente.Code // the recipient's disposition, once receipted
	// Stands: it was not recalled and has not expired.
	Stands  bool
	Expired bool
	Recall  *RecallStatus // the recall that ended it, if any
}

// ConsentGiven is a consent of this party to another on one of its records.
type ConsentGiven struct {
	Act        entente.ActID
	To         entente.PartyID // who asked: the relay, the author of derived work
	Compact    entente.CompactID
	Use        entente.ConsentUse
	Recipients []entente.PartyID
	Expires    entente.Date
	Since      entente.Time
	// Recalls are those that ended it, for the asker or for a recipient.
	Recalls []RecallStatus
}

// Where says who has a record by this party's releases and consents, how far each
// has come, and whence a foreign one came. A record that this party holds no
// more, or never saw, is answered as what does not exist.
func (n *Node) Where(ctx context.Context, record entente.RecordID) (Whereabouts, error) {
	out := Whereabouts{Record: record}
	err := n.view(ctx, func(d *desk) error {
		if err := d.working(); err != nil {
			return err
		}
		row, grants, err := d.heldRecord(record, "")
		if err != nil {
			return err
		}
		out.Originator = row.Originator
		if out.Originator != d.self {
			for _, g := range grants {
				a, err := d.arrival(g)
				if err != nil {
					return err
				}
				out.Came = append(out.Came, a)
			}
		} else if out.RestsOn, err = d.Sources(record); err != nil {
			return err
		}
		recalls, err := d.recallsOf(record)
		if err != nil {
			return err
		}
		if out.Given, err = d.given(record, recalls); err != nil {
			return err
		}
		out.Consents, err = d.consented(record, recalls)
		return err
	})
	return out, err
}

func (d *desk) arrival(g store.Grant) (Arrival, error) {
	row, err := d.Act(g.Release)
	if err != nil {
		return Arrival{}, err
	}
	s, err := entente.ParseSigned(row.Envelope)
	if err != nil {
		return Arrival{}, brokenRow("release", row.ID, err)
	}
	a := Arrival{Release: row.ID, From: row.Signer, Compact: row.Compact, Since: row.Arrived, Handling: s.Act.Release.Handling}
	if i := slices.IndexFunc(s.Act.Release.Records, func(x entente.Released) bool { return x.Record == g.Record }); i >= 0 {
		a.Consent = s.Act.Release.Records[i].Consent
	}
	return a, nil
}

// ending is one recall of this party, as it bears on a record.
type ending struct {
	ends   []entente.ActID
	status RecallStatus
}

func (e ending) of(act entente.ActID) bool { return slices.Contains(e.ends, act) }

// recallsOf lists this party's recalls of a record, in the order of signing.
func (d *desk) recallsOf(record entente.RecordID) ([]ending, error) {
	rows, err := d.ActsBy(d.self, entente.KindRecall)
	if err != nil {
		return nil, err
	}
	var out []ending
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("recall", row.ID, err)
		}
		if len(s.Act.Recall.Records) > 0 && !slices.Contains(s.Act.Recall.Records, record) {
			continue
		}
		status, err := d.recallStatus(row)
		if err != nil {
			return nil, err
		}
		out = append(out, ending{s.Act.Recall.Ends, status})
	}
	return out, nil
}

// given lists this party's releases of a record.
func (d *desk) given(record entente.RecordID, recalls []ending) ([]Given, error) {
	rows, err := d.ActsBy(d.self, entente.KindRelease)
	if err != nil {
		return nil, err
	}
	var out []Given
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("release", row.ID, err)
		}
		if !slices.ContainsFunc(s.Act.Release.Records, func(x entente.Released) bool { return x.Record == record }) {
			continue
		}
		g := Given{Release: row.ID, To: row.To, Compact: row.Compact, Since: row.Arrived, Handling: s.Act.Release.Handling, State: GivenUnsent}
		for _, e := range recalls {
			if e.status.To == row.To && e.of(row.ID) {
				g.Recall = &e.status
				break
			}
		}
		g.Expired = g.Handling.Expired(d.now)
		grants, err := d.GrantsFor(row.To, row.Compact, record)
		if err != nil {
			return nil, err
		}
		g.Stands = !g.Expired && slices.ContainsFunc(grants, func(x store.Grant) bool { return x.Release == row.ID })
		deliveries, err := d.DeliveriesOf(row.ID)
		if err != nil {
			return nil, err
		}
		replaced := false
		for _, x := range deliveries {
			switch {
			case strings.HasPrefix(x.Reason, signedAgain):
				replaced = true
			case x.Pos == store.Queued:
				g.State = GivenOwed
			case x.Pos >= 0:
				g.State = GivenDelivered
				if g.Code, err = d.codeAt(row.To, row.Compact, row.ID, x.Pos); err != nil {
					return nil, err
				}
				if g.Code != "" {
					g.State = GivenReceipted
				}
			}
		}
		if replaced && g.State == GivenUnsent && g.Recall == nil {
			continue // another release took its place before it left
		}
		out = append(out, g)
	}
	return out, nil
}

// consented lists this party's consents on a record, ended ones too.
func (d *desk) consented(record entente.RecordID, recalls []ending) ([]ConsentGiven, error) {
	rows, err := d.ActsBy(d.self, entente.KindConsent)
	if err != nil {
		return nil, err
	}
	var out []ConsentGiven
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("consent", row.ID, err)
		}
		c := s.Act.Consent
		if c.Record != record || c.Refused != "" {
			continue
		}
		g := ConsentGiven{Act: row.ID, To: row.To, Compact: row.Compact, Use: c.Use, Recipients: c.Recipients, Expires: c.Expires, Since: row.Arrived}
		for _, e := range recalls {
			if e.of(row.ID) {
				g.Recalls = append(g.Recalls, e.status)
			}
		}
		out = append(out, g)
	}
	return out, nil
}

// AskedHandling is the least handling that consent to an ask would carry if
// nothing else is said: that under which the asker has the record, with no
// further passing on.
func (n *Node) AskedHandling(ctx context.Context, ask entente.ActID) (entente.Handling, error) {
	var out entente.Handling
	err := n.view(ctx, func(d *desk) error {
		row, err := d.Act(ask)
		if errors.Is(err, store.ErrNotFound) || err == nil && (row.Kind != entente.KindAsk || row.To != d.self || row.State != store.StateApplied) {
			return entente.ErrHidden
		}
		if err != nil {
			return err
		}
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return brokenRow("ask", row.ID, err)
		}
		h, err := d.handlingFor(s.Act.Ask.Record, row.Signer, row.Compact)
		if err == nil {
			out = *h
		}
		return err
	})
	return out, err
}
