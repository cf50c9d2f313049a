package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/store"
)

func words(rows []store.Record) []string {
	return names(rows, func(r store.Record) string { return strings.TrimPrefix(r.STIX, "report--") })
}

func records(s *shelf) {
	one, two := aRecord("one"), aRecord("two")
	two.Revoked, two.Gone = true, "expired 2026-01-01"
	s.update(func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{one, two}) })
	one.N, two.N = 1, 2
	s.view(func(tx *store.Tx) error {
		if err := equal(s, "record", one)(tx.Record(one.ID)); err != nil {
			return err
		}
		missing[store.Record](s, "unknown record")(tx.Record(record("none")))
		return equal(s, "record", two)(tx.Record(two.ID))
	})
	s.refused(store.ErrConflict, func(tx *store.Tx) error {
		return tx.InsertRecords([]store.Record{aRecord("three"), aRecord("one")})
	})
	s.view(func(tx *store.Tx) error {
		missing[store.Record](s, "record inserted beside a duplicate")(tx.Record(record("three")))
		return equal(s, "records of north", int64(2))(tx.CountRecords(party("north")))
	})
	s.view(func(tx *store.Tx) error {
		var all []store.Record
		err := tx.EachRecord(func(r store.Record) error {
			all = append(all, r)
			_, err := tx.Record(r.ID) // fn may use tx
			return err
		})
		s.same("each record", all, []store.Record{one, two})
		return err
	})
}

func recordsInOrder(s *shelf) {
	var rows []store.Record
	for i := range 700 { // more than one statement takes, both ways
		rows = append(rows, aRecord(fmt.Sprint(i)))
	}
	s.update(func(tx *store.Tx) error { return tx.InsertRecords(rows) })
	for _, n := range []int{1, 2, 16, 17, 256, 257, 700} {
		s.view(func(tx *store.Tx) error {
			var ask []entente.RecordID
			var want []string
			for i := range n {
				w := fmt.Sprint((i*211 + 5) % 700)
				ask, want = append(ask, record(w)), append(want, w)
			}
			ask, want = append(ask, ask[0]), append(want, want[0]) // one twice
			full, err := tx.Records(ask)
			if err != nil {
				return err
			}
			s.same("order", words(full), want)
			for i, r := range full {
				if !bytes.Equal(r.Bytes, rows[r.N-1].Bytes) {
					s.Errorf("record %d of %d has the bytes %q", i, n, r.Bytes)
				}
			}
			infos, err := tx.RecordInfos(ask)
			if err != nil {
				return err
			}
			s.same("order without bytes", words(infos), want)
			missing[[]store.Record](s, "one of them missing")(tx.Records(append(ask, record("none"))))
			missing[[]store.Record](s, "one of them missing")(tx.RecordInfos(append(ask, record("none"))))
			return nil
		})
	}
	var count int64
	s.view(func(tx *store.Tx) error {
		return tx.EachRecord(func(r store.Record) error {
			count++
			if r.N != count || r.ID != rows[count-1].ID {
				return fmt.Errorf("record %d has N %d", count, r.N)
			}
			return nil
		})
	})
	s.same("records seen", count, int64(700))
}

