package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
	"entente/release"
	"entente/store"
)

// AskOrder is a request to an originator to let this party use one of its
// records towards others.
type AskOrder struct {
	Record     entente.RecordID   `json:"record"`
	Compact    entente.CompactID  `json:"compact,omitempty"` // empty: the one compact in which this party has the record
	Use        entente.ConsentUse `json:"use"`
	Recipients []entente.PartyID  `json:"recipients"`
	Purpose    string             `json:"purpose,omitempty"` // empty: the purpose it was released for
	Expires    entente.Date       `json:"expires,omitempty"`
	Reason     string             `json:"reason,omitempty"`
}

// Ask asks the originator of a record for consent.
func (n *Node) Ask(ctx context.Context, o AskOrder) (entente.ActID, error) {
	err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindAsk, o.Compact) })
	if err != nil {
		return "", err
	}
	return n.ask(ctx, o)
}

func (n *Node) ask(ctx context.Context, o AskOrder) (entente.ActID, error) {
	return n.once(ctx, func(d *desk) (entente.Act, error) {
		row, grants, err := d.heldRecord(o.Record, o.Compact)
		if err != nil {
			return entente.Act{}, err
		}
		if row.Originator == d.self {
			return entente.Act{}, entente.Errorf(entente.Invalid, "release it", "record %s is this party's own", entente.Short(o.Record))
		}
		// Of several releases each allows what it allows: the first that lets us ask
		// says in which compact, and for which purpose unless another is given.
		var h entente.Handling
		i := slices.IndexFunc(grants, func(g store.Grant) bool {
			var failed error
			h, failed = d.handling(g.Release)
			err = errors.Join(err, failed)
			return h.Onward != entente.OnwardNone
		})
		if err != nil {
			return entente.Act{}, err
		}
		if i < 0 {
			return entente.Act{}, entente.Errorf(entente.Refused, "respect it; a request for information of your own is another matter", "%s released it with onward rule none: do not ask", d.nameOf(row.Originator))
		}
		if o.Purpose == "" {
			o.Purpose = h.Purpose
		}
		return entente.Act{Kind: entente.KindAsk, Compact: grants[i].Compact, To: row.Originator, Ask: &entente.Ask{
			Record: o.Record, Use: o.Use, Recipients: slices.Sorted(slices.Values(o.Recipients)), Purpose: o.Purpose, Expires: o.Expires, Reason: o.Reason,
		}}, nil
	})
}

// heldRecord is a foreign record that this party may see, with its grants.
func (d *desk) heldRecord(id entente.RecordID, in entente.CompactID) (store.Record, []store.Grant, error) {
	rows, err := d.RecordInfos([]entente.RecordID{id})
	if errors.Is(err, store.ErrNotFound) {
		return store.Record{}, nil, entente.ErrHidden
	}
	if err != nil {
		return store.Record{}, nil, err
	}
	grants, err := d.GrantsOfRecord(id)
	if err != nil {
		return store.Record{}, nil, err
	}
	grants = d.unexpired(slices.DeleteFunc(grants, func(g store.Grant) bool { return g.Reader != d.self || in != "" && g.Compact != in }))
	if rows[0].Originator == d.self {
		return rows[0], grants, nil
	}
	if rows[0].Gone != "" || len(grants) == 0 {
		return store.Record{}, nil, entente.ErrHidden
	}
	return rows[0], grants, nil
}

// unexpired leaves out the grants whose day has come, also before Sweep ends them.
func (d *desk) unexpired(grants []store.Grant) []store.Grant {
	return slices.DeleteFunc(grants, func(g store.Grant) bool { return entente.Handling{Expires: g.Until}.Expired(d.now) })
}

// once signs one act that stands in no chain and accepts it.
func (n *Node) once(ctx context.Context, draft func(*desk) (entente.Act, error)) (entente.ActID, error) {
	n.saying.Lock()
	defer n.saying.Unlock()
	var s entente.Signed
	err := n.view(ctx, func(d *desk) error {
		if err := d.working(); err != nil {
			return err
		}
		act, err := draft(d)
		if err != nil {
			return err
		}
		s, err = d.sign(act)
		return err
	})
	if err != nil {
		return "", err
	}
	_, err = n.Accept(ctx, n.self, entente.Batch{Parcels: []entente.Parcel{{Leaf: s.ID, Act: s.Envelope()}}})
	return s.ID, err
}

