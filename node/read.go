package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"entente"
	"entente/compact"
	"entente/ledger"
	"entente/release"
	"entente/store"
)

// Query says what a reader wants to see. The zero Query asks for the first page
// of everything in the reader's list.
type Query struct {
	// Record asks for one record by its id, or for the versions of one object by STIX id.
	Record string
	// Records asks for records by whole ids, and for all versions of objects by
	// whole STIX ids, at most 1,000 of both: a list, in the reader's order, that
	// leaves out what is not there for the reader. Limit and After have no say.
	Records []string
	// RefersTo asks for the records that refer to an object, by its STIX id, in the
	// order of arrival and with bodies, at most Limit; Type bounds them.
	RefersTo string
	// Text asks, as one of this party, for records by their words, as [Phrases] reads
	// them: the newest first, with bodies. Own, Type, Originator and Compact bound them.
	Text string
	// Compact bounds the list to what was released in one compact.
	Compact entente.CompactID
	// Own bounds the list to this party's own records (true) or to those of
	// others (false), for readers of this party; nil: own first.
	Own *bool
	// Type bounds it to one STIX type.
	Type string
	// Originator bounds it to the records of one party.
	Originator entente.PartyID
	// Newest turns a list round: what came last stands first.
	Newest bool
	// Whole gives the views of a list their bodies, and all their grants.
	Whole bool
	// After continues the same list behind a page, by its Next; Limit defaults to
	// 100, at most 1000.
	After string
	Limit int
	// Owed asks, as a peer, for the next entries of the channel to that peer. What
	// is read so is entered in the channel in the same transaction.
	Owed *Owed
	// Lost asks, as a peer, for entries of the peer's own channel to this party
	// that the peer's store has lost.
	Lost *Owed
}

// Owed is a peer's place in the channel from this party in one compact.
type Owed struct {
	Compact entente.CompactID
	// From is the number of entries that the peer has.
	From int64
	// Bytes bounds the batch; one parcel is always given.
	Bytes int64
}

// Page is what a reader gets.
type Page struct {
	Views []release.View
	// Next is the place behind the last view of a list, for Query.After; More says
	// that a further page follows there now.
	Next string
	More bool
	// Batch answers Owed; nil if nothing is owed.
	Batch *entente.Batch
}

// Read is the one way out. Every view in the page was made by package release
// for this reader; what the reader may not see is answered as what does not
// exist (entente.ErrHidden).
func (n *Node) Read(ctx context.Context, r entente.Reader, q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > 1000 {
		q.Limit = 100
	}
	if q.Text != "" && r.Party == n.self {
		if _, err := n.Index(ctx); err != nil {
			return Page{}, err
		}
	}
	var page Page
	read := func(d *desk) error {
		var err error
		if q.Lost == nil {
			err = d.working()
		}
		if err == nil {
			err = d.mayRead(r)
		}
		switch {
		case err != nil:
		case q.Lost != nil:
			page.Batch, err = d.readLost(r, *q.Lost)
		case q.Owed != nil:
			page.Batch, err = d.readOwed(r, *q.Owed)
		case q.Record != "":
			page.Views, err = d.readOne(r, q)
		case q.Records != nil:
			page.Views, err = d.readNamed(r, q.Records)
		case q.RefersTo != "":
			page, err = d.readReferring(r, q)
		case q.Text != "":
			page, err = d.readMatching(r, q)
		default:
			page, err = d.readList(r, q)
		}
		return err
	}
	if q.Owed == nil {
		if err := n.view(ctx, read); err != nil {
			return Page{}, err
		}
		return page, n.noteReading(ctx, r, page, q)
	}
	// Look first: a courier asks often, and mostly nothing is owed.
	waiting := false
	err := n.view(ctx, func(d *desk) error {
		var err error
		waiting, err = d.anythingOwed(r.Party, *q.Owed)
		return err
	})
	if err != nil || !waiting {
		return page, err
	}
	return page, n.store.Update(ctx, func(tx *store.Tx) error {
		page = Page{}
		d := &desk{Node: n, Tx: tx, now: n.clock()}
		if err := read(d); err != nil {
			return err
		}
		return d.enterLogs()
	})
}

