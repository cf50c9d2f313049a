package peer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"entente"
	"entente/node"
)

// roster is the partners as the node knows them, read again when something has changed.
type roster struct {
	desk Desk

	mu      sync.Mutex
	changed <-chan struct{} // nil: not read yet
	peers   map[entente.PartyID]node.Peer
}

// read gives the partners as they are now. Nobody changes the map.
func (r *roster) read(ctx context.Context) (map[entente.PartyID]node.Peer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed != nil {
		select {
		case <-r.changed:
		default:
			return r.peers, nil
		}
	}
	changed := r.desk.Changed() // taken first, so that a change while reading is seen
	list, err := r.desk.Peers(ctx)
	if err != nil {
		return nil, err
	}
	peers := make(map[entente.PartyID]node.Peer, len(list))
	for _, p := range list {
		peers[p.Party] = p
	}
	r.peers, r.changed = peers, changed
	return peers, nil
}

var errUnknown = errors.New("not a known party's certificate")

// holder is the partner whose card lists this TLS key. A frozen party is
// answered like one that is not known. A card proves possession of its keys, so
// that two parties with one key are one hand: the smaller id stands for both.
func (r *roster) holder(ctx context.Context, key entente.Key) (node.Peer, error) {
	peers, err := r.read(ctx)
	if err != nil {
		return node.Peer{}, err
	}
	var found node.Peer
	for _, p := range peers {
		if lists(p, key) && (found.Party == "" || p.Party < found.Party) {
			found = p
		}
	}
	if found.Party == "" {
		return found, errUnknown
	}
	return found, nil
}

// lists says whether a connection with this key may stand.
func lists(p node.Peer, key entente.Key) bool { return !p.Frozen && slices.Contains(p.TLS, key) }

// sameWay says whether what is needed to call p has stayed as it was.
func sameWay(p, q node.Peer) bool {
	return p.Frozen == q.Frozen && slices.Equal(p.TLS, q.TLS) && slices.Equal(p.Endpoints, q.Endpoints) && (len(p.Compacts) > 0) == (len(q.Compacts) > 0)
}
