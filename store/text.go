package store

import (
	"database/sql"
	"fmt"
	"strings"
)

// The words of records are kept for whoever looks for them, beside the records
// and later than they: a record that came in waits among texts_due until its
// words are written (Due, InsertTexts). Both go with its body.
//
// texts is an index of the engine's own kind, of which an engine need know only
// what Matching asks (SQLite: FTS5). Each word stands in it behind the letters of a
// window of records: the beginning of a frequent word is looked up in one window
// after the other, the newest first, and mostly in one.

// Text is the words of one record.
type Text struct {
	N     int64  // of the record
	Words string // folded, with one space between
}

// Phrase is words that stand one behind the other. The words hold letters, digits
// and marks and nothing else.
type Phrase struct {
	Words  []string
	Begins bool // the last one may go on
}

// windowSize is how many records have the same letters.
const windowSize = 1 << 17

// windowLetters is enough for two thousand million records.
const windowLetters = 3

// window is the letters of the window that a record is in.
func window(record int64) string {
	var letters [windowLetters]byte
	w := record / windowSize
	for i := windowLetters - 1; i >= 0; i-- {
		letters[i] = 'a' + byte(w%26)
		w /= 26
	}
	return string(letters[:])
}

// insertDue lets records that were put in after this number wait for their words.
func (tx *Tx) insertDue(after int64) error {
	_, err := tx.exec(`INSERT INTO texts_due (record) SELECT n FROM records WHERE n > ?1 AND gone = ''`, after)
	return err
}

func (tx *Tx) deleteText(record int64) error {
	if _, err := tx.exec(`DELETE FROM texts_due WHERE record = ?1`, record); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM texts WHERE rowid = ?1`, record)
	return err
}

// Due gives, with bytes and by N, records whose words are to be written.
func (tx *Tx) Due(limit int) ([]Record, error) {
	rows, err := list(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes FROM texts_due t CROSS JOIN records r
		WHERE r.n = t.record ORDER BY t.record LIMIT ?1`, int64(limit))
	return rows, failed("records whose words are due", err)
}

// CountDue counts the records whose words are to be written.
func (tx *Tx) CountDue() (int64, error) {
	n, err := one(tx, number, `SELECT COUNT(*) FROM texts_due`)
	return n, failed("count due words", err)
}

// InsertTexts writes words of records, which do not wait for them any more.
func (tx *Tx) InsertTexts(rows []Text) error {
	err := tx.insert(`texts (rowid, words)`, 2, len(rows), func(i int, v []any) ([]any, error) {
		return append(v, rows[i].N, inWindow(rows[i].N, rows[i].Words)), nil
	})
	for i := 0; i < len(rows) && err == nil; i++ {
		_, err = tx.exec(`DELETE FROM texts_due WHERE record = ?1`, rows[i].N)
	}
	return failed(fmt.Sprintf("words of %d records", len(rows)), err)
}

// inWindow puts the letters of a record's window before each of its words.
func inWindow(record int64, words string) string {
	if words == "" {
		return ""
	}
	letters := window(record)
	return letters + strings.ReplaceAll(words, " ", " "+letters)
}

// Matching pages, without bytes, through the records in whose words each phrase
// stands, backwards by N from the last before that number. There must be a phrase.
func (tx *Tx) Matching(phrases []Phrase, before int64, limit int) ([]Record, error) {
	newest, err := one(tx, number, `SELECT COALESCE(MAX(n), 0) FROM records`)
	if err != nil {
		return nil, failed("records with these words", err)
	}
	var out []Record
	for w := min(before-1, newest) / windowSize * windowSize; w >= 0 && len(out) < limit; w -= windowSize {
		rows, err := list(tx, scanRecord, `SELECT `+recordColumns+` FROM texts CROSS JOIN records r
			WHERE texts MATCH ?1 AND texts.rowid < ?2 AND r.n = texts.rowid ORDER BY texts.rowid DESC LIMIT ?3`,
			match(phrases, window(w)), before, int64(limit-len(out)))
		if err != nil {
			return nil, failed("records with these words", err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// match writes phrases as FTS5 reads them (sqlite.org/fts5.html, section 3).
func match(phrases []Phrase, letters string) string {
	var b strings.Builder
	for i, p := range phrases {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(`"` + letters + strings.Join(p.Words, " "+letters) + `"`)
		if p.Begins {
			b.WriteString(" *")
		}
	}
	return b.String()
}

// Words gives the words that were written of a record; ErrNotFound if there are
// none, and due if they are to be written.
func (tx *Tx) Words(record int64) (words string, due bool, err error) {
	words, err = one(tx, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, `SELECT words FROM texts WHERE rowid = ?1`, record)
	if err == ErrNotFound {
		var n int64
		n, err = one(tx, number, `SELECT COUNT(*) FROM texts_due WHERE record = ?1`, record)
		if due = n > 0; err == nil && !due {
			err = ErrNotFound
		}
	}
	if letters := window(record); words != "" {
		words = strings.ReplaceAll(strings.TrimPrefix(words, letters), " "+letters, " ")
	}
	return words, due, failed("words of a record", err)
}

// CountTexts counts the records that have words or wait for them.
func (tx *Tx) CountTexts() (int64, error) {
	n, err := one(tx, number, `SELECT (SELECT COUNT(*) FROM texts) + (SELECT COUNT(*) FROM texts_due)`)
	return n, failed("count words", err)
}
