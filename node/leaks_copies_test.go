package node_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
	"entente/store"
)

// Classes 18 to 20: what becomes of copies.

func TestLeak18MarkingsOfCopies(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	first, stixID := a.note(t, "marked")
	strict := c.order(id, []entente.RecordID{first}, "B", "C")
	strict.Handling.TLP, strict.Handling.Caveats = entente.TLPRed, []string{"for two readers"}
	strict.Handling.Onward = entente.OnwardAsk
	_, _, err := a.Release(ctx, strict)
	check(t, err)
	c.meetAll()
	handling := func(name string, r entente.RecordID) (out []string) {
		page, err := c.as(name).Read(ctx, entente.Reader{Party: c.as(name).Self()}, node.Query{Record: string(r)})
		check(t, err)
		for _, g := range page.Views[0].Grants() {
			out = append(out, fmt.Sprintf("%s %v", g.Handling.TLP, g.Handling.Caveats))
		}
		return out
	}
	want := "[red [for two readers]]"
	// A writes a newer version with a weaker label, for B: the older copy keeps its own.
	body := a.held(t, first).Body
	newer, err := stix.Parse([]byte(strings.Replace(string(body), `"modified":"2026-02-01T00:00:00.000Z"`, `"modified":"2026-02-02T00:00:00.000Z"`, 1)))
	check(t, err)
	put, err := a.Put(ctx, []stix.Object{newer})
	check(t, err)
	if put[0].Record == first || newer.ID != stixID {
		t.Fatal("the newer version is none")
	}
	weak := c.order(id, []entente.RecordID{put[0].Record}, "B")
	weak.Handling.TLP = entente.TLPGreen
	_, _, err = a.Release(ctx, weak)
	check(t, err)
	c.meetAll()
	for _, name := range []string{"B", "C"} {
		if got := fmt.Sprint(handling(name, first)); got != want {
			t.Errorf("%s holds the first version under %s, want %s", name, got, want)
		}
	}
	c.seenBy(put[0].Record, "A", "B")
	c.ask("B", first, entente.Relay, "D")
	c.meet("A", "B")
	c.answer("A", "")
	c.meet("A", "B")
	loose := c.order(id, []entente.RecordID{first}, "D")
	loose.Handling.Caveats = []string{"for two readers"}
	if _, _, err := b.Release(ctx, loose); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed under the newer version's label: %v", err)
	}
	loose.Handling.TLP, loose.Handling.Caveats = entente.TLPRed, nil
	if _, _, err := b.Release(ctx, loose); entente.KindOf(err) != entente.Refused {
		t.Errorf("relayed without the caveat: %v", err)
	}
	// The other way: what B marks in its own house stays there.
	for _, name := range []string{"A", "C", "D"} {
		c.untouched(name, func() {
			check(t, b.SetGroups(ctx, first, []string{"B's own group"}))
			c.meetAll()
		})
	}
	// A stricter release later does not loosen, and a looser one is a new act: both are shown.
	again := c.order(id, []entente.RecordID{first}, "C")
	_, _, err = a.Release(ctx, again)
	check(t, err)
	c.meetAll()
	if got := handling("C", first); len(got) != 2 || !strings.Contains(fmt.Sprint(got), "red [for two readers]") {
		t.Errorf("C holds it under %v", got)
	}
	c.verify()
}

func TestLeak19Exports(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a, b := c.as("A"), c.as("B")
	r, stixID := a.note(t, "exported or not")
	taken, _ := a.note(t, "taken back")
	gone, _ := a.note(t, "gone by then")
	c.release("A", id, []entente.RecordID{r, taken}, "B")
	o := c.order(id, []entente.RecordID{gone}, "B")
	o.Handling.Expires = entente.DateOf(c.now.AddDate(0, 0, 1))
	_, _, err := a.Release(ctx, o)
	check(t, err)
	c.meetAll()
	c.recall("A", []entente.RecordID{taken})
	c.meetAll()
	c.now = c.now.AddDate(0, 0, 2)
	// Nobody gets it bare, nor before the conditions are acknowledged.
	for _, x := range []struct {
		format       release.Format
		acknowledged bool
		reason       string
	}{
		{release.FormatRaw, true, "cannot carry its handling"}, {release.FormatSTIX, false, "under conditions"}, {release.FormatRecord, false, "under conditions"},
	} {
		out, err := b.Export(ctx, node.ExportOrder{Records: []entente.RecordID{r}, Format: x.format, Acknowledged: x.acknowledged})
		if entente.KindOf(err) != entente.Refused || len(out.Views) > 0 || !strings.Contains(err.Error(), x.reason) {
			t.Errorf("%s, acknowledged %v: %d views, %v", x.format, x.acknowledged, len(out.Views), err)
		}
	}
	for _, f := range []release.Format{release.FormatSTIX, release.FormatRecord} { // or the above proves nothing
		if out, err := b.Export(ctx, node.ExportOrder{Records: []entente.RecordID{r}, Format: f, Acknowledged: true}); err != nil || len(out.Views) != 1 {
			t.Errorf("%s, acknowledged: %v", f, err)
		}
	}
	check(t, b.SetGroups(ctx, r, []string{"north"}))
	for name, o := range map[string]store.Operator{
		"ana": {Roles: []string{node.RoleAnalyst}, Groups: []string{"north"}}, "sue": {Roles: []string{node.RoleAnalyst}, Groups: []string{"south"}},
		"root": {Roles: []string{node.RoleAdministrator}}, "eye": {Roles: []string{node.RoleInspector}}, "olga": {Roles: []string{node.RoleReleaser}, Groups: []string{"north"}},
	} {
		o.Name, o.Key = name, entente.NewPrivateKey().Key()
		for _, m := range []string{"B", "C"} {
			check(t, c.as(m).PutOperator(ctx, o))
		}
	}
	// Whatever the format: what an account cannot read it cannot export, and the
	// answer is that to a record that does not exist.
	for _, f := range release.Formats {
		for _, who := range []string{"ana", "sue", "root", "eye", "olga", "nobody"} {
			for _, x := range []entente.RecordID{r, taken, gone, entente.RecordID(stixID)} {
				for _, m := range []string{"B", "C"} {
					_, read := c.as(m).Read(ctx, entente.Reader{Party: c.as(m).Self(), Operator: who}, node.Query{Record: string(x)})
					out, err := c.as(m).Export(ctx, node.ExportOrder{Records: []entente.RecordID{x}, Format: f, Acknowledged: true, Operator: who})
					if read != nil && (err == nil || len(out.Views) > 0) {
						t.Errorf("%s of %s exports %s, and cannot read it", who, m, x)
					}
					if m == "C" && err == nil {
						t.Errorf("C exports what it never had")
					}
				}
			}
		}
	}
	c.blind("D", "A", string(r), "exported or not")
	c.verify()
}

