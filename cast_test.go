package entente

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The cast of the vectors: three invented parties with fixed keys, what they
// sign, and the bytes of it. Nothing here is random: the seed of a private key
// is the SHA-256 of its label, and so is (cut to size) every nonce.

func labelHash(format string, args ...any) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, format, args...))
	return sum[:]
}

// testKey is the private key with the label "party/use/n", such as "ardel/act/1".
func testKey(party string, use Use, n int) PrivateKey {
	return PrivateKeyFrom(ed25519.NewKeyFromSeed(labelHash("%s/%s/%d", party, use, n)))
}

func testSeal(party string, n int) Key {
	private, err := ecdh.X25519().NewPrivateKey(labelHash("%s/seal/%d", party, n))
	if err != nil {
		panic(err)
	}
	return X25519Key(private.PublicKey().Bytes())
}

// minute is n minutes after the day the cast begins.
func minute(n int) Time {
	return At(time.Date(2026, 3, 1, 9, n, 0, 0, time.UTC))
}

// fixed signs an act as Sign does, but with a nonce made of its name.
func fixed(name string, a Act, signers ...Signer) Signed {
	a.Format = actFormat
	a.Nonce = Nonce(hex.EncodeToString(labelHash("nonce of %s", name)[:16]))
	payload, err := encode(&a)
	if err != nil {
		panic(err)
	}
	s, err := signPayload(payload, signers...)
	if err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	return s
}

// fixedRecord makes a record as NewRecord does, but with a nonce made of its name.
func fixedRecord(name string, originator PartyID, sources []RecordID, body string) Record {
	head, err := encode(&Header{
		Format: recordFormat, Originator: originator, Media: MediaSTIX, Time: minute(20), Sources: sources,
		Nonce: Nonce(hex.EncodeToString(labelHash("nonce of %s", name))),
	})
	if err != nil {
		panic(err)
	}
	r, err := ParseRecord(slices.Concat(head, []byte("\n"), []byte(body)))
	if err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	return r
}

func firstCard(party, name string) (Card, []Signer) {
	c := Card{Version: 1, Name: name, NextRoot: testKey(party, UseRoot, 2).Key().Hash(), Endpoints: []string{party + ".example:7411"}, Epoch: 1}
	var signers []Signer
	for _, u := range []Use{UseRoot, UseAct, UseReceipt, UseTLS} {
		k := testKey(party, u, 1)
		c.Keys = append(c.Keys, CardKey{u, k.Key()})
		signers = append(signers, k)
	}
	c.Keys = append(c.Keys, CardKey{UseSeal, testSeal(party, 1)})
	return c, signers
}

// signedEntry is one act of the cast; Card names the entry whose card verifies it.
type signedEntry struct {
	Name, Card, Comment string
	Signed              Signed
}

type cast struct {
	Ardel, Bresk, Cimar PartyID
	Compact             CompactID
	Acts                []signedEntry
	Own, Foreign, Tied  Record
	Batch               Batch
}

// act gives the act with this name.
func (c *cast) act(name string) *Signed {
	for i := range c.Acts {
		if c.Acts[i].Name == name {
			return &c.Acts[i].Signed
		}
	}
	panic("no act " + name)
}

// card gives the card that verifies the act with this name.
func (c *cast) card(name string) *Card {
	for i := range c.Acts {
		if c.Acts[i].Name == name {
			return c.act(c.Acts[i].Card).Act.CardBody
		}
	}
	panic("no act " + name)
}

func (c *cast) add(name, card, comment string, a Act, signers ...Signer) ActID {
	s := fixed(name, a, signers...)
	c.Acts = append(c.Acts, signedEntry{name, card, comment, s})
	return s.ID
}

var theCast = sync.OnceValue(makeCast)

