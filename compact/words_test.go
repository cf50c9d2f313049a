package compact

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"

	"github.com/google/go-cmp/cmp"
)

func fullCharter() *entente.Charter {
	c := charterOf("A", "B", "C")
	c.Handling.Default = entente.Handling{
		TLP: entente.TLPAmber, Codes: []string{"europol/H1"}, Onward: entente.OnwardAsk, Permitted: []string{"screening"},
		Purpose: "counter-smuggling", LegalBasis: "Treaty 7", Expires: "2031-12-31", Caveats: []string{"no arrests"},
	}
	c.Handling.Days, c.HideAfter, c.ChairMonths = 90, 30, 3
	c.Quota = entente.Quota{Acts: 10_000, Bytes: 1 << 30}
	c.Evidence, c.Inspector, c.TellOriginator = "inspector", pid("I"), true
	c.TwoPersons = []entente.Kind{entente.KindRelease}
	return c
}

func TestDescribe(t *testing.T) {
	c := fullCharter()
	a, b, d := entente.Short(pid("A")), entente.Short(pid("B")), entente.Short(pid("C"))
	seats := []string{
		"  - “Land A” (party " + a + "), 1 seat, on the legal basis of “Act A”",
		"  - “Land B” (party " + b + "), 1 seat, on the legal basis of “Act B”",
		"  - “Land C” (party " + d + "), 1 seat, on the legal basis of “Act C”",
	}
	slices.SortFunc(seats, func(x, y string) int { return strings.Compare(x[strings.Index(x, "("):], y[strings.Index(y, "("):]) })
	want := `Agreement: “Accord of the Straits”
Type: information: records are released, passed on with consent, recalled
Purposes:
  - “counter-smuggling”
Categories of data:
  - “vessels”
Members:
` + strings.Join(seats, "\n") + `
Begins: 1 March 2031, 00:00:00 UTC
Ends: 1 March 2032, 00:00:00 UTC
To be reviewed by: 1 September 2031, 00:00:00 UTC
Clocks may differ by: 5 minutes; senders stop so much before the end, receivers accept so much around it
Decisions: by all members, unanimously
Seats that count for a quorum: those that are filled
Chair: passes on every 3 months
Marking unless a release says otherwise: TLP:AMBER
Handling codes unless a release says otherwise:
  - “europol/H1”
Passing on unless a release says otherwise: only with the originator's signed consent
Uses allowed without asking, unless a release says otherwise:
  - “screening”
Purpose unless a release says otherwise: “counter-smuggling”
Legal basis unless a release says otherwise: “Treaty 7”
Expiry unless a release says otherwise: “2031-12-31”
Caveats unless a release says otherwise:
  - “no arrests”
Widest marking that a release may carry: TLP:GREEN
Widest passing on that a release may allow: to other members without asking
Longest release: 90 days
A relay must have heard from the originator within: 1 day
A recall must be confirmed within: 1 hour
Records of a member that cannot be reached: are hidden after 30 days
Acts from one member to another in a day: at most 10,000
Bytes from one member to another in a day: at most 1,073,741,824
Evidence kept after a recall: sealed to the inspector
Inspector: party ` + entente.Short(pid("I")) + `
A record that arrives without consent: is reported to its originator
Acts that need a second person's approval:
  - “release”
Leaving: “by amendment”
Suspending: “at once”
Rules that fold acts into decisions: version 1
Nothing flows until every member listed here has signed. After that, any member may
at once and alone suspend itself or its flow to one other member, and resume.
`
	if diff := cmp.Diff(want, Describe(c)); diff != "" {
		t.Error(diff)
	}
}

