package entente

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The classes of failure that vectors name; docs/wire.md explains them.
const (
	badSize      = "size"
	badEncoding  = "encoding"  // not the one encoding of anything
	badRule      = "rule"      // well spelled, but not allowed
	badSignature = "signature" // a signature is missing, wrong or too many
)

func TestRefusedVectors(t *testing.T) {
	want := refusedSpellings(t)
	for _, more := range []map[string]vector{refusedRules(t), refusedSignatures(t), refusedBatches(t)} {
		for name, v := range more {
			if _, twice := want[name]; twice {
				t.Fatalf("two vectors are called %s", name)
			}
			want[name] = v
		}
	}
	compareVectors(t, "refused", want)
	files, _ := filepath.Glob("testdata/refused/*.json")
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			v := readVector(t, path)
			if v.Message == "" || !slices.Contains([]string{badSize, badEncoding, badRule, badSignature}, v.Refused) {
				t.Fatalf("the vector does not say how it fails: %q, %q", v.Refused, v.Message)
			}
			_, _, err := v.read(t)
			if err == nil {
				t.Fatalf("accepted, expected a refusal that says %q", v.Message)
			}
			if !strings.Contains(err.Error(), v.Message) {
				t.Errorf("refused for another reason: %v\nexpected %q", err, v.Message)
			}
			if errors.Is(err, ErrSignature) != (v.Refused == badSignature) {
				t.Errorf("class %s, but the cause of the error is %v", v.Refused, errors.Unwrap(err))
			}
		})
	}
}

// swap replaces the first old in s, which must be there.
func swap(t *testing.T, s, old, fresh string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("nothing to replace: %q is not in %s", old, s)
	}
	return strings.Replace(s, old, fresh, 1)
}

