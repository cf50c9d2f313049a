package stix

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Parse reads exactly one object; nothing but white space may stand around it.
// Raw is a sub-slice of raw. The error is an *[Error].
func Parse(raw []byte) (Object, error) {
	r := newReader(raw)
	if err := r.begin("one STIX object"); err != nil {
		return Object{}, err
	}
	o, err := r.object()
	if err != nil {
		return Object{}, err
	}
	if err := r.end(); err != nil {
		return Object{}, err
	}
	return o, nil
}

// reader goes once through an input. Its methods return errors that are *Error.
type reader struct {
	data    []byte
	dec     *jsontext.Decoder
	inside  bool          // a bundle
	ids     map[string]ID // ids seen in this input, so that each is allocated once; nil for a single object
	refs    []ID          // of the object being read
	at      int64         // where the string last read begins
	scratch []byte        // that string, if it had escapes
}

func newReader(data []byte) *reader {
	// The decoder reads straight from the buffer's bytes and does not write.
	return &reader{data: data, dec: jsontext.NewDecoder(bytes.NewBuffer(data))}
}

// begin makes sure that an object is next.
func (r *reader) begin(want string) error {
	if bytes.HasPrefix(r.data, []byte("\xef\xbb\xbf")) {
		return r.fail(0, "the input begins with a byte order mark", "save it as UTF-8 without one")
	}
	if len(bytes.TrimLeft(r.data, " \t\r\n")) == 0 {
		return r.fail(int64(len(r.data)), "the input is empty", "expected "+want)
	}
	if err := r.expect("the input", want, '{'); err != nil {
		return err
	}
	return nil
}

// end makes sure that nothing follows.
func (r *reader) end() error {
	after := r.dec.InputOffset()
	if rest := bytes.TrimLeft(r.data[after:], " \t\r\n"); len(rest) > 0 {
		return r.fail(int64(len(r.data)-len(rest)), "more bytes after the end", "one object or one bundle a file")
	}
	return nil
}

// object reads the object that is next.
func (r *reader) object() (Object, error) {
	var o Object
	if err := r.members(&o); err != nil {
		err.Object = o.ID
		return Object{}, err
	}
	return o, nil
}

