package node_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/node"
	"entente/store"
)

func TestQuotasHoldBackAndRefuse(t *testing.T) {
	c := newCell(t, "A", "B")
	ch := c.charter("A", "B")
	ch.Quota = entente.Quota{Acts: 3}
	id, err := c.as("A").Found(ctx, ch)
	check(t, err)
	c.meetAll()
	_, err = c.as("B").Accede(ctx, id, "", "")
	check(t, err)
	c.meetAll()
	var records []entente.RecordID
	for i := range 5 {
		r, _ := c.as("A").note(t, fmt.Sprint("r", i))
		records = append(records, r)
		c.release("A", id, []entente.RecordID{r}, "B")
	}
	seen := func() (n int) {
		for _, r := range records {
			if c.as("B").sees(r) {
				n++
			}
		}
		return n
	}
	c.meetAll()
	if seen() != 3 {
		t.Errorf("on the first day %d pass, the quota is 3", seen())
	}
	// Control acts always go.
	act, err := c.as("A").Suspend(ctx, id, c.as("A").Self(), "")
	check(t, err)
	c.meetAll()
	if !strings.Contains(c.as("B").dump(t), string(act)) {
		t.Error("a suspension waits for a quota")
	}
	_, err = c.as("A").Resume(ctx, id, c.as("A").Self())
	check(t, err)
	c.now = c.now.Add(24 * time.Hour)
	c.meetAll()
	if seen() != 5 {
		t.Errorf("on the second day %d have passed", seen())
	}
	// A sender that does not count is refused beyond twice the quota.
	c.now = c.now.Add(24 * time.Hour)
	a, b := c.as("A"), c.as("B")
	var codes []entente.Code
	for i := range 8 {
		r := c.record(a.Self(), fmt.Sprint("flood", i))
		out, err := b.Accept(ctx, a.Self(), c.forge(a, b, id, parcelOf(c.say(a, c.releaseOf(id, entente.ActID(id), b.Self(), r)), r)))
		check(t, err)
		codes = append(codes, out.Codes[0])
	}
	if codes[5] != entente.CodeApplied || codes[6] != entente.RefusedQuota || codes[7] != entente.RefusedQuota {
		t.Errorf("%v", codes)
	}
	report, err := b.Verify(ctx, nil)
	check(t, err)
	if report.Problem != "" {
		t.Error(report.Problem)
	}
}

func TestRefusalsBecomeCounters(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	a, b := c.as("A"), c.as("B")
	bad := c.forge(a, b, id, entente.Parcel{Leaf: entente.ActID("sha256:" + strings.Repeat("0", 64))})
	bad.First += 100
	for range 200 {
		if _, err := b.Accept(ctx, a.Self(), bad); err == nil {
			t.Fatal("accepted")
		}
	}
	c.now = c.now.Add(2 * time.Minute)
	if _, err := b.Accept(ctx, a.Self(), bad); err == nil {
		t.Fatal("accepted")
	}
	events, err := b.Events(ctx, 0, 100000)
	check(t, err)
	lines, counter := 0, false
	for _, e := range events {
		if e.What == "refused" {
			lines++
			counter = counter || strings.Contains(e.Detail, "180 more refusals")
		}
	}
	if lines > 25 || !counter {
		t.Errorf("%d lines, counter %v", lines, counter)
	}
}

func TestAnInspectorSeesTheLogAndNothingElse(t *testing.T) {
	c := newCell(t, "A", "B", "C")
	id := c.found("A", "B", "C")
	other := c.found("A", "B")
	r, stixID := c.as("A").note(t, "secret content")
	c.release("A", id, []entente.RecordID{r}, "B")
	c.release("A", other, []entente.RecordID{r}, "B")
	c.meetAll()
	a := c.as("A")
	check(t, a.PutOperator(ctx, store.Operator{Name: "eye", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleInspector}}))
	check(t, a.PutOperator(ctx, store.Operator{Name: "olga", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleReleaser}}))
	if _, err := a.Inspect(ctx, "olga", id); entente.KindOf(err) != entente.Refused {
		t.Errorf("a releaser inspects: %v", err)
	}
	first, err := a.Inspect(ctx, "eye", id)
	check(t, err)
	check(t, first.Check(nil))
	text, err := json.Marshal(first)
	check(t, err)
	for _, hidden := range []string{string(stixID), "secret content", string(r), string(other)} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("the inspection holds %q", hidden)
		}
	}
	if len(first.Markings) != 1 || first.Markings[0].Handling.TLP != entente.TLPAmber {
		t.Errorf("markings %+v", first.Markings)
	}
	if _, err := a.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{r}, Scope: "delete", Reason: "x"}); entente.KindOf(err) != entente.Refused {
		t.Errorf("recalled without a person: %v", err)
	}
	second, err := a.Inspect(ctx, "eye", id)
	check(t, err)
	check(t, second.Check(&first))
	for what, change := range map[string]func(*node.Inspection){
		"a line left out":  func(x *node.Inspection) { x.Lines = x.Lines[1:] },
		"a line changed":   func(x *node.Inspection) { x.Lines[0].Detail += "x" },
		"the last cut off": func(x *node.Inspection) { x.Lines = x.Lines[:len(x.Lines)-1] },
		"an older head":    func(x *node.Inspection) { x.Head = first.Head },
		"another party":    func(x *node.Inspection) { x.Party = c.as("B").Self() },
	} {
		x, err := a.Inspect(ctx, "eye", id)
		check(t, err)
		change(&x)
		if x.Check(nil) == nil {
			t.Errorf("%s was not noticed", what)
		}
	}
	if first.Check(&second) == nil {
		t.Error("a log that became shorter was not noticed")
	}
}
