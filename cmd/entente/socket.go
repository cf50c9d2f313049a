package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"entente"
)

// The socket speaks HTTP: POST /op/NAME with a JSON request is answered with
// JSON lines, of which the last has a result or an error.
type line struct {
	Progress *step           `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *fault          `json:"error,omitempty"`
	Sign     string          `json:"sign,omitempty"` // a proposal that wants the operator's signature
}

type step struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	What  string `json:"what"`
}

// Headers of a request: the operator who asks, and what that person has signed.
const (
	headerAs        = "Entente-As"
	headerProposal  = "Entente-Proposal"
	headerSignature = "Entente-Signature"
)

// Limits of requests, in bytes. Files travel in base64.
const (
	maxRequest    = 4 << 20
	maxPutRequest = maxPut/3*4 + maxRequest
)

// listenSocket makes the socket, for this user alone. The caller holds the lock,
// so that a socket that is there already is a dead process's.
func listenSocket(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketFile)
	if len(path) > 100 {
		return nil, entente.Errorf(entente.Invalid, "call the directory by a shorter path, for example relative to the folder you start in", "socket path %s has %d bytes: the system allows 100", path, len(path))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an ended process: %w", err)
	}
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("make socket: %w", err)
	}
	return l, nil
}

// answerSocket serves the operations until ctx ends.
func answerSocket(ctx context.Context, l net.Listener, o *office) error {
	srv := &http.Server{
		Handler: socketMux(o), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		<-ctx.Done()
		// Requests have ended with ctx; what they are writing gets a moment.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if srv.Shutdown(last) != nil {
			srv.Close()
		}
	})
	err := srv.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
		wait.Wait()
	}
	return err
}

func socketMux(o *office) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /op/{name}", func(w http.ResponseWriter, r *http.Request) {
		out := &lines{w: w}
		who := speaker{r.Header.Get(headerAs), r.Header.Get(headerProposal), r.Header.Get(headerSignature)}
		result, err := answer(r, w, o.speaking(who), out)
		if wanted, ok := errors.AsType[signatureWanted](err); ok {
			out.write(line{Sign: wanted.proposal})
			return
		}
		if err != nil {
			out.write(line{Error: faultOf(err)})
			return
		}
		out.write(line{Result: result})
	})
	return mux
}

func answer(r *http.Request, w http.ResponseWriter, o *office, out *lines) (json.RawMessage, error) {
	name := r.PathValue("name")
	do, ok := operations[name]
	if !ok {
		return nil, unknownOperation(name)
	}
	limit := int64(maxRequest)
	if name == opPut.name {
		limit = maxPutRequest
	}
	request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			err = entente.Errorf(entente.Exhausted, "split it into several commands", "request %s of more than %d bytes", name, limit)
		}
		return nil, err
	}
	ctx := withProgress(r.Context(), func(done, total int64, what string) { out.write(line{Progress: &step{done, total, what}}) })
	result, err := do(ctx, o, request)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = writeJSON(&b, result)
	return b.Bytes(), err
}

// lines writes the lines of one answer. Operations may report progress from
// several goroutines.
type lines struct {
	mu sync.Mutex
	w  http.ResponseWriter
}

func (l *lines) write(v line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A client that has gone away is no error of the node's.
	if json.NewEncoder(l.w).Encode(v) == nil {
		_ = http.NewResponseController(l.w).Flush()
	}
}

// remote is a process that serves the data directory.
type remote struct{ client *http.Client }

// dial finds the process that serves dir, if there is one.
func dial(ctx context.Context, dir string) (*remote, bool) {
	path := filepath.Join(dir, socketFile)
	open := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}
	c, err := open(ctx, "", "")
	if err != nil {
		return nil, false
	}
	c.Close()
	return &remote{&http.Client{Transport: &http.Transport{DialContext: open}}}, true
}

func (r *remote) close() { r.client.CloseIdleConnections() }

// ask sends one request and reads its answer to the end.
func (r *remote) ask(ctx context.Context, name string, q any, p progress) (json.RawMessage, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node/op/"+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	who := speakerOf(ctx)
	for _, h := range [][2]string{{headerAs, who.as}, {headerProposal, who.proposal}, {headerSignature, who.signature}} {
		if h[1] != "" {
			req.Header.Set(h[0], h[1])
		}
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, entente.Errorf(entente.Refused, "is the serving process still there? try again", "ask the serving process: %w", err)
	}
	defer res.Body.Close()
	for d := json.NewDecoder(res.Body); ; {
		var l line
		if err := d.Decode(&l); err != nil {
			return nil, entente.Errorf(entente.Refused, "what was asked may or may not have been done: look (entente log) before you ask again", "the serving process ended in the middle of its answer: %w", err)
		}
		switch {
		case l.Error != nil:
			return nil, l.Error.err()
		case l.Sign != "":
			return nil, signatureWanted{l.Sign}
		case l.Result != nil:
			return l.Result, nil
		case l.Progress != nil:
			p(l.Progress.Done, l.Progress.Total, l.Progress.What)
		}
	}
}
