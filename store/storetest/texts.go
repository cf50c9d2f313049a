package storetest

import (
	"errors"

	"entente/store"
)

func texts(s *shelf) {
	s.put([]string{"a", "b", "c", "d"}, nil)
	due := func(limit int, want ...string) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			rows, err := tx.Due(limit)
			s.same("due", words(rows), want)
			for _, r := range rows {
				if r.Bytes == nil {
					s.Errorf("%s comes without bytes", r.ID)
				}
			}
			n, errCount := tx.CountDue()
			if limit > len(want) && n != int64(len(want)) {
				s.Errorf("%d are due, counted %d", len(want), n)
			}
			return errors.Join(err, errCount)
		})
	}
	find := func(before int64, limit int, phrases []store.Phrase, want ...string) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			rows, err := tx.Matching(phrases, before, limit)
			s.same("found", words(rows), want)
			for _, r := range rows {
				if r.Bytes != nil {
					s.Errorf("%s comes with bytes", r.ID)
				}
			}
			return err
		})
	}
	count := func(want int64) {
		s.Helper()
		s.view(func(tx *store.Tx) error {
			n, err := tx.CountTexts()
			s.same("texts", n, want)
			return err
		})
	}
	all := func(words ...string) []store.Phrase { return []store.Phrase{{Words: words}} }
	begin := func(words ...string) []store.Phrase { return []store.Phrase{{Words: words, Begins: true}} }
	const end = 1 << 60

	due(10, "a", "b", "c", "d")
	due(2, "a", "b")
	count(4)
	s.update(func(tx *store.Tx) error {
		return tx.InsertTexts([]store.Text{
			{N: 1, Words: "harbour watch пристань"}, {N: 2, Words: "harbour master 東 京"}, {N: 3, Words: "watch the harbour"},
		})
	})
	due(10, "d")
	count(4)
	find(end, 10, all("harbour"), "c", "b", "a")
	find(end, 2, all("harbour"), "c", "b")
	find(3, 10, all("harbour"), "b", "a")
	find(end, 10, all("harb"))
	find(end, 10, begin("harb"), "c", "b", "a")
	find(end, 10, all("harbour", "watch"), "a")
	find(end, 10, begin("harbour", "ma"), "b")
	find(end, 10, append(all("harbour"), begin("wat")...), "c", "a")
	find(end, 10, all("東", "京"), "b")
	find(end, 10, all("京", "東"))
	find(end, 10, begin("прис"), "a")
	// Words that mean something to an engine are words.
	find(end, 10, all("NOT"))
	find(end, 10, append(all("AND"), all("harbour")...))
	// What is erased is found no more, whether its words were written or waited.
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.EraseRecord(record("a"), "recall"), tx.EraseRecord(record("d"), "recall"))
	})
	find(end, 10, all("harbour"), "c", "b")
	due(10)
	count(2)
	s.view(func(tx *store.Tx) error {
		words, due, err := tx.Words(2)
		s.same("words of b", words, "harbour master 東 京")
		if due {
			s.Error("written words are due")
		}
		if _, _, gone := tx.Words(1); !errors.Is(gone, store.ErrNotFound) {
			s.Errorf("words of what is erased: %v", gone)
		}
		return err
	})
	// What is restored waits again.
	s.update(func(tx *store.Tx) error { return tx.RestoreRecord(aRecord("a")) })
	due(10, "a")
	s.view(func(tx *store.Tx) error {
		if _, due, err := tx.Words(1); err != nil || !due {
			s.Errorf("restored: due %v, %v", due, err)
		}
		return nil
	})
	// A row that stands for what is gone waits for nothing.
	lost := aRecord("lost")
	lost.Gone, lost.Bytes = "lost", nil
	s.update(func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{lost}) })
	due(10, "a")
}
