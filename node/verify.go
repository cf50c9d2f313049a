package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/ledger"
	"entente/store"
)

// Report is what Verify has checked.
type Report struct {
	Acts, Records, Channels, Entries, Grants int64
	// Problem names the first thing that is wrong; empty: everything verifies.
	Problem string
}

// Verify checks a whole store anew, trusting nothing in it but this party's
// id: every id against its bytes, every signature against the cards, every
// channel against its heads and receipts, every derived row against the acts
// it follows from. It finds rows of acts, records, channels and receipts that were
// changed, removed or swapped. What it cannot see is a store that was put back
// whole to an older copy: the partners show that at the next contact.
//
// progress may be nil; total is an estimate.
func (n *Node) Verify(ctx context.Context, progress func(done, total int64, what string)) (Report, error) {
	var report Report
	err := n.view(ctx, func(d *desk) error {
		v := &verifier{
			desk: d, report: &report, acts: map[entente.ActID]*checkedAct{},
			records: map[entente.RecordID]bool{}, leaves: map[string]bool{}, releases: map[entente.RecordID][]entente.ActID{}, unapplied: map[entente.ActID]bool{},
		}
		if progress == nil {
			progress = func(int64, int64, string) {}
		}
		v.tick = func(done int64, what string) { progress(done, v.total, what) }
		return v.run()
	})
	if p, ok := errors.AsType[problem](err); ok {
		report.Problem = string(p)
		return report, nil
	}
	return report, err
}

// problem ends a verification: it names what is wrong.
type problem string

func (p problem) Error() string { return string(p) }

func wrong(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

type verifier struct {
	*desk
	report    *Report
	total     int64
	tick      func(done int64, what string)
	acts      map[entente.ActID]*checkedAct
	order     []entente.ActID
	records   map[entente.RecordID]bool // true: stands, false: erased
	leaves    map[string]bool           // ids that a book or an incoming channel covers
	parties   []store.Party
	lines     map[entente.CompactID][]store.Event // of each log, those not yet seen in its tree
	recalls   map[entente.ActID][]*checkedAct     // by the release that they end
	consents  map[entente.ActID]bool              // that a release names
	unapplied map[entente.ActID]bool              // own releases that the recipient answered without applying them
	// releases to this party that count, by record
	releases map[entente.RecordID][]entente.ActID
}

type checkedAct struct {
	row    store.Act
	signed entente.Signed
	linked bool // a channel's chain of heads or receipts leads to it
}

func (v *verifier) run() error {
	var err error
	if v.total, err = v.CountRecords(v.self); err != nil {
		return err
	}
	for _, step := range []func() error{v.readActs, v.checkParties, v.checkSignatures, v.readRecords, v.readRecalls, v.readEvents, v.checkChannels, v.checkEvents, v.checkCover, v.checkGrants, v.checkDeliveries} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) readActs() error {
	last := int64(0)
	return v.EachAct(func(row store.Act) error {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return wrong("act %s: %v", row.ID, err)
		}
		a := &s.Act
		want := store.Act{
			N: row.N, ID: s.ID, Kind: a.Kind, Signer: a.Party(s.ID), Card: a.Card, Compact: a.CompactOf(s.ID), To: a.To,
			Envelope: row.Envelope, State: row.State, From: row.From, Arrived: row.Arrived,
		}
		if row.ID != s.ID {
			return wrong("act %s: its bytes give the id %s", row.ID, s.ID)
		}
		if !sameAct(row, want) {
			return wrong("act %s (%s): its row does not say what its bytes say", row.ID, a.Kind)
		}
		if row.N <= last {
			return wrong("act %s: order", row.ID)
		}
		last = row.N
		v.acts[s.ID] = &checkedAct{row: row, signed: s}
		v.order = append(v.order, s.ID)
		v.report.Acts++
		return nil
	})
}

func sameAct(a, b store.Act) bool {
	return a.N == b.N && a.ID == b.ID && a.Kind == b.Kind && a.Signer == b.Signer && a.Card == b.Card && a.Compact == b.Compact &&
		a.To == b.To && bytes.Equal(a.Envelope, b.Envelope) && a.State == b.State && a.From == b.From
}

