package socketlist

import (
	"sync"

	"github.com/brood-go/brood/reactor"
)

// tally counts connections. They are opened and closed on any goroutine, so it is a door of the
// loop, like the posted queue, with a lock; who wants to know when none is left is called on the
// loop.
type tally struct {
	loop *reactor.Loop
	idle func() // see drained; runs on the loop goroutine

	mu        sync.Mutex
	open      int
	accepting int // calls of Accept under way, each of which may yet add one
	armed     bool
}

// A Counted is one connection that is counted. A nil *Counted is a connection that nobody
// counts.
type Counted struct {
	tally    *tally
	server   *Server // that accepted it here; nil when it was received
	released bool    // under tally.mu
}

// count returns the number of open connections.
func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

// beginAccept announces a connection that may come; endAccept, which must follow, adds it if it
// came.
func (t *tally) beginAccept() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepting++
}

func (t *tally) endAccept(came bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepting--
	if came {
		t.open++
	}
	t.postIdle()
}

// add counts a connection.
func (t *tally) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open++
}

// Release has the connection counted no longer. Only the first call does something.
//
// Safe to call from any goroutine.
func (m *Counted) Release() {
	if m == nil {
		return
	}
	t := m.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.released {
		return
	}
	m.released = true
	t.open--
	t.postIdle()
}

// drained reports whether no connection is left and none can come by an Accept under way. If not,
// idle is posted once when it has become so; it must ask again, for there may be new ones by then.
func (t *tally) drained() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == 0 && t.accepting == 0 {
		return true
	}
	t.armed = true
	return false
}

// postIdle is called under mu.
func (t *tally) postIdle() {
	if t.armed && t.open == 0 && t.accepting == 0 {
		t.armed = false
		_ = t.loop.Post(t.idle) // A closed loop has nobody who waits.
	}
}
