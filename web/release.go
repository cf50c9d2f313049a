package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"entente"
	"entente/node"
)

// releasePage is the form of a release, and below it what the release would do.
type releasePage struct {
	Records    []option
	Form       releaseForm
	Agreements []option
	Parties    []option // members of the chosen agreement but this party
	TLPs       []entente.TLP
	Onwards    []entente.Onward
	Purposes   []string
	Preview    *previewWords
	Nothing    bool // no record is chosen
}

// releaseForm is what was filled in.
type releaseForm struct {
	Compact    string
	To         []string
	TLP        entente.TLP
	Onward     entente.Onward
	Purpose    string
	Expires    entente.Date
	Caveats    string // one a line
	References bool   // with all own records that these refer to
}

// previewWords says what a release would do, before anything is signed.
type previewWords struct {
	Allowed, Refused int // parties
	Records          int
	Recipients       []recipientWords
	Warnings         []string // what tearlines among the records may still give away
	Added            []option // records that came in by reference
}

func (d *Door) releaseRoutes() {
	d.page("GET /release", (*visit).release, node.RoleReleaser)
	d.page("POST /release", (*visit).release, node.RoleReleaser)
}

// release shows the form, previews what was filled in, or goes on to the signature.
func (v *visit) release() error {
	ctx := v.r.Context()
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	f := v.r.Form
	names, err := v.names()
	if err != nil {
		return err
	}
	page := releasePage{TLPs: entente.TLPs, Onwards: entente.Onwards}
	var records []entente.RecordID
	if ids := f["record"]; len(ids) > 0 {
		found, err := v.node.Read(ctx, v.reader(), node.Query{Records: ids})
		if err != nil {
			return err
		}
		for _, view := range found.Views {
			if string(view.ID()) != "" && slices.Contains(ids, string(view.ID())) {
				records = append(records, view.ID())
				page.Records = append(page.Records, option{string(view.ID()), rowOf(view, names).Name})
			}
		}
	}
	page.Nothing = len(records) == 0
	if err := v.fillIn(&page, f, names); err != nil {
		return err
	}
	if v.r.Method != http.MethodPost || page.Nothing {
		return v.show("release", page)
	}
	order := node.Order{Compact: entente.CompactID(page.Form.Compact), Records: records, Handling: entente.Handling{
		TLP: page.Form.TLP, Onward: page.Form.Onward, Purpose: page.Form.Purpose, Expires: page.Form.Expires,
	}}
	for line := range strings.Lines(page.Form.Caveats) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(order.Handling.Caveats, line) {
			order.Handling.Caveats = append(order.Handling.Caveats, line)
		}
	}
	slices.Sort(order.Handling.Caveats)
	for _, to := range page.Form.To {
		order.To = append(order.To, entente.PartyID(to))
	}
	if page.Form.References {
		if order.Records, err = v.node.Closure(ctx, v.reader(), records); err != nil {
			return err
		}
	}
	preview, err := v.node.Preview(ctx, order)
	if err != nil {
		return err
	}
	if f.Get("sign") != "" && preview.Allowed() {
		return v.toSign(node.Proposed{Release: &order}, "/record/"+string(records[0]))
	}
	w := previewWords{Records: len(order.Records), Recipients: recipientsOf(preview, names)}
	for _, r := range w.Recipients {
		if r.Allowed {
			w.Allowed++
		} else {
			w.Refused++
		}
	}
	for _, t := range preview.Tearlines {
		for _, warning := range t.Warnings {
			w.Warnings = append(w.Warnings, t.Name+": "+warning.Detail)
		}
	}
	if added := order.Records[len(records):]; len(added) > 0 {
		list := make([]string, len(added))
		for i, id := range added {
			list[i] = string(id)
		}
		for part := range slices.Chunk(list, 1000) {
			found, err := v.node.Read(ctx, v.reader(), node.Query{Records: part})
			if err != nil {
				return err
			}
			for _, view := range found.Views {
				w.Added = append(w.Added, option{string(view.ID()), rowOf(view, names).Name})
			}
		}
	}
	page.Preview = &w
	return v.show("release", page)
}

// fillIn offers the agreements in force, and fills the form with what was chosen
// or with what the charter says.
func (v *visit) fillIn(page *releasePage, f url.Values, names map[entente.PartyID]string) error {
	states, err := v.node.Compacts(v.r.Context())
	if err != nil {
		return err
	}
	form := &page.Form
	form.Compact = f.Get("compact")
	for _, s := range states {
		if s.Charter == nil || !s.InForce {
			continue
		}
		page.Agreements = append(page.Agreements, option{string(s.ID), s.Charter.Name})
		if form.Compact == "" {
			form.Compact = string(s.ID)
		}
		if form.Compact != string(s.ID) {
			continue
		}
		page.Purposes = s.Charter.Purposes
		for id := range s.Members {
			if id != v.node.Self() {
				page.Parties = append(page.Parties, option{string(id), names[id]})
			}
		}
		h := s.Charter.Handling.Default
		*form = releaseForm{Compact: form.Compact, TLP: h.TLP, Onward: h.Onward, Purpose: h.Purpose, Caveats: strings.Join(h.Caveats, "\n"), References: true}
	}
	slices.SortFunc(page.Parties, func(a, b option) int { return compareText(a.Name, b.Name) })
	if f.Get("filled") != "" { // the form came back
		form.To, form.TLP, form.Onward = f["to"], entente.TLP(f.Get("tlp")), entente.Onward(f.Get("onward"))
		form.Purpose, form.Expires, form.Caveats, form.References = f.Get("purpose"), entente.Date(f.Get("expires")), f.Get("caveats"), f.Get("references") != ""
	}
	return nil
}

func recipientsOf(p node.Preview, names map[entente.PartyID]string) []recipientWords {
	var out []recipientWords
	for _, r := range p.Recipients {
		w := recipientWords{Party: r.Party, Name: r.Name, Allowed: r.Decision.Allowed(), Way: r.Way, Replaces: len(r.Supersedes) > 0}
		for _, x := range r.Decision.Refusals {
			if !slices.Contains(w.Reasons, x.Reason) {
				w.Reasons = append(w.Reasons, x.Reason)
			}
		}
		for _, m := range r.Decision.Missing {
			if !slices.Contains(w.Missing, m.Ref) {
				w.Missing = append(w.Missing, m.Ref)
			}
		}
		for _, n := range r.Decision.Needs {
			w.Needs = append(w.Needs, need{n.Record, names[n.Originator]})
		}
		out = append(out, w)
	}
	return out
}
