package storetest

import (
	"fmt"

	"entente"
	"entente/store"
)

func owed(to, in, what string) store.Delivery {
	return store.Delivery{To: party(to), Compact: compact(in), Act: act(what)}
}

func (s *shelf) enqueue(owed ...store.Delivery) {
	s.Helper()
	s.update(func(tx *store.Tx) error { return tx.Enqueue(owed) })
}

// queued wants these acts in a queue, in this order.
func (s *shelf) queued(to, in string, want ...string) {
	s.Helper()
	s.view(func(tx *store.Tx) error {
		var c entente.CompactID
		if in != "" {
			c = compact(in)
		}
		rows, err := tx.Queued(party(to), c, 100)
		s.same("queue of "+to+" in "+in, names(rows, func(d store.Delivery) entente.ActID { return d.Act }), names(want, act))
		for _, d := range rows {
			s.same("position while queued", d.Pos, int64(store.Queued))
		}
		return err
	})
}

func deliveries(s *shelf) {
	s.put(nil, []string{"a", "b"})
	s.enqueue(owed("south", "east", "a"), owed("west", "east", "a"), owed("south", "east", "b"))
	s.refused(store.ErrNotFound, func(tx *store.Tx) error {
		return tx.Enqueue([]store.Delivery{owed("west", "east", "b"), owed("south", "east", "unknown")})
	})
	row := func(n int64, to, what string, pos int64, reason string) store.Delivery {
		return store.Delivery{N: n, To: party(to), Compact: compact("east"), Act: act(what), Kind: entente.KindRelease, Pos: pos, Reason: reason}
	}
	s.view(func(tx *store.Tx) error {
		return equal(s, "deliveries of a", []store.Delivery{row(1, "south", "a", -1, ""), row(2, "west", "a", -1, "")})(tx.DeliveriesOf(act("a")))
	})
	s.update(func(tx *store.Tx) error {
		if err := tx.SetPosition(1, 0); err != nil {
			return err
		}
		return tx.Drop(2, "suspended")
	})
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "sent and dropped", []store.Delivery{row(1, "south", "a", 0, ""), row(2, "west", "a", -2, "suspended")})(tx.DeliveriesOf(act("a"))); err != nil {
			return err
		}
		if err := equal(s, "delivery at 0", row(1, "south", "a", 0, ""))(tx.DeliveryAt(party("south"), compact("east"), 0)); err != nil {
			return err
		}
		for _, pos := range []int64{1, store.Queued, store.Dropped} { // what waits or was dropped stands nowhere
			missing[store.Delivery](s, fmt.Sprintf("delivery at %d", pos))(tx.DeliveryAt(party("south"), compact("east"), pos))
			missing[store.Delivery](s, fmt.Sprintf("delivery at %d", pos))(tx.DeliveryAt(party("west"), compact("east"), pos))
		}
		missing[store.Delivery](s, "delivery in another compact")(tx.DeliveryAt(party("south"), compact("west"), 0))
		var all []int64
		err := tx.EachDelivery(func(d store.Delivery) error {
			all = append(all, d.N)
			return nil
		})
		s.same("each delivery", all, []int64{1, 2, 3})
		return err
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetPosition(99, 1) })
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.Drop(99, "x") })
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetPositions([]int64{3, 99}, 1) })
	s.queued("south", "east", "b")
	s.put(nil, []string{"c"})
	s.update(func(tx *store.Tx) error { return tx.Substitute(3, act("c"), "signed again") })
	s.queued("south", "east", "c")
	s.view(func(tx *store.Tx) error {
		return equal(s, "what was substituted", []store.Delivery{row(4, "south", "b", -2, "signed again")})(tx.DeliveriesOf(act("b")))
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.Substitute(1, act("b"), "x") }) // it has left
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.Substitute(3, act("unknown"), "x") })
}

