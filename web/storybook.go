package web

import (
	"slices"
	"time"

	"entente"
	"entente/node"
)

// story is a page in one state, with canned data:.
type story struct {
	Page  string
	State string // such as empty, one, many, error
	Who   *visitor
	Data  any
}

// stories are all pages in all their states. Each file of pages has its own list.
func stories() []story {
	return slices.Concat(cellStories(), agreementStories(), logStories(), graphStories(), inboxStories(), recordStories(), tearlineStories(), askStories(), writeStories(), releaseStories(), signStories(), passkeyStories(), issuerStories(), noticeStories(), whereStories(), changesStories(), meStories(), operatorStories(), partyStories())
}

// storyWho is a visitor with every role.
var storyWho = &visitor{Name: "mira", Roles: node.Roles}

// storyTime is when the canned things happen.
var storyTime = entente.At(time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC))

func inboxStories() []story {
	row := listRow{
		Record: storyRecord, Name: "Two lorries at the Tamrin crossing", Type: "report", From: "Brevik Liaison",
		TLP: entente.TLPAmber, Arrived: storyTime, Unread: true,
	}
	arabic, strict := row, row
	arabic.Name, arabic.TLP, arabic.From = "شاحنتان عند معبر تمرين", entente.TLPRed, "مكتب نورفال"
	strict.Name, strict.TLP, strict.Unread, strict.Type = "Канал у старой мельницы", entente.TLPAmberStrict, false, "note"
	froms := []option{{"sha256:1", "Brevik Liaison"}, {"sha256:2", "مكتب نورفال"}}
	row.Subjects, row.Language, row.Confidence = []option{{"sha256:1", "Lantern Society"}, {"sha256:2", "Tamrin"}}, "en", "70"
	arabic.Subjects, arabic.Codes = []option{{"sha256:2", "جمعية الفانوس"}}, []string{"5x5x5/2"}
	closed := strict
	closed.Conditions, closed.Name = true, "Notes from the pier"
	many := listPage{
		Rows: []listRow{row, arabic, strict, closed, row}, Froms: froms, Types: listTypes, Here: "/inbox", Next: "/inbox?after=x", UpTo: storyTime,
		Saved: []option{{"/inbox?type=report", "Reports"}, {"/inbox?q=%D9%85%D8%B9%D8%A8%D8%B1", "معبر تمرين"}},
	}
	found := many
	hit, hitArabic := row, arabic
	hit.Found = []piece{{"… waited behind the brick kiln until dusk and left towards the old ", false}, {"mill", true}, {". Both had the same driver in March, and the ", false}, {"mill", true}, {" was shut.", false}}
	hitArabic.Found = []piece{{"انتظرت شاحنتان خلف ", false}, {"الفرن", true}, {" حتى الغروب.", false}}
	found.Rows, found.Words, found.Filtered, found.Next, found.Here = []listRow{hit, hitArabic}, "mill", true, "", "/inbox?q=mill"
	own := many
	own.Own = true
	return []story{
		{"inbox", "empty", storyWho, listPage{Types: listTypes, Here: "/inbox"}},
		{"inbox", "nothing matches", storyWho, listPage{Types: listTypes, Froms: froms, Type: "note", Filtered: true, Here: "/inbox?type=note", First: "/inbox"}},
		{"inbox", "many", storyWho, many},
		{"inbox", "found", storyWho, found},
		{"inbox", "offline", storyWho, many}, // nobody answers the page that listens
		{"inbox", "own", storyWho, own},
		{"inbox", "own, empty", storyWho, listPage{Own: true, Types: listTypes}},
	}
}

const storyRecord entente.RecordID = "sha256:6f1c2f4a9f4a6d1c0a5e6f1c2f4a9f4a6d1c0a5e6f1c2f4a9f4a6d1c0a5e0000"

var storyHandling = entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "follow how militants move"}

