package entente

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the type of an act.
type Kind string

// The kinds.
const (
	KindCard       Kind = "card"
	KindCharter    Kind = "charter"
	KindAccession  Kind = "accession"
	KindAmendment  Kind = "amendment"
	KindSuspension Kind = "suspension"
	KindResumption Kind = "resumption"
	KindRelease    Kind = "release"
	KindAsk        Kind = "ask"
	KindConsent    Kind = "consent"
	KindRecall     Kind = "recall"
	KindHead       Kind = "head"
	KindReceipt    Kind = "receipt"
)

var kinds = []Kind{
	KindCard, KindCharter, KindAccession, KindAmendment, KindSuspension, KindResumption,
	KindRelease, KindAsk, KindConsent, KindRecall, KindHead, KindReceipt,
}

// Control says whether acts of this kind always flow, even to a suspended or
// departed party.
func (k Kind) Control() bool {
	switch k {
	case KindRelease, KindAsk, KindConsent:
		return false
	}
	return true
}

// Chained says whether acts of this kind stand in their author's chain in the compact.
func (k Kind) Chained() bool {
	switch k {
	case KindAccession, KindAmendment, KindSuspension, KindResumption:
		return true
	}
	return false
}

// addressed says whether acts of this kind have one recipient.
func (k Kind) addressed() bool {
	switch k {
	case KindRelease, KindAsk, KindConsent, KindRecall, KindHead, KindReceipt:
		return true
	}
	return false
}

const (
	actFormat = "entente-act/1"
	// PayloadType is the DSSE payload type of an act.
	PayloadType = "application/vnd.entente.act+json"
	// MaxAct bounds the payload of an act, in bytes.
	MaxAct = 1 << 20
)

// Act is anything a party says that others rely on. Kind names the one body
// that is present.
//
// Evolution: a member is never added to this format; a decoder of version 1
// refuses what it does not know, for all members of an act are critical. A new
// format has a new name, its acts new ids, and both are read.
type Act struct {
	Format string `json:"format"`
	Kind   Kind   `json:"kind"`
	// Signer is absent only in a party's first card, whose id it will be.
	Signer PartyID `json:"signer,omitempty"`
	// Card is the version of the signer's card whose keys sign. A key is judged
	// by position: where a newer card has been, an older one counts no more.
	Card int64 `json:"card"`
	// Compact is absent in cards, charters and heads of a party's own book.
	Compact CompactID `json:"compact,omitempty"`
	// To is the one recipient of an addressed act.
	To    PartyID `json:"to,omitempty"`
	Nonce Nonce   `json:"nonce"` // 16 random bytes
	// Time is what the signer claims; it never orders or validates anything.
	Time Time `json:"time"`
	// Chain is present in accessions, amendments, suspensions and resumptions.
	Chain *Link `json:"chain,omitempty"`

	CardBody   *Card       `json:"card_body,omitempty"`
	Charter    *Charter    `json:"charter,omitempty"`
	Accession  *Accession  `json:"accession,omitempty"`
	Amendment  *Amendment  `json:"amendment,omitempty"`
	Suspension *Suspension `json:"suspension,omitempty"`
	Resumption *Resumption `json:"resumption,omitempty"`
	Release    *Release    `json:"release,omitempty"`
	Ask        *Ask        `json:"ask,omitempty"`
	Consent    *Consent    `json:"consent,omitempty"`
	Recall     *Recall     `json:"recall,omitempty"`
	Head       *Head       `json:"head,omitempty"`
	Receipt    *Receipt    `json:"receipt,omitempty"`
}

// Party is the id of the party that speaks in a: its signer, or for a first
// card, whose act id is id, the party that begins with it.
func (a *Act) Party(id ActID) PartyID {
	if a.Kind == KindCard && a.Signer == "" {
		return PartyID(id)
	}
	return a.Signer
}

// CompactOf is the compact that a belongs to: the one it names, or the one it founds.
func (a *Act) CompactOf(id ActID) CompactID {
	if a.Kind == KindCharter {
		return CompactID(id)
	}
	return a.Compact
}

