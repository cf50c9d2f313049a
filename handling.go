package entente

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// TLP is a label of the Traffic Light Protocol 2.0 (FIRST, 2022).
type TLP string

// The labels, strictest first.
const (
	TLPRed         TLP = "red"
	TLPAmberStrict TLP = "amber+strict"
	TLPAmber       TLP = "amber"
	TLPGreen       TLP = "green"
	TLPClear       TLP = "clear"
)

// TLPs lists the labels from the strictest to the widest.
var TLPs = []TLP{TLPRed, TLPAmberStrict, TLPAmber, TLPGreen, TLPClear}

// Onward says what a recipient may do with a record towards others.
type Onward string

// The onward rules, strictest first.
const (
	OnwardNone    Onward = "none"    // not at all; do not ask
	OnwardAsk     Onward = "ask"     // with the originator's signed consent
	OnwardMembers Onward = "members" // consent is given in advance for members of the compact
)

// Onwards lists the rules from the strictest to the widest.
var Onwards = []Onward{OnwardNone, OnwardAsk, OnwardMembers}

// Date is a day in UTC, "2006-01-02".
type Date string

// DateOf is the day that t falls on; expiry is rounded down to it.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }

// Start is the first instant of the day.
func (d Date) Start() (time.Time, error) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return t, fmt.Errorf("date %.20q: expected YYYY-MM-DD", d)
	}
	return t, nil
}

// Handling says how a recipient must treat what is released to it. It is given
// in full with every release; nothing is inherited silently.
type Handling struct {
	TLP TLP `json:"tlp"`
	// Codes are native codes as "scheme/code", sorted: "europol/H1", "5x5x5/2".
	Codes  []string `json:"codes,omitempty"`
	Onward Onward   `json:"onward"`
	// Permitted lists the uses that need no further contact, sorted; none means
	// that every use but reading needs it.
	Permitted []string `json:"permitted,omitempty"`
	// Purpose is one of the compact's purposes.
	Purpose string `json:"purpose"`
	// LegalBasis is the originator's basis for this release.
	LegalBasis string `json:"legal_basis,omitempty"`
	// Expires is the day at whose start (UTC) the release ends; none: with the compact.
	Expires Date `json:"expires,omitempty"`
	// Caveats are free texts shown with the record, sorted.
	Caveats []string `json:"caveats,omitempty"`
}

// Expired says whether the release has ended at this time.
func (h Handling) Expired(now time.Time) bool {
	if h.Expires == "" {
		return false
	}
	start, err := h.Expires.Start()
	return err != nil || !now.Before(start)
}

func (h *Handling) check() error {
	if !slices.Contains(TLPs, h.TLP) {
		return fmt.Errorf("handling: TLP %.20q is none of %v", h.TLP, TLPs)
	}
	if !slices.Contains(Onwards, h.Onward) {
		return fmt.Errorf("handling: onward rule %.20q is none of %v", h.Onward, Onwards)
	}
	if err := checkText("handling purpose", h.Purpose, 1, 200); err != nil {
		return err
	}
	if err := checkText("handling legal basis", h.LegalBasis, 0, 500); err != nil {
		return err
	}
	if h.Expires != "" {
		if _, err := h.Expires.Start(); err != nil {
			return fmt.Errorf("handling expiry: %w", err)
		}
	}
	for _, c := range h.Codes {
		if scheme, code, ok := strings.Cut(c, "/"); !ok || scheme == "" || code == "" {
			return fmt.Errorf("handling code %.40q: expected scheme/code, such as europol/H1", c)
		}
	}
	for _, set := range []struct {
		what string
		list []string
	}{{"code", h.Codes}, {"permitted use", h.Permitted}, {"caveat", h.Caveats}} {
		if err := checkSet("handling "+set.what, set.list, 16, 500); err != nil {
			return err
		}
	}
	return nil
}

// checkSet wants a sorted list without repetition: a set has one encoding.
func checkSet[T ~string](what string, list []T, most, length int) error {
	if len(list) > most {
		return fmt.Errorf("%s: %d entries, at most %d", what, len(list), most)
	}
	for i, s := range list {
		if err := checkText(what, string(s), 1, length); err != nil {
			return err
		}
		if i > 0 && list[i-1] >= s {
			return fmt.Errorf("%s %q: entries are sorted and differ", what, s)
		}
	}
	return nil
}
