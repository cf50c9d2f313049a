package node_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/stix"
)

// Classes 1 to 5: who is reached by what is said, and who learns of it.

func TestLeak01LocalNumericIDs(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	// The nodes number their rows differently, and A's third record is not C's.
	var records []entente.RecordID
	for i, name := range []string{"A", "A", "A", "B", "C", "C", "D"} {
		r, _ := c.as(name).note(t, fmt.Sprintf("numbered %d of %s", i, name))
		records = append(records, r)
	}
	c.release("A", id, records[2:3], "B")
	c.meetAll()
	c.seenBy(records[2], "A", "B")
	for _, at := range c.names {
		for _, reader := range c.names {
			for n := range 12 {
				page, err := c.as(at).Read(ctx, entente.Reader{Party: c.as(reader).Self()}, node.Query{Record: strconv.Itoa(n)})
				if err != nil && entente.KindOf(err) != entente.Hidden {
					t.Errorf("%s reads number %d at %s: %v", reader, n, at, err)
				}
				for _, v := range page.Views {
					// The beginning of an id names a record; a row's number does not.
					if !strings.HasPrefix(string(v.ID()), "sha256:"+strconv.Itoa(n)) {
						t.Errorf("%s reads %s at %s as number %d", reader, v.ID(), at, n)
					}
				}
			}
		}
	}
	// What travels holds no number but versions and quantities that both sides agree on.
	lines := strings.Split(c.as("B").dump(t), "\n")
	releases := 0
	for _, line := range lines {
		if !strings.HasPrefix(line, `{"format":`) || !strings.Contains(line, `"kind":"release"`) {
			continue
		}
		releases++
		var act map[string]any
		check(t, json.Unmarshal([]byte(line), &act))
		if act["card"] != 1.0 {
			t.Errorf("card %v", act["card"])
		}
		delete(act, "card")
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch v := v.(type) {
			case float64:
				t.Errorf("a release holds the number %v at %s", v, path)
			case string:
				if _, err := strconv.Atoi(v); err == nil {
					t.Errorf("a release holds the number %q at %s", v, path)
				}
			case map[string]any:
				for k, x := range v {
					walk(path+"/"+k, x)
				}
			case []any:
				for _, x := range v {
					walk(path+"/", x)
				}
			}
		}
		walk("", act)
	}
	if releases != 1 {
		t.Errorf("%d releases in B's store", releases)
	}
	c.verify()
}

// signRaw signs any bytes as a payload, as somebody would who builds messages by
// hand; the id is the one that these bytes would have.
func (m *member) signRaw(t testing.TB, payload []byte) entente.Parcel {
	t.Helper()
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(entente.PayloadType), entente.PayloadType, len(payload), payload)
	sig, err := m.ring.Act.Sign([]byte(pae))
	check(t, err)
	env, err := json.Marshal(struct {
		PayloadType string              `json:"payloadType"`
		Payload     string              `json:"payload"`
		Signatures  []entente.Signature `json:"signatures"`
	}{entente.PayloadType, base64.StdEncoding.EncodeToString(payload), []entente.Signature{{KeyID: m.ring.Act.Key(), Sig: base64.StdEncoding.EncodeToString(sig)}}})
	check(t, err)
	return entente.Parcel{Leaf: entente.ActID(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(pae)))), Act: env}
}

