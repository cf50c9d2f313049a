// Package sqlite keeps a store in one SQLite database, through modernc.org/sqlite
// (SQLite in Go: no C compiler, one program to ship).
//
//	db, err := sqlite.Open("/var/lib/entente") // entente.db in that folder
//	defer db.Close()
//
// It promises what package store does. The database is in WAL mode and every
// commit is synced (synchronous=FULL). One connection writes; others read
// snapshots and cannot write. What is deleted is overwritten with zeros in the
// database file (secure_delete); copies in the write-ahead log go when it is
// checkpointed, at the latest by Close.
//
// Whoever can read the folder has all that the party knows: it is made for the
// owner alone (0700, files 0600).
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"entente/store"
)

// File is the name of the database in its folder.
const File = "entente.db"

// busyTimeout is how long one process waits for another that writes.
const busyTimeout = 10 * time.Second

var dialect = store.Dialect{
	Update: "BEGIN IMMEDIATE", View: "BEGIN",
	// Without OR ROLLBACK a statement of many rows keeps a journal of its own.
	Insert: "INSERT OR ROLLBACK INTO", Bare: true,
	Cause: cause,
}

// DB is an open store.
type DB struct {
	pool *sql.DB
	dir  string // empty for a store in memory
	// A session is owned by whoever took it.
	writer  *shelf
	readers *shelf
	closing sync.Once
	closed  chan struct{}

	// Owned by whoever owns the writer.
	conn  *sql.Conn // of the writer
	stale bool      // the log may hold what was erased
}

// Open opens or creates the store in dir, and dir itself if it is missing.
func Open(dir string) (*DB, error) {
	db, err := open(dir, options{readers: 8, pragmas: []string{"synchronous(FULL)"}})
	if err == nil {
		db.dir = dir
	}
	return db, err
}

// OpenMemory opens an empty store that is gone when it is closed. It is the
// same engine on files in the temporary folder, unsynced and unlinked at once,
// so that it behaves in every way like one on disk.
func OpenMemory() (*DB, error) {
	dir, err := os.MkdirTemp(temporary(), "entente-")
	if err != nil {
		return nil, fmt.Errorf("open a store in memory: %w", err)
	}
	db, err := open(dir, options{readers: 4, pragmas: []string{"synchronous(OFF)"}})
	return db, errors.Join(err, os.RemoveAll(dir))
}

// temporary prefers a file system in memory, unless told where to go.
func temporary() string {
	const shm = "/dev/shm"
	if os.Getenv("TMPDIR") != "" {
		return ""
	}
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

type options struct {
	readers int      // how many Views run at once; others wait
	pragmas []string // of every connection
}

func open(dir string, o options) (db *DB, err error) {
	path := filepath.Join(dir, File)
	defer func() {
		if err != nil {
			err = fmt.Errorf("open store %s: %w", path, err)
		}
	}()
	if err := create(dir, path); err != nil {
		return nil, err
	}
	source, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"_pragma": append(o.pragmas, fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "secure_delete(ON)", "temp_store(MEMORY)",
			// Records of 1 to 2 KB fill pages of 16 KB best, and every page that a
			// commit touches costs two system calls.
			"page_size(16384)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)"),
		"_journal_mode": {"WAL"}, // after the page size, which it fixes
	}
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: source, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db = &DB{
		pool: pool, closed: make(chan struct{}),
		writer: newShelf(1), readers: newShelf(o.readers),
	}
	if err := db.connect(context.Background()); err != nil {
		return nil, errors.Join(caused(err), pool.Close())
	}
	return db, nil
}

// connect opens all connections, so that the files are open from here on.
func (db *DB) connect(ctx context.Context) (err error) {
	if db.conn, err = db.first(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, db.conn); err != nil {
		return err
	}
	if _, err := db.conn.ExecContext(ctx, "PRAGMA cache_size = -262144"); err != nil { // 256 MB at most
		return err
	}
	db.writer.put(store.NewSession(db.conn, dialect))
	for range cap(db.readers.free) {
		conn, err := db.pool.Conn(ctx)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA cache_size = -16384; PRAGMA query_only = ON; SELECT COUNT(*) FROM meta"); err != nil {
			return err
		}
		db.readers.put(store.NewSession(conn, dialect))
	}
	return nil
}