// Answer consents to what was asked, under this least handling, or refuses it
// with a code. A nil handling with an empty code consents under the handling of
// the release to the asker, with onward rule none.
func (n *Node) Answer(ctx context.Context, ask entente.ActID, handling *entente.Handling, expires entente.Date, refused string) (entente.ActID, error) {
	err := n.view(ctx, func(d *desk) error {
		row, err := d.Act(ask)
		if err != nil {
			return entente.ErrHidden
		}
		return d.alone(entente.KindConsent, row.Compact)
	})
	if err != nil {
		return "", err
	}
	return n.answer(ctx, AnswerOrder{Ask: ask, Handling: handling, Expires: expires, Refused: refused})
}

func (n *Node) answer(ctx context.Context, o AnswerOrder) (entente.ActID, error) {
	ask, handling, expires, refused := o.Ask, o.Handling, o.Expires, o.Refused
	return n.once(ctx, func(d *desk) (entente.Act, error) {
		row, err := d.Act(ask)
		if err != nil || row.Kind != entente.KindAsk || row.To != d.self || row.State != store.StateApplied {
			return entente.Act{}, entente.ErrHidden
		}
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return entente.Act{}, brokenRow("ask", row.ID, err)
		}
		a := s.Act.Ask
		if refused == "" && handling == nil {
			if handling, err = d.handlingFor(a.Record, row.Signer, row.Compact); err != nil {
				return entente.Act{}, err
			}
		}
		if expires == "" {
			expires = a.Expires
		}
		c := &entente.Consent{Ask: ask, Record: a.Record, Use: a.Use, Recipients: a.Recipients, Purpose: a.Purpose, Expires: expires, Refused: refused}
		if refused == "" {
			c.Handling = handling
		}
		return entente.Act{Kind: entente.KindConsent, Compact: row.Compact, To: row.Signer, Consent: c}, nil
	})
}

// handlingFor is the handling under which a partner has an own record, with no
// further passing on.
func (d *desk) handlingFor(record entente.RecordID, reader entente.PartyID, in entente.CompactID) (*entente.Handling, error) {
	grants, err := d.GrantsFor(reader, in, record)
	if err != nil {
		return nil, err
	}
	if grants = d.unexpired(grants); len(grants) == 0 {
		return nil, entente.Errorf(entente.Refused, "refuse the question", "%s does not hold the record any more", d.nameOf(reader))
	}
	h, err := d.strictest(grants)
	if err != nil {
		return nil, err
	}
	h.Onward = entente.OnwardNone
	return &h, nil
}

// strictest is the handling that keeps all the releases which grants rest on.
func (d *desk) strictest(grants []store.Grant) (entente.Handling, error) {
	all := make([]entente.Handling, len(grants))
	for i, g := range grants {
		var err error
		if all[i], err = d.handling(g.Release); err != nil {
			return entente.Handling{}, err
		}
	}
	return release.Combine(all[0], all[1:]...)
}

// ownAsk judges an own ask.
func (d *desk) ownAsk(id entente.CompactID, act *entente.Act, actID entente.ActID) error {
	state, err := d.state(id)
	if err != nil {
		return err
	}
	if r := state.May(d.self, act.To, act.Kind, d.now, compact.Sending); r != nil {
		return entente.Errorf(entente.Refused, r.Hint, "not asked: %s", r.Reason)
	}
	if err := d.event(store.Event{What: "ask", Compact: id, Subject: string(actID), Detail: "to " + d.nameOf(act.To)}); err != nil {
		return err
	}
	return d.Enqueue([]store.Delivery{{To: act.To, Compact: id, Act: actID, Kind: act.Kind}})
}

