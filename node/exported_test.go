package node_test

import (
	"encoding/json"
	"strings"
	"testing"

	"entente"
	"entente/node"
	"entente/release"
)

// exportOf is what B's export of a record that A released carries, as a file would.
func exportOf(t *testing.T) (c *cell, file []byte) {
	t.Helper()
	c = newCell(t, "A", "B")
	id := c.found("A", "B")
	r, _ := c.as("A").note(t, "r")
	c.release("A", id, []entente.RecordID{r}, "B")
	own, _ := c.as("B").note(t, "own")
	c.meetAll()
	b := c.as("B")
	export, err := b.Export(ctx, node.ExportOrder{Records: []entente.RecordID{r, own}, Format: release.FormatRecord, Acknowledged: true})
	check(t, err)
	x, err := b.ExportRecords(ctx, export.Views)
	check(t, err)
	file, err = json.Marshal(x)
	check(t, err)
	return c, file
}

func readExport(t *testing.T, file []byte) *node.Exported {
	t.Helper()
	var x node.Exported
	check(t, json.Unmarshal(file, &x))
	return &x
}

func TestExportedRecordsAreCheckedWithoutAStore(t *testing.T) {
	_, file := exportOf(t)
	vouched, err := readExport(t, file).Check()
	check(t, err)
	if len(vouched) != 2 || len(vouched[0].Handling) != 1 || vouched[0].Handling[0].TLP != entente.TLPAmber || len(vouched[1].Handling) != 0 {
		t.Errorf("vouched: %+v", vouched)
	}
}

func TestExportThatWasTamperedWithIsFound(t *testing.T) {
	c, file := exportOf(t)
	forger := entente.NewPrivateKey()
	// forged signs as A, under a card with the forger's keys.
	forged := func(x *node.Exported) {
		ring := c.as("B").ring
		next := c.as("A").card.Act
		body := *next.CardBody
		body.Version, body.Previous, body.Keys = 2, c.as("A").card.ID, ring.CardKeys(forger)
		card, err := entente.Sign(entente.Act{Kind: entente.KindCard, Signer: c.as("A").Self(), Card: 2, Time: next.Time, CardBody: &body}, ring.Signers(forger)...)
		check(t, err)
		for i := range x.Parties {
			if x.Parties[i].Party == c.as("A").Self() {
				x.Parties[i].Cards = [][]byte{card.Envelope()}
			}
		}
		s, err := entente.ParseSigned(x.Acts[0])
		check(t, err)
		s.Act.Card = 2
		s.Act.Release.Handling.TLP = entente.TLPClear
		again, err := entente.Sign(s.Act, ring.Act)
		check(t, err)
		x.Acts[0], x.Records[0].Releases[0] = again.Envelope(), again.ID
	}
	for name, tamper := range map[string]func(*node.Exported){
		"another body": func(x *node.Exported) {
			x.Records[0].Bytes = []byte(strings.Replace(string(x.Records[0].Bytes), "subject of r", "subject of s", 1))
		},
		"no release":       func(x *node.Exported) { x.Records[0].Releases = nil },
		"another's record": func(x *node.Exported) { x.Records[1].Releases = x.Records[0].Releases },
		"other exporter":   func(x *node.Exported) { x.By = c.as("A").Self() },
		"no cards":         func(x *node.Exported) { x.Parties = nil },
		"an empty list":    func(x *node.Exported) { x.Parties[0].Cards = nil },
		"a forged card":    func(x *node.Exported) { forged(x) },
		"another format":   func(x *node.Exported) { x.Format = "entente-export/2" },
	} {
		x := readExport(t, file)
		tamper(x)
		if _, err := x.Check(); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}