// first opens the first connection. Where two processes make the database at once,
// each may find it locked by the other as it turns to WAL, and there SQLite does
// not wait (busy_timeout has no say: waiting could last for ever): so we do.
func (db *DB) first(ctx context.Context) (*sql.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := db.pool.Conn(ctx)
		if !errors.Is(cause(err), store.ErrBusy) {
			return conn, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// create makes the folder and the file for the owner alone; SQLite gives its
// other files the rights of this one.
func create(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return caused(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return caused(err)
	}
	return f.Close()
}

// Update runs fn in one durable transaction. It waits for those before it: fn
// must not call Update.
func (db *DB) Update(ctx context.Context, fn func(*store.Tx) error) error {
	return db.with(ctx, db.writer, func(s *store.Session) error {
		if err := s.Update(ctx, fn); err != nil {
			return err
		}
		if db.stale = db.stale || s.Erased(); db.stale {
			db.stale = !db.emptyLog(ctx)
		}
		return nil
	})
}

// emptyLog moves the log into the database and cuts it to nothing, unless a View
// still needs it; then the next Update tries again, and at the latest Close does it.
func (db *DB) emptyLog(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 100*time.Millisecond)
	defer cancel()
	var busy, frames, moved int64
	err := db.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	return err == nil && busy == 0
}

// View runs fn on one consistent snapshot.
func (db *DB) View(ctx context.Context, fn func(*store.Tx) error) error {
	return db.with(ctx, db.readers, func(s *store.Session) error { return s.View(ctx, fn) })
}

var errClosed = errors.New("the store is closed")

func (db *DB) with(ctx context.Context, sessions *shelf, fn func(*store.Session) error) error {
	select {
	case <-sessions.free:
		s := sessions.take()
		defer sessions.put(s)
		return fn(s)
	case <-db.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shelf holds the sessions that nobody uses. The one put back last is taken first:
// its cache is the warmest, and those that are hardly needed keep small ones.
type shelf struct {
	free chan struct{} // one for each session; taking one gives the right to take

	mu       sync.Mutex
	sessions []*store.Session // guarded by mu
}

func newShelf(size int) *shelf { return &shelf{free: make(chan struct{}, size)} }

func (s *shelf) take() *store.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.sessions) - 1
	session := s.sessions[last]
	s.sessions = s.sessions[:last]
	return session
}

func (s *shelf) put(session *store.Session) {
	s.mu.Lock()
	s.sessions = append(s.sessions, session)
	s.mu.Unlock()
	s.free <- struct{}{}
}

// Close waits for the transactions that run and closes the store.
func (db *DB) Close() error {
	var err error
	db.closing.Do(func() {
		close(db.closed)
		var errs []error
		for range cap(db.readers.free) {
			<-db.readers.free
			errs = append(errs, db.readers.take().Close())
		}
		<-db.writer.free
		errs = append(errs, db.writer.take().Close(), db.pool.Close())
		err = errors.Join(errs...)
	})
	return err
}

// cause names the error of package store that err means.
func cause(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch code := e.Code(); code & 0xff {
		case lib.SQLITE_FULL:
			return store.ErrFull
		case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
			return store.ErrReadOnly
		case lib.SQLITE_BUSY:
			return store.ErrBusy
		case lib.SQLITE_CONSTRAINT:
			if code == lib.SQLITE_CONSTRAINT_UNIQUE || code == lib.SQLITE_CONSTRAINT_PRIMARYKEY {
				return store.ErrConflict
			}
		case lib.SQLITE_IOERR:
			if code == lib.SQLITE_IOERR_SHMSIZE { // the index of the log could not grow
				return store.ErrFull
			}
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return store.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return store.ErrReadOnly
	}
	return nil
}

// caused wraps err with its cause, if it has one.
func caused(err error) error {
	if c := cause(err); c != nil {
		return fmt.Errorf("%w: %w", c, err)
	}
	return err
}
