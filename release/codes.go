package release

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

// The uses that native codes speak about. A handling may permit others, in a
// party's own words; a code that bounds the uses takes those away, for nobody
// can tell whether it covers them.
const (
	UseAnalysis = "analysis"        // compare and combine with own holdings, unseen from outside
	UseInternal = "internal action" // act inside one's own networks and premises
	UseIndirect = "indirect action" // act visibly but passively, such as a look-up at a third party
	UseDirect   = "direct action"   // act on what the record is about
	UseNotify   = "notification"    // tell those whom it affects
	UseArrest   = "arrest"
	UseCourt    = "court" // disclose in judicial proceedings
)

// Uses lists them, sorted.
var Uses = []string{UseAnalysis, UseArrest, UseCourt, UseDirect, UseIndirect, UseInternal, UseNotify}

// Code is what one native handling code asks of a handling. A code that its
// scheme leaves more room than a handling can say is read strictly.
type Code struct {
	Scheme, Code string
	Says         string         // what the scheme means by it
	TLP          entente.TLP    // at least as strict as this
	Onward       entente.Onward // at least as strict as this
	// Uses are at most what may be permitted; nil leaves the uses alone, an
	// empty list permits none without contact.
	Uses    []string
	Caveats []string
}

// Name is what a handling stores: scheme/code.
func (c Code) Name() string { return c.Scheme + "/" + c.Code }

var (
	none       = []string{}
	technical  = []string{UseAnalysis, UseDirect, UseIndirect, UseInternal}
	allBut     = func(use string) []string { return without(Uses, []string{use}) }
	lawful     = "For law-enforcement and prosecuting agencies only"
	askBefore  = "Ask the originator before any use"
	notInCourt = "Not for judicial proceedings without the originator's permission"
)

