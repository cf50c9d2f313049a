package entente

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Card is a party's signed description of itself. The ActID of its first card
// is the party's id. A card never names a compact.
//
// A card is signed by its root key and by every other signing key it lists, as
// proof that the party holds them. A later card names the one before and is
// signed by the root key that the one before committed to in NextRoot: each
// root key signs one card, so that a stolen one cannot bring in its successor.
// Two cards of one version freeze the party until people compare fingerprints
// again.
type Card struct {
	// Version counts from 1.
	Version int64 `json:"version"`
	// Previous is the card before; none in version 1.
	Previous ActID `json:"previous,omitempty"`
	// Name is what the party calls itself; at most 200 characters.
	Name string `json:"name"`
	// Keys by use, root first, each use at least once. Every key of a use must
	// sign what that use signs.
	Keys []CardKey `json:"keys"`
	// NextRoot is the Hash of the root key that will sign the next card.
	NextRoot string `json:"next_root"`
	// Endpoints are host:port where the node listens; none for a party that only dials out.
	Endpoints []string `json:"endpoints,omitempty"`
	// Epoch numbers the party's channels anew after a loss that could not be repaired.
	Epoch int64 `json:"epoch"`
	// LastHead is, in a card that opens an epoch, the last head of the party's
	// own book that it knows of.
	LastHead *TreeHead `json:"last_head,omitempty"`
}

// CardKey is one key and its use.
type CardKey struct {
	Use Use `json:"use"`
	Key Key `json:"key"`
}

// KeysFor lists the card's keys of one use.
func (c *Card) KeysFor(u Use) []Key {
	var out []Key
	for _, k := range c.Keys {
		if k.Use == u {
			out = append(out, k.Key)
		}
	}
	return out
}

var uses = []Use{UseRoot, UseAct, UseReceipt, UseTLS, UseSeal}

func (c *Card) check() error {
	if !counts(c.Version) {
		return fmt.Errorf("card version %d: counts from 1", c.Version)
	}
	if (c.Version == 1) != (c.Previous == "") {
		return fmt.Errorf("card version %d: every card but the first names the one before", c.Version)
	}
	if err := checkText("card name", c.Name, 1, 200); err != nil {
		return err
	}
	if len(c.Keys) > 16 || len(c.Endpoints) > 8 {
		return fmt.Errorf("card has %d keys and %d endpoints, at most 16 and 8", len(c.Keys), len(c.Endpoints))
	}
	seen := map[Key]bool{}
	order := 0
	for _, k := range c.Keys {
		at := slices.Index(uses, k.Use)
		if at < order {
			return fmt.Errorf("card key for %q: uses come in the order %v", k.Use, uses)
		}
		order = at
		alg, _, err := k.Key.bytes()
		if err != nil {
			return err
		}
		if (k.Use == UseSeal) != (alg == algX25519) {
			return fmt.Errorf("card key for %q has algorithm %s", k.Use, alg)
		}
		if alg == algEd25519 {
			if _, err := k.Key.Ed25519(); err != nil {
				return err
			}
		}
		if seen[k.Key] {
			return fmt.Errorf("card lists key %s twice: one key, one use", k.Key)
		}
		seen[k.Key] = true
	}
	for _, u := range uses {
		if len(c.KeysFor(u)) == 0 {
			return fmt.Errorf("card has no key for %q", u)
		}
	}
	if err := checkID("hash of the next root key", c.NextRoot); err != nil {
		return err
	}
	for k := range seen {
		if k.Hash() == c.NextRoot {
			return fmt.Errorf("card commits to key %s as its next root, but shows it already: make a new one and keep it hidden", k)
		}
	}
	for _, e := range c.Endpoints {
		if err := checkEndpoint(e); err != nil {
			return err
		}
	}
	if !counts(c.Epoch) {
		return fmt.Errorf("card epoch %d: counts from 1", c.Epoch)
	}
	if c.LastHead != nil {
		return c.LastHead.check()
	}
	return nil
}

// checkEndpoint wants host:port in printable ASCII, the port in digits.
func checkEndpoint(e string) error {
	host, port, err := net.SplitHostPort(e)
	number, notNumber := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || len(e) > 260 || notNumber != nil || strconv.FormatUint(number, 10) != port || number == 0 {
		return fmt.Errorf("card endpoint %.80q: expected host:port", e)
	}
	for i := range len(e) {
		if e[i] <= ' ' || e[i] > '~' {
			return fmt.Errorf("card endpoint %.80q: expected printable ASCII", e)
		}
	}
	return nil
}

// Follows says that next is the rightful successor of c, whose act id is id.
func (c *Card) Follows(id ActID, next *Card) error {
	if next.Version != c.Version+1 || next.Previous != id {
		return fmt.Errorf("card version %d does not follow version %d", next.Version, c.Version)
	}
	if next.Epoch < c.Epoch || next.Epoch > c.Epoch+1 {
		return fmt.Errorf("card epoch goes from %d to %d", c.Epoch, next.Epoch)
	}
	for _, k := range next.KeysFor(UseRoot) {
		if k.Hash() == c.NextRoot {
			return nil
		}
	}
	return fmt.Errorf("card version %d is not signed by the root key that version %d committed to", next.Version, c.Version)
}

// Reader is whoever a view is made for: another party, or an operator or tool
// account of one's own party.
type Reader struct {
	Party PartyID
	// Operator is empty for the party as a whole.
	Operator string
}

// checkText bounds a free text in characters and refuses control characters.
func checkText(what, s string, least, most int) error {
	n := utf8.RuneCountInString(s)
	if !utf8.ValidString(s) || n < least || n > most {
		return fmt.Errorf("%s has %d characters, expected %d to %d in UTF-8", what, n, least, most)
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return fmt.Errorf("%s has the control character %U", what, r)
		}
	}
	return nil
}
