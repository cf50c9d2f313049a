package storetest

import (
	"fmt"

	"entente"
	"entente/store"
)

func actIDs(rows []store.Act) []entente.ActID {
	return names(rows, func(a store.Act) entente.ActID { return a.ID })
}

func acts(s *shelf) {
	full, bare := anAct("full", entente.KindRelease), store.Act{ID: act("bare"), Kind: entente.KindCard, Envelope: []byte("e"), State: store.StateKept}
	s.update(func(tx *store.Tx) error {
		if err := tx.InsertAct(full); err != nil {
			return err
		}
		return tx.InsertAct(bare)
	})
	full.N, bare.N = 1, 2
	s.view(func(tx *store.Tx) error {
		for _, a := range []store.Act{full, bare} {
			if err := equal(s, "act", a)(tx.Act(a.ID)); err != nil {
				return err
			}
			if err := equal(s, "has act", true)(tx.HasAct(a.ID)); err != nil {
				return err
			}
		}
		missing[store.Act](s, "unknown act")(tx.Act(act("none")))
		if err := equal(s, "has unknown act", false)(tx.HasAct(act("none"))); err != nil {
			return err
		}
		var all []store.Act
		err := tx.EachAct(func(a store.Act) error {
			all = append(all, a)
			_, err := tx.Act(a.ID)
			return err
		})
		s.same("each act", all, []store.Act{full, bare})
		if err != nil {
			return err
		}
		for prefix, want := range map[string][]entente.ActID{
			string(full.ID): {full.ID}, string(full.ID)[:15]: {full.ID}, entente.Short(bare.ID): {bare.ID}, "": {full.ID, bare.ID}, "act": {},
		} {
			rows, err := tx.FindActs(prefix, 9)
			if err != nil {
				return err
			}
			s.same("found by "+prefix, actIDs(rows), want)
		}
		rows, err := tx.FindActs("", 1)
		s.same("found at most one", actIDs(rows), []entente.ActID{full.ID})
		return err
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error { return tx.InsertAct(full) })
}

func actsOf(s *shelf) {
	add := func(word string, kind entente.Kind, signer, in string) store.Act {
		a := anAct(word, kind)
		a.Signer, a.Compact = party(signer), compact(in)
		return a
	}
	rows := []store.Act{
		add("c1", entente.KindCharter, "north", "east"), add("c2", entente.KindCharter, "south", "west"),
		add("r1", entente.KindRelease, "north", "east"), add("a1", entente.KindAccession, "south", "east"),
		add("r2", entente.KindRelease, "south", "east"), add("r3", entente.KindRelease, "north", "west"),
	}
	s.update(func(tx *store.Tx) error {
		for _, a := range rows {
			if err := tx.InsertAct(a); err != nil {
				return err
			}
		}
		return nil
	})
	s.view(func(tx *store.Tx) error {
		for _, c := range []struct {
			in    string
			by    string
			kinds []entente.Kind
			want  []string
		}{
			{in: "east", want: []string{"c1", "r1", "a1", "r2"}},
			{in: "east", kinds: []entente.Kind{entente.KindRelease, entente.KindCharter}, want: []string{"c1", "r1", "r2"}},
			{in: "west", kinds: []entente.Kind{entente.KindRecall}, want: []string{}},
			{in: "none", want: []string{}},
			{by: "south", want: []string{"c2", "a1", "r2"}},
			{by: "north", kinds: []entente.Kind{entente.KindRelease}, want: []string{"r1", "r3"}},
			{by: "nobody", want: []string{}},
		} {
			var got []store.Act
			var err error
			if c.by == "" {
				got, err = tx.ActsOf(compact(c.in), c.kinds...)
			} else {
				got, err = tx.ActsBy(party(c.by), c.kinds...)
			}
			if err != nil {
				return err
			}
			s.same(fmt.Sprintf("acts %+v", c), actIDs(got), names(c.want, act))
		}
		if err := equal(s, "last act", int64(5))(tx.LastAct(compact("east"), entente.KindRelease, entente.KindCharter)); err != nil {
			return err
		}
		if err := equal(s, "last act of none", int64(0))(tx.LastAct(compact("none"), entente.KindRelease)); err != nil {
			return err
		}
		// A charter's compact is the charter's id.
		return equal(s, "compacts", []entente.CompactID{entente.CompactID(act("c1")), entente.CompactID(act("c2"))})(tx.Compacts())
	})
}

func parkedActs(s *shelf) {
	s.update(func(tx *store.Tx) error {
		for i, state := range []string{store.StateParked, store.StateApplied, store.StateParked, store.StateKept} {
			a := anAct(fmt.Sprint(i), entente.KindRecall)
			a.State = state
			if err := tx.InsertAct(a); err != nil {
				return err
			}
		}
		other := anAct("other", entente.KindRecall)
		other.State, other.Compact = store.StateParked, compact("west")
		return tx.InsertAct(other)
	})
	parked := func(want ...string) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			rows, err := tx.ParkedActs(compact("east"))
			s.same("parked", actIDs(rows), names(want, act))
			return err
		})
	}
	parked("0", "2")
	s.update(func(tx *store.Tx) error { return tx.SetActState(act("0"), store.StateApplied) })
	parked("2")
	s.view(func(tx *store.Tx) error {
		a, err := tx.Act(act("0"))
		s.same("state", a.State, store.StateApplied)
		return err
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetActState(act("none"), store.StateKept) })
}
