// Package store keeps acts, records and the rows derived from them. It holds
// the row types and one body of portable SQL; an engine (store/sqlite) opens a
// database, holds its DDL, and runs functions on a [Tx]:
//
//	err := db.Update(ctx, func(tx *store.Tx) error {
//		if err := tx.InsertRecords(rows); err != nil {
//			return err
//		}
//		return tx.AppendLeaves(book.N, book.Size, leaves)
//	})
//
// What an engine promises, and store/storetest checks:
//   - Update is one transaction, on the disk when it returns nil. When fn
//     returns an error or panics, when the disk is full, or when the process
//     dies, nothing of it is kept.
//   - View is one snapshot: it sees no half of an Update and none that came
//     later. Writing in it fails.
//   - Updates run one after the other.
//
// The store is trusted for secrecy, not for integrity: whoever can write to the
// database can change any row, and what was changed no longer verifies.
//
// A method that fails for another reason than [ErrNotFound] or a lost
// compare-and-swap leaves the transaction broken: Update gives it up and returns
// that error even if fn returned nil. Rows come back in the order that each
// method names; an empty answer is an empty slice and no error.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"entente"
)

// Tx is one transaction. It is for one goroutine, and only until the function
// it was given to returns.
type Tx struct {
	ctx    context.Context // ends the transaction between two statements
	steady context.Context // the same, without an end: what statements run under
	s      *Session
	failed error // what broke it; nothing can be kept any more

	numbers map[entente.RecordID]int64 // of records that grants were written of
}

// usable says why the transaction cannot go on, if it cannot.
func (tx *Tx) usable() error {
	if err := tx.ctx.Err(); err != nil && tx.failed == nil {
		tx.failed = err
	}
	return tx.failed
}

// exec runs one statement and says how many rows it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	stmt, err := tx.prepare(query)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(tx.steady, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// prepare gives the statement for query, prepared once per connection.
func (tx *Tx) prepare(query string) (*sql.Stmt, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	stmt, err := tx.s.prepare(query)
	if err != nil {
		return nil, tx.fail(err)
	}
	return stmt, nil
}

// fail breaks the transaction and gives err its place among the errors of this package.
func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = tx.s.classify(err)
	}
	return tx.failed
}

// each calls scan for every row of the answer. scan must not use tx: a
// connection answers one question at a time.
func (tx *Tx) each(scan func(*sql.Rows) error, query string, args ...any) error {
	stmt, err := tx.prepare(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(tx.steady, args...)
	if err != nil {
		return tx.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return tx.fail(err)
		}
	}
	if err := rows.Err(); err != nil {
		return tx.fail(err)
	}
	return nil
}

// list collects the rows of the answer.
func list[T any](tx *Tx, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	var out []T
	err := tx.each(func(rows *sql.Rows) error {
		var row T
		if err := scan(rows, &row); err != nil {
			return err
		}
		out = append(out, row)
		return nil
	}, query, args...)
	return out, err
}

// one gives the single row of the answer, or ErrNotFound.
func one[T any](tx *Tx, scan func(*sql.Rows, *T) error, query string, args ...any) (T, error) {
	rows, err := list(tx, scan, query, args...)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

// number scans one whole number.
func number(rows *sql.Rows, n *int64) error { return rows.Scan(n) }

// name gives the number that stands for a party or compact id in all other
// tables, and makes one when there is none yet.
func (tx *Tx) name(id string) (int64, error) {
	if n, ok := tx.s.names[id]; ok {
		return n, nil
	}
	n, err := one(tx, number, `SELECT n FROM names WHERE name = ?1`, id)
	if errors.Is(err, ErrNotFound) {
		n, err = one(tx, number, `INSERT INTO names (name) VALUES (?1) RETURNING n`, id)
	}
	if err != nil {
		return 0, err
	}
	tx.s.names[id] = n
	return n, nil
}

// batch is the most rows that one INSERT carries: with SQLite 4 to 32 cost
// nearly the same, single ones a third more.
const batch = 16

// insert adds count rows, some at a time; row appends the values of row i.
func (tx *Tx) insert(into string, columns, count int, row func(i int, values []any) ([]any, error)) error {
	values := make([]any, 0, batch*columns)
	for i := 0; i < count; {
		k := 1
		if count-i >= batch {
			k = batch
		}
		values = values[:0]
		for range k {
			var err error
			if values, err = row(i, values); err != nil {
				return err
			}
			i++
		}
		if _, err := tx.exec(tx.s.insertion(into, columns, k), values...); err != nil {
			return err
		}
	}
	return nil
}

// in is the placeholders ?first … ?first+n-1 with commas between.
func in(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('?')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

// arguments gives a set of strings as arguments.
func arguments[T ~string](set []T) []any {
	out := make([]any, len(set))
	for i, s := range set {
		out[i] = string(s)
	}
	return out
}

// after is the least text that follows every text beginning with prefix.
func after(prefix string) string {
	if n := len(prefix); n > 0 && prefix[n-1] < 0x7f {
		return prefix[:n-1] + string(rune(prefix[n-1]+1))
	}
	return prefix + "\U0010ffff"
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// found turns a change of no row into ErrNotFound.
func found(changed int64, err error) error {
	if err == nil && changed == 0 {
		return ErrNotFound
	}
	return err
}

// portion cuts what one question asks for off a set. It comes in four sizes,
// filled up with repetitions, so that only four statements are ever prepared.
func portion[T any](set []T) (ask, rest []T) {
	size := 256
	switch {
	case len(set) == 1:
		size = 1
	case len(set) <= 16:
		size = 16
	case len(set) <= 100: // a page
		size = 100
	}
	ask = make([]T, size)
	n := copy(ask, set)
	for i := n; i < size; i++ {
		ask[i] = set[0]
	}
	return ask, set[n:]
}

// pages calls fn for every row, a page at a time, so that fn may use the
// transaction; fn gives the number to go on after.
func pages[T any](limit int, page func(last int64, limit int) ([]T, error), fn func(T) (int64, error)) error {
	last := int64(0)
	for {
		rows, err := page(last, limit)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if last, err = fn(row); err != nil {
				return err
			}
		}
		if len(rows) < limit {
			return nil
		}
	}
}

// Times are kept as microseconds since 1970, truth as 0 and 1: every engine has whole numbers.

func micros(t entente.Time) int64 { return t.UnixMicro() }

func instant(micros int64) entente.Time { return entente.At(time.UnixMicro(micros)) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
