package stix

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var dayOfEdit = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const (
	stamp = `"2026-03-04T05:06:07.000Z"`
	plain = `"created":` + stamp + `,"modified":` + stamp
)

var uuidForms = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// edited runs an edit and puts NEW in place of the new UUID.
func edited(t testing.TB, input string, changes ...Change) (string, error) {
	t.Helper()
	o, err := Parse([]byte(input))
	if err != nil {
		t.Fatalf("%s\n%v", input, err)
	}
	before := string(o.Raw)
	tear, err := Edit(o, dayOfEdit, changes)
	if string(o.Raw) != before {
		t.Fatal("the edit changed its input")
	}
	if err != nil {
		if tear.Raw != nil {
			t.Fatal("an object along with an error")
		}
		return "", err
	}
	if tear.ID == o.ID || tear.Type != o.Type || !uuidForms.MatchString(string(tear.ID)) || slices.Contains(tear.Refs, o.ID) {
		t.Fatalf("the new id is %s, references %v; it was %s", tear.ID, tear.Refs, o.ID)
	}
	return strings.Replace(string(tear.Raw), strings.TrimPrefix(string(tear.ID), tear.Type+"--"), "NEW", 1), nil
}

func TestEdit(t *testing.T) {
	note := func(rest string) string {
		return `{"type":"note","spec_version":"2.1","id":"` + aNote + `",` + times + rest + `}`
	}
	want := func(rest string) string {
		return `{"type":"note","spec_version":"2.1","id":"note--NEW",` + plain + rest + `}`
	}
	for _, v := range []struct {
		name, input, want string
		changes           []Change
	}{
		{"nothing but a new identity", note(`,"content":"x"`), want(`,"content":"x"`), nil},
		{"the author and the ids of others go by themselves", note(`,"created_by_ref":"` + someone + `","content":"x","external_references":[{"source_name":"a","external_id":"7"}]`), want(`,"content":"x"`), nil},
		{
			"unless they are kept", note(`,"created_by_ref":"` + someone + `","external_references":[{"source_name":"a","url":"u"}]`),
			want(`,"created_by_ref":"` + someone + `","external_references":[{"source_name":"a"}]`),
			[]Change{{"/created_by_ref", OpKeep, ""}, {"/external_references/0/url", OpDrop, ""}, {"/external_references", OpKeep, ""}},
		},
		{"drop the last", note(`,"a":1.50,"b":"\u0041"`), want(`,"a":1.50`), []Change{{"/b", OpDrop, ""}}},
		{"drop in the middle", note(`,"a":{"x":[1,2,3],"y":0},"b":"\u0041"`), want(`,"a":{"x":[1,3],"y":0},"b":"\u0041"`), []Change{{"/a/x/1", OpDrop, ""}}},
		{"paths are those of the full record", note(`,"a":[1,2,3,4]`), want(`,"a":[2,4]`), []Change{{"/a/0", OpDrop, ""}, {"/a/2", OpDrop, ""}}},
		{"what is empty goes", note(`,"a":{"x":[[1]],"y":[]},"b":{"x":{"y":1}}`), want(`,"a":{"y":[]}`), []Change{{"/a/x/0/0", OpDrop, ""}, {"/b/x/y", OpDrop, ""}}},
		{"odd names", note(`,"a/b":{"m~n":1,"":2}`), want(`,"a/b":{"m~n":7}`), []Change{{"/a~1b/m~0n", OpReplace, " 7\n"}, {"/a~1b/", OpDrop, ""}}},
		{"replace", note(`,"a":"x","b":1,"c":[1],"d":true`), want(`,"a":"ш \"<&>","b":2e1,"c":[2, 3],"d":false`), []Change{
			{"/a", OpReplace, `ш "<&>`}, {"/b", OpReplace, "2e1"}, {"/c", OpReplace, "[2, 3]"}, {"/d", OpReplace, "false"},
		}},
		{"a day", note(`,"a":"2016-05-12T08:17:27.12Z","b":["2016-05-12T00:00:00Z"]`), want(`,"a":"2016-05-12T00:00:00.000Z","b":["2016-05-12T00:00:00Z"]`), []Change{{"/a", OpDay, ""}, {"/b/0", OpDay, ""}}},
		{
			"references", note(`,"object_refs":["` + aFile + `"],"x":{"` + aFile + `":1,"y":["` + someone + `","` + aFile + `"],"z_ref":"` + aFile + `"}`),
			want(`,"x":{"y":["` + someone + `"]}`),
			[]Change{{"", OpUnlink, aFile}},
		},
		{
			"references of one part", note(`,"object_refs":["` + aFile + `"],"y":["` + someone + `","` + aFile + `"]`),
			want(`,"object_refs":["` + aFile + `"],"y":["` + someone + `"]`),
			[]Change{{"/y", OpUnlink, aFile}},
		},
		{
			"only some references; markings stay", note(`,"object_marking_refs":["` + aMarking[:len(aMarking)-1] + `b"],"object_refs":["` + aFile + `","` + someone + `"],"y":"` + aBundle + `"`),
			want(`,"object_marking_refs":["` + aMarking[:len(aMarking)-1] + `b"],"object_refs":["` + someone + `"]`),
			[]Change{{"", OpOnlyLinks, someone}},
		},
		{"the full record's own id", note(`,"a":["` + aNote + `"],"b":"c"`), want(`,"b":"c"`), []Change{{"", OpUnlink, aNote}}},
		{
			"mark", note(`,"content":"x"`), want(`,"content":"x","object_marking_refs":["` + aMarking + `"]`),
			[]Change{{"", OpMark, aMarking + " " + aMarking}},
		},
		{
			"mark more", note(`,"object_marking_refs":[ "` + aMarking + `" ]`), want(`,"object_marking_refs":[ "` + aMarking + `", "` + string(TLPMarking("red")) + `" ]`),
			[]Change{{"", OpMark, aMarking + " " + string(TLPMarking("red"))}},
		},
		{
			"granular markings follow", note(`,"labels":["a","b","c"],"abstract":"s","granular_markings":[` +
				`{"marking_ref":"` + aMarking + `","selectors":["labels.[0]","labels.[2]", "abstract"]},{"lang":"en","selectors":["abstract","nothing"]},{"marking_ref":"` + aMarking + `","selectors":["labels"]}]`),
			want(`,"labels":["b","c"],"granular_markings":[{"marking_ref":"` + aMarking + `","selectors":["labels.[1]"]},{"marking_ref":"` + aMarking + `","selectors":["labels"]}]`),
			[]Change{{"/labels/0", OpDrop, ""}, {"/abstract", OpDrop, ""}},
		},
		{
			"a granular marking that is dropped", note(`,"abstract":"s","granular_markings":[{"marking_ref":"` + aMarking + `","selectors":["abstract"]}]`),
			want(`,"abstract":"s"`),
			[]Change{{"", OpUnlink, aMarking}},
		},
		{
			"white space stays", "{\n  \"type\": \"note\",\n  \"id\": \"" + aNote + "\",\n  \"a\" : [ 1 ,\t2 ],\n  \"b\": { }\n}",
			"{\n  \"type\": \"note\",\n  \"id\": \"note--NEW\",\n  \"a\" : [ 1 ],\n  \"b\": { },\n  \"created\": " + stamp + ",\n  \"modified\": " + stamp + "\n}",
			[]Change{{"/a/1", OpDrop, ""}},
		},
		{"an observable has no times", `{"type":"url","id":"url--f431f809-377b-45e0-aa1c-6a4751cae5ff","value":"u","defanged":true}`, `{"type":"url","id":"url--NEW","value":"u"}`, []Change{{"/defanged", OpDrop, ""}}},
		{
			"a region", someplace(`"name":"Bridge","latitude":1.5,"longitude":2.5,"precision":10,"city":"Ors","country":"xx"`),
			someplaceNow(`"name":"north of Ors","country":"xx"`),
			[]Change{{"", OpRegion, "north of Ors"}},
		},
		{"a region, all there is", someplace(`"latitude":1.5,"longitude":2.5`), someplaceNow(`"name":"Northland","region":"Northland"`), []Change{{"", OpRegion, "Northland"}}},
		{
			"rounded", someplace(`"latitude":36.35,"longitude":-43.1499,"precision":12.5`),
			someplaceNow(`"latitude":36.4,"longitude":-43.1,"precision":7913`),
			[]Change{{"", OpRound, "1"}},
		},
		{"rounded without precision", someplace(`"latitude":-0.0004,"longitude":1e1`), someplaceNow(`"latitude":0.00,"longitude":1e1,"precision":790`), []Change{{"", OpRound, "2"}}},
		{"rounded already", someplace(`"latitude":36.30,"longitude":4.310e1,"precision":1.0`), someplaceNow(`"latitude":36.3,"longitude":4.310e1,"precision":1.0`), []Change{{"", OpRound, "1"}}},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := edited(t, v.input, v.changes...)
			if err != nil || got != v.want {
				t.Fatalf("%v\n got %s\nwant %s", err, got, v.want)
			}
		})
	}
}