// Codes is the declared table (R16): every code that is understood, scheme by
// scheme. docs/handling.md is made from it.
var Codes = []Code{
	{"tlp", "red", "for the named recipients only", entente.TLPRed, entente.OnwardAsk, nil, nil},
	{"tlp", "amber+strict", "for the recipient's organisation, as far as its people need to know", entente.TLPAmberStrict, entente.OnwardAsk, nil, nil},
	{"tlp", "amber", "for the recipient's organisation and its clients, as far as they need to know", entente.TLPAmber, entente.OnwardAsk, nil, nil},
	{"tlp", "green", "for the community, not for the public", entente.TLPGreen, entente.OnwardMembers, nil, nil},
	{"tlp", "clear", "for everybody", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"tlp", "white", "the older name of clear", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"tlp", "ex:chr", "Chatham House rule: what was said may be used, who said it may not be told", entente.TLPClear, entente.OnwardMembers, nil, []string{"Do not tell who said it (Chatham House rule)"}},
	{"tlp", "unclear", "nobody knows what was meant, so the strictest label is taken", entente.TLPRed, entente.OnwardAsk, none, []string{askBefore}},

	{"tlp1", "red", "for the named recipients only", entente.TLPRed, entente.OnwardAsk, nil, nil},
	{"tlp1", "amber", "for the recipient's organisation and its clients; the source may have limited it further", entente.TLPAmber, entente.OnwardAsk, nil, nil},
	{"tlp1", "green", "for the community, not for the public", entente.TLPGreen, entente.OnwardMembers, nil, nil},
	{"tlp1", "white", "for everybody", entente.TLPClear, entente.OnwardMembers, nil, nil},

	{"europol", "H0", "only to prevent or combat crime", entente.TLPAmber, entente.OnwardAsk, nil, []string{"Only to prevent or combat crime"}},
	{"europol", "H1", "as H0, and not disclosed in judicial proceedings without permission", entente.TLPAmber, entente.OnwardAsk, allBut(UseCourt), []string{"Only to prevent or combat crime", notInCourt}},
	{"europol", "H2", "as H0, and not passed on without permission", entente.TLPAmberStrict, entente.OnwardAsk, nil, []string{"Only to prevent or combat crime", "Not passed on without the originator's permission"}},
	{"europol", "H3", "other restrictions, which the provider states in words", entente.TLPAmberStrict, entente.OnwardAsk, none, []string{"Only to prevent or combat crime", "The originator's further restrictions apply", askBefore}},

	{"5x5x5", "1", "may go to law-enforcement and prosecuting agencies at home and in states of equal rules", entente.TLPAmber, entente.OnwardAsk, nil, []string{lawful}},
	{"5x5x5", "2", "may go to bodies that do not prosecute, if authorised and recorded", entente.TLPAmber, entente.OnwardAsk, nil, []string{"Passing it on is authorised and recorded case by case"}},
	{"5x5x5", "3", "may go to law enforcement of other states, under special conditions", entente.TLPAmber, entente.OnwardAsk, allBut(UseCourt), []string{lawful, "The originator's conditions for use abroad apply"}},
	{"5x5x5", "4", "for the originating agency alone", entente.TLPRed, entente.OnwardNone, none, []string{"Meant for the originating agency alone"}},
	{"5x5x5", "5", "not passed on; the originator decides on every use", entente.TLPRed, entente.OnwardAsk, none, []string{"The originator's special handling applies", askBefore}},

	{"3x5x2", "P", "lawful sharing is permitted", entente.TLPAmber, entente.OnwardAsk, nil, nil},
	{"3x5x2", "C", "lawful sharing is permitted under conditions that come with it", entente.TLPAmberStrict, entente.OnwardAsk, none, []string{"The originator's conditions apply", askBefore}},

	{"iep2", "permitted_actions=none", "ask before acting on it", entente.TLPClear, entente.OnwardMembers, none, []string{askBefore}},
	{"iep2", "permitted_actions=contact-for-instruction", "ask before acting on it", entente.TLPClear, entente.OnwardMembers, none, []string{askBefore}},
	{"iep2", "permitted_actions=internally-visible-actions", "act so that only one's own networks show it", entente.TLPClear, entente.OnwardMembers, []string{UseAnalysis, UseInternal}, nil},
	{"iep2", "permitted_actions=externally-visible-indirect-actions", "act visibly, but only passively", entente.TLPClear, entente.OnwardMembers, []string{UseAnalysis, UseIndirect, UseInternal}, nil},
	{"iep2", "permitted_actions=externally-visible-direct-actions", "act visibly and directly", entente.TLPClear, entente.OnwardMembers, technical, nil},
	{"iep2", "encrypt_in_transit=must", "encrypted whenever it is passed on", entente.TLPClear, entente.OnwardMembers, nil, []string{"Encrypt it when passing it on"}},
	{"iep2", "encrypt_in_transit=may", "no demand", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"iep2", "affected_party_notifications=may", "those affected may be told", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"iep2", "affected_party_notifications=must-not", "those affected must not be told", entente.TLPClear, entente.OnwardMembers, allBut(UseNotify), []string{"Do not tell those whom it affects"}},
	{"iep2", "tlp=red", "for the named recipients only", entente.TLPRed, entente.OnwardAsk, nil, nil},
	{"iep2", "tlp=amber", "limited to those who need to know", entente.TLPAmber, entente.OnwardAsk, nil, nil},
	{"iep2", "tlp=green", "for the community", entente.TLPGreen, entente.OnwardMembers, nil, nil},
	{"iep2", "tlp=white", "for everybody", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"iep2", "attribution=may", "the provider may be named", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"iep2", "attribution=must", "the provider is named whenever it is passed on", entente.TLPClear, entente.OnwardMembers, nil, []string{"Name the provider when passing it on"}},
	{"iep2", "attribution=must-not", "the provider is never named", entente.TLPClear, entente.OnwardMembers, nil, []string{"Do not name the provider"}},
	{"iep2", "unmodified_resale=may", "no demand", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"iep2", "unmodified_resale=must-not", "not sold on as it is", entente.TLPClear, entente.OnwardMembers, nil, []string{"Do not sell it on"}},

	{"pap", "RED", "passive work that nobody outside can notice", entente.TLPClear, entente.OnwardMembers, []string{UseAnalysis}, nil},
	{"pap", "AMBER", "passive checks, also at third parties", entente.TLPClear, entente.OnwardMembers, []string{UseAnalysis, UseIndirect}, nil},
	{"pap", "GREEN", "active technical measures as well", entente.TLPClear, entente.OnwardMembers, technical, nil},
	{"pap", "CLEAR", "no limit to its use", entente.TLPClear, entente.OnwardMembers, nil, nil},
	{"pap", "WHITE", "the older name of CLEAR", entente.TLPClear, entente.OnwardMembers, nil, nil},
}