func TestLeak02AFlagWidensASet(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	ch := c.charter("A", "B", "C", "D")
	ch.Handling.Widest, ch.Handling.Onward = entente.TLPClear, entente.OnwardMembers
	id := c.foundOn(ch, "A", "B", "C", "D")
	a := c.as("A")
	r, _ := a.note(t, "for B alone")
	// The widest labels there are widen no set of recipients.
	c.untouched("D", func() {
		o := c.order(id, []entente.RecordID{r}, "B")
		o.Handling.TLP, o.Handling.Onward = entente.TLPClear, entente.OnwardMembers
		_, _, err := a.Release(ctx, o)
		check(t, err)
		c.meetAll()
	})
	c.seenBy(r, "A", "B")
	for _, all := range []entente.PartyID{"all", "*", "any", "members", "", entente.PartyID(id), a.Self()} {
		secret, _ := a.note(t, "for nobody "+string(all))
		o := c.order(id, []entente.RecordID{secret})
		o.To = []entente.PartyID{all}
		if _, _, err := a.Release(ctx, o); err == nil {
			t.Errorf("released to %q", all)
		}
		for _, reader := range []entente.PartyID{all, entente.PartyID(id)} {
			if reader == a.Self() {
				continue
			}
			if _, err := a.Read(ctx, entente.Reader{Party: reader}, node.Query{Record: string(r)}); entente.KindOf(err) != entente.Hidden {
				t.Errorf("read as %q: %v", reader, err)
			}
		}
	}
	// A flag that no version knows, signed as it should be.
	rec := c.record(a.Self(), "flagged")
	said := c.say(a, c.releaseOf(id, entente.ActID(id), c.as("B").Self(), rec))
	for _, flagged := range []string{`"all":true,`, `"distribution":5,`, `"to_all":"yes",`} {
		payload := strings.Replace(string(said.Payload), `"nonce"`, flagged+`"nonce"`, 1)
		p := a.signRaw(t, []byte(payload))
		p.Records = [][]byte{rec.Bytes}
		for _, name := range []string{"B", "C", "D"} {
			if code := c.hands("A", name, id, p); code != entente.RefusedForm {
				t.Errorf("%s: %s answers %q", flagged, name, code)
			}
		}
	}
	if code := c.hands("A", "C", id, parcelOf(said, rec)); code != entente.RefusedTo {
		t.Errorf("C takes what is for B: %q", code)
	}
	c.seenBy(rec.ID)
	byHand := a.signRaw(t, said.Payload)
	if byHand.Leaf != said.ID {
		t.Errorf("by hand the id is %s, by Sign %s", byHand.Leaf, said.ID)
	}
	c.verify()
}

// foundOn makes a compact in force on this charter.
func (c *cell) foundOn(ch entente.Charter, names ...string) entente.CompactID {
	c.t.Helper()
	id, err := c.as(names[0]).Found(ctx, ch)
	check(c.t, err)
	c.meetAll()
	for _, name := range names[1:] {
		_, err := c.as(name).Accede(ctx, id, "", "")
		check(c.t, err)
	}
	c.meetAll()
	return id
}

func TestLeak03AnEmptySetIsNobody(t *testing.T) {
	c, id, lent := lent(t, "A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	r, _ := a.note(t, "for nobody")
	for _, name := range []string{"C", "D"} {
		c.untouched(name, func() {
			if _, ids, err := a.Release(ctx, c.order(id, []entente.RecordID{r})); err == nil {
				t.Errorf("released to nobody: %v", ids)
			}
			p, err := a.Preview(ctx, c.order(id, []entente.RecordID{r}))
			if err == nil && (p.Allowed() || len(p.Recipients) > 0) {
				t.Errorf("a preview of nobody: %+v", p)
			}
			if _, err := b.Ask(ctx, node.AskOrder{Record: lent, Use: entente.Relay}); err == nil {
				t.Error("asked for nobody")
			}
			c.meetAll()
		})
	}
	c.seenBy(r, "A")
	// A release to nobody, a consent for nobody, built by hand.
	rec := c.record(a.Self(), "by hand")
	said := c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), rec))
	nobody := strings.Replace(string(said.Payload), `"to":"`+string(b.Self())+`",`, "", 1)
	empty := strings.Replace(string(said.Payload), `"to":"`+string(b.Self())+`",`, `"to":"",`, 1)
	for _, payload := range []string{nobody, empty} {
		if payload == string(said.Payload) {
			t.Fatal("the recipient is not where it was expected")
		}
		for _, name := range []string{"B", "C", "D"} {
			p := a.signRaw(t, []byte(payload))
			p.Records = [][]byte{rec.Bytes}
			if code := c.hands("A", name, id, p); code != entente.RefusedForm {
				t.Errorf("%s answers %q", name, code)
			}
		}
	}
	if _, err := entente.Sign(entente.Act{
		Kind: entente.KindConsent, Signer: a.Self(), Card: 1, Compact: id, To: b.Self(), Time: entente.At(c.now),
		Consent: &entente.Consent{Record: lent, Use: entente.Relay, Purpose: "counter-terrorism", Handling: &entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "counter-terrorism"}},
	}, a.ring.Act); err == nil {
		t.Error("a consent for nobody can be signed")
	}
	c.seenBy(rec.ID)
	c.verify()
}

