package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/store"
)

// operatorCmds keep the persons of this party.
type operatorCmds struct {
	Add operatorAddCmd `cmd:"" help:"Add a person: make a key, and say what that person may do."`
	Ls  operatorLsCmd  `cmd:"" help:"List the persons of this party."`
	Rm  operatorRmCmd  `cmd:"" help:"Remove a person; what was approved stays approved."`

	Link operatorLinkCmd `cmd:"" help:"Make a link by which a person signs in to the desk once."`
}

type operatorLine struct {
	Name   string       `json:"name"`
	Roles  []string     `json:"roles"`
	Groups []string     `json:"groups"` // of need to know
	Key    entente.Key  `json:"key"`
	Added  entente.Time `json:"added"`
}

type operatorsAnswer struct {
	Operators []operatorLine `json:"operators"`
}

// keeping refuses an operator who is no administrator; the party as a whole may.
func (o *office) keeping(ctx context.Context) error { return o.inRole(ctx, node.RoleAdministrator) }

// writing refuses an operator who does not put records; the party as a whole may.
func (o *office) writing(ctx context.Context) error {
	return o.inRole(ctx, node.RoleAnalyst, node.RoleReleaser)
}

func (o *office) inRole(ctx context.Context, roles ...string) error {
	if o.as == "" {
		return nil
	}
	all, err := o.node.Operators(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(x store.Operator) bool {
		return x.Name == o.as && slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(x.Roles, r) })
	}) {
		return entente.Errorf(entente.Refused, "ask one who has it", "operator %s has not the role for it (%s)", o.as, strings.Join(roles, ", "))
	}
	return nil
}

var opOperators = define("operator.ls", func(ctx context.Context, o *office, _ nothing) (operatorsAnswer, error) {
	a := operatorsAnswer{Operators: []operatorLine{}}
	all, err := o.node.Operators(ctx)
	for _, x := range all {
		a.Operators = append(a.Operators, operatorLine{x.Name, append([]string{}, x.Roles...), append([]string{}, x.Groups...), x.Key, x.Added})
	}
	return a, err
})

type operatorQuery struct {
	Name   string      `json:"name"`
	Roles  []string    `json:"roles"`
	Groups []string    `json:"groups"`
	Key    entente.Key `json:"key"`
}

var opOperatorAdd = define("operator.add", func(ctx context.Context, o *office, q operatorQuery) (operatorLine, error) {
	if err := o.keeping(ctx); err != nil {
		return operatorLine{}, err
	}
	all, err := o.node.Operators(ctx)
	if err != nil {
		return operatorLine{}, err
	}
	if slices.ContainsFunc(all, func(x store.Operator) bool { return x.Name == q.Name }) {
		return operatorLine{}, entente.Errorf(entente.Conflict, "choose another name, or remove the old one first: entente operator rm "+q.Name, "there is an operator %s already", q.Name)
	}
	if err := o.node.PutOperator(ctx, store.Operator{Name: q.Name, Key: q.Key, Roles: q.Roles, Groups: q.Groups}); err != nil {
		return operatorLine{}, err
	}
	return operatorLine{q.Name, q.Roles, q.Groups, q.Key, now()}, nil
})

type operatorAddCmd struct {
	Name   string   `arg:"" help:"A short name of letters, digits, dots and dashes; it stands in this party's log."`
	Role   []string `required:"" help:"analyst, releaser, chair, inspector or administrator; repeat for several." sep:"none" placeholder:"ROLE"`
	Group  []string `help:"A need-to-know group; repeat for several." sep:"none" placeholder:"GROUP"`
	KeyOut string   `help:"Where the person's private key goes (default: DIR/operators/NAME.key)." placeholder:"FILE"`
}

type operatorAddAnswer struct {
	operatorLine
	File string `json:"file"` // the private key
}

func (c *operatorAddCmd) Run(s *session) error {
	path, err := operatorKey(s.dir, c.Name)
	if err != nil {
		return err
	}
	if c.KeyOut != "" {
		path = c.KeyOut
	}
	if err := checkDir(s.dir); err != nil {
		return err
	}
	key, err := keyring.NewOperator(path)
	if err != nil {
		return err
	}
	line, err := ask(s, opOperatorAdd, operatorQuery{c.Name, append([]string{}, c.Role...), append([]string{}, c.Group...), key.Key()})
	if err != nil {
		// The key was made for nothing, by this command.
		if gone := os.Remove(path); gone != nil {
			return fmt.Errorf("%w (and its key stays in %s: %w)", err, path, gone)
		}
		return err
	}
	return s.show(operatorAddAnswer{line, path}, func(p *printer) {
		p.line("Added %s: %s.", c.Name, strings.Join(c.Role, ", "))
		p.line("The key is in %s. Whoever has it approves in this person's name:", path)
		p.line("give it to the person, who says where it is by --operator-key FILE.")
		p.line("From now on what is signed in the party's name takes an operator: --as %s", c.Name)
	})
}

