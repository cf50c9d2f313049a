package store

import (
	"database/sql"
	"fmt"

	"entente"
)

const channelColumns = `c.n, (SELECT name FROM names WHERE names.n = c.sender), (SELECT name FROM names WHERE names.n = c.receiver),
	(SELECT name FROM names WHERE names.n = c.compact), c.epoch, c.size, c.root, c.frontier, c.head, c.receipt, c.receipted, c.card`

func scanChannel(rows *sql.Rows, c *Channel) error {
	return rows.Scan(&c.N, (*string)(&c.From), (*string)(&c.To), (*string)(&c.Compact), &c.Epoch, &c.Size, &c.Root,
		&c.Frontier, (*string)(&c.Head), (*string)(&c.Receipt), &c.Receipted, &c.Card)
}

// Channel gives the channel of that name.
func (tx *Tx) Channel(name entente.Channel) (Channel, error) {
	c, err := one(tx, scanChannel, `SELECT `+channelColumns+` FROM channels c
		WHERE c.sender = (SELECT n FROM names WHERE name = ?1) AND c.receiver = (SELECT n FROM names WHERE name = ?2)
		AND c.compact = (SELECT n FROM names WHERE name = ?3) AND c.epoch = ?4`,
		string(name.From), string(name.To), string(name.Compact), name.Epoch)
	return c, failed(channelText(name), err)
}

func channelText(c entente.Channel) string {
	return fmt.Sprintf("channel from %s to %s in %s, epoch %d", entente.Short(c.From), entente.Short(c.To), entente.Short(c.Compact), c.Epoch)
}

// InsertChannel adds a channel and gives it back with its N. ErrConflict if
// there is one of that name.
func (tx *Tx) InsertChannel(c Channel) (Channel, error) {
	var at [3]int64
	for i, id := range []string{string(c.From), string(c.To), string(c.Compact)} {
		var err error
		if at[i], err = tx.name(id); err != nil {
			return Channel{}, failed(channelText(c.Channel), err)
		}
	}
	var err error
	c.N, err = one(tx, number, `INSERT INTO channels
		(sender, receiver, compact, epoch, size, root, frontier, head, receipt, receipted, card)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING n`,
		at[0], at[1], at[2], c.Epoch, c.Size, c.Root, c.Frontier, string(c.Head), string(c.Receipt), c.Receipted, c.Card)
	return c, failed("insert "+channelText(c.Channel), err)
}

// UpdateChannel writes Size, Root, Frontier, Head, Receipt, Receipted and Card of the
// channel c.N, if its size still is wasSize; ErrConflict otherwise.
func (tx *Tx) UpdateChannel(c Channel, wasSize int64) error {
	n, err := tx.exec(`UPDATE channels SET size = ?3, root = ?4, frontier = ?5, head = ?6, receipt = ?7, receipted = ?8, card = ?9
		WHERE n = ?1 AND size = ?2`, c.N, wasSize, c.Size, c.Root, c.Frontier, string(c.Head), string(c.Receipt), c.Receipted, c.Card)
	if err == nil && n == 0 {
		var size int64
		size, err = one(tx, number, `SELECT size FROM channels WHERE n = ?1`, c.N)
		if err == nil {
			err = fmt.Errorf("has %d entries, expected %d: %w", size, wasSize, ErrConflict)
		}
	}
	return failed("update "+channelText(c.Channel), err)
}

// Channels gives all channels, by N.
func (tx *Tx) Channels() ([]Channel, error) {
	rows, err := list(tx, scanChannel, `SELECT `+channelColumns+` FROM channels c ORDER BY c.n`)
	return rows, failed("channels", err)
}

// ChannelsWith gives the channels from or to p, by N.
func (tx *Tx) ChannelsWith(p entente.PartyID) ([]Channel, error) {
	rows, err := list(tx, scanChannel, `SELECT `+channelColumns+` FROM channels c
		WHERE (SELECT n FROM names WHERE name = ?1) IN (c.sender, c.receiver) ORDER BY c.n`, string(p))
	return rows, failed("channels with "+entente.Short(p), err)
}

// AppendLeaves adds the entries first, first+1, … to the end of a channel;
// their Pos is ignored. ErrConflict if first is not the next position.
func (tx *Tx) AppendLeaves(channel, first int64, leaves []Leaf) error {
	next, err := one(tx, number, `SELECT COALESCE(MAX(pos) + 1, 0) FROM leaves WHERE channel = ?1`, channel)
	if err == nil && next != first {
		err = fmt.Errorf("the next position is %d: %w", next, ErrConflict)
	}
	if err == nil {
		err = tx.insert(`leaves (channel, pos, id, code)`, 4, len(leaves), func(i int, v []any) ([]any, error) {
			return append(v, channel, first+int64(i), leaves[i].ID, string(leaves[i].Code)), nil
		})
	}
	return failed(fmt.Sprintf("append %d leaves to channel %d at %d", len(leaves), channel, first), err)
}

func scanLeaf(rows *sql.Rows, l *Leaf) error { return rows.Scan(&l.Pos, &l.ID, (*string)(&l.Code)) }

// Leaves gives up to limit entries of a channel, by position, from that position on.
func (tx *Tx) Leaves(channel, from int64, limit int) ([]Leaf, error) {
	rows, err := list(tx, scanLeaf, `SELECT pos, id, code FROM leaves WHERE channel = ?1 AND pos >= ?2 ORDER BY pos LIMIT ?3`,
		channel, from, int64(limit))
	return rows, failed(fmt.Sprintf("leaves of channel %d", channel), err)
}

// SetCodes writes what became of runs of entries; ErrNotFound if a run names
// entries that are not there.
func (tx *Tx) SetCodes(channel int64, runs []entente.Disposition) error {
	for _, r := range runs {
		n, err := tx.exec(`UPDATE leaves SET code = ?4 WHERE channel = ?1 AND pos >= ?2 AND pos < ?3`,
			channel, r.First, r.First+r.Count, string(r.Code))
		if err == nil && n != r.Count {
			err = tx.fail(ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("set codes of %d entries from %d of channel %d: %w", r.Count, r.First, channel, err)
		}
	}
	return nil
}

// EachLeaf calls fn for every entry of a channel, by position. fn may use tx.
func (tx *Tx) EachLeaf(channel int64, fn func(Leaf) error) error {
	return pages(1000, func(last int64, limit int) ([]Leaf, error) {
		return tx.Leaves(channel, last, limit)
	}, func(l Leaf) (int64, error) { return l.Pos + 1, fn(l) })
}
