package compact

import (
	"cmp"
	"slices"

	"entente"
)

// fate is what the rules on chains make of an act.
type fate int

const (
	stands    fate = iota
	dropped        // a settlement keeps another act
	overtaken      // void by an act under a newer card
)

// link is one act of a chain.
type link struct {
	Fact
	seq, card int64
	parent    *link
	children  []*link // sorted by id
	first     bool    // at position 1, on the charter
	linked    bool    // parents lead to position 1
	fate      fate
	reach     int64
	counts    bool
}

// chain is what one author's acts amount to under some settlements.
type chain struct {
	links []*link // sorted by position, then id
	byID  map[entente.ActID]*link
	fork  []*link // the acts at the first forked position; nil: none
}

// order sorts facts by position, then id.
func order(a, b Fact) int {
	return cmp.Or(cmp.Compare(a.Act.Chain.Seq, b.Act.Chain.Seq), cmp.Compare(a.ID, b.ID))
}

// judge applies rules 1 to 4 to the acts of one author, sorted by order.
func judge(id entente.CompactID, acts []Fact, kept []entente.Settlement) *chain {
	c := &chain{byID: make(map[entente.ActID]*link, len(acts))}
	for _, f := range acts {
		n := &link{Fact: f, seq: f.Act.Chain.Seq, card: f.Act.Card}
		n.first = n.seq == 1 && f.Act.Chain.Prev == entente.ActID(id)
		if p := c.byID[f.Act.Chain.Prev]; p != nil && p.seq == n.seq-1 {
			n.parent = p
			p.children = append(p.children, n)
		}
		n.linked = n.first || n.parent != nil && n.parent.linked
		c.links = append(c.links, n)
		c.byID[f.ID] = n
	}
	pins := c.pin(kept)
	c.dropOldCards(pins)
	c.contest()
	for _, n := range c.links {
		n.counts = n.fate == stands && (n.first || n.parent != nil && n.parent.counts)
	}
	return c
}

// pin applies settlements (rule 2).
func (c *chain) pin(kept []entente.Settlement) map[int64]*link {
	pins := map[int64]*link{}
	for _, k := range kept {
		n := c.byID[k.Keep]
		if n == nil || n.seq != k.Seq {
			continue
		}
		for ; n != nil; n = n.parent {
			if pins[n.seq] == nil {
				pins[n.seq] = n
			}
		}
	}
	for _, n := range c.links {
		if p := pins[n.seq]; p != nil && p != n {
			n.fate = dropped
		}
		n.inherit()
	}
	return pins
}

// inherit makes void what follows a void act.
func (n *link) inherit() {
	if n.fate == stands && n.parent != nil {
		n.fate = n.parent.fate
	}
}

// standing calls f for each position with the acts that stand there.
func (c *chain) standing(f func(here []*link)) {
	var here []*link
	for i, n := range c.links {
		n.inherit()
		if n.fate == stands {
			here = append(here, n)
		}
		if i+1 == len(c.links) || c.links[i+1].seq != n.seq {
			f(here)
			here = here[:0]
		}
	}
}

// dropOldCards applies rule 3.
func (c *chain) dropOldCards(pins map[int64]*link) {
	var newest int64
	c.standing(func(here []*link) {
		for _, n := range here {
			newest = max(newest, n.card)
		}
		for _, n := range here {
			if n.card < newest && pins[n.seq] != n {
				n.fate = overtaken
			}
		}
	})
}

// contest applies rule 4.
func (c *chain) contest() {
	for _, n := range slices.Backward(c.links) {
		if n.fate != stands {
			continue
		}
		n.reach = max(n.reach, n.card)
		if n.parent != nil {
			n.parent.reach = max(n.parent.reach, n.reach)
		}
	}
	c.standing(func(here []*link) {
		var top int64
		for _, n := range here {
			top = max(top, n.reach)
		}
		var left []*link
		for _, n := range here {
			if n.reach < top {
				n.fate = overtaken
			} else {
				left = append(left, n)
			}
		}
		if len(left) > 1 && c.fork == nil {
			c.fork = left
		}
	})
}

// trunk says whether n counts and lies before any fork.
func (c *chain) trunk(n *link) bool {
	return n.counts && (c.fork == nil || n.seq < c.fork[0].seq)
}

// tip is the end of the branch that goes through n.
func (n *link) tip() *link {
	for {
		i := slices.IndexFunc(n.children, func(m *link) bool { return m.fate == stands })
		if i < 0 {
			return n
		}
		n = n.children[i]
	}
}

// head is the end of the trunk; nil: the chain has not begun.
func (c *chain) head() *link {
	var head *link
	for _, n := range c.links {
		if c.trunk(n) {
			head = n
		}
	}
	return head
}

func ids(links []*link) []entente.ActID {
	out := make([]entente.ActID, len(links))
	for i, n := range links {
		out[i] = n.ID
	}
	slices.Sort(out)
	return out
}
