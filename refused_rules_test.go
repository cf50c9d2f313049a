package entente

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

type ruleCase struct {
	name    string
	edit    func(a *Act)
	message string
}

// refusedRules are acts in the one encoding that the rules of their kind do not
// allow: each is an accepted act of the cast with one thing changed.
func refusedRules(t *testing.T) map[string]vector {
	out := map[string]vector{}
	for _, table := range []struct {
		base  string
		cases []ruleCase
	}{
		{"resumption", frameRules()},
		{"card-ardel", cardRules()},
		{"card-rotated", laterCardRules()},
		{"charter", charterRules()},
		{"accession", []ruleCase{
			{"accession-reservation", func(a *Act) { a.Accession.Reservation = long(2001) }, "reservation has 2001 characters"},
			{"accession-chain-missing", func(a *Act) { a.Chain = nil }, "a place in the chain"},
		}},
		{"amendment", amendmentRules()},
		{"suspension", []ruleCase{{"suspension-reason", func(a *Act) { a.Suspension.Reason = long(2001) }, "reason has 2001 characters"}}},
		{"release", releaseRules()},
		{"ask", askRules()},
		{"consent", consentRules()},
		{"recall", recallRules()},
		{"head-channel", headRules()},
		{"receipt", receiptRules()},
	} {
		for _, e := range table.cases {
			var a Act
			if err := decode(theCast().act(table.base).Payload, &a); err != nil {
				t.Fatal(err)
			}
			e.edit(&a)
			payload, err := encode(&a)
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := out[e.name]; twice {
				t.Fatalf("two vectors are called %s", e.name)
			}
			out[e.name] = vector{
				Comment: "The vector " + table.base + " with one thing changed: " + e.message + ".", Reads: "payload",
				Input: string(payload), Refused: badRule, Message: e.message,
			}
		}
	}
	return out
}

func long(n int) string { return strings.Repeat("é", n) }

func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("scheme/%04d", i))
	}
	return out
}

func numberedIDs[T ~string](n int) (out []T) {
	for _, e := range entries(n) {
		out = append(out, T(e))
	}
	slices.Sort(out)
	return out
}

// frameRules are about the members that every act has.
func frameRules() []ruleCase {
	c := theCast()
	return []ruleCase{
		{"act-format", func(a *Act) { a.Format = "entente-act/2" }, "this program reads entente-act/1"},
		{"act-kind-unknown", func(a *Act) { a.Kind = "ballot" }, "expected that one body and no other"},
		{"act-kind-empty", func(a *Act) { a.Kind = "" }, "expected that one body and no other"},
		{"act-body-missing", func(a *Act) { a.Resumption = nil }, "expected that one body and no other"},
		{"act-two-bodies", func(a *Act) { a.Suspension = &Suspension{Member: c.Ardel} }, "expected that one body and no other"},
		{"act-other-body", func(a *Act) { a.Resumption, a.Suspension = nil, &Suspension{Member: c.Ardel} }, "expected that one body and no other"},
		{"act-signer-missing", func(a *Act) { a.Signer = "" }, "names its signer"},
		{"act-card-zero", func(a *Act) { a.Card = 0 }, "card version 0"},
		{"act-card-negative", func(a *Act) { a.Card = -1 }, "card version -1"},
		{"act-card-beyond", func(a *Act) { a.Card = 1<<50 + 1 }, "card version 1125899906842625"},
		{"act-compact-missing", func(a *Act) { a.Compact = "" }, "compact missing"},
		{"act-time-none", func(a *Act) { a.Time = Time{} }, "time missing"},
		{"act-recipient-extra", func(a *Act) { a.To = c.Ardel }, "recipient missing, or none allowed"},
		{"act-chain-missing", func(a *Act) { a.Chain = nil }, "a place in the chain"},
		{"chain-position-zero", func(a *Act) { a.Chain.Seq = 0 }, "positions count from 1"},
		{"chain-position-beyond", func(a *Act) { a.Chain.Seq = 1<<50 + 1 }, "positions count from 1"},
		{"chain-seen-order", func(a *Act) {
			ids := numberedIDs[PartyID](2)
			a.Chain.Seen = []Seen{{ids[1], 1, c.act("accession").ID}, {ids[0], 1, c.act("accession").ID}}
		}, "sorted by member"},
		{"chain-seen-twice", func(a *Act) {
			a.Chain.Seen = []Seen{{c.Cimar, 1, c.act("accession").ID}, {c.Cimar, 2, c.act("accession").ID}}
		}, "sorted by member"},
		{"chain-seen-position", func(a *Act) { a.Chain.Seen = []Seen{{c.Cimar, 0, c.act("accession").ID}} }, "count from 1"},
		{"chain-seen-many", func(a *Act) {
			for _, id := range numberedIDs[PartyID](201) {
				a.Chain.Seen = append(a.Chain.Seen, Seen{id, 1, c.act("accession").ID})
			}
		}, "at most 200 heads"},
	}
}

