package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
	"entente/release"
)

// orderFlags are what preview and release have in common: which records, to
// whom, under which handling. What is not said is the charter's default.
type orderFlags struct {
	Records        []string `arg:"" optional:"" name:"record" help:"Record id, begin of it, STIX id (its newest version), or @FILE with one of these a line."`
	To             []string `required:"" help:"A recipient: id, begin of the id, or name; repeat for several." sep:"none" placeholder:"PARTY"`
	Compact        string   `required:"" help:"The compact: id, begin of the id, or name." placeholder:"COMPACT"`
	All            bool     `help:"All own records."`
	WithReferences bool     `help:"Also the own objects that the records refer to, and those that they refer to."`
	Expires        *string  `help:"The day, YYYY-MM-DD, at whose start (UTC) the release ends." placeholder:"DATE"`
	NoSupersedes   bool     `help:"Do not tell a recipient that a record takes the place of the tearline it has."`
	handlingFlags
}

// handlingFlags say what is to differ from the handling that stands otherwise.
type handlingFlags struct {
	TLP        *string  `name:"tlp" help:"red, amber+strict, amber, green or clear." placeholder:"LABEL"`
	Onward     *string  `help:"What the recipient may do towards others: none, ask or members." placeholder:"RULE"`
	Purpose    *string  `help:"One of the compact's purposes." placeholder:"TEXT"`
	LegalBasis *string  `help:"This party's basis for the release." placeholder:"TEXT"`
	Permitted  []string `help:"A use that needs no further contact; repeat for several; an empty one clears the default." sep:"none" placeholder:"TEXT"`
	Caveat     []string `help:"A caveat shown with the records; repeat for several; an empty one clears the default." sep:"none" placeholder:"TEXT"`
	Code       []string `help:"A handling code as scheme/code, such as europol/H1; repeat for several; an empty one clears the default." sep:"none" placeholder:"CODE"`
}

type (
	previewCmd struct{ orderFlags }
	releaseCmd struct{ orderFlags }
)

type orderQuery struct {
	Records        []string `json:"records"`
	All            bool     `json:"all"`
	WithReferences bool     `json:"with_references"`
	To             []string `json:"to"`
	Compact        string   `json:"compact"`
	NoSupersedes   bool     `json:"no_supersedes"`
	// Changes to the default handling; absent: as it is.
	TLP        *string  `json:"tlp,omitempty"`
	Onward     *string  `json:"onward,omitempty"`
	Purpose    *string  `json:"purpose,omitempty"`
	LegalBasis *string  `json:"legal_basis,omitempty"`
	Expires    *string  `json:"expires,omitempty"`
	Permitted  []string `json:"permitted,omitempty"`
	Caveats    []string `json:"caveats,omitempty"`
	Codes      []string `json:"codes,omitempty"`
}

type orderAnswer struct {
	Compact    entente.CompactID `json:"compact"`
	Name       string            `json:"compact_name"`
	Handling   entente.Handling  `json:"handling"`
	Records    []orderedRecord   `json:"records"`
	Recipients []recipientLine   `json:"recipients"`
	Asks       []string          `json:"asks"` // the commands that ask for the consents that are missing
	Allowed    bool              `json:"allowed"`
	Refusal    *fault            `json:"refusal,omitempty"`
	Tearlines  []tearlineLine    `json:"tearlines"` // those among the records
	Acts       []entente.ActID   `json:"acts"`      // the releases signed; none in a preview
	// Waits is there while another person has to approve.
	Waits *waitLine `json:"waits,omitempty"`
}

type orderedRecord struct {
	Record entente.RecordID `json:"record"`
	STIX   string           `json:"stix"`
	Name   string           `json:"name"`
	Size   int64            `json:"size"`
}

type recipientLine struct {
	partyRef
	Way      []string      `json:"way"` // the party's endpoints; none: it dials in
	Releases int           `json:"releases"`
	Allowed  bool          `json:"allowed"`
	Refusals []refusalLine `json:"refusals"`
	Missing  []missingLine `json:"missing"`
	Needs    []needLine    `json:"needs"` // consents that are not there
	// Supersedes are tearlines that the party has and learns the fuller record of.
	Supersedes []supersededLine `json:"supersedes"`
}

type refusalLine struct {
	Code   entente.Code `json:"code"`
	Reason string       `json:"reason"`
	Hint   string       `json:"hint"`
}

type missingLine struct {
	Record entente.RecordID `json:"record"`
	Name   string           `json:"name"`
	Ref    string           `json:"refers_to"`
}

