package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
)

// partner is a party that this node knows.
type partner struct {
	ID      entente.PartyID
	Name    string
	Trusted bool
}

// formGroup is a part of the form of a charter.
type formGroup struct {
	Key    string
	Fields []formField
}

// formField is one field as it stands in the form.
type formField struct {
	Key     string
	Kind    termKind
	Value   string
	Number  string // of a duration
	Options []formOption
	Wrong   string // what is wrong with the entry; a key of the texts
}

type formOption struct {
	Value, Text string
	Chosen      bool
}

// formSeat is a party that may be a member.
type formSeat struct {
	Party      entente.PartyID
	Name       string // what the charter calls it
	Known      string // what its card says
	Seats      string
	LegalBasis string
	Member     bool
	Self       bool
	Trusted    bool
	Wrong      bool
}

// momentLayout is what browsers send for a moment: here always UTC.
const momentLayout = "2006-01-02T15:04:05"

// charterForm fills the form with a charter.
func charterForm(l language, c *entente.Charter, parties []partner, name func(entente.PartyID) string, wrong map[string]string) []formGroup {
	var out []formGroup
	for _, group := range termGroups {
		g := formGroup{Key: group}
		for _, t := range terms {
			if t.group == group {
				g.Fields = append(g.Fields, t.field(l, c, parties, name, wrong[t.key]))
			}
		}
		out = append(out, g)
	}
	return out
}

func (t term) field(l language, c *entente.Charter, parties []partner, name func(entente.PartyID) string, wrong string) formField {
	f := formField{Key: t.key, Kind: t.as, Wrong: wrong}
	p := t.at(c)
	switch t.as {
	case asLines:
		f.Value = strings.Join(*p.(*[]string), "\n")
	case asKinds:
		kinds := slices.Concat(approved, *p.(*[]entente.Kind)) // an agreement may name others
		slices.Sort(kinds)
		for _, k := range slices.Compact(kinds) {
			f.Options = append(f.Options, formOption{string(k), l.word("charter.kind.", string(k)), slices.Contains(*p.(*[]entente.Kind), k)})
		}
	case asMoment:
		f.Value = p.(*entente.Time).UTC().Format(momentLayout)
	case asNumber:
		f.Value = decimal(*p.(*int64))
	case asDuration:
		n, chosen := *p.(*int64), "seconds"
		for _, u := range units {
			if n > 0 && n%u.seconds == 0 {
				n, chosen = n/u.seconds, u.name
				break
			}
		}
		f.Number = decimal(n)
		for _, u := range units {
			f.Options = append(f.Options, formOption{u.name, l.T("charter.in." + u.name), u.name == chosen})
		}
	case asYesNo:
		if *p.(*bool) {
			f.Value = "yes"
		}
	case asParty:
		f.Options = []formOption{{"", l.T("charter.none"), text(p) == ""}}
		for _, x := range parties {
			f.Options = append(f.Options, formOption{string(x.ID), name(x.ID) + " (" + entente.Short(x.ID) + ")", text(p) == string(x.ID)})
		}
	case asTLP, asChoice:
		for _, o := range t.options {
			c2 := entente.Charter{}
			t.set(&c2, url.Values{t.key: {o}})
			f.Options = append(f.Options, formOption{o, t.words(l, &c2, name).Value, text(p) == o})
		}
	case asFixed:
		f.Value = t.words(l, c, name).Value
	default:
		f.Value = text(p)
	}
	return f
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// set takes a term out of a form; the key of what is wrong, or "".
func (t term) set(c *entente.Charter, form url.Values) (wrong string) {
	entry := strings.ReplaceAll(form.Get(t.key), "\r\n", "\n")
	switch p := t.at(c).(type) {
	case *string:
		if t.as != asFixed {
			*p = strings.TrimSpace(entry)
		}
	case *entente.CompactType:
		*p = entente.CompactType(entry)
	case *entente.TLP:
		*p = entente.TLP(entry)
	case *entente.Onward:
		*p = entente.Onward(entry)
	case *entente.PartyID:
		*p = entente.PartyID(entry)
	case *entente.Date:
		*p = entente.Date(entry)
		if _, err := p.Start(); entry != "" && err != nil {
			return "charter.wrong.date"
		}
	case *[]string:
		*p = lines(entry)
	case *[]entente.Kind:
		*p = nil
		for _, k := range form[t.key] {
			*p = append(*p, entente.Kind(k))
		}
	case *bool:
		*p = entry != ""
	case *entente.Time:
		if entry == p.UTC().Format(momentLayout) {
			return "" // unchanged: exactly as it was, below the second too
		}
		at, err := time.Parse(momentLayout, entry)
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04", entry) // browsers leave out seconds that are nought
		}
		if err != nil {
			return "charter.wrong.moment"
		}
		*p = entente.At(at)
	case *int64:
		if t.as == asFixed {
			return ""
		}
		n, ok := number(entry)
		if t.as == asDuration {
			i := slices.IndexFunc(units, func(u unit) bool { return u.name == form.Get(t.key+".unit") })
			if ok = ok && i >= 0 && n < 1<<40; ok {
				n *= units[i].seconds
			}
		}
		if !ok {
			return "charter.wrong.number"
		}
		*p = n
	}
	return ""
}

// lines are the entries of a field with one a line, each once.
func lines(s string) []string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readCharter takes a charter out of a form. It starts from base, whose terms
// without a field stay. wrong says which entries could not be read.
func readCharter(base entente.Charter, form url.Values) (c entente.Charter, wrong map[string]string) {
	c, wrong = base, map[string]string{}
	for _, t := range terms {
		if w := t.set(&c, form); w != "" {
			wrong[t.key] = w
		}
	}
	c.Members = nil
	for _, id := range form["member"] {
		seats, ok := number(form.Get("seats." + id))
		if !ok {
			wrong["members"] = "charter.wrong.number"
		}
		c.Members = append(c.Members, entente.Seat{
			Party: entente.PartyID(id), Name: strings.TrimSpace(form.Get("name." + id)), Seats: seats, LegalBasis: strings.TrimSpace(form.Get("basis." + id)),
		})
	}
	c.Arrange()
	return c, wrong
}

// seatsFor are the parties that may be members: those on the roster, this party,
// and all that a person here has trusted.
func seatsFor(c *entente.Charter, parties []partner, self entente.PartyID) []formSeat {
	var out []formSeat
	known := map[entente.PartyID]bool{}
	for _, p := range parties {
		seat, member := c.Seat(p.ID)
		if !member && !p.Trusted && p.ID != self {
			continue
		}
		known[p.ID] = true
		s := formSeat{Party: p.ID, Name: p.Name, Known: p.Name, Seats: "1", Member: member, Self: p.ID == self, Trusted: p.Trusted || p.ID == self}
		if member {
			s.Name, s.Seats, s.LegalBasis = seat.Name, decimal(seat.Seats), seat.LegalBasis
		}
		out = append(out, s)
	}
	for _, m := range c.Members {
		if !known[m.Party] {
			out = append(out, formSeat{Party: m.Party, Name: m.Name, Seats: decimal(m.Seats), LegalBasis: m.LegalBasis, Member: true})
		}
	}
	slices.SortStableFunc(out, func(a, b formSeat) int {
		if a.Self != b.Self {
			if a.Self {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