// Signature is one signature of a DSSE envelope.
type Signature struct {
	KeyID Key    `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// Signed is an act with its signatures: a DSSE envelope whose payload is
// the one encoding of the act. The signatures are sorted by key, one a key.
type Signed struct {
	ID         ActID
	Act        Act
	Payload    []byte
	Signatures []Signature
}

type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []Signature `json:"signatures"`
}

// pae is the pre-authentication encoding of DSSE v1.0: what is signed and hashed.
func pae(payload []byte) []byte {
	b := make([]byte, 0, len(payload)+64)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(PayloadType)), 10)
	b = append(append(append(b, ' '), PayloadType...), ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	return append(append(b, ' '), payload...)
}

// Sign completes an act (format, nonce, kind check) and signs it with every signer.
func Sign(a Act, signers ...Signer) (Signed, error) {
	a.Format, a.Nonce = actFormat, NewNonce(16)
	payload, err := encode(&a)
	if err != nil {
		return Signed{}, err
	}
	return signPayload(payload, signers...)
}

// signPayload signs an encoded act as it is.
func signPayload(payload []byte, signers ...Signer) (Signed, error) {
	s, err := parsePayload(payload)
	if err != nil {
		return Signed{}, fmt.Errorf("sign: %w", err)
	}
	for _, k := range signers {
		sig, err := k.Sign(pae(payload))
		if err != nil {
			return Signed{}, fmt.Errorf("sign %s with %s: %w", s.Act.Kind, k.Key(), err)
		}
		s.Signatures = append(s.Signatures, Signature{k.Key(), base64.StdEncoding.EncodeToString(sig)})
	}
	slices.SortFunc(s.Signatures, func(a, b Signature) int { return strings.Compare(string(a.KeyID), string(b.KeyID)) })
	return s, nil
}

// Envelope is the bytes of the act as it travels.
func (s *Signed) Envelope() []byte {
	b, err := encode(&envelope{PayloadType, base64.StdEncoding.EncodeToString(s.Payload), s.Signatures})
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

// ParseSigned reads an envelope and the act in it. It checks form, not
// signatures: nothing may rest on the result before VerifyBy.
func ParseSigned(b []byte) (Signed, error) {
	if len(b) > MaxAct*4/3+8192 {
		return Signed{}, fmt.Errorf("envelope of %d bytes: an act has at most %d", len(b), MaxAct)
	}
	var e envelope
	if err := decode(b, &e); err != nil {
		return Signed{}, fmt.Errorf("envelope: %w", err)
	}
	if e.PayloadType != PayloadType {
		return Signed{}, fmt.Errorf("envelope: payload type %.60q, expected %s", e.PayloadType, PayloadType)
	}
	if len(e.Signatures) == 0 || len(e.Signatures) > 16 {
		return Signed{}, fmt.Errorf("envelope has %d signatures, expected 1 to 16", len(e.Signatures))
	}
	for i, sig := range e.Signatures {
		if i > 0 && e.Signatures[i-1].KeyID >= sig.KeyID {
			return Signed{}, fmt.Errorf("envelope signatures are sorted by key and differ: %.80q", sig.KeyID)
		}
		if _, err := sig.KeyID.Ed25519(); err != nil {
			return Signed{}, fmt.Errorf("envelope signature: %w", err)
		}
		if raw, err := unbase64(sig.Sig); err != nil || len(raw) != ed25519.SignatureSize {
			return Signed{}, fmt.Errorf("envelope signature by %s is not %d bytes in base64", sig.KeyID, ed25519.SignatureSize)
		}
	}
	payload, err := unbase64(e.Payload)
	if err != nil {
		return Signed{}, fmt.Errorf("envelope payload: %w", err)
	}
	s, err := parsePayload(payload)
	if err != nil {
		return Signed{}, err
	}
	s.Signatures = e.Signatures
	return s, nil
}

// unbase64 refuses what encoding/base64 lets pass even when it is strict: line
// ends in the middle, which would give one act several envelopes.
func unbase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("base64 with a line end in it")
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

func parsePayload(payload []byte) (Signed, error) {
	s := Signed{Payload: payload, ID: ActID(hashText(pae(payload)))}
	if len(payload) > MaxAct {
		return Signed{}, fmt.Errorf("act of %d bytes: at most %d", len(payload), MaxAct)
	}
	if err := decode(payload, &s.Act); err != nil {
		return Signed{}, fmt.Errorf("act: %w", err)
	}
	if err := s.Act.check(); err != nil {
		return Signed{}, fmt.Errorf("act: %w", err)
	}
	return s, nil
}

// ErrSignature is the cause of every refusal for want of a valid signature.
var ErrSignature = errors.New("signature does not verify")

// VerifyBy checks that every key of the card that must sign this kind has
// signed, and no other: root and all other signing keys for a card, receipt keys
// for heads and receipts, act keys for the rest. For a card, card is the card
// itself; that it follows the one before is for Card.Follows to say.
func (s *Signed) VerifyBy(card *Card) error {
	if s.Act.Card != card.Version {
		return fmt.Errorf("%s %s: signed under card version %d, checked against version %d: %w",
			s.Act.Kind, Short(s.ID), s.Act.Card, card.Version, ErrSignature)
	}
	var need []Key
	switch s.Act.Kind {
	case KindCard:
		for _, k := range card.Keys {
			if k.Use != UseSeal { // an X25519 key cannot sign
				need = append(need, k.Key)
			}
		}
	case KindHead, KindReceipt:
		need = card.KeysFor(UseReceipt)
	default:
		need = card.KeysFor(UseAct)
	}
	message := pae(s.Payload)
	for _, k := range need {
		if err := s.verifyOne(k, message); err != nil {
			return fmt.Errorf("%s %s by %s: %w", s.Act.Kind, Short(s.ID), card.Name, err)
		}
	}
	if len(need) == 0 {
		return fmt.Errorf("%s %s: the card has no key for it: %w", s.Act.Kind, Short(s.ID), ErrSignature)
	}
	for _, sig := range s.Signatures {
		if !slices.Contains(need, sig.KeyID) {
			return fmt.Errorf("%s %s by %s: key %s has nothing to sign here: %w", s.Act.Kind, Short(s.ID), card.Name, sig.KeyID, ErrSignature)
		}
	}
	return nil
}

func (s *Signed) verifyOne(k Key, message []byte) error {
	pub, err := k.Ed25519()
	if err != nil {
		return err
	}
	for _, sig := range s.Signatures {
		if sig.KeyID != k {
			continue
		}
		raw, err := unbase64(sig.Sig)
		if err == nil && ed25519.Verify(pub, message, raw) {
			return nil
		}
		return fmt.Errorf("key %s: %w", k, ErrSignature)
	}
	return fmt.Errorf("key %s has not signed: %w", k, ErrSignature)
}

// check wants exactly the members that the kind asks for.
func (a *Act) check() error {
	if a.Format != actFormat {
		return fmt.Errorf("format %.40q, this program reads %s", a.Format, actFormat)
	}
	if err := checkNonce(a.Nonce, 16); err != nil {
		return err
	}
	bodies := 0
	var body interface{ check() error }
	pick := func(k Kind, present bool, b interface{ check() error }) {
		if present {
			bodies++
			if k == a.Kind {
				body = b
			}
		}
	}
	pick(KindCard, a.CardBody != nil, a.CardBody)
	pick(KindCharter, a.Charter != nil, a.Charter)
	pick(KindAccession, a.Accession != nil, a.Accession)
	pick(KindAmendment, a.Amendment != nil, a.Amendment)
	pick(KindSuspension, a.Suspension != nil, a.Suspension)
	pick(KindResumption, a.Resumption != nil, a.Resumption)
	pick(KindRelease, a.Release != nil, a.Release)
	pick(KindAsk, a.Ask != nil, a.Ask)
	pick(KindConsent, a.Consent != nil, a.Consent)
	pick(KindRecall, a.Recall != nil, a.Recall)
	pick(KindHead, a.Head != nil, a.Head)
	pick(KindReceipt, a.Receipt != nil, a.Receipt)
	if bodies != 1 || body == nil {
		return fmt.Errorf("kind %.40q: expected that one body and no other", a.Kind)
	}
	first := a.Kind == KindCard && a.CardBody.Version == 1
	switch {
	case (a.Signer == "") != first:
		return fmt.Errorf("%s: every act but a first card names its signer", a.Kind)
	case a.Kind == KindCard && a.Card != a.CardBody.Version, !counts(a.Card):
		return fmt.Errorf("%s: card version %d", a.Kind, a.Card)
	case a.Time.IsZero():
		return fmt.Errorf("%s: time missing", a.Kind)
	case (a.Chain != nil) != a.Kind.Chained():
		return fmt.Errorf("%s: a place in the chain belongs to compact acts only", a.Kind)
	case (a.To != "") != a.Kind.addressed():
		return fmt.Errorf("%s: recipient missing, or none allowed", a.Kind)
	}
	own := a.Kind == KindHead && a.To == a.Signer // of a book, or of a log
	if (a.Compact == "") != (a.Kind == KindCard || a.Kind == KindCharter) && !(own && a.Compact == "") {
		return fmt.Errorf("%s: compact missing, or none allowed", a.Kind)
	}
	if a.To == a.Signer && a.Kind.addressed() && !own {
		return fmt.Errorf("%s: addressed to its own signer", a.Kind)
	}
	if a.Chain != nil {
		if err := a.Chain.check(); err != nil {
			return err
		}
	}
	if a.Kind == KindCharter {
		if _, ok := a.Charter.Seat(a.Signer); !ok {
			return fmt.Errorf("charter: its author is not on the roster")
		}
	}
	return body.check()
}

func (a *Accession) check() error {
	return checkText("reservation", a.Reservation, 0, 2000)
}

func (a *Amendment) check() error {
	if !counts(a.Number) || len(a.Settles) > 100 {
		return fmt.Errorf("amendment number %d settling %d forks: numbers count from 1, at most 100 forks", a.Number, len(a.Settles))
	}
	for i, s := range a.Settles {
		if !counts(s.Seq) || i > 0 && a.Settles[i-1].Keep >= s.Keep {
			return fmt.Errorf("amendment settlements are sorted by the act kept, positions count from 1")
		}
		for _, t := range a.Settles[:i] {
			if t.Author == s.Author && t.Seq == s.Seq {
				return fmt.Errorf("amendment settles position %d of %s twice", s.Seq, Short(s.Author))
			}
		}
	}
	return a.Charter.check()
}

func (s *Suspension) check() error { return checkText("suspension reason", s.Reason, 0, 2000) }

func (r *Resumption) check() error { return nil }

func (h *Head) check() error {
	if !counts(h.Epoch) {
		return fmt.Errorf("head of epoch %d: epochs count from 1", h.Epoch)
	}
	return h.Tree.check()
}