func recordStories() []story {
	caveat := storyHandling
	caveat.Caveats, caveat.Permitted, caveat.Expires = []string{"not for courts"}, []string{"briefing"}, "2026-09-01"
	other := recordPage{
		Record: storyRecord, STIX: "report--6d2b1f39-3f0c-4b3a-9a37-3df0b8f8a001", Type: "report", Title: "Two lorries at the Tamrin crossing", From: "Brevik Liaison", Arrived: storyTime,
		Grants: []grantWords{{"", "River talks", storyHandling, storyTime, "Corvane"}}, ReadBy: []readRow{{"mira", storyTime}, {"أمل", storyTime}},
		Texts:  []field{{"description", "Two lorries waited behind the brick kiln until dusk and left towards the old mill.\n\nBoth had the same driver in March."}},
		Fields: []field{{"published", "2026-03-14T09:30:00Z"}, {"lang", "en"}}, Refs: []option{{"sha256:1", "Lantern Society"}, {"sha256:2", "معبر تمرين"}},
		Versions: []listRow{{Record: storyRecord, Name: "Two lorries", Arrived: storyTime}}, Raw: `{"type":"report"}`,
	}
	own := other
	own.Own, own.Grants, own.CanRelease, own.RestsOn = true, nil, true, []option{{"sha256:1", "A note from the pier"}}
	for _, state := range []string{"owed", "delivered", "receipted", "refused", "recalled", "confirmed", "overdue", "expired", "unsent"} {
		own.Where = append(own.Where, whereRow{Party: "Corvane", Agreement: "River talks", State: state, Since: storyTime, TLP: entente.TLPAmber})
	}
	other.Remarks = []remark{
		{listRow: listRow{Record: storyRecord, From: "Corvane", Arrived: storyTime, TLP: entente.TLPGreen}, Title: "The driver", Text: "He was seen in March too, with another lorry."},
		{listRow: listRow{Record: storyRecord, Arrived: storyTime}, Own: true, Opinion: "agree", Text: "يطابق ما رأيناه."},
		{listRow: listRow{Record: storyRecord, From: "مكتب نورفال", Arrived: storyTime, TLP: entente.TLPRed, Conditions: true}},
	}
	nowhere := own
	nowhere.Where, nowhere.File = nil, "report.pdf"
	arabic := other
	arabic.Title, arabic.Texts = "شاحنتان عند معبر تمرين", []field{{"content", "انتظرت شاحنتان خلف الفرن حتى الغروب."}}
	conditions := recordPage{Record: storyRecord, Type: "report", Title: "Under conditions", From: "Brevik Liaison", Arrived: storyTime, Grants: []grantWords{{"", "River talks", caveat, storyTime, ""}}, Conditions: "x"}
	return []story{
		{"record", "of another", storyWho, other},
		{"record", "own", storyWho, own},
		{"record", "own, nowhere, a file", storyWho, nowhere},
		{"record", "in Arabic", storyWho, arabic},
		{"record", "under conditions", storyWho, conditions},
	}
}

func releaseStories() []story {
	form := releasePage{
		Records: []option{{string(storyRecord), "Two lorries at the Tamrin crossing"}}, TLPs: entente.TLPs, Onwards: entente.Onwards, Purposes: []string{"follow how militants move"},
		Agreements: []option{{"sha256:c", "River talks"}}, Parties: []option{{"sha256:1", "Brevik Liaison"}, {"sha256:2", "Corvane"}, {"sha256:3", "Dunmere"}},
		Form: releaseForm{Compact: "sha256:c", To: []string{"sha256:1", "sha256:2"}, TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "follow how militants move", References: true},
	}
	form.Tearlines, form.Form.As = []option{{"sha256:7", "Lorries at a crossing"}}, map[string]string{"sha256:2": "sha256:7"}
	good, bad, nobody := form, form, form
	gets := recipientWords{Name: "Brevik Liaison", Allowed: true, Way: []string{"brevik.example:7411"}, Replaces: true}
	refused := recipientWords{Name: "Corvane", Reasons: []string{"Almara has suspended its flow to Corvane"}, Missing: []string{"identity--6d2b1f39-3f0c-4b3a-9a37-3df0b8f8a001"}, Needs: []need{{storyRecord, "Dunmere"}}}
	cut := recipientWords{Name: "Corvane", Allowed: true, Tearline: "Lorries at a crossing"}
	good.Preview = &previewWords{Allowed: 1, Tearlined: 1, Records: 2, Recipients: []recipientWords{gets, cut}, Added: []option{{"sha256:1", "Lantern Society"}}, Warnings: []string{"tearline: a phrase of the fuller record is in it"}}
	bad.Preview = &previewWords{Allowed: 1, Refused: 1, Records: 2, Recipients: []recipientWords{gets, refused}}
	nobody.Preview = &previewWords{Records: 1}
	return []story{
		{"release", "nothing", storyWho, releasePage{Nothing: true}},
		{"release", "no agreement", storyWho, releasePage{Records: form.Records}},
		{"release", "form", storyWho, form},
		{"release", "allowed", storyWho, good},
		{"release", "refused", storyWho, bad},
		{"release", "nobody", storyWho, nobody},
	}
}

