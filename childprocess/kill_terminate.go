package childprocess

import (
	"errors"
	"time"
)

// ErrTerminated is the cause when [ChildProcess.Terminate] has killed a child.
var ErrTerminated = errors.New("childprocess: terminated")

// Terminate kills the child as a limit does: it sends KillSignal, and SIGKILL if the child has not
// exited after the grace. A grace of 0 sends SIGKILL as soon as the loop goes on, a negative one
// never. ExitStatus has [ErrTerminated] as the Cause, unless a limit was reached before, and Forced
// if SIGKILL was sent.
//
// Both signals go to the processes that Options.KillSignal describes: the child, its group, or a
// shell and its descendants. Stopped ones are continued, so that they handle the signal, and close
// waits for them within the grace. A second call can only shorten the grace. An Async child that is
// being started gets the signals when it runs.
//
// If the child has exited, Terminate does nothing and is no Cause, with two exceptions: it signals
// other processes of these that are left, and if a form still waits for the output, it closes the
// pipes.
//
// CancelFunc and the listeners of the error event are called on the next tick. If the system
// refuses a signal, that event has a *[KillError]. With CancelNone no call sends a signal. Once the
// child has outlived its loop, Terminate is safe to call from any goroutine.
func (c *ChildProcess) Terminate(grace time.Duration) {
	if grace == 0 {
		grace = 1
	}
	switch {
	case c.survivor != nil:
		_, _ = c.survivor.do(func(c *ChildProcess) (bool, error) { c.Terminate(grace); return true, nil })
	case c.state == childStarting:
		c.starting.queueTerminate(grace)
	case c.limits.cause == nil && c.nothingToKill():
	case c.limits.cause == nil:
		c.killWithin(ErrTerminated, grace)
	case grace > 0 && c.limits.policy != CancelNone:
		c.forceAfter(grace)
	}
}

// nothingToKill reports whether Terminate has nothing to do: the child has exited or was not
// started, no other process of its scope is left, and no form waits for its output.
func (c *ChildProcess) nothingToKill() bool {
	return c.startErr != nil || c.state > childRunning && c.limits.closePipes == nil && !c.othersLeft()
}