// checkParties follows each party's cards from the first, which its id is the
// hash of, to the one in force.
func (v *verifier) checkParties() error {
	var err error
	if v.parties, err = v.Tx.Parties(); err != nil {
		return err
	}
	known := map[entente.PartyID]bool{}
	for _, p := range v.parties {
		known[p.ID] = true
		first := v.acts[entente.ActID(p.ID)]
		if first == nil || first.row.Kind != entente.KindCard {
			return wrong("party %s: its first card is missing", p.ID)
		}
		if err := v.checkCards(p, first); err != nil {
			return err
		}
	}
	for _, id := range v.order {
		if a := v.acts[id]; !known[a.row.Signer] {
			return wrong("act %s: its signer %s is not among the parties", id, a.row.Signer)
		}
	}
	if !known[v.self] {
		return wrong("party %s: this party's own row is missing", v.self)
	}
	return nil
}

func (v *verifier) checkCards(p store.Party, first *checkedAct) error {
	at, card := first, first.signed.Act.CardBody
	if err := first.signed.VerifyBy(card); err != nil || first.row.State != store.StateApplied {
		return wrong("card %s of %s: first card does not verify (%v)", first.row.ID, p.Name, err)
	}
	rows, err := v.ActsBy(p.ID, entente.KindCard)
	if err != nil {
		return err
	}
	kept := entente.ActID("")
	for _, row := range rows {
		if row.ID == first.row.ID {
			continue
		}
		next := v.acts[row.ID]
		if next == nil {
			return wrong("card %s of %s: unreadable", row.ID, p.Name)
		}
		c := next.signed.Act.CardBody
		if err := next.signed.VerifyBy(c); err != nil {
			return wrong("card %s of %s: %v", row.ID, p.Name, err)
		}
		if row.State == store.StateKept {
			kept = row.ID
			continue
		}
		if err := card.Follows(at.row.ID, c); err != nil {
			return wrong("card %s of %s: %v", row.ID, p.Name, err)
		}
		at, card = next, c
	}
	if p.Card != at.row.ID || p.Version != card.Version || p.Epoch != card.Epoch || p.Name != card.Name {
		return wrong("party %s (%s): its row is not that of its newest card", p.ID, p.Name)
	}
	if p.Frozen != "" && p.Frozen != kept {
		return wrong("party %s (%s): frozen by a card that is not here", p.ID, p.Name)
	}
	return nil
}

func (v *verifier) checkSignatures() error {
	for i, id := range v.order {
		a := v.acts[id]
		if a.row.Kind == entente.KindCard {
			continue
		}
		card, err := v.card(v.Tx, a.row.Signer, a.row.Card)
		if err != nil {
			return wrong("act %s (%s): card version %d of its signer is missing", id, a.row.Kind, a.row.Card)
		}
		if err := a.signed.VerifyBy(card); err != nil {
			return wrong("act %s: %v", id, err)
		}
		if i%1000 == 0 {
			v.tick(int64(i), "signatures")
		}
	}
	return nil
}

func (v *verifier) readRecords() error {
	references, texts := int64(0), int64(0)
	err := v.EachRecord(func(row store.Record) error {
		v.report.Records++
		if v.report.Records%1000 == 0 {
			v.tick(v.report.Records, "records")
		}
		v.records[row.ID] = row.Gone == ""
		if row.Gone != "" {
			if row.Bytes != nil || row.Name != "" || row.Refs != "" {
				return wrong("record %s: erased (%s), but something of it is left", row.ID, row.Gone)
			}
			return nil
		}
		it, err := readItem(row.Bytes)
		if err != nil {
			return wrong("record %s: %v", row.ID, err)
		}
		want := it.row
		if row.ID != want.ID {
			return wrong("record %s: its bytes give the id %s", row.ID, want.ID)
		}
		if row.Originator != want.Originator || row.Media != want.Media || row.STIX != want.STIX || row.Type != want.Type ||
			row.Version != want.Version || row.Name != want.Name || row.Revoked != want.Revoked || row.Refs != want.Refs || row.Size != want.Size {
			return wrong("record %s: its row does not say what its bytes say", row.ID)
		}
		references += int64(len(strings.Fields(row.Refs)))
		texts++
		return v.checkText(row)
	})
	if err != nil {
		return err
	}
	all, borne, err := v.CountReferences()
	if err == nil && (all != references || borne != references) {
		return wrong("the rows that say who refers to an object are not those that the records give: %d, %d of them right, expected %d", all, borne, references)
	}
	if err != nil {
		return err
	}
	if all, err = v.CountTexts(); err == nil && all != texts {
		return wrong("%d records have words by which they are found or wait for them, expected %d", all, texts)
	}
	return err
}

