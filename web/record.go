package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// recordPage is one record, as far as its content is for people.
type recordPage struct {
	Record      entente.RecordID
	STIX, Type  string
	Title       string
	Own         bool
	From        string // the originator's name
	Arrived     entente.Time
	Grants      []grantWords
	Texts       []field // what is to be read: description, content, abstract
	Fields      []field
	RestsOn     []option // visible records that it was made from
	Refs        []option // visible objects it refers to: record id and name
	Remarks     []remark
	MoreRemarks bool
	Versions    []listRow
	Groups      []string
	ReadBy      []readRow // who of the party has opened it, but for this time
	Raw         string
	File        string // name of an attached file; empty: there is none
	Where       []whereRow
	// Conditions are to be acknowledged before the content is shown.
	Conditions string
	CanRelease bool
}

type grantWords struct {
	Release   entente.ActID
	Agreement string
	Handling  entente.Handling
	Since     entente.Time
	By        string // who released it: the originator, or a relay
}

// field is a property in words.
type field struct {
	Name  string // of the property; its text is field.NAME where there is one
	Value string
}

// whereRow says how far a release to one party has come.
type whereRow struct {
	Party     string
	Agreement string
	State     string // owed, delivered, receipted, refused, recalled, confirmed, overdue, expired
	Since     entente.Time
	Code      string
	TLP       entente.TLP
}

func (d *Door) recordRoutes() {
	d.page("GET /record/{id}", (*visit).record, readers...)
	d.page("POST /record/{id}/acknowledge", (*visit).acknowledge, readers...)
	d.page("GET /record/{id}/file", (*visit).file, readers...)
	d.page("POST /record/{id}/export", (*visit).exportRecord, node.RoleReleaser)
	d.page("POST /record/{id}/recall", (*visit).recallRecord, node.RoleReleaser)
}

// one is the record that the address names.
func (v *visit) one() (release.View, error) {
	page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Record: v.r.PathValue("id")})
	if err != nil {
		return release.View{}, err
	}
	for _, view := range page.Views {
		if string(view.ID()) == v.r.PathValue("id") {
			return view, nil
		}
	}
	return release.View{}, entente.ErrHidden
}

func (v *visit) record() error {
	ctx := v.r.Context()
	view, err := v.one()
	if err != nil {
		return err
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	o, row := view.Object(), rowOf(view, names)
	page := recordPage{
		Record: view.ID(), STIX: o.STIX, Type: o.Type, Title: row.Name, From: row.From, Arrived: o.Arrived,
		Own: view.Header().Originator == v.node.Self(), CanRelease: v.who.Is(node.RoleReleaser),
	}
	for _, g := range view.Grants() {
		w := grantWords{Release: g.Release, Handling: g.Handling}
		if s, err := v.node.Compact(ctx, g.Compact); err != nil {
			return err
		} else if s.Charter != nil {
			w.Agreement = s.Charter.Name
		}
		page.Grants = append(page.Grants, w)
	}
	open, err := v.node.Acknowledged(ctx, view)
	if err != nil {
		return err
	}
	if !open {
		page.Conditions = view.Conditions()
		return v.show("record", page)
	}
	if page.ReadBy, err = v.readBy(ctx, view.ID()); err != nil {
		return err
	}
	if err := v.opened(view.ID()); err != nil {
		return err
	}
	if err := v.content(&page, view, names); err != nil {
		return err
	}
	if page.Remarks, page.MoreRemarks, err = v.remarks(view, names); err != nil {
		return err
	}
	if page.Where, err = v.where(view.ID(), page.Own, names, &page); err != nil {
		return err
	}
	return v.show("record", page)
}

func (v *visit) acknowledge() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	if err := v.node.Acknowledge(v.r.Context(), v.reader(), view.ID()); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/record/"+string(view.ID()), http.StatusSeeOther)
	return nil
}

// texts are the properties that are read rather than looked up.
var texts = []string{"abstract", "description", "content", "explanation", "summary"}

// left are the properties that the page shows elsewhere or not at all.
var left = []string{"type", "id", "spec_version", "name", "created_by_ref", "object_marking_refs", "payload_bin", "extensions", "granular_markings"}

func (v *visit) content(page *recordPage, view release.View, names map[entente.PartyID]string) error {
	body := view.Body()
	if view.Header().Media != entente.MediaSTIX {
		page.File = page.Title
		return nil
	}
	obj, err := stix.Parse(body)
	if err != nil {
		return fmt.Errorf("record %s: %w", entente.Short(view.ID()), err)
	}
	page.Raw = string(obj.Raw)
	leaves, err := stix.Leaves(obj)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		name, _, nested := strings.Cut(strings.TrimPrefix(l.Path, "/"), "/")
		switch {
		case l.Kind == 'k' || l.Kind == 'n' || slices.Contains(left, name) || strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "_refs"):
		case slices.Contains(texts, name) && !nested:
			page.Texts = append(page.Texts, field{name, l.Text})
		default:
			last := len(page.Fields) - 1
			if last >= 0 && page.Fields[last].Name == name { // items of one list
				page.Fields[last].Value += ", " + l.Text
			} else {
				page.Fields = append(page.Fields, field{name, l.Text})
			}
		}
	}
	if obj.Type == "artifact" {
		page.File = string(obj.ID)
	}
	refs := []string{string(obj.ID)}
	for _, ref := range obj.Refs {
		if len(refs) < 200 && !stix.IsStandardMarking(ref) {
			refs = append(refs, string(ref))
		}
	}
	// What the visitor may not see is not in the answer: no chip, and no gap.
	found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: refs})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, other := range slices.Backward(found.Views) {
		row, object := rowOf(other, names), other.Object()
		switch {
		case object.STIX == string(obj.ID):
			if other.ID() != view.ID() {
				page.Versions = append(page.Versions, row)
			}
		case !seen[object.STIX]:
			seen[object.STIX] = true
			page.Refs = append(page.Refs, option{string(row.Record), row.Name})
		}
	}
	return nil
}

