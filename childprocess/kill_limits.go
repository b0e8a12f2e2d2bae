package childprocess

import (
	"context"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// limits is what may end a child before its time: Options.Timeout, Options.Context, Terminate, or a
// form that has had enough of its output. Whatever comes first is the cause. It sends the soft
// signal, and SIGKILL after the grace, to all in the child's scope.
type limits struct {
	soft       Signal
	grace      time.Duration // from the soft signal to SIGKILL; 0: never
	policy     CancelPolicy
	overflow   Overflow
	cancelFunc func(*ChildProcess) // in the place of the soft signal; nil: that is sent
	closeGrace time.Duration       // from exit to the closing of the pipes; 0: never

	// untilClose: the time-out and the context count until close, not only until exit. For the
	// forms whose caller waits for the output and not for the process.
	untilClose bool

	// closePipes closes what the form does not want to hear of any more; nil: nothing, or it was
	// closed. It is called after the signal, and when there is a grace at its end: until then the
	// child may write its last words, and die of SIGPIPE otherwise. It is called before the error
	// event of a child that gets no grace.
	closePipes func()

	cause     error // the first that came
	forced    bool
	signalled bool           // the soft signal was sent
	timeout   *reactor.Timer // this and the others are nil until they are set
	idle      *reactor.Timer
	seen      int64 // what the child had written when idle looked last, in bytes
	quiet     int   // so often idle has found no more
	force     *reactor.Timer
	forceAt   time.Time // when force fires
	cut       *reactor.Timer
	rest      *reactor.Timer // see awaitRest
	context   *contextWatch
	tree      *process.Tree // of scopeTree; nil before the first signal
}

// The rest of a group or a tree is looked for after restPoll, and then at growing distances up to
// restPollLongest: nothing tells when its last process ends.
const (
	restPoll        = 10 * time.Millisecond
	restPollLongest = 16 * restPoll
)

func (m *limits) init(o *Options) {
	m.soft, m.grace, m.closeGrace = o.KillSignal, o.KillGrace, o.CloseGrace
	m.policy, m.cancelFunc, m.overflow = o.Cancel, o.CancelFunc, o.Overflow
	if m.soft == 0 {
		m.soft = syscall.SIGTERM
	}
}

// arm starts the time-out and watches the context of a child that was started.
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
		c.loop.NextTick(func() { c.abort(ctx) }) // After spawn, which has its tick already.
	default:
		m.context = watchContext(ctx, c.loop, func() { c.abort(ctx) })
	}
}

// abort is the end of the context, on the loop.
func (c *ChildProcess) abort(ctx context.Context) {
	c.killUnlessItCloses(&AbortError{Op: c.op, File: c.file, Err: ctx.Err(), Cause: context.Cause(ctx)})
}

// killUnlessItCloses is the time-out or the cancellation. The loop may be late, and the child may have ended
// in time: so it looks before it shoots.
func (c *ChildProcess) killUnlessItCloses(cause error) {
	c.unlessItCloses(func() {
		if c.state < childExited || c.limits.untilClose {
			c.killFor(cause)
		}
	})
}

// killFor ends the child, unless there was a reason to do so before: it sends the soft signal and has
// SIGKILL follow. The error event tells of a cancellation that reached the child (Node v20,
// lib/child_process.js, abortChildProcess).
func (c *ChildProcess) killFor(cause error) { c.killWithin(cause, c.limits.grace) }

func (c *ChildProcess) killWithin(cause error, grace time.Duration) {
	m := &c.limits
	if m.cause != nil || c.state == childClosed {
		return
	}
	m.cause = cause
	if c.state >= childExited {
		c.status.Cause = cause // The exit event has told without it, the close event will tell.
	}
	if m.policy == CancelNone {
		reactor.Emit(c.loop, &c.err, cause)
		return
	}
	err := c.startKill()
	if err == nil && grace > 0 && !m.forced {
		c.forceAfter(grace)
	}
	if m.force == nil {
		c.closePipes()
	}
	if aborted, ok := cause.(*AbortError); ok && err == nil {
		reactor.Emit[error](c.loop, &c.err, aborted)
	}
	c.reportUnsent(m.soft, err)
}

// startKill begins to end the child, in the way that its options say.
func (c *ChildProcess) startKill() error {
	m := &c.limits
	switch {
	case m.cancelFunc != nil:
		reactor.Call(c.loop, m.cancelFunc, c)
		return nil
	case m.policy == CancelKill:
		err := c.signalAll(syscall.SIGKILL)
		m.forced = err == nil
		return err
	}
	m.signalled = true
	return c.signalAll(m.soft)
}

// forceAfter has SIGKILL sent after the grace, or before if it was to be sent sooner.
func (c *ChildProcess) forceAfter(grace time.Duration) {
	m := &c.limits
	at := c.loop.Now().Add(grace)
	switch {
	case c.state == childClosed:
		return
	case m.forced || m.force != nil && (!at.Before(m.forceAt) || c.state >= childExited && m.rest == nil):
		return // It comes sooner, or there is nobody any more.
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

// closePipes closes what the form does not want to hear of.
func (c *ChildProcess) closePipes() {
	if enough := c.limits.closePipes; enough != nil {
		c.limits.closePipes = nil
		enough()
	}
}

// holdOverflow is for a stream of which there is more than the form wants: without a grace it is
// destroyed next, without having come to its end. In the grace the child may go on to write, and
// what comes is thrown away.
func (c *ChildProcess) holdOverflow(r *streams.Readable) {
	if c.limits.grace == 0 && c.limits.policy != CancelNone {
		r.Hold()
	}
}

// dropsOverflow notes that there is more output than the form wants, and reports whether it is to be
// thrown away.
func (c *ChildProcess) dropsOverflow() bool {
	if c.limits.overflow == OverflowDrain {
		c.status.Overflowed = true
		return true
	}
	return false
}

// onGraceOver is the end of the grace.
func (c *ChildProcess) onGraceOver() { c.unlessItCloses(c.forceKill) }

func (c *ChildProcess) forceKill() {
	m := &c.limits
	err := c.signalAll(syscall.SIGKILL)
	m.forced = err == nil
	if err != nil || c.state != childRunning {
		c.closePipes() // Else the exit is near, and the last words with it.
	}
	c.reportUnsent(syscall.SIGKILL, err)
	if m.rest != nil { // The exit, which follows a kill else, has come before.
		c.status.Forced = m.forced
		c.stopAwaitingRest()
	}
}

// reportUnsent tells that a signal was refused. That there was nobody to be signalled is no news.
func (c *ChildProcess) reportUnsent(s Signal, err error) {
	if err != nil && err != syscall.ESRCH {
		reactor.Emit[error](c.loop, &c.err, &KillError{Pid: c.process.Pid, Signal: s, Err: err})
	}
}

// disarmAtExit is told when the process has ended: what could end it is disarmed. Others in its scope may
// be left.
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
			// The loop may be late, and those who are behind may take more now.
			c.loop.SetImmediate(func() {
				c.cutTees()
				c.unlessItCloses(c.endOutput)
			})
		})
	}
}

// awaitRest has close wait until the rest of the group or the tree has ended or the grace is over.
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

func (c *ChildProcess) stopAwaitingRest() {
	c.limits.rest.Stop()
	c.limits.force.Stop()
	c.closePipes()
	c.countDown()
}

// disarm forgets the time-out and the context.
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

// disarmAtClose is told with close: nothing may fire any more.
func (m *limits) disarmAtClose() {
	m.disarm()
	if m.cut != nil {
		m.cut.Stop()
	}
}
