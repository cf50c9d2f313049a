package web

import (
	"context"
	"net/http"

	"entente"
	"entente/node"
)

// What a person has read: single records, with the time at which the person opened
// them, and everything that had arrived up to a time.
func spaceRead(operator string) string { return "web.read/" + operator }

const readUpTo = "up to"

// marks say what the visitor has read.
type marks struct {
	*visit
	upTo string // an entente.Time, as text
}

func (v *visit) marks() (marks, error) {
	note, err := v.node.Kept(v.r.Context(), spaceRead(v.who.Name), readUpTo)
	if entente.KindOf(err) == entente.Hidden {
		err = nil
	}
	return marks{v, string(note.Value)}, err
}

func (m marks) unread(record entente.RecordID, arrived entente.Time) (bool, error) {
	if arrived.String() <= m.upTo {
		return false, nil
	}
	_, err := m.node.Kept(m.r.Context(), spaceRead(m.who.Name), string(record))
	if entente.KindOf(err) == entente.Hidden {
		return true, nil
	}
	return false, err
}

// opened notes that the visitor has opened a record.
func (v *visit) opened(record entente.RecordID) error {
	return v.node.Keep(v.r.Context(), node.Note{Space: spaceRead(v.who.Name), Key: string(record), Value: []byte(entente.At(v.clock()).String())})
}

// readBy are those of the party who have opened a record, and when last.
func (v *visit) readBy(ctx context.Context, record entente.RecordID) ([]readRow, error) {
	all, err := v.node.Operators(ctx)
	if err != nil {
		return nil, err
	}
	var out []readRow
	for _, o := range all {
		note, err := v.node.Kept(ctx, spaceRead(o.Name), string(record))
		if entente.KindOf(err) == entente.Hidden || err == nil && len(note.Value) == 0 {
			continue // not, or only marked in the list
		}
		if err != nil {
			return nil, err
		}
		var at entente.Time
		if err := at.UnmarshalText(note.Value); err != nil {
			return nil, err
		}
		out = append(out, readRow{o.Name, at})
	}
	return out, nil
}

type readRow struct {
	Name string
	Last entente.Time
}

// markRead marks those that are ticked, or all up to the newest that was shown.
func (v *visit) markRead() error {
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	ctx, f := v.r.Context(), v.r.PostForm
	space := spaceRead(v.who.Name)
	var notes []node.Note
	if f.Get("all") != "" {
		var upTo entente.Time
		if err := upTo.UnmarshalText([]byte(f.Get("upto"))); err != nil {
			return entente.Errorf(entente.Invalid, "go back to the inbox and try again", "form: %w", err)
		}
		m, err := v.marks()
		if err != nil {
			return err
		}
		if upTo.String() > m.upTo {
			notes = append(notes, node.Note{Space: space, Key: readUpTo, Value: []byte(upTo.String())})
		}
	} else {
		ids := f["record"]
		for _, id := range ids[:min(len(ids), listSize)] {
			_, err := v.node.Kept(ctx, space, id)
			if entente.KindOf(err) == entente.Hidden {
				notes, err = append(notes, node.Note{Space: space, Key: id, Value: []byte{}}), nil
			}
			if err != nil {
				return err
			}
		}
	}
	if len(notes) > 0 {
		if err := v.node.Keep(ctx, notes...); err != nil {
			return err
		}
	}
	http.Redirect(v.w, v.r, here(f.Get("back")), http.StatusSeeOther)
	return nil
}
