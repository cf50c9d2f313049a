package store

import "entente"

// Record is a row of records: the exact bytes, and what was parsed out of them.
// Everything but ID, Bytes, Gone and Arrived is derived and can be recomputed.
type Record struct {
	N          int64 // order of arrival, from 1; assigned by the store
	ID         entente.RecordID
	Originator entente.PartyID
	Media      string
	STIX       string // STIX id
	Type       string // STIX type
	Version    string // canonical text of modified, empty if the object has none
	Name       string // for lists
	Revoked    bool
	Refs       string // STIX ids it refers to, sorted, joined by one space
	Size       int64  // length of the body; stays after erasure
	Bytes      []byte // header, line feed, body; nil once erased, or where a method says so
	Gone       string // what erased it: the id of a recall, or "expired DATE"; empty while it stands
	Arrived    entente.Time
}

// Act is a row of acts.
type Act struct {
	N        int64 // order of arrival, from 1; assigned by the store
	ID       entente.ActID
	Kind     entente.Kind
	Signer   entente.PartyID // of a first card: the party itself
	Card     int64
	Compact  entente.CompactID // of a charter: the compact it founds
	To       entente.PartyID
	Envelope []byte
	// State is StateApplied, StateParked or StateKept.
	State   string
	From    entente.PartyID // who delivered it first; oneself for own acts
	Arrived entente.Time
}

// States of an act.
const (
	StateApplied = "applied"
	StateParked  = "parked" // waits for another act
	StateKept    = "kept"   // evidence only: changes nothing
)

// Channel is a row of channels: the tree as it stands.
type Channel struct {
	N int64 // assigned by the store
	entente.Channel
	Size     int64
	Root     string
	Frontier []byte // ledger.Tree in its encoding
	// Head is the latest signed head by the sender; Receipt the latest receipt
	// by the receiver, and Receipted its size.
	Head      entente.ActID
	Receipt   entente.ActID
	Receipted int64
	// Card is the version of the sender's card that has been an entry here: an
	// older key counts no more after it. 0 before any.
	Card int64
}

// Leaf is one entry of a channel.
type Leaf struct {
	Pos  int64
	ID   string       // an act id; in one's own book also a record id
	Code entente.Code // what became of it at the receiver; empty while not known
}

// Delivery is one act owed to one party in one compact.
type Delivery struct {
	N       int64 // order of queuing; assigned by the store
	To      entente.PartyID
	Compact entente.CompactID
	Act     entente.ActID
	Kind    entente.Kind
	Pos     int64  // position in the channel; Queued or Dropped before it has one
	Reason  string // why it was dropped
}

// Values of Delivery.Pos that are no position.
const (
	Queued  = -1
	Dropped = -2
)

// Grant is a derived row: Reader may see Record, because of Release, until the
// start of the day Until (empty: as long as the release stands).
type Grant struct {
	N       int64 // order; assigned by the store; what lists page by
	Reader  entente.PartyID
	Compact entente.CompactID
	Record  entente.RecordID
	STIX    string
	Release entente.ActID
	Until   entente.Date
}

// Party is a party this node knows, by its own id or by another's roster.
type Party struct {
	ID      entente.PartyID
	Name    string // as its card says, or as the operator calls it
	Card    entente.ActID
	Version int64
	Epoch   int64
	// Trusted: its fingerprint was compared by a person here.
	Trusted bool
	// Frozen: two cards of one version are known; holds the other card's id.
	Frozen entente.ActID
}

// Event is a row of the local log.
type Event struct {
	N       int64 // assigned by the store
	At      entente.Time
	What    string // "put", "release", "refused", "read", ...
	Who     string // reader, peer or operator
	Compact entente.CompactID
	Subject string // id of what it is about
	Detail  string
}

// Operator is a person of this party.
type Operator struct {
	Name  string
	Key   entente.Key // signs approvals
	Roles []string    // sorted
	// Groups are the need-to-know groups the person belongs to; sorted.
	Groups []string
	Added  entente.Time
}

// Passkey is what an operator signs with beside the key. Package passkey reads it.
type Passkey struct {
	ID       []byte // of the credential
	Operator string
	Public   []byte // COSE_Key
	Origin   string // of the desk at which it was registered
	Label    string // what the operator calls it
	Added    entente.Time
}

// Proposal is something that waits for a second person.
type Proposal struct {
	ID      string // hash of Kind and Order
	Kind    entente.Kind
	Compact entente.CompactID
	Order   []byte // what will be done, in JSON
	State   string // ProposalOpen, ProposalDone or ProposalDropped
	Made    entente.Time
}

// States of a proposal.
const (
	ProposalOpen    = "open"
	ProposalDone    = "done"
	ProposalDropped = "dropped"
)

// Approval is one person's signature on a proposal.
type Approval struct {
	Proposal  string
	Operator  string
	Signature string
	At        entente.Time
}
