package compact

import (
	"strings"
	"testing"
	"time"

	"entente"
)

func TestMay(t *testing.T) {
	const kept = `
charter A B C
A: n=amend(A B)
B: acc -> acc(n)
C: acc -> acc(n)
`
	with := func(t entente.CompactType) func(*drawing) {
		return func(d *drawing) { d.act["charter"].Charter.Type = t }
	}
	for _, c := range []struct {
		what, history string
		change        func(*drawing)
		from, to      string
		kind          entente.Kind
		now           time.Time
		side          Side
		want          entente.Code // empty: allowed
	}{
		{"members may", "charter A B\nB: acc", nil, "A", "B", entente.KindRelease, midway, Sending, ""},
		{"accessions are missing", "charter A B C\nB: acc", nil, "A", "B", entente.KindRelease, midway, Sending, entente.RefusedForce},
		{"control acts flow before", "charter A B C\nB: acc", nil, "A", "C", entente.KindAccession, midway, Sending, ""},
		{"a stranger sends", "charter A B\nB: acc", nil, "X", "B", entente.KindRelease, midway, Sending, entente.RefusedCompact},
		{"a stranger receives", "charter A B\nB: acc", nil, "A", "X", entente.KindAsk, midway, Sending, entente.RefusedCompact},
		{"a stranger receives control acts", "charter A B\nB: acc", nil, "A", "X", entente.KindAmendment, midway, Sending, entente.RefusedCompact},
		{"one who left", kept, nil, "A", "C", entente.KindRelease, midway, Sending, entente.RefusedCompact},
		{"one who left is owed recalls", kept, nil, "A", "C", entente.KindRecall, midway, Sending, ""},
		{"one who left gives receipts", kept, nil, "C", "A", entente.KindReceipt, midway.AddDate(9, 0, 0), Receiving, ""},
		{"one who is invited", "charter A B\nA: amend(A B C)\nB: acc", nil, "A", "C", entente.KindConsent, midway, Sending, entente.RefusedCompact},
		{"one who is invited gets control acts", "charter A B\nA: amend(A B C)\nB: acc", nil, "A", "C", entente.KindAmendment, midway, Sending, ""},
		{"outside the type", "charter A B\nB: acc", with(entente.Deconfliction), "A", "B", entente.KindRelease, midway, Sending, entente.RefusedType},
		{"outside the type, matching", "charter A B\nB: acc", with(entente.Matching), "A", "B", entente.KindConsent, midway, Receiving, entente.RefusedType},
		{"inside the type, tasking", "charter A B\nB: acc", with(entente.Tasking), "A", "B", entente.KindRelease, midway, Receiving, ""},
		{"a kind nobody knows is no control act", "charter A B\nB: acc", nil, "A", "B", "surprise", midway, Sending, entente.RefusedKind},
		{"suspended sends", "charter A B\nB: acc\nA: susp", nil, "A", "B", entente.KindRelease, midway, Sending, entente.RefusedForce},
		{"suspended receives", "charter A B\nB: acc\nA: susp", nil, "B", "A", entente.KindRelease, midway, Receiving, entente.RefusedForce},
		{"suspended recalls", "charter A B\nB: acc\nA: susp", nil, "A", "B", entente.KindRecall, midway, Sending, ""},
		{"resumed", "charter A B\nB: acc\nA: susp -> res", nil, "A", "B", entente.KindRelease, midway, Sending, ""},
		{"flow suspended", "charter A B C\nB: acc\nC: acc\nA: susp(B)", nil, "A", "B", entente.KindConsent, midway, Receiving, entente.RefusedForce},
		{"flow suspended, the other way", "charter A B C\nB: acc\nC: acc\nA: susp(B)", nil, "B", "A", entente.KindConsent, midway, Receiving, ""},
		{"flow suspended, to another", "charter A B C\nB: acc\nC: acc\nA: susp(B)", nil, "A", "C", entente.KindConsent, midway, Receiving, ""},
		{"forked sends", "charter A B\nB: acc -> susp(A) -> res\n       | -> acc", nil, "B", "A", entente.KindRelease, midway, Receiving, entente.RefusedForce},
		{"forked receives", "charter A B\nB: acc -> susp(A) -> res\n       | -> acc", nil, "A", "B", entente.KindRelease, midway, Sending, entente.RefusedForce},
		{"a signature taken back", "charter A B C\nA: n=amend(A B)\nB: acc -> acc(n)\nC: acc -> acc(n)\n       | -> acc@2", nil, "A", "C", entente.KindRelease, midway, Sending, entente.RefusedForce},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := draw(t, c.history)
			if c.change != nil {
				c.change(d)
			}
			r := d.fold().May(pid(c.from), pid(c.to), c.kind, c.now, c.side)
			var got entente.Code
			if r != nil {
				got = r.Code
				if r.Error() == "" || r.Hint == "" || strings.Contains(r.Reason, "sha256:") {
					t.Errorf("not for people: %+v", r)
				}
			}
			if got != c.want {
				t.Errorf("%s to %s: got %q, want %q (%v)", c.from, c.to, got, c.want, r)
			}
		})
	}
}

// With a tolerance of five minutes the sender stays inside of what the receiver accepts.
func TestMayByTheClock(t *testing.T) {
	s := draw(t, "charter A B\nB: acc").fold()
	end := day0.AddDate(1, 0, 0)
	for _, c := range []struct {
		now             time.Time
		sends, receives bool
	}{
		{day0.Add(-301 * time.Second), false, false},
		{day0.Add(-300 * time.Second), false, true},
		{day0.Add(-time.Second), false, true},
		{day0, true, true},
		{midway, true, true},
		{end.Add(-301 * time.Second), true, true},
		{end.Add(-300 * time.Second), false, true},
		{end, false, true},
		{end.Add(299 * time.Second), false, true},
		{end.Add(300 * time.Second), false, false},
		{end.AddDate(5, 0, 0), false, false},
	} {
		for side, want := range map[Side]bool{Sending: c.sends, Receiving: c.receives} {
			r := s.May(pid("A"), pid("B"), entente.KindRelease, c.now, side)
			if (r == nil) != want || r != nil && r.Code != entente.RefusedForce {
				t.Errorf("at %s, side %d: want %v, got %v", c.now.Format(time.DateTime), side, want, r)
			}
			if r := s.May(pid("A"), pid("B"), entente.KindRecall, c.now, side); r != nil {
				t.Errorf("at %s, side %d: recalls flow always: %v", c.now.Format(time.DateTime), side, r)
			}
		}
	}
}

// A party that is not listed cannot tell a compact that exists from one that does not.
func TestMayHidesCompacts(t *testing.T) {
	real := draw(t, "charter A B\nB: acc").fold()
	none := Fold(entente.CompactID(hash("no such")), nil)
	for _, k := range []entente.Kind{entente.KindRelease, entente.KindRecall, entente.KindAmendment} {
		a, b := real.May(pid("X"), pid("B"), k, midway, Receiving), none.May(pid("X"), pid("B"), k, midway, Receiving)
		if a == nil || b == nil || *a != *b {
			t.Errorf("%s: %+v and %+v differ", k, a, b)
		}
	}
}
