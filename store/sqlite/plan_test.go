package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"entente/store/storetest"
)

// TestPlans runs the contract and asks SQLite how it answers each question of
// package store: none may read a whole table that grows with the records, and
// none that pages may sort all rows to give a few.
func TestPlans(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]bool{}
	recorded := dialect
	defer func() { dialect = recorded }()
	dialect.Rewrite = func(query string) string {
		mu.Lock()
		defer mu.Unlock()
		asked[query] = true
		return query
	}
	storetest.Run(t, func(t *testing.T) storetest.Store {
		db, err := OpenMemory()
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
	dialect = recorded

	dir := t.TempDir()
	db, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pool, err := sql.Open("sqlite", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if len(asked) < 60 {
		t.Fatalf("the contract asked %d questions: expected those of every method", len(asked))
	}
	for query := range asked {
		if strings.HasPrefix(query, dialect.Insert) {
			continue
		}
		for _, step := range plan(t, pool, query) {
			if wrong := judge(query, step); wrong != "" {
				t.Errorf("%s: %s\n\t%s", step, wrong, strings.Join(strings.Fields(query), " "))
			}
		}
	}
}

// judge says what is wrong with a step of the plan of a query.
func judge(query, step string) string {
	pages := strings.Contains(query, "LIMIT")
	search := strings.Contains(query, "UNION") // by prefix: sorts what it found
	switch {
	case strings.HasPrefix(step, "SCAN texts VIRTUAL TABLE INDEX") && (strings.Contains(query, "MATCH") || strings.Contains(query, "rowid = ?")):
		return "" // by word, in the order of its rows, or by number
	case strings.HasPrefix(step, "SCAN"):
		// These are few, were counted before, are asked for whole, or end with the first row.
		if table := strings.Fields(step)[1]; slices.Contains([]string{"c", "operators", "parties", "q", "s", "t", "texts_due"}, table) ||
			strings.HasSuffix(query, "FROM proposals ORDER BY made, id") || strings.HasPrefix(query, "DELETE FROM notes WHERE substr") ||
			strings.HasPrefix(query, "SELECT p.name") || strings.HasPrefix(query, "SELECT COUNT(*) FROM refs") || strings.HasPrefix(query, "SELECT (SELECT COUNT(*) FROM texts)") || strings.HasSuffix(query, "LIMIT 1)") {
			return ""
		}
		return "reads the whole table"
	case strings.HasPrefix(step, "SEARCH h ") && !strings.Contains(step, "record=?"):
		return "reads for each row all that the reader has"
	case strings.HasPrefix(step, "USE TEMP B-TREE FOR ORDER BY") && pages && !search:
		return "sorts all to give a page"
	case pages || strings.Contains(query, "COUNT(*)"):
		return ""
	}
	// All that one party has is too much to look one thing up in, and the time it
	// takes would tell how much that is.
	for _, index := range []string{"grants_reader", "records_originator", "records_type", "deliveries_queued"} {
		if strings.Contains(step, "INDEX "+index) {
			return "reads all that one party has"
		}
	}
	return ""
}

func plan(t *testing.T, pool *sql.DB, query string) []string {
	t.Helper()
	args := slices.Repeat([]any{""}, strings.Count(query, "?"))
	rows, err := pool.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
