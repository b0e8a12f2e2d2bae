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
	acceptRetryDelay = 100 * time.Millisecond
)

// A listener is a socket of the primary's that workers share by its key.
//
// Of a round robin it accepts while there is a share to give a connection to, see wantsConnection.
// Each connection that was accepted is in exactly one place: pending, a share's picked, or a
// worker's assignment.
type listener struct {
	cluster  *Cluster
	key      string
	socket   int         // -1 once nothing more can come
	closed   bool        // nobody shares it any more
	path     string      // of an AF_UNIX socket, to be removed; "": none
	fileInfo os.FileInfo // what was there when it was made
	shared   bool        // the workers accept, or it is UDP
	pinned   bool        // by Cluster.Listen
	data     any         // what the first worker has its servers share
	sockname *sockname   // nil for AF_UNIX, and for what is shared

	shares  []*share      // by worker
	lastID  int           // ID of the worker that got the last connection
	pending []*connection // in the order they came
	untaken int           // connections that no worker has taken

	watcher    *reactor.Watcher // nil when shared
	watching   bool             // for connections
	retryTimer *reactor.Timer   // while accept is refused
	restTimer  *reactor.Timer   // until a share that refuses is asked again
}

// A share is a worker's server on a listener.
type share struct {
	worker   *Worker
	listener *listener

	picked    []*connection // that Pick has chosen it for
	refusals  int           // in a row
	restUntil time.Time     // it is not asked again before
}

// A connection is one that was accepted and that no worker has taken.
type connection struct{ socket int }

// addShare makes w share l.
func (l *listener) addShare(w *Worker) {
	s := &share{worker: w, listener: l}
	w.shares[l.key] = s
	i, _ := slices.BinarySearchFunc(l.shares, w.id, func(s *share, id int) int { return cmp.Compare(s.worker.id, id) })
	l.shares = slices.Insert(l.shares, i, s)
	l.cluster.orphans = slices.DeleteFunc(l.cluster.orphans, func(other *listener) bool { return other == l })
}

// close takes s off its listener. What waits for it goes to others, first.
func (s *share) close() {
	l := s.listener
	delete(s.worker.shares, l.key)
	l.shares = slices.DeleteFunc(l.shares, func(other *share) bool { return other == s })
	s.requeuePicked()
	if len(l.shares) == 0 && !l.pinned && !l.closed {
		l.cluster.addOrphan(l)
	}
}

