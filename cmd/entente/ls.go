package main

import (
	"context"
	"time"

	"entente"
	"entente/node"
	"entente/release"
)

type lsCmd struct {
	Own     bool   `help:"Only this party's own records." xor:"whose"`
	Others  bool   `help:"Only records that others released to this party." xor:"whose"`
	Compact string `help:"Only what was released to this party in this compact." placeholder:"COMPACT"`
	Type    string `help:"Only objects of this STIX type." placeholder:"TYPE"`
	Newest  bool   `help:"What came last first."`
	From    string `help:"Only records of this party." placeholder:"PARTY"`
	After   string `help:"Continue behind a page, by the place it ended at; needs --own, --others or --compact." placeholder:"PLACE"`
	Limit   int    `help:"At most so many of each list, up to 1000 (default: 100)." default:"100" placeholder:"N"`
}

type lsQuery struct {
	Own     bool   `json:"own"`
	Others  bool   `json:"others"`
	Compact string `json:"compact"`
	Type    string `json:"type"`
	Newest  bool   `json:"newest"`
	From    string `json:"from"`
	After   string `json:"after"`
	Limit   int    `json:"limit"`
}

type lsAnswer struct {
	Records []recordLine `json:"records"`
	More    bool         `json:"more"` // a further page follows
	// Own and Others are the places at which the two lists ended, for --after.
	Own    string `json:"own_end,omitempty"`
	Others string `json:"others_end,omitempty"`
}

// recordLine is what lists say of a record.
type recordLine struct {
	Record     entente.RecordID `json:"record"`
	STIX       string           `json:"stix"`
	Type       string           `json:"type"`
	Modified   string           `json:"modified"`
	Name       string           `json:"name"`
	Size       int64            `json:"size"`
	Arrived    entente.Time     `json:"arrived"`
	Own        bool             `json:"own"`
	Originator partyRef         `json:"originator"`
	Releases   []grantLine      `json:"releases"` // that let this party see it; none for its own
}

type grantLine struct {
	Release     entente.ActID     `json:"release"`
	Compact     entente.CompactID `json:"compact"`
	CompactName string            `json:"compact_name"`
	Handling    entente.Handling  `json:"handling"`
}

// describer gives views the names of parties and compacts.
type describer struct {
	self     entente.PartyID
	parties  names
	compacts map[entente.CompactID]string
}

func (o *office) describer(ctx context.Context) (describer, error) {
	parties, err := partyNames(ctx, o.node)
	if err != nil {
		return describer{}, err
	}
	compacts, err := compactNames(ctx, o.node)
	return describer{o.node.Self(), parties, compacts}, err
}

func (d describer) line(v release.View) recordLine {
	obj, from := v.Object(), v.Header().Originator
	l := recordLine{
		Record: v.ID(), STIX: obj.STIX, Type: obj.Type, Modified: obj.Version, Name: obj.Name, Size: obj.Size, Arrived: obj.Arrived,
		Own: from == d.self, Originator: partyRef{from, d.parties[from]}, Releases: []grantLine{},
	}
	for _, g := range v.Grants() {
		l.Releases = append(l.Releases, grantLine{g.Release, g.Compact, d.compacts[g.Compact], g.Handling})
	}
	return l
}

func modified(v release.View) time.Time {
	t, err := time.Parse(time.RFC3339Nano, v.Object().Version)
	if err != nil {
		return time.Time{} // objects without a modified time have one version
	}
	return t
}

var opLs = define("ls", func(ctx context.Context, o *office, q lsQuery) (lsAnswer, error) {
	a := lsAnswer{Records: []recordLine{}}
	query := node.Query{Type: q.Type, Newest: q.Newest, After: q.After, Limit: q.Limit}
	if q.Compact != "" {
		s, err := findCompact(ctx, o.node, q.Compact)
		if err != nil {
			return a, err
		}
		query.Compact = s.ID
	}
	if q.From != "" {
		p, err := findParty(ctx, o.node, q.From)
		if err != nil {
			return a, err
		}
		query.Originator = p.ID
	}
	d, err := o.describer(ctx)
	if err != nil {
		return a, err
	}
	for _, own := range []bool{true, false} {
		if own && (q.Others || q.Compact != "") || !own && q.Own {
			continue
		}
		query.Own = &own
		page, err := o.node.Read(ctx, o.operator(), query)
		if err != nil {
			return a, err
		}
		for _, v := range page.Views {
			a.Records = append(a.Records, d.line(v))
		}
		a.More = a.More || page.More
		if own {
			a.Own = page.Next
		} else {
			a.Others = page.Next
		}
	}
	return a, nil
})

func (c *lsCmd) Run(s *session) error {
	switch {
	case c.Own && c.Compact != "":
		return usageErrorf("--compact lists what others released: leave out --own")
	case c.After != "" && !c.Own && !c.Others && c.Compact == "":
		return usageErrorf("--after needs --own, --others or --compact: the lists count apart")
	case c.Limit < 1 || c.Limit > 1000:
		return usageErrorf("--limit=%d: expected 1 to 1000", c.Limit)
	}
	a, err := ask(s, opLs, lsQuery{c.Own, c.Others, c.Compact, c.Type, c.Newest, c.From, c.After, c.Limit})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"RECORD", "FROM", "HANDLING", "TYPE", "NAME"}}
		for _, l := range a.Records {
			from, handling := "own", ""
			if !l.Own {
				from = plain(l.Originator.Name)
			}
			if n := len(l.Releases); n > 0 {
				handling = label(l.Releases[n-1].Handling)
			}
			name := plain(l.Name)
			if name == "" {
				name = plain(l.STIX)
			}
			rows = append(rows, []string{entente.Short(l.Record), from, handling, plain(l.Type), name})
		}
		p.table(rows)
		switch {
		case a.More && a.Own != "" && a.Others != "":
			p.line("There are more: ask for each list by itself, with --own and --others")
		case a.More && a.Own != "":
			p.line("There are more: entente ls --own --after %s", a.Own)
		case a.More:
			p.line("There are more: the same with --after %s", a.Others)
		}
	})
}
