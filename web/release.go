package web

import (
	"cmp"
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
	Tearlines  []option // of the record, if it is one: what a party may get in its place
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
	Caveats    string            // one a line
	References bool              // with all own records that these refer to
	As         map[string]string // by party: the tearline that it gets in place of the record
}

// previewWords says what a release would do, before anything is signed.
type previewWords struct {
	Allowed, Tearlined, Refused int // parties
	Records                     int
	Recipients                  []recipientWords
	Warnings                    []string // what tearlines among the records may still give away
	Added                       []option // records that came in by reference
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
	if len(records) == 1 {
		tearlines, err := v.node.Tearlines(ctx, v.reader(), records[0])
		if err != nil && entente.KindOf(err) != entente.Hidden { // another party's record has none here
			return err
		}
		for _, view := range tearlines {
			page.Tearlines = append(page.Tearlines, option{string(view.ID()), rowOf(view, names).Name})
		}
	}
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
	orders := ordersFor(order, page.Form, page.Tearlines)
	w, good, err := v.preview(orders, page, names)
	if err != nil {
		return err
	}
	if f.Get("sign") != "" && good {
		var all []node.Proposed
		for i := range orders {
			all = append(all, node.Proposed{Release: &orders[i]})
		}
		return v.toSign(all[0], "/record/"+string(records[0]), all[1:]...)
	}
	page.Preview = w
	return v.show("release", page)
}

// ordersFor parts an order by what each party gets: the records as they are, or a
// tearline in place of the one.
func ordersFor(order node.Order, form releaseForm, tearlines []option) []node.Order {
	full := order
	var out []node.Order
	for _, t := range tearlines {
		cut := order
		cut.Records, cut.To = []entente.RecordID{entente.RecordID(t.Value)}, nil
		for _, to := range form.To {
			if form.As[to] == t.Value {
				cut.To = append(cut.To, entente.PartyID(to))
			}
		}
		if len(cut.To) > 0 {
			out = append(out, cut)
		}
	}
	for _, to := range form.To {
		if !slices.ContainsFunc(out, func(o node.Order) bool { return slices.Contains(o.To, entente.PartyID(to)) }) {
			full.To = append(full.To, entente.PartyID(to))
		}
	}
	if len(full.To) > 0 || len(out) == 0 {
		out = slices.Insert(out, 0, full)
	}
	return out
}

// preview says what orders would do, and whether all of it may be signed. Where the
// form asks for it, it takes in what their records refer to.
func (v *visit) preview(orders []node.Order, page releasePage, names map[entente.PartyID]string) (*previewWords, bool, error) {
	ctx := v.r.Context()
	w, good := &previewWords{}, true
	for i := range orders {
		order := &orders[i]
		asked, tearline := len(order.Records), ""
		if k := slices.IndexFunc(page.Tearlines, func(o option) bool { return o.Value == string(order.Records[0]) }); k >= 0 && asked == 1 {
			tearline = page.Tearlines[k].Name
		}
		if page.Form.References {
			var err error
			if order.Records, err = v.node.Closure(ctx, v.reader(), order.Records); err != nil {
				return nil, false, err
			}
		}
		preview, err := v.node.Preview(ctx, *order)
		if err != nil {
			return nil, false, err
		}
		good = good && preview.Allowed()
		w.Records = max(w.Records, len(order.Records))
		for _, r := range recipientsOf(preview, names) {
			r.Tearline = tearline
			switch {
			case !r.Allowed:
				w.Refused++
			case tearline != "":
				w.Tearlined++
			default:
				w.Allowed++
			}
			w.Recipients = append(w.Recipients, r)
		}
		for _, t := range preview.Tearlines {
			for _, warning := range t.Warnings {
				w.Warnings = append(w.Warnings, t.Name+": "+warning.Detail)
			}
		}
		added, err := v.readable(order.Records[asked:])
		if err != nil {
			return nil, false, err
		}
		for _, id := range order.Records[asked:] {
			if o, ok := added[id]; ok && !slices.ContainsFunc(w.Added, func(x option) bool { return x.Value == string(id) }) {
				w.Added = append(w.Added, option{string(id), cmp.Or(o.Name, o.STIX)})
			}
		}
	}
	return w, good, nil
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
		form.As = map[string]string{}
		for _, to := range form.To {
			form.As[to] = f.Get("as." + to)
		}
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
