package release

import (
	"slices"
	"strings"

	"entente/stix"
)

// A phrase is a sequence of words that is rare in any language, so that
// whoever meets it in two places knows that they are one: a name, a word with
// digits, two words of weight side by side, two such words with any third, or
// five words of any kind. Scripts that are written without spaces are counted
// in characters. Phrases are compared after case, marks, white space and
// punctuation are taken away.

// shingle is a sequence of up to five words by number; 0 stands after its end.
type shingle [5]int32

// passage is the text of one leaf as words.
type passage struct {
	where string
	words []word
	whole bool // the text is no more than a few words, such as an alias
}

// phrases finds words that were cut in one place and stand in the tearline.
func (c *tearlineCheck) phrases() {
	v := &vocabulary{ids: map[string]int32{}, texts: []string{""}, lower: map[int32]bool{}}
	full, _ := v.passages(c.fullLeaves)
	tear, order := v.passages(c.tearLeaves)
	for _, pool := range full {
		for _, p := range pool {
			v.weigh(p.words)
		}
	}
	for _, pool := range tear {
		for _, p := range pool {
			v.weigh(p.words)
		}
	}
	cut := make(map[shingle]bool)
	for name, pool := range full {
		for s := range cutShingles(pool, tear[name]) {
			cut[s] = true
		}
	}
	if len(cut) == 0 {
		return
	}
	begins := make(map[int32]bool)
	for s := range cut {
		begins[s[0]] = true
	}
	for _, p := range order {
		for _, phrase := range v.found(p.words, cut, begins) {
			c.warn(LeakPhrase, p.where, "%q was cut elsewhere", phrase)
		}
	}
}

// passages splits the texts of leaves, by pool and in order. Ids, times and
// contents of files are judged elsewhere; names of members only if they are
// somebody's own.
func (v *vocabulary) passages(leaves []stix.Leaf) (pools map[string][]passage, order []passage) {
	pools = map[string][]passage{}
	for _, l := range leaves {
		pool := l.Pool
		switch {
		case l.Kind == 'k' && !ownName(l.Text), l.Kind != 'k' && l.Kind != '"', l.Kind == '"' && l.Member == "payload_bin":
			continue
		case l.Kind == 'k':
			pool += "\x00name"
		case l.Path == "/type" || l.Path == "/id" || l.Path == "/spec_version":
			continue
		}
		if _, ok := timestamp(l); ok {
			continue
		}
		if _, err := stix.ParseID(l.Text); err == nil {
			continue
		}
		p := passage{where: l.Path, words: v.split(l.Text)}
		p.whole = len(p.words) <= len(shingle{})
		if len(p.words) > 0 {
			pools[pool] = append(pools[pool], p)
			order = append(order, p)
		}
	}
	return pools, order
}

// ownName: a member name that the standard does not give.
func ownName(name string) bool {
	return strings.HasPrefix(name, "x_") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != ""
}

// weigh takes back what a capital told where the same word is also written
// small: then it only begins a sentence.
func (v *vocabulary) weigh(words []word) {
	for i, w := range words {
		if w.telling && v.lower[w.id] {
			words[i].telling = false
		}
	}
}

// rare visits what is rare in a passage.
func rare(p passage, visit func(s shingle)) {
	for i, w := range p.words {
		s := shingle{}
		if w.single {
			const characters = 3
			if i+characters <= len(p.words) && p.words[i+1].single && p.words[i+2].single {
				visit(shingle{w.id, p.words[i+1].id, p.words[i+2].id})
			}
			continue
		}
		if w.telling {
			visit(shingle{w.id})
		}
		weight := 0
		for n := 0; n < len(s) && i+n < len(p.words) && !p.words[i+n].single; n++ {
			s[n] = p.words[i+n].id
			if p.words[i+n].weighty {
				weight++
			}
			if (n == 1 || n == 2) && weight >= 2 || n == 4 {
				visit(s)
			}
		}
	}
	if p.whole && slices.ContainsFunc(p.words, func(w word) bool { return !w.common }) {
		s := shingle{}
		for i, w := range p.words {
			s[i] = w.id
		}
		visit(s)
	}
}

// each visits every sequence of up to five words, with its end, that begins
// with a word of begins.
func each(words []word, begins map[int32]bool, visit func(s shingle, from, to int)) {
	for i, w := range words {
		if !begins[w.id] {
			continue
		}
		s := shingle{}
		for n := 0; n < len(s) && i+n < len(words); n++ {
			s[n] = words[i+n].id
			visit(s, i, i+n+1)
		}
	}
}

// cutShingles gives what is rare and stands more often in full than in tear,
// two versions of one place.
func cutShingles(full, tear []passage) map[shingle]int {
	full, tear = differing(full, tear)
	if len(full) == 1 && len(tear) == 1 && !full[0].whole && !tear[0].whole {
		full, tear = trimmed(full[0], tear[0])
	}
	count, begins := make(map[shingle]int), make(map[int32]bool)
	for _, p := range full {
		rare(p, func(s shingle) { count[s], begins[s[0]] = 0, true })
	}
	add := func(list []passage, by int) {
		for _, p := range list {
			each(p.words, begins, func(s shingle, _, _ int) {
				if n, ok := count[s]; ok {
					count[s] = n + by
				}
			})
		}
	}
	add(full, 1)
	add(tear, -1)
	for s, n := range count {
		if n <= 0 {
			delete(count, s)
		}
	}
	return count
}

// differing leaves out what is equal on both sides.
func differing(full, tear []passage) (a, b []passage) {
	key := func(p passage) string {
		b := make([]byte, 0, 4*len(p.words))
		for _, w := range p.words {
			b = append(b, byte(w.id), byte(w.id>>8), byte(w.id>>16), byte(w.id>>24))
		}
		return string(b)
	}
	same := make(map[string]int)
	for _, p := range tear {
		same[key(p)]++
	}
	for _, p := range full {
		if k := key(p); same[k] > 0 {
			same[k]--
		} else {
			a = append(a, p)
		}
	}
	for _, p := range tear {
		if k := key(p); same[k] > 0 {
			same[k]--
			b = append(b, p)
		}
	}
	return a, b
}

// trimmed leaves out the words that both begin or end with, but for as many as
// a shingle reaches over: what lies in them whole is on both sides.
func trimmed(full, tear passage) ([]passage, []passage) {
	const reach = len(shingle{}) - 1
	a, b := full.words, tear.words
	head := 0
	for head < min(len(a), len(b)) && a[head].id == b[head].id {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail].id == b[len(b)-1-tail].id {
		tail++
	}
	head, tail = max(0, head-reach), max(0, tail-reach)
	full.words, tear.words = a[head:len(a)-tail], b[head:len(b)-tail]
	return []passage{full}, []passage{tear}
}

// found gives the stretches of words that are covered by what was cut.
func (v *vocabulary) found(words []word, cut map[shingle]bool, begins map[int32]bool) []string {
	var out []string
	from, to := 0, 0 // the stretch so far
	flush := func() {
		if to > from {
			out = append(out, v.spelled(words[from:to]))
		}
	}
	each(words, begins, func(s shingle, i, end int) {
		if !cut[s] {
			return
		}
		if i > to {
			flush()
			from = i
		}
		to = max(to, end)
	})
	flush()
	return out
}
