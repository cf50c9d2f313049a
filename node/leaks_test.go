package node_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/node"
)

// The leak suite: ways in which real sharing systems have let out what they
// should not, each shown not to happen here. This file holds what the cases
// share; the cases are in leaks_*_test.go, the table that docs/leaks.md is made
// from in leaks_table_test.go.

// reach is all that a party can get to see in process, as text: its own store,
// lists, logs and counts, and what every other node answers it.
func (c *cell) reach(who string) string {
	c.t.Helper()
	m := c.as(who)
	var b strings.Builder
	b.WriteString(m.dump(c.t))
	show := func(what string, v any, err error) {
		text, broken := json.Marshal(v)
		check(c.t, broken)
		fmt.Fprintf(&b, "%s: %s %v\n", what, text, err)
	}
	list := func(at *member, q node.Query) {
		for {
			page, err := at.Read(ctx, entente.Reader{Party: m.Self()}, q)
			fmt.Fprintf(&b, "at %s: %d views, more %v, %v\n", at.name, len(page.Views), page.More, err)
			for _, v := range page.Views {
				full, err := at.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(v.ID())})
				check(c.t, err)
				for _, f := range full.Views {
					fmt.Fprintf(&b, "%s %+v %+v %+v\n%s\n", f.ID(), f.Header(), f.Object(), f.Grants(), f.Bytes())
				}
			}
			q.After = page.Next
			if !page.More {
				return
			}
		}
	}
	compacts, err := m.Compacts(ctx)
	show("compacts", compacts, err)
	for _, name := range c.names {
		at := c.as(name)
		for _, own := range []bool{true, false} {
			list(at, node.Query{Own: &own})
		}
		for _, s := range compacts {
			list(at, node.Query{Compact: s.ID})
		}
		if name != who {
			positions, err := at.Positions(ctx, m.Self())
			show("positions at "+name, positions, err)
		}
	}
	channels, err := m.Channels(ctx)
	show("channels", channels, err)
	health, err := m.Health(ctx)
	show("health", health, err)
	peers, err := m.Peers(ctx)
	show("peers", peers, err)
	parties, err := m.Parties(ctx)
	show("parties", parties, err)
	asks, err := m.Asks(ctx)
	show("asks", asks, err)
	recalls, err := m.Recalls(ctx)
	show("recalls", recalls, err)
	flags, err := m.Flags(ctx)
	show("flags", flags, err)
	conflicts, err := m.Conflicts(ctx)
	show("conflicts", conflicts, err)
	proposals, err := m.Proposals(ctx)
	show("proposals", proposals, err)
	return b.String()
}

// blind wants nothing that a party can reach to hold any of these words. One
// party that may see them shows that they would be found.
func (c *cell) blind(who, sighted string, words ...string) {
	c.t.Helper()
	dark, light := c.reach(who), c.reach(sighted)
	for _, w := range words {
		if strings.Contains(dark, w) {
			c.t.Errorf("%s can reach %q", who, w)
		}
		if !strings.Contains(light, w) {
			c.t.Errorf("%q is not found where it is, at %s: the check would see nothing", w, sighted)
		}
	}
}

// untouched runs fn and wants that nothing a party can reach has changed by it.
func (c *cell) untouched(who string, fn func()) {
	c.t.Helper()
	before := c.reach(who)
	fn()
	if after := c.reach(who); after != before {
		at := 0
		for at < len(before) && at < len(after) && before[at] == after[at] {
			at++
		}
		c.t.Errorf("%s can tell that something happened: %.300q", who, after[max(0, at-100):])
	}
}

// hands delivers one forged entry and gives the code it is answered with; an
// entry whose batch is refused whole has the code "".
func (c *cell) hands(liar, victim string, id entente.CompactID, p entente.Parcel) entente.Code {
	c.t.Helper()
	out, err := c.as(victim).Accept(ctx, c.as(liar).Self(), c.forge(c.as(liar), c.as(victim), id, p))
	if err != nil {
		return ""
	}
	return out.Codes[0]
}

// held is a record as a party that sees it has it.
func (m *member) held(t testing.TB, id entente.RecordID) entente.Record {
	t.Helper()
	page, err := m.Read(ctx, entente.Reader{Party: m.Self()}, node.Query{Record: string(id)})
	check(t, err)
	r, err := entente.ParseRecord(page.Views[0].Bytes())
	check(t, err)
	return r
}

// seenBy wants exactly these parties to see the record.
func (c *cell) seenBy(r entente.RecordID, names ...string) {
	c.t.Helper()
	for _, name := range c.names {
		want := false
		for _, n := range names {
			want = want || n == name
		}
		if c.as(name).sees(r) != want {
			c.t.Errorf("%s sees %s: %v", name, entente.Short(r), !want)
		}
	}
}