func TestLeak04DerivedDataOutsideTheRule(t *testing.T) {
	c, id, r := lent(t, "A", "B", "C", "D")
	b := c.as("B")
	source := b.held(t, r)
	obj, err := stix.Parse(source.Body)
	check(t, err)
	var work entente.RecordID
	// D learns of none of it: not of references, derived work, consents, recalls.
	c.untouched("D", func() {
		second, _ := c.as("A").note(t, "history of "+string(obj.ID), obj.ID)
		c.release("A", id, []entente.RecordID{second}, "B")
		c.meetAll()
		work, _ = b.note(t, "assessment by B")
		check(t, b.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{r, second}))
		for _, s := range []entente.RecordID{r, second} {
			if s == second {
				break
			}
			c.ask("B", s, entente.Derive, "C")
			c.meet("A", "B")
			c.answer("A", "")
			c.meet("A", "B")
		}
		// One source still has no consent: nothing goes.
		if _, _, err := b.Release(ctx, c.order(id, []entente.RecordID{work}, "C")); entente.KindOf(err) != entente.Refused {
			t.Errorf("released with one consent of two: %v", err)
		}
		c.meetAll()
	})
	work, _ = b.note(t, "second assessment by B")
	check(t, b.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{r}))
	c.untouched("D", func() {
		c.release("B", id, []entente.RecordID{work}, "C")
		c.meetAll()
	})
	// C sees the work, and of its source neither id nor name nor words, anywhere.
	c.seenBy(work, "B", "C")
	c.blind("C", "B", string(r), string(obj.ID), "lent by A", "history of")
	if _, err := c.as("C").Where(ctx, r); entente.KindOf(err) != entente.Hidden {
		t.Errorf("C asks where the source is: %v", err)
	}
	c.untouched("D", func() {
		c.recall("A", []entente.RecordID{r})
		c.meetAll()
	})
	// The flag is raised at the author and nowhere else.
	for _, name := range []string{"A", "C", "D"} {
		flags, err := c.as(name).Flags(ctx)
		check(t, err)
		if len(flags) > 0 {
			t.Errorf("%s is shown flags %+v", name, flags)
		}
	}
	c.blind("C", "A", string(r), string(obj.ID), "lent by A")
	c.verify()
}

func TestLeak05AnExistenceOracle(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	hidden, hiddenID := c.as("A").note(t, "hidden")
	c.release("A", id, []entente.RecordID{hidden}, "B")
	c.meetAll()
	// D puts objects under a STIX id that exists, hidden, and under one that does
	// not, refers to them, and releases them to the two that have it: all answers
	// are the same, at home and in the receipts.
	try := func(as stix.ID) string {
		d := c.as("D")
		o, err := stix.NewIdentity(c.now, "squatter", "organization")
		check(t, err)
		squat, err := stix.Parse([]byte(strings.ReplaceAll(string(o.Raw), string(o.ID), string(as))))
		check(t, err)
		put, err := d.Put(ctx, []stix.Object{squat})
		check(t, err)
		ref, _ := d.note(t, "refers", as)
		var answers []string
		say := func(v any, err error) { answers = append(answers, fmt.Sprintf("%+v %v", v, err)) }
		say(put[0].Known, nil)
		say(put[0].Conflicts, nil)
		p, err := d.Preview(ctx, c.order(id, []entente.RecordID{put[0].Record, ref}, "A", "B"))
		say(p.Allowed(), err)
		_, _, err = d.Release(ctx, c.order(id, []entente.RecordID{put[0].Record, ref}, "A", "B"))
		say(nil, err)
		c.meetAll()
		channels, err := d.Channels(ctx)
		check(t, err)
		for _, ch := range channels {
			say(ch.Refused, nil)
			for code := range ch.Codes {
				if code != entente.CodeApplied {
					say(code, nil)
				}
			}
		}
		conflicts, err := d.Conflicts(ctx)
		say(len(conflicts), err)
		return strings.Join(answers, "\n")
	}
	taken, free := try(hiddenID), try("identity--6f0a1f0e-2b1f-4f1c-9d3a-0c8f5a1b2c3d")
	if taken != free {
		t.Errorf("a STIX id that exists:\n%s\none that does not:\n%s", taken, free)
	}
	c.blind("D", "A", string(hidden), "subject of hidden")
	// And A's own object is still A's: what D put under its id is D's.
	page, err := c.as("A").Read(ctx, entente.Reader{Party: c.as("A").Self()}, node.Query{Record: string(hiddenID)})
	check(t, err)
	for _, v := range page.Views {
		if (v.ID() == hidden) != (v.Header().Originator == c.as("A").Self()) {
			t.Errorf("record %s is of %s", v.ID(), v.Header().Originator)
		}
	}
	c.verify()
}
