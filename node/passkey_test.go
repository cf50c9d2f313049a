package node_test

import (
	"testing"

	"entente"
	"entente/node"
	"entente/passkey"
	"entente/passkey/passkeytest"
)

// A passkey approves as its owner's key does, once that key has approved it, and
// as nobody else; with the key, or the passkey, its word is gone.
func TestApprovalByPasskey(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a := c.as("A")
	keys := c.people("A", map[string][]string{"olga": {node.RoleReleaser}, "timur": {node.RoleReleaser}, "cy": {node.RoleAnalyst}})
	const origin = "https://desk.example.org"
	device := passkeytest.New(origin, false)
	pass := passkey.Key{ID: device.ID, Public: device.Public(), Origin: origin}
	sign := func(name, what string) node.Approval {
		return node.PasskeyApproval(name, device.Get(passkey.Challenge(node.ApprovalText(what))))
	}
	for what, by := range map[string]node.Approval{
		"nobody":           {Operator: "olga"},
		"another's key":    approvalOf(t, pass.Name(), "olga", keys["timur"]),
		"for another":      approvalOf(t, "passkey of another", "olga", keys["olga"]),
		"the passkey self": sign("olga", pass.Name()),
		"nobody known":     approvalOf(t, pass.Name(), "eve", keys["olga"]),
	} {
		if err := a.AddPasskey(ctx, pass, "telephone", by); entente.KindOf(err) != entente.Refused {
			t.Errorf("a passkey approved by %s: %v", what, err)
		}
	}
	check(t, a.AddPasskey(ctx, pass, "telephone", approvalOf(t, pass.Name(), "olga", keys["olga"])))
	if err := a.AddPasskey(ctx, pass, "telephone", approvalOf(t, pass.Name(), "timur", keys["timur"])); entente.KindOf(err) != entente.Conflict {
		t.Errorf("a passkey of two: %v", err)
	}
	order := func(name string) (node.Proposed, string) {
		r, _ := a.note(t, name)
		o := c.order(id, []entente.RecordID{r}, "B")
		p := node.Proposed{Release: &o}
		name, err := p.ID()
		check(t, err)
		return p, name
	}
	first, name := order("first")
	_, other := order("other")
	twisted := device
	twisted.Flags = 1
	for what, by := range map[string]node.Approval{
		"as timur":                sign("timur", name),
		"as an analyst":           sign("cy", name),
		"of something else":       sign("olga", other),
		"without the user":        node.PasskeyApproval("olga", twisted.Get(passkey.Challenge(node.ApprovalText(name)))),
		"as words":                {Operator: "olga", Signature: "passkey {}"},
		"of another's credential": node.PasskeyApproval("olga", passkeytest.New(origin, true).Get(passkey.Challenge(node.ApprovalText(name)))),
	} {
		if _, err := a.Propose(ctx, first, by); entente.KindOf(err) != entente.Refused {
			t.Errorf("approved by passkey %s: %v", what, err)
		}
	}
	done, err := a.Propose(ctx, first, sign("olga", name))
	check(t, err)
	if done.Missing != 0 || len(done.Acts) != 1 {
		t.Errorf("the right passkey: %+v", done)
	}
	// What was approved by a passkey that is gone since counts no more.
	check(t, a.SetTwoPersons(ctx, []entente.Kind{entente.KindRelease}))
	second, name := order("second")
	done, err = a.Propose(ctx, second, sign("olga", name))
	check(t, err)
	if done.Missing != 1 {
		t.Fatalf("two persons: %+v", done)
	}
	if err := a.RemovePasskey(ctx, "timur", pass.ID); entente.KindOf(err) != entente.Hidden {
		t.Errorf("another's passkey is removed: %v", err)
	}
	check(t, a.RemovePasskey(ctx, "olga", pass.ID))
	done, err = a.Approve(ctx, name, approvalOf(t, name, "timur", keys["timur"]))
	check(t, err)
	if done.Missing != 1 {
		t.Errorf("an approval by a passkey that is gone counts: %+v", done)
	}
	// A new key takes the passkeys with it.
	check(t, a.AddPasskey(ctx, pass, "telephone", approvalOf(t, pass.Name(), "olga", keys["olga"])))
	check(t, a.PutOperator(ctx, node.Operator{Name: "olga", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleReleaser}}))
	if left, err := a.Passkeys(ctx, "olga"); err != nil || len(left) != 0 {
		t.Errorf("after a new key: %v, %v", left, err)
	}
}
