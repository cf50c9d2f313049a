// Package entente is the vocabulary of the system: every noun that parties,
// nodes, stores and doors have in common, and the exact bytes those nouns
// have when they travel. It imports the standard library only. Read it first.
//
// # The system in ten minutes
//
// States that do not fully trust each other agree to share intelligence. Each
// is a [PartyID] with keys of its own and runs a node of its own; there is no
// centre. A party describes itself in a signed [Card]; others compare its
// fingerprint over the telephone and trust it from then on.
//
// Parties found a compact: one of them signs a [Charter], every listed member
// answers with an [Accession], and only then may anything flow. Terms change
// by an [Amendment] that all sign. Any member may, alone and at once, suspend
// itself or its flow to one other member ([Suspension]) and take that back
// ([Resumption]). Each member keeps its compact acts in one numbered chain
// ([Link]); two different acts at one position prove a fork.
//
// What a party knows it keeps as a [Record]: a [Header] and the exact bytes as
// they came in. Nobody else sees a record until its originator signs a
// [Release]: these records, to that one party, in this compact, under this
// [Handling]. Passing on another's record takes an [Ask] and a signed
// [Consent]. A [Recall] ends a release or a consent.
//
// All of these are an [Act]: typed, signed, immutable, named by its hash
// ([ActID]). Acts travel in a [Channel], a log of all that one party delivered
// to another in one compact, which both ends hold: the sender signs its
// [Head], the receiver answers with a [Receipt] that says for each entry what
// became of it. So neither can rewrite later what was delivered.
//
// # Where things live
//
//	0 words      entente                        what you are reading
//	1 crafts     stix                           objects kept byte for byte
//	2 judgement  compact, release               who is a member; who may see what
//	3 book       ledger                         append-only trees, heads, receipts
//	4 shelves    store, store/sqlite            rows
//	  desk       node                           one way in (Accept), one way out (Read)
//	5 doors      peer                           node to node over mutual TLS
//	6 street     cmd/entente                    the command line
//
// Packages import from lower floors only; a test in this package walks the
// tree and names the offender.
//
// # One encoding
//
// Everything that is signed or hashed has exactly one encoding. A decoder
// reads the bytes, encodes what it read, and refuses the input unless the two
// are equal: duplicate members, other spellings, white space, unknown members,
// trailing bytes and invalid UTF-8 all fail that one comparison. There are no
// floats. docs/wire.md has the formats in full.
package entente
