package store

import (
	"database/sql"

	"entente"
)

const actColumns = `a.n, a.id, a.kind, (SELECT name FROM names WHERE names.n = a.signer), a.card,
	(SELECT name FROM names WHERE names.n = a.compact), (SELECT name FROM names WHERE names.n = a.recipient),
	a.envelope, a.state, (SELECT name FROM names WHERE names.n = a.deliverer), a.arrived`

func scanAct(rows *sql.Rows, a *Act) error {
	var arrived int64
	err := rows.Scan(&a.N, (*string)(&a.ID), (*string)(&a.Kind), (*string)(&a.Signer), &a.Card,
		(*string)(&a.Compact), (*string)(&a.To), &a.Envelope, &a.State, (*string)(&a.From), &arrived)
	a.Arrived = instant(arrived)
	return err
}

// InsertAct adds an act; its N is ignored. ErrConflict if it is there already.
func (tx *Tx) InsertAct(a Act) error {
	err := tx.insert(`acts (id, kind, signer, card, compact, recipient, envelope, state, deliverer, arrived)`, 10, 1,
		func(_ int, v []any) ([]any, error) {
			var at [4]int64
			for i, id := range []string{string(a.Signer), string(a.Compact), string(a.To), string(a.From)} {
				var err error
				if at[i], err = tx.name(id); err != nil {
					return nil, err
				}
			}
			return append(v, string(a.ID), string(a.Kind), at[0], a.Card, at[1], at[2], a.Envelope, a.State, at[3], micros(a.Arrived)), nil
		})
	return failed("insert "+string(a.Kind)+" "+entente.Short(a.ID), err)
}

// Act gives one act.
func (tx *Tx) Act(id entente.ActID) (Act, error) {
	a, err := one(tx, scanAct, `SELECT `+actColumns+` FROM acts a WHERE a.id = ?1`, string(id))
	return a, failed("act "+entente.Short(id), err)
}

// HasAct says whether the act is there.
func (tx *Tx) HasAct(id entente.ActID) (bool, error) {
	n, err := one(tx, number, `SELECT COUNT(*) FROM acts WHERE id = ?1`, string(id))
	return n > 0, failed("act "+entente.Short(id), err)
}

// ActsOf gives the acts of a compact, its charter among them, by N; of these
// kinds, or of all when none is named. The compact "" has the cards.
func (tx *Tx) ActsOf(compact entente.CompactID, kinds ...entente.Kind) ([]Act, error) {
	rows, err := tx.acts(`a.compact`, string(compact), kinds)
	return rows, failed("acts of compact "+entente.Short(compact), err)
}

// ActsBy gives the acts that a party signed, by N; of these kinds, or of all
// when none is named.
func (tx *Tx) ActsBy(signer entente.PartyID, kinds ...entente.Kind) ([]Act, error) {
	rows, err := tx.acts(`a.signer`, string(signer), kinds)
	return rows, failed("acts by "+entente.Short(signer), err)
}

func (tx *Tx) acts(column, name string, kinds []entente.Kind) ([]Act, error) {
	query := `SELECT ` + actColumns + ` FROM acts a WHERE ` + column + ` = (SELECT n FROM names WHERE name = ?1)`
	if len(kinds) > 0 {
		query += ` AND a.kind IN (` + in(2, len(kinds)) + `)`
	}
	return list(tx, scanAct, query+` ORDER BY a.n`, append([]any{name}, arguments(kinds)...)...)
}

// ParkedActs gives the acts of a compact that wait for another, by N.
func (tx *Tx) ParkedActs(compact entente.CompactID) ([]Act, error) {
	rows, err := list(tx, scanAct, `SELECT `+actColumns+` FROM acts a
		WHERE a.state = 'parked' AND a.compact = (SELECT n FROM names WHERE name = ?1) ORDER BY a.n`, string(compact))
	return rows, failed("parked acts of compact "+entente.Short(compact), err)
}

// SetActState changes the state of an act.
func (tx *Tx) SetActState(id entente.ActID, state string) error {
	n, err := tx.exec(`UPDATE acts SET state = ?2 WHERE id = ?1`, string(id), state)
	return failed("set state of act "+entente.Short(id), found(n, err))
}

// EachAct calls fn for every act, by N. fn may use tx.
func (tx *Tx) EachAct(fn func(Act) error) error {
	return pages(100, func(last int64, limit int) ([]Act, error) {
		return list(tx, scanAct, `SELECT `+actColumns+` FROM acts a WHERE a.n > ?1 ORDER BY a.n LIMIT ?2`, last, int64(limit))
	}, func(a Act) (int64, error) { return a.N, fn(a) })
}

// Compacts gives the compacts whose charter is here, in the order of arrival.
func (tx *Tx) Compacts() ([]entente.CompactID, error) {
	ids, err := list(tx, func(rows *sql.Rows, id *entente.CompactID) error { return rows.Scan((*string)(id)) },
		`SELECT id FROM acts WHERE kind = 'charter' ORDER BY n`)
	return ids, failed("compacts", err)
}

// FindActs gives up to limit acts whose id begins with prefix, by N; "sha256:"
// may be left out.
func (tx *Tx) FindActs(prefix string, limit int) ([]Act, error) {
	hash := "sha256:" + prefix
	rows, err := list(tx, scanAct, `SELECT `+actColumns+` FROM acts a WHERE a.n IN (
			SELECT n FROM acts WHERE id >= ?1 AND id < ?2
			UNION SELECT n FROM acts WHERE id >= ?3 AND id < ?4)
		ORDER BY a.n LIMIT ?5`, prefix, after(prefix), hash, after(hash), int64(limit))
	return rows, failed("acts "+prefix, err)
}
