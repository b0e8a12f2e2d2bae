package childprocess

import (
	"context"
	"syscall"
	"time"

	"github.com/brood-go/brood/reactor"
)

// limits is what may end a child before its time: Options.Timeout, Options.Context, or a form that has had enough of its
// output. Whatever comes first is the cause. It sends the soft signal, and SIGKILL after the grace, to the group when the
// child leads one that this library has made.
type limits struct {
	soft       Signal
	grace      time.Duration // from the soft signal to SIGKILL; 0: never
	closeGrace time.Duration // from exit to the closing of the pipes; 0: never

	// untilClose: the time-out and the context count until close, not only until exit. For the forms whose caller waits
	// for the output and not for the process.
	untilClose bool

	// enough closes what the form does not want to hear of any more; nil: nothing. It is called after the signal, or the
	// child might die of SIGPIPE instead, and before the error event.
	enough func()

	cause       error // the first that came
	forced      bool
	timeout     *reactor.Timer // this and the others are nil until they are set
	force       *reactor.Timer
	cut         *reactor.Timer
	group       *reactor.Timer // see awaitGroup
	stopContext func() bool
}

// The rest of a group is looked for after groupPoll, and then at growing distances up to groupPollLongest: nothing tells when
// its last process ends.
const (
	groupPoll        = 10 * time.Millisecond
	groupPollLongest = 16 * groupPoll
)

func (m *limits) init(o *Options) {
	m.soft, m.grace, m.closeGrace = o.KillSignal, o.KillGrace, o.CloseGrace
	if m.soft == 0 {
		m.soft = syscall.SIGTERM
	}
}

// arm starts the time-out and watches the context of a child that was started.
func (c *ChildProcess) arm(o *Options) {
	m := &c.limits
	if o.Timeout > 0 {
		m.timeout = c.loop.SetTimeout(o.Timeout, func() { c.interrupt(ErrTimeout) })
	}
	ctx := o.Context
	switch {
	case ctx == nil || ctx.Done() == nil:
	case ctx.Err() != nil:
		c.loop.NextTick(func() { c.abort(ctx) }) // After spawn, which has its tick already.
	default:
		// It runs on a goroutine of its own. A closed loop has let go of the child.
		m.stopContext = context.AfterFunc(ctx, func() { _ = c.loop.Post(func() { c.abort(ctx) }) })
	}
}

// abort is the end of the context, on the loop.
func (c *ChildProcess) abort(ctx context.Context) {
	c.interrupt(&AbortError{Op: c.op, File: c.file, Err: ctx.Err(), Cause: context.Cause(ctx)})
}

// interrupt is the time-out or the cancellation. The loop may be late, and the child may have ended in time: so it looks
// before it shoots.
func (c *ChildProcess) interrupt(cause error) {
	c.unlessItEnds(func() {
		if c.state != childExited || c.limits.untilClose {
			c.end(cause)
		}
	})
}

// end ends the child, unless there was a reason to do so before: it sends the soft signal and has SIGKILL follow. The error
// event tells of a cancellation that reached the child (Node v20, lib/child_process.js, abortChildProcess).
func (c *ChildProcess) end(cause error) {
	m := &c.limits
	if m.cause != nil || c.state == childClosed {
		return
	}
	m.cause = cause
	if c.state != childRunning {
		c.status.Cause = cause // The exit event has told without it, the close event will tell.
	}
	err := c.signalAll(m.soft)
	if err == nil && m.grace > 0 {
		m.force = c.loop.SetTimeout(m.grace, c.graceOver)
		if c.state != childRunning {
			c.awaitGroup()
		}
	}
	if m.enough != nil {
		m.enough()
	}
	if aborted, ok := cause.(*AbortError); ok && err == nil {
		reactor.Emit[error](c.loop, &c.err, aborted)
	}
	c.unsent(m.soft, err)
}

// graceOver is the end of the grace.
func (c *ChildProcess) graceOver() { c.unlessItEnds(c.forceEnd) }

func (c *ChildProcess) forceEnd() {
	m := &c.limits
	err := c.signalAll(syscall.SIGKILL)
	m.forced = err == nil
	c.unsent(syscall.SIGKILL, err)
	if m.group != nil { // The exit, which follows a kill else, has come before.
		c.status.Forced = m.forced
		c.leaveGroup()
	}
}

// signalAll signals the group, or the child alone when it leads none. The error is ESRCH when there was nobody.
func (c *ChildProcess) signalAll(s Signal) error {
	err := error(syscall.ESRCH)
	if c.leads {
		err = c.signalGroup(s)
	}
	if c.state == childRunning && !c.inOwnGroup() {
		err = c.process.Signal(s)
	}
	if err == nil {
		c.killed = true
	}
	return err
}

// unsent tells that a signal was refused. That there was nobody to be signalled is no news.
func (c *ChildProcess) unsent(s Signal, err error) {
	if err != nil && err != syscall.ESRCH {
		reactor.Emit[error](c.loop, &c.err, &KillError{Pid: c.process.Pid, Signal: s, Err: err})
	}
}

// exited is told when the process has ended: what could end it is disarmed. Others of its group may be left.
//
// They get the soft signal once more. A shell blocks its signals while it forks: one that is sent to the group just before
// the fork ends the shell, and never comes to the process that is born.
func (c *ChildProcess) exited() {
	m := &c.limits
	if !m.untilClose {
		m.disarm()
	}
	if m.cause != nil && c.leads {
		_ = c.signalGroup(m.soft) // ESRCH: nobody is left.
	}
	if m.force != nil && !m.forced {
		if c.leads && c.signalGroup(0) == nil {
			c.awaitGroup()
		} else {
			m.force.Stop()
		}
	}
	if m.closeGrace > 0 {
		m.cut = c.loop.SetTimeout(m.closeGrace, func() { c.unlessItEnds(c.endOutput) })
	}
}

// awaitGroup has close wait until the rest of the group has ended or the grace is over.
func (c *ChildProcess) awaitGroup() {
	c.pending++
	pause := groupPoll
	c.limits.group = c.loop.SetTimeout(pause, func() {
		if c.signalGroup(0) != nil || c.process.GroupEnded() {
			c.leaveGroup()
			return
		}
		pause = min(2*pause, groupPollLongest)
		c.limits.group.Reset(pause)
	})
}

func (c *ChildProcess) leaveGroup() {
	c.limits.group.Stop()
	c.limits.force.Stop()
	c.settle()
}

// disarm forgets the time-out and the context.
func (m *limits) disarm() {
	if m.timeout != nil {
		m.timeout.Stop()
	}
	if m.stopContext != nil {
		m.stopContext()
	}
}

// closed is told with close: nothing may fire any more.
func (m *limits) closed() {
	m.disarm()
	if m.cut != nil {
		m.cut.Stop()
	}
}
