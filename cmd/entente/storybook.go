package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"entente"
	"entente/web"
)

// storybookCmd shows every page of the desk with canned data.
type storybookCmd struct {
	Listen string `help:"A loopback address." default:"127.0.0.1:8600" placeholder:"HOST:PORT"`
}

type storybookAnswer struct {
	Address string `json:"address"`
}

func (c *storybookCmd) Run(s *session) error {
	book, err := web.Storybook()
	if err != nil {
		return err
	}
	l, err := listenLoopback(c.Listen)
	if err != nil {
		return err
	}
	if err := s.show(storybookAnswer{"http://" + l.Addr().String()}, func(p *printer) {
		p.line("The pages of the desk, with canned data: http://%s (until Ctrl-C)", l.Addr())
	}); err != nil {
		return errors.Join(err, l.Close())
	}
	srv := &http.Server{Handler: book, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(s.ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listenLoopback listens where only this machine reaches it.
func listenLoopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, entente.Errorf(entente.Invalid, "use 127.0.0.1:PORT, with a proxy that has a certificate in front for other machines", "pages cannot be served on %q", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for browsers: %w", err)
	}
	return l, nil
}
