package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"entente"
)

type conflictsCmd struct{}

type conflictsAnswer struct {
	Conflicts []conflictLine `json:"conflicts"`
}

type conflictLine struct {
	STIX     string             `json:"stix"`
	Modified string             `json:"modified"`
	Records  []entente.RecordID `json:"records"`
}

var opConflicts = define("conflicts", func(ctx context.Context, o *office, _ nothing) (conflictsAnswer, error) {
	a := conflictsAnswer{Conflicts: []conflictLine{}}
	all, err := o.node.Conflicts(ctx)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		id, modified, _ := strings.Cut(key, " ")
		a.Conflicts = append(a.Conflicts, conflictLine{id, modified, all[key]})
	}
	return a, err
})

func (c *conflictsCmd) Run(s *session) error {
	a, err := ask(s, opConflicts, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		for _, x := range a.Conflicts {
			p.line("%s, modified %s:", plain(x.STIX), plain(x.Modified))
			for _, r := range x.Records {
				p.line("  %s", r)
			}
		}
		p.line("%s", counted(len(a.Conflicts), "version conflict"))
	})
}