func cardRules() []ruleCase {
	small := Key("ed25519:" + "01" + strings.Repeat("0", 62))
	key := func(i int, k Key) func(*Act) { return func(a *Act) { a.CardBody.Keys[i].Key = k } }
	endpoint := func(s string) func(*Act) { return func(a *Act) { a.CardBody.Endpoints = []string{s} } }
	return []ruleCase{
		{"card-signer-in-first", func(a *Act) { a.Signer = theCast().Ardel }, "every act but a first card names its signer"},
		{"card-previous-in-first", func(a *Act) { a.CardBody.Previous = theCast().act("charter").ID }, "names the one before"},
		{"card-version-differs", func(a *Act) { a.Card = 2 }, "card version 2"},
		{"card-compact", func(a *Act) { a.Compact = theCast().Compact }, "compact missing, or none allowed"},
		{"card-recipient", func(a *Act) { a.To = theCast().Bresk }, "recipient missing, or none allowed"},
		{"card-chain", func(a *Act) { a.Chain = &Link{Seq: 1, Prev: theCast().act("charter").ID} }, "a place in the chain"},
		{"card-name-missing", func(a *Act) { a.CardBody.Name = "" }, "card name has 0 characters"},
		{"card-name-long", func(a *Act) { a.CardBody.Name = long(201) }, "card name has 201 characters"},
		{"card-name-escape", func(a *Act) { a.CardBody.Name = "Ardel\x1b[2J" }, "control character U+001B"},
		{"card-name-delete", func(a *Act) { a.CardBody.Name = "Ardel\x7f" }, "control character U+007F"},
		{"card-name-c1", func(a *Act) { a.CardBody.Name = "Ardel\u009b2J" }, "control character U+009B"},
		{"card-key-small-order", key(1, small), "small order"},
		{"card-key-small-order-sign", key(1, small[:70]+"80"), "small order"},
		{"card-key-twice", key(1, testKey("ardel", UseRoot, 1).Key()), "one key, one use"},
		{"card-key-algorithm", key(1, "rsa:00"), "algorithm not known"},
		{"card-key-capitals", key(1, "ed25519:"+Key(strings.Repeat("A", 64))), "lower-case hex"},
		{"card-key-short", key(1, "ed25519:00"), "64 lower-case hex digits"},
		{"card-key-seal-signs", key(4, testKey("ardel", UseTLS, 9).Key()), "has algorithm ed25519"},
		{"card-key-act-seals", key(1, testSeal("ardel", 9)), "has algorithm x25519"},
		{"card-key-use-unknown", func(a *Act) { a.CardBody.Keys[3].Use = "web" }, "uses come in the order"},
		{"card-key-use-order", func(a *Act) { slices.Reverse(a.CardBody.Keys) }, "uses come in the order"},
		{"card-key-use-missing", func(a *Act) { a.CardBody.Keys = a.CardBody.Keys[:4] }, `no key for "seal"`},
		{"card-keys-none", func(a *Act) { a.CardBody.Keys = nil }, `no key for "root"`},
		{"card-keys-many", func(a *Act) {
			for i := range 12 {
				a.CardBody.Keys = append(a.CardBody.Keys, CardKey{UseSeal, testSeal("ardel", 10+i)})
			}
		}, "17 keys"},
		{"card-next-root-spelling", func(a *Act) { a.CardBody.NextRoot = "sha256:" }, "hash of the next root key"},
		{"card-next-root-shown", func(a *Act) { a.CardBody.NextRoot = testKey("ardel", UseRoot, 1).Key().Hash() }, "shows it already"},
		{"card-epoch-zero", func(a *Act) { a.CardBody.Epoch = 0 }, "card epoch 0"},
		{"card-endpoint-port", endpoint("ardel.example"), "expected host:port"},
		{"card-endpoint-host", endpoint(":7411"), "expected host:port"},
		{"card-endpoint-port-name", endpoint("ardel.example:https"), "expected host:port"},
		{"card-endpoint-port-beyond", endpoint("ardel.example:65536"), "expected host:port"},
		{"card-endpoint-port-zeros", endpoint("ardel.example:07411"), "expected host:port"},
		{"card-endpoint-port-zero", endpoint("ardel.example:0"), "expected host:port"},
		{"card-endpoint-control", endpoint("ardel\n.example:7411"), "printable ASCII"},
		{"card-endpoint-long", endpoint(strings.Repeat("a", 256) + ":7411"), "expected host:port"},
		{"card-endpoints-many", func(a *Act) { a.CardBody.Endpoints = slices.Repeat([]string{"ardel.example:7411"}, 9) }, "9 endpoints"},
	}
}

