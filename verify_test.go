package entente

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"
)

// Signatures, cards and keys: what must not be believed. The vectors of the
// class "signature" in testdata/refused are the other half.

func TestEveryActVerifiesUnderItsOwnCardOnly(t *testing.T) {
	c := theCast()
	cards := []string{"card-ardel", "card-bresk", "card-cimar", "card-rotated"}
	for _, e := range c.Acts {
		for _, name := range cards {
			err := e.Signed.VerifyBy(c.act(name).Act.CardBody)
			if own := name == e.Card; (err == nil) != own {
				t.Errorf("%s under %s: %v", e.Name, name, err)
			} else if !own && !errors.Is(err, ErrSignature) {
				t.Errorf("%s under %s: the cause is %v, expected ErrSignature", e.Name, name, err)
			}
		}
	}
}

func TestNothingIsSignedByAnEmptyCard(t *testing.T) {
	s := *theCast().act("release")
	if err := s.VerifyBy(&Card{Version: 1}); !errors.Is(err, ErrSignature) {
		t.Errorf("a card without keys: %v", err)
	}
	s.Signatures = nil
	if err := s.VerifyBy(&Card{Version: 1}); !errors.Is(err, ErrSignature) {
		t.Errorf("no signature under a card without keys: %v", err)
	}
	if err := s.VerifyBy(theCast().card("release")); !errors.Is(err, ErrSignature) {
		t.Errorf("no signature: %v", err)
	}
	if _, err := ParseSigned(s.Envelope()); err == nil {
		t.Error("an envelope without a signature was read")
	}
	if _, err := (PrivateKey{}).Sign(nil); err == nil {
		t.Error("signed with no key")
	}
}

func TestSignRefusesWhatNobodyWouldAccept(t *testing.T) {
	c := theCast()
	key := testKey("ardel", UseAct, 1)
	for name, a := range map[string]Act{
		"id in a set": {Kind: KindRecall, Signer: c.Ardel, Card: 1, Compact: c.Compact, To: c.Bresk, Time: minute(1), Recall: &Recall{Ends: []ActID{"x"}, Scope: "delete", Reason: "x"}},
		"no id":       {Kind: KindResumption, Signer: c.Ardel, Card: 1, Compact: c.Compact, Time: minute(1), Chain: &Link{Seq: 1, Prev: ActID(c.Compact)}, Resumption: &Resumption{}},
		"text":        {Kind: KindSuspension, Signer: c.Ardel, Card: 1, Compact: c.Compact, Time: minute(1), Chain: &Link{Seq: 1, Prev: ActID(c.Compact)}, Suspension: &Suspension{Member: c.Ardel, Reason: "\xff"}},
	} {
		if s, err := Sign(a, key); err == nil {
			t.Errorf("%s: signed %s", name, s.Payload)
		}
	}
}

// In whatever order the keys sign, the envelope is the same.
func TestOrderOfSignersDoesNotShow(t *testing.T) {
	c := theCast()
	s := c.act("recall")
	a, b := testKey("ardel", UseAct, 1), testKey("ardel", UseAct, 2)
	one, err1 := signPayload(s.Payload, a, b)
	two, err2 := signPayload(s.Payload, b, a)
	if err1 != nil || err2 != nil || string(one.Envelope()) != string(two.Envelope()) {
		t.Errorf("two envelopes (%v, %v):\n%s\n%s", err1, err2, one.Envelope(), two.Envelope())
	}
}

func TestCardFollows(t *testing.T) {
	c := theCast()
	first, second := c.act("card-ardel"), c.act("card-rotated").Act.CardBody
	if err := first.Act.CardBody.Follows(first.ID, second); err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*Card)) *Card {
		next := *second
		next.Keys = slices.Clone(next.Keys)
		edit(&next)
		return &next
	}
	for name, next := range map[string]*Card{
		"same card":                  first.Act.CardBody,
		"skips a version":            with(func(n *Card) { n.Version = 3 }),
		"goes back":                  with(func(n *Card) { n.Version = 0 }),
		"names another before":       with(func(n *Card) { n.Previous = c.act("charter").ID }),
		"names none before":          with(func(n *Card) { n.Previous = "" }),
		"epoch goes back":            with(func(n *Card) { n.Epoch = 0 }),
		"epoch jumps":                with(func(n *Card) { n.Epoch = 3 }),
		"root that nobody committed": with(func(n *Card) { n.Keys[0].Key = testKey("ardel", UseRoot, 7).Key() }),
		"stolen root brings itself":  with(func(n *Card) { n.Keys[0].Key = testKey("ardel", UseRoot, 1).Key() }),
		"committed root as an act key": with(func(n *Card) {
			n.Keys[0].Key, n.Keys[1].Key = testKey("ardel", UseRoot, 7).Key(), testKey("ardel", UseRoot, 2).Key()
		}),
	} {
		if err := first.Act.CardBody.Follows(first.ID, next); err == nil {
			t.Errorf("%s: follows", name)
		}
	}
	if err := first.Act.CardBody.Follows(c.act("charter").ID, second); err == nil {
		t.Error("follows a card with another id")
	}
	if err := first.Act.CardBody.Follows(first.ID, with(func(n *Card) { n.Epoch = 1 })); err != nil {
		t.Errorf("a new card in the same epoch: %v", err)
	}
}

