package peer

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"entente"
	"entente/node"
)

const (
	helloFormat = "entente-peer/1"
	// maxPositions and maxCards bound the channels and the cards in a hello.
	maxPositions = 4096
	maxCards     = 256
	// maxCount is the largest size or epoch; see package entente.
	maxCount = 1 << 50
)

// hello is what each side says first: who speaks, all its cards, so that the other
// knows the keys of what follows, and how far it has the channels between the two. It cannot name a channel of anybody else: a channel
// is given by its direction. There is one encoding: members in this order,
// channels sorted and different, no white space.
//
// Evolution: a member is never added; another format has another name and
// comes with another name in ALPN.
type hello struct {
	Format   string          `json:"format"`
	Party    entente.PartyID `json:"party"`
	Cards    [][]byte        `json:"cards"` // envelopes in base64, oldest first
	Channels []position      `json:"channels,omitempty"`
}

// position is how far the speaker has one channel.
type position struct {
	// Mine: the channel goes from the speaker to the listener; else the reverse.
	Mine    bool              `json:"mine"`
	Compact entente.CompactID `json:"compact"`
	Epoch   int64             `json:"epoch"`
	Size    int64             `json:"size"`
	Root    string            `json:"root"`
	// Evidence is the listener's own latest statement about the channel that the
	// speaker holds: a receipt if Mine, else a head.
	Evidence []byte `json:"evidence,omitempty"` // base64
}

func (p position) compare(q position) int {
	if p.Mine != q.Mine {
		if p.Mine {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(p.Compact, q.Compact), cmp.Compare(p.Epoch, q.Epoch))
}

// encodeHello gives the hello frame of self to peer.
func encodeHello(self, peer entente.PartyID, cards [][]byte, positions []node.Position) ([]byte, error) {
	h := hello{Format: helloFormat, Party: self, Cards: cards}
	for _, p := range positions {
		mine := p.Channel.From == self && p.Channel.To == peer
		if !mine && (p.Channel.From != peer || p.Channel.To != self) {
			return nil, fmt.Errorf("hello to %s would name a channel of others", entente.Short(peer))
		}
		h.Channels = append(h.Channels, position{mine, p.Channel.Compact, p.Channel.Epoch, p.Tree.Size, p.Tree.Root, p.Evidence})
	}
	slices.SortFunc(h.Channels, position.compare)
	if len(h.Channels) > maxPositions || len(cards) > maxCards {
		return nil, fmt.Errorf("hello to %s would name %d channels and %d cards: at most %d and %d", entente.Short(peer), len(h.Channels), len(cards), maxPositions, maxCards)
	}
	b, err := json.Marshal(&h)
	if err != nil {
		return nil, fmt.Errorf("encode hello: %w", err)
	}
	return seal(kindHello, append(room(len(b)), b...))
}

// parseHello reads the hello of peer to self: the peer's cards, not verified, and
// its positions.
func parseHello(self, peer entente.PartyID, payload []byte) ([][]byte, []node.Position, error) {
	var h hello
	if err := json.Unmarshal(payload, &h, json.RejectUnknownMembers(true)); err != nil {
		return nil, nil, violation("hello: %w", err)
	}
	if again, err := json.Marshal(&h); err != nil || !bytes.Equal(again, payload) {
		return nil, nil, violation("hello is not in its one encoding")
	}
	if h.Format != helloFormat {
		return nil, nil, violation("hello of format %.40q, expected %s", h.Format, helloFormat)
	}
	if h.Party != peer {
		return nil, nil, violation("hello of %s over the certificate of another party", entente.Short(h.Party))
	}
	if len(h.Channels) > maxPositions || len(h.Cards) > maxCards {
		return nil, nil, violation("hello names %d channels and %d cards: at most %d and %d", len(h.Channels), len(h.Cards), maxPositions, maxCards)
	}
	out := make([]node.Position, len(h.Channels))
	for i, p := range h.Channels {
		if i > 0 && h.Channels[i-1].compare(p) >= 0 {
			return nil, nil, violation("channels in a hello are sorted and differ")
		}
		if p.Compact == "" || p.Epoch < 1 || p.Epoch > maxCount || p.Size < 0 || p.Size > maxCount {
			return nil, nil, violation("hello: a channel without compact, or numbers out of range")
		}
		if err := new(entente.ActID).UnmarshalText([]byte(p.Root)); err != nil { // a root is spelled like an id
			return nil, nil, violation("hello: root of a tree: %w", err)
		}
		out[i] = node.Position{
			Channel: entente.Channel{From: self, To: peer, Compact: p.Compact, Epoch: p.Epoch},
			Tree:    entente.TreeHead{Size: p.Size, Root: p.Root}, Evidence: p.Evidence,
		}
		if p.Mine {
			out[i].Channel.From, out[i].Channel.To = peer, self
		}
	}
	return h.Cards, out, nil
}
