package store

import (
	"slices"
	"strings"

	"entente"
)

// Who refers to an object is kept in rows of its own, made from Record.Refs.

// insertReferences adds the references of records that are there.
func (tx *Tx) insertReferences(records []Record) error {
	type reference struct {
		stix   string
		record entente.RecordID
	}
	var rows []reference
	var ids []entente.RecordID
	for i := range records {
		refs := strings.Fields(records[i].Refs)
		slices.Sort(refs)
		for _, stix := range slices.Compact(refs) {
			rows = append(rows, reference{stix, records[i].ID})
		}
		if len(refs) > 0 {
			ids = append(ids, records[i].ID)
		}
	}
	numbers, err := tx.recordNumbers(ids)
	if err != nil {
		return err
	}
	return tx.insert(`refs (stix, record)`, 2, len(rows), func(i int, v []any) ([]any, error) {
		return append(v, rows[i].stix, numbers[rows[i].record]), nil
	})
}

func (tx *Tx) deleteReferences(id entente.RecordID) error {
	// Told by the record's own number, so that no other row is looked at.
	_, err := tx.exec(`DELETE FROM refs WHERE record = (SELECT n FROM records WHERE id = ?1)`, string(id))
	return err
}

// Referring pages through the records that refer to a STIX id, by N, from the
// first after that number, without bytes.
func (tx *Tx) Referring(stix string, after int64, limit int) ([]Record, error) {
	rows, err := list(tx, scanRecord, `SELECT `+recordColumns+` FROM refs f CROSS JOIN records r
		WHERE f.stix = ?1 AND f.record > ?2 AND r.n = f.record ORDER BY f.record LIMIT ?3`, stix, after, int64(limit))
	return rows, failed("records that refer to "+stix, err)
}

// CountReferences counts the rows by which records are found from what they refer
// to, and those of them that their record bears out.
func (tx *Tx) CountReferences() (all, borne int64, err error) {
	if all, err = one(tx, number, `SELECT COUNT(*) FROM refs`); err == nil {
		borne, err = one(tx, number, `SELECT COUNT(*) FROM refs f CROSS JOIN records r
			WHERE r.n = f.record AND ' ' || r.refs || ' ' LIKE '% ' || f.stix || ' %'`)
	}
	return all, borne, failed("count references", err)
}
