package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/store"
)

// Why a record is gone, if not by a recall, whose id then stands there.
const (
	goneExpired = "expired " // and the day
	goneLost    = "lost with the store, not given back"
)

// RecallOrder is what a person wants taken back.
type RecallOrder struct {
	Records []entente.RecordID `json:"records"`
	// To bounds it to these parties; none: everybody who was let have them.
	To []entente.PartyID `json:"to,omitempty"`
	// Compact bounds it to one compact; empty: all.
	Compact entente.CompactID `json:"compact,omitempty"`
	// Scope is "delete", "correct" or "restrict".
	Scope  string `json:"scope"`
	Reason string `json:"reason"`
	// Correction is an own record that takes the place, for scope "correct". It is
	// released together with the recall, under the handling of what it replaces.
	Correction entente.RecordID `json:"correction,omitempty"`
}

// Recall ends the releases of records, wholly or for some recipients. What has
// not left yet does not leave. It gives the ids of the recalls.
func (n *Node) Recall(ctx context.Context, o RecallOrder) ([]entente.ActID, error) {
	err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindRecall, o.Compact) })
	if err != nil {
		return nil, err
	}
	return n.recall(ctx, o)
}

func (n *Node) recall(ctx context.Context, o RecallOrder) ([]entente.ActID, error) {
	n.saying.Lock()
	defer n.saying.Unlock()
	var batch entente.Batch
	var ids []entente.ActID
	err := n.view(ctx, func(d *desk) error {
		if err := d.working(); err != nil {
			return err
		}
		type place struct {
			to      entente.PartyID
			compact entente.CompactID
		}
		ends := map[place]map[entente.ActID]bool{}
		records := map[place][]entente.RecordID{}
		var order []place
		for _, id := range o.Records {
			grants, err := d.GrantsOfRecord(id)
			if err != nil {
				return err
			}
			end := func(p place, act entente.ActID) {
				if p.to == d.self || o.Compact != "" && p.compact != o.Compact || len(o.To) > 0 && !slices.Contains(o.To, p.to) {
					return
				}
				if ends[p] == nil {
					ends[p] = map[entente.ActID]bool{}
					order = append(order, p)
				}
				ends[p][act] = true
				if !slices.Contains(records[p], id) {
					records[p] = append(records[p], id)
				}
			}
			for _, g := range grants {
				end(place{g.Reader, g.Compact}, g.Release)
			}
			consents, err := d.consentsOn(id)
			if err != nil {
				return err
			}
			for _, c := range consents {
				who := []entente.PartyID{c.Act.To}
				if c.Act.Consent.Use == entente.Relay {
					who = append(who, c.Act.Consent.Recipients...)
				}
				for _, to := range who {
					all, some, err := d.recalledTo(c.Act.Compact, c.ID, d.self, to)
					if err != nil {
						return err
					}
					if !all && some[id] == "" {
						end(place{to, c.Act.Compact}, c.ID)
					}
				}
			}
		}
		if len(order) == 0 {
			return entente.Errorf(entente.Invalid, "entente where RECORD shows who has it", "nobody holds these records by a release of this party")
		}
		for _, p := range order {
			var list []entente.ActID
			for id := range ends[p] {
				list = append(list, id)
			}
			slices.Sort(list)
			slices.Sort(records[p])
			s, err := d.sign(entente.Act{
				Kind: entente.KindRecall, Compact: p.compact, To: p.to,
				Recall: &entente.Recall{Ends: list, Records: records[p], Scope: o.Scope, Reason: o.Reason, Correction: o.Correction},
			})
			if err != nil {
				return err
			}
			ids = append(ids, s.ID)
			batch.Parcels = append(batch.Parcels, entente.Parcel{Leaf: s.ID, Act: s.Envelope()})
			if o.Correction != "" {
				correction, err := d.correction(o.Correction, p.to, p.compact, list)
				if err != nil {
					return err
				}
				batch.Parcels = append(batch.Parcels, entente.Parcel{Leaf: correction.ID, Act: correction.Envelope()})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = n.Accept(ctx, n.self, batch)
	return ids, err
}

// correction signs the release of a record that takes another's place.
func (d *desk) correction(record entente.RecordID, to entente.PartyID, id entente.CompactID, ended []entente.ActID) (entente.Signed, error) {
	state, err := d.state(id)
	if err != nil {
		return entente.Signed{}, err
	}
	h := state.Charter.Handling.Default
	for _, end := range ended {
		if row, err := d.Act(end); err == nil && row.Kind == entente.KindRelease {
			if h, err = d.handling(end); err != nil {
				return entente.Signed{}, err
			}
		}
	}
	info, err := d.facts([]entente.RecordID{record})
	if err != nil {
		return entente.Signed{}, err
	}
	secret, _, err := d.Meta(metaSecret)
	if err != nil {
		return entente.Signed{}, err
	}
	root, err := d.rootOf(info[0].STIX)
	if err != nil {
		return entente.Signed{}, err
	}
	return d.sign(entente.Act{
		Kind: entente.KindRelease, Compact: id, To: to,
		Release: &entente.Release{Terms: state.Terms, Handling: h, Records: []entente.Released{{
			Record: record, Origins: []entente.Tag{originTag(secret, root, id)},
		}}},
	})
}

// consentsOn lists the consents that this party gave on one of its records,
// recalled ones too: one that was recalled from the relay may stand towards others.
func (d *desk) consentsOn(record entente.RecordID) ([]entente.Signed, error) {
	rows, err := d.ActsBy(d.self, entente.KindConsent)
	if err != nil {
		return nil, err
	}
	var out []entente.Signed
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("consent", row.ID, err)
		}
		if s.Act.Consent.Record != record || s.Act.Consent.Refused != "" {
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

// ownRecall applies a recall of this party's own at this party: the grants go,
// and what waits in the queue does not leave any more.
func (d *desk) ownRecall(id entente.CompactID, act *entente.Act, actID entente.ActID) error {
	sent := false
	for _, end := range act.Recall.Ends {
		row, err := d.Act(end)
		if err == nil && row.Kind == entente.KindConsent && row.Signer == d.self && row.Compact == id {
			sent = true // whoever it names may have something by it
			continue
		}
		if err != nil || row.Signer != d.self || row.To != act.To || row.Compact != id {
			return entente.Errorf(entente.Invalid, "", "recall ends %s, which is no release of this party to %s", entente.Short(end), d.nameOf(act.To))
		}
		if _, err := d.DeleteGrants(act.To, end, act.Recall.Records); err != nil {
			return err
		}
		deliveries, err := d.DeliveriesOf(end)
		if err != nil {
			return err
		}
		left, err := d.GrantsOfRelease(end)
		if err != nil {
			return err
		}
		for _, x := range deliveries {
			switch {
			case x.Pos >= 0:
				sent = true
			case x.Pos == store.Queued && len(left) == 0:
				if err := d.Tx.Drop(x.N, "recalled by "+string(actID)); err != nil {
					return err
				}
			case x.Pos == store.Queued:
				// Its other records go out by a release that does not name these.
				leaf, err := d.signAgain(x, func(a *entente.Act) {
					a.Release.Records = slices.DeleteFunc(a.Release.Records, func(r entente.Released) bool { return slices.Contains(act.Recall.Records, r.Record) })
				})
				if err != nil {
					return err
				}
				if err := d.enterBook([]store.Leaf{leaf}); err != nil {
					return err
				}
			}
		}
	}
	if err := d.event(store.Event{What: "recall", Compact: id, Subject: string(actID), Detail: fmt.Sprintf("%d records from %s: %s", len(act.Recall.Records), d.nameOf(act.To), act.Recall.Reason)}); err != nil {
		return err
	}
	if !sent {
		return nil // the recipient has never heard of it
	}
	return d.Enqueue([]store.Delivery{{To: act.To, Compact: id, Act: actID, Kind: act.Kind}})
}

// applyRecall takes back, at the recipient, what a recall ends. What has not
// arrived yet will not be applied when it does: see recalled.
func (d *desk) applyRecall(from entente.PartyID, id entente.CompactID, a *arrived) (entente.Code, string, error) {
	s := &a.signed
	if err := d.keep(from, s, store.StateApplied); err != nil {
		return "", "", err
	}
	for _, end := range s.Act.Recall.Ends {
		row, err := d.Act(end)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", "", err
		}
		if row.Signer != a.party || row.Compact != id {
			continue // not the signer's to end
		}
		if row.Kind == entente.KindConsent {
			err = d.withdrawConsent(row, string(s.ID))
		} else if row.To == d.self {
			err = d.withdraw(end, s.Act.Recall.Records, string(s.ID))
		}
		if err != nil {
			return "", "", err
		}
	}
	return entente.CodeApplied, fmt.Sprintf("%d releases: %s", len(s.Act.Recall.Ends), s.Act.Recall.Reason), nil
}

// withdraw deletes this party's grants by one release, all or those of some
// records, and erases what no grant is left of.
func (d *desk) withdraw(end entente.ActID, records []entente.RecordID, by string) error {
	grants, err := d.GrantsOfRelease(end)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		records = nil
	}
	if _, err := d.DeleteGrants(d.self, end, records); err != nil {
		return err
	}
	for _, g := range grants {
		if records != nil && !slices.Contains(records, g.Record) {
			continue
		}
		if err := d.eraseIfUngranted(g.Record, by); err != nil {
			return err
		}
	}
	return nil
}

// eraseIfUngranted erases a foreign record that this party holds by no grant any
// more, with its random bytes and all that was derived from it.
func (d *desk) eraseIfUngranted(id entente.RecordID, by string) error {
	rows, err := d.RecordInfos([]entente.RecordID{id})
	if err != nil {
		return err
	}
	left, err := d.GrantsOfRecord(id)
	if err != nil {
		return err
	}
	held := slices.ContainsFunc(left, func(g store.Grant) bool { return g.Reader == d.self })
	if rows[0].Originator == d.self || held || rows[0].Gone != "" {
		return nil
	}
	// What this party has relayed of it rested on what is now gone.
	for _, g := range left {
		if _, err := d.DeleteGrants(g.Reader, g.Release, []entente.RecordID{id}); err != nil {
			return err
		}
	}
	derived, err := d.Derived(id)
	if err != nil {
		return err
	}
	for _, own := range derived {
		if err := d.event(store.Event{What: "flag", Subject: string(own), Detail: "rests on a record that is gone by " + by}); err != nil {
			return err
		}
	}
	return d.EraseRecord(id, by)
}

// withdrawConsent ends what rests on a consent: at the final recipient, what came
// by it; at the relay, what it has passed on.
func (d *desk) withdrawConsent(consent store.Act, by string) error {
	rows, err := d.ActsOf(consent.Compact, entente.KindRelease)
	if err != nil {
		return err
	}
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return brokenRow("release", row.ID, err)
		}
		for _, x := range s.Act.Release.Records {
			if x.Consent != consent.ID {
				continue
			}
			if _, err := d.DeleteGrants(row.To, row.ID, []entente.RecordID{x.Record}); err != nil {
				return err
			}
			if row.To == d.self {
				if err := d.eraseIfUngranted(x.Record, by); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// recalledTo says which records of a release or consent its signer has recalled
// from a party; all is true if the whole is.
func (d *desk) recalledTo(id entente.CompactID, release entente.ActID, signer, to entente.PartyID) (all bool, some map[entente.RecordID]entente.ActID, err error) {
	last, err := d.LastAct(id, entente.KindRecall)
	if err != nil || last == 0 {
		return false, nil, err
	}
	rows, err := d.ActsOf(id, entente.KindRecall)
	if err != nil {
		return false, nil, err
	}
	some = map[entente.RecordID]entente.ActID{}
	for _, row := range rows {
		if row.Signer != signer || row.To != to {
			continue
		}
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return false, nil, brokenRow("recall", row.ID, err)
		}
		if !slices.Contains(s.Act.Recall.Ends, release) {
			continue
		}
		if len(s.Act.Recall.Records) == 0 {
			return true, nil, nil
		}
		for _, r := range s.Act.Recall.Records {
			some[r] = row.ID
		}
	}
	return false, some, nil
}

// RecallState is how far a recall has come with one recipient.
type RecallState string

// The states.
const (
	RecallOwed      RecallState = "owed"      // has not left yet
	RecallDelivered RecallState = "delivered" // sent, not answered
	RecallApplied   RecallState = "applied"   // the recipient signed that it was applied
	RecallRefused   RecallState = "refused"
	RecallOverdue   RecallState = "overdue" // removal never confirmed
	RecallUnsent    RecallState = "not needed"
)

// RecallStatus is one recall of this party.
type RecallStatus struct {
	Act     entente.ActID
	To      entente.PartyID
	Name    string
	Compact entente.CompactID
	Records int
	Which   []entente.RecordID // none: all that was released by what it ends
	Scope   string
	Reason  string
	Since   entente.Time
	Due     entente.Time
	State   RecallState
}

// Recalls lists this party's recalls, newest first: who has confirmed, who has not, since when.
func (n *Node) Recalls(ctx context.Context) ([]RecallStatus, error) {
	var out []RecallStatus
	err := n.view(ctx, func(d *desk) error {
		acts, err := d.ActsBy(d.self, entente.KindRecall)
		if err != nil {
			return err
		}
		for _, row := range slices.Backward(acts) {
			st, err := d.recallStatus(row)
			if err != nil {
				return err
			}
			out = append(out, st)
		}
		return nil
	})
	return out, err
}

func (d *desk) recallStatus(row store.Act) (RecallStatus, error) {
	s, err := entente.ParseSigned(row.Envelope)
	if err != nil {
		return RecallStatus{}, brokenRow("recall", row.ID, err)
	}
	state, err := d.state(row.Compact)
	if err != nil {
		return RecallStatus{}, err
	}
	st := RecallStatus{
		Act: row.ID, To: row.To, Name: d.nameOf(row.To), Compact: row.Compact, Records: len(s.Act.Recall.Records), Which: s.Act.Recall.Records,
		Scope: s.Act.Recall.Scope, Reason: s.Act.Recall.Reason, Since: row.Arrived, State: RecallUnsent,
	}
	if state.Charter != nil {
		st.Due = entente.At(row.Arrived.Add(time.Duration(state.Charter.RecallWithin) * time.Second))
	}
	deliveries, err := d.DeliveriesOf(row.ID)
	if err != nil || len(deliveries) == 0 {
		return st, err
	}
	st.State = RecallOwed
	if pos := deliveries[0].Pos; pos >= 0 {
		st.State = RecallDelivered
		code, err := d.codeAt(row.To, row.Compact, row.ID, pos)
		if err != nil {
			return st, err
		}
		switch {
		case code == entente.CodeApplied:
			st.State = RecallApplied
		case code.Refused():
			st.State = RecallRefused
		}
	}
	if (st.State == RecallOwed || st.State == RecallDelivered) && d.now.After(st.Due.Time) {
		st.State = RecallOverdue
	}
	return st, nil
}

// codeAt is what a recipient answered for one act at one position.
func (d *desk) codeAt(to entente.PartyID, id entente.CompactID, act entente.ActID, pos int64) (entente.Code, error) {
	rows, err := d.ChannelsWith(to)
	if err != nil {
		return "", err
	}
	for _, row := range slices.Backward(rows) {
		if row.From != d.self || row.Compact != id || row.Size <= pos {
			continue
		}
		leaves, err := d.Leaves(row.N, pos, 1)
		if err != nil {
			return "", err
		}
		if len(leaves) == 1 && leaves[0].ID == string(act) {
			return leaves[0].Code, nil
		}
	}
	return "", nil
}

// Sweep erases what has expired: the grants whose day has come, and foreign
// records that no grant is left of. It gives the number of records erased.
func (n *Node) Sweep(ctx context.Context) (int, error) {
	erased := 0
	err := n.update(ctx, func(d *desk) error {
		erased = 0
		grants, err := d.ExpiredGrants(entente.DateOf(d.now))
		if err != nil {
			return err
		}
		for _, g := range grants {
			if _, err := d.DeleteGrants(g.Reader, g.Release, []entente.RecordID{g.Record}); err != nil {
				return err
			}
			if g.Reader != d.self {
				continue
			}
			if err := d.eraseIfUngranted(g.Record, goneExpired+string(g.Until)); err != nil {
				return err
			}
			erased++
		}
		if len(grants) == 0 {
			return nil
		}
		return d.event(store.Event{What: "expired", Detail: fmt.Sprintf("%d grants", len(grants))})
	})
	return erased, err
}
