package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"entente"
	"entente/node"
	"entente/release"
	"entente/stix"
)

type exportCmd struct {
	Records     []string `arg:"" optional:"" name:"record" help:"Record id, begin of it, or STIX id (its newest version)."`
	Format      string   `help:"stix: a bundle with markings; record: the records with the signed releases; raw: the bare bytes of one own record." enum:"stix,record,raw" default:"stix" placeholder:"stix|record|raw"`
	Compact     string   `help:"Only what was released to this party in this compact." placeholder:"COMPACT"`
	Acknowledge bool     `help:"Say that you have read the conditions and answer for keeping them."`
	Out         string   `help:"File to write; it does not exist yet." placeholder:"FILE" xor:"what"`
	Check       string   `help:"Verify a file of the format record instead; no data directory is needed." placeholder:"FILE" xor:"what"`
}

type exportQuery struct {
	Records     []string       `json:"records"`
	Format      release.Format `json:"format"`
	Compact     string         `json:"compact"`
	Acknowledge bool           `json:"acknowledge"`
}

type exportAnswer struct {
	Records    int             `json:"records"`
	Conditions []conditionLine `json:"conditions"`
	File       string          `json:"file"`    // written; empty: nothing left
	Refused    []string        `json:"refused"` // why
	// Refusal and Waits are there if nothing left.
	Refusal *fault    `json:"refusal,omitempty"`
	Waits   *waitLine `json:"waits,omitempty"`
}

// conditionLine is what a record may be used for.
type conditionLine struct {
	Record     entente.RecordID `json:"record"`
	Conditions string           `json:"conditions"`
}

// exportedAnswer is exportAnswer with what is to be written.
type exportedAnswer struct {
	Answer exportAnswer `json:"answer"`
	File   []byte       `json:"file"`
}

var opExport = define("export", func(ctx context.Context, o *office, q exportQuery) (exportedAnswer, error) {
	order := node.ExportOrder{Format: q.Format, Acknowledged: q.Acknowledge, Operator: o.as}
	a := exportAnswer{Conditions: []conditionLine{}, Refused: []string{}}
	if len(q.Records) == 0 {
		return exportedAnswer{}, entente.Errorf(entente.Invalid, "name at least one record", "nothing to export")
	}
	if q.Compact != "" {
		s, err := findCompact(ctx, o.node, q.Compact)
		if err != nil {
			return exportedAnswer{}, err
		}
		order.Compact = s.ID
	}
	for _, text := range q.Records {
		v, err := o.record(ctx, text)
		if err != nil {
			return exportedAnswer{}, err
		}
		if !slices.Contains(order.Records, v.ID()) {
			order.Records = append(order.Records, v.ID())
			for _, g := range v.Grants() {
				a.Conditions = append(a.Conditions, conditionLine{v.ID(), release.Conditions(g.Handling)})
			}
		}
	}
	done, err := o.propose(ctx, node.Proposed{Export: &order})
	if err != nil && (entente.KindOf(err) != entente.Refused || done.Export == nil || len(done.Export.Refused) == 0) {
		return exportedAnswer{}, err
	}
	if err != nil {
		a.Refused, a.Refusal = done.Export.Refused, faultOf(err)
		return exportedAnswer{Answer: a}, nil
	}
	if a.Waits = waitsOf(done); a.Waits != nil {
		return exportedAnswer{Answer: a}, nil
	}
	a.Records = len(done.Export.Views)
	file, err := o.exported(ctx, q.Format, done.Export)
	return exportedAnswer{a, file}, err
})

// exported is the file of what may leave.
func (o *office) exported(ctx context.Context, f release.Format, e *node.Export) ([]byte, error) {
	switch f {
	case release.FormatRaw:
		if len(e.Views) != 1 {
			return nil, entente.Errorf(entente.Invalid, "export them one by one, or as --format stix", "%s as bare bytes in one file", counted(len(e.Views), "record"))
		}
		return e.Views[0].Body(), nil
	case release.FormatRecord:
		x, err := o.node.ExportRecords(ctx, e.Views)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = writeJSON(&b, x)
		return b.Bytes(), err
	}
	return markedBundle(e.Views)
}

// markedBundle is a bundle in which every object stands byte for byte as its
// originator wrote it, so that its hash and the record's id still fit. What marks
// it therefore stands beside it: the TLP and statement definitions come first, then
// the objects, then for each handling a grouping that has those definitions as its
// markings and names the objects. An own record that nobody released has none.
func markedBundle(views []release.View) ([]byte, error) {
	at := now().Time
	var definitions, objects, groupings []stix.Object
	known := map[stix.ID]bool{}
	type handled struct {
		h    entente.Handling
		refs []stix.ID
	}
	var order []string
	under := map[string]*handled{}
	for _, v := range views {
		obj, err := stix.Parse(v.Body())
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "export it by itself: --format record", "record %s is no STIX object: %w", entente.Short(v.ID()), err)
		}
		objects = append(objects, obj)
		for _, g := range v.Grants() {
			text := release.Conditions(g.Handling)
			if under[text] == nil {
				under[text] = &handled{h: g.Handling}
				order = append(order, text)
			}
			if !slices.Contains(under[text].refs, obj.ID) {
				under[text].refs = append(under[text].refs, obj.ID)
			}
		}
	}
	for _, text := range order {
		group := under[text]
		tlp, ok := stix.StandardMarking(stix.TLPMarking(group.h.TLP))
		if !ok {
			return nil, entente.Errorf(entente.Refused, "export it as --format record", "TLP:%s has no marking in STIX", group.h.TLP)
		}
		statement, err := stix.NewStatement(at, text, "")
		if err != nil {
			return nil, fmt.Errorf("conditions as a statement: %w", err)
		}
		grouping, err := stix.NewGrouping(at, "unspecified", "Objects under one handling",
			"The markings of this grouping are those of every object that it names: "+text, []stix.ID{tlp.ID, statement.ID}, group.refs)
		if err != nil {
			return nil, fmt.Errorf("grouping: %w", err)
		}
		for _, d := range []stix.Object{tlp, statement} {
			if !known[d.ID] {
				known[d.ID] = true
				definitions = append(definitions, d)
			}
		}
		groupings = append(groupings, grouping)
	}
	return stix.NewBundle(slices.Concat(definitions, objects, groupings)), nil
}

