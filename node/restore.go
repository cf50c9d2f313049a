package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/ledger"
	"entente/release"
	"entente/store"
)

// Position is how one side of a contact knows a channel between the two.
type Position struct {
	Channel entente.Channel  `json:"channel"`
	Tree    entente.TreeHead `json:"tree"`
	// Evidence is the latest statement that the OTHER side signed about it: its
	// receipt, or its head. Empty if there is none.
	Evidence []byte `json:"evidence,omitempty"`
}

// Positions lists the channels with a peer, for the begin of a contact. It
// names compacts in which this node and the peer have had a channel, no others.
func (n *Node) Positions(ctx context.Context, peer entente.PartyID) ([]Position, error) {
	var out []Position
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.ChannelsWith(peer)
		if err != nil {
			return err
		}
		for _, row := range rows {
			p := Position{Channel: row.Channel, Tree: entente.TreeHead{Size: row.Size, Root: row.Root}}
			id := row.Head
			if row.From == d.self {
				id = row.Receipt
			}
			if id != "" {
				act, err := d.Act(id)
				if err != nil {
					return err
				}
				p.Evidence = act.Envelope
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// Contact is what follows from comparing positions with a peer.
type Contact struct {
	// Send lists the compacts shared with the peer and, for each, how many
	// entries of this party's channel the peer has.
	Send map[entente.CompactID]int64
	// Return lists the peer's own channels of which its store has lost entries
	// that this node has, and how many it still has.
	Return map[entente.Channel]int64
	// Receipts are receipts that the peer has not got: by the peer itself if its
	// store has lost them, or by this party. Those of the peer go before the entries
	// of Send; those of this party after the entries of Return, which they speak of.
	Receipts []entente.Batch
}

// lost is a channel that a peer can prove to be longer than this store knows.
type lost struct {
	Channel entente.Channel  `json:"channel"`
	Tree    entente.TreeHead `json:"tree"`
}

// Compare holds a peer's positions against this store. A peer that shows this
// party's own signature under more than the store holds proves that the store
// was put back to an older copy: the node goes into restored mode, in which it
// sends and shows nothing, until the peers have given back what it lost.
func (n *Node) Compare(ctx context.Context, peer entente.PartyID, theirs []Position) (Contact, error) {
	c := Contact{Send: map[entente.CompactID]int64{}, Return: map[entente.Channel]int64{}}
	err := n.update(ctx, func(d *desk) error {
		self, _, err := d.current(d.Tx, d.self)
		if err != nil {
			return err
		}
		compacts, err := d.sharedWith(peer)
		if err != nil {
			return err
		}
		for _, id := range compacts {
			c.Send[id] = 0
		}
		for _, p := range theirs {
			switch {
			case p.Channel.From == d.self && p.Channel.To == peer:
				if err := d.compareOwn(p, &c); err != nil {
					return err
				}
				if p.Channel.Epoch == self.Epoch {
					c.Send[p.Channel.Compact] = p.Tree.Size
				}
			case p.Channel.From == peer && p.Channel.To == d.self:
				if err := d.comparePeers(p, &c); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return c, err
}

// compareOwn compares the peer's copy of this party's channel.
func (d *desk) compareOwn(p Position, c *Contact) error {
	row, err := d.Channel(p.Channel)
	if errors.Is(err, store.ErrNotFound) {
		row, err = store.Channel{Channel: p.Channel, Root: ledger.EmptyRoot}, nil
	}
	if err != nil {
		return err
	}
	if p.Tree.Size <= row.Size {
		root, err := d.rootAt(row, p.Tree.Size)
		if err != nil {
			return err
		}
		if root == p.Tree.Root {
			return d.offerReceipts(row, p.Tree.Size, c)
		}
	}
	st, err := d.ownStatement(p)
	if err != nil {
		return entente.Errorf(entente.Conflict, "", "%s holds entries of this party's channel that this party never signed: %w", d.nameOf(p.Channel.To), err)
	}
	if st.Tree.Size <= row.Size {
		return entente.Errorf(entente.Conflict, "this store went on after it was put back: open a new epoch with the root key (entente rotate --new-epoch)", "the channel to %s was written twice from entry %d on", d.nameOf(p.Channel.To), min(p.Tree.Size, row.Size))
	}
	return d.enterRestored(lost{p.Channel, st.Tree})
}

// offerReceipts gives a peer that has fewer entries than it once answered for
// its own receipts, so that it does not answer a second time otherwise.
func (d *desk) offerReceipts(row store.Channel, size int64, c *Contact) error {
	if size >= row.Receipted {
		return nil
	}
	receipts, err := d.receiptsAfter(row, size)
	for _, r := range receipts {
		c.Receipts = append(c.Receipts, entente.Batch{Channel: row.Channel, Head: r})
	}
	return err
}

// acceptOwnReceipt takes back a receipt that this party signed and its store
// has lost. The entries it speaks of are about to come again; see oldReceipts.
func (d *desk) acceptOwnReceipt(b entente.Batch) error {
	st, err := d.ownStatement(Position{Channel: b.Channel, Evidence: b.Head})
	if err != nil {
		return entente.Errorf(entente.Refused, "", "receipt given back: %w", err)
	}
	if has, err := d.HasAct(st.ID); err != nil || has {
		return err
	}
	row, _, err := d.channel(b.Channel)
	if err != nil {
		return err
	}
	s, err := entente.ParseSigned(b.Head)
	if err != nil {
		return err
	}
	if st.Tree.Size <= row.Size || s.Act.Kind != entente.KindReceipt {
		return entente.Errorf(entente.Refused, "", "receipt given back that is not missed")
	}
	if err := d.enterRestored(lost{b.Channel, st.Tree}); err != nil {
		return err
	}
	return d.keep(d.self, &s, store.StateKept)
}

// replay is what this party once answered for entries that its store has lost.
type replay struct {
	codes    map[int64]entente.Code
	receipts map[int64]entente.Signed // by size
}

// oldReceipts collects the receipts given back for a channel that is behind.
func (d *desk) oldReceipts(row store.Channel) (replay, error) {
	r := replay{map[int64]entente.Code{}, map[int64]entente.Signed{}}
	list, err := d.lostChannels()
	if err != nil || !slices.ContainsFunc(list, func(l lost) bool { return l.Channel == row.Channel }) {
		return r, err
	}
	acts, err := d.ActsOf(row.Compact, entente.KindReceipt)
	if err != nil {
		return r, err
	}
	for _, act := range acts {
		if act.Signer != d.self || act.To != row.From {
			continue
		}
		s, err := entente.ParseSigned(act.Envelope)
		if err != nil {
			return r, brokenRow("receipt", act.ID, err)
		}
		if s.Act.Receipt.Epoch != row.Epoch || s.Act.Receipt.Tree.Size <= row.Size {
			continue
		}
		r.receipts[s.Act.Receipt.Tree.Size] = s
		for _, e := range s.Act.Receipt.Entries {
			for i := range e.Count {
				r.codes[e.First+i] = e.Code
			}
		}
	}
	return r, nil
}

// Introduce takes the cards that a peer shows at the begin of a contact. They
// vouch for themselves: the peer's id is the hash of the first, and each later
// one is signed by the key that the one before committed to.
func (n *Node) Introduce(ctx context.Context, peer entente.PartyID, cards [][]byte) error {
	fresh := false
	for _, b := range cards {
		s, err := entente.ParseSigned(b)
		if err != nil || s.Act.Kind != entente.KindCard || s.Act.Party(s.ID) != peer {
			return entente.Errorf(entente.Invalid, "", "not a card of this peer")
		}
		err = n.view(ctx, func(d *desk) error {
			has, err := d.HasAct(s.ID)
			fresh = fresh || !has
			return err
		})
		if err != nil {
			return err
		}
	}
	if !fresh {
		return nil
	}
	return n.update(ctx, func(d *desk) error {
		for _, p := range cards {
			s, err := entente.ParseSigned(p)
			if err != nil {
				return err
			}
			a := arrived{Parcel: entente.Parcel{Leaf: s.ID, Act: p}, signed: s, party: peer}
			if _, err := d.takeCard(peer, &a); err != nil && !errors.Is(err, errTwoCards) {
				return entente.Errorf(entente.Refused, "", "card version %d: %w", s.Act.Card, err)
			}
		}
		// The others of the roster are to know it too, all the more if there are two.
		shared, err := d.sharedWith(peer)
		if err != nil {
			return err
		}
		for _, id := range shared {
			if err := d.owe(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// comparePeers compares the peer's own channel to this party.
func (d *desk) comparePeers(p Position, c *Contact) error {
	row, err := d.Channel(p.Channel)
	if errors.Is(err, store.ErrNotFound) {
		row, err = store.Channel{Channel: p.Channel, Root: ledger.EmptyRoot}, nil
	}
	if err != nil {
		return err
	}
	switch {
	case p.Tree.Size < row.Size:
		c.Return[p.Channel] = p.Tree.Size
	case p.Tree.Size == row.Size:
		// The peer is here and has nothing more to tell.
		if err := d.SetMeta(metaHeard+string(p.Channel.From), d.time().String()); err != nil {
			return err
		}
	}
	if len(p.Evidence) > 0 {
		if st, err := d.ownStatement(p); err == nil && st.Tree.Size > row.Size {
			return d.enterRestored(lost{p.Channel, st.Tree})
		}
	}
	size := int64(0)
	if st, err := d.ownStatement(p); err == nil {
		size = st.Tree.Size
	}
	receipts, err := d.receiptsAfter(row, size)
	if err != nil {
		return err
	}
	for _, r := range receipts {
		c.Receipts = append(c.Receipts, entente.Batch{Channel: p.Channel, Head: r})
	}
	return nil
}

// ownStatement reads evidence that this party itself signed.
func (d *desk) ownStatement(p Position) (ledger.Statement, error) {
	s, err := entente.ParseSigned(p.Evidence)
	if err != nil {
		return ledger.Statement{}, err
	}
	st, err := ledger.Of(&s)
	if err != nil {
		return st, err
	}
	if s.Act.Signer != d.self || st.Channel != p.Channel {
		return st, fmt.Errorf("the statement shown is not this party's about this channel")
	}
	card, err := d.card(d.Tx, d.self, s.Act.Card)
	if err != nil {
		return st, err
	}
	return st, s.VerifyBy(card)
}

// sharedWith lists the compacts in which this party and the peer are listed.
func (d *desk) sharedWith(peer entente.PartyID) ([]entente.CompactID, error) {
	ids, err := d.Tx.Compacts()
	if err != nil {
		return nil, err
	}
	var out []entente.CompactID
	for _, id := range ids {
		state, err := d.state(id)
		if err != nil {
			return nil, err
		}
		if state.Listed(peer) && state.Listed(d.self) {
			out = append(out, id)
		}
	}
	return out, nil
}

func (d *desk) lostChannels() ([]lost, error) {
	text, ok, err := d.Meta(metaRestored)
	if err != nil || !ok || text == "" {
		return nil, err
	}
	var list []lost
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, entente.Errorf(entente.Broken, "run entente verify", "list of lost channels: %w", err)
	}
	return list, nil
}

func (d *desk) setLost(list []lost) error {
	if len(list) == 0 {
		return d.SetMeta(metaRestored, "")
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return d.SetMeta(metaRestored, string(b))
}

// working refuses while the node is in restored mode.
func (d *desk) working() error {
	list, err := d.lostChannels()
	if err != nil || len(list) == 0 {
		return err
	}
	return entente.Errorf(entente.Refused, "let the node reach its partners (entente serve): they give back what was lost",
		"this store is an older copy: %d channels are longer than it knows, and it sends and shows nothing until it has them", len(list))
}

func (d *desk) enterRestored(l lost) error {
	list, err := d.lostChannels()
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].Channel == l.Channel {
			if list[i].Tree.Size < l.Tree.Size {
				list[i] = l
			}
			return d.setLost(list)
		}
	}
	if err := d.event(store.Event{What: "restored", Compact: l.Channel.Compact, Detail: fmt.Sprintf("a partner proves %d entries of a channel that this store does not have", l.Tree.Size)}); err != nil {
		return err
	}
	return d.setLost(append(list, l))
}

// caughtUp leaves restored mode when the last lost channel is whole again.
func (d *desk) caughtUp(row store.Channel) error {
	list, err := d.lostChannels()
	if err != nil || len(list) == 0 {
		return err
	}
	kept := list[:0]
	for _, l := range list {
		if l.Channel == row.Channel && row.Size >= l.Tree.Size {
			root, err := d.rootAt(row, l.Tree.Size)
			if err != nil {
				return err
			}
			if root != l.Tree.Root {
				return entente.Errorf(entente.Conflict, "open a new epoch with the root key (entente rotate --new-epoch)", "what was given back is not what this party once signed")
			}
			continue
		}
		kept = append(kept, l)
	}
	if len(kept) == 0 {
		if err := d.event(store.Event{What: "restored", Detail: "complete: the node works again"}); err != nil {
			return err
		}
	}
	return d.setLost(kept)
}

// readLost gives a peer the next batch of its own channel to this party, within
// the bounds in which it came.
func (d *desk) readLost(r entente.Reader, o Owed) (*entente.Batch, error) {
	peer, err := d.Party(r.Party)
	if err != nil {
		return nil, entente.ErrHidden
	}
	row, err := d.Channel(entente.Channel{From: r.Party, To: d.self, Compact: o.Compact, Epoch: peer.Epoch})
	if err != nil || o.From >= row.Size {
		return nil, entente.ErrHidden
	}
	head, end, err := d.headAfter(row, o.From)
	if err != nil {
		return nil, err
	}
	leaves, err := d.Leaves(row.N, o.From, int(end-o.From))
	if err != nil {
		return nil, err
	}
	batch := &entente.Batch{Channel: row.Channel, First: o.From, Head: head}
	for _, l := range leaves {
		p := entente.Parcel{Leaf: entente.ActID(l.ID)}
		act, err := d.Act(p.Leaf)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			p.Act = act.Envelope
			if p.Records, err = d.ownBodies(r.Party, act); err != nil {
				return nil, err
			}
		}
		batch.Parcels = append(batch.Parcels, p)
	}
	return batch, nil
}

// ownBodies reads the bodies of a peer's own release that are still here.
func (d *desk) ownBodies(to entente.PartyID, act store.Act) ([][]byte, error) {
	if act.Kind != entente.KindRelease || act.Signer != to {
		return nil, nil
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err != nil {
		return nil, brokenRow("act", act.ID, err)
	}
	var out [][]byte
	for _, x := range s.Act.Release.Records {
		row, err := d.Tx.Record(x.Record)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if row.Gone != "" {
			continue
		}
		rec, err := entente.ParseRecord(row.Bytes)
		if err != nil {
			return nil, brokenRow("record", row.ID, err)
		}
		if v, ok := release.GiveBack(to, act.From, rec); ok {
			out = append(out, v.Bytes())
		}
	}
	return out, nil
}

// acceptBack takes entries of this party's own channel that a peer gives back
// to a store that has lost them. They are this party's own signed acts, so that
// nothing new can come in this way.
func (d *desk) acceptBack(from entente.PartyID, b entente.Batch, parcels []arrived) error {
	list, err := d.lostChannels()
	if err != nil {
		return err
	}
	wanted := false
	for _, l := range list {
		wanted = wanted || l.Channel == b.Channel
	}
	row, tree, err := d.channel(b.Channel)
	if err != nil {
		return err
	}
	if !wanted || b.First != row.Size {
		return entente.Errorf(entente.Refused, "", "entries of this party's own channel that it does not miss")
	}
	head, err := entente.ParseSigned(b.Head)
	if err != nil {
		return entente.Errorf(entente.Invalid, "", "head: %w", err)
	}
	st, err := d.ownStatement(Position{Channel: b.Channel, Evidence: b.Head})
	if err != nil {
		return entente.Errorf(entente.Refused, "", "head: %w", err)
	}
	leaves := make([]store.Leaf, len(parcels))
	var book []store.Leaf
	for i := range parcels {
		a := &parcels[i]
		leaves[i] = store.Leaf{ID: string(a.Leaf)}
		if len(a.Act) == 0 {
			continue
		}
		if a.err != nil {
			return entente.Errorf(entente.Invalid, "", "entry given back: %w", a.err)
		}
		added, err := d.takeBack(from, b.Channel, a, row.Size+int64(i))
		if err != nil {
			return err
		}
		book = append(book, added...)
	}
	if err := d.extend(&row, &tree, leaves); err != nil {
		return err
	}
	if st.Tree != tree.Head() {
		return entente.Errorf(entente.Refused, "", "entries given back do not give the root that this party signed")
	}
	if err := d.keep(d.self, &head, store.StateKept); err != nil {
		return err
	}
	if err := d.SetMeta(metaGivenBack+fmt.Sprint(row.N), fmt.Sprint(row.Size)); err != nil {
		return err
	}
	row.Head = head.ID
	if err := d.UpdateChannel(row, row.Size); err != nil {
		return err
	}
	if err := d.enterBook(book); err != nil {
		return err
	}
	return d.caughtUp(row)
}

// metaGivenBack notes up to which entry a channel was given back: an act that the
// peer never applied came back as its id alone.
const metaGivenBack = "given-back/"

// takeBack keeps one act given back, with its records, grants and place in the queue.
func (d *desk) takeBack(from entente.PartyID, ch entente.Channel, a *arrived, pos int64) ([]store.Leaf, error) {
	var book []store.Leaf
	s := &a.signed
	has, err := d.HasAct(s.ID)
	if err != nil {
		return nil, err
	}
	if !has {
		if s.Act.Kind == entente.KindCard {
			if _, err := d.takeCard(d.self, a); err != nil {
				return nil, err
			}
		} else {
			if _, code, err := d.verify(a); err != nil || code != "" {
				return nil, errors.Join(err, entente.Errorf(entente.Refused, "", "act given back: %w", entente.ErrSignature))
			}
			by := d.self
			if a.party != d.self {
				by = from
			}
			if err := d.keep(by, s, store.StateApplied); err != nil {
				return nil, err
			}
		}
		book = append(book, store.Leaf{ID: string(s.ID), Code: entente.CodeApplied})
	}
	if err := d.Enqueue([]store.Delivery{{To: ch.To, Compact: ch.Compact, Act: s.ID, Kind: s.Act.Kind}}); err != nil {
		return nil, err
	}
	owed, err := d.DeliveriesOf(s.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range owed {
		if o.To == ch.To && o.Compact == ch.Compact {
			if err := d.SetPosition(o.N, pos); err != nil {
				return nil, err
			}
		}
	}
	if has || a.party != d.self {
		return book, nil
	}
	if s.Act.Kind == entente.KindRecall {
		return book, d.endAgain(&s.Act)
	}
	if s.Act.Kind != entente.KindRelease {
		return book, nil
	}
	given := map[entente.RecordID]item{}
	for _, it := range a.records {
		if it.rec.Header.Originator == d.self {
			given[it.rec.ID] = it
		}
	}
	facts := make([]release.Fact, 0, len(s.Act.Release.Records))
	for _, x := range s.Act.Release.Records {
		known, err := d.KnownRecords([]entente.RecordID{x.Record})
		if err != nil {
			return nil, err
		}
		it, ok := given[x.Record]
		switch {
		case x.Consent != "":
			// Another's record, that its originator gives again if it may be had.
			if known[x.Record] {
				facts = append(facts, release.Fact{ID: x.Record})
			}
			continue
		case ok:
			err = d.keepRecords([]item{it})
		case !known[x.Record]:
			err = d.InsertRecords([]store.Record{{ID: x.Record, Originator: d.self, Media: entente.MediaSTIX, Gone: goneLost, Arrived: d.time()}})
		}
		if err != nil {
			return nil, err
		}
		if _, was := known[x.Record]; !was {
			book = append(book, store.Leaf{ID: string(x.Record), Code: entente.CodeApplied})
		}
		facts = append(facts, release.Fact{ID: x.Record, STIX: it.row.STIX})
	}
	return book, d.grant(ch.To, ch.Compact, s.ID, s.Act.Release, facts)
}

// endAgain ends the grants of releases that a recall given back had ended.
func (d *desk) endAgain(a *entente.Act) error {
	records := a.Recall.Records
	if len(records) == 0 {
		records = nil
	}
	for _, end := range a.Recall.Ends {
		row, err := d.Act(end)
		if errors.Is(err, store.ErrNotFound) || err == nil && (row.Kind != entente.KindRelease || row.Signer != d.self || row.To != a.To) {
			continue
		}
		if err == nil {
			_, err = d.DeleteGrants(a.To, end, records)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