// file hands out an attached file: to be kept, never to be shown.
func (v *visit) file() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	open, err := v.node.Acknowledged(v.r.Context(), view)
	if err != nil {
		return err
	}
	if !open {
		return errConditions
	}
	body, name := view.Body(), entente.Short(view.ID())
	if view.Header().Media == entente.MediaSTIX {
		var a struct {
			Payload []byte `json:"payload_bin"`
			Mime    string `json:"mime_type"`
		}
		if err := json.Unmarshal(body, &a); err == nil && len(a.Payload) > 0 {
			body = a.Payload
		} else {
			name += ".json"
		}
	}
	return v.download(name, body)
}

// exportRecord goes on to the signature by which a record leaves for another system.
func (v *visit) exportRecord() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	order := node.ExportOrder{Records: []entente.RecordID{view.ID()}, Format: release.FormatRecord, Acknowledged: true, Operator: v.who.Name}
	if err := v.acknowledgedAll(order.Records); err != nil {
		return err
	}
	return v.toSign(node.Proposed{Export: &order}, "/record/"+string(view.ID()))
}

// acknowledgedAll refuses if the visitor has not acknowledged the conditions of one
// of these records.
func (v *visit) acknowledgedAll(ids []entente.RecordID) error {
	page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: strs(ids)})
	if err != nil {
		return err
	}
	for _, view := range page.Views {
		if open, err := v.node.Acknowledged(v.r.Context(), view); err != nil {
			return err
		} else if !open {
			return errConditions
		}
	}
	return nil
}

var errConditions = entente.Errorf(entente.Refused, "read and acknowledge them on the record's page first", "the record comes under conditions")

// handOut gives exported records with the signed releases that they rest on, as a file.
func (v *visit) handOut(views []release.View) error {
	file, err := v.node.ExportRecords(v.r.Context(), views)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return v.download(entente.Short(views[0].ID())+".entente.json", append(b, '\n'))
}

// download hands out bytes: to be kept, never to be shown.
func (v *visit) download(name string, b []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, err := v.w.Write(b)
	return err
}

// where says how far this party's releases of a record have come, and by whom a
// foreign one came.
func (v *visit) where(id entente.RecordID, own bool, names map[entente.PartyID]string, page *recordPage) ([]whereRow, error) {
	w, err := v.node.Where(v.r.Context(), id)
	if err != nil {
		return nil, err
	}
	seen, err := v.readable(w.RestsOn)
	if err != nil {
		return nil, err
	}
	for _, id := range w.RestsOn {
		if o, ok := seen[id]; ok {
			page.RestsOn = append(page.RestsOn, option{string(id), cmp.Or(o.Name, o.STIX)})
		}
	}
	if !own {
		for _, came := range w.Came {
			for i := range page.Grants {
				if page.Grants[i].Release == came.Release {
					page.Grants[i].By, page.Grants[i].Since = names[came.From], came.Since
				}
			}
		}
	}
	var rows []whereRow
	for _, g := range w.Given {
		row := whereRow{Party: names[g.To], State: string(g.State), Since: g.Since, TLP: g.Handling.TLP}
		if s, err := v.node.Compact(v.r.Context(), g.Compact); err != nil {
			return nil, err
		} else if s.Charter != nil {
			row.Agreement = s.Charter.Name
		}
		switch {
		case g.Recall != nil && g.Recall.State == node.RecallApplied:
			row.State, row.Since = "confirmed", g.Recall.Since
		case g.Recall != nil && g.Recall.State == node.RecallOverdue:
			row.State, row.Since = "overdue", g.Recall.Since
		case g.Recall != nil:
			row.State, row.Since = "recalled", g.Recall.Since
		case g.Expired:
			row.State = "expired"
		case g.State == node.GivenUnsent:
			row.State = "unsent"
		case g.State == node.GivenReceipted && g.Code != entente.CodeApplied:
			row.State, row.Code = "refused", string(g.Code)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// recallRecord takes a record back from everybody who was let have it.
func (v *visit) recallRecord() error {
	view, err := v.one()
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(v.r.PostFormValue("reason"))
	if reason == "" {
		return entente.Errorf(entente.Invalid, "say why: the others see the reason", "a recall needs a reason")
	}
	order := node.RecallOrder{Records: []entente.RecordID{view.ID()}, Scope: "delete", Reason: reason}
	return v.toSign(node.Proposed{Recall: &order}, "/record/"+string(view.ID()))
}