// ownConsent judges an own consent: the record is own, the relay has it, and this
// party may itself send to those it names.
func (d *desk) ownConsent(id entente.CompactID, act *entente.Act, actID entente.ActID) error {
	c := act.Consent
	facts, err := d.facts([]entente.RecordID{c.Record})
	if err != nil || facts[0].Originator != d.self {
		return entente.Errorf(entente.Refused, "", "record %s is not this party's own", entente.Short(c.Record))
	}
	state, err := d.state(id)
	if err != nil {
		return err
	}
	if c.Refused == "" {
		for _, to := range c.Recipients {
			if c.Use == entente.Derive {
				if r := suspendedTo(state, d.self, to); r != "" {
					return entente.Errorf(entente.Refused, "resume it first", "consent names %s: %s", d.nameOf(to), r)
				}
				continue
			}
			if r := state.May(d.self, to, entente.KindRelease, d.now, compact.Sending); r != nil {
				return entente.Errorf(entente.Refused, r.Hint, "consent names %s: %s", d.nameOf(to), r.Reason)
			}
		}
		if r := release.Within(state.Charter, *c.Handling, d.now); r != nil {
			return entente.Errorf(entente.Refused, r.Hint, "consent: %s", r.Reason)
		}
	}
	if r := state.May(d.self, act.To, act.Kind, d.now, compact.Sending); r != nil {
		return entente.Errorf(entente.Refused, r.Hint, "not answered: %s", r.Reason)
	}
	what := "consent"
	if c.Refused != "" {
		what = "consent refused"
	}
	if err := d.event(store.Event{What: what, Compact: id, Subject: string(actID), Detail: fmt.Sprintf("%s %s to %s", c.Use, entente.Short(c.Record), d.nameOf(act.To))}); err != nil {
		return err
	}
	return d.Enqueue([]store.Delivery{{To: act.To, Compact: id, Act: actID, Kind: act.Kind}})
}

// suspendedTo says why an originator's material must not reach a party, in this
// compact or not a member of it.
func suspendedTo(s *compact.State, from, to entente.PartyID) string {
	if m := s.Members[from]; m != nil && (len(m.Suspended) > 0 || len(m.Flows[to]) > 0) {
		return "this party has suspended the flow"
	}
	if m := s.Members[to]; m != nil && (len(m.Suspended) > 0 || m.Forked) {
		return "that party is suspended"
	}
	return ""
}

// applyAsk takes an ask of a partner. One about a record that the partner was
// not let have is kept as evidence and answered like any other entry.
func (d *desk) applyAsk(from entente.PartyID, id entente.CompactID, a *arrived) (entente.Code, string, error) {
	state, err := d.state(id)
	if err != nil {
		return "", "", err
	}
	if r := state.May(from, d.self, a.signed.Act.Kind, d.now, compact.Receiving); r != nil {
		return r.Code, r.Reason, nil
	}
	grants, err := d.GrantsFor(from, id, a.signed.Act.Ask.Record)
	if err != nil {
		return "", "", err
	}
	kept := store.StateApplied
	if len(d.unexpired(grants)) == 0 {
		kept = store.StateKept
		if err := d.event(store.Event{What: "ask", Who: string(from), Compact: id, Subject: string(a.signed.ID), Detail: "about a record that was not released to it by this party: " + string(a.signed.Act.Ask.Record) + " " + a.signed.Act.Ask.Reason}); err != nil {
			return "", "", err
		}
	}
	return entente.CodeReceived, "", d.keep(from, &a.signed, kept)
}

// applyConsent takes an originator's answer.
func (d *desk) applyConsent(from entente.PartyID, id entente.CompactID, a *arrived) (entente.Code, string, error) {
	state, err := d.state(id)
	if err != nil {
		return "", "", err
	}
	if r := state.May(from, d.self, a.signed.Act.Kind, d.now, compact.Receiving); r != nil {
		return r.Code, r.Reason, nil
	}
	// Whether it is about a record of the signer's that this party has is looked
	// at when the consent is used.
	return entente.CodeApplied, "", d.keep(from, &a.signed, store.StateApplied)
}

// AskStatus is an ask of a partner that waits for an answer, or one's own and its answer.
type AskStatus struct {
	Act        entente.ActID
	From, To   entente.PartyID
	FromName   string
	ToName     string
	Compact    entente.CompactID
	Ask        entente.Ask
	RecordName string
	Recipients []string
	Since      entente.Time
	// Answer is the consent that answers it; Refused its code. Empty: open.
	Answer  entente.ActID
	Refused string
}

// Asks lists the questions for consent to this party and by it, newest first.
func (n *Node) Asks(ctx context.Context) ([]AskStatus, error) {
	var out []AskStatus
	err := n.view(ctx, func(d *desk) error {
		ids, err := d.Tx.Compacts()
		if err != nil {
			return err
		}
		for _, id := range ids {
			list, err := d.asksIn(id)
			if err != nil {
				return err
			}
			out = append(out, list...)
		}
		slices.SortStableFunc(out, func(a, b AskStatus) int { return b.Since.Compare(a.Since.Time) })
		return nil
	})
	return out, err
}

