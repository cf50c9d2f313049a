package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// The end of the story: what both sides can prove, and what a visitor can try.

// channel is what a party answers about its channel with another, one way.
func (d *demo) channel(p, partner *demoParty, way string) (channelLine, error) {
	var a channelsAnswer
	if err := p.read(&a, "channels"); err != nil {
		return channelLine{}, err
	}
	for _, l := range a.Channels {
		if l.Partner.Party == partner.id && l.Direction == way && l.Compact == d.compact {
			return l, nil
		}
	}
	return channelLine{}, nil // nothing was ever said this way
}

// settled waits until nothing is owed from one party to another, everything
// has its receipt, and both count the same.
func (d *demo) settled(from, to *demoParty) (bool, error) {
	return d.until("receipts from "+to.name+" to "+from.name, func() (bool, error) {
		out, err := d.channel(from, to, "out")
		if err != nil {
			return false, err
		}
		in, err := d.channel(to, from, "in")
		return out.Owed == 0 && out.Delivered > 0 && out.Receipted == out.Delivered &&
			in.Delivered == out.Delivered && in.Receipted == in.Delivered && len(out.Refused) == 0, err
	})
}

func (d *demo) evidence() error {
	d.step("Both ends of every channel count the same", "A receipt is signed by the receiver; neither can rewrite what was delivered.")
	d.command("each", "entente channels")
	rows := [][]string{{"FROM", "TO", "OWED", "DELIVERED", "RECEIPTED", "AT THE RECEIVER", "REFUSED"}}
	settled := true
	for _, from := range d.parties {
		for _, to := range d.parties {
			if from == to {
				continue
			}
			ok, err := d.settled(from, to)
			if err != nil {
				return err
			}
			settled = settled && ok
			out, err := d.channel(from, to, "out")
			if err != nil {
				return err
			}
			in, err := d.channel(to, from, "in")
			if err != nil {
				return err
			}
			rows = append(rows, []string{from.name, to.name, fmt.Sprint(out.Owed), fmt.Sprint(out.Delivered), fmt.Sprint(out.Receipted), fmt.Sprint(in.Delivered), fmt.Sprint(len(out.Refused))})
		}
	}
	d.table(rows)
	d.claim(settled, "in all %d channels nothing is owed; delivered, receipted and received are equal", len(rows)-1)
	return nil
}

func (d *demo) verify() error {
	d.step("Each party checks its whole store", "Every signature, hash, chain and receipt in it is computed again.")
	d.command("each", "entente verify")
	answers := make([]verifyAnswer, len(d.parties))
	rows := [][]string{{"PARTY", "ACTS", "RECORDS", "CHANNELS", "ENTRIES", "ANSWER"}}
	good := true
	for i, p := range d.parties {
		d.wait(p.name + " checks every signature and hash")
		a := &answers[i]
		if err := p.read(a, "verify"); err != nil {
			return err
		}
		good = good && a.OK && a.Acts > 0 && a.Entries > 0
		text := "everything verifies"
		if !a.OK {
			text = a.Problem
		}
		rows = append(rows, []string{p.name, fmt.Sprint(a.Acts), fmt.Sprint(a.Records), fmt.Sprint(a.Channels), fmt.Sprint(a.Entries), text})
	}
	d.table(rows)
	d.claim(good, "signatures, hashes, chains and receipts hold in all four stores")
	return nil
}

// stay leaves the nodes running until Ctrl-C and says what can be tried.
func (d *demo) stay(removed bool) {
	d.line("")
	d.line(d.paint(bold, "The four nodes stay up until Ctrl-C. In another terminal:"))
	base := filepath.Dir(d.almara().dir)
	rows := [][]string{{"PARTY", "PROCESS", "LISTENING", "DATA DIRECTORY"}}
	for _, p := range d.parties {
		rows = append(rows, []string{p.name, fmt.Sprint(p.serving.Process.Pid), p.addr, filepath.Base(p.dir)})
	}
	d.table(rows)
	d.line("    The data directories are in " + base + ".")
	d.line("")
	d.line(d.paint(bold, "Their desks in the browser; each link lets in once, within the hour:"))
	for _, p := range d.parties {
		link, err := p.link()
		if err != nil {
			link = p.desk + " (" + err.Error() + ")"
		}
		d.line(fmt.Sprintf("    %-8s %-6s %s", p.name, p.person, link))
	}
	d.line("")
	d.command("", "cd "+base)
	program := filepath.Base(d.program)
	if found, err := exec.LookPath(program); err != nil || found != d.program {
		d.command("", "alias "+program+"="+d.program)
	}
	try := func(dir, text string) { d.command("", program+" --dir "+dir+" "+text) }
	try("belisk", "ls")
	try("dunmere", "ls")
	try("corvane", "show "+string(readingID("two-answers")))
	first := statementID(d.record.Statements[0].Key)
	try("almara", fmt.Sprintf("preview %s --to Dunmere --compact %q", first, demoCompact))
	try("almara", fmt.Sprintf("--as "+d.almara().person+" release %s --with-references --to Dunmere --compact %q", first, demoCompact))
	try("dunmere", "channels")
	try("corvane", fmt.Sprintf("compact show %q", demoCompact))
	try("belisk", "log")
	d.line("")
	if removed {
		d.say("Ctrl-C ends the nodes and removes " + base + ".")
	} else {
		d.say("Ctrl-C ends the nodes and leaves the data directories where they are.")
	}
	ended := make(chan *demoParty, len(d.parties))
	for _, p := range d.parties {
		go func(over <-chan struct{}) {
			<-over
			ended <- p
		}(p.ended)
	}
	for {
		select {
		case <-d.ctx.Done():
			d.line("")
			d.line("Ending " + strings.ToLower(counted(len(d.parties), "node")) + " ...")
			return
		case p := <-ended:
			d.line(fmt.Sprintf("%s's node has ended: %s", p.name, lastLine(p.log())))
		}
	}
}
