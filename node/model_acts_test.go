package node_test

import "slices"

// What parties of the model do. Each method says whether it is allowed; what is
// not changes nothing.

func (m *model) put(p, object int, refs []int) int {
	m.records = append(m.records, modelRecord{p, object, refs})
	return len(m.records) - 1
}

// knows says whether a party's own people can name a record: what they may not see they cannot use.
func (m *model) knows(p, r int) bool { return m.shows(p, p, r) }

func (m *model) derive(p, r, source int) bool {
	if m.records[r].owner != p || r == source || !m.knows(p, source) {
		return false
	}
	if !slices.Contains(m.people[p].rests[r], source) {
		m.people[p].rests[r] = append(m.people[p].rests[r], source)
	}
	return true
}

// Acts on compacts: members pass on all that they know.

func (m *model) say(p int, a *modelAct) {
	a.by = p
	m.learn(p, p, a)
}

func (m *model) learn(p, from int, a *modelAct) {
	me := m.people[p]
	if _, known := me.from[a]; known {
		return
	}
	me.known, me.from[a] = append(me.known, a), from
	for _, q := range m.compacts[a.compact].members {
		if q != p && q != from && q != a.by {
			m.queue(a, p, q)
		}
	}
}

func (m *model) accede(p, k int) bool {
	if !m.member(k, p) || m.compacts[k].members[0] == p {
		return false
	}
	for _, a := range m.people[p].known {
		if a.kind == "accession" && a.compact == k && a.by == p {
			return false
		}
	}
	m.say(p, &modelAct{kind: "accession", compact: k})
	return true
}

func (m *model) suspend(p, k, member int) bool {
	if !m.member(k, p) || !m.member(k, member) {
		return false
	}
	m.say(p, &modelAct{kind: "suspension", compact: k, member: member})
	return true
}

func (m *model) resume(p, k, member int) bool {
	standing := m.suspensions(p, k, p, member)
	for _, s := range standing {
		m.say(p, &modelAct{kind: "resumption", compact: k, lifts: s})
	}
	return len(standing) > 0
}

// Acts to one other.

func (m *model) tell(a *modelAct) {
	m.people[a.by].said = append(m.people[a.by].said, a)
	m.queue(a, a.by, a.to)
}

func (m *model) release(p, q, k int, records []int, h modelHandling) bool {
	if !m.may(p, k, p, q, sending) || h.tlp > widestTLP || h.onward > m.compacts[k].onward || m.begun(p, h.expires) {
		return false
	}
	consents, ok := m.rightful(p, q, k, records, h)
	if !ok {
		return false
	}
	m.tell(&modelAct{kind: "release", by: p, to: q, compact: k, records: records, consents: consents, handling: h})
	for _, r := range records {
		switch {
		case consents[r] != nil:
			m.reached["a relay"]++
		case len(m.foreign(p, r)) > 0:
			m.reached["derived work"]++
		}
		if len(m.records[r].refs) > 0 {
			m.reached["references"]++
		}
	}
	return true
}

func (m *model) ask(p, r, k int, use string, recipients []int, expires int) (*modelAct, bool) {
	by := m.held(p, r, k)
	allowed := slices.ContainsFunc(by, func(l *modelAct) bool { return l.handling.onward > 0 })
	if m.records[r].owner == p || !allowed || !m.may(p, k, p, m.records[r].owner, sending) {
		return nil, false
	}
	a := &modelAct{kind: "ask", by: p, to: m.records[r].owner, compact: k, record: r, use: use, recipients: recipients, expires: expires}
	m.tell(a)
	return a, true
}

