package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
	"entente/node"
)

// spaceCharters holds drafts of charters and of amendments; a month each.
const (
	spaceCharters = "web.charter"
	charterTime   = 30 * 24 * time.Hour
)

// charterDraft is a complete charter that nobody has signed yet.
type charterDraft struct {
	By      string               `json:"by"`
	Charter entente.Charter      `json:"charter"`
	Compact entente.CompactID    `json:"compact,omitempty"` // that it amends
	Base    entente.ActID        `json:"base,omitempty"`    // the terms it was drafted from
	Settles []entente.Settlement `json:"settles,omitempty"`
}

// charterPage is the form of a charter.
type charterPage struct {
	Amends  entente.CompactID // empty: a new agreement
	Name    string            // of the agreement that is amended
	Number  int               // of the amendment
	Draft   string
	Groups  []formGroup
	Seats   []formSeat
	Forks   []forkRow
	Bound   bool   // this party has signed an amendment of these terms: it can sign no other
	Problem string // in English, as the check says it
	Nothing bool   // the form changes nothing
	Roster  string // what is wrong with the roster; a key of the texts
}

// draftPage is a draft in words, as it would be signed.
type draftPage struct {
	ID      string
	By      string
	Name    string
	Amends  entente.CompactID
	Number  int
	Old     bool // the terms have changed since it was drafted
	Charter []termGroup
	Changes []termChange
	Settles []forkRow
}

func (v *visit) drafts() ([]draftRow, error) {
	notes, err := v.node.AllKept(v.r.Context(), spaceCharters)
	var out []draftRow
	for _, n := range notes {
		var d charterDraft
		if err := json.Unmarshal(n.Value, &d); err != nil {
			return nil, fmt.Errorf("draft %s: %w", n.Key, err)
		}
		r := draftRow{ID: n.Key, Name: compact.Clean(d.Charter.Name), Until: n.Until}
		if d.Compact != "" {
			s, err := v.node.Compact(v.r.Context(), d.Compact)
			if err != nil {
				return nil, err
			}
			r.Amends = compact.Clean(s.Charter.Name)
		}
		out = append(out, r)
	}
	return out, err
}

func (v *visit) charterDraft(id string) (charterDraft, error) {
	var d charterDraft
	n, err := v.node.Kept(v.r.Context(), spaceCharters, id)
	if err == nil {
		err = json.Unmarshal(n.Value, &d)
	}
	return d, err
}

// newAgreement shows the form, with sensible terms or those of a draft.
func (v *visit) newAgreement() error {
	d := charterDraft{Charter: compact.Draft(v.clock().UTC().Truncate(time.Hour), 365)}
	partners, _, err := v.partners()
	if err != nil {
		return err
	}
	for _, p := range partners {
		if p.Trusted || p.ID == v.node.Self() {
			d.Charter.Members = append(d.Charter.Members, entente.Seat{Party: p.ID, Name: p.Name, Seats: 1})
		}
	}
	d.Charter.Arrange()
	key := v.r.FormValue("draft")
	if key != "" {
		if d, err = v.charterDraft(key); err != nil || d.Compact != "" {
			return errors.Join(err, entente.ErrHidden)
		}
	}
	return v.showCharter(http.StatusOK, nil, key, d, nil, charterPage{})
}

// newAmendment shows the form with the terms in force.
func (v *visit) newAmendment() error {
	a, err := v.amendable()
	if err != nil {
		return err
	}
	d, key := charterDraft{Charter: *a.Charter}, v.r.FormValue("draft")
	if key != "" {
		if d, err = v.charterDraft(key); err != nil || d.Compact != a.ID {
			return errors.Join(err, entente.ErrHidden)
		}
	}
	return v.showCharter(http.StatusOK, a, key, d, nil, charterPage{})
}

func (v *visit) amendable() (*agreed, error) {
	a, err := v.agreed()
	if err == nil && !a.InForce {
		err = entente.Errorf(entente.Refused, "wait for the accessions, or found another agreement", "the agreement is not in force yet")
	}
	return a, err
}

// showCharter shows the form as it was filled in, with what is wrong.
func (v *visit) showCharter(status int, a *agreed, key string, d charterDraft, wrong map[string]string, page charterPage) error {
	partners, names, err := v.partners()
	if err != nil {
		return err
	}
	if a == nil {
		a = &agreed{self: v.node.Self(), names: names, State: &compact.State{}}
	} else {
		page.Amends, page.Name, page.Number = a.ID, compact.Clean(a.Charter.Name), int(a.Number)+1
		_, page.Bound = a.Signed(a.self)
		for _, f := range a.Forks {
			if f.Kept != "" {
				continue
			}
			for _, s := range d.Settles {
				if s.Author == f.Author && s.Seq == f.Seq {
					f.Kept = s.Keep
				}
			}
			page.Forks = append(page.Forks, a.fork(v.language, f))
		}
	}
	page.Draft, page.Roster = key, wrong["members"]
	page.Groups, page.Seats = charterForm(v.language, &d.Charter, partners, a.name, wrong), seatsFor(&d.Charter, partners, a.self)
	return v.showStatus(status, "charter", page)
}

