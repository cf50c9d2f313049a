package entente

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// Generators of valid acts of every kind, within the bounds of docs/wire.md.

var (
	drawText  = rapid.RuneFrom([]rune("aZ0 \"\\/<>&'\n\t\u2028\u2029é\u0651س中🙂\u200c\u00a0\ufeff\ufffd\U0010ffff"))
	drawID    = rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 4), func(b []byte) string { return hashText(b) })
	drawCount = rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64Range(1, maxCount), rapid.Just(int64(maxCount)))
	drawTag   = rapid.Map(drawID, func(s string) Tag { return Tag(s[len(s)-32:]) })
	drawTime  = rapid.Custom(func(t *rapid.T) Time {
		// Years 1 to 9999; the fraction is often nothing or short.
		at := time.Unix(rapid.Int64Range(-62135596799, 253402300799).Draw(t, "seconds"), 0)
		fraction := rapid.Int64Range(0, 999_999).Draw(t, "microseconds")
		for range rapid.IntRange(0, 6).Draw(t, "cut") {
			fraction = fraction / 10 * 10 % 1_000_000
			fraction = fraction * 10 % 1_000_000
		}
		return At(at.Add(time.Duration(fraction) * time.Microsecond))
	})
	drawDate = rapid.OneOf(rapid.Just(Date("")), rapid.Map(drawTime, func(t Time) Date { return DateOf(t.Time) }))
	drawTree = rapid.Custom(func(t *rapid.T) TreeHead {
		size := rapid.Int64Range(0, maxCount).Draw(t, "size")
		if size == 0 {
			return TreeHead{0, treeRoot(nil)}
		}
		return TreeHead{size, drawID.Draw(t, "root")}
	})
)

func text(t *rapid.T, least, most int) string {
	return rapid.StringOfN(drawText, least, most, -1).Draw(t, "text")
}

// set draws a sorted list without repetition, nil if it is empty.
func set[T cmp.Ordered](t *rapid.T, g *rapid.Generator[T], least, most int) []T {
	out := rapid.SliceOfNDistinct(g, least, most, rapid.ID).Draw(t, "set")
	slices.Sort(out)
	if len(out) == 0 {
		return nil
	}
	return out
}

func ids[T ~string](g *rapid.Generator[string]) *rapid.Generator[T] {
	return rapid.Map(g, func(s string) T { return T(s) })
}

func drawHandling(t *rapid.T) Handling {
	words := rapid.StringOfN(drawText, 1, 12, -1)
	return Handling{
		TLP: rapid.SampledFrom(TLPs).Draw(t, "tlp"), Onward: rapid.SampledFrom(Onwards).Draw(t, "onward"),
		Codes:     set(t, rapid.Map(words, func(s string) string { return "s/" + s }), 0, 16),
		Permitted: set(t, words, 0, 16), Caveats: set(t, words, 0, 16),
		Purpose: text(t, 1, 200), LegalBasis: text(t, 0, 500), Expires: drawDate.Draw(t, "expires"),
	}
}

