package node_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
	"entente/node"
)

func init() {
	// The average length of a history. Rapid does not shrink: see shortest.
	for name, value := range map[string]string{"rapid.steps": "400", "rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// raceDetector says whether this test runs under the race detector, which makes it ten times slower.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" })
}

// TestModel runs random histories on real nodes and on the model of the rule, and
// wants them to agree after every step. A history that fails is shrunk to a short one.
func TestModel(t *testing.T) {
	want := int64(100_000)
	switch {
	case os.Getenv("ENTENTE_LONG") == "1":
		want = 1_000_000
	case raceDetector():
		want = 2_000
	case testing.Short():
		want = 20_000
	}
	seed := flag.Lookup("rapid.seed").Value
	run := &modelRun{reached: map[string]int{}, fixed: seed.String() == "0" && os.Getenv("ENTENTE_LONG") != "1"}
	defer seed.Set(seed.String())
	begun := time.Now()
	const workers = 2
	t.Run("histories", func(t *testing.T) {
		for worker := range uint64(workers) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				part := &modelPart{modelRun: run, want: want / workers}
				for n := worker + 1; part.done < part.want && !t.Failed(); n += workers {
					part.check(t, seed, n)
				}
				if part.done < part.want && !t.Failed() {
					t.Errorf("%d steps, expected %d", part.done, part.want)
				}
			})
		}
	})
	for _, what := range []string{
		"a relay", "a relay that came", "a relay refused by who received it", "derived work", "references", "a release dropped",
		"an entry withheld", "an entry refused", "a recall that came",
	} {
		if run.reached[what] == 0 && want >= 20_000 {
			t.Errorf("no history had %s: what was drawn does not go far enough", what)
		}
	}
	t.Log(run.reached)
	t.Logf("%d steps in %d histories, %s", run.steps.Load(), run.histories.Load(), time.Since(begun).Round(time.Second))
}

type modelRun struct {
	steps, histories atomic.Int64

	fixed   bool       // the seeds
	seeding sync.Mutex // held while a check reads its seed

	mu      sync.Mutex
	failure string // the first, shrunk
	reached map[string]int
}

// modelPart is the share of one worker, in steps.
type modelPart struct {
	*modelRun
	want, done int64
}

// check runs some histories. They are the same in every run, so that a change is
// judged by what it changed; a long run, or -rapid.seed, draws others.
func (part *modelPart) check(t *testing.T, seed flag.Value, n uint64) {
	if !part.fixed {
		rapid.Check(t, part.history)
		return
	}
	part.seeding.Lock()
	seeded := sync.OnceFunc(part.seeding.Unlock)
	defer seeded()
	if err := seed.Set(fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { seeded(); part.history(rt) })
}

// setting is what a history begins with.
type setting struct {
	skew     []time.Duration
	compacts []modelCompact
	pending  int    // not signed yet; -1: none
	disk     string // folder of the stores; empty: in memory
}

const (
	aYear   = 365 * 24 * time.Hour
	tenDays = 10 * 24 * time.Hour
)

var layouts = [][]modelCompact{
	{{[]int{0, 1, 2}, aYear, 1}},
	{{[]int{0, 1, 2}, aYear, 2}, {[]int{1, 2}, tenDays, 1}},
	{{[]int{0, 1}, aYear, 1}, {[]int{1, 2, 0}, tenDays, 2}},
	{{[]int{0, 1, 2}, aYear, 1}, {[]int{3, 1, 2}, tenDays, 2}},
}

func (run *modelPart) history(rt *rapid.T) {
	if run.done >= run.want {
		return
	}
	s := setting{compacts: layouts[evenly(len(layouts)).Draw(rt, "compacts")], pending: []int{-1, -1, -1, 1}[evenly(4).Draw(rt, "not signed yet")]}
	for range 3 {
		s.skew = append(s.skew, time.Duration(evenly(5).Draw(rt, "clock ahead"))*time.Minute)
	}
	if len(s.compacts) > 1 && s.compacts[1].members[0] == 3 {
		s.skew = append(s.skew, 0)
	}
	h := begin(s)
	defer h.close()
	rt.Repeat(map[string]func(*rapid.T){"act": func(rt *rapid.T) {
		h.rt = rt
		if h.wrong == "" {
			h.do(h.draw())
			run.done++
			run.steps.Add(1)
		}
	}})
	h.finish()
	run.histories.Add(1)
	run.mu.Lock()
	for what, n := range h.reached {
		run.reached[what] += n
	}
	run.mu.Unlock()
	if h.wrong != "" {
		rt.Fatal(run.shortest(s, h))
	}
}