func (d *desk) asksIn(id entente.CompactID) ([]AskStatus, error) {
	rows, err := d.ActsOf(id, entente.KindAsk, entente.KindConsent)
	if err != nil {
		return nil, err
	}
	var out []AskStatus
	at := map[entente.ActID]int{}
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("act", row.ID, err)
		}
		if c := s.Act.Consent; c != nil {
			if i, ok := at[c.Ask]; ok && row.Signer == out[i].To && row.To == out[i].From {
				out[i].Answer, out[i].Refused = row.ID, c.Refused
			}
			continue
		}
		if row.State != store.StateApplied {
			continue
		}
		st := AskStatus{
			Act: row.ID, From: row.Signer, To: row.To, FromName: d.nameOf(row.Signer), ToName: d.nameOf(row.To),
			Compact: id, Ask: *s.Act.Ask, Since: row.Arrived,
		}
		if info, err := d.RecordInfos([]entente.RecordID{st.Ask.Record}); err == nil {
			st.RecordName = info[0].Name
		}
		for _, r := range st.Ask.Recipients {
			st.Recipients = append(st.Recipients, d.nameOf(r))
		}
		at[row.ID] = len(out)
		out = append(out, st)
	}
	return out, nil
}

// permit looks for a standing consent of a record's originator to this party.
// in is the compact of the consent; for use derive, any shared with the originator.
func (d *desk) permit(row store.Record, use entente.ConsentUse, in entente.CompactID, recipient entente.PartyID) (*release.Permit, error) {
	rows, err := d.ActsBy(row.Originator, entente.KindConsent)
	if err != nil {
		return nil, err
	}
	for _, act := range slices.Backward(rows) {
		if act.To != d.self || act.State != store.StateApplied || in != "" && act.Compact != in {
			continue
		}
		s, err := entente.ParseSigned(act.Envelope)
		if err != nil {
			return nil, brokenRow("consent", act.ID, err)
		}
		if s.Act.Consent.Record != row.ID || s.Act.Consent.Use != use {
			continue
		}
		ok, err := d.covers(&s, use, d.self, recipient, row.ID)
		if err != nil {
			return nil, err
		}
		if ok {
			return &release.Permit{Consent: act.ID, Handling: *s.Act.Consent.Handling}, nil
		}
	}
	return nil, nil
}

// permitBy is the permit that one consent to relay gives; nil: it does not cover, or not any more.
func (d *desk) permitBy(consent entente.ActID, record entente.RecordID, recipient entente.PartyID) (*release.Permit, error) {
	act, err := d.Act(consent)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err != nil || s.Act.Consent == nil {
		return nil, brokenRow("consent", consent, err)
	}
	ok, err := d.covers(&s, entente.Relay, d.self, recipient, record)
	if err != nil || !ok {
		return nil, err
	}
	return &release.Permit{Consent: consent, Handling: *s.Act.Consent.Handling}, nil
}

// covers judges a consent with what this node knows: the compact's state, the
// originator's recalls, and how fresh its knowledge of the originator is.
func (d *desk) covers(s *entente.Signed, use entente.ConsentUse, relay, recipient entente.PartyID, record entente.RecordID) (bool, error) {
	state, err := d.state(s.Act.Compact)
	if err != nil {
		return false, err
	}
	if use == entente.Derive {
		// The recipient may be outside this compact; the originator named it.
		if s.Act.Consent.Refused != "" || !slices.Contains(s.Act.Consent.Recipients, recipient) || suspendedTo(state, s.Act.Signer, recipient) != "" {
			return false, nil
		}
		if e := s.Act.Consent.Expires; e != "" {
			if start, err := e.Start(); err != nil || !d.now.Before(start) {
				return false, nil
			}
		}
	} else if r := release.Covers(&s.Act, state, use, relay, recipient, record, d.now); r != nil {
		return false, nil
	}
	all, some, err := d.recalledTo(s.Act.Compact, s.ID, s.Act.Signer, d.self)
	if err != nil || all || some[record] != "" {
		return false, err
	}
	if relay == d.self {
		return d.fresh(s.Act.Signer, state)
	}
	return true, nil
}

// fresh says whether this node has heard from an originator within the
// compact's bound: only then can it know that nothing was suspended or recalled.
func (d *desk) fresh(originator entente.PartyID, s *compact.State) (bool, error) {
	if s.Charter == nil || s.Charter.Freshness == 0 {
		return true, nil
	}
	heard, err := d.heardFrom(originator)
	return d.now.Sub(heard.Time) <= time.Duration(s.Charter.Freshness)*time.Second, err
}

