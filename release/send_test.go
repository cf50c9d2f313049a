package release

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
	"entente/compact"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func id(n int) string { return fmt.Sprintf("sha256:%064d", n) }

// cell is a compact of parties 1, 2, 3 in force.
func cell(change func(*entente.Charter)) *compact.State {
	c := &entente.Charter{
		Name: "cell", Type: entente.Information, Purposes: []string{"p"}, Categories: []string{"c"},
		Start: entente.At(now.AddDate(0, -1, 0)), End: entente.At(now.AddDate(0, 1, 0)), Review: entente.At(now),
		Rule: entente.Unanimous, Exit: "x", Suspension: "x", Quorum: "all", Evidence: "none", Folding: 1,
		Handling: entente.HandlingRules{Default: handling(), Widest: entente.TLPAmber, Onward: entente.OnwardAsk},
	}
	for p := 1; p <= 3; p++ {
		c.Members = append(c.Members, entente.Seat{Party: entente.PartyID(id(p)), Name: fmt.Sprint("party ", p), LegalBasis: "law"})
	}
	if change != nil {
		change(c)
	}
	facts := []compact.Fact{{ID: entente.ActID(id(100)), Act: &entente.Act{Kind: entente.KindCharter, Signer: entente.PartyID(id(1)), Card: 1, Charter: c}}}
	for p := 2; p <= 3; p++ {
		facts = append(facts, compact.Fact{ID: entente.ActID(id(100 + p)), Act: &entente.Act{
			Kind: entente.KindAccession, Signer: entente.PartyID(id(p)), Card: 1, Compact: entente.CompactID(id(100)),
			Chain: &entente.Link{Seq: 1, Prev: entente.ActID(id(100))}, Accession: &entente.Accession{To: entente.ActID(id(100))},
		}})
	}
	return compact.Fold(entente.CompactID(id(100)), facts)
}

func handling() entente.Handling {
	return entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "p"}
}

func fact(n int, refs ...string) Fact {
	return Fact{ID: entente.RecordID(id(n)), Originator: entente.PartyID(id(1)), STIX: fmt.Sprintf("note--%d", n), Refs: refs, Size: 100}
}

func TestSend(t *testing.T) {
	none := func(string) bool { return false }
	base := func() Question {
		return Question{
			From: entente.PartyID(id(1)), To: entente.PartyID(id(2)), Compact: cell(nil), Terms: entente.ActID(id(100)),
			Handling: handling(), Records: []Fact{fact(1)}, Held: none, Now: now,
		}
	}
	for _, x := range []struct {
		name    string
		change  func(*Question)
		code    entente.Code
		missing int
	}{
		{"allowed", func(*Question) {}, "", 0},
		{"to nobody of the compact", func(q *Question) { q.To = entente.PartyID(id(9)) }, entente.RefusedCompact, 0},
		{"no records", func(q *Question) { q.Records = nil }, entente.RefusedRecords, 0},
		{"another's record", func(q *Question) { q.Records[0].Originator = entente.PartyID(id(3)) }, "", 1},
		{"another's record by permit", func(q *Question) {
			q.Records[0].Originator, q.Records[0].Permit = entente.PartyID(id(3)), &Permit{Handling: handling()}
		}, "", 0},
		{"another's record, weaker than the permit asks", func(q *Question) {
			least := handling()
			least.TLP = entente.TLPRed
			q.Records[0].Originator, q.Records[0].Permit = entente.PartyID(id(3)), &Permit{Handling: least}
		}, entente.RefusedTerms, 0},
		{"derived, no consent for the source", func(q *Question) {
			q.Records[0].Sources = []Source{{ID: entente.RecordID(id(8)), Handling: handling()}}
		}, "", 1},
		{"derived, consent", func(q *Question) {
			q.Records[0].Sources = []Source{{ID: entente.RecordID(id(8)), Handling: handling(), Permit: &Permit{Handling: handling()}}}
		}, "", 0},
		{"derived, weaker than the source", func(q *Question) {
			h := handling()
			h.Caveats = []string{"no court use"}
			q.Records[0].Sources = []Source{{ID: entente.RecordID(id(8)), Handling: h, Permit: &Permit{Handling: handling()}}}
		}, entente.RefusedTerms, 0},
		{"derived from what was recalled", func(q *Question) {
			q.Records[0].Sources = []Source{{ID: entente.RecordID(id(8)), Gone: true}}
		}, entente.RefusedRecords, 0},
		{"an erased record", func(q *Question) { q.Records[0].Gone = true }, entente.RefusedRecords, 0},
		{"other terms", func(q *Question) { q.Terms = entente.ActID(id(7)) }, entente.RefusedTerms, 0},
		{"a wider label", func(q *Question) { q.Handling.TLP = entente.TLPGreen }, entente.RefusedTerms, 0},
		{"a stricter label", func(q *Question) { q.Handling.TLP = entente.TLPRed }, "", 0},
		{"a wider onward rule", func(q *Question) { q.Handling.Onward = entente.OnwardMembers }, entente.RefusedTerms, 0},
		{"another purpose", func(q *Question) { q.Handling.Purpose = "x" }, entente.RefusedTerms, 0},
		{"expired already", func(q *Question) { q.Handling.Expires = entente.DateOf(now) }, entente.RefusedTerms, 0},
		{"expires tomorrow", func(q *Question) { q.Handling.Expires = entente.DateOf(now.AddDate(0, 0, 1)) }, "", 0},
		{"no expiry where one is due", func(q *Question) { q.Compact = cell(func(c *entente.Charter) { c.Handling.Days = 10 }) }, entente.RefusedTerms, 0},
		{"after the end", func(q *Question) { q.Now = now.AddDate(1, 0, 0) }, entente.RefusedForce, 0},
		{"another type", func(q *Question) { q.Compact = cell(func(c *entente.Charter) { c.Type = entente.Matching }) }, entente.RefusedType, 0},
		{"a reference to nothing", func(q *Question) { q.Records[0].Refs = []string{"note--7"} }, "", 1},
		{"a reference to what goes along", func(q *Question) { q.Records = []Fact{fact(1, "note--2"), fact(2)} }, "", 0},
		{"a reference to what is held", func(q *Question) {
			q.Records[0].Refs = []string{"note--7"}
			q.Held = func(s string) bool { return s == "note--7" }
		}, "", 0},
		{"marked TLP:RED, released as amber", func(q *Question) {
			q.Records[0].Refs = []string{"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"}
		}, entente.RefusedTerms, 0},
		{"marked TLP:RED, released as red", func(q *Question) {
			q.Records[0].Refs = []string{"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"}
			q.Handling.TLP = entente.TLPRed
		}, "", 0},
		{"too many", func(q *Question) {
			q.Records = nil
			for i := range entente.MaxReleaseRecords + 1 {
				q.Records = append(q.Records, fact(i))
			}
		}, entente.RefusedRecords, 0},
	} {
		q := base()
		x.change(&q)
		d := Send(q)
		code := entente.Code("")
		if len(d.Refusals) > 0 {
			code = d.Refusals[0].Code
			if d.Refusals[0].Reason == "" {
				t.Errorf("%s: no reason", x.name)
			}
		}
		if code != x.code || len(d.Missing)+len(d.Needs) != x.missing {
			t.Errorf("%s: %q with %d missing, want %q with %d", x.name, code, len(d.Missing), x.code, x.missing)
		}
		if allowed := x.code == "" && x.missing == 0; d.Allowed() != allowed || (d.Err() == nil) != allowed {
			t.Errorf("%s: allowed %v, err %v", x.name, d.Allowed(), d.Err())
		}
	}
}

