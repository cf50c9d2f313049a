package main

import (
	"context"
	"fmt"
	"slices"

	"entente"
)

type deriveCmd struct {
	Records []string `arg:"" name:"record" help:"Own record: id, begin of it, STIX id (its newest version), or @FILE with one of these a line."`
	From    []string `required:"" help:"A record that they rest on; repeat for several." sep:"none" placeholder:"RECORD"`
}

type deriveQuery struct {
	Records []string `json:"records"`
	From    []string `json:"from"`
}

type deriveAnswer struct {
	Records []entente.RecordID `json:"records"`
	Sources []entente.RecordID `json:"sources"`
}

var opDerive = define("derive", func(ctx context.Context, o *office, q deriveQuery) (deriveAnswer, error) {
	a := deriveAnswer{Records: []entente.RecordID{}, Sources: []entente.RecordID{}}
	if err := o.writing(ctx); err != nil {
		return a, err
	}
	for _, list := range []struct {
		texts []string
		ids   *[]entente.RecordID
	}{{q.Records, &a.Records}, {q.From, &a.Sources}} {
		for _, text := range list.texts {
			v, err := o.record(ctx, text)
			if err != nil {
				return a, err
			}
			if !slices.Contains(*list.ids, v.ID()) {
				*list.ids = append(*list.ids, v.ID())
			}
		}
	}
	return a, o.node.Derive(ctx, a.Records, a.Sources)
})

func (c *deriveCmd) Run(s *session) error {
	records, err := namedRecords(c.Records)
	if err != nil {
		return err
	}
	a, err := ask(s, opDerive, deriveQuery{records, c.From})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Noted, for this party alone: %s on %s.", rest(len(a.Records)), counted(len(a.Sources), "record"))
		p.line("Those of others that they rest on need their originators' consent before a release: entente preview lists them.")
	})
}

func rest(n int) string {
	if n == 1 {
		return "1 record rests"
	}
	return fmt.Sprintf("%d records rest", n)
}

type flagsCmd struct{}

type flagsAnswer struct {
	Flags []flagLine `json:"flags"`
}

type flagLine struct {
	Record  entente.RecordID `json:"record"`
	Name    string           `json:"name"`
	Source  entente.RecordID `json:"source"`
	Gone    string           `json:"gone"`    // a recall's id, or what else took the source away
	Holders []partyRef       `json:"holders"` // who has the own record
	Recall  string           `json:"recall"`  // the command that recalls it; empty: nobody has it
}

// flags describes own work that rests on what is gone.
func (o *office) flags(ctx context.Context) ([]flagLine, error) {
	d, err := o.describer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := o.node.Flags(ctx)
	if err != nil {
		return nil, err
	}
	out := []flagLine{}
	for _, f := range all {
		holders := slices.Compact(slices.Sorted(slices.Values(f.Holders)))
		l := flagLine{Record: f.Record, Source: f.Source, Gone: f.Gone, Holders: d.all(holders)}
		if l.Name, err = o.recordName(ctx, f.Record); err != nil {
			return nil, err
		}
		if len(holders) > 0 {
			l.Recall = fmt.Sprintf("entente recall %s --scope delete --reason 'it rests on what is gone'", entente.Short(f.Record))
		}
		out = append(out, l)
	}
	return out, nil
}

var opFlags = define("flags", func(ctx context.Context, o *office, _ nothing) (flagsAnswer, error) {
	all, err := o.flags(ctx)
	return flagsAnswer{all}, err
})

func (c *flagsCmd) Run(s *session) error {
	a, err := ask(s, opFlags, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		for _, f := range a.Flags {
			p.line("%s %s rests on %s, which is gone (%s)", entente.Short(f.Record), plain(f.Name), entente.Short(f.Source), goneBy(f.Gone))
			if f.Recall == "" {
				p.line("  nobody has it from this party")
				continue
			}
			p.line("  has it: %s", listed(f.Holders))
			p.line("  %s", f.Recall)
		}
		if len(a.Flags) == 0 {
			p.line("No work of this party rests on anything that is gone.")
		}
	})
}

// goneBy says what took a source away.
func goneBy(gone string) string {
	if len(gone) == len("sha256:")+64 {
		return "recall " + entente.Short(entente.ActID(gone))
	}
	return plain(gone)
}
