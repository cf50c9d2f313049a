package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"entente"
	"entente/store"
)

// writeAll writes to every table.
func writeAll(tx *store.Tx) error {
	if err := tx.InsertRecords([]store.Record{aRecord("all")}); err != nil {
		return err
	}
	if err := tx.InsertAct(anAct("all", entente.KindRelease)); err != nil {
		return err
	}
	c, err := tx.InsertChannel(aChannel("some", "others", "somewhere", 1)) // names that were never used before
	if err != nil {
		return err
	}
	for _, err := range []error{
		tx.AppendLeaves(c.N, 0, someLeaves(0, 2)),
		tx.Enqueue([]store.Delivery{owed("south", "east", "all")}),
		tx.InsertGrants([]store.Grant{aGrant("south", "east", "all", "all")}),
		tx.PutParty(store.Party{ID: party("all")}),
		tx.SetMeta("all", "all"),
		tx.Log(store.Event{What: "all"}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// nothing wants that every table is empty.
func (s *shelf) nothing() {
	s.Helper()
	emptySets(s)
	s.view(func(tx *store.Tx) error {
		e, err := tx.Events(0, 9)
		s.same("events", len(e), 0)
		if err != nil {
			return err
		}
		_, ok, err := tx.Meta("all")
		s.same("meta", ok, false)
		return err
	})
}

var errChanged = errors.New("changed its mind")

func errorKeepsNothing(s *shelf) {
	s.refused(errChanged, func(tx *store.Tx) error { return errors.Join(writeAll(tx), errChanged) })
	s.nothing()
	s.update(writeAll) // and goes on: names given out before were taken back
	s.view(func(tx *store.Tx) error {
		_, err := tx.Channel(aChannel("some", "others", "somewhere", 1).Channel)
		return err
	})
}

func panicKeepsNothing(s *shelf) {
	func() {
		defer func() {
			if p := recover(); p != errChanged {
				s.Errorf("recovered %v, expected the panic to go on", p)
			}
		}()
		err := s.db.Update(s.Context(), func(tx *store.Tx) error {
			if err := writeAll(tx); err != nil {
				return err
			}
			panic(errChanged)
		})
		s.Errorf("update returned %v after a panic", err)
	}()
	func() {
		defer func() { recover() }()
		s.db.View(s.Context(), func(*store.Tx) error { panic(errChanged) })
	}()
	s.nothing()
	s.update(writeAll)
}

func brokenStaysBroken(s *shelf) {
	s.put([]string{"one"}, nil)
	s.refused(store.ErrConflict, func(tx *store.Tx) error {
		if err := tx.SetMeta("before", "x"); err != nil {
			return err
		}
		if err := tx.InsertRecords([]store.Record{aRecord("two"), aRecord("one")}); !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("duplicate: %v", err)
		}
		if err := tx.SetMeta("after", "x"); !errors.Is(err, store.ErrConflict) {
			s.Errorf("write in a broken transaction: %v", err)
		}
		return nil // as if nothing had been
	})
	s.view(func(tx *store.Tx) error {
		for _, key := range []string{"before", "after"} {
			if _, ok, err := tx.Meta(key); ok || err != nil {
				s.Errorf("meta %s was kept (%t, %v)", key, ok, err)
			}
		}
		missing[store.Record](s, "two")(tx.Record(record("two")))
		return nil
	})
	// Looking for what is not there breaks nothing.
	s.update(func(tx *store.Tx) error {
		missing[store.Record](s, "two")(tx.Record(record("two")))
		return tx.InsertRecords([]store.Record{aRecord("two")})
	})
}

func contextKeepsNothing(s *shelf) {
	ctx, cancel := context.WithCancel(s.Context())
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := writeAll(tx); err != nil {
			return err
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		s.Errorf("update ended with %v", err)
	}
	for _, run := range []func(context.Context, func(*store.Tx) error) error{s.db.Update, s.db.View} {
		err := run(ctx, func(*store.Tx) error {
			s.Error("ran although its context was over")
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			s.Errorf("begun with %v", err)
		}
	}
	s.nothing()
	s.update(writeAll)
}

func viewCannotWrite(s *shelf) {
	s.put([]string{"one"}, []string{"one"})
	for what, write := range map[string]func(tx *store.Tx) error{
		"all":           writeAll,
		"set meta":      func(tx *store.Tx) error { return tx.SetMeta("k", "v") },
		"put party":     func(tx *store.Tx) error { return tx.PutParty(store.Party{ID: party("x")}) },
		"erase record":  func(tx *store.Tx) error { return tx.EraseRecord(record("one"), "x") },
		"set act state": func(tx *store.Tx) error { return tx.SetActState(act("one"), store.StateKept) },
		"log":           func(tx *store.Tx) error { return tx.Log(store.Event{}) },
		"delete grants": func(tx *store.Tx) error { _, err := tx.DeleteGrants(party("x"), act("one"), nil); return err },
	} {
		if err := s.db.View(s.Context(), write); !errors.Is(err, store.ErrReadOnly) {
			s.Errorf("%s in a view: error %v, expected %v", what, err, store.ErrReadOnly)
		}
	}
	s.view(func(tx *store.Tx) error {
		r, err := tx.Record(record("one"))
		s.same("record", r.Gone, "")
		return err
	})
}

func overIsOver(s *shelf) {
	var kept *store.Tx
	s.update(func(tx *store.Tx) error {
		kept = tx
		return nil
	})
	if err := kept.SetMeta("late", "x"); err == nil {
		s.Error("wrote after the transaction")
	}
	if _, err := kept.Parties(); err == nil {
		s.Error("read after the transaction")
	}
	s.nothing()
}

// viewIsOneSnapshot lets Updates come while a View runs.
func viewIsOneSnapshot(s *shelf) {
	s.put([]string{"one"}, nil)
	seen := func(tx *store.Tx) int64 {
		n, err := tx.CountRecords(party("north"))
		if err != nil {
			s.Error(err)
		}
		return n
	}
	var updates sync.WaitGroup
	s.view(func(tx *store.Tx) error {
		s.same("first look", seen(tx), int64(1))
		begun := make(chan error)
		updates.Go(func() { // an engine may let it wait for the view
			begun <- nil
			if err := s.db.Update(s.Context(), func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{aRecord("two")}) }); err != nil {
				s.Error(err)
			}
		})
		<-begun
		for range 100 {
			s.same("second look", seen(tx), int64(1))
		}
		return nil
	})
	updates.Wait()
	s.view(func(tx *store.Tx) error {
		s.same("a later view", seen(tx), int64(2))
		return nil
	})
	// Halves never show: each Update adds a record and its leaf.
	c := s.channel(aChannel("north", "south", "east", 1))
	updates.Go(func() {
		for i := range 50 {
			err := s.db.Update(s.Context(), func(tx *store.Tx) error {
				if err := tx.InsertRecords([]store.Record{aRecord(fmt.Sprint(i))}); err != nil {
					return err
				}
				return tx.AppendLeaves(c.N, int64(i), someLeaves(int64(i), 1))
			})
			if err != nil {
				s.Error(err)
			}
		}
	})
	for range 4 {
		updates.Go(func() {
			for complete := false; !complete && !s.Failed(); {
				err := s.db.View(s.Context(), func(tx *store.Tx) error {
					n := seen(tx)
					l, err := tx.Leaves(c.N, 0, 100)
					if int64(len(l)) != n-2 {
						s.Errorf("a view sees %d records and %d leaves", n-2, len(l))
					}
					complete = len(l) == 50
					return err
				})
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	updates.Wait()
}

func viewsSideBySide(s *shelf) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				if err := s.db.View(s.Context(), func(tx *store.Tx) error {
					_, err := tx.Parties()
					return err
				}); err != nil {
					s.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.view(func(outer *store.Tx) error { // one inside another
		return s.db.View(s.Context(), func(inner *store.Tx) error {
			_, err := inner.Parties()
			return err
		})
	})
}

// updatesTakeTurns counts up in a way that loses counts when two run at once.
func updatesTakeTurns(s *shelf) {
	const writers, times = 8, 25
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range times {
				err := s.db.Update(s.Context(), func(tx *store.Tx) error {
					v, _, err := tx.Meta("count")
					if err != nil {
						return err
					}
					return tx.SetMeta("count", v+"i")
				})
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.view(func(tx *store.Tx) error {
		v, _, err := tx.Meta("count")
		s.same("count", len(v), writers*times)
		return err
	})
}

// placeholders checks values, not errors: with some drivers an argument whose
// place in the text is not that of its number silently lands elsewhere.
func placeholders(s *shelf) {
	s.put([]string{"one", "two"}, []string{"one"})
	s.update(func(tx *store.Tx) error {
		// ?2 stands before ?1.
		if err := tx.EraseRecord(record("one"), "by two"); err != nil {
			return err
		}
		// ?3 … ?8 stand before ?1 and ?2.
		c, err := tx.InsertChannel(aChannel("north", "south", "east", 7))
		if err != nil {
			return err
		}
		c.Size, c.Root, c.Frontier, c.Head, c.Receipt, c.Receipted = 3, "root", []byte("frontier"), "head", "receipt", 8
		if err := tx.UpdateChannel(c, 0); err != nil {
			return err
		}
		if err := equal(s, "channel", c)(tx.Channel(c.Channel)); err != nil {
			return err
		}
		// ?4 stands before ?1.
		if err := tx.AppendLeaves(c.N, 0, someLeaves(0, 3)); err != nil {
			return err
		}
		want := someLeaves(0, 3)
		want[1].Code = "code"
		if err := tx.SetCodes(c.N, []entente.Disposition{{First: 1, Count: 1, Code: "code"}}); err != nil {
			return err
		}
		return equal(s, "leaves", want)(tx.Leaves(c.N, 0, 9))
	})
	s.view(func(tx *store.Tx) error {
		r, err := tx.Record(record("one"))
		if err != nil {
			return err
		}
		s.same("erased by", r.Gone, "by two")
		// ?4 stands between ?2 and ?3.
		rows, err := tx.OwnRecords(party("north"), 0, 1, "report", false)
		if err != nil {
			return err
		}
		s.same("own records", words(rows), []string{"one"})
		// ?2 and then ?1, which is used in no other order.
		rows, err = tx.Versions(party("north"), "report--two")
		s.same("versions", words(rows), []string{"two"})
		return err
	})
}

var _ testing.TB = (*shelf)(nil)
