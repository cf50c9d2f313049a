// Package compact folds signed acts into what they mean: who is a member of a
// compact, under which terms, who is suspended, who contradicted itself.
//
// [Fold] takes the acts of one compact that a node holds, in any order, with
// repetitions and with acts missing, and gives a [State]; [State.May] answers
// whether one party may send an act of some kind to another. [State.Next]
// places a party's next act in its chain. [Describe] and [Changes] put a
// charter into words for those who are asked to sign it.
//
// Judgement here is pure: no clock, disk, network or randomness. Two nodes
// that hold the same acts reach the same state. Nothing here verifies
// signatures: whoever makes a [Fact] vouches for it.
//
// # The rules, version 1
//
// [entente.Charter.Folding] names this version. The rules are complete: a
// second program that follows them reaches the same state. "Chained acts" are
// accessions, amendments, suspensions and resumptions that name this compact;
// all other acts but the founding charter are ignored, as are claimed times,
// heads seen, and the words in acts. Where several acts could be taken and no
// rule says which, the one with the smaller id (as text) is.
//
// Chains, for each author by itself:
//
//  1. An act's place is its position (Seq) and its parent: the known chained
//     act of the same author with the id Prev, at position Seq-1. At position
//     1 the place is right if Prev is the compact's id. An act is void, or it
//     stands. It counts if it stands and is right at position 1, or its parent
//     counts. An act that stands and does not count waits: something before it
//     is missing. What follows a void act is void.
//  2. Settlements in force come first. A settlement keeps one act: it and
//     those before it, parent by parent, are pinned. Every other act of that
//     author at a pinned position is void.
//  3. Then position by position from 1: of the acts that stand, those that are
//     not pinned and were signed under an older card than another that stands
//     at this or an earlier position are void. (A stolen key was replaced: an
//     old key counts no more from where the new card is first used.)
//  4. The reach of an act is the newest card version under which it or any
//     act that stands and follows it was signed. Then position by position
//     from 1: if several acts stand, those of less than the greatest reach are
//     void. (Whoever holds the newer key says which past was its own, so that
//     an old key cannot fork positions from before the change.) If several
//     remain, that is a fork: different acts of one author at one position
//     under one card version. Whether they count or wait does not matter, for
//     both are signed. Only an author's first fork is looked at; all
//     its branches stand until it is settled. The trunk is what counts before it.
//
// What acts do:
//
//  5. A suspension that stands takes effect, even while it waits and on each
//     branch of a fork: narrowing needs no history. It stops all flow from and
//     to its signer if it names the signer, else the flow from its signer to the
//     member it names. A resumption takes effect only on the trunk, and lifts
//     exactly the suspension that it names, of its own author.
//  6. An author with a fork is suspended until the fork is settled.
//
// Terms:
//
//  7. A party signs the founding charter by founding it or by an accession
//     that names it and counts. The charter is in force when all its members
//     have signed.
//  8. An amendment signs itself for its author; an accession signs the
//     amendment it names. Only what counts signs. Going from position 1 to the
//     end of a branch, the first signature on amendments of one base is taken,
//     later ones are not. An accession that names neither the charter nor
//     a known amendment hides which base it is for: no later act on that
//     branch signs an amendment, until what it names is known. With a fork, what
//     is taken on any branch is taken: a signature cannot be withdrawn by
//     signing something else beside it.
//  9. An amendment can replace the terms in force, which must be its Base, if its
//     number is one more, its author is on the roster of the base and its own
//     act counts. It is in force when every member of the old and of the new
//     roster has signed, judged under the settlements in force so far and its own. Every
//     act that it keeps must then be one of the named author at the named
//     position, and count. So the author of a fork signs on the kept
//     branch. If several are complete, for which every member must have forked,
//     the smallest id is taken. Then the next amendment is looked for. What came into
//     force is not judged again under later settlements.
//  10. Taking back: if an amendment of the terms in force, or the charter, lacks
//     only signatures that their authors had given in acts that are void by rules 3
//     and 4 but whose parents lead to position 1, those authors are suspended until they
//     sign it again. (Either a thief signed it or the party goes back on its
//     word; people must find out, and meanwhile nothing flows.)
//
// People:
//
//  11. On the roster in force: member; before the charter is in force, members
//     that have not signed are invited. On an earlier roster only: left.
//     On the roster of an amendment that could still come into force only:
//     invited. An amendment could still come into force if rule 9 holds but for
//     missing signatures and unknown acts, and each who has not signed has a branch on which
//     no amendment of this base is signed. All these are listed; acts of others wait.
//  12. Acts of control ([entente.Kind.Control]) may pass between listed parties,
//     always. Others pass between members of the terms in force, if the type of the compact
//     allows them, neither is suspended (rules 5, 6, 10), the flow is not
//     suspended, and the time is right: the sender sends from Start until End less the
//     tolerance, the receiver accepts from Start less the tolerance until End
//     and the tolerance.
//
// # What follows
//
// Acts that arrive late add signatures and never take one away, unless they are
// signed under a newer card. Terms in force are therefore final as long as one
// member has neither forked nor gone back under a newer card. A suspension at
// the end of a chain never allows what was not allowed before.
//
// A party that goes back to an earlier position under a newer card takes back
// what it signed there. Terms that rested on it fall back to the ones before, and
// rule 10 suspends that party.
//
// Each member has one signature for each base. If members sign two rival
// amendments of the same terms, neither can come into force, nor can a third:
// [State.Deadlocked] says so, and the way on is a new compact. A program should therefore
// offer to sign what is pending before it offers to draft a rival.
package compact
