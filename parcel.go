package entente

import (
	"encoding/binary"
	"fmt"
)

// Parcel is one entry of a channel on its way: the act, what must travel
// with it, and the records it makes visible.
type Parcel struct {
	// Leaf is the id in the channel's tree: the id of the act.
	Leaf ActID
	// Act is the envelope; empty if the sender withholds it (CodeWithheld).
	Act []byte
	// Attached are envelopes that the act rests on: consents.
	Attached [][]byte
	// Records are the exact bytes of the records released.
	Records [][]byte
}

// Batch is consecutive entries of one channel, under the sender's signed head.
type Batch struct {
	Channel Channel
	// First is the position of the first parcel, from 0.
	First   int64
	Parcels []Parcel
	// Head is the envelope of the sender's head; its tree covers at least these parcels.
	Head []byte
}

// Limits of a batch.
const (
	MaxBatch        = 64 << 20 // bytes
	MaxBatchParcels = 4096
	maxAttached     = MaxReleaseRecords
)

const batchMagic = "entente-batch/1\n"

// AppendBatch appends the encoding of b: the magic line, then lengths and
// counts as unsigned varints (encoding/binary) before what they measure.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchMagic...)
	dst = appendBytes(dst, []byte(b.Channel.From))
	dst = appendBytes(dst, []byte(b.Channel.To))
	dst = appendBytes(dst, []byte(b.Channel.Compact))
	dst = binary.AppendUvarint(dst, uint64(b.Channel.Epoch))
	dst = binary.AppendUvarint(dst, uint64(b.First))
	dst = appendBytes(dst, b.Head)
	dst = binary.AppendUvarint(dst, uint64(len(b.Parcels)))
	for i := range b.Parcels {
		p := &b.Parcels[i]
		dst = appendBytes(dst, []byte(p.Leaf))
		dst = appendBytes(dst, p.Act)
		dst = binary.AppendUvarint(dst, uint64(len(p.Attached)))
		for _, a := range p.Attached {
			dst = appendBytes(dst, a)
		}
		dst = binary.AppendUvarint(dst, uint64(len(p.Records)))
		for _, r := range p.Records {
			dst = appendBytes(dst, r)
		}
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// ParseBatch reads a batch; its slices share b. Limits are checked before
// anything is made room for.
func ParseBatch(b []byte) (Batch, error) {
	if len(b) > MaxBatch {
		return Batch{}, fmt.Errorf("batch of %d bytes: at most %d", len(b), MaxBatch)
	}
	r := batchReader{rest: b}
	if string(r.take(uint64(len(batchMagic)))) != batchMagic {
		return Batch{}, fmt.Errorf("batch: does not begin with %q", batchMagic)
	}
	var out Batch
	out.Channel = Channel{
		From: PartyID(r.id("sender")), To: PartyID(r.id("recipient")),
		Compact: CompactID(r.optionalID("compact")), Epoch: int64(r.number("epoch", maxCount)),
	}
	out.First = int64(r.number("position", maxCount))
	out.Head = r.bytes("head", 2*MaxAct)
	n := r.number("parcel count", MaxBatchParcels)
	for i := uint64(0); i < n && r.err == nil; i++ {
		p := Parcel{
			Leaf: ActID(r.id("leaf")), Act: r.bytes("act", 2*MaxAct),
			Attached: r.list("attached act", maxAttached, 2*MaxAct), Records: r.list("record", MaxReleaseRecords, MaxRecord),
		}
		if len(p.Act) == 0 && len(p.Attached)+len(p.Records) > 0 && r.err == nil {
			r.err = fmt.Errorf("batch: parcel %d withholds its act but carries what belongs to it", i)
		}
		out.Parcels = append(out.Parcels, p)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("batch: %d bytes follow after the end", len(r.rest))
	}
	if r.err != nil {
		return Batch{}, r.err
	}
	return out, nil
}

// batchReader reads fields until the first error, which it keeps.
type batchReader struct {
	rest []byte
	err  error
}

func (r *batchReader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		if r.err == nil {
			r.err = fmt.Errorf("batch: cut short: %d bytes wanted, %d left", n, len(r.rest))
		}
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *batchReader) number(what string, most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > most {
		r.err = fmt.Errorf("batch: %s is %d, expected at most %d", what, v, most)
		return 0
	}
	if n > 1 && r.rest[n-1] == 0 {
		r.err = fmt.Errorf("batch: %s is written longer than needed", what)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *batchReader) bytes(what string, most uint64) []byte {
	return r.take(r.number(what+" length", most))
}

// list reads a count and as many bytes fields, none of them empty, so that what
// is made room for is at least announced by as much input.
func (r *batchReader) list(what string, most, length uint64) [][]byte {
	n := r.number(what+" count", most)
	if n == 0 {
		return nil
	}
	out := make([][]byte, 0, n)
	for each := what + " length"; n > 0 && r.err == nil; n-- {
		b := r.take(r.number(each, length))
		if len(b) == 0 && r.err == nil {
			r.err = fmt.Errorf("batch: %s is empty", what)
		}
		out = append(out, b)
	}
	return out
}

func (r *batchReader) id(what string) string {
	s := r.optionalID(what)
	if s == "" && r.err == nil {
		r.err = fmt.Errorf("batch: %s missing", what)
	}
	return s
}

func (r *batchReader) optionalID(what string) string {
	s := string(r.bytes(what, 100))
	if s != "" && r.err == nil {
		if err := checkID(what, s); err != nil {
			r.err = fmt.Errorf("batch: %w", err)
		}
	}
	return s
}
