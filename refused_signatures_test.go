package entente

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// refusedSignatures are envelopes that are spelled wrongly, and envelopes that
// do not verify under the card they name.
func refusedSignatures(t *testing.T) map[string]vector {
	c := theCast()
	out := map[string]vector{}
	single, double := c.act("resumption"), c.act("recall")
	text := string(single.Envelope())
	sig := single.Signatures[0].Sig
	key := string(single.Signatures[0].KeyID)
	payload := base64.StdEncoding.EncodeToString(single.Payload)
	member := `{"keyid":"` + key + `","sig":"` + sig + `"}`
	inside := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, e := range []struct{ name, comment, old, fresh, class, message string }{
		{"envelope-type", "Another payload type.", "entente.act", "entente.record", badRule, "payload type"},
		{"envelope-white-space", "White space.", `,"payload"`, `, "payload"`, badEncoding, "not the one encoding"},
		{"envelope-member", "A member more.", `"signatures"`, `"note":"","signatures"`, badEncoding, "unknown field"},
		{"envelope-twice", "The payload twice.", `"payload":"` + payload + `",`, `"payload":"` + payload + `","payload":"` + payload + `",`, badEncoding, "not the one encoding"},
		{"envelope-null-signatures", "Null for the signatures.", "[" + member + "]", "null", badRule, "0 signatures"},
		{"envelope-no-signature", "No signature.", member, "", badRule, "0 signatures"},
		{"envelope-many-signatures", "Seventeen signatures.", member, strings.Repeat(member+",", 16) + member, badRule, "17 signatures"},
		{"envelope-same-key", "One key signs twice.", member, member + "," + member, badRule, "sorted by key and differ"},
		{"envelope-base64", "A character that is not in the alphabet.", payload[:8], "*" + payload[1:8], badEncoding, "base64"},
		{"envelope-base64-url", "The alphabet for addresses.", `"sig":"` + sig, `"sig":"` + strings.NewReplacer("+", "-", "/", "_").Replace(sig), badEncoding, "base64"},
		{"envelope-base64-line-end", "A line feed in the Base64 of the payload.", payload[:8], payload[:8] + `\n`, badEncoding, "line end"},
		{"envelope-base64-carriage-return", "A carriage return in the Base64 of the payload.", payload[:8], payload[:8] + `\r`, badEncoding, "line end"},
		{"envelope-sig-line-end", "A line feed in the Base64 of a signature.", sig[:8], sig[:8] + `\n`, badEncoding, "64 bytes in base64"},
		{"envelope-sig-bits", "The last character of a signature has bits that count for nothing.", sig[85:], strayBit(sig[85:]), badEncoding, "64 bytes in base64"},
		{"envelope-sig-padding", "A signature without its padding.", sig, strings.TrimRight(sig, "="), badEncoding, "64 bytes in base64"},
		{"envelope-sig-short", "A signature of 63 bytes.", sig, inside(strings.Repeat("x", 63)), badEncoding, "64 bytes in base64"},
		{"envelope-sig-empty", "No signature under a key.", sig, "", badEncoding, "64 bytes in base64"},
		{"envelope-keyid", "A key id that is no key.", key, "bresk", badEncoding, "algorithm not known"},
		{"envelope-keyid-capitals", "A key in capital digits.", key, "ed25519:" + strings.ToUpper(key[8:]), badEncoding, "64 lower-case hex digits"},
		{"envelope-keyid-seal", "A key that does not sign.", key, string(testSeal("bresk", 1)), badRule, "does not sign"},
		{"envelope-keyid-small-order", "A key of small order.", key, "ed25519:" + strings.Repeat("0", 64), badRule, "small order"},
		{"envelope-payload", "The payload is not the one encoding of an act.", payload, inside(string(single.Payload) + " "), badEncoding, "not the one encoding"},
		{"envelope-trailing", "A line feed after the end.", "}]}", "}]}\n", badEncoding, "not the one encoding"},
	} {
		out[e.name] = vector{Comment: e.comment, Reads: "envelope", Input: swap(t, text, e.old, e.fresh), Refused: e.class, Message: e.message}
	}
	reversed := *double
	reversed.Signatures = []Signature{double.Signatures[1], double.Signatures[0]}
	out["envelope-signature-order"] = vector{
		Comment: "Two signatures that are not sorted by key.", Reads: "envelope", Input: string(reversed.Envelope()), Refused: badRule, Message: "sorted by key",
	}

	verify := func(name, comment, card, message string, s Signed) {
		out[name] = vector{Comment: comment, Reads: "envelope", Input: string(s.Envelope()), Card: card, Refused: badSignature, Message: message}
	}
	again := func(s *Signed, signers ...Signer) Signed {
		fresh, err := signPayload(s.Payload, signers...)
		if err != nil {
			t.Fatal(err)
		}
		return fresh
	}
	act := func(party string, n int) Signer { return testKey(party, UseAct, n) }
	verify("verify-other-party", "Signed by another party's key.", "card-bresk", "has not signed", again(single, act("cimar", 1)))
	verify("verify-forged-keyid", "Another key signed, but the signature names the right one.", "card-bresk", "does not verify",
		renamed(again(single, act("cimar", 1)), testKey("bresk", UseAct, 1).Key()))
	verify("verify-other-card", "Checked against another version of the card.", "card-rotated", "signed under card version 1", *c.act("release"))
	verify("verify-one-of-two", "The card has two act keys and one has signed.", "card-rotated", "has not signed", again(double, act("ardel", 1)))
	verify("verify-other-of-two", "The card has two act keys and the other has signed.", "card-rotated", "has not signed", again(double, act("ardel", 2)))
	verify("verify-receipt-by-act-key", "A receipt signed by the act key.", "card-bresk", "has not signed", again(c.act("receipt"), act("bresk", 1)))
	verify("verify-head-by-act-key", "A head signed by the act key.", "card-ardel", "has not signed", again(c.act("head-channel"), act("ardel", 1)))
	verify("verify-act-by-receipt-key", "A release signed by the receipt key.", "card-ardel", "has not signed", again(c.act("release"), testKey("ardel", UseReceipt, 1)))
	verify("verify-act-by-root", "A release signed by the root key.", "card-ardel", "has not signed", again(c.act("release"), testKey("ardel", UseRoot, 1)))
	verify("verify-extra", "The right signature, and one more that nobody asked for.", "card-bresk", "nothing to sign here", again(single, act("bresk", 1), testKey("bresk", UseReceipt, 1)))
	for _, u := range []Use{UseRoot, UseAct, UseReceipt, UseTLS} {
		_, signers := firstCard("ardel", "")
		signers = slices.DeleteFunc(signers, func(s Signer) bool { return s.Key() == testKey("ardel", u, 1).Key() })
		verify("verify-card-without-"+string(u), "A card whose "+string(u)+" key has not signed: no proof that the party holds it.", "card-ardel", "has not signed", again(c.act("card-ardel"), signers...))
	}
	changed := *single
	changed.Payload = []byte(swap(t, string(single.Payload), "09:07:00", "09:07:01"))
	verify("verify-changed", "The payload was changed after it was signed.", "card-bresk", "does not verify", changed)
	changed.Payload = single.Payload
	changed.Signatures = []Signature{{single.Signatures[0].KeyID, base64.StdEncoding.EncodeToString(make([]byte, 64))}}
	verify("verify-zeros", "A signature of zeros.", "card-bresk", "does not verify", changed)
	return out
}

