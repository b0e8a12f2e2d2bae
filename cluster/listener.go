package cluster

import (
	"cmp"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

const (
	// acceptBudget is how many connections are accepted per readiness, so that one listener cannot
	// starve the rest.
	acceptBudget = 32

	// acceptPause is the time after which accept is tried again when the system has refused it:
	// EMFILE, for instance.
	acceptPause = 100 * time.Millisecond
)

// A listener is a socket of the primary's that workers share by its key.
//
// Of a round robin it accepts while there is a member to give a connection to, see wants. Each
// connection that was accepted is in exactly one place: pending, a member's own, or a worker's
// flight.
type listener struct {
	cluster  *Cluster
	key      string
	socket   int         // -1 once nothing more can come
	closed   bool        // nobody shares it any more
	path     string      // of an AF_UNIX socket, to be removed; "": none
	file     os.FileInfo // what was there when it was made
	shared   bool        // the workers accept, or it is UDP
	pinned   bool        // by Cluster.Listen
	data     any         // what the first worker has its servers share
	sockname *sockname   // nil for AF_UNIX, and for what is shared

	members []*member     // by worker
	last    int           // ID of the worker that got the last connection
	pending []*connection // in the order they came
	held    int           // connections that no worker has taken

	watcher  *reactor.Watcher // nil when shared
	watching bool             // for connections
	pause    *reactor.Timer   // while accept is refused
	rest     *reactor.Timer   // until a member that refuses is asked again
}

// A member is a worker's server on a listener.
type member struct {
	worker   *Worker
	listener *listener

	mine     []*connection // that Pick has chosen it for
	refusals int           // in a row
	until    time.Time     // it is not asked again before
}

// A connection is one that was accepted and that no worker has taken.
type connection struct{ socket int }

// addMember makes w share l.
func (l *listener) addMember(w *Worker) {
	m := &member{worker: w, listener: l}
	w.members[l.key] = m
	i, _ := slices.BinarySearchFunc(l.members, w.id, func(m *member, id int) int { return cmp.Compare(m.worker.id, id) })
	l.members = slices.Insert(l.members, i, m)
	l.cluster.orphans = slices.DeleteFunc(l.cluster.orphans, func(other *listener) bool { return other == l })
}

// leave takes m off its listener. What waits for it goes to others, first.
func (m *member) leave() {
	l := m.listener
	delete(m.worker.members, l.key)
	l.members = slices.DeleteFunc(l.members, func(other *member) bool { return other == m })
	m.release()
	if len(l.members) == 0 && !l.pinned && !l.closed {
		l.cluster.addOrphan(l)
	}
}

// release gives what waits for m to whoever is next.
func (m *member) release() {
	if len(m.mine) > 0 {
		m.listener.pending = slices.Concat(m.mine, m.listener.pending)
		m.mine = nil
	}
}

// addOrphan keeps a listener without a worker for the next one that asks for it. Workers that die
// and leave ever new ones behind do not make them more and more.
func (c *Cluster) addOrphan(l *listener) {
	c.orphans = append(c.orphans, l)
	if len(c.orphans) > c.o.MaxListeners {
		c.orphans[0].close()
	}
}

// leaveAll takes a worker off its listeners, which stay.
func (w *Worker) leaveAll() {
	for _, m := range w.sortedMembers() {
		m.leave()
	}
}

// sortedMembers returns a worker's members in a fixed order.
func (w *Worker) sortedMembers() []*member {
	all := make([]*member, 0, len(w.members))
	for _, m := range w.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *member) int { return cmp.Compare(a.listener.key, b.listener.key) })
	return all
}

// closeServer is what a worker does that closes its server by itself: when it was the last one, the
// address becomes free.
func (w *Worker) closeServer(key string) {
	m := w.members[key]
	if m == nil {
		return
	}
	l := m.listener
	if len(l.members) == 1 && !l.pinned && !w.cluster.o.KeepListeners {
		l.close()
		return
	}
	m.leave()
	l.distribute()
}

// wants reports whether a connection that was accepted would have somebody to go to. Without Pick
// that is a free worker: what would have to wait here waits as well in the kernel's backlog, and
// costs nothing there. Pick has to see connections to know whom they are for.
func (l *listener) wants() bool {
	c := l.cluster
	switch {
	case c.state != stateOpen || l.pause != nil || l.socket < 0 || l.held >= c.o.MaxPending || len(l.members) == 0:
		return false
	case c.o.Pick != nil:
		return true
	}
	return len(l.pending) == 0 && l.next(c.loop.Now()) != nil
}

// update has the listener accept, or not. When a worker has become free there may well be a
// connection already: it is asked for at once, so that under load the loop is not woken for each.
// Not for Pick, which is the program's, and may not be called inside of whatever call of the
// program has led here.
func (l *listener) update() {
	if l.watcher == nil || l.socket < 0 {
		return
	}
	if !l.watching && l.cluster.o.Pick == nil && l.wants() {
		l.accept()
	}
	watch := l.wants()
	if watch == l.watching {
		return
	}
	var want reactor.Readiness
	if watch {
		want = reactor.Readable
	}
	if err := l.watcher.Set(want); err != nil {
		l.rejected(err) // ENOSPC: the next try is after the pause.
		return
	}
	l.watching = watch
}

