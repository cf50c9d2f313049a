package store

import (
	"database/sql"
	"time"

	"entente"
)

// Note is something that the people of a party want kept beside the records:
// an account of the desk, a session, a draft, a mark. Nothing of it is ever sent.
type Note struct {
	Space, Key string
	Value      []byte
	Until      entente.Time // when it ends; zero: never
}

func scanNote(rows *sql.Rows, n *Note) error {
	var until int64
	err := rows.Scan(&n.Space, &n.Key, &n.Value, &until)
	if until != 0 {
		n.Until = instant(until)
	}
	return err
}

func noteUntil(t entente.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}

// PutNote keeps a note, in the place of the one with its key.
func (tx *Tx) PutNote(n Note) error {
	_, err := tx.exec(`INSERT INTO notes (space, key, value, until) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (space, key) DO UPDATE SET value = ?3, until = ?4`, n.Space, n.Key, n.Value, noteUntil(n.Until))
	return failed("note "+n.Space, err)
}

// Note gives a note, ended or not; ErrNotFound if there is none.
func (tx *Tx) Note(space, key string) (Note, error) {
	n, err := one(tx, scanNote, `SELECT space, key, value, until FROM notes WHERE space = ?1 AND key = ?2`, space, key)
	return n, failed("note "+space, err)
}

// Notes gives the notes of a space, ended or not, by key.
func (tx *Tx) Notes(space string) ([]Note, error) {
	all, err := list(tx, scanNote, `SELECT space, key, value, until FROM notes WHERE space = ?1 ORDER BY key`, space)
	return all, failed("notes "+space, err)
}

// DeleteNote removes a note; one that is not there is no error.
func (tx *Tx) DeleteNote(space, key string) error {
	_, err := tx.exec(`DELETE FROM notes WHERE space = ?1 AND key = ?2`, space, key)
	return failed("note "+space, err)
}

// DeleteEndedNotes removes the notes that have ended by now, and says how many.
func (tx *Tx) DeleteEndedNotes(now time.Time) (int64, error) {
	n, err := tx.exec(`DELETE FROM notes WHERE until <> 0 AND until <= ?1`, micros(entente.At(now)))
	return n, failed("notes", err)
}

// DeleteNotesOf removes the notes of all spaces whose name ends with a slash and this word.
func (tx *Tx) DeleteNotesOf(word string) error {
	_, err := tx.exec(`DELETE FROM notes WHERE substr(space, -length(?1) - 1) = '/' || ?1`, word)
	return failed("notes of "+word, err)
}
