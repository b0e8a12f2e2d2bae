//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import "golang.org/x/sys/unix"

// registration is the poller's record of the watcher of one descriptor. As long as one of its
// filters is registered, the kernel's kevents carry the same token.
type registration struct {
	token   token
	want    Readiness
	kind    fdKind
	access  int // of a pipe: O_RDONLY, O_WRONLY, or O_RDWR, as FreeBSD's pipe(2) opens both ends
	read    filterMode
	write   filterMode
	readyAt int // index of its event in poller.ready, if the token there is its own
}

// fdKind says how the end of a stream shows. epoll(7) tells hang-ups, errors and half-closed
// sockets apart; kqueue(2) has one flag, EV_EOF, and one errno for all of them.
type fdKind uint8

const (
	kindOther fdKind = iota // terminals and other devices, kqueues
	// EV_EOF on the read side is the peer's shutdown(2), maybe of its writing half only.
	kindSocket
	// pipe(2) and mkfifo(2). macOS does not report the end of the latter
	// (https://go.dev/issue/24164).
	kindPipe
)

// filterMode is how one of a descriptor's two filters, EVFILT_READ and EVFILT_WRITE, is registered.
type filterMode uint8

const (
	filterOff   filterMode = iota
	filterLevel            // reported as long as it is ready
	filterEdge             // reported when it becomes ready, for edgeTriggered
	// Registered edge-triggered for EV_EOF alone: the watcher wants neither to read nor to write.
	filterGuard
)

// flags returns the flags for EV_ADD, 0 for filterOff. Two modes with the same flags are the same
// to the kernel.
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
// A guard sees the end of a descriptor that the watcher neither reads nor writes. It is
// edge-triggered, because data left unread would otherwise keep the loop awake. The write end of a
// pipe always has a guard on its read filter: on some systems only that one reports that the last
// reader is gone (Go does the same in runtime/netpoll_kqueue.go). An end opened for writing only
// has a guard on its write filter as well, because a named pipe may refuse or ignore the other
// (FreeBSD, OpenBSD).
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

// readiness translates an event of the descriptor.
func (r *registration) readiness(k *unix.Kevent_t) Readiness {
	got := Readable
	if k.Filter == unix.EVFILT_WRITE {
		got = Writable
	}
	if k.Flags&unix.EV_ERROR != 0 {
		// The filter itself has failed. The callback learns how by reading or writing.
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
		// The peer may still read, and our buffer may be full: not writable. Only a watcher that
		// wants Hangup gets the peer's shutdown. One that reads finds the end by reading; one that
		// writes gets a full close from the other filter.
		return Readable | r.want&Hangup
	}
	return Hangup | Readable | Writable
}

// isWriteEnd reports whether this is the write end of a pipe. Where both ends are open for both,
// the wanted conditions decide.
func (r *registration) isWriteEnd() bool {
	switch r.access {
	case unix.O_RDONLY:
		return false
	case unix.O_WRONLY:
		return true
	}
	return r.want&(Readable|Writable) == Writable
}

// readerGone reports whether err is the refusal to watch the write end of a pipe that has no reader
// any more: EPIPE on FreeBSD and DragonFly, EBADF on NetBSD. The read filter of the same end then
// reports EV_EOF in its place. FreeBSD's named pipes are an exception: the read filter of an end
// opened for writing only stays silent, so there EPIPE is the answer.
func (r *registration) readerGone(err error) bool {
	return r.kind == kindPipe && (err == unix.EBADF || err == unix.EPIPE && r.access != unix.O_WRONLY)
}
