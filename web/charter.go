package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/compact"
)

// A charter in words and as a form, both from one table of its terms: what can be
// entered is what is shown before it is signed.

// term is one term of a charter but the roster.
type term struct {
	group, key string
	as         termKind
	at         func(*entente.Charter) any // a pointer to the value
	options    []string                   // of a choice
}

type termKind string

const (
	asText     termKind = "text"  // one line, in the words of those who wrote it
	asArea     termKind = "area"  // several lines
	asLines    termKind = "lines" // a set of texts, one a line
	asChoice   termKind = "choice"
	asTLP      termKind = "tlp"
	asNumber   termKind = "number"   // 0 has words of its own
	asDuration termKind = "duration" // seconds
	asMoment   termKind = "moment"
	asDate     termKind = "date"
	asYesNo    termKind = "check"
	asKinds    termKind = "kinds"
	asParty    termKind = "party"
	asFixed    termKind = "fixed" // there is one value yet
)

// terms are all terms but the roster, in the order in which people read them.
var terms = []term{
	{group: "basics", key: "name", as: asText, at: func(c *entente.Charter) any { return &c.Name }},
	{group: "basics", key: "type", as: asChoice, at: func(c *entente.Charter) any { return &c.Type }, options: strs(entente.CompactTypes)},
	{group: "basics", key: "purposes", as: asLines, at: func(c *entente.Charter) any { return &c.Purposes }},
	{group: "basics", key: "categories", as: asLines, at: func(c *entente.Charter) any { return &c.Categories }},
	{group: "dates", key: "start", as: asMoment, at: func(c *entente.Charter) any { return &c.Start }},
	{group: "dates", key: "end", as: asMoment, at: func(c *entente.Charter) any { return &c.End }},
	{group: "dates", key: "review", as: asMoment, at: func(c *entente.Charter) any { return &c.Review }},
	{group: "dates", key: "tolerance", as: asDuration, at: func(c *entente.Charter) any { return &c.Tolerance }},
	{group: "decisions", key: "rule", as: asFixed, at: func(c *entente.Charter) any { return &c.Rule }},
	{group: "decisions", key: "quorum", as: asChoice, at: func(c *entente.Charter) any { return &c.Quorum }, options: []string{"filled", "all"}},
	{group: "decisions", key: "chair", as: asNumber, at: func(c *entente.Charter) any { return &c.ChairMonths }},
	{group: "decisions", key: "two_persons", as: asKinds, at: func(c *entente.Charter) any { return &c.TwoPersons }},
	{group: "default", key: "tlp", as: asTLP, at: func(c *entente.Charter) any { return &c.Handling.Default.TLP }, options: strs(entente.TLPs)},
	{group: "default", key: "codes", as: asLines, at: func(c *entente.Charter) any { return &c.Handling.Default.Codes }},
	{group: "default", key: "onward", as: asChoice, at: func(c *entente.Charter) any { return &c.Handling.Default.Onward }, options: strs(entente.Onwards)},
	{group: "default", key: "permitted", as: asLines, at: func(c *entente.Charter) any { return &c.Handling.Default.Permitted }},
	{group: "default", key: "purpose", as: asText, at: func(c *entente.Charter) any { return &c.Handling.Default.Purpose }},
	{group: "default", key: "legal_basis", as: asText, at: func(c *entente.Charter) any { return &c.Handling.Default.LegalBasis }},
	{group: "default", key: "expires", as: asDate, at: func(c *entente.Charter) any { return &c.Handling.Default.Expires }},
	{group: "default", key: "caveats", as: asLines, at: func(c *entente.Charter) any { return &c.Handling.Default.Caveats }},
	{group: "bounds", key: "widest_tlp", as: asTLP, at: func(c *entente.Charter) any { return &c.Handling.Widest }, options: strs(entente.TLPs)},
	{group: "bounds", key: "widest_onward", as: asChoice, at: func(c *entente.Charter) any { return &c.Handling.Onward }, options: strs(entente.Onwards)},
	{group: "bounds", key: "days", as: asNumber, at: func(c *entente.Charter) any { return &c.Handling.Days }},
	{group: "bounds", key: "acts", as: asNumber, at: func(c *entente.Charter) any { return &c.Quota.Acts }},
	{group: "bounds", key: "bytes", as: asNumber, at: func(c *entente.Charter) any { return &c.Quota.Bytes }},
	{group: "duties", key: "freshness", as: asDuration, at: func(c *entente.Charter) any { return &c.Freshness }},
	{group: "duties", key: "recall", as: asDuration, at: func(c *entente.Charter) any { return &c.RecallWithin }},
	{group: "duties", key: "hide", as: asNumber, at: func(c *entente.Charter) any { return &c.HideAfter }},
	{group: "duties", key: "tell", as: asYesNo, at: func(c *entente.Charter) any { return &c.TellOriginator }},
	{group: "duties", key: "evidence", as: asChoice, at: func(c *entente.Charter) any { return &c.Evidence }, options: []string{"none", "inspector"}},
	{group: "duties", key: "inspector", as: asParty, at: func(c *entente.Charter) any { return &c.Inspector }},
	{group: "words", key: "exit", as: asArea, at: func(c *entente.Charter) any { return &c.Exit }},
	{group: "words", key: "suspension", as: asArea, at: func(c *entente.Charter) any { return &c.Suspension }},
	{group: "words", key: "folding", as: asFixed, at: func(c *entente.Charter) any { return &c.Folding }},
}

