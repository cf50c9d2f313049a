package stix

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Op is a kind of change that [Edit] makes.
type Op string

// The kinds of change. Value is for those that say so. Lists and objects that
// lose all they had are dropped with it.
const (
	// OpDrop takes away the member or list item at Path.
	OpDrop Op = "drop"
	// OpReplace puts Value in place of what is at Path: in place of a string
	// Value is the new text, in place of anything else it is JSON of the same kind.
	OpReplace Op = "replace"
	// OpDay cuts the timestamp at Path to the start of its day in UTC.
	OpDay Op = "round-time-to-day"
	// OpRegion makes a place, the object at Path, as vague as the region that
	// Value names: coordinates, precision and address are dropped, name is set to
	// Value, and so is region if the place has neither region nor country (§4.11
	// asks for one of them).
	OpRegion Op = "generalise"
	// OpRound rounds latitude and longitude of the place at Path to as many
	// decimals as Value says, 0 to 5, and adds what that moves it by, at most, to
	// its precision in metres. Where a precision is missing it is set to that
	// distance: this much is known.
	OpRound Op = "round-place"
	// OpUnlink takes away all references to the id Value in what is at Path:
	// list items, members that have it as value, members that have it as name.
	OpUnlink Op = "drop-reference"
	// OpOnlyLinks takes away all references in what is at Path but those to the
	// ids in Value, separated by spaces. Markings stay: taking one away would
	// weaken the handling, and needs a change that names it.
	OpOnlyLinks Op = "drop-references-except"
	// OpMark adds the marking definitions in Value, separated by spaces, to
	// object_marking_refs. Path is empty.
	OpMark Op = "mark"
	// OpKeep keeps /created_by_ref or /external_references, which an edit drops
	// on its own.
	OpKeep Op = "keep"
)

// Change is one change to an object. Path is a JSON Pointer (RFC 6901) into the
// object as it was before any change, "" for all of it.
type Change struct {
	Path  string `json:"path"`
	Op    Op     `json:"op"`
	Value string `json:"value,omitempty"`
}

// Edit makes a separate object that tells less, a tearline: o with the changes,
// under a new random id of the same type, created and modified now. It never
// refers to o. created_by_ref and external_references are dropped unless a
// change keeps them. Granular markings follow what they mark; those whose
// target is gone go with it. Members, order, spelling and white space of
// whatever was not changed stay byte for byte.
//
// The result has passed [Parse]; whether STIX asks its type for a property that
// was dropped is not judged. Changes may stand in any order but must not
// overlap: two changes to one value, or to one and something in it, are an
// error, except that references are looked for in what the others leave.
// Errors name the change, its path and the reason.
func Edit(o Object, now time.Time, changes []Change) (Object, error) {
	fail := func(err error) (Object, error) { return Object{}, fmt.Errorf("stix: edit %s: %w", o.ID, err) }
	full, err := Parse(o.Raw)
	if err != nil {
		return fail(err)
	}
	root, err := tree(full.Raw)
	if err != nil {
		return fail(err)
	}
	e := &editor{data: full.Raw, root: root}
	for _, sweeping := range []bool{false, true} {
		for i, c := range changes {
			if sweeping != (c.Op == OpUnlink || c.Op == OpOnlyLinks) {
				continue
			}
			if err := e.change(i+1, c); err != nil {
				return fail(fmt.Errorf("change %d, %s %s: %w", i+1, shown(string(c.Op)), shown(c.Path), err))
			}
		}
	}
	id := NewID(full.Type)
	if err := e.header(full, id, now); err != nil {
		return fail(err)
	}
	root.collapse()
	if err := e.follow(); err != nil {
		return fail(err)
	}
	root.collapse()
	tear, err := Parse(root.write(nil, e.data))
	if err != nil {
		return fail(fmt.Errorf("the result is not an object: %w", err))
	}
	if _, found := slices.BinarySearch(tear.Refs, full.ID); found {
		return fail(fmt.Errorf("the result still refers to it: add the change drop-reference with its id"))
	}
	return tear, nil
}

// editor is an edit under way.
type editor struct {
	data []byte
	root *node
}

// change judges one change and notes it in the tree.
func (e *editor) change(by int, c Change) error {
	n, err := e.root.at(c.Path)
	if err != nil {
		return err
	}
	if n != e.root && n.parent == e.root {
		switch n.name {
		case "type", "id", "spec_version", "created", "modified":
			return fmt.Errorf("an edit sets type, id, versions and their times itself")
		}
	}
	if n == e.root && (c.Op == OpDrop || c.Op == OpReplace || c.Op == OpDay || c.Op == OpKeep) {
		return fmt.Errorf("it needs the path of a part, and this is the whole object")
	}
	switch c.Op {
	case OpDrop:
		return e.set(by, n, nil)
	case OpReplace:
		text, err := e.replacement(n, c.Value)
		if err != nil {
			return err
		}
		return e.set(by, n, text)
	case OpDay:
		return e.day(by, n)
	case OpRegion:
		return e.region(by, n, c.Value)
	case OpRound:
		return e.round(by, n, c.Value)
	case OpUnlink:
		return e.unlink(by, n, c.Value)
	case OpOnlyLinks:
		return e.onlyLinks(by, n, c.Value)
	case OpMark:
		return e.mark(by, n, c.Value)
	case OpKeep:
		if n.parent != e.root || n.name != "created_by_ref" && n.name != "external_references" {
			return fmt.Errorf("only /created_by_ref and /external_references need it: everything else stays unless a change says otherwise")
		}
		if n.dropped || n.text != nil || n.kept {
			return fmt.Errorf("change %d is about it already", n.by)
		}
		n.kept, n.by = true, by
		return nil
	}
	return fmt.Errorf("unknown operation; there are drop, replace, round-time-to-day, generalise, round-place, drop-reference, drop-references-except, mark, keep")
}

