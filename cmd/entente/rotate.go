package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"entente"
	"entente/keyring"
	"entente/store"
)

type rotateCmd struct {
	RootDir   string   `help:"Folder with the root key that signs the next card (default: DIR/root)." type:"path" placeholder:"DIR"`
	Endpoint  []string `help:"host:port where partners reach the node from now on; repeat for several; an empty one: it dials out only (default: as before)." sep:"none" placeholder:"HOST:PORT"`
	Name      string   `help:"What the party calls itself from now on (default: as before)." placeholder:"NAME"`
	ForgetTLS bool     `name:"forget-tls" help:"Do not keep the old TLS key: when it was stolen. Partners that cannot be told otherwise must take in the new card by entente trust."`
	NewEpoch  bool     `help:"Begin the channels anew, when what this store has lost cannot be given back."`
}

type rotateQuery struct {
	Card      string `json:"card"` // envelope
	ForgetTLS bool   `json:"forget_tls"`
}

type rotateAnswer struct {
	Party       entente.PartyID `json:"party"`
	Name        string          `json:"name"`
	Version     int64           `json:"version"`
	Epoch       int64           `json:"epoch"`
	NextRoot    string          `json:"next_root_key"`
	Fingerprint fingerprint     `json:"fingerprint"`
}

type bookQuery struct {
	Epoch int64 `json:"epoch"`
}

// opBook is the head of the party's own book, for a card that opens an epoch.
var opBook = define("rotate.book", func(ctx context.Context, o *office, q bookQuery) (entente.TreeHead, error) {
	var head entente.TreeHead
	err := o.db.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Channel(entente.Book(o.node.Self(), q.Epoch))
		head = entente.TreeHead{Size: row.Size, Root: row.Root}
		return err
	})
	return head, err
})

// opRotate puts a signed card in force whose keys wait beside the old ones. The
// keys never pass through the socket.
var opRotate = define("rotate", func(ctx context.Context, o *office, q rotateQuery) (nothing, error) {
	if err := o.keeping(ctx); err != nil {
		return nothing{}, err
	}
	card, err := entente.ParseSigned([]byte(q.Card))
	if err != nil {
		return nothing{}, entente.Errorf(entente.Invalid, "", "card: %w", err)
	}
	if card.Act.Kind != entente.KindCard {
		return nothing{}, entente.Errorf(entente.Invalid, "", "a %s, expected a card", card.Act.Kind)
	}
	keys := filepath.Join(o.dir, keysDir)
	ring, err := keyring.Read(filepath.Join(keys, "next"))
	if err != nil {
		return nothing{}, err
	}
	if !q.ForgetTLS {
		old := o.node.Keys().TLS
		ring.OldTLS = &old
	}
	// From here on the card counts; an interruption before the keys are in place
	// is mended when the data directory is opened.
	if err := o.node.Rotate(ctx, card, ring); err != nil {
		return nothing{}, err
	}
	_, err = keyring.Current(keys, card.Act.CardBody, q.ForgetTLS)
	return nothing{}, err
})

func (c *rotateCmd) Run(s *session) error {
	keys := filepath.Join(s.dir, keysDir)
	if err := wantOwner(keys); err != nil {
		return err
	}
	now, err := ask(s, opCard, cardQuery{})
	if err != nil {
		return err
	}
	roots := c.RootDir
	if roots == "" {
		roots = filepath.Join(s.dir, rootDir)
	}
	root, next, err := rootKeys(roots, now)
	if err != nil {
		return err
	}
	previous, err := entente.ParseSigned([]byte(now.Cards[len(now.Cards)-1]))
	if err != nil {
		return err
	}
	body := entente.Card{
		Version: now.Version + 1, Previous: previous.ID, Name: now.Name, Endpoints: now.Endpoints, Epoch: now.Epoch, NextRoot: next.Key().Hash(),
	}
	if c.Name != "" {
		body.Name = c.Name
	}
	if c.Endpoint != nil {
		body.Endpoints = nil
		for _, e := range c.Endpoint {
			if e != "" {
				body.Endpoints = append(body.Endpoints, e)
			}
		}
	}
	if c.NewEpoch {
		head, err := ask(s, opBook, bookQuery{now.Epoch})
		if err != nil {
			return err
		}
		body.Epoch, body.LastHead = now.Epoch+1, &head
	}
	ring, err := keyring.New()
	if err != nil {
		return err
	}
	card, err := signCard(&body, now.Party, ring, root)
	if err != nil {
		return err
	}
	// A ring of an attempt that never came about may wait there.
	if err := errors.Join(keyring.Unstage(keys), ring.Stage(keys)); err != nil {
		return err
	}
	if _, err := ask(s, opRotate, rotateQuery{string(card.Envelope()), c.ForgetTLS}); err != nil {
		return err
	}
	a := rotateAnswer{now.Party, body.Name, body.Version, body.Epoch, keyring.RootPath(roots, body.Version+1), fingerprintOf(card.ID)}
	return s.show(a, func(p *printer) {
		p.line("Card version %d of %s is in force; partners get it at the next contact.", a.Version, named(a.Name, a.Party))
		p.line("Fingerprint  %s", a.Fingerprint.Hex)
		p.line("             %s", a.Fingerprint.Words)
		p.line("")
		p.line("Next: take %s away from this machine: it alone signs card version %d.", a.NextRoot, a.Version+1)
	})
}

// rootKeys reads the key that signs the next card and makes the one after it.
func rootKeys(dir string, now cardAnswer) (root, next entente.PrivateKey, err error) {
	path := keyring.RootPath(dir, now.Version+1)
	root, err = keyring.ReadRoot(dir, now.Version+1)
	if errors.Is(err, fs.ErrNotExist) {
		return root, next, entente.Errorf(entente.Invalid, "bring the medium with the root keys and name its folder with --root-dir; if the key is lost, see docs/keys.md", "the root key that signs card version %d is not there: %w", now.Version+1, err)
	}
	if err != nil {
		return root, next, err
	}
	if root.Key().Hash() != now.NextRoot {
		return root, next, entente.Errorf(entente.Invalid, "name the folder with this party's root keys with --root-dir", "%s is not the key that card version %d committed to", path, now.Version)
	}
	// One that is there already was made by an attempt that was interrupted, and
	// nobody has seen it.
	next, err = keyring.ReadRoot(dir, now.Version+2)
	if errors.Is(err, fs.ErrNotExist) {
		next, err = keyring.NewRoot(dir, now.Version+2)
	}
	return root, next, err
}

// wantOwner wants new key files to belong to whom the old ones belong to, who
// is the user that the node runs as.
func wantOwner(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return entente.Errorf(entente.Invalid, "say with --dir or ENTENTE_DIR where the party lives", "key folder: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return entente.Errorf(entente.Refused, fmt.Sprintf("run the command as that user: sudo -u '#%d' entente rotate", st.Uid), "%s belongs to user %d, this is user %d", dir, st.Uid, os.Geteuid())
	}
	return nil
}
