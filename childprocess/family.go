package childprocess

import (
	"io"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A platform supplies:
//
//	func chooseExitWatch(w ExitWatch) (ExitWatch, error)   what to use for w, never ExitWatchAuto; ErrUnsupported
//	func (f *family) watchExit(c *ChildProcess) error      has f.look(c) called when c may have ended, as a Late watcher;
//	                                                       not called for ExitWatchSIGCHLD
//	func (c *ChildProcess) wait() (change, error)          asks the kernel about c without waiting; takes its status when it
//	                                                       has ended; ECHILD when that is gone; stops only with stopEvents
//	func (c *ChildProcess) recoverStatus() (status ExitStatus, again bool)
//	                                                       the status after ECHILD, as far as it can be known; or f.look(c)
//	                                                       will be called again and is to ask again
//	func pidfdSendSignal(pidfd int, s Signal) error
//	func pidfdSignalGroup(pidfd int, s Signal) error       EINVAL, ENOSYS: not to be had
//	func groupEnded(group int) bool                        of one that pidfdSignalGroup finds: all that is left are zombies
//	func requestPidfd(sys *syscall.SysProcAttr, pidfd *int)   for ExitWatchPidfd
//	func emptySignalMask() (restore func())                of the calling thread, which is locked

// family is the children of one loop. It is closed with the loop.
type family struct {
	loop    *reactor.Loop
	way     ExitWatch
	open    *ChildProcess // list of those that have not closed, in the order of their start
	newest  *ChildProcess // the end of that list
	sigchld *signals.Watcher
	shared  sharedWatch
	exits   *exitQueue // kqueue systems; nil until the first child
}

type familyKey struct{}

func familyOf(l *reactor.Loop) (*family, error) {
	c, err := l.Local(familyKey{}, func() (io.Closer, error) {
		way, err := chooseExitWatch(ExitWatchAuto)
		return &family{loop: l, way: way}, err
	})
	if err != nil {
		return nil, err
	}
	return c.(*family), nil
}

// Close lets go of the children that were left: unref'd and still running, or ended with streams that nobody brought to
// their end. They get no events.
func (f *family) Close() error {
	for c := f.open; c != nil; c = f.open {
		c.limits.closed()
		f.release(c)
		f.leave(c)
		c.state = childClosed
		if c.doneErr == nil {
			c.doneErr = reactor.ErrClosed
		}
		close(c.done)
	}
	if f.exits != nil {
		f.exits.close()
	}
	return nil
}

// fork starts c and has its end watched. The error wraps an errno.
func (f *family) fork(c *ChildProcess, path string, env []string, files []uintptr, o *Options) error {
	if f.way == ExitWatchSIGCHLD || c.stopEvents {
		// Before the fork: a child may end at once.
		if err := f.watchSIGCHLD(); err != nil {
			return err
		}
		c.onSIGCHLD = true
	}
	sys := &syscall.SysProcAttr{
		Setsid: o.Detached,
		// setsid(2) makes a group too, of which its leader cannot make another.
		Setpgid:    o.Setpgid || c.leads && !o.Detached,
		Pgid:       o.Pgid,
		Credential: o.credential(),
	}
	if f.way == ExitWatchPidfd {
		requestPidfd(sys, &c.pidfd)
	}
	pid, err := forkClean(f.loop, path, c.args, &syscall.ProcAttr{Dir: o.Dir, Env: env, Files: files, Sys: sys})
	if err != nil {
		c.pidfd = -1
		return err
	}
	c.pid = pid
	f.refChanged(c)
	if f.way != ExitWatchSIGCHLD {
		if err := f.watchExit(c); err != nil {
			f.abort(c)
			return err
		}
	}
	return nil
}

// abort ends a child that was started and cannot be watched.
func (f *family) abort(c *ChildProcess) {
	_ = c.signal(syscall.SIGKILL) // It is our child and not yet waited for: this cannot fail.
	var ws syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(c.pid, &ws, 0, nil); err != syscall.EINTR {
			break
		}
	}
	f.release(c)
	c.closePidfd()
	c.pid = 0
}

// look asks about one child, when it may have ended.
func (f *family) look(c *ChildProcess) {
	for c.state == childRunning {
		ch, err := c.wait()
		switch {
		case err == syscall.ECHILD:
			// Somebody has waited for it, or SIGCHLD is ignored in this program.
			status, again := c.recoverStatus()
			if again {
				return
			}
			f.reaped(c, status)
		case err != nil || ch.kind == unchanged:
			return
		case ch.kind == ended:
			f.reaped(c, ch.status)
		case ch.kind == stopped:
			c.stop.Emit(ch.signal)
		case ch.kind == continued:
			c.resume.Emit(struct{}{})
		}
	}
}

// reaped is the end of a child's process.
func (f *family) reaped(c *ChildProcess, status ExitStatus) {
	status.Elapsed = time.Since(c.start)
	if status.Lost {
		c.doneErr = ErrStatusLost
	}
	f.release(c)
	c.ended(status)
}

// join and leave keep the list of children.
func (f *family) join(c *ChildProcess) {
	c.prev = f.newest
	if c.prev != nil {
		c.prev.next = c
	} else {
		f.open = c
	}
	f.newest = c
}

func (f *family) leave(c *ChildProcess) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		f.open = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		f.newest = c.prev
	}
	c.prev, c.next = nil, nil
	c.closePidfd()
}

// release gives up what following the process took. The pidfd of a leader means its group until close.
func (f *family) release(c *ChildProcess) {
	if c.watcher != nil {
		c.watcher.Close()
	}
	if !c.leads {
		c.closePidfd()
	}
	f.shared.set(c, false)
}

func (c *ChildProcess) closePidfd() {
	if c.pidfd >= 0 {
		fd.Close(c.pidfd)
		c.pidfd = -1
	}
}

// refChanged has c keep the loop alive, or not.
func (f *family) refChanged(c *ChildProcess) {
	switch {
	case c.watcher == nil:
		f.shared.set(c, !c.unrefed)
	case c.unrefed:
		c.watcher.Unref()
	default:
		c.watcher.Ref()
	}
}
