package main

import (
	"context"
	"strings"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

type tearlineCmd struct {
	Record      string   `arg:"" name:"record" help:"An own record: id, begin of it, or STIX id (its newest version)."`
	Drop        []string `help:"Take away the member or list item at this JSON Pointer; repeat for several, as with all of these." sep:"none" placeholder:"PATH"`
	Replace     []string `help:"Put this text, or JSON of the same kind, in place of what is there." sep:"none" placeholder:"PATH=TEXT"`
	Day         []string `help:"Cut the time there to its day." sep:"none" placeholder:"PATH"`
	Place       []string `help:"Make the place there as vague as a region; an empty PATH is the object itself." sep:"none" placeholder:"PATH=REGION"`
	Round       []string `help:"Round the coordinates of the place there, to 0 to 5 decimals." sep:"none" placeholder:"PATH=DECIMALS"`
	DropRef     []string `help:"Take away all references to this STIX id." sep:"none" placeholder:"ID"`
	OnlyRef     []string `help:"Take away all references but those to these STIX ids." sep:"none" placeholder:"ID"`
	Mark        []string `help:"Add this marking definition." sep:"none" placeholder:"ID"`
	Keep        []string `help:"Keep /created_by_ref or /external_references, which a tearline does not have otherwise." sep:"none" placeholder:"PATH"`
	FreshOrigin bool     `help:"Give it an origin tag of its own, so that it and the fuller record count as two observations."`
}

type tearlineQuery struct {
	Record      string        `json:"record"`
	Changes     []stix.Change `json:"changes"`
	FreshOrigin bool          `json:"fresh_origin"`
}

type tearlineAnswer struct {
	Record      entente.RecordID  `json:"record"`
	STIX        stix.ID           `json:"stix"`
	Full        entente.RecordID  `json:"full"` // what it was made from; this store alone knows
	FreshOrigin bool              `json:"fresh_origin"`
	Body        string            `json:"body"`
	Warnings    []release.Warning `json:"warnings"`
}

// tearlineLine is what a preview says of a tearline.
type tearlineLine struct {
	Record      entente.RecordID  `json:"record"`
	Name        string            `json:"name"`
	FreshOrigin bool              `json:"fresh_origin"`
	Warnings    []release.Warning `json:"warnings"`
}

// supersededLine is a tearline whose holder learns of the fuller record.
type supersededLine struct {
	Record   entente.RecordID `json:"record"`
	Tearline entente.RecordID `json:"tearline"`
}

var opTearline = define("tearline", func(ctx context.Context, o *office, q tearlineQuery) (tearlineAnswer, error) {
	v, err := o.record(ctx, q.Record)
	if err != nil {
		return tearlineAnswer{}, err
	}
	t, err := o.node.Tearline(ctx, node.TearlineOrder{Record: v.ID(), Changes: q.Changes, FreshOrigin: q.FreshOrigin, Operator: o.as})
	return tearlineAnswer{t.Record, t.STIX, v.ID(), q.FreshOrigin, string(t.Object.Raw), append([]release.Warning{}, t.Warnings...)}, err
})

// changes are the flags in the words of package stix.
func (c *tearlineCmd) changes() ([]stix.Change, error) {
	var out []stix.Change
	for _, f := range []struct {
		flag   string
		op     stix.Op
		values []string
	}{
		{"drop", stix.OpDrop, c.Drop},
		{"day", stix.OpDay, c.Day},
		{"keep", stix.OpKeep, c.Keep},
		{"replace", stix.OpReplace, c.Replace},
		{"place", stix.OpRegion, c.Place},
		{"round", stix.OpRound, c.Round},
	} {
		for _, text := range f.values {
			path, value, cut := strings.Cut(text, "=")
			switch pair := f.op == stix.OpReplace || f.op == stix.OpRegion || f.op == stix.OpRound; {
			case pair && !cut:
				return nil, usageErrorf("--%s=%s: expected PATH=VALUE, such as --%s=/content=TEXT", f.flag, text, f.flag)
			case !pair:
				path, value = text, ""
			}
			out = append(out, stix.Change{Path: path, Op: f.op, Value: value})
		}
	}
	for _, id := range c.DropRef {
		out = append(out, stix.Change{Op: stix.OpUnlink, Value: id})
	}
	if len(c.OnlyRef) > 0 {
		out = append(out, stix.Change{Op: stix.OpOnlyLinks, Value: strings.Join(c.OnlyRef, " ")})
	}
	if len(c.Mark) > 0 {
		out = append(out, stix.Change{Op: stix.OpMark, Value: strings.Join(c.Mark, " ")})
	}
	if len(out) == 0 {
		return nil, usageErrorf("say what is to be cut: --drop, --replace, --day, --place, --round or --drop-ref")
	}
	return out, nil
}

func (c *tearlineCmd) Run(s *session) error {
	changes, err := c.changes()
	if err != nil {
		return err
	}
	a, err := ask(s, opTearline, tearlineQuery{c.Record, changes, c.FreshOrigin})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Record       %s", a.Record)
		p.line("Object       %s", a.STIX)
		p.line("Made from    %s; only this party's store says so", entente.Short(a.Full))
		p.line("")
		p.line("%s", plainLines(a.Body))
		p.line("")
		tearlineLine{a.Record, "", a.FreshOrigin, a.Warnings}.print(p)
		p.line("Nothing is released yet. What it would be: entente preview %s --to PARTY --compact COMPACT", entente.Short(a.Record))
	})
}

// print tells what a tearline may still give away, and how it counts.
func (t tearlineLine) print(p *printer) {
	p.line("Tearline     %s: %s", entente.Short(t.Record), originWords[t.FreshOrigin])
	for i, w := range t.Warnings {
		if i == 40 {
			p.line("  ... and %d more warnings", len(t.Warnings)-i)
			break
		}
		where := plain(w.Where)
		if where == "" {
			where = "the whole"
		}
		p.line("  LOOK: %s at %s: %s", w.What, where, plain(w.Detail))
	}
	if len(t.Warnings) == 0 {
		p.line("  the check found nothing that was cut; it does not understand texts, so read it once more")
	}
}

// originWords say what the origin tag of a tearline means, by whether it is fresh.
var originWords = map[bool]string{
	false: "it shares its origin tag with the fuller record, so that both count as one observation; parties who compare the tags can tell",
	true:  "it has an origin tag of its own: nobody can tell by the tags, and who has both counts two observations",
}
