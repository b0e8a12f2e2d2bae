package childprocess

import (
	"io"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A platform supplies:
//
//	func chooseExitWatch(w ExitWatch) (ExitWatch, error)   what to use for w, never ExitWatchAuto; ErrUnsupported
//	func (f *family) watchExit(c *ChildProcess) error      has f.look(c) called when c may have ended, as a Late watcher;
//	                                                       not called for ExitWatchSIGCHLD

// family is the children of one loop. It is closed with the loop.
type family struct {
	loop    *reactor.Loop
	way     ExitWatch
	open    *ChildProcess // list of those that have not closed, in the order of their start
	newest  *ChildProcess // the end of that list
	sigchld *signals.Watcher
	shared  sharedWatch
	exits   *exitQueue // kqueue systems; nil until the first child

	starter  process.Starter // of the children that are started on the loop goroutine
	spawners spawners        // of the others
}

type familyKey struct{}

func familyOf(l *reactor.Loop) (*family, error) {
	c, err := l.Local(familyKey{}, func() (io.Closer, error) {
		way, err := chooseExitWatch(ExitWatchAuto)
		if err != nil {
			return nil, err
		}
		return &family{loop: l, way: way}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*family), nil
}

// Prepare does what the loop would do with its first child, which then starts as fast as the others: it finds out what the
// system has, and takes a few low descriptor numbers. A server calls it before it opens descriptors by the thousand. It
// returns [reactor.ErrClosed] for a closed loop.
func Prepare(l *reactor.Loop) error {
	if l == nil {
		return &ArgumentError{"Prepare", "loop", "is nil"}
	}
	f, err := familyOf(l)
	if err != nil {
		return err
	}
	f.starter.Reserve()
	process.Prepare()
	return nil
}

// Close lets go of the children that were left: still running, or ended with streams that have not come to their end. They
// get no events. Those that run are survivors from here on.
func (f *family) Close() error {
	for c := f.open; c != nil; c = f.open {
		c.limits.closed()
		c.terminal.release()
		if c.watched {
			c.watcher.Close()
			c.watched = false
		}
		switch {
		case c.starting != nil:
			c.outlive()
			c.loopClosed()
		case c.state == childRunning:
			c.outlive()
		}
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
	f.starter.Release()
	f.spawners.close()
	return nil
}

// follow has the end of a child that was started watched.
func (f *family) follow(c *ChildProcess) error {
	if f.way == ExitWatchSIGCHLD || c.stopEvents {
		if err := f.watchSIGCHLD(); err != nil {
			return err
		}
		c.onSIGCHLD = true
		f.lookSoon(c) // It may have ended, or stopped, before.
	}
	f.refChanged(c)
	if f.way == ExitWatchSIGCHLD {
		return nil
	}
	if err := f.watchExit(c); err != nil {
		f.release(c)
		return err
	}
	return nil
}

// look asks about one child, when it may have ended.
func (f *family) look(c *ChildProcess) {
	for c.state == childRunning {
		change, err := c.process.Wait(c.stopEvents, &c.usage)
		if err == syscall.ECHILD {
			// Somebody has waited for it, or SIGCHLD is ignored in this program.
			change, err = c.process.Recover(), nil
		}
		switch {
		case err != nil || change.Kind == process.Unchanged:
			return
		case change.Kind == process.Stopped:
			reactor.Emit(f.loop, &c.stop, change.Signal)
		case change.Kind == process.Continued:
			reactor.Emit(f.loop, &c.resume, struct{}{})
		default:
			f.reaped(c, statusOf(change))
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
	c.state = childEnded
	// exit, and close when nothing else is open, are one callback, as in Node.
	c.afterBacklog(func() { f.loop.Callback(func() { c.ended(status) }) })
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
	c.process.Close()
}

// release gives up what following the process took. The pidfd of a leader means its group until close.
func (f *family) release(c *ChildProcess) {
	keep := c.scope == scopeGroup || c.state == childStarting // In the latter case somebody will abort it.
	if c.exitAgain != nil {
		c.exitAgain.Stop()
	}
	switch {
	case c.watched && keep:
		c.watcher.Close()
	case c.watched:
		c.watcher.CloseWithFD()
	}
	if !keep {
		c.process.Close()
	}
	f.shared.set(c, false)
}

// refChanged has c keep the loop alive, or not.
func (f *family) refChanged(c *ChildProcess) {
	if c.exitAgain != nil {
		if c.unrefed {
			c.exitAgain.Unref()
		} else {
			c.exitAgain.Ref()
		}
	}
	switch {
	case c.state == childStarting && c.starting != nil:
		c.starting.hold(f.loop, !c.unrefed)
	case !c.watched:
		f.shared.set(c, !c.unrefed)
	case c.unrefed:
		c.watcher.Unref()
	default:
		c.watcher.Ref()
	}
}
