package release

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

// Format is a form in which records leave for another system.
type Format string

// The formats.
const (
	// FormatRecord is the record with the signed release it rests on: it carries
	// every part of the handling.
	FormatRecord Format = "record"
	// FormatSTIX is a bundle in which TLP and a statement marking carry the handling.
	FormatSTIX Format = "stix"
	// FormatRaw is the bare bytes: it carries no handling.
	FormatRaw Format = "raw"
)

// Formats lists the formats.
var Formats = []Format{FormatRecord, FormatSTIX, FormatRaw}

// Export judges whether a view may leave in this format, by a person who has
// acknowledged the permitted use or not. It returns nil if it may.
func Export(v View, f Format, acknowledged bool) *Refusal {
	for _, g := range v.Grants() {
		if f == FormatRaw {
			return &Refusal{
				Code: entente.RefusedTerms, Hint: "use a format that carries it: --format stix, or --format record",
				Reason: fmt.Sprintf("record %s of %s: bare bytes cannot carry its handling (%s)", entente.Short(v.ID()), entente.Short(v.Header().Originator), Conditions(g.Handling)),
			}
		}
		if !acknowledged && Conditions(g.Handling) != "" {
			return &Refusal{
				Code: entente.RefusedTerms, Hint: "read the conditions, then acknowledge them: --acknowledge",
				Reason: fmt.Sprintf("record %s comes under conditions: %s", entente.Short(v.ID()), Conditions(g.Handling)),
			}
		}
	}
	return nil
}

// Conditions are those of the handlings under which the reader may see the record,
// as far as they ask more of the reader than their label and onward rule say;
// empty: there is nothing to acknowledge.
func (v View) Conditions() string {
	var all []string
	for _, g := range v.Grants() {
		if h := g.Handling; len(h.Caveats)+len(h.Codes)+len(h.Permitted) > 0 {
			all = append(all, Conditions(h))
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}

// Conditions is handling in words, the text that a statement marking carries
// and that a person acknowledges.
func Conditions(h entente.Handling) string {
	parts := []string{"TLP:" + strings.ToUpper(string(h.TLP)), "purpose: " + h.Purpose, "onward: " + string(h.Onward)}
	if len(h.Permitted) > 0 {
		parts = append(parts, "permitted without further contact: "+strings.Join(h.Permitted, ", "))
	} else {
		parts = append(parts, "any use but reading needs the originator's word")
	}
	if len(h.Codes) > 0 {
		parts = append(parts, "codes: "+strings.Join(h.Codes, ", "))
	}
	if h.LegalBasis != "" {
		parts = append(parts, "legal basis: "+h.LegalBasis)
	}
	if h.Expires != "" {
		parts = append(parts, "ends on "+string(h.Expires))
	}
	return strings.Join(append(parts, h.Caveats...), "; ")
}
