package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entente"
)

// The first half of the story: four parties come to an agreement.

func (d *demo) opening() {
	d.line(d.paint(bold, "Entente: four parties, four nodes, no centre"))
	d.line("")
	d.say("The parties are invented. What they exchange is the public record: what officials and others said about an information centre in Baghdad, 2015 to 2020, restated in other words. A claim stays a claim.")
	d.line("")
	d.say("Each party below has its own data directory, its own process, its own keys; they meet over mutual TLS on this machine. Lines with ok were checked just now, against what the parties' own nodes answered.")
}

func (d *demo) makeParties() error {
	d.step("Four parties make their keys", "No registry, no authority: a party is named by the hash of its own card.")
	d.command("almara", "entente init DIR --name Almara --endpoint "+d.almara().addr)
	err := d.each(func(p *demoParty) error {
		var a initAnswer
		err := p.read(&a, "init", "--name", p.name, "--endpoint", p.addr)
		p.id, p.print = a.Party, a.Fingerprint
		return err
	})
	if err != nil {
		return err
	}
	rows := [][]string{{"PARTY", "ID", "REACHED AT", "FINGERPRINT, FIRST WORDS OF 12"}}
	ids := map[entente.PartyID]bool{}
	for _, p := range d.parties {
		ids[p.id] = true
		spoken := strings.Fields(p.print.Words)
		rows = append(rows, []string{p.name, entente.Short(p.id), p.addr, strings.Join(spoken[:min(4, len(spoken))], " ")})
	}
	d.table(rows)
	works, err := d.all(func(p *demoParty) (bool, error) {
		var a statusAnswer
		err := p.read(&a, "status")
		return a.Works && a.Party == p.id && a.Name == p.name && a.Records == 0, err
	})
	if err != nil {
		return err
	}
	d.claim(works && len(ids) == 4, "four parties with four ids; each store works and is empty")
	return nil
}

// all asks every party (or these) and says whether all said yes.
func (d *demo) all(ask func(*demoParty) (bool, error), parties ...*demoParty) (bool, error) {
	answers := make(chan bool, len(d.parties))
	err := d.each(func(p *demoParty) error {
		ok, err := ask(p)
		answers <- ok && err == nil
		return err
	}, parties...)
	close(answers)
	for ok := range answers {
		if !ok {
			return false, err
		}
	}
	return true, err
}

