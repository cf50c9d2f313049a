package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/stix"
	"entente/store"
)

const (
	tornPhrase = "Harbour master Ketil Oyen"
	keptPhrase = "two barges were moved"
)

// torn puts a note about a place and cuts who said it.
func torn(t *testing.T, m *member, o node.TearlineOrder) (full entente.RecordID, fullID stix.ID, tear node.Tearline) {
	t.Helper()
	_, placeID := m.note(t, "quay")
	note, err := stix.NewNote(time.Date(2026, 2, 1, 7, 31, 5, 0, time.UTC), tornPhrase, "At the quay "+keptPhrase+"; "+tornPhrase+" says so.", "", []stix.ID{placeID})
	check(t, err)
	put, err := m.Put(ctx, []stix.Object{note})
	check(t, err)
	o.Record = put[0].Record
	o.Changes = []stix.Change{{Path: "/abstract", Op: stix.OpDrop}, {Path: "/content", Op: stix.OpReplace, Value: "At a quay " + keptPhrase + "."}}
	tear, err = m.Tearline(ctx, o)
	check(t, err)
	return put[0].Record, note.ID, tear
}

// released finds a record in the releases that a party has signed for another.
func (c *cell) released(from, to string, id entente.RecordID) (out []entente.Released) {
	c.t.Helper()
	check(c.t, c.as(from).db.View(ctx, func(tx *store.Tx) error {
		return tx.EachAct(func(row store.Act) error {
			s, err := entente.ParseSigned(row.Envelope)
			if err != nil || row.Kind != entente.KindRelease {
				return err
			}
			for _, r := range s.Act.Release.Records {
				if s.Act.To == c.as(to).Self() && r.Record == id {
					out = append(out, r)
				}
			}
			return nil
		})
	}))
	return out
}

func TestTearlineTellsItsRecipientNothingOfTheFullerRecord(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	full, fullID, tear := torn(t, c.as("A"), node.TearlineOrder{})
	subject := c.subjectOf("A", tear)
	c.release("A", id, []entente.RecordID{subject, tear.Record}, "B")
	c.release("A", id, []entente.RecordID{subject, full}, "C")
	c.meetAll()
	if !c.as("B").sees(tear.Record) || c.as("B").sees(full) || !c.as("C").sees(full) || c.as("C").sees(tear.Record) {
		t.Error("B is to see the tearline alone, C the fuller record alone")
	}
	for _, clue := range []string{tornPhrase, string(full), string(fullID), "07:31:05"} {
		if strings.Contains(c.as("B").dump(t), clue) {
			t.Errorf("B's store holds %q of the fuller record", clue)
		}
		if !strings.Contains(c.as("A").dump(t), clue) {
			t.Errorf("the dump does not show %q where it is", clue) // the check would see nothing
		}
	}
	if !strings.Contains(c.as("B").dump(t), keptPhrase) {
		t.Error("the tearline is not in B's store")
	}
	// What an inspector of the agreement sees names neither.
	seen, err := c.as("A").Inspect(ctx, "", id)
	check(t, err)
	for _, line := range seen.Lines {
		if text := line.Subject + line.Detail; strings.Contains(text, string(full)) || strings.Contains(text, string(tear.Record)) {
			t.Errorf("the agreement's log names a record: %+v", line)
		}
	}
	// Both rest on one observation, and count once.
	b, third := c.released("A", "B", tear.Record), c.released("A", "C", full)
	if len(b) != 1 || len(third) != 1 || len(b[0].Origins) != 1 || !slices.Equal(b[0].Origins, third[0].Origins) {
		t.Errorf("origin tags: %+v, %+v", b, third)
	}
	c.verify()
}

func TestFullerRecordSupersedesTheTearlineWhereItIsHeld(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	full, _, tear := torn(t, c.as("A"), node.TearlineOrder{})
	subject := c.subjectOf("A", tear)
	c.release("A", id, []entente.RecordID{subject, tear.Record}, "B")
	c.release("A", id, []entente.RecordID{subject}, "C")
	order := c.order(id, []entente.RecordID{full}, "B", "C")
	preview, err := c.as("A").Preview(ctx, order)
	check(t, err)
	if preview.Recipients[0].Supersedes[full] != tear.Record || preview.Recipients[1].Supersedes != nil {
		t.Errorf("preview: %v, %v", preview.Recipients[0].Supersedes, preview.Recipients[1].Supersedes)
	}
	silent := order
	silent.NoSupersedes = true
	if preview, err = c.as("A").Preview(ctx, silent); err != nil || preview.Recipients[0].Supersedes != nil {
		t.Errorf("asked to say nothing: %v, %v", preview.Recipients[0].Supersedes, err)
	}
	_, _, err = c.as("A").Release(ctx, order)
	check(t, err)
	c.meetAll()
	toB, toC := c.released("A", "B", full), c.released("A", "C", full)
	if len(toB) != 1 || toB[0].Supersedes != tear.Record {
		t.Errorf("to B: %+v", toB)
	}
	if len(toC) != 1 || toC[0].Supersedes != "" {
		t.Errorf("to C: %+v", toC)
	}
	for _, clue := range []string{string(tear.Record), string(tear.STIX)} {
		if strings.Contains(c.as("C").dump(t), clue) {
			t.Errorf("C's store holds %s of the tearline", clue)
		}
	}
	if !c.as("B").sees(full) || !c.as("B").sees(tear.Record) {
		t.Error("B is to have both")
	}
	c.verify()
}

