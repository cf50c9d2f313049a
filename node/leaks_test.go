package node_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/node"
)

// The leak suite: ways in which real sharing systems have let out what they
// should not, each shown not to happen here. This file holds what the cases
// share and the table that docs/leaks.md is made from; the cases are in
// leaks_*_test.go.

// leakClass is one way of leaking and the tests that show it closed.
type leakClass struct {
	n        int
	what     string
	reported string   // of other systems, in public trackers
	cases    []string // of this suite
	also     []string // stories that meet it as well
	scripts  []string // runs of the program, over command line, socket and network
	later    string   // what a door that does not exist yet has to add
}

var leakClasses = []leakClass{
	{
		1, "a local numeric id means something else on the peer", "MISP CVE-2021-31780, #3380",
		[]string{"TestLeak01LocalNumericIDs"},
		nil,
		[]string{"release"},
		"",
	},
	{
		2, "a flag widens a set (\"all organisations\")", "MISP CVE-2021-27904",
		[]string{"TestLeak02AFlagWidensASet"},
		[]string{"TestConsentCoversWhatItNamesAndNothingElse"},
		[]string{"release"},
		"",
	},
	{
		3, "an empty recipient set means everyone", "MISP #4200",
		[]string{"TestLeak03AnEmptySetIsNobody"},
		[]string{"TestNothingIsNoRelease"},
		[]string{"release"},
		"",
	},
	{
		4, "derived data outside the access rule: correlations, sightings, counts, history, attachments, alerts, suggestions", "MISP CVE-2020-14969, CVE-2019-9482, CVE-2020-15411; OpenCTI #6785, #3319, #11496",
		[]string{"TestLeak04DerivedDataOutsideTheRule"},
		[]string{"TestAThirdPartyLearnsNothing", "TestDerivedWorkNeedsConsentForEachSourceAndIsFlaggedWhenOneGoes", "TestTearlineTellsItsRecipientNothingOfTheFullerRecord"},
		[]string{"tearline", "inspect"},
		"graph, map, search",
	},
	{
		5, "an existence oracle: errors of duplicates and conflicts, status codes, timing", "OpenCTI request-access",
		[]string{"TestLeak05AnExistenceOracle"},
		[]string{"TestAnAskAboutWhatOneMayNotSeeIsAnsweredLikeOneAboutNothing", "TestACardOfAPartyKnownFromElsewhereIsAnsweredLikeAStrangers"},
		[]string{"recall", "ask"},
		"",
	},
	{
		6, "check one object, change another", "MISP CVE-2026-56424, OpenCTI CVE-2026-21886",
		[]string{"TestLeak06CheckOneChangeAnother"},
		[]string{"TestWhatALiarSaysIsRefused", "TestTwoPersonsRelease"},
		nil, "",
	},
	{
		7, "dependencies and the contents of containers dragged along", "OpenCTI feeds",
		[]string{"TestLeak07DependenciesDraggedAlong"},
		[]string{"TestTwoCompactsDoNotTouch"},
		[]string{"release"},
		"",
	},
	{
		8, "the access rule itself is unprotected", "Yeti #1349",
		[]string{"TestLeak08TheRuleItself"},
		[]string{"TestAmendmentAdmitsAMember"},
		[]string{"operator", "charter"},
		"",
	},
	{
		9, "a relay rewrites another's record", "MISP #4911",
		[]string{"TestLeak09ARelayRewrites"},
		[]string{"TestALyingRelayIsSeenThrough"},
		[]string{"ask"},
		"",
	},
	{
		10, "a failed signature is logged and the record is applied all the same", "MISP 2.5.1, pull of an edit",
		[]string{"TestLeak10AFailedSignature"},
		[]string{"TestBatchesThatDoNotContinueTheChannel"},
		[]string{"stolen"},
		"",
	},
	{
		11, "the administrator's role skips the check", "MISP site admin; OpenCTI bypass",
		[]string{"TestLeak11TheAdministratorSkipsTheCheck"},
		[]string{"TestRolesAndGroupsBoundWhatOperatorsRead"},
		[]string{"operator"},
		"",
	},
	{
		12, "the roster of a community is disclosed, to members or to outsiders", "melicertes/csp #22",
		[]string{"TestLeak12TheRoster"},
		[]string{"TestTwoCompactsDoNotTouch"},
		[]string{"trust"},
		"",
	},
	{
		13, "narrowing, recalling or deleting later leaves copies, silently", "MISP #4784, #4681, #7409",
		[]string{"TestLeak13TakingBackLeavesCopies"},
		[]string{"TestRecallTakesBackWithReceipts", "TestExpiredRecordsAreErased"},
		[]string{"recall"},
		"",
	},
	{
		14, "overlapping communities: a record of one is relayed through a member of both", "MISP #1720, #1721",
		[]string{"TestLeak14OverlappingCommunities"},
		[]string{"TestTwoCompactsDoNotTouch"},
		[]string{"ask"},
		"",
	},
	{
		15, "clocks: times from the sender, two zones in one list, expiry by the reader's clock", "MISP #10441, #8922",
		[]string{"TestLeak15Clocks"},
		[]string{"TestExpiryHidesAtBothEnds", "TestCompactEnds"},
		nil, "",
	},
	{
		16, "paging: objects with one date are lost or repeated; cursors reveal how much is hidden", "OpenCTI #4537, #5681; MISP #8832",
		[]string{"TestLeak16Paging"},
		[]string{"TestAListShowsARecordOnceHoweverOftenItWasReleased"},
		[]string{"put"},
		"cursors of TAXII and of the pages",
	},
	{
		17, "membership is additive only: a removed member still receives through an intermediary", "MISP #10899",
		[]string{"TestLeak17ThroughAnIntermediary"},
		[]string{"TestSuspensionStopsTheFlowThroughIntermediaries", "TestARelayThatHasNotHeardFromTheOriginatorRefuses"},
		[]string{"ask"},
		"",
	},
	{
		18, "markings removed at the source stay on the copies, or the reverse", "MISP #2223",
		[]string{"TestLeak18MarkingsOfCopies"},
		[]string{"TestCorrectionTakesThePlace"},
		[]string{"recall"},
		"",
	},
	{
		19, "tool accounts, exports and feeds hand out what the page would not", "OpenCTI streams, MISP exports",
		[]string{"TestLeak19Exports"},
		[]string{"TestExportCarriesTheHandlingOrDoesNotHappen"},
		[]string{"export"},
		"tool accounts, feeds, TAXII",
	},
	{
		20, "properties of one object appear in another through a shared buffer or map", "a Go STIX library",
		[]string{"TestLeak20SharedBuffers"},
		nil,
		[]string{"put"},
		"",
	},
}