// answer gives a consent under this least handling, or under that of the release
// to whoever asks, or refuses.
func (m *model) answer(ask *modelAct, least *modelHandling, refuse bool) bool {
	p := ask.to
	c := &modelAct{
		kind: "consent", by: p, to: ask.by, compact: ask.compact, record: ask.record, use: ask.use,
		recipients: ask.recipients, expires: ask.expires, refused: refuse,
	}
	if !slices.Contains(m.people[p].got, ask) || !m.may(p, c.compact, p, c.to, sending) {
		return false
	}
	if !refuse {
		if least == nil {
			by := m.given(p, c.to, c.record, c.compact)
			if len(by) == 0 {
				return false
			}
			c.handling = strictestOf(by)
			c.handling.onward = 0
		} else {
			c.handling = *least
		}
		if c.handling.tlp > widestTLP || c.handling.onward > m.compacts[c.compact].onward || m.begun(p, c.handling.expires) {
			return false
		}
		for _, q := range c.recipients {
			if c.use == "derive" {
				if m.suspends(p, c.compact, p, p) || m.suspends(p, c.compact, p, q) || m.suspends(p, c.compact, q, q) {
					return false
				}
			} else if !m.may(p, c.compact, p, q, sending) {
				return false
			}
		}
	}
	m.tell(c)
	return true
}

// recall takes a record back from some parties, or from all (none named).
func (m *model) recall(p, r int, from []int) bool {
	type where struct{ to, compact int }
	ends := map[where][]*modelAct{}
	end := func(to int, a *modelAct) {
		w := where{to, a.compact}
		if to != p && (len(from) == 0 || slices.Contains(from, to)) && !slices.Contains(ends[w], a) {
			ends[w] = append(ends[w], a)
		}
	}
	for _, a := range m.people[p].said {
		switch {
		case a.kind == "release" && m.stands(p, a, r):
			end(a.to, a)
		case a.kind == "consent" && a.record == r && !a.refused:
			who := []int{a.to}
			if a.use == "relay" {
				who = append(who, a.recipients...)
			}
			for _, q := range who {
				if !m.recalled(p, q, a) {
					end(q, a)
				}
			}
		}
	}
	for w, acts := range ends {
		x := &modelAct{kind: "recall", by: p, to: w.to, compact: w.compact, records: []int{r}, ends: acts}
		m.people[p].recalls = append(m.people[p].recalls, x)
		out := false
		for _, a := range acts {
			out = out || a.kind == "consent" || a.entered
			m.shrink(a, r)
		}
		if out {
			m.queue(x, p, w.to)
		}
	}
	return len(ends) > 0
}

// recalled says whether p has taken a consent back from q already.
func (m *model) recalled(p, q int, c *modelAct) bool {
	return slices.ContainsFunc(m.people[p].recalls, func(x *modelAct) bool { return x.by == p && x.to == q && slices.Contains(x.ends, c) })
}

// shrink takes a recalled record out of a release that waits, and keeps its place;
// without any left it goes.
func (m *model) shrink(l *modelAct, r int) {
	ch := m.lane(l.by, l.to, l.compact)
	at := slices.Index(ch.waiting, l)
	if l.kind != "release" || at < 0 {
		return
	}
	ch.waiting = slices.Delete(ch.waiting, at, at+1)
	if !slices.ContainsFunc(l.records, func(x int) bool { return m.stands(l.by, l, x) }) {
		return
	}
	again := *l
	again.records = slices.DeleteFunc(slices.Clone(l.records), func(x int) bool { return x == r })
	me := m.people[l.by]
	me.said = slices.DeleteFunc(me.said, func(a *modelAct) bool { return a == l })
	for _, x := range again.records {
		me.over[place{&again, x}] = me.over[place{l, x}]
	}
	m.tell(&again)
	if last := len(ch.waiting) - 1; ch.waiting[last] == &again { // in the place of the other
		ch.waiting = slices.Insert(ch.waiting[:last], at, &again)
	}
}

// sweep ends what has expired.
func (m *model) sweep(p int) {
	me := m.people[p]
	for _, l := range slices.Concat(me.said, me.got) {
		if l.kind == "release" && m.begun(p, l.handling.expires) {
			m.end(p, l)
		}
	}
	m.lose(p)
}

func (m *model) end(p int, l *modelAct) {
	for _, r := range l.records {
		m.people[p].over[place{l, r}] = true
	}
}

// lose ends what p has relayed of records that it has no more.
func (m *model) lose(p int) {
	for _, l := range m.people[p].said {
		for _, r := range l.records {
			if l.kind == "release" && !m.kept(p, r) {
				m.people[p].over[place{l, r}] = true
			}
		}
	}
}

