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
	var before int64 // places in lists that are taken already
	err = db.View(b.ctx, func(tx *store.Tx) error {
		return tx.EachGrant(func(g store.Grant) error { before = g.N; return nil })
	})
	if err != nil {
		return err
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
	chance := rand.New(rand.NewPCG(1, 2))
	read := func(pages int) ([]time.Duration, error) {
		var took []time.Duration
		for i := range pages {
			reader := readers[i%len(readers)]
			after := before + chance.Int64N(manyRecords*manyReaders-2*perRelease*manyReaders)
			began := time.Now()
			page, err := n.Read(b.ctx, entente.Reader{Party: reader}, node.Query{After: after, Limit: 100})
			took = append(took, time.Since(began))
			if err != nil {
				return nil, err
			}
			if len(page.Views) != 100 || !page.More || page.Views[0].N() <= after || page.Views[0].Reader().Party != reader {
				return nil, fmt.Errorf("a page of %d views after %d for %s", len(page.Views), after, entente.Short(reader))
			}
		}
		return took, nil
	}
	// A node reads a release of a thousand records the first time a page needs its
	// handling, and remembers that: the first pages after a start tell of the former.
	const first, rest = 200, 5000
	cold, err := read(first)
	if err != nil {
		return err
	}
	if _, err := read(rest); err != nil { // every release is met
		return err
	}
	took, err := read(rest)
	if err != nil {
		return err
	}
	how := func(pages int) string {
		return fmt.Sprintf("%d pages of 100 at random places of %d readers who may each see 1,000,000 records; node.Read in this process, store on disk", pages, manyReaders)
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
