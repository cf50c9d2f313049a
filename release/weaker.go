package release

import (
	"slices"

	"entente"
)

// weaker names the first respect in which h allows what least does not; empty: none.
func weaker(h, least entente.Handling) string {
	missing := func(have, want []string) bool {
		return slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(have, s) })
	}
	switch {
	case slices.Index(entente.TLPs, h.TLP) > slices.Index(entente.TLPs, least.TLP):
		return "TLP:" + string(h.TLP) + " instead of TLP:" + string(least.TLP)
	case slices.Index(entente.Onwards, h.Onward) > slices.Index(entente.Onwards, least.Onward):
		return "onward rule " + string(h.Onward) + " instead of " + string(least.Onward)
	case least.Expires != "" && (h.Expires == "" || h.Expires > least.Expires):
		return "it lasts longer than " + string(least.Expires)
	case missing(h.Codes, least.Codes):
		return "a handling code is missing"
	case missing(h.Caveats, least.Caveats):
		return "a caveat is missing"
	case missing(least.Permitted, h.Permitted):
		return "it permits more uses"
	case h.Purpose != least.Purpose:
		return "another purpose than " + least.Purpose
	}
	return ""
}
