package childprocess

import (
	"errors"
	"fmt"
	"sync"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
)

func chooseExitWatch(w ExitWatch) (ExitWatch, error) {
	switch w {
	case ExitWatchAuto:
		if hasPidfd() {
			return ExitWatchPidfd, nil
		}
		return ExitWatchSIGCHLD, nil
	case ExitWatchPidfd:
		if hasPidfd() {
			return w, nil
		}
	case ExitWatchSIGCHLD:
		return w, nil
	}
	return 0, fmt.Errorf("childprocess: exit watch %v on this Linux: %w", w, errors.ErrUnsupported)
}

// hasPidfd probes once, because the kernel does not change while the program runs.
var hasPidfd = sync.OnceValue(process.HasPidfd)

// watchExit watches the child's pidfd, which is readable once the child has exited (pidfd_open(2)).
func (all *children) watchExit(c *ChildProcess) error {
	if c.process.Pidfd < 0 {
		// The fork has not returned a pidfd although the kernel has them. The pid means this child,
		// because it was not reaped.
		if err := c.process.OpenPidfd(); err != nil {
			return err
		}
	}
	if err := all.loop.WatchInto(&c.watcher, c.process.Pidfd, reactor.Readable, c.onPidfdReadable); err != nil {
		return err
	}
	c.watcher.Late()
	c.watched = true
	all.sharedRefs.set(c, false)
	all.refChanged(c)
	return nil
}

// onPidfdReadable reaps the child, whose exit the pidfd reports. If the child cannot be reaped yet,
// the pidfd is watched again after a pause: a debugger that traces the child gets the status first
// (ptrace(2)), or something else in this program is about to take it. Without a pause the loop
// would spin, because the pidfd stays readable.
func (c *ChildProcess) onPidfdReadable(reactor.Readiness) {
	c.siblings.reap(c)
	if c.state != childRunning || c.watcher.Set(0) != nil {
		return
	}
	c.retryReap(func() {
		_ = c.watcher.Set(reactor.Readable) // It cannot fail: the watcher had this set before.
	})
}