// set replaces a value, or drops it if text is nil, unless another change is
// about it, about something in it or about what it stands in.
func (e *editor) set(by int, n *node, text []byte) error {
	for up := n; up != nil; up = up.parent {
		if up.dropped || up.text != nil || up == n && up.kept {
			return fmt.Errorf("change %d is about %s already", up.by, place(up.path()))
		}
	}
	if n.modified {
		return fmt.Errorf("another change is about something in it")
	}
	if text == nil {
		n.drop(by)
	} else {
		n.replace(by, text)
	}
	return nil
}

func quote(text string) ([]byte, error) {
	b, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil, fmt.Errorf("the value %s is not UTF-8", shown(text))
	}
	return b, nil
}

// replacement is the JSON that takes the place of n.
func (e *editor) replacement(n *node, value string) ([]byte, error) {
	if n.kind == '"' {
		return quote(value)
	}
	v := jsontext.Value(strings.Trim(value, " \t\r\n"))
	boolean := func(k jsontext.Kind) bool { return k == 't' || k == 'f' }
	if !v.IsValid() || v.Kind() != n.kind && !(boolean(v.Kind()) && boolean(n.kind)) {
		return nil, fmt.Errorf("what stands there is a JSON %s, and the value %s is not JSON of that kind", kindName(n.kind), shown(value))
	}
	return v, nil
}

func (e *editor) day(by int, n *node) error {
	if n.kind != '"' {
		return fmt.Errorf("it is a JSON %s, expected a timestamp", kindName(n.kind))
	}
	t, ok := parseTime([]byte(n.unquoted(e.data)))
	if !ok {
		return fmt.Errorf("%s is not a timestamp", shown(n.unquoted(e.data)))
	}
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	if day.Equal(t) {
		return e.set(by, n, e.data[n.start:n.end])
	}
	return e.set(by, n, append(appendTime([]byte{'"'}, day), '"'))
}

// mark adds markings to object_marking_refs.
func (e *editor) mark(by int, n *node, value string) error {
	if n != e.root {
		return fmt.Errorf("markings are for the whole object: the path must be empty")
	}
	ids := strings.Fields(value)
	if len(ids) == 0 {
		return fmt.Errorf("the value names no marking definition")
	}
	list, have := e.root.child("object_marking_refs"), []ID(nil)
	var err error
	if list != nil {
		if list.gone() {
			return fmt.Errorf("change %d is about object_marking_refs already", list.by)
		}
		if have, err = markingIDs(list, e.data); err != nil {
			return fmt.Errorf("object_marking_refs: %w", err)
		}
	}
	var fresh [][]byte
	for _, text := range ids {
		id, err := ParseID(text)
		if err != nil {
			return err
		}
		if id.Type() != "marking-definition" {
			return fmt.Errorf("%s is no marking definition", id)
		}
		if !slices.Contains(have, id) {
			have, fresh = append(have, id), append(fresh, []byte(`"`+id+`"`))
		}
	}
	switch {
	case len(fresh) == 0:
	case list == nil && slices.ContainsFunc(e.root.added, func(a addition) bool { return a.name == "object_marking_refs" }):
		return fmt.Errorf("another change marks the object already: name all markings in one")
	case list == nil:
		value := []byte{'['}
		for i, id := range fresh {
			if i > 0 {
				value = append(value, ',')
			}
			value = append(value, id...)
		}
		e.root.add("object_marking_refs", append(value, ']'))
	default:
		for _, id := range fresh {
			list.add("", id)
		}
		list.by = by
	}
	return nil
}

// header gives the object its new identity.
func (e *editor) header(o Object, id ID, now time.Time) error {
	if year := now.UTC().Year(); now.IsZero() || year < 0 || year > 9999 {
		return fmt.Errorf("now is %v, not a time of the years 0 to 9999", now)
	}
	e.root.child("id").replace(0, []byte(`"`+id+`"`))
	stamp := append(appendTime([]byte{'"'}, now), '"')
	asked := map[string]bool{
		"created":  kinds[o.Type] == versioned || kinds[o.Type] == extension || kinds[o.Type] == marking,
		"modified": kinds[o.Type] == versioned || kinds[o.Type] == extension,
	}
	for _, name := range []string{"created", "modified"} {
		if n := e.root.child(name); n != nil {
			n.replace(0, stamp)
		} else if asked[name] {
			e.root.add(name, stamp)
		}
	}
	for _, name := range []string{"created_by_ref", "external_references"} {
		if n := e.root.child(name); n != nil && !n.kept && n.text == nil {
			n.drop(0)
		}
	}
	return nil
}
