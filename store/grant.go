package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"entente"
)

const grantColumns = `g.n, (SELECT name FROM names WHERE names.n = g.reader), (SELECT name FROM names WHERE names.n = g.compact),
	r.id, r.stix, COALESCE((SELECT a.id FROM acts a WHERE a.n = g.release), ''), g.until`

const (
	grants   = ` FROM grants g JOIN records r ON r.n = g.record `
	byReader = `g.reader = (SELECT n FROM names WHERE name = ?1)`
	inOne    = byReader + ` AND g.compact = (SELECT n FROM names WHERE name = ?2)`
)

func scanGrant(rows *sql.Rows, g *Grant) error {
	return rows.Scan(&g.N, (*string)(&g.Reader), (*string)(&g.Compact), (*string)(&g.Record), &g.STIX, (*string)(&g.Release), (*string)(&g.Until))
}

// InsertGrants adds grants in this order. N and STIX are the store's to fill in;
// the record and, if one is named, the release must be there: ErrNotFound
// otherwise. ErrConflict if the reader has that record by that release already.
func (tx *Tx) InsertGrants(rows []Grant) error {
	ids := make([]entente.RecordID, len(rows))
	for i := range rows {
		ids[i] = rows[i].Record
	}
	numbers, err := tx.recordNumbers(ids)
	if err != nil {
		return failed(fmt.Sprintf("insert %d grants", len(rows)), err)
	}
	releases := map[entente.ActID]int64{"": 0}
	err = tx.insert(`grants (reader, compact, record, release, until)`, 5, len(rows), func(i int, v []any) ([]any, error) {
		g := &rows[i]
		reader, err := tx.name(string(g.Reader))
		if err != nil {
			return nil, err
		}
		compact, err := tx.name(string(g.Compact))
		if err != nil {
			return nil, err
		}
		record, ok := numbers[g.Record]
		if !ok {
			return nil, tx.fail(fmt.Errorf("record %s: %w", entente.Short(g.Record), ErrNotFound))
		}
		release, ok := releases[g.Release]
		if !ok {
			if release, err = one(tx, number, `SELECT n FROM acts WHERE id = ?1`, string(g.Release)); err != nil {
				return nil, tx.fail(fmt.Errorf("release %s: %w", entente.Short(g.Release), err))
			}
			releases[g.Release] = release
		}
		return append(v, reader, compact, record, release, string(g.Until)), nil
	})
	return failed(fmt.Sprintf("insert %d grants", len(rows)), err)
}

// recordNumbers gives the numbers of records, as far as they are there. They are
// remembered until the transaction ends: the next grants are often of the same
// records, to another reader.
func (tx *Tx) recordNumbers(ids []entente.RecordID) (map[entente.RecordID]int64, error) {
	var unknown []entente.RecordID
	for _, id := range ids {
		if _, ok := tx.numbers[id]; !ok {
			unknown = append(unknown, id)
		}
	}
	if tx.numbers == nil {
		tx.numbers = make(map[entente.RecordID]int64, len(unknown))
	}
	for rest := unknown; len(rest) > 0; {
		var ask []entente.RecordID
		ask, rest = portion(rest)
		err := tx.each(func(row *sql.Rows) error {
			var id entente.RecordID
			var n int64
			err := row.Scan((*string)(&id), &n)
			tx.numbers[id] = n
			return err
		}, `SELECT id, n FROM records WHERE id IN (`+in(1, len(ask))+`)`, arguments(ask)...)
		if err != nil {
			return nil, err
		}
	}
	return tx.numbers, nil
}

// Grants pages through what a reader may see, by N, from the first after that
// number; in one compact, or in all when compact is empty.
func (tx *Tx) Grants(reader entente.PartyID, compact entente.CompactID, after int64, limit int) ([]Grant, error) {
	var rows []Grant
	var err error
	if compact == "" {
		rows, err = list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE `+byReader+` AND g.n > ?2 ORDER BY g.n LIMIT ?3`,
			string(reader), after, int64(limit))
	} else {
		rows, err = list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE `+inOne+` AND g.n > ?3 ORDER BY g.n LIMIT ?4`,
			string(reader), string(compact), after, int64(limit))
	}
	return rows, failed("grants of "+entente.Short(reader), err)
}

