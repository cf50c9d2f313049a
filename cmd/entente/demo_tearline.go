package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/stix"
)

// tearline gives Dunmere less of a record than Corvane has.
func (d *demo) tearline() error {
	d.step("A tearline for Dunmere: less than Corvane has", "A record of its own; that it belongs to a fuller one stays with its author.")
	dunmere, full := d.dunmere(), statementID("04")
	const phrase = "three months at most"
	d.command("almara", "entente tearline ID --replace /content=... --drop-ref ...")
	var tear tearlineAnswer
	err := d.almara().read(&tear, "tearline", string(full), "--drop-ref", string(sourceID("moscow")), "--drop", "/labels",
		"--replace", "/abstract=A centre is agreed", "--replace", "/content=Somebody says that there is to be a centre.")
	if err != nil {
		return err
	}
	var note stixObject
	if err := json.Unmarshal([]byte(tear.Body), &note); err != nil {
		return fmt.Errorf("tearline: %w", err)
	}
	d.quote(append(wrap(note.Content, screenWidth-6), fmt.Sprintf("%s, who said so is left out", note.Abstract))...)
	d.claim(note.ID != full && len(tear.Warnings) == 0, "under an id of its own; the check finds nothing left of what was cut")

	d.command("almara", fmt.Sprintf("entente release ID --with-references --to Dunmere --compact %q", demoCompact))
	with := append([]stix.ID{tear.STIX}, note.ObjectRefs...)
	a, err := d.almara().order("release", "--to", dunmere.name, "--compact", demoCompact, "--with-references", string(tear.STIX))
	if err != nil {
		return err
	}
	for _, id := range with {
		if !slices.Contains(d.seen[dunmere], string(id)) {
			d.seen[dunmere] = append(d.seen[dunmere], string(id))
		}
	}
	ok, err := d.awaitView(dunmere)
	if err != nil {
		return err
	}
	var got showAnswer
	if err := dunmere.read(&got, "show", string(tear.STIX)); err != nil {
		return err
	}
	d.claim(a.Allowed && ok && len(got.Records) == 1 && got.Records[0].Record == tear.Record && got.Records[0].Body == tear.Body,
		"Dunmere sees it, and the centre that it speaks of")
	clues := []string{phrase, string(full), string(tear.Full)}
	here, err := dunmere.mentions(clues)
	if err != nil {
		return err
	}
	there, err := d.corvane().mentions(clues)
	if err != nil {
		return err
	}
	d.claim(here == 0 && there == len(clues), "the words that were cut and the fuller record's two ids: %d of %d stand in Dunmere's files (in Corvane's: %d)", here, len(clues), there)
	lines, err := dunmere.refused("show", string(tear.Full))
	if err != nil {
		return err
	}
	absent := entente.RecordID("sha256:" + fmt.Sprintf("%064d", 0))
	none, err := dunmere.refused("show", string(absent))
	if err != nil {
		return err
	}
	same := strings.ReplaceAll(strings.Join(lines, "\n"), string(tear.Full), "ID") == strings.ReplaceAll(strings.Join(none, "\n"), string(absent), "ID")
	d.claim(len(lines) > 0 && same, "asked for the fuller one, Dunmere answers as for what never was")
	return nil
}
