package entente

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/accepted and testdata/refused")

// vector is one file of testdata/accepted or testdata/refused: an input for a
// second implementation, and what must come of it.
type vector struct {
	Comment string `json:"comment"`
	// Reads says which decoder the input is for: payload (of an act), envelope,
	// record, batch, log, time, date, id or tree.
	Reads string `json:"reads"`
	// Input is the bytes, if they are text; else they are in Base64. Repeat
	// stands between Input and End, for what is too long to spell.
	Input  string   `json:"input,omitempty"`
	Base64 string   `json:"input_base64,omitempty"`
	Repeat *repeats `json:"repeat,omitempty"`
	End    string   `json:"end,omitempty"`
	// ID is the id of an accepted act or record.
	ID string `json:"id,omitempty"`
	// Envelope is the signed form of an accepted act.
	Envelope string `json:"envelope,omitempty"`
	// Card is the accepted vector whose card the signatures are checked by.
	Card string `json:"card,omitempty"`
	// Leaves and Root are those of a tree.
	Leaves []string `json:"leaves,omitempty"`
	Root   string   `json:"root,omitempty"`
	// Refused is the class of the failure (docs/wire.md, "Refusals").
	Refused string `json:"refused,omitempty"`
	// Message is in what this program says.
	Message string `json:"message,omitempty"`
}

type repeats struct {
	Text  string `json:"text"`
	Times int    `json:"times"`
}

func (v *vector) input(t *testing.T) []byte {
	b := []byte(v.Input)
	if v.Base64 != "" {
		raw, err := base64.StdEncoding.DecodeString(v.Base64)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, raw...)
	}
	if v.Repeat != nil {
		b = append(b, strings.Repeat(v.Repeat.Text, v.Repeat.Times)...)
	}
	return append(b, v.End...)
}

// read runs the decoder the vector is for and encodes again what it read.
func (v *vector) read(t *testing.T) (id string, again []byte, err error) {
	b := v.input(t)
	switch v.Reads {
	case "payload":
		s, err := parsePayload(b)
		return string(s.ID), s.Payload, err
	case "envelope":
		s, err := ParseSigned(b)
		if err != nil && !reflect.ValueOf(s).IsZero() {
			t.Errorf("refused, but something came back: %+v", s)
		}
		if err == nil && v.Card != "" {
			err = s.VerifyBy(readCard(t, v.Card))
		}
		return string(s.ID), s.Envelope(), err
	case "record":
		r, err := ParseRecord(b)
		return string(r.ID), r.Bytes, err
	case "batch":
		p, err := ParseBatch(b)
		return "", AppendBatch(nil, &p), err
	case "log":
		var x LogEntry
		if err := decode(b, &x); err != nil {
			return "", nil, err
		}
		again, err := encode(&x)
		return x.ID(), again, err
	case "time":
		var x Time
		err := x.UnmarshalText(b)
		return "", []byte(x.String()), err
	case "date":
		_, err := Date(b).Start()
		return "", b, err
	case "id":
		var x ActID
		err := x.UnmarshalText(b)
		return "", []byte(x), err
	}
	t.Fatalf("no decoder for %q", v.Reads)
	return "", nil, nil
}

