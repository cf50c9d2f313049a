package node

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/compact"
	"entente/store"
)

// Found signs a charter that this party is to be a member of. The others are
// owed it at once; nothing flows until all of them have acceded.
func (n *Node) Found(ctx context.Context, c entente.Charter) (entente.CompactID, error) {
	if err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindCharter, "") }); err != nil {
		return "", err
	}
	return n.found(ctx, c)
}

func (n *Node) found(ctx context.Context, c entente.Charter) (entente.CompactID, error) {
	var batch entente.Batch
	var id entente.CompactID
	err := n.view(ctx, func(d *desk) error {
		if _, ok := c.Seat(d.self); !ok {
			return entente.Errorf(entente.Invalid, "add a seat for "+string(d.self), "this party is not on the charter's roster")
		}
		for _, m := range c.Members {
			if err := d.partnerReady(m.Party); err != nil {
				return entente.Errorf(entente.Refused, entente.HintOf(err), "member %q: %w", m.Name, err)
			}
		}
		s, err := d.sign(entente.Act{Kind: entente.KindCharter, Charter: &c})
		if err != nil {
			return err
		}
		id = entente.CompactID(s.ID)
		batch.Parcels = []entente.Parcel{{Leaf: s.ID, Act: s.Envelope()}}
		return nil
	})
	if err != nil {
		return "", err
	}
	_, err = n.Accept(ctx, n.self, batch)
	return id, err
}

// Accede accepts the charter of a compact, or an amendment of it.
func (n *Node) Accede(ctx context.Context, id entente.CompactID, to entente.ActID, reservation string) (entente.ActID, error) {
	if err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindAccession, id) }); err != nil {
		return "", err
	}
	return n.accede(ctx, id, to, reservation)
}

func (n *Node) accede(ctx context.Context, id entente.CompactID, to entente.ActID, reservation string) (entente.ActID, error) {
	return n.say(ctx, id, func(d *desk, s *compact.State) (entente.Act, error) {
		if to == "" {
			to = entente.ActID(id)
		}
		if err := pendingFor(d.self, s, to); err != nil {
			return entente.Act{}, err
		}
		return entente.Act{Kind: entente.KindAccession, Accession: &entente.Accession{To: to, Reservation: reservation}}, nil
	})
}

// agree does what a chair has approved.
func (n *Node) agree(ctx context.Context, o AgreementOrder) ([]entente.ActID, error) {
	var id entente.ActID
	var err error
	switch {
	case o.Kind == entente.KindCharter && o.Charter != nil:
		var founded entente.CompactID
		founded, err = n.found(ctx, *o.Charter)
		id = entente.ActID(founded)
	case o.Kind == entente.KindAmendment && o.Charter != nil:
		id, err = n.amend(ctx, o.Compact, *o.Charter, o.Settles)
	case o.Kind == entente.KindAccession:
		id, err = n.accede(ctx, o.Compact, o.To, o.Text)
	case o.Kind == entente.KindSuspension:
		id, err = n.suspend(ctx, o.Compact, o.Member, o.Text)
	case o.Kind == entente.KindResumption:
		return n.resume(ctx, o.Compact, o.Member)
	default:
		err = entente.Errorf(entente.Invalid, "", "an order of kind %q on an agreement", o.Kind)
	}
	return []entente.ActID{id}, err
}

// pendingFor wants the terms to wait for this party.
func pendingFor(self entente.PartyID, s *compact.State, to entente.ActID) error {
	if to == entente.ActID(s.ID) {
		if slices.Contains(s.Missing, self) {
			return nil
		}
		return entente.Errorf(entente.Conflict, "", "this party has acceded already, or is not listed")
	}
	for _, p := range s.Pending {
		if p.ID == to {
			if slices.Contains(p.Missing, self) {
				return nil
			}
			return entente.Errorf(entente.Conflict, "", "the amendment does not wait for this party")
		}
	}
	return entente.Errorf(entente.Invalid, "entente compact shows what is pending", "no such terms are pending")
}

// Amend proposes a complete new charter in place of the terms in force.
func (n *Node) Amend(ctx context.Context, id entente.CompactID, c entente.Charter, settles []entente.Settlement) (entente.ActID, error) {
	if err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindAmendment, id) }); err != nil {
		return "", err
	}
	return n.amend(ctx, id, c, settles)
}

func (n *Node) amend(ctx context.Context, id entente.CompactID, c entente.Charter, settles []entente.Settlement) (entente.ActID, error) {
	return n.say(ctx, id, func(d *desk, s *compact.State) (entente.Act, error) {
		if !s.InForce {
			return entente.Act{}, entente.Errorf(entente.Refused, "wait for the accessions, or found another compact", "the compact is not in force yet")
		}
		for _, m := range c.Members {
			if err := d.partnerReady(m.Party); err != nil {
				return entente.Act{}, entente.Errorf(entente.Refused, entente.HintOf(err), "member %q: %w", m.Name, err)
			}
		}
		return entente.Act{Kind: entente.KindAmendment, Amendment: &entente.Amendment{Number: s.Number + 1, Base: s.Terms, Charter: c, Settles: settles}}, nil
	})
}

