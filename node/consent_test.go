package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
)

// lent is a cell in which A has released a record to B that may be asked for.
func lent(t *testing.T, names ...string) (*cell, entente.CompactID, entente.RecordID) {
	c := newCell(t, names...)
	id := c.found(names...)
	r, _ := c.as("A").note(t, "lent by A")
	o := c.order(id, []entente.RecordID{r}, "B")
	o.Handling.Onward = entente.OnwardAsk
	_, _, err := c.as("A").Release(ctx, o)
	check(t, err)
	c.meetAll()
	return c, id, r
}

func (c *cell) ask(from string, r entente.RecordID, use entente.ConsentUse, to ...string) {
	c.t.Helper()
	o := node.AskOrder{Record: r, Use: use, Reason: "it concerns them"}
	for _, name := range to {
		o.Recipients = append(o.Recipients, c.as(name).Self())
	}
	_, err := c.as(from).Ask(ctx, o)
	check(c.t, err)
}

// answer consents to the newest open ask at the originator, or refuses it.
func (c *cell) answer(originator, refused string) {
	c.t.Helper()
	asks, err := c.as(originator).Asks(ctx)
	check(c.t, err)
	for _, a := range asks {
		if a.To == c.as(originator).Self() && a.Answer == "" {
			_, err := c.as(originator).Answer(ctx, a.Act, nil, "", refused)
			check(c.t, err)
			return
		}
	}
	c.t.Fatalf("nobody asks %s", originator)
}

func TestARelayTakesItsOriginatorsConsent(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C")
	relay := c.order(id, []entente.RecordID{r}, "C")
	p, err := c.as("B").Preview(ctx, relay)
	check(t, err)
	if needs := p.Recipients[0].Decision.Needs; p.Allowed() || len(needs) != 1 || needs[0].Originator != c.as("A").Self() || needs[0].Use != entente.Relay {
		t.Fatalf("needs %+v", needs)
	}
	if _, _, err := c.as("B").Release(ctx, relay); entente.KindOf(err) != entente.Refused || entente.HintOf(err) == "" {
		t.Fatalf("relayed without consent: %v", err)
	}
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	asks, err := c.as("A").Asks(ctx)
	check(t, err)
	if len(asks) != 1 || asks[0].FromName != "B" || asks[0].Recipients[0] != "C" || asks[0].RecordName != "subject of lent by A" || asks[0].Ask.Reason == "" {
		t.Fatalf("A sees who asks, for whom, why, what: %+v", asks)
	}
	c.answer("A", "")
	c.meet("A", "B")
	_, _, err = c.as("B").Release(ctx, relay)
	check(t, err)
	c.meet("B", "C")
	if !c.as("C").sees(r) {
		t.Fatal("C does not see what was relayed with consent")
	}
	page, err := c.as("C").Read(ctx, entente.Reader{Party: c.as("C").Self()}, node.Query{Record: string(r)})
	check(t, err)
	if page.Views[0].Header().Originator != c.as("A").Self() {
		t.Error("C does not see A as the originator")
	}
	// The release from A to B never travels on, with its own handling and origin.
	if dump := c.as("C").dump(t); strings.Contains(dump, `"onward":"ask"`) && strings.Contains(dump, "lent by A to B") {
		t.Error("A's release to B travelled on")
	}
	c.verify()

	// A takes it back: from B, and from C, which it had consented to.
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	if c.as("B").sees(r) || c.as("C").sees(r) {
		t.Errorf("after the recall: B %v, C %v", c.as("B").sees(r), c.as("C").sees(r))
	}
	if s := c.recallStates("A"); s["B"] != node.RecallApplied || s["C"] != node.RecallApplied {
		t.Errorf("%v", s)
	}
	c.verify()
}

