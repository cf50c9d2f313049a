package stix

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// checkError makes sure of what an error promises about its place.
func checkError(t *testing.T, data []byte, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T) is not an *Error", err, err)
	}
	if e.Offset < 0 || e.Offset > int64(len(data)) || e.Reason == "" {
		t.Fatalf("offset %d of %d bytes, reason %q", e.Offset, len(data), e.Reason)
	}
	lines := strings.Split(string(data[:e.Offset]), "\n")
	if column := len([]rune(lines[len(lines)-1])) + 1; e.Line != len(lines) || e.Column != column {
		t.Fatalf("offset %d is line %d, column %d; the error says %d, %d", e.Offset, len(lines), column, e.Line, e.Column)
	}
}

func checkSame(t *testing.T, got, want Object) {
	t.Helper()
	if got.ID != want.ID || got.Type != want.Type || got.SpecVersion != want.SpecVersion ||
		!got.Created.Equal(want.Created) || !got.Modified.Equal(want.Modified) ||
		got.Revoked != want.Revoked || got.CreatedBy != want.CreatedBy ||
		!slices.Equal(got.Refs, want.Refs) || !bytes.Equal(got.Raw, want.Raw) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	if cap(got.Raw) != len(got.Raw) {
		t.Fatal("Raw has spare capacity: an append would overwrite what follows in the input")
	}
	if len([]rune(got.Name)) > maxName {
		t.Fatalf("Name has %d runes", len([]rune(got.Name)))
	}
}

func checkParse(t *testing.T, data []byte) {
	t.Helper()
	before := bytes.Clone(data)
	got, err := Parse(data)
	want, good := modelParse(data)
	if (err == nil) != good {
		t.Fatalf("Parse(%q): error %v, the model says good=%v", data, err, good)
	}
	if err != nil {
		checkError(t, data, err)
	} else {
		checkSame(t, got, want)
	}
	if !bytes.Equal(data, before) {
		t.Fatal("Parse changed its input")
	}
}

func checkSplit(t *testing.T, data []byte) {
	t.Helper()
	got, err := Split(data)
	want, good := modelSplit(data)
	if (err == nil) != good {
		t.Fatalf("Split(%q): error %v, the model says good=%v", data, err, good)
	}
	if err != nil {
		checkError(t, data, err)
		if got != nil {
			t.Fatal("objects from a file that was refused")
		}
		return
	}
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d", len(got), len(want))
	}
	for i, o := range got {
		m, _ := modelParse(want[i])
		checkSame(t, o, m)
	}
}

// seeds are the vectors that are short enough to grow from.
func seeds() (inputs []string) {
	for _, v := range accepted {
		inputs = append(inputs, v.input)
	}
	for _, v := range refused {
		if len(v.input) < 2000 {
			inputs = append(inputs, v.input)
		}
	}
	return inputs
}

func FuzzParse(f *testing.F) {
	for _, input := range seeds() {
		f.Add([]byte(input))
	}
	f.Fuzz(checkParse)
}

func FuzzSplit(f *testing.F) {
	for _, input := range seeds() {
		f.Add([]byte(input))
		f.Add([]byte(inBundle(input)))
	}
	f.Fuzz(checkSplit)
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{
		"2016-05-12T08:17:27.000Z", "2016-02-30T00:00:00Z", "2000-02-29T23:59:59.999999999Z", "1900-02-29T00:00:00Z",
		"0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "2016-05-12T24:00:00Z",
		"2016-05-12t08:17:27z", "2016-05-12T08:17:27+00:00", "2016-05-12T08:17:27,5Z", "2016-05-12T08:17:27.Z",
		"2016-05-12T08:17:27.0123456789Z", "2016-13-01T00:00:00Z", "2016-00-01T00:00:00Z", "2016-01-00T00:00:00Z", "Z", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, s)
		good := err == nil && modelTime.MatchString(s) && !want.IsZero()
		if ok != good || ok && !got.Equal(want) {
			t.Fatalf("parseTime(%q) = %v, %v; want %v, %v", s, got, ok, want, good)
		}
	})
}