func location(id, times, rest string) string {
	return `{"type":"location","spec_version":"2.1","id":"` + id + `",` + times + `,` + rest + `}`
}

func someplace(rest string) string    { return location("location"+aNote[4:], times, rest) }
func someplaceNow(rest string) string { return location("location--NEW", plain, rest) }

func TestEditRefuses(t *testing.T) {
	input := note(`,"spec_version":"2.1",` + times + `,"a":{"b":["x",2]},"s":"t","t":"2016-05-12T08:17:27Z","p":{"latitude":1.5,"longitude":"2"},"q":{"latitude":91.5,"longitude":1},` +
		`"r":{"latitude":1.5,"longitude":1e999999999},"u":{"latitude":1.5,"longitude":1.5,"precision":-1},"own":"` + aNote + `","created_by_ref":"` + someone + `"`)
	ok := Change{"/own", OpDrop, ""}
	for _, v := range []struct {
		want    string
		changes []Change
	}{
		{"the result still refers to it", nil},
		{`change 2, "drop" "/a/c": there is no member "c" in "/a"`, []Change{ok, {"/a/c", OpDrop, ""}}},
		{`there is no item "2" in "/a/b", a list of 2 items`, []Change{ok, {"/a/b/2", OpDrop, ""}}},
		{`there is no item "01" in "/a/b"`, []Change{ok, {"/a/b/01", OpDrop, ""}}},
		{`there is no item "-" in "/a/b"`, []Change{ok, {"/a/b/-", OpDrop, ""}}},
		{`there is nothing below "/s", a JSON string`, []Change{ok, {"/s/0", OpDrop, ""}}},
		{"begins with /", []Change{ok, {"s", OpDrop, ""}}},
		{"~ must be written ~0", []Change{ok, {"/~2", OpDrop, ""}}},
		{"sets type, id, versions and their times itself", []Change{ok, {"/created", OpDay, ""}}},
		{"sets type, id, versions and their times itself", []Change{ok, {"/id", OpReplace, someone}}},
		{"this is the whole object", []Change{ok, {"", OpDrop, ""}}},
		{"unknown operation", []Change{ok, {"/s", "blur", ""}}},
		{`change 3, "replace" "/s": change 2 is about "/s" already`, []Change{ok, {"/s", OpDrop, ""}, {"/s", OpReplace, "x"}}},
		{`change 2 is about "/a" already`, []Change{ok, {"/a", OpDrop, ""}, {"/a/b/0", OpReplace, "x"}}},
		{"another change is about something in it", []Change{ok, {"/a/b/0", OpReplace, "x"}, {"/a", OpDrop, ""}}},
		{"change 2 is about \"/created_by_ref\" already", []Change{ok, {"/created_by_ref", OpKeep, ""}, {"/created_by_ref", OpDrop, ""}}},
		{"everything else stays", []Change{ok, {"/s", OpKeep, ""}}},
		{"not JSON of that kind", []Change{ok, {"/a/b/1", OpReplace, `"2"`}}},
		{"not JSON of that kind", []Change{ok, {"/a", OpReplace, `{"a":1,"a":2}`}}},
		{"is not UTF-8", []Change{ok, {"/s", OpReplace, "\xff"}}},
		{"it is a JSON object, expected a timestamp", []Change{ok, {"/a", OpDay, ""}}},
		{`"t" is not a timestamp`, []Change{ok, {"/s", OpDay, ""}}},
		{"expected a place", []Change{ok, {"/s", OpRegion, "x"}}},
		{"expected the name of a region", []Change{ok, {"/p", OpRegion, ""}}},
		{"longitude is a JSON string", []Change{ok, {"/p", OpRound, "1"}}},
		{"latitude is beyond 90 degrees", []Change{ok, {"/q", OpRound, "1"}}},
		{"exponent", []Change{ok, {"/r", OpRound, "1"}}},
		{"precision is negative", []Change{ok, {"/u", OpRound, "0"}}},
		{"there is no latitude in it", []Change{ok, {"/a", OpRound, "1"}}},
		{"not a number of decimals, 0 to 5", []Change{ok, {"/u", OpRound, "6"}}},
		{"there is no reference to " + aFile, []Change{ok, {"", OpUnlink, aFile}}},
		{"stix id", []Change{ok, {"", OpUnlink, "x"}}},
		{"stix id", []Change{ok, {"", OpOnlyLinks, someone + " x"}}},
		{"is no marking definition", []Change{ok, {"", OpMark, someone}}},
		{"names no marking definition", []Change{ok, {"", OpMark, " "}}},
		{"the path must be empty", []Change{ok, {"/a", OpMark, aMarking}}},
		{"name all markings in one", []Change{ok, {"", OpMark, aMarking}, {"", OpMark, string(TLPMarking("red"))}}},
	} {
		got, err := edited(t, input, v.changes...)
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%v: %s, error %v\nwant %s", v.changes, got, err, v.want)
		}
	}
	for _, input := range []string{
		note(`,` + times + `,"granular_markings":{}`), note(`,` + times + `,"granular_markings":[{"selectors":[]}]`),
		note(`,` + times + `,"granular_markings":[{"marking_ref":"` + aMarking + `","selectors":["a.[x]"]}]`),
	} {
		if _, err := edited(t, input); err == nil || !strings.Contains(err.Error(), "it cannot be seen what is marked") {
			t.Errorf("%s: %v", input, err)
		}
		if _, err := edited(t, input, Change{"/granular_markings", OpDrop, ""}); err != nil {
			t.Errorf("%s without: %v", input, err)
		}
	}
	o, err := Parse([]byte(note("")))
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []time.Time{{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := Edit(o, when, nil); err == nil || !strings.Contains(err.Error(), "not a time of the years") {
			t.Errorf("%v: %v", when, err)
		}
	}
	if _, err := Edit(Object{Raw: []byte("{")}, dayOfEdit, nil); err == nil {
		t.Error("half an object was edited")
	}
	if kept, err := edited(t, note(`,"created_by_ref":"`+someone+`"`), Change{"/created_by_ref", OpKeep, ""}, Change{"", OpOnlyLinks, ""}); err != nil || !strings.Contains(kept, someone) {
		t.Errorf("a kept author is no reference to drop: %s, %v", kept, err)
	}
}

