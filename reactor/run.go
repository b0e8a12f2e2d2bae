package reactor

import (
	"context"
	"runtime"
	"time"
)

// forever is the poll time-out that means no time-out.
const forever time.Duration = -1

// Run turns the loop until nothing referenced is left or [Loop.Stop] is called, and may then be called again. It locks
// its goroutine to its OS thread while it runs. It returns [ErrRunning] when called from a callback, [ErrClosed] after
// Close, and an *[OpError] when the poll itself fails.
func (l *Loop) Run() error {
	if err := l.enter("Run"); err != nil {
		return err
	}
	defer l.leave() // Also when a callback's panic unwinds through here.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l.enterThread()
	defer l.leaveThread()
	for !l.door.takeStop() && l.Alive() {
		if err := l.turn(forever); err != nil {
			return err
		}
	}
	return nil
}

// RunContext is Run that also stops when ctx ends; it then returns the context's cause. The loop can be run again.
func (l *Loop) RunContext(ctx context.Context) error {
	l.check("RunContext")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	stopped := make(chan struct{})
	disarm := context.AfterFunc(ctx, func() {
		l.door.stop(stopContext)
		close(stopped)
	})
	err := l.Run()
	if disarm() {
		return err
	}
	<-stopped
	l.door.unstop(stopContext)
	if err != nil {
		return err
	}
	return context.Cause(ctx)
}

// Poll runs one turn, sleeping at most max for something to happen (0: not at all; negative: as long as it takes), and
// reports whether the loop is still alive. It does not sleep when nothing could wake it or when Stop was called. Poll
// together with [Loop.FD] embeds the loop in another one. Errors are those of Run.
func (l *Loop) Poll(max time.Duration) (alive bool, err error) {
	if err := l.enter("Poll"); err != nil {
		return false, err
	}
	defer l.leave()
	if max < 0 {
		max = forever
	}
	err = l.turn(max)
	l.door.takeStop()
	return l.Alive(), err
}

func (l *Loop) enter(op string) error {
	l.check(op)
	if l.closed {
		return ErrClosed
	}
	if l.running {
		return ErrRunning
	}
	l.running = true
	l.door.setAwake()
	return nil
}

func (l *Loop) leave() {
	l.running = false
	l.door.setAsleep()
	l.settle()
}

// turn runs every phase once. It sleeps at most max in the poll phase.
func (l *Loop) turn(max time.Duration) error {
	l.stats.Turns++
	l.updateNow()
	if l.ticks.n > 0 {
		l.runTicks()
	}
	l.runTimers()
	l.runPosted()
	if err := l.runPoll(max); err != nil {
		return err
	}
	l.runImmediates()
	l.runClosing()
	return nil
}

// runPoll waits for readiness and dispatches it.
func (l *Loop) runPoll(max time.Duration) error {
	n, err := l.wait(l.pollTimeout(max))
	if err != nil {
		return err
	}
	l.dispatch(n)
	l.runAlwaysReady()
	return nil
}

// wait fills the poller's events. It asks without sleeping first: that call does not have to tell the Go scheduler,
// and under load it is the only one.
func (l *Loop) wait(timeout time.Duration) (int, error) {
	n, err := l.poller.wait(0)
	if n > 0 || err != nil || timeout == 0 {
		return n, err
	}
	start := l.clock()
	if l.opts.BusyPoll > 0 {
		if n, err = l.spin(start, timeout); n > 0 || err != nil {
			l.updateNow()
			l.stats.PollWait += l.now.Sub(start)
			return n, err
		}
	}
	l.stats.noteBusy(start)
	// From here on a Post has to wake us; one that came before is seen by trySleep.
	if l.door.trySleep() {
		n, err = l.poller.wait(timeout)
		l.door.setAwake()
	}
	l.updateNow()
	l.stats.PollWait += l.now.Sub(start)
	l.stats.woke = l.now
	return n, err
}

// spin polls without sleeping for Options.BusyPoll, or for timeout when that is shorter.
func (l *Loop) spin(start time.Time, timeout time.Duration) (int, error) {
	limit := l.opts.BusyPoll
	if timeout > 0 {
		limit = min(limit, timeout)
	}
	for {
		n, err := l.poller.wait(0)
		if n > 0 || err != nil {
			return n, err
		}
		if posts, _, stop := l.door.look(); posts || stop || l.clock().Sub(start) >= limit {
			return 0, nil // trySleep sees the posts too.
		}
	}
}

// pollTimeout is how long the poll may sleep: not at all while callbacks wait or nothing could end the sleep, else until
// the next timer, and never longer than max.
func (l *Loop) pollTimeout(max time.Duration) time.Duration {
	if max == 0 || l.queued() || l.immediates.pending() || len(l.watchers.always) > 0 {
		return 0
	}
	if posts, held, stop := l.door.look(); posts || stop || !held && l.refs == 0 {
		return 0
	}
	when, ok := l.timers.next()
	if !ok {
		return max
	}
	left := time.Duration(when - l.freshNS())
	if left <= 0 {
		return 0
	}
	if max == forever {
		return left
	}
	return min(left, max)
}
