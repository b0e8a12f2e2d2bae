package cluster

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
)

// A worker refuses a connection if its server closes or has as many connections as it wants. The
// protocol has no message for the moment when it wants more, so the primary asks it again after
// firstRest, then after twice that time, up to longestRest.
const (
	firstRest   = 5 * time.Millisecond
	longestRest = 100 * time.Millisecond
)

// An assignment is a connection that a worker was sent. It ends when the channel has confirmed that
// the descriptor arrived and the worker has replied whether it accepts the connection. If the
// worker dies before, it has not accepted. Until the end the primary keeps its descriptor, so that
// another worker can get the connection. It is used on the loop goroutine.
type assignment struct {
	conn     *connection
	share    *share
	seq      int  // seq of the newconn message
	received bool // onReceived was called
	replied  bool // the worker replied, or cannot
	accepted bool // its reply; valid if replied
}

// distribute assigns waiting connections of all listeners.
func (c *Cluster) distribute() {
	if c.state == stateClosed {
		return
	}
	for _, l := range c.listeners {
		l.distribute()
	}
	c.checkDrained()
}

// distribute assigns waiting connections to free workers, then starts or stops to accept.
func (l *listener) distribute() {
	if l.cluster.state == stateClosed {
		return
	}
	l.assignPending()
	l.updateWatch()
}

// assignPending assigns accepted connections to free workers.
func (l *listener) assignPending() {
	now := l.cluster.loop.Now()
	for _, s := range l.shares {
		for len(s.picked) > 0 && s.isFree(now) {
			conn := s.picked[0]
			s.picked = s.picked[1:]
			s.assign(conn)
		}
	}
	for len(l.pending) > 0 {
		s := l.nextFree(now)
		if s == nil {
			break
		}
		conn := l.pending[0]
		l.pending = l.pending[1:]
		s.assign(conn)
	}
	l.armRestTimer(now)
}

// isFree reports whether the worker can be sent a connection for s now.
func (s *share) isFree(now time.Time) bool {
	return s.worker.assignment == nil && !s.restUntil.After(now) && s.worker.Connected()
}

// nextFree returns the next free share in turn: the first whose worker's ID is above lastID, or
// else the first of all. It returns nil if none is free.
func (l *listener) nextFree(now time.Time) *share {
	var first *share
	for _, s := range l.shares {
		if !s.isFree(now) {
			continue
		}
		if s.worker.id > l.lastID {
			return s
		}
		if first == nil {
			first = s
		}
	}
	return first
}

// assign sends conn to s, which must be free.
func (s *share) assign(conn *connection) {
	w := s.worker
	a := &assignment{conn: conn, share: s, seq: w.seq}
	w.assignment = a
	s.listener.lastID = w.id
	err := w.channel.SendInternal(keyMessage{w.head(actNewConn), s.listener.key}, &ipc.SendOptions{
		Handle:   ipc.Native(conn.socket),
		Received: func(err error) { a.onReceived(err) },
	})
	// The queue is full, the worker has just gone, or there is no descriptor for the duplicate.
	if err != nil {
		w.assignment = nil
		s.onRefusal(conn)
	}
}

// onReceived handles the end of the descriptor's transfer. An error means that the worker did not
// get the descriptor.
func (a *assignment) onReceived(err error) {
	w := a.share.worker
	switch {
	case w.assignment != a:
	case err == nil:
		a.received = true
		a.finish()
	case errors.Is(err, ipc.ErrChannelClosed): // OnDisconnect comes next.
	default: // The worker has no descriptor left, for example.
		a.received, a.replied, a.accepted = true, true, false
		a.finish()
	}
}

// onReply handles a reply from the worker. It returns false if the reply is not about the
// assignment.
func (w *Worker) onReply(seq int, accepted bool) bool {
	a := w.assignment
	if a == nil || a.seq != seq {
		return false
	}
	a.replied, a.accepted = true, accepted
	a.finish()
	return true
}

// finish ends the assignment, once the descriptor has arrived and the worker has replied.
func (a *assignment) finish() {
	if !a.received || !a.replied {
		return
	}
	s, w := a.share, a.share.worker
	w.assignment = nil
	if a.accepted {
		w.served++
		s.refusals = 0
		s.listener.untaken--
		fd.Close(a.conn.socket) // The worker has its own descriptor.
	} else {
		s.onRefusal(a.conn)
	}
	w.assignNext(s.listener)
	w.cluster.checkDrained()
}

// assignNext finds a connection for a worker that has become free. The listener last, which the
// worker has just served, comes last, so that a busy listener cannot keep the worker from the
// others.
func (w *Worker) assignNext(last *listener) {
	if s := w.shares[last.key]; s != nil && len(w.shares) == 1 && s.listener == last {
		last.distribute()
		return
	}
	all := w.sortedShares()
	i, _ := slices.BinarySearchFunc(all, last.key+"\x00", func(s *share, key string) int { return cmp.Compare(s.listener.key, key) })
	for _, s := range slices.Concat(all[i:], all[:i]) {
		if s.listener != last {
			s.listener.distribute()
		}
	}
	last.distribute()
}

// onRefusal puts conn back in front of later ones, and lets s rest. Connections picked for s may go
// to other workers.
func (s *share) onRefusal(conn *connection) {
	pause := min(firstRest<<min(s.refusals, 10), longestRest)
	s.refusals++
	l := s.listener
	s.restUntil = l.cluster.loop.Now().Add(pause)
	s.requeuePicked()
	l.putBack(conn)
}

// putBack takes back a connection that a worker did not take. It closes the connection if the
// listener is closed.
func (l *listener) putBack(conn *connection) {
	if l.closed {
		l.untaken--
		fd.Close(conn.socket)
		return
	}
	l.pending = slices.Insert(l.pending, 0, conn)
}

// returnAssignment puts back the connection that was assigned to a worker which has gone.
func (w *Worker) returnAssignment() {
	if a := w.assignment; a != nil {
		w.assignment = nil
		a.share.listener.putBack(a.conn)
	}
}

// armRestTimer starts the timer for the end of the shortest rest. Then waiting connections are
// assigned.
func (l *listener) armRestTimer(now time.Time) {
	if l.restTimer != nil {
		l.restTimer.Stop()
		l.restTimer = nil
	}
	var soonest time.Time
	for _, s := range l.shares {
		if s.restUntil.After(now) && (soonest.IsZero() || s.restUntil.Before(soonest)) {
			soonest = s.restUntil
		}
	}
	if soonest.IsZero() {
		return
	}
	l.restTimer = l.cluster.loop.SetTimeout(soonest.Sub(now), func() {
		l.restTimer = nil
		l.distribute()
	})
	l.restTimer.Unref() // The workers keep the loop alive.
}