func recordsOfOne(s *shelf) {
	at := func(word, version, typ string, from entente.PartyID) store.Record {
		r := aRecord(word)
		r.STIX, r.Version, r.Type, r.Originator = "report--same", version, typ, from
		return r
	}
	north, south := party("north"), party("south")
	s.update(func(tx *store.Tx) error {
		return tx.InsertRecords([]store.Record{
			at("b", "2026-02", "report", north), at("a", "2026-01", "report", north), at("x", "2026-01", "report", south),
			at("b2", "2026-02", "malware", north), at("none", "", "report", north),
		})
	})
	ids := func(rows []store.Record) []entente.RecordID {
		return names(rows, func(r store.Record) entente.RecordID { return r.ID })
	}
	wanted := func(words ...string) []entente.RecordID { return names(words, record) }
	s.view(func(tx *store.Tx) error {
		rows, err := tx.Versions(north, "report--same")
		if err != nil {
			return err
		}
		s.same("versions", ids(rows), wanted("none", "a", "b", "b2"))
		for _, r := range rows {
			if r.Bytes != nil {
				s.Errorf("version %q comes with bytes", r.Version)
			}
		}
		rows, err = tx.VersionsWithBytes(north, "report--same")
		if err != nil {
			return err
		}
		s.same("versions with bytes", ids(rows), wanted("none", "a", "b", "b2"))
		s.same("their bytes", string(rows[1].Bytes), "{}\na")
		if rows, err = tx.VersionsOf(north, []string{"report--same", "report--other"}); err != nil {
			return err
		}
		s.same("versions of several", len(rows), 4)
		if rows, err = tx.Versions(party("unknown"), "report--same"); err != nil {
			return err
		}
		s.same("versions by nobody", len(rows), 0)
		for _, c := range []struct {
			after int64
			limit int
			typ   string
			back  bool
			want  []entente.RecordID
		}{
			{0, 10, "", false, wanted("b", "a", "b2", "none")},
			{0, 2, "", false, wanted("b", "a")},
			{2, 2, "", false, wanted("b2", "none")},
			{0, 10, "report", false, wanted("b", "a", "none")},
			{1, 1, "report", false, wanted("a")},
			{5, 10, "", false, wanted()},
			{0, 0, "", false, wanted()},
			{0, 10, "", true, wanted("none", "b2", "a", "b")},
			{0, 2, "report", true, wanted("none", "a")},
			{2, 2, "", true, wanted("b")},
			{1, 2, "", true, wanted()},
		} {
			rows, err := tx.OwnRecords(north, c.after, c.limit, c.typ, c.back)
			if err != nil {
				return err
			}
			s.same(fmt.Sprintf("own records %+v", c), ids(rows), c.want)
		}
		return equal(s, "records of south", int64(1))(tx.CountRecords(south))
	})
}

func erasedRecords(s *shelf) {
	s.put([]string{"kept", "gone"}, nil)
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(record("gone"), id("recall")) })
	want := aRecord("gone")
	want.N, want.Bytes, want.Name, want.Refs, want.Gone = 2, nil, "", "", id("recall")
	check := func() {
		s.view(func(tx *store.Tx) error {
			got, err := tx.Record(record("gone"))
			if got.Bytes != nil {
				s.Errorf("bytes of an erased record: %q, expected nil", got.Bytes)
			}
			s.same("erased record", got, want)
			return err
		})
	}
	check()
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(record("gone"), "expired 2026-09-09") })
	check() // what erased it first stands
	s.view(func(tx *store.Tx) error {
		kept := aRecord("kept")
		kept.N = 1
		if err := equal(s, "the other", kept)(tx.Record(record("kept"))); err != nil {
			return err
		}
		return equal(s, "known", map[entente.RecordID]bool{record("kept"): true, record("gone"): false})(
			tx.KnownRecords([]entente.RecordID{record("gone"), record("kept"), record("none")}))
	})
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.EraseRecord(record("none"), "x") })
}

func restoredRecords(s *shelf) {
	s.put([]string{"one"}, nil)
	again := aRecord("one")
	s.refused(store.ErrNotFound, func(tx *store.Tx) error { return tx.RestoreRecord(again) }) // it stands
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(again.ID, "recall") })
	s.update(func(tx *store.Tx) error { return tx.RestoreRecord(again) })
	again.N = 1
	s.view(func(tx *store.Tx) error { return equal(s, "restored", again)(tx.Record(again.ID)) })
}

func foundRecords(s *shelf) {
	s.put([]string{"alpha", "alps", "beta"}, nil)
	hash := strings.TrimPrefix(string(record("beta")), "sha256:")
	s.view(func(tx *store.Tx) error {
		for _, c := range []struct {
			prefix string
			limit  int
			want   []string
		}{
			{"report--al", 9, []string{"alpha", "alps"}},
			{"report--al", 1, []string{"alpha"}},
			{"report--beta", 9, []string{"beta"}},
			{"report--betas", 9, []string{}},
			{string(record("beta")), 9, []string{"beta"}},
			{string(record("beta"))[:20], 9, []string{"beta"}},
			{hash[:12], 9, []string{"beta"}},
			{"sha256:", 9, []string{"alpha", "alps", "beta"}},
			{"", 9, []string{"alpha", "alps", "beta"}},
			{"REPORT--al", 9, []string{}},
			{"report--a%", 9, []string{}},
			{"report--_lps", 9, []string{}},
		} {
			rows, err := tx.FindRecords(c.prefix, c.limit)
			if err != nil {
				return err
			}
			s.same("found by "+c.prefix, words(rows), c.want)
		}
		return nil
	})
}

