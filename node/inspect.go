package node

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/ledger"
	"entente/store"
)

// Inspection is what an inspector of a compact sees at one node: the log of the
// compact with its signed head, the markings of what was released, and what was
// refused. It holds no record and no name of one.
type Inspection struct {
	Party   entente.PartyID    `json:"party"`
	Compact entente.CompactID  `json:"compact"`
	Cards   [][]byte           `json:"cards"` // of the party, oldest first
	Head    []byte             `json:"head"`  // signed; its tree covers Lines
	Lines   []entente.LogEntry `json:"lines"`
	// Markings are the releases of the party in the compact, by recipient.
	Markings []Marking `json:"markings"`
}

// Marking is the handling of one release: who was let have how many records, how.
type Marking struct {
	Release  entente.ActID    `json:"release"`
	To       entente.PartyID  `json:"to"`
	Records  int              `json:"records"`
	Time     entente.Time     `json:"time"`
	Handling entente.Handling `json:"handling"`
}

// Inspect seals the log of a compact and gives it to an inspector.
func (n *Node) Inspect(ctx context.Context, operator string, id entente.CompactID) (Inspection, error) {
	out := Inspection{Party: n.self, Compact: id}
	err := n.view(ctx, func(d *desk) error {
		if operator == "" {
			return nil
		}
		o, err := d.Operator(operator)
		if err != nil || !slices.Contains(o.Roles, RoleInspector) {
			return entente.Errorf(entente.Refused, "ask an administrator for the role", "operator %q has not the role of an inspector", operator)
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	if err := n.note(ctx, store.Event{What: "inspect", Who: operator, Compact: id}); err != nil {
		return out, err
	}
	if err := n.SealLogs(ctx); err != nil {
		return out, err
	}
	if out.Cards, err = n.Card(ctx, n.self); err != nil {
		return out, err
	}
	err = n.view(ctx, func(d *desk) error {
		if state, err := d.state(id); err != nil || state.Charter == nil {
			return errors.Join(err, entente.ErrHidden)
		}
		row, err := d.Channel(entente.Log(d.self, id, 1))
		if err != nil {
			return err
		}
		head, err := d.Act(row.Head)
		if err != nil {
			return err
		}
		out.Head = head.Envelope
		s, err := entente.ParseSigned(head.Envelope)
		if err != nil {
			return brokenRow("head", row.Head, err)
		}
		if out.Lines, err = d.logLines(id, s.Act.Head.Tree.Size); err != nil {
			return err
		}
		out.Markings, err = d.markings(id)
		return err
	})
	return out, err
}

// logLines reads the first lines of a compact's log.
func (d *desk) logLines(id entente.CompactID, count int64) ([]entente.LogEntry, error) {
	var out []entente.LogEntry
	for after := int64(0); ; {
		rows, err := d.Tx.Events(after, 1000)
		if err != nil || len(rows) == 0 {
			return out, err
		}
		for _, e := range rows {
			after = e.N
			if e.Compact == id && int64(len(out)) < count {
				out = append(out, logEntry(e))
			}
		}
	}
}

func (d *desk) markings(id entente.CompactID) ([]Marking, error) {
	rows, err := d.ActsOf(id, entente.KindRelease)
	if err != nil {
		return nil, err
	}
	var out []Marking
	for _, row := range rows {
		s, err := entente.ParseSigned(row.Envelope)
		if err != nil {
			return nil, brokenRow("release", row.ID, err)
		}
		if row.Signer == d.self && row.State == store.StateApplied {
			out = append(out, Marking{row.ID, row.To, len(s.Act.Release.Records), s.Act.Time, s.Act.Release.Handling})
		}
	}
	return out, nil
}

// Check verifies an inspection without any store: the cards give the party's id,
// the head is signed by its receipt key, and the lines give the head's root. since
// is an earlier inspection of the same log, or nil: its lines must be the first
// of these.
func (x *Inspection) Check(since *Inspection) error {
	cards, err := checkCards(x.Party, x.Cards)
	if err != nil {
		return err
	}
	head, err := entente.ParseSigned(x.Head)
	if err != nil {
		return entente.Errorf(entente.Invalid, "", "head of the log: %w", err)
	}
	st, err := ledger.Of(&head)
	if err != nil || head.Act.Kind != entente.KindHead || st.Channel != entente.Log(x.Party, x.Compact, 1) || cards[head.Act.Card] == nil {
		return entente.Errorf(entente.Broken, "", "the head is not the party's statement of this log")
	}
	if err := head.VerifyBy(cards[head.Act.Card]); err != nil {
		return err
	}
	var tree ledger.Tree
	for _, line := range x.Lines {
		tree.Append(line.ID())
	}
	if tree.Head() != st.Tree {
		return entente.Errorf(entente.Broken, "ask the party why, in the presence of the others", "the lines do not give the root that the party signed: one was changed, added or left out")
	}
	if since == nil {
		return nil
	}
	if len(since.Lines) > len(x.Lines) {
		return entente.Errorf(entente.Broken, "", "the log is shorter than at the earlier inspection")
	}
	for i, line := range since.Lines {
		if line.ID() != x.Lines[i].ID() {
			return entente.Errorf(entente.Broken, "", "line %d is not the one of the earlier inspection", i+1)
		}
	}
	return nil
}

// checkCards follows a party's cards, oldest first, from the one that its id is
// the hash of, and gives them by version.
func checkCards(party entente.PartyID, envelopes [][]byte) (map[int64]*entente.Card, error) {
	var card *entente.Card
	var last entente.ActID
	cards := map[int64]*entente.Card{}
	for i, b := range envelopes {
		s, err := entente.ParseSigned(b)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "", "card %d of %s does not read: %w", i+1, entente.Short(party), err)
		}
		c := s.Act.CardBody
		if c == nil {
			return nil, entente.Errorf(entente.Invalid, "", "card %d of %s is an act of another kind", i+1, entente.Short(party))
		}
		if err := s.VerifyBy(c); err != nil {
			return nil, err
		}
		if s.Act.Party(s.ID) != party || card == nil && entente.PartyID(s.ID) != party {
			return nil, entente.Errorf(entente.Broken, "", "card %d does not belong to party %s, or is not its first", i+1, entente.Short(party))
		}
		if card != nil {
			if err := card.Follows(last, c); err != nil {
				return nil, err
			}
		}
		card, last = c, s.ID
		cards[c.Version] = c
	}
	return cards, nil
}