// A record that came twice: what either release allows is allowed, in whichever
// order they came; what is passed on keeps the handling of both.
func TestOfTwoReleasesEachAllowsAndBothBind(t *testing.T) {
	for _, onward := range [][]entente.Onward{{entente.OnwardNone, entente.OnwardAsk}, {entente.OnwardAsk, entente.OnwardNone}} {
		c := newCell(t, "A", "B", "C")
		id := c.found("A", "B", "C")
		r, _ := c.as("A").note(t, "came twice")
		for i, rule := range onward {
			o := c.order(id, []entente.RecordID{r}, "B")
			o.Handling.Onward, o.Handling.Caveats = rule, []string{fmt.Sprintf("caveat %d", i)}
			_, _, err := c.as("A").Release(ctx, o)
			check(t, err)
		}
		c.meetAll()
		c.ask("B", r, entente.Derive, "C")
		c.meetAll()
		asks, err := c.as("A").Asks(ctx)
		check(t, err)
		h, err := c.as("A").AskedHandling(ctx, asks[0].Act)
		check(t, err)
		if !slices.Equal(h.Caveats, []string{"caveat 0", "caveat 1"}) || h.Onward != entente.OnwardNone {
			t.Errorf("%v: A would consent under %+v", onward, h)
		}
		c.answer("A", "")
		c.meetAll()
		work, _ := c.as("B").note(t, "work")
		check(t, c.as("B").Derive(ctx, []entente.RecordID{work}, []entente.RecordID{r}))
		o := c.order(id, []entente.RecordID{work}, "C")
		o.Handling.Caveats = []string{"caveat 0"}
		if _, _, err := c.as("B").Release(ctx, o); entente.KindOf(err) != entente.Refused {
			t.Errorf("%v: work under the handling of one release goes out: %v", onward, err)
		}
		o.Handling.Caveats = []string{"caveat 0", "caveat 1"}
		if _, _, err := c.as("B").Release(ctx, o); err != nil {
			t.Errorf("%v: under the handling of both: %v", onward, err)
		}
	}
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	r, _ := c.as("A").note(t, "twice under none")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	if _, err := c.as("B").Ask(ctx, node.AskOrder{Record: r, Use: entente.Derive, Recipients: []entente.PartyID{c.as("C").Self()}}); entente.KindOf(err) != entente.Refused {
		t.Errorf("asked where no release allows it: %v", err)
	}
}

func TestARefusedAskIsNoConsent(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "source-protection")
	c.meet("A", "B")
	if _, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed after a refusal: %v", err)
	}
	asks, err := c.as("B").Asks(ctx)
	check(t, err)
	if asks[0].Refused != "source-protection" {
		t.Errorf("B does not see the code: %+v", asks[0])
	}
	c.verify()
}

func TestConsentCoversWhatItNamesAndNothingElse(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	if _, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "D")); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed to a party that the consent does not name: %v", err)
	}
	wider := c.order(id, []entente.RecordID{r}, "C")
	wider.Handling.TLP = entente.TLPGreen
	if _, _, err := c.as("B").Release(ctx, wider); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed under weaker handling: %v", err)
	}
	onward := c.order(id, []entente.RecordID{r}, "C")
	onward.Handling.Onward = entente.OnwardAsk
	if _, _, err := c.as("B").Release(ctx, onward); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed with an onward rule that the consent does not give: %v", err)
	}
	own, _ := c.as("B").note(t, "B's own, from A's")
	check(t, c.as("B").Derive(ctx, []entente.RecordID{own}, []entente.RecordID{r}))
	if _, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{own}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("a consent to relay was taken for one to derive: %v", err)
	}
	// Another compact of the same parties is another thing.
	other := c.found("B", "C")
	if _, _, err := c.as("B").Release(ctx, c.order(other, []entente.RecordID{r}, "C")); err == nil {
		t.Error("relayed into another compact")
	}
}