// readCard reads the card from its vector, not from the cast.
func readCard(t *testing.T, name string) *Card {
	t.Helper()
	v := readVector(t, filepath.Join("testdata", "accepted", name+".json"))
	s, err := ParseSigned([]byte(v.Envelope))
	if err != nil || s.Act.CardBody == nil {
		t.Fatalf("vector %s is no card: %v", name, err)
	}
	return s.Act.CardBody
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\nmake it with: go test . -run Vectors -update", err)
	}
	var v vector
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func (v *vector) text(t *testing.T) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// compareVectors holds the files of a folder against what the code makes, byte
// for byte; with -update it writes them.
func compareVectors(t *testing.T, folder string, want map[string]vector) {
	t.Helper()
	dir := filepath.Join("testdata", folder)
	if *update {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
		for name, v := range want {
			if err := os.WriteFile(filepath.Join(dir, name+".json"), v.text(t), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("%v\nmake it with: go test . -run Vectors -update", err)
	}
	for _, f := range found {
		name := strings.TrimSuffix(f.Name(), ".json")
		v, ok := want[name]
		if !ok {
			t.Errorf("%s/%s: nothing makes this vector", folder, f.Name())
			continue
		}
		delete(want, name)
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if text := v.text(t); !bytes.Equal(b, text) {
			t.Errorf("%s/%s: the bytes have changed: what others signed would no longer be read. Only a new format may change them.\nfile: %s\ncode: %s", folder, f.Name(), b, text)
		}
	}
	for name := range want {
		t.Errorf("%s/%s.json is missing", folder, name)
	}
}

// acceptedVectors are the bytes of every kind of act, and the rest that travels.
func acceptedVectors() map[string]vector {
	c := theCast()
	out := map[string]vector{}
	for _, e := range c.Acts {
		out[e.Name] = vector{
			Comment: e.Comment, Reads: "payload", Input: string(e.Signed.Payload),
			ID: string(e.Signed.ID), Envelope: string(e.Signed.Envelope()), Card: e.Card,
		}
	}
	record := func(name, comment string, r Record) {
		out[name] = vector{Comment: comment, Reads: "record", Input: string(r.Bytes), ID: string(r.ID)}
	}
	record("record", "A record: header, line feed, body. The body keeps its white space and its last line feed.", c.Own)
	record("record-foreign", "The record of another originator.", c.Foreign)
	record("record-with-sources", "A record that names its sources.", c.Tied)
	out["batch"] = vector{
		Comment: "Two entries of the channel from ardel to bresk: a release with the consent and the records it rests on, and a recall that is withheld.",
		Reads:   "batch", Base64: base64.StdEncoding.EncodeToString(AppendBatch(nil, &c.Batch)),
	}
	entry, err := encode(&logged)
	if err != nil {
		panic(err)
	}
	out["log-entry"] = vector{Comment: "A line of an audit log; it does not travel.", Reads: "log", Input: string(entry), ID: logged.ID()}
	book := c.Batch
	book.Channel, book.Parcels, book.First = Book(c.Ardel, 300), nil, 1<<20
	out["batch-empty"] = vector{
		Comment: "No entry, of a party's own book (compact absent), with an epoch and a position that take several bytes.",
		Reads:   "batch", Base64: base64.StdEncoding.EncodeToString(AppendBatch(nil, &book)),
	}
	for name, n := range map[string]int{"tree-0": 0, "tree-1": 1, "tree-2": 2, "tree-3": 3, "tree-7": 7, "tree-8": 8} {
		out[name] = vector{Comment: "The root of a tree over these entries.", Reads: "tree", Leaves: entries(n), Root: treeRoot(entries(n))}
	}
	for name, s := range map[string]string{"time": "2026-03-01T09:00:00Z", "time-tenth": "2026-03-01T09:00:00.1Z", "time-microsecond": "2026-03-01T09:00:00.000001Z", "time-leap-day": "2028-02-29T23:59:59.999999Z"} {
		out[name] = vector{Comment: "One instant, one text.", Reads: "time", Input: s}
	}
	return out
}

func TestAcceptedVectors(t *testing.T) {
	compareVectors(t, "accepted", acceptedVectors())
	kinds := map[Kind]bool{}
	files, _ := filepath.Glob("testdata/accepted/*.json")
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			v := readVector(t, path)
			if v.Reads == "tree" {
				checkTree(t, &v)
				return
			}
			id, again, err := v.read(t)
			if err != nil {
				t.Fatal(err)
			}
			if id != v.ID || !bytes.Equal(again, v.input(t)) {
				t.Errorf("read as %s, encoded again as\n%q, expected %s and\n%q", id, again, v.ID, v.input(t))
			}
			if v.Envelope == "" {
				return
			}
			s, err := ParseSigned([]byte(v.Envelope))
			if err != nil {
				t.Fatal(err)
			}
			if string(s.ID) != v.ID || string(s.Payload) != v.Input || string(s.Envelope()) != v.Envelope {
				t.Errorf("the envelope holds %s %q", s.ID, s.Payload)
			}
			if err := s.VerifyBy(readCard(t, v.Card)); err != nil {
				t.Error(err)
			}
			kinds[s.Act.Kind] = true
		})
	}
	for _, k := range allKinds {
		if !kinds[k] {
			t.Errorf("no vector of kind %s", k)
		}
	}
}

// allKinds is spelled out here so that a kind forgotten in the code is missed.
var allKinds = []Kind{
	KindCard, KindCharter, KindAccession, KindAmendment, KindSuspension, KindResumption,
	KindRelease, KindAsk, KindConsent, KindRecall, KindHead, KindReceipt,
}
