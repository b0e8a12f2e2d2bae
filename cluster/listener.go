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
	// acceptBudget is the number of connections accepted per readiness, so that one listener cannot
	// starve the rest of the loop.
	acceptBudget = 32

	// acceptRetryDelay is the time until the next accept(2) after one that the system refused, for
	// example with EMFILE.
	acceptRetryDelay = 100 * time.Millisecond
)

// A listener is a socket of the primary that workers share. It owns the socket and the connections
// that it accepted and that no worker has taken. It is used on the loop goroutine.
//
// With round robin it accepts only while wantsConnection says so. Each connection that no worker
// has taken is in exactly one place: in pending, in the picked of a share, or in the assignment of
// a worker.
type listener struct {
	cluster  *Cluster
	key      string
	socket   int         // -1 from stopListening on
	closed   bool        // close was called: there are no shares, and there will be none
	path     string      // file of an AF_UNIX socket, to be removed; "": none
	fileInfo os.FileInfo // the file just after bind(2); nil: no path, or it was gone
	shared   bool        // the workers accept, or it is a UDP socket
	pinned   bool        // Cluster.Listen was called: it needs no share to stay open
	data     any         // data of the first worker that sent some; all workers get it
	sockname *sockname   // nil: an AF_UNIX socket, or shared

	shares  []*share      // by worker ID
	lastID  int           // ID of the worker that was assigned the latest connection; 0: none
	pending []*connection // for any worker, oldest first
	untaken int           // connections in pending, in picked and in assignments

	watcher    *reactor.Watcher // nil: shared
	watching   bool             // the watcher waits for connections
	retryTimer *reactor.Timer   // runs after accept(2) failed; nil: the listener may accept
	restTimer  *reactor.Timer   // runs until the first resting share is asked; nil: none rests
}

// A share is the server of one worker on a listener.
type share struct {
	worker   *Worker
	listener *listener

	picked    []*connection // Pick chose this share for them; oldest first
	refusals  int           // refusals since the last accepted connection
	restUntil time.Time     // no connection before that time; zero: no rest
}

// A connection was accepted by the primary, and no worker has taken it. Its holder owns the socket.
type connection struct{ socket int }

func (l *listener) addShare(w *Worker) {
	s := &share{worker: w, listener: l}
	w.shares[l.key] = s
	i, _ := slices.BinarySearchFunc(l.shares, w.id, func(s *share, id int) int { return cmp.Compare(s.worker.id, id) })
	l.shares = slices.Insert(l.shares, i, s)
	l.cluster.removeOrphan(l)
}

// close ends the share. Connections picked for it go to other workers, before newer ones.
func (s *share) close() {
	l := s.listener
	delete(s.worker.shares, l.key)
	l.shares = slices.DeleteFunc(l.shares, func(other *share) bool { return other == s })
	s.requeuePicked()
	if len(l.shares) == 0 && !l.pinned && !l.closed {
		l.cluster.addOrphan(l)
	}
}

// requeuePicked moves the picked connections to the front of pending.
func (s *share) requeuePicked() {
	if len(s.picked) > 0 {
		s.listener.pending = slices.Concat(s.picked, s.listener.pending)
		s.picked = nil
	}
}

// addOrphan keeps a listener without a share, for the next worker that asks for it. At most
// MaxListeners are kept, because workers that die could otherwise leave more and more of them.
func (c *Cluster) addOrphan(l *listener) {
	c.orphans = append(c.orphans, l)
	if len(c.orphans) > c.o.MaxListeners {
		c.orphans[0].close()
	}
}

// removeOrphan undoes addOrphan, if it was called.
func (c *Cluster) removeOrphan(l *listener) {
	c.orphans = slices.DeleteFunc(c.orphans, func(other *listener) bool { return other == l })
}

// closeShares closes all shares of the worker. The listeners stay open.
func (w *Worker) closeShares() {
	for _, s := range w.sortedShares() {
		s.close()
	}
}

