package storetest

import (
	"fmt"

	"entente"
	"entente/store"
)

func parties(s *shelf) {
	north := store.Party{ID: party("north"), Name: "North", Card: act("card"), Version: 3, Epoch: 2, Trusted: true}
	south := store.Party{ID: party("south")}
	s.update(func(tx *store.Tx) error {
		if err := tx.PutParty(north); err != nil {
			return err
		}
		return tx.PutParty(south)
	})
	south.Name, south.Frozen = "South", act("other card")
	north.Trusted = false
	s.update(func(tx *store.Tx) error {
		if err := tx.PutParty(south); err != nil {
			return err
		}
		return tx.PutParty(north)
	})
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "north", north)(tx.Party(north.ID)); err != nil {
			return err
		}
		missing[store.Party](s, "unknown party")(tx.Party(party("west")))
		all := []store.Party{north, south}
		if north.ID > south.ID {
			all = []store.Party{south, north}
		}
		return equal(s, "parties", all)(tx.Parties())
	})
}

func metaAndLog(s *shelf) {
	meta := func(tx *store.Tx, key, want string, wantOK bool) error {
		got, ok, err := tx.Meta(key)
		if got != want || ok != wantOK {
			s.Errorf("meta %s is %q, %t", key, got, ok)
		}
		return err
	}
	s.update(func(tx *store.Tx) error {
		if err := meta(tx, "self", "", false); err != nil {
			return err
		}
		if err := tx.SetMeta("self", "first"); err != nil {
			return err
		}
		if err := tx.SetMeta("self", "second"); err != nil {
			return err
		}
		if err := meta(tx, "self", "second", true); err != nil {
			return err
		}
		return tx.SetMeta("empty", "")
	})
	s.view(func(tx *store.Tx) error { return meta(tx, "empty", "", true) })
	var want []store.Event
	s.update(func(tx *store.Tx) error {
		for i := range 5 {
			e := store.Event{At: morning, What: "put", Who: "operator", Compact: compact("east"), Subject: id("subject"), Detail: fmt.Sprint(i)}
			if err := tx.Log(e); err != nil {
				return err
			}
			e.N = int64(i + 1)
			want = append(want, e)
		}
		return nil
	})
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "events", want)(tx.Events(0, 100)); err != nil {
			return err
		}
		if err := equal(s, "events after 2", want[2:4])(tx.Events(2, 2)); err != nil {
			return err
		}
		return equal(s, "events after the last", []store.Event(nil))(tx.Events(5, 2))
	})
}

// emptySets asks a store that has nothing, and gives it nothing.
func emptySets(s *shelf) {
	s.update(func(tx *store.Tx) error {
		for _, err := range []error{
			tx.InsertRecords(nil), tx.Enqueue(nil), tx.EnqueueAgain(nil), tx.InsertGrants(nil),
			tx.SetPositions(nil, 0), tx.SetCodes(1, nil), tx.AppendLeaves(1, 0, nil),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.view(func(tx *store.Tx) error {
		var errs []error
		count := func(what string, n int, err error) {
			s.same(what, n, 0)
			errs = append(errs, err)
		}
		all, none := party("north"), compact("east")
		r, err := tx.Records(nil)
		count("records", len(r), err)
		r, err = tx.Versions(all, "x")
		count("versions", len(r), err)
		r, err = tx.VersionsOf(all, nil)
		count("versions of none", len(r), err)
		r, err = tx.OwnRecords(all, 0, 9, "", false)
		count("own records", len(r), err)
		r, err = tx.FindRecords("", 9)
		count("found records", len(r), err)
		a, err := tx.ActsOf(none)
		count("acts", len(a), err)
		a, err = tx.ParkedActs(none)
		count("parked acts", len(a), err)
		a, err = tx.FindActs("", 9)
		count("found acts", len(a), err)
		ids, err := tx.Compacts()
		count("compacts", len(ids), err)
		c, err := tx.Channels()
		count("channels", len(c), err)
		l, err := tx.Leaves(1, 0, 9)
		count("leaves", len(l), err)
		q, err := tx.Queued(all, "", 9)
		count("queue", len(q), err)
		qc, err := tx.QueueCounts()
		count("queue counts", len(qc), err)
		g, err := tx.Grants(all, "", 0, 9)
		count("grants", len(g), err)
		h, err := tx.Holds(all, none, "", nil, false)
		count("holds", len(h), err)
		p, err := tx.Parties()
		count("parties", len(p), err)
		known, err := tx.KnownRecords([]entente.RecordID{record("none")})
		count("known", len(known), err)
		n, err := tx.CountRecords(all)
		count("count of records", int(n), err)
		for _, err := range append(errs,
			tx.EachRecord(func(store.Record) error { return fmt.Errorf("a record") }),
			tx.EachAct(func(store.Act) error { return fmt.Errorf("an act") }),
			tx.EachLeaf(1, func(store.Leaf) error { return fmt.Errorf("a leaf") }),
			tx.EachDelivery(func(store.Delivery) error { return fmt.Errorf("a delivery") }),
			tx.EachGrant(func(store.Grant) error { return fmt.Errorf("a grant") }),
		) {
			if err != nil {
				return err
			}
		}
		return nil
	})
}