func TestRecallOfTheFullerRecordLeavesTheTearline(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	full, _, tear := torn(t, c.as("A"), node.TearlineOrder{})
	subject := c.subjectOf("A", tear)
	c.release("A", id, []entente.RecordID{subject, tear.Record}, "B")
	c.release("A", id, []entente.RecordID{subject, full}, "C")
	c.release("A", id, []entente.RecordID{full}, "B")
	c.meetAll()
	_, err := c.as("A").Recall(ctx, node.RecallOrder{Records: []entente.RecordID{full}, Scope: "delete", Reason: "the source asked"})
	check(t, err)
	c.meetAll()
	if c.as("B").sees(full) || c.as("C").sees(full) || !c.as("B").sees(tear.Record) {
		t.Error("the fuller record is to be gone, the tearline to stay")
	}
	if strings.Contains(c.as("B").dump(t), tornPhrase) {
		t.Error("B's store still holds the phrase")
	}
	c.verify()
}

func TestTearlineWithAnOriginOfItsOwn(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	full, _, tear := torn(t, c.as("A"), node.TearlineOrder{FreshOrigin: true})
	subject := c.subjectOf("A", tear)
	// A tearline of the tearline has the origin of the one it was made from.
	again, err := c.as("A").Tearline(ctx, node.TearlineOrder{Record: tear.Record, Changes: []stix.Change{{Path: "/content", Op: stix.OpReplace, Value: "Something happened."}}})
	check(t, err)
	c.release("A", id, []entente.RecordID{subject, tear.Record, again.Record}, "B")
	c.release("A", id, []entente.RecordID{subject, full}, "C")
	b, second, third := c.released("A", "B", tear.Record), c.released("A", "B", again.Record), c.released("A", "C", full)
	if slices.Equal(b[0].Origins, third[0].Origins) || !slices.Equal(b[0].Origins, second[0].Origins) {
		t.Errorf("origin tags: %v, %v, %v", b[0].Origins, second[0].Origins, third[0].Origins)
	}
	preview, err := c.as("A").Preview(ctx, c.order(id, []entente.RecordID{full, tear.Record, again.Record}, "B"))
	check(t, err)
	if len(preview.Tearlines) != 2 || !preview.Tearlines[0].Fresh || preview.Tearlines[1].Fresh {
		t.Errorf("preview: %+v", preview.Tearlines)
	}
}

// A tearline of derived work is derived work, and bounded to the same groups.
func TestTearlineRestsOnWhatTheFullerRecordRestsOn(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	theirs, _ := c.as("B").note(t, "theirs")
	later, _ := c.as("B").note(t, "later")
	c.release("B", id, []entente.RecordID{theirs, later}, "A")
	c.meetAll()
	a := c.as("A")
	note, subjectID := a.note(t, "quay")
	work, _ := a.note(t, "work of "+tornPhrase, subjectID)
	check(t, a.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{theirs}))
	check(t, a.SetGroups(ctx, work, []string{"river"}))
	tear, err := a.Tearline(ctx, node.TearlineOrder{Record: work, Changes: []stix.Change{{Path: "/content", Op: stix.OpReplace, Value: "Less."}}})
	check(t, err)
	check(t, a.Derive(ctx, []entente.RecordID{work}, []entente.RecordID{later}))
	preview, err := a.Preview(ctx, c.order(id, []entente.RecordID{note, tear.Record}, "C"))
	check(t, err)
	if needs := preview.Recipients[0].Decision.Needs; preview.Allowed() || len(needs) != 2 {
		t.Errorf("a tearline without its sources' consents: %+v", needs)
	}
	c.people("A", map[string][]string{"out": {node.RoleAnalyst}})
	if _, err := a.Read(ctx, entente.Reader{Party: a.Self(), Operator: "out"}, node.Query{Record: string(tear.Record)}); entente.KindOf(err) != entente.Hidden {
		t.Errorf("read from outside the fuller record's groups: %v", err)
	}
	// A later version, put by hand, is still a tearline.
	next := strings.Replace(string(tear.Object.Raw), "Less.", "Even less.", 1)
	obj, err := stix.Parse([]byte(next))
	check(t, err)
	put, err := a.Put(ctx, []stix.Object{obj})
	check(t, err)
	if preview, err = a.Preview(ctx, c.order(id, []entente.RecordID{note, put[0].Record}, "C")); err != nil || preview.Allowed() {
		t.Errorf("its next version: %v, %v", preview.Allowed(), err)
	}
	c.verify()
}

func TestTearlineIsRefusedForWhatIsNotOnesOwn(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	theirs, _ := c.as("B").note(t, "theirs")
	c.release("B", id, []entente.RecordID{theirs}, "A")
	c.meetAll()
	own, _ := c.as("A").note(t, "own")
	before := c.as("A").dump(t)
	_, err := c.as("A").Tearline(ctx, node.TearlineOrder{Record: theirs, Changes: []stix.Change{{Path: "/name", Op: stix.OpReplace, Value: "x"}}})
	if entente.KindOf(err) != entente.Refused || entente.HintOf(err) == "" {
		t.Errorf("a tearline of another's record: %v", err)
	}
	if _, err = c.as("A").Tearline(ctx, node.TearlineOrder{Record: own, Changes: []stix.Change{{Path: "/nothing", Op: stix.OpDrop}}}); entente.KindOf(err) != entente.Invalid {
		t.Errorf("a path that is not there: %v", err)
	}
	if c.as("A").dump(t) != before {
		t.Error("something was kept of tearlines that were refused")
	}
}

// subjectOf is the record that a tearline refers to.
func (c *cell) subjectOf(name string, tear node.Tearline) entente.RecordID {
	c.t.Helper()
	m := c.as(name)
	page, err := m.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(tear.Object.Refs[0])})
	check(c.t, err)
	return page.Views[0].ID()
}
