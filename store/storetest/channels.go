package storetest

import (
	"errors"
	"fmt"

	"entente"
	"entente/store"
)

func aChannel(from, to, in string, epoch int64) store.Channel {
	return store.Channel{
		Channel: entente.Channel{From: party(from), To: party(to), Compact: compact(in), Epoch: epoch},
		Root:    id("empty"), Frontier: []byte{},
	}
}

func (s *shelf) channel(c store.Channel) store.Channel {
	s.Helper()
	s.update(func(tx *store.Tx) (err error) {
		c, err = tx.InsertChannel(c)
		return err
	})
	return c
}

func channels(s *shelf) {
	there, back := s.channel(aChannel("north", "south", "east", 1)), s.channel(aChannel("south", "north", "east", 1))
	next := s.channel(aChannel("north", "south", "east", 2))
	west := s.channel(aChannel("west", "south", "east", 1))
	book := store.Channel{Channel: entente.Book(party("north"), 1), Size: 3, Root: "r", Frontier: []byte{1, 2}, Head: act("h"), Receipt: act("r"), Receipted: 2, Card: 4}
	book = s.channel(book)
	all := []store.Channel{there, back, next, west, book}
	for i, c := range all {
		s.same("number", c.N, int64(i+1))
	}
	s.view(func(tx *store.Tx) error {
		for _, c := range all {
			if err := equal(s, "channel", c)(tx.Channel(c.Channel)); err != nil {
				return err
			}
		}
		missing[store.Channel](s, "other epoch")(tx.Channel(aChannel("north", "south", "east", 3).Channel))
		missing[store.Channel](s, "no compact")(tx.Channel(entente.Channel{From: party("north"), To: party("south"), Epoch: 1}))
		missing[store.Channel](s, "unknown party")(tx.Channel(aChannel("nobody", "south", "east", 1).Channel))
		if err := equal(s, "channels", all)(tx.Channels()); err != nil {
			return err
		}
		if err := equal(s, "channels with north", []store.Channel{there, back, next, book})(tx.ChannelsWith(party("north"))); err != nil {
			return err
		}
		rows, err := tx.ChannelsWith(party("nobody"))
		s.same("channels with nobody", len(rows), 0)
		return err
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error {
		_, err := tx.InsertChannel(aChannel("north", "south", "east", 1))
		return err
	})
}

func channelSwap(s *shelf) {
	c := s.channel(aChannel("north", "south", "east", 1))
	c.Size, c.Root, c.Frontier, c.Head, c.Receipt, c.Receipted, c.Card = 5, id("five"), []byte("f"), act("head"), act("receipt"), 4, 3
	s.update(func(tx *store.Tx) error { return tx.UpdateChannel(c, 0) })
	stored := func() {
		s.Helper()
		s.view(func(tx *store.Tx) error { return equal(s, "channel", c)(tx.Channel(c.Channel)) })
	}
	stored()
	late := c
	late.Size, late.Root = 1, id("one")
	s.refused(store.ErrConflict, func(tx *store.Tx) error { return tx.UpdateChannel(late, 0) })
	stored()
	s.update(func(tx *store.Tx) error { return tx.UpdateChannel(c, 5) }) // the size may stay
	unknown := c
	unknown.N = 99
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateChannel(unknown, 5) })
	// Whoever lost may look again and go on in the same transaction.
	s.update(func(tx *store.Tx) error {
		if err := tx.UpdateChannel(late, 4); !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("late swap: %v", err)
		}
		now, err := tx.Channel(c.Channel)
		if err != nil {
			return err
		}
		c.Size = now.Size + 1
		return tx.UpdateChannel(c, now.Size)
	})
	s.same("size after the second try", c.Size, int64(6))
	stored()
}

// aLeaf is what is expected at pos.
func aLeaf(pos int64) store.Leaf { return store.Leaf{Pos: pos, ID: id(fmt.Sprint("leaf ", pos))} }

func someLeaves(first, n int64) []store.Leaf {
	var out []store.Leaf
	for i := range n {
		out = append(out, aLeaf(first+i))
	}
	return out
}

func leaves(s *shelf) {
	c, other := s.channel(aChannel("north", "south", "east", 1)), s.channel(aChannel("south", "north", "east", 1))
	s.update(func(tx *store.Tx) error {
		if err := tx.AppendLeaves(c.N, 0, someLeaves(0, 3)); err != nil {
			return err
		}
		if err := tx.AppendLeaves(other.N, 0, someLeaves(0, 1)); err != nil {
			return err
		}
		unplaced := someLeaves(3, 1500)
		for i := range unplaced {
			unplaced[i].Pos = 0
		}
		return tx.AppendLeaves(c.N, 3, unplaced)
	})
	for _, first := range []int64{1502, 1504, -1} { // there already, a gap, nonsense
		s.refused(store.ErrConflict, func(tx *store.Tx) error { return tx.AppendLeaves(c.N, first, someLeaves(first, 2)) })
	}
	s.view(func(tx *store.Tx) error {
		for _, q := range []struct {
			from  int64
			limit int
			want  []store.Leaf
		}{{0, 2, someLeaves(0, 2)}, {1, 3, someLeaves(1, 3)}, {1502, 10, someLeaves(1502, 1)}, {1503, 10, nil}, {0, 5000, someLeaves(0, 1503)}} {
			if err := equal(s, fmt.Sprintf("leaves from %d", q.from), q.want)(tx.Leaves(c.N, q.from, q.limit)); err != nil {
				return err
			}
		}
		var all []store.Leaf
		err := tx.EachLeaf(c.N, func(l store.Leaf) error {
			all = append(all, l)
			return nil
		})
		s.same("each leaf", all, someLeaves(0, 1503))
		if err != nil {
			return err
		}
		return equal(s, "leaves of the other", someLeaves(0, 1))(tx.Leaves(other.N, 0, 9))
	})
	stop := errors.New("enough")
	seen := 0
	err := s.db.View(s.Context(), func(tx *store.Tx) error {
		return tx.EachLeaf(c.N, func(store.Leaf) error {
			seen++
			return stop
		})
	})
	if !errors.Is(err, stop) || seen != 1 {
		s.Errorf("each leaf stopped after %d with %v", seen, err)
	}
}

func codes(s *shelf) {
	c, other := s.channel(aChannel("north", "south", "east", 1)), s.channel(aChannel("south", "north", "east", 1))
	s.update(func(tx *store.Tx) error {
		if err := tx.AppendLeaves(other.N, 0, someLeaves(0, 5)); err != nil {
			return err
		}
		return tx.AppendLeaves(c.N, 0, someLeaves(0, 5))
	})
	s.update(func(tx *store.Tx) error {
		return tx.SetCodes(c.N, []entente.Disposition{
			{First: 1, Count: 2, Code: entente.CodeApplied}, {First: 3, Count: 1, Code: entente.RefusedKey},
		})
	})
	want := someLeaves(0, 5)
	want[1].Code, want[2].Code, want[3].Code = entente.CodeApplied, entente.CodeApplied, entente.RefusedKey
	check := func() {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			if err := equal(s, "codes", want)(tx.Leaves(c.N, 0, 9)); err != nil {
				return err
			}
			return equal(s, "codes of the other", someLeaves(0, 5))(tx.Leaves(other.N, 0, 9))
		})
	}
	check()
	s.refused(store.ErrNotFound, func(tx *store.Tx) error {
		return tx.SetCodes(c.N, []entente.Disposition{{First: 0, Count: 1, Code: entente.CodeParked}, {First: 4, Count: 2, Code: entente.CodeApplied}})
	})
	check()
}
