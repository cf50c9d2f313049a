package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"entente/stix"
)

//go:embed demo/record.json
var demoTable []byte

// demoNamespace makes the ids of the demo's objects: the same table gives the
// same bundle, byte for byte, on every machine.
var demoNamespace = uuid.MustParse("6d8f1f0e-52a4-4c0b-9d2f-7e1b5a3c9f60")

// publicRecord is demo/record.json: what was said in public, and by whom.
type publicRecord struct {
	About      string         `json:"about"`
	Written    time.Time      `json:"written"` // created and modified of all objects
	Sources    []publicSource `json:"sources"`
	Statements []publicNote   `json:"statements"`
	Conditions []publicNote   `json:"conditions"`
	Readings   []publicNote   `json:"readings"`
	Report     struct {
		Key         string `json:"key"`
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"report"`
}

// publicSource is a body, a role, or a person who spoke in public.
type publicSource struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Class       string `json:"class"` // STIX 2.1 §10.7
	Description string `json:"description"`
}

// publicNote is one statement, or one reading of several.
type publicNote struct {
	Key  string `json:"key"`
	Date string `json:"date"` // as exact as it is known
	// By and About are keys of sources, Of keys of statements that a reading compares.
	By       string   `json:"by"`
	About    []string `json:"about"`
	Of       []string `json:"of"`
	Outlets  []string `json:"outlets"`
	Labels   []string `json:"labels"`
	Abstract string   `json:"abstract"`
	Content  string   `json:"content"`
}

// readPublicRecord reads the embedded table; whatever it does not know is an error.
func readPublicRecord(table []byte) (*publicRecord, error) {
	d := json.NewDecoder(bytes.NewReader(table))
	d.DisallowUnknownFields()
	r := &publicRecord{}
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("demo/record.json: %w", err)
	}
	return r, nil
}

// The ids of what the table names.
func sourceID(key string) stix.ID    { return demoID("identity", key) }
func statementID(key string) stix.ID { return demoID("note", "statement "+key) }
func conditionID(key string) stix.ID { return demoID("note", "condition "+key) }
func readingID(key string) stix.ID   { return demoID("note", "reading "+key) }

func (r *publicRecord) reportID() stix.ID { return demoID("report", r.Report.Key) }

func demoID(typ, key string) stix.ID {
	return stix.ID(typ + "--" + uuid.NewSHA1(demoNamespace, []byte(typ+" "+key)).String())
}

// stixObject has the members that the demo's objects need (STIX 2.1 §4.5, §4.13, §4.16).
type stixObject struct {
	Type        string         `json:"type"`
	SpecVersion string         `json:"spec_version"`
	ID          stix.ID        `json:"id"`
	Created     string         `json:"created"`
	Modified    string         `json:"modified"`
	Name        string         `json:"name,omitempty"`
	Class       string         `json:"identity_class,omitempty"`
	Description string         `json:"description,omitempty"`
	ReportTypes []string       `json:"report_types,omitempty"`
	Published   string         `json:"published,omitempty"`
	Labels      []string       `json:"labels,omitempty"`
	References  []stixExternal `json:"external_references,omitempty"`
	Abstract    string         `json:"abstract,omitempty"`
	Content     string         `json:"content,omitempty"`
	ObjectRefs  []stix.ID      `json:"object_refs,omitempty"`
}

// stixExternal is where a statement was read (§2.5). It has no address: the
// description says what of the outlet's is meant.
type stixExternal struct {
	Source      string `json:"source_name"`
	Description string `json:"description"`
}

// notes gives every note of the table with its id and what it refers to.
func (r *publicRecord) notes(each func(id stix.ID, n publicNote, refs []stix.ID)) {
	for _, n := range r.Statements {
		each(statementID(n.Key), n, sourceRefs(n))
	}
	for _, n := range r.Conditions {
		each(conditionID(n.Key), n, sourceRefs(n))
	}
	for _, n := range r.Readings {
		refs := make([]stix.ID, len(n.Of))
		for i, key := range n.Of {
			refs[i] = statementID(key)
		}
		each(readingID(n.Key), n, refs)
	}
}

func sourceRefs(n publicNote) []stix.ID {
	refs := []stix.ID{sourceID(n.By)}
	for _, key := range n.About {
		refs = append(refs, sourceID(key))
	}
	return refs
}

// all lists the ids of all objects, sources first.
func (r *publicRecord) all() []stix.ID {
	var out []stix.ID
	for _, s := range r.Sources {
		out = append(out, sourceID(s.Key))
	}
	r.notes(func(id stix.ID, _ publicNote, _ []stix.ID) { out = append(out, id) })
	return append(out, r.reportID())
}

// closure is these objects and all that they refer to, each once.
func (r *publicRecord) closure(ids ...stix.ID) []stix.ID {
	refs := map[stix.ID][]stix.ID{}
	r.notes(func(id stix.ID, _ publicNote, to []stix.ID) {
		refs[id] = to
		refs[r.reportID()] = append(refs[r.reportID()], id)
	})
	var out []stix.ID
	for len(ids) > 0 {
		id := ids[0]
		ids = ids[1:]
		if !slices.Contains(out, id) {
			out = append(out, id)
			ids = append(ids, refs[id]...)
		}
	}
	return out
}

// bundle makes STIX 2.1 of the table: an identity a source, a note a statement,
// a condition or a reading, and a report that gathers the notes.
func (r *publicRecord) bundle() ([]byte, error) {
	at := r.Written.UTC().Format("2006-01-02T15:04:05.000Z")
	object := func(typ string, id stix.ID) stixObject {
		return stixObject{Type: typ, SpecVersion: "2.1", ID: id, Created: at, Modified: at}
	}
	var objects []stixObject
	for _, s := range r.Sources {
		o := object("identity", sourceID(s.Key))
		o.Name, o.Class, o.Description = s.Name, s.Class, s.Description
		objects = append(objects, o)
	}
	report := object("report", r.reportID())
	r.notes(func(id stix.ID, n publicNote, refs []stix.ID) {
		o := object("note", id)
		o.Abstract, o.Content, o.ObjectRefs = n.Date+" "+n.Abstract, n.Content, refs
		o.Labels = append([]string{"statement"}, n.Labels...)
		if n.Of != nil {
			o.Labels = []string{"reading", "inference"}
		}
		for _, outlet := range n.Outlets {
			o.References = append(o.References, stixExternal{outlet, "press report, statement of " + n.Date})
		}
		objects = append(objects, o)
		report.ObjectRefs = append(report.ObjectRefs, id)
	})
	report.Name, report.Description, report.Published = r.Report.Name, r.Report.Description, at
	objects = append(objects, report)
	return json.MarshalIndent(struct {
		Type    string       `json:"type"`
		ID      stix.ID      `json:"id"`
		Objects []stixObject `json:"objects"`
	}{"bundle", demoID("bundle", r.Report.Key), objects}, "", "  ")
}
