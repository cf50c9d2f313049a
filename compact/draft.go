package compact

import (
	"time"

	"entente"
)

// Draft is a charter to begin with: every term that has a sensible value has it.
// Name, purposes, categories, members and the purpose of the default handling are
// left to those who draft.
func Draft(start time.Time, days int) entente.Charter {
	length := time.Duration(days) * 24 * time.Hour
	return entente.Charter{
		Type:  entente.Information,
		Start: entente.At(start), End: entente.At(start.Add(length)), Review: entente.At(start.Add(length / 2)),
		Rule: entente.Unanimous,
		Exit: "a member leaves by an amendment without it; recalls, receipts and caveats bind it afterwards", Suspension: "any member may at once suspend itself or its flow to one other member, and resume",
		Tolerance: 300, Freshness: 7 * 24 * 3600, RecallWithin: 3 * 24 * 3600, Evidence: "none", Quorum: "filled", Folding: 1,
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone},
			Widest:  entente.TLPAmber, Onward: entente.OnwardAsk,
		},
	}
}