// heardFrom is when a peer was last known to have nothing more to tell; zero: never.
func (d *desk) heardFrom(peer entente.PartyID) (entente.Time, error) {
	var heard entente.Time
	text, ok, err := d.Meta(metaHeard + string(peer))
	if err != nil || !ok {
		return heard, err
	}
	if err := heard.UnmarshalText([]byte(text)); err != nil {
		return heard, brokenRow("last contact with", peer, err)
	}
	return heard, nil
}

// Heard notes that a peer is connected and has nothing more to tell: this node
// knows its chains as of now. Doors call it at the end of a contact's exchange
// and while the connection lives; often is cheap.
func (n *Node) Heard(ctx context.Context, peer entente.PartyID) error {
	now := n.clock()
	n.mu.Lock()
	recent := now.Sub(n.heard[peer]) < 20*time.Second && !now.Before(n.heard[peer])
	if !recent {
		n.heard[peer] = now
	}
	n.mu.Unlock()
	if recent {
		return nil
	}
	return n.store.Update(ctx, func(tx *store.Tx) error { return tx.SetMeta(metaHeard+string(peer), entente.At(now).String()) })
}

const metaHeard = "heard/"

// sources gives what judgement needs to know of the foreign sources of an own record.
func (d *desk) sourcesOf(record entente.RecordID, in entente.CompactID, recipient entente.PartyID) ([]release.Source, []entente.PartyID, error) {
	ids, err := d.rootsOf(record)
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	rows, err := d.RecordInfos(ids)
	if err != nil {
		return nil, nil, err
	}
	var out []release.Source
	var originators []entente.PartyID
	for _, row := range rows {
		if row.Originator == d.self {
			continue
		}
		_, grants, err := d.heldRecord(row.ID, "")
		if err != nil && !errors.Is(err, entente.ErrHidden) {
			return nil, nil, err
		}
		src := release.Source{ID: row.ID, Originator: row.Originator, Gone: err != nil} // recalled, or expired though not swept yet
		if row.Originator == recipient && !src.Gone {
			continue // its own originator may hear what rests on it
		}
		originators = append(originators, row.Originator)
		if !src.Gone {
			if src.Handling, err = d.strictest(grants); err != nil {
				return nil, nil, err
			}
			if src.Permit, err = d.permit(row, entente.Derive, "", recipient); err != nil {
				return nil, nil, err
			}
			if src.Permit == nil {
				if src.Permit, err = d.permitInAdvance(row.Originator, grants, in, recipient); err != nil {
					return nil, nil, err
				}
			}
		}
		out = append(out, src)
	}
	return out, originators, nil
}

// permitInAdvance is the consent that an originator gave in advance, to all
// members of this compact, by any of the releases which grants rest on. It stands
// towards a member as long as the originator may itself release to that member: a
// suspension voids it like any other. Nil: there is none.
func (d *desk) permitInAdvance(originator entente.PartyID, grants []store.Grant, in entente.CompactID, recipient entente.PartyID) (*release.Permit, error) {
	for _, g := range grants {
		if g.Compact != in {
			continue
		}
		h, err := d.handling(g.Release)
		if err != nil {
			return nil, err
		}
		if h.Onward != entente.OnwardMembers {
			continue
		}
		state, err := d.state(in)
		if err != nil || state.May(originator, recipient, entente.KindRelease, d.now, compact.Receiving) != nil {
			return nil, err
		}
		if fresh, err := d.fresh(originator, state); err != nil || !fresh {
			return nil, err
		}
		return &release.Permit{Consent: g.Release, Handling: h}, nil
	}
	return nil, nil
}

// rootsOf lists what an own record rests on in the end, over own records in
// between: records of others, and own ones that rest on nothing.
func (d *desk) rootsOf(record entente.RecordID) ([]entente.RecordID, error) {
	var out []entente.RecordID
	seen := map[entente.RecordID]bool{record: true}
	for next := []entente.RecordID{record}; len(next) > 0; next = next[1:] {
		sources, err := d.Tx.Sources(next[0])
		if err != nil {
			return nil, err
		}
		if len(sources) == 0 && next[0] != record {
			out = append(out, next[0])
		}
		for _, s := range sources {
			if !seen[s] {
				seen[s] = true
				next = append(next, s)
			}
		}
	}
	return out, nil
}

