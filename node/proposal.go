package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"entente"
	"entente/store"
)

// AnswerOrder is the answer to an ask, as Answer takes it.
type AnswerOrder struct {
	Ask      entente.ActID     `json:"ask"`
	Handling *entente.Handling `json:"handling,omitempty"`
	Expires  entente.Date      `json:"expires,omitempty"`
	Refused  string            `json:"refused,omitempty"`
}

// Proposed is something that persons of this party want done: exactly one of
// the orders.
type Proposed struct {
	Release *Order       `json:"release,omitempty"`
	Recall  *RecallOrder `json:"recall,omitempty"`
	Answer  *AnswerOrder `json:"answer,omitempty"`
	Ask     *AskOrder    `json:"ask,omitempty"`
	Export  *ExportOrder `json:"export,omitempty"`
	// Agreement is an act on a compact itself, for the chair.
	Agreement *AgreementOrder `json:"agreement,omitempty"`
	// Again tells it from the very same that was done or dropped before: what was
	// approved once is not approved for good. Node.Afresh sets it.
	Again int `json:"again,omitempty"`
}

// Afresh numbers a proposal so that it is none that was done or dropped.
func (n *Node) Afresh(ctx context.Context, p Proposed) (Proposed, error) {
	err := n.view(ctx, func(d *desk) error {
		for ; ; p.Again++ {
			id, err := p.ID()
			if err != nil {
				return err
			}
			row, err := d.Proposal(id)
			if errors.Is(err, store.ErrNotFound) || err == nil && row.State == store.ProposalOpen {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return p, err
}

// AgreementOrder is an act on a compact: exactly what Found, Amend, Accede,
// Suspend and Resume take.
type AgreementOrder struct {
	Kind    entente.Kind         `json:"kind"`
	Compact entente.CompactID    `json:"compact,omitempty"`
	To      entente.ActID        `json:"to,omitempty"`     // accession
	Member  entente.PartyID      `json:"member,omitempty"` // suspension, resumption
	Text    string               `json:"text,omitempty"`   // reservation or reason
	Charter *entente.Charter     `json:"charter,omitempty"`
	Settles []entente.Settlement `json:"settles,omitempty"`
}

func (p Proposed) kind() (entente.Kind, error) {
	kinds := map[entente.Kind]bool{
		entente.KindRelease: p.Release != nil, entente.KindRecall: p.Recall != nil, entente.KindConsent: p.Answer != nil,
		entente.KindAsk: p.Ask != nil, KindExport: p.Export != nil,
	}
	var out entente.Kind
	if p.Agreement != nil {
		kinds[p.Agreement.Kind] = true
	}
	for k, there := range kinds {
		if there && out != "" {
			return "", entente.Errorf(entente.Invalid, "", "a proposal holds one order")
		}
		if there {
			out = k
		}
	}
	if out == "" {
		return "", entente.Errorf(entente.Invalid, "", "the proposal holds no order")
	}
	return out, nil
}

// ID names a proposal: what an operator signs to approve it. Two persons who
// want the very same thing approve one proposal.
func (p Proposed) ID() (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("proposal: %w", err)
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Done is what became of a proposal.
type Done struct {
	Proposal string
	// Missing is how many more persons have to approve; 0: it was done.
	Missing int
	Acts    []entente.ActID
	Preview *Preview `json:",omitempty"`
	Export  *Export  `json:",omitempty"`
}

// Propose puts something to be done before this party's persons, with the
// approval of the first. It is done at once if one person is enough.
func (n *Node) Propose(ctx context.Context, p Proposed, by Approval) (Done, error) {
	kind, err := p.kind()
	if err != nil {
		return Done{}, err
	}
	id, err := p.ID()
	if err != nil {
		return Done{}, err
	}
	if p.Release != nil {
		// What would be refused is not worth a second person's time.
		preview, err := n.Preview(ctx, *p.Release)
		if err == nil {
			err = preview.Err()
		}
		if err != nil {
			return Done{Proposal: id, Preview: &preview}, err
		}
	}
	order, err := json.Marshal(p)
	if err != nil {
		return Done{}, err
	}
	err = n.update(ctx, func(d *desk) error {
		if err := d.working(); err != nil {
			return err
		}
		if err := d.checkApproval(kind, id, by); err != nil {
			return err
		}
		in, err := d.compactOf(p)
		if err != nil {
			return err
		}
		return d.PutProposal(store.Proposal{ID: id, Kind: kind, Compact: in, Order: order, State: store.ProposalOpen, Made: d.time()})
	})
	if err != nil {
		return Done{Proposal: id}, n.noted(ctx, kind, by, err)
	}
	return n.Approve(ctx, id, by)
}

// compactOf is the compact whose rules a proposal stands under.
func (d *desk) compactOf(p Proposed) (entente.CompactID, error) {
	switch {
	case p.Release != nil:
		return p.Release.Compact, nil
	case p.Recall != nil:
		return p.Recall.Compact, nil
	case p.Ask != nil:
		return p.Ask.Compact, nil
	case p.Answer != nil:
		row, err := d.Act(p.Answer.Ask)
		if err != nil {
			return "", entente.ErrHidden
		}
		return row.Compact, nil
	}
	if p.Agreement != nil {
		return p.Agreement.Compact, nil
	}
	return p.Export.Compact, nil
}

// Approve adds a person's approval to a proposal, and does it when enough
// different persons have approved.
func (n *Node) Approve(ctx context.Context, id string, by Approval) (Done, error) {
	done := Done{Proposal: id}
	var p Proposed
	var kind entente.Kind
	err := n.update(ctx, func(d *desk) error {
		row, err := d.Proposal(id)
		if errors.Is(err, store.ErrNotFound) {
			return entente.Errorf(entente.Invalid, "entente proposals", "no proposal %s", entente.Short(id))
		}
		if err != nil {
			return err
		}
		if row.State != store.ProposalOpen {
			return entente.Errorf(entente.Conflict, "", "proposal %s is %s", entente.Short(id), row.State)
		}
		kind = row.Kind
		if err := json.Unmarshal(row.Order, &p); err != nil {
			return brokenRow("proposal", id, err)
		}
		if again, err := p.ID(); err != nil || again != id {
			return brokenRow("proposal", id, errors.Join(err, errors.New("its order does not give its id")))
		}
		if err := d.checkApproval(kind, id, by); err != nil {
			return err
		}
		if err := d.PutApproval(store.Approval{Proposal: id, Operator: by.Operator, Signature: by.Signature, At: d.time()}); err != nil {
			return err
		}
		if err := d.event(store.Event{What: "approve", Who: by.Operator, Compact: row.Compact, Subject: id, Detail: string(kind) + " " + by.Signature}); err != nil {
			return err
		}
		if _, done.Missing, err = d.approved(row); err != nil || done.Missing > 0 {
			return err
		}
		// Closed before it is done: after a crash in between it is proposed again,
		// never done twice.
		return d.SetProposalState(id, store.ProposalDone)
	})
	if err != nil || done.Missing > 0 {
		return done, n.noted(ctx, kind, by, err)
	}
	if err := n.do(ctx, p, &done); err != nil {
		reopen := n.update(ctx, func(d *desk) error { return d.SetProposalState(id, store.ProposalOpen) })
		return done, errors.Join(err, reopen)
	}
	return done, nil
}

// approved gives the persons whose approval of a proposal counts, and how many
// more it takes. Who has lost the role or the key since counts no more.
func (d *desk) approved(p store.Proposal) (who []string, missing int, err error) {
	approvals, err := d.Approvals(p.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, a := range approvals {
		switch err := d.checkApproval(p.Kind, p.ID, Approval{a.Operator, a.Signature}); {
		case err == nil:
			who = append(who, a.Operator)
		case entente.KindOf(err) != entente.Refused:
			return nil, 0, err
		}
	}
	persons, err := d.personsFor(p.Kind, p.Compact)
	return who, max(persons-len(who), 0), err
}

func (n *Node) do(ctx context.Context, p Proposed, done *Done) error {
	switch {
	case p.Release != nil:
		preview, ids, err := n.release(ctx, *p.Release)
		done.Preview, done.Acts = &preview, ids
		return err
	case p.Recall != nil:
		ids, err := n.recall(ctx, *p.Recall)
		done.Acts = ids
		return err
	case p.Answer != nil:
		id, err := n.answer(ctx, *p.Answer)
		done.Acts = []entente.ActID{id}
		return err
	case p.Ask != nil:
		id, err := n.ask(ctx, *p.Ask)
		done.Acts = []entente.ActID{id}
		return err
	case p.Agreement != nil:
		ids, err := n.agree(ctx, *p.Agreement)
		done.Acts = ids
		return err
	}
	export, err := n.export(ctx, *p.Export)
	done.Export = &export
	return err
}

// noted writes a refused approval to the log.
func (n *Node) noted(ctx context.Context, kind entente.Kind, by Approval, cause error) error {
	if cause == nil || entente.KindOf(cause) != entente.Refused {
		return cause
	}
	if err := n.note(ctx, store.Event{What: "refused", Who: by.Operator, Detail: string(kind) + ": " + cause.Error()}); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// ProposalStatus is a proposal with the persons who have approved it.
type ProposalStatus struct {
	store.Proposal
	Approved []string
	Missing  int
}

// Proposals lists what waits for persons of this party.
func (n *Node) Proposals(ctx context.Context) ([]ProposalStatus, error) {
	var out []ProposalStatus
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.Tx.Proposals(store.ProposalOpen)
		if err != nil {
			return err
		}
		for _, row := range rows {
			st := ProposalStatus{Proposal: row}
			if st.Approved, st.Missing, err = d.approved(row); err != nil {
				return err
			}
			out = append(out, st)
		}
		return nil
	})
	return out, err
}

// Withdraw drops an open proposal.
func (n *Node) Withdraw(ctx context.Context, id string, by Approval) error {
	return n.update(ctx, func(d *desk) error {
		row, err := d.Proposal(id)
		if err != nil || row.State != store.ProposalOpen {
			return entente.Errorf(entente.Invalid, "entente proposals", "no open proposal %s", entente.Short(id))
		}
		if err := d.checkApproval(row.Kind, id, by); err != nil {
			return err
		}
		if err := d.SetProposalState(id, store.ProposalDropped); err != nil {
			return err
		}
		return d.event(store.Event{What: "withdraw", Who: by.Operator, Compact: row.Compact, Subject: id})
	})
}
