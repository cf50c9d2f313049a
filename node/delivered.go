package node

import (
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/ledger"
	"entente/release"
	"entente/store"
)

// acceptDelivered takes consecutive entries of a peer's channel to this party.
func (d *desk) acceptDelivered(from entente.PartyID, b entente.Batch, parcels []arrived, out *Outcome) error {
	peer, _, err := d.current(d.Tx, from)
	if err != nil {
		return entente.Errorf(entente.Refused, "", "a party that is not known here cannot deliver")
	}
	if b.Channel.Epoch != peer.Epoch && !opensEpoch(b, parcels) {
		return entente.Errorf(entente.Refused, "", "channel epoch %d, the sender's card says %d", b.Channel.Epoch, peer.Epoch)
	}
	row, tree, err := d.channel(b.Channel)
	if err != nil {
		return err
	}
	known := row.Size - b.First
	if known < 0 {
		return entente.Errorf(entente.Refused, "", "batch begins at entry %d, expected %d", b.First, row.Size)
	}
	if known >= int64(len(parcels)) {
		return d.repeat(row, b, parcels, out)
	}
	if err := d.sameLeaves(row, b.First, parcels[:known]); err != nil {
		return err
	}
	fresh := parcels[known:]
	head, err := d.headOf(from, row, b, fresh, tree)
	if err != nil {
		return err
	}
	old, err := d.oldReceipts(row)
	if err != nil {
		return err
	}
	first := row.Size
	leaves := make([]store.Leaf, len(fresh))
	out.Codes = make([]entente.Code, len(fresh))
	for i := range fresh {
		a := &fresh[i]
		code, reason, err := d.applyOrReplay(from, &row, a, old.codes[first+int64(i)])
		if err != nil {
			return fmt.Errorf("apply entry %d from %s: %w", first+int64(i), peer.Name, err)
		}
		leaves[i], out.Codes[i] = store.Leaf{ID: string(a.Leaf), Code: code}, code
		if code == entente.CodeApplied && len(a.Act) == 0 { // once applied, and not handed out again: verify must know
			if err := d.SetMeta(metaGivenBack+fmt.Sprint(row.N), fmt.Sprint(first+int64(i)+1)); err != nil {
				return err
			}
		}
		what := "received"
		if code.Refused() {
			what = "refused"
		}
		if err := d.event(store.Event{What: what, Who: string(from), Compact: row.Compact, Subject: string(a.Leaf), Detail: describe(a, code, reason)}); err != nil {
			return err
		}
	}
	row.Head = head.ID
	if err := d.extend(&row, &tree, leaves); err != nil {
		return err
	}
	if err := d.keep(from, head, store.StateKept); err != nil {
		return err
	}
	receipt, ok := old.receipts[row.Size]
	if ok && receipt.Act.Receipt.Tree.Root == row.Root && receipt.Act.Receipt.Previous == row.Receipt {
		row.Receipt, row.Receipted = receipt.ID, row.Size
	} else if receipt, err = d.signReceipt(&row, entente.Runs(first, out.Codes)); err != nil {
		return err
	}
	out.Receipts = append(out.Receipts, receipt.Envelope())
	if err := d.UpdateChannel(row, row.Size); err != nil {
		return err
	}
	if err := d.SetMeta(metaHeard+string(from), d.time().String()); err != nil {
		return err
	}
	return d.caughtUp(row)
}