var updateLeaks = flag.Bool("update-leaks", false, "rewrite docs/leaks.md")

// leaksPage is docs/leaks.md.
func leaksPage() []byte {
	var b bytes.Buffer
	b.WriteString(`# What leaks elsewhere, and here does not

Twenty ways in which sharing systems have let out what they should not, or have failed to take back what they had let
out. Each has a public report behind it; the reports are named as reports: we have not reproduced all of them, and what
they speak of may be mended by now.

Each row is shown closed by named tests on four or more running nodes, with negative assertions over all that a party
can reach: what it reads at its own node and is answered by every other, errors, counts, positions, logs, its own
store to the last row. ` + "`make leaks`" + ` runs them. ` + "`make leaks-mutants`" + ` takes the guards out, one at a time, and expects the tests to
fail. ` + "`make leaks-long`" + ` adds long random histories against a model and measures answer times.

This page is made from the table in node/leaks_test.go: ` + "`go test ./node -run TestLeaksPage -update-leaks`" + `.

| # | class | reported of | shown not to happen by | stories that meet it too | runs of the program | to come with its door |
|---|---|---|---|---|---|---|
`)
	names := func(list []string) string {
		var out []string
		for _, s := range list {
			out = append(out, "`"+s+"`")
		}
		return strings.Join(out, ", ")
	}
	for _, c := range leakClasses {
		fmt.Fprintf(&b, "| %d | %s | %s (reported) | %s | %s | %s | %s |\n", c.n, c.what, c.reported, names(c.cases), names(c.also), names(c.scripts), c.later)
	}
	b.WriteString("\nThe tests are in `node/`, the runs in `cmd/entente/testdata/script/`. Hostile bytes at the network door: `peer/`.\n")
	return b.Bytes()
}

// TestLeaksPage wants the page to be current, and every case that it names to exist.
func TestLeaksPage(t *testing.T) {
	page := filepath.Join("..", "docs", "leaks.md")
	if *updateLeaks {
		check(t, os.WriteFile(page, leaksPage(), 0o644))
	}
	now, err := os.ReadFile(page)
	check(t, err)
	if !bytes.Equal(now, leaksPage()) {
		t.Error("docs/leaks.md is not what the table says; run this test with -update-leaks")
	}
	tests := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	check(t, err)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		check(t, err)
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
	}
	named := map[string]bool{}
	for i, c := range leakClasses {
		if c.n != i+1 || len(c.cases) == 0 {
			t.Errorf("class %d stands in row %d with %d cases", c.n, i+1, len(c.cases))
		}
		for _, name := range append(c.cases, c.also...) {
			named[name] = true
			if !tests[name] {
				t.Errorf("class %d: there is no test %s", c.n, name)
			}
		}
		for _, name := range c.scripts {
			if _, err := os.Stat(filepath.Join("..", "cmd", "entente", "testdata", "script", name+".txtar")); err != nil {
				t.Errorf("class %d: %v", c.n, err)
			}
		}
	}
	for name := range tests {
		if strings.HasPrefix(name, "TestLeak0") || strings.HasPrefix(name, "TestLeak1") || strings.HasPrefix(name, "TestLeak2") {
			if !named[name] {
				t.Errorf("%s stands in no row", name)
			}
		}
	}
}

