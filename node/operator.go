package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/passkey"
	"entente/store"
)

// Roles of operators.
const (
	RoleAnalyst       = "analyst"       // reads what groups allow, puts records
	RoleReleaser      = "releaser"      // an analyst who may also release, recall, ask, consent, export
	RoleChair         = "chair"         // signs agreements, suspends, resumes
	RoleInspector     = "inspector"     // reads logs and markings, no records
	RoleAdministrator = "administrator" // keeps operators and parties, reads no records
)

// Roles lists the roles.
var Roles = []string{RoleAnalyst, RoleReleaser, RoleChair, RoleInspector, RoleAdministrator}

// KindExport is the kind of a proposal to hand records to another system. It is
// no kind of act: nothing of it is ever signed for others.
const KindExport entente.Kind = "export"

// rolesFor are the roles that may approve something of a kind.
func rolesFor(k entente.Kind) []string {
	switch k {
	case entente.KindRelease, entente.KindRecall, entente.KindAsk, entente.KindConsent, KindExport:
		return []string{RoleReleaser}
	}
	return []string{RoleChair}
}

// Operator is a person of this party.
type Operator = store.Operator

// CheckOperatorName says what is wrong with the name of a person.
func CheckOperatorName(name string) error {
	if name == "" || strings.ContainsAny(name, " \t\n/") || len(name) > 60 {
		return entente.Errorf(entente.Invalid, "choose a short name without spaces", "operator name %.80q", name)
	}
	return nil
}

// PutOperator adds a person of this party, or changes one. From the first on,
// what is signed in the party's name needs a person's approval.
func (n *Node) PutOperator(ctx context.Context, o store.Operator) error {
	if err := CheckOperatorName(o.Name); err != nil {
		return err
	}
	if _, err := o.Key.Ed25519(); err != nil {
		return entente.Errorf(entente.Invalid, "", "operator %s: %w", o.Name, err)
	}
	for _, r := range o.Roles {
		if !slices.Contains(Roles, r) {
			return entente.Errorf(entente.Invalid, fmt.Sprintf("choose of %v", Roles), "operator %s: role %.40q is not known", o.Name, r)
		}
	}
	for _, g := range o.Groups {
		if strings.ContainsAny(g, " \t\n") || g == "" {
			return entente.Errorf(entente.Invalid, "", "operator %s: group %.40q has a space in it", o.Name, g)
		}
	}
	slices.Sort(o.Roles)
	slices.Sort(o.Groups)
	return n.update(ctx, func(d *desk) error {
		all, err := d.Tx.Operators()
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.Key == o.Key && x.Name != o.Name {
				return entente.Errorf(entente.Conflict, "make a key for each person", "operator %s has this key already: two persons need two keys", x.Name)
			}
		}
		if was, err := d.Operator(o.Name); err == nil && was.Key != o.Key {
			// The old key approved them: it may be why there is a new one.
			if err := d.Tx.DeletePasskeys(o.Name); err != nil {
				return err
			}
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		o.Added = d.time()
		if err := d.Tx.PutOperator(o); err != nil {
			return err
		}
		return d.event(store.Event{What: "operator", Subject: o.Name, Detail: "roles " + strings.Join(o.Roles, " ") + "; groups " + strings.Join(o.Groups, " ")})
	})
}

// DeleteOperator removes a person, and what was kept for that person: marks,
// acknowledgements, drafts. What was approved stays approved.
func (n *Node) DeleteOperator(ctx context.Context, name string) error {
	return n.update(ctx, func(d *desk) error {
		if err := d.Tx.DeleteOperator(name); errors.Is(err, store.ErrNotFound) {
			return entente.Errorf(entente.Invalid, "entente operator ls", "no operator %q", name)
		} else if err != nil {
			return err
		}
		if err := d.DeleteNotesOf(name); err != nil {
			return err
		}
		return d.event(store.Event{What: "operator", Subject: name, Detail: "removed"})
	})
}

// Administered writes to the log what one person has done about another that is no
// change of the other's roles, groups or key: made a link, ended sessions.
func (n *Node) Administered(ctx context.Context, by, whom, what string) error {
	return n.note(ctx, store.Event{What: "operator", Who: by, Subject: whom, Detail: what})
}

// Operators lists the persons of this party.
func (n *Node) Operators(ctx context.Context) ([]store.Operator, error) {
	var out []store.Operator
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, err = d.Tx.Operators()
		return err
	})
	return out, err
}

// SetGroups bounds a record to need-to-know groups; none: every analyst.
func (n *Node) SetGroups(ctx context.Context, record entente.RecordID, groups []string) error {
	return n.update(ctx, func(d *desk) error {
		if _, _, err := d.heldRecord(record, ""); err != nil {
			return err
		}
		if err := d.Tx.SetGroups(record, groups); err != nil {
			return err
		}
		if err := d.SetMeta(metaGroups, "yes"); err != nil {
			return err
		}
		return d.event(store.Event{What: "groups", Subject: string(record), Detail: strings.Join(groups, " ")})
	})
}

const metaGroups = "groups" // set once any record is bounded to groups