// order finds what the query names.
func (o *office) order(ctx context.Context, q orderQuery) (node.Order, error) {
	var out node.Order
	s, err := findCompact(ctx, o.node, q.Compact)
	if err != nil {
		return out, err
	}
	if s.Charter == nil {
		return out, entente.Errorf(entente.Refused, "wait until its charter has arrived", "the terms of compact %s are not known here", entente.Short(s.ID))
	}
	out.NoSupersedes = q.NoSupersedes
	out.Compact, out.Handling = s.ID, q.handling(s.Charter.Handling.Default)
	for _, text := range q.To {
		p, err := findParty(ctx, o.node, text)
		if err != nil {
			return out, err
		}
		if !slices.Contains(out.To, p.ID) {
			out.To = append(out.To, p.ID)
		}
	}
	if out.Records, err = o.ordered(ctx, q); err == nil && len(out.Records) == 0 {
		err = entente.Errorf(entente.Invalid, "keep something first: entente put FILE", "this party has no records of its own")
	}
	return out, err
}

// handling is the default with the changes asked for.
func (q orderQuery) handling(h entente.Handling) entente.Handling {
	if q.TLP != nil {
		h.TLP = entente.TLP(strings.TrimPrefix(strings.ToLower(*q.TLP), "tlp:"))
	}
	if q.Onward != nil {
		h.Onward = entente.Onward(*q.Onward)
	}
	if q.Purpose != nil {
		h.Purpose = *q.Purpose
	}
	if q.LegalBasis != nil {
		h.LegalBasis = *q.LegalBasis
	}
	if q.Expires != nil {
		h.Expires = entente.Date(*q.Expires)
	}
	for _, set := range []struct {
		to    *[]string
		given []string
	}{{&h.Permitted, q.Permitted}, {&h.Caveats, q.Caveats}, {&h.Codes, q.Codes}} {
		if set.given != nil {
			list := slices.DeleteFunc(slices.Clone(set.given), func(s string) bool { return s == "" })
			slices.Sort(list)
			*set.to = slices.Compact(list)
		}
	}
	return h
}

// ordered finds the records, each once, in the order asked for.
func (o *office) ordered(ctx context.Context, q orderQuery) ([]entente.RecordID, error) {
	var out []entente.RecordID
	seen := map[entente.RecordID]bool{}
	add := func(v release.View) {
		if !seen[v.ID()] {
			seen[v.ID()] = true
			out = append(out, v.ID())
		}
	}
	own := true
	for query := (node.Query{Own: &own, Limit: 1000}); q.All; {
		page, err := o.node.Read(ctx, o.operator(), query)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Views {
			add(v)
		}
		query.After = page.Next
		q.All = page.More
	}
	views, err := o.records(ctx, q.Records)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		add(v)
	}
	if !q.WithReferences {
		return out, nil
	}
	return o.node.Closure(ctx, o.operator(), out)
}

func answerOf(p node.Preview, n names, state *compact.State, acts []entente.ActID, refusal error) orderAnswer {
	a := orderAnswer{
		Compact: p.Compact, Name: p.Name, Handling: p.Handling, Records: []orderedRecord{}, Recipients: []recipientLine{}, Asks: []string{},
		Allowed: p.Allowed(), Acts: append([]entente.ActID{}, acts...), Tearlines: []tearlineLine{},
	}
	for _, t := range p.Tearlines {
		a.Tearlines = append(a.Tearlines, tearlineLine{t.Record, t.Name, t.Fresh, append([]release.Warning{}, t.Warnings...)})
	}
	if refusal != nil {
		a.Refusal, a.Allowed = faultOf(refusal), false
	}
	for i, r := range p.Recipients {
		if i == 0 {
			for _, f := range r.Records {
				a.Records = append(a.Records, orderedRecord{f.ID, f.STIX, f.Name, f.Size})
			}
		}
		l := recipientLine{partyRef{r.Party, r.Name}, append([]string{}, r.Way...), r.Releases, r.Decision.Allowed(), []refusalLine{}, []missingLine{}, []needLine{}, []supersededLine{}}
		for _, f := range r.Records {
			if tear := r.Supersedes[f.ID]; tear != "" {
				l.Supersedes = append(l.Supersedes, supersededLine{f.ID, tear})
			}
		}
		for _, x := range r.Decision.Refusals {
			l.Refusals = append(l.Refusals, refusalLine{x.Code, x.Reason, x.Hint})
		}
		for _, m := range r.Decision.Missing {
			l.Missing = append(l.Missing, missingLine{m.Record, m.Name, m.Ref})
		}
		l.Needs = append(l.Needs, needsOf(r, n, state)...)
		a.Recipients = append(a.Recipients, l)
	}
	a.Asks = append(a.Asks, asksFor(a.Recipients, p.Compact)...)
	return a
}

var opPreview = define("preview", func(ctx context.Context, o *office, q orderQuery) (orderAnswer, error) {
	order, err := o.order(ctx, q)
	if err != nil {
		return orderAnswer{}, err
	}
	p, err := o.node.Preview(ctx, order)
	if err != nil {
		return orderAnswer{}, err
	}
	n, err := partyNames(ctx, o.node)
	if err != nil {
		return orderAnswer{}, err
	}
	state, err := o.node.Compact(ctx, order.Compact)
	return answerOf(p, n, state, nil, p.Err()), err
})