// refusedSpellings are inputs that differ from an accepted one in spelling.
func refusedSpellings(t *testing.T) map[string]vector {
	c := theCast()
	out := map[string]vector{}
	resumption, suspension := string(c.act("resumption").Payload), string(c.act("suspension").Payload)
	nonce := string(c.act("resumption").Act.Nonce)
	add := func(name, reads, comment, input, class, message string) {
		v := vector{Comment: comment, Reads: reads, Input: input, Refused: class, Message: message}
		if !bytes.Equal([]byte(input), []byte(strings.ToValidUTF8(input, "?"))) {
			v.Input, v.Base64 = "", base64.StdEncoding.EncodeToString([]byte(input))
		}
		out[name] = v
	}
	const one = "not the one encoding"
	for _, e := range []struct{ name, comment, from, old, fresh, message string }{
		{"duplicate-member", "A member stands twice, with one value.", resumption, `"card":1,`, `"card":1,"card":1,`, one},
		{"duplicate-member-last-wins", "A member stands twice, with two values.", resumption, `"card":1,`, `"card":2,"card":1,`, one},
		{"member-case", "A member name in another case.", resumption, `"nonce":`, `"Nonce":`, one},
		{"member-order", "Two members in the other order.", resumption, `"format":"entente-act/1","kind":"resumption"`, `"kind":"resumption","format":"entente-act/1"`, one},
		{"member-unknown", "A member that the format does not have.", resumption, `"card":1,`, `"card":1,"priority":1,`, "unknown field"},
		{"member-unknown-nested", "A member that the body does not have.", suspension, `"reason":`, `"until":"2026-09-01","reason":`, "unknown field"},
		{"member-escaped", "A member name with an escape.", resumption, `"nonce":`, `"\u006eonce":`, one},
		{"white-space", "A space after a colon.", resumption, `"card":1`, `"card": 1`, one},
		{"white-space-before", "A line feed before the first byte.", resumption, `{"format"`, "\n{\"format\"", one},
		{"byte-order-mark", "A byte order mark before the first byte.", resumption, `{"format"`, "\ufeff{\"format\"", "not understood"},
		{"null-for-absent", "An absent member spelled as null.", suspension, `"chain":`, `"to":null,"chain":`, one},
		{"null-for-number", "Null for a number.", resumption, `"card":1`, `"card":null`, one},
		{"null-for-id", "Null for an id.", resumption, `"lifts":"` + string(c.act("resumption").Act.Resumption.Lifts) + `"`, `"lifts":null`, one},
		{"empty-for-absent", "An absent text spelled as an empty one.", resumption, `"chain":`, `"to":"","chain":`, "party id"},
		{"empty-list-for-absent", "An absent list spelled as an empty one.", resumption, `"chain":{"seq":3,`, `"chain":{"seen":[],"seq":3,`, one},
		{"member-missing", "The card version is missing.", resumption, `"card":1,`, ``, one},
		{"number-float", "A number with a fraction.", resumption, `"card":1,`, `"card":1.0,`, "not understood"},
		{"number-exponent", "A number with an exponent.", resumption, `"card":1,`, `"card":1e0,`, "not understood"},
		{"number-minus-zero", "Minus zero.", suspension, `"seq":2`, `"seq":-0`, one},
		{"number-leading-zero", "A number with a leading zero.", resumption, `"card":1,`, `"card":01,`, "not understood"},
		{"number-as-text", "A number in quotes.", resumption, `"card":1,`, `"card":"1",`, "not understood"},
		{"number-beyond-64-bits", "A number that no 64-bit integer holds.", resumption, `"card":1,`, `"card":18446744073709551617,`, "not understood"},
		{"escape-slash", "A slash that is escaped.", suspension, `entente-act/1`, `entente-act\/1`, one},
		{"escape-letter", "A letter that is escaped.", suspension, `"reason":"two`, `"reason":"\u0074wo`, one},
		{"escape-capitals", "An escape in capital digits.", string(c.act("escapes").Payload), `separators\u2028`, `separators\U2028`, "not understood"},
		{"escape-missing", "A line separator that is not escaped.", string(c.act("escapes").Payload), `separators\u2028`, "separators\u2028", one},
		{"escape-surrogate-alone", "Half of a surrogate pair.", suspension, `"reason":"two`, `"reason":"\ud83dtwo`, one},
		{"escape-surrogate-pair", "A character beyond U+FFFF as a pair of escapes.", string(c.act("escapes").Payload), `🙂`, `\ud83d\ude42`, one},
		{"escape-html", "An angle bracket that is escaped, as for HTML.", string(c.act("escapes").Payload), `<`, `\u003c`, one},
		{"control-raw", "A line feed in a text that is not escaped.", suspension, `two receipts`, "two\nreceipts", "not understood"},
		{"utf-8", "A byte that no UTF-8 text has.", suspension, `two receipts`, "two\xffreceipts", "not valid UTF-8"},
		{"utf-8-surrogate", "A surrogate in three bytes of UTF-8.", suspension, `two receipts`, "two\xed\xa0\x80receipts", "not valid UTF-8"},
		{"utf-8-overlong", "A slash in two bytes.", suspension, `two receipts`, "two\xc0\xafreceipts", "not valid UTF-8"},
		{"trailing-space", "A space after the end.", resumption, `"}}`, `"}} `, one},
		{"trailing-value", "A second value after the end.", resumption, `"}}`, `"}}{}`, "bytes follow"},
		{"trailing-nul", "A NUL after the end.", resumption, `"}}`, "\"}}\x00", "bytes follow"},
		{"cut-short", "The last byte is missing.", resumption, `"}}`, `"}`, "not understood"},
		{"array", "An array around it.", resumption, `{"format"`, `[{"format"`, "not understood"},
		{"nonce-capitals", "A nonce in capital digits.", resumption, nonce, strings.ToUpper(nonce), "not lower-case hex"},
		{"nonce-short", "A nonce of 15 bytes.", resumption, nonce, nonce[2:], "30 digits"},
		{"nonce-no-hex", "A nonce with a letter that is no digit.", resumption, nonce, "x" + nonce[1:], "not lower-case hex"},
		{"id-capitals", "An id in capital digits.", resumption, `"signer":"` + string(c.Bresk), `"signer":"sha256:` + strings.ToUpper(string(c.Bresk[7:])), "not a lower-case hex digit"},
		{"id-prefix", "An id without its prefix.", resumption, `"signer":"sha256:`, `"signer":"`, "party id"},
		{"time-zone", "A time with a zone that means UTC.", resumption, `:00Z"`, `:00+00:00"`, "time"},
		{"time-null", "No time.", resumption, `"time":"2026-03-01T09:07:00Z"`, `"time":null`, "time"},
		{"time-number", "A time in seconds.", resumption, `"time":"2026-03-01T09:07:00Z"`, `"time":1772355600`, "time"},
	} {
		class := badEncoding
		if strings.HasPrefix(e.name, "nonce-") {
			class = badRule
		}
		add(e.name, "payload", e.comment, swap(t, e.from, e.old, e.fresh), class, e.message)
	}
	for _, e := range []struct{ name, comment, text string }{
		{"time-nanoseconds", "Finer than a microsecond.", "2026-03-01T09:00:00.000000001Z"},
		{"time-zeros", "A fraction with a zero at its end.", "2026-03-01T09:00:00.10Z"},
		{"time-zero-fraction", "A fraction of nothing.", "2026-03-01T09:00:00.0Z"},
		{"time-comma", "A comma before the fraction.", "2026-03-01T09:00:00,5Z"},
		{"time-offset", "Another zone.", "2026-03-01T11:00:00+02:00"},
		{"time-minus-zero", "A zone that RFC 3339 has for an unknown offset.", "2026-03-01T09:00:00-00:00"},
		{"time-small-z", "A small z.", "2026-03-01T09:00:00z"},
		{"time-small-t", "A small t.", "2026-03-01t09:00:00Z"},
		{"time-space", "A space for the T.", "2026-03-01 09:00:00Z"},
		{"time-leap-second", "A leap second.", "2016-12-31T23:59:60Z"},
		{"time-midnight-24", "The hour 24.", "2026-03-01T24:00:00Z"},
		{"time-no-day", "A day that does not exist.", "2026-02-29T09:00:00Z"},
		{"time-short-hour", "An hour of one digit.", "2026-03-01T9:00:00Z"},
		{"time-long-year", "A year of five digits.", "12026-03-01T09:00:00Z"},
		{"time-no-zone", "No zone.", "2026-03-01T09:00:00"},
	} {
		add(e.name, "time", e.comment, e.text, badEncoding, "time")
	}
	for i, s := range []string{"2026-2-01", "2026-02-30", "20260201", "2026-02-01T00:00:00Z", " 2026-02-01"} {
		add(fmt.Sprintf("date-%d", i+1), "date", "No date of the form YYYY-MM-DD.", s, badEncoding, "expected YYYY-MM-DD")
	}
	id := entries(1)[0]
	for i, s := range []string{id[:70], id + "0", "SHA256:" + id[7:], "sha512:" + id[7:], id[:70] + "g", id[:70] + "A", " " + id, id[:69] + "é"} {
		add(fmt.Sprintf("id-%d", i+1), "id", "No id.", s, badEncoding, "act id")
	}

	record := string(c.Own.Bytes)
	other := string(c.Tied.Bytes)
	for _, e := range []struct{ name, comment, from, old, fresh, class, message string }{
		{"record-format", "A format that is not known.", record, "entente-record/1", "entente-record/2", badRule, "this program reads"},
		{"record-no-header", "No header.", record, record, "{}\n", badEncoding, "not the one encoding"},
		{"record-empty", "Nothing.", record, record, "", badSize, "no line feed"},
		{"record-space", "White space in the header.", record, `"format":`, `"format": `, badEncoding, "not the one encoding"},
		{"record-carriage-return", "A carriage return before the line feed.", record, "\n", "\r\n", badEncoding, "not the one encoding"},
		{"record-nonce", "A nonce of 16 bytes.", record, string(c.Own.Header.Nonce), string(c.Own.Header.Nonce[:32]), badRule, "32 digits"},
		{"record-media", "No media type.", record, MediaSTIX, "text/", badRule, "media type"},
		{"record-media-half", "A media type without a subtype.", record, MediaSTIX, "text", badRule, "media type"},
		{"record-originator", "No originator.", record, `"originator":"` + string(c.Ardel) + `",`, "", badEncoding, "not the one encoding"},
		{"record-time", "The time that stands for none.", record, "2026-03-01T09:20:00Z", "0001-01-01T00:00:00Z", badRule, "time missing"},
		{"record-sources-order", "Sources that are not sorted.", other, fmt.Sprintf("%q,%q", c.Tied.Header.Sources[0], c.Tied.Header.Sources[1]), fmt.Sprintf("%q,%q", c.Tied.Header.Sources[1], c.Tied.Header.Sources[0]), badRule, "sorted"},
		{"record-sources-twice", "One source twice.", other, string(c.Tied.Header.Sources[0]), string(c.Tied.Header.Sources[1]), badRule, "sorted and differ"},
		{"record-sources-empty", "No sources, spelled as an empty list.", record, `Z"}`, `Z","sources":[]}`, badEncoding, "not the one encoding"},
	} {
		add(e.name, "record", e.comment, swap(t, e.from, e.old, e.fresh), e.class, e.message)
	}
	out["record-oversize"] = vector{
		Comment: "One byte more than a record may have.", Reads: "record", Input: record,
		Repeat: &repeats{"x", maxRecordBytes + 1 - len(record)}, Refused: badSize, Message: "at most",
	}
	out["record-header-oversize"] = vector{
		Comment: "A header longer than 64 KiB.", Reads: "record",
		Repeat: &repeats{"x", 65537}, End: "\n", Refused: badSize, Message: "no line feed",
	}
	at := strings.Index(suspension, "two receipts")
	out["act-oversize"] = vector{
		Comment: "An act of one byte more than 1 MiB.", Reads: "payload", Input: suspension[:at],
		Repeat: &repeats{"x", 1<<20 + 1 - len(suspension)}, End: suspension[at:], Refused: badSize, Message: "at most 1048576",
	}
	out["act-deep"] = vector{
		Comment: "Arrays in arrays.", Reads: "payload", Repeat: &repeats{"[", 100_000}, Refused: badEncoding, Message: "not understood",
	}
	out["envelope-oversize"] = vector{
		Comment: "An envelope longer than any act's.", Reads: "envelope", Repeat: &repeats{" ", 1<<20*4/3 + 8193}, Refused: badSize, Message: "at most 1048576",
	}
	return out
}

// maxRecordBytes is spelled apart from the code: 16 MiB and a header of 64 KiB.
const maxRecordBytes = 16777216 + 65536
