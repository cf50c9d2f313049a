// Package compact folds signed acts into what they mean: who is a member of a
// compact, under which terms, who is suspended, who contradicted itself.
//
// [Fold] takes the acts of one compact that a node holds, in any order, with
// repetitions and with acts missing, and gives a [State]. [State.May] answers
// whether one party may send an act of some kind to another. [State.Next]
// places a party's next act in its chain. [Describe] and [Changes] put
// charters into words for those who are asked to sign.
//
// Judgement here is pure: no clock, disk, network or randomness. Two nodes
// that hold the same acts reach the same state. Nothing here verifies
// signatures: whoever makes a [Fact] vouches for it.
//
// # The rules, version 1
//
// A charter names this version as its Folding. A second program that follows
// these rules reaches the same state. "Chained acts" are the accessions,
// amendments, suspensions and resumptions that name this compact. All other
// acts but the founding charter are ignored, and so are claimed times, heads
// seen and the words in acts.
//
// Chains, for each author by itself:
//
//  1. An act stands until one of the rules 2 to 4 makes it void; whatever
//     follows a void act is void. An act follows its parent: the known chained
//     act of the same author whose id is its Prev and whose position (Seq) is
//     one less. An act that stands counts if it is at position 1 and its Prev
//     is the compact's id, or if its parent counts. An act that stands and
//     does not count waits: something before it is missing.
//  2. Settlements in force come first, the earliest before the later ones. A
//     settlement pins the act that it keeps and those before it, parent by
//     parent. At a pinned position every other act of that author is void.
//  3. Then, position by position from 1: an act that is not pinned is void if
//     another act that stands at this or an earlier position was signed under
//     a newer card. A stolen key was replaced: the old one counts no more from
//     where the new card is first used.
//  4. The reach of an act is the newest card version under which it, or any
//     act that stands and follows it, was signed. Then, position by position
//     from 1: of several acts that stand, those with less than the greatest
//     reach are void. Whoever holds the newer key says which past was its own,
//     so that an old key cannot fork positions from before the change. If
//     several remain, they are a fork: different acts of one author at one
//     position under one card version. Waiting acts take part, for they are
//     signed too. Only the first fork of an author is looked at, and all that
//     follows from it stands until it is settled. The trunk is what counts
//     at positions before it.
//
// What acts do:
//
//  5. A suspension takes effect if it stands, even while it waits, and on
//     every branch of a fork: narrowing needs no history. It stops all flow
//     from and to its signer if it names its signer, else the flow from its
//     signer to the member it names. A resumption takes effect on the trunk
//     only, and lifts exactly the suspension that it names, of its own author.
//  6. An author with a fork is suspended until the fork is settled.
//
// Terms:
//
//  7. A party signs the founding charter by founding, or by an accession that
//     names it and counts. The charter is in force when all its members have
//     signed.
//  8. An amendment signs itself for its author; an accession signs the
//     amendment it names. Only acts that count sign, and on the way from
//     position 1 to an act only the first signature of amendments of one Base
//     is valid. An accession that names neither the charter nor a known
//     amendment hides which base it is for: what comes after it signs no
//     amendment until that is known. On a fork, what is signed on any branch
//     is signed: nobody withdraws a signature by signing something beside it.
//  9. An amendment replaces the terms in force if they are its Base, its
//     Number is one more, its charter asks for rules of version 1, its author
//     is on the roster of the base, its own act counts and is a valid
//     signature, and every member of the old and of the new roster has signed
//     it. All this is judged under the settlements in force so far and its
//     own. Every act that it keeps must be of the named author, at the named
//     position, and count; so the author of a fork signs on the branch that is
//     kept. If several amendments are complete, for which every member of the
//     base must have forked, the one with the smallest id (as text) is taken.
//     Then the next is looked for. What is in force is not judged again under
//     settlements that come later.
//  10. If the charter, or an amendment of the terms in force, lacks only
//     signatures that their authors gave in acts that rules 3 and 4 made void
//     and whose parents lead to the charter, these authors are suspended until
//     they sign it again. Either a thief had signed or the party goes back on
//     its word: people must find out, and meanwhile nothing flows.
//
// People:
//
//  11. Whoever is on the roster in force is a member; while the charter is not
//     in force, those who have not signed it are invited. Whoever was on an
//     earlier roster only has left. Whoever is only on the roster of a pending
//     amendment is invited. An amendment is pending if rule 9 lacks nothing
//     but signatures, and acts to keep that are not known or wait, and all who
//     have not signed have a branch, or an empty chain, on which no amendment
//     of this base is signed. All these are listed; the acts of others wait.
//  12. Acts of control ([entente.Kind.Control]) pass between listed parties,
//     always. Other acts pass between members if the type of the compact
//     allows the kind, the compact is in force, neither party is suspended
//     (rules 5, 6 and 10), the flow is not suspended, and the time is right:
//     the sender sends from Start until End less the tolerance, the receiver
//     accepts from Start less the tolerance until End and the tolerance.
//
// # What follows from them
//
// Late acts add signatures and take none away, unless they are signed under a
// newer card. Terms in force are therefore final as long as one member has
// neither forked nor gone back under a newer card. A suspension at the end of
// a chain never allows what was refused before.
//
// An old key counts in a compact until its owner acts there under the new
// card. A party that changes keys should therefore write an act in each of its
// compacts at once, such as its accession once more, and at the place that
// [State.Next] gives for a fold of only those acts that it knows to be its own.
// After that the old key can suspend its owner at most (rule 10), where all
// others have signed what it signs; it can widen nothing.
//
// A party that goes back to an earlier position under a newer card takes back
// what it had signed from there on. Terms that rested on it fall back to those
// before them, and rule 10 suspends that party.
//
// Each member has one signature for each base. Once members have signed rival
// amendments of the same terms, neither these nor any other can come into
// force: [State.Deadlocked]. The way on is a new compact. A program should
// show what is pending, and [State.Signed], before it offers to draft a rival.
package compact
