package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entente"
	"entente/node"
	"entente/stix"
)

// The part of the story in which Almara keeps the say over what it has let go:
// consent to pass on, a suspension that works through the relay, a recall.

// demoPlace is a record that is invented for these steps.
type demoPlace struct {
	id     stix.ID
	record entente.RecordID
	words  string // of its text, to be looked for in files
}

// putPlaces has Almara keep invented places and release them to Belisk, which
// may ask to pass them on.
func (d *demo) putPlaces() error {
	type location struct {
		Type        string  `json:"type"`
		SpecVersion string  `json:"spec_version"`
		ID          stix.ID `json:"id"`
		Created     string  `json:"created"`
		Modified    string  `json:"modified"`
		Name        string  `json:"name"`
		Description string  `json:"description"`
		Region      string  `json:"region"`
	}
	const at = "2026-03-01T08:00:00.000Z"
	bundle := struct {
		Type    string     `json:"type"`
		ID      stix.ID    `json:"id"`
		Objects []location `json:"objects"`
	}{Type: "bundle", ID: stix.NewID("bundle")}
	for _, p := range [][2]string{
		{"Crossing by the old mill", "two lorries wait behind the brick kiln"},
		{"Store house on the canal", "a blue gate opens towards the water"},
	} {
		l := location{"location", "2.1", stix.NewID("location"), at, at, p[0] + " (invented for this demo)", "Invented: " + p[1] + ".", "western-asia"}
		bundle.Objects = append(bundle.Objects, l)
		d.places = append(d.places, demoPlace{id: l.ID, words: p[1]})
	}
	b, err := json.Marshal(bundle)
	if err != nil {
		return err
	}
	file := filepath.Join(filepath.Dir(d.almara().dir), "places.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return err
	}
	var put putAnswer
	if err := d.almara().read(&put, "put", file); err != nil {
		return err
	}
	for i, r := range put.Files[0].Records {
		d.places[i].record = r.Record
	}
	a, err := d.release(d.belisk(), []stix.ID{d.places[0].id, d.places[1].id}, "--onward", "ask")
	if err == nil && !a.Allowed {
		err = a.Refusal.err()
	}
	return err
}

// relay has Belisk pass a place on to Dunmere.
func (d *demo) relay(p demoPlace, command string) (orderAnswer, error) {
	return d.belisk().order(command, string(p.record), "--to", "Dunmere", "--compact", demoCompact)
}

// agreed has Belisk ask with the command that the preview gave, and Almara
// consent; it says whether Almara saw who asks, what for, for whom and why.
func (d *demo) agreed(p demoPlace, command, reason string) (bool, askLine, error) {
	var asked, seen, answered askLine
	if err := d.belisk().read(&asked, append(strings.Fields(command)[1:], "--reason", reason)...); err != nil {
		return false, seen, err
	}
	find := func(who *demoParty, l *askLine) func() (bool, error) {
		return func() (bool, error) {
			var a asksAnswer
			err := who.read(&a, "asks")
			if i := slices.IndexFunc(a.Asks, func(l askLine) bool { return l.Ask == asked.Ask }); i >= 0 {
				*l = a.Asks[i]
			}
			return l.Ask == asked.Ask && (who == d.almara() || !l.Open), err
		}
	}
	ok, err := d.until("Belisk's question is to reach Almara", find(d.almara(), &seen))
	if !ok || err != nil {
		return false, seen, err
	}
	if _, err := d.almara().run("consent", string(asked.Ask)); err != nil {
		return false, seen, err
	}
	ok, err = d.until("Almara's consent is to reach Belisk", find(d.belisk(), &answered))
	whole := seen.Open && seen.From.Party == d.belisk().id && seen.Record == p.record && seen.Use == entente.Relay && seen.Reason == reason &&
		len(seen.Recipients) == 1 && seen.Recipients[0].Party == d.dunmere().id
	return ok && whole && answered.Refused == "", seen, err
}

func (d *demo) askAndRelay() error {
	d.step("Belisk asks Almara, and passes a record on to Dunmere", "Each record and each recipient is asked for; its author decides.")
	if err := d.putPlaces(); err != nil {
		return err
	}
	ok, err := d.awaitView(d.belisk())
	if err != nil {
		return err
	}
	p := d.places[0]
	d.say("Almara has let Belisk have two invented places, which it may ask to pass on.")
	d.command("belisk", fmt.Sprintf("entente release ID --to Dunmere --compact %q", demoCompact))
	before, err := d.relay(p, "release")
	if err != nil {
		return err
	}
	if len(before.Asks) != 1 {
		return fmt.Errorf("the release by Belisk asks for %d consents, expected 1", len(before.Asks))
	}
	d.quote(wrap("To ask for consent: "+before.Asks[0], screenWidth-6)...)
	d.claim(ok && !before.Allowed && len(before.Acts) == 0, "refused by Belisk's own node: Almara's consent is missing; this command asks for it")
	agreed, seen, err := d.agreed(p, before.Asks[0], "Dunmere has a post there")
	if err != nil {
		return err
	}
	d.command("almara", "entente asks")
	d.quote(fmt.Sprintf("%s asks for consent to pass on", seen.From.Name), seen.Name, fmt.Sprintf("to %s; reason: %s", listed(seen.Recipients), seen.Reason))
	d.command("almara", "entente consent ID")
	d.claim(agreed, "Almara saw who asks, what, for whom and why; its signed consent reached Belisk")
	d.command("belisk", fmt.Sprintf("entente release ID --to Dunmere --compact %q", demoCompact))
	a, err := d.relay(p, "release")
	if err != nil {
		return err
	}
	if a.Allowed {
		d.seen[d.dunmere()] = append(d.seen[d.dunmere()], string(p.id))
	}
	ok, err = d.awaitView(d.dunmere())
	if err != nil {
		return err
	}
	d.claim(a.Allowed && ok, "Dunmere sees it: its first record, and the only one")
	if !ok {
		return nil
	}
	var w whereAnswer
	d.command("dunmere", "entente where ID")
	if err := d.dunmere().read(&w, "where", string(p.id)); err != nil {
		return err
	}
	d.claim(w.Record == p.record && w.Originator.Party == d.almara().id && len(w.Came) == 1 && w.Came[0].From.Party == d.belisk().id && w.Came[0].Consent != "",
		"Almara's bytes and name, by way of Belisk, with Almara's consent")
	return nil
}

