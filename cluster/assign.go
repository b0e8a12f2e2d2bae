package cluster

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
)

// A worker that refuses a connection, because its server closes or has all the connections it
// wants, is asked again after firstRest, then after twice that, up to longestRest. Nothing tells
// when it would take one.
const (
	firstRest   = 5 * time.Millisecond
	longestRest = 100 * time.Millisecond
)

// An assignment is a connection on its way to a worker. It ends when the worker has said both that
// the descriptor has arrived and whether it takes the connection; a worker that dies before did not
// take it. Until then the descriptor is here too, so that another worker can get it.
type assignment struct {
	conn     *connection
	share    *share
	seq      int
	received bool
	replied  bool // whether it takes the connection:
	accepted bool
}

// distribute hands out what waits on all listeners.
func (c *Cluster) distribute() {
	if c.state == stateClosed {
		return
	}
	for _, l := range c.listeners {
		l.distribute()
	}
	c.checkDrained()
}

// distribute hands out what waits, as long as there is a free worker for it.
func (l *listener) distribute() {
	if l.cluster.state == stateClosed {
		return
	}
	l.assignPending()
	l.updateWatch()
}

// assignPending is distribute for what was accepted already.
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

// isFree reports whether s can be given a connection.
func (s *share) isFree(now time.Time) bool {
	return s.worker.assignment == nil && !s.restUntil.After(now) && s.worker.Connected()
}

// nextFree returns the free share whose turn it is: the one after the last by number, or the first.
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

// assign sends a connection to s, which is free.
func (s *share) assign(conn *connection) {
	w := s.worker
	f := &assignment{conn: conn, share: s, seq: w.seq}
	w.assignment = f
	s.listener.lastID = w.id
	err := w.channel.SendInternal(keyMessage{w.head(actNewConn), s.listener.key}, &ipc.SendOptions{
		Handle:   ipc.Native(conn.socket),
		Received: func(err error) { f.onReceived(err) },
	})
	// Its queue is full, it has just gone, or there is no descriptor for the duplicate.
	if err != nil {
		w.assignment = nil
		s.onRefusal(conn)
	}
}

// onReceived is called when the worker's side has got the descriptor, or will not.
func (f *assignment) onReceived(err error) {
	w := f.share.worker
	switch {
	case w.assignment != f:
	case err == nil:
		f.received = true
		f.finish()
	case errors.Is(err, ipc.ErrChannelClosed): // The disconnect event comes next.
	default: // It has no descriptor left, for instance.
		f.received, f.replied, f.accepted = true, true, false
		f.finish()
	}
}

// onReply is called with each reply of the worker, and reports whether it says if the worker takes
// the connection on its way to it.
func (w *Worker) onReply(seq int, accepted bool) bool {
	f := w.assignment
	if f == nil || f.seq != seq {
		return false
	}
	f.replied, f.accepted = true, accepted
	f.finish()
	return true
}

// finish ends the assignment if both are known.
func (f *assignment) finish() {
	if !f.received || !f.replied {
		return
	}
	s, w := f.share, f.share.worker
	w.assignment = nil
	if f.accepted {
		w.served++
		s.refusals = 0
		s.listener.untaken--
		fd.Close(f.conn.socket) // The worker has its own.
	} else {
		s.onRefusal(f.conn)
	}
	w.assignNext(s.listener)
	w.cluster.checkDrained()
}

// assignNext gives a worker that has become free something to do. The listener that it has just
// worked for comes last, so that a busy server cannot starve the others of the worker.
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

// onRefusal puts a connection back, in front of those that came later, and leaves s alone for a
// while. What else waits for s is free to go to others.
func (s *share) onRefusal(conn *connection) {
	pause := min(firstRest<<min(s.refusals, 10), longestRest)
	s.refusals++
	l := s.listener
	s.restUntil = l.cluster.loop.Now().Add(pause)
	s.requeuePicked()
	l.putBack(conn)
}

// putBack puts a connection back that a worker did not take.
func (l *listener) putBack(conn *connection) {
	if l.closed {
		l.untaken--
		fd.Close(conn.socket)
		return
	}
	l.pending = slices.Insert(l.pending, 0, conn)
}

// returnAssignment gives the connection that was on its way to a worker which is gone to another
// one.
func (w *Worker) returnAssignment() {
	if f := w.assignment; f != nil {
		w.assignment = nil
		f.share.listener.putBack(f.conn)
	}
}

// armRestTimer has the shares that rest asked again when the first of them has rested.
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
