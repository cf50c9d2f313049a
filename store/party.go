package store

import (
	"database/sql"
	"errors"

	"entente"
)

const partyColumns = `id, name, card, version, epoch, trusted, frozen`

func scanParty(rows *sql.Rows, p *Party) error {
	return rows.Scan((*string)(&p.ID), &p.Name, (*string)(&p.Card), &p.Version, &p.Epoch, &p.Trusted, (*string)(&p.Frozen))
}

// PutParty adds a party or replaces what is known of it.
func (tx *Tx) PutParty(p Party) error {
	_, err := tx.exec(`INSERT INTO parties (`+partyColumns+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (id) DO UPDATE SET name = ?2, card = ?3, version = ?4, epoch = ?5, trusted = ?6, frozen = ?7`,
		string(p.ID), p.Name, string(p.Card), p.Version, p.Epoch, bit(p.Trusted), string(p.Frozen))
	return failed("put party "+entente.Short(p.ID), err)
}

// Party gives one party.
func (tx *Tx) Party(id entente.PartyID) (Party, error) {
	p, err := one(tx, scanParty, `SELECT `+partyColumns+` FROM parties WHERE id = ?1`, string(id))
	return p, failed("party "+entente.Short(id), err)
}

// Parties gives all parties, by id.
func (tx *Tx) Parties() ([]Party, error) {
	rows, err := list(tx, scanParty, `SELECT `+partyColumns+` FROM parties ORDER BY id`)
	return rows, failed("parties", err)
}

// Meta gives a setting of the node, and whether there is one.
func (tx *Tx) Meta(key string) (string, bool, error) {
	v, err := one(tx, func(rows *sql.Rows, v *string) error { return rows.Scan(v) }, `SELECT value FROM meta WHERE key = ?1`, key)
	if errors.Is(err, ErrNotFound) {
		return "", false, nil
	}
	return v, err == nil, failed("meta "+key, err)
}

// SetMeta adds or replaces a setting of the node.
func (tx *Tx) SetMeta(key, value string) error {
	_, err := tx.exec(`INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2`, key, value)
	return failed("set meta "+key, err)
}
