package node_test

import (
	"math/bits"
	"slices"
	"time"

	"pgregory.net/rapid"

	"entente"
)

// What happens next is drawn so that much of it is allowed and long ways are
// gone to their end: a record that nobody ever gets says nothing about recalls.

// evenly draws a number below n. Rapid's own generators prefer small numbers: of
// many parties, records and acts that would be the first few.
func evenly(n int) *rapid.Generator[int] {
	return rapid.Custom(func(t *rapid.T) int {
		v := 0
		for range bits.Len(uint(n)) + 3 {
			v <<= 1
			if rapid.Bool().Draw(t, "") {
				v++
			}
		}
		return v % n
	})
}

func (h *history) number(what string, from, to int) int {
	return from + evenly(to-from+1).Draw(h.rt, what)
}

// often is true in so many of ten cases.
func (h *history) often(what string, tenths int) bool { return h.number(what, 0, 9) >= 10-tenths }

func draw[T any](h *history, what string, list []T) T {
	return list[h.number(what, 0, len(list)-1)]
}

func (h *history) anyone(what string) int { return h.number(what, 0, len(h.nodes)-1) }

func (h *history) compact() int { return h.number("compact", 0, len(h.compacts)-1) }

// another is a party that is not p.
func (h *history) another(what string, p int) int {
	return (p + h.number(what, 1, len(h.nodes)-1)) % len(h.nodes)
}

// others is a set of parties without p.
func (h *history) others(what string, p int) []int {
	out := []int{h.another(what, p)}
	if more := h.another(what, p); more != out[0] && h.often("more than one", 3) {
		out = append(out, more)
	}
	return out
}

// pair draws two parties, mostly of one compact.
func (h *history) pair() (p, q, k int) {
	if h.often("any two", 1) {
		p = h.anyone("who")
		return p, h.another("to", p), h.compact()
	}
	for range 4 { // mostly where it may flow
		ch := h.channel()
		p, q, k = ch.from, ch.to, ch.compact
		if h.may(p, k, p, q, sending) {
			break
		}
	}
	return p, q, k
}

// channel draws a channel between members.
func (h *history) channel() lane {
	k := h.compact()
	members := h.compacts[k].members
	from := h.number("from", 0, len(members)-1)
	to := (from + h.number("to", 1, len(members)-1)) % len(members)
	return lane{members[from], members[to], k}
}

// nameOf is what steps call a record.
func (h *history) nameOf(r int) int {
	for name, at := range h.names {
		if at == r {
			return name
		}
	}
	return 0
}

// usable draws a record that p mostly knows.
func (h *history) usable(p int, foreign bool) int {
	var known []int
	for r := range h.records {
		if h.knows(p, r) && (!foreign || h.records[r].owner != p) {
			known = append(known, r)
		}
	}
	if len(known) == 0 || h.often("any record at all", 1) {
		return h.number("record", 0, len(h.records)-1)
	}
	return draw(h, "record", known)
}

func (h *history) handling() modelHandling {
	return modelHandling{
		tlp:     draw(h, "tlp", []int{2, 2, 2, 2, 2, 2, 0, 1, 3, 4}),
		onward:  draw(h, "onward", []int{1, 1, 1, 1, 1, 1, 0, 0, 0, 2}),
		caveat:  h.often("caveat", 2),
		expires: h.day(),
	}
}

// day draws an expiry: mostly none.
func (h *history) day() int {
	today := int((h.now + 8*time.Hour) / (24 * time.Hour))
	return draw(h, "expires", []int{0, 0, 0, 0, 0, today + 1, today + 2, today + 5, today + 1, today})
}

func (h modelHandling) String() string {
	s := string(entente.TLPs[h.tlp]) + ", onward " + string(entente.Onwards[h.onward])
	if h.caveat {
		s += ", a caveat"
	}
	if h.expires != 0 {
		s += ", to the start of " + string(date(h.expires))
	}
	return s
}

type choice struct {
	weight int
	draw   func(*history) step
}

var choices = []choice{
	{8, (*history).puts},
	{14, (*history).releases},
	{9, (*history).uses},
	{22, (*history).delivers},
	{3, (*history).meets},
	{3, (*history).loses},
	{5, (*history).recalls},
	{3, (*history).suspends},
	{6, (*history).resumes},
	{1, (*history).accedes},
	{6, (*history).asking},
	{8, (*history).answers},
	{3, (*history).derives},
	{6, (*history).waits},
	{2, (*history).sweeps},
	{1, (*history).restarts},
	{2, (*history).replays},
	{22, (*history).looks},
}