func (r *reader) members(o *Object) *Error {
	base := r.dec.StackDepth()
	if _, err := r.dec.ReadToken(); err != nil {
		return syntaxError(r.data, err)
	}
	start := r.dec.InputOffset() - 1
	r.refs = r.refs[:0]
	var typ string
	var has properties
	for r.dec.PeekKind() != '}' {
		name, err := r.text()
		if err != nil {
			return err
		}
		rank := title(name)
		switch string(name) {
		case "type":
			typ, err = r.typ()
		case "id":
			o.ID, err = r.id("id")
		case "spec_version":
			o.SpecVersion, err = r.specVersion()
		case "created":
			err = r.time("created", &o.Created)
		case "modified":
			err = r.time("modified", &o.Modified)
		case "created_by_ref":
			o.CreatedBy, err = r.id("created_by_ref")
		case "revoked":
			o.Revoked, err = r.bool("revoked")
		case "definition":
			has.definition, err = true, r.value(base)
		case "definition_type":
			has.definitionType, err = true, r.value(base)
		case "extensions":
			has.extensions, err = true, r.value(base)
		default:
			if rank == 0 || r.dec.PeekKind() != '"' {
				err = r.value(base)
				break
			}
			var text []byte
			if text, err = r.text(); err == nil && rank > has.title && len(text) > 0 {
				has.title, o.Name = rank, heading(text, rank)
			}
		}
		if err != nil {
			return err
		}
		if r.dec.InputOffset()-start > MaxObject {
			return r.tooLarge(start)
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return syntaxError(r.data, err)
	}
	end := r.dec.InputOffset()
	if end-start > MaxObject {
		return r.tooLarge(start)
	}
	o.Raw = r.data[start:end:end]
	if err := r.check(o, typ, has, start); err != nil {
		return err
	}
	o.Type = o.ID.Type()
	o.Refs = r.takeRefs(o.ID)
	return nil
}

// value passes over one value and notes every id in it. base is the depth that
// the STIX object stands at.
func (r *reader) value(base int) *Error {
	depth := r.dec.StackDepth()
	for {
		if r.dec.PeekKind() == '"' {
			raw, err := r.dec.ReadValue()
			if err != nil {
				return syntaxError(r.data, err)
			}
			r.note(raw)
		} else {
			if _, err := r.dec.ReadToken(); err != nil {
				return syntaxError(r.data, err)
			}
			if r.dec.StackDepth()-base > MaxDepth {
				return r.fail(r.dec.InputOffset()-1, "objects and lists more than "+strconv.Itoa(MaxDepth)+" deep (MaxDepth)", "")
			}
		}
		if r.dec.StackDepth() <= depth {
			return nil
		}
	}
}

// expect makes sure that the next value is of one of kinds; what and want are
// for the error.
func (r *reader) expect(what, want string, kinds ...jsontext.Kind) *Error {
	kind := r.dec.PeekKind()
	if slices.Contains(kinds, kind) {
		return nil
	}
	offset := r.next()
	if kind != '{' && kind != '[' {
		// A scalar in the wrong place, or no value at all: then this says why.
		if _, err := r.dec.ReadToken(); err != nil {
			return syntaxError(r.data, err)
		}
	}
	return r.fail(offset, what+" is a JSON "+kindName(kind), "expected "+want)
}

// property reads the value of the member of that name, which must be a string.
func (r *reader) property(name string) ([]byte, *Error) {
	if err := r.expect(name, "a string", '"'); err != nil {
		return nil, err
	}
	return r.text()
}

// text reads one string, notes it if it is an id, and returns it without quotes
// and escapes. The bytes are good until the next read.
func (r *reader) text() ([]byte, *Error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return nil, syntaxError(r.data, err)
	}
	r.at = r.dec.InputOffset() - int64(len(raw))
	r.note(raw)
	return r.unquote(raw), nil
}

func (r *reader) unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	// The decoder has checked raw: there is no error left to come.
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], raw)
	return r.scratch
}

// note keeps raw, a string with its quotes, if it is an id.
func (r *reader) note(raw []byte) {
	const longest = maxType + 2 + uuidLen
	const widest = 6 // bytes of \u0061
	size := len(raw) - 2
	if size < minType+2+uuidLen || size > longest*widest {
		return
	}
	if text := r.unquote(raw); isID(text) {
		r.refs = append(r.refs, r.intern(text))
	}
}

func (r *reader) intern(text []byte) ID {
	if id, ok := r.ids[string(text)]; ok {
		return id
	}
	id := ID(text)
	if r.ids != nil {
		r.ids[string(id)] = id
	}
	return id
}

// takeRefs sorts what was noted, without repeats and without the object's own id.
func (r *reader) takeRefs(own ID) []ID {
	slices.Sort(r.refs)
	r.refs = slices.Compact(r.refs)
	if i, found := slices.BinarySearch(r.refs, own); found {
		r.refs = slices.Delete(r.refs, i, i+1)
	}
	if len(r.refs) == 0 {
		return nil
	}
	return slices.Clone(r.refs)
}

// next is the offset of the token that PeekKind looked at.
func (r *reader) next() int64 {
	rest := r.data[r.dec.InputOffset():]
	return int64(len(r.data) - len(bytes.TrimLeft(rest, " \t\r\n:,")))
}

func (r *reader) tooLarge(start int64) *Error {
	return r.fail(start, "an object of more than "+strconv.Itoa(MaxObject)+" bytes (MaxObject)", "split it; a large file can travel as several artifacts")
}

func (r *reader) fail(offset int64, reason, hint string) *Error {
	return errorAt(r.data, offset, reason, hint)
}
