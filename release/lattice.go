package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"entente"
)

// Join stands between the texts of a purpose or a legal basis that came from
// several handlings. Every one of them binds: "aid | border" allows only what
// serves both, so that a longer list is a stricter one.
const Join = " | "

// The limits of a handling that a combination can run into; the root package
// refuses what is beyond them.
const (
	maxHandlingEntries = 16
	maxHandlingPurpose = 200 // characters
	maxHandlingBasis   = 500
)

// ErrHandlingFull is wrapped by the error of [Combine] and [Apply] when the
// result would have more entries or a longer text than a handling can hold. It
// is never cut to fit: what does not fit would be a restriction lost.
var ErrHandlingFull = errors.New("the combined handling does not fit: combine fewer records, or release them in parts")

// Combine gives the widest handling that is as strict as h and as every one of
// more (R11): the stricter label and onward rule, the union of codes and
// caveats, only the uses that all permit, the earliest expiry, and the purposes
// and legal bases of all, sorted, with [Join] between them.
//
// The order and repetition of arguments make no difference, and combining in
// steps gives what combining at once gives, errors included: a combination that
// does not fit fails at the latest in the last step, whichever that is. Equal
// purposes, or legal bases, stay as they are spelled.
//
// A combined purpose is a text of its own: an agreement whose purposes do not
// name it refuses a release for it, until people choose one; see [Parts].
func Combine(h entente.Handling, more ...entente.Handling) (entente.Handling, error) {
	out, err := combine(h, h)
	for i := 0; i < len(more) && err == nil; i++ {
		out, err = combine(out, more[i])
	}
	if err != nil {
		return entente.Handling{}, err
	}
	return out, nil
}

func combine(a, b entente.Handling) (entente.Handling, error) {
	for _, h := range []entente.Handling{a, b} {
		if err := understood(h); err != nil {
			return entente.Handling{}, err
		}
	}
	out := entente.Handling{
		TLP:        stricter(entente.TLPs, a.TLP, b.TLP),
		Codes:      union(a.Codes, b.Codes),
		Onward:     stricter(entente.Onwards, a.Onward, b.Onward),
		Permitted:  intersection(a.Permitted, b.Permitted),
		Purpose:    joined(a.Purpose, b.Purpose),
		LegalBasis: joined(a.LegalBasis, b.LegalBasis),
		Expires:    earlier(a.Expires, b.Expires),
		Caveats:    union(a.Caveats, b.Caveats),
	}
	return out, fits(out)
}

// fits says whether the lists and texts of h are within the limits.
func fits(h entente.Handling) error {
	for _, x := range []struct {
		what       string
		have, most int
	}{
		{"handling codes", len(h.Codes), maxHandlingEntries},
		{"caveats", len(h.Caveats), maxHandlingEntries},
		{"characters of purposes", utf8.RuneCountInString(h.Purpose), maxHandlingPurpose},
		{"characters of legal bases", utf8.RuneCountInString(h.LegalBasis), maxHandlingBasis},
	} {
		if x.have > x.most {
			return fmt.Errorf("%d %s, at most %d: %w", x.have, x.what, x.most, ErrHandlingFull)
		}
	}
	return nil
}

// understood refuses what has no place in the order: nothing is known about
// how strict it is.
func understood(h entente.Handling) error {
	if !slices.Contains(entente.TLPs, h.TLP) {
		return fmt.Errorf("handling: TLP %.20q is none of %v", h.TLP, entente.TLPs)
	}
	if !slices.Contains(entente.Onwards, h.Onward) {
		return fmt.Errorf("handling: onward rule %.20q is none of %v", h.Onward, entente.Onwards)
	}
	if h.Expires != "" {
		if _, err := h.Expires.Start(); err != nil {
			return fmt.Errorf("handling expiry: %w", err)
		}
	}
	return nil
}

// Parts are the single texts of a purpose or legal basis that Combine put
// together, sorted, without repetition.
func Parts(text string) []string {
	parts := strings.Split(text, Join)
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	slices.Sort(parts)
	parts = slices.Compact(parts)
	if parts[0] == "" {
		parts = parts[1:]
	}
	return parts
}

// Weaker lists in which respects a allows something that b does not, each as a
// phrase for people; it is empty if a is at least as strict as b.
func Weaker(a, b entente.Handling) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if wider(entente.TLPs, a.TLP, b.TLP) {
		say("TLP:%s is wider than TLP:%s", strings.ToUpper(string(a.TLP)), strings.ToUpper(string(b.TLP)))
	}
	if wider(entente.Onwards, a.Onward, b.Onward) {
		say("onward rule %q is wider than %q", a.Onward, b.Onward)
	}
	for _, c := range without(b.Codes, a.Codes) {
		say("handling code %s is missing", c)
	}
	for _, p := range without(a.Permitted, b.Permitted) {
		say("the use %q is permitted", p)
	}
	for _, p := range without(Parts(b.Purpose), Parts(a.Purpose)) {
		say("it is not bound to the purpose %q", p)
	}
	for _, l := range without(Parts(b.LegalBasis), Parts(a.LegalBasis)) {
		say("it does not state the legal basis %q", l)
	}
	if earlier(a.Expires, b.Expires) != a.Expires {
		if a.Expires == "" {
			say("it does not end on %s", b.Expires)
		} else {
			say("it ends on %s, later than %s", a.Expires, b.Expires)
		}
	}
	for _, c := range without(b.Caveats, a.Caveats) {
		say("the caveat %q is missing", c)
	}
	return out
}

// stricter and wider read a list that has the strictest first. What is not in
// the list counts as wider than all that is, and never as strict enough.
func stricter[T comparable](order []T, a, b T) T {
	if slices.Index(order, b) < slices.Index(order, a) {
		return b
	}
	return a
}

func wider[T comparable](order []T, a, b T) bool {
	i, j := slices.Index(order, a), slices.Index(order, b)
	return i < 0 || j < 0 && a != b || i > j && j >= 0
}

// earlier takes none for the latest day.
func earlier(a, b entente.Date) entente.Date {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// joined keeps the spelling of what both sides say.
func joined(a, b string) string {
	if a == b {
		return a
	}
	return strings.Join(union(Parts(a), Parts(b)), Join)
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return noneIfEmpty(slices.Compact(out))
}

func intersection(a, b []string) []string {
	out := union(a, b)
	return noneIfEmpty(slices.DeleteFunc(out, func(s string) bool { return !slices.Contains(a, s) || !slices.Contains(b, s) }))
}

// without gives what is in a and not in b, in a's order.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// noneIfEmpty: an empty set has one form, so that combinations compare equal.
func noneIfEmpty(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}
