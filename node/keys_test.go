package node_test

import (
	"testing"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/store"
)

// rotate makes the member's next card with fresh keys and puts it in force.
func (c *cell) rotate(name string, change func(*entente.Card)) entente.Signed {
	c.t.Helper()
	m := c.as(name)
	card, ring := c.nextCard(m, change)
	check(c.t, m.Rotate(ctx, card, ring))
	m.ring, m.card = ring, card
	return card
}

func (c *cell) nextCard(m *member, change func(*entente.Card)) (entente.Signed, *keyring.Ring) {
	c.t.Helper()
	ring, err := keyring.New()
	check(c.t, err)
	now := m.card.Act.CardBody
	root := m.roots[now.Version]
	m.roots = append(m.roots, entente.NewPrivateKey())
	body := entente.Card{
		Version: now.Version + 1, Previous: m.card.ID, Name: now.Name, Keys: ring.CardKeys(root),
		NextRoot: m.roots[now.Version+1].Key().Hash(), Epoch: now.Epoch,
	}
	if change != nil {
		change(&body)
	}
	card, err := entente.Sign(entente.Act{Kind: entente.KindCard, Signer: m.Self(), Card: body.Version, Time: entente.At(c.now), CardBody: &body}, ring.Signers(root)...)
	check(c.t, err)
	return card, ring
}

func TestRotationIsJudgedByPosition(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a, b := c.as("A"), c.as("B")
	thief := *a // whoever has copied A's keys by now
	before, _ := a.note(t, "before")
	c.release("A", id, []entente.RecordID{before}, "B")
	queued, _ := a.note(t, "queued under the old key")
	c.meet("A", "B")
	c.release("A", id, []entente.RecordID{queued}, "B")
	c.rotate("A", nil)
	after, _ := a.note(t, "after")
	c.release("A", id, []entente.RecordID{after}, "B")
	c.meetAll()
	for what, r := range map[string]entente.RecordID{"before": before, "queued": queued, "after": after} {
		if !b.sees(r) {
			t.Errorf("B does not see what was released %s the change of keys", what)
		}
	}
	// The thief signs under the old card, in a position after the new one.
	r := c.record(a.Self(), "by the thief")
	batch := c.forge(&thief, b, id, parcelOf(c.say(&thief, c.releaseOf(id, entente.ActID(id), b.Self(), r)), r))
	if out, err := b.Accept(ctx, a.Self(), batch); err == nil && out.Codes[0] != entente.RefusedKey {
		t.Errorf("the old key still speaks: %v", out.Codes)
	}
	if b.sees(r.ID) {
		t.Error("the thief's record is visible")
	}
	// Even with the new receipt key on the batch the old act key counts no more.
	lie := c.say(&thief, c.releaseOf(id, entente.ActID(id), b.Self(), r))
	half := *a
	out, err := b.Accept(ctx, a.Self(), c.forgeUnder(2, &half, b, id, parcelOf(lie, r)))
	check(t, err)
	if out.Codes[0] != entente.RefusedKey || b.sees(r.ID) {
		t.Errorf("%v, visible %v", out.Codes, b.sees(r.ID))
	}
	// In the chain too: a suspension under the old key does not count.
	lieChain := c.say(&thief, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: &entente.Link{Seq: 1, Prev: entente.ActID(id)}, Suspension: &entente.Suspension{Member: b.Self()}})
	_, err = a.Suspend(ctx, id, c.as("C").Self(), "a true act under the new key")
	check(t, err)
	c.meet("A", "C")
	_, err = c.as("C").Accept(ctx, a.Self(), c.forgeUnder(2, a, c.as("C"), id, parcelOf(lieChain)))
	check(t, err)
	s, err := c.as("C").Compact(ctx, id)
	check(t, err)
	if m := s.Members[a.Self()]; m.Forked || len(m.Flows[b.Self()]) > 0 {
		t.Errorf("a thief with the old key forks A's chain: %+v", m)
	}
}

func TestAStolenRootKeyCannotBringInASuccessor(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a := c.as("A")
	thief := *a
	thief.roots = []entente.PrivateKey{a.roots[0], a.roots[0]} // the root that signed card 1, not the next
	lie, _ := c.nextCard(&thief, nil)
	b := c.as("B")
	out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(lie)))
	check(t, err)
	if out.Codes[0] == entente.CodeApplied {
		t.Error("a card by the old root key was taken")
	}
	parties, err := b.Parties(ctx)
	check(t, err)
	for _, p := range parties {
		if p.ID == a.Self() && (p.Version != 1 || p.Frozen != "") {
			t.Errorf("A's card at B: %+v", p)
		}
	}
}

