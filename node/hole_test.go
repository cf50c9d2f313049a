package node_test

import (
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/node/nodetest"
)

func TestACardOfAPartyKnownFromElsewhereIsAnsweredLikeAStrangers(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B") // A knows C, from elsewhere
	stranger := newCell(t, "X").as("X")
	var codes []entente.Code
	for _, card := range []entente.Signed{c.as("C").card, stranger.card} {
		out, err := c.as("A").Accept(ctx, c.as("B").Self(), c.forge(c.as("B"), c.as("A"), id, parcelOf(card)))
		check(t, err)
		codes = append(codes, out.Codes[0])
	}
	if codes[0] != codes[1] {
		t.Errorf("B learns whom A knows: %v", codes)
	}
}

func TestAReleaseUnderTermsThatAreNoneIsRefused(t *testing.T) {
	c := newCell(t, "A", "B")
	id, other := c.found("A", "B"), c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	for _, terms := range []entente.ActID{entente.ActID("sha256:" + strings.Repeat("0", 64)), entente.ActID(other), a.card.ID} {
		r := c.record(a.Self(), "r")
		out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(c.say(a, c.releaseOf(id, terms, b.Self(), r)), r)))
		check(t, err)
		if out.Codes[0] != entente.RefusedTerms || b.sees(r.ID) {
			t.Errorf("terms %s: %s", entente.Short(terms), out.Codes[0])
		}
	}
}

func TestWhatExpiredOrWasRefusedDoesNotCountAsHeld(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	base, stixID := c.as("A").note(t, "base")
	o := c.order(id, []entente.RecordID{base}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 1))
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	report, _ := c.as("A").note(t, "report", stixID)
	c.now = c.now.AddDate(0, 0, 2)
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{report}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a reference to what has expired at B: %v", err)
	}
	// B refuses, for it has suspended itself; A learns it by the receipt.
	c.release("A", id, []entente.RecordID{base}, "B")
	_, err = c.as("B").Suspend(ctx, id, c.as("B").Self(), "")
	check(t, err)
	if err := c.oneWay("A", "B"); err != nil {
		t.Fatal(err)
	}
	if c.as("B").sees(base) {
		t.Fatal("B took it all the same")
	}
	c.meetAll()
	_, err = c.as("B").Resume(ctx, id, c.as("B").Self())
	check(t, err)
	c.meetAll()
	if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{report}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a reference to what B refused: %v", err)
	}
	c.verify()
}

// oneWay lets one node deliver what it owes another, which says nothing itself.
func (c *cell) oneWay(from, to string) error {
	p, err := c.as(to).Positions(ctx, c.as(from).Self())
	if err != nil {
		return err
	}
	contact, err := c.as(from).Compare(ctx, c.as(to).Self(), p)
	if err != nil {
		return err
	}
	_, err = nodetest.Deliver(ctx, c.as(from).Node, c.as(to).Node, contact)
	return err
}

func TestWhatWasWithheldGoesOutAgainAfterResumption(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	r, _ := a.note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	// The batch is made and the line is cut; then A suspends its flow.
	size := int64(0)
	p, err := b.Positions(ctx, a.Self())
	check(t, err)
	for _, x := range p {
		if x.Channel.From == a.Self() {
			size = x.Tree.Size
		}
	}
	page, err := a.Read(ctx, entente.Reader{Party: b.Self()}, node.Query{Owed: &node.Owed{Compact: id, From: size}})
	check(t, err)
	if page.Batch == nil {
		t.Fatal("nothing was owed")
	}
	_, err = a.Suspend(ctx, id, b.Self(), "")
	check(t, err)
	c.meetAll()
	if b.sees(r) {
		t.Fatal("it left after the suspension")
	}
	_, err = a.Resume(ctx, id, b.Self())
	check(t, err)
	c.meetAll()
	if !b.sees(r) {
		t.Error("what was withheld never goes out again")
	}
	c.verify()
}