func namedRecords(s *shelf) {
	s.put([]string{"alpha", "beta", "gamma"}, nil)
	later := aRecord("beta")
	later.ID, later.Version = record("beta, later"), "2026-05-01T00:00:00Z"
	s.update(func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{later}) })
	s.view(func(tx *store.Tx) error {
		rows, err := tx.RecordsNamed([]entente.RecordID{record("beta"), record("alpha"), record("none")}, []string{later.STIX, "report--none"})
		if err != nil {
			return err
		}
		got := []entente.RecordID{}
		for _, r := range rows {
			got = append(got, r.ID)
			if r.Bytes != nil {
				s.Errorf("%s comes with its bytes", r.ID)
			}
		}
		s.same("named records", got, []entente.RecordID{record("alpha"), record("beta"), later.ID})
		rows, err = tx.RecordsNamed(nil, nil)
		if len(rows) > 0 {
			s.Errorf("nothing was named, %d came", len(rows))
		}
		return err
	})
}

func largeRecords(s *shelf) {
	big := aRecord("big")
	big.Bytes = bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	big.Size = int64(len(big.Bytes))
	s.update(func(tx *store.Tx) error { return tx.InsertRecords([]store.Record{big, aRecord("small")}) })
	s.view(func(tx *store.Tx) error {
		got, err := tx.Record(big.ID)
		if err != nil {
			return err
		}
		if got.Size != 16<<20 || !bytes.Equal(got.Bytes, big.Bytes) {
			s.Errorf("16 MB came back as %d bytes", len(got.Bytes))
		}
		infos, err := tx.Versions(big.Originator, big.STIX)
		s.same("versions", words(infos), []string{"big"})
		return err
	})
	s.update(func(tx *store.Tx) error { return tx.EraseRecord(big.ID, "recall") })
	s.view(func(tx *store.Tx) error {
		got, err := tx.Record(big.ID)
		s.same("bytes after erasure", len(got.Bytes), 0)
		return err
	})
}

func oddTexts(s *shelf) {
	odd := []string{
		"", " ", "'", `"); DROP TABLE records; --`, "%_\\", "line\nfeed\ttab\r", "مُراسِل", "שלום", "\u202eright to left\u202c",
		"Ёжик в тумане", "e\u0301 is not é", "𐎠𐎼𐎡𐎹", "🇦🇺", "\u0001", "\ufeffmark", "?1 $2 :name @x", strings.Repeat("ü", 70_000),
	}
	var rows []store.Record
	for i, text := range odd {
		r := aRecord(fmt.Sprint(i))
		r.N, r.Name, r.STIX, r.Media, r.Refs, r.Version, r.Bytes = int64(i+1), text, text, text, text, text, []byte(text)
		rows = append(rows, r)
	}
	rows[0].Bytes = []byte{0, 255, 0}
	s.update(func(tx *store.Tx) error { return tx.InsertRecords(rows) })
	s.view(func(tx *store.Tx) error {
		for i, r := range rows {
			if err := equal(s, fmt.Sprintf("record named %.20q", odd[i]), r)(tx.Record(r.ID)); err != nil {
				return err
			}
			found, err := tx.Versions(r.Originator, odd[i])
			if err != nil {
				return err
			}
			s.same("found by it", len(found), 1)
			found, err = tx.FindRecords(odd[i], 100)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(found, func(f store.Record) bool { return f.ID == r.ID }) {
				s.Errorf("prefix %.20q does not find itself", odd[i])
			}
		}
		return nil
	})
	s.update(func(tx *store.Tx) error {
		for _, text := range odd {
			if err := tx.SetMeta("meta "+text, text); err != nil {
				return err
			}
			if got, ok, err := tx.Meta("meta " + text); err != nil || !ok || got != text {
				return fmt.Errorf("meta %.20q: %.20q, %t, %w", text, got, ok, err)
			}
		}
		return nil
	})
}
