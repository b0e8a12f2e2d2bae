//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import "golang.org/x/sys/unix"

// registration is what the poller knows of the watcher of one descriptor. The kernel's kevents
// carry the same token while there are any.
type registration struct {
	token   token
	want    Readiness
	kind    fdKind
	access  int // of a pipe: O_RDONLY, O_WRONLY, or O_RDWR, as FreeBSD's pipe(2) opens both ends
	read    filterMode
	write   filterMode
	readyAt int // where the poller has its event, if its token is there
}

// fdKind tells how the end of a stream shows: epoll(7) tells hang-ups, errors and half-closed
// sockets apart, while kqueue(2) has one flag, EV_EOF, and one errno for them.
type fdKind uint8

const (
	kindOther fdKind = iota // terminals and other devices, kqueues
	// EV_EOF on the read side is the peer's shutdown(2), maybe of its writing half only
	kindSocket
	// pipe(2) and mkfifo(2); of the latter macOS does not report the end
	// (https://go.dev/issue/24164)
	kindPipe
)

// filterMode is how one of a descriptor's two filters, EVFILT_READ and EVFILT_WRITE, is registered.
type filterMode uint8

const (
	filterOff   filterMode = iota
	filterLevel            // reported as long as it is ready
	filterEdge             // reported when it becomes ready, for edgeTriggered
	// nobody wants to read or write: registered, edge-triggered, for the sake of EV_EOF
	filterGuard
)

// flags returns what EV_ADD needs, 0 for filterOff. Two modes with the same flags are the same to
// the kernel.
func (m filterMode) flags() int {
	switch m {
	case filterLevel:
		return unix.EV_ADD
	case filterEdge, filterGuard:
		return unix.EV_ADD | unix.EV_CLEAR
	}
	return 0
}

// filters returns how the two filters have to be registered for want.
//
// A guard sees the end of what nobody reads or writes. It is edge-triggered, or data that is left
// unread would keep the loop awake. The write end of a pipe always has one on its read filter: on
// some systems that is the only one to tell that the last reader is gone (Go has the same in
// runtime/netpoll_kqueue.go). An end opened for writing only is guarded by its write filter as
// well, since a named pipe may refuse or ignore the other (FreeBSD, OpenBSD).
func (r *registration) filters(want Readiness) (read, write filterMode) {
	on := filterLevel
	if want&edgeTriggered != 0 {
		on = filterEdge
	}
	if want&Readable != 0 {
		read = on
	}
	if want&Writable != 0 {
		write = on
	}
	if read == filterOff && (r.kind == kindPipe || want&(Hangup|Error) != 0) {
		read = filterGuard
		if write == filterOff && r.access == unix.O_WRONLY {
			write = filterGuard
		}
	}
	return read, write
}

// readiness translates an event of the descriptor's.
func (r *registration) readiness(k *unix.Kevent_t) Readiness {
	got := Readable
	if k.Filter == unix.EVFILT_WRITE {
		got = Writable
	}
	if k.Flags&unix.EV_ERROR != 0 {
		// The filter itself has failed: reading or writing tells how.
		return Error | Readable | Writable
	}
	if k.Flags&unix.EV_EOF == 0 {
		return got
	}
	switch {
	case r.kind == kindPipe && r.isWriteEnd():
		return Error | Readable | Writable
	case k.Fflags != 0: // the socket's error
		return Error | Hangup | Readable | Writable
	case r.kind == kindSocket && got == Readable:
		// The peer may still be reading, and our buffer be full: not writable. Its shutdown is news
		// to those only who asked; who wants to read finds the end by reading, who wants to write
		// is told a full close by the other filter.
		return Readable | r.want&Hangup
	}
	return Hangup | Readable | Writable
}

// isWriteEnd tells which end of a pipe has lost its peer: where both are open for both, by what it
// is used for.
func (r *registration) isWriteEnd() bool {
	switch r.access {
	case unix.O_RDONLY:
		return false
	case unix.O_WRONLY:
		return true
	}
	return r.want&(Readable|Writable) == Writable
}

// readerGone reports whether err is the refusal to watch the write end of a pipe that nobody reads
// any more: EPIPE on FreeBSD and DragonFly, EBADF on NetBSD. The read filter of the same end then
// reports EV_EOF and stands in for it, except on FreeBSD's named pipes, where the read filter of an
// end opened for writing only is silent: there EPIPE is the answer.
func (r *registration) readerGone(err error) bool {
	return r.kind == kindPipe && (err == unix.EBADF || err == unix.EPIPE && r.access != unix.O_WRONLY)
}
