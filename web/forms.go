package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/stix"
)

// form is what the page asks for to make one kind of record. The table of forms
// makes both the page and the object (STIX 2.1, sections 4 and 5).
type form struct {
	kind    string // STIX type; "file" is an artifact and a file
	fields  []writeField
	subject string                                   // property that a new identity may be put into, by name
	check   func(map[string]any) (field, key string) // what holds between fields; empty: nothing is wrong
}

// writeField is one property.
type writeField struct {
	property string
	input    string // name in the form
	as       string // line, text, choice, number, time, object, objects
	required bool
	choices  []string // of a choice
	open     bool     // other values may be typed
	least,
	most float64 // of a number
	whole bool
}

// moreFields are the properties that any object may have.
var moreFields = []writeField{
	{property: "confidence", input: "confidence", as: "number", most: 100, whole: true},
	{property: "lang", input: "lang", as: "choice", choices: []string{"ar", "de", "en", "es", "fa", "fr", "he", "ku", "ru", "tr", "uk", "zh"}},
}

var forms = []form{
	{kind: "report", subject: "object_refs", fields: []writeField{
		{property: "name", input: "title", as: "line", required: true},
		{property: "description", input: "text", as: "text", required: true},
		{property: "object_refs", input: "about", as: "objects", required: true},
	}},
	{kind: "note", subject: "object_refs", fields: []writeField{
		{property: "abstract", input: "title", as: "line", required: true},
		{property: "content", input: "text", as: "text", required: true},
		{property: "object_refs", input: "about", as: "objects", required: true},
	}},
	{kind: "opinion", fields: []writeField{
		{property: "opinion", input: "opinion", as: "choice", required: true, choices: []string{"strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"}},
		{property: "explanation", input: "text", as: "text"},
		{property: "object_refs", input: "about", as: "objects", required: true},
	}},
	{kind: "sighting", subject: "sighting_of_ref", check: seenInOrder, fields: []writeField{
		{property: "sighting_of_ref", input: "of", as: "object", required: true},
		{property: "where_sighted_refs", input: "about", as: "objects"},
		{property: "first_seen", input: "first_seen", as: "time"},
		{property: "last_seen", input: "last_seen", as: "time"},
		{property: "count", input: "count", as: "number", most: 999_999_999, whole: true},
		{property: "description", input: "text", as: "text"},
	}},
	{kind: "identity", fields: []writeField{
		{property: "name", input: "title", as: "line", required: true},
		{property: "identity_class", input: "identity_class", as: "choice", choices: []string{"individual", "group", "system", "organization", "class", "unknown"}},
		{property: "description", input: "text", as: "text"},
		{property: "contact_information", input: "contact", as: "line"},
	}},
	{kind: "location", check: somewhere, fields: []writeField{
		{property: "name", input: "title", as: "line", required: true},
		{property: "description", input: "text", as: "text"},
		{property: "latitude", input: "latitude", as: "number", least: -90, most: 90},
		{property: "longitude", input: "longitude", as: "number", least: -180, most: 180},
		{property: "precision", input: "precision", as: "number", most: 20_040_000},
		{property: "country", input: "country", as: "line"},
	}},
	{kind: "relationship", check: seenInOrder, fields: []writeField{
		{property: "relationship_type", input: "relation", as: "choice", required: true, open: true, choices: []string{
			"related-to", "uses", "targets", "located-at", "attributed-to", "originates-from", "communicates-with", "derived-from", "duplicate-of",
		}},
		{property: "source_ref", input: "source", as: "object", required: true},
		{property: "target_ref", input: "target", as: "object", required: true},
		{property: "description", input: "text", as: "text"},
		{property: "start_time", input: "first_seen", as: "time"},
		{property: "stop_time", input: "last_seen", as: "time"},
	}},
	{kind: "file"},
}

// formOf is the form of a kind; the first one if there is none.
func formOf(kind string) form {
	if i := slices.IndexFunc(forms, func(f form) bool { return f.kind == kind }); i >= 0 {
		return forms[i]
	}
	return forms[0]
}

// all are a form's fields with those that any object may have.
func (f form) all() []writeField {
	if f.kind == "file" {
		return nil
	}
	return append(slices.Clone(f.fields), moreFields...)
}

// seenInOrder wants the end behind the begin (STIX 2.1, sections 5.1 and 5.2).
func seenInOrder(values map[string]any) (field, key string) {
	first, last := "first_seen", "last_seen"
	if values["start_time"] != nil || values["stop_time"] != nil {
		first, last = "start_time", "stop_time"
	}
	a, okA := values[first].(time.Time)
	b, okB := values[last].(time.Time)
	if okA && okB && b.Before(a) {
		return "last_seen", "write.order"
	}
	return "", ""
}

// somewhere wants a place to be somewhere: in a country, or at a point, of which
// both coordinates are known (STIX 2.1, section 4.11).
func somewhere(values map[string]any) (field, key string) {
	country, _ := values["country"].(string)
	_, lat := values["latitude"]
	_, lon := values["longitude"]
	_, precision := values["precision"]
	switch {
	case lat != lon:
		return "longitude", "write.both"
	case precision && !lat:
		return "precision", "write.point"
	case country == "" && !lat:
		return "country", "write.where"
	case country != "" && !isCountry(country):
		return "country", "write.country"
	}
	return "", ""
}

// isCountry says whether a text has the form of ISO 3166-1 alpha-2.
func isCountry(s string) bool {
	return len(s) == 2 && strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// value reads what was typed into a field; key is the text that says what is wrong.
// Objects are read elsewhere.
func (f writeField) value(typed string) (value any, key string) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		if f.required {
			return nil, "write.required"
		}
		return nil, ""
	}
	switch f.as {
	case "choice":
		if !slices.Contains(f.choices, typed) && !(f.open && relationForm(typed)) {
			return nil, "write.choice"
		}
	case "number":
		n, err := strconv.ParseFloat(typed, 64)
		if err != nil || math.IsNaN(n) || n < f.least || n > f.most || f.whole && n != math.Trunc(n) {
			return nil, "write.number"
		}
		if f.whole {
			return int(n), ""
		}
		return n, ""
	case "time":
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.RFC3339} {
			if t, err := time.Parse(layout, typed); err == nil {
				return t.UTC(), ""
			}
		}
		return nil, "write.time"
	}
	if f.property == "country" {
		typed = strings.ToUpper(typed)
	}
	return typed, ""
}

// relationForm says whether a text may be a relationship's type (STIX 2.1, section 5.1).
func relationForm(s string) bool {
	return len(s) <= 250 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// properties are values in the order of a form.
func (f form) properties(values map[string]any, now time.Time) []stix.Property {
	var out []stix.Property
	for _, field := range f.all() {
		if v, ok := values[field.property]; ok && v != nil {
			out = append(out, stix.Property{Name: field.property, Value: v})
		}
	}
	if f.kind == "report" {
		out = append(out, stix.Property{Name: "published", Value: now})
	}
	return out
}