// sortedShares returns the worker's shares by key, because the order of a map is random.
func (w *Worker) sortedShares() []*share {
	all := make([]*share, 0, len(w.shares))
	for _, s := range w.shares {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *share) int { return cmp.Compare(a.listener.key, b.listener.key) })
	return all
}

// closeServer handles a server that the worker closed by itself. If it was the listener's last
// share, the listener is closed, so that its address becomes free.
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

// wantsConnection reports whether the listener should accept. Without Pick it should if a worker is
// free: a connection can wait in the kernel's backlog as well as here, and costs nothing there.
// With Pick it should while there is room, because Pick must see a connection to choose its worker.
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

// updateWatch starts or stops the watcher. If a worker became free, a connection may be there
// already, so accept runs at once: under load this saves one turn of the loop for each connection.
// With Pick it does not, because the program's Pick must not run inside a call of the program.
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
		l.onAcceptError(err) // ENOSPC: the next attempt follows the delay.
		return
	}
	l.watching = watch
}

// watch makes the watcher of a round robin socket. The watcher waits for nothing yet.
func (l *listener) watch() error {
	w, err := l.cluster.loop.Watch(l.socket, 0, func(reactor.Readiness) {
		l.accept()
		l.updateWatch()
	})
	if err != nil {
		return err
	}
	w.Unref() // Without workers there is nothing to accept for.
	l.watcher = w
	return nil
}

// accept accepts from the backlog while the listener wants connections. The caller must call
// updateWatch.
func (l *listener) accept() {
	for range acceptBudget {
		if !l.wantsConnection() || !l.acceptOne() {
			return
		}
		l.assignPending()
	}
}

// acceptOne accepts a connection. It returns false if there was none, or the listener is closed.
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
		if !picked { // Pick panicked.
			l.enqueue(conn, nil)
			l.cluster.loop.NextTick(l.distribute)
		}
	}()
	s := l.pickShare(conn)
	picked = true
	return l.enqueue(conn, s)
}

// enqueue keeps an accepted connection for s, or for any worker if s is nil. It returns false, and
// closes the connection, if the listener is closed.
func (l *listener) enqueue(conn *connection, s *share) bool {
	if l.closed { // Pick closed it.
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

// onAcceptError reports that accept(2) failed, and starts the delay until the next attempt.
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

// pickShare calls Options.Pick. It returns nil if any worker may have the connection.
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
	if peer, err := unix.Getpeername(conn.socket); err == nil { // The client may have gone already.
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

// addrPort returns the address of a TCP socket, the zero value for any other.
func addrPort(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// unmapped turns an IPv4 address in IPv6 form, as a socket of both families has it, into IPv4 form.
func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// stopListening closes the socket, which frees the address. Connections that were accepted still go
// to workers. Connections in the backlog would be reset, so they are accepted first, as far as
// there is room.
func (l *listener) stopListening() {
	if l.socket < 0 {
		return
	}
	defer l.closeSocket() // Runs also when Pick panics.
	if l.watcher != nil {
		for l.canDrain() && l.acceptOne() {
		}
	}
}

// closeSocket closes the socket, its watcher and the delay, and removes the path.
func (l *listener) closeSocket() {
	if l.socket < 0 { // Pick closed it.
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

// unlink removes the file of an AF_UNIX socket. If a worker or another program has put another file
// in its place, that file stays.
func (l *listener) unlink() {
	if l.path == "" {
		return
	}
	if now, err := os.Lstat(l.path); err == nil && l.fileInfo != nil && os.SameFile(now, l.fileInfo) {
		_ = os.Remove(l.path) // Best effort: the file may be gone.
	}
}

// canDrain reports whether a connection in the backlog can still be accepted.
func (l *listener) canDrain() bool {
	c := l.cluster
	return c.state == stateDraining && l.socket >= 0 && len(l.shares) > 0 && l.untaken < c.o.MaxPending
}

// close closes the listener and all of its shares. Waiting connections are closed. A connection in
// an assignment may still reach its worker.
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
	c.removeOrphan(l)
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