// TestOrder draws reference graphs with circles and wants every reference to lead
// to an earlier release or into the same one, nothing lost, nothing twice.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		var facts []Fact
		for i := range n {
			f := fact(i)
			for range rapid.IntRange(0, 3).Draw(t, "refs") {
				f.Refs = append(f.Refs, fmt.Sprintf("note--%d", rapid.IntRange(0, n+3).Draw(t, "to")))
			}
			f.Size = int64(rapid.SampledFrom([]int{10, 1 << 20, 3 << 20}).Draw(t, "size"))
			facts = append(facts, f)
		}
		at := map[string]int{}
		total := 0
		for i, part := range Order(facts) {
			for _, f := range part {
				if _, twice := at[f.STIX]; twice {
					t.Fatalf("%s twice", f.STIX)
				}
				at[f.STIX] = i
				total++
			}
		}
		if total != n {
			t.Fatalf("%d of %d", total, n)
		}
		for _, f := range facts {
			for _, ref := range f.Refs {
				if to, ok := at[ref]; ok && to > at[f.STIX] {
					t.Fatalf("%s in part %d refers to %s in part %d", f.STIX, at[f.STIX], ref, to)
				}
			}
		}
	})
}

func TestShowIsDefaultDeny(t *testing.T) {
	self, other := entente.PartyID(id(1)), entente.PartyID(id(2))
	rec := entente.Record{ID: entente.RecordID(id(5)), Header: entente.Header{Originator: self}, Body: []byte("body"), Bytes: []byte("head\nbody")}
	grant := Grant{Reader: other, Record: rec.ID, Handling: handling()}
	expired := grant
	expired.Handling.Expires = entente.DateOf(now)
	elsewhere := grant
	elsewhere.Record = entente.RecordID(id(6))
	foreign := rec
	foreign.Header.Originator = other
	for _, x := range []struct {
		name   string
		reader entente.PartyID
		rec    entente.Record
		grants []Grant
		want   bool
	}{
		{"own people, own record", self, rec, nil, true},
		{"another party, no grant", other, rec, nil, false},
		{"another party, grant", other, rec, []Grant{grant}, true},
		{"another party, expired grant", other, rec, []Grant{expired}, false},
		{"another party, grant of another record", other, rec, []Grant{elsewhere}, false},
		{"a third party with another's grant", entente.PartyID(id(3)), rec, []Grant{grant}, false},
		{"nobody", "", rec, []Grant{grant}, false},
		{"own people, foreign record, no grant", self, foreign, nil, false},
		{"the originator at another's node", other, foreign, nil, false},
	} {
		v, ok := Show(entente.Reader{Party: x.reader}, self, x.rec, Object{}, x.grants, now)
		if ok != x.want || ok != (v.Body() != nil) {
			t.Errorf("%s: shown %v, want %v", x.name, ok, x.want)
		}
		if ok {
			v.Body()[0], v.Bytes()[0] = 'X', 'X'
			if string(v.Body()) != "body" || string(v.Bytes()) != "head\nbody" {
				t.Errorf("%s: a reader can change what the next one sees", x.name)
			}
		}
	}
	if _, ok := GiveBack(other, self, foreign); ok {
		t.Error("given back to a party that did not deliver it")
	}
	if _, ok := GiveBack(other, other, rec); ok {
		t.Error("another's record given back")
	}
	if v, ok := GiveBack(other, other, foreign); !ok || !slices.Equal(v.Bytes(), foreign.Bytes) {
		t.Error("own record not given back")
	}
}
