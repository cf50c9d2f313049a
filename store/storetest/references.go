package storetest

import "entente/store"

func references(s *shelf) {
	of := func(word, refs string) store.Record {
		r := aRecord(word)
		r.Refs = refs
		return r
	}
	first := []store.Record{of("a", "x--1 y--2"), of("b", ""), of("c", "x--1"), of("d", "x--11 y--2")}
	s.update(func(tx *store.Tx) error { return tx.InsertRecords(first) })
	referring := func(stix string, after int64, limit int, want ...string) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			rows, err := tx.Referring(stix, after, limit)
			s.same("referring to "+stix, words(rows), want)
			for _, r := range rows {
				if r.Bytes != nil {
					s.Errorf("%s comes with bytes", r.ID)
				}
			}
			return err
		})
	}
	counted := func(want int64) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			all, borne, err := tx.CountReferences()
			s.same("references", []int64{all, borne}, []int64{want, want})
			return err
		})
	}
	referring("x--1", 0, 10, "a", "c")
	referring("x--1", 0, 1, "a")
	referring("x--1", 1, 1, "c")
	referring("y--2", 0, 10, "a", "d")
	referring("x--", 0, 10)
	referring("", 0, 10)
	counted(5)
	// What is erased refers to nothing; what is restored does again.
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(first[0].ID, "recall") })
	referring("x--1", 0, 10, "c")
	referring("y--2", 0, 10, "d")
	counted(3)
	s.update(func(tx *store.Tx) error { return tx.RestoreRecord(first[0]) })
	referring("x--1", 0, 10, "a", "c")
	counted(5)
}