func TestLeak20SharedBuffers(t *testing.T) {
	c := newCell(t, "A", "B", "C", "D")
	id := c.found("A", "B", "C", "D")
	a := c.as("A")
	// Objects with and without properties, read out of one buffer that is used again.
	var records []entente.RecordID
	bodies := map[entente.RecordID]string{}
	for i := range 12 {
		o, err := stix.NewIdentity(c.now, fmt.Sprint("object ", i), "organization")
		check(t, err)
		text := string(o.Raw)
		if i%3 == 0 {
			text = strings.Replace(text, `"name":`, fmt.Sprintf(`"x_secret_%d":"only here %d","name":`, i, i), 1)
		}
		buffer := []byte(text)
		parsed, err := stix.Parse(buffer)
		check(t, err)
		put, err := a.Put(ctx, []stix.Object{parsed})
		check(t, err)
		for k := range buffer {
			buffer[k] = 'X'
		}
		records = append(records, put[0].Record)
		bodies[put[0].Record] = text
	}
	c.release("A", id, records, "B")
	for i, r := range records {
		c.release("A", id, []entente.RecordID{r}, []string{"C", "D"}[i%2])
	}
	// Batches as a door reads them: out of a buffer that it uses for the next one.
	for _, name := range []string{"B", "C", "D"} {
		m := c.as(name)
		positions, err := m.Positions(ctx, a.Self())
		check(t, err)
		from := int64(0)
		for _, p := range positions {
			if p.Channel.From == a.Self() {
				from = p.Tree.Size
			}
		}
		page, err := a.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Owed: &node.Owed{Compact: id, From: from}})
		check(t, err)
		buffer := entente.AppendBatch(nil, page.Batch)
		b, err := entente.ParseBatch(buffer)
		check(t, err)
		out, err := m.Accept(ctx, a.Self(), b)
		check(t, err)
		for k := range buffer {
			buffer[k] = 'X'
		}
		for _, r := range out.Receipts {
			_, err := a.Accept(ctx, m.Self(), entente.Batch{Channel: b.Channel, Head: r})
			check(t, err)
		}
	}
	for i, r := range records {
		last := []string{"C", "D"}[i%2]
		c.seenBy(r, "A", "B", last)
		for _, name := range []string{"A", "B", last} {
			if got := c.as(name).held(t, r); string(got.Body) != bodies[r] {
				t.Errorf("object %d at %s is not the bytes that came in: %.120q", i, name, got.Body)
			}
		}
	}
	// A view that its reader writes into is nobody else's.
	reader := entente.Reader{Party: c.as("B").Self()}
	page, err := c.as("B").Read(ctx, reader, node.Query{Record: string(records[0])})
	check(t, err)
	v := page.Views[0]
	for _, b := range [][]byte{v.Body(), v.Bytes()} {
		for k := range b {
			b[k] = 'X'
		}
	}
	grants := v.Grants()
	grants[0].Handling.TLP, grants[0].Reader = entente.TLPClear, c.as("D").Self()
	again, err := c.as("B").Read(ctx, reader, node.Query{Record: string(records[0])})
	check(t, err)
	for _, w := range []release.View{v, again.Views[0]} {
		if !bytes.Equal(w.Body(), []byte(bodies[records[0]])) || w.Grants()[0].Handling.TLP != entente.TLPAmber || w.Grants()[0].Reader != c.as("B").Self() {
			t.Error("a reader has changed what the node shows")
		}
	}
	c.verify()
}
