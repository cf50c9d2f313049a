package node

import (
	"context"

	"entente"
	"entente/release"
	"entente/store"
)

// ExportOrder asks for records in a form that leaves for another system.
type ExportOrder struct {
	Records []entente.RecordID `json:"records"`
	Compact entente.CompactID  `json:"compact,omitempty"`
	Format  release.Format     `json:"format"`
	// Acknowledged: a person has read the conditions of use.
	Acknowledged bool   `json:"acknowledged"`
	Operator     string `json:"operator,omitempty"`
}

// Export is what may leave, and what may not and why.
type Export struct {
	Views   []release.View `json:"-"`
	Refused []string
}

// Export gives records out in a format that carries their handling. One record
// that may not leave stops the whole, with the reasons.
func (n *Node) Export(ctx context.Context, o ExportOrder) (Export, error) {
	err := n.view(ctx, func(d *desk) error { return d.alone(KindExport, o.Compact) })
	if err != nil {
		return Export{}, err
	}
	return n.export(ctx, o)
}

func (n *Node) export(ctx context.Context, o ExportOrder) (Export, error) {
	var out Export
	var first *release.Refusal
	for _, id := range o.Records {
		page, err := n.Read(ctx, entente.Reader{Party: n.self, Operator: o.Operator}, Query{Record: string(id), Compact: o.Compact})
		if err != nil {
			return Export{}, err
		}
		for _, v := range page.Views {
			if r := release.Export(v, o.Format, o.Acknowledged); r != nil {
				out.Refused = append(out.Refused, r.Reason)
				if first == nil {
					first = r
				}
				continue
			}
			out.Views = append(out.Views, v)
		}
	}
	detail := string(o.Format)
	if first != nil {
		out.Views = nil
		detail += " refused: " + first.Reason
	} else if o.Acknowledged {
		detail += ", conditions acknowledged"
	}
	if err := n.note(ctx, store.Event{What: "export", Who: o.Operator, Compact: o.Compact, Subject: joinIDs(o.Records), Detail: detail}); err != nil {
		return Export{}, err
	}
	if first != nil {
		return out, entente.Errorf(entente.Refused, first.Hint, "not exported: %s", first.Reason)
	}
	return out, nil
}
