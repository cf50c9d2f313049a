package node_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entente"
	"entente/node"
	"entente/stix"
)

// TestWhatComesOutIsByteIdentical puts objects with odd spelling, releases them,
// and compares what both ends show with what was put, byte for byte.
func TestWhatComesOutIsByteIdentical(t *testing.T) {
	c := newCell(t, "A", "B")
	id := c.found("A", "B")
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		raw := oddObject(t, n)
		obj, err := stix.Parse([]byte(raw))
		if err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		put, err := c.as("A").Put(ctx, []stix.Object{obj})
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.as("A").Put(ctx, []stix.Object{obj})
		if err != nil || !again[0].Known || again[0].Record != put[0].Record {
			t.Fatalf("put twice: %+v, %v", again[0], err)
		}
		if _, _, err := c.as("A").Release(ctx, c.order(id, []entente.RecordID{put[0].Record}, "B")); err != nil {
			t.Fatal(err)
		}
		if err := c.tryMeet("A", "B"); err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"A", "B"} {
			page, err := c.as(who).Read(ctx, entente.Reader{Party: c.as(who).Self()}, node.Query{Record: string(put[0].Record)})
			if err != nil || string(page.Views[0].Body()) != raw {
				t.Fatalf("%s shows other bytes than %s: %v", who, raw, err)
			}
		}
	})
	c.verify()
}

// oddObject writes a valid object in a spelling that no encoder would choose.
func oddObject(t *rapid.T, n int) string {
	space := func() string { return rapid.SampledFrom([]string{"", " ", "\n\t", "  "}).Draw(t, "space") }
	members := []string{
		fmt.Sprintf(`"id"%s:%s"x-odd--00000000-0000-4000-8000-%012x"`, space(), space(), n),
		`"type":"x-odd"`,
		`"spec_version": "2.1"`,
		`"created":"2026-01-01T00:00:00.000Z"`,
		fmt.Sprintf(`"modified":"2026-01-01T00:00:%02d.%sZ"`, rapid.IntRange(0, 59).Draw(t, "s"), rapid.SampledFrom([]string{"0", "000", "120", "123456"}).Draw(t, "f")),
		fmt.Sprintf(`"x_number":%s`, rapid.SampledFrom([]string{"1", "1.0", "1e0", "-0", "1E+2", "0.10", "12345678901234567890123", "1.7976931348623157e309"}).Draw(t, "number")),
		fmt.Sprintf(`"x_text":"%s"`, rapid.SampledFrom([]string{`\u0041`, `<&>`, `\/`, `ا\u0644`, `\ud83d\ude00`, `\u2028`, `é`, `e\u0301`}).Draw(t, "text")),
		`"x_deep":{"b":[1,{"a":null},true],"a":{}}`,
	}
	order := rapid.Permutation(members).Draw(t, "order")
	return "{" + space() + strings.Join(order, space()+","+space()) + space() + "}"
}
