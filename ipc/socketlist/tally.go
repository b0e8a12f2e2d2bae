package socketlist

import (
	"sync"

	"github.com/brood-go/brood/reactor"
)

// tally counts open connections. They are opened and closed on any goroutine, so it has a lock, and
// posts idle to the loop.
type tally struct {
	loop *reactor.Loop
	idle func() // see drained; runs on the loop goroutine; constant

	// mu guards the fields below it.
	mu        sync.Mutex
	open      int  // connections; never negative
	accepting int  // calls of Accept under way, each of which may add a connection
	armed     bool // drained has reported false; post idle once
}

// A Counted is one connection that is counted, until Release. A nil *Counted is a connection that
// is not counted.
type Counted struct {
	tally    *tally
	server   *Server // the Server that accepted it; nil if it was received
	released bool    // guarded by tally.mu
}

// count returns the number of open connections.
func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

// beginAccept announces a connection that may come. endAccept must follow, and adds the connection
// if it came.
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

// Release takes the connection off the count. Later calls do nothing.
//
// Safe to call from any goroutine.
func (c *Counted) Release() {
	if c == nil {
		return
	}
	t := c.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.released {
		return
	}
	c.released = true
	t.open--
	t.postIdle()
}

// drained reports whether no connection is open and none can come by an Accept under way. If it
// reports false, idle is posted once when that has changed. idle must ask again, because there may
// be new connections by then.
func (t *tally) drained() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == 0 && t.accepting == 0 {
		return true
	}
	t.armed = true
	return false
}

// postIdle posts idle if drained waits for it. t.mu must be held.
func (t *tally) postIdle() {
	if t.armed && t.open == 0 && t.accepting == 0 {
		t.armed = false
		_ = t.loop.Post(t.idle) // A closed loop needs no idle.
	}
}