func describe(a *arrived, code entente.Code, reason string) string {
	kind := string(a.signed.Act.Kind)
	if kind == "" {
		kind = "entry"
	}
	text := fmt.Sprintf("%s: %s", kind, code)
	if n := len(a.records); n > 0 {
		text += fmt.Sprintf(", %d records", n)
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

// opensEpoch says whether a batch begins with the card that opens its epoch.
func opensEpoch(b entente.Batch, parcels []arrived) bool {
	if b.First != 0 || len(parcels) == 0 || parcels[0].err != nil {
		return false
	}
	c := parcels[0].signed.Act.CardBody
	return c != nil && parcels[0].party == b.Channel.From && c.Epoch == b.Channel.Epoch
}

// repeat answers a batch that is known already with the receipts that the
// sender seems to have missed.
func (d *desk) repeat(row store.Channel, b entente.Batch, parcels []arrived, out *Outcome) error {
	if err := d.sameLeaves(row, b.First, parcels); err != nil {
		return err
	}
	for range parcels {
		out.Codes = append(out.Codes, entente.CodeReceived)
	}
	receipts, err := d.receiptsAfter(row, b.First)
	out.Receipts = receipts
	return err
}

// sameLeaves wants entries that came again to be those that came before.
func (d *desk) sameLeaves(row store.Channel, first int64, parcels []arrived) error {
	if len(parcels) == 0 {
		return nil
	}
	leaves, err := d.Leaves(row.N, first, len(parcels))
	if err != nil {
		return err
	}
	for i := range parcels {
		if i >= len(leaves) || leaves[i].ID != string(parcels[i].Leaf) {
			return entente.Errorf(entente.Conflict, "keep the heads of this channel: they prove it", "entry %d of the channel from %s is not the one it delivered before", first+int64(i), d.nameOf(row.From))
		}
	}
	return nil
}

// headOf checks the sender's signed head over the channel as it will be.
func (d *desk) headOf(from entente.PartyID, row store.Channel, b entente.Batch, fresh []arrived, tree ledger.Tree) (*entente.Signed, error) {
	s, err := entente.ParseSigned(b.Head)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "", "head of the batch: %w", err)
	}
	st, err := ledger.Of(&s)
	if err == nil && (s.Act.Kind != entente.KindHead || st.Channel != b.Channel || s.Act.Card < row.Card) {
		err = entente.ErrSignature
	}
	if err == nil {
		var card *entente.Card
		if card, err = d.card(d.Tx, from, s.Act.Card); err == nil {
			err = s.VerifyBy(card)
		}
	}
	if err != nil {
		return nil, entente.Errorf(entente.Refused, "", "head of the batch is not the sender's statement of this channel: %w", err)
	}
	after := tree.Clone()
	for i := range fresh {
		after.Append(string(fresh[i].Leaf))
	}
	if st.Tree != after.Head() {
		return nil, entente.Errorf(entente.Refused, "", "head says %d entries with root %.20s, the entries give %d with root %.20s", st.Tree.Size, st.Tree.Root, after.Size(), after.Root())
	}
	return &s, nil
}

// applyOrReplay judges an entry, or does what this party once answered for it:
// a store that was put back must come out where it was.
func (d *desk) applyOrReplay(from entente.PartyID, row *store.Channel, a *arrived, was entente.Code) (entente.Code, string, error) {
	switch was {
	case "":
		return d.apply(from, row, a)
	case entente.CodeApplied:
		d.replaying = true
		defer func() { d.replaying = false }()
		code, reason, err := d.apply(from, row, a)
		if err == nil && code == entente.CodeWithheld {
			return was, "", nil // the sender does not hand it out again
		}
		return code, reason, err
	}
	return was, "answered so before", nil
}

// apply judges one entry and applies it, or says by code and reason why not. An
// error is the store's and ends the whole transaction.
func (d *desk) apply(from entente.PartyID, row *store.Channel, a *arrived) (entente.Code, string, error) {
	if a.err != nil {
		return entente.RefusedForm, a.err.Error(), nil
	}
	if len(a.Act) == 0 {
		return entente.CodeWithheld, "", nil
	}
	s := &a.signed
	act := &s.Act
	if has, err := d.HasAct(s.ID); err != nil {
		return "", "", err
	} else if has {
		return d.applyAgain(from, row, a)
	}
	switch {
	case act.Kind == entente.KindCard:
		return d.applyCard(from, row, a)
	case act.Kind == entente.KindHead || act.Kind == entente.KindReceipt:
		return entente.RefusedKind, "heads and receipts do not travel as entries", nil
	case act.CompactOf(s.ID) != row.Compact:
		return entente.RefusedCompact, "it belongs to another compact", nil
	case act.To != "" && act.To != d.self:
		return entente.RefusedTo, "it is addressed to somebody else", nil
	case act.Kind.Chained() || act.Kind == entente.KindCharter:
		return d.applyCompactAct(from, row.Compact, a)
	case a.party != from:
		return entente.RefusedSigned, "acts of this kind come from their signer only", nil
	case act.Card < row.Card:
		return entente.RefusedKey, fmt.Sprintf("signed under card version %d, entry after version %d", act.Card, row.Card), nil
	}
	if _, code, err := d.verify(a); err != nil || code != "" {
		return code, "", err
	}
	if !act.Kind.Control() {
		if ok, err := d.allowReceiving(from, row.Compact, a); err != nil || !ok {
			return entente.RefusedQuota, "more than the agreement lets pass in a day", err
		}
	}
	switch act.Kind {
	case entente.KindRelease:
		return d.applyRelease(row.Compact, a)
	case entente.KindRecall:
		return d.applyRecall(from, row.Compact, a)
	case entente.KindAsk:
		return d.applyAsk(from, row.Compact, a)
	case entente.KindConsent:
		return d.applyConsent(from, row.Compact, a)
	}
	return entente.RefusedKind, "", nil
}

