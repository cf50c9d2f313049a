package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/store/sqlite"
	"entente/web"
)

type initCmd struct {
	Dir      string   `arg:"" optional:"" name:"dir" help:"Folder to make (default: that of --dir)." type:"path"`
	Name     string   `required:"" help:"What the party calls itself." placeholder:"NAME"`
	Endpoint []string `help:"host:port where partners reach the node; repeat for several; none: this node dials out only." sep:"none" placeholder:"HOST:PORT"`
	Operator string   `help:"First person of the party, with every role; a link is printed by which that person signs in to the desk once, within the hour." placeholder:"NAME"`
	Origin   string   `default:"http://localhost:8700" help:"Where browsers will reach the desk, for that link." placeholder:"URL"`
	RootDir  string   `help:"Folder for the root keys, best on a medium that can be taken away (default: DIR/root)." type:"path" placeholder:"DIR"`
}

type initAnswer struct {
	Party       entente.PartyID `json:"party"`
	Name        string          `json:"name"`
	Dir         string          `json:"dir"`
	RootDir     string          `json:"root_dir"`
	NextRoot    string          `json:"next_root_key"`
	Fingerprint fingerprint     `json:"fingerprint"`
	Link        string          `json:"link,omitzero"` // by which the first operator signs in
}

func (c *initCmd) Run(s *session) error {
	dir := c.Dir
	if dir == "" {
		dir = s.dir
	}
	if c.Operator != "" {
		if err := node.CheckOperatorName(c.Operator); err != nil {
			return err
		}
	}
	a, err := newParty(s.ctx, dir, c.RootDir, c.Name, c.Endpoint)
	if err != nil {
		return err
	}
	if c.Operator != "" {
		if a.Link, err = firstOperator(s.ctx, dir, c.Operator, c.Origin); err != nil {
			return err
		}
	}
	return s.show(a, func(p *printer) {
		p.line("Party        %s", plain(a.Name))
		p.line("Id           %s", a.Party)
		p.line("Fingerprint  %s", a.Fingerprint.Hex)
		p.line("             %s", a.Fingerprint.Words)
		p.line("Data         %s", a.Dir)
		p.line("")
		p.line("Next:")
		p.line("1. Take %s away from this machine, with a copy in a second place.", a.NextRoot)
		p.line("   It alone signs the next card. Whoever has it can take the party over; without it keys")
		p.line("   can never be changed.")
		p.line("2. Run the node:          entente --dir %s serve --listen HOST:PORT", a.Dir)
		p.line("3. Hand over your card:   entente --dir %s card --out FILE", a.Dir)
		p.line("   and read the fingerprint above to the other side over the telephone.")
		if a.Link != "" {
			p.line("4. Open the desk:         entente --dir %s serve --desk 127.0.0.1:8700", a.Dir)
			p.line("   and let %s sign in within the hour, once: %s", c.Operator, a.Link)
		}
	})
}

// firstOperator adds a person with every role, whose key nobody has: the person
// makes one by the link.
func firstOperator(ctx context.Context, dir, name, origin string) (link string, err error) {
	o, err := openOffice(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	if err := o.node.PutOperator(ctx, node.Operator{Name: name, Key: entente.NewPrivateKey().Key(), Roles: node.Roles}); err != nil {
		return "", err
	}
	return web.Link(ctx, o.node, origin, name)
}

// newParty makes a data directory: complete, or not at all. root is the folder
// of the root keys; empty: inside dir.
func newParty(ctx context.Context, dir, root, name string, endpoints []string) (_ initAnswer, err error) {
	if err := wantFree(dir); err != nil {
		return initAnswer{}, err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return initAnswer{}, fmt.Errorf("make %s: %w", parent, err)
	}
	draft, err := os.MkdirTemp(parent, ".entente-init-")
	if err != nil {
		return initAnswer{}, fmt.Errorf("make data directory: %w", err)
	}
	roots := root
	if root == "" {
		roots, root = filepath.Join(draft, rootDir), filepath.Join(dir, rootDir)
	}
	var made []string // root keys outside the draft
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
			for _, path := range made {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()

	first, err := keyring.NewRoot(roots, 1)
	if err != nil {
		return initAnswer{}, err
	}
	made = append(made, keyring.RootPath(roots, 1))
	next, err := keyring.NewRoot(roots, 2)
	if err != nil {
		return initAnswer{}, err
	}
	made = append(made, keyring.RootPath(roots, 2))
	if root == filepath.Join(dir, rootDir) {
		made = nil // they go with the draft
	}
	ring, err := keyring.New()
	if err != nil {
		return initAnswer{}, err
	}
	card, err := signCard(&entente.Card{Version: 1, Name: name, NextRoot: next.Key().Hash(), Endpoints: endpoints, Epoch: 1}, "", ring, first)
	if err != nil {
		return initAnswer{}, err
	}
	if err := ring.Write(filepath.Join(draft, keysDir)); err != nil {
		return initAnswer{}, err
	}
	db, err := sqlite.Open(draft)
	if err != nil {
		return initAnswer{}, err
	}
	n, err := node.Create(ctx, node.Config{Store: db, Keys: ring, Clock: clock}, card)
	if err = errors.Join(err, db.Close()); err != nil {
		return initAnswer{}, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty folder gives way
		return initAnswer{}, fmt.Errorf("put the data directory in place: %w", err)
	}
	if err := os.Rename(draft, dir); err != nil {
		return initAnswer{}, fmt.Errorf("put the data directory in place: %w", err)
	}
	return initAnswer{n.Self(), name, dir, root, keyring.RootPath(root, 2), fingerprintOf(card.ID), ""}, nil
}

// wantFree wants a folder that does not exist, or is empty.
func wantFree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if len(entries) > 0 {
		return entente.Errorf(entente.Conflict, "name a folder that does not exist yet: nothing is ever overwritten", "%s is not empty: it holds %s", dir, entries[0].Name())
	}
	return nil
}

// signCard completes a card with the keys of ring and signs it with all of them.
func signCard(c *entente.Card, party entente.PartyID, ring *keyring.Ring, root entente.Signer) (entente.Signed, error) {
	c.Keys = ring.CardKeys(root)
	signed, err := entente.Sign(entente.Act{Kind: entente.KindCard, Signer: party, Card: c.Version, Time: now(), CardBody: c}, ring.Signers(root)...)
	if err != nil {
		return signed, entente.Errorf(entente.Invalid, "", "card: %w", err)
	}
	return signed, nil
}
