package compact

import (
	"slices"
	"strings"
	"testing"

	"entente"

	"github.com/google/go-cmp/cmp"
)

// Each history is folded and compared with what the rule says of it.
var drawings = []struct {
	rule, history, want string
}{
	{"1 an act counts only on the act before it", `
charter A B C
A: susp -> res
B: acc? -> late=acc
C: acc -> susp(A) -> res
`, "missing B; member A C; invited B; waiting late"},

	{"1 what has arrived late counts", `
charter A B
B: acc -> x=susp? -> y=res(z) -> z=susp
`, "terms charter; member A B; suspended B; waiting y z"},

	{"1 acts of strangers wait", `
charter A B
B: acc
X: x=acc -> y=susp -> n=amend(A B X)
`, "terms charter; member A B; waiting n x y"},

	{"4 two acts at one position fork", `
charter A B C
B: acc
C: acc -> x=susp(A)
       | -> y=susp(B)
`, "terms charter; member A B C; flow C>A C>B; forked C; fork C 2 x y"},

	{"4 a fork at the first position, the founder's", `
charter A B
A: x=susp(B)
| -> y=susp
B: acc
`, "terms charter; member A B; suspended A; flow A>B; forked A; fork A 1 x y"},

	{"4 acts at one position are a fork even if one of them waits", `
charter A B
B: acc -> x=susp(A)
       | -> w=susp(A)? -> v=res(w)
       | -> u=acc? -> y=acc
A: a=susp? -> b=res(a)
`, "terms charter; member A B; flow B>A; forked B; fork B 3 v y; waiting b v y"},

	{"4 the first fork is the one to settle", `
charter A B
B: acc -> x=susp(A) -> y=res
                    | -> z=res
       | -> w=susp(A)
`, "terms charter; member A B; flow B>A B>A; forked B; fork B 2 w x"},

	{"4 a signature on a branch stays given", `
charter A B C
B: acc -> x=acc(n)
       | -> y=susp
C: acc -> acc(n)
A: n=amend(A B C)
`, "terms n; member A B C; suspended B; forked B; fork B 2 x y"},

	{"3 theft: the old key forks after the rotation, and loses", `
charter A B
B: acc -> x=susp(A) -> res -> new=susp(A)@2
                    | -> thief=susp
       | -> early=susp
`, "terms charter; member A B; flow B>A; void early thief"},

	{"3 theft: an old key at the position of the new card is no fork", `
charter A B
B: acc -> thief=susp -> more=susp(A) -> last=res(new)
       | -> new=susp(A)@2
`, "terms charter; member A B; flow B>A; void last more thief"},

	{"3 theft: an old key counts no more after the new one, gap or none", `
charter A B
B: acc -> new=susp(A)@2 -> on=res@2 -> thief=susp
                                    | -> gone=acc@2? -> late=susp
`, "terms charter; member A B; void late thief"},

	{"3 theft: before the owner acts under the new card it is a fork", `
charter A B
B: acc -> x=susp(A)
       | -> thief=susp
`, "terms charter; member A B; suspended B; flow B>A; forked B; fork B 2 thief x"},

	{"3 theft: the new card says which branch was its own, and ends the fork", `
charter A B
B: acc -> x=susp(A) -> res@2
       | -> thief=susp
`, "terms charter; member A B; void thief"},

	{"4 two branches under the newest card fork", `
charter A B
B: acc -> x=susp(A) -> res@2
       | -> y=susp -> res@2
`, "terms charter; member A B; suspended B; flow B>A; forked B; fork B 2 x y"},

	{"3 theft: an old key that counted before the new card is used counts no more after", `
charter A B
B: acc -> s=susp(A) -> thief=res
                    | -> acc@2
`, "terms charter; member A B; flow B>A; void thief"},

	{"3 theft: an old key neither accedes nor proposes", `
charter A B C
B: acc
C: thief=acc
| -> susp@2
A: n=amend(A B C X)
| -> susp@2
`, "missing C; member A B; invited C; suspended A C; takenback C; void n thief"},

	{"5 a suspension counts at once, beyond a gap; a resumption does not", `
charter A B C
B: acc -> acc? -> s=susp(C)
C: acc -> s2=susp -> acc? -> r=res(s2)
`, "terms charter; member A B C; suspended C; flow B>C; waiting r s"},

	{"5 a resumption lifts exactly what it names", `
charter A B
B: acc -> s1=susp(A) -> s2=susp(A) -> res(s1)
A: s3=susp -> res(s2)
`, "terms charter; member A B; suspended A; flow B>A"},

	{"5 a concurrent second suspension stands", `
charter A B C
A: s1=susp(C) -> res
B: acc -> susp(C)
C: acc
`, "terms charter; member A B C; flow B>C"},

	{"5 a resumption on a branch lifts nothing until the fork is settled", `
charter A B
B: acc -> s=susp(A) -> r=res(s)
                    | -> q=acc
`, "terms charter; member A B; flow B>A; forked B; fork B 3 q r"},

	{"6 a settlement keeps one branch and what was signed on it", `
charter A B C
A: n=amend(A B C; keep x)
B: acc -> x=susp(A) -> acc(n)
       | -> y=susp -> z=res -> w=susp(C)
C: acc -> acc(n)
`, "terms n; member A B C; flow B>A; kept x of 2; void w y z"},

	{"6 the author of the fork signs on the kept branch or not at all", `
charter A B C
A: n=amend(A B C; keep x)
B: acc -> x=susp(A)
       | -> y=susp -> acc(n)
C: acc -> acc(n)
`, "terms charter; member A B C; suspended B; flow B>A; forked B; pending n without B; fork B 2 x y"},

	{"6 a settlement holds against a newer card", `
charter A B C
A: n=amend(A B C; keep x)
B: acc -> x=susp(A) -> acc(n) -> susp@2
       | -> y=susp
       | -> z=susp@3
C: acc -> acc(n)
`, "terms n; member A B C; suspended B; flow B>A; kept x of 2; void y z"},

	{"6 a settlement holds for the positions before it", `
charter A B C
A: n=amend(A B C; keep y)
B: acc -> x=susp(A) -> y=res -> acc(n)
                    | -> y2=susp
       | -> z=susp@3
C: acc -> acc(n)
`, "terms n; member A B C; kept y of 2; void y2 z"},

	{"6 what was signed on the dropped branch is signed no more", `
charter A B C
A: n1=amend(A B C; keep x) -> n2=amend(A B C; base n1)
B: acc -> x=susp -> acc(n1)
       | -> y=acc -> z=acc(n2)
C: acc -> acc(n1) -> acc(n2)
`, "terms n1; member A B C; suspended B; pending n2 without B; kept x of 2; void y z"},

	{"6 an act that is not there yet cannot be kept", `
charter A B C
A: n=amend(A B C; keep x)
B: acc -> x=susp(A)? -> w=acc(n)
       | -> y=susp -> o=acc(n)
C: acc -> acc(n)
`, "terms charter; member A B C; suspended B; forked B; pending n awaits x; fork B 3 o w; waiting w"},

	{"6 two forks of one author, settled at once", `
charter A B
A: n=amend(A B; keep x; keep y)
B: acc -> x=susp(A) -> y=res(x) -> acc(n)
                    | -> v=susp
       | -> w=susp
`, "terms n; member A B; kept x of 2; kept y of 2; void v w"},

	{"7 nothing is in force until all have acceded", `
charter A B C
B: acc
`, "missing C; member A B; invited C"},

	{"7 an accession to something else does not found", `
charter A B
B: acc(n)
A: n=amend(A B)
`, "missing B; member A; invited B; pending n"},

	{"8 the first signature on a base is the one", `
charter A B C
A: n=amend(A B C)
B: acc -> m=amend(A B C) -> acc(n)
C: acc -> acc(n)
`, "terms charter; member A B C; deadlocked"},

	{"8 of two amendments of one author the second is nothing", `
charter A B
A: n1=amend(A B) -> n2=amend(A B X)
B: acc -> acc(n2)
`, "terms charter; member A B; deadlocked"},

	{"8 an accession to what is not known holds back the amendment of its author", `
charter A B
A: acc(lost) -> n=amend(A B X)
B: acc
`, "terms charter; member A B"},

	{"8 an accession to what is not known holds back later ones", `
charter A B
A: n=amend(A B)
B: acc -> acc(lost) -> acc(n)
`, "terms charter; member A B; pending n without B"},

	{"8 the author of an amendment withheld cannot have signed it", `
charter A B
A: n=amend(A B)?
B: acc -> acc(n)
`, "terms charter; member A B"},

	{"9 an amendment needs the members of both rosters", `
charter A B C
A: n=amend(A B D)
B: acc -> acc(n)
C: acc
D: acc(n)
`, "terms charter; member A B C; invited D; pending n without C"},

	{"9 who is not on the new roster has left, who is new is a member", `
charter A B C
A: n=amend(A B D)
B: acc -> acc(n)
C: acc -> acc(n) -> susp(A)
D: acc(n) -> susp(A)
`, "terms n; member A B D; left C; flow C>A D>A"},

	{"9 amendments follow each other", `
charter A B
A: n1=amend(A B C) -> acc(n2)
B: acc -> acc(n1) -> n2=amend(A B; base n1)
C: acc(n1) -> acc(n2)
`, "terms n2; member A B; left C"},

	{"9 who has left can come back, its chain goes on", `
charter A B C
A: n1=amend(A B) -> n2=amend(A B C; base n1)
B: acc -> acc(n1) -> acc(n2)
C: acc -> acc(n1) -> acc(n2)
`, "terms n2; member A B C"},

	{"9 the number must follow and the base be in force", `
charter A B
A: n1=amend(A B; number 2) -> n2=amend(A B; base n9)
B: acc -> acc(n1) -> acc(n2)
`, "terms charter; member A B; deadlocked"},

	{"9 a stranger proposes nothing", `
charter A B
B: acc
X: n=amend(A B X)
`, "terms charter; member A B; waiting n"},

	{"9 an amendment beyond a gap invites nobody", `
charter A B
A: susp? -> n=amend(A B X)
B: acc -> acc(n)
`, "terms charter; member A B; waiting n"},

	{"9 an amendment whose own act waits is not in force, whoever signs", `
charter A B
A: x=susp? -> n=amend(A B)
| -> y=acc(n)
B: acc -> acc(n)
`, "terms charter; member A B; waiting n"},

	{"10 who takes back a signature that terms rest on is suspended", `
charter A B C
A: n=amend(A B)
B: acc -> acc(n)
C: acc -> back=acc(n)
       | -> susp(B)@2
`, "terms charter; member A B C; flow C>B; takenback C; pending n without C; void back"},

	{"10 until it signs again", `
charter A B C
A: n=amend(A B)
B: acc -> acc(n)
C: acc -> back=acc(n)
       | -> susp(B)@2 -> acc(n)@2
`, "terms n; member A B; left C; flow C>B; void back"},

	{"10 a founder's signature of the charter cannot be taken back, another's suspends", `
charter A B C
A: x=susp -> y=res
| -> susp(B)@2
B: acc
C: old=acc
| -> susp(B)@2
`, "missing C; member A B; invited C; flow A>B C>B; takenback C; void old x y"},

	{"10 what others have not signed either is not held up by one", `
charter A B C
A: n=amend(A B C)
B: acc
C: acc -> back=acc(n)
       | -> susp(B)@2
`, "terms charter; member A B C; flow C>B; pending n without B C; void back"},
}

