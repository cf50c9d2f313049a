package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
)

// proposalLine is something that waits for persons of this party.
type proposalLine struct {
	Proposal string       `json:"proposal"`
	Kind     entente.Kind `json:"kind"`
	What     string       `json:"what"` // in a few words
	Since    entente.Time `json:"since"`
	Approved []string     `json:"approved"` // by these operators
	Missing  int          `json:"missing"`  // persons
}

type proposalsAnswer struct {
	Proposals []proposalLine `json:"proposals"`
}

var opProposals = define("proposals", func(ctx context.Context, o *office, _ nothing) (proposalsAnswer, error) {
	a := proposalsAnswer{Proposals: []proposalLine{}}
	all, err := o.node.Proposals(ctx)
	for _, st := range all {
		var line proposalLine
		if line, _, err = o.proposalLine(ctx, st); err != nil {
			return a, err
		}
		a.Proposals = append(a.Proposals, line)
	}
	return a, err
})

func (o *office) proposalLine(ctx context.Context, st node.ProposalStatus) (proposalLine, node.Proposed, error) {
	var p node.Proposed
	if err := json.Unmarshal(st.Order, &p); err != nil {
		return proposalLine{}, p, fmt.Errorf("proposal %s: %w", entente.Short(st.ID), err)
	}
	what, err := o.brief(ctx, p)
	return proposalLine{st.ID, st.Kind, what, st.Made, append([]string{}, st.Approved...), st.Missing}, p, err
}

// brief says in a few words what a proposal is; it names no record.
func (o *office) brief(ctx context.Context, p node.Proposed) (string, error) {
	parties, err := partyNames(ctx, o.node)
	if err != nil {
		return "", err
	}
	compacts, err := compactNames(ctx, o.node)
	if err != nil {
		return "", err
	}
	in := func(id entente.CompactID) string {
		if id == "" {
			return "in all agreements"
		}
		return "in " + named(compacts[id], id)
	}
	to := func(ids []entente.PartyID) string {
		var out []string
		for _, id := range ids {
			out = append(out, named(parties[id], id))
		}
		return strings.Join(out, ", ")
	}
	switch {
	case p.Release != nil:
		return fmt.Sprintf("release %s to %s %s, TLP:%s", counted(len(p.Release.Records), "record"), to(p.Release.To), in(p.Release.Compact), strings.ToUpper(string(p.Release.Handling.TLP))), nil
	case p.Recall != nil:
		from := "everybody"
		if len(p.Recall.To) > 0 {
			from = to(p.Recall.To)
		}
		return fmt.Sprintf("recall (%s) %s from %s %s: %s", p.Recall.Scope, counted(len(p.Recall.Records), "record"), from, in(p.Recall.Compact), plain(p.Recall.Reason)), nil
	case p.Ask != nil:
		return fmt.Sprintf("ask for consent to %s a record towards %s %s: %s", p.Ask.Use, to(p.Ask.Recipients), in(p.Ask.Compact), plain(p.Ask.Reason)), nil
	case p.Answer != nil && p.Answer.Refused != "":
		return fmt.Sprintf("refuse what was asked in %s: %s", entente.Short(p.Answer.Ask), plain(p.Answer.Refused)), nil
	case p.Answer != nil:
		return "consent to what was asked in " + entente.Short(p.Answer.Ask), nil
	case p.Export != nil:
		return fmt.Sprintf("export %s as %s, conditions acknowledged: %t", counted(len(p.Export.Records), "record"), p.Export.Format, p.Export.Acknowledged), nil
	case p.Agreement == nil:
		return "", entente.Errorf(entente.Broken, "run entente verify", "a proposal without an order")
	}
	g := p.Agreement
	switch g.Kind {
	case entente.KindCharter:
		return fmt.Sprintf("found the agreement “%s”", plain(g.Charter.Name)), nil
	case entente.KindAmendment:
		return "change the terms " + in(g.Compact), nil
	case entente.KindAccession:
		terms := "the charter"
		if g.To != "" && g.To != entente.ActID(g.Compact) {
			terms = "amendment " + entente.Short(g.To)
		}
		return fmt.Sprintf("accede to %s %s", terms, in(g.Compact)), nil
	}
	what := map[entente.Kind]string{entente.KindSuspension: "suspend", entente.KindResumption: "resume"}[g.Kind]
	if g.Member == o.node.Self() {
		return fmt.Sprintf("%s all flow from and to this party %s", what, in(g.Compact)), nil
	}
	return fmt.Sprintf("%s this party's flow to %s %s", what, to([]entente.PartyID{g.Member}), in(g.Compact)), nil
}

