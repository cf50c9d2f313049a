package peer

import (
	"fmt"
	"maps"
	"slices"

	"entente"
	"entente/node"
)

// deliver sends what this node owes the peer, one batch of each compact in turn,
// for as long as the link lasts. First it repairs what the contact has shown to
// be missing. The order matters: a peer that has lost entries needs its own old
// receipts before the entries come again, so that it does not answer them
// otherwise; and it needs its own entries before receipts for them make sense.
func (l *link) deliver(contact node.Contact) error {
	own := func(r entente.Batch) bool { return r.Channel.To == l.peer.Party } // a receipt the peer signed itself
	if err := l.receipts(contact.Receipts, own); err != nil {
		return err
	}
	if err := l.giveBack(contact.Return); err != nil {
		return err
	}
	if err := l.receipts(contact.Receipts, func(r entente.Batch) bool { return !own(r) }); err != nil {
		return err
	}
	next := contact.Send
	for {
		changed := l.door.desk.Changed() // taken first, so that nothing is missed
		for _, id := range l.door.compactsWith(l.peer.Party) {
			if _, ok := next[id]; !ok {
				next[id] = 0
			}
		}
		any := false
		for _, id := range slices.Sorted(maps.Keys(next)) {
			n, err := l.deliverOne(node.Query{Owed: &node.Owed{Compact: id, From: next[id]}})
			if err != nil {
				return err
			}
			next[id] += n
			any = any || n > 0
		}
		if any {
			continue
		}
		select {
		case <-changed:
		case <-l.news:
		case <-l.ctx.Done():
			return nil
		}
	}
}

// receipts sends those of a list that are wanted.
func (l *link) receipts(list []entente.Batch, wanted func(entente.Batch) bool) error {
	for i := range list {
		if !wanted(list[i]) {
			continue
		}
		frame, err := batchFrame(kindReceipt, &list[i])
		if err != nil {
			return err
		}
		if err := l.write(frame); err != nil {
			return err
		}
	}
	return nil
}

// giveBack returns entries of the peer's own channels, each from where the
// peer's store ends.
func (l *link) giveBack(lost map[entente.Channel]int64) error {
	for ch, from := range lost {
		for {
			n, err := l.deliverOne(node.Query{Lost: &node.Owed{Compact: ch.Compact, From: from}})
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			from += n
		}
	}
	return nil
}

// deliverOne sends the batch that answers the query, if there is one, and says
// how many entries it has.
func (l *link) deliverOne(q node.Query) (int64, error) {
	room, err := l.sent.room(l.ctx)
	if err != nil {
		return 0, err
	}
	if q.Owed != nil {
		q.Owed.Bytes = room
	}
	page, err := l.door.desk.Read(l.ctx, entente.Reader{Party: l.peer.Party}, q)
	switch kind := entente.KindOf(err); {
	case kind == entente.Refused && q.Owed != nil:
		return 0, nil // a store put back to an older copy sends nothing until it is whole
	case kind == entente.Hidden && q.Lost != nil:
		return 0, nil // that was all
	case err != nil:
		return 0, fmt.Errorf("read what is owed: %w", err)
	case page.Batch == nil:
		return 0, nil
	}
	frame, err := batchFrame(kindBatch, page.Batch)
	if err != nil {
		return 0, err
	}
	n := int64(len(page.Batch.Parcels))
	size := amount{int64(len(frame) - headerSize), n}
	if err := l.sent.await(l.ctx, func() bool { return l.sent.take(size) }); err != nil {
		return 0, err
	}
	return n, l.write(frame)
}

// compactsWith lists the compacts shared with a party as they were last seen.
func (d *Door) compactsWith(p entente.PartyID) []entente.CompactID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.contacts[p]; c != nil {
		return c.peer.Compacts
	}
	return nil
}
