package stix

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Error says where an input was refused and why. It may quote a little of the
// input, escaped and cut.
type Error struct {
	Line, Column int    // from 1; a column is one character
	Offset       int64  // in bytes, from 0
	Object       ID     // the object it was in, if its id had been read
	Reason       string // what is wrong
	Hint         string // what was expected, or what to do; may be empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("line " + strconv.Itoa(e.Line) + ", column " + strconv.Itoa(e.Column) + ": ")
	if e.Object != "" {
		b.WriteString("object " + string(e.Object) + ": ")
	}
	b.WriteString(e.Reason)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// errorAt builds the error for a place in data.
func errorAt(data []byte, offset int64, reason, hint string) *Error {
	before := data[:max(0, min(offset, int64(len(data))))]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &Error{
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[lineStart:]) + 1,
		Offset: int64(len(before)),
		Reason: reason,
		Hint:   hint,
	}
}

// syntaxError explains an error of the JSON decoder.
func syntaxError(data []byte, err error) *Error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		// Bytes in memory cannot fail to be read: this is the end of them.
		return errorAt(data, int64(len(data)), "the input ends where a JSON value should begin", "")
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errorAt(data, syntax.ByteOffset, "member "+shown(syntax.JSONPointer.LastToken())+" stands twice in one JSON object",
			"two readers would see different things; keep one of them")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errorAt(data, int64(len(data)), "the input ends in the middle of a JSON value", "is the file complete?")
	}
	reason := "not JSON"
	if syntax.Err != nil {
		reason += ": " + strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
	}
	return errorAt(data, syntax.ByteOffset, reason, "")
}

// kindName is what errors call a kind of JSON value.
func kindName(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "object"
	case '[':
		return "list"
	case 't', 'f':
		return "boolean"
	default:
		return kind.String()
	}
}

// shown quotes foreign text for an error: escaped, and not much of it.
func shown[T string | []byte](text T) string {
	const most = 60
	s := string(text[:min(len(text), most*utf8.UTFMax)])
	if short := cut(s, most); len(short) < len(text) {
		return strconv.QuoteToASCII(short) + "…"
	}
	return strconv.QuoteToASCII(s)
}
