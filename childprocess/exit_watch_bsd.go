//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package childprocess

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

func chooseExitWatch(w ExitWatch) (ExitWatch, error) {
	switch w {
	case ExitWatchAuto, ExitWatchKqueue:
		return ExitWatchKqueue, nil
	case ExitWatchSIGCHLD:
		return w, nil
	}
	return 0, fmt.Errorf("childprocess: exit watch %v on a kqueue system: %w", w, errors.ErrUnsupported)
}

// An exitQueue is a kqueue(2) of its own with an EVFILT_PROC for each child. A kqueue is readable
// while it has events, so the loop watches it like any descriptor. It belongs to the loop
// goroutine.
type exitQueue struct {
	fd      int              // owned; closed by close
	watcher *reactor.Watcher // of fd
	// children whose NOTE_EXIT has not come; Close of the loop leaves them
	byPid map[int]*ChildProcess
}

// watchExit adds a filter for the exit of c, and opens the queue for the first child.
func (all *children) watchExit(c *ChildProcess) error {
	if all.exits == nil {
		if err := all.openExitQueue(); err != nil {
			return err
		}
	}
	var ev unix.Kevent_t
	unix.SetKevent(&ev, c.process.Pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	ev.Fflags = unix.NOTE_EXIT
	switch _, err := unix.Kevent(all.exits.fd, []unix.Kevent_t{ev}, nil, nil); err {
	case nil:
		all.exits.byPid[c.process.Pid] = c
	case unix.ESRCH:
		// It has exited already: some systems have no filter for a zombie.
		all.loop.SetImmediate(func() { all.reapExited(c) })
	default:
		return err
	}
	return nil
}

// openExitQueue makes all.exits. On an error nothing is open.
func (all *children) openExitQueue() error {
	kq, err := unix.Kqueue()
	if err != nil {
		return err
	}
	unix.CloseOnExec(kq) // A kqueue is not inherited by fork anyway.
	q := &exitQueue{fd: kq, byPid: map[int]*ChildProcess{}}
	if q.watcher, err = all.loop.Watch(kq, reactor.Readable, func(reactor.Readiness) { all.readExits() }); err != nil {
		fd.Close(kq)
		return err
	}
	q.watcher.Late()
	q.watcher.Unref()
	all.exits = q
	all.sharedRefs.add(q.watcher)
	return nil
}

// close closes the kqueue, when the loop is closed.
func (q *exitQueue) close() {
	q.watcher.Close()
	fd.Close(q.fd)
}

// readExits reads the events of the queue and reaps their children.
func (all *children) readExits() {
	var events [64]unix.Kevent_t
	n, err := unix.Kevent(all.exits.fd, nil, events[:], new(unix.Timespec))
	if err != nil {
		return // EINTR: the queue is still readable.
	}
	for _, ev := range events[:n] {
		pid := int(ev.Ident)
		if c := all.exits.byPid[pid]; c != nil {
			delete(all.exits.byPid, pid)
			all.reapExited(c)
		}
	}
}

// reapExited reaps c, whose exit was reported, and tries again until the kernel gives the status.
// Darwin has it a moment later, and a debugger that traces the child gets it first (ptrace(2)).
func (all *children) reapExited(c *ChildProcess) {
	all.reap(c)
	if c.state == childRunning {
		c.retryReap(func() { all.reapExited(c) })
	}
}
