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

// A flight is a connection on its way to a worker. It ends when the worker has said both that the
// descriptor has arrived and whether it takes the connection; a worker that dies before did not
// take it. Until then the descriptor is here too, so that another worker can get it.
type flight struct {
	conn     *connection
	member   *member
	seq      int
	arrived  bool
	said     bool // whether it takes the connection:
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
	c.drained()
}

// distribute hands out what waits, as long as there is a free worker for it.
func (l *listener) distribute() {
	if l.cluster.state == stateClosed {
		return
	}
	l.hand()
	l.update()
}

// hand is distribute for what was accepted already.
func (l *listener) hand() {
	now := l.cluster.loop.Now()
	for _, m := range l.members {
		for len(m.mine) > 0 && m.free(now) {
			conn := m.mine[0]
			m.mine = m.mine[1:]
			m.send(conn)
		}
	}
	for len(l.pending) > 0 {
		m := l.next(now)
		if m == nil {
			break
		}
		conn := l.pending[0]
		l.pending = l.pending[1:]
		m.send(conn)
	}
	l.restUntilAsked(now)
}

// free reports whether m can be given a connection.
func (m *member) free(now time.Time) bool {
	return m.worker.flight == nil && !m.until.After(now) && m.worker.Connected()
}

// next returns the free member whose turn it is: the one after the last by number, or the first.
func (l *listener) next(now time.Time) *member {
	var first *member
	for _, m := range l.members {
		if !m.free(now) {
			continue
		}
		if m.worker.id > l.last {
			return m
		}
		if first == nil {
			first = m
		}
	}
	return first
}

// send sends a connection to m, which is free.
func (m *member) send(conn *connection) {
	w := m.worker
	f := &flight{conn: conn, member: m, seq: w.seq}
	w.flight = f
	m.listener.last = w.id
	err := w.channel.SendInternal(keyMessage{w.head(actNewConn), m.listener.key}, &ipc.SendOptions{
		Handle:   ipc.Native(conn.socket),
		Received: func(err error) { f.received(err) },
	})
	// Its queue is full, it has just gone, or there is no descriptor for the duplicate.
	if err != nil {
		w.flight = nil
		m.refused(conn)
	}
}

// received is called when the worker's side has got the descriptor, or will not.
func (f *flight) received(err error) {
	w := f.member.worker
	switch {
	case w.flight != f:
	case err == nil:
		f.arrived = true
		f.settle()
	case errors.Is(err, ipc.ErrChannelClosed): // The disconnect event comes next.
	default: // It has no descriptor left, for instance.
		f.arrived, f.said, f.accepted = true, true, false
		f.settle()
	}
}

// answered is called with each reply of the worker, and reports whether it says if the worker takes
// the connection on its way to it.
func (w *Worker) answered(seq int, accepted bool) bool {
	f := w.flight
	if f == nil || f.seq != seq {
		return false
	}
	f.said, f.accepted = true, accepted
	f.settle()
	return true
}

// settle ends the flight if both are known.
func (f *flight) settle() {
	if !f.arrived || !f.said {
		return
	}
	m, w := f.member, f.member.worker
	w.flight = nil
	if f.accepted {
		w.served++
		m.refusals = 0
		m.listener.held--
		fd.Close(f.conn.socket) // The worker has its own.
	} else {
		m.refused(f.conn)
	}
	w.distribute(m.listener)
	w.cluster.drained()
}

// distribute gives a worker that has become free something to do. The listener that it has just
// worked for comes last, so that a busy server cannot starve the others of the worker.
func (w *Worker) distribute(last *listener) {
	if m := w.members[last.key]; m != nil && len(w.members) == 1 && m.listener == last {
		last.distribute()
		return
	}
	all := w.sortedMembers()
	i, _ := slices.BinarySearchFunc(all, last.key+"\x00", func(m *member, key string) int { return cmp.Compare(m.listener.key, key) })
	for _, m := range slices.Concat(all[i:], all[:i]) {
		if m.listener != last {
			m.listener.distribute()
		}
	}
	last.distribute()
}

// refused puts a connection back, in front of those that came later, and leaves m alone for a
// while. What else waits for m is free to go to others.
func (m *member) refused(conn *connection) {
	pause := min(firstRest<<min(m.refusals, 10), longestRest)
	m.refusals++
	l := m.listener
	m.until = l.cluster.loop.Now().Add(pause)
	m.release()
	l.putBack(conn)
}

// putBack puts a connection back that a worker did not take.
func (l *listener) putBack(conn *connection) {
	if l.closed {
		l.held--
		fd.Close(conn.socket)
		return
	}
	l.pending = slices.Insert(l.pending, 0, conn)
}

// lost gives the connection that was on its way to a worker which is gone to another one.
func (w *Worker) lost() {
	if f := w.flight; f != nil {
		w.flight = nil
		f.member.listener.putBack(f.conn)
	}
}

// restUntilAsked has the members that rest asked again when the first of them has rested.
func (l *listener) restUntilAsked(now time.Time) {
	if l.rest != nil {
		l.rest.Stop()
		l.rest = nil
	}
	var soonest time.Time
	for _, m := range l.members {
		if m.until.After(now) && (soonest.IsZero() || m.until.Before(soonest)) {
			soonest = m.until
		}
	}
	if soonest.IsZero() {
		return
	}
	l.rest = l.cluster.loop.SetTimeout(soonest.Sub(now), func() {
		l.rest = nil
		l.distribute()
	})
	l.rest.Unref() // The workers keep the loop alive.
}