func signStories() []story {
	release := orderWords{Kind: "release", Agreement: "River talks", Records: []option{{string(storyRecord), "Two lorries at the Tamrin crossing"}}, Recipients: []recipientWords{{Name: "Brevik Liaison", Allowed: true}}, Handling: &storyHandling}
	rows := []waitingRow{{ID: "sha256:p", Order: release, Made: storyTime, Approved: []string{"mira"}, Missing: 1, Mine: true}, {ID: "sha256:q", Order: orderWords{Kind: "recall"}, Made: storyTime, Missing: 2, Hidden: true}}
	stories := []story{
		{"sign", "wrong password", storyWho, signingPage{Order: release, Post: "/sign/x", Back: "/", Wrong: "sign.wrong", Passkey: &passkeyAsk{Do: "get", Options: "{}", Label: "passkey.sign"}}},
		{"signed", "done", storyWho, signedPage{Acts: 2, Back: "/"}},
		{"signed", "waits", storyWho, signedPage{Missing: 1, Back: "/"}},
		{"waiting", "none", storyWho, waitingPage{}},
		{"waiting", "two", storyWho, waitingPage{Open: rows, Wrong: "sign.wrong"}},
		{"signin", "empty", nil, signinPage{Next: "/", Passkey: &passkeyAsk{Do: "get", Options: "{}", Label: "passkey.enter"}}},
		{"signin", "wrong", nil, signinPage{Next: "/", Name: "mira", Wrong: "signin.wrong"}},
		{"enter", "link", nil, "x"},
		{"setup", "empty", storyWho, setupPage{Next: "/"}},
		{"setup", "short", storyWho, setupPage{Next: "/", Error: "signin.short"}},
		{"error", "hidden", storyWho, failure{Kind: "hidden"}},
		{"error", "refused", storyWho, failure{Kind: "refused", Message: "the rules do not allow it", Hint: "ask the chair"}},
	}
	for _, kind := range []string{"recall", "ask", "consent", "export", "charter", "accession", "amendment", "suspension", "resumption"} {
		stories = append(stories, story{"sign", kind, storyWho, signingPage{Order: orderWords{Kind: kind, Agreement: "River talks", Member: "Corvane", Text: "a question is open"}, Post: "/sign/x", Back: "/"}})
	}
	return stories
}

func cellStories() []story {
	row := agreementRow{ID: "sha256:c0ffee", Name: "River talks", State: "force", Members: 4, End: storyTime}
	waiting := row
	waiting.State, waiting.Missing = "waiting", []string{"Dunmere"}
	members := []cellMember{
		{Name: "Almara", Self: true, Status: "member"},
		{Name: "Brevik Liaison", Status: "member", Stopped: true},
		{Name: "Corvane", Status: "member", StoppedBy: true},
		{Name: "Dunmere", Status: "member", Suspended: true},
		{Name: "مكتب نورفال", Status: "left"},
		{Name: "Elmar", Status: "invited"},
	}
	ask := askRow{Ask: "sha256:a", Party: "Brevik Liaison", Agreement: "River talks", Record: option{string(storyRecord), "Two lorries"}, Use: "relay", Recipients: []string{"Dunmere"}, Reason: "it has a post there", Purpose: "follow how militants move", Since: storyTime, State: "open"}
	given, refused := ask, ask
	given.State, refused.State, refused.Use = "given", "refused", "derive"
	cell := cellPage{
		Agreements: []agreementRow{row, waiting}, Members: members, Reads: true, Signs: true, Waiting: 1, Asks: 2, Flags: 1,
		New:     []listRow{{Record: storyRecord, Name: "Two lorries at the Tamrin crossing", Type: "report", From: "Brevik Liaison", Arrived: storyTime}, {Record: storyRecord, Name: "شاحنتان عند معبر تمرين", Type: "note", From: "مكتب نورفال", Arrived: storyTime}},
		Overdue: []recallRow{{"Corvane", storyTime, "overdue"}, {"Dunmere", storyTime, "delivered"}}, Owed: []owedRow{{"Dunmere", 3}},
	}
	return []story{
		{"consents", "none", storyWho, consentsPage{}},
		{"consents", "some", storyWho, consentsPage{ToUs: []askRow{ask, refused}, ByUs: []askRow{given}}},
		{"cell", "empty", storyWho, cellPage{Reads: true, Signs: true}},
		{"cell", "much", storyWho, cell},
		{"cell", "administrator", &visitor{Name: "root", Roles: []string{node.RoleAdministrator}}, cellPage{Agreements: cell.Agreements, Members: members}},
	}
}
