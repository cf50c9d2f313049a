package release

import (
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/stix"
)

// FromMarkings gives what the markings of an object ask of its handling: the
// strictest label, "" if they give none, and the texts of its statement
// markings as caveats, sorted. Markings that are not understood ask for more
// than anybody knows; [MarkingConflict] names them.
func FromMarkings(m stix.Marks) (tlp entente.TLP, caveats []string) {
	return m.TLP, slices.Clone(m.Statements)
}

// MarkingConflict says in which ways handling h is wider than what the object
// says of itself; empty if it is not. A label counts wherever it stands:
// handling is for the whole object, so a part in red makes all of it red. A
// statement need not be repeated as a caveat, since the marking travels along.
func MarkingConflict(h entente.Handling, m stix.Marks) string {
	var out []string
	if m.TLP != "" && wider(entente.TLPs, h.TLP, m.TLP) {
		where := ""
		for _, g := range m.Granular {
			if g.TLP == m.TLP {
				where = " at " + strings.Join(g.Selectors, ", ")
				break
			}
		}
		out = append(out, fmt.Sprintf("the object is marked TLP:%s%s, the handling says TLP:%s", strings.ToUpper(string(m.TLP)), where, strings.ToUpper(string(h.TLP))))
	}
	for _, id := range m.Unknown {
		out = append(out, fmt.Sprintf("nobody can tell what %s asks: its definition is missing or not understood", id))
	}
	return strings.Join(out, "; ")
}
