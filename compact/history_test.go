package compact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
)

// Histories are drawn. The first line lists the founding roster; its first
// party is the founder. Then a chain a line, a fork under the act it follows:
//
//	charter A B C
//	B: acc -> s1=susp(C) -> res
//	       |  -> susp
//
// The acts: acc or acc(n1), susp or susp(C), res (lifts the act before) or
// res(s1), amend(A B; base n1; keep s1; number 7). "@2" after an act is the
// card version it is signed under, "?" withholds it, "name=" names it.

var (
	day0   = time.Date(2031, 3, 1, 0, 0, 0, 0, time.UTC)
	midway = day0.AddDate(0, 6, 0)
)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func pid(name string) entente.PartyID { return entente.PartyID(hash("party " + name)) }

// drawing is a history with the names of its acts.
type drawing struct {
	facts   []Fact // what is not withheld
	act     map[string]*entente.Act
	names   map[entente.ActID]string
	parties map[entente.PartyID]string
}

func (d *drawing) id(name string) entente.ActID { return entente.ActID(hash(name)) }

func charterOf(parties ...string) *entente.Charter {
	c := &entente.Charter{
		Name: "Accord of the Straits", Type: entente.Information, Purposes: []string{"counter-smuggling"}, Categories: []string{"vessels"},
		Start: entente.At(day0), End: entente.At(day0.AddDate(1, 0, 0)), Review: entente.At(midway), Rule: entente.Unanimous,
		Handling: entente.HandlingRules{
			Default: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardAsk, Purpose: "counter-smuggling"},
			Widest:  entente.TLPGreen, Onward: entente.OnwardMembers,
		},
		Exit: "by amendment", Suspension: "at once", Tolerance: 300, Freshness: 86400, RecallWithin: 3600,
		Evidence: "none", Quorum: "filled", Folding: 1,
	}
	for _, p := range parties {
		c.Members = append(c.Members, entente.Seat{Party: pid(p), Name: "Land " + p, Seats: 1, LegalBasis: "Act " + p})
	}
	slices.SortFunc(c.Members, func(a, b entente.Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return c
}

var token = regexp.MustCompile(`^(?:(\w+)=)?(acc|susp|res|amend)(?:\(([^)]*)\))?(?:@(\d+))?(\?)?$`)

func draw(t testing.TB, text string) *drawing {
	t.Helper()
	d := &drawing{
		act: map[string]*entente.Act{}, names: map[entente.ActID]string{}, parties: map[entente.PartyID]string{},
	}
	type placed struct {
		col  int
		name string
		seq  int64
	}
	type late struct {
		a     *entente.Act
		param string
	}
	var (
		rows   [][]placed // of the author at hand
		author string
		amends []late
	)
	for i, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		line = strings.ReplaceAll(line, "\t", "    ")
		at := placed{name: "charter"}
		body := 0
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			continue
		case strings.HasPrefix(trimmed, "charter "):
			roster := strings.Fields(trimmed)[1:]
			d.add("charter", roster[0], &entente.Act{Kind: entente.KindCharter, Card: 1, Charter: charterOf(roster...)}, false)
			continue
		case strings.HasPrefix(trimmed, "|"):
			col := strings.Index(line, "|")
			body = strings.Index(line, "->") + 2
			for _, row := range slices.Backward(rows) {
				if row[0].col <= col {
					for _, p := range row {
						if p.col <= col {
							at = p
						}
					}
					break
				}
			}
		default:
			name, _, ok := strings.Cut(trimmed, ":")
			if !ok {
				t.Fatalf("line %d: %q names no author", i, line)
			}
			author, rows = name, nil
			body = strings.Index(line, ":") + 1
		}
		var row []placed
		for _, part := range strings.SplitAfter(line[body:], "->") {
			col := body + len(part) - len(strings.TrimLeft(part, " "))
			body += len(part)
			m := token.FindStringSubmatch(strings.TrimSpace(strings.TrimSuffix(part, "->")))
			if m == nil {
				t.Fatalf("line %d: %q is no act", i, part)
			}
			name, param := m[1], m[3]
			if name == "" {
				name = fmt.Sprintf("%s.%d.%d", author, i, len(row))
			}
			a := &entente.Act{Card: 1, Compact: entente.CompactID(d.id("charter")), Chain: &entente.Link{Seq: at.seq + 1, Prev: d.id(at.name)}}
			if m[4] != "" {
				a.Card, _ = strconv.ParseInt(m[4], 10, 64)
			}
			switch m[2] {
			case "acc":
				if param == "" {
					param = "charter"
				}
				a.Kind, a.Accession = entente.KindAccession, &entente.Accession{To: d.id(param)}
			case "susp":
				if param == "" {
					param = author
				}
				a.Kind, a.Suspension = entente.KindSuspension, &entente.Suspension{Member: pid(param)}
			case "res":
				if param == "" {
					param = at.name
				}
				a.Kind, a.Resumption = entente.KindResumption, &entente.Resumption{Lifts: d.id(param)}
			case "amend":
				a.Kind, a.Amendment = entente.KindAmendment, &entente.Amendment{}
				amends = append(amends, late{a, param})
			}
			d.add(name, author, a, m[5] != "")
			at = placed{col, name, a.Chain.Seq}
			row = append(row, at)
		}
		rows = append(rows, row)
	}
	for _, l := range amends {
		l.a.Amendment.Base = d.id("charter")
	}
	for _, l := range amends { // bases and numbers may refer forward
		d.amend(t, l.a.Amendment, l.param)
	}
	for range amends {
		for _, l := range amends {
			if !strings.Contains(l.param, "number") {
				l.a.Amendment.Number = 1
				if base := d.act[d.names[l.a.Amendment.Base]]; base != nil && base.Amendment != nil {
					l.a.Amendment.Number = base.Amendment.Number + 1
				}
			}
		}
	}
	return d
}