func (d *demo) compareFingerprints() error {
	d.step("They hand over cards and compare fingerprints", "Whoever swaps a card on the way is found out: people compare 12 words.")
	card := func(p *demoParty) string { return p.dir + ".card" }
	err := d.each(func(p *demoParty) error {
		_, err := p.run("card", "--out", card(p))
		return err
	})
	if err != nil {
		return err
	}
	words := strings.Fields(d.belisk().print.Words)
	d.command("almara", fmt.Sprintf("entente trust belisk.card --fingerprint %q", strings.Join(words[:2], " ")+" ... "+words[len(words)-1]))
	lines, err := d.almara().refused("trust", card(d.belisk()), "--fingerprint", d.corvane().print.Words)
	if err != nil {
		return err
	}
	d.say("In life, the words are read over the telephone; here the demo carries them.")
	about := strings.Contains(strings.ToLower(strings.Join(lines, "\n")), "fingerprint")
	d.claim(about, "Belisk's card with the words of Corvane: refused")
	err = d.each(func(p *demoParty) error {
		for _, other := range d.parties {
			if other == p {
				continue
			}
			if _, err := p.run("trust", card(other), "--fingerprint", other.print.Words); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	trusted, err := d.all(func(p *demoParty) (bool, error) {
		var a partiesAnswer
		err := p.read(&a, "parties")
		n := 0
		for _, other := range a.Parties {
			if other.Trusted && !other.Self && !other.Frozen {
				n++
			}
		}
		return n == 3 && len(a.Parties) == 4, err
	})
	if err != nil {
		return err
	}
	d.claim(trusted, "each of the four trusts the three others, by their words")
	return nil
}

func (d *demo) startNodes() error {
	d.step("Three nodes start; Dunmere's stays off for now", "A party that is away holds up nobody, and misses nothing.")
	d.command("almara", "entente serve --listen "+d.almara().addr)
	online := d.parties[:3]
	if err := d.each((*demoParty).serve, online...); err != nil {
		return err
	}
	rows := [][]string{{"PARTY", "PROCESS", "LISTENING"}}
	for _, p := range online {
		rows = append(rows, []string{p.name, fmt.Sprint(p.serving.Process.Pid), p.addr})
	}
	d.table(append(rows, []string{"Dunmere", "-", "not running"}))
	up, err := d.all(func(p *demoParty) (bool, error) {
		var a statusAnswer
		err := p.read(&a, "status")
		return a.Serving == (p != d.dunmere()) && (p == d.dunmere() || a.Listening == p.addr), err
	})
	if err != nil {
		return err
	}
	d.claim(up, "three processes serve and answer; Dunmere's does not run")
	return nil
}

func (d *demo) charterFile() string {
	return filepath.Join(filepath.Dir(d.almara().dir), "charter.json")
}

func (d *demo) draftCharter() error {
	d.step("Almara drafts an agreement, and reads it in words", "Everybody signs the same bytes, and can read them before.")
	d.command("almara", fmt.Sprintf("entente compact draft --out charter.json --name %q ...", demoCompact))
	_, err := d.almara().run("compact", "draft", "--out", d.charterFile(), "--name", demoCompact,
		"--purpose", demoPurpose, "--purpose", "judge what was said in public", "--category", "public statements",
		"--legal-basis", "decision of its government, invented for this demo", "--days", "365")
	if err != nil {
		return err
	}
	d.command("almara", "entente compact review charter.json")
	b, err := d.almara().run("compact", "review", d.charterFile())
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	var shown []string
	for _, begin := range []string{"Agreement:", "Type:", "Purposes:", "Members:", "Ends:", "Decisions:", "Marking unless", "Passing on unless", "A recall must"} {
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, begin) })
		if at < 0 {
			return fmt.Errorf("the charter in words has no line that begins %q", begin)
		}
		shown = append(shown, lines[at])
		for _, item := range lines[at+1:] {
			if !strings.HasPrefix(item, "  - ") {
				break
			}
			shown = append(shown, item)
		}
	}
	d.quote(append(shown, fmt.Sprintf("[%d lines of %d]", len(shown), len(lines)))...)
	complete := true
	for _, p := range d.parties {
		complete = complete && strings.Contains(string(b), entente.Short(p.id))
	}
	d.claim(complete, "the words name all four members by the ids of their cards")
	return nil
}

func (d *demo) foundCompact() error {
	d.step("Almara founds it; Belisk and Corvane accede", "One signature is missing, so that it is not in force.")
	d.command("almara", "entente compact found charter.json")
	var a foundAnswer
	if err := d.almara().read(&a, "compact", "found", d.charterFile()); err != nil {
		return err
	}
	d.compact = a.Compact
	d.command("belisk", fmt.Sprintf("entente compact accede %q", demoCompact))
	acceding := []*demoParty{d.belisk(), d.corvane()}
	arrived, err := d.all(func(p *demoParty) (bool, error) { return d.accede(p) }, acceding...)
	if err != nil {
		return err
	}
	d.claim(arrived, "the charter reached Belisk and Corvane by itself; both signed it")
	waits, err := d.until("everybody learns who has signed", func() (bool, error) {
		return d.all(func(p *demoParty) (bool, error) {
			c, err := p.compact()
			return c.State == "waiting" && len(c.Missing) == 1 && c.Missing[0].Party == d.dunmere().id, err
		}, d.parties[:3]...)
	})
	if err != nil {
		return err
	}
	d.claim(waits, "all three answer: waiting for Dunmere alone")
	return nil
}

