package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
)

// logsPage is the local log, as far as the visitor's roles reach: an inspector
// sees what was done but no record, an administrator what concerns people, parties
// and the node, everybody what they did themselves.
type logsPage struct {
	Rows       []logRow
	Page       int
	Older      bool
	All        bool // the visitor is an inspector
	Administer bool
	Agreements []logOf
}

// logOf is an agreement whose log an inspector may read.
type logOf struct {
	ID   entente.CompactID
	Name string
}

type logRow struct {
	At        entente.Time
	What      string // a key of logs.what
	Who       string
	Agreement string
	Detail    string
	Record    entente.RecordID // that the visitor has read and still may
	Name      string
}

const logRows = 50 // a page

// administration are the lines that an administrator sees: of people, parties and
// the node, none of records.
var administration = []string{"operator", "two persons", "trust", "card", "frozen", "restored", "expired"}

// telling are the lines whose detail says nothing of a record.
var telling = append([]string{"release", "sent", "refused by peer", "inspect"}, administration...)

func (d *Door) logRoutes() {
	d.page("GET /logs", (*visit).logs)
	d.page("GET /logs/{id}", (*visit).inspect, node.RoleInspector)
	d.page("GET /logs/{id}/inspection.json", (*visit).inspection, node.RoleInspector)
	d.page("GET /channels", (*visit).channels, node.RoleReleaser, node.RoleChair, node.RoleInspector, node.RoleAdministrator)
	d.page("GET /verify", (*visit).verification, node.RoleInspector, node.RoleAdministrator)
	d.page("POST /verify", (*visit).verify, node.RoleInspector, node.RoleAdministrator)
	d.page("GET /verify/events", (*visit).verifying, node.RoleInspector, node.RoleAdministrator)
}

// mayKnow says whether a line of the local log is for the visitor.
func (v *visit) mayKnow(what, who string) bool {
	return who == v.who.Name || v.who.Is(node.RoleInspector) || v.who.Is(node.RoleAdministrator) && slices.Contains(administration, what)
}

