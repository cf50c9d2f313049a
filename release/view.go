// Package release judges who may see which record and why. It is the only
// maker of a [View]: what a reader gets to see of a record comes out of [Show]
// and from nowhere else, so that a door that would hand out a body on its own
// does not compile.
//
// [Send] judges a release before it is signed and again before it is sent;
// [Receive] judges what a peer delivered. Both answer with the reasons.
// Everything here is pure: no clock, disk or network; what the judgement rests
// on is passed in.
//
// It promises default deny: without a grant there is no view, and without a
// compact in force, a recipient in it, handling within the charter and every
// reference accounted for there is no release.
package release

import (
	"bytes"
	"time"

	"entente"
)

// Grant lets Reader see Record because of Release, as long as the release
// stands and until the day on which its handling expires.
type Grant struct {
	Reader   entente.PartyID
	Compact  entente.CompactID
	Record   entente.RecordID
	Release  entente.ActID
	Handling entente.Handling
	// Supersedes is the tearline whose place the record takes, as the release says.
	Supersedes entente.RecordID
}

// View is what one reader may see of one record. Its content is set by Show alone.
type View struct {
	reader entente.Reader
	record entente.Record
	object Object
	grants []Grant
}

// Object is what was parsed out of the body, for lists.
type Object struct {
	STIX, Type, Version, Name string

	Size    int64
	Arrived entente.Time
}

// Show makes the view that reader r gets of rec at the node of party self, or
// says that there is none. Readers of self see self's own records; everything
// else takes a grant to the reader's party that has not expired.
func Show(r entente.Reader, self entente.PartyID, rec entente.Record, obj Object, grants []Grant, now time.Time) (View, bool) {
	var standing []Grant
	for _, g := range grants {
		if g.Reader == r.Party && g.Record == rec.ID && !g.Handling.Expired(now) {
			standing = append(standing, g)
		}
	}
	own := r.Party == self && rec.Header.Originator == self
	if r.Party == "" || !own && len(standing) == 0 {
		return View{}, false
	}
	return View{reader: r, record: rec, object: obj, grants: standing}, true
}

// GiveBack makes the view of a record for the party that delivered it here, so
// that it can restore what its own store has lost. It gets back its own records
// only: what came through it from others is not its to ask for.
func GiveBack(to entente.PartyID, deliveredBy entente.PartyID, rec entente.Record) (View, bool) {
	if to == "" || to != deliveredBy || rec.Header.Originator != to {
		return View{}, false
	}
	return View{reader: entente.Reader{Party: to}, record: rec}, true
}

// Reader is whom the view was made for.
func (v View) Reader() entente.Reader { return v.reader }

// ID is the record's id.
func (v View) ID() entente.RecordID { return v.record.ID }

// Header is the record's header.
func (v View) Header() entente.Header {
	h := v.record.Header
	h.Sources = append([]entente.RecordID(nil), h.Sources...)
	return h
}

// Object is what lists show.
func (v View) Object() Object { return v.object }

// Body is a copy of the exact bytes; nil in lists, which are made without bodies.
func (v View) Body() []byte { return bytes.Clone(v.record.Body) }

// Bytes is a copy of header, line feed and body; nil in lists.
func (v View) Bytes() []byte { return bytes.Clone(v.record.Bytes) }

// Grants are the releases the view rests on; none for one's own record.
func (v View) Grants() []Grant { return append([]Grant(nil), v.grants...) }
