package main

import (
	"fmt"

	"entente"
	"entente/compact"
	"entente/node"
)

// needLine is a consent that the release of a record needs.
type needLine struct {
	Record     entente.RecordID   `json:"record"`
	For        entente.RecordID   `json:"for"` // what was to be released
	Use        entente.ConsentUse `json:"use"`
	Originator partyRef           `json:"originator"`
	// Suspended: the originator has suspended its flow to the recipient; no consent
	// counts until it resumes it.
	Suspended bool `json:"suspended"`
}

// needsOf lists what a release to one party needs.
func needsOf(r node.Recipient, n names, in *compact.State) []needLine {
	var out []needLine
	for _, x := range r.Decision.Needs {
		l := needLine{Record: x.Record, For: x.For, Use: x.Use, Originator: partyRef{x.Originator, n.of(x.Originator, in)}}
		if m := in.Members[x.Originator]; m != nil {
			l.Suspended = len(m.Suspended) > 0 || len(m.Flows[r.Party]) > 0
		}
		out = append(out, l)
	}
	return out
}

// text says what is missing towards a recipient.
func (n needLine) text(to partyRef) string {
	s := fmt.Sprintf("consent missing: to %s record %s of %s", plain(n.Use), entente.Short(n.Record), n.Originator)
	if n.Suspended {
		s += fmt.Sprintf("; no consent counts: %s has suspended its flow to %s", plain(n.Originator.Name), plain(to.Name))
	}
	return s
}

// asksFor are the commands that ask for what is needed, one a record and use. A
// record is relayed within the compact it came in; derived work may leave it.
func asksFor(recipients []recipientLine, in entente.CompactID) []string {
	type need struct {
		record entente.RecordID
		use    entente.ConsentUse
	}
	var order []need
	to := map[need]string{}
	for _, r := range recipients {
		for _, n := range r.Needs {
			if n.Suspended {
				continue // it would be asked in vain
			}
			k := need{n.Record, n.Use}
			if to[k] == "" {
				order = append(order, k)
			}
			to[k] += " --to " + entente.Short(r.Party)
		}
	}
	out := make([]string, len(order))
	for i, k := range order {
		out[i] = fmt.Sprintf("entente ask %s --use %s%s", entente.Short(k.record), k.use, to[k])
		if k.use == entente.Relay {
			out[i] += " --compact " + entente.Short(in)
		}
	}
	return out
}
