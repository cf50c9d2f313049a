package entente

import "slices"

// The rules of what members send each other; see refusedRules.

func handlingRules(kind string, of func(*Act) *Handling) []ruleCase {
	h := func(edit func(*Handling)) func(*Act) { return func(a *Act) { edit(of(a)) } }
	return []ruleCase{
		{kind + "-tlp", h(func(h *Handling) { h.TLP = "AMBER" }), "TLP \"AMBER\" is none of"},
		{kind + "-tlp-missing", h(func(h *Handling) { h.TLP = "" }), "TLP \"\" is none of"},
		{kind + "-onward", h(func(h *Handling) { h.Onward = "anyone" }), "onward rule \"anyone\" is none of"},
		{kind + "-purpose", h(func(h *Handling) { h.Purpose = "" }), "handling purpose has 0"},
		{kind + "-basis", h(func(h *Handling) { h.LegalBasis = long(501) }), "handling legal basis has 501"},
		{kind + "-expires", h(func(h *Handling) { h.Expires = "2026-02-30" }), "expected YYYY-MM-DD"},
		{kind + "-code-no-scheme", h(func(h *Handling) { h.Codes = []string{"H1"} }), "expected scheme/code"},
		{kind + "-code-empty", h(func(h *Handling) { h.Codes = []string{"europol/"} }), "expected scheme/code"},
		{kind + "-codes-order", h(func(h *Handling) { h.Codes = []string{"b/1", "a/1"} }), "handling code \"a/1\""},
		{kind + "-codes-many", h(func(h *Handling) { h.Codes = numbered(17) }), "at most 16"},
		{kind + "-permitted-twice", h(func(h *Handling) { h.Permitted = []string{"a", "a"} }), "sorted and differ"},
		{kind + "-permitted-empty", h(func(h *Handling) { h.Permitted = []string{""} }), "permitted use has 0"},
		{kind + "-caveats-order", h(func(h *Handling) { h.Caveats = []string{"ب", "a"} }), "handling caveat \"a\""},
		{kind + "-caveat-long", h(func(h *Handling) { h.Caveats = []string{long(501)} }), "handling caveat has 501"},
	}
}

func releaseRules() []ruleCase {
	r := func(edit func(*Release)) func(*Act) { return func(a *Act) { edit(a.Release) } }
	return append([]ruleCase{
		{"release-to-self", func(a *Act) { a.To = a.Signer }, "addressed to its own signer"},
		{"release-recipient-missing", func(a *Act) { a.To = "" }, "recipient missing"},
		{"release-compact-missing", func(a *Act) { a.Compact = "" }, "compact missing"},
		{"release-chain", func(a *Act) { a.Chain = &Link{Seq: 1, Prev: theCast().act("charter").ID} }, "a place in the chain"},
		{"release-nothing", r(func(r *Release) { r.Records = nil }), "release names 0 records"},
		{"release-many", r(func(r *Release) {
			r.Records = nil
			for _, id := range numberedIDs[RecordID](1001) {
				r.Records = append(r.Records, Released{Record: id})
			}
		}), "release names 1001 records"},
		{"release-record-twice", r(func(r *Release) { r.Records = append(r.Records, Released{Record: r.Records[0].Record}) }), "twice"},
		{"release-supersedes-itself", r(func(r *Release) { r.Records[0].Supersedes = r.Records[0].Record }), "supersedes itself"},
		{"release-origins-order", r(func(r *Release) { slices.Reverse(r.Records[0].Origins) }), "sorted and differ"},
		{"release-origin-short", r(func(r *Release) { r.Records[0].Origins[0] = "00" }), "nonce has 2 digits"},
		{"release-origin-capitals", r(func(r *Release) { r.Records[0].Origins = []Tag{"00112233445566778899AABBCCDDEEFF"} }), "not lower-case hex"},
	}, handlingRules("release-handling", func(a *Act) *Handling { return &a.Release.Handling })...)
}

