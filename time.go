package entente

import (
	"fmt"
	"strings"
	"time"
)

// Time is an instant in UTC with at most microseconds, the only time that acts
// and headers carry. Its text is RFC 3339 with "Z" and no trailing zeros in the
// fraction. A claimed time never decides anything about order or validity.
type Time struct{ time.Time }

// At is the Time of t: UTC, cut to the microsecond.
func At(t time.Time) Time {
	return Time{t.UTC().Truncate(time.Microsecond)}
}

const timeLayout = "2006-01-02T15:04:05.999999Z"

// MarshalText writes the one text of the instant.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON writes the one text of the instant in quotes.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// String is the text of the instant.
func (t Time) String() string { return t.UTC().Format(timeLayout) }

// UnmarshalText reads RFC 3339 in UTC; other zones and finer fractions are refused.
func (t *Time) UnmarshalText(b []byte) error {
	v, err := time.Parse(timeLayout, string(b))
	if err != nil {
		return fmt.Errorf("time %.40q: expected RFC 3339 in UTC, at most microseconds, such as 2026-01-02T15:04:05Z", b)
	}
	*t = At(v)
	if t.String() != string(b) {
		return fmt.Errorf("time %q: write it as %s", b, t)
	}
	return nil
}

// UnmarshalJSON reads the text in quotes.
func (t *Time) UnmarshalJSON(b []byte) error {
	return t.UnmarshalText([]byte(strings.Trim(string(b), `"`)))
}

// IsZero says that no time is given.
func (t Time) IsZero() bool { return t.Time.IsZero() }

// Clock tells the time. The system asks one clock, the node's own; the clocks
// of peers and browsers are never adopted.
type Clock func() time.Time
