package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"entente"
	"entente/release"
	"entente/store"
)

// Order is what a person wants released.
type Order struct {
	Compact  entente.CompactID  `json:"compact"`
	To       []entente.PartyID  `json:"to"`
	Records  []entente.RecordID `json:"records"`
	Handling entente.Handling   `json:"handling"`
	// NoSupersedes leaves out that a fuller record takes the place of the tearline
	// that a recipient has: it is not to learn that the two belong together.
	NoSupersedes bool `json:"no_supersedes,omitempty"`
}

// Preview says, before anything is signed, what an order would do.
type Preview struct {
	Compact    entente.CompactID
	Name       string // of the compact
	Handling   entente.Handling
	Recipients []Recipient
	// Tearlines are those among the records, with what they may still give away.
	Tearlines []TearlineNote
}

// Recipient is the part of a preview that concerns one party.
type Recipient struct {
	Party entente.PartyID
	Name  string
	// Way is how it travels: the party's endpoints, or that it dials in.
	Way []string
	// Releases is how many releases the order takes.
	Releases int
	// Decision is the judgement over all of them.
	Decision release.Decision
	Records  []release.Fact
	// Supersedes are tearlines that the party has, by the fuller record that takes
	// the place; the release says so to it alone.
	Supersedes map[entente.RecordID]entente.RecordID
}

// Allowed says whether the whole order may be signed.
func (p Preview) Allowed() bool {
	for _, r := range p.Recipients {
		if !r.Decision.Allowed() {
			return false
		}
	}
	return len(p.Recipients) > 0
}

// Err is nil, or the first reason why the order may not be signed.
func (p Preview) Err() error {
	for _, r := range p.Recipients {
		if err := r.Decision.Err(); err != nil {
			return entente.Errorf(entente.Refused, entente.HintOf(err), "to %s: %w", r.Name, err)
		}
	}
	if len(p.Recipients) == 0 {
		return entente.Errorf(entente.Invalid, "name at least one party: an empty set of recipients means nobody", "no recipient")
	}
	return nil
}

// Preview judges an order without signing anything.
func (n *Node) Preview(ctx context.Context, o Order) (Preview, error) {
	var out Preview
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, _, err = d.preview(o)
		return err
	})
	return out, err
}

// preview judges an order; it also gives the parts to release to each recipient.
func (d *desk) preview(o Order) (Preview, [][][]release.Fact, error) {
	p := Preview{Compact: o.Compact, Handling: o.Handling}
	if err := d.working(); err != nil {
		return p, nil, err
	}
	// Native codes tighten the rest of the handling.
	tightened, err := release.Apply(o.Handling, o.Handling.Codes...)
	if err != nil {
		return p, nil, entente.Errorf(entente.Invalid, "docs/handling.md lists the codes", "handling: %w", err)
	}
	o.Handling, p.Handling = tightened, tightened
	if len(o.Records) == 0 {
		return p, nil, entente.Errorf(entente.Invalid, "name at least one record", "nothing to release")
	}
	state, err := d.state(o.Compact)
	if err != nil {
		return p, nil, err
	}
	if state.Charter == nil {
		return p, nil, entente.ErrHidden
	}
	p.Name = state.Charter.Name
	if p.Tearlines, err = d.tearlineNotes(o.Records); err != nil {
		return p, nil, err
	}
	d.infos = map[entente.RecordID]store.Record{}
	plans := make([][][]release.Fact, len(o.To))
	for i, to := range o.To {
		// The facts of one recipient: consents and sources differ between them.
		facts, err := d.factsFor(o.Records, o.Compact, to, nil)
		if err != nil {
			return p, nil, err
		}
		parts := release.Order(facts)
		r := Recipient{Party: to, Name: d.nameOf(to), Releases: len(parts), Records: facts}
		if err := d.partnerReady(to); err != nil {
			r.Decision.Refusals = append(r.Decision.Refusals, &release.Refusal{Code: entente.RefusedForce, Reason: err.Error(), Hint: entente.HintOf(err)})
		} else if _, card, err := d.current(d.Tx, to); err != nil {
			return p, nil, err
		} else {
			r.Way = card.Endpoints
		}
		if !o.NoSupersedes {
			if r.Supersedes, err = d.superseded(to, o.Compact, facts); err != nil {
				return p, nil, err
			}
		}
		held, err := d.held(to, o.Compact, facts, false)
		if err != nil {
			return p, nil, err
		}
		if held == nil {
			held = map[string]bool{}
		}
		for _, part := range parts {
			decision := release.Send(release.Question{
				From: d.self, To: to, Compact: state, Terms: state.Terms, Handling: o.Handling,
				Records: part, Held: func(ref string) bool { return held[ref] }, Now: d.now,
			})
			r.Decision.Refusals = append(r.Decision.Refusals, decision.Refusals...)
			r.Decision.Missing = append(r.Decision.Missing, decision.Missing...)
			r.Decision.Needs = append(r.Decision.Needs, decision.Needs...)
			for _, f := range part {
				held[f.STIX] = true
			}
			if len(decision.Refusals) > 0 {
				break // the other parts are refused for the same reasons
			}
		}
		plans[i] = parts
		p.Recipients = append(p.Recipients, r)
	}
	return p, plans, nil
}

// Release signs an order: for each recipient as many releases as its size
// takes, each in the order of references, all of them accepted or none. Where
// it takes a person's approval, use Propose.
func (n *Node) Release(ctx context.Context, o Order) (Preview, []entente.ActID, error) {
	err := n.view(ctx, func(d *desk) error { return d.alone(entente.KindRelease, o.Compact) })
	if err != nil {
		return Preview{}, nil, noteRefusal(ctx, n, o, err)
	}
	return n.release(ctx, o)
}

