package storetest

import (
	"slices"

	"entente"
	"entente/store"
)

func sources(s *shelf) {
	s.put([]string{"a", "b", "report", "summary"}, nil)
	some := func(words ...string) []entente.RecordID { return slices.Sorted(slices.Values(names(words, record))) }
	has := func(want bool) {
		s.Helper()
		s.view(func(tx *store.Tx) error { return equal(s, "has sources", want)(tx.HasSources()) })
	}
	has(false)
	s.update(func(tx *store.Tx) error {
		if err := tx.InsertSources(record("report"), nil); err != nil {
			return err
		}
		if err := tx.InsertSources(record("report"), some("a", "b")); err != nil {
			return err
		}
		if err := tx.InsertSources(record("report"), some("a")); err != nil { // noted already
			return err
		}
		return tx.InsertSources(record("summary"), some("a", "report"))
	})
	has(true)
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(record("b"), "recall") })
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "sources", some("a", "b"))(tx.Sources(record("report"))); err != nil {
			return err
		}
		if err := equal(s, "derived", some("report", "summary"))(tx.Derived(record("a"))); err != nil {
			return err
		}
		if err := equal(s, "derived from what nothing rests on", some())(tx.Derived(record("summary"))); err != nil {
			return err
		}
		gone := map[[2]entente.RecordID]string{}
		err := tx.EachSource(func(of, source entente.RecordID, by string) error {
			gone[[2]entente.RecordID{of, source}] = by
			_, err := tx.Record(source) // fn may use tx
			return err
		})
		s.same("each source", gone, map[[2]entente.RecordID]string{
			{record("report"), record("a")}: "", {record("report"), record("b")}: "recall",
			{record("summary"), record("a")}: "", {record("summary"), record("report")}: "",
		})
		return err
	})
}
