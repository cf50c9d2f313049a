package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"

	"entente"
	"entente/keyring"
	"entente/web"
)

// desk is the desk in the browser of a serving process; the zero desk serves nothing.
type desk struct {
	origin string
	door   *web.Door
	listen net.Listener
}

// openDesk opens the desk on a loopback address. Browsers elsewhere come through
// a proxy that has a certificate: the desk itself speaks no TLS.
func openDesk(o *office, c serveCmd, log *slog.Logger) (desk, error) {
	if c.Desk == "" {
		return desk{}, nil
	}
	issuer, err := c.issuer()
	if err != nil {
		return desk{}, err
	}
	mail, err := c.mail()
	if err != nil {
		return desk{}, err
	}
	l, err := listenLoopback(c.Desk)
	if err != nil {
		return desk{}, err
	}
	d := desk{origin: c.Origin, listen: l}
	if d.origin == "" {
		d.origin = "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	if d.door, err = web.New(web.Config{Node: o.node, Origin: d.origin, Issuer: issuer, Mail: mail, Clock: clock, Log: log}); err != nil {
		return desk{}, errors.Join(err, l.Close())
	}
	o.desk = d.origin
	return d, nil
}

// checkDesk says what is wrong with the flags of the desk.
func (c serveCmd) checkDesk() error {
	issuer, err := c.issuer()
	if err != nil {
		return err
	}
	mail, err := c.mail()
	if err == nil && (issuer != nil || mail != nil) && c.Desk == "" {
		err = entente.Errorf(entente.Invalid, "add --desk 127.0.0.1:8700", "the mail server and the issuer are for a desk, and none is to be opened")
	}
	return err
}

// mail is the mail server that the flags name; nil: none.
func (c serveCmd) mail() (*web.Mail, error) {
	if c.MailServer == "" && c.MailFrom == "" && c.MailUser == "" && c.MailPasswordFile == "" {
		return nil, nil
	}
	m := web.Mail{Server: c.MailServer, From: c.MailFrom, User: c.MailUser}
	if c.MailPasswordFile != "" {
		var err error
		if m.Password, err = keyring.ReadSecret(c.MailPasswordFile); err != nil {
			return nil, err
		}
	}
	return &m, m.Check()
}

// issuer is the provider that the flags name; nil: none.
func (c serveCmd) issuer() (*web.Issuer, error) {
	if c.OIDCIssuer == "" && c.OIDCClient == "" && c.OIDCSecretFile == "" {
		return nil, nil
	}
	if c.OIDCIssuer == "" || c.OIDCClient == "" || c.OIDCSecretFile == "" {
		return nil, entente.Errorf(entente.Invalid, "give --oidc-issuer, --oidc-client and --oidc-secret-file", "signing in through another issuer takes all three")
	}
	secret, err := keyring.ReadSecret(c.OIDCSecretFile)
	if err != nil {
		return nil, err
	}
	return &web.Issuer{URL: c.OIDCIssuer, Client: c.OIDCClient, Secret: secret}, nil
}

// serve answers browsers until ctx ends.
func (d desk) serve(ctx context.Context) error {
	if d.door == nil {
		<-ctx.Done()
		return nil
	}
	return d.door.Serve(ctx, d.listen)
}

type linkQuery struct {
	Name string `json:"name"`
}

type linkAnswer struct {
	Operator string `json:"operator"`
	Link     string `json:"link"`
}

var opOperatorLink = define("operator.link", func(ctx context.Context, o *office, q linkQuery) (linkAnswer, error) {
	if err := o.keeping(ctx); err != nil {
		return linkAnswer{}, err
	}
	if o.desk == "" {
		return linkAnswer{}, entente.Errorf(entente.Refused, "start it: entente serve --desk 127.0.0.1:8700", "no desk is open")
	}
	link, err := web.Link(ctx, o.node, o.desk, q.Name)
	if err == nil {
		err = o.node.Administered(ctx, o.as, q.Name, "sign-in link made")
	}
	return linkAnswer{q.Name, link}, err
})

type operatorLinkCmd struct {
	Name string `arg:"" help:"Who is to sign in."`
}

func (c *operatorLinkCmd) Run(s *session) error {
	a, err := ask(s, opOperatorLink, linkQuery(*c))
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("%s", a.Link)
		p.line("It lets %s sign in once, within the hour: hand it to nobody else.", plain(a.Operator))
	})
}