func (n *Node) release(ctx context.Context, o Order) (Preview, []entente.ActID, error) {
	var parcels []arrived // signed a moment ago: they need not be read again
	var ids []entente.ActID
	var out Preview
	err := n.view(ctx, func(d *desk) error {
		var plans [][][]release.Fact
		var err error
		if out, plans, err = d.preview(o); err != nil {
			return err
		}
		if err := out.Err(); err != nil {
			return err
		}
		o.Handling = out.Handling
		state, err := d.state(o.Compact)
		if err != nil {
			return err
		}
		_, card, err := d.current(d.Tx, d.self)
		if err != nil {
			return err
		}
		secret, _, err := d.Meta(metaSecret)
		if err != nil {
			return err
		}
		entries := map[entente.RecordID]entente.Released{}
		for i, to := range o.To {
			for _, part := range plans[i] {
				released := make([]entente.Released, len(part))
				for k, f := range part {
					entry, ok := entries[f.ID]
					if !ok {
						if entry, err = d.released(f, secret, o.Compact); err != nil {
							return err
						}
						if f.Permit == nil { // it is the same for all recipients
							entries[f.ID] = entry
						}
					}
					released[k] = entry
					released[k].Supersedes = out.Recipients[i].Supersedes[f.ID]
				}
				s, err := entente.Sign(entente.Act{
					Kind: entente.KindRelease, Signer: d.self, Card: card.Version, Compact: o.Compact, To: to, Time: d.time(),
					Release: &entente.Release{Terms: state.Terms, Records: released, Handling: o.Handling},
				}, d.Keys().Act)
				if err != nil {
					return err
				}
				ids = append(ids, s.ID)
				parcels = append(parcels, arrived{Parcel: entente.Parcel{Leaf: s.ID, Act: s.Envelope()}, signed: s, party: d.self})
			}
		}
		return nil
	})
	if err != nil {
		if entente.KindOf(err) == entente.Refused {
			err = noteRefusal(ctx, n, o, err)
		}
		return out, nil, err
	}
	_, err = n.acceptParcels(ctx, n.self, entente.Batch{}, parcels)
	return out, ids, err
}

// released is a record's entry in a release, with its origin tags: a root
// observation of this party has its own, derived work the union of its
// sources', a tearline its root's or one of its own, and what is relayed those
// it came with. A tag that crosses into another compact is hashed with that
// compact's id.
func (d *desk) released(f release.Fact, secret string, id entente.CompactID) (entente.Released, error) {
	out := entente.Released{Record: f.ID}
	tags := map[entente.Tag]bool{}
	if f.Permit != nil {
		out.Consent = f.Permit.Consent
		if err := d.tagsOf(f.ID, id, tags); err != nil {
			return out, err
		}
	}
	sources, err := d.Tx.Sources(f.ID)
	if err != nil {
		return out, err
	}
	for _, s := range sources {
		row, _, err := d.heldRecord(s, "")
		if err != nil {
			return out, err
		}
		if row.Originator == d.self {
			root, err := d.rootOf(row.STIX)
			if err != nil {
				return out, err
			}
			if own, err := d.ownOrigin(f.STIX); err != nil {
				return out, err
			} else if own {
				root = f.STIX
			}
			tags[originTag(secret, root, id)] = true
		} else if err := d.tagsOf(s, id, tags); err != nil {
			return out, err
		}
	}
	if len(sources) == 0 && f.Permit == nil {
		root, err := d.rootOf(f.STIX)
		if err != nil {
			return out, err
		}
		tags[originTag(secret, root, id)] = true
	}
	out.Origins = slices.Sorted(maps.Keys(tags))
	return out, nil
}

// tagsOf collects the tags under which a foreign record was released to this party.
func (d *desk) tagsOf(record entente.RecordID, into entente.CompactID, tags map[entente.Tag]bool) error {
	grants, err := d.GrantsOfRecord(record)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Reader != d.self {
			continue
		}
		act, err := d.Act(g.Release)
		if err != nil {
			return err
		}
		s, err := entente.ParseSigned(act.Envelope)
		if err != nil {
			return brokenRow("release", act.ID, err)
		}
		for _, x := range s.Act.Release.Records {
			if x.Record != record {
				continue
			}
			for _, t := range x.Origins {
				if g.Compact != into {
					t = crossTag(t, into)
				}
				tags[t] = true
			}
		}
	}
	return nil
}

// crossTag is a tag as it shows in another compact.
func crossTag(t entente.Tag, into entente.CompactID) entente.Tag {
	sum := sha256.Sum256([]byte(string(t) + string(into)))
	return entente.Tag(hex.EncodeToString(sum[:16]))
}

func noteRefusal(ctx context.Context, n *Node, o Order, cause error) error {
	if err := n.note(ctx, store.Event{What: "refused", Who: "operator", Compact: o.Compact, Detail: cause.Error()}); err != nil {
		return err
	}
	return cause
}

// originTag is the tag of a root observation: all versions of one object share
// it, it says nothing without this party's secret, and one observation has
// tags in two compacts that cannot be linked.
func originTag(secret, stix string, id entente.CompactID) entente.Tag {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stix))
	return crossTag(entente.Tag(hex.EncodeToString(mac.Sum(nil)[:16])), id)
}