// wantAbsent refuses a file that is there already; an empty name is none.
func wantAbsent(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return entente.Errorf(entente.Conflict, "name another file: nothing is overwritten", "%s is there already", path)
	}
	return nil
}

func (c *exportCmd) Run(s *session) error {
	if c.Check != "" {
		return c.check(s)
	}
	switch {
	case len(c.Records) == 0:
		return usageErrorf("name at least one record, or --check FILE")
	case c.Out == "":
		return usageErrorf("say where it goes: --out FILE")
	case c.Format == string(release.FormatRaw) && len(c.Records) > 1:
		return usageErrorf("--format raw is for one record a file")
	}
	if err := wantAbsent(c.Out); err != nil {
		return err
	}
	x, err := ask(s, opExport, exportQuery{c.Records, release.Format(c.Format), c.Compact, c.Acknowledge})
	if err != nil {
		return err
	}
	a := x.Answer
	if a.Refusal == nil && a.Waits == nil {
		if err := writeNew(c.Out, x.File, 0o600); err != nil {
			return err
		}
		a.File = c.Out
	}
	err = s.show(a, func(p *printer) {
		for _, l := range a.Conditions {
			p.line("%s  %s", entente.Short(l.Record), plain(l.Conditions))
		}
		for _, why := range a.Refused {
			p.line("NOT EXPORTED: %s", plain(why))
		}
		if a.Waits.print(p) || a.Refusal != nil {
			return
		}
		p.line("Wrote %s to %s. It leaves this system's care: a recall does not reach it there.", counted(a.Records, "record"), a.File)
	})
	if err != nil || a.Refusal == nil {
		return err
	}
	return a.Refusal.err()
}

type exportCheckAnswer struct {
	By      entente.PartyID `json:"by"`
	Records []vouchedLine   `json:"records"`
	Parties []signerLine    `json:"parties"` // compare their fingerprints
}

type vouchedLine struct {
	Record     entente.RecordID `json:"record"`
	Originator entente.PartyID  `json:"originator"`
	Conditions []string         `json:"conditions"` // none: its exporter's own, which nobody has signed
}

type signerLine struct {
	Party       entente.PartyID `json:"party"`
	Name        string          `json:"name"`
	Fingerprint fingerprint     `json:"fingerprint"`
}

// maxExport bounds a file that is checked, in bytes.
const maxExport = 1 << 30

func (c *exportCmd) check(s *session) error {
	var x node.Exported
	if err := readJSONFile(s, c.Check, maxExport, &x); err != nil {
		return err
	}
	vouched, err := x.Check()
	if err != nil {
		return fmt.Errorf("%s: %w", c.Check, err)
	}
	a := exportCheckAnswer{By: x.By, Records: []vouchedLine{}, Parties: []signerLine{}}
	for _, v := range vouched {
		l := vouchedLine{v.Record.ID, v.Record.Header.Originator, []string{}}
		for _, h := range v.Handling {
			l.Conditions = append(l.Conditions, release.Conditions(h))
		}
		a.Records = append(a.Records, l)
	}
	for _, p := range x.Parties {
		card, err := entente.ParseSigned(p.Cards[len(p.Cards)-1])
		if err != nil {
			return err
		}
		a.Parties = append(a.Parties, signerLine{p.Party, card.Act.CardBody.Name, fingerprintOf(card.ID)})
	}
	return s.show(a, func(p *printer) {
		for _, l := range a.Records {
			p.line("Record       %s of %s", l.Record, entente.Short(l.Originator))
			for _, text := range l.Conditions {
				p.line("  %s", plain(text))
			}
			if len(l.Conditions) == 0 {
				p.line("  its exporter's own: nobody has signed for it")
			}
		}
		for _, x := range a.Parties {
			p.line("Signed by    %s, whose card has the fingerprint", named(x.Name, x.Party))
			p.line("  %s", x.Fingerprint.Words)
		}
		p.line("Everything verifies: exported by %s. Compare the fingerprints with those you know.", entente.Short(a.By))
	})
}

// readJSONFile decodes a file of at most limit bytes.
func readJSONFile(s *session, name string, limit int64, v any) error {
	b, err := readFile(s, name, limit)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return entente.Errorf(entente.Invalid, "name a file that this program wrote", "%s: %w", name, err)
	}
	return nil
}
