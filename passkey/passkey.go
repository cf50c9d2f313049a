// Package passkey checks what a person's passkey has signed (WebAuthn Level 3).
//
// It keeps nothing and asks nobody: whoever has the registered key, the text that
// was to be signed and the browser's answer comes to the same result, at once or
// years after. A passkey counts only with its user verified (a PIN, a finger), and
// only for the origin at which it was registered.
package passkey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"entente"
)

// Key is a registered passkey.
type Key struct {
	ID     []byte `json:"id"`     // of the credential
	Public []byte `json:"public"` // COSE_Key (RFC 9052, section 7)
	Origin string `json:"origin"` // at which it was registered, such as https://desk.example.org
}

// Limits, in bytes.
const (
	maxAnswer = 32 << 10 // of what a browser answers
	maxID     = 1023     // WebAuthn Level 3, section 4: credential id
)

// algorithms are the ones a new passkey may have: Ed25519, ES256 and RS256, the
// last for Windows Hello.
var algorithms = []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgEdDSA, webauthncose.AlgES256, webauthncose.AlgRS256}

// Algorithms are the COSE numbers of the algorithms that a new passkey may have.
func Algorithms() []int {
	var out []int
	for _, a := range algorithms {
		out = append(out, int(a))
	}
	return out
}

// Challenge is what a passkey signs in place of a text: its SHA-256 (WebAuthn
// Level 3, section 13.4.3, asks for 16 bytes that cannot be guessed; these are
// bound to what is approved instead).
func Challenge(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}

// Register checks a browser's answer to navigator.credentials.create (WebAuthn
// Level 3, section 7.1), without attestation: who made the device does not matter.
// Errors are of kind entente.Refused.
func Register(answer, challenge []byte, origin string) (Key, error) {
	host, err := host(origin)
	if err != nil {
		return Key{}, err
	}
	if len(answer) > maxAnswer {
		return Key{}, refused("its answer has %d bytes, at most %d are read", len(answer), maxAnswer)
	}
	p, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Key{}, refused("its answer cannot be read: %w", err)
	}
	var params []protocol.CredentialParameter
	for _, a := range algorithms {
		params = append(params, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a})
	}
	_, err = p.Verify(base64.RawURLEncoding.EncodeToString(challenge), host, []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, true, true, nil, params, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return Key{}, refused("its answer does not hold: %w", err)
	}
	data := p.Response.AttestationObject.AuthData.AttData
	k := Key{ID: data.CredentialID, Public: data.CredentialPublicKey, Origin: origin}
	return k, k.Check()
}

// Check says whether a key is one that could have been registered.
func (k Key) Check() error {
	if len(k.ID) == 0 || len(k.ID) > maxID {
		return refused("its id has %d bytes", len(k.ID))
	}
	if _, err := webauthncose.ParsePublicKey(k.Public); err != nil {
		return refused("its key cannot be read: %w", err)
	}
	_, err := host(k.Origin)
	return err
}

// Name is a hash of the whole key: what a person approves who registers it.
func (k Key) Name() string {
	h := sha256.New()
	for _, part := range [][]byte{k.ID, k.Public, []byte(k.Origin)} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return "passkey " + hex.EncodeToString(h.Sum(nil))
}

// Of gives the id of the credential that a browser's answer is by.
func Of(answer []byte) ([]byte, error) {
	p, err := parse(answer)
	if err != nil {
		return nil, err
	}
	return p.RawID, nil
}

// Verify checks a browser's answer to navigator.credentials.get (WebAuthn Level
// 3, section 7.2). The signature counter has no say: most passkeys live on more
// than one device, and have none. Errors are of kind entente.Refused.
func (k Key) Verify(answer, challenge []byte) error {
	p, err := parse(answer)
	if err != nil {
		return err
	}
	if string(p.RawID) != string(k.ID) {
		return refused("it is another passkey")
	}
	host, err := host(k.Origin)
	if err != nil {
		return err
	}
	err = p.Verify(base64.RawURLEncoding.EncodeToString(challenge), host, "", []string{k.Origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, true, true, k.Public, protocol.SignaturePolicy{})
	if err != nil {
		return refused("its signature does not hold: %w", err)
	}
	return nil
}

func parse(answer []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(answer) > maxAnswer {
		return nil, refused("its answer has %d bytes, at most %d are read", len(answer), maxAnswer)
	}
	p, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, refused("its answer cannot be read: %w", err)
	}
	return p, nil
}

// host is the relying party id of an origin.
func host(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return "", refused("no origin %.80q", origin)
	}
	return u.Hostname(), nil
}

func refused(format string, args ...any) error {
	return entente.Errorf(entente.Refused, "try again, or use the password", "passkey: "+format, args...)
}
