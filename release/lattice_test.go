package release

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entente"
)

func drawHandling(t *rapid.T) entente.Handling {
	set := func(words []string, what string) []string {
		out := rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, 3, rapid.ID).Draw(t, what)
		slices.Sort(out)
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return entente.Handling{
		TLP:        rapid.SampledFrom(entente.TLPs).Draw(t, "tlp"),
		Onward:     rapid.SampledFrom(entente.Onwards).Draw(t, "onward"),
		Codes:      set([]string{"5x5x5/2", "europol/H1", "europol/H3", "own/x"}, "codes"),
		Permitted:  set([]string{UseAnalysis, UseCourt, UseNotify, "watch list"}, "permitted"),
		Caveats:    set([]string{"a", "b", "ج", "д"}, "caveats"),
		Purpose:    rapid.SampledFrom([]string{"aid", "border", "border | aid", "aid | border", "search"}).Draw(t, "purpose"),
		LegalBasis: rapid.SampledFrom([]string{"", "Order 9", "Order 9 | Act 2", "Act 2"}).Draw(t, "basis"),
		Expires:    rapid.SampledFrom([]entente.Date{"", "2026-05-01", "2026-12-31", "2027-01-01"}).Draw(t, "expires"),
	}
}

// The model: a handling is the set of what it forbids. Everything that can be
// allowed or required in these draws is listed, one question at a time.
func forbids(h entente.Handling) map[string]bool {
	out := map[string]bool{}
	for i, l := range entente.TLPs {
		out["show as widely as "+string(l)] = i > slices.Index(entente.TLPs, h.TLP)
	}
	for i, o := range entente.Onwards {
		out["pass on by "+string(o)] = i > slices.Index(entente.Onwards, h.Onward)
	}
	for _, u := range []string{UseAnalysis, UseCourt, UseNotify, "watch list"} {
		out["use for "+u] = !slices.Contains(h.Permitted, u)
	}
	for _, c := range []string{"5x5x5/2", "europol/H1", "europol/H3", "own/x"} {
		out["forget code "+c] = slices.Contains(h.Codes, c)
	}
	for _, c := range []string{"a", "b", "ج", "д"} {
		out["forget caveat "+c] = slices.Contains(h.Caveats, c)
	}
	for _, p := range []string{"aid", "border", "search"} {
		out["disregard purpose "+p] = slices.Contains(strings.Split(h.Purpose, " | "), p)
	}
	for _, l := range []string{"Order 9", "Act 2"} {
		out["disregard basis "+l] = slices.Contains(strings.Split(h.LegalBasis, " | "), l)
	}
	for _, d := range []entente.Date{"2026-04-30", "2026-05-01", "2026-12-31", "2027-01-01", "9999-01-01"} {
		out["use on "+string(d)] = h.Expires != "" && d >= h.Expires
	}
	return out
}

func TestCombineForbidsWhatEitherForbids(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawHandling(t), drawHandling(t)
		c, err := Combine(a, b)
		if err != nil {
			t.Fatal(err)
		}
		fa, fb, fc := forbids(a), forbids(b), forbids(c)
		for what := range fc {
			if fc[what] != (fa[what] || fb[what]) {
				t.Fatalf("%s: forbidden %v by\n%+v\nand %v by\n%+v\nbut %v by\n%+v", what, fa[what], a, fb[what], b, fc[what], c)
			}
		}
		modelStricter := true
		for what := range fa {
			modelStricter = modelStricter && (fa[what] || !fb[what])
		}
		if w := Weaker(a, b); (len(w) == 0) != modelStricter {
			t.Fatalf("%+v\nis weaker than\n%+v\nin %q; the model says at least as strict: %v", a, b, w, modelStricter)
		}
		if w := append(Weaker(c, a), Weaker(c, b)...); len(w) != 0 {
			t.Fatalf("the combination is weaker: %q", w)
		}
	})
}

func TestCombineIsALattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawHandling(t), drawHandling(t), drawHandling(t)
		join := func(x, y entente.Handling) entente.Handling {
			out, err := Combine(x, y)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for _, law := range []struct {
			name        string
			left, right entente.Handling
		}{
			{"idempotent", join(a, a), a},
			{"commutative", join(a, b), join(b, a)},
			{"associative", join(join(a, b), c), join(a, join(b, c))},
			{"absorbing", join(join(a, b), b), join(a, b)},
		} {
			if !reflect.DeepEqual(law.left, law.right) {
				t.Fatalf("not %s:\n%+v\n%+v", law.name, law.left, law.right)
			}
		}
		if all, err := Combine(a, b, c, a); err != nil || !reflect.DeepEqual(all, join(join(c, b), a)) {
			t.Fatalf("all at once: %+v, %v", all, err)
		}
	})
}

// Near the limits, combining in any order gives the same answer: the same
// handling, or a refusal. Whatever comes out fits the root package.
func TestCombineNeverCutsToFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() entente.Handling {
			h := drawHandling(t)
			for i := range rapid.IntRange(0, 8).Draw(t, "more codes") {
				h.Codes = append(h.Codes, fmt.Sprintf("z/%d", i*rapid.IntRange(1, 9).Draw(t, "step")))
			}
			slices.Sort(h.Codes)
			h.Codes = slices.Compact(h.Codes)
			h.Purpose += strings.Repeat("я", rapid.IntRange(0, 100).Draw(t, "long purpose"))
			h.LegalBasis = strings.Repeat("l", rapid.IntRange(0, 400).Draw(t, "long basis"))
			return h
		}
		a, b, c := draw(), draw(), draw()
		in := func(x, y, z entente.Handling) (entente.Handling, error) {
			xy, err := Combine(x, y)
			if err != nil {
				return entente.Handling{}, err
			}
			return Combine(xy, z)
		}
		first, err1 := in(a, b, c)
		second, err2 := in(c, b, a)
		if (err1 == nil) != (err2 == nil) || !reflect.DeepEqual(first, second) {
			t.Fatalf("order matters:\n%+v, %v\n%+v, %v", first, err1, second, err2)
		}
		if err1 != nil {
			if !errors.Is(err1, ErrHandlingFull) {
				t.Fatal(err1)
			}
			return
		}
		if err := signable(first); err != nil {
			t.Fatalf("%+v\n%v", first, err)
		}
	})
}

func TestCombineRefusesWhatItDoesNotUnderstand(t *testing.T) {
	good := handling()
	for _, x := range []struct {
		name, want string
		change     func(*entente.Handling)
	}{
		{"label in capitals", `TLP "RED" is none of`, func(h *entente.Handling) { h.TLP = "RED" }},
		{"no label", `TLP "" is none of`, func(h *entente.Handling) { h.TLP = "" }},
		{"another onward rule", `onward rule "all" is none of`, func(h *entente.Handling) { h.Onward = "all" }},
		{"no day", "expected YYYY-MM-DD", func(h *entente.Handling) { h.Expires = "2026-02-30" }},
	} {
		h := good
		x.change(&h)
		for _, err := range []error{second(Combine(h)), second(Combine(good, h)), second(Combine(h, good))} {
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%s: error %v, expected %q", x.name, err, x.want)
			}
		}
		if x.name != "no day" && len(Weaker(h, good)) == 0 {
			t.Errorf("%s: counts as strict", x.name)
		}
	}
	if got := Parts(" | border |  aid |  | aid"); !slices.Equal(got, []string{"aid", "border"}) {
		t.Errorf("parts %q", got)
	}
	if got := Parts(""); len(got) != 0 {
		t.Errorf("parts of nothing: %q", got)
	}
}

func second[T any](_ T, err error) error { return err }

// signable says whether the root package accepts h in an act.
func signable(h entente.Handling) error {
	_, err := entente.Sign(entente.Act{
		Kind: entente.KindRelease, Signer: entente.PartyID(id(1)), Card: 1, Compact: entente.CompactID(id(100)), To: entente.PartyID(id(2)),
		Time:    entente.At(now),
		Release: &entente.Release{Terms: entente.ActID(id(100)), Handling: h, Records: []entente.Released{{Record: entente.RecordID(id(5))}}},
	})
	return err
}
