package spelling_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"entente/spelling"
)

func words(text string) []string {
	var out []string
	for _, w := range spelling.Words(text) {
		out = append(out, w.Text)
	}
	return out
}

func TestWordsOfManyScripts(t *testing.T) {
	for text, want := range map[string]string{
		"Harbour watch, pier 4":            "harbour watch pier 4",
		"CVE-2021-44228 at 192.0.2.7":      "cve 2021 44228 at 192 0 2 7",
		"Évian  éVIAN E\u0301vian":         "evian evian evian",
		"Straße STRASSE ﬁn":                "strasse strasse fin",
		"Ёлки ёлки елки край":              "елки елки елки краи",
		"مُحَمَّد محمد":                    "محمد محمد",
		"الخلية خلية خليــة":               "خليه خليه خليه",
		"إدارة ادارة":                      "اداره اداره",
		"ایرانی ايراني کرمان كرمان":        "ايراني ايراني كرمان كرمان",
		"می\u200cخواهم":                    "مي خواهم",
		"صفحه ۱۲۳ و ١٢٣":                   "صفحه 123 و 123",
		"東京タワーabc":                         "東 京 タ ワ ー abc",
		"ｔｏｋｙｏ ①":                          "tokyo 1",
		"ที่นี่":                           "ที่ นี่",
		"한국어 문서":                           "한국어 문서",
		"हिन्दी":                           "हिन्दी",
		"":                                 "",
		" – … ":                            "",
		strings.Repeat("x", 70):            strings.Repeat("x", 64),
		"\xff\xfeabc\xff":                  "abc",
		"soft\u00adhyphen and zero\u200bw": "softhyphen and zero w",
	} {
		if got := strings.Join(words(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"Harbour watch", "مُحَمَّد", "東京abc", "\xff", "ที่", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, w := range spelling.Words(s) {
			if w.Start < last || w.End <= w.Start || w.End > len(s) {
				t.Fatalf("%q: word %+v after %d", s, w, last)
			}
			last = w.End
			if w.Text == "" || !utf8.ValidString(w.Text) || strings.ContainsAny(w.Text, " \"'*\x00") {
				t.Fatalf("%q: word %q", s, w.Text)
			}
			if again := spelling.Fold(w.Text); again != w.Text && !strings.HasPrefix(w.Text, "ال") {
				t.Fatalf("%q folds to %q and then to %q", s[w.Start:w.End], w.Text, again)
			}
			if !slices.Contains(words(s[w.Start:w.End]), w.Text) {
				t.Fatalf("%q alone is another word than in %q", s[w.Start:w.End], s)
			}
		}
	})
}
