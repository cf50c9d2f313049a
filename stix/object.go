// Package stix holds STIX 2.1 objects as the exact bytes they came in, with a
// parsed header beside them.
//
// Foreign bytes are never written again: an [Object] carries the header that
// the rest of Entente needs (id, type, times, references) and Raw, the bytes
// themselves. [Split] reads a file that holds one object or a bundle, and
// refuses it whole; [Objects] gives the same objects one by one; [Parse] reads
// exactly one object. NewArtifact, NewFile, NewReport, NewNote and NewIdentity
// make the few objects that a node writes itself.
//
//	objects, err := stix.Split(data)
//	for _, o := range objects {
//		fmt.Println(o.ID, o.Version(), o.Name, len(o.Refs))
//	}
//
// What it promises:
//   - Raw is byte for byte what was in the input: spelling of numbers, order of
//     members, escapes and white space included.
//   - What two readers could understand differently is refused: duplicate
//     member names, invalid UTF-8, lone surrogate escapes, trailing bytes.
//   - Refs misses no string that is a STIX id, wherever it stands and however
//     its characters are escaped.
//   - Depth, size and number are limited; time and memory grow in proportion to
//     the input.
//
// Objects of STIX 2.0 are accepted as they are. Properties and types that the
// standard does not know are kept and not judged. Section numbers in this
// package are those of STIX Version 2.1, OASIS Standard, 10 June 2021.
package stix

import (
	"time"
)

// Limits. An input beyond one of them is refused.
const (
	MaxObject  = 16 << 20  // bytes of one object, surrounding white space not counted
	MaxDepth   = 64        // objects and lists inside each other, the STIX object itself being 1
	MaxObjects = 1_000_000 // objects in one bundle
)

// Object is one version of one STIX object: its header, and its exact bytes.
// All text in it comes from whoever wrote the object and is not to be trusted
// for display without escaping.
type Object struct {
	ID          ID
	Type        string // the id's prefix
	SpecVersion string // "2.0" or "2.1"; of an object that names none: "2.1" for an SCO, else "2.0" (§3.2)

	// Created and Modified are in UTC, and zero where the object has none, as
	// cyber-observable objects do; a marking-definition has no Modified.
	Created, Modified time.Time
	Revoked           bool

	// Name is for listing, at most 200 runes: the object's name, or else its
	// abstract, the first words of its content, or its value. Often empty.
	Name string

	CreatedBy ID // created_by_ref, "" if there is none

	// Refs holds every distinct string anywhere in the object, value or member
	// name, that has the form of a STIX id, except the object's own id. Sorted.
	Refs []ID

	// Raw is the object's exact bytes without surrounding white space. It is a
	// sub-slice of the input (with no spare capacity): whoever keeps one object
	// of a large file, or changes the input later, clones it first.
	Raw []byte
}

// Version names this version of the object among those with the same id: the
// text of Modified in RFC 3339, UTC, without trailing zeros, so that equal
// times have equal text. It is "" if the object has no modified.
func (o Object) Version() string {
	if o.Modified.IsZero() {
		return ""
	}
	return o.Modified.UTC().Format(time.RFC3339Nano)
}
