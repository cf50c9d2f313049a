package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"regexp"

	"entente"
	"entente/keyring"
	"entente/node"
)

// What is signed in the party's name goes through office.propose: it is done at
// once when nobody is named by --as, else with that operator's signature. The
// operator's key stays with the command: an operation that needs a signature
// ends with signatureWanted, and ask signs what it names and asks once more.

// speaker is whom a command speaks for: the party as a whole, or an operator.
type speaker struct {
	as        string
	proposal  string // what signature approves
	signature string // base64
}

type speakerKey struct{}

func withSpeaker(ctx context.Context, s speaker) context.Context {
	return context.WithValue(ctx, speakerKey{}, s)
}

func speakerOf(ctx context.Context) speaker {
	s, _ := ctx.Value(speakerKey{}).(speaker)
	return s
}

// speaking is the office as this speaker finds it.
func (o *office) speaking(s speaker) *office {
	other := *o
	other.as, other.speaker = s.as, s
	return &other
}

// signatureWanted asks the command for its operator's signature.
type signatureWanted struct{ proposal string }

func (w signatureWanted) Error() string { return "the operator's signature is needed" }

// propose has something done in the party's name. What still misses a person
// is kept and waits: Done.Missing says how many.
func (o *office) propose(ctx context.Context, p node.Proposed) (node.Done, error) {
	if o.as == "" {
		return o.atOnce(ctx, p)
	}
	p, err := o.node.Afresh(ctx, p)
	if err != nil {
		return node.Done{}, err
	}
	id, err := p.ID()
	if err != nil {
		return node.Done{}, err
	}
	by, err := o.approval(id)
	if err != nil {
		return node.Done{}, err
	}
	return o.node.Propose(ctx, p, by)
}

// approval is the speaker's signature on a proposal.
func (o *office) approval(proposal string) (node.Approval, error) {
	if o.as == "" {
		return node.Approval{}, entente.Errorf(entente.Invalid, "say who signs: --as NAME", "no operator is named")
	}
	if o.speaker.proposal != proposal || o.speaker.signature == "" {
		return node.Approval{}, signatureWanted{proposal}
	}
	return node.Approval{Operator: o.as, Signature: o.speaker.signature}, nil
}

// atOnce does something that no person has to approve.
func (o *office) atOnce(ctx context.Context, p node.Proposed) (done node.Done, err error) {
	one := func(id entente.ActID, err error) (node.Done, error) {
		if err == nil {
			done.Acts = []entente.ActID{id}
		}
		return done, err
	}
	switch {
	case p.Release != nil:
		preview, acts, err := o.node.Release(ctx, *p.Release)
		return node.Done{Preview: &preview, Acts: acts}, err
	case p.Recall != nil:
		done.Acts, err = o.node.Recall(ctx, *p.Recall)
		return done, err
	case p.Ask != nil:
		return one(o.node.Ask(ctx, *p.Ask))
	case p.Answer != nil:
		a := p.Answer
		return one(o.node.Answer(ctx, a.Ask, a.Handling, a.Expires, a.Refused))
	case p.Export != nil:
		export, err := o.node.Export(ctx, *p.Export)
		return node.Done{Export: &export}, err
	case p.Agreement == nil:
		return done, entente.Errorf(entente.Invalid, "", "nothing to be done")
	}
	switch a := p.Agreement; a.Kind {
	case entente.KindCharter:
		id, err := o.node.Found(ctx, *a.Charter)
		return one(entente.ActID(id), err)
	case entente.KindAccession:
		return one(o.node.Accede(ctx, a.Compact, a.To, a.Text))
	case entente.KindAmendment:
		return one(o.node.Amend(ctx, a.Compact, *a.Charter, a.Settles))
	case entente.KindSuspension:
		return one(o.node.Suspend(ctx, a.Compact, a.Member, a.Text))
	case entente.KindResumption:
		done.Acts, err = o.node.Resume(ctx, a.Compact, a.Member)
		return done, err
	default:
		return done, fmt.Errorf("an agreement has no act of kind %q", a.Kind)
	}
}

// waitLine is a proposal that waits for a further person.
type waitLine struct {
	Proposal string `json:"proposal"`
	Missing  int    `json:"missing"` // persons
}

// waitsOf is nil for what was done.
func waitsOf(d node.Done) *waitLine {
	if d.Missing == 0 {
		return nil
	}
	return &waitLine{d.Proposal, d.Missing}
}

// print says what is waited for; false if it was done.
func (w *waitLine) print(p *printer) bool {
	if w == nil {
		return false
	}
	who := "a second person"
	if w.Missing > 1 {
		who = counted(w.Missing, "more person")
	}
	p.line("Not done yet: it waits for %s: entente approve %s --as NAME", who, entente.Short(w.Proposal))
	return true
}

// operatorsDir holds the operators' keys, unless they were put elsewhere.
const operatorsDir = "operators"

var operatorName = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]*$`)

// operatorKey is the file of an operator's key in a data directory.
func operatorKey(dir, name string) (string, error) {
	if !operatorName.MatchString(name) {
		return "", entente.Errorf(entente.Invalid, "letters, digits, dots, dashes", "%q is no name of an operator", name)
	}
	return filepath.Join(dir, operatorsDir, name+".key"), nil
}

// sign signs a proposal with the key of the operator whom --as names.
func (s *session) sign(proposal string) (speaker, error) {
	path, err := operatorKey(s.dir, s.as)
	if err != nil {
		return speaker{}, err
	}
	if s.operatorKey != "" {
		path = s.operatorKey
	}
	key, err := keyring.ReadOperator(path)
	if err != nil {
		return speaker{}, entente.Errorf(entente.Invalid, "--operator-key says where it is; entente operator ls lists the operators", "key of operator %s: %w", s.as, err)
	}
	signature, err := key.Sign(node.ApprovalText(proposal))
	return speaker{s.as, proposal, base64.StdEncoding.EncodeToString(signature)}, err
}
