package web

import (
	"entente"
	"entente/compact"
	"entente/node"
)

// agreementWords puts what an order signs on an agreement into words: the whole
// text, and what changes.
func (v *visit) agreementWords(w *orderWords, o *node.AgreementOrder) error {
	charter, settles, amends := o.Charter, o.Settles, o.Kind == entente.KindAmendment
	names, err := v.names()
	if err != nil {
		return err
	}
	a := &agreed{self: v.node.Self(), names: names, State: &compact.State{}}
	if o.Compact != "" {
		if a, err = v.agreedOn(o.Compact); err != nil {
			return err
		}
	}
	if o.Kind == entente.KindAccession {
		charter = a.Charter
		for _, p := range a.Pending {
			if p.ID == o.To {
				charter, settles, amends = p.Charter, p.Settles, true
			}
		}
	}
	if charter == nil {
		return nil
	}
	w.Charter = charterWords(v.language, charter, a.name)
	if w.Agreement == "" {
		w.Agreement = compact.Clean(charter.Name)
	}
	if amends && a.Charter != nil {
		w.Changes = charterChanges(v.language, a.Charter, charter, a.name)
		for _, s := range settles {
			w.Settles = append(w.Settles, a.settled(v.language, s))
		}
	}
	return nil
}