func (d *drawing) amend(t testing.TB, a *entente.Amendment, param string) {
	t.Helper()
	for i, clause := range strings.Split(param, ";") {
		words := strings.Fields(clause)
		switch {
		case i == 0:
			a.Charter = *charterOf(words...)
			for _, w := range words {
				d.parties[pid(w)] = w
			}
		case words[0] == "base":
			a.Base = d.id(words[1])
		case words[0] == "number":
			a.Number, _ = strconv.ParseInt(words[1], 10, 64)
		case words[0] == "keep":
			k := d.act[words[1]]
			if k == nil {
				t.Fatalf("keep %s: no such act", words[1])
			}
			a.Settles = append(a.Settles, entente.Settlement{Author: k.Signer, Seq: k.Chain.Seq, Keep: d.id(words[1])})
		default:
			t.Fatalf("clause %q", clause)
		}
	}
}

func (d *drawing) add(name, author string, a *entente.Act, withheld bool) {
	a.Signer = pid(author)
	d.act[name], d.names[d.id(name)], d.parties[a.Signer] = a, name, author
	if a.Charter != nil {
		for _, s := range a.Charter.Members {
			d.parties[s.Party] = strings.TrimPrefix(s.Name, "Land ")
		}
	}
	if !withheld {
		d.facts = append(d.facts, Fact{d.id(name), a})
	}
}

func (d *drawing) fold() *State { return Fold(entente.CompactID(d.id("charter")), d.facts) }

// show writes a state in a few words: what is empty is left out.
func (d *drawing) show(s *State) string {
	var out []string
	say := func(what string, list []string) {
		if len(list) > 0 {
			slices.Sort(list)
			out = append(out, what+" "+strings.Join(list, " "))
		}
	}
	acts := func(list []entente.ActID) (names []string) {
		for _, id := range list {
			names = append(names, cmpName(d.names[id], id))
		}
		return names
	}
	people := func(list []entente.PartyID) (names []string) {
		for _, p := range list {
			names = append(names, d.parties[p])
		}
		slices.Sort(names)
		return names
	}
	if s.InForce {
		out = append(out, "terms "+d.names[s.Terms])
	}
	say("missing", people(s.Missing))
	status := map[Status][]string{}
	var forked, suspended, flows, back []string
	for p, m := range s.Members {
		status[m.Status] = append(status[m.Status], d.parties[p])
		if m.Forked {
			forked = append(forked, d.parties[p])
		}
		for range m.Suspended {
			suspended = append(suspended, d.parties[p])
		}
		if len(m.TakenBack) > 0 {
			back = append(back, d.parties[p])
		}
		for to, list := range m.Flows {
			for range list {
				flows = append(flows, d.parties[p]+">"+cmpName(d.parties[to], to))
			}
		}
	}
	for _, st := range []Status{StatusMember, StatusInvited, StatusLeft} {
		say(string(st), status[st])
	}
	say("suspended", suspended)
	say("flow", flows)
	say("forked", forked)
	say("takenback", back)
	for _, p := range s.Pending {
		line := "pending " + d.names[p.ID]
		if len(p.Missing) > 0 {
			line += " without " + strings.Join(people(p.Missing), " ")
		}
		if len(p.Awaits) > 0 {
			line += " awaits " + strings.Join(acts(p.Awaits), " ")
		}
		out = append(out, line)
	}
	for _, f := range s.Forks {
		if f.Kept != "" {
			out = append(out, fmt.Sprintf("kept %s of %d", d.names[f.Kept], len(f.Acts)))
		} else {
			out = append(out, fmt.Sprintf("fork %s %d %s", d.parties[f.Author], f.Seq, strings.Join(slices.Sorted(slices.Values(acts(f.Acts))), " ")))
		}
	}
	say("waiting", acts(s.Waiting))
	say("void", acts(s.Void))
	if s.Deadlocked {
		out = append(out, "deadlocked")
	}
	return strings.Join(out, "; ")
}

func cmpName[T ~string](name string, id T) string {
	if name != "" {
		return name
	}
	return entente.Short(id)
}

// pairs calls f for every ordered pair of listed parties.
func (s *State) pairs(f func(from, to entente.PartyID)) {
	for _, from := range slices.Sorted(maps.Keys(s.Members)) {
		for _, to := range slices.Sorted(maps.Keys(s.Members)) {
			if from != to {
				f(from, to)
			}
		}
	}
}
