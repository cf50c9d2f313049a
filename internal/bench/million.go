package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/stix"
	"entente/store"
	"entente/store/sqlite"
)

// A million records, each released to twelve readers, a thousand a release.
const (
	manyRecords = 1_000_000
	manyReaders = 12
	perRelease  = 1_000
)

// million reads pages through node.Read in this process, for the twelve partners,
// whose agreement with the first party is in force. The rows are written through
// package store into that party's data directory: releases have their real size
// and are really signed, but one of them stands for the twelve that would name the
// same records.
func (b *bench) million() (err error) {
	b.say("writing %d records and %d grants", manyRecords, manyRecords*manyReaders)
	dir := b.first().dir
	db, err := sqlite.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ring, err := keyring.Read(filepath.Join(dir, "keys"))
	if err != nil {
		return err
	}
	n, err := node.Open(b.ctx, node.Config{Store: db, Keys: ring})
	if err != nil {
		return err
	}
	states, err := n.Compacts(b.ctx)
	if err != nil || len(states) != 1 || !states[0].InForce {
		return errors.Join(err, fmt.Errorf("%d compacts, expected one in force", len(states)))
	}
	var readers []entente.PartyID
	for _, p := range b.parties[1:] {
		readers = append(readers, entente.PartyID(p.id))
	}
	began := time.Now()
	for done := 0; done < manyRecords; done += perRelease {
		if err := b.writeRelease(db, n.Self(), ring, states[0].ID, readers, done); err != nil {
			return err
		}
		if done%100_000 == 0 && done > 0 {
			b.say("%d records in %.0f s", done, time.Since(began).Seconds())
		}
	}
	b.say("walking the lists of three readers")
	type place struct {
		reader entente.Reader
		after  string
	}
	var places []place
	for _, reader := range readers[:3] {
		r := entente.Reader{Party: reader}
		q := node.Query{Limit: 1000}
		for more := true; more; {
			page, err := n.Read(b.ctx, r, q)
			if err != nil {
				return err
			}
			q.After, more = page.Next, page.More
			if more {
				places = append(places, place{r, q.After})
			}
		}
	}
	if want := 3 * (manyRecords/1000 - 1); len(places) < want {
		return fmt.Errorf("%d places in the lists, expected %d", len(places), want)
	}
	// A node remembers what the releases say that its pages rested on: another one,
	// just opened, reads the first pages.
	fresh, err := node.Open(b.ctx, node.Config{Store: db, Keys: ring})
	if err != nil {
		return err
	}
	chance := rand.New(rand.NewPCG(1, 2))
	read := func(n *node.Node, pages int) ([]time.Duration, error) {
		var took []time.Duration
		for range pages {
			at := places[chance.IntN(len(places))]
			began := time.Now()
			page, err := n.Read(b.ctx, at.reader, node.Query{After: at.after, Limit: 100})
			took = append(took, time.Since(began))
			if err != nil {
				return nil, err
			}
			if len(page.Views) != 100 || !page.More || page.Views[0].Reader() != at.reader {
				return nil, fmt.Errorf("a page of %d views for %s", len(page.Views), entente.Short(at.reader.Party))
			}
		}
		return took, nil
	}
	const first, rest = 200, 5000
	cold, err := read(fresh, first)
	if err != nil {
		return err
	}
	took, err := read(n, rest)
	if err != nil {
		return err
	}
	how := func(pages int) string {
		return fmt.Sprintf("%d pages of 100 at random places of three of %d readers who may each see 1,000,000 records; node.Read in this process, store on disk", pages, manyReaders)
	}
	b.enter("page of 100 out of a million, median", float64(median(took))/1e6, "ms", atMost(1), how(rest))
	b.enter("page of 100 out of a million, p99", float64(percentile(took, 99))/1e6, "ms", nil, how(rest))
	b.enter("the same, first pages after a start, median", float64(median(cold))/1e6, "ms", nil, how(first))
	return nil
}

// invented is an id that stands for the hash of something.
func invented(what string, i int) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", what, i)))
}

// writeRelease adds the records of one release, and the grants that rest on it.
func (b *bench) writeRelease(db *sqlite.DB, self entente.PartyID, ring *keyring.Ring, in entente.CompactID, readers []entente.PartyID, first int) error {
	now := entente.At(time.Now())
	records := make([]store.Record, perRelease)
	release := &entente.Release{
		Terms:    entente.ActID(invented("terms", 0)),
		Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "measuring"},
		Records:  make([]entente.Released, perRelease),
	}
	for i := range records {
		id := entente.RecordID(invented("record", first+i))
		object := stix.NewID("indicator")
		body := fmt.Appendf(nil, `{"type":"indicator","spec_version":"2.1","id":%q,"name":"an object of the benchmark"}`, object)
		records[i] = store.Record{
			ID: id, Originator: self, Media: entente.MediaSTIX, STIX: string(object), Type: "indicator", Version: "2015-09-27T10:00:00Z",
			Name: "an object of the benchmark", Size: int64(len(body)), Bytes: body, Arrived: now,
		}
		release.Records[i] = entente.Released{Record: id, Origins: []entente.Tag{entente.Tag(invented("tag", first+i)[len("sha256:"):][:32])}}
	}
	signed, err := entente.Sign(entente.Act{
		Kind: entente.KindRelease, Signer: self, Card: 1, Compact: in, To: readers[0], Time: now, Release: release,
	}, ring.Act)
	if err != nil {
		return err
	}
	return db.Update(b.ctx, func(tx *store.Tx) error {
		if err := tx.InsertRecords(records); err != nil {
			return err
		}
		err := tx.InsertAct(store.Act{
			ID: signed.ID, Kind: entente.KindRelease, Signer: self, Card: 1, Compact: signed.Act.Compact, To: readers[0],
			Envelope: signed.Envelope(), State: store.StateApplied, From: self, Arrived: now,
		})
		if err != nil {
			return err
		}
		for _, reader := range readers {
			grants := make([]store.Grant, len(records))
			for i, r := range records {
				grants[i] = store.Grant{Reader: reader, Compact: signed.Act.Compact, Record: r.ID, Release: signed.ID}
			}
			if err := tx.InsertGrants(grants); err != nil {
				return err
			}
		}
		return nil
	})
}
