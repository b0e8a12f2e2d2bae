package childprocess

import (
	"errors"
	"time"
)

// ErrTerminated is the cause when [ChildProcess.Terminate] has ended a child.
var ErrTerminated = errors.New("childprocess: terminated")

// Terminate ends the child as a limit does: it sends KillSignal, and SIGKILL if the child has not
// exited after the grace. An exit within the grace, with whatever code, is the end; a grace of 0
// sends SIGKILL next, and a negative one never. ExitStatus has [ErrTerminated] as the Cause, unless
// a limit was first, and Forced when it took SIGKILL.
//
// Both signals go to the group when the child leads one, and to a shell's descendants, as
// Options.KillSignal describes; close then waits for these within the grace. They reach a child
// that is stopped: it is continued. A second call can only shorten the grace. An Async child that
// is being started is ended when it runs.
//
// Once the child has ended, Terminate does nothing, and is no Cause, unless others of these are
// left, or a form still waits for the output: of that it closes the pipes.
//
// A signal that the system refuses is told by the error event, with a *[KillError]. With CancelNone
// no signal is sent, by a second call neither.
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

// nothingToKill reports whether the child has ended by itself, or was not started, and there is
// nothing else to be ended.
func (c *ChildProcess) nothingToKill() bool {
	return c.startErr != nil || c.state > childRunning && c.limits.closePipes == nil && !c.othersLeft()
}
