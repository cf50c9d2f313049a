package stix

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// properties is what else must be known of an object to judge its header.
type properties struct {
	title                                  int // rank of the property that gave Name
	definition, definitionType, extensions bool
}

func (r *reader) typ() (string, *Error) {
	text, err := r.property("type")
	if err != nil {
		return "", err
	}
	if !isType(text) {
		return "", r.fail(r.at, "type "+shown(text)+" is not a type name", "3 to 250 characters out of a-z, 0-9 and single hyphens")
	}
	return string(text), nil
}

func (r *reader) id(member string) (ID, *Error) {
	text, err := r.property(member)
	if err != nil {
		return "", err
	}
	if !isID(text) {
		return "", r.fail(r.at, member+" "+shown(text)+" is not a STIX id", "expected type--UUID, with the UUID in lower case")
	}
	return r.intern(text), nil
}

func (r *reader) specVersion() (string, *Error) {
	text, err := r.property("spec_version")
	if err != nil {
		return "", err
	}
	switch string(text) {
	case "2.1":
		return "2.1", nil
	case "2.0":
		return "2.0", nil
	}
	return "", r.fail(r.at, "spec_version "+shown(text)+" is not known here", "expected 2.1 or 2.0")
}

func (r *reader) time(member string, t *time.Time) *Error {
	text, err := r.property(member)
	if err != nil {
		return err
	}
	var ok bool
	if *t, ok = parseTime(text); !ok {
		return r.fail(r.at, member+" "+shown(text)+" is not a timestamp",
			"expected RFC 3339 in UTC with a Z and at most nine digits after the second, as in 2016-05-12T08:17:27.000Z")
	}
	return nil
}

func (r *reader) bool(member string) (bool, *Error) {
	if err := r.expect(member, "true or false", 't', 'f'); err != nil {
		return false, err
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return false, syntaxError(r.data, err)
	}
	return token.Bool(), nil
}

// check judges the header when all of the object has been read, and fills in
// the version of STIX where the object names none. start is where it begins.
func (r *reader) check(o *Object, typ string, has properties, start int64) *Error {
	what := kinds[typ]
	switch {
	case typ == "":
		return r.fail(start, "an object without a type", "expected a STIX object: type, id and what its type asks for")
	case what == bundle && r.inside:
		return r.fail(start, "a bundle inside a bundle", "a bundle holds objects only; put them into one bundle")
	case what == bundle:
		return r.fail(start, "a bundle, where one STIX object was expected", "split the bundle first")
	case o.ID == "":
		return r.fail(start, "an object of type "+shown(typ)+" without an id", "expected id "+typ+"--UUID")
	case o.ID.Type() != typ:
		return r.fail(start, "type "+shown(typ)+" and id "+shown(string(o.ID))+" disagree", "the id must begin with the type")
	}
	if o.SpecVersion == "" {
		o.SpecVersion = "2.0"
		if what == observable {
			o.SpecVersion = "2.1"
		}
	}
	if o.SpecVersion != "2.1" {
		return nil
	}
	switch what {
	case versioned, extension, marking:
		if o.Created.IsZero() {
			return r.fail(start, "no created", "STIX 2.1 §3.2 asks every "+typ+" for it")
		}
	}
	switch what {
	case versioned, extension:
		if o.Modified.IsZero() {
			return r.fail(start, "no modified", "STIX 2.1 §3.2 asks every "+typ+" for it")
		}
	}
	if what == extension && o.CreatedBy == "" {
		return r.fail(start, "no created_by_ref", "STIX 2.1 §7.3 asks every extension-definition for it")
	}
	if what == marking && !has.extensions && !(has.definitionType && has.definition) {
		return r.fail(start, "a marking that says nothing", "STIX 2.1 §7.2.1 asks for definition_type and definition, or extensions")
	}
	return nil
}

// title ranks the properties that can give an object its Name; the highest
// wins, 0 is none of them.
func title(member []byte) int {
	switch string(member) {
	case "name":
		return 4
	case "abstract":
		return 3
	case "content":
		return contentTitle
	case "value":
		return 1
	}
	return 0
}

const (
	contentTitle = 2
	maxName      = 200 // runes
)

// heading cuts a text to Name's length. Of content it keeps the first words.
func heading(text []byte, rank int) string {
	if rank != contentTitle {
		return cut(string(text[:min(len(text), maxName*utf8.UTFMax)]), maxName)
	}
	var words []byte
	runes, whole, space := 0, 0, false // whole: bytes up to the end of the last complete word
	for _, c := range string(text) {
		if unicode.IsSpace(c) {
			space = true
			continue
		}
		if space && runes > 0 {
			whole = len(words)
			words = append(words, ' ')
			runes++
		}
		space = false
		if runes >= maxName {
			if whole > 0 {
				return string(words[:whole])
			}
			return string(words)
		}
		words = utf8.AppendRune(words, c)
		runes++
	}
	return string(words)
}

// cut keeps the first n runes of s.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
