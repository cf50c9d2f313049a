package store

import (
	"database/sql"
	"fmt"
	"math"

	"entente"
)

const recordColumns = `r.n, r.id, (SELECT name FROM names WHERE names.n = r.originator), r.media, r.stix, r.type,
	r.version, r.name, r.revoked, r.refs, r.size, r.gone, r.arrived`

func scanRecord(rows *sql.Rows, r *Record) error { return scanRecordAnd(rows, r) }

func scanRecordBytes(rows *sql.Rows, r *Record) error { return scanRecordAnd(rows, r, &r.Bytes) }

func scanRecordAnd(rows *sql.Rows, r *Record, more ...any) error {
	var arrived int64
	to := append([]any{
		&r.N, (*string)(&r.ID), (*string)(&r.Originator), &r.Media, &r.STIX, &r.Type,
		&r.Version, &r.Name, &r.Revoked, &r.Refs, &r.Size, &r.Gone, &arrived,
	}, more...)
	err := rows.Scan(to...)
	r.Arrived = instant(arrived)
	return err
}

// InsertRecords adds records in this order; their N is ignored. ErrConflict if
// an id is there already.
func (tx *Tx) InsertRecords(records []Record) error {
	last, err := one(tx, number, `SELECT COALESCE(MAX(n), 0) FROM records`)
	if err != nil {
		return failed("insert records", err)
	}
	err = tx.insert(`records (id, originator, media, stix, type, version, name, revoked, refs, size, gone, arrived, bytes)`, 13, len(records),
		func(i int, v []any) ([]any, error) {
			r := &records[i]
			originator, err := tx.name(string(r.Originator))
			if err != nil {
				return nil, err
			}
			return append(v, string(r.ID), originator, r.Media, r.STIX, r.Type, r.Version, r.Name, bit(r.Revoked),
				r.Refs, r.Size, r.Gone, micros(r.Arrived), r.Bytes), nil
		})
	if err == nil {
		err = tx.insertReferences(records)
	}
	if err == nil {
		err = tx.insertDue(last)
	}
	if err != nil && len(records) > 0 {
		return fmt.Errorf("insert %d records from %s on: %w", len(records), entente.Short(records[0].ID), err)
	}
	return err
}

// Record gives the record with its bytes.
func (tx *Tx) Record(id entente.RecordID) (Record, error) {
	r, err := one(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes FROM records r WHERE r.id = ?1`, string(id))
	return r, failed("record "+entente.Short(id), err)
}

// Records gives the records with their bytes in the order asked for;
// ErrNotFound if one is missing.
func (tx *Tx) Records(ids []entente.RecordID) ([]Record, error) {
	found := make(map[entente.RecordID]Record, len(ids))
	for rest := ids; len(rest) > 0; {
		var ask []entente.RecordID
		ask, rest = portion(rest)
		rows, err := list(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes FROM records r WHERE r.id IN (`+in(1, len(ask))+`)`,
			arguments(ask)...)
		if err != nil {
			return nil, fmt.Errorf("%d records: %w", len(ids), err)
		}
		for _, r := range rows {
			found[r.ID] = r
		}
	}
	out := make([]Record, len(ids))
	for i, id := range ids {
		r, ok := found[id]
		if !ok {
			return nil, fmt.Errorf("record %s: %w", entente.Short(id), ErrNotFound)
		}
		out[i] = r
	}
	return out, nil
}

// Versions gives what the originator put under one STIX id, by Version, then N, without bytes.
func (tx *Tx) Versions(originator entente.PartyID, stix string) ([]Record, error) {
	rows, err := list(tx, scanRecord, `SELECT `+recordColumns+versions, string(originator), stix)
	return rows, failed("versions of "+stix, err)
}

