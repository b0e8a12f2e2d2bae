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

// hasPidfd is asked once: the kernel does not change.
var hasPidfd = sync.OnceValue(process.HasPidfd)

// watchExit watches the child's pidfd, which is readable once it has ended.
func (all *children) watchExit(c *ChildProcess) error {
	if c.process.Pidfd < 0 {
		// The kernel has pidfds but did not give one with the fork. The child is ours and not
		// waited for: its pid is good.
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

func (c *ChildProcess) onPidfdReadable(reactor.Readiness) {
	c.siblings.reap(c)
	if c.state == childRunning {
		c.retryReap()
	}
}

// retryReap is for a child that has ended and whose end cannot be had: a debugger that traces it
// gets it first (ptrace(2)), or somebody else in this program is just taking it. The pidfd is
// readable all the while, so it is left alone for a time.
func (c *ChildProcess) retryReap() {
	if c.watcher.Set(0) != nil {
		return
	}
	c.retryPause = min(max(2*c.retryPause, exitPoll), exitPollLongest)
	c.retryTimer = c.loop.SetTimeout(c.retryPause, func() {
		c.retryTimer = nil
		_ = c.watcher.Set(reactor.Readable) // It was watched before.
	})
	if c.unrefed {
		c.retryTimer.Unref()
	}
}
