package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"entente"
	"entente/node"
)

func TestTheLogShowsEachRoleItsPart(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a := p[0]
	r, later := a.note("Lantern Society"), a.note("Cobalt Ring")
	a.release(id, r, p[1])
	ana, ben, eye, root := a.sit("ana", node.RoleAnalyst), a.sit("ben", node.RoleAnalyst), a.sit("eye", node.RoleInspector), a.sit("root", node.RoleAdministrator)
	for _, x := range []entente.RecordID{r, later} {
		_, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "ana"}, node.Query{Record: string(x)})
		check(t, err)
	}
	has(t, "ana's log", ana.get("/logs"), "Lantern Society", "Cobalt Ring", "What you did yourself")
	// What she may not read any more has no name in her log, and nothing to follow.
	check(t, a.SetGroups(ctx, later, []string{"north"}))
	page := ana.get("/logs")
	has(t, "ana's log", page, "Lantern Society")
	hasNot(t, "ana's log", page, "Cobalt", string(later))
	hasNot(t, "ben's log", ben.get("/logs"), "Lantern", "Cobalt", "ana", string(r))
	page = eye.get("/logs")
	has(t, "the inspector's log", page, "read", "ana", "released", "/logs/"+string(id))
	hasNot(t, "the inspector's log", page, "Lantern", "Cobalt", string(r), string(later))
	page = root.get("/logs")
	has(t, "the administrator's log", page, "operator changed", "roles analyst")
	hasNot(t, "the administrator's log", page, "Lantern", "Cobalt", string(r), string(later), "released", "need-to-know", "north")
	// A page further there is nothing, whatever lies behind for others.
	hasNot(t, "ben's second page", ben.get("/logs?page=2"), "Lantern", "ana", "page=3")
}

func TestAnInspectionSaysInWordsThatTheLogIsWhole(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a := p[0]
	r := a.note("Lantern Society")
	a.release(id, r, p[1])
	eye, path := a.sit("eye", node.RoleInspector), "/logs/"+string(id)
	page := eye.get(path)
	has(t, "the inspection", page, "give exactly the root that", "your first inspection", "TLP:AMBER", "Brevik")
	hasNot(t, "the inspection", page, "Lantern", string(r), `class="notice bad"`)
	has(t, "the second inspection", eye.get(path), "are those that you saw at your inspection of")
	// Another inspector has inspected nothing yet.
	has(t, "another's inspection", a.sit("ida", node.RoleInspector).get(path), "your first inspection")
	for _, d := range []*desk{a.sit("ana", node.RoleAnalyst), a.sit("root", node.RoleAdministrator), a.sit("chad", node.RoleChair)} {
		for _, p := range []string{path, path + "/inspection.json"} {
			if status, page := d.ask(http.MethodGet, p, nil); status != http.StatusForbidden || strings.Contains(page, "Brevik Coast") {
				t.Errorf("%s: %d", p, status)
			}
		}
	}
	if status, _ := eye.ask(http.MethodGet, "/logs/"+string(a.Self()), nil); status != http.StatusNotFound {
		t.Errorf("the log of no agreement: %d", status)
	}
	// The file verifies without any store, and names no record's content.
	file := eye.get(path + "/inspection.json")
	hasNot(t, "the file", file, "Lantern", "identity--")
	var x node.Inspection
	check(t, json.Unmarshal([]byte(file), &x))
	check(t, x.Check(nil))
	// A log whose first lines are others than those that were seen was rewritten.
	b, err := json.Marshal(map[string]any{"at": "2026-01-01T00:00:00Z", "lines": 2, "hash": "another"})
	check(t, err)
	check(t, a.Keep(ctx, node.Note{Space: "web.inspection", Key: "eye " + string(id), Value: b}))
	has(t, "the inspection of a rewritten log", eye.get(path), "The log was rewritten", `class="notice bad"`)
	has(t, "the same again", eye.get(path), "The log was rewritten")
}

func TestChannelsSayWhatIsOwedAndAnswered(t *testing.T) {
	id, p := newCell(t, "Ardel", "Brevik")
	a := p[0]
	r := a.note("Lantern Society")
	a.release(id, r, p[1])
	page := a.sit("ruth", node.RoleReleaser).get("/channels")
	has(t, "the channels", page, "to \u2068Brevik\u2069", "from \u2068Brevik\u2069", "applied", "/agreement/"+string(id))
	hasNot(t, "the channels", page, "Lantern", string(r))
	if status, _ := a.sit("ana", node.RoleAnalyst).ask(http.MethodGet, "/channels", nil); status != http.StatusForbidden {
		t.Errorf("an analyst at the channels: %d", status)
	}
}

func TestTheStoreIsVerifiedFromThePage(t *testing.T) {
	_, p := newCell(t, "Ardel", "Brevik")
	eye := p[0].sit("eye", node.RoleInspector)
	has(t, "the page", eye.get("/verify"), "Verify the store")
	eye.post("/verify", url.Values{})
	if events := eye.get("/verify/events"); !strings.HasSuffix(strings.TrimSpace(events[strings.LastIndex(events, "event:"):]), "}") || !strings.Contains(events, "event: end") {
		t.Errorf("the events of a run:\n%s", events)
	}
	has(t, "the result", eye.get("/verify"), "Everything verifies", "Verify again")
	if status, _ := p[0].sit("ana", node.RoleAnalyst).ask(http.MethodPost, "/verify", nil); status != http.StatusForbidden {
		t.Errorf("an analyst verifies: %d", status)
	}
}
