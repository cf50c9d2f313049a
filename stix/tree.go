package stix

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one value of a JSON document, as a span of its bytes, together with
// what an edit makes of it.
type node struct {
	kind     jsontext.Kind
	name     string // of a member
	lead     int    // where the white space before it begins
	from     int    // where the member or list item begins
	start    int    // where its value begins
	end      int
	index    int // among its parent's children
	parent   *node
	children []*node
	byName   map[string]*node // of many children, once one was looked for

	by       int    // number of the change that wants it so, from 1; 0: none
	dropped  bool   // it is gone
	kept     bool   // the caller asked to keep it
	text     []byte // what stands in place of its bytes; nil: they stay
	added    []addition
	modified bool // it or something in it differs from the input
}

// addition is a member, or without a name a list item, that follows all others.
type addition struct {
	name  string
	value []byte
}

// tree reads one JSON value that Parse has accepted.
func tree(data []byte) (*node, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	root, err := readNode(d, data, nil)
	var deep *Error
	switch {
	case errors.As(err, &deep):
		return nil, deep
	case err != nil:
		return nil, syntaxError(data, err)
	}
	return root, nil
}

func readNode(d *jsontext.Decoder, data []byte, parent *node) (*node, error) {
	n := &node{kind: d.PeekKind(), parent: parent}
	if n.kind != '{' && n.kind != '[' {
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		n.end = int(d.InputOffset())
		n.start = n.end - len(raw)
		return n, nil
	}
	if d.StackDepth() >= MaxDepth {
		return nil, errorAt(data, d.InputOffset(), "objects and lists more than "+strconv.Itoa(MaxDepth)+" deep (MaxDepth)", "")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	last := int(d.InputOffset()) // where the white space before the next child begins
	n.start = last - 1
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		var name []byte
		from := 0
		if n.kind == '{' {
			raw, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			from = int(d.InputOffset()) - len(raw)
			if name, err = jsontext.AppendUnquote(nil, raw); err != nil {
				return nil, err
			}
		}
		child, err := readNode(d, data, n)
		if err != nil {
			return nil, err
		}
		if n.kind == '[' {
			from = child.start
		}
		child.name, child.from, child.lead, child.index = string(name), from, last, len(n.children)
		if len(n.children) > 0 {
			child.lead += bytes.IndexByte(data[last:from], ',') + 1
		}
		n.children, last = append(n.children, child), child.end
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	n.end = int(d.InputOffset())
	return n, nil
}

// unquoted is the text of a string.
func (n *node) unquoted(data []byte) string {
	raw := data[n.start:n.end]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // the decoder has checked it
	return string(text)
}

func (n *node) child(name string) *node {
	const many = 32
	if len(n.children) > many && n.kind == '{' {
		if n.byName == nil {
			n.byName = make(map[string]*node, len(n.children))
			for _, c := range n.children {
				n.byName[c.name] = c
			}
		}
		return n.byName[name]
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// gone says whether the node, or something it stands in, is dropped or replaced.
func (n *node) gone() bool {
	return n.dropped || n.text != nil || n.parent != nil && n.parent.gone()
}

func (n *node) touch() {
	for ; n != nil && !n.modified; n = n.parent {
		n.modified = true
	}
}

func (n *node) drop(by int) {
	n.dropped, n.by = true, by
	n.touch()
}

func (n *node) replace(by int, text []byte) {
	n.text, n.by = text, by
	n.touch()
}

func (n *node) add(name string, value []byte) {
	n.added = append(n.added, addition{name, value})
	n.touch()
}

// collapse drops the lists and objects that lost all they had; STIX has no
// empty ones (§2.3, §2.10).
func (n *node) collapse() {
	if !n.modified || n.dropped || n.text != nil {
		return
	}
	left := len(n.children) == 0 || len(n.added) > 0
	for _, c := range n.children {
		c.collapse()
		left = left || !c.dropped
	}
	if !left && n.parent != nil {
		n.drop(0)
	}
}

// write appends the node as the edit leaves it. Whatever was not touched keeps
// its bytes, the white space around members included.
func (n *node) write(b, data []byte) []byte {
	switch {
	case n.text != nil:
		return append(b, n.text...)
	case !n.modified:
		return append(b, data[n.start:n.end]...)
	}
	b = append(b, data[n.start])
	count := 0
	for _, c := range n.children {
		if c.dropped {
			continue
		}
		if count++; count > 1 {
			b = append(b, ',')
		}
		b = append(b, data[c.lead:c.start]...)
		b = c.write(b, data)
	}
	before, colon := []byte(nil), []byte{':'}
	if len(n.children) > 0 {
		first := n.children[0]
		before = data[first.lead:first.from]
		if name := bytes.LastIndexByte(data[first.from:first.start], '"'); n.kind == '{' {
			colon = data[first.from+name+1 : first.start]
		}
	}
	for _, a := range n.added {
		if count++; count > 1 {
			b = append(b, ',')
		}
		b = append(b, before...)
		if n.kind == '{' {
			b, _ = jsontext.AppendQuote(b, a.name)
			b = append(b, colon...)
		}
		b = append(b, a.value...)
	}
	if count > 0 && len(n.children) > 0 {
		b = append(b, data[n.children[len(n.children)-1].end:n.end-1]...)
	}
	return append(b, data[n.end-1])
}

// path is the node's JSON Pointer (RFC 6901).
func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	return n.parent.path() + "/" + n.key()
}

// key is the last step of the node's path, escaped.
func (n *node) key() string {
	if n.parent.kind == '{' {
		return escapePointer(n.name)
	}
	return strconv.Itoa(n.index)
}

var (
	pointerEscapes   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescapes = strings.NewReplacer("~1", "/", "~0", "~")
)

func escapePointer(name string) string {
	if strings.ContainsAny(name, "~/") {
		return pointerEscapes.Replace(name)
	}
	return name
}

// at follows a JSON Pointer.
func (n *node) at(pointer string) (*node, error) {
	if pointer == "" {
		return n, nil
	}
	if pointer[0] != '/' {
		return nil, fmt.Errorf("a path is a JSON Pointer and begins with /, as in /external_references/0/url (RFC 6901)")
	}
	done := ""
	for _, step := range strings.Split(pointer[1:], "/") {
		for i := range len(step) {
			if step[i] == '~' && (i+1 == len(step) || step[i+1] != '0' && step[i+1] != '1') {
				return nil, fmt.Errorf("in the path, ~ must be written ~0, and / inside a name ~1 (RFC 6901)")
			}
		}
		var next *node
		switch n.kind {
		case '{':
			if next = n.child(pointerUnescapes.Replace(step)); next == nil {
				return nil, fmt.Errorf("there is no member %s in %s", shown(pointerUnescapes.Replace(step)), place(done))
			}
		case '[':
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || strconv.Itoa(i) != step || i >= len(n.children) {
				return nil, fmt.Errorf("there is no item %s in %s, a list of %d items counted from 0", shown(step), place(done), len(n.children))
			}
			next = n.children[i]
		default:
			return nil, fmt.Errorf("there is nothing below %s, a JSON %s", place(done), kindName(n.kind))
		}
		n, done = next, done+"/"+step
	}
	return n, nil
}

// place names a path for people.
func place(path string) string {
	if path == "" {
		return "the object"
	}
	return shown(path)
}

// Leaf is one scalar of an object, or one member name.
type Leaf struct {
	Path   string // JSON Pointer (RFC 6901)
	Pool   string // Path with * for each list index: the items of one list share it
	Member string // name of the member it is, or is an item of; "" inside nested lists of the root
	Kind   byte   // '"' text, '0' number, 't' true, 'f' false, 'n' null, 'k' the name of the member at Path
	Text   string // without quotes and escapes; of a number its exact spelling
}

// Leaves lists all scalars and member names of an object in the order of its
// bytes. The error is an *[Error] if Raw is not what Parse gives.
func Leaves(o Object) ([]Leaf, error) {
	root, err := tree(o.Raw)
	if err != nil {
		return nil, err
	}
	var out []Leaf
	var walk func(n *node, path, pool, member string)
	walk = func(n *node, path, pool, member string) {
		for i, c := range n.children {
			p, q, m := path+"/", pool+"/", member
			if n.kind == '{' {
				name := escapePointer(c.name)
				p, q, m = p+name, q+name, c.name
				out = append(out, Leaf{p, q, m, 'k', c.name})
			} else {
				p, q = p+strconv.Itoa(i), q+"*"
			}
			walk(c, p, q, m)
		}
		switch n.kind {
		case '{', '[':
		case '"':
			out = append(out, Leaf{path, pool, member, '"', n.unquoted(o.Raw)})
		default:
			out = append(out, Leaf{path, pool, member, byte(n.kind), string(o.Raw[n.start:n.end])})
		}
	}
	walk(root, "", "", "")
	return out, nil
}
