// Package spelling says which spellings are one word, in any script, so that
// what one person writes another finds.
//
// Words come apart at everything that is neither letter nor digit. Scripts that
// set no spaces between words come apart into letters, and are found as phrases of
// them. Nothing is translated or reduced to stems.
package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Word is one word of a text.
type Word struct {
	Text       string // folded
	Start, End int    // where it stands in the text, in bytes
}

// maxWord bounds a folded word, in runes; of longer ones the begin counts.
const maxWord = 64

// Words gives the words of a text in its order.
func Words(text string) []Word {
	var out []Word
	start := -1
	end := func(at int) {
		if start >= 0 {
			if folded := Fold(text[start:at]); folded != "" {
				out = append(out, Word{folded, start, at})
			}
		}
		start = -1
	}
	alone := false // the word that is open takes marks, and nothing else
	for i, r := range text {
		switch {
		case unicode.IsMark(r) || r == '\u00ad' || r == '\u0640': // soft hyphen, tatweel: they part nothing
		case spaceless(r):
			end(i)
			start, alone = i, true
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if alone {
				end(i)
				alone = false
			}
			if start < 0 {
				start = i
			}
		default:
			end(i)
			alone = false
		}
	}
	end(len(text))
	return out
}

// spaceless says whether a letter is of a script that sets no spaces between words.
func spaceless(r rune) bool {
	const long = '\u30fc' // of both kana, so that it has no script of its own
	return r > 0xdff && (r == long || unicode.IsLetter(r) && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan))
}

// Fold gives the one spelling of a word: compatibility forms resolved (Unicode
// Standard Annex 15, NFKD), small letters, without accents, vowel signs of Arabic
// and Hebrew, and tatweel; letters that keyboards of Arabic and Persian write
// differently as one; without the Arabic article.
func Fold(word string) string {
	if ascii(word) {
		return cut(strings.ToLower(word))
	}
	var b strings.Builder
	b.Grow(len(word))
	for _, r := range norm.NFKD.String(word) {
		if unicode.Is(dropped, r) || !(unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) {
			continue // ͺ and the like come apart into a space and a mark
		}
		if same, ok := alike[r]; ok {
			r = same
		}
		b.WriteRune(unicode.ToLower(r))
	}
	out := norm.NFC.String(b.String())
	if rest, ok := strings.CutPrefix(out, "ال"); ok && utf8.RuneCountInString(rest) >= 3 {
		out = rest
	}
	return cut(strings.ReplaceAll(out, "ß", "ss"))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func cut(word string) string {
	if len(word) <= maxWord {
		return word
	}
	n := 0
	for i := range word {
		if n == maxWord {
			return word[:i]
		}
		n++
	}
	return word
}

// dropped are marks without which a word is the same to who looks for it. Vowel
// signs of other scripts stay: there they are the word.
var dropped = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00ad, 0x00ad, 1}, // soft hyphen
		{0x0300, 0x036f, 1}, // accents
		{0x0591, 0x05c7, 1}, // points of Hebrew
		{0x0610, 0x061a, 1}, // signs of the Quran
		{0x0640, 0x0640, 1}, // tatweel
		{0x064b, 0x065f, 1}, // vowel signs of Arabic, hamza above and below
		{0x0670, 0x0670, 1},
		{0x06d6, 0x06ed, 1},
		{0xfe00, 0xfe0f, 1}, // variation selectors
	},
	R32: []unicode.Range32{{0xe0100, 0xe01ef, 1}},
}

// alike are letters that stand for each other.
var alike = map[rune]rune{
	'ٱ': 'ا', 'ى': 'ي', 'ی': 'ي', 'ې': 'ي', 'ک': 'ك', 'ڪ': 'ك', 'ة': 'ه', 'ہ': 'ه', 'ھ': 'ه', 'ە': 'ه',
	'٠': '0', '١': '1', '٢': '2', '٣': '3', '٤': '4', '٥': '5', '٦': '6', '٧': '7', '٨': '8', '٩': '9',
	'۰': '0', '۱': '1', '۲': '2', '۳': '3', '۴': '4', '۵': '5', '۶': '6', '۷': '7', '۸': '8', '۹': '9',
	'ı': 'i', 'ł': 'l', 'Ł': 'l', 'ø': 'o', 'Ø': 'o', 'đ': 'd', 'Đ': 'd', 'ς': 'σ',
}
