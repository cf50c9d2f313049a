package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

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

// RecordsNamed gives the records with these ids, and all versions of the objects
// with these STIX ids, without bytes, by N. What is not there is left out.
func (tx *Tx) RecordsNamed(ids []entente.RecordID, stix []string) ([]Record, error) {
	found, err := tx.recordInfos(ids)
	if err != nil {
		return nil, err
	}
	for rest := stix; len(rest) > 0; {
		var ask []string
		ask, rest = portion(rest)
		rows, err := list(tx, scanRecord, `SELECT `+recordColumns+` FROM records r WHERE r.stix IN (`+in(1, len(ask))+`)`, arguments(ask)...)
		if err != nil {
			return nil, fmt.Errorf("versions of %d objects: %w", len(stix), err)
		}
		for _, r := range rows {
			found[r.ID] = r
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Record) int { return cmp.Compare(a.N, b.N) }), nil
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
	if err = found(n, err); err == nil {
		err = tx.insertReferences([]Record{r})
	}
	if err == nil {
		_, err = tx.exec(`INSERT INTO texts_due (record) SELECT n FROM records WHERE id = ?1`, string(r.ID))
	}
	return failed("restore record "+entente.Short(r.ID), err)
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

// Granted is a record that a reader may see, without bytes, and the grant by
// which the reader may.
type Granted struct {
	Grant  Grant
	Record Record
}

// GrantedRecords pages through what a reader may see like Grants, but gives each
// record once: by its first grant that has not expired on this day. It goes on
// behind that number, or backwards from the newest before it; 0 is either end.
func (tx *Tx) GrantedRecords(reader entente.PartyID, compact entente.CompactID, today entente.Date, after int64, limit int, newest bool) ([]Granted, error) {
	out, err := tx.grantedRecords(reader, compact, today, after, limit, newest)
	return out, failed("records granted to "+entente.Short(reader), err)
}

func (tx *Tx) grantedRecords(reader entente.PartyID, compact entente.CompactID, today entente.Date, after int64, limit int, newest bool) ([]Granted, error) {
	// One question for a page. Names stand in it as numbers, which are looked up
	// behind it, each once: a page has a few of them, a hundred times.
	who, err := one(tx, number, `SELECT n FROM names WHERE name = ?1`, string(reader))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	behind, order := direction("g.n", &after, newest)
	in, same := ``, ``
	args := []any{who, after, int64(limit), string(today)}
	if compact != "" {
		in, same = ` AND g.compact = (SELECT n FROM names WHERE name = ?5)`, ` AND h.compact = g.compact`
		args = append(args, string(compact))
	}
	var releases, compacts, originators []int64
	// The plus keeps SQLite from reading, for each row, all that the reader has before it.
	out, err := list(tx, func(rows *sql.Rows, x *Granted) error {
		var compact, release, originator, arrived int64
		r := &x.Record
		err := rows.Scan(&x.Grant.N, &compact, &release, (*string)(&x.Grant.Until), &r.N, (*string)(&r.ID), &originator, &r.Media, &r.STIX, &r.Type,
			&r.Version, &r.Name, &r.Revoked, &r.Refs, &r.Size, &r.Gone, &arrived)
		r.Arrived = instant(arrived)
		x.Grant.Reader, x.Grant.Record, x.Grant.STIX = reader, r.ID, r.STIX
		releases, compacts, originators = append(releases, release), append(compacts, compact), append(originators, originator)
		return err
	}, `SELECT g.n, g.compact, g.release, g.until, r.n, r.id, r.originator, r.media, r.stix, r.type, r.version, r.name, r.revoked, r.refs, r.size, r.gone, r.arrived
		FROM grants g JOIN records r ON r.n = g.record WHERE g.reader = ?1`+in+` AND `+behind+` AND (g.until = '' OR g.until > ?4) AND NOT EXISTS (
		SELECT 1 FROM grants h WHERE h.record = g.record AND h.reader = g.reader`+same+` AND +h.n < g.n AND (h.until = '' OR h.until > ?4))`+order+` LIMIT ?3`, args...)
	if err != nil {
		return nil, err
	}
	const ofName, ofAct = `SELECT name FROM names WHERE n = ?1`, `SELECT id FROM acts WHERE n = ?1`
	names, acts := map[int64]string{}, map[int64]string{0: ""}
	for i := range out {
		x := &out[i]
		err := errors.Join(
			tx.text(names, ofName, compacts[i], (*string)(&x.Grant.Compact)),
			tx.text(names, ofName, originators[i], (*string)(&x.Record.Originator)),
			tx.text(acts, ofAct, releases[i], (*string)(&x.Grant.Release)),
		)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// text looks up what a number stands for, unless known has it.
func (tx *Tx) text(known map[int64]string, query string, n int64, to *string) error {
	s, ok := known[n]
	if !ok {
		var err error
		if s, err = one(tx, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, query, n); err != nil {
			return err
		}
		known[n] = s
	}
	*to = s
	return nil
}