func (d *demo) cutOff() error {
	d.step("Almara suspends its flow to Dunmere: Belisk can no more, too", "A suspension works through whoever stands in between.")
	p := d.places[1]
	need, err := d.relay(p, "preview")
	if err != nil {
		return err
	}
	if len(need.Asks) != 1 {
		return fmt.Errorf("the preview by Belisk asks for %d consents, expected 1", len(need.Asks))
	}
	agreed, _, err := d.agreed(p, need.Asks[0], "the other end of the same road")
	if err != nil {
		return err
	}
	could, err := d.relay(p, "preview")
	if err != nil {
		return err
	}
	d.claim(agreed && could.Allowed, "with a second consent, Belisk's preview allows the second place as well")
	d.command("almara", fmt.Sprintf("entente compact suspend %q --member Dunmere --reason ...", demoCompact))
	if _, err := d.almara().run("compact", "suspend", demoCompact, "--member", "Dunmere", "--reason", "a leak is looked into"); err != nil {
		return err
	}
	told, err := d.awaitFlow(d.dunmere(), true)
	if err != nil {
		return err
	}
	d.command("belisk", fmt.Sprintf("entente release ID --to Dunmere --compact %q", demoCompact))
	a, err := d.relay(p, "release")
	if err != nil {
		return err
	}
	for _, r := range a.Recipients {
		for _, n := range r.Needs {
			d.quote(wrap(n.text(r.partyRef), screenWidth-6)...)
		}
	}
	same, _, err := d.sees(d.dunmere())
	if err != nil {
		return err
	}
	ids := []string{string(p.id), strings.TrimPrefix(string(p.record), "sha256:"), p.words}
	there, err := d.belisk().mentions(ids)
	if err != nil {
		return err
	}
	here, err := d.dunmere().mentions(ids)
	if err != nil {
		return err
	}
	d.claim(told && !a.Allowed && len(a.Acts) == 0 && same, "told of it, Belisk's node refuses what it would have sent; Dunmere keeps what it had")
	d.claim(here == 0 && there == len(ids), "neither id nor text of the second place stands in Dunmere's files")
	d.command("almara", fmt.Sprintf("entente compact resume %q --member Dunmere", demoCompact))
	if _, err := d.almara().run("compact", "resume", demoCompact, "--member", "Dunmere"); err != nil {
		return err
	}
	told, err = d.awaitFlow(d.dunmere(), false)
	d.claim(told, "all four answer: resumed")
	return err
}

func (d *demo) takeBack() error {
	d.step("Almara takes the record back, from Belisk and from Dunmere", "A recall reaches all who were let have it; each signs that it is gone.")
	p, holders := d.places[0], []*demoParty{d.belisk(), d.dunmere()}
	mentions := func() (int, error) {
		n := 0
		for _, holder := range holders {
			k, err := holder.mentions([]string{p.words})
			if err != nil {
				return 0, err
			}
			n += k
		}
		return n, nil
	}
	before, err := mentions()
	if err != nil {
		return err
	}
	d.command("almara", fmt.Sprintf("entente recall ID --scope delete --reason %q", "its source is at risk"))
	var signed recallAnswer
	if err := d.almara().read(&signed, "recall", string(p.record), "--scope", "delete", "--reason", "its source is at risk"); err != nil {
		return err
	}
	for _, holder := range holders {
		d.seen[holder] = slices.DeleteFunc(d.seen[holder], func(id string) bool { return id == string(p.id) })
	}
	var a recallsAnswer
	confirmed, err := d.until("Belisk and Dunmere are to confirm", func() (bool, error) {
		err := d.almara().read(&a, "recalls")
		open := slices.ContainsFunc(a.Recalls, func(r recallLine) bool { return r.State != node.RecallApplied })
		return len(a.Recalls) == len(holders) && !open, err
	})
	if err != nil {
		return err
	}
	d.command("almara", "entente recalls")
	rows := [][]string{{"FROM", "SINCE", "DUE", "STATE"}}
	for _, r := range a.Recalls {
		rows = append(rows, []string{r.To.Name, stamp(r.Since), stamp(r.Due), recallWords[r.State]})
	}
	d.table(rows)
	d.claim(confirmed && len(signed.Recalls) == len(holders), "both have signed that they applied it: the relay, and whom it passed it on to")
	gone, err := d.all(d.awaitView, holders...)
	if err != nil {
		return err
	}
	var own showAnswer
	erased, err := d.until("the text is to leave the files", func() (bool, error) {
		n, err := mentions()
		return n == 0, err
	})
	if err := errors.Join(err, d.almara().read(&own, "show", string(p.record))); err != nil {
		return err
	}
	d.claim(gone && erased && before == len(holders) && len(own.Records) == 1 && strings.Contains(own.Records[0].Body, p.words),
		"its text stood in the files of both; now it stands in neither, and Almara has its own")
	return nil
}
