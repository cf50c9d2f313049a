package compact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"entente"
)

// Describe puts every term of a charter into words, for people to read before
// they sign: plain text in English, a term a line. Parties are named with the
// first digits of their ids. What members wrote stands in quotes, in one line,
// with characters that could disguise it spelled out.
func Describe(c *entente.Charter) string {
	var b strings.Builder
	for _, t := range termsOf(c) {
		if t.items == nil {
			fmt.Fprintf(&b, "%s: %s\n", t.label, t.value)
			continue
		}
		if len(t.items) == 0 {
			fmt.Fprintf(&b, "%s: none\n", t.label)
			continue
		}
		fmt.Fprintf(&b, "%s:\n", t.label)
		for _, i := range t.items {
			fmt.Fprintf(&b, "  - %s\n", i.text)
		}
	}
	b.WriteString("Nothing flows until every member listed here has signed. After that, any member may\n" +
		"at once and alone suspend itself or its flow to one other member, and resume.\n")
	return b.String()
}

// Changes says in words what replacing one charter by another changes: a line
// a change, none if nothing does.
func Changes(old, new *entente.Charter) []string {
	var out []string
	before, after := termsOf(old), termsOf(new)
	for i, t := range after {
		was := before[i]
		if t.value != was.value {
			out = append(out, fmt.Sprintf("%s: %s (until now: %s)", t.label, t.value, was.value))
		}
		for _, x := range t.items {
			j := slices.IndexFunc(was.items, func(y item) bool { return y.key == x.key })
			if j < 0 {
				out = append(out, fmt.Sprintf("%s: new: %s", t.label, x.text))
			} else if y := was.items[j]; y.text != x.text {
				out = append(out, fmt.Sprintf("%s: %s (until now: %s)", t.label, x.text, y.text))
			}
		}
		for _, y := range was.items {
			if !slices.ContainsFunc(t.items, func(x item) bool { return x.key == y.key }) {
				out = append(out, fmt.Sprintf("%s: no longer: %s", t.label, y.text))
			}
		}
	}
	return out
}

// Explain is Changes for an amendment of the terms in force, with the forks it settles.
func (s *State) Explain(a *entente.Amendment) []string {
	out := Changes(s.Charter, &a.Charter)
	for _, k := range a.Settles {
		out = append(out, fmt.Sprintf("Fork: of what %s signed as number %d in its chain, act %s stands and nothing else",
			s.name(k.Author), k.Seq, entente.Short(k.Keep)))
	}
	return out
}

// term is one term of a charter in words: a value, or a list.
type term struct {
	label, value string
	items        []item // not nil: a list
}

// item is one entry of a list; key tells it from the others.
type item struct{ key, text string }

// termsOf lists the terms of any charter in one order.
func termsOf(c *entente.Charter) []term {
	if c == nil {
		c = &entente.Charter{}
	}
	h := &c.Handling.Default
	return []term{
		{label: "Agreement", value: quote(c.Name)},
		{label: "Type", value: typeWords(c.Type)},
		{label: "Purposes", items: quoted(c.Purposes)},
		{label: "Categories of data", items: quoted(c.Categories)},
		{label: "Members", items: members(c.Members)},
		{label: "Begins", value: instant(c.Start)},
		{label: "Ends", value: instant(c.End)},
		{label: "To be reviewed by", value: instant(c.Review)},
		{label: "Clocks may differ by", value: duration(c.Tolerance) + "; senders stop so much before the end, receivers accept so much around it"},
		{label: "Decisions", value: choose(c.Rule, entente.Unanimous, "by all members, unanimously")},
		{label: "Seats that count for a quorum", value: choose(c.Quorum, "filled", "those that are filled", "all", "all, filled or not")},
		{label: "Chair", value: count(c.ChairMonths, "none", "passes on every %s months")},
		{label: "Marking unless a release says otherwise", value: marking(h.TLP)},
		{label: "Handling codes unless a release says otherwise", items: quoted(h.Codes)},
		{label: "Passing on unless a release says otherwise", value: onward(h.Onward)},
		{label: "Uses allowed without asking, unless a release says otherwise", items: quoted(h.Permitted)},
		{label: "Purpose unless a release says otherwise", value: quote(h.Purpose)},
		{label: "Legal basis unless a release says otherwise", value: optional(h.LegalBasis)},
		{label: "Expiry unless a release says otherwise", value: optional(string(h.Expires))},
		{label: "Caveats unless a release says otherwise", items: quoted(h.Caveats)},
		{label: "Widest marking that a release may carry", value: marking(c.Handling.Widest)},
		{label: "Widest passing on that a release may allow", value: onward(c.Handling.Onward)},
		{label: "Longest release", value: count(c.Handling.Days, "to the end of the agreement", "%s days")},
		{label: "A relay must have heard from the originator within", value: duration(c.Freshness)},
		{label: "A recall must be confirmed within", value: duration(c.RecallWithin)},
		{label: "Records of a member that cannot be reached", value: count(c.HideAfter, "stay visible, marked as unconfirmed", "are hidden after %s days")},
		{label: "Acts from one member to another in a day", value: count(c.Quota.Acts, "no limit", "at most %s")},
		{label: "Bytes from one member to another in a day", value: count(c.Quota.Bytes, "no limit", "at most %s")},
		{label: "Evidence kept after a recall", value: choose(c.Evidence, "none", "none", "inspector", "sealed to the inspector")},
		{label: "Inspector", value: party(c.Inspector)},
		{label: "A record that arrives without consent", value: map[bool]string{
			true: "is reported to its originator", false: "is not reported to its originator",
		}[c.TellOriginator]},
		{label: "Acts that need a second person's approval", items: quoted(c.TwoPersons)},
		{label: "Leaving", value: quote(c.Exit)},
		{label: "Suspending", value: quote(c.Suspension)},
		{label: "Rules that fold acts into decisions", value: fmt.Sprintf("version %d", c.Folding)},
	}
}