func askRules() []ruleCase {
	ask := func(edit func(*Ask)) func(*Act) { return func(a *Act) { edit(a.Ask) } }
	return []ruleCase{
		{"ask-to-self", func(a *Act) { a.To = a.Signer }, "addressed to its own signer"},
		{"ask-use", ask(func(a *Ask) { a.Use = "publish" }), "is none of relay, derive, mention"},
		{"ask-nobody", ask(func(a *Ask) { a.Recipients = nil }), "an empty set means nobody"},
		{"ask-recipients-order", ask(func(a *Ask) { r := numberedIDs[PartyID](2); a.Recipients = []PartyID{r[1], r[0]} }), "sorted and differ"},
		{"ask-recipients-many", ask(func(a *Ask) { a.Recipients = numberedIDs[PartyID](201) }), "at most 200"},
		{"ask-purpose", ask(func(a *Ask) { a.Purpose = "" }), "ask purpose has 0"},
		{"ask-expires", ask(func(a *Ask) { a.Expires = "soon" }), "expected YYYY-MM-DD"},
		{"ask-reason", ask(func(a *Ask) { a.Reason = long(2001) }), "ask reason has 2001"},
	}
}

func consentRules() []ruleCase {
	consent := func(edit func(*Consent)) func(*Act) { return func(a *Act) { edit(a.Consent) } }
	return append([]ruleCase{
		{"consent-to-self", func(a *Act) { a.To = a.Signer }, "addressed to its own signer"},
		{"consent-both", consent(func(c *Consent) { c.Refused = "no" }), "a consent has handling, a refusal has a code"},
		{"consent-neither", consent(func(c *Consent) { c.Handling = nil }), "a consent has handling, a refusal has a code"},
		{"consent-refused-long", consent(func(c *Consent) { c.Handling, c.Refused = nil, long(41) }), "consent refusal has 41"},
		{"consent-use", consent(func(c *Consent) { c.Use = "" }), "is none of relay, derive, mention"},
		{"consent-nobody", consent(func(c *Consent) { c.Recipients = nil }), "an empty set means nobody"},
		{"consent-recipients-twice", consent(func(c *Consent) { c.Recipients = append(c.Recipients, c.Recipients[0]) }), "sorted and differ"},
		{"consent-purpose", consent(func(c *Consent) { c.Purpose = long(201) }), "consent purpose has 201"},
		{"consent-expires-day", consent(func(c *Consent) { c.Expires = "2026-13-01" }), "expected YYYY-MM-DD"},
	}, handlingRules("consent-handling", func(a *Act) *Handling { return a.Consent.Handling })...)
}

func recallRules() []ruleCase {
	r := func(edit func(*Recall)) func(*Act) { return func(a *Act) { edit(a.Recall) } }
	return []ruleCase{
		{"recall-to-self", func(a *Act) { a.To = a.Signer }, "addressed to its own signer"},
		{"recall-nothing", r(func(r *Recall) { r.Ends = nil }), "recall names nothing to end"},
		{"recall-scope", r(func(r *Recall) { r.Scope, r.Correction = "forget", "" }), "recall scope \"forget\""},
		{"recall-ends-order", r(func(r *Recall) { e := numberedIDs[ActID](2); r.Ends = []ActID{e[1], e[0]} }), "sorted and differ"},
		{"recall-ends-many", r(func(r *Recall) { r.Ends = numberedIDs[ActID](1001) }), "at most 1000"},
		{"recall-records-twice", r(func(r *Recall) { r.Records = append(r.Records, r.Records[0]) }), "sorted and differ"},
		{"recall-records-many", r(func(r *Recall) { r.Records = numberedIDs[RecordID](1001) }), "at most 1000"},
		{"recall-reason", r(func(r *Recall) { r.Reason = "" }), "recall reason has 0"},
		{"recall-correction-extra", r(func(r *Recall) { r.Scope = "delete" }), "names a correction"},
	}
}
