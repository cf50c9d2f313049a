package node

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/release"
	"entente/stix"
	"entente/store"
)

// acceptOwn takes this party's own acts and records. The first thing that is
// wrong is the error, and nothing is kept.
func (d *desk) acceptOwn(parcels []arrived, out *Outcome) error {
	if err := d.working(); err != nil && !opensOwnEpoch(parcels) {
		return err
	}
	if !slices.ContainsFunc(parcels, func(a arrived) bool { return len(a.records) > 0 || a.signed.Act.Kind != entente.KindRelease }) {
		d.infos = map[entente.RecordID]store.Record{}
	}
	var leaves []store.Leaf
	for i := range parcels {
		a := &parcels[i]
		if a.err != nil {
			return entente.Errorf(entente.Invalid, "", "not accepted: %w", a.err)
		}
		for _, it := range a.records {
			if it.rec.Header.Originator != d.self {
				return entente.Errorf(entente.Invalid, "", "record %s is not this party's own", entente.Short(it.rec.ID))
			}
			leaves = append(leaves, store.Leaf{ID: string(it.rec.ID), Code: entente.CodeApplied})
			out.Records = append(out.Records, it.rec.ID)
		}
		if err := d.keepRecords(a.records); err != nil {
			return err
		}
		if err := d.tearlinesInherit(a.records); err != nil {
			return err
		}
		if n := len(a.records); n > 0 {
			if err := d.event(store.Event{What: "put", Subject: string(a.records[0].rec.ID), Detail: fmt.Sprintf("%d records", n)}); err != nil {
				return err
			}
		}
		if len(a.Act) == 0 {
			continue
		}
		if err := d.ownAct(a); err != nil {
			return err
		}
		leaves = append(leaves, store.Leaf{ID: string(a.signed.ID), Code: entente.CodeApplied})
		out.Codes = append(out.Codes, entente.CodeApplied)
	}
	return d.enterBook(leaves)
}

// opensOwnEpoch says whether a batch is the one act that a node whose store
// cannot be made whole again may sign: the card that opens a new epoch.
func opensOwnEpoch(parcels []arrived) bool {
	return len(parcels) == 1 && parcels[0].err == nil && parcels[0].signed.Act.Kind == entente.KindCard && parcels[0].signed.Act.CardBody.LastHead != nil
}

// enterBook appends to the party's own book and signs its head.
func (d *desk) enterBook(leaves []store.Leaf) error {
	if len(leaves) == 0 {
		return nil
	}
	self, _, err := d.current(d.Tx, d.self)
	if err != nil {
		return err
	}
	row, tree, err := d.channel(entente.Book(d.self, self.Epoch))
	if err != nil {
		return err
	}
	was := row.Size
	if err := d.extend(&row, &tree, leaves); err != nil {
		return err
	}
	if _, err := d.signHead(&row); err != nil {
		return err
	}
	if was == row.Size {
		return fmt.Errorf("book did not grow")
	}
	return d.UpdateChannel(row, row.Size)
}

// ownAct judges, keeps and queues an act of this party, or a card that a person
// here trusts.
func (d *desk) ownAct(a *arrived) error {
	s := &a.signed
	act := &s.Act
	if act.Kind == entente.KindCard {
		if _, err := d.takeCard(d.self, a); err != nil {
			return err
		}
		if a.party != d.self {
			return nil
		}
		return d.oweOwnCard()
	}
	if a.party != d.self {
		return entente.Errorf(entente.Refused, "", "%s %s is signed by %s, not by this party", act.Kind, entente.Short(s.ID), entente.Short(a.party))
	}
	self, card, err := d.current(d.Tx, d.self)
	if err != nil {
		return err
	}
	if self.Frozen != "" {
		return entente.Errorf(entente.Refused, "somebody else signed a card in this party's name: see docs/keys.md, and tell your partners", "this party is frozen: two cards of version %d are known", card.Version)
	}
	if act.Card != card.Version {
		return entente.Errorf(entente.Refused, "", "%s is signed under card version %d, in force is %d", act.Kind, act.Card, card.Version)
	}
	if err := s.VerifyBy(card); err != nil {
		return err
	}
	if err := d.keep(d.self, s, store.StateApplied); err != nil {
		return err
	}
	id := act.CompactOf(s.ID)
	switch {
	case act.Kind == entente.KindCharter || act.Kind.Chained():
		return d.ownCompactAct(id, s)
	case act.Kind == entente.KindRelease:
		if err := d.ownRelease(id, act, s.ID); err != nil {
			return err
		}
		if err := d.event(store.Event{What: "release", Compact: id, Subject: string(s.ID), Detail: fmt.Sprintf("%d records to %s, TLP:%s", len(act.Release.Records), d.nameOf(act.To), act.Release.Handling.TLP)}); err != nil {
			return err
		}
		return d.Enqueue([]store.Delivery{{To: act.To, Compact: id, Act: s.ID, Kind: act.Kind}})
	case act.Kind == entente.KindRecall:
		return d.ownRecall(id, act, s.ID)
	case act.Kind == entente.KindAsk:
		return d.ownAsk(id, act, s.ID)
	case act.Kind == entente.KindConsent:
		return d.ownConsent(id, act, s.ID)
	}
	return entente.Errorf(entente.Refused, "", "this node does not yet say acts of kind %q", act.Kind)
}

