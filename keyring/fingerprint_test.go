package keyring

import (
	"encoding/hex"
	"strings"
	"testing"

	"entente"

	"github.com/tyler-smith/go-bip39/wordlists"
)

// The published vectors of BIP 39 for 128 bits: its words are the same ones.
var wordVectors = map[string]string{
	"00000000000000000000000000000000": "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
	"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f": "legal winner thank year wave sausage worth useful legal winner thank yellow",
	"80808080808080808080808080808080": "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
	"ffffffffffffffffffffffffffffffff": "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
}

func TestFingerprintsInWordsAndDigits(t *testing.T) {
	for text, want := range wordVectors {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		f := [16]byte(b)
		if got := FingerprintWords(f); got != want {
			t.Errorf("%s: words %q, want %q", text, got, want)
		}
		for _, spelled := range []string{want, strings.ToUpper(want), strings.ReplaceAll(want, " ", "-"), "  " + want + "\n", FingerprintDigits(f), text, strings.ToUpper(text), strings.ReplaceAll(FingerprintDigits(f), " ", ":")} {
			if got, err := ParseFingerprint(spelled); err != nil || got != f {
				t.Errorf("%q reads as %x, %v; want %x", spelled, got, err, f)
			}
		}
	}
}

// A word that was misheard is found 15 times out of 16; the others give another
// fingerprint, which no card has.
func TestAMisheardWordIsFoundOrLeadsNowhere(t *testing.T) {
	right := strings.Fields(FingerprintWords([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}))
	want, err := ParseFingerprint(strings.Join(right, " "))
	if err != nil {
		t.Fatal(err)
	}
	found, all := 0, 0
	for at := range right {
		for n := 0; n < len(wordlists.English); n += 37 {
			heard := append([]string{}, right...)
			if heard[at] = wordlists.English[n]; heard[at] == right[at] {
				continue
			}
			all++
			got, err := ParseFingerprint(strings.Join(heard, " "))
			switch {
			case err != nil:
				found++
			case got == want:
				t.Errorf("%v reads like %v", heard, right)
			}
		}
	}
	if rate := float64(found) / float64(all); rate < 0.9 {
		t.Errorf("%d of %d misheard words found (%.2f), expected about 15 of 16", found, all, rate)
	}
}

func TestFingerprintsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "found 0 groups",
		"abandon about":                       "found 2 groups",
		"00000000000000000000000000000000 00": "found 2 groups",
		strings.Repeat("abandon ", 12):        "misheard",
		strings.Repeat("zzz ", 12):            `word 1 "zzz" is not in the list`,
		"zoo zoo abandom" + strings.Repeat(" zoo", 9): `word 3 "abandom" is not in the list; the one that sounds like it is "abandon"`,
	} {
		if _, err := ParseFingerprint(text); err == nil || !strings.Contains(err.Error(), want) || entente.HintOf(err) == "" {
			t.Errorf("%q: %v (hint %q), want %q and a hint", text, err, entente.HintOf(err), want)
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	for text, spelled := range wordVectors {
		f.Add(text)
		f.Add(spelled)
	}
	f.Add("e155 12e5 fb79 f0f2 2365 dd02 8a9e a0ae")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseFingerprint(text)
		if err != nil {
			return
		}
		for _, again := range []string{FingerprintWords(p), FingerprintDigits(p)} {
			if q, err := ParseFingerprint(again); err != nil || q != p {
				t.Errorf("%q reads as %x, %v; want %x", again, q, err, p)
			}
		}
	})
}
