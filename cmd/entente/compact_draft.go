package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
)

type draftCmd struct {
	Out        string   `help:"Write to this file, which must not exist, instead of standard output." type:"path" placeholder:"FILE"`
	Name       string   `help:"Name of the agreement." placeholder:"NAME"`
	Type       string   `help:"information, tasking, deconfliction or matching (default: information)." default:"information" placeholder:"TYPE"`
	Purpose    []string `help:"A purpose; repeat for several. The first is the default of releases." sep:"none" placeholder:"TEXT"`
	Category   []string `help:"A category of data; repeat for several." sep:"none" placeholder:"TEXT"`
	LegalBasis string   `help:"The members' legal basis, if it is one and the same." placeholder:"TEXT"`
	Member     []string `help:"A member besides this party; repeat for several (default: every trusted party)." sep:"none" placeholder:"PARTY"`
	Days       int      `help:"How many days it is to last (default: 365)." default:"365" placeholder:"N"`
}

type draftAnswer struct {
	File    string `json:"file"`
	Members int    `json:"members"`
	FillIn  int    `json:"fill_in"` // texts to be replaced
}

// fillIn begins every text of a draft that people must replace.
const fillIn = "FILL IN: "

func (c *draftCmd) Run(s *session) error {
	if c.Days < 2 {
		return usageErrorf("--days=%d: a compact lasts 2 days at least", c.Days)
	}
	known, err := ask(s, opParties, nothing{})
	if err != nil {
		return err
	}
	members, err := c.members(known.Parties)
	if err != nil {
		return err
	}
	charter := c.charter(members)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(charter); err != nil {
		return err
	}
	if c.Out == "" {
		_, err := s.stdout.Write(b.Bytes())
		return err
	}
	if err := writeNew(c.Out, b.Bytes(), 0o644); err != nil {
		return err
	}
	return s.show(draftAnswer{c.Out, len(charter.Members), strings.Count(b.String(), fillIn)}, func(p *printer) {
		p.line("Wrote %s with %s.", c.Out, counted(len(charter.Members), "member"))
		p.line("Replace every text that begins with %q, then read it in words: entente compact review %s", fillIn, c.Out)
	})
}

func (c *draftCmd) members(known []partyLine) ([]partyLine, error) {
	var out []partyLine
	for _, p := range known {
		if p.Self || len(c.Member) == 0 && p.Trusted {
			out = append(out, p)
		}
	}
	for _, text := range c.Member {
		found := choose(known, text, func(p partyLine) string { return p.Name }, func(p partyLine) string { return string(p.Party) })
		p, err := one("party", text, "entente parties lists those known here; entente trust FILE makes one known", found,
			func(p partyLine) string { return named(p.Name, p.Party) })
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b partyLine) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return out, nil
}

func (c *draftCmd) charter(members []partyLine) entente.Charter {
	text := func(given, what string) string {
		if given != "" {
			return given
		}
		return fillIn + what
	}
	list := func(given []string, what string) []string {
		if len(given) > 0 {
			return slices.Sorted(slices.Values(given))
		}
		return []string{fillIn + what}
	}
	out := compact.Draft(now().Truncate(time.Hour), c.Days)
	out.Name, out.Type = text(c.Name, "name of the agreement"), entente.CompactType(c.Type)
	out.Purposes, out.Categories = list(c.Purpose, "a purpose for which members may use what they receive"), list(c.Category, "a category of data that is exchanged")
	out.Handling.Default.Purpose = out.Purposes[0]
	if len(c.Purpose) > 0 {
		out.Handling.Default.Purpose = c.Purpose[0]
	}
	for _, m := range members {
		out.Members = append(out.Members, entente.Seat{Party: m.Party, Name: m.Name, Seats: 1, LegalBasis: text(c.LegalBasis, fmt.Sprintf("the legal basis on which %s takes part", m.Name))})
	}
	return out
}
