package storetest

import (
	"errors"
	"time"

	"entente"
	"entente/store"
)

func notes(s *shelf) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stays := store.Note{Space: "draft", Key: "a", Value: []byte("\x00text")}
	ends := store.Note{Space: "session", Key: "a", Value: []byte("x"), Until: entente.At(noon)}
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutNote(store.Note{Space: "draft", Key: "b", Value: []byte{}}), tx.PutNote(store.Note{Space: "draft", Key: "a", Value: []byte("old"), Until: entente.At(noon)}),
			tx.PutNote(stays), tx.PutNote(ends))
	})
	s.view(func(tx *store.Tx) error {
		return errors.Join(
			equal(s, "note", stays)(tx.Note("draft", "a")), equal(s, "note that ends", ends)(tx.Note("session", "a")),
			equal(s, "notes", []store.Note{stays, {Space: "draft", Key: "b", Value: []byte{}}})(tx.Notes("draft")))
	})
	s.update(func(tx *store.Tx) error {
		return errors.Join(
			equal(s, "ended a moment before", int64(0))(tx.DeleteEndedNotes(noon.Add(-time.Microsecond))),
			equal(s, "ended", int64(1))(tx.DeleteEndedNotes(noon)),
			tx.DeleteNote("draft", "b"), tx.DeleteNote("draft", "none"))
	})
	s.view(func(tx *store.Tx) error {
		if _, err := tx.Note("session", "a"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("a note that has ended: %v", err)
		}
		return equal(s, "notes that are left", []store.Note{stays})(tx.Notes("draft"))
	})
	// All of one word, in whatever space.
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutNote(store.Note{Space: "mark/ana", Key: "a", Value: []byte{}}), tx.PutNote(store.Note{Space: "mark/diana", Key: "a", Value: []byte{}}),
			tx.PutNote(store.Note{Space: "ana", Key: "a", Value: []byte{}}), tx.DeleteNotesOf("ana"))
	})
	s.view(func(tx *store.Tx) error {
		if _, err := tx.Note("mark/ana", "a"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("a note of the word: %v", err)
		}
		_, other := tx.Note("mark/diana", "a")
		_, whole := tx.Note("ana", "a")
		return errors.Join(other, whole)
	})
}
