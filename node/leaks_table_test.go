package node_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		[]string{"TestLeak04DerivedDataOutsideTheRule", "TestLeak04References", "TestLeak04Search"},
		[]string{"TestAThirdPartyLearnsNothing", "TestDerivedWorkNeedsConsentForEachSourceAndIsFlaggedWhenOneGoes", "TestTearlineTellsItsRecipientNothingOfTheFullerRecord", "TestPagesShowNothingOfWhatIsHidden", "TestPagesSayNothingOfWhatIsHidden", "TestTheGraphHasNoEdgeToWhatOneMayNotSee", "TestASuspensionSaysWhatItStops", "TestRemarksAndVersions", "TestWhereaboutsAtTheDesk", "TestFormsOfTheUsualObjects"},
		[]string{"tearline", "inspect"},
		"map",
	},
	{
		5, "an existence oracle: errors of duplicates and conflicts, status codes, timing", "OpenCTI request-access",
		[]string{"TestLeak05AnExistenceOracle", "TestOracleAnswersAreTheSameBytes", "TestOracleTiming"},
		[]string{"TestAnAskAboutWhatOneMayNotSeeIsAnsweredLikeOneAboutNothing", "TestACardOfAPartyKnownFromElsewhereIsAnsweredLikeAStrangers", "TestPagesShowNothingOfWhatIsHidden", "TestPagesAnswerWhatIsHiddenLikeWhatIsNotThere"},
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
		[]string{"TestRolesAndGroupsBoundWhatOperatorsRead", "TestTheLogShowsEachRoleItsPart"},
		[]string{"operator"},
		"",
	},
	{
		12, "the roster of a community is disclosed, to members or to outsiders", "melicertes/csp #22",
		[]string{"TestLeak12TheRoster"},
		[]string{"TestTwoCompactsDoNotTouch", "TestAgreementShowsWhoIsInAndUnderWhichTerms", "TestEveryPageAsksWhoIsThere"},
		[]string{"trust"},
		"",
	},
	{
		13, "narrowing, recalling or deleting later leaves copies, silently", "MISP #4784, #4681, #7409",
		[]string{"TestLeak13TakingBackLeavesCopies"},
		[]string{"TestRecallTakesBackWithReceipts", "TestExpiredRecordsAreErased", "TestPagesSayNothingOfWhatIsHidden"},
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
		[]string{"TestAListShowsARecordOnceHoweverOftenItWasReleased", "TestALargeNeighbourhoodSaysThatThereIsMore"},
		[]string{"put"},
		"cursors of TAXII",
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
store to the last row. ` + "`make leaks`" + ` runs them, with a lying peer (` + "`TestLiar…`" + `) and random histories held against a plain model of who
may see what (` + "`TestModel…`" + `); ` + "`make leaks-long`" + ` runs far more of these and compares answer times. ` + "`make leaks-mutants`" + ` takes
the guards out, one at a time, and expects the tests to fail.

This page is made from the table in node/leaks_table_test.go: ` + "`go test ./node -run TestLeaksPage -update-leaks`" + `.

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
	b.WriteString("\nThe tests are in `node/`, those of the pages in `web/`, the runs in `cmd/entente/testdata/script/`. Hostile bytes at the network door: `peer/`.\n")
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
	pages, err := filepath.Glob(filepath.Join("..", "web", "*_test.go"))
	check(t, err)
	files = append(files, pages...)
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
