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
//	func chooseExitWatch(w ExitWatch) (ExitWatch, error)
//	func (all *children) watchExit(c *ChildProcess) error
//
// chooseExitWatch returns the way that w means on this system, never ExitWatchAuto. Its error wraps
// errors.ErrUnsupported.
//
// watchExit has all.reap(c) called when c may have exited, by a Late watcher: the data that the
// child wrote before is read first. It is not called for ExitWatchSIGCHLD. On an error nothing is
// watched.

// children has all children of one loop, which closes it when the loop itself is closed. It belongs
// to the loop goroutine; spawners alone is used by others, too.
type children struct {
	loop      *reactor.Loop
	exitWatch ExitWatch // for the next child; never ExitWatchAuto
	// first of the children that have not closed, in the order of their start
	open       *ChildProcess
	newest     *ChildProcess    // last of them; nil, as open, if there is none
	sigchld    *signals.Watcher // nil until a child needs it
	sharedRefs sharedRefs
	exits      *exitQueue // kqueue systems; nil until the first child
	// peak memory of this program when last looked at, rounded up, in bytes; 0: not yet
	ownPeak int64

	starter  process.Starter // of children that are started on the loop goroutine
	spawners spawners        // of Async children
	spare    *starting       // memory for the next start; nil: none

	holders     int    // Async children whose start keeps the loop alive
	releaseHold func() // valid while holders > 0
}

// childrenKey is the key of a loop's children, see Loop.Local.
type childrenKey struct{}

// childrenOf returns the children of l, made by the first call. The error is reactor.ErrClosed.
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

// Prepare does now the work that l would do for its first child, so that this child starts as fast
// as later ones: it probes the system and reserves five low descriptor numbers. Call it before the
// program opens thousands of descriptors. It must be called on the loop goroutine. It returns an
// *[ArgumentError] for a nil loop and [reactor.ErrClosed] for a closed one.
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

// Close drops the children that have not closed: some run, and some have exited with streams still
// open. None of them gets another event. Those that run, or are being started, become survivors.
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

// follow has c reaped when it has exited. On an error it is not, and the caller aborts the process
// or tries again. unfollow undoes follow.
func (all *children) follow(c *ChildProcess) error {
	bySIGCHLD := all.exitWatch == ExitWatchSIGCHLD
	if !bySIGCHLD {
		err := all.watchExit(c)
		// chooseExitWatch has found that the system has pidfds, but a sandbox can refuse them on
		// this thread, or since then. ESRCH: something else in this program has waited for the
		// child before it had a pidfd; reap then finds that its status is lost.
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
		all.reapSoon(c) // Its SIGCHLD may have come before the watch.
	}
	all.refChanged(c)
	return nil
}

// reap takes the changes of c from the kernel (waitpid(2)), when c may have exited. It emits stop
// and continue, and calls onExit with the exit status. If c runs on, it does nothing.
func (all *children) reap(c *ChildProcess) {
	for c.state == childRunning {
		if c.limits.signalled && c.scope == scopeGroup && c.process.Ended() {
			// A shell blocks its signals while it forks. A signal that the group gets just before
			// the fork kills the shell and never reaches the new process. So the rest of the group
			// gets the signal again, before the leader is reaped: until then its number can only
			// mean this group.
			_ = c.signalGroup(c.limits.soft)
		}
		change, err := c.process.Wait(c.stopEvents, &c.usage)
		if err == syscall.ECHILD {
			// Something else in this program has waited for it, or SIGCHLD is ignored (wait(2)).
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

// onExit handles the exit of c, which was reaped. It has exit emitted: now, or behind the data and
// the messages that the child has left in its pipes and its channel.
func (all *children) onExit(c *ChildProcess, status ExitStatus) {
	status.Elapsed = time.Since(c.startedAt)
	status.Usage = usageOf(status.Rusage, c.sampledPeak, all.foreignMaxrss(c, status.Rusage), status.Elapsed)
	status.Usage.CgroupPeak = c.process.CgroupPeak()
	// Usage returns this from now on; the rest of the status waits for exit.
	c.status.Usage = status.Usage
	if status.Lost {
		c.waitErr = ErrStatusLost
	}
	all.unfollow(c)
	c.state = childReaped
	// exit, and close if nothing else is open, are one callback, as in Node.
	if b := c.backlog(); b.left() {
		late := status // A copy, because the closure would have the usual exit allocate, too.
		c.afterBacklog(b, func() { c.reportExit(late) })
		return
	}
	all.loop.Callback(func() { c.reportExit(status) })
}

// add puts c, which is in no list, at the end of the list of open children.
func (all *children) add(c *ChildProcess) {
	c.prev = all.newest
	if c.prev != nil {
		c.prev.next = c
	} else {
		all.open = c
	}
	all.newest = c
}

// remove takes a child that closes out of the list, and closes its pidfd.
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

// unfollow undoes follow, also one that has failed. It closes the pidfd, except that of a group's
// leader, by which KillGroup signals the group until close.
func (all *children) unfollow(c *ChildProcess) {
	// A start that fails needs the pidfd for Abort.
	keep := c.leadsGroup || c.state == childStarting
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

// refChanged has c keep the loop alive, or not, as c.unrefed says. c is starting or running.
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
