package web

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"entente"
)

// leaves calls f for each value of a charter; change changes it, undo restores it.
func leaves(v reflect.Value, path string, f func(path string, change, undo func())) {
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	undo := func() { v.Set(old) }
	if at, ok := v.Interface().(entente.Time); ok {
		f(path, func() { v.Set(reflect.ValueOf(entente.At(at.Add(time.Microsecond)))) }, undo)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Slice:
		old = reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
		f(path+" without the last", func() { v.Set(old.Slice(0, v.Len()-1)) }, undo)
		for i := range v.Len() {
			leaves(v.Index(i), path, f)
		}
	case reflect.String:
		f(path, func() { v.SetString("sha256:else") }, undo)
	case reflect.Int64:
		f(path, func() { v.SetInt(v.Int() + 1) }, undo)
	case reflect.Bool:
		f(path, func() { v.SetBool(!v.Bool()) }, undo)
	default:
		panic("a charter has a new kind of member: " + path)
	}
}

// Whatever differs between two charters is seen by those who read them, in every
// language.
func TestEveryTermIsInWordsInEveryLanguage(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	old, c := storyCharter(), storyCharter()
	name := func(p entente.PartyID) string { return entente.Short(p) }
	for _, code := range Languages {
		l := words[code]
		if got := charterChanges(l, old, c, name); len(got) > 0 {
			t.Errorf("%s: nothing changes, but: %+v", code, got)
		}
		n := 0
		leaves(reflect.ValueOf(c).Elem(), "", func(path string, change, undo func()) {
			n++
			change()
			if got := charterChanges(l, old, c, name); len(got) != 1 {
				t.Errorf("%s: %s changes, the page shows %d changes", code, path, len(got))
			}
			undo()
		})
		if n < 50 {
			t.Errorf("%s: %d values of a charter were tried", code, n)
		}
	}
}

// What a form shows and nobody touches comes back as it was, to the microsecond.
func TestAFormGivesBackTheCharter(t *testing.T) {
	l, c := storyLanguage(), storyCharter()
	c.Start, c.Tolerance, c.Freshness = entente.At(c.Start.Add(7*time.Microsecond)), 301, 0
	c.TwoPersons = append([]entente.Kind{entente.KindCharter}, c.TwoPersons...)
	c.Arrange()
	form := url.Values{}
	for _, g := range charterForm(l, c, []partner{{ID: c.Inspector}}, storyName, nil) {
		for _, f := range g.Fields {
			key := f.Key
			switch {
			case f.Kind == asDuration:
				form.Set(f.Key, f.Number)
				key += ".unit"
			case len(f.Options) == 0 && (f.Kind != asYesNo || f.Value != ""):
				form.Set(f.Key, strings.ReplaceAll(f.Value, "\n", "\r\n"))
			}
			for _, o := range f.Options {
				if o.Chosen {
					form.Add(key, o.Value)
				}
			}
		}
	}
	for _, s := range seatsFor(c, nil, "") {
		id := string(s.Party)
		form.Add("member", id)
		form.Set("name."+id, s.Name)
		form.Set("seats."+id, s.Seats)
		form.Set("basis."+id, s.LegalBasis)
	}
	got, wrong := readCharter(*c, form)
	if diff := cmp.Diff(*c, got); diff != "" || len(wrong) > 0 {
		t.Errorf("wrong %v, charter (-was +is):\n%s", wrong, diff)
	}
	if err := c.Check(); err != nil {
		t.Errorf("the charter of the stories cannot be signed: %v", err)
	}
	// What cannot be read is named, and never read as something else.
	for key, entry := range map[string]string{"days": "-1", "hide": "ten", "start": "tomorrow", "expires": "2026-13-01", "freshness": "1.5", "seats." + string(c.Members[0].Party): ""} {
		was := form.Get(key)
		form.Set(key, entry)
		if _, wrong := readCharter(*c, form); len(wrong) != 1 {
			t.Errorf("%s=%q: wrong is %v", key, entry, wrong)
		}
		form.Set(key, was)
	}
}

var missingText = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_-]+)+\]`)

func TestNoStoryLacksAText(t *testing.T) {
	p, err := readPages()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stories() {
		for _, code := range Languages {
			w := httptest.NewRecorder()
			if err := p.write(w, 200, frame{Page: s.Page, Party: "Ardel Liaison", Who: s.Who, Language: p.words[code], Data: s.Data}); err != nil {
				t.Errorf("%s/%s in %s: %v", s.Page, s.State, code, err)
			}
			if found := missingText.FindString(w.Body.String()); found != "" {
				t.Errorf("%s/%s in %s: no text %s", s.Page, s.State, code, fmt.Sprint(found))
			}
		}
	}
}