func TestTwoCardsOfOneVersionFreezeThePartyUntilPeopleDecide(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a, b := c.as("A"), c.as("B")
	twin := *a // the thief of the NEXT root key
	lie, _ := c.nextCard(&twin, func(card *entente.Card) { card.Name = "A, or so it says" })
	// The lie comes first at B, A's own card later.
	out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(lie)))
	check(t, err)
	if out.Codes[0] != entente.CodeApplied {
		t.Fatalf("a card by the committed root key: %s", out.Codes[0])
	}
	c.as("A").roots = a.roots[:2]
	truth := c.rotate("A", nil)
	if _, err := b.Trust(ctx, []entente.Signed{truth}, entente.Fingerprint(lie.ID)); err == nil {
		t.Fatal("trusted under another fingerprint")
	}
	batch := c.forgeUnder(1, &twin, b, id, parcelOf(truth))
	out, err = b.Accept(ctx, a.Self(), batch)
	if err == nil && out.Codes[0] == entente.CodeApplied {
		t.Fatal("a second card of one version was applied")
	}
	frozen := func() entente.ActID {
		parties, err := b.Parties(ctx)
		check(t, err)
		for _, p := range parties {
			if p.ID == a.Self() {
				return p.Frozen
			}
		}
		return ""
	}
	if frozen() == "" {
		// The head was by the old key: hand the card over another way.
		_, err := b.Accept(ctx, c.as("C").Self(), c.forge(c.as("C"), b, id, parcelOf(truth)))
		check(t, err)
	}
	if frozen() != truth.ID {
		t.Fatalf("frozen by %q", frozen())
	}
	r, _ := b.note(t, "to A")
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{r}, "A")); entente.KindOf(err) != entente.Refused {
		t.Errorf("released to a frozen party: %v", err)
	}
	row, err := b.Trust(ctx, []entente.Signed{truth}, entente.Fingerprint(truth.ID))
	check(t, err)
	if row.Frozen != "" || row.Card != truth.ID || row.Name != "A" {
		t.Errorf("after people decided: %+v", row)
	}
	c.release("B", id, []entente.RecordID{r}, "A")
	report, err := b.Verify(ctx, nil)
	check(t, err)
	if report.Problem != "" {
		t.Error(report.Problem)
	}
}

func TestForkIsProvedAndSuspendsItsAuthor(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	b := c.as("B")
	// B tells A and C two different things at one position.
	link := entente.Link{Seq: 2}
	s, err := b.Compact(ctx, id)
	check(t, err)
	link.Prev = s.Heads[b.Self()].ID
	one := c.say(b, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: &link, Suspension: &entente.Suspension{Member: c.as("A").Self()}})
	two := c.say(b, entente.Act{Kind: entente.KindSuspension, Compact: id, Chain: &link, Suspension: &entente.Suspension{Member: c.as("C").Self()}})
	_, err = c.as("A").Accept(ctx, b.Self(), c.forge(b, c.as("A"), id, parcelOf(one)))
	check(t, err)
	_, err = c.as("C").Accept(ctx, b.Self(), c.forge(b, c.as("C"), id, parcelOf(two)))
	check(t, err)
	c.meet("A", "C")
	for _, name := range []string{"A", "C"} {
		s, err := c.as(name).Compact(ctx, id)
		check(t, err)
		if len(s.Forks) != 1 || len(s.Forks[0].Acts) != 2 || !s.Members[b.Self()].Forked {
			t.Errorf("%s: forks %+v", name, s.Forks)
		}
		r, _ := c.as(name).note(t, "to B")
		if _, _, err := c.as(name).Release(ctx, c.order(id, []entente.RecordID{r}, "B")); entente.KindOf(err) != entente.Refused {
			t.Errorf("%s releases to a party that forked: %v", name, err)
		}
	}
}

func TestANewEpochAfterALossThatCannotBeRepaired(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a := c.as("A")
	r1, _ := a.note(t, "r1")
	c.release("A", id, []entente.RecordID{r1}, "B")
	c.meet("A", "B")
	r2, _ := a.note(t, "r2")
	c.release("A", id, []entente.RecordID{r2}, "B")
	var book entente.TreeHead
	check(t, a.db.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Channel(entente.Book(a.Self(), 1))
		book = entente.TreeHead{Size: row.Size, Root: row.Root}
		return err
	}))
	c.rotate("A", func(card *entente.Card) { card.Epoch, card.LastHead = 2, &book })
	c.meet("A", "B")
	if !c.as("B").sees(r1) || !c.as("B").sees(r2) {
		t.Errorf("r1 %v, r2 %v", c.as("B").sees(r1), c.as("B").sees(r2))
	}
	status, err := a.Channels(ctx)
	check(t, err)
	for _, s := range status {
		if s.From == a.Self() && s.Epoch == 2 && (s.Size == 0 || s.Receipted != s.Size) {
			t.Errorf("epoch 2: %+v", s)
		}
	}
	c.verify()
}

func TestStartIsRefusedRatherThanGuessed(t *testing.T) {
	c := newCell(t, "A")
	a := c.as("A")
	early := func() node.Config {
		return node.Config{Store: a.db, Keys: a.ring, Clock: c.clock}
	}
	c.now = c.now.AddDate(0, 0, -1)
	if _, err := node.Open(ctx, early()); entente.KindOf(err) != entente.Refused || entente.HintOf(err) == "" {
		t.Errorf("opened with a clock behind the store's last time: %v", err)
	}
	c.now = c.now.AddDate(0, 0, 2)
	other, err := keyring.New()
	check(t, err)
	cfg := early()
	cfg.Keys = other
	if _, err := node.Open(ctx, cfg); entente.KindOf(err) != entente.Broken || entente.HintOf(err) == "" {
		t.Errorf("opened with the keys of another: %v", err)
	}
	if _, err := node.Open(ctx, early()); err != nil {
		t.Error(err)
	}
}

func TestAReceiptByAReplacedKeyCountsNoMore(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	thief := *b
	c.rotate("B", nil)
	r, _ := a.note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll() // B's receipts are by its new key from here on
	var row store.Channel
	check(t, a.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Channel(entente.Channel{From: a.Self(), To: b.Self(), Compact: id, Epoch: 1})
		return err
	}))
	lie, err := entente.Sign(entente.Act{
		Kind: entente.KindReceipt, Signer: b.Self(), Card: 1, Compact: id, To: a.Self(), Time: entente.At(c.now),
		Receipt: &entente.Receipt{Epoch: 1, Tree: entente.TreeHead{Size: row.Size, Root: row.Root}, Previous: row.Receipt},
	}, thief.ring.Receipt)
	check(t, err)
	if _, err := a.Accept(ctx, b.Self(), entente.Batch{Channel: row.Channel, Head: lie.Envelope()}); err == nil {
		t.Error("a receipt by the old key was taken")
	}
}
