package peer_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// street leads from the endpoint on a party's card to the party's door. It can
// lead nowhere, and it can be cut.
type street struct {
	listener net.Listener

	mu     sync.Mutex
	door   string                     // empty: leads nowhere
	length func() (there, back int64) // after how many bytes a connection is cut, each way; nil: never
	conns  map[net.Conn]bool
}

func newStreet(t testing.TB) *street {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s := &street{listener: l, conns: map[net.Conn]bool{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { s.lead(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); s.leadTo(""); group.Wait() })
	return s
}

func (s *street) addr() string { return s.listener.Addr().String() }

// leadTo makes the street lead to another door; connections through it are cut.
func (s *street) leadTo(door string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door = door
	for c := range s.conns {
		c.Close()
	}
}

// cutAfter cuts every later connection after these numbers of bytes; nil: never.
func (s *street) cutAfter(length func() (there, back int64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.length = length
}

// use notes a connection, unless the street has come to lead elsewhere.
func (s *street) use(c net.Conn, door string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.door != door {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *street) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	c.Close()
}

func (s *street) lead(caller net.Conn) {
	defer caller.Close()
	s.mu.Lock()
	door, length := s.door, s.length
	s.mu.Unlock()
	if door == "" || !s.use(caller, door) {
		return
	}
	defer s.leave(caller)
	inside, err := net.Dial("tcp", door)
	if err != nil {
		return
	}
	if !s.use(inside, door) {
		inside.Close()
		return
	}
	defer s.leave(inside)
	var there, back io.Reader = caller, inside
	if length != nil {
		n, m := length()
		there, back = io.LimitReader(caller, n), io.LimitReader(inside, m)
	}
	var group sync.WaitGroup
	for _, way := range []struct {
		to   net.Conn
		from io.Reader
	}{{inside, there}, {caller, back}} {
		group.Go(func() {
			io.Copy(way.to, way.from)
			caller.Close()
			inside.Close()
		})
	}
	group.Wait()
}