func queues(s *shelf) {
	s.put(nil, []string{"a", "b", "c", "d"})
	s.enqueue(owed("south", "east", "b"), owed("south", "west", "a"), owed("west", "east", "c"))
	s.enqueue(owed("south", "east", "d"), owed("south", "east", "b"), owed("south", "east", "a"))
	s.queued("south", "east", "b", "d", "a")
	s.queued("south", "west", "a")
	s.queued("south", "", "b", "a", "d", "a")
	s.queued("nobody", "")
	s.view(func(tx *store.Tx) error {
		rows, err := tx.Queued(party("south"), "", 2)
		if err != nil {
			return err
		}
		s.same("two at most", len(rows), 2)
		rows, err = tx.QueuedAfter(party("south"), compact("east"), rows[0].Kind.Control(), rows[0].N, 1)
		s.same("after the first", names(rows, func(d store.Delivery) entente.ActID { return d.Act }), names([]string{"d"}, act))
		if err != nil {
			return err
		}
		rows, err = tx.QueuedAfter(party("south"), compact("east"), !rows[0].Kind.Control(), 0, 10)
		s.same("of the other sort", len(rows), 0)
		return err
	})
	counts := func(want map[string]int64) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			rows, err := tx.QueueCounts()
			got := map[string]int64{}
			for i, q := range rows {
				got[fmt.Sprint(q.To, q.Compact)] = q.Queued
				if i > 0 && fmt.Sprint(rows[i-1].To, rows[i-1].Compact) >= fmt.Sprint(q.To, q.Compact) {
					s.Errorf("queue counts are not in order")
				}
			}
			s.same("queue counts", got, want)
			return err
		})
	}
	key := func(to, in string) string { return fmt.Sprint(party(to), compact(in)) }
	counts(map[string]int64{key("south", "east"): 3, key("south", "west"): 1, key("west", "east"): 1})
	s.update(func(tx *store.Tx) error {
		rows, err := tx.Queued(party("south"), compact("east"), 2)
		if err != nil {
			return err
		}
		if err := tx.SetPositions(names(rows, func(d store.Delivery) int64 { return d.N }), 7); err != nil {
			return err
		}
		at, err := tx.DeliveryAt(party("south"), compact("east"), 8)
		s.same("second of the batch", at.Act, act("d"))
		if err != nil {
			return err
		}
		rows, err = tx.Queued(party("west"), compact("east"), 1)
		if err != nil {
			return err
		}
		return tx.Drop(rows[0].N, "departed")
	})
	s.queued("south", "east", "a")
	s.queued("west", "east")
	counts(map[string]int64{key("south", "east"): 1, key("south", "west"): 1})
}

func deliveriesAgain(s *shelf) {
	s.put(nil, []string{"sent", "dropped", "waiting"})
	s.enqueue(owed("south", "east", "sent"), owed("south", "east", "dropped"), owed("south", "east", "waiting"))
	s.update(func(tx *store.Tx) error {
		if err := tx.SetPosition(1, 4); err != nil {
			return err
		}
		return tx.Drop(2, "suspended")
	})
	again := []store.Delivery{owed("south", "east", "sent"), owed("south", "east", "dropped"), owed("south", "east", "waiting")}
	s.enqueue(again...) // stays as it is
	s.queued("south", "east", "waiting")
	s.view(func(tx *store.Tx) error {
		d, err := tx.DeliveryAt(party("south"), compact("east"), 4)
		s.same("still at its position", d.Act, act("sent"))
		return err
	})
	s.update(func(tx *store.Tx) error { return tx.EnqueueAgain(again) })
	s.queued("south", "east", "waiting", "sent", "dropped") // behind what waits already
	s.view(func(tx *store.Tx) error {
		missing[store.Delivery](s, "position of what goes again")(tx.DeliveryAt(party("south"), compact("east"), 4))
		rows, err := tx.DeliveriesOf(act("sent"))
		s.same("deliveries of one act", len(rows), 1)
		if err == nil && rows[0].N <= 3 {
			s.Errorf("delivery sent anew has N %d, a number used before", rows[0].N)
		}
		return err
	})
	// Positions start anew in a new epoch: the latest counts.
	s.update(func(tx *store.Tx) error {
		rows, err := tx.Queued(party("south"), compact("east"), 3)
		if err != nil {
			return err
		}
		if err := tx.SetPosition(rows[0].N, 0); err != nil {
			return err
		}
		return tx.SetPosition(rows[1].N, 0)
	})
	s.view(func(tx *store.Tx) error {
		d, err := tx.DeliveryAt(party("south"), compact("east"), 0)
		s.same("latest at the position", d.Act, act("sent"))
		return err
	})
}
