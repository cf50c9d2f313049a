package node

import (
	"context"
	"slices"

	"entente"
	"entente/release"
)

// ExportedFormat is the format of a file of exported records.
const ExportedFormat = "entente-export/1"

// Exported is records as they leave in [release.FormatRecord]: their exact bytes,
// the signed releases that say under which handling, the consents that those rest
// on, and the cards of all who signed. It is checked without any store.
type Exported struct {
	Format  string           `json:"format"`
	By      entente.PartyID  `json:"by"` // who exported
	Records []ExportedRecord `json:"records"`
	Acts    [][]byte         `json:"acts"` // envelopes of releases and consents
	Parties []ExportedParty  `json:"parties"`
}

// ExportedRecord is one record with the releases that let By have it; none if it
// is By's own.
type ExportedRecord struct {
	Bytes    []byte          `json:"bytes"`
	Releases []entente.ActID `json:"releases"`
}

// ExportedParty is the cards of a party, oldest first.
type ExportedParty struct {
	Party entente.PartyID `json:"party"`
	Cards [][]byte        `json:"cards"`
}

// ExportRecords gathers what vouches for exported views.
func (n *Node) ExportRecords(ctx context.Context, views []release.View) (Exported, error) {
	out := Exported{Format: ExportedFormat, By: n.self, Records: []ExportedRecord{}, Acts: [][]byte{}}
	signers := []entente.PartyID{n.self}
	err := n.view(ctx, func(d *desk) error {
		seen := map[entente.ActID]bool{}
		add := func(id entente.ActID) (entente.Signed, error) {
			row, err := d.Act(id)
			if err != nil {
				return entente.Signed{}, err
			}
			s, err := entente.ParseSigned(row.Envelope)
			if err != nil {
				return s, brokenRow("act", id, err)
			}
			if !seen[id] {
				seen[id] = true
				out.Acts = append(out.Acts, row.Envelope)
				if !slices.Contains(signers, row.Signer) {
					signers = append(signers, row.Signer)
				}
			}
			return s, nil
		}
		for _, v := range views {
			rec := ExportedRecord{Bytes: v.Bytes(), Releases: []entente.ActID{}}
			for _, g := range v.Grants() {
				s, err := add(g.Release)
				if err != nil {
					return err
				}
				rec.Releases = append(rec.Releases, g.Release)
				for _, r := range s.Act.Release.Records {
					if r.Record == v.ID() && r.Consent != "" {
						if _, err := add(r.Consent); err != nil {
							return err
						}
					}
				}
			}
			out.Records = append(out.Records, rec)
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	for _, p := range signers {
		cards, err := n.Card(ctx, p)
		if err != nil {
			return out, err
		}
		out.Parties = append(out.Parties, ExportedParty{p, cards})
	}
	return out, nil
}

// Vouched is a record of an export with what stands behind it.
type Vouched struct {
	Record entente.Record
	// Handling is that of each release; none for what its exporter made itself,
	// which nobody has signed.
	Handling []entente.Handling
}

// Check verifies an export from its bytes alone: every record gives its id,
// every release is signed by its originator, or by a relay with the originator's
// consent, and lets the exporter have it. Who the parties are is for the reader
// to know: it compares the fingerprints of their cards.
func (x *Exported) Check() ([]Vouched, error) {
	if x.Format != ExportedFormat {
		return nil, entente.Errorf(entente.Invalid, "name a file that entente export --format record wrote", "format %.40q, expected %s", x.Format, ExportedFormat)
	}
	cards := map[entente.PartyID]map[int64]*entente.Card{}
	for _, p := range x.Parties {
		if len(p.Cards) == 0 {
			return nil, entente.Errorf(entente.Broken, "", "the cards of party %s are missing", entente.Short(p.Party))
		}
		var err error
		if cards[p.Party], err = checkCards(p.Party, p.Cards); err != nil {
			return nil, err
		}
	}
	acts := map[entente.ActID]*entente.Act{}
	for _, b := range x.Acts {
		s, err := entente.ParseSigned(b)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "", "an act of the export does not read: %w", err)
		}
		card := cards[s.Act.Signer][s.Act.Card]
		if card == nil {
			return nil, entente.Errorf(entente.Broken, "", "act %s: the card that its signature is checked with is missing", entente.Short(s.ID))
		}
		if err := s.VerifyBy(card); err != nil {
			return nil, err
		}
		acts[s.ID] = &s.Act
	}
	var out []Vouched
	for _, r := range x.Records {
		rec, err := entente.ParseRecord(r.Bytes)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "", "a record of the export does not read: %w", err)
		}
		if len(r.Releases) == 0 && rec.Header.Originator != x.By {
			return nil, entente.Errorf(entente.Broken, "", "record %s is another party's, and comes without a release", entente.Short(rec.ID))
		}
		v := Vouched{Record: rec}
		for _, id := range r.Releases {
			if err := vouches(acts, acts[id], &rec, x.By); err != nil {
				return nil, entente.Errorf(entente.Broken, "ask for it again, from whom you trust", "record %s, release %s: %w", entente.Short(rec.ID), entente.Short(id), err)
			}
			v.Handling = append(v.Handling, acts[id].Release.Handling)
		}
		out = append(out, v)
	}
	return out, nil
}

// vouches wants a release to let a party have this record, by its originator's word.
func vouches(acts map[entente.ActID]*entente.Act, act *entente.Act, rec *entente.Record, to entente.PartyID) error {
	if act == nil || act.Release == nil || act.To != to {
		return entente.Errorf(entente.Broken, "", "it is missing, or no release to the exporter")
	}
	i := slices.IndexFunc(act.Release.Records, func(r entente.Released) bool { return r.Record == rec.ID })
	if i < 0 {
		return entente.Errorf(entente.Broken, "", "it does not name the record")
	}
	if act.Signer == rec.Header.Originator {
		return nil
	}
	c := acts[act.Release.Records[i].Consent]
	if c == nil || c.Consent == nil || c.Signer != rec.Header.Originator || c.To != act.Signer || c.Compact != act.Compact || c.Consent.Refused != "" ||
		c.Consent.Record != rec.ID || c.Consent.Use != entente.Relay || !slices.Contains(c.Consent.Recipients, to) {
		return entente.Errorf(entente.Broken, "", "its signer is not the originator, and has no consent of the originator to pass it on to the exporter")
	}
	return nil
}
