package node

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"entente"
	"entente/ledger"
	"entente/stix"
	"entente/store"
)

// Outcome is what became of a batch.
type Outcome struct {
	// Receipts are the envelopes to send back; none for one's own acts.
	Receipts [][]byte
	// Codes are the dispositions of the batch's parcels, in order.
	Codes []entente.Code
	// Records are the ids of one's own records that came in, in order.
	Records []entente.RecordID
}

// Accept is the one way in. Who hands the batch in decides what it may be:
//
//   - from is this party: own acts and records, which enter the book. Anything
//     wrong is an error and nothing is kept.
//   - a peer's channel to this party: each parcel is judged by itself and
//     gets a disposition; one bad parcel does not hold up the rest. A batch that
//     does not continue the channel, or whose head does not fit, is refused whole.
//   - this party's own channel to a peer, without parcels: Head is the peer's receipt.
//   - a peer's channel without parcels: Head is a receipt of this party's own
//     that its store has lost.
//   - this party's own channel with parcels: what this node lost, given back.
//
// When Accept returns without an error, what it acknowledged is on disk.
func (n *Node) Accept(ctx context.Context, from entente.PartyID, b entente.Batch) (Outcome, error) {
	return n.acceptParcels(ctx, from, b, takeApart(b.Parcels))
}

// acceptParcels is Accept for parcels that have been taken apart, or were made
// here a moment ago.
func (n *Node) acceptParcels(ctx context.Context, from entente.PartyID, b entente.Batch, parcels []arrived) (Outcome, error) {
	if from == n.self {
		if err := n.ownRoom(); err != nil {
			return Outcome{}, err
		}
	}
	out, err := n.accept(ctx, from, b, parcels)
	if from != n.self && n.useReserve(err) {
		out, err = n.accept(ctx, from, b, parcels)
	}
	if err != nil && from != n.self {
		err = errors.Join(err, n.noteRefusedPeer(ctx, store.Event{What: "refused", Who: string(from), Compact: b.Channel.Compact, Detail: err.Error()}))
	}
	return out, err
}

func (n *Node) accept(ctx context.Context, from entente.PartyID, b entente.Batch, parcels []arrived) (Outcome, error) {
	var out Outcome
	err := n.update(ctx, func(d *desk) error {
		ch := b.Channel
		switch {
		case from == n.self:
			return d.acceptOwn(parcels, &out)
		case ch.From == from && ch.To == n.self && len(parcels) == 0:
			return d.acceptOwnReceipt(b)
		case ch.From == from && ch.To == n.self:
			return d.acceptDelivered(from, b, parcels, &out)
		case ch.From == n.self && ch.To == from && len(parcels) == 0:
			return d.acceptReceipt(from, b)
		case ch.From == n.self && ch.To == from:
			return d.acceptBack(from, b, parcels)
		}
		return entente.Errorf(entente.Refused, "", "batch from %s is about the channel of others", entente.Short(from))
	})
	return out, err
}

// note writes one line of the local log in a transaction of its own.
func (n *Node) note(ctx context.Context, e store.Event) error {
	return n.update(ctx, func(d *desk) error { return d.event(e) })
}

// arrived is a parcel taken apart: all that can be known of it without the store.
type arrived struct {
	entente.Parcel
	signed  entente.Signed
	party   entente.PartyID // who speaks in the act
	records []item
	err     error // the parcel is malformed
}

// item is a record with what was parsed out of its body.
type item struct {
	rec entente.Record
	row store.Record
}

// takeApart parses parcels on all processors; hashing and parsing need no store.
func takeApart(parcels []entente.Parcel) []arrived {
	out := make([]arrived, len(parcels))
	type job struct{ parcel, record int }
	jobs := make(chan job, 64)
	var wg sync.WaitGroup
	errs := make([][]error, len(parcels))
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range jobs {
				a := &out[j.parcel]
				if j.record < 0 {
					a.signed, a.err = entente.ParseSigned(a.Act)
					continue
				}
				a.records[j.record], errs[j.parcel][j.record] = readItem(a.Records[j.record])
			}
		})
	}
	for i := range parcels {
		out[i].Parcel = parcels[i]
		out[i].records = make([]item, len(parcels[i].Records))
		errs[i] = make([]error, len(parcels[i].Records))
	}
	for i := range parcels {
		if len(parcels[i].Act) > 0 {
			jobs <- job{i, -1}
		}
		for k := range parcels[i].Records {
			jobs <- job{i, k}
		}
	}
	close(jobs)
	wg.Wait()
	for i := range out {
		a := &out[i]
		if a.err == nil {
			a.err = errors.Join(errs[i]...)
		}
		if a.err == nil && len(a.Act) > 0 {
			a.party = a.signed.Act.Party(a.signed.ID)
			if a.signed.ID != a.Leaf {
				a.err = fmt.Errorf("act %s came under the id %s", entente.Short(a.signed.ID), entente.Short(a.Leaf))
			}
		}
	}
	return out
}