// Suspend stops, at once, all flow from and to this party (member is this
// party) or the flow to one other member.
func (n *Node) Suspend(ctx context.Context, id entente.CompactID, member entente.PartyID, reason string) (entente.ActID, error) {
	if err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindSuspension, id) }); err != nil {
		return "", err
	}
	return n.suspend(ctx, id, member, reason)
}

func (n *Node) suspend(ctx context.Context, id entente.CompactID, member entente.PartyID, reason string) (entente.ActID, error) {
	return n.say(ctx, id, func(d *desk, s *compact.State) (entente.Act, error) {
		if !s.Listed(member) {
			return entente.Act{}, entente.Errorf(entente.Invalid, "entente compact shows the roster", "party %s is not a member", entente.Short(member))
		}
		return entente.Act{Kind: entente.KindSuspension, Suspension: &entente.Suspension{Member: member, Reason: reason}}, nil
	})
}

// Resume lifts this party's suspensions of a member, or of itself: each by an
// act that names it.
func (n *Node) Resume(ctx context.Context, id entente.CompactID, member entente.PartyID) ([]entente.ActID, error) {
	if err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindResumption, id) }); err != nil {
		return nil, err
	}
	return n.resume(ctx, id, member)
}

func (n *Node) resume(ctx context.Context, id entente.CompactID, member entente.PartyID) ([]entente.ActID, error) {
	var standing []entente.ActID
	err := n.view(ctx, func(d *desk) error {
		s, err := d.state(id)
		if err != nil {
			return err
		}
		m := s.Members[d.self]
		if m == nil {
			return entente.ErrHidden
		}
		standing = m.Flows[member]
		if member == d.self {
			standing = m.Suspended
		}
		if len(standing) == 0 {
			return entente.Errorf(entente.Conflict, "entente compact shows what is suspended, and by whom", "this party has no suspension of that member")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []entente.ActID
	for _, lifts := range slices.Clone(standing) {
		act, err := n.say(ctx, id, func(*desk, *compact.State) (entente.Act, error) {
			return entente.Act{Kind: entente.KindResumption, Resumption: &entente.Resumption{Lifts: lifts}}, nil
		})
		if err != nil {
			return out, err
		}
		out = append(out, act)
	}
	return out, nil
}

// say signs the next act of this party's chain in a compact and accepts it. A
// concurrent act of this party moves the chain on; say then tries again.
func (n *Node) say(ctx context.Context, id entente.CompactID, draft func(*desk, *compact.State) (entente.Act, error)) (entente.ActID, error) {
	n.saying.Lock()
	defer n.saying.Unlock()
	var s entente.Signed
	err := n.view(ctx, func(d *desk) error {
		if err := d.working(); err != nil {
			return err
		}
		state, err := d.state(id)
		if err != nil {
			return err
		}
		if state.Charter == nil || !state.Listed(d.self) {
			return entente.ErrHidden
		}
		act, err := draft(d, state)
		if err != nil {
			return err
		}
		link := state.NextOn(d.self, kept(d.self, state, act))
		act.Compact, act.Chain = id, &link
		s, err = d.sign(act)
		return err
	})
	if err != nil {
		return "", err
	}
	_, err = n.Accept(ctx, n.self, entente.Batch{Parcels: []entente.Parcel{{Leaf: s.ID, Act: s.Envelope()}}})
	return s.ID, err
}

// kept is the branch of this party's own fork that the amendment it accedes to
// keeps: on that branch it has to sign.
func kept(self entente.PartyID, s *compact.State, act entente.Act) entente.ActID {
	var settles []entente.Settlement
	if act.Amendment != nil {
		settles = act.Amendment.Settles
	}
	for _, p := range s.Pending {
		if act.Accession != nil && act.Accession.To == p.ID {
			settles = p.Settles
		}
	}
	for _, x := range settles {
		if x.Author == self {
			return x.Keep
		}
	}
	return ""
}

// sign completes an act of this party and signs it with the act key.
func (d *desk) sign(a entente.Act) (entente.Signed, error) {
	_, card, err := d.current(d.Tx, d.self)
	if err != nil {
		return entente.Signed{}, err
	}
	a.Signer, a.Card, a.Time = d.self, card.Version, d.time()
	s, err := entente.Sign(a, d.Keys().Act)
	if err != nil {
		return s, entente.Errorf(entente.Invalid, "", "%w", err)
	}
	return s, nil
}

// retryParked judges again what waited for an act of this compact.
func (d *desk) retryParked(id entente.CompactID) error {
	rows, err := d.ParkedActs(id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := d.SetActState(row.ID, store.StateApplied); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		return d.owe(id)
	}
	return nil
}

// Compact is the folded state of one compact.
func (n *Node) Compact(ctx context.Context, id entente.CompactID) (*compact.State, error) {
	var out *compact.State
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, err = d.state(id)
		if err == nil && out.Charter == nil {
			err = entente.ErrHidden
		}
		return err
	})
	return out, err
}

// Compacts lists the folded states of all compacts that this party knows of.
func (n *Node) Compacts(ctx context.Context) ([]*compact.State, error) {
	var out []*compact.State
	err := n.view(ctx, func(d *desk) error {
		ids, err := d.Tx.Compacts()
		if err != nil {
			return err
		}
		for _, id := range ids {
			s, err := d.state(id)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, errors.Join(err)
}