func makeCast() *cast {
	c := &cast{}
	for _, p := range []struct {
		party, name string
		id          *PartyID
	}{{"ardel", "Ardel Desk", &c.Ardel}, {"bresk", "Bresk Bureau", &c.Bresk}, {"cimar", "مكتب سيمار", &c.Cimar}} {
		body, signers := firstCard(p.party, p.name)
		name := "card-" + p.party
		*p.id = PartyID(c.add(name, name, "The first card of "+p.party+": no signer, for its id is the party's id. Signed by its root, act, receipt and tls keys.",
			Act{Kind: KindCard, Card: 1, Time: minute(0), CardBody: &body}, signers...))
	}
	ardel1, ardel2 := testKey("ardel", UseAct, 1), testKey("ardel", UseAct, 2)
	bresk, cimar := testKey("bresk", UseAct, 1), testKey("cimar", UseAct, 1)

	second := Card{
		Version: 2, Previous: ActID(c.Ardel), Name: "Ardel Desk", Epoch: 2, NextRoot: testKey("ardel", UseRoot, 3).Key().Hash(),
		Keys: []CardKey{
			{UseRoot, testKey("ardel", UseRoot, 2).Key()},
			{UseAct, ardel1.Key()},
			{UseAct, ardel2.Key()},
			{UseReceipt, testKey("ardel", UseReceipt, 2).Key()},
			{UseTLS, testKey("ardel", UseTLS, 2).Key()},
			{UseSeal, testSeal("ardel", 2)},
		},
		Endpoints: []string{"[2001:db8::7]:7411", "ardel.example:7411"},
		LastHead:  &TreeHead{Size: 4, Root: treeRoot(entries(4))},
	}
	c.add("card-rotated", "card-rotated", "The second card of ardel: another root key, two act keys, a new epoch that names the last head known.",
		Act{Kind: KindCard, Signer: c.Ardel, Card: 2, Time: minute(1), CardBody: &second},
		testKey("ardel", UseRoot, 2), ardel1, ardel2, testKey("ardel", UseReceipt, 2), testKey("ardel", UseTLS, 2))

	terms := c.charter()
	charter := c.add("charter", "card-ardel", "The founding charter: its id is the compact's id.",
		Act{Kind: KindCharter, Signer: c.Ardel, Card: 1, Time: minute(2), Charter: &terms}, ardel1)
	c.Compact = CompactID(charter)

	accession := c.add("accession", "card-bresk", "Position 1 in the chain of bresk; its previous act is the charter.",
		Act{
			Kind: KindAccession, Signer: c.Bresk, Card: 1, Compact: c.Compact, Time: minute(3), Chain: &Link{Seq: 1, Prev: charter},
			Accession: &Accession{To: charter, Reservation: "Article 4 is read\nwith article 9."},
		}, bresk)
	c.add("accession-plain", "card-cimar", "Without a reservation the member is absent.",
		Act{
			Kind: KindAccession, Signer: c.Cimar, Card: 1, Compact: c.Compact, Time: minute(4), Chain: &Link{Seq: 1, Prev: charter},
			Accession: &Accession{To: charter},
		}, cimar)

	wider := c.charter()
	wider.Purposes = []string{"counter-smuggling", "maritime safety"}
	wider.TwoPersons = nil
	wider.Evidence, wider.Inspector = "none", ""
	c.add("amendment", "card-ardel", "Position 1 in the chain of ardel, who has seen the chains of both others; it settles a fork.",
		Act{
			Kind: KindAmendment, Signer: c.Ardel, Card: 1, Compact: c.Compact, Time: minute(5),
			Chain: &Link{Seq: 1, Prev: charter, Seen: sortedSeen(Seen{c.Bresk, 1, accession}, Seen{c.Cimar, 1, c.act("accession-plain").ID})},
			Amendment: &Amendment{
				Number: 1, Base: charter, Charter: wider,
				Settles: []Settlement{{c.Bresk, 1, accession}},
			},
		}, ardel1)

	suspension := c.add("suspension", "card-bresk", "Bresk stops its flow to ardel.",
		Act{
			Kind: KindSuspension, Signer: c.Bresk, Card: 1, Compact: c.Compact, Time: minute(6), Chain: &Link{Seq: 2, Prev: accession},
			Suspension: &Suspension{Member: c.Ardel, Reason: "two receipts are overdue"},
		}, bresk)
	c.add("resumption", "card-bresk", "Bresk lifts exactly that suspension.",
		Act{
			Kind: KindResumption, Signer: c.Bresk, Card: 1, Compact: c.Compact, Time: minute(7), Chain: &Link{Seq: 3, Prev: suspension},
			Resumption: &Resumption{Lifts: suspension},
		}, bresk)
	c.add("escapes", "card-cimar", "A reason with every character that is escaped, and several that are not although JSON would let them be. Microseconds in the time.",
		Act{
			Kind: KindSuspension, Signer: c.Cimar, Card: 1, Compact: c.Compact, Time: At(minute(8).Add(50 * time.Microsecond)),
			Chain:      &Link{Seq: 2, Prev: c.act("accession-plain").ID},
			Suspension: &Suspension{Member: c.Cimar, Reason: "quote \" backslash \\ slash / angle <&> apostrophe ' tab\tline\nseparators\u2028\u2029 é سلام \u200c 🙂 \ufffd \ufeff \u00a0"},
		}, cimar)

	c.Foreign = fixedRecord("record-foreign", c.Cimar, nil, `{"type":"location","spec_version":"2.1","id":"location--5f0f7b1e-6a5e-4b53-9c3a-1d2f3a4b5c6d","created":"2026-03-01T09:20:00.000Z","modified":"2026-03-01T09:20:00.000Z","latitude":12.5,"longitude":53.25}`)
	c.Own = fixedRecord("record", c.Ardel, nil, "{\"type\":\"note\", \"id\":\"note--8c7e4d0a-2f6b-4a86-9d0e-0b1c2d3e4f5a\",\n \"content\":\"exact bytes, <white space> and all\"}\n")
	c.Tied = fixedRecord("record-with-sources", c.Ardel, sortedIDs(c.Foreign.ID, c.Own.ID), "{}")
	c.exchange(ardel1, ardel2, bresk, cimar)
	return c
}