// torsion gives the eight points of small order: multiples of l·P, for a P of
// the whole curve, where l is the order of the prime subgroup.
func torsion(t *testing.T) []*edwards25519.Point {
	t.Helper()
	l, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	l.Add(l, new(big.Int).Lsh(big.NewInt(1), 252))
	for y := byte(2); ; y++ {
		p, err := new(edwards25519.Point).SetBytes(append([]byte{y}, make([]byte, 31)...))
		if err != nil {
			continue
		}
		q := edwards25519.NewIdentityPoint()
		for i := l.BitLen() - 1; i >= 0; i-- {
			q.Add(q, q)
			if l.Bit(i) == 1 {
				q.Add(q, p)
			}
		}
		four := new(edwards25519.Point).Add(q, q)
		four.Add(four, four)
		if four.Equal(edwards25519.NewIdentityPoint()) == 1 {
			continue // not a generator of the eight; take another point
		}
		out := []*edwards25519.Point{edwards25519.NewIdentityPoint()}
		for len(out) < 8 {
			out = append(out, new(edwards25519.Point).Add(out[len(out)-1], q))
		}
		if last := new(edwards25519.Point).Add(out[7], q); last.Equal(out[0]) != 1 {
			t.Fatal("the point does not have order 8")
		}
		return out
	}
}

// smallOrderSpellings are all encodings of those points, canonical or not: every
// y below 2^255 that is one of theirs modulo p, with both sign bits.
func smallOrderSpellings(t *testing.T) map[[32]byte]bool {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	out := map[[32]byte]bool{}
	for _, point := range torsion(t) {
		b := point.Bytes()
		b[31] &= 0x7f
		slices.Reverse(b)
		for y := new(big.Int).SetBytes(b); y.BitLen() <= 255; y.Add(y, p) {
			var e [32]byte
			y.FillBytes(e[:])
			slices.Reverse(e[:])
			out[e] = true
			e[31] |= 0x80
			out[e] = true
		}
	}
	return out
}

func TestKeysOfSmallOrderAreRefused(t *testing.T) {
	spellings := smallOrderSpellings(t)
	if len(spellings) != 2*len(smallOrder) {
		t.Errorf("there are %d spellings, the list has %d and their other sign", len(spellings), len(smallOrder))
	}
	forgeable := 0
	for e := range spellings {
		k := Ed25519Key(e[:])
		if _, err := k.Ed25519(); err == nil || !strings.Contains(err.Error(), "small order") {
			t.Errorf("%s: %v", k, err)
		}
		// Without the list, anybody could sign for this key: R = a point of small
		// order, S = 0. It verifies whenever R = -[h]A, which a few tries give.
		if forge(t, e[:]) {
			forgeable++
		}
		card := *theCast().act("card-bresk").Act.CardBody
		card.Keys = []CardKey{{UseAct, k}}
		s := *theCast().act("resumption")
		s.Signatures = []Signature{{k, s.Signatures[0].Sig}}
		if err := s.VerifyBy(&card); err == nil {
			t.Errorf("an act under the key %s was believed", k)
		}
	}
	if forgeable < 8 {
		t.Errorf("only %d of these keys can be forged with crypto/ed25519: the test has lost its point", forgeable)
	}
	t.Logf("%d spellings, %d of them can be forged with crypto/ed25519", len(spellings), forgeable)
	good := testKey("ardel", UseAct, 1).Key()
	if _, err := good.Ed25519(); err != nil {
		t.Errorf("an honest key: %v", err)
	}
}

// forge signs messages for a key nobody has.
func forge(t *testing.T, key []byte) bool {
	t.Helper()
	if _, err := new(edwards25519.Point).SetBytes(key); err != nil {
		return false // no such point: crypto/ed25519 refuses it too
	}
	for _, r := range torsion(t) {
		for i := range 64 {
			message := fmt.Appendf(nil, "a release nobody signed, %d", i)
			if ed25519.Verify(key, message, append(r.Bytes(), make([]byte, 32)...)) {
				return true
			}
		}
	}
	return false
}

// An act forged in full under a small-order key: the one list stands between
// it and belief.
func TestForgedActIsRefused(t *testing.T) {
	identity := append([]byte{1}, make([]byte, 31)...)
	s := *theCast().act("release")
	if !ed25519.Verify(identity, pae(s.Payload), append(identity, make([]byte, 32)...)) {
		t.Fatal("crypto/ed25519 no longer accepts the forgery: the test has lost its point")
	}
	k := Ed25519Key(identity)
	s.Signatures = []Signature{{k, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}}
	card := *theCast().card("release")
	card.Keys = []CardKey{{UseAct, k}}
	if err := s.VerifyBy(&card); err == nil || !strings.Contains(err.Error(), "small order") {
		t.Errorf("forged: %v", err)
	}
}

// The pre-authentication encoding, word for word from DSSE v1.0.
func TestPreAuthenticationEncoding(t *testing.T) {
	got := string(pae([]byte("hé")))
	if want := "DSSEv1 32 application/vnd.entente.act+json 3 hé"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestFingerprint(t *testing.T) {
	id := theCast().act("card-ardel").ID
	if f := Fingerprint(id); hex.EncodeToString(f[:]) != hex.EncodeToString(sha([]byte(id))[:16]) {
		t.Errorf("fingerprint %x", f)
	}
}
