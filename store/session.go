package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"entente"
)

// The errors that callers tell apart. What a method returns wraps one of them,
// or is a failure of the database.
var (
	ErrNotFound = errors.New("not in the store")
	// ErrConflict: the row is there already, or a compare-and-swap was lost.
	ErrConflict = &entente.Error{Kind: entente.Conflict, Message: "conflicts with what the store holds"}
	// ErrFull: no room on the disk. Nothing of the transaction was kept; all
	// that was kept before is still there.
	ErrFull = &entente.Error{Kind: entente.Exhausted, Message: "the disk is full", Hint: "free some space and try again; nothing that was kept is lost"}
	// ErrReadOnly: the database, its folder or this transaction takes no writes.
	ErrReadOnly = &entente.Error{Kind: entente.Refused, Message: "the store cannot be written", Hint: "check who owns the data directory and its files, and that the disk is not mounted read-only"}
	// ErrBusy: another process held the database for too long.
	ErrBusy = &entente.Error{Kind: entente.Exhausted, Message: "the store is in use by another process", Hint: "wait for the other process to finish, or stop it, and try again"}
)

// Dialect is what engines differ in.
type Dialect struct {
	Update string // begins a transaction that writes
	View   string // begins a transaction that reads one snapshot
	// Insert begins a statement that adds many rows. A row that is refused breaks
	// the transaction in any case, so an engine may save the bookkeeping that would
	// undo the statement alone.
	Insert string
	// Bare: such a statement takes ? in order, and faster than ?N.
	Bare bool
	// Rewrite turns ?N placeholders into the engine's own; nil: it takes them as they are.
	Rewrite func(query string) string
	// Cause names the error of this package that an engine's error means; nil if none.
	Cause func(error) error
}

// Session is one connection to a database with the statements prepared on it.
// It runs one transaction at a time; the engine sees to that.
type Session struct {
	conn       *sql.Conn
	dialect    Dialect
	statements map[string]*sql.Stmt
	insertions map[insertion]string
	names      map[string]int64 // numbers of names known to be in the database
	erased     bool
}

type insertion struct {
	into string
	rows int
}

// NewSession makes a session of a connection, which it then owns.
func NewSession(conn *sql.Conn, d Dialect) *Session {
	return &Session{
		conn: conn, dialect: d, statements: map[string]*sql.Stmt{},
		insertions: map[insertion]string{}, names: map[string]int64{},
	}
}

// Update runs fn in a transaction that writes; see the promises of the package.
func (s *Session) Update(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.dialect.Update, fn)
}

// View runs fn in a transaction that reads one snapshot.
func (s *Session) View(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.dialect.View, fn)
}

// errOver answers whoever uses a Tx too late.
var errOver = errors.New("the transaction is over: use it only inside the function it was given to")

func (s *Session) run(ctx context.Context, begin string, fn func(*Tx) error) (err error) {
	// Once begun, the transaction sees the end of ctx between statements only:
	// a commit that was interrupted might have been kept or not.
	steady := context.WithoutCancel(ctx)
	tx := &Tx{ctx: ctx, steady: steady, s: s}
	kept := false
	defer func() { // also on a panic, which goes on afterwards
		tx.failed = errOver
		if kept {
			return
		}
		clear(s.names)
		s.erased = false
		// An engine that has rolled back by itself says that nothing is open;
		// err tells why it did.
		if _, e := s.conn.ExecContext(steady, "ROLLBACK"); e != nil && err == nil {
			err = e
		}
	}()
	if _, err := s.conn.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", s.classify(err))
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.usable(); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(steady, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", s.classify(err))
	}
	kept = true
	return nil
}

// Erased says, once, whether a body was erased since it was asked last, so that
// the engine can clear what copies it holds.
func (s *Session) Erased() bool {
	erased := s.erased
	s.erased = false
	return erased
}

// Close gives the connection back.
func (s *Session) Close() error {
	var errs []error
	for _, stmt := range s.statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

func (s *Session) classify(err error) error {
	if s.dialect.Cause != nil {
		if cause := s.dialect.Cause(err); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
	}
	return err
}

func (s *Session) prepare(query string) (*sql.Stmt, error) {
	if stmt, ok := s.statements[query]; ok {
		return stmt, nil
	}
	text := query
	if s.dialect.Rewrite != nil {
		text = s.dialect.Rewrite(query)
	}
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", query, err)
	}
	s.statements[query] = stmt
	return stmt, nil
}

// insertion is the text that inserts so many rows; into is "table (columns)".
func (s *Session) insertion(into string, columns, rows int) string {
	key := insertion{into, rows}
	text, ok := s.insertions[key]
	if !ok {
		var b strings.Builder
		b.WriteString(s.dialect.Insert + " " + into + " VALUES ")
		for i := range rows {
			if i > 0 {
				b.WriteByte(',')
			}
			if s.dialect.Bare {
				b.WriteString("(?" + strings.Repeat(",?", columns-1) + ")")
			} else {
				b.WriteString("(" + in(1+i*columns, columns) + ")")
			}
		}
		text = b.String()
		s.insertions[key] = text
	}
	return text
}
