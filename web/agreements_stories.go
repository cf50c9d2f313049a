package web

import (
	"time"

	"entente"
	"entente/compact"
)

// storyCharter is one with every term filled in.
func storyCharter() *entente.Charter {
	c := compact.Draft(storyTime.Time, 365)
	c.Name = "Straits Information Cell"
	c.Purposes, c.Categories = []string{"counter-smuggling", "protection of shipping"}, []string{"organisations", "vessels"}
	c.Handling.Default = entente.Handling{
		TLP: entente.TLPAmberStrict, Codes: []string{"europol/H1"}, Onward: entente.OnwardAsk, Permitted: []string{"screening"},
		Purpose: "counter-smuggling", LegalBasis: "Treaty 7, article 3", Expires: "2026-12-31", Caveats: []string{"no arrests on this alone"},
	}
	c.Handling.Days, c.HideAfter, c.ChairMonths = 90, 30, 3
	c.Quota = entente.Quota{Acts: 10_000, Bytes: 1 << 30}
	c.Evidence, c.Inspector, c.TellOriginator = "inspector", storyParty("d"), true
	c.TwoPersons = []entente.Kind{entente.KindRecall, entente.KindRelease}
	c.Members = []entente.Seat{
		{Party: storyParty("a"), Name: "Ardel Liaison", Seats: 2, LegalBasis: "Act 12 on cooperation"},
		{Party: storyParty("b"), Name: "Brevik Coast Service", Seats: 1, LegalBasis: "Decree 4"},
		{Party: storyParty("c"), Name: "هيئة كورفان للتنسيق", Seats: 1, LegalBasis: "القانون رقم ٩"},
	}
	return &c
}

func storyParty(letter string) entente.PartyID {
	return entente.PartyID("sha256:" + letter + "4f9a6d1c0a5e77b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7")
}

// storyName names the parties of the stories.
func storyName(p entente.PartyID) string {
	for _, m := range storyCharter().Members {
		if m.Party == p {
			return m.Name
		}
	}
	return "Office of the Inspector"
}

func later(d time.Duration) entente.Time { return entente.At(storyTime.Add(d)) }

// storyLanguage is that of the words that stories are made with.
func storyLanguage() language {
	words, err := readWords()
	if err != nil {
		panic(err) // the files are part of the program
	}
	return words["en"]
}