// checkText wants the words by which a record is found to be its own, or to be due.
func (v *verifier) checkText(row store.Record) error {
	words, due, err := v.Words(row.N)
	if errors.Is(err, store.ErrNotFound) {
		return wrong("record %s: it has no words by which it is found, and waits for none", row.ID)
	}
	if err != nil || due {
		return err
	}
	want, err := textOf(row)
	if err == nil && words != want.Words {
		return wrong("record %s: the words by which it is found are not its own", row.ID)
	}
	return err
}

func (v *verifier) checkChannels() error {
	rows, err := v.Tx.Channels()
	if err != nil {
		return err
	}
	for _, row := range rows {
		v.report.Channels++
		if err := v.checkChannel(row); err != nil {
			return err
		}
	}
	return nil
}

// checkChannel computes a channel anew from its leaves and holds heads, receipts
// and dispositions against it.
func (v *verifier) checkChannel(row store.Channel) error {
	name := v.channelName(row)
	heads, err := v.chain(name, row, row.Head)
	if err != nil {
		return err
	}
	receipts, err := v.chain(name, row, row.Receipt)
	if err != nil {
		return err
	}
	roots := map[int64]string{}
	for _, s := range append(append([]ledger.Statement(nil), heads...), receipts...) {
		roots[s.Tree.Size] = s.Tree.Root
	}
	codes := map[int64]entente.Code{}
	for _, s := range receipts {
		for _, e := range s.Entries {
			for i := range e.Count {
				codes[e.First+i] = e.Code
			}
		}
	}
	var tree ledger.Tree
	card := int64(0)
	err = v.EachLeaf(row.N, func(l store.Leaf) error {
		if l.Pos != tree.Size() {
			return wrong("%s: entry %d is missing", name, tree.Size())
		}
		tree.Append(l.ID)
		v.report.Entries++
		if root, ok := roots[tree.Size()]; ok && root != tree.Root() {
			return wrong("%s: entry %d or one before it is not what was signed", name, l.Pos)
		}
		if row.From == row.To {
			if l.Code != entente.CodeApplied {
				return wrong("%s: entry %d has the disposition %q", name, l.Pos, l.Code)
			}
		} else if l.Code != codes[l.Pos] {
			return wrong("%s: entry %d is noted as %q, the receipts say %q", name, l.Pos, l.Code, codes[l.Pos])
		}
		if a := v.acts[entente.ActID(l.ID)]; a != nil && a.row.Kind == entente.KindCard && a.row.Signer == row.From && row.From != row.To &&
			(row.From == v.self || l.Code == entente.CodeApplied) {
			card = max(card, a.row.Card)
		}
		return v.checkLeaf(name, row, l)
	})
	if err != nil {
		return err
	}
	if row.Size != tree.Size() || row.Root != tree.Root() || !bytes.Equal(row.Frontier, tree.MarshalBinary()) {
		return wrong("%s: its row says %d entries with root %s, its entries give %d with root %s", name, row.Size, row.Root, tree.Size(), tree.Root())
	}
	if row.To == v.self && row.Card != card && row.From != row.To {
		return wrong("%s: noted sender's card version %d, its entries say %d", name, row.Card, card)
	}
	return v.checkEnds(name, row, heads, receipts)
}

// checkEnds wants the channel to end where the party that can be held to it has signed.
func (v *verifier) checkEnds(name string, row store.Channel, heads, receipts []ledger.Statement) error {
	end := func(list []ledger.Statement) int64 {
		if len(list) == 0 {
			return 0
		}
		return list[len(list)-1].Tree.Size
	}
	signed := end(heads)
	if row.To == v.self && row.From != v.self {
		signed = end(receipts)
	}
	if log := row.From == row.To && row.Compact != ""; log && signed < row.Size {
		signed = row.Size // the lines since the last head are signed for later
	}
	if signed != row.Size {
		return wrong("%s: %d entries, but only %d are signed for", name, row.Size, signed)
	}
	if row.Receipted != end(receipts) {
		return wrong("%s: noted as receipted up to %d, the receipts go up to %d", name, row.Receipted, end(receipts))
	}
	return nil
}

