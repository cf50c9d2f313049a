package entente

import (
	"bytes"
	"fmt"
	"mime"
	"slices"
	"strings"
)

// MaxRecord bounds a whole record, header and body, in bytes.
const MaxRecord = 16<<20 + maxHeader

const (
	maxHeader    = 64 << 10
	recordFormat = "entente-record/1"
)

// MediaSTIX is the media type of a STIX 2.1 object.
const MediaSTIX = "application/stix+json;version=2.1"

// Header says whose a record is. It travels with the body and is covered by
// the record's id. A record is not signed: whoever vouches for it (release,
// consent, the head of the party's own book) signs its id.
//
// Evolution: a member is never added to this format. A new format has a new
// name, and both are read.
type Header struct {
	Format     string  `json:"format"`
	Originator PartyID `json:"originator"`
	Media      string  `json:"media"`
	// Nonce is 32 random bytes: they make the id a commitment. Erased with the body.
	Nonce Nonce `json:"nonce"`
	// Time is when the originator says it made this version.
	Time Time `json:"time"`
	// Sources are records of others that this one derives from and that the
	// recipient may know of; sorted.
	Sources []RecordID `json:"sources,omitempty"`
}

// Record is one version of one object: header and exact bytes.
type Record struct {
	ID     RecordID
	Header Header
	// Body is the exact bytes as they came in.
	Body []byte
	// Bytes is header, line feed and body: what the id is the hash of.
	Bytes []byte
}

// NewRecord wraps body in a header with fresh random bytes.
func NewRecord(originator PartyID, media string, now Time, sources []RecordID, body []byte) (Record, error) {
	h := Header{
		Format: recordFormat, Originator: originator, Media: media,
		Nonce: NewNonce(32), Time: now, Sources: slices.Sorted(slices.Values(sources)),
	}
	b, plain := appendHeader(make([]byte, 0, 512+len(body)), &h)
	if !plain {
		head, err := encode(&h)
		if err != nil {
			return Record{}, err
		}
		b = append(b[:0], head...)
	}
	return ParseRecord(append(append(b, '\n'), body...))
}

// ParseRecord reads and checks a record; the result's slices share b, which
// the caller must not change afterwards.
func ParseRecord(b []byte) (Record, error) {
	if len(b) > MaxRecord {
		return Record{}, fmt.Errorf("record of %d bytes: at most %d", len(b), MaxRecord)
	}
	end := bytes.IndexByte(b[:min(len(b), maxHeader+1)], '\n')
	if end < 0 {
		return Record{}, fmt.Errorf("record: no line feed after a header of at most %d bytes", maxHeader)
	}
	r := Record{ID: RecordID(hashText(b)), Body: b[end+1:], Bytes: b}
	if !parseHeader(b[:end], &r.Header) {
		r.Header = Header{}
		if err := decode(b[:end], &r.Header); err != nil {
			return Record{}, fmt.Errorf("record header: %w", err)
		}
	}
	h := &r.Header
	if h.Format != recordFormat {
		return Record{}, fmt.Errorf("record header: format %.40q, this program reads %s", h.Format, recordFormat)
	}
	if err := checkNonce(h.Nonce, 32); err != nil {
		return Record{}, fmt.Errorf("record header: %w", err)
	}
	if h.Media != MediaSTIX {
		kind, _, err := mime.ParseMediaType(h.Media)
		if err != nil || !strings.Contains(kind, "/") || len(h.Media) > 200 {
			return Record{}, fmt.Errorf("record header: media type %.40q not understood", h.Media)
		}
	}
	if h.Originator == "" || h.Time.IsZero() {
		return Record{}, fmt.Errorf("record header: originator or time missing")
	}
	return r, checkSet("record source", h.Sources, 256, 100)
}
