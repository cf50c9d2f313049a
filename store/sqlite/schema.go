package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"entente"
)

// steps build the schema, each from the one before. A step that was published
// never changes; a change is a new step.
//
// A party or compact id is 71 bytes and stands in every row, so other tables
// hold its number in names; in the same way grants and deliveries name records
// and acts by N. With the ids themselves a grant and its index entries took
// fourteen times the room.
var steps = []string{`
CREATE TABLE names (
	n INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);

-- The body comes last: reading the other columns leaves its pages alone.
CREATE TABLE records (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	originator INTEGER NOT NULL,
	media TEXT NOT NULL,
	stix TEXT NOT NULL,
	type TEXT NOT NULL,
	version TEXT NOT NULL,
	name TEXT NOT NULL,
	revoked INTEGER NOT NULL,
	refs TEXT NOT NULL,
	size INTEGER NOT NULL,
	gone TEXT NOT NULL,
	arrived INTEGER NOT NULL,
	bytes BLOB
);
CREATE INDEX records_stix ON records (stix, originator);
CREATE INDEX records_originator ON records (originator);
CREATE INDEX records_type ON records (originator, type);

CREATE TABLE acts (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	signer INTEGER NOT NULL,
	card INTEGER NOT NULL,
	compact INTEGER NOT NULL,
	recipient INTEGER NOT NULL,
	state TEXT NOT NULL,
	deliverer INTEGER NOT NULL,
	arrived INTEGER NOT NULL,
	envelope BLOB NOT NULL
);
CREATE INDEX acts_compact ON acts (compact, kind);
CREATE INDEX acts_signer ON acts (signer, kind);
CREATE INDEX acts_parked ON acts (compact) WHERE state = 'parked';
CREATE INDEX acts_charters ON acts (kind) WHERE kind = 'charter';

CREATE TABLE channels (
	n INTEGER PRIMARY KEY,
	sender INTEGER NOT NULL,
	receiver INTEGER NOT NULL,
	compact INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	size INTEGER NOT NULL,
	root TEXT NOT NULL,
	frontier BLOB,
	head TEXT NOT NULL,
	receipt TEXT NOT NULL,
	receipted INTEGER NOT NULL,
	card INTEGER NOT NULL,
	UNIQUE (sender, receiver, compact, epoch)
);

CREATE TABLE leaves (
	channel INTEGER NOT NULL,
	pos INTEGER NOT NULL,
	id TEXT NOT NULL,
	code TEXT NOT NULL,
	PRIMARY KEY (channel, pos)
) WITHOUT ROWID;

-- AUTOINCREMENT here and in grants: rows are deleted, and a number that readers
-- page by must not come back.
CREATE TABLE deliveries (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	act INTEGER NOT NULL,
	recipient INTEGER NOT NULL,
	compact INTEGER NOT NULL,
	control INTEGER NOT NULL,
	pos INTEGER NOT NULL,
	reason TEXT NOT NULL,
	UNIQUE (act, recipient, compact)
);
CREATE INDEX deliveries_queued ON deliveries (recipient) WHERE pos = -1;
CREATE INDEX deliveries_queued_in ON deliveries (recipient, compact, control) WHERE pos = -1;
CREATE INDEX deliveries_sent ON deliveries (recipient, compact, pos) WHERE pos >= 0;

CREATE TABLE grants (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	reader INTEGER NOT NULL,
	compact INTEGER NOT NULL,
	record INTEGER NOT NULL,
	release INTEGER NOT NULL,
	until TEXT NOT NULL,
	UNIQUE (record, reader, compact, release)
);
CREATE INDEX grants_reader ON grants (reader);
CREATE INDEX grants_reader_in ON grants (reader, compact);
CREATE INDEX grants_release ON grants (release);

CREATE TABLE parties (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	card TEXT NOT NULL,
	version INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	trusted INTEGER NOT NULL,
	frozen TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
	n INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	what TEXT NOT NULL,
	who TEXT NOT NULL,
	compact TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail TEXT NOT NULL
);
`, `
-- What a party's own record rests on; never sent.
CREATE TABLE sources (
	record TEXT NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (record, source)
) WITHOUT ROWID;
CREATE INDEX sources_source ON sources (source);
`, `
CREATE TABLE operators (
	name TEXT PRIMARY KEY,
	key TEXT NOT NULL,
	roles TEXT NOT NULL,
	groups TEXT NOT NULL,
	added INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE record_groups (
	record TEXT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (record, name)
) WITHOUT ROWID;

CREATE TABLE proposals (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	compact TEXT NOT NULL,
	body BLOB NOT NULL,
	state TEXT NOT NULL,
	made INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE approvals (
	proposal TEXT NOT NULL,
	operator TEXT NOT NULL,
	signature TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (proposal, operator)
) WITHOUT ROWID;
`, `
-- What people keep beside the records: accounts of the desk, sessions, drafts, marks.
CREATE TABLE notes (
	space TEXT NOT NULL,
	key TEXT NOT NULL,
	value BLOB NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (space, key)
) WITHOUT ROWID;
CREATE INDEX notes_until ON notes (until) WHERE until <> 0;
CREATE INDEX proposals_state ON proposals (state, made, id);
`, `
-- Who refers to an object: the words of records.refs, found from the other end.
CREATE TABLE refs (
	stix TEXT NOT NULL,
	record INTEGER NOT NULL,
	PRIMARY KEY (stix, record)
) WITHOUT ROWID;
CREATE INDEX refs_record ON refs (record);
WITH RECURSIVE words (record, word, rest) AS (
	SELECT n, '', refs || ' ' FROM records WHERE refs <> ''
	UNION ALL SELECT record, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM words WHERE rest <> ''
)
INSERT INTO refs (stix, record) SELECT DISTINCT word, record FROM words WHERE word <> '';
`, `
-- With what people sign beside their key.
CREATE TABLE passkeys (
	id BLOB PRIMARY KEY,
	operator TEXT NOT NULL,
	public BLOB NOT NULL,
	origin TEXT NOT NULL,
	label TEXT NOT NULL,
	added INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX passkeys_operator ON passkeys (operator);
`, `
-- The words of records, folded before and with the letters of their window: the
-- tokenizer has but to part them at the spaces. What is deleted leaves the index at once.
CREATE VIRTUAL TABLE texts USING fts5 (words, tokenize = 'ascii', columnsize = 0);
INSERT INTO texts (texts, rank) VALUES ('secure-delete', 1);
CREATE TABLE texts_due (record INTEGER PRIMARY KEY);
INSERT INTO texts_due (record) SELECT n FROM records WHERE gone = '';
`}

// migrate brings the schema to the latest step, all or nothing.
func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	version := func() (v int, err error) {
		err = conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
		return v, err
	}
	if v, err := version(); err != nil || v == len(steps) {
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	// Again, now that nobody else can write: another process may have been first.
	v, err := version()
	if err != nil {
		return err
	}
	if v > len(steps) {
		return entente.Errorf(entente.Refused, "use the program that wrote it, or a newer one; nothing was changed",
			"the store has format %d, this program knows formats up to %d", v, len(steps))
	}
	for ; v < len(steps); v++ {
		if _, err := conn.ExecContext(ctx, steps[v]); err != nil {
			return fmt.Errorf("step %d of the schema: %w", v+1, err)
		}
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
