package stix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entente"
)

// Marks is what an object says of its own markings.
type Marks struct {
	Refs     []ID           // object_marking_refs (§3.2), in the object's order
	Granular []GranularMark // granular_markings (§7.2.3) without those that only name a language

	// TLP is the strictest label that any of them gives, granular ones
	// included; "" if none does.
	TLP        entente.TLP
	Statements []string // texts of the statement markings (§7.2.1.3), sorted
	// Unknown are the markings that are neither fixed by a standard nor among
	// the definitions given, or say nothing that is understood; sorted.
	// Nobody can tell how strict they are.
	Unknown []ID
}

// GranularMark marks parts of an object.
type GranularMark struct {
	Ref       ID
	Selectors []string // §7.2.3.1, as spelled
	// Paths are the JSON Pointers of the selectors, in their order; of one that
	// selects nothing it is "".
	Paths []string
	TLP   entente.TLP // the label it gives, "" if it gives none
}

// Markings reads the markings of an object. definitions are the marking
// definitions that the caller holds; others than those the object refers to do
// no harm, and the fixed TLP markings need not be among them. Markings that
// cannot be read are an error, never left out.
func Markings(o Object, definitions ...Object) (Marks, error) {
	root, err := tree(o.Raw)
	if err != nil {
		return Marks{}, err
	}
	refuse := func(format string, args ...any) (Marks, error) {
		return Marks{}, fmt.Errorf("markings of %s: %w", o.ID, fmt.Errorf(format, args...))
	}
	var m Marks
	if list := root.child("object_marking_refs"); list != nil {
		if m.Refs, err = markingIDs(list, o.Raw); err != nil {
			return refuse("object_marking_refs: %w", err)
		}
	}
	entries, err := granular(root, o.Raw)
	if err != nil {
		return refuse("%w", err)
	}
	for _, e := range entries {
		if e.ref == nil {
			continue
		}
		g := GranularMark{Ref: ID(e.ref.unquoted(o.Raw))}
		for _, s := range e.selectors {
			selector, path := s.unquoted(o.Raw), ""
			if n, err := root.selected(selector); err == nil {
				path = n.path()
			}
			g.Selectors, g.Paths = append(g.Selectors, selector), append(g.Paths, path)
		}
		m.Granular = append(m.Granular, g)
	}
	known := make(map[ID]definition)
	for _, d := range definitions {
		if d.Type == "marking-definition" && !IsStandardMarking(d.ID) {
			read, err := readDefinition(d)
			if err != nil {
				return refuse("%s: %w", d.ID, err)
			}
			known[d.ID] = read
		}
	}
	for _, id := range m.Refs {
		m.note(id, known)
	}
	for i := range m.Granular {
		m.Granular[i].TLP = m.note(m.Granular[i].Ref, known)
	}
	slices.Sort(m.Statements)
	m.Statements = slices.Compact(m.Statements)
	slices.Sort(m.Unknown)
	m.Unknown = slices.Compact(m.Unknown)
	return m, nil
}

// note takes in what one marking says and gives its label.
func (m *Marks) note(id ID, known map[ID]definition) entente.TLP {
	d, ok := known[id]
	if label := standardLabel(id); label != "" {
		d, ok = definition{tlp: label}, true
	}
	switch {
	case !ok || d.tlp == "" && d.statement == "":
		m.Unknown = append(m.Unknown, id)
	case d.statement != "":
		m.Statements = append(m.Statements, d.statement)
	}
	if d.tlp != "" && (m.TLP == "" || slices.Index(entente.TLPs, d.tlp) < slices.Index(entente.TLPs, m.TLP)) {
		m.TLP = d.tlp
	}
	return d.tlp
}

// definition is what a marking definition says, as far as it is understood.
type definition struct {
	tlp       entente.TLP
	statement string
}

// readDefinition reads a TLP marking of either version under an id of its own,
// or a statement.
func readDefinition(o Object) (definition, error) {
	root, err := tree(o.Raw)
	if err != nil {
		return definition{}, err
	}
	text := func(n *node, names ...string) string {
		for _, name := range names {
			if n = n.child(name); n == nil {
				return ""
			}
		}
		if n.kind != '"' {
			return ""
		}
		return n.unquoted(o.Raw)
	}
	d := definition{}
	label := text(root, "extensions", string(tlpExtension), "tlp_2_0")
	switch text(root, "definition_type") {
	case "tlp":
		label = text(root, "definition", "tlp")
		if label == "white" {
			label = string(entente.TLPClear)
		}
	case "statement":
		d.statement = text(root, "definition", "statement")
	}
	if slices.Contains(entente.TLPs, entente.TLP(label)) {
		d.tlp = entente.TLP(label)
	}
	return d, nil
}

