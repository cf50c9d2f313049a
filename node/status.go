package node

import (
	"context"
	"errors"
	"sort"

	"entente"
	"entente/store"
)

// ChannelStatus is what the node can say of one channel with a partner.
type ChannelStatus struct {
	entente.Channel
	Partner     entente.PartyID
	PartnerName string
	CompactName string
	// Owed counts acts queued for the partner that are not in the channel yet;
	// Size counts entries; Receipted those the receiver has answered for.
	Owed, Size, Receipted int64
	// Codes counts entries by disposition; Refused lists the last refusals.
	Codes   map[entente.Code]int64
	Refused []RefusedEntry
}

// RefusedEntry is one entry of which nothing was applied.
type RefusedEntry struct {
	Pos  int64
	Act  string
	Code entente.Code
}

// Channels reports, per partner and compact and direction, what is owed,
// delivered, receipted and refused.
func (n *Node) Channels(ctx context.Context) ([]ChannelStatus, error) {
	var out []ChannelStatus
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.Tx.Channels()
		if err != nil {
			return err
		}
		queues, err := d.QueueCounts()
		if err != nil {
			return err
		}
		owed := map[entente.Channel]int64{}
		self, _, err := d.current(d.Tx, d.self)
		if err != nil {
			return err
		}
		for _, q := range queues {
			ch := entente.Channel{From: d.self, To: q.To, Compact: q.Compact, Epoch: self.Epoch}
			owed[ch] = q.Queued
			known := false
			for _, row := range rows {
				known = known || row.Channel == ch
			}
			if !known && q.Queued > 0 {
				rows = append(rows, store.Channel{Channel: ch})
			}
		}
		for _, row := range rows {
			if row.From == row.To {
				continue
			}
			s, err := d.channelStatus(row)
			if err != nil {
				return err
			}
			s.Owed = owed[row.Channel]
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

func (d *desk) channelStatus(row store.Channel) (ChannelStatus, error) {
	s := ChannelStatus{Channel: row.Channel, Partner: row.To, Size: row.Size, Receipted: row.Receipted, Codes: map[entente.Code]int64{}}
	if row.To == d.self {
		s.Partner = row.From
	}
	s.PartnerName = d.nameOf(s.Partner)
	state, err := d.state(row.Compact)
	if err != nil {
		return s, err
	}
	if state.Charter != nil {
		s.CompactName = state.Charter.Name
	}
	if row.N == 0 {
		return s, nil
	}
	return s, d.EachLeaf(row.N, func(l store.Leaf) error {
		if l.Code != "" {
			s.Codes[l.Code]++
		}
		if l.Code.Refused() {
			s.Refused = append(s.Refused, RefusedEntry{l.Pos, l.ID, l.Code})
			if len(s.Refused) > 20 {
				s.Refused = s.Refused[1:]
			}
		}
		return nil
	})
}

// Parties lists the parties this node knows.
func (n *Node) Parties(ctx context.Context) ([]store.Party, error) {
	var out []store.Party
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, err = d.Tx.Parties()
		return err
	})
	return out, err
}

// Events reads the local log after this line.
func (n *Node) Events(ctx context.Context, after int64, limit int) ([]store.Event, error) {
	var out []store.Event
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, err = d.Tx.Events(after, limit)
		return err
	})
	return out, err
}

// EventCount is the number of lines of the local log: they are numbered from 1
// without gaps.
func (n *Node) EventCount(ctx context.Context) (int64, error) {
	last := 0
	err := n.view(ctx, func(d *desk) error {
		var failed error
		ends := func(n int) bool {
			rows, err := d.Tx.Events(int64(n), 1)
			failed = errors.Join(failed, err)
			return len(rows) == 0
		}
		high := 1
		for !ends(high) {
			high *= 2
		}
		last = sort.Search(high, ends)
		return failed
	})
	return int64(last), err
}

// Peer is what a door needs to reach a partner and to know it again.
type Peer struct {
	Party     entente.PartyID
	Name      string
	TLS       []entente.Key // keys its certificate may have
	Endpoints []string
	Compacts  []entente.CompactID // shared ones
	Frozen    bool
	// Heard is when the peer was last known to have nothing more to tell: what
	// came from it is not confirmed since. Zero: never.
	Heard entente.Time
}

// Peers lists the partners that share a compact with this party, or that a
// person here has trusted.
func (n *Node) Peers(ctx context.Context) ([]Peer, error) {
	var out []Peer
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.Tx.Parties()
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.ID == d.self {
				continue
			}
			p, err := d.peer(row)
			if err != nil {
				return err
			}
			if row.Trusted || len(p.Compacts) > 0 {
				out = append(out, p)
			}
		}
		return nil
	})
	return out, err
}

func (d *desk) peer(row store.Party) (Peer, error) {
	p := Peer{Party: row.ID, Name: row.Name, Frozen: row.Frozen != ""}
	_, card, err := d.current(d.Tx, row.ID)
	if err != nil {
		return p, err
	}
	p.TLS, p.Endpoints = card.KeysFor(entente.UseTLS), card.Endpoints
	if p.Heard, err = d.heardFrom(row.ID); err != nil {
		return p, err
	}
	p.Compacts, err = d.sharedWith(row.ID)
	return p, err
}

// Health says whether the node works or why not.
type Health struct {
	Party    entente.PartyID
	Name     string
	Card     int64
	Restored string // why the node sends and shows nothing; empty: it works
	Records  int64
	Queued   int64
}

// Health reports the node's own state.
func (n *Node) Health(ctx context.Context) (Health, error) {
	h := Health{Party: n.self}
	err := n.view(ctx, func(d *desk) error {
		row, _, err := d.current(d.Tx, d.self)
		if err != nil {
			return err
		}
		h.Name, h.Card = row.Name, row.Version
		if err := d.working(); err != nil {
			h.Restored = err.Error()
		}
		if h.Records, err = d.CountRecords(d.self); err != nil {
			return err
		}
		counts, err := d.QueueCounts()
		for _, c := range counts {
			h.Queued += c.Queued
		}
		return err
	})
	return h, err
}
