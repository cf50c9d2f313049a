package stix

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// writer puts one JSON object together, members in the order of the calls. It
// keeps the first error.
type writer struct {
	b   []byte
	err error
}

// begin starts an object of STIX 2.1.
func begin(typ string, id ID) *writer {
	w := &writer{b: []byte{'{'}}
	w.text("type", typ)
	w.text("spec_version", "2.1")
	w.text("id", string(id))
	return w
}

// beginVersioned starts the first version of an object that has versions.
func beginVersioned(typ string, createdBy ID, now time.Time) *writer {
	w := begin(typ, NewID(typ))
	w.reference("created_by_ref", createdBy, "identity")
	w.time("created", now)
	w.time("modified", now)
	return w
}

func (w *writer) member(name string) {
	if len(w.b) > 1 && w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(name, value string) {
	w.member(name)
	w.quote(name, value)
}

// textIf leaves out an optional property that is empty.
func (w *writer) textIf(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

func (w *writer) quote(name, value string) {
	b, err := jsontext.AppendQuote(w.b, value)
	if err != nil {
		w.fail(fmt.Errorf("%s %s is not UTF-8", name, shown(value)))
		return
	}
	w.b = b
}

func (w *writer) required(name, value string) {
	if value == "" {
		w.fail(fmt.Errorf("%s is empty", name))
	}
	w.text(name, value)
}

func (w *writer) number(name string, value int) {
	w.member(name)
	w.b = strconv.AppendInt(w.b, int64(value), 10)
}

func (w *writer) time(name string, t time.Time) {
	if year := t.UTC().Year(); t.IsZero() || year < 0 || year > 9999 {
		w.fail(fmt.Errorf("%s is %v, not a time of the years 0 to 9999", name, t))
		return
	}
	w.member(name)
	w.b = append(w.b, '"')
	w.b = appendTime(w.b, t)
	w.b = append(w.b, '"')
}

// reference leaves out an empty id.
func (w *writer) reference(name string, id ID, typ string) {
	if id == "" {
		return
	}
	if _, err := ParseID(string(id)); err != nil {
		w.fail(fmt.Errorf("%s: %w", name, err))
	} else if id.Type() != typ {
		w.fail(fmt.Errorf("%s is %s, want an id of type %s", name, id, typ))
	}
	w.text(name, string(id))
}

// references writes a list that must not be empty.
func (w *writer) references(name string, ids []ID) {
	if len(ids) == 0 {
		w.fail(fmt.Errorf("%s is empty, want at least one id", name))
	}
	w.member(name)
	w.b = append(w.b, '[')
	for i, id := range ids {
		if _, err := ParseID(string(id)); err != nil {
			w.fail(fmt.Errorf("%s, number %d: %w", name, i+1, err))
		}
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quote(name, string(id))
	}
	w.b = append(w.b, ']')
}

func (w *writer) sha256(digest string) {
	w.member("hashes")
	w.b = append(w.b, `{"SHA-256":"`...)
	w.b = append(w.b, digest...)
	w.b = append(w.b, `"}`...)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// object ends the object and reads it back: what is made here passes the same
// door as what comes in.
func (w *writer) object(what string) (Object, error) {
	if w.err != nil {
		return Object{}, fmt.Errorf("stix: make %s: %w", what, w.err)
	}
	o, err := Parse(append(w.b, '}'))
	if err != nil {
		return Object{}, fmt.Errorf("stix: make %s: %w", what, err)
	}
	return o, nil
}
