package release

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
	"entente/stix"
)

const (
	deskID   = "identity--6a1d9c7e-0d5b-4a53-9a6e-1f7b1f0c2d3e"
	personID = "identity--b7c1f0aa-4f0e-4f1a-8f0e-3e2d1c0b9a87"
	fileID   = "file--9c5bb3a5-2c5e-52a5-8a3d-0c1d5a7d2f11"
	ownMark  = "marking-definition--7c1f6a80-2f6e-4a2b-9a55-0d3a1c5e9b11"
)

// tearOf edits and fails the test if that does not work.
func tearOf(t rapid.TB, full stix.Object, changes ...stix.Change) stix.Object {
	t.Helper()
	tear, err := stix.Edit(full, now, changes)
	if err != nil {
		t.Fatalf("%s\n%v", full.Raw, err)
	}
	return tear
}

func drop(path string) stix.Change { return stix.Change{Path: path, Op: stix.OpDrop} }
func replace(path, text string) stix.Change {
	return stix.Change{Path: path, Op: stix.OpReplace, Value: text}
}

// Each leak, once: the edit forgets something, and the check finds it there.
func TestTearlineLeaks(t *testing.T) {
	for _, v := range []struct {
		name, full string
		changes    []stix.Change
		what       Leak
		where      string
		detail     string
	}{
		{
			"a name in another place", `"abstract":"Trucks near Ors, says Harun the miller","content":"Harun the miller saw them."`,
			[]stix.Change{replace("/abstract", "Trucks near Ors")},
			LeakPhrase, "/content", `"harun the miller" was cut elsewhere`,
		},
		{
			"the second mention in the same text", `"content":"We met Ilmo Varga at noon. Nobody else knew it, and so the report of ILMO  VARGA stands alone."`,
			[]stix.Change{replace("/content", "Nobody else knew it, and so the report of ILMO  VARGA stands alone.")},
			LeakPhrase, "/content", `"ilmo varga" was cut`,
		},
		{"a name of one word", `"abstract":"Varga told us","content":"The words of Varga."`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"varga" was cut`},
		{"a dropped alias", `"x_aliases":["grey fox"],"content":"the grey fox was seen"`, []stix.Change{drop("/x_aliases")}, LeakPhrase, "/content", `"grey fox"`},
		{"a code", `"abstract":"asset k7q says so","content":"paid to K7Q"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"k7q"`},
		{"Arabic, with and without marks", `"abstract":"قال هارون الطحان","content":"كَتَبَ هـارون هذا"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"هارون"`},
		{"Persian and Arabic letters", `"abstract":"گفت یاکوب آسیابان","content":"اين را ياكوب نوشت"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"ياكوب"`},
		{"Russian", `"abstract":"Так сказал Ильмо Варга","content":"со слов ВАРГА"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"варга"`},
		{"Greek final sigma", `"abstract":"Το είπε ο Βάργας","content":"ΒΆΡΓΑΣ"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"βάργασ"`},
		{"a script without spaces", `"abstract":"他说王小明在这里","content":"据王小明说"`, []stix.Change{drop("/abstract")}, LeakPhrase, "/content", `"王小明"`},
		{"in the name of a member", `"abstract":"from Ilmo Varga","x_ilmo_varga":1`, []stix.Change{drop("/abstract")}, LeakPhrase, "/x_ilmo_varga", `"ilmo varga"`},
		{"moved by the editor", `"abstract":"from Ilmo Varga","content":"x"`, []stix.Change{drop("/abstract"), replace("/content", "He is ilmo varga.")}, LeakPhrase, "/content", `"ilmo varga"`},
		{
			"half of a phrase was cut", `"abstract":"there was a small mill wheel by the ford","content":"near the mill  wheel"`,
			[]stix.Change{replace("/abstract", "there was a small wheel by the ford")},
			LeakPhrase, "/content", `"mill wheel"`,
		},
		{"in a list", `"labels":["old mill","bridge"],"content":"at the old mill"`, []stix.Change{drop("/labels/0")}, LeakPhrase, "/content", `"old mill"`},

		{"the id of the full record in a text", `"content":"see ` + strings.ToUpper(recordID) + `"`, nil, LeakID, "/content", "the id of the full record"},
		{"a dropped reference in a text", `"object_refs":["` + personID + `","` + fileID + `"],"content":"(` + personID[10:] + `)"`, []stix.Change{drop("/object_refs/0")}, LeakID, "/content", "an id whose reference was cut"},
		{"the author's id", `"created_by_ref":"` + deskID + `","content":"by ` + deskID + `"`, nil, LeakID, "/content", "whose reference was cut"},
		{"a dropped reference elsewhere", `"object_refs":["` + personID + `"],"x_ref":"` + personID + `"`, []stix.Change{drop("/object_refs")}, LeakID, "/x_ref", "whose reference was cut"},
		{"another system's id", `"x_misp_event_id":17`, nil, LeakID, "/x_misp_event_id", "another system"},

		{"the exact time elsewhere", `"first_seen":"2025-11-03T04:10:00Z","x_seen":"2025-11-03T04:10:00.000Z"`, []stix.Change{{Path: "/first_seen", Op: stix.OpDay}}, LeakTime, "/x_seen", "was cut elsewhere"},
		{"a time of the same day", `"first_seen":"2025-11-03T04:10:00Z","last_seen":"2025-11-03T05:30:00Z"`, []stix.Change{{Path: "/first_seen", Op: stix.OpDay}}, LeakTime, "/last_seen", "within a day"},
		{"the time in a text", `"first_seen":"2025-11-03T04:10:00Z","content":"at ٠٤:١٠ local"`, []stix.Change{{Path: "/first_seen", Op: stix.OpDay}}, LeakTime, "/content", "04:10 is a time of day"},
		{"the time in four digits", `"first_seen":"2025-11-03T04:10:00Z","content":"at 0410Z"`, []stix.Change{{Path: "/first_seen", Op: stix.OpDay}}, LeakTime, "/content", "0410"},
		{"the time since 1970", `"first_seen":"2025-11-03T04:10:00Z","x_t":1762143000`, []stix.Change{{Path: "/first_seen", Op: stix.OpDay}}, LeakTime, "/x_t", "counted from 1970"},

		{"the coordinate elsewhere", `"latitude":36.3456,"longitude":43.1289,"x_raw":[36.3456]`, []stix.Change{{Op: stix.OpRound, Value: "1"}}, LeakPlace, "/x_raw/0", "about 11 m"},
		{"the coordinate in a text", `"latitude":36.3456,"longitude":-43.1289,"content":"at 36.346, -43.129"`, []stix.Change{{Op: stix.OpRegion, Value: "Northland"}}, LeakPlace, "/content", "-43.129 tells"},
		{"a coordinate as a text", `"latitude":36.3456,"longitude":43.1289,"x_place":{"lat":"36.3456"}`, []stix.Change{drop("/latitude"), drop("/longitude")}, LeakPlace, "/x_place/lat", "36.3456"},
		{"hardly rounded", `"latitude":36.34561,"longitude":43.12891`, []stix.Change{{Op: stix.OpRound, Value: "4"}}, LeakPlace, "/latitude", "36.3456"},
		{"degrees", `"latitude":36.3456,"longitude":43.1289,"content":"36°20'44\"N"`, []stix.Change{{Op: stix.OpRegion, Value: "Northland"}}, LeakPlace, "/content", "may be a place"},
		{"a grid reference", `"latitude":36.3456,"longitude":43.1289,"content":"grid 38SLF1234567890."`, []stix.Change{{Op: stix.OpRegion, Value: "Northland"}}, LeakPlace, "/content", "38SLF1234567890"},

		{"a file name in a text", `"content":"see (IMG_2041.JPG)"`, nil, LeakFile, "/content", "IMG_2041.JPG"},
		{"a hash in a text", `"content":"786e184927ec9ddac3079c24999ac461b7cb89888f69efc053848f2d6dee7dd6"`, nil, LeakFile, "/content", "looks like a hash"},
		{"hashes", `"x_file":{"hashes":{"SHA-256":"a"}}`, nil, LeakFile, "/x_file/hashes", "metadata"},
		{"device data", `"x_exif_tags":{"Make":"a"}`, nil, LeakFile, "/x_exif_tags", "metadata"},
		{"who wrote it", `"authors":["I"]`, nil, LeakFile, "/authors", "who wrote it"},
		{"what nobody has looked into", `"payload_bin":"AAAA"`, nil, LeakFile, "/payload_bin", "nobody has looked"},

		{"a marking of one's own", `"object_marking_refs":["` + ownMark + `"]`, nil, LeakMarking, "/object_marking_refs/0", ownMark},
		{"a part marked by one's own", `"content":"x","granular_markings":[{"marking_ref":"` + ownMark + `","selectors":["content"]}]`, nil, LeakMarking, "/granular_markings", ownMark},

		{"an account", `"content":"IBAN XX12 3456 7890 1234"`, nil, LeakNumber, "/content", "14 digits"},
		{"a telephone", `"content":"call +99 770-123 4567"`, nil, LeakNumber, "/content", "12 digits"},
		{"a passport", `"content":"passport AB123456"`, nil, LeakNumber, "/content", "123456"},
		{"digits of another script", `"content":"۰۷۷۰۱۲۳۴۵۶۷"`, nil, LeakNumber, "/content", "07701234567"},
		{"a number that is one", `"x_account":12345678`, nil, LeakNumber, "/x_account", "8 digits"},
		{"e-mail", `"content":"<ilmo@mill.example>"`, nil, LeakAddress, "/content", "ilmo@mill.example"},
		{"URL", `"content":"at hxxps://mill.example/a"`, nil, LeakAddress, "/content", "hxxps"},
		{"external references", `"external_references":[{"source_name":"a"}]`, []stix.Change{{Path: "/external_references", Op: stix.OpKeep}}, LeakReference, "/external_references", "other systems"},
	} {
		full := object(t, v.full)
		got := CheckTearline(full, tearOf(t, full, v.changes...))
		if !slices.ContainsFunc(got, func(w Warning) bool {
			return w.What == v.what && w.Where == v.where && strings.Contains(w.Detail, v.detail)
		}) {
			t.Errorf("%s: expected %s at %s: %s\ngot %+v", v.name, v.what, v.where, v.detail, got)
		}
		// The same text without an edit that cuts gives no leak of what was cut.
		if v.changes != nil && v.what == LeakPhrase {
			if got := CheckTearline(full, tearOf(t, full)); len(got) != 0 {
				t.Errorf("%s: nothing was cut, and yet %+v", v.name, got)
			}
		}
	}
}

// What the author made well gives no warning: a check that always warns is not read.
func TestCleanTearlines(t *testing.T) {
	for _, v := range []struct {
		name, full string
		changes    []stix.Change
	}{
		{"nothing cut", `"abstract":"Two trucks near Ors","content":"Two trucks near Ors, says Harun, on 2025-11-03 and 04.11.2025."`, nil},
		{
			"said in other words", `"abstract":"Trucks at the bridge","content":"Our man in the mill, Harun, saw two trucks at the bridge at 04:10 and rang +99 770 123 4567."`,
			[]stix.Change{replace("/content", "Two trucks were seen at the bridge in the night.")},
		},
		{"what was cut is gone", `"abstract":"from Ilmo Varga","content":"There were two of them."`, []stix.Change{drop("/abstract")}},
		{"common words are no phrase", `"abstract":"It was about the end of that","content":"He said that it was about time"`, []stix.Change{drop("/abstract")}},
		{"Arabic", `"abstract":"قال هارون الطحان","content":"شوهدت شاحنتان قرب الجسر"`, []stix.Change{drop("/abstract")}},
		{
			"times and places made vague", `"first_seen":"2025-11-03T04:10:00Z","last_seen":"2025-11-04T05:00:00Z","latitude":36.3456,"longitude":43.1289,"precision":20`,
			[]stix.Change{{Path: "/first_seen", Op: stix.OpDay}, {Path: "/last_seen", Op: stix.OpDay}, {Op: stix.OpRound, Value: "1"}},
		},
		{"a time that nobody made vague", `"first_seen":"2025-11-03T04:10:00Z","content":"at 04:10"`, nil},
		{"a reference dropped everywhere", `"object_refs":["` + personID + `","` + fileID + `"],"x_ref":"` + personID + `"`, []stix.Change{{Op: stix.OpUnlink, Value: personID}}},
		{
			"a standard marking", `"content":"x"`, []stix.Change{{Op: stix.OpMark, Value: string(stix.TLPMarking(entente.TLPGreen))}},
		},
		{
			"granular markings follow", `"abstract":"y","content":"x","granular_markings":[{"marking_ref":"` + string(stix.TLPMarking("red")) + `","selectors":["abstract","content"]}]`,
			[]stix.Change{drop("/abstract")},
		},
		{"a list that moved", `"labels":["one thing","another matter","bridge"]`, []stix.Change{drop("/labels/0")}},
	} {
		full := object(t, v.full)
		tear := tearOf(t, full, v.changes...)
		if got := CheckTearline(full, tear); got != nil {
			t.Errorf("%s\n%s\n%s\n%+v", v.name, full.Raw, tear.Raw, got)
		}
	}
}

// A tearline that was not made by Edit can give itself away in its header.
func TestTearlineHistory(t *testing.T) {
	full := object(t, `"content":"x"`)
	made := func(id string, created, modified time.Time) stix.Object {
		o, err := stix.Parse(fmt.Appendf(nil, `{"type":"note","spec_version":"2.1","id":"note--%s","created":"%s","modified":"%s"}`,
			id, created.Format(time.RFC3339Nano), modified.Format(time.RFC3339Nano)))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	const other = "1b1d3f60-1f6e-4c5f-8f8e-2c2c1f0b7a10"
	for _, v := range []struct {
		name  string
		tear  stix.Object
		where []string
	}{
		{"fresh", made(other, now, now.Add(time.Second)), nil},
		{"created as the full record", made(other, full.Created, now), []string{"/created", "/modified"}},
		{"modified as the full record", made(other, full.Modified, full.Modified), []string{"/created", "/modified"}},
		{"a second version", made(other, now.Add(-time.Hour), now), []string{"/modified"}},
		{"the same id", made(recordID[6:], now, now), []string{"/id"}},
	} {
		var where []string
		for _, w := range CheckTearline(full, v.tear) {
			where = append(where, w.Where)
		}
		if where = slices.Compact(where); !slices.Equal(where, v.where) {
			t.Errorf("%s: %q, want %q", v.name, where, v.where)
		}
	}
	if got := CheckTearline(full, stix.Object{Raw: []byte("{")}); len(got) != 1 || got[0].What != LeakUnread {
		t.Errorf("half an object: %+v", got)
	}
	dangling := object(t, `"granular_markings":[{"marking_ref":"`+string(stix.TLPMarking("red"))+`","selectors":["content"]}]`)
	if got := CheckTearline(full, dangling); !slices.ContainsFunc(got, func(w Warning) bool {
		return w.What == LeakMarking && strings.Contains(w.Detail, "names what is not there")
	}) {
		t.Errorf("a marking of what was cut: %+v", got)
	}
	odd := object(t, `"object_marking_refs":7`)
	if got := CheckTearline(full, odd); !slices.ContainsFunc(got, func(w Warning) bool { return w.What == LeakUnread }) {
		t.Errorf("markings that cannot be read: %+v", got)
	}
}

// scripts are invented names and small talk, in writing of several kinds.
var scripts = []struct {
	names, talk []string
	space, stop string
}{
	{[]string{"Ilmo Varga", "Teodra", "K7Q-Selim", "Anneke van Dorst"}, []string{"two lorries went north", "the bridge was open", "nobody was on the road", "rain fell until night"}, " ", ". "},
	{[]string{"Ильмо Варга", "Теодра Мельник", "Селимов"}, []string{"две машины ушли на север", "мост был открыт", "на дороге никого не было"}, " ", ". "},
	{[]string{"هارون الطحان", "سليم بن يعقوب", "تيودرا"}, []string{"مرت شاحنتان نحو الشمال", "كان الجسر مفتوحا", "لم يكن أحد على الطريق"}, " ", ". "},
	{[]string{"王小明", "欧阳月如"}, []string{"两辆卡车向北行驶", "桥是开着的", "路上没有人"}, "", "。"},
}

// A careless edit: a name stands in several places, and the author cuts some of
// them and overlooks at least one. Whatever was overlooked is found.
func TestCarelessEditsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := scripts[rapid.IntRange(0, len(scripts)-1).Draw(t, "script")]
		secret := rapid.SampledFrom(script.names).Draw(t, "secret")
		talk := func() string { return rapid.SampledFrom(script.talk).Draw(t, "talk") }
		sentence := func() string {
			return strings.Join([]string{talk(), secret, talk()}[rapid.IntRange(0, 1).Draw(t, "first"):], script.space)
		}
		var texts []string // each with the secret once
		n := rapid.IntRange(2, 5).Draw(t, "texts")
		for range n {
			text := sentence()
			for range rapid.IntRange(0, 5).Draw(t, "more") {
				text += script.stop + talk()
			}
			texts = append(texts, text)
		}
		inOne := rapid.Bool().Draw(t, "in one text")
		cut := rapid.IntRange(1, n-1).Draw(t, "cut")
		where := rapid.Permutation(indexes(n)).Draw(t, "which")[:cut]
		var full, tear stix.Object
		if inOne {
			full = object(t, `"content":`+quoted(strings.Join(texts, script.stop)))
			left := slices.Clone(texts)
			for _, i := range where {
				left[i] = strings.ReplaceAll(left[i], secret, "…")
			}
			tear = tearOf(t, full, replace("/content", strings.Join(left, script.stop)))
		} else {
			var members []string
			for i, text := range texts {
				members = append(members, fmt.Sprintf(`"x_%c":%s`, 'a'+i, quoted(text)))
			}
			full = object(t, strings.Join(members, ","))
			var changes []stix.Change
			for _, i := range where {
				path := fmt.Sprintf("/x_%c", 'a'+i)
				if rapid.Bool().Draw(t, "replace") {
					changes = append(changes, replace(path, strings.ReplaceAll(texts[i], secret, "…")))
				} else {
					changes = append(changes, drop(path))
				}
			}
			tear = tearOf(t, full, changes...)
		}
		squeeze := func(s string) string {
			return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' }), "")
		}
		for _, w := range CheckTearline(full, tear) {
			if w.What == LeakPhrase && strings.Contains(squeeze(w.Detail), squeeze(secret)) {
				return
			}
		}
		t.Fatalf("%s\n%s\n%q is still there, found was %+v", full.Raw, tear.Raw, secret, CheckTearline(full, tear))
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func quoted(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }

// What is said of a tearline is in it: the place exists.
func TestWarningsNameAPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func() string { return rapid.StringMatching(`[a-z0-9@:/.° -]{0,40}`).Draw(t, "text") }
		full := object(t, `"a":`+quoted(text())+`,"b":[`+quoted(text())+`,"2025-11-03T04:10:00Z"],"latitude":36.123456,"longitude":1.5`)
		tear := tearOf(t, full, drop("/a"), stix.Change{Path: "/b/1", Op: stix.OpDay}, stix.Change{Op: stix.OpRound, Value: "3"})
		leaves, err := stix.Leaves(tear)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range CheckTearline(full, tear) {
			if w.Where != "" && !slices.ContainsFunc(leaves, func(l stix.Leaf) bool { return l.Path == w.Where }) || w.Detail == "" {
				t.Fatalf("%s\n%+v", tear.Raw, w)
			}
		}
	})
}

func FuzzCheckTearline(f *testing.F) {
	f.Add(`"content":"Ilmo Varga at 04:10, 36.3456","first_seen":"2025-11-03T04:10:00Z"`, `"content":"Ilmo Varga +99 770-123 4567 a@b.example"`)
	f.Add(`"latitude":1.5`, `"latitude":1.5e300,"x":"°38SLF123456 ----------------------------------------"`)
	f.Add(`"a":"王小明"`, `"b":"王小明在"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		head := `{"type":"note","id":"` + recordID + `",`
		full, err := stix.Parse([]byte(head + a + `}`))
		if err != nil {
			return
		}
		tear, err := stix.Parse([]byte(head + b + `}`))
		if err != nil {
			return
		}
		first := CheckTearline(full, tear)
		if second := CheckTearline(full, tear); !slices.Equal(first, second) || len(first) > mostWarnings+1 {
			t.Fatalf("%+v\n%+v", first, second)
		}
	})
}