func TestALyingRelayIsSeenThrough(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	b, third := c.as("B"), c.as("C")
	page, err := b.Read(ctx, entente.Reader{Party: b.Self()}, node.Query{Record: string(r)})
	check(t, err)
	rec, err := entente.ParseRecord(page.Views[0].Bytes())
	check(t, err)
	c.ask("B", r, entente.Relay, "D")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	asks, err := b.Asks(ctx)
	check(t, err)
	rows := c.envelope(b, asks[0].Answer)
	consentToD, err := entente.ParseSigned(rows)
	check(t, err)
	h := *consentToD.Act.Consent.Handling
	forgedConsent := func(change func(*entente.Act)) entente.Signed {
		a := consentToD.Act
		body := *a.Consent
		a.Consent = &body
		change(&a)
		s, err := entente.Sign(a, b.ring.Act)
		check(t, err)
		return s
	}
	naming := func(x entente.Signed) entente.Parcel {
		rel := c.releaseOf(id, entente.ActID(id), third.Self(), rec)
		rel.Release.Handling = h
		rel.Release.Records[0].Consent = x.ID
		p := parcelOf(c.say(b, rel), rec)
		p.Attached = [][]byte{x.Envelope()}
		return p
	}
	toC := forgedConsent(func(a *entente.Act) { a.Consent.Recipients = []entente.PartyID{third.Self()} })
	byB := forgedConsent(func(a *entente.Act) {
		a.Signer, a.To = b.Self(), b.Self()
		a.To = c.as("D").Self()
		a.Consent.Recipients = []entente.PartyID{third.Self()}
	})
	for what, p := range map[string]entente.Parcel{
		"no consent":                      parcelOf(c.say(b, c.releaseOf(id, entente.ActID(id), third.Self(), rec)), rec),
		"a consent for another recipient": naming(consentToD),
		"a consent that B wrote":          naming(toC),
		"B's own consent":                 naming(byB),
	} {
		out, err := third.Accept(ctx, b.Self(), c.forge(b, third, id, p))
		check(t, err)
		if out.Codes[0] != entente.RefusedConsent || third.sees(r) {
			t.Errorf("%s: %s, visible %v", what, out.Codes[0], third.sees(r))
		}
	}
	// As its own: another originator in the header is another record.
	relabelled, err := entente.NewRecord(b.Self(), entente.MediaSTIX, entente.At(c.now), nil, rec.Body)
	check(t, err)
	if relabelled.ID == rec.ID {
		t.Error("relabelling keeps the id")
	}
}

func TestTheOriginatorIsToldOfARelayWithoutConsent(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	ch := c.charter("A", "B", "C")
	ch.TellOriginator = true
	id, err := c.as("A").Found(ctx, ch)
	check(t, err)
	c.meetAll()
	for _, name := range []string{"B", "C"} {
		_, err := c.as(name).Accede(ctx, id, "", "")
		check(t, err)
	}
	c.meetAll()
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.meetAll()
	page, err := c.as("B").Read(ctx, entente.Reader{Party: c.as("B").Self()}, node.Query{Record: string(r)})
	check(t, err)
	rec, err := entente.ParseRecord(page.Views[0].Bytes())
	check(t, err)
	out, err := c.as("C").Accept(ctx, c.as("B").Self(), c.forge(c.as("B"), c.as("C"), id, parcelOf(c.say(c.as("B"), c.releaseOf(id, entente.ActID(id), c.as("C").Self(), rec)), rec)))
	check(t, err)
	if out.Codes[0] != entente.RefusedConsent {
		t.Fatalf("%s", out.Codes[0])
	}
	c.meet("A", "C")
	if dump := c.as("A").dump(t); !strings.Contains(dump, "arrived without your consent, from "+string(c.as("B").Self())) {
		t.Error("A is not told")
	}
}

func TestSuspensionStopsTheFlowThroughIntermediaries(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	// A stops its flow to C; B hears of it, and what B could relay it can no more.
	_, err := c.as("A").Suspend(ctx, id, c.as("C").Self(), "")
	check(t, err)
	c.meet("A", "B")
	if _, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("A's record flows to C through B: %v", err)
	}
	// Resumed, and queued at B; suspended again before B meets C.
	_, err = c.as("A").Resume(ctx, id, c.as("C").Self())
	check(t, err)
	c.meet("A", "B")
	_, _, err = c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C"))
	check(t, err)
	_, err = c.as("A").Suspend(ctx, id, c.as("C").Self(), "")
	check(t, err)
	c.meet("A", "B")
	c.meet("B", "C")
	if c.as("C").sees(r) {
		t.Error("what was queued before the suspension left after it")
	}
	c.verify()
}

func TestARelayThatHasNotHeardFromTheOriginatorRefuses(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C")
	c.ask("B", r, entente.Relay, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	c.now = c.now.Add(2 * time.Hour) // the bound is one hour
	c.meet("B", "C")
	if _, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C")); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed without fresh knowledge of A: %v", err)
	}
	c.meet("A", "B")
	_, _, err := c.as("B").Release(ctx, c.order(id, []entente.RecordID{r}, "C"))
	check(t, err)
	c.meet("B", "C")
	if !c.as("C").sees(r) {
		t.Error("not relayed after A was heard")
	}
}