// inFull says what a proposal is to whoever is to sign it. Records are named to
// those who may read them.
func (o *office) inFull(ctx context.Context, p node.Proposed) ([]string, error) {
	var lines []string
	records := func(ids []entente.RecordID) {
		for i, id := range ids {
			if i == 20 {
				lines = append(lines, fmt.Sprintf("  ... and %d more records", len(ids)-i))
				break
			}
			text := "(this operator may not read it)"
			if all, err := o.views(ctx, string(id)); err == nil && len(all) > 0 {
				text = plain(all[0].Object().STIX) + "  " + plain(all[0].Object().Name)
			}
			lines = append(lines, "  "+entente.Short(id)+"  "+text)
		}
	}
	handling := func(h entente.Handling) {
		w := &printer{}
		w.handling("  ", h)
		lines = append(lines, strings.Split(strings.TrimRight(string(w.bytes()), "\n"), "\n")...)
	}
	switch {
	case p.Release != nil:
		handling(p.Release.Handling)
		records(p.Release.Records)
		preview, err := o.node.Preview(ctx, *p.Release)
		if err != nil {
			return nil, err
		}
		for _, r := range preview.Recipients {
			for full, tear := range r.Supersedes {
				lines = append(lines, fmt.Sprintf("  %s learns that %s takes the place of the tearline %s", plain(r.Name), entente.Short(full), entente.Short(tear)))
			}
		}
		for _, t := range preview.Tearlines {
			w := &printer{}
			tearlineLine{t.Record, t.Name, t.Fresh, t.Warnings}.print(w)
			lines = append(lines, strings.Split(strings.TrimRight(string(w.bytes()), "\n"), "\n")...)
		}
		if err := preview.Err(); err != nil {
			lines = append(lines, "  as things are it would be refused: "+plain(err.Error()))
		}
	case p.Recall != nil:
		records(p.Recall.Records)
		if p.Recall.Correction != "" {
			lines = append(lines, "in their place:")
			records([]entente.RecordID{p.Recall.Correction})
		}
	case p.Ask != nil:
		records([]entente.RecordID{p.Ask.Record})
	case p.Answer != nil:
		asks, err := o.node.Asks(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range asks {
			if a.Act == p.Answer.Ask {
				lines = append(lines, fmt.Sprintf("  asked by %s: to %s towards %s, purpose: %s; reason: %s", named(a.FromName, a.From), a.Ask.Use, joined(a.Recipients), plain(a.Ask.Purpose), plain(a.Ask.Reason)))
				records([]entente.RecordID{a.Ask.Record})
			}
		}
		if p.Answer.Handling != nil {
			lines = append(lines, "at least under:")
			handling(*p.Answer.Handling)
		}
	case p.Export != nil:
		records(p.Export.Records)
	case p.Agreement != nil && p.Agreement.Charter != nil:
		if p.Agreement.Kind == entente.KindAmendment {
			s, err := o.node.Compact(ctx, p.Agreement.Compact)
			if err != nil {
				return nil, err
			}
			for _, change := range s.Explain(&entente.Amendment{Charter: *p.Agreement.Charter, Settles: p.Agreement.Settles}) {
				lines = append(lines, "  "+plain(change))
			}
			break
		}
		lines = append(lines, strings.Split(strings.TrimSpace(compact.Describe(p.Agreement.Charter)), "\n")...)
	case p.Agreement != nil && p.Agreement.Text != "":
		lines = append(lines, "  text that all members see: "+plain(p.Agreement.Text))
	}
	return lines, nil
}

type proposalsCmd struct{}

func (c *proposalsCmd) Run(s *session) error {
	a, err := ask(s, opProposals, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if len(a.Proposals) == 0 {
			p.line("Nothing waits for a person of this party.")
		}
		for _, x := range a.Proposals {
			p.line("%s  %s", entente.Short(x.Proposal), x.What)
			p.line("  since %s; approved by %s; %s missing", stamp(x.Since), joined(x.Approved), counted(x.Missing, "person"))
		}
	})
}

type proposalQuery struct {
	Proposal string `json:"proposal"`
}

type proposalAnswer struct {
	proposalLine
	Words []string      `json:"words"`
	Order node.Proposed `json:"order"` // what the words say, and the id is the hash of
}

var opProposal = define("proposal", func(ctx context.Context, o *office, q proposalQuery) (proposalAnswer, error) {
	st, err := o.findProposal(ctx, q.Proposal)
	if err != nil {
		return proposalAnswer{}, err
	}
	line, p, err := o.proposalLine(ctx, st)
	if err != nil {
		return proposalAnswer{}, err
	}
	words, err := o.inFull(ctx, p)
	return proposalAnswer{line, append([]string{}, words...), p}, err
})

func (o *office) findProposal(ctx context.Context, text string) (node.ProposalStatus, error) {
	all, err := o.node.Proposals(ctx)
	if err != nil {
		return node.ProposalStatus{}, err
	}
	found := choose(all, text, func(node.ProposalStatus) string { return "" }, func(p node.ProposalStatus) string { return p.ID })
	return one("open proposal", text, "entente proposals lists what waits", found, func(p node.ProposalStatus) string { return entente.Short(p.ID) })
}