// shortest leaves out of a failing history all that it fails without. A name of a
// record or an ask that is not there any more makes a step one that does nothing.
func (run *modelRun) shortest(s setting, h *history) string {
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.failure != "" {
		return run.failure
	}
	steps, best := h.steps, h
	until := time.Now().Add(3 * time.Minute)
	for size := len(steps) / 2; size > 0; size /= 2 {
		for at := 0; at < len(steps) && time.Now().Before(until); {
			less := slices.Concat(steps[:at], steps[min(at+size, len(steps)):])
			again := begin(s)
			for _, x := range less {
				if again.wrong == "" {
					again.do(x)
				}
			}
			again.finish()
			again.close()
			if again.wrong == "" {
				at += size
				continue
			}
			steps, best = again.steps, again
		}
	}
	run.failure = fmt.Sprintf("%s\n%v\n%s\n", best.wrong, s, strings.Join(best.lines, "\n"))
	return run.failure
}

// history is a world and what has happened in it.
type history struct {
	*world
	rt      *rapid.T
	steps   []step
	lines   []string
	names   map[int]int       // of records: what a step calls one, and its place
	askedBy map[int]*modelAct // of asks
	called  int               // the last name given
}

func begin(s setting) *history {
	h := &history{world: newWorld(s), names: map[int]int{}, askedBy: map[int]*modelAct{}}
	if h.wrong == "" {
		h.all()
	}
	return h
}

func (h *history) finish() {
	if h.wrong != "" {
		return
	}
	h.all()
	h.finishStores()
}

// finishStores wants every store to verify.
func (h *history) finishStores() {
	for p, m := range h.nodes {
		report, err := m.Verify(ctx, nil)
		h.check(err)
		if report.Problem != "" {
			h.check(fmt.Errorf("%s does not verify: %s", who(p), report.Problem))
		}
	}
}

// step is one thing that somebody does; what it means depends on what is done.
type step struct {
	what     string
	p, q, k  int
	name     int   // of the record or ask that it makes
	r        int   // name of a record
	list     []int // names of records, or objects
	to       []int // parties
	object   int
	handling modelHandling
	other    bool // another way of doing it
	use      string
	day      int
	wait     time.Duration
	ask      int // name of an ask
}

func who(p int) string { return string(rune('A' + p)) }

func parties(ps []int) string {
	var out []string
	for _, p := range ps {
		out = append(out, who(p))
	}
	return strings.Join(out, " and ")
}

func (h *history) line(format string, args ...any) {
	h.lines = append(h.lines, fmt.Sprintf("%3d  %s", len(h.lines)+1, fmt.Sprintf(format, args...)))
}

// do makes a step, on the nodes and in the model, and compares what it may have changed.
func (h *history) do(s step) {
	h.steps = append(h.steps, s)
	r, known := h.names[s.r]
	if act, ok := acts[s.what]; ok && (known || s.r < 0) {
		act(h, s, r)
	}
	if len(h.steps)%30 == 0 {
		h.all()
	}
}

// acts are the things that can be done.
var acts map[string]func(h *history, s step, r int)

func init() {
	acts = map[string]func(h *history, s step, r int){
		"put": doPut, "derive": doDerive, "release": doRelease, "deliver": doDeliver, "meet": doMeet, "replay": doReplay, "recall": doRecall,
		"suspend": doSuspend, "resume": doResume, "accede": doAccede, "ask": doAsk, "answer": doAnswer, "wait": doWait, "sweep": doSweep,
		"restart": doRestart, "look": doLook,
	}
}

func doPut(h *history, s step, _ int) {
	h.names[s.name] = len(h.records)
	h.put(s.p, s.object, s.list)
	h.line("%s puts record %d, a version of object %d that refers to %v", who(s.p), s.name, s.object, s.list)
	h.compare(s.p, s.p)
}

func doDerive(h *history, s step, r int) {
	source, ok := h.names[s.list[0]]
	if !ok {
		return
	}
	h.line("%s notes that record %d rests on %d", who(s.p), s.r, s.list[0])
	err := h.nodes[s.p].Derive(ctx, h.ids([]int{r}), h.ids([]int{source}))
	h.agree(h.derive(s.p, r, source), err)
}

