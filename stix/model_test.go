package stix

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The slow, obvious model: decode everything into any, walk it, and say in
// plain words what is a good object. The package must agree with it.

var (
	modelID   = regexp.MustCompile(`^-?[a-z0-9]+(-[a-z0-9]+)*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	modelType = regexp.MustCompile(`^-?[a-z0-9]+(-[a-z0-9]+)*$`)
	modelTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$`)
)

func modelIsID(s string) bool {
	prefix, _, _ := strings.Cut(s, "--")
	return modelID.MatchString(s) && len(prefix) >= 3 && len(prefix) <= 250
}

// modelDecode takes exactly one JSON value that no two readers can disagree on.
func modelDecode(data []byte) (any, bool) {
	if !jsontext.Value(data).IsValid() {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return v, err == io.EOF
}

func modelDepth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, modelDepth(e))
		}
	case []any:
		for _, e := range v {
			deepest = max(deepest, modelDepth(e))
		}
	default:
		return 0
	}
	return deepest + 1
}

func modelRefs(v any, own ID) []ID {
	var refs []ID
	var walk func(any)
	see := func(s string) {
		if modelIsID(s) && ID(s) != own {
			refs = append(refs, ID(s))
		}
	}
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			see(v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				see(name)
				walk(e)
			}
		}
	}
	walk(v)
	slices.Sort(refs)
	return slices.Compact(refs)
}

// modelParse gives all of an Object but Name.
func modelParse(data []byte) (Object, bool) {
	v, ok := modelDecode(data)
	if !ok || modelDepth(v) > MaxDepth {
		return Object{}, false
	}
	raw := bytes.Trim(data, " \t\r\n")
	m, ok := v.(map[string]any)
	if !ok || len(raw) > MaxObject {
		return Object{}, false
	}
	good := true
	text := func(name string) string {
		e, there := m[name]
		s, isText := e.(string)
		good = good && (!there || isText)
		return s
	}
	instant := func(name string) time.Time {
		if _, there := m[name]; !there {
			return time.Time{}
		}
		t, err := time.Parse(time.RFC3339Nano, text(name))
		good = good && err == nil && modelTime.MatchString(text(name)) && !t.IsZero()
		return t
	}
	o := Object{
		ID: ID(text("id")), Type: text("type"), SpecVersion: text("spec_version"),
		Created: instant("created"), Modified: instant("modified"),
		CreatedBy: ID(text("created_by_ref")), Raw: raw,
	}
	if revoked, there := m["revoked"]; there {
		b, isBool := revoked.(bool)
		o.Revoked, good = b, good && isBool
	}
	good = good && modelIsID(string(o.ID)) && modelType.MatchString(o.Type) && strings.HasPrefix(string(o.ID), o.Type+"--")
	if _, there := m["created_by_ref"]; there {
		good = good && modelIsID(string(o.CreatedBy))
	}
	if _, there := m["spec_version"]; !there {
		o.SpecVersion = "2.0"
		if kinds[o.Type] == observable {
			o.SpecVersion = "2.1"
		}
	}
	good = good && (o.SpecVersion == "2.0" || o.SpecVersion == "2.1")
	if o.Type == "bundle" {
		good = false
	}
	if o.SpecVersion == "2.1" {
		_, definition := m["definition"]
		_, definitionType := m["definition_type"]
		_, extensions := m["extensions"]
		switch kinds[o.Type] {
		case versioned:
			good = good && !o.Created.IsZero() && !o.Modified.IsZero()
		case extension:
			good = good && !o.Created.IsZero() && !o.Modified.IsZero() && o.CreatedBy != ""
		case marking:
			good = good && !o.Created.IsZero() && (extensions || definition && definitionType)
		}
	}
	o.Refs = modelRefs(v, o.ID)
	return o, good
}

// modelSplit gives the exact bytes of the objects of a file.
func modelSplit(data []byte) ([][]byte, bool) {
	v, ok := modelDecode(data)
	m, isObject := v.(map[string]any)
	if !ok || !isObject {
		return nil, false
	}
	if m["type"] != "bundle" {
		_, good := modelParse(data)
		return [][]byte{bytes.Trim(data, " \t\r\n")}, good
	}
	id, _ := m["id"].(string)
	if !modelIsID(id) || !strings.HasPrefix(id, "bundle--") {
		return nil, false
	}
	for name, e := range m {
		if name != "objects" && modelDepth(e)+1 > MaxDepth {
			return nil, false
		}
	}
	// Twice decoded: once into raw members by their exact names, once into the list.
	var members map[string]json.RawMessage
	var objects []json.RawMessage
	if json.Unmarshal(data, &members) != nil || json.Unmarshal(members["objects"], &objects) != nil {
		return nil, false
	}
	raws := make([][]byte, len(objects))
	for i, raw := range objects {
		raws[i] = raw
		if _, good := modelParse(raw); !good {
			return nil, false
		}
	}
	return raws, len(raws) > 0 && len(raws) <= MaxObjects
}
