package storetest

import (
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/store"
)

// aGrant is as the store gives it back, but for N.
func aGrant(reader, in, what, release string) store.Grant {
	return store.Grant{
		Reader: party(reader), Compact: compact(in), Record: record(what), STIX: "report--" + what, Release: act(release), Until: "2026-12-31",
	}
}

// grant puts grants and gives them back numbered from first on.
func (s *shelf) grant(first int64, rows ...store.Grant) []store.Grant {
	s.Helper()
	s.update(func(tx *store.Tx) error { return tx.InsertGrants(rows) })
	out := slices.Clone(rows)
	for i := range out {
		out[i].N = first + int64(i)
	}
	return out
}

func grants(s *shelf) {
	s.put([]string{"one", "two", "three"}, []string{"r1", "r2", "r3"})
	rows := s.grant(1,
		aGrant("south", "east", "one", "r1"), aGrant("south", "east", "two", "r1"), aGrant("west", "east", "one", "r2"),
		aGrant("south", "west", "three", "r2"), aGrant("south", "east", "one", "r2"))
	own := store.Grant{Reader: party("north"), Compact: compact("east"), Record: record("three"), STIX: "report--three"} // by no release, without end
	rows = append(rows, s.grant(6, own)...)
	of := func(ns ...int64) []store.Grant {
		return names(ns, func(n int64) store.Grant { return rows[n-1] })
	}
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "for south in east", of(1, 5))(tx.GrantsFor(party("south"), compact("east"), record("one"))); err != nil {
			return err
		}
		if err := equal(s, "for west in west", of())(tx.GrantsFor(party("west"), compact("west"), record("one"))); err != nil {
			return err
		}
		if err := equal(s, "of record one", of(1, 3, 5))(tx.GrantsOfRecord(record("one"))); err != nil {
			return err
		}
		if err := equal(s, "to south, of one and three", of(1, 4, 5))(tx.GrantsTo(party("south"), []entente.RecordID{record("three"), record("one"), record("unknown")})); err != nil {
			return err
		}
		if err := equal(s, "to south, of nothing", of())(tx.GrantsTo(party("south"), nil)); err != nil {
			return err
		}
		if err := equal(s, "of release r2", of(3, 4, 5))(tx.GrantsOfRelease(act("r2"))); err != nil {
			return err
		}
		if err := equal(s, "of no such release", of())(tx.GrantsOfRelease(act("none"))); err != nil {
			return err
		}
		// South has record one by two releases, of which one is listed: the first that stands.
		if err := equal(s, "granted to south", of(1, 2, 4))(granted(s, tx)(tx.GrantedRecords(party("south"), "", "2026-12-30", 0, 9, false))); err != nil {
			return err
		}
		if err := equal(s, "granted to south, a page", of(2, 4))(granted(s, tx)(tx.GrantedRecords(party("south"), "", "2026-12-30", 1, 2, false))); err != nil {
			return err
		}
		if err := equal(s, "granted to south in east", of(1, 2))(granted(s, tx)(tx.GrantedRecords(party("south"), compact("east"), "2026-12-30", 0, 9, false))); err != nil {
			return err
		}
		if err := equal(s, "granted to south, newest first", of(4, 2, 1))(granted(s, tx)(tx.GrantedRecords(party("south"), "", "2026-12-30", 0, 9, true))); err != nil {
			return err
		}
		if err := equal(s, "granted to south, newest first, a page", of(2))(granted(s, tx)(tx.GrantedRecords(party("south"), "", "2026-12-30", 4, 1, true))); err != nil {
			return err
		}
		if err := equal(s, "granted to south, on the day of the end", of())(granted(s, tx)(tx.GrantedRecords(party("south"), "", "2026-12-31", 0, 9, false))); err != nil {
			return err
		}
		if err := equal(s, "count", int64(3))(tx.CountGrants(party("south"), compact("east"))); err != nil {
			return err
		}
		if err := equal(s, "count of nobody", int64(0))(tx.CountGrants(party("nobody"), compact("east"))); err != nil {
			return err
		}
		var all []store.Grant
		err := tx.EachGrant(func(g store.Grant) error {
			all = append(all, g)
			return nil
		})
		s.same("each grant", all, rows)
		return err
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error {
		return tx.InsertGrants([]store.Grant{aGrant("west", "east", "two", "r1"), aGrant("south", "east", "one", "r1")})
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error {
		return tx.InsertGrants([]store.Grant{aGrant("west", "east", "two", "r1"), aGrant("south", "east", "unknown", "r1")})
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error {
		return tx.InsertGrants([]store.Grant{aGrant("south", "east", "two", "unknown")})
	})
	s.view(func(tx *store.Tx) error {
		return equal(s, "count of west", int64(1))(tx.CountGrants(party("west"), compact("east")))
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error { return tx.MoveGrants(act("r1"), act("r2")) }) // south has one by r2 already
	s.update(func(tx *store.Tx) error { return tx.MoveGrants(act("r1"), act("r3")) })
	s.view(func(tx *store.Tx) error {
		moved := of(1, 2)
		moved[0].Release, moved[1].Release = act("r3"), act("r3")
		if err := equal(s, "of release r1", of())(tx.GrantsOfRelease(act("r1"))); err != nil {
			return err
		}
		return equal(s, "of release r3", moved)(tx.GrantsOfRelease(act("r3")))
	})
}

func grantPages(s *shelf) {
	words := make([]string, 60)
	for i := range words {
		words[i] = fmt.Sprint(i)
	}
	s.put(words, []string{"r"})
	for i, w := range words {
		s.grant(0, aGrant("south", []string{"east", "west", "east"}[i%3], w, "r"), aGrant("west", "east", w, "r"))
	}
	for _, c := range []struct {
		in   entente.CompactID
		want int
	}{{compact("east"), 40}, {compact("west"), 20}, {"", 60}, {compact("none"), 0}} {
		after, seen := int64(0), 0
		s.view(func(tx *store.Tx) error {
			for {
				rows, err := tx.Grants(party("south"), c.in, after, 7)
				if err != nil || len(rows) == 0 {
					return err
				}
				for _, g := range rows {
					if g.N <= after || g.Reader != party("south") || c.in != "" && g.Compact != c.in {
						s.Errorf("grant %+v after %d in %q", g, after, c.in)
					}
					after = g.N
					seen++
				}
			}
		})
		s.same("grants in pages", seen, c.want)
	}
	// A page goes on after the last number seen: it must not come back.
	var last int64
	s.update(func(tx *store.Tx) error {
		rows, err := tx.GrantsOfRelease(act("r"))
		if err != nil {
			return err
		}
		last = rows[len(rows)-1].N
		_, err = tx.DeleteGrants(party("west"), act("r"), nil)
		return err
	})
	s.grant(0, aGrant("west", "east", "0", "r"))
	s.view(func(tx *store.Tx) error {
		rows, err := tx.Grants(party("west"), compact("east"), last, 9)
		s.same("grants after the last number that was ended", len(rows), 1)
		return err
	})
}

func endedGrants(s *shelf) {
	words := make([]string, 300)
	for i := range words {
		words[i] = fmt.Sprint(i)
	}
	s.put(words, []string{"r1", "r2"})
	for _, w := range words {
		s.grant(0, aGrant("south", "east", w, "r1"), aGrant("west", "east", w, "r1"))
	}
	s.grant(0, aGrant("south", "east", "0", "r2"))
	end := func(reader, release string, records []entente.RecordID, want int64) {
		s.Helper()
		s.update(func(tx *store.Tx) error {
			return equal(s, "ended", want)(tx.DeleteGrants(party(reader), act(release), records))
		})
	}
	end("south", "r1", []entente.RecordID{}, 0) // none, which is not all
	end("south", "r1", names(words[:280], record), 280)
	end("south", "r1", names(words[:281], record), 1)
	end("south", "none", nil, 0)
	end("nobody", "r1", nil, 0)
	end("south", "r1", nil, 19)
	end("south", "r1", nil, 0)
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "left by the other release", int64(1))(tx.CountGrants(party("south"), compact("east"))); err != nil {
			return err
		}
		return equal(s, "left to the other reader", int64(300))(tx.CountGrants(party("west"), compact("east")))
	})
}