// noteReading writes to the log which person has read which record. The party as
// a whole, which has no operators or asks for a peer, is nobody to be noted.
func (n *Node) noteReading(ctx context.Context, r entente.Reader, page Page, q Query) error {
	if r.Operator == "" || q.Record == "" && q.RefersTo == "" && q.Text == "" || len(page.Views) == 0 {
		return nil
	}
	if q.Text != "" {
		// Not for what: the words may name whom the log's readers may not know of.
		return n.updateQuietly(ctx, func(d *desk) error { return d.event(store.Event{What: "searched", Who: r.Operator}) })
	}
	return n.updateQuietly(ctx, func(d *desk) error {
		for _, v := range page.Views {
			seen := map[entente.CompactID]bool{}
			for _, g := range v.Grants() {
				seen[g.Compact] = true
			}
			if len(seen) == 0 {
				seen[""] = true
			}
			for _, id := range slices.Sorted(maps.Keys(seen)) {
				if err := d.event(store.Event{What: "read", Who: r.Operator, Compact: id, Subject: string(v.ID())}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// readOne gives the record of this id, or all versions of the object. What the
// reader may not see takes no place in the answer, however much of it there is.
func (d *desk) readOne(r entente.Reader, q Query) ([]release.View, error) {
	var views []release.View
	for seen, limit := 0, 100; len(views) < 100; limit *= 8 {
		rows, err := d.FindRecords(q.Record, limit)
		if err != nil {
			return nil, err
		}
		for _, row := range rows[seen:] {
			full, err := d.Record(row.ID)
			if err != nil {
				return nil, err
			}
			grants, err := d.GrantsOfRecord(row.ID)
			if err != nil {
				return nil, err
			}
			v, ok, err := d.show(r, full, grants)
			if err != nil {
				return nil, err
			}
			if ok && (q.Compact == "" || inCompact(v, q.Compact)) {
				views = append(views, v)
			}
		}
		if seen = len(rows); seen < limit {
			break
		}
	}
	if len(views) == 0 {
		return nil, entente.ErrHidden
	}
	return views, nil
}

// show makes the view of a row for a reader, from the grants that the store has
// of this record.
func (d *desk) show(r entente.Reader, row store.Record, rows []store.Grant) (release.View, bool, error) {
	if row.Gone != "" {
		return release.View{}, false, nil
	}
	if ok, err := d.needToKnow(row.ID); err != nil || !ok {
		return release.View{}, false, err
	}
	if r.Party != d.self {
		var err error
		if rows, err = d.flowing(r.Party, row, rows); err != nil {
			return release.View{}, false, err
		}
	}
	grants, err := d.grants(rows)
	if err != nil {
		return release.View{}, false, err
	}
	rec := entente.Record{ID: row.ID, Header: entente.Header{Originator: row.Originator, Media: row.Media}}
	if row.Bytes != nil {
		if rec, err = entente.ParseRecord(row.Bytes); err != nil || rec.ID != row.ID {
			return release.View{}, false, brokenRow("record", row.ID, errors.Join(err, errors.New("its bytes do not give its id")))
		}
	}
	obj := release.Object{STIX: row.STIX, Type: row.Type, Version: row.Version, Name: row.Name, Size: row.Size, Arrived: row.Arrived}
	v, ok := release.Show(r, d.self, rec, obj, grants, d.now)
	return v, ok, nil
}

// flowing keeps the grants by which a record may go to another party now: what
// is suspended, has ended, or rests on a consent that does not stand any more is
// shown as little as it is sent.
func (d *desk) flowing(to entente.PartyID, row store.Record, rows []store.Grant) ([]store.Grant, error) {
	var out []store.Grant
	for _, g := range rows {
		if g.Reader != to {
			continue
		}
		may, ok := d.flows[flow{to, g.Compact}]
		if !ok {
			state, err := d.state(g.Compact)
			if err != nil {
				return nil, err
			}
			may = state.May(d.self, to, entente.KindRelease, d.now, compact.Sending) == nil
			if d.flows == nil {
				d.flows = map[flow]bool{}
			}
			d.flows[flow{to, g.Compact}] = may
		}
		if may && row.Originator != d.self {
			rel, err := d.release(g.Release)
			if err != nil {
				return nil, err
			}
			may = false
			for _, x := range rel.Records {
				if x.Record == row.ID {
					p, err := d.permitBy(x.Consent, row.ID, to)
					if err != nil {
						return nil, err
					}
					may = p != nil
				}
			}
		}
		if may {
			out = append(out, g)
		}
	}
	return out, nil
}

// grants gives rows the handling of the releases they rest on.
func (d *desk) grants(rows []store.Grant) ([]release.Grant, error) {
	out := make([]release.Grant, 0, len(rows))
	for _, row := range rows {
		g, err := d.gist(row.Release)
		if err != nil {
			return nil, err
		}
		if hidden, err := d.unconfirmed(row); err != nil {
			return nil, err
		} else if hidden {
			continue
		}
		out = append(out, release.Grant{Reader: row.Reader, Compact: row.Compact, Record: row.Record, Release: row.Release, Handling: g.handling, Supersedes: g.supersedes[row.Record]})
	}
	return out, nil
}

// unconfirmed says whether a grant to this party is hidden because its granter
// has not been reached for longer than the charter allows.
func (d *desk) unconfirmed(row store.Grant) (bool, error) {
	if row.Reader != d.self {
		return false, nil
	}
	state, err := d.state(row.Compact)
	if err != nil || state.Charter == nil || state.Charter.HideAfter == 0 {
		return false, err
	}
	act, err := d.Act(row.Release)
	if err != nil {
		return false, err
	}
	heard, err := d.heardFrom(act.Signer)
	return d.now.Sub(heard.Time) > time.Duration(state.Charter.HideAfter)*24*time.Hour, err
}

// handling is that of a release.
func (d *desk) handling(id entente.ActID) (entente.Handling, error) {
	g, err := d.gist(id)
	return g.handling, err
}

// gist is what lists need of a release.
type gist struct {
	handling   entente.Handling
	supersedes map[entente.RecordID]entente.RecordID
}

// gist reads what lists need of a release. The node remembers it: an act is the
// same for ever, and one with a thousand records takes longer to read than a
// page of them.
func (d *desk) gist(id entente.ActID) (gist, error) {
	d.mu.Lock()
	g, ok := d.gists[id]
	d.mu.Unlock()
	if ok {
		return g, nil
	}
	rel, err := d.release(id)
	if err != nil {
		return gist{}, err
	}
	g.handling = rel.Handling
	for _, r := range rel.Records {
		if r.Supersedes == "" {
			continue
		}
		if g.supersedes == nil {
			g.supersedes = map[entente.RecordID]entente.RecordID{}
		}
		g.supersedes[r.Record] = r.Supersedes
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.gists) > 10_000 {
		clear(d.gists)
	}
	d.gists[id] = g
	return g, nil
}

// release reads a release from its signed bytes, once in a transaction.
func (d *desk) release(id entente.ActID) (*entente.Release, error) {
	if rel, ok := d.releases[id]; ok {
		return rel, nil
	}
	act, err := d.Act(id)
	if err != nil {
		return nil, err
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err == nil && s.ID != id {
		err = errors.New("its bytes do not give its id")
	}
	if err != nil || s.Act.Release == nil {
		return nil, brokenRow("release", id, err)
	}
	if d.releases == nil {
		d.releases = map[entente.ActID]*entente.Release{}
	}
	d.releases[id] = s.Act.Release
	return s.Act.Release, nil
}

// ownList says whether a query asks for the reader's own records at the reader's
// own node; otherwise it asks for what was granted to the reader.
func ownList(r entente.Reader, q Query) bool { return q.Own == nil || *q.Own }

// readList fills a page with what the reader may see and looks one view further:
// a short page, or a page to come with nothing in it, would tell of what is hidden.
func (d *desk) readList(r entente.Reader, q Query) (Page, error) {
	at, err := d.place(r, q)
	if err != nil {
		return Page{}, err
	}
	page, own := Page{Next: q.After}, r.Party == d.self && q.Compact == "" && ownList(r, q)
	for end := at; ; {
		rows, err := d.listed(r, q, own, at)
		if err != nil {
			return page, err
		}
		for _, x := range rows {
			at = x.Record.N
			if !own {
				at = x.Grant.N
			}
			if q.Type != "" && x.Record.Type != q.Type || q.Originator != "" && x.Record.Originator != q.Originator || !own && x.Record.Originator == r.Party {
				continue
			}
			if q.Whole && x.Record.Gone == "" {
				if x.Record, err = d.Record(x.Record.ID); err != nil {
					return page, err
				}
			}
			v, ok, err := d.showListed(r, q, x, own)
			if err != nil {
				return page, err
			}
			if !ok {
				continue
			}
			if page.More = len(page.Views) == q.Limit; page.More {
				break
			}
			page.Views, end = append(page.Views, v), at
		}
		if page.More || len(rows) <= q.Limit {
			if len(page.Views) > 0 {
				page.Next, err = d.cursor(r, q, end)
			}
			return page, err
		}
	}
}

// listed gives the next rows of a list, one more than a page.
func (d *desk) listed(r entente.Reader, q Query, own bool, at int64) ([]store.Granted, error) {
	if !own {
		return d.GrantedRecords(r.Party, q.Compact, entente.DateOf(d.now), at, q.Limit+1, q.Newest)
	}
	rows, err := d.OwnRecords(d.self, at, q.Limit+1, q.Type, q.Newest)
	out := make([]store.Granted, len(rows))
	for i, row := range rows {
		out[i].Record = row
	}
	return out, err
}

// showListed makes the view of a record in a list, by the grant it is listed by, or
// by all of the reader's if views are to be whole.
// For another party, where that one does not flow now, another may.
func (d *desk) showListed(r entente.Reader, q Query, x store.Granted, own bool) (release.View, bool, error) {
	if own {
		return d.show(r, x.Record, nil)
	}
	if !q.Whole {
		v, ok, err := d.show(r, x.Record, []store.Grant{x.Grant})
		if err != nil || ok || r.Party == d.self {
			return v, ok, err
		}
	}
	all, err := d.GrantsTo(r.Party, []entente.RecordID{x.Record.ID})
	if err != nil {
		return release.View{}, false, err
	}
	all = slices.DeleteFunc(all, func(g store.Grant) bool { return q.Compact != "" && g.Compact != q.Compact })
	return d.show(r, x.Record, all)
}

// anythingOwed says whether a courier would get a batch.
func (d *desk) anythingOwed(to entente.PartyID, o Owed) (bool, error) {
	self, _, err := d.current(d.Tx, d.self)
	if err != nil {
		return false, err
	}
	row, err := d.Channel(entente.Channel{From: d.self, To: to, Compact: o.Compact, Epoch: self.Epoch})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if o.From < row.Size {
		return true, nil
	}
	queued, err := d.Queued(to, o.Compact, 1)
	return len(queued) > 0, err
}

// Bounds of one batch towards a peer. A batch once sent keeps its bounds for
// ever: it is sent again as it was.
const (
	batchParcels = 256
	batchBytes   = 8 << 20
)

// readOwed gives the next batch of the channel to a peer: one that was sent
// before and did not arrive, or one made of what is queued.
func (d *desk) readOwed(r entente.Reader, o Owed) (*entente.Batch, error) {
	if r.Party == d.self || r.Party == "" || r.Operator != "" {
		return nil, entente.ErrHidden
	}
	self, _, err := d.current(d.Tx, d.self)
	if err != nil {
		return nil, err
	}
	row, tree, err := d.channel(entente.Channel{From: d.self, To: r.Party, Compact: o.Compact, Epoch: self.Epoch})
	if err != nil {
		return nil, err
	}
	if o.From > row.Size {
		return nil, entente.Errorf(entente.Conflict, "", "the peer has %d entries, the channel %d", o.From, row.Size)
	}
	if o.From < row.Size {
		return d.sendAgain(r, row, o.From)
	}
	return d.sendQueued(r, row, &tree, o)
}

// sendQueued judges queued acts once more, enters those that may go in the
// channel, and signs its head.
func (d *desk) sendQueued(r entente.Reader, row store.Channel, tree *ledger.Tree, o Owed) (*entente.Batch, error) {
	batch := &entente.Batch{Channel: row.Channel, First: row.Size}
	limit := int64(batchBytes)
	if o.Bytes > 0 {
		limit = min(limit, o.Bytes)
	}
	var leaves []store.Leaf
	size := int64(0)
	after := int64(0)
	// Control acts first: what a resumption lets go must come behind it.
	control := true
queue:
	for {
		queued, err := d.QueuedAfter(r.Party, o.Compact, control, after, batchParcels)
		if err != nil {
			return nil, err
		}
		for _, q := range queued {
			after = q.N
			p, send, err := d.parcel(r, q)
			if err != nil {
				return nil, err
			}
			if !send {
				continue
			}
			weight := int64(len(p.Act))
			for _, b := range p.Records {
				weight += int64(len(b))
			}
			if len(batch.Parcels) > 0 && (size+weight > limit || len(batch.Parcels) == batchParcels) {
				break queue
			}
			if ok, err := d.allowSending(r.Party, o.Compact, q.Kind, weight); err != nil {
				return nil, err
			} else if !ok {
				continue // it goes tomorrow
			}
			size += weight
			if err := d.SetPosition(q.N, row.Size+int64(len(leaves))); err != nil {
				return nil, err
			}
			batch.Parcels = append(batch.Parcels, p)
			leaves = append(leaves, store.Leaf{ID: string(p.Leaf)})
		}
		if len(queued) < batchParcels {
			if !control {
				break
			}
			control, after = false, 0
		}
	}
	if len(leaves) == 0 {
		return nil, nil
	}
	if err := d.extend(&row, tree, leaves); err != nil {
		return nil, err
	}
	head, err := d.signHead(&row)
	if err != nil {
		return nil, err
	}
	batch.Head = head.Envelope()
	d.remember(row)
	err = d.event(store.Event{What: "sent", Who: string(r.Party), Compact: row.Compact, Subject: string(head.ID), Detail: fmt.Sprintf("entries %d to %d", batch.First, row.Size-1)})
	if err != nil {
		return nil, err
	}
	return batch, d.UpdateChannel(row, row.Size)
}

// parcel judges one queued act at the moment of sending. An act that may not go
// now stays queued (a suspension can be lifted) or is dropped for good.
func (d *desk) parcel(r entente.Reader, q store.Delivery) (entente.Parcel, bool, error) {
	act, err := d.Act(q.Act)
	if err != nil {
		return entente.Parcel{}, false, err
	}
	p := entente.Parcel{Leaf: q.Act, Act: act.Envelope}
	if act.Signer != d.self && (q.Kind == entente.KindCharter || q.Kind.Chained()) {
		// Passed on: the recipient may not know the author yet.
		cards, err := d.ActsBy(act.Signer, entente.KindCard)
		if err != nil {
			return p, false, err
		}
		for _, c := range cards {
			if c.State == store.StateApplied {
				p.Attached = append(p.Attached, c.Envelope)
			}
		}
	}
	if q.Kind.Control() {
		return p, true, nil
	}
	state, err := d.state(q.Compact)
	if err != nil {
		return p, false, err
	}
	if refusal := state.May(d.self, r.Party, q.Kind, d.now, compact.Sending); refusal != nil {
		return p, false, nil
	}
	if row, err := d.Party(r.Party); err != nil || row.Frozen != "" {
		return p, false, err
	}
	if q.Kind != entente.KindRelease {
		return p, true, nil
	}
	s, err := entente.ParseSigned(act.Envelope)
	if err != nil {
		return p, false, brokenRow("act", act.ID, err)
	}
	reason := ""
	if refusal := release.Within(state.Charter, s.Act.Release.Handling, d.now); refusal != nil {
		reason = refusal.Reason
	} else {
		var rows []store.Record
		if rows, reason, err = d.noLonger(r.Party, state, s.Act.Release); err != nil {
			return p, false, err
		}
		if reason == "" {
			if p.Records, reason, err = d.bodies(r, act.ID, s.Act.Release, rows); err != nil {
				return p, false, err
			}
		}
	}
	if reason != "" && q.N > 0 {
		return p, false, d.dropQueued(q, reason)
	}
	if reason == "" {
		p.Attached, err = d.attached(s.Act.Release)
	}
	return p, reason == "", err
}

// dropQueued takes an act that has never left out of the queue: it lets nobody
// see anything.
func (d *desk) dropQueued(row store.Delivery, reason string) error {
	if err := d.event(store.Event{What: "not sent", Who: string(row.To), Compact: row.Compact, Subject: string(row.Act), Detail: reason}); err != nil {
		return err
	}
	if _, err := d.DeleteGrants(row.To, row.Act, nil); err != nil {
		return err
	}
	if err := d.SetActState(row.Act, store.StateKept); err != nil {
		return err
	}
	return d.Tx.Drop(row.N, reason)
}

// attached gives the consents that a release rests on.
func (d *desk) attached(rel *entente.Release) ([][]byte, error) {
	var out [][]byte
	seen := map[entente.ActID]bool{"": true}
	for _, x := range rel.Records {
		if seen[x.Consent] {
			continue
		}
		seen[x.Consent] = true
		act, err := d.Act(x.Consent)
		if err != nil {
			return nil, err
		}
		out = append(out, act.Envelope)
	}
	return out, nil
}

// noLonger reads the records of a release, and says why it, which was rightful
// when it was signed, is so no more: a consent or a source is gone, or what it
// refers to was taken back.
func (d *desk) noLonger(to entente.PartyID, state *compact.State, rel *entente.Release) ([]store.Record, string, error) {
	const gone = "a record of it is not here any more"
	ids := make([]entente.RecordID, len(rel.Records))
	for i, x := range rel.Records {
		ids[i] = x.Record
	}
	rows, err := d.Tx.Records(ids)
	if errors.Is(err, store.ErrNotFound) {
		return nil, gone, nil
	}
	if err != nil {
		return nil, "", err
	}
	d.infos = make(map[entente.RecordID]store.Record, len(rows))
	for _, row := range rows {
		d.infos[row.ID] = row
	}
	facts, err := d.factsFor(ids, state.ID, to, rel)
	d.infos = nil // what is read from here on may have changed
	if errors.Is(err, entente.ErrHidden) {
		return nil, gone, nil
	}
	if err != nil {
		return nil, "", err
	}
	held, err := d.held(to, state.ID, facts, true)
	if err != nil {
		return nil, "", err
	}
	decision := release.Send(release.Question{
		From: d.self, To: to, Compact: state, Terms: state.Terms, Handling: rel.Handling,
		Records: facts, Held: func(ref string) bool { return held[ref] }, Now: d.now,
	})
	if err := decision.Err(); err != nil {
		return nil, err.Error(), nil
	}
	return rows, "", nil
}

// bodies gives the records of a release as the recipient sees them, or says why
// the recipient sees one no more.
func (d *desk) bodies(r entente.Reader, id entente.ActID, rel *entente.Release, rows []store.Record) ([][]byte, string, error) {
	granted, err := d.GrantsOfRelease(id)
	if err != nil {
		return nil, "", err
	}
	grants := make(map[entente.RecordID][]store.Grant, len(granted))
	for _, g := range granted {
		grants[g.Record] = append(grants[g.Record], g)
	}
	d.releases = map[entente.ActID]*entente.Release{id: rel}
	out := make([][]byte, len(rows))
	for i, row := range rows {
		v, ok, err := d.show(r, row, grants[row.ID])
		if err != nil {
			return nil, "", err
		}
		if !ok {
			return nil, "record " + entente.Short(row.ID) + " is not released any more", nil
		}
		out[i] = v.Bytes()
	}
	return out, "", nil
}

// sendAgain gives the batch that began at this entry as it was sent before. An
// entry that may not go any more is sent as its id alone.
func (d *desk) sendAgain(r entente.Reader, row store.Channel, from int64) (*entente.Batch, error) {
	head, end, err := d.headAfter(row, from)
	if err != nil {
		return nil, err
	}
	leaves, err := d.Leaves(row.N, from, int(end-from))
	if err != nil {
		return nil, err
	}
	batch := &entente.Batch{Channel: row.Channel, First: from, Head: head}
	for _, l := range leaves {
		act, err := d.Act(entente.ActID(l.ID))
		if err != nil {
			return nil, err
		}
		p, send, err := d.parcel(r, store.Delivery{To: r.Party, Compact: row.Compact, Act: act.ID, Kind: act.Kind})
		if err != nil {
			return nil, err
		}
		if !send {
			p = entente.Parcel{Leaf: act.ID}
		}
		batch.Parcels = append(batch.Parcels, p)
	}
	return batch, nil
}

// headAfter finds the end of the batch that began at this entry: the smallest
// of this party's heads of the channel that is larger.
func (d *desk) headAfter(row store.Channel, from int64) ([]byte, int64, error) {
	var envelope []byte
	var end int64
	for id := row.Head; id != ""; {
		act, err := d.Act(id)
		if err != nil {
			return nil, 0, err
		}
		s, err := entente.ParseSigned(act.Envelope)
		if err != nil || s.Act.Head == nil {
			return nil, 0, brokenRow("head", id, err)
		}
		if s.Act.Head.Tree.Size <= from {
			break
		}
		envelope, end, id = act.Envelope, s.Act.Head.Tree.Size, s.Act.Head.Previous
	}
	if envelope == nil {
		return nil, 0, entente.Errorf(entente.Broken, "run entente verify", "no head covers entry %d of channel %d", from, row.N)
	}
	return envelope, end, nil
}
