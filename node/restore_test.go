package node_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/node"
)

func TestASenderPutBackToAnOlderCopyGetsItsEntriesBack(t *testing.T) {
	c := cellOf(t, true, "A", "B", "C")
	id := c.found("A", "B", "C")
	a := c.as("A")
	r1, _ := a.note(t, "r1")
	c.release("A", id, []entente.RecordID{r1}, "B")
	c.meetAll()
	backup := c.copyStore("A")
	r2, s2 := a.note(t, "r2")
	c.release("A", id, []entente.RecordID{r2}, "B")
	_, err := a.Suspend(ctx, id, c.as("C").Self(), "")
	check(t, err)
	secret, _ := c.as("C").note(t, "from C")
	c.release("C", id, []entente.RecordID{secret}, "A")
	c.meetAll()

	c.putBack("A", backup)
	if !a.sees(r1) || a.sees(r2) {
		t.Fatal("the copy is not the older one")
	}
	// At the first contact B shows A's own signed head: A stops showing and sending.
	p, err := c.as("B").Positions(ctx, a.Self())
	check(t, err)
	_, err = a.Compare(ctx, c.as("B").Self(), p)
	check(t, err)
	if a.sees(r1) {
		t.Error("a node in restored mode shows records")
	}
	if _, err := a.Suspend(ctx, id, c.as("B").Self(), ""); entente.KindOf(err) != entente.Refused {
		t.Errorf("a node in restored mode signs: %v", err)
	}
	h, err := a.Health(ctx)
	check(t, err)
	if h.Restored == "" {
		t.Error("health says the node works")
	}
	c.meetAll()
	c.meetAll()
	if !a.sees(r1) || !a.sees(r2) || !a.sees(secret) {
		t.Errorf("r1 %v, r2 %v, from C %v", a.sees(r1), a.sees(r2), a.sees(secret))
	}
	s, err := a.Compact(ctx, id)
	check(t, err)
	if len(s.Members[a.Self()].Flows[c.as("C").Self()]) != 1 || s.Members[a.Self()].Forked {
		t.Error("A has lost its own suspension of C")
	}
	// It works on: no position is used twice.
	r3, _ := a.note(t, "r3", s2)
	c.release("A", id, []entente.RecordID{r3}, "B")
	c.meetAll()
	if !c.as("B").sees(r3) {
		t.Error("after restoring, nothing goes out")
	}
	c.verify()
}

func TestAReceiverPutBackToAnOlderCopyShowsNothingUntilItIsWhole(t *testing.T) {
	c := cellOf(t, true, "A", "B")
	id := c.found("A", "B")
	backup := c.copyStore("B")
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meet("A", "B")
	c.putBack("B", backup)
	p, err := c.as("A").Positions(ctx, c.as("B").Self())
	check(t, err)
	_, err = c.as("B").Compare(ctx, c.as("A").Self(), p)
	check(t, err)
	if _, err := c.as("B").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{}); entente.KindOf(err) != entente.Refused {
		t.Errorf("it shows pages: %v", err)
	}
	c.meet("A", "B")
	if !c.as("B").sees(r) {
		t.Error("what it had before is not there again")
	}
	c.verify()
}

func TestALiarCannotPutANodeIntoRestoredMode(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	p, err := b.Positions(ctx, a.Self())
	check(t, err)
	for i := range p {
		if p[i].Channel.From == a.Self() {
			p[i].Tree.Size += 7
		}
	}
	_, err = a.Compare(ctx, b.Self(), p)
	h, err2 := a.Health(ctx)
	check(t, err2)
	if err == nil || h.Restored != "" {
		t.Errorf("claimed entries without A's signature: %v, %q", err, h.Restored)
	}
	// B's own head proves nothing about A's channel.
	forged := c.forge(b, a, id)
	for i := range p {
		p[i].Evidence = forged.Head
	}
	if _, err := a.Compare(ctx, b.Self(), p); err == nil {
		t.Error("another's signature was taken for A's")
	}
}