// watch makes the watcher of a round robin's socket, which does not accept yet.
func (l *listener) watch() error {
	w, err := l.cluster.loop.Watch(l.socket, 0, func(reactor.Readiness) {
		l.accept()
		l.update()
	})
	if err != nil {
		return err
	}
	w.Unref() // With the last worker there is nobody left to give a connection to.
	l.watcher = w
	return nil
}

// accept takes what waits in the backlog, as long as there is somebody to give it to. The caller
// updates l.
func (l *listener) accept() {
	for range acceptBudget {
		if !l.wants() || !l.acceptOne() {
			return
		}
		l.hand()
	}
}

// acceptOne accepts a connection, and reports whether there was one.
func (l *listener) acceptOne() bool {
	socket, err := fd.Accept(l.socket)
	if err != nil {
		if err != unix.EAGAIN {
			l.rejected(err)
		}
		return false
	}
	conn, picked := &connection{socket: socket}, false
	defer func() {
		if !picked { // Pick has panicked.
			l.take(conn, nil)
			l.cluster.loop.NextTick(l.distribute)
		}
	}()
	m := l.pick(conn)
	picked = true
	return l.take(conn, m)
}

// take keeps a connection that was accepted, for m or whoever is next, and reports whether the
// listener is open.
func (l *listener) take(conn *connection, m *member) bool {
	if l.closed { // By Pick.
		fd.Close(conn.socket)
		return false
	}
	l.held++
	if m != nil {
		m.mine = append(m.mine, conn)
	} else {
		l.pending = append(l.pending, conn)
	}
	return true
}

// rejected is called when the system does not let the listener accept. It tries again after a
// pause.
func (l *listener) rejected(err error) {
	if l.pause != nil {
		return
	}
	l.cluster.report(&ListenError{"accept", l.key, os.NewSyscallError("accept", err)})
	l.pause = l.cluster.loop.SetTimeout(acceptPause, func() {
		l.pause = nil
		l.distribute()
	})
	l.pause.Unref()
}

// pick asks Options.Pick which member gets a connection; nil: the next in turn.
func (l *listener) pick(conn *connection) *member {
	pick := l.cluster.o.Pick
	if pick == nil {
		return nil
	}
	workers := make([]*Worker, len(l.members))
	for i, m := range l.members {
		workers[i] = m.worker
	}
	var remote netip.AddrPort
	if peer, err := unix.Getpeername(conn.socket); err == nil { // It may have gone already.
		remote = unmapped(addrPort(peer))
	}
	w := pick(&Incoming{remote, l.key, workers})
	if w == nil {
		return nil
	}
	m := w.members[l.key]
	if m == nil || m.listener != l || len(m.mine) >= max(1, l.cluster.o.MaxPending/2) {
		return nil
	}
	return m
}

// addrPort returns the address of a TCP socket, the zero value for another.
func addrPort(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// unmapped returns an IPv4 address that an IPv6 socket has seen as one.
func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// shut frees the address. What was accepted goes on to be handed to workers, and first, as far as
// there is room, what waits in the backlog is accepted too, which would be reset.
func (l *listener) shut() {
	if l.socket < 0 {
		return
	}
	defer l.closeSocket() // Also when Pick panics.
	if l.watcher != nil {
		for l.drains() && l.acceptOne() {
		}
	}
}

func (l *listener) closeSocket() {
	if l.socket < 0 { // Pick has closed it meanwhile.
		return
	}
	if l.watcher != nil {
		l.watcher.Close()
	}
	if l.pause != nil {
		l.pause.Stop()
	}
	l.unlink()
	fd.Close(l.socket)
	l.socket = -1
}

// unlink removes the file of an AF_UNIX socket, if it is still that: a worker, or another program,
// may have put something else in its place, which may not be theirs to remove.
func (l *listener) unlink() {
	if l.path == "" {
		return
	}
	if now, err := os.Lstat(l.path); err == nil && l.file != nil && os.SameFile(now, l.file) {
		_ = os.Remove(l.path) // Best effort: somebody may have done it.
	}
}

// drains reports whether what is in the backlog can still be accepted.
func (l *listener) drains() bool {
	c := l.cluster
	return c.state == stateDraining && l.socket >= 0 && len(l.members) > 0 && l.held < c.o.MaxPending
}

// close is shut for a listener that nobody has any more. Connections that wait are closed; those on
// their way to a worker may still arrive.
func (l *listener) close() {
	if l.closed {
		return
	}
	l.shut()
	l.closed = true
	c := l.cluster
	if l.rest != nil {
		l.rest.Stop()
	}
	delete(c.listeners, l.key)
	c.orphans = slices.DeleteFunc(c.orphans, func(other *listener) bool { return other == l })
	for _, m := range l.members {
		delete(m.worker.members, l.key)
		l.pending = append(l.pending, m.mine...)
		m.mine = nil
	}
	l.members = nil
	for _, conn := range l.pending {
		fd.Close(conn.socket)
	}
	l.held -= len(l.pending)
	l.pending = nil
}