// Unmapped is a scheme, or a field of one, that is known and left out on purpose.
type Unmapped struct {
	Scheme string
	Code   string // what its codes begin with; empty: all of the scheme
	Why    string // with what to do instead, if there is something
}

// NotMapped lists them.
var NotMapped = []Unmapped{
	{"iep2", "id", "names a policy and asks nothing of the recipient"},
	{"iep2", "name", "names a policy and asks nothing of the recipient"},
	{"iep2", "description", "free text: write what it asks as a caveat"},
	{"iep2", "iep_version", "says how to read a policy and asks nothing of the recipient"},
	{"iep2", "start_date", "a release begins when it is made: wait for the day"},
	{"iep2", "end_date", "set the handling's expiry to it"},
	{"iep2", "external_reference", "leads to text elsewhere: write what it asks as a caveat"},
	{"retention", "", "switches off detection marks after a time, deletes nothing: set the handling's expiry"},
	{"admiralty-scale", "", "grades source and information, and says nothing of handling"},
	{"estimative-language", "", "grades a judgement, and says nothing of handling"},
	{"event-assessment", "", "says how an analysis was checked, and nothing of handling"},
	{"europol-event", "", "sorts events, and says nothing of handling"},
}

// Apply tightens h by native codes, each as scheme/code, and keeps them in
// h.Codes in the table's spelling; capitals make no difference. The result is
// never weaker than h. An unknown scheme or code is an error that names the
// known ones, and a result that does not fit one that wraps [ErrHandlingFull].
func Apply(h entente.Handling, codes ...string) (entente.Handling, error) {
	for _, name := range codes {
		code, err := Look(name)
		if err != nil {
			return entente.Handling{}, err
		}
		asked := h
		asked.TLP, asked.Onward = code.TLP, code.Onward
		asked.Codes, asked.Caveats = []string{code.Name()}, code.Caveats
		if code.Uses != nil {
			asked.Permitted = code.Uses
		}
		if h, err = Combine(h, asked); err != nil {
			return entente.Handling{}, fmt.Errorf("handling code %s: %w", code.Name(), err)
		}
	}
	return h, nil
}

// Look finds a code of the table by its name, scheme/code.
func Look(name string) (Code, error) {
	scheme, code, ok := strings.Cut(name, "/")
	if !ok {
		return Code{}, fmt.Errorf("handling code %.60q: expected scheme/code, with a scheme out of %s", name, strings.Join(schemes(), ", "))
	}
	var known []string
	for _, c := range Codes {
		if strings.EqualFold(c.Scheme, scheme) {
			if strings.EqualFold(c.Code, code) {
				return c, nil
			}
			known = append(known, c.Code)
		}
	}
	for _, u := range NotMapped {
		field, _, _ := strings.Cut(code, "=")
		if strings.EqualFold(u.Scheme, scheme) && (u.Code == "" || strings.EqualFold(u.Code, field)) {
			return Code{}, fmt.Errorf("handling code %.60q is not mapped: it %s", name, u.Why)
		}
	}
	if known == nil {
		return Code{}, fmt.Errorf("handling code %.60q: scheme %.30q is none of %s", name, scheme, strings.Join(schemes(), ", "))
	}
	return Code{}, fmt.Errorf("handling code %.60q: scheme %s has %s", name, scheme, strings.Join(known, ", "))
}

func schemes() []string {
	var out []string
	for _, c := range Codes {
		if !slices.Contains(out, c.Scheme) {
			out = append(out, c.Scheme)
		}
	}
	return out
}