func laterCardRules() []ruleCase {
	return []ruleCase{
		{"card-later-signer-missing", func(a *Act) { a.Signer = "" }, "names its signer"},
		{"card-later-previous-missing", func(a *Act) { a.CardBody.Previous = "" }, "names the one before"},
		{"card-last-head-root", func(a *Act) { a.CardBody.LastHead.Root = "none" }, "tree root"},
		{"card-last-head-size", func(a *Act) { a.CardBody.LastHead.Size = -1 }, "tree of size -1"},
	}
}

func amendmentRules() []ruleCase {
	return []ruleCase{
		{"amendment-number", func(a *Act) { a.Amendment.Number = 0 }, "amendment number 0"},
		{"amendment-charter", func(a *Act) { a.Amendment.Charter.Purposes = nil }, "no purpose"},
		{"amendment-settles-order", func(a *Act) {
			s := a.Amendment.Settles[0]
			a.Amendment.Settles = []Settlement{s, s}
		}, "sorted by the act kept"},
		{"amendment-settles-twice", func(a *Act) {
			s := a.Amendment.Settles[0]
			ids := numberedIDs[ActID](2)
			a.Amendment.Settles = []Settlement{{s.Author, 2, ids[0]}, {s.Author, 2, ids[1]}}
		}, "settles position 2"},
		{"amendment-settles-position", func(a *Act) { a.Amendment.Settles[0].Seq = 0 }, "count from 1"},
		{"amendment-settles-many", func(a *Act) {
			s := a.Amendment.Settles[0]
			a.Amendment.Settles = nil
			for i, id := range numberedIDs[ActID](101) {
				a.Amendment.Settles = append(a.Amendment.Settles, Settlement{s.Author, int64(i + 1), id})
			}
		}, "at most 100 forks"},
	}
}

func headRules() []ruleCase {
	return []ruleCase{
		{"head-compact-missing", func(a *Act) { a.Compact = "" }, "compact missing"},
		{"head-recipient-missing", func(a *Act) { a.To = "" }, "recipient missing"},
		{"head-chain", func(a *Act) { a.Chain = &Link{Seq: 1, Prev: theCast().act("charter").ID} }, "a place in the chain"},
		{"head-epoch", func(a *Act) { a.Head.Epoch = 0 }, "head of epoch 0"},
		{"head-size-negative", func(a *Act) { a.Head.Tree.Size = -1 }, "tree of size -1"},
		{"head-size-beyond", func(a *Act) { a.Head.Tree.Size = 1<<50 + 1 }, "tree of size 1125899906842625"},
		{"head-root", func(a *Act) { a.Head.Tree.Root = "" }, "tree root"},
		{"head-empty-root", func(a *Act) { a.Head.Tree.Size = 0 }, "tree of size 0 has root"},
	}
}