// strayBit gives Base64 that decodes to the same bytes for a lenient decoder.
func strayBit(s string) string { return string([]byte{s[0] + 1}) + s[1:] }

func renamed(s Signed, k Key) Signed {
	s.Signatures = []Signature{{k, s.Signatures[0].Sig}}
	return s
}

// refusedBatches are batches with one wrong field each.
func refusedBatches(t *testing.T) map[string]vector {
	c := theCast()
	out := map[string]vector{}
	add := func(name, comment, class, message string, b []byte) {
		out["batch-"+name] = vector{Comment: comment, Reads: "batch", Base64: base64.StdEncoding.EncodeToString(b), Refused: class, Message: message}
	}
	edited := func(edit func(*Batch)) []byte {
		b := c.Batch
		b.Head = []byte("{}") // short; a batch is read without looking into what it carries
		b.Parcels = []Parcel{{Leaf: c.act("release").ID, Act: []byte("{}"), Attached: [][]byte{[]byte("{}")}, Records: [][]byte{[]byte("x")}}}
		edit(&b)
		return AppendBatch(nil, &b)
	}
	good := edited(func(*Batch) {})
	if _, err := ParseBatch(good); err != nil {
		t.Fatal(err)
	}
	add("magic", "Another first line.", badEncoding, "does not begin with", []byte("entente-batch/2\n"+string(good[16:])))
	add("cut-short", "The last byte is missing.", badEncoding, "cut short", good[:len(good)-1])
	add("trailing", "A byte follows.", badEncoding, "follow after the end", append(slices.Clone(good), 0))
	add("no-sender", "No sender.", badRule, "sender missing", edited(func(b *Batch) { b.Channel.From = "" }))
	add("no-recipient", "No recipient.", badRule, "recipient missing", edited(func(b *Batch) { b.Channel.To = "" }))
	add("no-leaf", "An entry without its id.", badRule, "leaf missing", edited(func(b *Batch) { b.Parcels[0].Leaf = "" }))
	add("sender", "A sender that is no id.", badEncoding, "sender", edited(func(b *Batch) { b.Channel.From = "ardel" }))
	add("compact", "A compact that is no id.", badEncoding, "compact", edited(func(b *Batch) { b.Channel.Compact = "sha256:00" }))
	add("epoch", "An epoch beyond 2^50.", badRule, "epoch is", edited(func(b *Batch) { b.Channel.Epoch = 1<<50 + 1 }))
	add("position", "A position beyond 2^50.", badRule, "position is", edited(func(b *Batch) { b.First = 1<<50 + 1 }))
	add("empty-record", "A record of no bytes.", badRule, "record is empty", edited(func(b *Batch) { b.Parcels[0].Records[0] = nil }))
	add("empty-attached", "An attached act of no bytes.", badRule, "attached act is empty", edited(func(b *Batch) { b.Parcels[0].Attached[0] = nil }))
	add("withheld-with-records", "An act that is withheld, but its records are there.", badRule, "withholds its act", edited(func(b *Batch) { b.Parcels[0].Act, b.Parcels[0].Attached = nil, nil }))
	add("withheld-with-attached", "An act that is withheld, but what it rests on is there.", badRule, "withholds its act", edited(func(b *Batch) { b.Parcels[0].Act, b.Parcels[0].Records = nil, nil }))

	empty := AppendBatch(nil, &Batch{Channel: c.Batch.Channel})
	stem := empty[:len(empty)-1] // all but the count of parcels
	claim := func(n uint64) []byte { return binary.AppendUvarint(slices.Clone(stem), n) }
	add("count-beyond", "More entries than a batch may have.", badSize, "parcel count is 4097", claim(4097))
	add("count-huge", "2^64-1 entries.", badSize, "parcel count is", claim(1<<64-1))
	add("count-without-entries", "4096 entries are announced and none is there.", badEncoding, "batch: leaf", claim(4096))
	add("count-long", "The count 0 in two bytes.", badEncoding, "longer than needed", append(slices.Clone(stem), 0x80, 0))
	add("count-overflow", "A number of eleven bytes.", badEncoding, "parcel count", append(slices.Clone(stem), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))
	add("count-missing", "The count of entries is missing.", badEncoding, "parcel count", stem)
	parcel := appendBytes(appendBytes(claim(1), []byte(c.act("release").ID)), []byte("{}"))
	add("attached-beyond", "More attached acts than an entry may have.", badSize, "attached act count is 1001", binary.AppendUvarint(slices.Clone(parcel), 1001))
	add("records-beyond", "More records than a release may have.", badSize, "record count is 1001", binary.AppendUvarint(append(slices.Clone(parcel), 0), 1001))
	add("record-length", "A record longer than any may be.", badSize, "record length is", binary.AppendUvarint(append(slices.Clone(parcel), 0, 1), maxRecordBytes+1))
	add("act-length", "An act longer than any envelope.", badSize, "act length is", binary.AppendUvarint(appendBytes(claim(1), []byte(c.act("release").ID)), 2<<20+1))
	add("head-length", "A head that is announced to be longer than the batch.", badEncoding, "cut short", binary.AppendUvarint(slices.Clone(stem[:len(stem)-1]), 1000))
	out["batch-oversize"] = vector{Comment: "One byte more than 64 MiB.", Reads: "batch", Input: batchMagic, Repeat: &repeats{"\x00", 64<<20 - 15}, Refused: badSize, Message: "at most"}
	return out
}