// GrantsFor gives a reader's grants of one record in one compact, by N.
func (tx *Tx) GrantsFor(reader entente.PartyID, compact entente.CompactID, record entente.RecordID) ([]Grant, error) {
	// The plus keeps SQLite from reading all that the reader has, in order, to save sorting one or two rows.
	rows, err := list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE `+inOne+` AND r.id = ?3 ORDER BY +g.n`,
		string(reader), string(compact), string(record))
	return rows, failed("grants of record "+entente.Short(record), err)
}

// GrantsOfRecord gives all grants of one record, by N.
func (tx *Tx) GrantsOfRecord(record entente.RecordID) ([]Grant, error) {
	rows, err := list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE r.id = ?1 ORDER BY g.n`, string(record))
	return rows, failed("grants of record "+entente.Short(record), err)
}

// GrantsTo gives all grants that a reader has of these records, by N.
func (tx *Tx) GrantsTo(reader entente.PartyID, records []entente.RecordID) ([]Grant, error) {
	var out []Grant
	for rest := records; len(rest) > 0; {
		var ask []entente.RecordID
		ask, rest = portion(rest)
		rows, err := list(tx, scanGrant, `SELECT `+grantColumns+` FROM records r CROSS JOIN grants g
			WHERE r.id IN (`+in(2, len(ask))+`) AND g.record = r.n AND `+byReader,
			append([]any{string(reader)}, arguments(ask)...)...)
		if err != nil {
			return nil, fmt.Errorf("grants to %s: %w", entente.Short(reader), err)
		}
		out = append(out, rows...)
	}
	slices.SortFunc(out, func(a, b Grant) int { return cmp.Compare(a.N, b.N) })
	return out, nil
}

// GrantsOfRelease gives all grants that rest on one release, by N.
func (tx *Tx) GrantsOfRelease(release entente.ActID) ([]Grant, error) {
	rows, err := list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE g.release = (SELECT n FROM acts WHERE id = ?1) ORDER BY g.n`,
		string(release))
	return rows, failed("grants of release "+entente.Short(release), err)
}

// Holds says which of these STIX ids the reader has a grant of in this compact
// that has not expired on this day; sent leaves out what still waits in the queue.
func (tx *Tx) Holds(reader entente.PartyID, compact entente.CompactID, today entente.Date, stix []string, sent bool) (map[string]bool, error) {
	gone := ``
	if sent {
		gone = ` AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.act = g.release AND d.recipient = g.reader AND d.compact = g.compact AND d.pos = -1)`
	}
	holds := map[string]bool{}
	for rest := stix; len(rest) > 0; {
		var ask []string
		ask, rest = portion(rest)
		err := tx.each(func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			holds[id] = true
			return err
		}, `SELECT r.stix FROM records r WHERE r.stix IN (`+in(4, len(ask))+`) AND EXISTS (
			SELECT 1 FROM grants g WHERE g.record = r.n AND (g.until = '' OR g.until > ?3) AND `+inOne+gone+`)`,
			append([]any{string(reader), string(compact), string(today)}, arguments(ask)...)...)
		if err != nil {
			return nil, fmt.Errorf("what %s holds: %w", entente.Short(reader), err)
		}
	}
	return holds, nil
}

// DeleteGrants ends a reader's grants by one release, of these records or, when
// records is nil, of all, and counts them.
func (tx *Tx) DeleteGrants(reader entente.PartyID, release entente.ActID, records []entente.RecordID) (int64, error) {
	const which = `DELETE FROM grants WHERE reader = (SELECT n FROM names WHERE name = ?1) AND release = (SELECT n FROM acts WHERE id = ?2)`
	var gone int64
	var err error
	if records == nil {
		gone, err = tx.exec(which, string(reader), string(release))
	}
	for rest := records; len(rest) > 0 && err == nil; {
		var some []entente.RecordID
		var n int64
		some, rest = portion(rest)
		n, err = tx.exec(which+` AND record IN (SELECT n FROM records WHERE id IN (`+in(3, len(some))+`))`,
			append([]any{string(reader), string(release)}, arguments(some)...)...)
		gone += n
	}
	return gone, failed("end grants of release "+entente.Short(release), err)
}

// EachGrant calls fn for every grant, by N. fn may use tx.
func (tx *Tx) EachGrant(fn func(Grant) error) error {
	return pages(1000, func(last int64, limit int) ([]Grant, error) {
		return list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE g.n > ?1 ORDER BY g.n LIMIT ?2`, last, int64(limit))
	}, func(g Grant) (int64, error) { return g.N, fn(g) })
}

// CountGrants counts a reader's grants in one compact.
func (tx *Tx) CountGrants(reader entente.PartyID, compact entente.CompactID) (int64, error) {
	n, err := one(tx, number, `SELECT COUNT(*) FROM grants g WHERE `+inOne, string(reader), string(compact))
	return n, failed("count grants of "+entente.Short(reader), err)
}