// leaves calls f for each value of a charter; f changes it, undo restores it.
func leaves(v reflect.Value, path string, f func(path string, change, undo func())) {
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	undo := func() { v.Set(old) }
	switch v.Interface().(type) {
	case entente.Time:
		f(path, func() { v.Set(reflect.ValueOf(entente.At(old.Interface().(entente.Time).Add(time.Microsecond)))) }, undo)
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
		f(path+" and one more", func() {
			more := reflect.New(v.Type().Elem()).Elem()
			more.Set(v.Index(0))
			first := more
			if more.Kind() == reflect.Struct {
				first = more.Field(0)
			}
			first.SetString(hash("one more"))
			v.Set(reflect.Append(old, more))
		}, undo)
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

// Whatever differs between two charters is seen by those who read them.
func TestEveryTermIsInWords(t *testing.T) {
	old, c := fullCharter(), fullCharter()
	if got := Changes(old, c); len(got) != 0 {
		t.Errorf("nothing changes, but: %q", got)
	}
	words, n := Describe(old), 0
	leaves(reflect.ValueOf(c).Elem(), "", func(path string, change, undo func()) {
		n++
		change()
		if Describe(c) == words {
			t.Errorf("%s changes, the description does not", path)
		}
		if got := Changes(old, c); len(got) == 0 {
			t.Errorf("%s changes, Changes does not say so", path)
		}
		undo()
		if Describe(c) != words {
			t.Fatalf("%s was not restored", path)
		}
	})
	if n < 50 {
		t.Errorf("only %d terms tried", n)
	}
}

func TestChanges(t *testing.T) {
	old, c := charterOf("A", "B"), charterOf("A", "C")
	c.End = entente.At(day0.AddDate(2, 0, 0))
	c.Handling.Default.Caveats = []string{"no arrests"}
	for i := range c.Members {
		if c.Members[i].Party == pid("A") {
			c.Members[i].Seats = 2
		}
	}
	got := Changes(old, c)
	a := "(party " + entente.Short(pid("A")) + ")"
	want := []string{
		"Members: “Land A” " + a + ", 2 seats, on the legal basis of “Act A” (until now: “Land A” " + a + ", 1 seat, on the legal basis of “Act A”)",
		"Members: new: “Land C” (party " + entente.Short(pid("C")) + "), 1 seat, on the legal basis of “Act C”",
		"Members: no longer: “Land B” (party " + entente.Short(pid("B")) + "), 1 seat, on the legal basis of “Act B”",
		"Ends: 1 March 2033, 00:00:00 UTC (until now: 1 March 2032, 00:00:00 UTC)",
		"Caveats unless a release says otherwise: new: “no arrests”",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExplain(t *testing.T) {
	d := draw(t, "charter A B\nB: acc -> x=susp -> acc\n       | -> y=susp\nA: n=amend(A B; keep x)")
	got := d.fold().Explain(d.act["n"].Amendment)
	want := []string{"Fork: of what Land B signed as number 2 in its chain, act " + entente.Short(d.id("x")) + " stands and nothing else"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A text in a charter cannot pass for a term of its own.
func TestTextsCannotPoseAsTerms(t *testing.T) {
	c := fullCharter()
	lines := strings.Count(Describe(c), "\n")
	c.Exit = "at will”\nEnds: never\r\u2028Ends: \u202Enever\u2066 \u200B\U000E0041“"
	got := Describe(c)
	if n := strings.Count(got, "\n"); n != lines {
		t.Errorf("a text took %d lines more", n-lines)
	}
	if want := `Leaving: “at will\u201D ⏎ Ends: never\u000D\u2028Ends: \u202Enever\u2066 \u200B\U000E0041\u201C”` + "\n"; !strings.Contains(got, want) {
		t.Errorf("not found: %s\nin %s", want, got)
	}
	c.Name = "پیمان می\u200cنویسند"
	if got := Describe(c); !strings.Contains(got, "Agreement: “\u2068پیمان می\u200cنویسند\u2069”\n") {
		t.Errorf("Persian with its joiner is not whole: %s", got[:80])
	}
}

func TestDurations(t *testing.T) {
	for s, want := range map[int64]string{0: "0 seconds", 1: "1 second", 3661: "1 hour 1 minute 1 second", 400 * 86400: "400 days", -5: "-5 seconds"} {
		if got := duration(s); got != want {
			t.Errorf("%d: %q, want %q", s, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
