package node_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente/node"
	"entente/store/sqlite"
)

// TestModelRestore runs histories in which one party's store is put back to a copy
// from the middle. When all have met again nobody sees more than before, but for
// what waited in the copy, the others see the same, and that party sees again all
// that may still be sent to it.
func TestModelRestore(t *testing.T) {
	want := int64(4)
	switch {
	case os.Getenv("ENTENTE_LONG") == "1":
		want = 100
	case testing.Short() || raceDetector():
		want = 1
	}
	// The same histories in every run, as in TestModel.
	if seed := flag.Lookup("rapid.seed").Value; seed.String() == "0" && os.Getenv("ENTENTE_LONG") != "1" {
		defer seed.Set("0")
		check(t, seed.Set("1"))
	}
	var done atomic.Int64
	for done.Load() < want && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			if done.Add(1) <= want {
				restoreHistory(t, rt)
			}
		})
	}
}

func restoreHistory(t *testing.T, rt *rapid.T) {
	dir, err := os.MkdirTemp(fastFolder(), "entente-model-")
	check(t, err)
	defer os.RemoveAll(dir)
	h := begin(setting{compacts: layouts[evenly(3).Draw(rt, "compacts")], skew: make([]time.Duration, 3), pending: -1, disk: dir})
	defer func() { h.close() }()
	h.rt = rt
	p := h.anyone("who is put back")
	some := func() {
		for range 70 {
			if h.wrong == "" {
				h.do(h.draw())
			}
		}
	}
	some()
	backup := filepath.Join(dir, "backup")
	h.check(h.nodes[p].Close())
	h.check(os.CopyFS(backup, os.DirFS(h.nodes[p].dir)))
	h.reopen(p)
	h.line("%s makes a copy of its store", who(p))
	// What waits in the copy goes out from there, whatever came of it since.
	queued := make([]map[int]bool, len(h.nodes))
	for q := range queued {
		queued[q] = map[int]bool{}
		for k := range h.compacts {
			if l := h.lanes[lane{p, q, k}]; l != nil {
				for _, a := range l.waiting {
					for _, r := range a.records {
						queued[q][r] = true
					}
				}
			}
		}
	}
	some()
	for range 2 {
		for k, c := range h.compacts {
			for _, from := range c.members {
				for _, to := range c.members {
					if from != to {
						h.deliver(lane{from, to, k}, true, true)
					}
				}
			}
		}
	}
	h.all()
	before := make([][]int, len(h.nodes))
	for q := range h.nodes {
		before[q], err = h.seen(q, q)
		h.check(err)
	}
	h.line("%s is put back to the copy, and meets everybody", who(p))
	h.check(h.nodes[p].Close())
	h.nodes[p].dir = filepath.Join(dir, "again")
	h.check(os.CopyFS(h.nodes[p].dir, os.DirFS(backup)))
	h.reopen(p)
	c := &cell{t: t, nodes: map[string]*member{}}
	for q, m := range h.nodes {
		c.nodes[who(q)] = m
	}
	for range 2 {
		for q := range h.nodes {
			if q != p && slices.ContainsFunc(h.compacts, func(k modelCompact) bool { return slices.Contains(k.members, p) && slices.Contains(k.members, q) }) {
				h.check(c.tryMeet(who(p), who(q)))
			}
		}
	}
	for q := range h.nodes {
		after, err := h.seen(q, q)
		h.check(err)
		for r := range h.records {
			had, has := slices.Contains(before[q], r), slices.Contains(after, r)
			if has && !had && !queued[q][r] || had && !has && (q != p || h.stillGoes(p, r)) {
				h.line("%s has record %d: %v before, %v after", who(q), r, had, has)
				h.check(errRestore)
			}
		}
	}
	h.finishStores()
	if h.wrong != "" {
		rt.Fatalf("%s\n%s\n", h.wrong, strings.Join(h.lines, "\n"))
	}
}

type restoreError struct{}

func (restoreError) Error() string { return "not everything is as it was" }

var errRestore = restoreError{}

// stillGoes says whether a release by which p has a record could be sent now.
func (h *history) stillGoes(p, r int) bool {
	return slices.ContainsFunc(h.held(p, r, -1), func(l *modelAct) bool {
		ch := lane{l.by, p, l.compact}
		return h.goes(ch, l) && h.holds(ch, l)
	})
}

// reopen opens a store on disk that was closed.
func (h *history) reopen(p int) {
	m := h.nodes[p]
	var err error
	m.db, err = sqlite.Open(m.dir)
	h.check(err)
	m.Node, err = node.Open(ctx, h.config(p, m.db, m.ring))
	h.check(err)
}

// fastFolder is a file system in memory, if there is one.
func fastFolder() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		return "/dev/shm"
	}
	return ""
}
