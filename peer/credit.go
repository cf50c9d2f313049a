package peer

import (
	"context"
	"sync"
)

// amount measures batches: the bytes of their frames' payloads, their entries.
type amount struct{ bytes, entries int64 }

const (
	// maxCredit keeps sums far from overflow.
	maxCredit = 1 << 40
	// maxUnanswered is how many batches may be on their way at once, whatever
	// the credit: queues are bounded by it.
	maxUnanswered = 32
)

// ownWindow is what this node lets each peer have on its way: two of the
// largest batches that a node makes.
var ownWindow = amount{16 << 20, 4096}

// window holds what one side has sent against what the other has granted. The
// first credit frame opens it; each later one answers one batch and gives its
// amount back. One batch may always be on its way, however large.
type window struct {
	mu     sync.Mutex
	size   amount
	out    []amount      // batches not answered yet, oldest first
	change chan struct{} // closed and replaced when credit comes back
}

func newWindow(size amount) *window { return &window{size: size, change: make(chan struct{})} }

// left is what may still be sent; the caller holds mu.
func (w *window) left() amount {
	a := w.size
	for _, o := range w.out {
		a.bytes -= o.bytes
		a.entries -= o.entries
	}
	return a
}

// take notes a batch as sent, if it fits.
func (w *window) take(a amount) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.left()
	if len(w.out) > 0 && (a.bytes > left.bytes || a.entries > left.entries || len(w.out) >= maxUnanswered) {
		return false
	}
	w.out = append(w.out, a)
	return true
}

// give answers the oldest batch.
func (w *window) give(a amount) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.out) == 0 || w.out[0] != a {
		return violation("credit comes back for what was not sent")
	}
	w.out = w.out[1:]
	close(w.change)
	w.change = make(chan struct{})
	return nil
}

// empty says whether everything that was sent has been answered.
func (w *window) empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.out) == 0
}

// await waits until ok holds.
func (w *window) await(ctx context.Context, ok func() bool) error {
	for {
		w.mu.Lock()
		change := w.change
		w.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// room waits until a batch of some size may go, and gives how many bytes.
func (w *window) room(ctx context.Context) (bytes int64, err error) {
	err = w.await(ctx, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		bytes = max(1, w.left().bytes)
		return len(w.out) == 0 || len(w.out) < maxUnanswered && bytes >= w.size.bytes/4
	})
	return bytes, err
}
