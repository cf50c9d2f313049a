package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"entente"
	"entente/node"
)

// verifier checks the whole store for those who ask on a page, one run at a time.
type verifier struct {
	mu      sync.Mutex
	page    verifyPage
	changed chan struct{} // closed at each step of a run, and replaced
	stop    context.CancelFunc
	idle    sync.WaitGroup
}

// verifyPage is how far the verification of the store has come, or what it found.
type verifyPage struct {
	Running bool
	Done    int64
	Total   int64 // an estimate
	What    string
	Began   entente.Time
	Ended   entente.Time // zero: never
	Report  node.Report
	Failed  string // it could not be carried out
}

// Percent is how far a run has come, as far as one can tell: never quite there.
func (p verifyPage) Percent() int {
	if p.Total <= 0 {
		return 0
	}
	return int(min(p.Done*100/p.Total, 99))
}

// Checked says whether a run has ended with a result.
func (p verifyPage) Checked() bool { return !p.Running && p.Failed == "" && !p.Ended.IsZero() }

func (f *verifier) now() (verifyPage, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.page, f.changed
}

// set changes the page and wakes those who watch it.
func (f *verifier) set(change func(*verifyPage)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.page)
	if f.changed != nil {
		close(f.changed)
	}
	f.changed = make(chan struct{})
}

// start begins a run, unless one is on.
func (f *verifier) start(ctx context.Context, n *node.Node, clock entente.Clock) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it goes on when the browser has gone
	started := false
	f.set(func(p *verifyPage) {
		if !p.Running {
			started, f.stop = true, cancel
			*p = verifyPage{Running: true, Began: entente.At(clock())}
			f.idle.Add(1)
		}
	})
	if !started {
		cancel()
		return
	}
	go func() {
		defer f.idle.Done()
		defer cancel()
		report, err := n.Verify(ctx, func(done, total int64, what string) {
			f.set(func(p *verifyPage) { p.Done, p.Total, p.What = done, total, what })
		})
		f.set(func(p *verifyPage) {
			p.Running, p.Ended, p.Report = false, entente.At(clock()), report
			if err != nil {
				p.Failed = err.Error()
			}
		})
	}()
}

// end stops a run that is on, and waits for it.
func (f *verifier) end() {
	f.mu.Lock()
	stop := f.stop
	f.mu.Unlock()
	if stop != nil {
		stop()
	}
	f.idle.Wait()
}

func (v *visit) verification() error {
	page, _ := v.verifier.now()
	if page.Running && !v.pages.scripts {
		v.w.Header().Set("Refresh", "2")
	}
	return v.show("verify", page)
}

func (v *visit) verify() error {
	v.verifier.start(v.r.Context(), v.node, v.clock)
	http.Redirect(v.w, v.r, "/verify", http.StatusSeeOther)
	return nil
}

// verifying sends how far the run has come, as server-sent events, until it ends.
func (v *visit) verifying() error {
	out := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(time.Second / 4) // often enough for eyes
	defer tick.Stop()
	for {
		page, changed := v.verifier.now()
		event := "progress"
		if !page.Running {
			event = "end"
		}
		b, err := json.Marshal(struct {
			Percent int    `json:"percent"`
			Text    string `json:"text"`
		}{page.Percent(), v.progress(page)})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(v.w, "event: %s\ndata: %s\n\n", event, b); err != nil {
			return nil // the browser has gone away
		}
		if err := out.Flush(); err != nil || !page.Running {
			return nil
		}
		select {
		case <-v.r.Context().Done():
			return nil
		case <-changed:
		}
		select {
		case <-v.r.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

// progress says in words how far a run has come.
func (v *visit) progress(p verifyPage) string {
	return v.T("verify.done", p.Percent(), v.word("verify.what.", p.What))
}