// chain follows heads or receipts back from the last one and gives them oldest first.
func (v *verifier) chain(name string, row store.Channel, last entente.ActID) ([]ledger.Statement, error) {
	var out []ledger.Statement
	for id := last; id != ""; {
		a := v.acts[id]
		if a == nil {
			return nil, wrong("%s: its statement %s is missing", name, id)
		}
		st, err := ledger.Of(&a.signed)
		if err != nil || st.Channel != row.Channel || a.linked {
			return nil, wrong("%s: act %s is no statement about it", name, id)
		}
		a.linked = true
		out = append(out, st)
		id = st.Previous
	}
	for i, k := 0, len(out)-1; i < k; i, k = i+1, k-1 {
		out[i], out[k] = out[k], out[i]
	}
	var before *ledger.Statement
	for i := range out {
		if err := ledger.Check(before, out[i]); err != nil {
			return nil, wrong("%s: %v", name, err)
		}
		before = &out[i]
	}
	return out, nil
}

// checkLeaf wants what an entry names to be there, unless nothing of it was applied.
func (v *verifier) checkLeaf(name string, row store.Channel, l store.Leaf) error {
	_, act := v.acts[entente.ActID(l.ID)]
	_, record := v.records[entente.RecordID(l.ID)]
	switch {
	case row.From == v.self && row.To == v.self && row.Compact != "":
		return v.checkLogLine(name, row, l)
	case row.From == v.self && row.To == v.self:
		v.leaves[l.ID] = true
		if !act && !record {
			return wrong("%s: entry %d names %s, which is missing", name, l.Pos, l.ID)
		}
	case row.To == v.self:
		if l.Code == entente.CodeApplied && !act {
			if again, err := v.givenBack(row, l.Pos); err != nil || !again {
				return errors.Join(err, wrong("%s: entry %d, act %s, is missing", name, l.Pos, l.ID))
			}
		}
		v.leaves[l.ID] = true
	case !act:
		if given, err := v.givenBack(row, l.Pos); err != nil || !given || l.Code == entente.CodeApplied {
			return errors.Join(err, wrong("%s: entry %d, act %s, is missing", name, l.Pos, l.ID))
		}
	case row.From == v.self && l.Code != entente.CodeApplied && l.Code != entente.CodeWithheld && l.Code != "":
		v.unapplied[entente.ActID(l.ID)] = true
	}
	return nil
}

// givenBack says whether an entry was lost with the store and came again, maybe as
// its id alone.
func (v *verifier) givenBack(row store.Channel, pos int64) (bool, error) {
	text, ok, err := v.Meta(metaGivenBack + fmt.Sprint(row.N))
	if err != nil || !ok {
		return false, err
	}
	upTo, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, wrong("the note on what was given back of channel %d is %q", row.N, text)
	}
	return pos < upTo, nil
}

func (v *verifier) channelName(row store.Channel) string {
	switch {
	case row.From == row.To && row.Compact == "":
		return "own book"
	case row.From == row.To && row.Compact == entente.CompactID(v.self):
		return "local log"
	case row.From == row.To:
		return "log of compact " + entente.Short(row.Compact)
	}
	return fmt.Sprintf("channel from %s to %s in compact %s", v.nameOf(row.From), v.nameOf(row.To), entente.Short(row.Compact))
}