func TestDerivedWorkNeedsConsentForEachSourceAndIsFlaggedWhenOneGoes(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	b := c.as("B")
	own, _ := b.note(t, "an assessment that rests on A's")
	check(t, b.Derive(ctx, []entente.RecordID{own}, []entente.RecordID{r}))
	p, err := b.Preview(ctx, c.order(id, []entente.RecordID{own}, "C"))
	check(t, err)
	if needs := p.Recipients[0].Decision.Needs; len(needs) != 1 || needs[0].Record != r || needs[0].Use != entente.Derive {
		t.Fatalf("needs %+v", needs)
	}
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{own}, "C")); entente.KindOf(err) != entente.Refused {
		t.Fatalf("derived work was released without consent: %v", err)
	}
	// A itself may hear what rests on its own record.
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{own}, "A")); err != nil {
		t.Errorf("to the source's originator: %v", err)
	}
	c.ask("B", r, entente.Derive, "C")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	weaker := c.order(id, []entente.RecordID{own}, "C")
	weaker.Handling.TLP = entente.TLPGreen
	if _, _, err := b.Release(ctx, weaker); entente.KindOf(err) != entente.Refused {
		t.Errorf("under weaker handling than its source: %v", err)
	}
	c.release("B", id, []entente.RecordID{own}, "C")
	c.meetAll()
	if !c.as("C").sees(own) || c.as("C").sees(r) {
		t.Fatalf("derived %v, source %v", c.as("C").sees(own), c.as("C").sees(r))
	}
	// C counts one origin, the same as in what A released, and learns not whose it is.
	tags := func(who string) (out []string) {
		for _, line := range strings.Split(c.as(who).dump(t), "\n") {
			if _, rest, ok := strings.Cut(line, `"origins":["`); ok && strings.Contains(line, `"kind":"release"`) {
				out = append(out, rest[:32])
			}
		}
		return out
	}
	if ta, tc := tags("A"), tags("C"); len(tc) != 1 || ta[0] != tc[0] {
		t.Errorf("A's origin %v, C sees %v", ta, tc)
	}
	c.recall("A", []entente.RecordID{r})
	c.meetAll()
	flags, err := b.Flags(ctx)
	check(t, err)
	if len(flags) != 1 || flags[0].Record != own || len(flags[0].Holders) != 2 {
		t.Fatalf("flags %+v", flags)
	}
	if !c.as("C").sees(own) {
		t.Error("derived work is its author's to recall")
	}
	late, _ := b.note(t, "again")
	check(t, b.Derive(ctx, []entente.RecordID{own}, []entente.RecordID{late}))
	if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{own}, "D")); entente.KindOf(err) != entente.Refused {
		t.Errorf("released on a source that is gone: %v", err)
	}
	c.recall("B", []entente.RecordID{own})
	c.meetAll()
	if c.as("C").sees(own) {
		t.Error("B recalled its work and C still sees it")
	}
	c.verify()
}

func TestAnAskAboutWhatOneMayNotSeeIsAnsweredLikeOneAboutNothing(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	hidden, _ := c.as("A").note(t, "hidden")
	absent := entente.RecordID("sha256:" + strings.Repeat("0", 64))
	var codes []entente.Code
	for _, r := range []entente.RecordID{hidden, absent} {
		ask := c.say(c.as("B"), entente.Act{Kind: entente.KindAsk, Compact: id, To: c.as("A").Self(), Ask: &entente.Ask{
			Record: r, Use: entente.Relay, Recipients: []entente.PartyID{c.as("A").Self()}, Purpose: "counter-terrorism",
		}})
		out, err := c.as("A").Accept(ctx, c.as("B").Self(), c.forge(c.as("B"), c.as("A"), id, parcelOf(ask)))
		check(t, err)
		codes = append(codes, out.Codes[0])
		if _, err := c.as("B").Ask(ctx, node.AskOrder{Record: r, Use: entente.Relay, Recipients: []entente.PartyID{c.as("A").Self()}}); entente.KindOf(err) != entente.Hidden {
			t.Errorf("B's own node: %v", err)
		}
	}
	if codes[0] != codes[1] {
		t.Errorf("an oracle: %v", codes)
	}
	asks, err := c.as("A").Asks(ctx)
	check(t, err)
	if len(asks) != 0 {
		t.Error("shown to A's operator as if B had the record")
	}
}