// termGroups are the groups of terms in order; "members" is the roster.
var termGroups = []string{"basics", "members", "dates", "decisions", "default", "bounds", "duties", "words"}

// approved are the kinds that an agreement may want two persons for.
var approved = []entente.Kind{
	entente.KindAccession, entente.KindAmendment, entente.KindAsk, entente.KindConsent, entente.KindRecall,
	entente.KindRelease, entente.KindResumption, entente.KindSuspension,
}

func strs[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

// text reads a value that is some kind of string.
func text(p any) string {
	switch p := p.(type) {
	case *string:
		return *p
	case *entente.CompactType:
		return string(*p)
	case *entente.TLP:
		return string(*p)
	case *entente.Onward:
		return string(*p)
	case *entente.Date:
		return string(*p)
	case *entente.PartyID:
		return string(*p)
	}
	panic(fmt.Sprintf("web: a term of type %T", p))
}

// group of terms in words.
type termGroup struct {
	Key   string
	Terms []termWords
}

// termWords is one term in words: a value, or a list of them.
type termWords struct {
	Key     string
	Label   string
	Value   string
	Theirs  bool // Value is in the words of those who wrote it
	List    bool
	Items   []termItem
	Chip    string // class of a chip; empty: none
	Members bool
}

// termItem is one entry of a list.
type termItem struct {
	ID     string // what tells it from others
	Text   string
	Theirs bool
	Note   string // of a member: the seats
	Basis  string // of a member: the legal basis, in its own words
}

// same says whether two terms say the same.
func (t termWords) same(u termWords) bool {
	return t.Value == u.Value && slices.Equal(t.Items, u.Items)
}

// charterWords puts a whole charter into the words of a language.
func charterWords(l language, c *entente.Charter, name func(entente.PartyID) string) []termGroup {
	var out []termGroup
	for _, group := range termGroups {
		g := termGroup{Key: group}
		if group == "members" {
			g.Terms = []termWords{memberWords(l, c)}
		}
		for _, t := range terms {
			if t.group == group {
				g.Terms = append(g.Terms, t.words(l, c, name))
			}
		}
		out = append(out, g)
	}
	return out
}

func memberWords(l language, c *entente.Charter) termWords {
	w := termWords{Key: "members", Label: l.T("charter.label.members"), List: true, Members: true}
	for _, s := range c.Members {
		w.Items = append(w.Items, termItem{ID: string(s.Party), Text: compact.Clean(s.Name), Theirs: true, Note: l.T("charter.seats", s.Seats), Basis: compact.Clean(s.LegalBasis)})
	}
	return w
}

func (t term) words(l language, c *entente.Charter, name func(entente.PartyID) string) termWords {
	w := termWords{Key: t.key, Label: l.T("charter.label." + t.key)}
	p := t.at(c)
	switch t.as {
	case asLines:
		w.List = true
		for _, s := range *p.(*[]string) {
			w.Items = append(w.Items, termItem{ID: s, Text: compact.Clean(s), Theirs: true})
		}
	case asKinds:
		w.List = true
		for _, k := range *p.(*[]entente.Kind) {
			w.Items = append(w.Items, termItem{ID: string(k), Text: l.word("charter.kind.", string(k))})
		}
	case asMoment:
		w.Value = l.moment(*p.(*entente.Time))
	case asDuration:
		w.Value = l.T("charter."+t.key, l.duration(*p.(*int64)))
	case asNumber:
		if n := *p.(*int64); n == 0 {
			w.Value = l.T("charter." + t.key + ".zero")
		} else {
			w.Value = l.T("charter."+t.key+".some", n)
		}
	case asYesNo:
		w.Value = l.T("charter." + t.key + "." + map[bool]string{true: "yes", false: "no"}[*p.(*bool)])
	case asTLP:
		w.Chip = tlpChip(entente.TLP(text(p)))
		w.Value = "TLP:" + strings.ToUpper(compact.Clean(text(p)))
	case asChoice:
		key := t.key
		if key == "widest_onward" {
			key = "onward"
		}
		w.Value = l.word("charter."+key+".", text(p))
	case asFixed:
		if n, ok := p.(*int64); ok {
			w.Value = l.T("charter."+t.key, *n)
		} else {
			w.Value = l.word("charter."+t.key+".", text(p))
		}
	case asParty:
		if id := entente.PartyID(text(p)); id != "" {
			w.Value = l.T("charter.party", isolated(name(id)), entente.Short(id))
		}
	case asDate:
		d := entente.Date(text(p))
		if _, err := d.Start(); d != "" && err == nil {
			w.Value = l.Day(d)
		} else {
			w.Value, w.Theirs = compact.Clean(string(d)), true
		}
	default:
		w.Value, w.Theirs = compact.Clean(text(p)), true
	}
	return w
}

// word is the text for a value that has one; other values stand as they are.
func (l language) word(key, value string) string {
	if l.Has(key + value) {
		return l.T(key + value)
	}
	return compact.Clean(value)
}

// isolated keeps a name from rearranging the sentence that it stands in (Unicode
// Annex 9, section 2.5).
func isolated(s string) string { return "\u2068" + compact.Clean(s) + "\u2069" }

// moment is an instant to the minute, or exactly where that is not all of it.
func (l language) moment(t entente.Time) string {
	if t.Equal(t.Truncate(time.Minute)) {
		return l.When(t.Time)
	}
	return l.When(t.Time) + " (\u2066" + t.String() + "\u2069)"
}

// unit of a duration.
type unit struct {
	name    string
	seconds int64
}

var units = []unit{{"days", 86400}, {"hours", 3600}, {"minutes", 60}, {"seconds", 1}}

// duration writes seconds in days, hours, minutes and seconds.
func (l language) duration(s int64) string {
	if s <= 0 {
		return l.T("charter.unit.seconds", s)
	}
	var parts []string
	for _, u := range units {
		if n := s / u.seconds; n > 0 {
			parts = append(parts, l.T("charter.unit."+u.name, n))
			s %= u.seconds
		}
	}
	return strings.Join(parts, " ")
}

// termChange is what an amendment does to one term.
type termChange struct {
	Label    string
	Was, Is  termWords
	Added    []termItem
	Removed  []termItem
	Replaced []struct{ Was, Is termItem } // one entry, told in other words
}

// charterChanges compares two charters term by term.
func charterChanges(l language, old, now *entente.Charter, name func(entente.PartyID) string) []termChange {
	var out []termChange
	before, after := charterWords(l, old, name), charterWords(l, now, name)
	for g := range after {
		for i, is := range after[g].Terms {
			was := before[g].Terms[i]
			if is.same(was) {
				continue
			}
			c := termChange{Label: is.Label, Was: was, Is: is}
			for _, x := range is.Items {
				j := slices.IndexFunc(was.Items, func(y termItem) bool { return y.ID == x.ID })
				switch {
				case j < 0:
					c.Added = append(c.Added, x)
				case was.Items[j] != x:
					c.Replaced = append(c.Replaced, struct{ Was, Is termItem }{was.Items[j], x})
				}
			}
			for _, y := range was.Items {
				if !slices.ContainsFunc(is.Items, func(x termItem) bool { return x.ID == y.ID }) {
					c.Removed = append(c.Removed, y)
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// number reads a whole number that is not negative.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil && n >= 0
}
