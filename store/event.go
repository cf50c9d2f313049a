package store

import "database/sql"

func scanEvent(rows *sql.Rows, e *Event) error {
	var at int64
	err := rows.Scan(&e.N, &at, &e.What, &e.Who, (*string)(&e.Compact), &e.Subject, &e.Detail)
	e.At = instant(at)
	return err
}

// Log adds an event to the local log; its N is ignored.
func (tx *Tx) Log(e Event) error {
	_, err := tx.exec(`INSERT INTO events (at, what, who, compact, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
		micros(e.At), e.What, e.Who, string(e.Compact), e.Subject, e.Detail)
	return failed("log "+e.What, err)
}

// Events pages through the local log by N, from the first after that number.
func (tx *Tx) Events(after int64, limit int) ([]Event, error) {
	rows, err := list(tx, scanEvent, `SELECT n, at, what, who, compact, subject, detail FROM events WHERE n > ?1 ORDER BY n LIMIT ?2`,
		after, int64(limit))
	return rows, failed("events", err)
}
