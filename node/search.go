package node

import (
	"context"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"entente"
	"entente/release"
	"entente/spelling"
	"entente/stix"
	"entente/store"
)

// Whoever of this party looks for words finds the records that he may see, the
// newest first. How many others there are, and how rare a word is among them, is
// in no answer: there is no count, and no order by weight.

// Bounds of a search.
const (
	maxPhrases  = 16
	leastBegin  = 3       // letters of the last word from which on it may go on
	leastMiddle = 5       // and of the others: "the" and "with" begin too many
	mostOfText  = 1 << 16 // bytes of one record that words are taken from
	indexAtOnce = 200     // records whose words one transaction writes
)

// Phrase is words that stand one behind the other.
type Phrase = store.Phrase

// Phrases reads what somebody types: each part between spaces is a phrase of its
// words, the last of which may go on if it is long enough. "harbour 192.0.2" asks for
// "harbour…" and for "192 0 2". None: there is nothing to look for.
func Phrases(text string) []Phrase {
	var out []Phrase
	for _, part := range strings.Fields(text) {
		var p Phrase
		for _, w := range spelling.Words(part) {
			p.Words = append(p.Words, w.Text)
		}
		if len(p.Words) > 0 && len(out) < maxPhrases {
			p.Begins = letters(p) >= leastMiddle
			out = append(out, p)
		}
	}
	if len(out) > 0 {
		last := &out[len(out)-1]
		last.Begins = letters(*last) >= leastBegin
	}
	return out
}

// letters counts those of a phrase's last word.
func letters(p Phrase) int { return utf8.RuneCountInString(p.Words[len(p.Words)-1]) }

// readMatching fills a page with the records that have the words and that the
// reader may see, the last that came first, with bodies, and looks one view further.
func (d *desk) readMatching(r entente.Reader, q Query) (Page, error) {
	if r.Party != d.self {
		return Page{}, entente.ErrHidden // partners ask for nothing by its words
	}
	phrases := Phrases(q.Text)
	if len(phrases) == 0 {
		return Page{}, nil
	}
	at, err := d.place(r, q)
	if err != nil {
		return Page{}, err
	}
	if at == 0 {
		at = math.MaxInt64
	}
	page := Page{Next: q.After}
	for end := at; ; {
		rows, err := d.Matching(phrases, at, q.Limit+1)
		if err != nil {
			return page, err
		}
		for _, row := range rows {
			at = row.N
			if q.Type != "" && row.Type != q.Type || q.Originator != "" && row.Originator != q.Originator ||
				q.Own != nil && *q.Own != (row.Originator == d.self) {
				continue
			}
			v, ok, err := d.showWhole(r, row)
			if err != nil {
				return page, err
			}
			if !ok || q.Compact != "" && !inCompact(v, q.Compact) {
				continue
			}
			if page.More = len(page.Views) == q.Limit; page.More {
				break
			}
			page.Views, end = append(page.Views, v), at
		}
		if page.More || len(rows) <= q.Limit {
			if len(page.Views) > 0 {
				page.Next, err = d.cursor(r, q, end)
			}
			return page, err
		}
	}
}

// inCompact says whether a record was released to its reader in a compact.
func inCompact(v release.View, id entente.CompactID) bool {
	for _, g := range v.Grants() {
		if g.Compact == id {
			return true
		}
	}
	return false
}

// Index writes the words of the records that wait for it, and says of how many. A
// search does the same first; a node that serves does it when something came in.
func (n *Node) Index(ctx context.Context) (int, error) {
	total := 0
	for {
		count := 0
		err := n.view(ctx, func(d *desk) error {
			rows, err := d.Due(1)
			count = len(rows)
			return err
		})
		if err != nil || count == 0 {
			return total, err
		}
		err = n.updateQuietly(ctx, func(d *desk) error {
			rows, err := d.Due(indexAtOnce)
			if err != nil {
				return err
			}
			texts := make([]store.Text, len(rows))
			for i, row := range rows {
				if texts[i], err = textOf(row); err != nil {
					return err
				}
			}
			count = len(rows)
			return d.InsertTexts(texts)
		})
		if err != nil {
			return total, err
		}
		total += count
	}
}

// textOf gives the words of a record: of all its texts but ids, times and payload.
func textOf(row store.Record) (store.Text, error) {
	rec, err := entente.ParseRecord(row.Bytes)
	if err != nil {
		return store.Text{}, brokenRow("record", row.ID, err)
	}
	var b strings.Builder
	add := func(text string) {
		for _, w := range spelling.Words(text) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w.Text)
		}
	}
	texts, err := Texts(rec)
	if err != nil {
		return store.Text{}, brokenRow("record", row.ID, err)
	}
	for _, text := range texts {
		add(text)
	}
	return store.Text{N: row.N, Words: b.String()}, nil
}

// Texts gives what of a record is looked for by its words, in the order of its
// bytes and at most 64 KiB of it: the texts of its object but ids, times and payload.
func Texts(rec entente.Record) ([]string, error) {
	if rec.Header.Media != entente.MediaSTIX {
		return nil, nil
	}
	obj, err := stix.Parse(rec.Body)
	if err != nil {
		return nil, err
	}
	leaves, err := stix.Leaves(obj)
	if err != nil {
		return nil, err
	}
	var out []string
	room := mostOfText
	for _, l := range leaves {
		if l.Kind != '"' || room == 0 || unsaid(l) {
			continue
		}
		text := l.Text
		if len(text) > room {
			text = strings.ToValidUTF8(text[:room], "")
		}
		room -= len(text)
		out = append(out, text)
	}
	return out, nil
}

// unsaid says whether a text is for programs.
func unsaid(l stix.Leaf) bool {
	switch l.Member {
	case "id", "spec_version", "payload_bin", "type", "lang":
		return true
	}
	if strings.HasSuffix(l.Member, "_ref") || strings.HasSuffix(l.Member, "_refs") {
		return true
	}
	if len(l.Text) < 20 || l.Text[0] < '0' || l.Text[0] > '9' {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, l.Text)
	return err == nil
}
