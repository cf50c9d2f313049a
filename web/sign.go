package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"entente"
	"entente/node"
)

// Whatever is signed in the party's name goes through the page /sign: a draft of
// the order is kept, shown as it will be signed, and signed with the visitor's
// own key.

func spaceDrafts(operator string) string { return "web.draft/" + operator }

// draftTime is how long a draft waits for its signature.
const draftTime = linkTime

// draft is an order that waits to be signed.
type draft struct {
	Order node.Proposed   `json:"order"`
	Also  []node.Proposed `json:"also,omitempty"` // signed together with it
	Back  string          `json:"back"`           // where the visitor came from
}

func (d *Door) signRoutes() {
	d.page("GET /sign/{draft}", (*visit).signPage, signers...)
	d.page("POST /sign/{draft}", (*visit).sign, signers...)
	d.page("GET /waiting", (*visit).waiting, signers...)
	d.page("POST /waiting/{proposal}", (*visit).approveWaiting, signers...)
}

// signers are the roles that sign something.
var signers = []string{node.RoleReleaser, node.RoleChair}

// toSign keeps an order, with others that are signed together with it, as a draft and
// goes to the page that signs it.
func (v *visit) toSign(p node.Proposed, back string, also ...node.Proposed) error {
	p, err := v.node.Afresh(v.r.Context(), p)
	if err != nil {
		return err
	}
	for i := range also {
		if also[i], err = v.node.Afresh(v.r.Context(), also[i]); err != nil {
			return err
		}
	}
	b, err := json.Marshal(draft{p, also, here(back)})
	if err != nil {
		return err
	}
	id := secret()
	if err := v.node.Keep(v.r.Context(), node.Note{Space: spaceDrafts(v.who.Name), Key: id, Value: b, Until: entente.At(v.clock().Add(draftTime))}); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/sign/"+id, http.StatusSeeOther)
	return nil
}

// draft is one of the visitor's own drafts.
func (v *visit) draft() (draft, error) {
	var d draft
	note, err := v.node.Kept(v.r.Context(), spaceDrafts(v.who.Name), v.r.PathValue("draft"))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(note.Value, &d)
}

// signingPage shows an order before it is signed, and asks for the password.
type signingPage struct {
	Order   orderWords
	Also    []orderWords
	Post    string // path that signs
	Back    string
	Wrong   string      // key of a text: why it was not signed
	Passkey *passkeyAsk // nil: the visitor has none
}

func (v *visit) signPage() error { return v.showSigning(http.StatusOK, "") }

func (v *visit) showSigning(status int, wrong string) error {
	d, err := v.draft()
	if err != nil {
		return err
	}
	words, err := v.words(d.Order)
	if err != nil {
		return err
	}
	page := signingPage{Order: words, Post: v.r.URL.Path, Back: d.Back, Wrong: wrong}
	for _, p := range d.Also {
		words, err := v.words(p)
		if err != nil {
			return err
		}
		page.Also = append(page.Also, words)
	}
	if len(d.Also) == 0 { // a passkey signs one thing at a time
		id, err := d.Order.ID()
		if err == nil {
			page.Passkey, err = v.askToApprove(id)
		}
		if err != nil {
			return err
		}
	}
	return v.showStatus(status, "sign", page)
}

func (v *visit) sign() error {
	d, err := v.draft()
	if err != nil {
		return err
	}
	all := append([]node.Proposed{d.Order}, d.Also...)
	approvals := make([]node.Approval, len(all))
	for i, p := range all {
		// What the visitor may not read now, the visitor does not sign.
		if _, err := v.words(p); err != nil {
			return err
		}
		id, err := p.ID()
		if err != nil {
			return err
		}
		approvals[i], err = v.approval(id)
		if wrong := wrongApproval(err); wrong != "" {
			return v.showSigning(http.StatusForbidden, wrong)
		}
		if err != nil {
			return err
		}
	}
	var done node.Done
	for i, p := range all {
		one, err := v.node.Propose(v.r.Context(), p, approvals[i])
		if err != nil {
			return err
		}
		done.Missing, done.Export = max(done.Missing, one.Missing), one.Export
		done.Acts = append(done.Acts, one.Acts...)
	}
	if err := v.node.Drop(v.r.Context(), spaceDrafts(v.who.Name), v.r.PathValue("draft")); err != nil {
		return err
	}
	return v.showSigned(done, d.Back)
}

