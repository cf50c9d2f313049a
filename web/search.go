package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"entente"
	"entente/node"
	"entente/release"
	"entente/spelling"
)

// idForm is what somebody types who has an id at hand: of a record, or of an object.
var idForm = regexp.MustCompile(`^(sha256:[0-9a-f]{8,64}|[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)

func isID(words string) bool { return idForm.MatchString(words) }

// toRecord leads to the record with this id, or to the newest version of the object.
func (v *visit) toRecord(id string) error {
	found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Record: id})
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/record/"+string(found.Views[len(found.Views)-1].ID()), http.StatusSeeOther)
	return nil
}

// phrases are what somebody looks for.
type phrases []node.Phrase

// piece is a part of a text, which holds what was looked for or does not.
type piece struct {
	Text string
	Hit  bool
}

// around is how many bytes of a text are shown on each side of a hit.
const around = 90

// find gives the part of a record's texts, behind its name, in which most of the
// phrases stand; nothing where none does.
func (p phrases) find(view release.View) ([]piece, error) {
	if len(p) == 0 {
		return nil, nil
	}
	rec, err := entente.ParseRecord(view.Bytes())
	if err != nil {
		return nil, err
	}
	texts, err := node.Texts(rec)
	if err != nil {
		return nil, err
	}
	best, where := "", []spelling.Word(nil)
	for _, text := range texts {
		if text == view.Object().Name {
			continue
		}
		if hits := p.hits(text); len(hits) > len(where) {
			best, where = text, hits
		}
	}
	if len(where) == 0 {
		return nil, nil
	}
	return cutAround(best, where), nil
}

// hits are the words of a text with which a phrase begins or goes on.
func (p phrases) hits(text string) []spelling.Word {
	words := spelling.Words(text)
	var out []spelling.Word
	for i := 0; i < len(words); i++ {
		for _, phrase := range p {
			n := len(phrase.Words)
			if i+n > len(words) {
				continue
			}
			ok := true
			for j, w := range phrase.Words {
				last := j == n-1
				ok = ok && (words[i+j].Text == w || last && phrase.Begins && strings.HasPrefix(words[i+j].Text, w))
			}
			if ok {
				out = append(out, spelling.Word{Start: words[i].Start, End: words[i+n-1].End})
				i += n - 1
				break
			}
		}
	}
	return out
}

// cutAround cuts a text to what stands around the first hits.
func cutAround(text string, hits []spelling.Word) []piece {
	from, to := max(hits[0].Start-around, 0), min(hits[0].End+2*around, len(text))
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	var out []piece
	add := func(text string, hit bool) {
		if text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " "); text != "" {
			out = append(out, piece{text, hit})
		}
	}
	if from > 0 {
		add("… ", false)
	}
	at := from
	for _, h := range hits {
		if h.End > to {
			break
		}
		add(text[at:h.Start], false)
		add(text[h.Start:h.End], true)
		at = h.End
	}
	add(text[at:to], false)
	if to < len(text) {
		add(" …", false)
	}
	return out
}

const mostSuggested = 8

// suggest gives names of records that the visitor may see and that have the words,
// as a JSON list: what the field for words offers while somebody types.
func (v *visit) suggest() error {
	ask := v.r.URL.Query()
	own := ask.Get("own") != ""
	out := []string{}
	if words := strings.TrimSpace(ask.Get("q")); words != "" && len(words) <= 200 {
		found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Text: words, Own: &own, Limit: 3 * mostSuggested})
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, view := range found.Views {
			name := view.Object().Name
			if name != "" && !seen[name] && len(out) < mostSuggested {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(out)
}