// mayRead refuses readers of this party who are not operators with a role that
// reads records. The party as a whole (no operator) may.
func (d *desk) mayRead(r entente.Reader) error {
	if r.Party != d.self || r.Operator == "" {
		return nil
	}
	o, err := d.Operator(r.Operator)
	if errors.Is(err, store.ErrNotFound) {
		return entente.Errorf(entente.Refused, "an administrator adds operators", "no operator %q", r.Operator)
	}
	if err != nil {
		return err
	}
	if !slices.Contains(o.Roles, RoleAnalyst) && !slices.Contains(o.Roles, RoleReleaser) {
		return entente.Errorf(entente.Refused, "ask an analyst", "operator %s has no role that reads records (%s)", o.Name, strings.Join(o.Roles, ", "))
	}
	d.groups = o.Groups
	if d.groups == nil {
		d.groups = []string{}
	}
	return nil
}

// needToKnow says whether the reading operator's groups allow a record.
func (d *desk) needToKnow(id entente.RecordID) (bool, error) {
	if d.groups == nil {
		return true, nil
	}
	if _, bounded, err := d.Meta(metaGroups); err != nil || !bounded {
		return err == nil, err
	}
	groups, err := d.Groups(id)
	if err != nil || len(groups) == 0 {
		return err == nil, err
	}
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(d.groups, g) }), nil
}

// Approval is a person's signature on what is to be done.
type Approval struct {
	Operator string `json:"operator"`
	// Signature is over ApprovalText of the proposal's id: in base64, or of a
	// passkey what PasskeyApproval gives.
	Signature string `json:"signature"`
}

// ApprovalText is what an operator's key signs to approve a proposal.
func ApprovalText(proposal string) []byte { return []byte("entente-approval/1 " + proposal) }

// checkApproval wants a person with a role for this kind to have signed it.
func (d *desk) checkApproval(k entente.Kind, proposal string, a Approval) error {
	o, err := d.Operator(a.Operator)
	if errors.Is(err, store.ErrNotFound) {
		return entente.Errorf(entente.Refused, "an administrator adds operators", "no operator %q", a.Operator)
	}
	if err != nil {
		return err
	}
	roles := rolesFor(k)
	if !slices.ContainsFunc(o.Roles, func(r string) bool { return slices.Contains(roles, r) }) {
		return entente.Errorf(entente.Refused, "ask one who has it", "operator %s has not the role for %s (%s)", o.Name, k, strings.Join(roles, ", "))
	}
	return d.signed(o, proposal, a)
}

// signed wants an operator's key or one of the operator's passkeys to have signed
// ApprovalText.
func (d *desk) signed(o store.Operator, proposal string, a Approval) error {
	refused := func(cause error) error {
		return entente.Errorf(entente.Refused, "sign with the key that was registered for this operator", "approval by %s: %w", o.Name, errors.Join(cause, entente.ErrSignature))
	}
	if answer, ok := strings.CutPrefix(a.Signature, passkeyMark); ok {
		id, err := passkey.Of([]byte(answer))
		if err != nil {
			return refused(err)
		}
		p, err := d.Passkey(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || p.Operator != o.Name {
			return refused(errors.New("it is no passkey of this operator"))
		}
		if err := passkeyOf(p).Verify([]byte(answer), passkey.Challenge(ApprovalText(proposal))); err != nil {
			return refused(err)
		}
		return nil
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(a.Signature)
	if err != nil || !o.Key.Verify(ApprovalText(proposal), sig) {
		return refused(nil)
	}
	return nil
}

// personsFor is how many persons something of a kind takes in a compact: none
// while the party has no operators and no rule asks for two.
func (d *desk) personsFor(k entente.Kind, id entente.CompactID) (int, error) {
	operators, err := d.Tx.Operators()
	if err != nil {
		return 0, err
	}
	ids := []entente.CompactID{id}
	if id == "" { // whichever it may concern
		if ids, err = d.Tx.Compacts(); err != nil {
			return 0, err
		}
	}
	two := false
	for _, id := range ids {
		state, err := d.state(id)
		if err != nil {
			return 0, err
		}
		two = two || state.Charter != nil && slices.Contains(state.Charter.TwoPersons, k)
	}
	own, _, err := d.Meta(metaTwoPersons)
	if err != nil {
		return 0, err
	}
	switch {
	case two || slices.Contains(strings.Fields(own), string(k)):
		return 2, nil
	case len(operators) > 0:
		return 1, nil
	}
	return 0, nil
}

const metaTwoPersons = "two-persons" // kinds for which this party itself asks for two

// TwoPersons are the kinds for which this party itself asks for a second person.
func (n *Node) TwoPersons(ctx context.Context) ([]entente.Kind, error) {
	var out []entente.Kind
	err := n.view(ctx, func(d *desk) error {
		words, _, err := d.Meta(metaTwoPersons)
		for _, k := range strings.Fields(words) {
			out = append(out, entente.Kind(k))
		}
		return err
	})
	return out, err
}

// SetTwoPersons says for which kinds this party asks for a second person, beyond
// what its agreements ask.
func (n *Node) SetTwoPersons(ctx context.Context, kinds []entente.Kind) error {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return n.update(ctx, func(d *desk) error {
		if err := d.SetMeta(metaTwoPersons, strings.Join(words, " ")); err != nil {
			return err
		}
		return d.event(store.Event{What: "two persons", Detail: strings.Join(words, " ")})
	})
}

// alone refuses what takes a person's approval and came without.
func (d *desk) alone(k entente.Kind, id entente.CompactID) error {
	persons, err := d.personsFor(k, id)
	if err != nil || persons == 0 {
		return err
	}
	hint := "sign it as an operator: --as NAME"
	if persons == 2 {
		hint = "propose it as one operator (--as NAME), then another approves: entente approve"
	}
	return entente.Errorf(entente.Refused, hint, "%s takes the approval of %d person(s) of this party", k, persons)
}
