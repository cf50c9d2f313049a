// Package web is the desk in the browser: the pages in which a party's
// analysts, releasers, chairs, inspectors and administrators work.
//
// Pages are made on the server and work without script; a few custom elements
// (scripts/) add what moves. A page shows what [node.Node.Read] gives its
// visitor and nothing else, and what is to be signed in the party's name goes
// through one page (sign.go), where a person approves exactly what is shown.
//
// It promises that no page asks another origin for anything, that no script or
// style stands in a page itself, and that whoever is not signed in sees nothing
// but the way in.
package web

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"entente"
	"entente/node"
)

// Config is what a desk is opened with.
type Config struct {
	Node *node.Node
	// Origin is where browsers reach the desk, such as https://desk.example.org or
	// http://localhost:8700. Passkeys are bound to it. Without TLS only localhost will do.
	Origin string
	// Issuer lets people sign in elsewhere too; nil: they do not.
	Issuer *Issuer
	// Mail tells people that something waits; nil: nobody is told by mail.
	Mail  *Mail
	Clock entente.Clock // default: time.Now
	Log   *slog.Logger
}

// Door is the desk. Its methods may be called from many goroutines.
type Door struct {
	node       *node.Node
	origin     *url.URL
	clock      entente.Clock
	log        *slog.Logger
	pages      *pages
	tries      *tries
	challenges challenges
	issuer     *issuer // nil: there is none
	mail       *Mail   // likewise
	mux        *http.ServeMux

	patterns []string // of all pages
	verifier verifier
}

//go:embed all:static
var static embed.FS

// New makes a desk. It serves nothing by itself: see [Door.Serve] and [Door.Handler].
func New(cfg Config) (*Door, error) {
	origin, err := url.Parse(cfg.Origin)
	if err != nil || origin.Host == "" || origin.Scheme != "https" && (origin.Scheme != "http" || origin.Hostname() != "localhost") {
		return nil, entente.Errorf(entente.Invalid, "use https://NAME, or http://localhost:PORT on this machine alone", "the desk cannot be reached at %q", cfg.Origin)
	}
	d := &Door{node: cfg.Node, origin: origin, clock: cfg.Clock, log: cfg.Log, mail: cfg.Mail, tries: &tries{wrong: map[string]wrong{}}, mux: http.NewServeMux()}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Mail != nil {
		if err := cfg.Mail.Check(); err != nil {
			return nil, err
		}
	}
	if cfg.Issuer != nil {
		d.issuer = &issuer{Issuer: *cfg.Issuer, back: origin.JoinPath("/oidc/callback").String()}
	}
	if d.pages, err = readPages(); err != nil {
		return nil, err
	}
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	d.mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	d.routes()
	return d, nil
}

// routes lists every page. Each file of this package adds its own here, in one line.
func (d *Door) routes() {
	d.signInRoutes()
	d.accountRoutes()
	d.passkeyRoutes()
	d.issuerRoutes()
	d.noticeRoutes()
	d.meRoutes()
	d.operatorRoutes()
	d.partyRoutes()
	d.signRoutes()
	d.cellRoutes()
	d.inboxRoutes()
	d.whereRoutes()
	d.changesRoutes()
	d.recordRoutes()
	d.tearlineRoutes()
	d.writeRoutes()
	d.releaseRoutes()
	d.askRoutes()
	d.consentRoutes()
	d.agreementRoutes()
	d.logRoutes()
	d.graphRoutes()
	d.eventRoutes()
}

// policy is what browsers are told about every page: nothing from elsewhere,
// nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler answers browsers.
func (d *Door) Handler() http.Handler {
	guard := http.NewCrossOriginProtection().Handler(d.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Host != d.origin.Host { // another name for this machine: no page for it
			http.Error(w, "this desk is at "+d.origin.String(), http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		guard.ServeHTTP(w, r)
	})
}

// maxForm bounds what a browser sends in one request, in bytes: a file of the
// largest record.
const maxForm = 17 << 20

// Serve answers browsers on l until ctx ends. Event streams end with ctx.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if srv.Shutdown(last) != nil {
			srv.Close()
		}
	}()
	told := make(chan struct{})
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer close(told)
		d.tell(ctx)
	}()
	err := srv.Serve(l)
	stop()
	<-told
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
		<-stopped
	}
	d.verifier.end()
	return err
}
