package node

import (
	"context"
	"errors"
	"strings"

	"entente"
	"entente/passkey"
	"entente/store"
)

// Passkey is one of an operator's passkeys.
type Passkey = store.Passkey

// passkeyMark stands before a passkey's answer in an Approval's Signature. No
// base64 has a space.
const passkeyMark = "passkey "

// PasskeyApproval is an operator's approval by passkey: answer is what the browser
// gave for the challenge passkey.Challenge(ApprovalText(proposal)), in JSON.
func PasskeyApproval(operator string, answer []byte) Approval {
	return Approval{Operator: operator, Signature: passkeyMark + string(answer)}
}

func passkeyOf(p store.Passkey) passkey.Key {
	return passkey.Key{ID: p.ID, Public: p.Public, Origin: p.Origin}
}

// mostPasskeys bounds the passkeys of one operator.
const mostPasskeys = 20

// AddPasskey lets an operator sign with a passkey. The operator approves it
// (passkey.Key.Name) with the key or a passkey registered before: whoever has
// come by a session alone cannot add one.
func (n *Node) AddPasskey(ctx context.Context, k passkey.Key, label string, by Approval) error {
	if err := k.Check(); err != nil {
		return err
	}
	if label = strings.TrimSpace(label); label == "" || len(label) > 100 {
		return entente.Errorf(entente.Invalid, "such as: telephone", "give the passkey a short name")
	}
	return n.update(ctx, func(d *desk) error {
		o, err := d.Operator(by.Operator)
		if errors.Is(err, store.ErrNotFound) {
			return entente.Errorf(entente.Refused, "an administrator adds operators", "no operator %q", by.Operator)
		}
		if err != nil {
			return err
		}
		if err := d.signed(o, k.Name(), by); err != nil {
			return err
		}
		all, err := d.Tx.Passkeys(o.Name)
		if err != nil {
			return err
		}
		if len(all) >= mostPasskeys {
			return entente.Errorf(entente.Exhausted, "remove one that is not used any more", "operator %s has %d passkeys", o.Name, len(all))
		}
		err = d.Tx.InsertPasskey(store.Passkey{ID: k.ID, Operator: o.Name, Public: k.Public, Origin: k.Origin, Label: label, Added: d.time()})
		if errors.Is(err, store.ErrConflict) {
			return entente.Errorf(entente.Conflict, "", "this passkey is registered already")
		}
		if err != nil {
			return err
		}
		return d.event(store.Event{What: "operator", Subject: o.Name, Detail: "passkey added"})
	})
}

// RemovePasskey takes one of an operator's passkeys away. What waits for more
// approvals and was approved by it has to be approved again.
func (n *Node) RemovePasskey(ctx context.Context, operator string, id []byte) error {
	return n.update(ctx, func(d *desk) error {
		p, err := d.Passkey(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && p.Operator != operator {
			return entente.ErrHidden
		}
		if err != nil {
			return err
		}
		if err := d.Tx.DeletePasskey(id); err != nil {
			return err
		}
		return d.event(store.Event{What: "operator", Subject: operator, Detail: "passkey removed"})
	})
}

// Passkeys lists an operator's passkeys, oldest first.
func (n *Node) Passkeys(ctx context.Context, operator string) ([]Passkey, error) {
	var out []Passkey
	err := n.view(ctx, func(d *desk) error {
		var err error
		out, err = d.Tx.Passkeys(operator)
		return err
	})
	return out, err
}

// PasskeyHolder says whose passkey has answered a challenge.
func (n *Node) PasskeyHolder(ctx context.Context, answer, challenge []byte) (operator string, err error) {
	id, err := passkey.Of(answer)
	if err != nil {
		return "", err
	}
	err = n.view(ctx, func(d *desk) error {
		p, err := d.Passkey(id)
		if errors.Is(err, store.ErrNotFound) {
			return entente.Errorf(entente.Refused, "sign in with the password, and register it", "this passkey is not registered here")
		}
		if err != nil {
			return err
		}
		operator = p.Operator
		return passkeyOf(p).Verify(answer, challenge)
	})
	return operator, err
}