func (d *desk) ownCompactAct(id entente.CompactID, s *entente.Signed) error {
	state, err := d.state(id)
	if err != nil {
		return err
	}
	if s.Act.Chain != nil {
		if h := state.Heads[d.self]; h.ID != s.ID {
			return entente.Errorf(entente.Conflict, "try again: another act came in between", "%s does not continue this party's chain in %s", s.Act.Kind, entente.Short(id))
		}
	}
	if err := d.event(store.Event{What: string(s.Act.Kind), Compact: id, Subject: string(s.ID)}); err != nil {
		return err
	}
	return d.owe(id)
}

// ownRelease judges a release with the facts in the store and writes its grants.
func (d *desk) ownRelease(id entente.CompactID, act *entente.Act, actID entente.ActID) error {
	state, err := d.state(id)
	if err != nil {
		return err
	}
	if err := d.partnerReady(act.To); err != nil {
		return err
	}
	ids := make([]entente.RecordID, len(act.Release.Records))
	for i, r := range act.Release.Records {
		ids[i] = r.Record
	}
	facts, err := d.factsFor(ids, id, act.To, nil)
	if err != nil {
		return err
	}
	held, err := d.held(act.To, id, facts, false)
	if err != nil {
		return err
	}
	for i, f := range facts {
		if f.Permit != nil && f.Permit.Consent != act.Release.Records[i].Consent {
			return entente.Errorf(entente.Refused, "preview again", "record %s: the release does not name the consent that stands", entente.Short(f.ID))
		}
	}
	decision := release.Send(release.Question{
		From: d.self, To: act.To, Compact: state, Terms: act.Release.Terms, Handling: act.Release.Handling,
		Records: facts, Held: func(ref string) bool { return held[ref] }, Now: d.now,
	})
	if err := decision.Err(); err != nil {
		return err
	}
	return d.grant(act.To, id, actID, act.Release, facts)
}

func (d *desk) grant(reader entente.PartyID, id entente.CompactID, actID entente.ActID, r *entente.Release, facts []release.Fact) error {
	grants := make([]store.Grant, len(facts))
	for i, f := range facts {
		grants[i] = store.Grant{Reader: reader, Compact: id, Record: f.ID, STIX: f.STIX, Release: actID, Until: r.Handling.Expires}
	}
	return d.InsertGrants(grants)
}

// facts reads what judgement needs to know of records.
func (d *desk) facts(ids []entente.RecordID) ([]release.Fact, error) {
	rows, err := d.RecordInfos(ids)
	if err != nil {
		return nil, err
	}
	facts := make([]release.Fact, len(rows))
	for i, row := range rows {
		facts[i] = factOf(row)
	}
	return facts, nil
}

// factsFor is facts with what a release to one party in one compact rests on:
// consents to relay foreign records, those that signed names or else the
// latest, and the sources of derived work.
func (d *desk) factsFor(ids []entente.RecordID, in entente.CompactID, to entente.PartyID, signed *entente.Release) ([]release.Fact, error) {
	rows, err := d.recordInfos(ids)
	if errors.Is(err, store.ErrNotFound) {
		return nil, entente.ErrHidden
	}
	if err != nil {
		return nil, err
	}
	derived, err := d.HasSources()
	if err != nil {
		return nil, err
	}
	facts := make([]release.Fact, len(rows))
	for i, row := range rows {
		facts[i] = factOf(row)
		switch {
		case row.Originator != d.self:
			if _, _, err := d.heldRecord(row.ID, in); err != nil {
				return nil, err // what this party may not see it cannot relay
			}
			if signed != nil {
				facts[i].Permit, err = d.permitBy(signed.Records[i].Consent, row.ID, to)
			} else {
				facts[i].Permit, err = d.permit(row, entente.Relay, in, to)
			}
			if err != nil {
				return nil, err
			}
		case derived:
			if facts[i].Sources, _, err = d.sourcesOf(row.ID, in, to); err != nil {
				return nil, err
			}
		}
	}
	return facts, nil
}

// recordInfos is RecordInfos. A desk whose transaction changes no records reads
// each of them once, for however many recipients.
func (d *desk) recordInfos(ids []entente.RecordID) ([]store.Record, error) {
	if d.infos == nil {
		return d.RecordInfos(ids)
	}
	var ask []entente.RecordID
	for _, id := range ids {
		if _, ok := d.infos[id]; !ok {
			ask = append(ask, id)
		}
	}
	rows, err := d.RecordInfos(ask)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		d.infos[row.ID] = row
	}
	out := make([]store.Record, len(ids))
	for i, id := range ids {
		out[i] = d.infos[id]
	}
	return out, nil
}