// showSigned says what came of an order; what was to be exported, it hands out.
func (v *visit) showSigned(done node.Done, back string) error {
	if done.Export != nil && len(done.Export.Views) > 0 {
		return v.handOut(done.Export.Views)
	}
	return v.show("signed", signedPage{Missing: done.Missing, Acts: len(done.Acts), Back: back})
}

// signedPage says what came of an order.
type signedPage struct {
	Missing int // further persons that it waits for
	Acts    int // signed messages
	Back    string
}

// waitingPage lists what waits for a person.
type waitingPage struct {
	Open  []waitingRow
	Wrong string // key of a text
}

type waitingRow struct {
	ID       string
	Order    orderWords
	Made     entente.Time
	Approved []string
	Missing  int
	Mine     bool // the visitor has approved it
	Hidden   bool // it concerns records that the visitor may not read
	Passkey  *passkeyAsk
}

func (v *visit) waiting() error { return v.showWaiting(http.StatusOK, "") }

func (v *visit) showWaiting(status int, wrong string) error {
	rows, err := v.node.Proposals(v.r.Context())
	if err != nil {
		return err
	}
	page := waitingPage{Wrong: wrong}
	for _, p := range rows {
		row := waitingRow{ID: p.ID, Made: p.Made, Approved: p.Approved, Missing: p.Missing, Mine: slices.Contains(p.Approved, v.who.Name)}
		var order node.Proposed
		if err := json.Unmarshal(p.Order, &order); err != nil {
			return err
		}
		row.Order, err = v.words(order)
		if kind := entente.KindOf(err); kind == entente.Hidden || kind == entente.Refused { // or the visitor reads no records
			row.Hidden, err = true, nil
		}
		if err != nil {
			return err
		}
		if row.Passkey, err = v.askToApprove(p.ID); err != nil {
			return err
		}
		page.Open = append(page.Open, row)
	}
	return v.showStatus(status, "waiting", page)
}

// approveWaiting approves what waits, or drops it.
func (v *visit) approveWaiting() error {
	ctx, id := v.r.Context(), v.r.PathValue("proposal")
	rows, err := v.node.Proposals(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(p node.ProposalStatus) bool { return p.ID == id })
	if i < 0 {
		return entente.ErrHidden
	}
	var order node.Proposed
	if err := json.Unmarshal(rows[i].Order, &order); err != nil {
		return err
	}
	if _, err := v.words(order); err != nil { // nobody approves what that person may not read
		return err
	}
	if order.Export != nil { // who approves last gets the file
		if err := v.acknowledgedAll(order.Export.Records); err != nil {
			return err
		}
	}
	by, err := v.approval(id)
	if wrong := wrongApproval(err); wrong != "" {
		return v.showWaiting(http.StatusForbidden, wrong)
	}
	if err != nil {
		return err
	}
	if v.r.PostFormValue("drop") != "" {
		if err := v.node.Withdraw(ctx, id, by); err != nil {
			return err
		}
		http.Redirect(v.w, v.r, "/waiting", http.StatusSeeOther)
		return nil
	}
	done, err := v.node.Approve(ctx, id, by)
	if err != nil {
		return err
	}
	return v.showSigned(done, "/waiting")
}

// orderWords is an order as people read it.
type orderWords struct {
	Kind       string // of what will be signed; its name is the text sign.kind.KIND
	Agreement  string
	Records    []option // id and name
	Recipients []recipientWords
	Handling   *entente.Handling
	Text       string       // reason, reservation
	Charter    []termGroup  // the whole text of what is founded, amended or acceded to
	Changes    []termChange // what an amendment changes
	Settles    []forkRow
	Member     string // whom a suspension or resumption concerns; empty: the party itself
}