// applyAgain answers an act that is in the store already. Signature, signer and
// compact were checked when it came first, so they are checked of these bytes
// again: a copy with other signatures is not the same proof.
func (d *desk) applyAgain(from entente.PartyID, row *store.Channel, a *arrived) (entente.Code, string, error) {
	act := &a.signed.Act
	if act.Kind != entente.KindCard && act.CompactOf(a.signed.ID) != row.Compact {
		return entente.RefusedCompact, "it belongs to another compact", nil
	}
	if act.Kind == entente.KindCard && a.party != from {
		// The answer must not tell whether this node knows the party from elsewhere.
		if state, err := d.state(row.Compact); err != nil || !(state.Listed(a.party) && state.Listed(from)) {
			return entente.RefusedCompact, "a card of a party that is not listed", err
		}
	}
	if _, code, err := d.verify(a); err != nil || code != "" {
		return code, "", err
	}
	if act.Kind == entente.KindCard && a.party == from {
		row.Card = max(row.Card, act.CardBody.Version)
	}
	if act.Kind == entente.KindRelease && a.party == from && act.To == d.self {
		old, err := d.GrantsOfRelease(a.signed.ID)
		if err != nil || len(old) > 0 {
			return entente.CodeApplied, "", err
		}
		return d.applyRelease(row.Compact, a) // it was recalled or has expired in between, or never was applied
	}
	return entente.CodeApplied, "", nil
}

func (d *desk) applyCompactAct(from entente.PartyID, id entente.CompactID, a *arrived) (entente.Code, string, error) {
	s := &a.signed
	// A charter that does not list this party may be followed by the amendment that does.
	if s.Act.Kind != entente.KindCharter {
		state, err := d.state(id)
		if err != nil {
			return "", "", err
		}
		if state.Charter == nil {
			return entente.RefusedCompact, "its charter has not come before it", nil
		}
		if !state.Listed(a.party) && !namedBy(s, a.party) {
			return entente.RefusedCompact, "its author is not listed", nil
		}
	}
	if err := d.takeAttachedCards(from, a); err != nil {
		return "", "", err
	}
	if _, code, err := d.verify(a); err != nil || code != "" {
		return code, "signature", err
	}
	if err := d.keep(from, s, store.StateApplied); err != nil {
		return "", "", err
	}
	if err := d.owe(id); err != nil {
		return "", "", err
	}
	return entente.CodeApplied, "", d.retryParked(id)
}

// namedBy says whether an amendment lists its own author: it may come before
// the state knows the author.
func namedBy(s *entente.Signed, p entente.PartyID) bool {
	if s.Act.Amendment == nil {
		return false
	}
	_, ok := s.Act.Amendment.Charter.Seat(p)
	return ok
}

