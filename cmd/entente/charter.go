package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"entente"
)

// maxCharter bounds a file with a charter, in bytes.
const maxCharter = entente.MaxAct

// readCharter reads a charter that a person wrote: strict JSON, but with white
// space, and with lists in any order.
func readCharter(path string) (entente.Charter, error) {
	f, err := os.Open(path)
	if err != nil {
		return entente.Charter{}, entente.Errorf(entente.Invalid, "entente compact draft --out FILE writes one to fill in", "%w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCharter+1))
	if err != nil {
		return entente.Charter{}, fmt.Errorf("read %s: %w", path, err)
	}
	if len(b) > maxCharter {
		return entente.Charter{}, entente.Errorf(entente.Invalid, "shorten it", "%s has more than %d bytes", path, maxCharter)
	}
	c, err := parseCharter(b)
	if err != nil {
		return c, fmt.Errorf("%s%w", path, err)
	}
	return c, nil
}

// parseCharter's errors begin with the place, for a file name to stand before.
func parseCharter(b []byte) (entente.Charter, error) {
	var c entente.Charter
	if err := json.Unmarshal(b, &c, json.RejectUnknownMembers(true)); err != nil {
		return c, placed(b, err)
	}
	if at := bytes.Index(b, []byte(`"`+fillIn)); at >= 0 {
		text, _, _ := strings.Cut(string(b[at+1:]), `"`)
		return c, entente.Errorf(entente.Invalid, "replace every text of the draft that begins with \""+fillIn+"\"", "%s: not filled in yet: %q", place(b, int64(at)), text)
	}
	c.Arrange()
	if err := tryCharter(c); err != nil {
		return c, err
	}
	return c, nil
}

// tryCharter checks the terms as signing does.
func tryCharter(c entente.Charter) error {
	if len(c.Members) == 0 {
		return entente.Errorf(entente.Invalid, "list at least two members, each with party, name, seats and legal_basis", ": it has no members")
	}
	if err := c.Check(); err != nil {
		return entente.Errorf(entente.Invalid, "correct the file; entente compact draft shows a complete one", ": %w", err)
	}
	return nil
}

// placed says at which line and member the decoder stopped.
func placed(b []byte, err error) error {
	at, where, cause := int64(0), jsontext.Pointer(""), err
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		at, where = e.ByteOffset, e.JSONPointer
		if e.Err != nil {
			cause = e.Err
		} else {
			cause = fmt.Errorf("a JSON %s does not fit here", e.JSONKind)
		}
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, where, cause = e.ByteOffset, e.JSONPointer, e.Err
	}
	member := ""
	if where != "" {
		member = " member " + strings.ReplaceAll(strings.TrimPrefix(string(where), "/"), "/", ".") + ":"
	}
	hint := "correct the file; entente compact draft shows a complete one"
	return entente.Errorf(entente.Invalid, hint, "%s:%s %w", place(b, at), member, shorter(cause))
}

// shorter takes the decoder's own name from the front of its errors.
func shorter(err error) error {
	text := err.Error()
	for _, prefix := range []string{"json: ", "jsontext: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if errors.Is(err, json.ErrUnknownName) {
		text = "no term of a charter has this name"
	}
	return errors.New(text)
}

// place is ":line:column" of an offset; both count from 1.
func place(b []byte, offset int64) string {
	before := b[:max(0, min(offset, int64(len(b))))]
	// Decoders point before the white space that leads to what they mean.
	rest := b[len(before):]
	before = b[:len(before)+len(rest)-len(bytes.TrimLeft(rest, " \t\r\n,:"))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf(":%d:%d", line, column)
}