// readItem parses a record and, if it is STIX, the object in it.
func readItem(b []byte) (item, error) {
	rec, err := entente.ParseRecord(b)
	if err != nil {
		return item{}, err
	}
	if rec.Header.Media != entente.MediaSTIX {
		return item{}, fmt.Errorf("record %s: media type %q: documents travel inside STIX artifacts", entente.Short(rec.ID), rec.Header.Media)
	}
	obj, err := stix.Parse(rec.Body)
	if err != nil {
		return item{}, fmt.Errorf("record %s: %w", entente.Short(rec.ID), err)
	}
	if len(obj.Raw) != len(rec.Body) {
		return item{}, fmt.Errorf("record %s: white space around the object", entente.Short(rec.ID))
	}
	return itemOf(rec, obj), nil
}

// itemOf is a record with the object that is its body.
func itemOf(rec entente.Record, obj stix.Object) item {
	return item{rec, store.Record{
		ID: rec.ID, Originator: rec.Header.Originator, Media: rec.Header.Media, Size: int64(len(rec.Body)), Bytes: rec.Bytes,
		STIX: string(obj.ID), Type: obj.Type, Version: obj.Version(), Name: obj.Name, Revoked: obj.Revoked, Refs: joinRefs(obj.Refs),
	}}
}

// verify checks an act's signatures against the signer's card of the version
// that the act names. It answers with the card, or a refusal.
func (d *desk) verify(a *arrived) (*entente.Card, entente.Code, error) {
	card, err := d.card(d.Tx, a.party, a.signed.Act.Card)
	if errors.Is(err, store.ErrNotFound) {
		return nil, entente.CodeReceived, nil // whether this node knows a card is its own affair
	}
	if err != nil {
		return nil, "", err
	}
	if err := a.signed.VerifyBy(card); err != nil {
		return nil, entente.RefusedSigned, nil
	}
	return card, "", nil
}

// keep writes an act's row.
func (d *desk) keep(from entente.PartyID, s *entente.Signed, state string) error {
	return d.InsertAct(store.Act{
		ID: s.ID, Kind: s.Act.Kind, Signer: s.Act.Party(s.ID), Card: s.Act.Card, Compact: s.Act.CompactOf(s.ID), To: s.Act.To,
		Envelope: s.Envelope(), State: state, From: from, Arrived: d.time(),
	})
}

// keepRecords inserts those records that are not there yet and fills again those
// that were erased: to release again is a new act.
func (d *desk) keepRecords(items []item) error {
	ids := make([]entente.RecordID, len(items))
	for i := range items {
		ids[i] = items[i].rec.ID
	}
	known, err := d.KnownRecords(ids)
	if err != nil {
		return err
	}
	fresh := make([]store.Record, 0, len(items))
	for i := range items {
		row := items[i].row
		row.Arrived = d.time()
		stands, ok := known[row.ID]
		switch {
		case !ok:
			fresh = append(fresh, row)
		case !stands:
			if err := d.RestoreRecord(row); err != nil {
				return err
			}
		}
	}
	return d.InsertRecords(fresh)
}

// channel is the row of a channel, made when it is first used.
func (d *desk) channel(ch entente.Channel) (store.Channel, ledger.Tree, error) {
	row, err := d.Channel(ch)
	if errors.Is(err, store.ErrNotFound) {
		row, err = d.InsertChannel(store.Channel{Channel: ch, Root: ledger.EmptyRoot})
	}
	if err != nil {
		return row, ledger.Tree{}, err
	}
	tree, err := ledger.Parse(row.Size, row.Frontier)
	if err != nil {
		return row, tree, brokenRow("channel", fmt.Sprint(row.N), err)
	}
	if tree.Root() != row.Root {
		return row, tree, entente.Errorf(entente.Broken, "run entente verify; restore the store from a backup", "channel %d: its frontier does not give its root", row.N)
	}
	return row, tree, nil
}

// extend appends leaves to a channel; the caller has set the rest of the row.
func (d *desk) extend(row *store.Channel, tree *ledger.Tree, leaves []store.Leaf) error {
	was := row.Size
	for i := range leaves {
		leaves[i].Pos = was + int64(i)
		tree.Append(leaves[i].ID)
	}
	row.Size, row.Root, row.Frontier = tree.Size(), tree.Root(), tree.MarshalBinary()
	if err := d.AppendLeaves(row.N, was, leaves); err != nil {
		return err
	}
	return d.UpdateChannel(*row, was)
}

// signHead signs the channel as it now stands, and keeps the head.
func (d *desk) signHead(row *store.Channel) (entente.Signed, error) {
	_, card, err := d.current(d.Tx, d.self)
	if err != nil {
		return entente.Signed{}, err
	}
	s, err := entente.Sign(entente.Act{
		Kind: entente.KindHead, Signer: d.self, Card: card.Version, Compact: row.Compact, To: row.To, Time: d.time(),
		Head: &entente.Head{Epoch: row.Epoch, Tree: entente.TreeHead{Size: row.Size, Root: row.Root}, Previous: row.Head},
	}, d.Keys().Receipt)
	if err != nil {
		return s, err
	}
	row.Head = s.ID
	return s, d.keep(d.self, &s, store.StateKept)
}
