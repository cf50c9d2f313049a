package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/store/sqlite"
)

// openTestOffice makes a party whose store is gone when the test ends.
func openTestOffice(t testing.TB) *office {
	t.Helper()
	ring, err := keyring.New()
	check(t, err)
	root := entente.NewPrivateKey()
	card, err := signCard(&entente.Card{Version: 1, Name: "Ardel", NextRoot: entente.NewPrivateKey().Key().Hash(), Epoch: 1}, "", ring, root)
	check(t, err)
	db, err := sqlite.OpenMemory()
	check(t, err)
	n, err := node.Create(t.Context(), node.Config{Store: db, Keys: ring}, card)
	check(t, err)
	o := &office{dir: t.TempDir(), db: db, node: n}
	t.Cleanup(func() { check(t, o.close()) })
	return o
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serving answers the socket of an office until the test ends.
func serving(t *testing.T, o *office) *remote {
	t.Helper()
	l, err := listenSocket(o.dir)
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- answerSocket(ctx, l, o) }()
	r, ok := dial(t.Context(), o.dir)
	if !ok {
		t.Fatal("nobody answers the socket")
	}
	t.Cleanup(func() {
		r.close()
		stop()
		check(t, <-ended)
	})
	return r
}

// Every operation is asked with nothing, with a stranger's member and with
// garbage: here and there give the same answer, and no refusal changes the store.
func TestTheSocketAnswersAsTheOperationItself(t *testing.T) {
	o := openTestOffice(t)
	r := serving(t, o)
	for name, do := range operations {
		for _, request := range []string{`{}`, `{"stranger":1}`, `[]`} {
			if name == opLog.name && request == `{}` {
				continue // it writes what other operations left
			}
			result, here := do(t.Context(), o, []byte(request))
			var want bytes.Buffer
			if here == nil {
				check(t, writeJSON(&want, result))
			}
			got, there := r.ask(t.Context(), name, json.RawMessage(request), func(int64, int64, string) {})
			switch {
			case here == nil && there == nil:
				if name != opStatus.name && !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want.Bytes())) {
					t.Errorf("%s %s: socket %s, operation %s", name, request, got, &want)
				}
			case here == nil || there == nil:
				t.Errorf("%s %s: socket %v, operation %v", name, request, there, here)
			case here.Error() != there.Error() || entente.KindOf(here) != entente.KindOf(there) || hintOf(here) != hintOf(there):
				t.Errorf("%s %s: socket %q (%s, %q), operation %q (%s, %q)", name, request,
					there, entente.KindOf(there), hintOf(there), here, entente.KindOf(here), hintOf(here))
			}
			if request != `{}` && here == nil {
				t.Errorf("%s takes %s", name, request)
			}
		}
	}
}

func TestTheSocketIsForItsUserAlone(t *testing.T) {
	o := openTestOffice(t)
	serving(t, o)
	info, err := os.Stat(filepath.Join(o.dir, socketFile))
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the socket %04o, want 0600", info.Mode().Perm())
	}
}

func TestTheSocketHasLimits(t *testing.T) {
	h := httptest.NewServer(socketMux(openTestOffice(t)))
	defer h.Close()
	ask := func(method, path string, body io.Reader) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, body)
		check(t, err)
		res, err := h.Client().Do(req)
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		return res.StatusCode, string(b)
	}
	long := func(n int) io.Reader {
		return io.MultiReader(strings.NewReader(`{"party":"`), io.LimitReader(letters{}, int64(n)), strings.NewReader(`"}`))
	}
	if _, got := ask("POST", "/op/card", long(maxRequest)); !strings.Contains(got, `"kind":"exhausted"`) {
		t.Errorf("a request over the limit: %.200s", got)
	}
	if _, got := ask("POST", "/op/card", long(maxRequest/2)); !strings.Contains(got, `"kind":"invalid"`) || len(got) > 2*maxRequest {
		t.Errorf("a request below the limit: %.200s", got)
	}
	if _, got := ask("POST", "/op/nothing", strings.NewReader("{}")); !strings.Contains(got, `no operation is named`) {
		t.Errorf("an operation that is not there: %s", got)
	}
	if status, _ := ask("GET", "/op/card", nil); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", status)
	}
	if status, _ := ask("POST", "/", nil); status != http.StatusNotFound {
		t.Errorf("another path: status %d", status)
	}
}

// letters reads as one letter without end.
type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

// A process that ends in the middle of its answer is not taken for success.
func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	dir := t.TempDir()
	l, err := listenSocket(dir)
	check(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"progress":{"done":1,"total":2,"what":"reading"}}`+"\n")
	})}
	go srv.Serve(l)
	defer srv.Close()
	r, ok := dial(t.Context(), dir)
	if !ok {
		t.Fatal("nobody answers")
	}
	defer r.close()
	steps := 0
	_, err = r.ask(t.Context(), "verify", nothing{}, func(done, total int64, what string) { steps++ })
	if err == nil || !strings.Contains(err.Error(), "in the middle of its answer") || !strings.Contains(hintOf(err), "entente log") || steps != 1 {
		t.Errorf("%v (hint %q) after %d steps", err, hintOf(err), steps)
	}
}

func TestOneProcessHasTheDataDirectory(t *testing.T) {
	dir := t.TempDir()
	l, err := takeLock(dir)
	check(t, err)
	if _, err := takeLock(dir); !errors.Is(err, errInUse) || !strings.Contains(err.Error(), "by process") {
		t.Errorf("a second lock: %v", err)
	}
	check(t, l.release())
	l, err = takeLock(dir)
	check(t, err)
	check(t, l.release())
}

func TestASocketPathThatIsTooLong(t *testing.T) {
	if _, err := listenSocket(strings.Repeat("a", 120)); err == nil || !strings.Contains(hintOf(err), "shorter path") {
		t.Errorf("%v", err)
	}
}

// Offline commands start fast: a script of many of them is usable.
func TestOfflineCommandsStartFast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ardel")
	if code := run(t.Context(), []string{"init", dir, "--name", "Ardel"}, nil, io.Discard, io.Discard); code != 0 {
		t.Fatal(code)
	}
	best := time.Hour
	for range 5 {
		begin := time.Now()
		if code := run(t.Context(), []string{"--dir", dir, "ls"}, nil, io.Discard, io.Discard); code != 0 {
			t.Fatal(code)
		}
		best = min(best, time.Since(begin))
	}
	if best > 300*time.Millisecond {
		t.Errorf("entente ls takes %v, want less than 300ms", best)
	}
}

func FuzzRequest(f *testing.F) {
	o := openTestOffice(f)
	names := make([]string, 0, len(operations))
	for name := range operations {
		if name != opLog.name { // it waits if asked to
			names = append(names, name)
		}
	}
	for i, request := range []string{`{}`, `{"party":"Ardel"}`, `{"compact":"x","charter":{}}`, `{"files":[{"name":"a","data":"e30="}]}`, `{"cards":["{}"],"fingerprint":"00"}`, `{"limit":-5,"after":-1}`, `null`} {
		f.Add(i, request)
	}
	f.Fuzz(func(t *testing.T, which int, request string) {
		if which < 0 || len(request) > 1<<16 {
			return
		}
		name := names[which%len(names)]
		result, err := operations[name](t.Context(), o, []byte(request))
		if err != nil {
			return // what must not happen is a panic
		}
		check(t, writeJSON(io.Discard, result))
	})
}