// draw draws the next step.
func (h *history) draw() step {
	if len(h.records) == 0 {
		return h.puts()
	}
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	n := h.number("act", 0, total-1)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return c.draw(h)
		}
	}
	panic("weights")
}

func (h *history) name() int {
	h.called++
	return h.called
}

func (h *history) puts() step {
	s := step{what: "put", r: -1, p: h.anyone("who"), name: h.name()}
	s.object = s.name
	if len(h.records) > 0 {
		s.object = draw(h, "object", []int{s.object, s.object, s.object, h.records[h.number("version of", 0, len(h.records)-1)].object})
		for range draw(h, "references", []int{0, 0, 0, 1, 1, 2}) {
			o := h.records[h.number("refers to", 0, len(h.records)-1)].object
			if h.often("to nothing", 1) {
				o = 9999
			}
			if o != s.object && !slices.Contains(s.list, o) {
				s.list = append(s.list, o)
			}
		}
	}
	return s
}

func (h *history) derives() step {
	p := h.anyone("who")
	for range 3 { // mostly somebody who has something of others
		if slices.ContainsFunc(h.people[p].got, func(a *modelAct) bool { return a.kind == "release" }) {
			break
		}
		p = h.anyone("who")
	}
	return step{what: "derive", p: p, r: h.nameOf(h.usable(p, false)), list: []int{h.nameOf(h.usable(p, true))}}
}

func (h *history) releases() step {
	p, q, k := h.pair()
	list := []int{h.usable(p, false)}
	if h.often("with all it refers to", 6) {
		for i := 0; i < len(list); i++ {
			for r, rec := range h.records {
				if slices.Contains(h.records[list[i]].refs, rec.object) && !slices.Contains(list, r) && rec.owner == p {
					list = append(list, r)
				}
			}
		}
	}
	s := step{what: "release", p: p, q: q, k: k, r: -1, handling: h.handling()}
	for _, r := range list {
		s.list = append(s.list, h.nameOf(r))
	}
	return s
}

// uses releases something for which there is a consent, if there is any.
func (h *history) uses() step {
	var list []step
	for p, me := range h.people {
		for _, c := range me.got {
			if c.kind != "consent" || c.refused {
				continue
			}
			for _, q := range c.recipients {
				s := step{what: "release", p: p, q: q, k: c.compact, r: -1, handling: c.handling}
				switch c.use {
				case "relay":
					s.list = []int{h.nameOf(c.record)}
					list = append(list, s)
				case "derive":
					for r := range h.records {
						if slices.Contains(h.foreign(p, r), c.record) {
							s.list = []int{h.nameOf(r)}
							list = append(list, s)
						}
					}
				}
			}
		}
	}
	rightful := slices.DeleteFunc(slices.Clone(list), func(s step) bool {
		_, ok := h.rightful(s.p, s.q, s.k, []int{h.names[s.list[0]]}, s.handling)
		return !ok || !h.may(s.p, s.k, s.p, s.q, sending)
	})
	switch {
	case len(list) == 0:
		return h.asking()
	case len(rightful) > 0 && h.often("one that covers", 8):
		list = rightful
	}
	s := draw(h, "use of a consent", list)
	if h.often("under other handling", 2) {
		s.handling = h.handling()
	}
	if h.often("in another compact", 1) {
		s.k = h.compact()
	}
	return s
}

func (h *history) delivers() step {
	ch := h.channel()
	var busy []lane
	for k, c := range h.compacts {
		for _, p := range c.members {
			for _, q := range c.members {
				if l := h.lanes[lane{p, q, k}]; l != nil && len(l.waiting)+len(l.entered)-l.arrived > 0 {
					busy = append(busy, lane{p, q, k})
				}
			}
		}
	}
	if len(busy) > 0 && h.often("where something waits", 8) {
		ch = draw(h, "channel", busy)
	}
	return step{what: "deliver", p: ch.from, q: ch.to, k: ch.compact, r: -1}
}

func (h *history) loses() step {
	s := h.delivers()
	s.use = draw(h, "lost", []string{"batch", "receipt"})
	return s
}

func (h *history) meets() step {
	p := h.anyone("who")
	return step{what: "meet", p: p, q: h.another("with", p), r: -1}
}