func receiptRules() []ruleCase {
	runs := func(r ...Disposition) func(*Act) { return func(a *Act) { a.Receipt.Entries = r } }
	return []ruleCase{
		{"receipt-to-self", func(a *Act) { a.To = a.Signer }, "addressed to its own signer"},
		{"receipt-compact-missing", func(a *Act) { a.Compact = "" }, "compact missing"},
		{"receipt-epoch", func(a *Act) { a.Receipt.Epoch = 0 }, "receipt of epoch 0"},
		{"receipt-root", func(a *Act) { a.Receipt.Tree.Root = "x" }, "tree root"},
		{"receipt-gap", runs(Disposition{2, 1, CodeApplied}, Disposition{4, 2, CodeApplied}), "without a gap"},
		{"receipt-overlap", runs(Disposition{2, 2, CodeApplied}, Disposition{3, 3, CodeReceived}), "without a gap"},
		{"receipt-count-zero", runs(Disposition{2, 0, CodeApplied}, Disposition{2, 4, CodeReceived}), "without a gap"},
		{"receipt-first-negative", runs(Disposition{-1, 7, CodeApplied}), "without a gap"},
		{"receipt-overflow", runs(Disposition{1<<63 - 1, 1<<63 - 1, CodeApplied}), "without a gap"},
		{"receipt-end-before", runs(Disposition{2, 3, CodeApplied}), "runs end at 5"},
		{"receipt-end-after", runs(Disposition{2, 5, CodeApplied}), "runs end at 7"},
		{"receipt-code", runs(Disposition{2, 4, "refused:unwanted"}), "not known"},
		{"receipt-code-empty", runs(Disposition{2, 4, ""}), "not known"},
	}
}

