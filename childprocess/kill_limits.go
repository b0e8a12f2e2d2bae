package childprocess

import (
	"context"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// limits can kill a child before it exits by itself: Options.Timeout, IdleTimeout, StopWhen and
// Context, Terminate, and the MaxBuffer of a form. The first of them is the cause. It sends the
// soft signal, and SIGKILL after the grace, to all processes in the child's scope.
//
// They belong to the loop goroutine; init is called before the child belongs to a loop. A timer is
// nil until it is set for the first time.
type limits struct {
	// Set by init, and not changed later.
	soft       Signal        // KillSignal, or SIGTERM
	grace      time.Duration // from the soft signal to SIGKILL; 0: SIGKILL is not sent
	policy     CancelPolicy
	overflow   Overflow
	closeGrace time.Duration // from exit to the close of the pipes; 0: no limit

	// Set by init, and nil once it was called: called in place of the soft signal. nil from the
	// start: the signal is sent.
	cancelFunc func(*ChildProcess)

	// Set by a form that waits for the output, before the loop emits an event. untilClose: Timeout
	// and Context count until close, not only until exit. closePipes closes the pipes of the form:
	// after the soft signal, or, with a grace, at the end of it, since until then the child may
	// write its last words and would die of SIGPIPE. It is nil once it was called.
	untilClose bool
	closePipes func()

	cause     error // the first limit that was reached; nil: none yet
	signalled bool  // the soft signal was sent, or refused
	forced    bool  // SIGKILL was sent

	timeout *reactor.Timer // of Options.Timeout
	idle    *reactor.Timer // of the next look by watchIdle
	seen    int64          // bytes that had come from the child at the last look
	quiet   int            // looks in a row at which nothing had been added
	force   *reactor.Timer // of SIGKILL
	forceAt time.Time      // when force fires; valid if force is not nil
	cut     *reactor.Timer // of closeGrace, since exit
	rest    *reactor.Timer // of the next look by awaitRest
	context *contextWatch  // nil: the context cannot be done, or was so before the start
	tree    *process.Tree  // of scopeTree and KillTree; nil before their first signal
}

// awaitRest looks for the rest of a group or a tree after restPoll, and then at growing distances
// up to restPollLongest, because the kernel does not report the exit of the last process. lastLook
// looks again after restPoll while a reader of this program is slow.
const (
	restPoll        = 10 * time.Millisecond
	restPollLongest = 16 * restPoll
)

// init takes the limits over from o.
func (m *limits) init(o *Options) {
	m.soft, m.grace, m.closeGrace = o.KillSignal, o.KillGrace, o.CloseGrace
	m.policy, m.cancelFunc, m.overflow = o.Cancel, o.CancelFunc, o.Overflow
	if m.soft == 0 {
		m.soft = syscall.SIGTERM
	}
}

// arm sets the timers of a child that was started, and watches its context. disarm undoes it.
func (c *ChildProcess) arm(o *Options) {
	m := &c.limits
	if o.Timeout > 0 {
		m.timeout = c.loop.SetTimeout(o.Timeout, func() { c.killUnlessItCloses(ErrTimeout) })
	}
	if o.IdleTimeout > 0 {
		c.watchIdle(o.IdleTimeout)
	}
	if o.StopWhen != nil {
		c.watchOutput(o.StopWhen)
	}
	ctx := o.Context
	switch {
	case ctx == nil || ctx.Done() == nil:
	case ctx.Err() != nil:
		c.loop.NextTick(func() { c.abort(ctx) }) // Spawn comes first: its tick is queued already.
	default:
		m.context = watchContext(ctx, c.loop, func() { c.abort(ctx) })
	}
}

// abort kills the child because ctx is done.
func (c *ChildProcess) abort(ctx context.Context) {
	c.killUnlessItCloses(&AbortError{Op: c.op, File: c.file, Err: ctx.Err(), Cause: context.Cause(ctx)})
}

// killUnlessItCloses handles a time-out or a context that is done. If the loop is late, the child
// may have exited in time; so it looks before it kills.
func (c *ChildProcess) killUnlessItCloses(cause error) {
	c.unlessItCloses(func() {
		if c.state < childExited || c.limits.untilClose {
			c.killFor(cause)
		}
	})
}

// killFor kills the child because of cause, unless another limit was reached before: it makes cause
// the Cause, sends the soft signal, unless there is a CancelFunc, and has SIGKILL sent after the
// grace. With CancelNone it sends nothing. The program is called by reportKill, on the next tick:
// killFor may run inside Terminate, in the data callback of a stream, or before the spawn event.
func (c *ChildProcess) killFor(cause error) { c.killWithin(cause, c.limits.grace) }

// killWithin is killFor with another grace; 0 or less: SIGKILL is not sent.
func (c *ChildProcess) killWithin(cause error, grace time.Duration) {
	m := &c.limits
	if m.cause != nil || c.state == childClosed {
		return
	}
	m.cause = cause
	if c.state >= childExited {
		c.status.Cause = cause // The exit event came without it; the close event has it.
	}
	var sent Signal
	var err error
	switch {
	case m.policy == CancelNone || m.cancelFunc != nil:
	case m.policy == CancelKill:
		sent, err = syscall.SIGKILL, c.signalAll(syscall.SIGKILL)
		m.forced = err == nil
	default:
		m.signalled = true
		sent, err = m.soft, c.signalAll(m.soft)
	}
	if err == nil && grace > 0 && !m.forced && m.policy != CancelNone {
		c.forceAfter(grace)
	}
	c.loop.NextTick(func() { c.reportKill(sent, err) })
}

// reportKill ends killWithin, which has sent a signal, if it is not 0, with the result err: it
// calls CancelFunc, closes the pipes of the form, and emits the error event: an *AbortError if a
// context is the cause and the signal was sent (Node v20, lib/child_process.js, abortChildProcess),
// a *KillError if the signal was refused, and with CancelNone the cause. It does nothing if the
// child has closed in the meantime.
func (c *ChildProcess) reportKill(sent Signal, err error) {
	m := &c.limits
	switch {
	case c.state == childClosed:
		return
	case m.policy == CancelNone:
		reactor.Emit(c.loop, &c.err, m.cause)
		return
	case m.cancelFunc != nil:
		cancel := m.cancelFunc
		m.cancelFunc = nil
		reactor.Call(c.loop, cancel, c)
	}
	if m.force == nil {
		c.closePipes()
	}
	if aborted, ok := m.cause.(*AbortError); ok && err == nil {
		reactor.Emit[error](c.loop, &c.err, aborted)
	}
	c.reportUnsent(sent, err)
}

// forceAfter has SIGKILL sent after grace, unless it was sent or will be sent sooner.
func (c *ChildProcess) forceAfter(grace time.Duration) {
	m := &c.limits
	at := c.loop.Now().Add(grace)
	switch {
	case c.state == childClosed:
		return
	case m.forced || m.force != nil && (!at.Before(m.forceAt) || c.state >= childExited && m.rest == nil):
		return // Or nothing is left of the scope.
	case m.force != nil:
		m.force.Reset(grace)
	default:
		m.force = c.loop.SetTimeout(grace, c.onGraceOver)
		if c.state >= childExited {
			c.awaitRest()
		}
	}
	m.forceAt = at
}

// closePipes calls limits.closePipes, the first time that it is called.
func (c *ChildProcess) closePipes() {
	if closePipes := c.limits.closePipes; closePipes != nil {
		c.limits.closePipes = nil
		closePipes()
	}
}

// holdOverflow handles a stream that has more data than the form wants. Without a grace it stops
// reading: the stream is destroyed next, and must not come to its end before. With a grace it goes
// on reading, and the form drops the data: the child may write until the end of the grace.
func (c *ChildProcess) holdOverflow(r *streams.Readable) {
	if c.limits.grace == 0 && c.limits.policy != CancelNone {
		r.Hold()
	}
}

// dropsOverflow is called when there is more output than the form wants. It reports whether the
// form drops the rest and the child goes on, and notes that in the status.
func (c *ChildProcess) dropsOverflow() bool {
	if c.limits.overflow == OverflowDrain {
		c.status.Overflowed = true
		return true
	}
	return false
}

// onGraceOver handles the end of the grace. A child that closes in the same turn is spared.
func (c *ChildProcess) onGraceOver() { c.unlessItCloses(c.forceKill) }

// forceKill sends SIGKILL to the whole scope. Without a child to wait for it closes the pipes of
// the form; else the exit does, after the last words.
func (c *ChildProcess) forceKill() {
	m := &c.limits
	err := c.signalAll(syscall.SIGKILL)
	m.forced = err == nil
	if err != nil || c.state != childRunning {
		c.closePipes()
	}
	c.reportUnsent(syscall.SIGKILL, err)
	if m.rest != nil { // The child has exited, so the exit event came without Forced.
		c.status.Forced = m.forced
		c.stopAwaitingRest()
	}
}

// reportUnsent emits a *KillError for a signal that was refused. ESRCH is no refusal: no process
// was left to get the signal.
func (c *ChildProcess) reportUnsent(s Signal, err error) {
	if err != nil && err != syscall.ESRCH {
		reactor.Emit[error](c.loop, &c.err, &KillError{Pid: c.process.Pid, Signal: s, Err: err})
	}
}

// disarmAtExit takes off the limits of a child that has exited, except that SIGKILL stays due while
// other processes of its scope are left. It starts CloseGrace.
func (c *ChildProcess) disarmAtExit() {
	m := &c.limits
	if !m.untilClose {
		m.disarm()
	}
	switch {
	case m.force == nil:
	case !m.forced && c.othersLeft():
		c.awaitRest()
	default:
		m.force.Stop()
		c.closePipes()
	}
	if m.closeGrace > 0 {
		m.cut = c.loop.SetTimeout(m.closeGrace, func() {
			if len(c.tees) == 0 {
				c.unlessItCloses(c.endOutput)
				return
			}
			// If the loop is late, a target that is behind may take more in this turn.
			c.loop.SetImmediate(func() {
				c.cutTees()
				c.unlessItCloses(c.endOutput)
			})
		})
	}
}

// awaitRest has close wait until the rest of the group or the tree has exited or the grace is over.
func (c *ChildProcess) awaitRest() {
	c.pending++
	pause := restPoll
	c.limits.rest = c.loop.SetTimeout(pause, func() {
		if !c.othersLeft() {
			c.stopAwaitingRest()
			return
		}
		pause = min(2*pause, restPollLongest)
		c.limits.rest.Reset(pause)
	})
}

// stopAwaitingRest undoes awaitRest: close no longer waits for the rest.
func (c *ChildProcess) stopAwaitingRest() {
	c.limits.rest.Stop()
	c.limits.force.Stop()
	c.closePipes()
	c.countDown()
}

// disarm undoes arm: neither a time-out nor the context kills the child any more.
func (m *limits) disarm() {
	for _, t := range []*reactor.Timer{m.timeout, m.idle} {
		if t != nil {
			t.Stop()
		}
	}
	if m.context != nil {
		m.context.stop()
	}
}

// disarmAtClose takes off all limits: after close no timer of them may fire.
func (m *limits) disarmAtClose() {
	m.disarm()
	if m.cut != nil {
		m.cut.Stop()
	}
}