func drawCharter(t *rapid.T, author PartyID) Charter {
	words := rapid.StringOfN(drawText, 1, 20, -1)
	c := Charter{
		Name: text(t, 1, 100), Type: rapid.SampledFrom(CompactTypes).Draw(t, "type"),
		Purposes: set(t, words, 1, 32), Categories: set(t, words, 1, 64),
		Rule: Unanimous, Exit: text(t, 1, 50), Suspension: text(t, 1, 50),
		Tolerance: rapid.Int64Range(0, 86400).Draw(t, "tolerance"), Freshness: rapid.Int64Range(0, 400*86400).Draw(t, "freshness"),
		RecallWithin: rapid.Int64Range(0, 400*86400).Draw(t, "recall"), HideAfter: rapid.Int64Range(0, 4000).Draw(t, "hide"),
		Quota:    Quota{rapid.Int64Range(0, 1<<40).Draw(t, "acts"), rapid.Int64Range(0, 1<<50).Draw(t, "bytes")},
		Evidence: "none", TellOriginator: rapid.Bool().Draw(t, "tell"), TwoPersons: set(t, rapid.SampledFrom(allKinds), 0, len(allKinds)),
		ChairMonths: rapid.Int64Range(0, 120).Draw(t, "chair"), Quorum: rapid.SampledFrom([]string{"filled", "all"}).Draw(t, "quorum"), Folding: 1,
	}
	if rapid.Bool().Draw(t, "inspected") {
		c.Evidence, c.Inspector = "inspector", PartyID(drawID.Draw(t, "inspector"))
	}
	for _, p := range set(t, ids[PartyID](drawID), 2, 8) {
		c.Members = append(c.Members, Seat{p, text(t, 1, 20), rapid.Int64Range(0, 1000).Draw(t, "seats"), text(t, 1, 20)})
	}
	if _, ok := c.Seat(author); !ok {
		c.Members[0].Party = author
		slices.SortFunc(c.Members, func(a, b Seat) int { return strings.Compare(string(a.Party), string(b.Party)) })
	}
	when := set(t, rapid.Int64Range(-62135596799, 253402300799), 3, 3)
	at := func(i int) Time { return At(time.Unix(when[i], 0)) }
	c.Start, c.Review, c.End = at(0), at(1), at(2)
	c.Handling = HandlingRules{Default: drawHandling(t), Days: rapid.Int64Range(0, 4000).Draw(t, "days")}
	c.Handling.Default.Purpose = rapid.SampledFrom(c.Purposes).Draw(t, "purpose")
	c.Handling.Widest = rapid.SampledFrom(TLPs[slices.Index(TLPs, c.Handling.Default.TLP):]).Draw(t, "widest")
	c.Handling.Onward = rapid.SampledFrom(Onwards[slices.Index(Onwards, c.Handling.Default.Onward):]).Draw(t, "widest onward")
	return c
}

func drawLink(t *rapid.T) *Link {
	l := &Link{Seq: drawCount.Draw(t, "seq"), Prev: ActID(drawID.Draw(t, "prev"))}
	for _, m := range set(t, ids[PartyID](drawID), 0, 5) {
		l.Seen = append(l.Seen, Seen{m, drawCount.Draw(t, "seen seq"), ActID(drawID.Draw(t, "seen"))})
	}
	return l
}

