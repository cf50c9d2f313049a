package store

import (
	"database/sql"

	"entente"
)

// InsertSources notes what an own record rests on; what is noted already stays.
func (tx *Tx) InsertSources(record entente.RecordID, sources []entente.RecordID) error {
	for _, s := range sources {
		if _, err := tx.exec(`INSERT INTO sources (record, source) VALUES (?1, ?2) ON CONFLICT DO NOTHING`, string(record), string(s)); err != nil {
			return failed("sources of record "+entente.Short(record), err)
		}
	}
	return nil
}

// Sources gives what a record rests on, by id.
func (tx *Tx) Sources(record entente.RecordID) ([]entente.RecordID, error) {
	return tx.related(`SELECT source FROM sources WHERE record = ?1 ORDER BY source`, record)
}

// Derived gives the own records that rest on a record, by id.
func (tx *Tx) Derived(source entente.RecordID) ([]entente.RecordID, error) {
	return tx.related(`SELECT record FROM sources WHERE source = ?1 ORDER BY record`, source)
}

// HasSources says whether any record rests on another.
func (tx *Tx) HasSources() (bool, error) {
	n, err := one(tx, number, `SELECT COUNT(*) FROM (SELECT 1 FROM sources LIMIT 1)`)
	return n > 0, err
}

func (tx *Tx) related(query string, id entente.RecordID) ([]entente.RecordID, error) {
	ids, err := list(tx, func(rows *sql.Rows, id *entente.RecordID) error { return rows.Scan((*string)(id)) }, query, string(id))
	return ids, failed("sources of record "+entente.Short(id), err)
}

// EachSource calls fn for every record and what it rests on, by record; gone is
// what erased the source, empty while it stands. fn may use tx.
func (tx *Tx) EachSource(fn func(record, source entente.RecordID, gone string) error) error {
	type pair struct {
		record, source entente.RecordID
		gone           string
	}
	rows, err := list(tx, func(rows *sql.Rows, p *pair) error {
		return rows.Scan((*string)(&p.record), (*string)(&p.source), &p.gone)
	}, `SELECT s.record, s.source, r.gone FROM sources s JOIN records r ON r.id = s.source ORDER BY s.record, s.source`)
	if err != nil {
		return failed("sources", err)
	}
	for _, p := range rows {
		if err := fn(p.record, p.source, p.gone); err != nil {
			return err
		}
	}
	return nil
}
