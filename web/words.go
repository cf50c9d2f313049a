package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	xlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"

	"entente"
)

// The words of the pages: words/LANGUAGE.json, one file a subject and language
// (words/en/inbox.json). A value is a text, or an object of plural forms by
// CLDR category, chosen by the first argument. Formats are those of fmt; what
// stands in another order has its number: %[2]s.

//go:embed words
var wordFiles embed.FS

// Languages are those the desk speaks, the first where a browser wants none of them.
var Languages = []string{"en", "ar", "fa", "ru"}

// language is how the desk speaks to one visitor.
type language struct {
	Code string // BCP 47
	Dir  string // "ltr" or "rtl"
	*message.Printer
	keys map[string]bool
}

// T is the text of a key. A key without a text is a mistake that a test finds;
// here it is shown as it stands.
func (l language) T(key string, args ...any) string {
	if !l.keys[key] {
		return "[" + key + "]"
	}
	return l.Sprintf(key, args...)
}

// Has says whether there is a text for a key.
func (l language) Has(key string) bool { return l.keys[key] }

// Number is a whole number in the digits of the language.
func (l language) Number(n int64) string { return l.Sprint(n) }

// When is a moment, to the minute, with the label of its zone: UTC.
func (l language) When(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return l.T("time.when", t.Day(), l.T("time.month."+fmt.Sprint(int(t.Month()))), digits(l, t.Year()), digits2(l, t.Hour()), digits2(l, t.Minute()))
}

// Day is a day of the calendar.
func (l language) Day(d entente.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return "–"
	}
	return l.T("time.day", t.Day(), l.T("time.month."+fmt.Sprint(int(t.Month()))), digits(l, t.Year()))
}

// digits writes a year without a separator of thousands, in the digits of the language.
func digits(l language, n int) string {
	return strings.Map(func(r rune) rune {
		if first := zero[l.Code]; first != 0 && r >= '0' && r <= '9' {
			return first + r - '0'
		}
		return r
	}, fmt.Sprint(n))
}

func digits2(l language, n int) string {
	if n < 10 {
		return digits(l, 0) + digits(l, n)
	}
	return digits(l, n)
}

// zero is the digit nought where it is not that of ASCII.
var zero = map[string]rune{"ar": '٠', "fa": '۰'}

// readWords reads all texts.
func readWords() (map[string]language, error) {
	out := map[string]language{}
	for _, code := range Languages {
		tag := xlanguage.MustParse(code)
		build := catalog.NewBuilder(catalog.Fallback(tag))
		l := language{Code: code, Dir: "ltr", keys: map[string]bool{}}
		if code == "ar" || code == "fa" {
			l.Dir = "rtl"
		}
		files, err := wordFiles.ReadDir(path.Join("words", code))
		if err != nil {
			return nil, fmt.Errorf("words of %s: %w", code, err)
		}
		for _, f := range files {
			name := path.Join("words", code, f.Name())
			b, err := wordFiles.ReadFile(name)
			if err != nil {
				return nil, err
			}
			var texts map[string]any
			if err := json.Unmarshal(b, &texts); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for key, text := range texts {
				if l.keys[key] {
					return nil, fmt.Errorf("%s: %q stands twice", name, key)
				}
				l.keys[key] = true
				if err := set(build, tag, key, text); err != nil {
					return nil, fmt.Errorf("%s: %q: %w", name, key, err)
				}
			}
		}
		l.Printer = message.NewPrinter(tag, message.Catalog(build))
		out[code] = l
	}
	return out, nil
}

func set(build *catalog.Builder, tag xlanguage.Tag, key string, text any) error {
	switch text := text.(type) {
	case string:
		return build.SetString(tag, key, text)
	case map[string]any:
		var cases []any
		for _, c := range []string{"zero", "one", "two", "few", "many", "other"} {
			if form, ok := text[c].(string); ok {
				cases = append(cases, c, form)
			}
		}
		if _, ok := text["other"].(string); !ok {
			return fmt.Errorf("no form %q", "other")
		}
		return build.Set(tag, key, plural.Selectf(1, "%d", cases...))
	}
	return fmt.Errorf("neither a text nor plural forms")
}

// languageCookie holds the visitor's choice of language.
const languageCookie = "language"

// language is the one a browser wants: the visitor's choice, or the best that
// the browser's settings allow.
func (p *pages) language(r *http.Request) language {
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(Languages, c.Value) {
		return p.words[c.Value]
	}
	tags, _, err := xlanguage.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return p.words[Languages[0]]
	}
	_, i, _ := p.matcher.Match(tags...)
	return p.words[Languages[i]]
}
