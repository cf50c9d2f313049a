package release

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is one word of a text.
type word struct {
	id      int32 // equal for equal words
	single  bool  // one character of a script without spaces
	weighty bool  // may be part of a rare pair
	telling bool  // rare by itself
	common  bool
}

// vocabulary numbers the words of both records.
type vocabulary struct {
	ids   map[string]int32
	texts []string
	lower map[int32]bool // words that the full record also writes in lower case
}

// split finds the words of a text.
func (v *vocabulary) split(text string) []word {
	var out []word
	var now struct { // the word being read
		text                     []byte
		runes, digits, letters   int
		capital, cased, sentence bool
	}
	sentence := true // a sentence begins here
	flush := func() {
		if now.runes == 0 {
			return
		}
		w := word{id: v.number(now.text), common: commonWords[string(now.text)]}
		if now.cased && !now.capital && now.digits == 0 {
			v.lower[w.id] = true
		}
		uncased := now.letters > 0 && !now.cased
		named := now.capital && !now.sentence
		w.weighty = !w.common && (now.runes >= 4 || now.digits > 0 || named || uncased && now.runes >= 3)
		w.telling = !w.common && (now.digits > 0 && now.letters > 0 && now.runes >= 3 || now.digits >= 5 || now.runes >= 3 && (uncased || now.capital))
		out = append(out, w)
		now.text, now.runes, now.digits, now.letters, now.capital, now.cased = now.text[:0], 0, 0, 0, false, false
		sentence = false
	}
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			if now.runes == 0 {
				now.sentence = sentence
			}
			now.digits++
			now.runes++
			now.text = utf8.AppendRune(now.text, plainDigit(r))
		case alone(r):
			flush()
			out = append(out, word{id: v.number(utf8.AppendRune(nil, r)), single: true})
			sentence = false
		case r == '\u0640' || r >= utf8.RuneSelf && unicode.In(r, unicode.Mn, unicode.Cf):
			// a tatweel, a vowel mark, a joiner: the word is the same without
		case unicode.IsLetter(r):
			upper := unicode.IsUpper(r) || unicode.IsTitle(r)
			if now.runes == 0 {
				now.capital, now.sentence = upper, sentence
			}
			now.cased = now.cased || upper || unicode.IsLower(r)
			now.letters++
			now.runes++
			now.text = utf8.AppendRune(now.text, fold(r))
		default:
			flush()
			sentence = sentence || strings.ContainsRune(".!?:\n;؟؛。！？", r)
		}
	}
	flush()
	return out
}

func (v *vocabulary) number(text []byte) int32 {
	id, ok := v.ids[string(text)]
	if !ok {
		id = int32(len(v.texts))
		v.ids[string(text)] = id
		v.texts = append(v.texts, string(text))
	}
	return id
}

// fold takes away case, and what one keyboard writes otherwise than another.
func fold(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی':
		return 'ي'
	case 'ک':
		return 'ك'
	case 'ё', 'Ё':
		return 'е'
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// alone: scripts that put no spaces between words.
func alone(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// spelled is a stretch for people, not longer than is needed to find it.
func (v *vocabulary) spelled(words []word) string {
	const most = 12
	var b strings.Builder
	for i, w := range words {
		if i == most {
			b.WriteString(" …")
			break
		}
		if i > 0 && !w.single {
			b.WriteByte(' ')
		}
		b.WriteString(v.texts[w.id])
	}
	return b.String()
}

// commonWords are too frequent to tell anything, in the languages of many
// records; others lose nothing but a few needless warnings.
var commonWords = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`
a about above after again all also am an and any are around as at away back be because been before being below between both but by came can could day days did do does down
during each early few for from get got had has have he her here hers him his how however if in into is it its just last late later made many may me men might more most much must my near
new next no none nor not now of off old on once one only or other our out over own people per same say said saw see seen several she should since so some still such than that the their
them then there these they this those three through time to today told too towards two under until up us very was we were what when where which while who whose why will with within
without would year years yes yet you your
i le la les un une des du de et est en dans sur pour par avec sans ce cette ces il elle ils elles nous vous leur leurs son sa ses que qui dont mais ou ne pas plus été ont sont aux après avant
der die das den dem des ein eine einer einem einen und ist sind war waren nicht mit von vom zu zum zur auf aus bei nach vor über unter für durch auch noch nur wie wenn dass sich sie wir ihr
el los las una unos unas del y es son fue con por para sin sobre entre como más pero su sus al lo se que
и в во не на я он она они мы вы что с со как а то все это его ее их за из у к по от до о об но же бы был была были быть или для при над под без после перед между так тоже еще уже только
في من على الى إلى عن مع هذا هذه ذلك التي الذي كان كانت قد لا ما لم لن ان أن إن هو هي هم بعد قبل عند بين كل أو ثم و
از به با در که این آن را برای تا بر هم یا است بود شد شده می نیز پس پیش یک دو`) {
		var folded []rune
		for _, r := range w {
			folded = append(folded, fold(r))
		}
		out[string(folded)] = true
	}
	return out
}()
