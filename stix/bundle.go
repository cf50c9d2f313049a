package stix

import (
	"bytes"
	"iter"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Split reads a file that holds one object, or a bundle whose objects it
// returns in order. It refuses the file whole: with an error, which is an
// *[Error], there are no objects. Every Raw is a sub-slice of data. Objects that
// repeat each other are all returned; it is not for this package to choose.
func Split(data []byte) ([]Object, error) {
	var objects []Object
	for o, err := range Objects(data) {
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// Objects is the streaming form of [Split]: it gives the objects one by one
// while it reads. If it ends with an error, whatever came before belongs to a
// file that must be refused; only a sequence that ended without one was good.
func Objects(data []byte) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		r := newReader(data)
		if err := r.file(yield); err != nil {
			yield(Object{}, err)
		}
	}
}

// file yields the objects of the input. It returns nil, too, when the caller
// wants no more.
func (r *reader) file(yield func(Object, error) bool) error {
	if err := r.begin("a STIX object or a bundle"); err != nil {
		return err
	}
	if !r.isBundle() {
		o, err := r.object()
		if err == nil {
			err = r.end()
		}
		if err != nil {
			return err
		}
		yield(o, nil)
		return nil
	}
	r.inside = true
	r.ids = make(map[string]ID)
	stopped, err := r.bundle(yield)
	if err != nil || stopped {
		return err
	}
	return r.end()
}

// isBundle looks ahead for the type of what is next; nearly always that is the
// first member or the second. Broken input is left to the reader proper.
func (r *reader) isBundle() bool {
	ahead := jsontext.NewDecoder(bytes.NewBuffer(r.data))
	if _, err := ahead.ReadToken(); err != nil {
		return false
	}
	for ahead.PeekKind() == '"' {
		name, err := ahead.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "type" {
			value, err := ahead.ReadToken()
			return err == nil && value.Kind() == '"' && value.String() == "bundle"
		}
		if ahead.SkipValue() != nil {
			return false
		}
	}
	return false
}

// bundle reads the members of a bundle (§8); its objects may stand anywhere
// among them.
func (r *reader) bundle(yield func(Object, error) bool) (stopped bool, _ error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return false, syntaxError(r.data, err)
	}
	start := r.dec.InputOffset() - 1
	var id ID
	count := 0
	for r.dec.PeekKind() != '}' {
		name, err := r.text()
		if err != nil {
			return false, err
		}
		switch string(name) {
		case "id":
			if id, err = r.id("the bundle's id"); err == nil && id.Type() != "bundle" {
				err = r.fail(r.at, "the bundle's id is "+shown(string(id)), "expected bundle--UUID")
			}
		case "objects":
			var fault error
			if count, stopped, fault = r.list(yield); fault != nil || stopped {
				return stopped, fault
			}
		default:
			err = r.value(0)
		}
		if err != nil {
			return false, err
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return false, syntaxError(r.data, err)
	}
	switch {
	case id == "":
		return false, r.fail(start, "a bundle without an id", "expected id bundle--UUID")
	case count == 0:
		return false, r.fail(start, "an empty bundle", "expected a list \"objects\" with at least one STIX object")
	}
	return false, nil
}

// list yields the objects of a bundle's list.
func (r *reader) list(yield func(Object, error) bool) (count int, stopped bool, _ error) {
	if err := r.expect(`the bundle's "objects"`, "a list of STIX objects", '['); err != nil {
		return 0, false, err
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return 0, false, syntaxError(r.data, err)
	}
	for r.dec.PeekKind() != ']' {
		if err := r.expect("an entry of the bundle", "a STIX object", '{'); err != nil {
			return count, false, err
		}
		if count == MaxObjects {
			return count, false, r.fail(r.next(), "a bundle of more than "+strconv.Itoa(MaxObjects)+" objects (MaxObjects)", "split it into several files")
		}
		o, err := r.object()
		if err != nil {
			return count, false, err
		}
		count++
		if !yield(o, nil) {
			return count, true, nil
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return count, false, syntaxError(r.data, err)
	}
	return count, false, nil
}