func (h *history) replays() step {
	ch := h.channel()
	return step{what: "replay", p: ch.from, q: ch.to, k: ch.compact, r: -1}
}

func (h *history) recalls() step {
	p := h.anyone("who")
	r := h.usable(p, false)
	var given []int
	for _, a := range h.people[p].said {
		given = append(given, a.records...)
		if a.kind == "consent" {
			given = append(given, a.record)
		}
	}
	if len(given) > 0 && h.often("given", 8) {
		r = draw(h, "record", given)
	}
	s := step{what: "recall", p: p, r: h.nameOf(r)}
	if h.often("only from some", 5) {
		s.to = h.others("from", p)
	}
	return s
}

func (h *history) suspends() step {
	p, q, k := h.pair()
	if h.often("itself", 3) {
		q = p
	}
	return step{what: "suspend", p: p, q: q, k: k, r: -1}
}

func (h *history) resumes() step {
	p, q, k := h.pair()
	var list []step
	for k, c := range h.compacts {
		for _, by := range c.members {
			for _, whom := range c.members {
				if h.model.suspends(by, k, by, whom) {
					list = append(list, step{p: by, q: whom, k: k})
				}
			}
		}
	}
	if len(list) > 0 && h.often("one that stands", 9) {
		s := draw(h, "suspension", list)
		p, q, k = s.p, s.q, s.k
	}
	return step{what: "resume", p: p, q: q, k: k, r: -1}
}

func (h *history) accedes() step {
	k := h.compact()
	return step{what: "accede", p: draw(h, "who", h.compacts[k].members), k: k, r: -1}
}

func (h *history) asking() step {
	var list []step
	for p := range h.people {
		for r := range h.records {
			for _, l := range h.held(p, r, -1) {
				if l.handling.onward > 0 {
					list = append(list, step{p: p, k: l.compact, r: r})
				}
			}
		}
	}
	if len(list) == 0 {
		return h.releases()
	}
	s := draw(h, "what one has", list)
	if h.often("something else", 1) {
		s = step{p: h.anyone("who"), k: h.compact()}
		s.r = h.usable(s.p, true)
	}
	// Mostly for members that are neither of the two.
	to := slices.DeleteFunc(slices.Clone(h.compacts[s.k].members), func(q int) bool { return q == s.p || q == h.records[s.r].owner })
	if len(to) == 0 || h.often("anybody", 1) {
		to = h.others("for", s.p)
	}
	s.what, s.r, s.name, s.to = "ask", h.nameOf(s.r), h.name(), to
	s.use = draw(h, "use", []string{"relay", "relay", "derive", "derive", "mention"})
	if h.often("with an expiry", 2) {
		s.day = h.day()
	}
	return s
}

func (h *history) answers() step {
	var came, all []int
	for name := range h.called + 1 { // in the order of names
		if a := h.askedBy[name]; a != nil {
			all = append(all, name)
			if slices.Contains(h.people[a.to].got, a) {
				came = append(came, name)
			}
		}
	}
	if len(all) == 0 {
		return h.asking()
	}
	s := step{what: "answer", r: -1, ask: draw(h, "ask", all)}
	if len(came) > 0 && h.often("one that came", 9) {
		s.ask = draw(h, "ask", came[max(0, len(came)-4):])
	}
	if h.often("refuse", 1) {
		s.use = "refuse"
	} else if s.other = h.often("under other handling", 3); s.other {
		s.handling = h.handling()
	}
	return s
}

func (h *history) waits() step {
	s := step{what: "wait", r: -1, wait: 10 * time.Minute * time.Duration(draw(h, "wait", []int{1, 1, 1, 2, 2, 5, 30, 144, 432}))}
	if end := h.compacts[len(h.compacts)-1].end; h.now < end && end < 30*24*time.Hour && h.often("to the end of a compact", 1) {
		s.wait = max(end-h.now+time.Duration(draw(h, "around", []int{-9, -6, -4, 2, 6}))*time.Minute, 0)
	}
	return s
}

func (h *history) sweeps() step { return step{what: "sweep", p: h.anyone("who"), r: -1} }

func (h *history) restarts() step { return step{what: "restart", p: h.anyone("who"), r: -1} }

func (h *history) looks() step {
	return step{
		what: "look", p: h.anyone("at"), q: h.anyone("who"), r: h.nameOf(h.number("record", 0, len(h.records)-1)),
		other: h.often("by its object", 3),
	}
}
