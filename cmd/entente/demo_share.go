package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/stix"
)

// The second half of the story: what is released, to whom, and what is not.

// release has Almara release objects; what the recipient is to see grows by
// what the table says that they bring along.
func (d *demo) release(to *demoParty, with []stix.ID, flags ...string) (orderAnswer, error) {
	args := []string{"release", "--to", to.name, "--compact", demoCompact}
	a, err := d.almara().order(append(append(args, flags...), texts(with)...)...)
	if err != nil || !a.Allowed {
		return a, err
	}
	if slices.Contains(flags, "--with-references") {
		with = d.record.closure(with...)
	}
	for _, id := range with {
		if !slices.Contains(d.seen[to], string(id)) {
			d.seen[to] = append(d.seen[to], string(id))
		}
	}
	return a, nil
}

func texts[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

func (d *demo) releasePart() error {
	d.step("Almara lets Corvane have a part: six statements", "A release names one party, its records, and how they are to be handled.")
	var first []stix.ID
	for _, n := range d.record.Statements[:6] {
		first = append(first, statementID(n.Key))
	}
	d.command("almara", fmt.Sprintf("entente release ID... --with-references --to Corvane --compact %q --tlp amber", demoCompact))
	a, err := d.release(d.corvane(), first, "--with-references", "--tlp", "amber")
	if err != nil {
		return err
	}
	d.claim(a.Allowed && len(a.Acts) == 1, "one release, signed, of %d records: the statements and who made them", len(a.Records))
	ok, err := d.awaitView(d.corvane())
	if err != nil {
		return err
	}
	d.claim(ok, "Corvane sees exactly these %d, each once", len(d.seen[d.corvane()]))
	if !ok {
		return nil
	}
	last := string(first[len(first)-1])
	d.command("corvane", "entente show "+last)
	var there, here showAnswer
	if err := errors.Join(d.corvane().read(&there, "show", last), d.almara().read(&here, "show", last)); err != nil {
		return err
	}
	if len(there.Records) != 1 || len(here.Records) != 1 {
		return fmt.Errorf("%s is %d records at Corvane and %d at Almara, expected one", last, len(there.Records), len(here.Records))
	}
	got, put := there.Records[0], here.Records[0]
	var note stixObject
	if err := json.Unmarshal([]byte(got.Body), &note); err != nil {
		return fmt.Errorf("note at Corvane: %w", err)
	}
	lines := append([]string{note.Abstract}, wrap(note.Content, screenWidth-6)...)
	marked := "no handling came with it"
	if len(got.Releases) == 1 {
		marked = label(got.Releases[0].Handling)
	}
	d.quote(append(lines, fmt.Sprintf("from %s, %s, read in: %s", got.Originator.Name, marked, sourcesOf(note)))...)
	d.claim(got.Originator.Party == d.almara().id && len(got.Releases) == 1 && got.Releases[0].Handling.TLP == "amber" && got.Releases[0].Compact == d.compact,
		"it carries its originator, the agreement, and TLP:AMBER")
	d.claim(got.Record == put.Record && got.Body == put.Body, "its bytes and its id are those that Almara holds")
	return nil
}

func sourcesOf(o stixObject) string {
	var out []string
	for _, e := range o.References {
		out = append(out, e.Source)
	}
	return strings.Join(out, ", ")
}

func (d *demo) releaseAllAndKill() error {
	d.step("All of it goes to Belisk, whose node is killed midway", "What was acknowledged is never lost; what was not is sent again.")
	belisk := d.belisk()
	pid := belisk.serving.Process.Pid
	signed, killed := make(chan error, 1), make(chan struct{})
	count := 0
	go func() { signed <- d.releaseOneByOne(belisk, killed, &count) }()
	var shown []recordLine // what Belisk had shown before it died
	_, err := d.until("Almara releases, Belisk takes in", func() (bool, error) {
		var a lsAnswer
		err := belisk.read(&a, "ls", "--others", "--limit", "1000")
		shown = a.Records
		return len(shown) > len(d.record.Sources)+8, err
	})
	belisk.kill()
	close(killed)
	if err := errors.Join(err, <-signed); err != nil {
		return err
	}
	d.command("almara", fmt.Sprintf("entente release ID --to Belisk --compact %q", demoCompact))
	d.say("... note by note. While they arrive:")
	d.command("belisk", fmt.Sprintf("kill -9 %d", pid))
	total := len(d.seen[belisk])
	var kept lsAnswer
	var status statusAnswer
	if err := errors.Join(belisk.read(&kept, "ls", "--others", "--limit", "1000"), belisk.read(&status, "status")); err != nil {
		return err
	}
	there := map[entente.RecordID]bool{}
	for _, r := range kept.Records {
		there[r.Record] = true
	}
	lost := slices.ContainsFunc(shown, func(r recordLine) bool { return !there[r.Record] })
	d.claim(!status.Serving && !lost && len(kept.Records) > 0 && len(kept.Records) < total,
		"dead, with %d of %d records in its store, all %d among them that it had shown", len(kept.Records), total, len(shown))
	out, err := d.channel(d.almara(), belisk, "out")
	if err != nil {
		return err
	}
	open := out.Owed + out.Delivered - out.Receipted
	d.claim(open > 0, "Almara signed %d releases all the same; %d acts wait for Belisk", count, open)

	d.command("belisk", "entente serve --listen "+belisk.addr)
	if err := belisk.serve(); err != nil {
		return err
	}
	ok, err := d.awaitView(belisk)
	if err != nil {
		return err
	}
	d.claim(ok, "Belisk sees all %d records, each once: nothing lost, nothing twice", total)
	settled, err := d.settled(d.almara(), belisk)
	if err != nil {
		return err
	}
	d.claim(settled, "both count the same entries in the channel, and every one has its receipt")
	return nil
}

// releaseOneByOne releases the whole record to one party, note by note. The last
// third waits until the recipient's node is dead.
func (d *demo) releaseOneByOne(to *demoParty, dead <-chan struct{}, count *int) error {
	var orders [][]stix.ID
	for _, s := range d.record.Sources {
		if orders == nil {
			orders = append(orders, nil)
		}
		orders[0] = append(orders[0], sourceID(s.Key))
	}
	d.record.notes(func(id stix.ID, _ publicNote, _ []stix.ID) { orders = append(orders, []stix.ID{id}) })
	orders = append(orders, []stix.ID{d.record.reportID()})
	for i, ids := range orders {
		if i == len(orders)*2/3 {
			<-dead
		}
		a, err := d.release(to, ids)
		if err != nil {
			return err
		}
		if !a.Allowed {
			return a.Refusal.err()
		}
		*count += len(a.Acts)
	}
	return nil
}

func (d *demo) compareViews() error {
	d.step("What each of the four sees now", "A party cannot learn that something it may not see exists.")
	rows := [][]string{{"PARTY", "OWN", "FROM OTHERS", "SOURCES", "NOTES", "REPORTS"}}
	exact := true
	for _, p := range d.parties {
		var own lsAnswer
		if err := p.read(&own, "ls", "--own", "--limit", "1000"); err != nil {
			return err
		}
		ok, others, err := d.sees(p)
		if err != nil {
			return err
		}
		exact = exact && ok
		row := []string{p.name, fmt.Sprint(len(own.Records)), fmt.Sprint(len(others))}
		for _, typ := range []string{"identity", "note", "report"} {
			n := 0
			for _, r := range others {
				if r.Type == typ {
					n++
				}
			}
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, row)
	}
	d.table(rows)
	d.claim(exact, "each view is exactly what was released to that party: %d, %d, %d",
		len(d.seen[d.belisk()]), len(d.seen[d.corvane()]), len(d.seen[d.dunmere()]))
	return d.knowsNothing(d.dunmere(), d.belisk())
}

// knowsNothing asks a party for every record by its id, and looks into the bytes
// of its store; another party's store shows that this finds what is there.
func (d *demo) knowsNothing(p, control *demoParty) error {
	var own lsAnswer
	if err := d.almara().read(&own, "ls", "--own", "--limit", "1000"); err != nil {
		return err
	}
	answer := func(id string) (string, error) {
		lines, err := p.refused("show", id)
		return strings.ReplaceAll(strings.Join(lines, "\n"), id, "ID"), err
	}
	absent, err := answer(string(stix.NewID("note")))
	if err != nil {
		return err
	}
	same := absent != ""
	var ids []string
	for i, r := range own.Records {
		d.wait(fmt.Sprintf("%s is asked for record %d of %d", p.name, i+1, len(own.Records)))
		ids = append(ids, r.STIX, strings.TrimPrefix(string(r.Record), "sha256:"))
		got, err := answer(r.STIX)
		if err != nil {
			return err
		}
		same = same && got == absent
	}
	d.command(strings.ToLower(p.name), "entente show "+own.Records[0].STIX)
	for l := range strings.SplitSeq(absent, "\n") {
		d.quote(wrap(l, screenWidth-6)...)
	}
	d.claim(same, "asked for each of the %d, %s answers as for an id that never was", len(own.Records), p.name)
	here, err := p.mentions(ids)
	if err != nil {
		return err
	}
	there, err := control.mentions(ids)
	if err != nil {
		return err
	}
	d.claim(here == 0 && there == len(ids), "of these %d ids, %d stand in the files of %s's data directory (in %s's: %d)", len(ids), here, p.name, control.name, there)
	return nil
}

func (d *demo) missingReference() error {
	d.step("A preview finds what a release would leave dangling", "Nothing is dragged along silently; nothing points to what cannot be seen.")
	eleven, twelve := statementID("11"), statementID("12")
	reading := readingID("two-answers")
	d.say("Two bodies of one state, on one day: the centre works; it does not yet. Almara would send Corvane the first, and the note that compares them.")
	order := []stix.ID{sourceID("zamili"), eleven, reading}
	d.command("almara", fmt.Sprintf("entente preview ID ID ID --to Corvane --compact %q", demoCompact))
	a, err := d.almara().order(append([]string{"preview", "--to", "Corvane", "--compact", demoCompact}, texts(order)...)...)
	if err != nil {
		return err
	}
	var list []stix.ID
	for _, r := range a.Recipients {
		for _, m := range r.Missing {
			list = append(list, stix.ID(m.Ref))
			d.quote("NOT ALLOWED: "+m.Name, "refers to "+m.Ref+",", "which "+r.Name+" does not have")
		}
	}
	d.claim(!a.Allowed && slices.Equal(list, []stix.ID{twelve}), "the preview is refused, and lists what is missing: %s", counted(len(list), "object"))
	refused, err := d.release(d.corvane(), order)
	if err != nil {
		return err
	}
	same, _, err := d.sees(d.corvane())
	if err != nil {
		return err
	}
	d.claim(!refused.Allowed && len(refused.Acts) == 0 && same, "release says the same, signs nothing, and Corvane's view is as it was")
	d.command("almara", fmt.Sprintf("entente release ID ID --to Corvane --compact %q", demoCompact))
	first, err := d.release(d.corvane(), []stix.ID{sourceID("tahsin"), twelve})
	if err != nil {
		return err
	}
	then, err := d.release(d.corvane(), order)
	if err != nil {
		return err
	}
	ok, err := d.awaitView(d.corvane())
	if err != nil {
		return err
	}
	d.claim(first.Allowed && then.Allowed && ok, "the missing one and its source first, then the three: Corvane sees %d", len(d.seen[d.corvane()]))
	return nil
}

func (d *demo) suspendAndResume() error {
	d.step("Almara suspends its flow to Corvane, and resumes it", "Any member may, at once and alone; all members are told.")
	corvane, fifteen := d.corvane(), []stix.ID{statementID("15"), sourceID("shahwan")}
	d.command("almara", fmt.Sprintf("entente compact suspend %q --member Corvane --reason ...", demoCompact))
	if _, err := d.almara().run("compact", "suspend", demoCompact, "--member", "Corvane", "--reason", "a question about handling is open"); err != nil {
		return err
	}
	told, err := d.awaitFlow(corvane, true)
	if err != nil {
		return err
	}
	d.claim(told, "all four answer: flow to Corvane suspended, by Almara")
	d.command("almara", fmt.Sprintf("entente release ID ID --to Corvane --compact %q", demoCompact))
	a, err := d.release(corvane, fifteen)
	if err != nil {
		return err
	}
	d.quote(refusalLines(a)...)
	same, _, err := d.sees(corvane)
	if err != nil {
		return err
	}
	d.claim(!a.Allowed && len(a.Acts) == 0 && same, "the release is refused; Corvane keeps what it had, and gets nothing new")
	other, err := d.almara().order("preview", "--to", "Belisk", "--compact", demoCompact, string(fifteen[0]), string(fifteen[1]))
	if err != nil {
		return err
	}
	d.claim(other.Allowed, "to Belisk the same release would be allowed")
	d.command("almara", fmt.Sprintf("entente compact resume %q --member Corvane", demoCompact))
	if _, err := d.almara().run("compact", "resume", demoCompact, "--member", "Corvane"); err != nil {
		return err
	}
	told, err = d.awaitFlow(corvane, false)
	if err != nil {
		return err
	}
	d.claim(told, "all four answer: resumed")
	if a, err = d.release(corvane, fifteen); err != nil {
		return err
	}
	ok, err := d.awaitView(corvane)
	if err != nil {
		return err
	}
	d.claim(a.Allowed && ok, "the same release is signed now and arrives: Corvane sees %d records", len(d.seen[corvane]))
	return nil
}

// awaitFlow waits until everybody knows whether Almara's flow to a member is suspended.
func (d *demo) awaitFlow(member *demoParty, suspended bool) (bool, error) {
	return d.until("everybody learns of it", func() (bool, error) {
		return d.all(func(p *demoParty) (bool, error) {
			c, err := p.compact()
			found := false
			for _, m := range c.Roster {
				for _, s := range m.Suspended {
					found = found || m.Party == member.id && s.By.Party == d.almara().id
				}
			}
			return found == suspended && len(c.Roster) == 4, err
		})
	})
}
