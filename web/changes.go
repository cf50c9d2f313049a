package web

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// changesPage is what is different in two versions of one object.
type changesPage struct {
	Title    string
	Old, New listRow
	Rows     []changedRow
}

// changedRow is one property; with Parts a text in which words have changed.
type changedRow struct {
	Name     string
	Old, New string
	Parts    []changedPart
}

type changedPart struct {
	Text       string
	Gone, Came bool
}

func (d *Door) changesRoutes() {
	d.page("GET /record/{id}/changes/{other}", (*visit).changes, readers...)
}

// changes compares two versions. What is no version of the same object by the same
// party is answered like what is not there.
func (v *visit) changes() error {
	ctx := v.r.Context()
	ids := []string{v.r.PathValue("id"), v.r.PathValue("other")}
	var views []release.View
	for _, id := range ids {
		found, err := v.node.Read(ctx, v.reader(), node.Query{Record: id})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found.Views, func(view release.View) bool { return string(view.ID()) == id })
		if i < 0 {
			return entente.ErrHidden
		}
		views = append(views, found.Views[i])
	}
	old, fresh := views[0], views[1]
	if old.Object().STIX != fresh.Object().STIX || old.Header().Originator != fresh.Header().Originator || old.ID() == fresh.ID() ||
		old.Header().Media != entente.MediaSTIX || fresh.Header().Media != entente.MediaSTIX {
		return entente.ErrHidden
	}
	for _, view := range views {
		if open, err := v.node.Acknowledged(ctx, view); err != nil {
			return err
		} else if !open { // its conditions first
			http.Redirect(v.w, v.r, "/record/"+string(view.ID()), http.StatusSeeOther)
			return nil
		}
	}
	if a, b := old.Object(), fresh.Object(); a.Version > b.Version || a.Version == b.Version && a.Arrived.After(b.Arrived.Time) {
		old, fresh = fresh, old
	}
	names, err := v.names()
	if err != nil {
		return err
	}
	page := changesPage{Old: rowOf(old, names), New: rowOf(fresh, names)}
	page.Title = page.New.Name
	if page.Rows, err = compare(old.Body(), fresh.Body()); err != nil {
		return err
	}
	return v.show("changes", page)
}

// compare lists the properties that differ, in the order of the newer object, those
// that are gone last.
func compare(old, fresh []byte) ([]changedRow, error) {
	was, gone, err := propertiesOf(old)
	if err != nil {
		return nil, err
	}
	is, order, err := propertiesOf(fresh)
	if err != nil {
		return nil, err
	}
	var rows []changedRow
	for _, name := range order {
		if was[name] != is[name] {
			rows = append(rows, changedRow{Name: name, Old: was[name], New: is[name], Parts: changedWords(was[name], is[name])})
		}
	}
	for _, name := range gone {
		if _, ok := is[name]; !ok {
			rows = append(rows, changedRow{Name: name, Old: was[name]})
		}
	}
	return rows, nil
}

// propertiesOf gives the properties of an object as texts, and their order.
func propertiesOf(body []byte) (map[string]string, []string, error) {
	obj, err := stix.Parse(body)
	if err != nil {
		return nil, nil, err
	}
	leaves, err := stix.Leaves(obj)
	if err != nil {
		return nil, nil, err
	}
	out := map[string]string{}
	var order []string
	for _, l := range leaves {
		name, rest, nested := strings.Cut(strings.TrimPrefix(l.Path, "/"), "/")
		if l.Kind == 'k' {
			continue
		}
		text := l.Text
		if nested && !isNumber(rest) { // a member of an object: its name tells it from its neighbours
			text = rest + ": " + text
		}
		if have, ok := out[name]; ok {
			out[name] = have + ", " + text
		} else {
			out[name], order = text, append(order, name)
		}
	}
	return out, order, nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// mostCompared bounds the words of a text that are compared one by one.
const mostCompared = 1500

// changedWords compares two texts word by word: the longest common subsequence
// stays. Short or very long texts stand whole beside each other.
func changedWords(old, fresh string) []changedPart {
	a, b := pieces(old), pieces(fresh)
	if len(a) < 8 || len(b) < 8 || len(a) > mostCompared || len(b) > mostCompared {
		return nil
	}
	common := make([][]int16, len(a)+1) // of a from i on and b from j on
	for i := range common {
		common[i] = make([]int16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []changedPart
	add := func(text string, gone, came bool) {
		if n := len(out); n > 0 && out[n-1].Gone == gone && out[n-1].Came == came {
			out[n-1].Text += text
		} else {
			out = append(out, changedPart{text, gone, came})
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			add(a[i], false, false)
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			add(a[i], true, false)
			i++
		default:
			add(b[j], false, true)
			j++
		}
	}
	return out
}

// pieces cuts a text into words and what stands between them, a rune each.
func pieces(text string) []string {
	var out []string
	inside := false
	for _, r := range text {
		word := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
		if n := len(out); word && inside {
			out[n-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		inside = word
	}
	return out
}

func changesStories() []story {
	old := listRow{Record: storyRecord, Name: "Two lorries", Arrived: storyTime}
	fresh := old
	fresh.Name = "Two lorries at the Tamrin crossing"
	text := changedWords("Two lorries waited behind the brick kiln until dusk and left towards the bridge. Both had the same driver in March.",
		"Two lorries waited behind the brick kiln until dawn and left towards the old mill. Both had the same driver in March.")
	arabic := changedWords("انتظرت شاحنتان خلف الفرن حتى الغروب ثم غادرتا نحو الجسر", "انتظرت شاحنتان خلف الفرن حتى الفجر ثم غادرتا نحو الطاحونة القديمة")
	return []story{
		{"changes", "some", storyWho, changesPage{fresh.Name, old, fresh, []changedRow{
			{Name: "name", Old: old.Name, New: fresh.Name}, {Name: "description", Parts: text}, {Name: "content", Parts: arabic}, {Name: "confidence", New: "70"}, {Name: "lang", Old: "en"},
		}}},
		{"changes", "none", storyWho, changesPage{fresh.Name, fresh, fresh, nil}},
	}
}