// VersionsWithBytes is Versions with bytes.
func (tx *Tx) VersionsWithBytes(originator entente.PartyID, stix string) ([]Record, error) {
	rows, err := list(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes`+versions, string(originator), stix)
	return rows, failed("versions of "+stix, err)
}

const versions = ` FROM records r WHERE r.stix = ?2 AND r.originator = (SELECT n FROM names WHERE name = ?1)
	ORDER BY r.version, r.n`

// OwnRecords pages through the records of one originator by N, from the first
// after that number on, or backwards from the newest before it, without bytes; of
// one STIX type, or of all when typ is empty. 0 is either end.
func (tx *Tx) OwnRecords(originator entente.PartyID, after int64, limit int, typ string, newest bool) ([]Record, error) {
	behind, order := direction("r.n", &after, newest)
	query := `SELECT ` + recordColumns + ` FROM records r WHERE r.originator = (SELECT n FROM names WHERE name = ?1) AND ` + behind
	args := []any{string(originator), after, int64(limit)}
	if typ != "" {
		query += ` AND r.type = ?4`
		args = append(args, typ)
	}
	rows, err := list(tx, scanRecord, query+order+` LIMIT ?3`, args...)
	return rows, failed("records of "+entente.Short(originator), err)
}

// direction is the condition by which a list of column goes on behind the number
// ?2, and its order.
func direction(column string, after *int64, newest bool) (behind, order string) {
	if !newest {
		return column + ` > ?2`, ` ORDER BY ` + column
	}
	if *after == 0 {
		*after = math.MaxInt64
	}
	return column + ` < ?2`, ` ORDER BY ` + column + ` DESC`
}

// FindRecords gives up to limit records whose id or STIX id begins with prefix,
// by N, without bytes. A record id may be given without its "sha256:".
func (tx *Tx) FindRecords(prefix string, limit int) ([]Record, error) {
	hash := "sha256:" + prefix
	rows, err := list(tx, scanRecord, `SELECT `+recordColumns+` FROM records r WHERE r.n IN (
			SELECT n FROM records WHERE id >= ?1 AND id < ?2
			UNION SELECT n FROM records WHERE id >= ?3 AND id < ?4
			UNION SELECT n FROM records WHERE stix >= ?1 AND stix < ?2)
		ORDER BY r.n LIMIT ?5`, prefix, after(prefix), hash, after(hash), int64(limit))
	return rows, failed("records "+prefix, err)
}

// EraseRecord removes the body, name, references and words of a record and says what
// erased it. A record erased before stays as it is.
func (tx *Tx) EraseRecord(id entente.RecordID, by string) error {
	n, err := tx.exec(`UPDATE records SET bytes = NULL, name = '', refs = '', gone = ?2 WHERE id = ?1 AND gone = ''`, string(id), by)
	var row int64
	if err == nil {
		row, err = one(tx, number, `SELECT n FROM records WHERE id = ?1`, string(id))
	}
	if err == nil && n > 0 {
		err = tx.deleteReferences(id)
	}
	if err == nil && n > 0 {
		err = tx.deleteText(row)
	}
	tx.s.erased = tx.s.erased || n > 0
	return failed("erase record "+entente.Short(id), err)
}

// EachRecord calls fn for every record with its bytes, by N. fn may use tx.
func (tx *Tx) EachRecord(fn func(Record) error) error {
	return pages(100, func(last int64, limit int) ([]Record, error) {
		return list(tx, scanRecord, `SELECT `+recordColumns+` FROM records r WHERE r.n > ?1 ORDER BY r.n LIMIT ?2`, last, int64(limit))
	}, func(r Record) (int64, error) {
		// One at a time: a page of the largest records would not fit the memory.
		full, err := one(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes FROM records r WHERE r.n = ?1`, r.N)
		if err != nil {
			return r.N, err
		}
		return r.N, fn(full)
	})
}

// CountRecords counts the records of one originator, erased ones too.
func (tx *Tx) CountRecords(originator entente.PartyID) (int64, error) {
	n, err := one(tx, number, `SELECT COUNT(*) FROM records WHERE originator = (SELECT n FROM names WHERE name = ?1)`, string(originator))
	return n, failed("count records", err)
}
