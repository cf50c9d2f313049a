package store

import (
	"database/sql"
	"fmt"

	"entente"
)

const deliveryColumns = `d.n, (SELECT name FROM names WHERE names.n = d.recipient), (SELECT name FROM names WHERE names.n = d.compact),
	a.id, a.kind, d.pos, d.reason`

const deliveries = ` FROM deliveries d JOIN acts a ON a.n = d.act `

func scanDelivery(rows *sql.Rows, d *Delivery) error {
	return rows.Scan(&d.N, (*string)(&d.To), (*string)(&d.Compact), (*string)(&d.Act), (*string)(&d.Kind), &d.Pos, &d.Reason)
}

// Enqueue adds what is owed, in this order, at the end of the queue. N, Kind,
// Pos and Reason are the store's to fill in; the act must be there, ErrNotFound
// otherwise. What was enqueued before (To, Compact, Act) stays as it is, sent
// and dropped ones too.
func (tx *Tx) Enqueue(owed []Delivery) error { return tx.enqueue(owed, false) }

// EnqueueAgain is Enqueue for what must be sent anew: what was sent or dropped
// before goes back to the end of the queue, with a new N and without its position.
func (tx *Tx) EnqueueAgain(owed []Delivery) error { return tx.enqueue(owed, true) }

func (tx *Tx) enqueue(owed []Delivery, again bool) error {
	for _, d := range owed {
		if err := tx.enqueueOne(d, again); err != nil {
			return fmt.Errorf("enqueue act %s for %s: %w", entente.Short(d.Act), entente.Short(d.To), err)
		}
	}
	return nil
}

func (tx *Tx) enqueueOne(d Delivery, again bool) error {
	to, err := tx.name(string(d.To))
	if err != nil {
		return err
	}
	compact, err := tx.name(string(d.Compact))
	if err != nil {
		return err
	}
	type queued struct {
		n    int64
		kind entente.Kind
	}
	act, err := one(tx, func(rows *sql.Rows, q *queued) error { return rows.Scan(&q.n, (*string)(&q.kind)) },
		`SELECT n, kind FROM acts WHERE id = ?1`, string(d.Act))
	if err != nil {
		return err
	}
	if again {
		if _, err := tx.exec(`DELETE FROM deliveries WHERE act = ?1 AND recipient = ?2 AND compact = ?3 AND pos <> -1`, act.n, to, compact); err != nil {
			return err
		}
	}
	_, err = tx.exec(`INSERT INTO deliveries (act, recipient, compact, control, pos, reason) VALUES (?1, ?2, ?3, ?4, -1, '') ON CONFLICT DO NOTHING`,
		act.n, to, compact, bit(act.kind.Control()))
	return err
}

// Queued gives up to limit deliveries that wait for one party, by N; in one
// compact, or in all when compact is empty.
func (tx *Tx) Queued(to entente.PartyID, compact entente.CompactID, limit int) ([]Delivery, error) {
	query := `SELECT ` + deliveryColumns + deliveries + `WHERE d.pos = -1 AND d.recipient = (SELECT n FROM names WHERE name = ?1)`
	args := []any{string(to), int64(limit)}
	if compact != "" {
		query += ` AND d.compact = (SELECT n FROM names WHERE name = ?3)`
		args = append(args, string(compact))
	}
	rows, err := list(tx, scanDelivery, query+` ORDER BY d.n LIMIT ?2`, args...)
	return rows, failed("queue for "+entente.Short(to), err)
}

// SetPosition says where in its channel the delivery n stands.
func (tx *Tx) SetPosition(n, pos int64) error {
	changed, err := tx.exec(`UPDATE deliveries SET pos = ?2, reason = '' WHERE n = ?1`, n, pos)
	return failed(fmt.Sprintf("set position of delivery %d", n), found(changed, err))
}

// SetPositions says that these deliveries stand at first, first+1, … of their channel.
func (tx *Tx) SetPositions(ns []int64, first int64) error {
	for i, n := range ns {
		if err := tx.SetPosition(n, first+int64(i)); err != nil {
			return err
		}
	}
	return nil
}

