package web

import (
	"context"
	"testing"
	"time"

	"entente/node/nodetest"
	"entente/store/sqlite"
)

// A run is not begun while one is on, and ends when the desk ends.
func TestOneVerificationAtATime(t *testing.T) {
	db, err := sqlite.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	p, err := nodetest.NewParty(t.Context(), "Ardel", db, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	var f verifier
	began := storyTime.Time
	f.set(func(v *verifyPage) { v.Running, v.Began = true, later(0) })
	f.start(t.Context(), p.Node, func() time.Time { return began.Add(time.Hour) })
	if now, _ := f.now(); !now.Began.Equal(began) {
		t.Errorf("a second run began at %s", now.Began)
	}
	f.set(func(v *verifyPage) { v.Running = false })
	gone, cancel := context.WithCancel(t.Context())
	cancel() // the browser that asked for it has gone
	f.start(gone, p.Node, time.Now)
	f.idle.Wait()
	if now, _ := f.now(); !now.Checked() || now.Report.Problem != "" {
		t.Errorf("the run: %+v", now)
	}
	f.start(t.Context(), p.Node, time.Now)
	f.end()
	if now, _ := f.now(); now.Running {
		t.Error("the run goes on after the desk has ended")
	}
}
