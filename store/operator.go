package store

import (
	"database/sql"
	"strings"

	"entente"
)

func scanOperator(rows *sql.Rows, o *Operator) error {
	var roles, groups string
	var added int64
	err := rows.Scan(&o.Name, (*string)(&o.Key), &roles, &groups, &added)
	o.Roles, o.Groups, o.Added = strings.Fields(roles), strings.Fields(groups), instant(added)
	return err
}

// PutOperator adds an operator, or replaces the one of that name.
func (tx *Tx) PutOperator(o Operator) error {
	_, err := tx.exec(`INSERT INTO operators (name, key, roles, groups, added) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (name) DO UPDATE SET key = ?2, roles = ?3, groups = ?4, added = ?5`,
		o.Name, string(o.Key), strings.Join(o.Roles, " "), strings.Join(o.Groups, " "), micros(o.Added))
	return failed("operator "+o.Name, err)
}

// DeleteOperator removes an operator and the operator's passkeys; ErrNotFound if
// there is none of that name.
func (tx *Tx) DeleteOperator(name string) error {
	n, err := tx.exec(`DELETE FROM operators WHERE name = ?1`, name)
	if err == nil && n > 0 {
		err = tx.DeletePasskeys(name)
	}
	return failed("operator "+name, found(n, err))
}

// Operator gives one operator.
func (tx *Tx) Operator(name string) (Operator, error) {
	o, err := one(tx, scanOperator, `SELECT name, key, roles, groups, added FROM operators WHERE name = ?1`, name)
	return o, failed("operator "+name, err)
}

// Operators gives all operators, by name.
func (tx *Tx) Operators() ([]Operator, error) {
	rows, err := list(tx, scanOperator, `SELECT name, key, roles, groups, added FROM operators ORDER BY name`)
	return rows, failed("operators", err)
}

// InsertPasskey adds a passkey; ErrConflict if there is one of that id.
func (tx *Tx) InsertPasskey(p Passkey) error {
	_, err := tx.exec(`INSERT INTO passkeys (id, operator, public, origin, label, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
		p.ID, p.Operator, p.Public, p.Origin, p.Label, micros(p.Added))
	return failed("passkey of "+p.Operator, err)
}

func scanPasskey(rows *sql.Rows, p *Passkey) error {
	var added int64
	err := rows.Scan(&p.ID, &p.Operator, &p.Public, &p.Origin, &p.Label, &added)
	p.Added = instant(added)
	return err
}

const passkeyColumns = `SELECT id, operator, public, origin, label, added FROM passkeys `

// Passkey gives the passkey of that id.
func (tx *Tx) Passkey(id []byte) (Passkey, error) {
	p, err := one(tx, scanPasskey, passkeyColumns+`WHERE id = ?1`, id)
	return p, failed("passkey", err)
}

// Passkeys gives the passkeys of an operator, oldest first.
func (tx *Tx) Passkeys(operator string) ([]Passkey, error) {
	rows, err := list(tx, scanPasskey, passkeyColumns+`WHERE operator = ?1 ORDER BY added, id`, operator)
	return rows, failed("passkeys of "+operator, err)
}

// DeletePasskey removes a passkey; ErrNotFound if there is none of that id.
func (tx *Tx) DeletePasskey(id []byte) error {
	n, err := tx.exec(`DELETE FROM passkeys WHERE id = ?1`, id)
	return failed("passkey", found(n, err))
}

// DeletePasskeys removes the passkeys of an operator.
func (tx *Tx) DeletePasskeys(operator string) error {
	_, err := tx.exec(`DELETE FROM passkeys WHERE operator = ?1`, operator)
	return failed("passkeys of "+operator, err)
}

// SetGroups says which need-to-know groups may see a record; none: every analyst.
func (tx *Tx) SetGroups(record entente.RecordID, groups []string) error {
	if _, err := tx.exec(`DELETE FROM record_groups WHERE record = ?1`, string(record)); err != nil {
		return failed("groups of record "+entente.Short(record), err)
	}
	for _, g := range groups {
		if _, err := tx.exec(`INSERT INTO record_groups (record, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING`, string(record), g); err != nil {
			return failed("groups of record "+entente.Short(record), err)
		}
	}
	return nil
}

// Groups gives the need-to-know groups of a record, by name.
func (tx *Tx) Groups(record entente.RecordID) ([]string, error) {
	groups, err := list(tx, func(rows *sql.Rows, g *string) error { return rows.Scan(g) },
		`SELECT name FROM record_groups WHERE record = ?1 ORDER BY name`, string(record))
	return groups, failed("groups of record "+entente.Short(record), err)
}

func scanProposal(rows *sql.Rows, p *Proposal) error {
	var made int64
	err := rows.Scan(&p.ID, (*string)(&p.Kind), (*string)(&p.Compact), &p.Order, &p.State, &made)
	p.Made = instant(made)
	return err
}

// PutProposal adds a proposal; one that is there stays as it is.
func (tx *Tx) PutProposal(p Proposal) error {
	_, err := tx.exec(`INSERT INTO proposals (id, kind, compact, body, state, made) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`,
		p.ID, string(p.Kind), string(p.Compact), p.Order, p.State, micros(p.Made))
	return failed("proposal "+p.ID, err)
}

// SetProposalState changes the state of a proposal.
func (tx *Tx) SetProposalState(id, state string) error {
	n, err := tx.exec(`UPDATE proposals SET state = ?2 WHERE id = ?1`, id, state)
	return failed("proposal "+id, found(n, err))
}

// Proposal gives one proposal.
func (tx *Tx) Proposal(id string) (Proposal, error) {
	p, err := one(tx, scanProposal, `SELECT id, kind, compact, body, state, made FROM proposals WHERE id = ?1`, id)
	return p, failed("proposal "+id, err)
}

// Proposals gives the proposals in one state, or all when state is empty, oldest first.
func (tx *Tx) Proposals(state string) ([]Proposal, error) {
	const all = `SELECT id, kind, compact, body, state, made FROM proposals`
	var rows []Proposal
	var err error
	if state == "" {
		rows, err = list(tx, scanProposal, all+` ORDER BY made, id`)
	} else {
		rows, err = list(tx, scanProposal, all+` WHERE state = ?1 ORDER BY made, id`, state)
	}
	return rows, failed("proposals", err)
}

// PutApproval adds a person's approval, in the place of that person's earlier one.
func (tx *Tx) PutApproval(a Approval) error {
	_, err := tx.exec(`INSERT INTO approvals (proposal, operator, signature, at) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (proposal, operator) DO UPDATE SET signature = ?3, at = ?4`,
		a.Proposal, a.Operator, a.Signature, micros(a.At))
	return failed("approval of "+a.Proposal, err)
}

// Approvals gives the approvals of a proposal, oldest first.
func (tx *Tx) Approvals(proposal string) ([]Approval, error) {
	rows, err := list(tx, func(rows *sql.Rows, a *Approval) error {
		var at int64
		err := rows.Scan(&a.Proposal, &a.Operator, &a.Signature, &at)
		a.At = instant(at)
		return err
	}, `SELECT proposal, operator, signature, at FROM approvals WHERE proposal = ?1 ORDER BY at, operator`, proposal)
	return rows, failed("approvals of "+proposal, err)
}
