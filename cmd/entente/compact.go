package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/compact"
)

// compactCmds are the commands on agreements.
type compactCmds struct {
	Draft   draftCmd   `cmd:"" help:"Write a charter to fill in."`
	Review  reviewCmd  `cmd:"" help:"Put a charter, or what is pending in a compact, into words."`
	Found   foundCmd   `cmd:"" help:"Sign a charter: the others are asked to accede."`
	Accede  accedeCmd  `cmd:"" help:"Sign the charter of a compact, or an amendment of it."`
	Amend   amendCmd   `cmd:"" help:"Propose a complete new charter in place of the terms in force."`
	Suspend suspendCmd `cmd:"" help:"Stop, at once, all flow of this party, or its flow to one member."`
	Resume  resumeCmd  `cmd:"" help:"Lift this party's own suspension."`
	Ls      compactLs  `cmd:"" help:"List the compacts known here."`
	Show    compactCmd `cmd:"" help:"Show the state of one compact."`
}

type compactsAnswer struct {
	Compacts []compactLine `json:"compacts"`
}

// compactLine is what a list says of a compact.
type compactLine struct {
	Compact  entente.CompactID   `json:"compact"`
	Name     string              `json:"name"`
	Type     entente.CompactType `json:"type"`
	State    string              `json:"state"` // "in force", "waiting", "unknown"
	Terms    entente.ActID       `json:"terms,omitempty"`
	Number   int64               `json:"number"` // of the amendment in force; 0: the charter
	Members  int                 `json:"members"`
	Missing  []partyRef          `json:"missing"` // have not signed the charter
	Pending  int                 `json:"pending"` // amendments that wait for signatures
	Start    string              `json:"start"`
	End      string              `json:"end"`
	Review   string              `json:"review"`
	DaysLeft int64               `json:"days_left"`
}

// partyRef names a party in an answer.
type partyRef struct {
	Party entente.PartyID `json:"party"`
	Name  string          `json:"name"`
}

func (r partyRef) String() string { return named(r.Name, r.Party) }

func refs(ids []entente.PartyID, n names, s *compact.State) []partyRef {
	out := []partyRef{}
	for _, id := range ids {
		out = append(out, partyRef{id, n.of(id, s)})
	}
	return out
}

func lineOf(s *compact.State, n names) compactLine {
	l := compactLine{Compact: s.ID, Terms: s.Terms, Number: s.Number, Missing: refs(s.Missing, n, s), Pending: len(s.Pending), State: "waiting"}
	c := s.Charter
	if c == nil {
		l.State = "unknown"
		return l
	}
	if s.InForce {
		l.State = "in force"
	}
	l.Name, l.Type, l.Members = c.Name, c.Type, len(c.Members)
	l.Start, l.End, l.Review = c.Start.String(), c.End.String(), c.Review.String()
	l.DaysLeft = int64(c.End.Sub(now().Time).Hours() / 24)
	return l
}

var opCompacts = define("compact.ls", func(ctx context.Context, o *office, _ nothing) (compactsAnswer, error) {
	a := compactsAnswer{Compacts: []compactLine{}}
	n, err := partyNames(ctx, o.node)
	if err != nil {
		return a, err
	}
	states, err := o.node.Compacts(ctx)
	for _, s := range states {
		a.Compacts = append(a.Compacts, lineOf(s, n))
	}
	return a, err
})

type compactLs struct{}

func (c *compactLs) Run(s *session) error {
	a, err := ask(s, opCompacts, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"ID", "NAME", "TYPE", "STATE", "MEMBERS", "ENDS"}}
		for _, l := range a.Compacts {
			state := l.State
			if len(l.Missing) > 0 {
				state += " for " + listed(l.Missing)
			}
			if l.Pending > 0 {
				state += ", " + counted(l.Pending, "amendment") + " pending"
			}
			rows = append(rows, []string{entente.Short(l.Compact), plain(l.Name), plain(l.Type), state, fmt.Sprint(l.Members), day(l.End)})
		}
		p.table(rows)
	})
}

func listed(refs []partyRef) string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.String()
	}
	return strings.Join(out, ", ")
}

func day(stamp string) string { return stamp[:min(10, len(stamp))] }

type compactCmd struct {
	Compact string `arg:"" help:"Compact: id, begin of the id, or name."`
}

type compactQuery struct {
	Compact string `json:"compact"`
}

type compactAnswer struct {
	compactLine
	Deadlocked bool            `json:"deadlocked"`
	Roster     []memberLine    `json:"roster"`
	Amendments []amendmentLine `json:"amendments"` // pending
	Forks      []forkLine      `json:"forks"`
	Waiting    []entente.ActID `json:"waiting"` // acts beyond a gap
	Void       []entente.ActID `json:"void"`    // acts that do not count any more
	// Charter are the terms in force, or the charter to be signed.
	Charter *entente.Charter `json:"charter"`
}

type memberLine struct {
	partyRef
	Status       compact.Status   `json:"status"`
	Seats        int64            `json:"seats"`
	Suspended    []suspensionLine `json:"suspended"`
	Forked       bool             `json:"forked"`
	TakenBack    []entente.ActID  `json:"taken_back"`
	Reservations []string         `json:"reservations"`
}

// suspensionLine says who stopped the flow: the member itself, or one other
// party its flow to the member.
type suspensionLine struct {
	By  partyRef      `json:"by"`
	Act entente.ActID `json:"act"`
}

type amendmentLine struct {
	Amendment entente.ActID `json:"amendment"`
	Number    int64         `json:"number"`
	Author    partyRef      `json:"author"`
	Changes   []string      `json:"changes"`
	Signed    []partyRef    `json:"signed"`
	Missing   []partyRef    `json:"missing"`
}