var opRelease = define("release", func(ctx context.Context, o *office, q orderQuery) (orderAnswer, error) {
	order, err := o.order(ctx, q)
	if err != nil {
		return orderAnswer{}, err
	}
	n, err := partyNames(ctx, o.node)
	if err != nil {
		return orderAnswer{}, err
	}
	state, err := o.node.Compact(ctx, order.Compact)
	if err != nil {
		return orderAnswer{}, err
	}
	done, err := o.propose(ctx, node.Proposed{Release: &order})
	if err != nil && (entente.KindOf(err) != entente.Refused || done.Preview == nil || len(done.Preview.Recipients) == 0) {
		return orderAnswer{}, err
	}
	if done.Preview == nil { // it waits
		p, err := o.node.Preview(ctx, order)
		if err != nil {
			return orderAnswer{}, err
		}
		done.Preview = &p
	}
	a := answerOf(*done.Preview, n, state, done.Acts, err)
	a.Waits = waitsOf(done)
	return a, nil
})

func (c *previewCmd) Run(s *session) error { return c.run(s, opPreview) }
func (c *releaseCmd) Run(s *session) error { return c.run(s, opRelease) }

func (c *orderFlags) run(s *session, op operation[orderQuery, orderAnswer]) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	a, err := ask(s, op, q)
	if err != nil {
		return err
	}
	if err := s.show(a, a.print); err != nil || a.Refusal == nil {
		return err
	}
	return a.Refusal.err()
}

func (c *orderFlags) query() (orderQuery, error) {
	q := orderQuery{All: c.All, WithReferences: c.WithReferences, NoSupersedes: c.NoSupersedes, To: c.To, Compact: c.Compact, Expires: c.Expires}
	c.set(&q)
	var err error
	if q.Records, err = namedRecords(c.Records); err != nil {
		return q, err
	}
	if len(q.Records) == 0 && !c.All {
		return q, usageErrorf("name at least one record, or --all")
	}
	return q, nil
}

// set says in a query what is to differ.
func (f *handlingFlags) set(q *orderQuery) {
	q.TLP, q.Onward, q.Purpose, q.LegalBasis = f.TLP, f.Onward, f.Purpose, f.LegalBasis
	q.Permitted, q.Caveats, q.Codes = f.Permitted, f.Caveat, f.Code
}

// given says whether any of the flags is there.
func (f *handlingFlags) given() bool {
	return f.TLP != nil || f.Onward != nil || f.Purpose != nil || f.LegalBasis != nil || f.Permitted != nil || f.Caveat != nil || f.Code != nil
}

// namedRecords puts the lines of files in the place of @FILE.
func namedRecords(args []string) ([]string, error) {
	out := []string{}
	for _, text := range args {
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			out = append(out, text)
			continue
		}
		list, err := readList(name)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// readList reads a file with one id a line.
func readList(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "name a file with one record id or STIX id a line", "%w", err)
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			out = append(out, text)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return out, nil
}

func (a orderAnswer) print(p *printer) {
	p.line("Compact      %s", named(a.Name, a.Compact))
	p.handling("", a.Handling)
	total := int64(0)
	for _, r := range a.Records {
		total += r.Size
	}
	p.line("Records      %d, %s", len(a.Records), size(total))
	for i, r := range a.Records {
		if i == 20 {
			p.line("  ... and %d more", len(a.Records)-i)
			break
		}
		p.line("  %s  %s  %s", entente.Short(r.Record), plain(r.STIX), plain(r.Name))
	}
	for _, t := range a.Tearlines {
		t.print(p)
	}
	for _, r := range a.Recipients {
		way := "by " + joined(r.Way)
		if len(r.Way) == 0 {
			way = "when it dials in"
		}
		if r.Allowed {
			p.line("To %s: all of them, %s, %s", r, counted(r.Releases, "release"), way)
			for _, x := range r.Supersedes {
				p.line("  it learns that %s takes the place of the tearline %s, which it has (--no-supersedes keeps that from it)", entente.Short(x.Record), entente.Short(x.Tearline))
			}
			continue
		}
		p.line("To %s: NOT ALLOWED", r)
		for _, x := range r.Refusals {
			p.line("  %s", plain(x.Reason))
		}
		for _, x := range r.Needs {
			p.line("  %s", x.text(r.partyRef))
		}
		for i, m := range r.Missing {
			if i == 20 {
				p.line("  ... and %d more references", len(r.Missing)-i)
				break
			}
			p.line("  missing: %s %s refers to %s, which it does not have", entente.Short(m.Record), plain(m.Name), plain(m.Ref))
		}
	}
	for _, command := range a.Asks {
		p.line("To ask for consent: %s", command)
	}
	for _, act := range a.Acts {
		p.line("Signed: release %s", act)
	}
	a.Waits.print(p)
}