func members(seats []entente.Seat) []item {
	out := []item{}
	for _, s := range seats {
		seat := "seats"
		if s.Seats == 1 {
			seat = "seat"
		}
		out = append(out, item{string(s.Party), fmt.Sprintf("%s (party %s), %d %s, on the legal basis of %s",
			quote(s.Name), entente.Short(s.Party), s.Seats, seat, quote(s.LegalBasis))})
	}
	return out
}

func typeWords(t entente.CompactType) string {
	return choose(string(t),
		string(entente.Information), "information: records are released, passed on with consent, recalled",
		string(entente.Tasking), "tasking: records are released, passed on with consent, recalled; requests and tasks",
		string(entente.Deconfliction), "deconfliction: notices only, no records",
		string(entente.Matching), "matching: private matching only, no records")
}

func onward(o entente.Onward) string {
	return choose(string(o),
		string(entente.OnwardNone), "not at all, and not to be asked for",
		string(entente.OnwardAsk), "only with the originator's signed consent",
		string(entente.OnwardMembers), "to other members without asking")
}

func marking(t entente.TLP) string { return "TLP:" + strings.ToUpper(Clean(string(t))) }

func party(p entente.PartyID) string {
	if p == "" {
		return "none"
	}
	return "party " + entente.Short(p)
}

// choose finds the words for a value; a value without words stands as it is.
func choose(value string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == value {
			return pairs[i+1]
		}
	}
	return quote(value)
}

func count(n int64, none, some string) string {
	if n == 0 {
		return none
	}
	return fmt.Sprintf(some, grouped(n))
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func instant(t entente.Time) string { return t.UTC().Format("2 January 2006, 15:04:05.999999 UTC") }

// duration writes seconds in days, hours, minutes and seconds.
func duration(s int64) string {
	if s <= 0 {
		return fmt.Sprintf("%d seconds", s)
	}
	var parts []string
	for _, u := range []struct {
		size int64
		name string
	}{{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}} {
		n := s / u.size
		s %= u.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+u.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%s %ss", grouped(n), u.name))
		}
	}
	return strings.Join(parts, " ")
}

func optional(s string) string {
	if s == "" {
		return "none"
	}
	return quote(s)
}

func quoted[T ~string](list []T) []item {
	out := []item{}
	for _, s := range list {
		out = append(out, item{string(s), quote(string(s))})
	}
	return out
}

// quote puts what somebody wrote into quotes that it cannot close itself, and
// isolates what is written from right to left, so that it does not
// rearrange the words around it (Unicode Annex 9, section 2.5).
func quote(s string) string {
	s = strings.NewReplacer("“", `\u201C`, "”", `\u201D`).Replace(Clean(s))
	if strings.ContainsFunc(s, rightToLeft) {
		s = "\u2068" + s + "\u2069"
	}
	return "“" + s + "”"
}

// rightToLeft is about Hebrew, Arabic, their neighbours and presentation forms.
func rightToLeft(r rune) bool {
	return r >= 0x0590 && r <= 0x08FF || r == 0x200F || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC ||
		r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
}

// Clean makes one line of a text and spells out the characters that could
// make it look like another one: controls, line ends, overrides of direction,
// and what has no width, but for the joiners and marks that scripts need.
func Clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(" ⏎ ")
		case r >= 0x200C && r <= 0x200F, r >= 0x0600 && r <= 0x08FF: // joiners, marks, Arabic
			b.WriteRune(r)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			if r > 0xFFFF {
				fmt.Fprintf(&b, `\U%08X`, r)
			} else {
				fmt.Fprintf(&b, `\u%04X`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