// exchange adds what the members send each other.
func (c *cast) exchange(ardel1, ardel2, bresk, cimar PrivateKey) {
	to := func(kind Kind, signer, to PartyID, card int64, n int) Act {
		return Act{Kind: kind, Signer: signer, Card: card, Compact: c.Compact, To: to, Time: minute(n)}
	}
	full := Handling{
		TLP: TLPAmberStrict, Codes: []string{"5x5x5/2", "europol/H1"}, Onward: OnwardAsk, Permitted: []string{"analysis", "watch-listing"},
		Purpose: "counter-smuggling", LegalBasis: "Joint Act, article 12", Expires: "2026-09-01", Caveats: []string{"Do not contact the shipping line.", "نص تحذير"},
	}
	ask := to(KindAsk, c.Ardel, c.Cimar, 1, 30)
	ask.Ask = &Ask{Record: c.Foreign.ID, Use: Relay, Recipients: []PartyID{c.Bresk}, Purpose: "counter-smuggling", Expires: "2026-08-01", Reason: "Bresk works on the same route."}
	asked := c.add("ask", "card-ardel", "Ardel asks cimar to let it pass one record on to bresk.", ask, ardel1)

	consent := to(KindConsent, c.Cimar, c.Ardel, 1, 31)
	consent.Consent = &Consent{
		Ask: asked, Record: c.Foreign.ID, Use: Relay, Recipients: []PartyID{c.Bresk}, Purpose: "counter-smuggling", Expires: "2026-08-01",
		Handling: &Handling{TLP: TLPRed, Onward: OnwardNone, Purpose: "counter-smuggling"},
	}
	consented := c.add("consent", "card-cimar", "The answer: consent, with the least handling.", consent, cimar)

	refused := to(KindConsent, c.Cimar, c.Ardel, 1, 32)
	refused.Consent = &Consent{Ask: asked, Record: c.Foreign.ID, Use: Derive, Recipients: sortedIDs(c.Bresk, c.Cimar), Purpose: "counter-smuggling", Refused: "not-now"}
	c.add("consent-refused", "card-cimar", "A refusal: a code and no handling.", refused, cimar)

	release := to(KindRelease, c.Ardel, c.Bresk, 1, 33)
	tags := []Tag{"00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"}
	release.Release = &Release{Terms: ActID(c.Compact), Handling: full, Records: []Released{
		{Record: c.Own.ID, Origins: tags, Supersedes: c.Tied.ID}, {Record: c.Foreign.ID, Consent: consented},
	}}
	released := c.add("release", "card-ardel", "A release of two records, with every member a release and a handling can have.", release, ardel1)

	plain := to(KindRelease, c.Ardel, c.Bresk, 1, 34)
	plain.Release = &Release{Terms: ActID(c.Compact), Records: []Released{{Record: c.Own.ID}}, Handling: Handling{TLP: TLPClear, Onward: OnwardMembers, Purpose: "counter-smuggling"}}
	c.add("release-plain", "card-ardel", "The least that a release has.", plain, ardel1)

	recall := to(KindRecall, c.Ardel, c.Bresk, 2, 35)
	recall.Recall = &Recall{Ends: []ActID{released}, Records: []RecordID{c.Own.ID}, Scope: "correct", Reason: "wrong vessel", Correction: c.Tied.ID}
	recalled := c.add("recall", "card-rotated", "A recall under the second card, which has two act keys: both must sign.", recall, ardel1, ardel2)

	head := to(KindHead, c.Ardel, c.Bresk, 1, 36)
	head.Head = &Head{Epoch: 1, Tree: TreeHead{2, treeRoot([]string{string(released), string(recalled)})}}
	c.add("head-channel", "card-ardel", "The head of the channel from ardel to bresk, whose entries are the vectors release and recall. Signed by the receipt key.", head, testKey("ardel", UseReceipt, 1))

	book := Act{Kind: KindHead, Signer: c.Ardel, To: c.Ardel, Card: 1, Time: minute(37), Head: &Head{Epoch: 1, Tree: TreeHead{0, treeRoot(nil)}}}
	c.add("head-book", "card-ardel", "The head of ardel's own book: addressed to itself, in no compact. The tree is empty.", book, testKey("ardel", UseReceipt, 1))

	log := Act{Kind: KindHead, Signer: c.Ardel, To: c.Ardel, Compact: c.Compact, Card: 1, Time: minute(37), Head: &Head{Epoch: 1, Tree: TreeHead{1, treeRoot([]string{logged.ID()})}}}
	c.add("head-log", "card-ardel", "The head of ardel's audit log about the compact, with the vector log-entry as its one entry.", log, testKey("ardel", UseReceipt, 1))
	log.Compact, log.Head = Log(c.Ardel, "", 1).Compact, &Head{Epoch: 1, Tree: TreeHead{0, treeRoot(nil)}}
	c.add("head-log-rest", "card-ardel", "The head of ardel's audit log about what concerns no compact: its own id stands in the place of one.", log, testKey("ardel", UseReceipt, 1))

	receipt := to(KindReceipt, c.Bresk, c.Ardel, 1, 38)
	first := receipt
	first.Receipt = &Receipt{Epoch: 1, Tree: TreeHead{2, treeRoot(entries(2))}}
	previous := c.add("receipt-empty", "card-bresk", "A receipt without runs.", first, testKey("bresk", UseReceipt, 1))
	receipt.Receipt = &Receipt{
		Epoch: 1, Tree: TreeHead{6, treeRoot(entries(6))}, Previous: previous,
		Entries: Runs(2, []Code{CodeApplied, RefusedConsent, RefusedConsent, CodeReceived}),
	}
	c.add("receipt", "card-bresk", "The receipt after that, for entries 2 to 5, in three runs.", receipt, testKey("bresk", UseReceipt, 1))

	c.Batch = Batch{
		Channel: Channel{From: c.Ardel, To: c.Bresk, Compact: c.Compact, Epoch: 1},
		Head:    c.act("head-channel").Envelope(),
		Parcels: []Parcel{
			{Leaf: released, Act: c.act("release").Envelope(), Attached: [][]byte{c.act("consent").Envelope()}, Records: [][]byte{c.Own.Bytes, c.Foreign.Bytes}},
			{Leaf: recalled},
		},
	}
}