// granularEntry is one item of granular_markings.
type granularEntry struct {
	node      *node
	ref, lang *node
	list      *node // selectors
	selectors []*node
}

// granular reads granular_markings; none is no error.
func granular(root *node, data []byte) ([]granularEntry, error) {
	list := root.child("granular_markings")
	if list == nil {
		return nil, nil
	}
	if list.kind != '[' {
		return nil, fmt.Errorf("granular_markings is a JSON %s, expected a list", kindName(list.kind))
	}
	var out []granularEntry
	for i, n := range list.children {
		e := granularEntry{node: n, ref: n.child("marking_ref"), lang: n.child("lang")}
		selectors := n.child("selectors")
		if selectors == nil || selectors.kind != '[' || len(selectors.children) == 0 {
			return nil, fmt.Errorf("granular_markings, item %d: expected a list of selectors (§7.2.3)", i)
		}
		if e.ref == nil && e.lang == nil {
			return nil, fmt.Errorf("granular_markings, item %d: expected a marking_ref or a lang (§7.2.3)", i)
		}
		if e.ref != nil {
			if err := markingID(e.ref, data); err != nil {
				return nil, fmt.Errorf("granular_markings, item %d: marking_ref: %w", i, err)
			}
		}
		for _, s := range selectors.children {
			if s.kind != '"' {
				return nil, fmt.Errorf("granular_markings, item %d: a selector is a JSON %s, expected a string", i, kindName(s.kind))
			}
			if _, err := selectorSteps(s.unquoted(data)); err != nil {
				return nil, fmt.Errorf("granular_markings, item %d: %w", i, err)
			}
		}
		e.list, e.selectors = selectors, selectors.children
		out = append(out, e)
	}
	return out, nil
}

func markingIDs(list *node, data []byte) ([]ID, error) {
	if list.kind != '[' {
		return nil, fmt.Errorf("a JSON %s, expected a list of ids of marking definitions", kindName(list.kind))
	}
	var out []ID
	for _, n := range list.children {
		if err := markingID(n, data); err != nil {
			return nil, err
		}
		out = append(out, ID(n.unquoted(data)))
	}
	return out, nil
}

func markingID(n *node, data []byte) error {
	if n.kind != '"' {
		return fmt.Errorf("a JSON %s, expected the id of a marking definition", kindName(n.kind))
	}
	id, err := ParseID(n.unquoted(data))
	if err == nil && id.Type() != "marking-definition" {
		err = fmt.Errorf("%s, expected the id of a marking definition", id)
	}
	return err
}

// selectorSteps splits a selector (§7.2.3.1): names and indexes in brackets,
// with a point between them; it begins with a name.
func selectorSteps(selector string) ([]string, error) {
	steps := strings.Split(selector, ".")
	for i, s := range steps {
		index, bracket := strings.CutPrefix(s, "[")
		number, closed := strings.CutSuffix(index, "]")
		n, err := strconv.Atoi(number)
		if s == "" || bracket && (i == 0 || !closed || err != nil || n < 0 || strconv.Itoa(n) != number) {
			return nil, fmt.Errorf("selector %s: expected names and [indexes] with points between them, as in labels.[0] (§7.2.3.1)", shown(selector))
		}
	}
	return steps, nil
}

// selected follows a selector.
func (n *node) selected(selector string) (*node, error) {
	steps, err := selectorSteps(selector)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		var next *node
		if s[0] != '[' {
			next = n.child(s)
		} else if i, err := strconv.Atoi(s[1 : len(s)-1]); err == nil && n.kind == '[' && i < len(n.children) {
			next = n.children[i]
		}
		if next == nil {
			return nil, fmt.Errorf("selector %s selects nothing", shown(selector))
		}
		n = next
	}
	return n, nil
}

// selector is how the node is selected once what is dropped is gone. places
// remembers, for each list that was met, where its items will stand.
func (n *node) selector(places map[*node][]int) string {
	step := n.name
	if list := n.parent; list.kind == '[' {
		if places[list] == nil {
			place := 0
			for _, c := range list.children {
				places[list] = append(places[list], place)
				if !c.dropped {
					place++
				}
			}
		}
		step = "[" + strconv.Itoa(places[list][n.index]) + "]"
	}
	if n.parent.parent == nil {
		return step
	}
	return n.parent.selector(places) + "." + step
}