func TestRules(t *testing.T) {
	for _, c := range drawings {
		t.Run(c.rule, func(t *testing.T) {
			d := draw(t, c.history)
			if got := d.show(d.fold()); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.history, got, c.want)
			}
		})
	}
}

// A stranger to the compact, another compact's acts and other kinds change nothing.
func TestIgnored(t *testing.T) {
	d := draw(t, drawings[0].history)
	want := d.show(d.fold())
	other := *d.act["late"]
	other.Compact = entente.CompactID(hash("another compact"))
	release := entente.Act{Kind: entente.KindRelease, Signer: pid("A"), Card: 1, Compact: entente.CompactID(d.id("charter")), Release: &entente.Release{}}
	second := entente.Act{Kind: entente.KindCharter, Signer: pid("X"), Card: 1, Charter: charterOf("X", "B")}
	d.facts = append(d.facts, Fact{d.id("o"), &other}, Fact{d.id("r"), &release}, Fact{d.id("c"), &second}, Fact{ID: d.id("nil")})
	if got := d.show(d.fold()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// A place is right only if position and parent agree.
func TestPlacesMustBeRight(t *testing.T) {
	for what, change := range map[string]func(first, second *entente.Link){
		"the first act is on another charter":  func(first, _ *entente.Link) { first.Prev = entente.ActID(hash("another charter")) },
		"the first act begins at 2":            func(first, second *entente.Link) { first.Seq, second.Seq = 2, 3 },
		"the second act skips a position":      func(_, second *entente.Link) { second.Seq = 3 },
		"the second act stays at one position": func(_, second *entente.Link) { second.Seq = 1 },
	} {
		d := draw(t, "charter A B\nA: s=susp -> r=res\nB: acc")
		change(d.act["s"].Chain, d.act["r"].Chain)
		if s := d.fold(); len(s.Members[pid("A")].Suspended) != 1 {
			t.Errorf("%s: %s", what, d.show(s))
		}
	}
}

// A settlement that names the wrong place or author never comes into force.
func TestSettlementsMustFit(t *testing.T) {
	const history = `
charter A B C
A: n=amend(A B C; keep x)
B: acc -> x=susp(A) -> acc(n)
       | -> y=susp
C: acc -> acc(n)
`
	if s := draw(t, history).fold(); s.Number != 1 {
		t.Fatal("the settlement that fits is not in force")
	}
	for what, change := range map[string]func(*entente.Settlement){
		"another position":       func(k *entente.Settlement) { k.Seq = 1 },
		"another author":         func(k *entente.Settlement) { k.Author = pid("C") },
		"an author nobody knows": func(k *entente.Settlement) { k.Author = pid("X") },
	} {
		d := draw(t, history)
		change(&d.act["n"].Amendment.Settles[0])
		if s := d.fold(); s.Number != 0 || len(s.Pending) != 0 || !s.Members[pid("B")].Forked {
			t.Errorf("%s: %s", what, d.show(s))
		}
	}
}

func TestNext(t *testing.T) {
	d := draw(t, `
charter A B C
A: n=amend(A B D)
B: acc -> b=acc(n)
C: acc -> c=acc(n)
D: d=acc(n)
`)
	got := d.fold().Next(pid("A"))
	want := entente.Link{Seq: 2, Prev: d.id("n"), Seen: []entente.Seen{{Member: pid("B"), Seq: 2, ID: d.id("b")}, {Member: pid("D"), Seq: 1, ID: d.id("d")}}}
	slices.SortFunc(want.Seen, func(a, b entente.Seen) int { return strings.Compare(string(a.Member), string(b.Member)) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who has left gives way to members:\n%s", diff)
	}
	if got := d.fold().Next(pid("E")); got.Seq != 1 || got.Prev != d.id("charter") {
		t.Errorf("a new member begins on the charter: %+v", got)
	}
}

func TestWithoutCharter(t *testing.T) {
	d := draw(t, drawings[2].history)
	d.facts = d.facts[1:]
	s := d.fold()
	if s.Charter != nil || s.InForce || len(s.Members) != 0 || len(s.Waiting) != len(d.facts) {
		t.Errorf("a compact without its charter: %+v", s)
	}
	r := s.May(pid("A"), pid("B"), entente.KindReceipt, midway, Sending)
	if r == nil || r.Code != entente.RefusedCompact {
		t.Errorf("nobody is listed in a compact that is not known: %v", r)
	}
}
