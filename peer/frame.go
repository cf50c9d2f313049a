package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"entente"
)

// kind is the type of a frame. On the wire a frame is the length of its payload
// (4 bytes, big-endian), its kind (1 byte), and the payload.
type kind byte

// The kinds. A kind is never given another meaning; a new one comes with a new
// name in ALPN.
const (
	kindCredit  kind = 1 // what the sender of this frame lets the other send: two unsigned varints, bytes and entries
	kindHello   kind = 2 // see hello
	kindBatch   kind = 3 // entries of a channel: entente.AppendBatch
	kindReceipt kind = 4 // the answer to entries: a batch without entries, its head the receipt
	kindPing    kind = 5 // empty: the sender is alive
	kindRefusal kind = 6 // an entente.ErrorKind; the sender closes
	kindBye     kind = 7 // empty: the sender closes, and nothing is wrong
)

// limit is the most bytes that the payload of a frame may have; 0 and false for
// a kind that does not exist.
func (k kind) limit() (int, bool) {
	switch k {
	case kindCredit:
		return 2 * binary.MaxVarintLen64, true
	case kindHello:
		return 8 << 20, true
	case kindBatch:
		return entente.MaxBatch, true
	case kindReceipt:
		return 2 * entente.MaxAct, true
	case kindRefusal:
		return 32, true
	case kindPing, kindBye:
		return 0, true
	}
	return 0, false
}

const (
	headerSize = 5
	// chunk is what a frame is given room for before more of it has arrived.
	chunk = 64 << 10
)

// room begins a frame whose payload will have about size bytes: append the
// payload, then seal it.
func room(size int) []byte { return make([]byte, headerSize, headerSize+size) }

// seal completes a frame begun with room.
func seal(k kind, frame []byte) ([]byte, error) {
	size := len(frame) - headerSize
	if most, _ := k.limit(); size > most {
		return nil, fmt.Errorf("frame of kind %d with %d bytes: at most %d", k, size, most)
	}
	binary.BigEndian.PutUint32(frame, uint32(size))
	frame[4] = byte(k)
	return frame, nil
}

// readFrame reads one frame. announced is called when the header has come, with
// the size of what is to follow. A limit is checked before the payload is made
// room for, and room grows only with what has arrived.
func readFrame(r io.Reader, announced func(size int)) (kind, []byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	k, size := kind(header[4]), int64(binary.BigEndian.Uint32(header[:]))
	most, ok := k.limit()
	if !ok || size > int64(most) {
		return k, nil, violation("frame of kind %d announces %d bytes: kinds are %d to %d, this one has at most %d", k, size, kindCredit, kindBye, most)
	}
	announced(int(size))
	payload := make([]byte, 0, min(int(size), chunk))
	for len(payload) < int(size) {
		if len(payload) == cap(payload) {
			payload = slices.Grow(payload, min(len(payload), int(size)-len(payload)))
		}
		n, err := r.Read(payload[len(payload):min(cap(payload), int(size))])
		payload = payload[:len(payload)+n]
		if err != nil && len(payload) < int(size) {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return k, nil, err
		}
	}
	return k, payload, nil
}

// violation is a breach of the protocol by the other side.
func violation(format string, args ...any) error {
	return entente.Errorf(entente.Invalid, "", "the other side breaks the protocol: "+format, args...)
}

func creditFrame(c amount) []byte {
	b := binary.AppendUvarint(binary.AppendUvarint(room(20), uint64(c.bytes)), uint64(c.entries))
	b, _ = seal(kindCredit, b) // two varints keep within the limit
	return b
}

func parseCredit(b []byte) (amount, error) {
	size, n := binary.Uvarint(b)
	entries, m := binary.Uvarint(b[max(n, 0):])
	a := amount{int64(size), int64(entries)}
	if n <= 0 || m <= 0 || size > maxCredit || entries > maxCredit || !bytes.Equal(creditFrame(a)[headerSize:], b) {
		return amount{}, violation("credit frame %x", b)
	}
	return a, nil
}

// refusalKinds are the kinds of error that the other side may learn: each
// follows from what it sent, or asks it to wait.
var refusalKinds = []entente.ErrorKind{entente.Invalid, entente.Refused, entente.Conflict, entente.Exhausted}

// refusalFrame says the kind of an error and nothing else of it.
func refusalFrame(k entente.ErrorKind) []byte {
	if !slices.Contains(refusalKinds, k) {
		k = entente.Refused
	}
	b, _ := seal(kindRefusal, append(room(len(k)), k...)) // the kinds are short
	return b
}

func parseRefusal(b []byte) (entente.ErrorKind, error) {
	if k := entente.ErrorKind(b); slices.Contains(refusalKinds, k) {
		return k, nil
	}
	return "", violation("refusal %.40q", b)
}

// empty is a frame without payload.
func empty(k kind) []byte {
	b, _ := seal(k, room(0))
	return b
}

// batchFrame encodes entries, or a receipt.
func batchFrame(k kind, b *entente.Batch) ([]byte, error) {
	size := 512 + len(b.Head)
	for i := range b.Parcels {
		p := &b.Parcels[i]
		size += 128 + len(p.Act)
		for _, list := range [][][]byte{p.Attached, p.Records} {
			for _, x := range list {
				size += 8 + len(x)
			}
		}
	}
	return seal(k, entente.AppendBatch(room(size), b))
}

// parseBatch reads the payload of a batch or receipt frame.
func parseBatch(k kind, payload []byte) (entente.Batch, error) {
	b, err := entente.ParseBatch(payload)
	if err != nil {
		return b, violation("%w", err)
	}
	if (len(b.Parcels) > 0) != (k == kindBatch) {
		return b, violation("a frame of kind %d has %d entries", k, len(b.Parcels))
	}
	return b, nil
}