func (d *desk) applyRelease(id entente.CompactID, a *arrived) (entente.Code, string, error) {
	s := &a.signed
	state, err := d.state(id)
	if err != nil {
		return "", "", err
	}
	records := make([]entente.Record, len(a.records))
	for i := range a.records {
		records[i] = a.records[i].rec
	}
	consents, err := d.readConsents(a)
	if err != nil {
		return "", "", err
	}
	acts := make(map[entente.ActID]*entente.Act, len(consents))
	for id, c := range consents {
		acts[id] = &c.Act
	}
	if r := release.Receive(d.self, state, &s.Act, records, acts, d.now); r != nil && !(d.replaying && r.Code == entente.RefusedForce) {
		if r.Code == entente.RefusedConsent {
			return r.Code, r.Reason, d.tell(state, a.party, a)
		}
		return r.Code, r.Reason, nil
	}
	// Only now: who is no member is not to learn which compacts there are.
	if ok, err := d.knownTerms(id, s.Act.Release.Terms); err != nil || !ok {
		return entente.RefusedTerms, "it relies on terms that are none of this compact's", err
	}
	for _, x := range s.Act.Release.Records {
		if c, ok := consents[x.Consent]; ok {
			if has, err := d.HasAct(c.ID); err != nil {
				return "", "", err
			} else if !has {
				if err := d.keep(a.party, c, store.StateApplied); err != nil {
					return "", "", err
				}
			}
		}
	}
	if has, err := d.HasAct(s.ID); err != nil {
		return "", "", err
	} else if !has {
		if err := d.keep(a.party, s, store.StateApplied); err != nil {
			return "", "", err
		}
	}
	all, some, err := d.recalledTo(id, s.ID, a.party, d.self)
	if err != nil || all {
		return entente.CodeApplied, "recalled before it came", err
	}
	standing := make([]item, 0, len(a.records))
	facts := make([]release.Fact, 0, len(a.records))
	for _, it := range a.records {
		if _, gone := some[it.rec.ID]; !gone {
			standing = append(standing, it)
			facts = append(facts, release.Fact{ID: it.rec.ID, STIX: it.row.STIX})
		}
	}
	if err := d.keepRecords(standing); err != nil {
		return "", "", err
	}
	return entente.CodeApplied, "", d.grant(d.self, id, s.ID, s.Act.Release, facts)
}

// knownTerms says whether an act stated terms of this compact. The sender has
// passed on every such act before, so that it can tell as well.
func (d *desk) knownTerms(id entente.CompactID, terms entente.ActID) (bool, error) {
	row, err := d.Act(terms)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && row.Compact == id && (row.Kind == entente.KindCharter || row.Kind == entente.KindAmendment), err
}

// signReceipt answers a channel as it now stands.
func (d *desk) signReceipt(row *store.Channel, entries []entente.Disposition) (entente.Signed, error) {
	_, card, err := d.current(d.Tx, d.self)
	if err != nil {
		return entente.Signed{}, err
	}
	s, err := entente.Sign(entente.Act{
		Kind: entente.KindReceipt, Signer: d.self, Card: card.Version, Compact: row.Compact, To: row.From, Time: d.time(),
		Receipt: &entente.Receipt{Epoch: row.Epoch, Tree: entente.TreeHead{Size: row.Size, Root: row.Root}, Previous: row.Receipt, Entries: entries},
	}, d.Keys().Receipt)
	if err != nil {
		return s, err
	}
	row.Receipt, row.Receipted = s.ID, row.Size
	return s, d.keep(d.self, &s, store.StateKept)
}

// receiptsAfter lists the receipts of a channel that speak of entries from
// position size on, oldest first.
func (d *desk) receiptsAfter(row store.Channel, size int64) ([][]byte, error) {
	var out [][]byte
	for id := row.Receipt; id != ""; {
		act, err := d.Act(id)
		if err != nil {
			return nil, err
		}
		s, err := entente.ParseSigned(act.Envelope)
		if err != nil || s.Act.Receipt == nil {
			return nil, brokenRow("receipt", id, err)
		}
		if s.Act.Receipt.Tree.Size <= size {
			break
		}
		out = append([][]byte{act.Envelope}, out...)
		id = s.Act.Receipt.Previous
	}
	return out, nil
}