// TestVerifyFindsWhatWasTamperedWith changes, removes and swaps rows of a whole
// store at random, through the database's own file, and wants every change found.
func TestVerifyFindsWhatWasTamperedWith(t *testing.T) {
	c := cellOf(t, true, "A", "B", "C")
	id := c.found("A", "B", "C")
	for i := range 6 {
		r, stixID := c.as("A").note(t, fmt.Sprintf("from A %d", i))
		n, _ := c.as("A").note(t, fmt.Sprintf("note %d", i), stixID)
		c.release("A", id, []entente.RecordID{r, n}, "B", "C")
		back, _ := c.as("B").note(t, fmt.Sprintf("from B %d", i))
		c.release("B", id, []entente.RecordID{back}, "A")
		c.meetAll()
	}
	c.rotate("B", nil)
	_, err := c.as("A").Suspend(ctx, id, c.as("C").Self(), "")
	check(t, err)
	c.meetAll()
	_, err = c.as("A").Index(ctx)
	check(t, err)
	c.verify()
	backup := c.copyStore("A")

	rnd := rand.New(rand.NewPCG(1, 2))
	columns := map[string][]string{
		"records":  {"id", "originator", "media", "stix", "type", "version", "name", "revoked", "refs", "size", "gone", "bytes"},
		"acts":     {"id", "kind", "signer", "card", "compact", "recipient", "state", "envelope"},
		"channels": {"sender", "receiver", "compact", "epoch", "size", "root", "frontier", "head", "receipt", "receipted"},
		"leaves":   {"pos", "id", "code"},
		"grants":   {"reader", "compact", "record", "release", "until"},
		"parties":  {"id", "name", "card", "version", "epoch"},
		"refs":     {"stix", "record"},
		"texts":    {"words"},
	}
	tables := []string{"records", "acts", "channels", "leaves", "grants", "parties", "refs", "texts"}
	rounds := 120
	if testing.Short() {
		rounds = 40
	}
	for i := range rounds {
		c.putBack("A", backup)
		check(t, c.as("A").Close())
		table := tables[rnd.IntN(len(tables))]
		what, changed := tamper(t, rnd, filepath.Join(c.as("A").dir, "entente.db"), table, columns[table])
		if !changed {
			continue
		}
		if problem := c.problem("A"); problem == "" {
			t.Errorf("round %d: %s was not found", i, what)
		}
	}
}

// problem opens a store that may be damaged and verifies it.
func (c *cell) problem(name string) string {
	m := c.as(name)
	db, err := openStore(m.dir)
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	n, err := node.Open(ctx, node.Config{Store: db, Keys: m.ring, Clock: c.clock})
	if err != nil {
		return err.Error()
	}
	report, err := n.Verify(ctx, nil)
	if err != nil {
		return err.Error()
	}
	return report.Problem
}

// tamper makes one change to one table and says what it did; changed is false
// if the database would not have it, or it made no difference.
func tamper(t *testing.T, rnd *rand.Rand, path, table string, columns []string) (what string, changed bool) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	key := "rowid"
	switch table {
	case "leaves":
		key = "channel * 1000000 + pos"
	case "parties":
		key = "id"
	case "refs":
		key = "stix || ' ' || record"
	}
	var keys []any
	rows, err := db.Query("SELECT " + key + " FROM " + table)
	check(t, err)
	for rows.Next() {
		var k any
		check(t, rows.Scan(&k))
		keys = append(keys, k)
	}
	check(t, rows.Close())
	k := keys[rnd.IntN(len(keys))]
	column := columns[rnd.IntN(len(columns))]
	sum := func() string { return tableText(t, db, table) }
	before := sum()
	switch rnd.IntN(3) {
	case 0:
		what = fmt.Sprintf("removal of row %v from %s", k, table)
		_, err = db.Exec("DELETE FROM "+table+" WHERE "+key+" = ?1", k)
	case 1:
		other := keys[rnd.IntN(len(keys))]
		what = fmt.Sprintf("row %v of %s with column %s of row %v", k, table, column, other)
		_, err = db.Exec("UPDATE "+table+" SET "+column+" = (SELECT "+column+" FROM "+table+" WHERE "+key+" = ?2) WHERE "+key+" = ?1", k, other)
	default:
		what = fmt.Sprintf("change of column %s in row %v of %s", column, k, table)
		_, err = db.Exec("UPDATE "+table+" SET "+column+" = CASE typeof("+column+") WHEN 'integer' THEN "+column+" + 1 WHEN 'blob' THEN substr("+column+", 2) ELSE "+column+" || 'x' END WHERE "+key+" = ?1", k)
	}
	return what, err == nil && sum() != before
}

func tableText(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table)
	check(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	check(t, err)
	var b strings.Builder
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		check(t, rows.Scan(values...))
		for _, v := range values {
			fmt.Fprintf(&b, "%v|", *v.(*any))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A release does not leave before what it refers to has, nor if that never does.
func TestWhatIsReferredToLeavesFirst(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a := c.as("A")
	subject, stixID := a.note(t, "subject")
	other, _ := a.note(t, "other")
	c.release("A", id, []entente.RecordID{subject, other}, "B")
	note, _ := a.note(t, "about it", stixID)
	c.release("A", id, []entente.RecordID{note}, "B")
	// Without the other record the first release is signed again, in its place.
	c.recall("A", []entente.RecordID{other})
	c.meetAll()
	c.seenBy(subject, "A", "B")
	c.seenBy(note, "A", "B")
	c.seenBy(other, "A")

	// The object comes by a later release alone: the earlier one is dropped.
	object, objectID := a.note(t, "object")
	o := c.order(id, []entente.RecordID{object}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 1))
	_, _, err := a.Release(ctx, o)
	check(t, err)
	late, _ := a.note(t, "rests on what ends", objectID)
	c.release("A", id, []entente.RecordID{late}, "B")
	c.release("A", id, []entente.RecordID{object}, "B")
	c.now = c.now.AddDate(0, 0, 2)
	c.meetAll()
	c.seenBy(object, "A", "B")
	c.seenBy(late, "A")
	c.verify()
}
