package ledger

import (
	"fmt"

	"entente"
)

// Statement is what a head or a receipt says of a channel.
type Statement struct {
	ID       entente.ActID
	Channel  entente.Channel
	Tree     entente.TreeHead
	Previous entente.ActID
	Entries  []entente.Disposition // of a receipt
}

// Of reads the statement out of a head or a receipt.
func Of(s *entente.Signed) (Statement, error) {
	a := &s.Act
	switch a.Kind {
	case entente.KindHead:
		return Statement{s.ID, entente.Channel{From: a.Signer, To: a.To, Compact: a.Compact, Epoch: a.Head.Epoch}, a.Head.Tree, a.Head.Previous, nil}, nil
	case entente.KindReceipt:
		return Statement{s.ID, entente.Channel{From: a.To, To: a.Signer, Compact: a.Compact, Epoch: a.Receipt.Epoch}, a.Receipt.Tree, a.Receipt.Previous, a.Receipt.Entries}, nil
	}
	return Statement{}, fmt.Errorf("%s %s is neither head nor receipt", a.Kind, entente.Short(s.ID))
}

// Check says whether next may follow last (nil: nothing before) in one
// channel: it names last, does not shrink, keeps the root if it keeps the size,
// and a receipt's runs begin where the last one ended.
func Check(last *Statement, next Statement) error {
	prev, size := entente.ActID(""), int64(0)
	if last != nil {
		prev, size = last.ID, last.Tree.Size
		if next.Channel != last.Channel {
			return fmt.Errorf("statement %s is about another channel", entente.Short(next.ID))
		}
		if next.Tree.Size == size && next.Tree.Root != last.Tree.Root {
			return fmt.Errorf("statements %s and %s give two roots for one size %d: one of them was rewritten", entente.Short(last.ID), entente.Short(next.ID), size)
		}
	}
	if next.Previous != prev {
		return fmt.Errorf("statement %s follows %q, expected %q", entente.Short(next.ID), entente.Short(next.Previous), entente.Short(prev))
	}
	if next.Tree.Size < size {
		return fmt.Errorf("statement %s shrinks the channel from %d to %d entries", entente.Short(next.ID), size, next.Tree.Size)
	}
	if len(next.Entries) > 0 && next.Entries[0].First != size {
		return fmt.Errorf("receipt %s begins at entry %d, expected %d", entente.Short(next.ID), next.Entries[0].First, size)
	}
	return nil
}