func (v *visit) logs() error {
	ctx := v.r.Context()
	page := logsPage{All: v.who.Is(node.RoleInspector), Administer: v.who.Is(node.RoleAdministrator)}
	page.Page, _ = strconv.Atoi(v.r.FormValue("page"))
	page.Page = max(page.Page, 1)
	_, names, err := v.partners()
	if err != nil {
		return err
	}
	agreements, err := v.agreementNames()
	if err != nil {
		return err
	}
	if page.All {
		for _, id := range agreements.order {
			page.Agreements = append(page.Agreements, logOf{id, agreements.names[id]})
		}
	}
	count, err := v.node.EventCount(ctx)
	if err != nil {
		return err
	}
	// Pages are counted over what the visitor may see: the number of a line would
	// tell how much lies between.
	skip := (page.Page - 1) * logRows
	var read []entente.RecordID
	const chunk = 1000
	for end := count; end > 0 && !page.Older; end -= chunk {
		events, err := v.node.Events(ctx, max(end-chunk, 0), int(min(end, chunk)))
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(events) {
			if !v.mayKnow(e.What, e.Who) {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			if page.Older = len(page.Rows) == logRows; page.Older {
				break
			}
			r := logRow{At: e.At, What: e.What, Who: whoIs(e.Who, names), Agreement: agreements.names[e.Compact]}
			if slices.Contains(telling, e.What) {
				r.Detail = compact.Clean(e.Detail)
			}
			if e.What == "read" && e.Who == v.who.Name {
				r.Record = entente.RecordID(e.Subject)
				read = append(read, r.Record)
			}
			page.Rows = append(page.Rows, r)
		}
	}
	mine, err := v.readable(read)
	if err != nil {
		return err
	}
	for i := range page.Rows {
		r := &page.Rows[i]
		if o, ok := mine[r.Record]; ok {
			r.Name = o.Name
			if r.Name == "" {
				r.Name = o.Type
			}
		} else {
			r.Record = "" // gone, or not for these eyes any more
		}
	}
	return v.show("logs", page)
}

// whoIs is a person of this party by name, or a party by its name.
func whoIs(who string, names map[entente.PartyID]string) string {
	if name := names[entente.PartyID(who)]; name != "" {
		return name
	}
	if strings.HasPrefix(who, "sha256:") {
		return entente.Short(who)
	}
	return who
}

type agreementNames struct {
	order []entente.CompactID
	names map[entente.CompactID]string
}

func (v *visit) agreementNames() (agreementNames, error) {
	states, err := v.node.Compacts(v.r.Context())
	out := agreementNames{names: map[entente.CompactID]string{}}
	for _, s := range states {
		if s.Charter != nil {
			out.order = append(out.order, s.ID)
			out.names[s.ID] = compact.Clean(s.Charter.Name)
		}
	}
	return out, err
}

// inspectionPage is the audit log of an agreement, with what proves it.
type inspectionPage struct {
	ID        entente.CompactID
	Name      string
	Party     string
	Count     int
	Root      string
	Head      entente.ActID
	Sealed    entente.Time
	Problem   string // in English; empty: the lines give the signed root
	Since     entente.Time
	SinceWas  int  // lines at the visitor's earlier inspection
	Rewritten bool // the first lines are not those of the earlier inspection
	Lines     []logRow
	More      bool // there are older lines, in the file
	Refused   []logRow
	Markings  []markingRow
}

type markingRow struct {
	To       string
	Records  int
	At       entente.Time
	Chip     string
	Handling entente.Handling
}

// spaceInspections holds what each inspector saw last of each log.
const spaceInspections = "web.inspection"

// inspected is a log as an inspector saw it.
type inspected struct {
	At    entente.Time `json:"at"`
	Lines int          `json:"lines"`
	Hash  string       `json:"hash"`
}

// hashLines is a hash over the ids of lines.
func hashLines(lines []entente.LogEntry) string {
	h := sha256.New()
	for _, line := range lines {
		h.Write([]byte(line.ID()))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (v *visit) inspected() (node.Inspection, error) {
	id := entente.CompactID(v.r.PathValue("id"))
	if _, err := v.node.Compact(v.r.Context(), id); err != nil { // before anything is noted about it
		return node.Inspection{}, err
	}
	return v.node.Inspect(v.r.Context(), v.who.Name, id)
}

func (v *visit) inspect() error {
	x, err := v.inspected()
	if err != nil {
		return err
	}
	_, names, err := v.partners()
	if err != nil {
		return err
	}
	agreements, err := v.agreementNames()
	if err != nil {
		return err
	}
	page := inspectionPage{ID: x.Compact, Name: agreements.names[x.Compact], Party: names[x.Party], Count: len(x.Lines)}
	if err := x.Check(nil); err != nil {
		page.Problem = err.Error()
	}
	if head, err := entente.ParseSigned(x.Head); err == nil && head.Act.Head != nil {
		page.Root, page.Head, page.Sealed = head.Act.Head.Tree.Root, head.ID, head.Act.Time
	}
	if err := v.compare(&page, x.Lines); err != nil {
		return err
	}
	for _, line := range slices.Backward(x.Lines) {
		r := logRow{At: line.At, What: line.What, Who: whoIs(line.Who, names)}
		if slices.Contains(telling, line.What) {
			r.Detail = compact.Clean(line.Detail)
		}
		if line.What == "refused" || line.What == "refused by peer" || line.What == "not sent" {
			page.Refused = append(page.Refused, r)
		}
		if page.More = len(page.Lines) == 200; !page.More {
			page.Lines = append(page.Lines, r)
		}
	}
	for _, m := range slices.Backward(x.Markings) {
		page.Markings = append(page.Markings, markingRow{To: whoIs(string(m.To), names), Records: m.Records, At: m.Time, Chip: tlpChip(m.Handling.TLP), Handling: m.Handling})
	}
	return v.show("inspection", page)
}

// compare holds a log against what this inspector saw of it before, and notes
// what is seen now if it continues that.
func (v *visit) compare(page *inspectionPage, lines []entente.LogEntry) error {
	ctx, key := v.r.Context(), v.who.Name+" "+string(page.ID)
	note, err := v.node.Kept(ctx, spaceInspections, key)
	switch {
	case err == nil:
		var was inspected
		if err := json.Unmarshal(note.Value, &was); err != nil {
			return fmt.Errorf("earlier inspection: %w", err)
		}
		page.Since, page.SinceWas = was.At, was.Lines
		page.Rewritten = was.Lines > len(lines) || hashLines(lines[:min(was.Lines, len(lines))]) != was.Hash
	case !errors.Is(err, entente.ErrHidden):
		return err
	}
	if page.Rewritten || page.Problem != "" {
		return nil
	}
	b, err := json.Marshal(inspected{entente.At(v.clock()), len(lines), hashLines(lines)})
	if err != nil {
		return err
	}
	return v.node.Keep(ctx, node.Note{Space: spaceInspections, Key: key, Value: b})
}

// inspection is the file that anybody can verify: entente inspect --check FILE.
func (v *visit) inspection() error {
	x, err := v.inspected()
	if err != nil {
		return err
	}
	b, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("inspection: %w", err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="inspection-%s-%s.json"`, entente.Short(x.Compact), v.clock().UTC().Format("20060102T150405Z")))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(b) // a browser that has gone away is no error
	return nil
}

func tlpChip(t entente.TLP) string { return "tlp-" + strings.ReplaceAll(string(t), "+", "-") }
