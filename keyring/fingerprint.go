package keyring

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tyler-smith/go-bip39/wordlists"

	"entente"
)

// A fingerprint is read over the telephone in hex or in 12 words. A word stands
// for 11 bits: 128 of the fingerprint and, last, the first 4 of the SHA-256 of
// them, which tell a misheard word (15 times out of 16) from another party. The
// list is the English one of BIP 39, whose words differ in their first four
// letters.

const fingerprintWords = 12

// FingerprintWords spells a fingerprint in words.
func FingerprintWords(f [16]byte) string {
	bits := append(f[:], sha256Of(f[:]))
	out := make([]string, fingerprintWords)
	for i := range out {
		n := 0
		for b := i * 11; b < (i+1)*11; b++ {
			n = n<<1 | int(bits[b/8]>>(7-b%8)&1)
		}
		out[i] = wordlists.English[n]
	}
	return strings.Join(out, " ")
}

func sha256Of(b []byte) byte {
	sum := sha256.Sum256(b)
	return sum[0]
}

// FingerprintDigits writes a fingerprint in hex, in groups of four.
func FingerprintDigits(f [16]byte) string {
	h := hex.EncodeToString(f[:])
	var groups []string
	for i := 0; i < len(h); i += 4 {
		groups = append(groups, h[i:i+4])
	}
	return strings.Join(groups, " ")
}

// ParseFingerprint reads what FingerprintWords or FingerprintDigits wrote; case and what stands
// between the groups do not matter.
func ParseFingerprint(text string) ([16]byte, error) {
	const hint = "give the 32 hex digits or the 12 words that the party reads to you; it sees them with: entente fingerprint"
	parts := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" \t\r\n,;:-.", r) })
	if b, err := hex.DecodeString(strings.Join(parts, "")); err == nil && len(b) == 16 {
		return [16]byte(b), nil
	}
	if len(parts) != fingerprintWords {
		return [16]byte{}, entente.Errorf(entente.Invalid, hint, "fingerprint: expected 32 hex digits or 12 words, found %d groups", len(parts))
	}
	var bits [17]byte
	for i, word := range parts {
		n, err := wordNumber(word)
		if err != nil {
			return [16]byte{}, entente.Errorf(entente.Invalid, hint, "fingerprint: word %d %w", i+1, err)
		}
		for b := range 11 {
			at := i*11 + b
			bits[at/8] |= byte(n>>(10-b)&1) << (7 - at%8)
		}
	}
	if bits[16] != sha256Of(bits[:16])&0xf0 {
		return [16]byte{}, entente.Errorf(entente.Invalid, "have the words read to you again", "fingerprint: the words do not fit together: one of them was misheard or mistyped")
	}
	return [16]byte(bits[:16]), nil
}

// wordNumber finds a word, or the one that begins with its first four letters.
func wordNumber(word string) (int, error) {
	if n := slices.Index(wordlists.English, word); n >= 0 {
		return n, nil
	}
	if len(word) >= 4 {
		if n := slices.IndexFunc(wordlists.English, func(w string) bool { return strings.HasPrefix(w, word[:4]) }); n >= 0 {
			return 0, fmt.Errorf("%.20q is not in the list; the one that sounds like it is %q", word, wordlists.English[n])
		}
	}
	return 0, fmt.Errorf("%.20q is not in the list", word)
}