// drawAct makes an act of the kind that ardel could say under the card.
func drawAct(t *rapid.T, kind Kind) (Act, *Card, []Signer) {
	c := theCast()
	card, signers := firstCard("ardel", "Ardel Desk")
	act, receipt := signers[1:2], signers[2:3]
	a := Act{Kind: kind, Signer: c.Ardel, Card: 1, Compact: CompactID(drawID.Draw(t, "compact")), Time: drawTime.Draw(t, "time")}
	other := func() PartyID {
		return PartyID(drawID.Filter(func(s string) bool { return s != string(c.Ardel) }).Draw(t, "other"))
	}
	optional := func(what string) string { return rapid.OneOf(rapid.Just(""), drawID).Draw(t, what) }
	if kind.addressed() {
		a.To = other()
	}
	if kind.Chained() {
		a.Chain = drawLink(t)
	}
	parties := func() []PartyID { return set(t, ids[PartyID](drawID), 1, 5) }
	use := rapid.SampledFrom([]ConsentUse{Relay, Derive, Mention})
	switch kind {
	case KindCard:
		a.Compact, a.Signer = "", ""
		if rapid.Bool().Draw(t, "later") {
			card.Version, card.Previous, a.Signer = rapid.Int64Range(2, maxCount).Draw(t, "version"), ActID(c.Ardel), c.Ardel
			head := drawTree.Draw(t, "last head")
			card.LastHead = &head
		}
		a.Card, card.Name, card.Epoch, card.NextRoot = card.Version, text(t, 1, 200), drawCount.Draw(t, "epoch"), drawID.Draw(t, "next root")
		card.Endpoints = rapid.SliceOfN(rapid.SampledFrom([]string{"a.example:1", "[::1]:65535", "192.0.2.7:7411"}), 0, 8).Draw(t, "endpoints")
		a.CardBody = &card
		return a, &card, signers
	case KindCharter:
		charter := drawCharter(t, c.Ardel)
		a.Compact, a.Charter = "", &charter
	case KindAccession:
		a.Accession = &Accession{ActID(drawID.Draw(t, "terms")), text(t, 0, 100)}
	case KindAmendment:
		a.Amendment = &Amendment{Number: drawCount.Draw(t, "number"), Base: ActID(drawID.Draw(t, "base")), Charter: drawCharter(t, other())}
		for i, k := range set(t, ids[ActID](drawID), 0, 4) {
			a.Amendment.Settles = append(a.Amendment.Settles, Settlement{other(), int64(i + 1), k})
		}
	case KindSuspension:
		a.Suspension = &Suspension{PartyID(drawID.Draw(t, "member")), text(t, 0, 100)}
	case KindResumption:
		a.Resumption = &Resumption{ActID(drawID.Draw(t, "lifts"))}
	case KindRelease:
		a.Release = &Release{Terms: ActID(drawID.Draw(t, "terms")), Handling: drawHandling(t)}
		for _, r := range set(t, ids[RecordID](drawID), 1, 6) {
			x := Released{Record: r, Origins: set(t, drawTag, 0, 4), Supersedes: RecordID(optional("supersedes")), Consent: ActID(optional("consent"))}
			if x.Supersedes == r {
				x.Supersedes = ""
			}
			a.Release.Records = append(a.Release.Records, x)
		}
	case KindAsk:
		a.Ask = &Ask{RecordID(drawID.Draw(t, "record")), use.Draw(t, "use"), parties(), text(t, 1, 200), drawDate.Draw(t, "expires"), text(t, 0, 100)}
	case KindConsent:
		a.Consent = &Consent{Ask: ActID(optional("ask")), Record: RecordID(drawID.Draw(t, "record")), Use: use.Draw(t, "use"), Recipients: parties(), Purpose: text(t, 1, 200), Expires: drawDate.Draw(t, "expires")}
		if a.Consent.Refused = text(t, 0, 40); a.Consent.Refused == "" {
			h := drawHandling(t)
			a.Consent.Handling = &h
		}
	case KindRecall:
		a.Recall = &Recall{Ends: set(t, ids[ActID](drawID), 1, 5), Records: set(t, ids[RecordID](drawID), 0, 5), Scope: rapid.SampledFrom(RecallScopes).Draw(t, "scope"), Reason: text(t, 1, 200)}
		if a.Recall.Scope == "correct" {
			a.Recall.Correction = RecordID(optional("correction"))
		}
	case KindHead:
		switch rapid.SampledFrom([]string{"channel", "book", "log"}).Draw(t, "of") {
		case "book":
			a.To, a.Compact = a.Signer, ""
		case "log":
			a.To = a.Signer
		}
		a.Head = &Head{drawCount.Draw(t, "epoch"), drawTree.Draw(t, "tree"), ActID(optional("previous"))}
		return a, &card, receipt
	case KindReceipt:
		each := rapid.SliceOfN(rapid.SampledFrom(codes), 0, 20).Draw(t, "codes")
		first := rapid.Int64Range(0, 1000).Draw(t, "first")
		tree := TreeHead{first + int64(len(each)), drawID.Draw(t, "root")}
		if tree.Size == 0 {
			tree.Root = treeRoot(nil)
		}
		a.Receipt = &Receipt{drawCount.Draw(t, "epoch"), tree, ActID(optional("previous")), Runs(first, each)}
		return a, &card, receipt
	default:
		t.Fatalf("no generator for %s", kind)
	}
	return a, &card, act
}