// Drop takes the delivery n out of the queue, unsent.
func (tx *Tx) Drop(n int64, reason string) error {
	changed, err := tx.exec(`UPDATE deliveries SET pos = -2, reason = ?2 WHERE n = ?1`, n, reason)
	return failed(fmt.Sprintf("drop delivery %d", n), found(changed, err))
}

// Substitute puts another act in the place of the one that delivery n has in the
// queue, which is dropped for this reason. ErrNotFound if n does not wait, or
// there is no such act.
func (tx *Tx) Substitute(n int64, act entente.ActID, reason string) error {
	what := fmt.Sprintf("substitute delivery %d", n)
	old, err := one(tx, number, `SELECT act FROM deliveries WHERE n = ?1 AND pos = -1`, n)
	if err != nil {
		return failed(what, err)
	}
	fresh, err := one(tx, number, `SELECT n FROM acts WHERE id = ?1`, string(act))
	if err != nil {
		return failed(what, err)
	}
	if _, err := tx.exec(`UPDATE deliveries SET act = ?2 WHERE n = ?1`, n, fresh); err != nil {
		return failed(what, err)
	}
	_, err = tx.exec(`INSERT INTO deliveries (act, recipient, compact, control, pos, reason)
		SELECT ?2, recipient, compact, control, -2, ?3 FROM deliveries WHERE n = ?1`, n, old, reason)
	return failed(what, err)
}

// DeliveriesOf gives the deliveries of one act, by N.
func (tx *Tx) DeliveriesOf(act entente.ActID) ([]Delivery, error) {
	rows, err := list(tx, scanDelivery, `SELECT `+deliveryColumns+deliveries+`WHERE a.id = ?1 ORDER BY d.n`, string(act))
	return rows, failed("deliveries of act "+entente.Short(act), err)
}

// DeliveryAt gives the delivery at a position of the channel to a party in a
// compact; of several epochs the latest.
func (tx *Tx) DeliveryAt(to entente.PartyID, compact entente.CompactID, pos int64) (Delivery, error) {
	d, err := one(tx, scanDelivery, `SELECT `+deliveryColumns+deliveries+`WHERE d.pos >= 0 AND d.pos = ?3
		AND d.recipient = (SELECT n FROM names WHERE name = ?1) AND d.compact = (SELECT n FROM names WHERE name = ?2)
		ORDER BY d.n DESC LIMIT 1`, string(to), string(compact), pos)
	return d, failed(fmt.Sprintf("delivery %d to %s", pos, entente.Short(to)), err)
}

// QueueCount is how many deliveries wait for one party in one compact.
type QueueCount struct {
	To      entente.PartyID
	Compact entente.CompactID
	Queued  int64
}

// QueueCounts gives the lengths of the queues that are not empty, by To, then Compact.
func (tx *Tx) QueueCounts() ([]QueueCount, error) {
	rows, err := list(tx, func(rows *sql.Rows, q *QueueCount) error {
		return rows.Scan((*string)(&q.To), (*string)(&q.Compact), &q.Queued)
	}, `SELECT p.name, c.name, q.queued
		FROM (SELECT recipient, compact, COUNT(*) AS queued FROM deliveries WHERE pos = -1 GROUP BY recipient, compact) q
		JOIN names p ON p.n = q.recipient JOIN names c ON c.n = q.compact ORDER BY p.name, c.name`)
	return rows, failed("queues", err)
}

// EachDelivery calls fn for every delivery, by N. fn may use tx.
func (tx *Tx) EachDelivery(fn func(Delivery) error) error {
	return pages(1000, func(last int64, limit int) ([]Delivery, error) {
		return list(tx, scanDelivery, `SELECT `+deliveryColumns+deliveries+`WHERE d.n > ?1 ORDER BY d.n LIMIT ?2`, last, int64(limit))
	}, func(d Delivery) (int64, error) { return d.N, fn(d) })
}
