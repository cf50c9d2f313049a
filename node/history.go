package node

import (
	"context"

	"entente"
	"entente/store"
)

// CompactAct is one signed message on an agreement itself.
type CompactAct struct {
	ID      entente.ActID
	Act     entente.Act
	Arrived entente.Time
}

// CompactActs lists the charter, accessions, amendments, suspensions and
// resumptions of a compact that are here, by arrival.
func (n *Node) CompactActs(ctx context.Context, id entente.CompactID) ([]CompactAct, error) {
	var out []CompactAct
	err := n.view(ctx, func(d *desk) error {
		rows, err := d.ActsOf(id, entente.KindCharter, entente.KindAccession, entente.KindAmendment, entente.KindSuspension, entente.KindResumption)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.State != store.StateApplied {
				continue
			}
			s, err := entente.ParseSigned(row.Envelope)
			if err != nil {
				return brokenRow("act", row.ID, err)
			}
			out = append(out, CompactAct{ID: s.ID, Act: s.Act, Arrived: row.Arrived})
		}
		return nil
	})
	return out, err
}