type forkLine struct {
	Author partyRef        `json:"author"`
	Seq    int64           `json:"position"`
	Acts   []entente.ActID `json:"acts"`
	Kept   entente.ActID   `json:"kept,omitempty"` // the one that a settlement keeps; none: not settled
}

var opCompact = define("compact.show", func(ctx context.Context, o *office, q compactQuery) (compactAnswer, error) {
	s, err := findCompact(ctx, o.node, q.Compact)
	if err != nil {
		return compactAnswer{}, err
	}
	n, err := partyNames(ctx, o.node)
	return stateAnswer(s, n), err
})

func stateAnswer(s *compact.State, n names) compactAnswer {
	a := compactAnswer{
		compactLine: lineOf(s, n), Deadlocked: s.Deadlocked, Charter: s.Charter, Roster: []memberLine{}, Amendments: []amendmentLine{}, Forks: []forkLine{},
		Waiting: append([]entente.ActID{}, s.Waiting...), Void: append([]entente.ActID{}, s.Void...),
	}
	for id, m := range s.Members {
		l := memberLine{
			partyRef: partyRef{id, n.of(id, s)}, Status: m.Status, Seats: m.Seat.Seats, Suspended: []suspensionLine{},
			Forked: m.Forked, TakenBack: append([]entente.ActID{}, m.TakenBack...), Reservations: append([]string{}, m.Reservations...),
		}
		for _, act := range m.Suspended {
			l.Suspended = append(l.Suspended, suspensionLine{l.partyRef, act})
		}
		for other, by := range s.Members {
			for _, act := range by.Flows[id] {
				l.Suspended = append(l.Suspended, suspensionLine{partyRef{other, n.of(other, s)}, act})
			}
		}
		slices.SortFunc(l.Suspended, func(a, b suspensionLine) int { return strings.Compare(string(a.Act), string(b.Act)) })
		a.Roster = append(a.Roster, l)
	}
	slices.SortFunc(a.Roster, func(a, b memberLine) int { return strings.Compare(string(a.Party), string(b.Party)) })
	for _, p := range s.Pending {
		a.Amendments = append(a.Amendments, amendmentLine{
			Amendment: p.ID, Number: p.Number, Author: partyRef{p.Author, n.of(p.Author, s)}, Signed: refs(p.Signed, n, s), Missing: refs(p.Missing, n, s),
			Changes: append([]string{}, s.Explain(&entente.Amendment{Number: p.Number, Base: s.Terms, Charter: *p.Charter, Settles: p.Settles})...),
		})
	}
	for _, f := range s.Forks {
		a.Forks = append(a.Forks, forkLine{partyRef{f.Author, n.of(f.Author, s)}, f.Seq, f.Acts, f.Kept})
	}
	return a
}

func (c *compactCmd) Run(s *session) error {
	a, err := ask(s, opCompact, compactQuery{c.Compact})
	if err != nil {
		return err
	}
	return s.show(a, a.print)
}

func (a compactAnswer) print(p *printer) {
	p.line("Compact  %s", named(a.Name, a.Compact))
	p.line("Id       %s", a.Compact)
	p.line("Type     %s", plain(a.Type))
	state := a.State
	if len(a.Missing) > 0 {
		state += " for the accession of " + listed(a.Missing)
	}
	if a.Deadlocked {
		state += "; DEADLOCKED: members signed rival amendments, found a new compact"
	}
	p.line("State    %s, terms %s (%s)", state, entente.Short(a.Terms), termsName(a.Number))
	p.line("Dates    %s to %s (%d days left), review by %s", day(a.Start), day(a.End), a.DaysLeft, day(a.Review))
	p.line("")
	rows := [][]string{{"MEMBER", "SEATS", "STATUS"}}
	for _, m := range a.Roster {
		rows = append(rows, []string{m.String(), fmt.Sprint(m.Seats), m.standing()})
	}
	p.table(rows)
	for _, m := range a.Roster {
		for _, r := range m.Reservations {
			p.line("Reservation of %s: %s", m, plain(r))
		}
	}
	for _, m := range a.Amendments {
		p.line("")
		p.line("Pending  amendment %d, %s, by %s; signed by %s; missing: %s", m.Number, entente.Short(m.Amendment), m.Author, listed(m.Signed), listed(m.Missing))
		for _, change := range m.Changes {
			p.line("  %s", plain(change))
		}
	}
	for _, f := range a.Forks {
		p.line("")
		p.line("Fork     %s signed different acts as number %d of its chain:", f.Author, f.Seq)
		for _, act := range f.Acts {
			note := ""
			if act == f.Kept {
				note = "  (kept by a settlement)"
			}
			p.line("  %s%s", act, note)
		}
		if f.Kept == "" {
			p.line("  It is suspended until an amendment says which one stands: entente compact amend --keep ACT")
		}
	}
}

func termsName(number int64) string {
	if number == 0 {
		return "the founding charter"
	}
	return fmt.Sprintf("amendment %d", number)
}

func (m memberLine) standing() string {
	out := string(m.Status)
	for _, s := range m.Suspended {
		if s.By.Party == m.Party {
			out += "; SUSPENDED by itself (" + entente.Short(s.Act) + ")"
		} else {
			out += "; flow to it SUSPENDED by " + s.By.String() + " (" + entente.Short(s.Act) + ")"
		}
	}
	if m.Forked {
		out += "; SUSPENDED: it contradicted itself"
	}
	if len(m.TakenBack) > 0 {
		out += "; SUSPENDED: it took a signature back"
	}
	return out
}
