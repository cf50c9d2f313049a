package web

import (
	"time"

	"entente"
	"entente/node"
)

func logStories() []story {
	inspector := &visitor{Name: "ines", Roles: []string{node.RoleInspector}}
	administrator := &visitor{Name: "rudi", Roles: []string{node.RoleAdministrator}}
	analyst := &visitor{Name: "tomas", Roles: []string{node.RoleAnalyst}}
	id := entente.CompactID(storyParty("e"))
	lines := []logRow{
		{At: later(0), What: "refused", Who: "Brevik Coast Service", Agreement: "Straits Information Cell"},
		{At: later(-time.Minute), What: "release", Agreement: "Straits Information Cell", Detail: "3 records to Brevik Coast Service, TLP:amber"},
		{At: later(-time.Hour), What: "operator", Who: "rudi", Detail: "roles analyst; groups north"},
		{At: later(-2 * time.Hour), What: "something new", Who: "هيئة كورفان للتنسيق"},
	}
	read := logRow{At: later(0), What: "read", Who: "tomas", Record: entente.RecordID(storyParty("f")), Name: "Two lorries at the Tamrin crossing"}
	gone := logRow{At: later(-time.Minute), What: "read", Who: "tomas"}
	sound := inspectionPage{
		ID: id, Name: "Straits Information Cell", Party: "Ardel Liaison", Count: 4, Root: string(storyParty("5")), Head: entente.ActID(storyParty("4")), Sealed: later(0),
		Since: later(-24 * time.Hour), SinceWas: 2, Lines: lines, More: true, Refused: lines[:1],
		Markings: []markingRow{{To: "Brevik Coast Service", Records: 3, At: later(-time.Minute), Chip: "tlp-amber", Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Codes: []string{"europol/H1"}, Expires: "2026-12-31"}}},
	}
	rewritten := sound
	rewritten.Rewritten, rewritten.Problem = true, "the lines do not give the root that the party signed: one was changed, added or left out"
	first := inspectionPage{ID: id, Name: "خلية المضيق", Party: "Ardel Liaison", Count: 1, Root: sound.Root, Head: sound.Head, Sealed: later(0), Lines: lines[:1]}
	codes := []codeRow{{entente.CodeApplied, "applied", 12}, {entente.CodeReceived, "received", 1}, {entente.RefusedTerms, "refused_terms", 1}}
	channels := channelsPage{Rows: []channelRow{
		{Partner: "Brevik Coast Service", ID: storyParty("b"), Agreement: "Straits Information Cell", Compact: id, Out: true, Owed: 2, Delivered: 14, Unanswered: 1, Codes: codes, Refused: []refusedRow{{9, string(storyParty("3")), "refused_terms"}}, Heard: later(-time.Hour)},
		{Partner: "هيئة كورفان للتنسيق", ID: storyParty("c"), Agreement: "Straits Information Cell", Compact: id, Delivered: 3, Codes: codes[:1]},
	}}
	return []story{
		{"logs", "empty", analyst, logsPage{Page: 1}},
		{"logs", "own", analyst, logsPage{Page: 2, Rows: []logRow{read, gone}}},
		{"logs", "administrator", administrator, logsPage{Page: 1, Administer: true, Rows: lines[2:3], Older: true}},
		{"logs", "inspector", inspector, logsPage{Page: 1, All: true, Rows: lines, Older: true, Agreements: []logOf{{id, "Straits Information Cell"}, {id, "خلية المضيق"}}}},
		{"inspection", "sound", inspector, sound},
		{"inspection", "rewritten", inspector, rewritten},
		{"inspection", "first", inspector, first},
		{"channels", "empty", inspector, channelsPage{}},
		{"channels", "many", inspector, channels},
		{"verify", "never", administrator, verifyPage{}},
		{"verify", "running", administrator, verifyPage{Running: true, Done: 4000, Total: 9000, What: "records", Began: later(0)}},
		{"verify", "sound", administrator, verifyPage{Ended: later(0), Report: node.Report{Acts: 120, Channels: 6, Entries: 340}}},
		{"verify", "problem", administrator, verifyPage{Ended: later(0), Report: node.Report{Acts: 120, Problem: "record sha256:6f1c: its bytes give another id"}}},
		{"verify", "failed", administrator, verifyPage{Ended: later(0), Failed: "context canceled"}},
	}
}