type operatorLsCmd struct{}

func (c *operatorLsCmd) Run(s *session) error {
	a, err := ask(s, opOperators, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if len(a.Operators) == 0 {
			p.line("No operators: whoever has the data directory speaks for the party as a whole.")
			return
		}
		rows := [][]string{{"NAME", "ROLES", "GROUPS", "SINCE"}}
		for _, x := range a.Operators {
			rows = append(rows, []string{plain(x.Name), strings.Join(x.Roles, ", "), joined(x.Groups), stamp(x.Added)})
		}
		p.table(rows)
	})
}

type operatorRmCmd struct {
	Name string `arg:"" help:"The operator."`
}

type nameQuery struct {
	Name string `json:"name"`
}

type operatorRmAnswer struct {
	Removed string `json:"removed"`
}

var opOperatorRm = define("operator.rm", func(ctx context.Context, o *office, q nameQuery) (operatorRmAnswer, error) {
	if err := o.keeping(ctx); err != nil {
		return operatorRmAnswer{}, err
	}
	return operatorRmAnswer{q.Name}, o.node.DeleteOperator(ctx, q.Name)
})

func (c *operatorRmCmd) Run(s *session) error {
	a, err := ask(s, opOperatorRm, nameQuery{c.Name})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		p.line("Removed %s. The key file is left where it is, and good for nothing.", plain(a.Removed))
	})
}

type groupsCmd struct {
	Record string   `arg:"" help:"A record: id, begin of it, or STIX id (its newest version)."`
	Groups []string `arg:"" optional:"" name:"group" help:"The need-to-know groups whose operators may read it."`
	None   bool     `help:"Let every analyst read it again."`
}

type groupsQuery struct {
	Record string   `json:"record"`
	Groups []string `json:"groups"`
}

type groupsAnswer struct {
	Record entente.RecordID `json:"record"`
	Groups []string         `json:"groups"` // none: every analyst
}

var opGroups = define("groups", func(ctx context.Context, o *office, q groupsQuery) (groupsAnswer, error) {
	v, err := o.record(ctx, q.Record)
	if err != nil {
		return groupsAnswer{}, err
	}
	return groupsAnswer{v.ID(), append([]string{}, q.Groups...)}, o.node.SetGroups(ctx, v.ID(), q.Groups)
})

func (c *groupsCmd) Run(s *session) error {
	if c.None == (len(c.Groups) > 0) {
		return usageErrorf("name the groups, or --none")
	}
	for _, g := range c.Groups {
		if !operatorName.MatchString(g) {
			return usageErrorf("group %q: expected letters, digits, dots, dashes", g)
		}
	}
	a, err := ask(s, opGroups, groupsQuery{c.Record, append([]string{}, c.Groups...)})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if len(a.Groups) == 0 {
			p.line("Every analyst and releaser of this party may read %s.", entente.Short(a.Record))
			return
		}
		p.line("Of this party's operators only those in %s may read %s.", strings.Join(a.Groups, ", "), entente.Short(a.Record))
	})
}

type twoPersonsCmd struct {
	Kinds []string `arg:"" optional:"" name:"kind" help:"release, recall, ask, consent, export, charter, accession, amendment, suspension or resumption."`
	None  bool     `help:"Ask for two persons only where an agreement does."`
}

// signedKinds are those of what persons approve.
var signedKinds = []entente.Kind{
	entente.KindRelease, entente.KindRecall, entente.KindAsk, entente.KindConsent, node.KindExport,
	entente.KindCharter, entente.KindAccession, entente.KindAmendment, entente.KindSuspension, entente.KindResumption,
}

type twoPersonsQuery struct {
	Kinds []entente.Kind `json:"kinds"`
}

type twoPersonsAnswer struct {
	Kinds []entente.Kind `json:"kinds"`
}

var opTwoPersons = define("two-persons", func(ctx context.Context, o *office, q twoPersonsQuery) (twoPersonsAnswer, error) {
	if err := o.keeping(ctx); err != nil {
		return twoPersonsAnswer{}, err
	}
	return twoPersonsAnswer{append([]entente.Kind{}, q.Kinds...)}, o.node.SetTwoPersons(ctx, q.Kinds)
})

func (c *twoPersonsCmd) Run(s *session) error {
	if c.None == (len(c.Kinds) > 0) {
		return usageErrorf("name the kinds, or --none")
	}
	kinds := []entente.Kind{}
	for _, text := range c.Kinds {
		if !slices.Contains(signedKinds, entente.Kind(text)) {
			return usageErrorf("kind %q: expected one of %s", text, joined(signedKinds))
		}
		kinds = append(kinds, entente.Kind(text))
	}
	a, err := ask(s, opTwoPersons, twoPersonsQuery{kinds})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		if len(a.Kinds) == 0 {
			p.line("Two persons are needed only where an agreement asks for them.")
			return
		}
		p.line("Two persons of this party have to approve: %s. What agreements ask for stays.", joined(a.Kinds))
	})
}
