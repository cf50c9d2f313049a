package web_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// needs skips a test for want of a program, with one line that names it; where
// nothing may be skipped it fails.
func needs(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("ENTENTE_CI") == "1" {
		t.Fatalf("%s is missing, and ENTENTE_CI=1 allows no skip: %v", what, err)
	}
	t.Skipf("skipped: %s is missing", what)
}

// browser is a tab of a real Chromium, and what it complained of.
type browser struct {
	context.Context
	t *testing.T

	mu     sync.Mutex
	wrong  []string // guarded by mu: script errors, and requests to other origins
	origin string   // guarded by mu
}

// newBrowser starts Chromium with a profile of its own.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	needs(t, "Chromium", err)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-3d-apis", true))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	b := &browser{t: t}
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(b.hears))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b.Context = ctx
	b.do("listen", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		if err == nil {
			_, err = cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		}
		return err
	}))
	return b
}

// hears takes down what a page does wrong.
func (b *browser) hears(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "script: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "status of 4") {
			b.wrong = append(b.wrong, "console: "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; b.origin != "" && !strings.HasPrefix(url, b.origin) && !strings.HasPrefix(url, "data:") {
			b.wrong = append(b.wrong, "request to another origin: "+url)
		}
	}
}

// do runs actions, and fails with what they were for.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		text, _ := chromedp.Run(b, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`)) // what can be told of it
		b.t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// get runs one action that has an answer.
func get[T any](b *browser, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, 20*time.Second)
	defer cancel()
	answer, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return answer
}

// stays says from which origin everything has to come.
func (b *browser) stays(origin string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.origin = origin
}

// complaints gives what went wrong since it was asked last.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	wrong := b.wrong
	b.wrong = nil
	return wrong
}

// shot writes a picture of the page to the folder ENTENTE_SHOTS, if it is set,
// and wants it to show something.
func (b *browser) shot(name string) {
	b.t.Helper()
	png := get(b, "screenshot", chromedp.FullScreenshot(100))
	if len(png) < 3000 || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		b.t.Errorf("%s: the picture has %d bytes: nothing is on it", name, len(png))
	}
	dir := os.Getenv("ENTENTE_SHOTS")
	if dir == "" {
		return
	}
	check(b.t, os.MkdirAll(dir, 0o755))
	check(b.t, os.WriteFile(filepath.Join(dir, strings.NewReplacer("/", "-", " ", "_", ",", "").Replace(name)+".png"), png, 0o644))
}

// axe reads the checker of accessibility.
func axe(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("axe", "node_modules", "axe-core", "axe.min.js"))
	needs(t, "axe-core (npm ci in web/axe)", err)
	return string(b)
}

// violations runs axe-core on the page that is shown: WCAG 2.2, levels A and AA.
func (b *browser) violations(script string) []string {
	b.t.Helper()
	b.do("axe", chromedp.Evaluate[chromedp.Void](script))
	return get(b, "axe", chromedp.Evaluate[[]string](`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
		r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`, chromedp.EvalAwaitPromise))
}
