package store

import (
	"database/sql"
	"errors"
	"fmt"

	"entente"
)

// RecordInfos gives the records without bytes in the order asked for;
// ErrNotFound if one is missing.
func (tx *Tx) RecordInfos(ids []entente.RecordID) ([]Record, error) {
	found, err := tx.recordInfos(ids)
	if err != nil {
		return nil, err
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

func (tx *Tx) recordInfos(ids []entente.RecordID) (map[entente.RecordID]Record, error) {
	found := make(map[entente.RecordID]Record, len(ids))
	for rest := ids; len(rest) > 0; {
		var ask []entente.RecordID
		ask, rest = portion(rest)
		rows, err := list(tx, scanRecord, `SELECT `+recordColumns+` FROM records r WHERE r.id IN (`+in(1, len(ask))+`)`, arguments(ask)...)
		if err != nil {
			return nil, fmt.Errorf("%d records: %w", len(ids), err)
		}
		for _, r := range rows {
			found[r.ID] = r
		}
	}
	return found, nil
}

// KnownRecords says of those records that have a row whether they still stand
// (true) or were erased (false).
func (tx *Tx) KnownRecords(ids []entente.RecordID) (map[entente.RecordID]bool, error) {
	known := map[entente.RecordID]bool{}
	for rest := ids; len(rest) > 0; {
		var ask []entente.RecordID
		ask, rest = portion(rest)
		err := tx.each(func(rows *sql.Rows) error {
			var id, gone string
			err := rows.Scan(&id, &gone)
			known[entente.RecordID(id)] = gone == ""
			return err
		}, `SELECT id, gone FROM records WHERE id IN (`+in(1, len(ask))+`)`, arguments(ask)...)
		if err != nil {
			return nil, fmt.Errorf("%d records: %w", len(ids), err)
		}
	}
	return known, nil
}

// RestoreRecord fills the row of an erased record again; ErrNotFound if there
// is no such row, or it stands.
func (tx *Tx) RestoreRecord(r Record) error {
	n, err := tx.exec(`UPDATE records SET bytes = ?2, stix = ?3, type = ?4, version = ?5, name = ?6, revoked = ?7, refs = ?8, size = ?9, gone = '', arrived = ?10
		WHERE id = ?1 AND gone <> ''`,
		string(r.ID), r.Bytes, r.STIX, r.Type, r.Version, r.Name, bit(r.Revoked), r.Refs, r.Size, micros(r.Arrived))
	return failed("restore record "+entente.Short(r.ID), found(n, err))
}

// VersionsOf gives everything the originator put under these STIX ids, with
// bytes, in no order.
func (tx *Tx) VersionsOf(originator entente.PartyID, stix []string) ([]Record, error) {
	from, err := one(tx, number, `SELECT n FROM names WHERE name = ?1`, string(originator))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Record
	for rest := stix; len(rest) > 0; {
		var ask []string
		ask, rest = portion(rest)
		rows, err := list(tx, scanRecordBytes, `SELECT `+recordColumns+`, r.bytes FROM records r
			WHERE r.stix IN (`+in(2, len(ask))+`) AND r.originator = ?1`, append([]any{from}, arguments(ask)...)...)
		if err != nil {
			return nil, fmt.Errorf("versions of %d objects: %w", len(stix), err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// LastAct is the greatest N among a compact's acts of these kinds; 0 if there is none.
func (tx *Tx) LastAct(compact entente.CompactID, kinds ...entente.Kind) (int64, error) {
	n, err := one(tx, number, `SELECT COALESCE(MAX(a.n), 0) FROM acts a WHERE a.compact = (SELECT n FROM names WHERE name = ?1)
		AND a.kind IN (`+in(2, len(kinds))+`)`, append([]any{string(compact)}, arguments(kinds)...)...)
	return n, failed("last act of compact "+entente.Short(compact), err)
}

// QueuedAfter is Queued in one compact from the first delivery after the number
// n: control acts, or the others.
func (tx *Tx) QueuedAfter(to entente.PartyID, compact entente.CompactID, control bool, n int64, limit int) ([]Delivery, error) {
	rows, err := list(tx, scanDelivery, `SELECT `+deliveryColumns+deliveries+`WHERE d.pos = -1 AND d.recipient = (SELECT n FROM names WHERE name = ?1)
		AND d.compact = (SELECT n FROM names WHERE name = ?2) AND d.control = ?5 AND d.n > ?3 ORDER BY d.n LIMIT ?4`,
		string(to), string(compact), n, int64(limit), bit(control))
	return rows, failed("queue for "+entente.Short(to), err)
}

// MoveGrants lets the grants of one release rest on another.
func (tx *Tx) MoveGrants(from, to entente.ActID) error {
	_, err := tx.exec(`UPDATE grants SET release = (SELECT n FROM acts WHERE id = ?2) WHERE release = (SELECT n FROM acts WHERE id = ?1)`,
		string(from), string(to))
	return failed("move grants of release "+entente.Short(from), err)
}

// ExpiredGrants gives the grants that end at the start of this day or before, by N.
func (tx *Tx) ExpiredGrants(day entente.Date) ([]Grant, error) {
	rows, err := list(tx, scanGrant, `SELECT `+grantColumns+grants+`WHERE g.until <> '' AND g.until <= ?1 ORDER BY g.n`, string(day))
	return rows, failed("expired grants", err)
}

// GrantedRecords pages through what a reader may see like Grants, but gives each
// record once: by its first grant that has not expired on this day.
func (tx *Tx) GrantedRecords(reader entente.PartyID, compact entente.CompactID, today entente.Date, after int64, limit int) ([]Grant, error) {
	query, same := `SELECT `+grantColumns+grants+`WHERE `+byReader, ``
	args := []any{string(reader), after, int64(limit), string(today)}
	if compact != "" {
		same = ` AND h.compact = g.compact`
		query += ` AND g.compact = (SELECT n FROM names WHERE name = ?5)`
		args = append(args, string(compact))
	}
	// The plus keeps SQLite from reading, for each row, all that the reader has before it.
	rows, err := list(tx, scanGrant, query+` AND g.n > ?2 AND (g.until = '' OR g.until > ?4) AND NOT EXISTS (
		SELECT 1 FROM grants h WHERE h.record = g.record AND h.reader = g.reader`+same+` AND +h.n < g.n AND (h.until = '' OR h.until > ?4))
		ORDER BY g.n LIMIT ?3`, args...)
	return rows, failed("records granted to "+entente.Short(reader), err)
}