func factOf(row store.Record) release.Fact {
	return release.Fact{
		ID: row.ID, Originator: row.Originator, STIX: row.STIX, Name: row.Name,
		Refs: strings.Fields(row.Refs), Size: row.Size, Gone: row.Gone != "",
	}
}

func joinRefs(refs []stix.ID) string {
	var b strings.Builder
	for i, r := range refs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(r))
	}
	return b.String()
}

// held looks up, among what the records refer to, what the reader has from us in
// this compact. When a release is signed that is what stands; when it leaves, what
// has left before: of what is behind it in the queue nobody knows yet.
func (d *desk) held(reader entente.PartyID, id entente.CompactID, facts []release.Fact, leaving bool) (map[string]bool, error) {
	inside := make(map[string]bool, len(facts))
	for _, f := range facts {
		inside[f.STIX] = true
	}
	asked := map[string]bool{}
	var refs []string
	for _, f := range facts {
		for _, ref := range f.Refs {
			if !inside[ref] && !asked[ref] {
				asked[ref] = true
				refs = append(refs, ref)
			}
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	held, err := d.Holds(reader, id, entente.DateOf(d.now), refs, leaving)
	if err != nil {
		return nil, err
	}
	return held, d.mentioned(reader, id, refs, held)
}

// mentioned adds those foreign objects that this party may refer to by consent.
func (d *desk) mentioned(reader entente.PartyID, id entente.CompactID, refs []string, held map[string]bool) error {
	consents, err := d.ActsOf(id, entente.KindConsent)
	if err != nil || len(consents) == 0 {
		return err
	}
	for _, ref := range refs {
		if held[ref] {
			continue
		}
		rows, err := d.FindRecords(ref, 100)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.STIX != ref || row.Originator == d.self || row.Gone != "" {
				continue
			}
			if _, _, err := d.heldRecord(row.ID, ""); errors.Is(err, entente.ErrHidden) {
				continue
			} else if err != nil {
				return err
			}
			p, err := d.permit(row, entente.Mention, id, reader)
			if err != nil {
				return err
			}
			held[ref] = held[ref] || p != nil
		}
	}
	return nil
}

// partnerReady refuses what would go to a party that is frozen or unknown here.
func (d *desk) partnerReady(p entente.PartyID) error {
	row, _, err := d.current(d.Tx, p)
	if err != nil {
		return entente.Errorf(entente.Refused, "import its card: entente trust", "party %s is not known here", entente.Short(p))
	}
	if row.Frozen != "" {
		return entente.Errorf(entente.Refused, "compare fingerprints by telephone and run entente trust with the right card", "party %q is frozen: two cards of version %d are known", row.Name, row.Version)
	}
	return nil
}

func (d *desk) nameOf(p entente.PartyID) string {
	if row, err := d.Party(p); err == nil {
		return row.Name
	}
	return entente.Short(p)
}

// owe queues, for every other listed member, all that members pass on: the
// cards of the roster and every compact act known. What is queued or delivered
// already stays as it is.
func (d *desk) owe(id entente.CompactID) error {
	state, err := d.state(id)
	if err != nil {
		return err
	}
	acts, err := d.ActsOf(id, compactKinds...)
	if err != nil {
		return err
	}
	cards := map[entente.PartyID][]store.Act{}
	for p := range state.Members {
		if cards[p], err = d.cardsToPassOn(p); err != nil {
			return err
		}
	}
	var owed []store.Delivery
	for _, to := range members(state) {
		if to == d.self || !state.Listed(to) {
			continue
		}
		add := func(row store.Act) {
			if row.Signer != to && row.From != to {
				owed = append(owed, store.Delivery{To: to, Compact: id, Act: row.ID, Kind: row.Kind})
			}
		}
		// The charter first: it says whose cards and acts may follow.
		for _, row := range cards[d.self] {
			add(row)
		}
		for _, row := range acts {
			if row.Kind == entente.KindCharter {
				add(row)
			}
		}
		for _, p := range members(state) {
			if p != d.self {
				for _, row := range cards[p] {
					add(row)
				}
			}
		}
		for _, row := range acts {
			if row.Kind != entente.KindCharter {
				add(row)
			}
		}
	}
	return d.Enqueue(owed)
}

// cardsToPassOn are a party's cards in force, and the second one that froze it:
// the proof is for all.
func (d *desk) cardsToPassOn(p entente.PartyID) ([]store.Act, error) {
	row, err := d.Party(p)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cards, err := d.ActsBy(p, entente.KindCard)
	return slices.DeleteFunc(cards, func(c store.Act) bool { return c.State == store.StateKept && c.ID != row.Frozen }), err
}

// members lists everybody on any roster of the compact, sorted.
func members(s *compact.State) []entente.PartyID { return slices.Sorted(maps.Keys(s.Members)) }

// oweOwnCard queues this party's new card in every compact.
func (d *desk) oweOwnCard() error {
	ids, err := d.Tx.Compacts()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := d.owe(id); err != nil {
			return err
		}
	}
	return nil
}