type approveCmd struct {
	Proposal string `arg:"" help:"The proposal: its id, or the begin of it."`
	Yes      bool   `help:"Sign without asking."`
	Out      string `help:"For an export: the file to write, which does not exist yet." placeholder:"FILE"`
}

type approveAnswer struct {
	Proposal string          `json:"proposal"`
	What     string          `json:"what"`
	Missing  int             `json:"missing"` // further persons; none: it was done
	Acts     []entente.ActID `json:"acts"`
	File     string          `json:"file"` // of an export that was done
}

type approvedAnswer struct {
	Missing int             `json:"missing"`
	Acts    []entente.ActID `json:"acts"`
	File    []byte          `json:"file"`
}

var opApprove = define("approve", func(ctx context.Context, o *office, q proposalQuery) (approvedAnswer, error) {
	st, err := o.findProposal(ctx, q.Proposal)
	if err != nil {
		return approvedAnswer{}, err
	}
	by, err := o.approval(st.ID)
	if err != nil {
		return approvedAnswer{}, err
	}
	done, err := o.node.Approve(ctx, st.ID, by)
	if err != nil {
		return approvedAnswer{}, err
	}
	a := approvedAnswer{Missing: done.Missing, Acts: append([]entente.ActID{}, done.Acts...)}
	if done.Export != nil && done.Missing == 0 {
		var p node.Proposed
		if err := json.Unmarshal(st.Order, &p); err != nil {
			return a, err
		}
		a.File, err = o.exported(ctx, p.Export.Format, done.Export)
	}
	return a, err
})

func (c *approveCmd) Run(s *session) error {
	if s.as == "" {
		return usageErrorf("say who approves: --as NAME")
	}
	shown, err := ask(s, opProposal, proposalQuery{c.Proposal})
	if err != nil {
		return err
	}
	if id, err := shown.Order.ID(); err != nil || id != shown.Proposal {
		return entente.Errorf(entente.Broken, "run entente verify", "proposal %s is not what its id says", entente.Short(shown.Proposal))
	}
	if (shown.Kind == node.KindExport) != (c.Out != "") {
		return usageErrorf("--out FILE is for an export, which needs it")
	}
	if err := wantAbsent(c.Out); err != nil {
		return err
	}
	words := &printer{}
	words.line("%s is asked to sign: %s", s.as, shown.What)
	for _, line := range shown.Words {
		words.line("%s", line)
	}
	out := s.stdout
	if s.json {
		out = s.stderr
	}
	if _, err := out.Write(words.bytes()); err != nil {
		return err
	}
	if err := c.confirm(s, out); err != nil {
		return err
	}
	done, err := ask(s, opApprove, proposalQuery{shown.Proposal})
	if err != nil {
		return err
	}
	a := approveAnswer{shown.Proposal, shown.What, done.Missing, done.Acts, ""}
	if done.File != nil {
		if err := writeNew(c.Out, done.File, 0o600); err != nil {
			return err
		}
		a.File = c.Out
	}
	return s.show(a, func(p *printer) {
		if a.Missing > 0 {
			(&waitLine{a.Proposal, a.Missing}).print(p)
			return
		}
		p.line("Approved and done.")
		for _, act := range a.Acts {
			p.line("Signed: %s %s", shown.Kind, act)
		}
		if a.File != "" {
			p.line("Wrote %s.", a.File)
		}
	})
}

// confirm asks the person, who has seen what it is.
func (c *approveCmd) confirm(s *session, out io.Writer) error {
	if c.Yes {
		return nil
	}
	if _, err := fmt.Fprint(out, "Sign it? [y/N] "); err != nil {
		return err
	}
	text, err := bufio.NewReader(s.stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(text))) {
		return entente.Errorf(entente.Refused, "answer y, or drop it for good: entente withdraw", "not signed")
	}
	return nil
}

type withdrawCmd struct {
	Proposal string `arg:"" help:"The proposal: its id, or the begin of it."`
}

type withdrawAnswer struct {
	Proposal string `json:"proposal"`
}

var opWithdraw = define("withdraw", func(ctx context.Context, o *office, q proposalQuery) (withdrawAnswer, error) {
	st, err := o.findProposal(ctx, q.Proposal)
	if err != nil {
		return withdrawAnswer{}, err
	}
	by, err := o.approval(st.ID)
	if err != nil {
		return withdrawAnswer{}, err
	}
	return withdrawAnswer{st.ID}, o.node.Withdraw(ctx, st.ID, by)
})

func (c *withdrawCmd) Run(s *session) error {
	if s.as == "" {
		return usageErrorf("say who withdraws it: --as NAME")
	}
	a, err := ask(s, opWithdraw, proposalQuery{c.Proposal})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) { p.line("Withdrawn: %s. It is not done.", entente.Short(a.Proposal)) })
}