// Rounding moves a place by no more than the precision grows.
func TestRoundedPlacesStayInTheirCircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		degrees := func(most int64, what string) string {
			n := rapid.Int64Range(-most*1e9, most*1e9).Draw(t, what)
			return strings.TrimRight(fmt.Sprintf("%s%d.%09d", strings.Repeat("-", int(uint64(n)>>63)), max(n, -n)/1e9, max(n, -n)%1e9), "0") + "0"
		}
		lat, lon := degrees(90, "lat"), degrees(180, "lon")
		decimals := rapid.IntRange(0, maxPlaceDecimals).Draw(t, "decimals")
		before := rapid.IntRange(0, 5000).Draw(t, "precision")
		raw := someplace(fmt.Sprintf(`"latitude":%s,"longitude":%s,"precision":%d`, lat, lon, before))
		o, err := Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		tear, err := Edit(o, dayOfEdit, []Change{{"", OpRound, fmt.Sprint(decimals)}})
		if err != nil {
			t.Fatal(err)
		}
		read := func(o Object) (lat, lon string, precision int) {
			m := regexp.MustCompile(`"latitude":([^,]*),"longitude":([^,]*),"precision":([0-9]*)`).FindStringSubmatch(string(o.Raw))
			if m == nil {
				t.Fatalf("%s", o.Raw)
			}
			precision, err := strconv.Atoi(m[3])
			if err != nil {
				t.Fatal(err)
			}
			return m[1], m[2], precision
		}
		lat2, lon2, after := read(tear)
		for _, x := range []string{lat2, lon2} {
			if _, fraction, _ := strings.Cut(x, "."); len(fraction) > decimals {
				t.Fatalf("%s has more than %d decimals", x, decimals)
			}
		}
		moved := metres(t, lat, lon, lat2, lon2)
		if moved > float64(after-before) {
			t.Fatalf("%s\n%s\nmoved by %.3f m", o.Raw, tear.Raw, moved)
		}
	})
}

// metres is the way between two places, not less than it is on the ellipsoid
// but for the millimetres that a float loses.
func metres(t *rapid.T, latA, lonA, latB, lonB string) float64 {
	const radians, largestRadius = math.Pi / 180, 6_399_594 // metres, of curvature at the poles
	at := func(s string) float64 {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return x * radians
	}
	a, b := at(latA), at(latB)
	h := math.Pow(math.Sin((b-a)/2), 2) + math.Cos(a)*math.Cos(b)*math.Pow(math.Sin((at(lonB)-at(lonA))/2), 2)
	return math.Floor(2*largestRadius*math.Asin(math.Min(1, math.Sqrt(h)))*100) / 100
}