// readConsents verifies the consents that came attached to a release.
func (d *desk) readConsents(a *arrived) (map[entente.ActID]*entente.Signed, error) {
	out := map[entente.ActID]*entente.Signed{}
	for _, b := range a.Attached {
		s, err := entente.ParseSigned(b)
		if err != nil || s.Act.Kind != entente.KindConsent {
			continue
		}
		card, err := d.card(d.Tx, s.Act.Signer, s.Act.Card)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.VerifyBy(card) != nil {
			continue
		}
		all, some, err := d.recalledTo(s.Act.Compact, s.ID, s.Act.Signer, d.self)
		if err != nil {
			return nil, err
		}
		if !all && some[s.Act.Consent.Record] == "" {
			out[s.ID] = &s
		}
	}
	return out, nil
}

// tell lets an originator know, where the charter says so, that a record of
// its own came without its consent: by asking for the consent that was missing.
func (d *desk) tell(state *compact.State, from entente.PartyID, a *arrived) error {
	if state.Charter == nil || !state.Charter.TellOriginator {
		return nil
	}
	var leaves []store.Leaf
	told := map[entente.RecordID]bool{}
	for _, it := range a.records {
		o := it.rec.Header.Originator
		if o == from || o == d.self || told[it.rec.ID] || state.May(d.self, o, entente.KindAsk, d.now, compact.Sending) != nil || len(told) == 20 {
			continue
		}
		told[it.rec.ID] = true
		s, err := d.sign(entente.Act{Kind: entente.KindAsk, Compact: state.ID, To: o, Ask: &entente.Ask{
			Record: it.rec.ID, Use: entente.Relay, Recipients: []entente.PartyID{d.self}, Purpose: state.Charter.Handling.Default.Purpose,
			Reason: "arrived without your consent, from " + string(from) + "; it was not applied",
		}})
		if err != nil {
			return err
		}
		if err := d.keep(d.self, &s, store.StateApplied); err != nil {
			return err
		}
		if err := d.ownAsk(state.ID, &s.Act, s.ID); err != nil {
			return err
		}
		leaves = append(leaves, store.Leaf{ID: string(s.ID), Code: entente.CodeApplied})
	}
	return d.enterBook(leaves)
}

// Derive notes that own records rest on others: records released to this party
// or its own. It stays at home; release judgement and recalls rest on it.
func (n *Node) Derive(ctx context.Context, records, sources []entente.RecordID) error {
	return n.update(ctx, func(d *desk) error {
		for _, s := range sources {
			if _, _, err := d.heldRecord(s, ""); err != nil {
				return err
			}
		}
		for _, id := range records {
			row, _, err := d.heldRecord(id, "")
			if err != nil {
				return err
			}
			if row.Originator != d.self || slices.Contains(sources, id) {
				return entente.Errorf(entente.Invalid, "put a record of your own first", "record %s is not this party's own, or its own source", entente.Short(id))
			}
			if err := errors.Join(d.InsertSources(id, sources), d.tearlinesRest(row.STIX, sources)); err != nil {
				return err
			}
		}
		return d.event(store.Event{What: "derive", Subject: joinIDs(records), Detail: "from " + joinIDs(sources)})
	})
}

func joinIDs(ids []entente.RecordID) string {
	var out []string
	for _, id := range ids {
		out = append(out, entente.Short(id))
	}
	return strings.Join(out, " ")
}

// Flag is own work that rests on something recalled or expired.
type Flag struct {
	Record   entente.RecordID
	Name     string
	Source   entente.RecordID
	Gone     string            // what took the source away
	Holders  []entente.PartyID // who has the derived record
	Releases []entente.ActID
}

// Flags lists derived work whose author, this party, should recall or correct it.
func (n *Node) Flags(ctx context.Context) ([]Flag, error) {
	var out []Flag
	err := n.view(ctx, func(d *desk) error {
		any, err := d.HasSources()
		if err != nil || !any {
			return err
		}
		return d.EachSource(func(record, source entente.RecordID, gone string) error {
			if gone == "" {
				return nil
			}
			infos, err := d.RecordInfos([]entente.RecordID{record})
			if err != nil {
				return err
			}
			f := Flag{Record: record, Name: infos[0].Name, Source: source, Gone: gone}
			grants, err := d.GrantsOfRecord(record)
			if err != nil {
				return err
			}
			for _, g := range grants {
				if g.Reader != d.self {
					f.Holders, f.Releases = append(f.Holders, g.Reader), append(f.Releases, g.Release)
				}
			}
			out = append(out, f)
			return nil
		})
	})
	return out, err
}