// Delivery.

// enter puts what may go now into the channel. It is judged again.
func (m *model) enter(ch lane) {
	l := m.lanes[ch]
	if l == nil {
		return
	}
	var stay []*modelAct
	for _, first := range []bool{true, false} { // control acts go before the others
		for _, a := range l.waiting {
			switch {
			case control(a) != first:
			case !m.goes(ch, a):
				stay = append(stay, a)
			case !m.holds(ch, a):
				m.end(ch.from, a) // dropped: it has never left, and never will
				m.reached["a release dropped"]++
			default:
				a.entered, a.waits = true, false
				l.entered = append(l.entered, a)
			}
		}
	}
	l.waiting = stay
}

func control(a *modelAct) bool { return a.kind != "release" && a.kind != "ask" && a.kind != "consent" }

// goes says whether acts of this kind may go now.
func (m *model) goes(ch lane, a *modelAct) bool {
	return control(a) || m.may(ch.from, ch.compact, ch.from, ch.to, sending)
}

// holds says whether a release is still as right as when it was signed.
func (m *model) holds(ch lane, a *modelAct) bool {
	if a.kind != "release" {
		return true
	}
	p, q := ch.from, ch.to
	if m.begun(p, a.handling.expires) {
		return false
	}
	for _, r := range a.records {
		if !m.stands(p, a, r) || m.records[r].owner != p && (!m.kept(p, r) || !m.covers(p, a.consents[r], "relay", r, ch.compact, q)) ||
			!m.sourced(p, q, ch.compact, r, a.handling) || !m.closed(p, q, ch.compact, r, a.records, true) {
			return false
		}
	}
	return true
}

// arrive brings what is in the channel to its end. What may not go any more
// comes as an id alone. It says whether anything came.
func (m *model) arrive(ch lane) bool {
	l := m.lanes[ch]
	if l == nil || l.arrived == len(l.entered) {
		return false
	}
	for _, a := range l.entered[l.arrived:] {
		code := "withheld"
		if m.goes(ch, a) && m.holds(ch, a) {
			code = m.take(ch, a)
		}
		l.answers = append(l.answers, modelAnswer{a, code})
		m.reached["an entry "+code]++
	}
	l.arrived = len(l.entered)
	m.people[ch.to].heard[ch.from] = m.clock(ch.to)
	return true
}

// settle is what the sender does with the receipts: what was refused is not had,
// what was withheld waits once more.
func (m *model) settle(ch lane) {
	l := m.lanes[ch]
	if l == nil {
		return
	}
	for _, x := range l.answers {
		switch {
		case x.act.kind != "release" || x.code == "applied":
		case x.code == "refused":
			m.end(ch.from, x.act)
		case slices.ContainsFunc(x.act.records, func(r int) bool { return m.stands(ch.from, x.act, r) }):
			l.waiting, x.act.waits = append(l.waiting, x.act), true
		}
	}
	l.answers = nil
}

// take judges what came, and gives the answer.
func (m *model) take(ch lane, a *modelAct) string {
	q, k := ch.to, ch.compact
	me := m.people[q]
	switch a.kind {
	case "accession", "suspension", "resumption":
		m.learn(q, ch.from, a)
		return "applied"
	case "recall":
		me.recalls = append(me.recalls, a)
		m.lose(q)
		m.reached["a recall that came"]++
		return "applied"
	}
	if !m.may(q, k, a.by, q, receiving) {
		return "refused"
	}
	switch a.kind {
	case "release":
		for r, c := range a.consents {
			if m.begun(q, c.expires) || m.withdrawn(q, c) || !m.may(q, k, m.records[r].owner, q, receiving) {
				m.reached["a relay refused by who received it"]++
				return "refused"
			}
			m.reached["a relay that came"]++
		}
	case "ask":
		if len(m.given(q, a.by, a.record, k)) == 0 {
			return "applied" // kept, and shown to nobody
		}
	}
	me.got = append(me.got, a)
	return "applied"
}
