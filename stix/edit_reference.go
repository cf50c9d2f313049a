package stix

import (
	"fmt"
	"slices"
	"strings"
)

// unlink takes away the references to one id in n.
func (e *editor) unlink(by int, n *node, value string) error {
	id, err := ParseID(value)
	if err != nil {
		return err
	}
	found := false
	e.references(n, func(ref ID, at *node) {
		if ref == id {
			at.drop(by)
			found = true
		}
	})
	if !found {
		return fmt.Errorf("there is no reference to %s", id)
	}
	return nil
}

// onlyLinks takes away all references in n but those to the ids of value.
func (e *editor) onlyLinks(by int, n *node, value string) error {
	var keep []ID
	for _, text := range strings.Fields(value) {
		id, err := ParseID(text)
		if err != nil {
			return err
		}
		keep = append(keep, id)
	}
	e.references(n, func(ref ID, at *node) {
		if !slices.Contains(keep, ref) && !IsStandardMarking(ref) && !IsStandardExtension(ref) && !isMark(at) {
			at.drop(by)
		}
	})
	return nil
}

// isMark says whether n stands where markings of the object do.
func isMark(n *node) bool {
	for ; n.parent != nil; n = n.parent {
		if n.parent.parent == nil {
			return n.name == "object_marking_refs" || n.name == "granular_markings"
		}
	}
	return false
}

// references visits every id in n that is still there, with the member or item
// that it is the value or the name of. The object's own id, and an author whom
// the caller keeps, are passed over.
func (e *editor) references(n *node, visit func(ref ID, at *node)) {
	if n.gone() {
		return
	}
	var walk func(n *node)
	walk = func(n *node) {
		if n.dropped || n.text != nil || n.parent == e.root && (n.name == "id" || n.name == "created_by_ref" && n.kept) {
			return
		}
		if isID([]byte(n.name)) {
			visit(ID(n.name), n)
		}
		const shortest = minType + 2 + uuidLen
		if n.kind == '"' && n.end-n.start >= shortest+2 && n.end-n.start < 6*(maxType+2+uuidLen)+2 {
			if text := n.unquoted(e.data); isID([]byte(text)) {
				visit(ID(text), n)
			}
		}
		if !n.dropped {
			for _, c := range n.children {
				walk(c)
			}
		}
	}
	walk(n)
}

// follow makes the granular markings mark what they marked before: indexes
// move with dropped items, and selectors of what is gone are dropped.
func (e *editor) follow() error {
	list := e.root.child("granular_markings")
	if list == nil || list.gone() {
		return nil
	}
	entries, err := granular(e.root, e.data)
	if err != nil {
		return fmt.Errorf("it cannot be seen what is marked; drop /granular_markings or replace it: %w", err)
	}
	places := make(map[*node][]int)
	for _, entry := range entries {
		if entry.node.gone() || entry.list.text != nil {
			continue // gone, or the caller's own
		}
		if (entry.ref == nil || entry.ref.dropped) && (entry.lang == nil || entry.lang.dropped) {
			entry.node.drop(0)
			continue
		}
		left := 0
		for _, s := range entry.selectors {
			if s.gone() {
				if s.text != nil {
					left++ // the caller's own
				}
				continue
			}
			old := s.unquoted(e.data)
			target, err := e.root.selected(old)
			if err != nil || target.dropped || target.parent.gone() {
				s.drop(0)
				continue
			}
			left++
			if moved := target.selector(places); moved != old {
				text, err := quote(moved)
				if err != nil {
					return err
				}
				s.replace(0, text)
			}
		}
		if left == 0 {
			entry.node.drop(0)
		}
	}
	return nil
}
