package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"entente"
	"entente/peer"
)

type serveCmd struct {
	Listen string `help:"Where partners reach this node; none: it dials out only." placeholder:"HOST:PORT"`
	Desk   string `help:"Where this machine serves the desk in the browser; none: no desk. A loopback address, such as 127.0.0.1:8700; for others put a proxy with TLS in front of it." placeholder:"HOST:PORT"`
	Origin string `help:"Where browsers reach the desk (default: http://localhost:PORT)." placeholder:"URL"`

	MailServer       string `help:"Mail server by which people at the desk are told that something waits, and nothing else." placeholder:"HOST:PORT"`
	MailFrom         string `help:"Address that such mail comes from." placeholder:"ADDRESS"`
	MailUser         string `help:"Account at the mail server; none: it asks for none." placeholder:"NAME"`
	MailPasswordFile string `help:"File, for its owner alone, with the password of that account." placeholder:"FILE"`

	OIDCIssuer     string `name:"oidc-issuer" help:"OpenID provider through which people may sign in to the desk too." placeholder:"URL"`
	OIDCClient     string `name:"oidc-client" help:"Id of this desk at that provider; the desk's /oidc/callback is its redirect address." placeholder:"ID"`
	OIDCSecretFile string `name:"oidc-secret-file" help:"File, for its owner alone, with the secret of that id." placeholder:"FILE"`
}

type readyAnswer struct {
	Ready     bool            `json:"ready"`
	Party     entente.PartyID `json:"party"`
	Listening string          `json:"listening"` // empty: dials out only
	Socket    string          `json:"socket"`
	Desk      string          `json:"desk"` // where browsers reach it; empty: no desk
}

func (c *serveCmd) Run(s *session) error {
	log := slog.New(slog.NewTextHandler(s.stderr, nil))
	return serve(s.ctx, s.dir, *c, log, func(a readyAnswer) error { return a.write(s.stdout, s.json) })
}

func (a readyAnswer) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(w, a)
	}
	listening := a.Listening
	if listening == "" {
		listening = "-"
	}
	desk := ""
	if a.Desk != "" {
		desk = " desk " + a.Desk
	}
	_, err := fmt.Fprintf(w, "ready %s listening %s socket %s%s\n", a.Party, listening, a.Socket, desk)
	return err
}

// leastFree is how much room the disk must have: control acts have to be kept
// whatever happens.
const leastFree = 64 << 20

// serve runs a node until ctx ends. ready is called once everything is open.
func serve(ctx context.Context, dir string, c serveCmd, log *slog.Logger, ready func(readyAnswer) error) (err error) {
	if err := c.checkDesk(); err != nil { // before anything is opened
		return err
	}
	o, err := openWhenFree(ctx, dir, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	if err := wantRoom(dir); err != nil {
		return err
	}
	if o.door, err = peer.New(peer.Config{Desk: o.node, Listen: c.Listen, Clock: clock, Log: log, MaxBackoff: 30 * time.Second}); err != nil {
		return err
	}
	a := readyAnswer{Ready: true, Party: o.node.Self(), Socket: filepath.Join(dir, socketFile)}
	if addr := o.door.Addr(); addr != nil {
		a.Listening = addr.String()
	}
	desk, err := openDesk(o, c, log)
	if err != nil {
		return err
	}
	a.Desk = desk.origin
	socket, err := listenSocket(dir)
	if err != nil {
		return err
	}
	// What ends by itself ends everything.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	var failed [5]error
	for i, part := range []func() error{
		func() error { return answerSocket(ctx, socket, o) },
		func() error { return o.door.Run(ctx) },
		func() error { keepHouse(ctx, o, log); return nil },
		func() error { keepIndex(ctx, o, log); return nil },
		func() error { return desk.serve(ctx) },
	} {
		group.Go(func() {
			defer stop()
			failed[i] = part()
		})
	}
	err = ready(a)
	if err != nil {
		stop()
	}
	group.Wait()
	return errors.Join(err, errors.Join(failed[:]...), o.node.SealLogs(context.WithoutCancel(ctx)))
}

// How often a serving node looks for what has expired, and seals its logs.
const (
	sweepTime = time.Minute
	sealTime  = 5 * time.Minute
)

// keepHouse erases what has expired and seals the logs, from the start on and
// then every now and again, until ctx ends. What fails is tried again.
func keepHouse(ctx context.Context, o *office, log *slog.Logger) {
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	sealed := time.Now()
	for {
		if n, err := o.node.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.Error("what has expired cannot be erased", "error", err)
		} else if n > 0 {
			log.Info("expired records erased", "records", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(sealed) < sealTime {
			continue
		}
		sealed = time.Now()
		if err := o.node.SealLogs(ctx); err != nil && ctx.Err() == nil {
			log.Error("the logs cannot be sealed", "error", err)
		}
	}
}

// keepIndex writes the words of what has come in, so that the next search need not.
// A store that was written before there was a search has much to do at the start.
func keepIndex(ctx context.Context, o *office, log *slog.Logger) {
	for {
		changed := o.node.Changed() // before looking, so that nothing is missed
		n, err := o.node.Index(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Error("records cannot be made ready for searches", "error", err)
		case n > 10_000:
			log.Info("records made ready for searches", "records", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// openWhenFree opens the data directory; a command that has it for a moment is
// waited for.
func openWhenFree(ctx context.Context, dir string, log *slog.Logger) (*office, error) {
	deadline := time.Now().Add(patience)
	for {
		o, err := openOfficeLogging(ctx, dir, log)
		if !errors.Is(err, errInUse) || time.Now().After(deadline) {
			return o, err
		}
		if r, ok := dial(ctx, dir); ok {
			r.close()
			return nil, err // a serving process does not go away by itself
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// wantRoom refuses a disk that is all but full.
func wantRoom(dir string) error {
	free, err := freeSpace(dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free < leastFree {
		return entente.Errorf(entente.Exhausted, "make room, then start again; nothing is lost", "the disk of %s has %s left, a node needs %s to start", dir, size(free), size(leastFree))
	}
	return nil
}

// freeSpace is how many bytes this user can still write; tests replace it.
var freeSpace = func(dir string) (int64, error) {
	var st syscall.Statfs_t
	err := syscall.Statfs(dir, &st)
	return int64(st.Bavail) * int64(st.Bsize), err
}