// largeTearline is about a megabyte of talk, cut in some places and not in others.
func largeTearline(tb testing.TB) (full, tear stix.Object) {
	var words []string
	for i := range 150_000 {
		words = append(words, fmt.Sprintf("word%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26))
		if i%10_000 == 77 {
			words = append(words, "Ilmo Varga.")
		}
	}
	text := strings.Join(words, " ")
	full = object(tb, `"content":`+quoted(text)+`,"first_seen":"2025-11-03T04:10:00Z","latitude":36.3456,"longitude":43.1289`)
	tear, err := stix.Edit(full, now, []stix.Change{
		replace("/content", "It "+strings.Replace(text, "Ilmo Varga. ", "", 7)+" over"), {Path: "/first_seen", Op: stix.OpDay}, {Op: stix.OpRound, Value: "1"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return full, tear
}

func TestLargeTearline(t *testing.T) {
	full, tear := largeTearline(t)
	got := CheckTearline(full, tear)
	if len(got) != 1 || !strings.Contains(got[0].Detail, "ilmo varga") {
		t.Fatalf("%d warnings, first %+v", len(got), got[:min(3, len(got))])
	}
}

func BenchmarkCheckTearline(b *testing.B) {
	full, tear := largeTearline(b)
	b.SetBytes(int64(len(full.Raw) + len(tear.Raw)))
	for b.Loop() {
		CheckTearline(full, tear)
	}
}
