package storetest

import (
	"errors"
	"time"

	"entente"
	"entente/store"
)

func operators(s *shelf) {
	key := entente.NewPrivateKey().Key()
	olga := store.Operator{Name: "olga", Key: key, Roles: []string{"analyst", "releaser"}, Groups: []string{"river"}, Added: moment(1)}
	ben := store.Operator{Name: "ben", Key: key, Roles: []string{}, Groups: []string{}, Added: moment(2)}
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutOperator(store.Operator{Name: "olga", Key: key, Roles: []string{"chair"}}), tx.PutOperator(ben), tx.PutOperator(olga))
	})
	s.view(func(tx *store.Tx) error {
		missing[store.Operator](s, "unknown operator")(tx.Operator("Olga"))
		return errors.Join(equal(s, "olga", olga)(tx.Operator("olga")), equal(s, "operators", []store.Operator{ben, olga})(tx.Operators()))
	})
	s.update(func(tx *store.Tx) error {
		if err := tx.DeleteOperator("eve"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("nobody is removed: %v", err)
		}
		return tx.DeleteOperator("ben")
	})
	s.view(func(tx *store.Tx) error { return equal(s, "who is left", []store.Operator{olga})(tx.Operators()) })
}

func passkeys(s *shelf) {
	pass := func(id, operator string, at int) store.Passkey {
		return store.Passkey{ID: []byte(id), Operator: operator, Public: []byte("public"), Origin: "https://desk.example", Label: "of " + operator, Added: moment(at)}
	}
	later, first, bens := pass("a", "olga", 2), pass("z", "olga", 1), pass("b", "ben", 1)
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutOperator(store.Operator{Name: "ben", Key: "key"}), tx.InsertPasskey(later), tx.InsertPasskey(first), tx.InsertPasskey(bens))
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error { return tx.InsertPasskey(pass("a", "ben", 3)) })
	s.view(func(tx *store.Tx) error {
		missing[store.Passkey](s, "unknown passkey")(tx.Passkey([]byte("x")))
		return errors.Join(equal(s, "one", bens)(tx.Passkey([]byte("b"))), equal(s, "olga's", []store.Passkey{first, later})(tx.Passkeys("olga")))
	})
	s.update(func(tx *store.Tx) error {
		if err := tx.DeletePasskey([]byte("x")); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("no passkey is removed: %v", err)
		}
		return errors.Join(tx.DeletePasskey(first.ID), tx.DeleteOperator("ben"))
	})
	s.view(func(tx *store.Tx) error {
		return errors.Join(equal(s, "what is left", []store.Passkey{later})(tx.Passkeys("olga")),
			equal(s, "of somebody who was removed", []store.Passkey(nil))(tx.Passkeys("ben")))
	})
	s.update(func(tx *store.Tx) error { return tx.DeletePasskeys("olga") })
	s.view(func(tx *store.Tx) error { return equal(s, "none", []store.Passkey(nil))(tx.Passkeys("olga")) })
}

func groups(s *shelf) {
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.SetGroups(record("a"), []string{"river", "north", "north"}), tx.SetGroups(record("b"), []string{"north"}), tx.SetGroups(record("b"), nil))
	})
	s.view(func(tx *store.Tx) error {
		return errors.Join(
			equal(s, "groups", []string{"north", "river"})(tx.Groups(record("a"))),
			equal(s, "groups that were taken off", []string(nil))(tx.Groups(record("b"))),
			equal(s, "groups of a record without", []string(nil))(tx.Groups(record("c"))))
	})
	s.update(func(tx *store.Tx) error { return tx.SetGroups(record("a"), []string{"south"}) })
	s.view(func(tx *store.Tx) error { return equal(s, "other groups", []string{"south"})(tx.Groups(record("a"))) })
}

func proposals(s *shelf) {
	first := store.Proposal{ID: id("p1"), Kind: entente.KindRelease, Compact: compact("east"), Order: []byte(`{"a":1}`), State: store.ProposalOpen, Made: moment(1)}
	second := store.Proposal{ID: id("p2"), Kind: entente.KindRecall, Order: []byte(`{}`), State: store.ProposalOpen, Made: moment(2)}
	other := first
	other.Order, other.State = []byte("changed"), store.ProposalDone
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutProposal(second), tx.PutProposal(first), tx.PutProposal(other))
	})
	s.view(func(tx *store.Tx) error {
		missing[store.Proposal](s, "unknown proposal")(tx.Proposal(id("p3")))
		return errors.Join(equal(s, "one that was put again", first)(tx.Proposal(first.ID)), equal(s, "proposals", []store.Proposal{first, second})(tx.Proposals("")))
	})
	s.update(func(tx *store.Tx) error {
		if err := tx.SetProposalState(id("p3"), store.ProposalDone); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("state of an unknown proposal: %v", err)
		}
		return tx.SetProposalState(first.ID, store.ProposalDone)
	})
	s.view(func(tx *store.Tx) error {
		return equal(s, "open proposals", []store.Proposal{second})(tx.Proposals(store.ProposalOpen))
	})

	ben := store.Approval{Proposal: first.ID, Operator: "ben", Signature: "1", At: moment(4)}
	olga := store.Approval{Proposal: first.ID, Operator: "olga", Signature: "2", At: moment(3)}
	s.update(func(tx *store.Tx) error {
		return errors.Join(tx.PutApproval(ben), tx.PutApproval(olga), tx.PutApproval(store.Approval{Proposal: second.ID, Operator: "ben", Signature: "3", At: moment(5)}))
	})
	s.view(func(tx *store.Tx) error {
		return errors.Join(equal(s, "approvals", []store.Approval{olga, ben})(tx.Approvals(first.ID)), equal(s, "approvals of nothing", []store.Approval(nil))(tx.Approvals(id("p3"))))
	})
	again := store.Approval{Proposal: first.ID, Operator: "olga", Signature: "with a new key", At: moment(6)}
	s.update(func(tx *store.Tx) error { return tx.PutApproval(again) })
	s.view(func(tx *store.Tx) error {
		return equal(s, "one person approves once, the latest way", []store.Approval{ben, again})(tx.Approvals(first.ID))
	})
}

// moment is a time of the contract's own.
func moment(minute int) entente.Time {
	return entente.At(time.Date(2026, 3, 1, 8, minute, 0, 0, time.UTC))
}
