package childprocess

import (
	"strconv"
	"time"

	"github.com/brood-go/brood/reactor"
)

// An ExitWatch is a way in which a loop learns that a child has exited.
type ExitWatch uint8

// The kinds of ExitWatch.
const (
	// ExitWatchAuto is the best one that a probe of the system finds.
	ExitWatchAuto ExitWatch = iota

	// ExitWatchPidfd watches a pidfd for each child (pidfd_open(2), Linux 5.4).
	ExitWatchPidfd

	// ExitWatchSIGCHLD watches SIGCHLD and then asks for each child of the loop (wait(2)). If the
	// program ignores SIGCHLD later, no exit is seen. A status that something else in the program
	// takes is lost.
	ExitWatchSIGCHLD

	// ExitWatchKqueue watches a kqueue(2) filter for each child (EVFILT_PROC; the BSDs and macOS).
	ExitWatchKqueue
)

// If the kernel has reported the exit of a child but does not give its status yet, reap is tried
// again after exitPoll, and then at growing distances up to exitPollLongest.
const (
	exitPoll        = time.Millisecond
	exitPollLongest = 128 * time.Millisecond
)

// String returns its name, such as "pidfd".
func (w ExitWatch) String() string {
	switch w {
	case ExitWatchAuto:
		return "auto"
	case ExitWatchPidfd:
		return "pidfd"
	case ExitWatchSIGCHLD:
		return "sigchld"
	case ExitWatchKqueue:
		return "kqueue"
	}
	return "ExitWatch(" + strconv.Itoa(int(w)) + ")"
}

// SetExitWatch chooses how l learns of the exit of the children that are started from now on. It
// must be called on the loop goroutine. The error is an *[ArgumentError] for a nil loop,
// [reactor.ErrClosed] for a closed one, and wraps errors.ErrUnsupported if this system does not
// have w.
func SetExitWatch(l *reactor.Loop, w ExitWatch) error {
	if l == nil {
		return &ArgumentError{"SetExitWatch", "loop", "is nil"}
	}
	all, err := childrenOf(l)
	if err != nil {
		return err
	}
	way, err := chooseExitWatch(w)
	if err != nil {
		return err
	}
	all.exitWatch = way
	return nil
}

// retryReap calls again after a pause, which grows with each try. unfollow drops the call.
func (c *ChildProcess) retryReap(again func()) {
	c.retryPause = min(max(2*c.retryPause, exitPoll), exitPollLongest)
	c.retryTimer = c.loop.SetTimeout(c.retryPause, func() {
		c.retryTimer = nil
		again()
	})
	if c.unrefed {
		c.retryTimer.Unref()
	}
}