// checkCover wants every act to stand in a book, an incoming channel or a chain
// of statements, and every record in the book or in a release that does.
func (v *verifier) checkCover() error {
	named := map[entente.RecordID]bool{}
	for _, id := range v.order {
		a := v.acts[id]
		statement := a.row.Kind == entente.KindHead || a.row.Kind == entente.KindReceipt
		if statement && !a.linked {
			return wrong("act %s (%s): no channel leads to it", id, a.row.Kind)
		}
		// Cards of others may come attached to an act; their party's id vouches for them.
		attached := a.row.Kind == entente.KindCard && a.row.Signer != v.self || v.consents[id]
		if !statement && !attached && !v.leaves[string(id)] {
			return wrong("act %s (%s): no entry of a book or channel names it", id, a.row.Kind)
		}
		if err := v.checkState(a); err != nil {
			return err
		}
		if r := a.signed.Act.Release; r != nil && a.row.State == store.StateApplied {
			for _, x := range r.Records {
				if _, ok := v.records[x.Record]; !ok && !v.ended(id, x.Record) {
					return wrong("record %s, which release %s names, is missing", x.Record, id)
				}
				named[x.Record] = true
				if a.signed.Act.To == v.self {
					v.releases[x.Record] = append(v.releases[x.Record], id)
				}
			}
		}
	}
	for id, stands := range v.records {
		if !v.leaves[string(id)] && !named[id] {
			return wrong("record %s: neither the book nor a release names it", id)
		}
		if !stands {
			if err := v.checkTombstone(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRecalls notes what every recall ends, by the release and the record.
func (v *verifier) readRecalls() error {
	v.recalls, v.consents = map[entente.ActID][]*checkedAct{}, map[entente.ActID]bool{}
	for _, id := range v.order {
		if r := v.acts[id].signed.Act.Release; r != nil {
			for _, x := range r.Records {
				v.consents[x.Consent] = true
			}
		}
		if r := v.acts[id].signed.Act.Recall; r != nil {
			for _, end := range r.Ends {
				v.recalls[end] = append(v.recalls[end], v.acts[id])
			}
		}
	}
	return nil
}

// ended says whether a recall by the release's own signer, to its recipient, has
// ended it for this record.
func (v *verifier) ended(release entente.ActID, record entente.RecordID) bool {
	rel := v.acts[release]
	if rel == nil {
		return false
	}
	by := func(end entente.ActID, signer entente.PartyID) bool {
		for _, a := range v.recalls[end] {
			r := a.signed.Act.Recall
			if a.row.Signer == signer && (a.row.To == rel.row.To || a.row.To == v.self) && a.row.Compact == rel.row.Compact &&
				(len(r.Records) == 0 || slices.Contains(r.Records, record)) {
				return true
			}
		}
		return false
	}
	if by(release, rel.row.Signer) {
		return true
	}
	for _, x := range rel.signed.Act.Release.Records {
		if c := v.acts[x.Consent]; x.Record == record && c != nil && by(c.row.ID, c.row.Signer) {
			return true
		}
	}
	// What this party relays ends with what it holds.
	stands, known := v.records[record]
	return rel.row.Signer == v.self && known && !stands
}

// endedBy says whether one recall ended a release for a record, by itself or by
// the consent that it rests on.
func (v *verifier) endedBy(recall *checkedAct, release entente.ActID, record entente.RecordID) bool {
	ends := recall.signed.Act.Recall.Ends
	if slices.Contains(ends, release) {
		return true
	}
	for _, x := range v.acts[release].signed.Act.Release.Records {
		if x.Record == record && x.Consent != "" && slices.Contains(ends, x.Consent) {
			return true
		}
	}
	return false
}

// checkTombstone wants the reason why a record is gone to be true.
func (v *verifier) checkTombstone(id entente.RecordID) error {
	rows, err := v.RecordInfos([]entente.RecordID{id})
	if err != nil {
		return err
	}
	gone := rows[0].Gone
	if gone == goneLost && rows[0].Originator == v.self {
		return nil
	}
	day, expired := strings.CutPrefix(gone, goneExpired)
	recall := v.acts[entente.ActID(gone)]
	if !expired && (recall == nil || recall.row.Kind != entente.KindRecall) {
		return wrong("record %s: gone, but %q is no recall and no expiry", id, gone)
	}
	caused := false
	for _, act := range v.releases[id] {
		h := v.acts[act].signed.Act.Release.Handling
		ended := v.ended(act, id)
		if !ended && !h.Expired(v.now) {
			return wrong("record %s: gone by %q, but release %s of it stands", id, gone, act)
		}
		caused = caused || expired && string(h.Expires) == day || !expired && ended && v.endedBy(recall, act, id)
	}
	if !caused {
		return wrong("record %s: gone by %q, which ended no release of it", id, gone)
	}
	return nil
}

// checkState wants each act in the state that follows from its kind.
func (v *verifier) checkState(a *checkedAct) error {
	want := store.StateApplied
	switch a.row.Kind {
	case entente.KindCard:
		return nil // checkCards has seen to it
	case entente.KindHead, entente.KindReceipt:
		want = store.StateKept
	case entente.KindAsk:
		return nil // kept or applied: by what was released at the time
	case entente.KindRelease:
		if a.row.State == store.StateKept && a.row.Signer == v.self {
			return v.checkSignedAgain(a)
		}
	}
	if a.row.State != want {
		return wrong("act %s (%s): noted as %q, expected %q", a.row.ID, a.row.Kind, a.row.State, want)
	}
	return nil
}

// checkSignedAgain wants a release that does not count to have been replaced, or
// never to have left.
func (v *verifier) checkSignedAgain(a *checkedAct) error {
	rows, err := v.DeliveriesOf(a.row.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if id, again := strings.CutPrefix(row.Reason, signedAgain); row.Pos == store.Dropped && (!again || v.acts[entente.ActID(id)] != nil) {
			return nil
		}
	}
	return wrong("act %s (release): put aside, but it was sent, or nothing took its place", a.row.ID)
}

// checkGrants computes who may see what from the releases, and holds the rows against it.
func (v *verifier) checkGrants() error {
	type grant struct {
		reader  entente.PartyID
		compact entente.CompactID
		record  entente.RecordID
		release entente.ActID
		until   entente.Date
	}
	want := map[grant]bool{} // true: may be missing, since it has expired
	for _, id := range v.order {
		a := v.acts[id]
		r := a.signed.Act.Release
		if r == nil || a.row.State != store.StateApplied || v.unapplied[id] {
			continue
		}
		for _, x := range r.Records {
			if !v.ended(id, x.Record) {
				want[grant{a.signed.Act.To, a.row.Compact, x.Record, id, r.Handling.Expires}] = r.Handling.Expired(v.now)
			}
		}
	}
	err := v.EachGrant(func(g store.Grant) error {
		v.report.Grants++
		k := grant{g.Reader, g.Compact, g.Record, g.Release, g.Until}
		if _, ok := want[k]; !ok {
			return wrong("grant of record %s to %s: no release says so", g.Record, v.nameOf(g.Reader))
		}
		delete(want, k)
		return nil
	})
	if err != nil {
		return err
	}
	for k, expired := range want {
		if expired {
			continue
		}
		return wrong("grant of record %s to %s by release %s is missing", k.record, v.nameOf(k.reader), k.release)
	}
	return nil
}

// checkDeliveries holds the queue against the channels.
func (v *verifier) checkDeliveries() error {
	self, _, err := v.current(v.Tx, v.self)
	if err != nil {
		return err
	}
	queued := map[entente.ActID]bool{}
	err = v.EachDelivery(func(row store.Delivery) error {
		queued[row.Act] = true
		if v.acts[row.Act] == nil {
			return wrong("delivery %d: act %s is missing", row.N, row.Act)
		}
		if row.Pos < 0 {
			return nil
		}
		for epoch := self.Epoch; epoch > 0; epoch-- {
			ch, err := v.Channel(entente.Channel{From: v.self, To: row.To, Compact: row.Compact, Epoch: epoch})
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			leaf, err := v.Leaves(ch.N, row.Pos, 1)
			if err != nil {
				return err
			}
			if len(leaf) == 1 && leaf[0].ID == string(row.Act) {
				return nil
			}
		}
		return wrong("delivery of act %s to %s: not at entry %d of a channel", row.Act, v.nameOf(row.To), row.Pos)
	})
	if err != nil {
		return err
	}
	for _, id := range v.order {
		a := v.acts[id]
		if a.row.Kind == entente.KindRelease && a.row.Signer == v.self && !queued[id] {
			return wrong("release %s: not queued for its recipient", id)
		}
	}
	return nil
}

func (v *verifier) readEvents() error {
	v.lines = map[entente.CompactID][]store.Event{}
	for after := int64(0); ; {
		rows, err := v.Tx.Events(after, 1000)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, e := range rows {
			log := entente.Log(v.self, e.Compact, 1).Compact
			v.lines[log] = append(v.lines[log], e)
			after = e.N
		}
	}
}

// checkLogLine wants an entry of a log to be the next line in it.
func (v *verifier) checkLogLine(name string, row store.Channel, l store.Leaf) error {
	lines := v.lines[row.Compact]
	if len(lines) == 0 || logEntry(lines[0]).ID() != l.ID {
		return wrong("%s: line %d was changed or removed", name, l.Pos)
	}
	v.lines[row.Compact] = lines[1:]
	return nil
}

func (v *verifier) checkEvents() error {
	for _, lines := range v.lines {
		if len(lines) > 0 {
			return wrong("log: line %d (%s) stands in no log's tree", lines[0].N, lines[0].What)
		}
	}
	return nil
}