func holds(s *shelf) {
	second := aRecord("one, again")
	second.STIX = "report--one"
	s.put([]string{"one", "two", "three", "four"}, []string{"r"})
	s.update(func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{second}) })
	s.grant(1, aGrant("south", "east", "one", "r"), aGrant("south", "west", "two", "r"), aGrant("west", "east", "three", "r"))
	ask := []string{"report--one", "report--two", "report--three", "report--four", "report--none"}
	for i := range 400 {
		ask = append(ask, fmt.Sprintf("report--none %d", i))
	}
	for _, c := range []struct {
		reader, in string
		want       map[string]bool
	}{
		{"south", "east", map[string]bool{"report--one": true}},
		{"south", "west", map[string]bool{"report--two": true}},
		{"west", "east", map[string]bool{"report--three": true}},
		{"west", "west", map[string]bool{}},
		{"nobody", "east", map[string]bool{}},
	} {
		s.view(func(tx *store.Tx) error { // none of it waits in a queue
			return equal(s, c.reader+" has had in "+c.in, c.want)(tx.Holds(party(c.reader), compact(c.in), "2000-01-01", ask, true))
		})
		s.view(func(tx *store.Tx) error {
			return equal(s, c.reader+" holds in "+c.in, c.want)(tx.Holds(party(c.reader), compact(c.in), "2000-01-01", ask, false))
		})
	}
	s.enqueue(store.Delivery{To: party("south"), Compact: compact("east"), Act: act("r"), Kind: entente.KindRelease})
	s.view(func(tx *store.Tx) error {
		return errors.Join(
			equal(s, "what waits is not had", map[string]bool{})(tx.Holds(party("south"), compact("east"), "2000-01-01", ask, true)),
			equal(s, "but held", map[string]bool{"report--one": true})(tx.Holds(party("south"), compact("east"), "2000-01-01", ask, false)),
			equal(s, "elsewhere it has gone", map[string]bool{"report--two": true})(tx.Holds(party("south"), compact("west"), "2000-01-01", ask, true)))
	})
}

// granted wants the records that came with grants to be those of RecordInfos.
func granted(s *shelf, tx *store.Tx) func([]store.Granted, error) ([]store.Grant, error) {
	return func(all []store.Granted, err error) ([]store.Grant, error) {
		s.Helper()
		if err != nil {
			return nil, err
		}
		grants := []store.Grant{}
		for _, x := range all {
			info, err := tx.RecordInfos([]entente.RecordID{x.Grant.Record})
			if err != nil {
				return nil, err
			}
			s.same("record of a grant", x.Record, info[0])
			grants = append(grants, x.Grant)
		}
		return grants, nil
	}
}