// requeuePicked gives what waits for s to whoever is next.
func (s *share) requeuePicked() {
	if len(s.picked) > 0 {
		s.listener.pending = slices.Concat(s.picked, s.listener.pending)
		s.picked = nil
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

// closeShares takes a worker off its listeners, which stay.
func (w *Worker) closeShares() {
	for _, s := range w.sortedShares() {
		s.close()
	}
}

// sortedShares returns a worker's shares in a fixed order.
func (w *Worker) sortedShares() []*share {
	all := make([]*share, 0, len(w.shares))
	for _, s := range w.shares {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *share) int { return cmp.Compare(a.listener.key, b.listener.key) })
	return all
}

// closeServer is what a worker does that closes its server by itself: when it was the last one, the
// address becomes free.
func (w *Worker) closeServer(key string) {
	s := w.shares[key]
	if s == nil {
		return
	}
	l := s.listener
	if len(l.shares) == 1 && !l.pinned && !w.cluster.o.KeepListeners {
		l.close()
		return
	}
	s.close()
	l.distribute()
}

// wantsConnection reports whether a connection that was accepted would have somebody to go to.
// Without Pick that is a free worker: what would have to wait here waits as well in the kernel's
// backlog, and costs nothing there. Pick has to see connections to know whom they are for.
func (l *listener) wantsConnection() bool {
	c := l.cluster
	switch {
	case c.state != stateOpen || l.retryTimer != nil || l.socket < 0 || l.untaken >= c.o.MaxPending || len(l.shares) == 0:
		return false
	case c.o.Pick != nil:
		return true
	}
	return len(l.pending) == 0 && l.nextFree(c.loop.Now()) != nil
}

// updateWatch has the listener accept, or not. When a worker has become free there may well be a
// connection already: it is asked for at once, so that under load the loop is not woken for each.
// Not for Pick, which is the program's, and may not be called inside of whatever call of the
// program has led here.
func (l *listener) updateWatch() {
	if l.watcher == nil || l.socket < 0 {
		return
	}
	if !l.watching && l.cluster.o.Pick == nil && l.wantsConnection() {
		l.accept()
	}
	watch := l.wantsConnection()
	if watch == l.watching {
		return
	}
	var want reactor.Readiness
	if watch {
		want = reactor.Readable
	}
	if err := l.watcher.Set(want); err != nil {
		l.onAcceptError(err) // ENOSPC: the next try is after the pause.
		return
	}
	l.watching = watch
}

// watch makes the watcher of a round robin's socket, which does not accept yet.
func (l *listener) watch() error {
	w, err := l.cluster.loop.Watch(l.socket, 0, func(reactor.Readiness) {
		l.accept()
		l.updateWatch()
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
		if !l.wantsConnection() || !l.acceptOne() {
			return
		}
		l.assignPending()
	}
}

// acceptOne accepts a connection, and reports whether there was one.
func (l *listener) acceptOne() bool {
	socket, err := fd.Accept(l.socket)
	if err != nil {
		if err != unix.EAGAIN {
			l.onAcceptError(err)
		}
		return false
	}
	conn, picked := &connection{socket: socket}, false
	defer func() {
		if !picked { // Pick has panicked.
			l.enqueue(conn, nil)
			l.cluster.loop.NextTick(l.distribute)
		}
	}()
	s := l.pickShare(conn)
	picked = true
	return l.enqueue(conn, s)
}

// enqueue keeps a connection that was accepted, for s or whoever is next, and reports whether the
// listener is open.
func (l *listener) enqueue(conn *connection, s *share) bool {
	if l.closed { // By Pick.
		fd.Close(conn.socket)
		return false
	}
	l.untaken++
	if s != nil {
		s.picked = append(s.picked, conn)
	} else {
		l.pending = append(l.pending, conn)
	}
	return true
}

// onAcceptError is called when the system does not let the listener accept. It tries again after a
// pause.
func (l *listener) onAcceptError(err error) {
	if l.retryTimer != nil {
		return
	}
	l.cluster.report(&ListenError{"accept", l.key, os.NewSyscallError("accept", err)})
	l.retryTimer = l.cluster.loop.SetTimeout(acceptRetryDelay, func() {
		l.retryTimer = nil
		l.distribute()
	})
	l.retryTimer.Unref()
}

// pickShare asks Options.Pick which share gets a connection; nil: the next in turn.
func (l *listener) pickShare(conn *connection) *share {
	pick := l.cluster.o.Pick
	if pick == nil {
		return nil
	}
	workers := make([]*Worker, len(l.shares))
	for i, s := range l.shares {
		workers[i] = s.worker
	}
	var remote netip.AddrPort
	if peer, err := unix.Getpeername(conn.socket); err == nil { // It may have gone already.
		remote = unmapped(addrPort(peer))
	}
	w := pick(&Incoming{remote, l.key, workers})
	if w == nil {
		return nil
	}
	s := w.shares[l.key]
	if s == nil || s.listener != l || len(s.picked) >= max(1, l.cluster.o.MaxPending/2) {
		return nil
	}
	return s
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

// stopListening frees the address. What was accepted goes on to be handed to workers, and first, as
// far as there is room, what waits in the backlog is accepted too, which would be reset.
func (l *listener) stopListening() {
	if l.socket < 0 {
		return
	}
	defer l.closeSocket() // Also when Pick panics.
	if l.watcher != nil {
		for l.canDrain() && l.acceptOne() {
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
	if l.retryTimer != nil {
		l.retryTimer.Stop()
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
	if now, err := os.Lstat(l.path); err == nil && l.fileInfo != nil && os.SameFile(now, l.fileInfo) {
		_ = os.Remove(l.path) // Best effort: somebody may have done it.
	}
}

// canDrain reports whether what is in the backlog can still be accepted.
func (l *listener) canDrain() bool {
	c := l.cluster
	return c.state == stateDraining && l.socket >= 0 && len(l.shares) > 0 && l.untaken < c.o.MaxPending
}

// close is shut for a listener that nobody has any more. Connections that wait are closed; those on
// their way to a worker may still arrive.
func (l *listener) close() {
	if l.closed {
		return
	}
	l.stopListening()
	l.closed = true
	c := l.cluster
	if l.restTimer != nil {
		l.restTimer.Stop()
	}
	delete(c.listeners, l.key)
	c.orphans = slices.DeleteFunc(c.orphans, func(other *listener) bool { return other == l })
	for _, s := range l.shares {
		delete(s.worker.shares, l.key)
		l.pending = append(l.pending, s.picked...)
		s.picked = nil
	}
	l.shares = nil
	for _, conn := range l.pending {
		fd.Close(conn.socket)
	}
	l.untaken -= len(l.pending)
	l.pending = nil
}
