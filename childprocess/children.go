package childprocess

import (
	"io"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A platform supplies:
//
//	func chooseExitWatch(w ExitWatch) (ExitWatch, error)   what to use for w, never ExitWatchAuto; ErrUnsupported
//	func (all *children) watchExit(c *ChildProcess) error      has all.reap(c) called when c may have exited, as a Late watcher;
//	                                                       not called for ExitWatchSIGCHLD

// children are those of one loop, with which they are closed.
type children struct {
	loop       *reactor.Loop
	exitWatch  ExitWatch
	open       *ChildProcess // list of those that have not closed, in the order of their start
	newest     *ChildProcess // the end of that list
	sigchld    *signals.Watcher
	sharedRefs sharedRefs
	exits      *exitQueue // kqueue systems; nil until the first child
	// of the memory of this program, in bytes, a little more than it was last; 0: not known yet
	ownPeak int64

	starter  process.Starter // of the children that are started on the loop goroutine
	spawners spawners        // of the others
	spare    *starting       // memory for the next start

	holders     int    // Async children whose start keeps the loop alive
	releaseHold func() // valid while there are any
}

type childrenKey struct{}

func childrenOf(l *reactor.Loop) (*children, error) {
	c, err := l.Local(childrenKey{}, func() (io.Closer, error) {
		way, err := chooseExitWatch(ExitWatchAuto)
		if err != nil {
			return nil, err
		}
		return &children{loop: l, exitWatch: way}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*children), nil
}

// Prepare does what the loop would do with its first child, which then starts as fast as the
// others: it finds out what the system has, and takes a few low descriptor numbers. A server calls
// it before it opens descriptors by the thousand. It returns [reactor.ErrClosed] for a closed loop.
func Prepare(l *reactor.Loop) error {
	if l == nil {
		return &ArgumentError{"Prepare", "loop", "is nil"}
	}
	all, err := childrenOf(l)
	if err != nil {
		return err
	}
	all.starter.Reserve()
	process.Prepare()
	return nil
}

// Close lets go of the children that were left: still running, or ended with streams that have not
// come to their end. They get no events. Those that run are survivors from here on.
func (all *children) Close() error {
	for c := all.open; c != nil; c = all.open {
		c.limits.disarmAtClose()
		c.terminal.closeSlave()
		if c.feeder != nil {
			c.feeder.stop()
		}
		if c.watched {
			c.watcher.Close()
			c.watched = false
		}
		switch {
		case c.starting != nil:
			c.outlive()
			c.noteLoopClosed()
		case c.state == childRunning:
			c.outlive()
		}
		all.unfollow(c)
		all.remove(c)
		c.state = childClosed
		if c.waitErr == nil {
			c.waitErr = reactor.ErrClosed
		}
		close(c.done)
	}
	if all.exits != nil {
		all.exits.close()
	}
	all.starter.Release()
	all.spawners.close()
	return nil
}

// follow has the end of a child that was started watched.
func (all *children) follow(c *ChildProcess) error {
	bySIGCHLD := all.exitWatch == ExitWatchSIGCHLD
	if !bySIGCHLD {
		err := all.watchExit(c)
		// Refused on this thread, or from now on: the loop has found that it has that way. ESRCH:
		// somebody has waited for the child before it had a pidfd, and the look that follows finds
		// that its status is lost.
		bySIGCHLD = fd.Refused(err) || err == syscall.ESRCH
		if err != nil && !bySIGCHLD {
			all.unfollow(c)
			return err
		}
	}
	if bySIGCHLD || c.stopEvents {
		if err := all.watchSIGCHLD(); err != nil {
			all.unfollow(c)
			return err
		}
		c.bySIGCHLD = true
		all.reapSoon(c) // It may have ended, or stopped, before.
	}
	all.refChanged(c)
	return nil
}

// reap asks about one child, when it may have ended.
func (all *children) reap(c *ChildProcess) {
	for c.state == childRunning {
		if c.limits.signalled && c.scope == scopeGroup && c.process.Ended() {
			// A shell blocks its signals while it forks: one that is sent to the group just before
			// the fork ends the shell, and never comes to the process that is born. So the rest of
			// the group gets it once more, while the number of the leader, which nobody has waited
			// for, can only mean this group.
			_ = c.signalGroup(c.limits.soft)
		}
		change, err := c.process.Wait(c.stopEvents, &c.usage)
		if err == syscall.ECHILD {
			// Somebody has waited for it, or SIGCHLD is ignored in this program.
			change, err = c.process.Recover(), nil
		}
		switch {
		case err != nil || change.Kind == process.Unchanged:
			return
		case change.Kind == process.Stopped:
			reactor.Emit(all.loop, &c.stop, change.Signal)
		case change.Kind == process.Continued:
			reactor.Emit(all.loop, &c.cont, struct{}{})
		default:
			all.onExit(c, statusOf(change))
		}
	}
}

// onExit is the end of a child's process.
func (all *children) onExit(c *ChildProcess, status ExitStatus) {
	status.Elapsed = time.Since(c.startedAt)
	status.Usage = usageOf(status.Rusage, c.sampledPeak, all.foreignMaxrss(c, status.Rusage), status.Elapsed)
	status.Usage.CgroupPeak = c.process.CgroupPeak()
	// The rest of the status is known with exit, which may come later.
	c.status.Usage = status.Usage
	if status.Lost {
		c.waitErr = ErrStatusLost
	}
	all.unfollow(c)
	c.state = childReaped
	// exit, and close when nothing else is open, are one callback, as in Node.
	if b := c.backlog(); b.left() {
		late := status // So that the usual exit allocates nothing.
		c.afterBacklog(b, func() { c.reportExit(late) })
		return
	}
	all.loop.Callback(func() { c.reportExit(status) })
}

// add and remove keep the list of children.
func (all *children) add(c *ChildProcess) {
	c.prev = all.newest
	if c.prev != nil {
		c.prev.next = c
	} else {
		all.open = c
	}
	all.newest = c
}

func (all *children) remove(c *ChildProcess) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		all.open = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		all.newest = c.prev
	}
	c.prev, c.next = nil, nil
	c.process.Close()
}

// unfollow gives up what following the process took. The pidfd of a leader means its group until
// close.
func (all *children) unfollow(c *ChildProcess) {
	keep := c.leadsGroup || c.state == childStarting // In the latter case somebody will abort it.
	if c.retryTimer != nil {
		c.retryTimer.Stop()
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
	all.sharedRefs.set(c, false)
}

// refChanged has c keep the loop alive, or not.
func (all *children) refChanged(c *ChildProcess) {
	if c.retryTimer != nil {
		if c.unrefed {
			c.retryTimer.Unref()
		} else {
			c.retryTimer.Ref()
		}
	}
	switch {
	case c.state == childStarting && c.starting != nil:
		all.setHold(c.starting, !c.unrefed)
	case !c.watched:
		all.sharedRefs.set(c, !c.unrefed)
	case c.unrefed:
		c.watcher.Unref()
	default:
		c.watcher.Ref()
	}
}
