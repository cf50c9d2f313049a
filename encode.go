package entente

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// encode writes the one encoding of v: JSON with the members in the order of
// the type, absent when empty where the type says so, no white space, and
// only the escapes that JSON (RFC 8259, §7) and JavaScript line ends need.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// decode reads what encode wrote and refuses every other spelling of it: see
// "One encoding" in the package documentation.
func decode(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errors.New("not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("not understood: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("bytes follow after the end")
	}
	again, err := encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		at := 0
		for at < len(b) && at < len(again) && b[at] == again[at] {
			at++
		}
		return fmt.Errorf("not the one encoding: differs at byte %d, expected %.40q, found %.40q", at, again[at:], b[at:])
	}
	return nil
}