func (c *cast) charter() Charter {
	members := []Seat{
		{c.Ardel, "Ardel", 2, "Ardel Security Act, s. 4"}, {c.Bresk, "Bresk", 1, "Decree 17"}, {c.Cimar, "Cimar", 0, "Law on Services, art. 9"},
	}
	slices.SortFunc(members, func(a, b Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return Charter{
		Name: "Joint desk on the strait", Type: Information,
		Purposes: []string{"counter-smuggling"}, Categories: []string{"identities", "vessels"}, Members: members,
		Start: minute(0), End: At(time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC)), Review: At(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)),
		Rule: Unanimous,
		Handling: HandlingRules{
			Default: Handling{TLP: TLPAmberStrict, Onward: OnwardAsk, Purpose: "counter-smuggling"}, Widest: TLPClear, Onward: OnwardMembers, Days: 365,
		},
		Exit: "Ninety days' notice to all.", Suspension: "At once, by a signed act.",
		Tolerance: 300, Freshness: 86400, RecallWithin: 172800, HideAfter: 30, Quota: Quota{5000, 1 << 30},
		Evidence: "inspector", Inspector: PartyID(hashText([]byte("an inspector"))), TellOriginator: true,
		TwoPersons: []Kind{KindAmendment, KindRelease}, ChairMonths: 6, Quorum: "filled", Folding: 1,
	}
}

func sortedSeen(s ...Seen) []Seen {
	slices.SortFunc(s, func(a, b Seen) int { return strings.Compare(string(a.Member), string(b.Member)) })
	return s
}

func sortedIDs[T ~string](ids ...T) []T {
	slices.Sort(ids)
	return ids
}

// logged is one line of an audit log.
var logged = LogEntry{At: minute(37), What: "read", Who: "officer 7", Subject: entries(1)[0], Detail: "one page"}

// entries are n made-up ids to grow a tree of.
func entries(n int) []string {
	var out []string
	for i := range n {
		out = append(out, hashText(fmt.Appendf(nil, "entry %d", i)))
	}
	return out
}

// treeRoot is RFC 6962, section 2.1, word for word: slow and obvious.
func treeRoot(leaves []string) string {
	var hash func(l []string) []byte
	hash = func(l []string) []byte {
		switch len(l) {
		case 0:
			return sha(nil)
		case 1:
			return sha(append([]byte{0}, l[0]...))
		}
		k := 1
		for k*2 < len(l) {
			k *= 2
		}
		return sha(bytes.Join([][]byte{{1}, hash(l[:k]), hash(l[k:])}, nil))
	}
	return idPrefix + hex.EncodeToString(hash(leaves))
}

func sha(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