// accede waits for the charter to reach a party, and signs it.
func (d *demo) accede(p *demoParty) (bool, error) {
	ok, err := d.until("the charter is to reach "+p.name, func() (bool, error) {
		var a compactsAnswer
		err := p.read(&a, "compact", "ls")
		return len(a.Compacts) == 1 && a.Compacts[0].Compact == d.compact && a.Compacts[0].State == "waiting", err
	})
	if !ok || err != nil {
		return ok, err
	}
	_, err = p.run("compact", "accede", demoCompact)
	return true, err
}

// compact is what the party knows of the agreement.
func (p *demoParty) compact() (compactAnswer, error) {
	var a compactAnswer
	err := p.read(&a, "compact", "show", demoCompact)
	return a, err
}

func (d *demo) putRecord() error {
	d.step("Almara keeps the public record, for itself", "What is put is private: nothing leaves that was not released.")
	bundle, err := d.record.bundle()
	if err != nil {
		return err
	}
	file := filepath.Join(filepath.Dir(d.almara().dir), "public-record.json")
	if err := os.WriteFile(file, bundle, 0o600); err != nil {
		return err
	}
	d.command("almara", "entente put public-record.json")
	var first, again putAnswer
	if err := errors.Join(d.almara().read(&first, "put", file), d.almara().read(&again, "put", file)); err != nil {
		return err
	}
	r := d.record
	d.table([][]string{
		{"OBJECTS", "STIX 2.1 TYPE", "WHAT THEY ARE"},
		{fmt.Sprint(len(r.Sources)), "identity", "who spoke: bodies, roles, officials"},
		{fmt.Sprint(len(r.Statements)), "note", "statements, each with its outlets"},
		{fmt.Sprint(len(r.Conditions)), "note", "conditions and refusals of other states"},
		{fmt.Sprint(len(r.Readings)), "note", "readings: what fits, what contradicts"},
		{"1", "report", "that gathers the notes"},
	})
	total := len(r.all())
	d.claim(first.New == total && first.Conflicts == 0, "Almara took in %d records", total)
	d.claim(again.New == 0 && again.Known == total, "put a second time: %d new, %d known already", again.New, again.Known)
	private, err := d.all(func(p *demoParty) (bool, error) {
		ok, _, err := d.sees(p)
		return ok, err
	})
	if err != nil {
		return err
	}
	d.claim(private, "nobody sees anything of another party's yet")
	return nil
}

func (d *demo) accedeLate() error {
	d.step("Nothing flows before the last one has signed", "An agreement binds all of its members, or none.")
	first := string(statementID(d.record.Statements[0].Key))
	d.command("almara", "entente release ... --to Belisk")
	before, err := d.almara().order("release", first, "--with-references", "--to", "Belisk", "--compact", demoCompact)
	if err != nil {
		return err
	}
	d.quote(refusalLines(before)...)
	d.claim(!before.Allowed && len(before.Acts) == 0 && before.Refusal != nil, "Almara's own node refuses to sign the release")
	d.say("Dunmere comes back, finds the charter waiting, and accedes.")
	if err := d.dunmere().serve(); err != nil {
		return err
	}
	arrived, err := d.accede(d.dunmere())
	if err != nil {
		return err
	}
	d.claim(arrived, "the charter reached Dunmere once its node ran, and it signed")
	force, err := d.until("everybody learns that it is in force", func() (bool, error) {
		return d.all(func(p *demoParty) (bool, error) {
			c, err := p.compact()
			return c.State == "in force" && len(c.Missing) == 0 && len(c.Roster) == 4, err
		})
	})
	if err != nil {
		return err
	}
	d.claim(force, "all four answer: in force")
	nothing, err := d.all(func(p *demoParty) (bool, error) {
		ok, _, err := d.sees(p)
		return ok, err
	})
	if err != nil {
		return err
	}
	d.claim(nothing, "and still nobody sees a record of another party's")
	return nil
}

// refusalLines are why an order was refused, in the node's own words.
func refusalLines(a orderAnswer) []string {
	if a.Refusal == nil {
		return nil
	}
	lines := wrap(a.Refusal.Message, screenWidth-6)
	if a.Refusal.Hint != "" {
		lines = append(lines, wrap("hint: "+a.Refusal.Hint, screenWidth-6)...)
	}
	return lines
}
