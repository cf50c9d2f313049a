package stix

import "time"

// parseTime reads a timestamp (§2.16): RFC 3339 in UTC, with capital T and Z
// and at most nine digits after the second. The instant that stands for "none"
// in Go, 0001-01-01T00:00:00Z, is refused, and so are leap seconds, which
// time.Time cannot hold.
func parseTime(s []byte) (time.Time, bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) <= len(form) || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	for i := range len(form) {
		if form[i] == '0' {
			if s[i] < '0' || s[i] > '9' {
				return time.Time{}, false
			}
		} else if s[i] != form[i] {
			return time.Time{}, false
		}
	}
	nanos := 0
	if fraction := s[len(form) : len(s)-1]; len(fraction) > 0 {
		if fraction[0] != '.' || len(fraction) < 2 || len(fraction) > 10 {
			return time.Time{}, false
		}
		unit := 100_000_000
		for _, c := range fraction[1:] {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			nanos += int(c-'0') * unit
			unit /= 10
		}
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day := two(0)*100+two(2), time.Month(two(5)), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day || t.IsZero() { // 30 February becomes a day of March
		return time.Time{}, false
	}
	return t, true
}

// appendTime writes t as the constructors do: UTC, cut to the microsecond, with
// three digits, or six where the microseconds need them (§3.2 asks for at least
// three).
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Nanosecond()%int(time.Millisecond) == 0 {
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	}
	return t.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}