// acceptReceipt takes a peer's answer to this party's channel.
func (d *desk) acceptReceipt(from entente.PartyID, b entente.Batch) error {
	s, err := entente.ParseSigned(b.Head)
	if err != nil {
		return entente.Errorf(entente.Invalid, "", "receipt: %w", err)
	}
	next, err := ledger.Of(&s)
	if err != nil || s.Act.Kind != entente.KindReceipt || s.Act.Signer != from || next.Channel != b.Channel {
		return entente.Errorf(entente.Refused, "", "receipt is not about this channel")
	}
	row, err := d.Channel(b.Channel)
	if err != nil {
		return entente.Errorf(entente.Refused, "", "receipt for a channel that does not exist")
	}
	if s.ID == row.Receipt {
		return nil
	}
	if has, err := d.HasAct(s.ID); err != nil || has {
		return err // a receiver put back to an older copy gives again what it once gave
	}
	a := arrived{signed: s, party: from}
	if _, code, err := d.verify(&a); err != nil || code != "" {
		return errors.Join(err, entente.Errorf(entente.Refused, "", "receipt: %w", entente.ErrSignature))
	}
	var last *ledger.Statement
	if row.Receipt != "" {
		act, err := d.Act(row.Receipt)
		if err != nil {
			return err
		}
		prev, err := entente.ParseSigned(act.Envelope)
		if err != nil {
			return brokenRow("receipt", act.ID, err)
		}
		st, err := ledger.Of(&prev)
		if err != nil {
			return brokenRow("receipt", act.ID, err)
		}
		last = &st
		if s.Act.Card < prev.Act.Card {
			return entente.Errorf(entente.Refused, "", "receipt under card version %d, after one under version %d", s.Act.Card, prev.Act.Card)
		}
	}
	if err := ledger.Check(last, next); err != nil {
		return entente.Errorf(entente.Conflict, "", "receipt: %w", err)
	}
	if next.Tree.Size > row.Size {
		if missing, err := d.lostChannels(); err != nil || slices.ContainsFunc(missing, func(l lost) bool { return l.Channel == row.Channel }) {
			return err // it comes again once the entries are back
		}
		return entente.Errorf(entente.Conflict, "", "receipt for %d entries, the channel has %d", next.Tree.Size, row.Size)
	}
	root, err := d.rootAt(row, next.Tree.Size)
	if err != nil {
		return err
	}
	if root != next.Tree.Root {
		return entente.Errorf(entente.Conflict, "compare the two logs: one of the two sides rewrote it", "receipt gives another root for %d entries of the channel to %s", next.Tree.Size, d.nameOf(from))
	}
	if err := d.keep(from, &s, store.StateKept); err != nil {
		return err
	}
	if err := d.SetCodes(row.N, next.Entries); err != nil {
		return err
	}
	if err := d.settle(row, next.Entries); err != nil {
		return err
	}
	for _, e := range next.Entries {
		if e.Code.Refused() {
			if err := d.event(store.Event{What: "refused by peer", Who: string(from), Compact: row.Compact, Subject: string(s.ID), Detail: fmt.Sprintf("entries %d to %d: %s", e.First, e.First+e.Count-1, e.Code)}); err != nil {
				return err
			}
		}
	}
	row.Receipt, row.Receipted = s.ID, next.Tree.Size
	return d.UpdateChannel(row, row.Size)
}

// settle does what follows from a receipt for releases that were not applied:
// what was withheld but stands is queued again, what was refused is not held.
func (d *desk) settle(row store.Channel, entries []entente.Disposition) error {
	for _, e := range entries {
		if e.Code == entente.CodeApplied {
			continue
		}
		leaves, err := d.Leaves(row.N, e.First, int(e.Count))
		if err != nil {
			return err
		}
		for _, l := range leaves {
			act, err := d.Act(entente.ActID(l.ID))
			if errors.Is(err, store.ErrNotFound) {
				continue // given back as its id alone
			}
			if err != nil {
				return err
			}
			if act.Kind != entente.KindRelease || act.State != store.StateApplied {
				continue
			}
			if e.Code != entente.CodeWithheld {
				_, err = d.DeleteGrants(row.To, act.ID, nil)
			} else if left, e := d.GrantsOfRelease(act.ID); e != nil || len(left) > 0 {
				err = errors.Join(e, d.EnqueueAgain([]store.Delivery{{To: row.To, Compact: row.Compact, Act: act.ID, Kind: act.Kind}}))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// rootAt is the root of a channel when it had this size.
func (d *desk) rootAt(row store.Channel, size int64) (string, error) {
	if size == row.Size {
		return row.Root, nil
	}
	key := rootKey{row.Channel, size}
	d.mu.Lock()
	root, ok := d.roots[key]
	d.mu.Unlock()
	if ok {
		return root, nil
	}
	var tree ledger.Tree
	for tree.Size() < size {
		leaves, err := d.Leaves(row.N, tree.Size(), int(min(size-tree.Size(), 4096)))
		if err != nil {
			return "", err
		}
		if len(leaves) == 0 {
			return "", entente.Errorf(entente.Broken, "run entente verify", "channel %d ends at entry %d, expected %d", row.N, tree.Size(), row.Size)
		}
		for _, l := range leaves {
			tree.Append(l.ID)
		}
	}
	return tree.Root(), nil
}

// remember keeps the root at the end of a batch that has been sent, so that its
// receipt can be checked without reading the leaves again.
func (n *Node) remember(row store.Channel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.roots) > 10_000 {
		clear(n.roots)
	}
	n.roots[rootKey{row.Channel, row.Size}] = row.Root
}