func agreementStories() []story {
	l, c := storyLanguage(), storyCharter()
	const day = 24 * time.Hour
	ardel, brevik, corvane := named{storyParty("a"), "Ardel Liaison", true}, named{ID: storyParty("b"), Name: "Brevik Coast Service"}, named{ID: storyParty("c"), Name: "هيئة كورفان للتنسيق"}
	id := entente.CompactID(storyParty("e"))
	row := agreementRow{ID: id, Name: c.Name, Type: c.Type, State: "force", Members: 3, End: c.End, Days: 351}
	asked := agreementRow{ID: id, Name: "خلية المضيق للمعلومات", Type: entente.Deconfliction, State: "waiting", Members: 4, Missing: []string{"Ardel Liaison", "هيئة كورفان للتنسيق"}, Mine: 1, End: later(30 * day), Days: 30}
	stopped := row
	stopped.Name, stopped.Stopped, stopped.Pending, stopped.Mine = "Harbour Exchange", 1, 1, 1
	ended := row
	ended.Name, ended.State, ended.Days = "Pilot of the first winter", "ended", -12

	history := []historyRow{
		{ID: entente.ActID(storyParty("6")), What: l.T("agreement.told.stopped_flow", isolated(brevik.Name), isolated(corvane.Name)), Said: "until the audit is over", Signed: later(-day), Arrived: later(-day), Seq: 2, Fate: "counts"},
		{ID: entente.ActID(storyParty("7")), What: l.T("agreement.told.accession", isolated(corvane.Name)), Said: "مع حفظ حقوقنا", Signed: later(-40 * day), Arrived: later(-39 * day), Seq: 1, Fate: "counts"},
		{ID: entente.ActID(storyParty("8")), What: l.T("agreement.told.amendment", isolated(corvane.Name), l.Number(1)), Signed: later(-20 * day), Arrived: later(-19 * day), Seq: 1, Fate: "void"},
		{ID: id2act(id), What: l.T("agreement.told.charter", isolated(ardel.Name)), Signed: later(-41 * day), Arrived: later(-41 * day), Fate: "counts"},
	}
	stop := stopRow{Act: history[0].ID, By: brevik, Reason: history[0].Said, Since: history[0].Signed}
	own := stopRow{Act: history[1].ID, By: ardel, Itself: true, Since: later(-day)}
	changed := *c
	changed.Handling.Days, changed.Name = 30, "Straits Cell"
	changed.Purposes = []string{"counter-smuggling", "rescue at sea"}
	changed.Members = append([]entente.Seat{}, c.Members...)
	changed.Members[1].LegalBasis = "Decree 5"
	fork := forkRow{Author: corvane, Seq: 2, Acts: []forkAct{{ID: history[1].ID, historyRow: history[1]}, {ID: history[2].ID, Kept: true, historyRow: history[2]}}, Kept: history[2].ID}
	amendment := amendmentRow{
		ID: history[2].ID, Number: 1, Author: brevik, Signed: []named{brevik}, Missing: []named{ardel, corvane}, Mine: true,
		Changes: charterChanges(l, c, &changed, storyName), Settles: []forkRow{fork},
	}
	words := charterWords(l, c, storyName)
	page := agreementPage{
		agreementRow: row, Terms: id2act(id), Start: c.Start, Review: c.Review, ReviewDays: 168, Chair: true, Charter: words, History: history,
		Roster: []memberRow{
			{named: ardel, Status: compact.StatusMember, Seats: 2, Basis: "Act 12 on cooperation", Signed: later(-41 * day), MayStop: true},
			{named: brevik, Status: compact.StatusMember, Seats: 1, Basis: "Decree 4", Signed: later(-40 * day), Heard: later(-time.Hour), MayStop: true},
			{named: corvane, Status: compact.StatusMember, Seats: 1, Basis: "القانون رقم ٩", Signed: later(-40 * day), Heard: later(-3 * day), Stops: []stopRow{stop}, Reservations: []string{"مع حفظ حقوقنا"}, MayResume: true},
		},
	}
	troubled := page
	troubled.agreementRow, troubled.ReviewDays, troubled.Amendments, troubled.Forks, troubled.Waiting = stopped, -3, []amendmentRow{amendment}, []forkRow{fork}, 2
	troubled.Roster = append([]memberRow{}, page.Roster...)
	troubled.Roster[0].Stops, troubled.Roster[0].MayResume = []stopRow{own}, true
	troubled.Roster[2].Forked, troubled.Roster[2].Frozen = true, true
	waiting := page
	waiting.agreementRow, waiting.MayAccede, waiting.Without = asked, true, []named{ardel, corvane}
	waiting.Roster = append([]memberRow{}, page.Roster...)
	waiting.Roster[0].Status, waiting.Roster[0].Signed, waiting.Roster[2].Heard = compact.StatusInvited, entente.Time{}, entente.Time{}
	looker := waiting
	looker.Chair = false
	dead := page
	dead.State, dead.agreementRow.State = "deadlocked", "deadlocked"

	partners := []partner{{ardel.ID, ardel.Name, false}, {brevik.ID, brevik.Name, true}, {corvane.ID, corvane.Name, true}, {storyParty("d"), "Office of the Inspector", true}}
	seats := seatsFor(c, partners, ardel.ID)
	form := charterPage{Groups: charterForm(l, c, partners, storyName, nil), Seats: seats}
	wrong := charterPage{
		Groups: charterForm(l, c, partners, storyName, map[string]string{"days": "charter.wrong.number", "start": "charter.wrong.moment"}), Seats: seats, Roster: "charter.wrong.self",
		Problem: `charter default purpose "patrol" is none of its purposes`,
	}
	amend := form
	amend.Amends, amend.Name, amend.Number, amend.Forks, amend.Bound, amend.Nothing, amend.Draft = id, c.Name, 1, []forkRow{fork}, true, true, "draft"
	draft := draftPage{ID: "draft", By: "mira", Name: c.Name, Charter: words}
	draftAmendment := draft
	draftAmendment.Amends, draftAmendment.Number, draftAmendment.Old, draftAmendment.Changes, draftAmendment.Settles = id, 1, true, amendment.Changes, amendment.Settles
	accede := accessionPage{ID: id, Name: c.Name, To: id2act(id), Founder: brevik, Charter: words, Missing: []named{ardel, corvane}}
	accedeAmendment := accede
	accedeAmendment.Amendment, accedeAmendment.Signed = &amendment, amendment.Signed
	suspend := suspensionPage{
		ID: id, Name: c.Name, Member: corvane, Others: []named{brevik, corvane}, Waiting: 2, Freshness: l.duration(c.Freshness), More: true, Relays: []named{brevik},
		Records:  []stoppedRecord{{Record: entente.RecordID(storyParty("f")), Name: "Two lorries at the Tamrin crossing", Type: "report", To: []string{corvane.Name}}, {Record: entente.RecordID(storyParty("9")), Type: "relationship", To: []string{corvane.Name, brevik.Name}}},
		Consents: []stoppedConsent{{Name: "Two lorries at the Tamrin crossing", To: brevik, Recipients: []string{corvane.Name}, Use: "relay"}},
	}
	suspendAll := suspensionPage{ID: id, Name: c.Name, Member: ardel, Itself: true, Others: []named{brevik, corvane}, Freshness: suspend.Freshness}
	resume := suspend
	resume.Stops = []stopRow{stop, own}
	resumeAll := suspendAll
	resumeAll.Stops = []stopRow{own}
	drafts := []draftRow{{ID: "draft", Name: c.Name, Until: later(30 * day)}, {ID: "other", Name: "خلية", Amends: c.Name, Until: later(day)}}
	analyst := &visitor{Name: "tomas", Roles: readers[:1]}
	return []story{
		{"agreements", "empty", storyWho, agreementsPage{Chair: true}},
		{"agreements", "empty, no chair", analyst, agreementsPage{}},
		{"agreements", "one", analyst, agreementsPage{Rows: []agreementRow{row}}},
		{"agreements", "many", storyWho, agreementsPage{Rows: []agreementRow{asked, stopped, row, ended, {ID: id, State: "unknown"}}, Drafts: drafts, Chair: true}},
		{"agreement", "in force", storyWho, page},
		{"agreement", "troubled", storyWho, troubled},
		{"agreement", "waits", storyWho, waiting},
		{"agreement", "waits, no chair", analyst, looker},
		{"agreement", "deadlocked", storyWho, dead},
		{"charter", "new", storyWho, form},
		{"charter", "wrong", storyWho, wrong},
		{"charter", "amendment", storyWho, amend},
		{"charter_draft", "new", storyWho, draft},
		{"charter_draft", "amendment", storyWho, draftAmendment},
		{"accession", "charter", storyWho, accede},
		{"accession", "amendment", storyWho, accedeAmendment},
		{"suspension", "flow", storyWho, suspend},
		{"suspension", "itself", storyWho, suspendAll},
		{"resumption", "flow", storyWho, resume},
		{"resumption", "itself", storyWho, resumeAll},
	}
}

func id2act(id entente.CompactID) entente.ActID { return entente.ActID(id) }
