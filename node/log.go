package node

import (
	"context"

	"entente"
	"entente/store"
)

// event notes a line for the audit log: of the compact it names, or of the
// node. Lines are entered before the transaction commits, or not at all.
func (d *desk) event(e store.Event) error {
	e.At = d.time()
	d.events = append(d.events, e)
	return nil
}

func logEntry(e store.Event) entente.LogEntry {
	return entente.LogEntry{At: e.At, What: e.What, Who: e.Who, Compact: e.Compact, Subject: e.Subject, Detail: e.Detail}
}

// enterLogs writes the transaction's lines and appends them to the trees of
// their logs.
func (d *desk) enterLogs() error {
	if len(d.events) == 0 {
		return nil
	}
	leaves := map[entente.CompactID][]store.Leaf{}
	var order []entente.CompactID
	for _, e := range d.events {
		if err := d.Tx.Log(e); err != nil {
			return err
		}
		if leaves[e.Compact] == nil {
			order = append(order, e.Compact)
		}
		leaves[e.Compact] = append(leaves[e.Compact], store.Leaf{ID: logEntry(e).ID(), Code: entente.CodeApplied})
	}
	d.events = nil
	for _, id := range order {
		// Logs go on over a change of epoch: it concerns what was delivered.
		row, tree, err := d.channel(entente.Log(d.self, id, 1))
		if err != nil {
			return err
		}
		if err := d.extend(&row, &tree, leaves[id]); err != nil {
			return err
		}
	}
	return nil
}

// SealLogs signs the heads of all logs that have grown since they were last
// signed. A serving node does so from time to time and when it stops: what is
// sealed cannot be rewritten without its partners' inspector seeing it.
func (n *Node) SealLogs(ctx context.Context) error {
	return n.update(ctx, func(d *desk) error {
		rows, err := d.ChannelsWith(d.self)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.From != row.To || row.Compact == "" {
				continue
			}
			sealed, err := d.sealedSize(row)
			if err != nil {
				return err
			}
			if sealed == row.Size {
				continue
			}
			if _, err := d.signHead(&row); err != nil {
				return err
			}
			if err := d.UpdateChannel(row, row.Size); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *desk) sealedSize(row store.Channel) (int64, error) {
	if row.Head == "" {
		return 0, nil
	}
	act, err := d.Act(row.Head)
	if err != nil {
		return 0, err
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err != nil || s.Act.Head == nil {
		return 0, brokenRow("head", row.Head, err)
	}
	return s.Act.Head.Tree.Size, nil
}
