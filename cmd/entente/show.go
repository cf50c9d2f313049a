package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"entente"
)

type showCmd struct {
	Record string `arg:"" name:"record|stixid" help:"Record id, begin of it, or STIX id."`
	Raw    bool   `help:"Write the exact bytes of the one record, and nothing else."`
}

type showQuery struct {
	Record string `json:"record"`
}

type showAnswer struct {
	Records []recordBody `json:"records"`
}

type recordBody struct {
	recordLine
	Media   string             `json:"media"`
	Claimed entente.Time       `json:"claimed"` // when the originator says it made this version
	Sources []entente.RecordID `json:"sources"`
	// Supersedes are the shorter records whose place this one takes.
	Supersedes []entente.RecordID `json:"supersedes"`
	// Body is the exact bytes as text; Base64 those that are not UTF-8.
	Body   string `json:"body"`
	Base64 []byte `json:"body_base64,omitempty"`
}

var opShow = define("show", func(ctx context.Context, o *office, q showQuery) (showAnswer, error) {
	views, err := o.views(ctx, q.Record)
	if err != nil {
		return showAnswer{}, err
	}
	d, err := o.describer(ctx)
	if err != nil {
		return showAnswer{}, err
	}
	var a showAnswer
	for _, v := range views {
		h := v.Header()
		b := recordBody{recordLine: d.line(v), Media: h.Media, Claimed: h.Time, Sources: append([]entente.RecordID{}, h.Sources...), Supersedes: []entente.RecordID{}}
		for _, g := range v.Grants() {
			if g.Supersedes != "" && !slices.Contains(b.Supersedes, g.Supersedes) {
				b.Supersedes = append(b.Supersedes, g.Supersedes)
			}
		}
		if body := v.Body(); utf8.Valid(body) {
			b.Body = string(body)
		} else {
			b.Base64 = body
		}
		a.Records = append(a.Records, b)
	}
	return a, nil
})

func (c *showCmd) Run(s *session) error {
	if c.Raw && s.json {
		return usageErrorf("--raw and --json: choose one")
	}
	a, err := ask(s, opShow, showQuery{c.Record})
	if err != nil {
		return err
	}
	if c.Raw {
		r, err := one("record", c.Record, "", a.Records, func(r recordBody) string {
			return fmt.Sprintf("%s (%s, modified %s, of %s)", entente.Short(r.Record), plain(r.STIX), plain(r.Modified), named(r.Originator.Name, r.Originator.Party))
		})
		if err != nil {
			return err
		}
		_, err = s.stdout.Write(append([]byte(r.Body), r.Base64...))
		return err
	}
	return s.show(a, func(p *printer) {
		for i, r := range a.Records {
			if i > 0 {
				p.line("")
			}
			r.print(p)
		}
	})
}

func (r recordBody) print(p *printer) {
	p.line("Record       %s", r.Record)
	p.line("Object       %s", plain(r.STIX))
	if r.Name != "" {
		p.line("Name         %s", plain(r.Name))
	}
	if r.Modified != "" {
		p.line("Modified     %s", plain(r.Modified))
	}
	whose := r.Originator.String()
	if r.Own {
		whose += ", this party"
	}
	p.line("Originator   %s", whose)
	p.line("Made         %s (as the originator says); here since %s", stamp(r.Claimed), stamp(r.Arrived))
	p.line("Size         %s, %s", size(r.Size), plain(r.Media))
	for _, g := range r.Releases {
		p.line("Released in  %s by act %s", named(g.CompactName, g.Compact), entente.Short(g.Release))
		p.handling("  ", g.Handling)
	}
	for _, id := range r.Supersedes {
		p.line("Replaces     the shorter record %s", entente.Short(id))
	}
	p.line("")
	if r.Base64 != nil {
		p.line("(%s that are not text: entente show --raw %s)", size(int64(len(r.Base64))), entente.Short(r.Record))
		return
	}
	const most = 64 << 10
	body := strings.TrimRight(r.Body, "\n")
	if len(body) > most {
		p.line("%s", plainLines(strings.ToValidUTF8(body[:most], "")))
		p.line("(cut after %s; all of it: entente show --raw %s)", size(most), entente.Short(r.Record))
		return
	}
	p.line("%s", plainLines(body))
}