func TestThePersonDecidesWhichOfTwoCardsIsRight(t *testing.T) {
	c := newCell(t, "A", "B")
	a, b := c.as("A"), c.as("B")
	twin := *a
	lie, _ := c.nextCard(&twin, nil)
	check(t, b.Introduce(ctx, a.Self(), [][]byte{lie.Envelope()}))
	a.roots = a.roots[:2]
	truth := c.rotate("A", nil)
	row, err := b.Trust(ctx, []entente.Signed{truth}, entente.Fingerprint(truth.ID))
	check(t, err)
	if row.Card != truth.ID || row.Frozen != "" {
		t.Errorf("%+v", row)
	}
	report, err := b.Verify(ctx, nil)
	check(t, err)
	if report.Problem != "" {
		t.Error(report.Problem)
	}
}

func TestVerifyAcceptsWhatCameBackAsItsIDAlone(t *testing.T) {
	c := cellOf(t, true, "A", "B")
	id := c.found("A", "B")
	backup := c.copyStore("A")
	r, _ := c.as("A").note(t, "refused")
	c.release("A", id, []entente.RecordID{r}, "B")
	_, err := c.as("B").Suspend(ctx, id, c.as("B").Self(), "")
	check(t, err)
	check(t, c.oneWay("A", "B"))
	c.putBack("A", backup)
	c.meetAll()
	c.meetAll()
	c.verify()
}

func TestTwoCardsFreezeAPartyEverywhere(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	a := c.as("A")
	twin := *a
	lie, _ := c.nextCard(&twin, nil)
	// B hears the lie at a contact, C the truth in its channel; then B and C meet.
	check(t, c.as("B").Introduce(ctx, a.Self(), [][]byte{lie.Envelope()}))
	a.roots = a.roots[:2]
	truth := c.rotate("A", nil)
	c.meet("A", "C")
	c.meet("B", "C")
	// C hands A the lie, as a member may.
	_, err := a.Accept(ctx, c.as("C").Self(), c.forge(c.as("C"), a, id, parcelOf(lie)))
	check(t, err)
	for _, name := range []string{"B", "C"} {
		parties, err := c.as(name).Parties(ctx)
		check(t, err)
		for _, p := range parties {
			if p.ID == a.Self() && p.Frozen == "" {
				t.Errorf("A is not frozen at %s", name)
			}
		}
		r, _ := c.as(name).note(t, "to A")
		if _, _, err := c.as(name).Release(ctx, c.order(id, []entente.RecordID{r}, "A")); entente.KindOf(err) != entente.Refused {
			t.Errorf("%s releases to a frozen party: %v", name, err)
		}
		if _, err := c.as(name).Trust(ctx, []entente.Signed{truth}, entente.Fingerprint(truth.ID)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A is frozen at home too, until its people say which card is theirs.
	own, _ := a.note(t, "from A")
	if _, _, err := a.Release(ctx, c.order(id, []entente.RecordID{own}, "B")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a frozen party releases: %v", err)
	}
	if _, err := a.Trust(ctx, []entente.Signed{lie}, entente.Fingerprint(lie.ID)); err == nil {
		t.Error("A took a card whose keys it does not have for its own")
	}
	if _, err := a.Trust(ctx, []entente.Signed{truth}, entente.Fingerprint(truth.ID)); err != nil {
		t.Error(err)
	}
	r, _ := a.note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meet("A", "B")
	if !c.as("B").sees(r) {
		t.Error("after all have decided, nothing flows")
	}
	for _, name := range []string{"A", "B"} {
		report, err := c.as(name).Verify(ctx, nil)
		check(t, err)
		if report.Problem != "" {
			t.Errorf("%s: %s", name, report.Problem)
		}
	}
}

func TestNothingIsNoRelease(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	if _, ids, err := c.as("A").Release(ctx, c.order(id, nil, "B")); err == nil {
		t.Errorf("released nothing as %v", ids)
	}
	if _, ids, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{"sha256:" + entente.RecordID(strings.Repeat("0", 64))})); err == nil {
		t.Errorf("released to nobody as %v", ids)
	}
}