type recipientWords struct {
	Party    entente.PartyID
	Name     string
	Allowed  bool
	Reasons  []string // why it is refused, in English, as node says it
	Missing  []string // STIX ids that it refers to and the party does not have
	Needs    []need   // consents that are not there
	Replaces bool     // it takes the place of a tearline that the party has
	Tearline string   // what the party gets in place of the record; empty: the record
	Way      []string
}

type need struct {
	Record     entente.RecordID
	Originator string
}

// words renders an order, as far as the visitor may read what it concerns; a
// record that is hidden from the visitor hides the whole.
func (v *visit) words(p node.Proposed) (orderWords, error) {
	ctx := v.r.Context()
	var w orderWords
	names, err := v.names()
	if err != nil {
		return w, err
	}
	records := func(ids []entente.RecordID) error {
		list := make([]string, len(ids))
		for i, id := range ids {
			list[i] = string(id)
		}
		found := map[entente.RecordID]string{}
		for part := range slices.Chunk(list, 1000) {
			page, err := v.node.Read(ctx, v.reader(), node.Query{Records: part})
			if err != nil {
				return err
			}
			for _, view := range page.Views {
				found[view.ID()] = rowOf(view, names).Name
			}
		}
		for _, id := range ids {
			name, ok := found[id]
			if !ok {
				return entente.ErrHidden
			}
			w.Records = append(w.Records, option{string(id), name})
		}
		return nil
	}
	agreement := func(id entente.CompactID) error {
		if id == "" {
			return nil
		}
		s, err := v.node.Compact(ctx, id)
		if err == nil && s.Charter != nil {
			w.Agreement = s.Charter.Name
		}
		return err
	}
	switch {
	case p.Release != nil:
		w.Kind, w.Handling = "release", &p.Release.Handling
		if err := errors.Join(agreement(p.Release.Compact), records(p.Release.Records)); err != nil {
			return w, err
		}
		preview, err := v.node.Preview(ctx, *p.Release)
		if err != nil {
			return w, err
		}
		w.Handling, w.Recipients = &preview.Handling, recipientsOf(preview, names)
	case p.Recall != nil:
		w.Kind, w.Text = "recall", p.Recall.Reason
		for _, to := range p.Recall.To {
			w.Recipients = append(w.Recipients, recipientWords{Party: to, Name: names[to], Allowed: true})
		}
		return w, errors.Join(agreement(p.Recall.Compact), records(p.Recall.Records))
	case p.Ask != nil:
		w.Kind, w.Text = "ask", p.Ask.Reason
		for _, to := range p.Ask.Recipients {
			w.Recipients = append(w.Recipients, recipientWords{Party: to, Name: names[to], Allowed: true})
		}
		return w, errors.Join(agreement(p.Ask.Compact), records([]entente.RecordID{p.Ask.Record}))
	case p.Answer != nil:
		w.Kind, w.Handling, w.Text = "consent", p.Answer.Handling, p.Answer.Refused
		asks, err := v.node.Asks(ctx)
		if err != nil {
			return w, err
		}
		i := slices.IndexFunc(asks, func(a node.AskStatus) bool { return a.Act == p.Answer.Ask })
		if i < 0 {
			return w, entente.ErrHidden
		}
		for _, to := range asks[i].Ask.Recipients {
			w.Recipients = append(w.Recipients, recipientWords{Party: to, Name: names[to], Allowed: true})
		}
		return w, errors.Join(agreement(asks[i].Compact), records([]entente.RecordID{asks[i].Ask.Record}))
	case p.Export != nil:
		w.Kind, w.Text = "export", string(p.Export.Format)
		return w, errors.Join(agreement(p.Export.Compact), records(p.Export.Records))
	case p.Agreement != nil:
		a := p.Agreement
		w.Kind, w.Text = string(a.Kind), a.Text
		if a.Member != "" && a.Member != v.node.Self() {
			w.Member = names[a.Member]
		}
		if err := agreement(a.Compact); err != nil {
			return w, err
		}
		return w, v.agreementWords(&w, a)
	}
	return w, nil
}
