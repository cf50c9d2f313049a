package peer

import (
	"fmt"

	"entente/node"
)

// greet exchanges windows and hellos. The side that was called speaks first: by
// its credit frame the dialler knows that its certificate was accepted. Only the
// link that both keep gets as far as the hello.
func (l *link) greet() (node.Contact, error) {
	var none node.Contact
	if l.dialled {
		if err := l.opened(); err != nil {
			return none, err
		}
	}
	if err := l.door.claim(l); err != nil {
		return none, err
	}
	if err := l.write(creditFrame(ownWindow)); err != nil {
		return none, err
	}
	if l.dialled {
		if err := l.sayHello(); err != nil {
			return none, err
		}
	} else if err := l.opened(); err != nil {
		return none, err
	}
	theirs, err := l.hearHello()
	if err != nil {
		return none, err
	}
	if !l.dialled {
		if err := l.sayHello(); err != nil {
			return none, err
		}
	}
	if err := l.stillListed(); err != nil {
		return none, err
	}
	contact, err := l.door.desk.Compare(l.ctx, l.peer.Party, theirs)
	if err != nil {
		return none, refused{fmt.Errorf("compare positions: %w", err)}
	}
	l.door.met(l)
	return contact, nil
}

// stillListed ends a connection made with a key that the party's card does not
// list: the hello has brought a newer one. Whatever changes from here on, the
// door sees.
func (l *link) stillListed() error {
	peers, err := l.door.roster.read(l.ctx)
	if err == nil && !lists(peers[l.peer.Party], l.key) {
		err = errCard
	}
	return err
}

// opened reads the frame that opens the window towards the peer.
func (l *link) opened() error {
	payload, err := l.expect(kindCredit)
	if err != nil {
		return err
	}
	size, err := parseCredit(payload)
	if err != nil {
		return refused{err}
	}
	l.sent = newWindow(size)
	return nil
}

func (l *link) sayHello() error {
	cards, err := l.door.desk.Card(l.ctx, l.door.self)
	if err != nil {
		return fmt.Errorf("read this party's own cards: %w", err)
	}
	positions, err := l.door.desk.Positions(l.ctx, l.peer.Party)
	if err != nil {
		return fmt.Errorf("read positions: %w", err)
	}
	frame, err := encodeHello(l.door.self, l.peer.Party, cards, positions)
	if err != nil {
		return err
	}
	return l.write(frame)
}

func (l *link) hearHello() ([]node.Position, error) {
	payload, err := l.expect(kindHello)
	if err != nil {
		return nil, err
	}
	cards, theirs, err := parseHello(l.door.self, l.peer.Party, payload)
	if err == nil {
		err = l.door.desk.Introduce(l.ctx, l.peer.Party, cards)
	}
	if err != nil {
		return nil, refused{fmt.Errorf("hello: %w", err)}
	}
	return theirs, nil
}

// expect reads the one frame that must come now.
func (l *link) expect(want kind) ([]byte, error) {
	k, payload, err := l.read(greeting)
	if err != nil {
		return nil, err
	}
	if k != want {
		return nil, refused{violation("frame of kind %d, expected %d", k, want)}
	}
	return payload, nil
}