func charterRules() []ruleCase {
	h := func(edit func(*Charter)) func(*Act) { return func(a *Act) { edit(a.Charter) } }
	out := []ruleCase{
		{"charter-author", func(a *Act) { a.Signer = PartyID(entries(1)[0]) }, "not on the roster"},
		{"charter-compact", func(a *Act) { a.Compact = theCast().Compact }, "compact missing, or none allowed"},
		{"charter-chain", func(a *Act) { a.Chain = &Link{Seq: 1, Prev: theCast().act("charter").ID} }, "a place in the chain"},
		{"charter-type", h(func(c *Charter) { c.Type = "alliance" }), "charter type"},
		{"charter-name", h(func(c *Charter) { c.Name = "" }), "charter name has 0"},
		{"charter-exit", h(func(c *Charter) { c.Exit = "" }), "exit rule has 0"},
		{"charter-suspension", h(func(c *Charter) { c.Suspension = "" }), "suspension rule has 0"},
		{"charter-purposes-order", h(func(c *Charter) { c.Purposes = []string{"b", "a"} }), "charter purpose \"a\""},
		{"charter-categories-none", h(func(c *Charter) { c.Categories = nil }), "no data category"},
		{"charter-categories-many", h(func(c *Charter) { c.Categories = numbered(65) }), "at most 64"},
		{"charter-members-one", h(func(c *Charter) { c.Members = c.Members[:1] }), "has 1 members"},
		{"charter-members-order", h(func(c *Charter) { slices.Reverse(c.Members) }), "sorted by party"},
		{"charter-members-twice", h(func(c *Charter) { c.Members[1] = c.Members[0] }), "sorted by party"},
		{"charter-members-many", h(func(c *Charter) {
			for _, id := range numberedIDs[PartyID](201) {
				c.Members = append(c.Members, Seat{id, "x", 1, "x"})
			}
		}), "has 204 members"},
		{"charter-member-name", h(func(c *Charter) { c.Members[0].Name = "" }), "member name has 0"},
		{"charter-member-basis", h(func(c *Charter) { c.Members[0].LegalBasis = "" }), "legal basis of"},
		{"charter-member-seats", h(func(c *Charter) { c.Members[0].Seats = 1001 }), "has 1001 seats"},
		{"charter-end", h(func(c *Charter) { c.End = c.Start }), "must follow each other"},
		{"charter-review-early", h(func(c *Charter) { c.Review = At(c.Start.Add(-time.Microsecond)) }), "must follow each other"},
		{"charter-review-late", h(func(c *Charter) { c.Review = At(c.End.Add(time.Microsecond)) }), "must follow each other"},
		{"charter-rule", h(func(c *Charter) { c.Rule = "majority" }), "members cannot vote yet"},
		{"charter-default-purpose", h(func(c *Charter) { c.Handling.Default.Purpose = "other" }), "none of its purposes"},
		{"charter-default-tlp", h(func(c *Charter) { c.Handling.Default.TLP = "white" }), "charter default handling: TLP"},
		{"charter-widest", h(func(c *Charter) { c.Handling.Widest = "" }), "charter bounds on handling"},
		{"charter-onward", h(func(c *Charter) { c.Handling.Onward = "all" }), "charter bounds on handling"},
		{"charter-default-wider-tlp", h(func(c *Charter) { c.Handling.Widest = TLPRed }), "wider than its own bounds"},
		{"charter-default-wider-onward", h(func(c *Charter) { c.Handling.Onward = OnwardNone }), "wider than its own bounds"},
		{"charter-evidence", h(func(c *Charter) { c.Evidence = "all" }), "charter evidence"},
		{"charter-inspector-missing", h(func(c *Charter) { c.Inspector = "" }), "charter evidence"},
		{"charter-inspector-extra", h(func(c *Charter) { c.Evidence = "none" }), "charter evidence"},
		{"charter-quorum", h(func(c *Charter) { c.Quorum = "half" }), "charter quorum"},
		{"charter-folding", h(func(c *Charter) { c.Folding = 2 }), "this program has version 1"},
		{"charter-two-persons-unknown", h(func(c *Charter) { c.TwoPersons = []Kind{"export"} }), "is no kind of act"},
		{"charter-two-persons-order", h(func(c *Charter) { slices.Reverse(c.TwoPersons) }), "sorted and differ"},
	}
	for _, n := range []struct {
		name string
		at   func(*Charter) *int64
		most int64
	}{
		{"tolerance_s", func(c *Charter) *int64 { return &c.Tolerance }, 86400},
		{"freshness_s", func(c *Charter) *int64 { return &c.Freshness }, 34560000},
		{"recall_within_s", func(c *Charter) *int64 { return &c.RecallWithin }, 34560000},
		{"hide_after_days", func(c *Charter) *int64 { return &c.HideAfter }, 4000},
		{"chair_months", func(c *Charter) *int64 { return &c.ChairMonths }, 120},
		{"days", func(c *Charter) *int64 { return &c.Handling.Days }, 4000},
		{"acts_per_day", func(c *Charter) *int64 { return &c.Quota.Acts }, 1 << 40},
		{"bytes_per_day", func(c *Charter) *int64 { return &c.Quota.Bytes }, 1 << 50},
	} {
		name := "charter-" + strings.ReplaceAll(n.name, "_", "-")
		out = append(out,
			ruleCase{name + "-negative", h(func(c *Charter) { *n.at(c) = -1 }), fmt.Sprintf("charter %s is -1, expected 0 to %d", n.name, n.most)},
			ruleCase{name + "-beyond", h(func(c *Charter) { *n.at(c) = n.most + 1 }), fmt.Sprintf("charter %s is %d, expected 0 to %d", n.name, n.most+1, n.most)})
	}
	return out
}
