// Package storetest is the contract that every engine of package store passes:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Store {
//			db, err := sqlite.OpenMemory()
//			if err != nil {
//				t.Fatal(err)
//			}
//			return db
//		})
//	}
//
// It checks every method of [store.Tx] against what its comment says, and the
// promises of package store: what was refused leaves no trace, a View is one
// snapshot and cannot write, Updates run one after the other.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"entente"
	"entente/store"
)

// Store is what is tested.
type Store interface {
	Update(ctx context.Context, fn func(*store.Tx) error) error
	View(ctx context.Context, fn func(*store.Tx) error) error
	Close() error
}

// Run tests the engine whose empty stores open gives. Run closes them.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*shelf)
	}{
		{"records", records},
		{"records come in the order asked", recordsInOrder},
		{"records of one originator", recordsOfOne},
		{"erased records", erasedRecords},
		{"restored records", restoredRecords},
		{"found records", foundRecords},
		{"named records", namedRecords},
		{"references", references},
		{"texts", texts},
		{"large records", largeRecords},
		{"operators", operators},
		{"passkeys", passkeys},
		{"groups", groups},
		{"proposals", proposals},
		{"notes", notes},
		{"odd texts", oddTexts},
		{"acts", acts},
		{"acts by compact and by signer", actsOf},
		{"parked acts", parkedActs},
		{"channels", channels},
		{"the size of a channel is compared and swapped", channelSwap},
		{"leaves", leaves},
		{"codes", codes},
		{"deliveries", deliveries},
		{"queues", queues},
		{"deliveries sent anew", deliveriesAgain},
		{"grants", grants},
		{"grants are paged by a number that never comes back", grantPages},
		{"ended grants", endedGrants},
		{"who holds what", holds},
		{"sources", sources},
		{"parties", parties},
		{"meta and the log", metaAndLog},
		{"empty sets", emptySets},
		{"an error keeps nothing", errorKeepsNothing},
		{"a panic keeps nothing", panicKeepsNothing},
		{"what failed inside cannot be kept", brokenStaysBroken},
		{"an ended context keeps nothing", contextKeepsNothing},
		{"a view cannot write", viewCannotWrite},
		{"a transaction that is over", overIsOver},
		{"a view is one snapshot", viewIsOneSnapshot},
		{"views run side by side", viewsSideBySide},
		{"updates run one after the other", updatesTakeTurns},
		{"placeholders out of order", placeholders},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shelf{T: t, db: open(t)}
			t.Cleanup(func() {
				if err := s.db.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.test(s)
		})
	}
}

// shelf is a store in a test.
type shelf struct {
	*testing.T
	db Store
}

// update and view run fn and fail the test with its error.
func (s *shelf) update(fn func(tx *store.Tx) error) {
	s.Helper()
	if err := s.db.Update(s.Context(), fn); err != nil {
		s.Fatalf("update: %v", err)
	}
}

func (s *shelf) view(fn func(tx *store.Tx) error) {
	s.Helper()
	if err := s.db.View(s.Context(), fn); err != nil {
		s.Fatalf("view: %v", err)
	}
}

// refused wants that fn fails in an Update because of want.
func (s *shelf) refused(want error, fn func(tx *store.Tx) error) {
	s.Helper()
	if err := s.db.Update(s.Context(), fn); !errors.Is(err, want) {
		s.Fatalf("update: error %v, expected %v", err, want)
	}
}

// same wants equal rows; nil and empty slices are the same.
func (s *shelf) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// equal is same for one answer of a method.
func equal[T any](s *shelf, what string, want T) func(got T, err error) error {
	return func(got T, err error) error {
		s.Helper()
		if err == nil {
			s.same(what, got, want)
		}
		return err
	}
}

// Invented ids: the hash of a word.
func id(word string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(word))) }

func party(word string) entente.PartyID     { return entente.PartyID(id("party " + word)) }
func compact(word string) entente.CompactID { return entente.CompactID(id("compact " + word)) }
func act(word string) entente.ActID         { return entente.ActID(id("act " + word)) }
func record(word string) entente.RecordID   { return entente.RecordID(id("record " + word)) }

var morning = entente.At(time.Date(2026, 3, 4, 5, 6, 7, 89_000, time.UTC))

// aRecord is a record of party "north" whose body is its word.
func aRecord(word string) store.Record {
	body := []byte("{}\n" + word)
	return store.Record{
		ID: record(word), Originator: party("north"), Media: entente.MediaSTIX,
		STIX: "report--" + word, Type: "report", Version: "2026-01-01T00:00:00.000Z", Name: "Report " + word,
		Refs: "identity--1 location--2", Size: int64(len(word)), Bytes: body, Arrived: morning,
	}
}

func anAct(word string, kind entente.Kind) store.Act {
	return store.Act{
		ID: act(word), Kind: kind, Signer: party("north"), Card: 2, Compact: compact("east"), To: party("south"),
		Envelope: []byte("envelope of " + word), State: store.StateApplied, From: party("west"), Arrived: morning,
	}
}

// put keeps records and acts of these words.
func (s *shelf) put(records, acts []string) {
	s.Helper()
	s.update(func(tx *store.Tx) error {
		var rows []store.Record
		for _, w := range records {
			rows = append(rows, aRecord(w))
		}
		if err := tx.InsertRecords(rows); err != nil {
			return err
		}
		for _, w := range acts {
			if err := tx.InsertAct(anAct(w, entente.KindRelease)); err != nil {
				return err
			}
		}
		return nil
	})
}

// names gives something of each row, to compare lists by.
func names[T, N any](rows []T, name func(T) N) []N {
	out := []N{}
	for _, r := range rows {
		out = append(out, name(r))
	}
	return out
}

// missing wants ErrNotFound, and no row beside it.
func missing[T any](s *shelf, what string) func(got T, err error) {
	return func(got T, err error) {
		s.Helper()
		if !errors.Is(err, store.ErrNotFound) {
			s.Errorf("%s: error %v, expected %v", what, err, store.ErrNotFound)
		}
		var none T
		s.same(what, got, none)
	}
}