func doRelease(h *history, s step, _ int) {
	var list []int
	for _, name := range s.list {
		if r, ok := h.names[name]; ok {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return
	}
	h.line("%s releases %v to %s in K%d under %s", who(s.p), s.list, who(s.q), s.k, s.handling)
	_, _, err := h.nodes[s.p].Release(ctx, node.Order{
		Compact: h.compactIDs[s.k], To: h.parties([]int{s.q}), Records: h.ids(list), Handling: s.handling.real(),
	})
	allowed := h.release(s.p, s.q, s.k, list, s.handling)
	h.agree(allowed, err)
	if allowed {
		h.compare(s.p, s.q)
	}
}

// came compares what a delivery may have changed; what else the two show is
// compared from time to time.
func (h *history) came(ch lane) {
	h.compare(ch.to, ch.to)
	if len(h.steps)%4 == 0 {
		h.compare(ch.from, ch.to)
		for q := range h.nodes {
			h.compare(ch.to, q)
		}
	}
}

func doDeliver(h *history, s step, _ int) {
	ch := lane{s.p, s.q, s.k}
	lost := ""
	if s.use != "" {
		lost = ", and the " + s.use + " is lost"
	}
	h.line("%s delivers to %s in K%d%s", who(s.p), who(s.q), s.k, lost)
	if h.deliver(ch, s.use != "batch", s.use != "receipt") {
		h.came(ch)
	}
}

func doMeet(h *history, s step, _ int) {
	h.line("%s and %s meet", who(s.p), who(s.q))
	for k := range h.compacts {
		if h.member(k, s.p) && h.member(k, s.q) {
			for range 2 {
				h.deliver(lane{s.p, s.q, k}, true, true)
				h.deliver(lane{s.q, s.p, k}, true, true)
			}
			h.came(lane{s.p, s.q, k})
			h.came(lane{s.q, s.p, k})
		}
	}
	h.hear(s.p, s.q)
	h.hear(s.q, s.p)
}

func doReplay(h *history, s step, _ int) {
	ch := lane{s.p, s.q, s.k}
	h.line("%s delivers once more to %s in K%d what came last", who(s.p), who(s.q), s.k)
	if b := h.sent[ch]; b != nil {
		h.check2(h.nodes[ch.to].Accept(ctx, h.party(ch.from), *b))
	}
	h.came(ch)
}

func doRecall(h *history, s step, r int) {
	from := "all"
	if len(s.to) > 0 {
		from = parties(s.to)
	}
	h.line("%s recalls %d from %s", who(s.p), s.r, from)
	_, err := h.nodes[s.p].Recall(ctx, node.RecallOrder{Records: h.ids([]int{r}), To: h.parties(s.to), Scope: "delete", Reason: "x"})
	allowed := h.recall(s.p, r, s.to)
	h.agree(allowed, err)
	for q := range h.nodes {
		if allowed {
			h.compare(s.p, q)
		}
	}
}

func doSuspend(h *history, s step, _ int) {
	h.line("%s suspends %s in K%d", who(s.p), who(s.q), s.k)
	_, err := h.nodes[s.p].Suspend(ctx, h.compactIDs[s.k], h.party(s.q), "")
	h.agree(h.suspend(s.p, s.k, s.q), err)
	h.compare(s.p, s.q)
}

func doResume(h *history, s step, _ int) {
	h.line("%s lifts its suspension of %s in K%d", who(s.p), who(s.q), s.k)
	_, err := h.nodes[s.p].Resume(ctx, h.compactIDs[s.k], h.party(s.q))
	h.agree(h.resume(s.p, s.k, s.q), err)
	h.compare(s.p, s.q)
}

func doAccede(h *history, s step, _ int) {
	h.line("%s signs K%d", who(s.p), s.k)
	_, err := h.nodes[s.p].Accede(ctx, h.compactIDs[s.k], "", "")
	h.agree(h.accede(s.p, s.k), err)
}

func doAsk(h *history, s step, r int) {
	h.line("%s asks (%d) in K%d to %s record %d for %s, to day %d", who(s.p), s.name, s.k, s.use, s.r, parties(s.to), s.day)
	id, err := h.nodes[s.p].Ask(ctx, node.AskOrder{
		Record: h.recs[r], Compact: h.compactIDs[s.k], Use: entente.ConsentUse(s.use), Recipients: h.parties(s.to), Expires: date(s.day), Reason: "x",
	})
	a, ok := h.world.ask(s.p, r, s.k, s.use, s.to, s.day)
	h.agree(ok, err)
	if ok {
		h.asks[a], h.askedBy[s.name] = id, a
	}
}

func doAnswer(h *history, s step, _ int) {
	a := h.askedBy[s.ask]
	if a == nil {
		return
	}
	var least *modelHandling
	var real *entente.Handling
	code, words := "", "consents under the handling of its release"
	switch {
	case s.use == "refuse":
		code, words = "no", "refuses"
	case s.other:
		least = &s.handling
		hd := s.handling.real()
		real, words = &hd, "consents under "+s.handling.String()
	}
	h.line("%s answers ask %d: %s", who(a.to), s.ask, words)
	_, err := h.nodes[a.to].Answer(ctx, h.asks[a], real, "", code)
	h.agree(h.answer(a, least, code != ""), err)
}

func doWait(h *history, s step, _ int) {
	h.now += s.wait
	h.line("%s go by: day %.2f", s.wait, (h.now+8*time.Hour).Hours()/24)
	h.all()
}

func doSweep(h *history, s step, _ int) {
	h.line("%s erases what has expired", who(s.p))
	h.check2(h.nodes[s.p].Sweep(ctx))
	h.sweep(s.p)
	for q := range h.nodes {
		h.compare(s.p, q)
	}
}

func doRestart(h *history, s step, _ int) {
	h.line("%s starts anew", who(s.p))
	h.restart(s.p)
	h.compare(s.p, s.p)
}

func doLook(h *history, s step, r int) {
	by := ""
	if s.other {
		by = " by its object"
	}
	h.line("%s asks the node of %s for record %d%s", who(s.q), who(s.p), s.r, by)
	h.look(s.p, s.q, r, s.other)
}
