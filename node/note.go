package node

import (
	"context"
	"errors"

	"entente"
	"entente/store"
)

// Note is something that people of this party want kept: an account of the
// desk, a session, a draft, a mark. It concerns no other party and is never sent.
type Note = store.Note

// Keep keeps notes, each in the place of the one with its key, all or none.
func (n *Node) Keep(ctx context.Context, notes ...Note) error {
	return diskError(n.store.Update(ctx, func(tx *store.Tx) error {
		for _, x := range notes {
			if err := tx.PutNote(x); err != nil {
				return err
			}
		}
		_, err := tx.DeleteEndedNotes(n.clock())
		return err
	}))
}

// Kept gives a note; entente.ErrHidden if there is none or it has ended.
func (n *Node) Kept(ctx context.Context, space, key string) (Note, error) {
	var out Note
	err := n.store.View(ctx, func(tx *store.Tx) error {
		var err error
		out, err = tx.Note(space, key)
		if errors.Is(err, store.ErrNotFound) || err == nil && n.ended(out) {
			return entente.ErrHidden
		}
		return err
	})
	return out, err
}

// AllKept gives the notes of a space that have not ended, by key.
func (n *Node) AllKept(ctx context.Context, space string) ([]Note, error) {
	var out []Note
	err := n.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Notes(space)
		for _, x := range all {
			if !n.ended(x) {
				out = append(out, x)
			}
		}
		return err
	})
	return out, err
}

// Drop removes a note; one that is not there is no error.
func (n *Node) Drop(ctx context.Context, space, key string) error {
	return diskError(n.store.Update(ctx, func(tx *store.Tx) error { return tx.DeleteNote(space, key) }))
}

func (n *Node) ended(x Note) bool {
	return !x.Until.IsZero() && !n.clock().Before(x.Until.Time)
}