// reach is all that a party can get to see in process, as text: its own store,
// lists, logs and counts, and what every other node answers it.
func (c *cell) reach(who string) string {
	c.t.Helper()
	m := c.as(who)
	var b strings.Builder
	b.WriteString(m.dump(c.t))
	show := func(what string, v any, err error) {
		text, broken := json.Marshal(v)
		check(c.t, broken)
		fmt.Fprintf(&b, "%s: %s %v\n", what, text, err)
	}
	list := func(at *member, q node.Query) {
		for {
			page, err := at.Read(ctx, entente.Reader{Party: m.Self()}, q)
			fmt.Fprintf(&b, "at %s: %d views, more %v, %v\n", at.name, len(page.Views), page.More, err)
			for _, v := range page.Views {
				full, err := at.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(v.ID())})
				check(c.t, err)
				for _, f := range full.Views {
					fmt.Fprintf(&b, "%s %+v %+v %+v\n%s\n", f.ID(), f.Header(), f.Object(), f.Grants(), f.Bytes())
				}
				q.After = v.N()
			}
			if !page.More {
				return
			}
		}
	}
	compacts, err := m.Compacts(ctx)
	show("compacts", compacts, err)
	for _, name := range c.names {
		at := c.as(name)
		for _, own := range []bool{true, false} {
			list(at, node.Query{Own: &own})
		}
		for _, s := range compacts {
			list(at, node.Query{Compact: s.ID})
		}
		if name != who {
			positions, err := at.Positions(ctx, m.Self())
			show("positions at "+name, positions, err)
		}
	}
	channels, err := m.Channels(ctx)
	show("channels", channels, err)
	health, err := m.Health(ctx)
	show("health", health, err)
	peers, err := m.Peers(ctx)
	show("peers", peers, err)
	parties, err := m.Parties(ctx)
	show("parties", parties, err)
	asks, err := m.Asks(ctx)
	show("asks", asks, err)
	recalls, err := m.Recalls(ctx)
	show("recalls", recalls, err)
	flags, err := m.Flags(ctx)
	show("flags", flags, err)
	conflicts, err := m.Conflicts(ctx)
	show("conflicts", conflicts, err)
	proposals, err := m.Proposals(ctx)
	show("proposals", proposals, err)
	return b.String()
}

// blind wants nothing that a party can reach to hold any of these words. One
// party that may see them shows that they would be found.
func (c *cell) blind(who, sighted string, words ...string) {
	c.t.Helper()
	dark, light := c.reach(who), c.reach(sighted)
	for _, w := range words {
		if strings.Contains(dark, w) {
			c.t.Errorf("%s can reach %q", who, w)
		}
		if !strings.Contains(light, w) {
			c.t.Errorf("%q is not found where it is, at %s: the check would see nothing", w, sighted)
		}
	}
}

// untouched runs fn and wants that nothing a party can reach has changed by it.
func (c *cell) untouched(who string, fn func()) {
	c.t.Helper()
	before := c.reach(who)
	fn()
	if after := c.reach(who); after != before {
		at := 0
		for at < len(before) && at < len(after) && before[at] == after[at] {
			at++
		}
		c.t.Errorf("%s can tell that something happened: %.300q", who, after[max(0, at-100):])
	}
}

// hands delivers one forged entry and gives the code it is answered with; an
// entry whose batch is refused whole has the code "".
func (c *cell) hands(liar, victim string, id entente.CompactID, p entente.Parcel) entente.Code {
	c.t.Helper()
	out, err := c.as(victim).Accept(ctx, c.as(liar).Self(), c.forge(c.as(liar), c.as(victim), id, p))
	if err != nil {
		return ""
	}
	return out.Codes[0]
}

// held is a record as a party that sees it has it.
func (m *member) held(t testing.TB, id entente.RecordID) entente.Record {
	t.Helper()
	page, err := m.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(id)})
	check(t, err)
	r, err := entente.ParseRecord(page.Views[0].Bytes())
	check(t, err)
	return r
}

// seenBy wants exactly these parties to see the record.
func (c *cell) seenBy(r entente.RecordID, names ...string) {
	c.t.Helper()
	for _, name := range c.names {
		want := false
		for _, n := range names {
			want = want || n == name
		}
		if c.as(name).sees(r) != want {
			c.t.Errorf("%s sees %s: %v", name, entente.Short(r), !want)
		}
	}
}
