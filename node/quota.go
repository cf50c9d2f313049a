package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/store"
)

// spent is what has passed one way between two parties in one compact on one day.
type spent struct{ acts, bytes int64 }

// quotaKey names the counter of a day; a new day begins a new one.
func quotaKey(way string, peer entente.PartyID, id entente.CompactID) string {
	return "quota/" + way + "/" + string(peer) + "/" + string(id)
}

// spentToday reads a counter; one of another day counts nothing.
func (d *desk) spentToday(key string) (spent, error) {
	text, ok, err := d.Meta(key)
	if err != nil || !ok {
		return spent{}, err
	}
	f := strings.Fields(text)
	if len(f) != 3 || f[0] != string(entente.DateOf(d.now)) {
		return spent{}, nil
	}
	acts, err1 := strconv.ParseInt(f[1], 10, 64)
	bytes, err2 := strconv.ParseInt(f[2], 10, 64)
	if err1 != nil || err2 != nil {
		return spent{}, brokenRow("counter", key, err1)
	}
	return spent{acts, bytes}, nil
}

func (d *desk) spend(key string, s spent) error {
	return d.SetMeta(key, fmt.Sprintf("%s %d %d", entente.DateOf(d.now), s.acts, s.bytes))
}

// within says whether a parcel of this size still fits a quota, which is taken
// times over: the receiver allows twice, since the days of two clocks overlap.
func (s spent) within(q entente.Quota, times, bytes int64) bool {
	return (q.Acts == 0 || s.acts+1 <= q.Acts*times) && (q.Bytes == 0 || s.bytes+bytes <= q.Bytes*times)
}

// allowSending counts a parcel against the sender's quota of the day; what does
// not fit stays queued until tomorrow. Control acts always go.
func (d *desk) allowSending(to entente.PartyID, id entente.CompactID, k entente.Kind, bytes int64) (bool, error) {
	state, err := d.state(id)
	if err != nil || k.Control() || state.Charter == nil || state.Charter.Quota == (entente.Quota{}) {
		return err == nil, err
	}
	key := quotaKey("out", to, id)
	s, err := d.spentToday(key)
	if err != nil || !s.within(state.Charter.Quota, 1, bytes) {
		return false, err
	}
	return true, d.spend(key, spent{s.acts + 1, s.bytes + bytes})
}

// allowReceiving refuses what exceeds twice the quota of the day.
func (d *desk) allowReceiving(from entente.PartyID, id entente.CompactID, a *arrived) (bool, error) {
	state, err := d.state(id)
	if err != nil || state.Charter == nil || state.Charter.Quota == (entente.Quota{}) || d.replaying {
		return err == nil, err
	}
	bytes := int64(len(a.Act))
	for _, r := range a.Records {
		bytes += int64(len(r))
	}
	key := quotaKey("in", from, id)
	s, err := d.spentToday(key)
	if err != nil || !s.within(state.Charter.Quota, 2, bytes) {
		return false, err
	}
	return true, d.spend(key, spent{s.acts + 1, s.bytes + bytes})
}

// reserver is a Store that keeps room on the disk for what partners deliver.
type reserver interface {
	// KeepReserve makes sure that the room is there; false if the disk has none.
	KeepReserve() (bool, error)
	// UseReserve gives the room free; false if there was none left.
	UseReserve() (bool, error)
}

// ownRoom refuses new things of this party's own while the reserve cannot be
// kept: what room is left is for recalls and suspensions of partners.
func (n *Node) ownRoom() error {
	r, ok := n.store.(reserver)
	if !ok {
		return nil
	}
	kept, err := r.KeepReserve()
	if err != nil || kept {
		return diskError(err)
	}
	return entente.Errorf(entente.Exhausted, "make room on the disk; nothing of this was kept and nothing before it was lost", "the disk is almost full: what is left is kept for recalls and suspensions of partners")
}

// useReserve says whether a full disk has got room for one more try.
func (n *Node) useReserve(cause error) bool {
	r, ok := n.store.(reserver)
	if !ok || !errors.Is(cause, store.ErrFull) {
		return false
	}
	used, err := r.UseReserve()
	return used && err == nil
}

// Refusals of one peer beyond this many in a minute become a counter in the log.
const refusalsPerMinute = 20

// flood counts the refusals of one peer in one minute.
type flood struct {
	minute time.Time
	count  int64
}

// noteRefusedPeer writes a refused batch to the log, or counts it.
func (n *Node) noteRefusedPeer(ctx context.Context, e store.Event) error {
	minute := n.clock().Truncate(time.Minute)
	n.mu.Lock()
	f := n.floods[e.Who]
	var before flood
	if !f.minute.Equal(minute) {
		before, f = f, flood{minute: minute}
	}
	f.count++
	n.floods[e.Who] = f
	n.mu.Unlock()
	if before.count > refusalsPerMinute {
		err := n.note(ctx, store.Event{What: "refused", Who: e.Who, Detail: fmt.Sprintf("%d more refusals in the minute of %s", before.count-refusalsPerMinute, entente.At(before.minute))})
		if err != nil {
			return err
		}
	}
	if f.count > refusalsPerMinute {
		return nil
	}
	return n.note(ctx, e)
}
