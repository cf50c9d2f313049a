package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"entente"
)

// printer collects text for people. Whatever others wrote goes through plain.
type printer struct{ buf bytes.Buffer }

func (p *printer) bytes() []byte { return p.buf.Bytes() }

func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(&p.buf, format+"\n", args...)
}

// table writes rows in columns; the first row is the heading.
func (p *printer) table(rows [][]string) {
	w := tabwriter.NewWriter(&p.buf, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// plain makes a text that others wrote safe to print in one line: controls,
// marks without width and overrides of direction are spelled out.
func plain[T ~string](s T) string {
	return spell(string(s), "")
}

// plainLines is plain for texts of several lines.
func plainLines(s string) string { return spell(s, "\n\t") }

func spell(s, keep string) string {
	ok := func(r rune) bool {
		return strings.ContainsRune(keep, r) || r == '\u200c' || r == '\u200d' ||
			!unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != unicode.ReplacementChar
	}
	if strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if ok(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// named is how people see a party, a compact: its name and the begin of its id.
func named[T ~string](name string, id T) string {
	if name == "" {
		return entente.Short(id)
	}
	return fmt.Sprintf("%s (%s)", plain(name), entente.Short(id))
}

func stamp(t entente.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// counted writes a number with its noun.
func counted(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// label is a TLP label as it is written, with what else people must know of a handling.
func label(h entente.Handling) string {
	s := "TLP:" + strings.ToUpper(plain(h.TLP))
	if h.Expires != "" {
		s += ", until " + plain(h.Expires)
	}
	return s
}

// handling prints every part of a handling.
func (p *printer) handling(indent string, h entente.Handling) {
	p.line("%sMarking      TLP:%s", indent, strings.ToUpper(plain(h.TLP)))
	p.line("%sPassing on   %s", indent, onwardWords[h.Onward])
	p.line("%sPurpose      %s", indent, plain(h.Purpose))
	for _, f := range []struct{ name, text string }{
		{"Legal basis", plain(h.LegalBasis)},
		{"Expires", plain(h.Expires)},
		{"Codes", joined(h.Codes)},
		{"Permitted", joined(h.Permitted)},
		{"Caveats", joined(h.Caveats)},
	} {
		if f.text != "" {
			p.line("%s%-12s %s", indent, f.name, f.text)
		}
	}
}

var onwardWords = map[entente.Onward]string{
	entente.OnwardNone:    "not at all, and not to be asked for",
	entente.OnwardAsk:     "only with the originator's signed consent",
	entente.OnwardMembers: "to other members without asking",
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = plain(s)
	}
	return strings.Join(out, "; ")
}

func now() entente.Time {
	if clock != nil {
		return entente.At(clock())
	}
	return entente.At(time.Now())
}