func (v *visit) draftAgreement() error {
	return v.keepCharter(nil, compact.Draft(v.clock().UTC().Truncate(time.Hour), 365))
}

func (v *visit) draftAmendment() error {
	a, err := v.amendable()
	if err != nil {
		return err
	}
	return v.keepCharter(a, *a.Charter)
}

// keepCharter keeps what the form says as a draft, if it can be signed, and goes
// on to its text; else it shows the form again.
func (v *visit) keepCharter(a *agreed, base entente.Charter) error {
	if err := v.r.ParseForm(); err != nil {
		return entente.Errorf(entente.Invalid, "", "the form: %w", err)
	}
	form, key := v.r.PostForm, v.r.PostForm.Get("draft")
	c, wrong := readCharter(base, form)
	d := charterDraft{By: v.who.Name, Charter: c}
	var page charterPage
	if len(wrong) == 0 {
		if err := c.Check(); err != nil {
			page.Problem = err.Error()
		}
	}
	if _, ok := c.Seat(v.node.Self()); a == nil && !ok {
		wrong["members"] = "charter.wrong.self"
	}
	if a != nil {
		d.Compact, d.Base = a.ID, a.Terms
		for _, f := range a.Forks {
			if keep := entente.ActID(form.Get("keep." + string(f.Acts[0]))); f.Kept == "" && slices.Contains(f.Acts, keep) {
				d.Settles = append(d.Settles, entente.Settlement{Author: f.Author, Seq: f.Seq, Keep: keep})
			}
		}
		slices.SortFunc(d.Settles, func(a, b entente.Settlement) int { return strings.Compare(string(a.Keep), string(b.Keep)) })
		page.Nothing = page.Problem == "" && len(wrong)+len(d.Settles) == 0 && len(charterChanges(v.language, a.Charter, &c, a.name)) == 0
	}
	if len(wrong) > 0 || page.Problem != "" || page.Nothing {
		return v.showCharter(http.StatusBadRequest, a, key, d, wrong, page)
	}
	if key == "" {
		key = secret()
	} else if _, err := v.charterDraft(key); err != nil {
		return err
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	if err := v.node.Keep(v.r.Context(), node.Note{Space: spaceCharters, Key: key, Value: b, Until: entente.At(v.clock().Add(charterTime))}); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/agreements/draft/"+key, http.StatusSeeOther)
	return nil
}

// reviewDraft shows a draft in words: exactly what signing it would sign.
func (v *visit) reviewDraft() error {
	key := v.r.PathValue("draft")
	d, err := v.charterDraft(key)
	if err != nil {
		return err
	}
	_, names, err := v.partners()
	if err != nil {
		return err
	}
	a := &agreed{self: v.node.Self(), names: names, State: &compact.State{}}
	page := draftPage{ID: key, By: d.By, Name: compact.Clean(d.Charter.Name), Amends: d.Compact}
	if d.Compact != "" {
		if a, err = v.agreedOn(d.Compact); err != nil {
			return err
		}
		page.Number, page.Old = int(a.Number)+1, a.Terms != d.Base
		page.Changes = charterChanges(v.language, a.Charter, &d.Charter, a.name)
		for _, s := range d.Settles {
			page.Settles = append(page.Settles, a.settled(v.language, s))
		}
	}
	page.Charter = charterWords(v.language, &d.Charter, a.name)
	return v.show("charter_draft", page)
}

func (v *visit) signDraft() error {
	d, err := v.charterDraft(v.r.PathValue("draft"))
	if err != nil {
		return err
	}
	o := node.AgreementOrder{Kind: entente.KindCharter, Charter: &d.Charter}
	back := "/agreements"
	if d.Compact != "" {
		o.Kind, o.Compact, o.Settles = entente.KindAmendment, d.Compact, d.Settles
		back = "/agreement/" + string(d.Compact)
	}
	return v.toSign(node.Proposed{Agreement: &o}, back)
}

func (v *visit) dropDraft() error {
	if err := v.node.Drop(v.r.Context(), spaceCharters, v.r.PathValue("draft")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/agreements", http.StatusSeeOther)
	return nil
}
