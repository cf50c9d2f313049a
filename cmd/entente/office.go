package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/peer"
	"entente/store/sqlite"
)

// Names in a data directory.
const (
	keysDir    = "keys"
	rootDir    = "root"
	lockFile   = "lock"
	socketFile = "node.sock"
)

// office is an open data directory: what operations work on.
type office struct {
	dir  string
	lock *lock
	db   *sqlite.DB
	node *node.Node
	door *peer.Door // nil unless this process serves
	desk string     // where browsers reach its desk; empty: there is none
	as   string     // the operator who asks; empty: the party as a whole

	speaker speaker // the same, with what was signed
}

// openOffice opens a data directory for this process alone.
func openOffice(ctx context.Context, dir string) (*office, error) {
	return openOfficeLogging(ctx, dir, nil)
}

func openOfficeLogging(ctx context.Context, dir string, log *slog.Logger) (_ *office, err error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	o := &office{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if o.lock, err = takeLock(dir); err != nil {
		return nil, err
	}
	if o.db, err = sqlite.Open(dir); err != nil {
		return nil, err
	}
	o.node, err = openNode(ctx, node.Config{Store: o.db, Clock: clock, Log: log}, filepath.Join(dir, keysDir))
	return o, err
}

// clock is the clock of this process; tests of a clock that is wrong replace it.
var clock entente.Clock

// checkDir wants the data directory of a party, owned by who asks.
func checkDir(dir string) error {
	const hint = "entente init DIR --name NAME makes a party; --dir or ENTENTE_DIR says where one is"
	info, err := os.Stat(filepath.Join(dir, sqlite.File))
	if errors.Is(err, fs.ErrNotExist) {
		return entente.Errorf(entente.Invalid, hint, "no party lives in %s", dir)
	}
	if err != nil {
		return entente.Errorf(entente.Invalid, hint, "data directory: %w", err)
	}
	// Files that another user leaves behind would lock the owner out.
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return entente.Errorf(entente.Refused, "run the command as the user who owns the data directory (sudo -u), or start the node and use its socket as that user",
			"%s belongs to user %d, this is user %d", dir, st.Uid, os.Geteuid())
	}
	return nil
}

// openNode opens the node with the keys that its card lists. Keys that wait
// beside the others, because a change of keys was interrupted after the card
// had been kept, are put in place.
func openNode(ctx context.Context, cfg node.Config, keys string) (*node.Node, error) {
	ring, err := keyring.Read(keys)
	var n *node.Node
	if err == nil {
		cfg.Keys = ring
		n, err = node.Open(ctx, cfg)
	}
	if err == nil {
		return n, nil
	}
	waiting, none := keyring.Read(filepath.Join(keys, "next"))
	if none != nil {
		return nil, err
	}
	cfg.Keys = waiting
	n, failed := node.Open(ctx, cfg)
	if failed != nil {
		return nil, err
	}
	card, failed := ownCard(ctx, n)
	if failed != nil {
		return nil, errors.Join(err, failed)
	}
	if cfg.Keys, err = keyring.Current(keys, card.Act.CardBody, false); err != nil {
		return nil, err
	}
	return node.Open(ctx, cfg)
}

// ownCard is the node's own card in force.
func ownCard(ctx context.Context, n *node.Node) (entente.Signed, error) {
	cards, err := n.Card(ctx, n.Self())
	if err != nil {
		return entente.Signed{}, fmt.Errorf("own card: %w", err)
	}
	return entente.ParseSigned(cards[len(cards)-1])
}

// operator is the reader that commands read as: an operator, or the party as a whole.
func (o *office) operator() entente.Reader {
	return entente.Reader{Party: o.node.Self(), Operator: o.as}
}

func (o *office) close() error {
	var errs []error
	if o.db != nil {
		errs = append(errs, o.db.Close())
	}
	if o.lock != nil {
		errs = append(errs, o.lock.release())
	}
	return errors.Join(errs...)
}
