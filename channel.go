package entente

import (
	"fmt"
	"slices"
	"strings"
)

// Channel names an append-only log: everything From delivered to To in one
// compact, since From's card opened this epoch. A party's own book is the
// channel from itself to itself, in no compact: it covers what the party has
// put, signed or trusted, released or not.
type Channel struct {
	From, To PartyID
	Compact  CompactID
	Epoch    int64
}

// Book is the channel of a party's own book.
func Book(p PartyID, epoch int64) Channel { return Channel{From: p, To: p, Epoch: epoch} }

// Log is the channel of a party's audit log: of what concerns one compact, or of
// the rest when compact is empty. It too goes from the party to itself; the rest
// stands under the party's own id in the place of a compact.
func Log(p PartyID, compact CompactID, epoch int64) Channel {
	if compact == "" {
		compact = CompactID(p)
	}
	return Channel{From: p, To: p, Compact: compact, Epoch: epoch}
}

// LogEntry is one line of an audit log. Its ID is the leaf in the log's tree.
type LogEntry struct {
	At      Time      `json:"at"`
	What    string    `json:"what"`
	Who     string    `json:"who,omitempty"` // reader, peer or operator
	Compact CompactID `json:"compact,omitempty"`
	Subject string    `json:"subject,omitempty"` // the id of what it is about
	Detail  string    `json:"detail,omitempty"`
}

// ID is the hash of the entry's one encoding.
func (e LogEntry) ID() string {
	b, err := encode(&e)
	if err != nil {
		panic(err) // strings and times always encode
	}
	return hashText(b)
}

// TreeHead is the size and the root hash of an append-only tree (RFC 6962, §2.1).
type TreeHead struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // "sha256:" and hex
}

// maxCount bounds every number that counts from 1 and every size and position,
// so that it is exact in any JSON reader.
const maxCount = 1 << 50

// counts says whether n may be a version, an epoch or a place in a chain.
func counts(n int64) bool { return n >= 1 && n <= maxCount }

func (t *TreeHead) check() error {
	if t.Size < 0 || t.Size > maxCount {
		return fmt.Errorf("tree of size %d, expected 0 to %d", t.Size, int64(maxCount))
	}
	if t.Size == 0 && t.Root != hashText(nil) {
		return fmt.Errorf("tree of size 0 has root %.80q, expected %s", t.Root, hashText(nil))
	}
	return checkID("tree root", t.Root)
}

// Head is the sender's signed statement of its channel (Act.Signer, Act.To,
// Act.Compact, Epoch) or, with Act.To = Act.Signer, of its own book or one of its
// logs. Heads of one channel form a chain by Previous.
type Head struct {
	Epoch    int64    `json:"epoch"`
	Tree     TreeHead `json:"tree"`
	Previous ActID    `json:"previous,omitempty"`
}

// Receipt is the receiver's signed answer: the channel is from Act.To to Act.Signer.
// Receipts of one channel form a chain by Previous.
type Receipt struct {
	Epoch    int64    `json:"epoch"`
	Tree     TreeHead `json:"tree"`
	Previous ActID    `json:"previous,omitempty"`
	// Entries say what became of the entries since the previous receipt, in runs
	// that follow each other without a gap.
	Entries []Disposition `json:"entries,omitempty"`
}

// Disposition is what became of a run of entries.
type Disposition struct {
	First int64 `json:"first"` // position, from 0
	Count int64 `json:"count"`
	Code  Code  `json:"code"`
}

// Code is a disposition. It says only what the sender could compute itself;
// whatever depends on what the receiver holds is CodeReceived.
type Code string

// The codes. Those with "refused:" mean that nothing of the entry was applied.
const (
	CodeApplied    Code = "applied"
	CodeParked     Code = "parked"   // waits for an act that has not arrived
	CodeReceived   Code = "received" // neither applied nor refused
	CodeWithheld   Code = "withheld" // the sender sent the id alone: it no longer stands
	RefusedForm    Code = "refused:form"
	RefusedSigned  Code = "refused:signature"
	RefusedKey     Code = "refused:key"       // an old key, after the new card
	RefusedTo      Code = "refused:recipient" // addressed to somebody else
	RefusedCompact Code = "refused:compact"   // another compact, or not a member
	RefusedType    Code = "refused:type"      // outside the compact's type
	RefusedForce   Code = "refused:force"     // not in force, ended, or suspended
	RefusedTerms   Code = "refused:terms"     // handling outside the charter
	RefusedRecords Code = "refused:records"   // records missing, too many, or not those named
	RefusedConsent Code = "refused:consent"   // another's record without consent
	RefusedQuota   Code = "refused:quota"
	RefusedKind    Code = "refused:kind" // not a kind of act that travels in a channel
)

var codes = []Code{
	CodeApplied, CodeParked, CodeReceived, CodeWithheld, RefusedForm, RefusedSigned, RefusedKey, RefusedTo,
	RefusedCompact, RefusedType, RefusedForce, RefusedTerms, RefusedRecords, RefusedConsent, RefusedQuota, RefusedKind,
}

// Refused says whether nothing of the entry was applied.
func (c Code) Refused() bool { return strings.HasPrefix(string(c), "refused:") }

func (r *Receipt) check() error {
	if !counts(r.Epoch) {
		return fmt.Errorf("receipt of epoch %d: epochs count from 1", r.Epoch)
	}
	if err := r.Tree.check(); err != nil {
		return err
	}
	if len(r.Entries) > 10_000 {
		return fmt.Errorf("receipt with %d runs: at most 10000", len(r.Entries))
	}
	for i, e := range r.Entries {
		if !counts(e.Count) || e.First < 0 || e.First > maxCount || i > 0 && e.First != r.Entries[i-1].First+r.Entries[i-1].Count {
			return fmt.Errorf("receipt: runs follow each other without a gap")
		}
		if !slices.Contains(codes, e.Code) {
			return fmt.Errorf("receipt: code %.40q not known", e.Code)
		}
	}
	if n := len(r.Entries); n > 0 && r.Entries[n-1].First+r.Entries[n-1].Count != r.Tree.Size {
		return fmt.Errorf("receipt: runs end at %d, the tree has %d entries", r.Entries[n-1].First+r.Entries[n-1].Count, r.Tree.Size)
	}
	return nil
}

// Runs folds the codes of consecutive entries, the first at position first, into runs.
func Runs(first int64, each []Code) []Disposition {
	var out []Disposition
	for i, c := range each {
		if n := len(out); n > 0 && out[n-1].Code == c {
			out[n-1].Count++
			continue
		}
		out = append(out, Disposition{First: first + int64(i), Count: 1, Code: c})
	}
	return out
}
