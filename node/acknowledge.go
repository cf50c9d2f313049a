package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"entente"
	"entente/release"
	"entente/store"
)

// spaceAcknowledged holds, by record, the conditions that a person has
// acknowledged, as a hash.
func spaceAcknowledged(operator string) string { return "acknowledged/" + operator }

func conditionsName(v release.View) string {
	sum := sha256.Sum256([]byte(v.Conditions()))
	return hex.EncodeToString(sum[:])
}

// Acknowledge notes that a person has read the conditions under which the person
// may see a record, and writes it to the logs. entente.ErrHidden as for Read.
func (n *Node) Acknowledge(ctx context.Context, r entente.Reader, record entente.RecordID) error {
	return n.updateQuietly(ctx, func(d *desk) error {
		if err := d.mayRead(r); err != nil {
			return err
		}
		views, err := d.readOne(r, Query{Record: string(record)})
		if err != nil {
			return err
		}
		v := views[0]
		if v.ID() != record {
			return entente.ErrHidden
		}
		if v.Conditions() == "" {
			return nil
		}
		if err := d.PutNote(store.Note{Space: spaceAcknowledged(r.Operator), Key: string(record), Value: []byte(conditionsName(v))}); err != nil {
			return err
		}
		for _, g := range v.Grants() {
			if err := d.event(store.Event{What: "acknowledged", Who: r.Operator, Compact: g.Compact, Subject: string(record)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Acknowledged says whether a record's content may be shown to the person it was
// made a view for: it came without conditions, or the person has acknowledged just
// these. With another release there may come others.
func (n *Node) Acknowledged(ctx context.Context, v release.View) (bool, error) {
	if v.Conditions() == "" {
		return true, nil
	}
	note, err := n.Kept(ctx, spaceAcknowledged(v.Reader().Operator), string(v.ID()))
	if errors.Is(err, entente.ErrHidden) {
		return false, nil
	}
	return err == nil && string(note.Value) == conditionsName(v), err
}
