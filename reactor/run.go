package reactor

import (
	"context"
	"runtime"
	"time"
)

// forever is the poll time-out that means no time-out.
const forever time.Duration = -1

// Run turns the loop until nothing keeps it alive or [Loop.Stop] is called, and may then be called
// again. It locks its goroutine to its OS thread while it runs. It returns [ErrRunning] in a
// callback of the loop, [ErrClosed] after Close, and an *[OpError] when the poll itself fails.
func (l *Loop) Run() error {
	if err := l.startTurns("Run"); err != nil {
		return err
	}
	defer l.stopTurns() // Also when a callback's panic unwinds through here.
	if l.parking == nil {
		l.enterThread()
		defer l.leaveThread()
	}
	for {
		seen := l.door.load()
		if seen.has(doorStop) {
			l.door.clear(doorStop)
			return nil
		}
		if !l.aliveInside() && !seen.has(doorPosted|doorHolds) {
			return nil
		}
		if err := l.turn(seen, forever, false); err != nil {
			return err
		}
	}
}

// RunContext is Run that also stops when ctx ends. It then returns the context's cause, and the
// loop can be run again.
func (l *Loop) RunContext(ctx context.Context) (err error) {
	l.check("RunContext")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if l.running {
		return ErrRunning // Before ctx can touch the stop of a RunContext that this is inside.
	}
	stopped := make(chan struct{})
	disarm := context.AfterFunc(ctx, func() {
		l.door.stop(doorStopContext)
		close(stopped)
	})
	// Also when a callback's panic unwinds through here: ctx must not stop a later Run.
	defer func() {
		if disarm() {
			return
		}
		<-stopped
		l.door.clear(doorStopContext)
		if err == nil {
			err = context.Cause(ctx)
		}
	}()
	return l.Run()
}

// Poll runs one turn and reports whether the loop is still alive. If nothing is ready it sleeps, at
// most for maxSleep: 0 does not sleep, a negative maxSleep has no limit. It does not sleep after a
// callback has run in this turn, when nothing keeps it alive, or after Stop. A timer that ends the
// sleep fires in the next Poll. Together with [Loop.FD], Poll embeds the loop in another one. Poll
// locks its goroutine to its OS thread for the turn. Errors are those of Run.
func (l *Loop) Poll(maxSleep time.Duration) (alive bool, err error) {
	if err := l.startTurns("Poll"); err != nil {
		return false, err
	}
	if maxSleep < 0 {
		maxSleep = forever
	}
	err = l.pollOnce(maxSleep)
	// After stopTurns: from here on the release of a Hold makes FD readable.
	return l.Alive(), err
}

func (l *Loop) pollOnce(maxSleep time.Duration) error {
	defer l.stopTurns() // Also when a callback's panic unwinds through here.
	defer l.door.takeStop()
	return l.turn(l.door.load(), maxSleep, true)
}

// startTurns begins a Run or Poll. It locks the thread and marks the loop as awake, so that posts
// do not ring.
func (l *Loop) startTurns(op string) error {
	l.check(op)
	if l.closed {
		return ErrClosed
	}
	if l.running {
		return ErrRunning
	}
	l.running = true
	l.clockReadAt = clockUnread
	l.lockThread()
	l.door.setAwake()
	return nil
}

// stopTurns undoes startTurns. From setAsleep on, a post makes FD readable; updateFD does the same
// for timers and queued work.
func (l *Loop) stopTurns() {
	l.running = false
	l.unlockThread()
	l.stats.wokeValid = false // The time until the next Run or Poll does not count as busy.
	l.door.setAsleep()
	l.updateFD()
}

func (l *Loop) lockThread() {
	runtime.LockOSThread()
	l.door.thread.Store(threadID())
}

func (l *Loop) unlockThread() {
	l.door.thread.Store(0)
	runtime.UnlockOSThread()
}

// turn runs every phase once. seen is the state of the door before it. In the poll phase it sleeps
// at most maxSleep. With eager it does not sleep once a callback has run: a caller of Poll that
// waits for something to happen then sees it at once.
func (l *Loop) turn(seen doorState, maxSleep time.Duration, eager bool) error {
	l.stats.Turns++
	ran := l.stats.Callbacks
	timers := l.timers.seq
	l.nowValid = false
	if l.ticks.n > 0 {
		l.runTicks()
	}
	l.runTimers(timers)
	if l.stats.Callbacks != ran {
		seen = l.door.load() // Posts of those callbacks run in this turn.
	}
	l.runPosted(seen)
	if eager && l.stats.Callbacks != ran || l.refs == 0 && !l.door.load().has(doorHolds) {
		// The caller wants to see the callbacks that have run, or nothing worth sleeping for is
		// left.
		maxSleep = 0
	}
	if err := l.runPoll(maxSleep); err != nil {
		return err
	}
	l.runImmediates()
	l.runClosing()
	return nil
}

// runPoll waits for readiness, at most for maxSleep, and runs the callbacks of the ready watchers.
func (l *Loop) runPoll(maxSleep time.Duration) error {
	n, err := l.wait(maxSleep)
	if err != nil {
		return err
	}
	l.dispatchEvents(n)
	l.runAlwaysReady()
	l.runLate()
	return nil
}

// shortSleep is the longest sleep that counts as none: the events were there already.
const shortSleep = 2 * time.Microsecond

// wait fills the poller's events. If the last sleep found events at once, it polls without sleeping
// first: that call neither enters the Go scheduler nor reads the clock, and under load it is the
// only one. A loop that has to sleep each time skips it.
func (l *Loop) wait(maxSleep time.Duration) (int, error) {
	if l.hasWork() {
		maxSleep = 0
	}
	if maxSleep == 0 || l.probeFirst {
		n, err := l.poller.wait(0)
		if n > 0 || err != nil || maxSleep == 0 {
			return n, err
		}
	}
	start := l.readClock()
	timeout := l.pollTimeout(start, maxSleep)
	if timeout == 0 {
		return l.poller.wait(0)
	}
	l.stats.noteBusy(start)
	n, err := l.sleep(start, timeout)
	l.clockReadAt = clockUnread
	l.nowValid = false
	woke := l.readClock()
	l.stats.wokeAt, l.stats.wokeValid = woke, true
	slept := time.Duration(woke - start)
	l.stats.PollWait += slept
	l.probeFirst = n > 0 && slept < shortSleep
	return n, err
}

// sleep waits for readiness: busily as long as Options.BusyPoll says, then asleep.
func (l *Loop) sleep(start int64, timeout time.Duration) (int, error) {
	if l.opts.BusyPoll > 0 {
		if n, err := l.spin(start, timeout); n > 0 || err != nil {
			return n, err
		}
		if timeout != forever {
			timeout = max(0, timeout-time.Duration(l.elapsed()-start))
		}
	}
	if l.parking != nil {
		return l.park(timeout)
	}
	// From trySleep on a Post has to wake the loop. trySleep sees a Post that came before.
	if !l.door.trySleep(l.refs > 0) {
		return l.poller.wait(0)
	}
	n, err := l.poller.wait(timeout)
	l.door.setAwake()
	return n, err
}

// spin polls without sleeping for Options.BusyPoll, or for timeout when that is shorter.
func (l *Loop) spin(start int64, timeout time.Duration) (int, error) {
	limit := l.opts.BusyPoll
	if timeout > 0 {
		limit = min(limit, timeout)
	}
	for {
		n, err := l.poller.wait(0)
		if n > 0 || err != nil {
			return n, err
		}
		if l.door.load().has(doorPosted|doorStop) || time.Duration(l.elapsed()-start) >= limit {
			return 0, nil // trySleep sees the request again.
		}
	}
}

// pollTimeout returns how long the poll may sleep: until the next timer, and at most maxSleep. It
// ignores requests of other goroutines, because trySleep looks at them before the sleep.
func (l *Loop) pollTimeout(now int64, maxSleep time.Duration) time.Duration {
	when, ok := l.timers.next()
	if !ok {
		return maxSleep
	}
	left := time.Duration(when - now)
	if left <= 0 {
		return 0
	}
	if maxSleep == forever {
		return left
	}
	return min(left, maxSleep)
}

// hasWork reports whether the loop has something to run without an event or a timer. Requests of
// other goroutines do not count.
func (l *Loop) hasWork() bool {
	return l.queued() || l.immediates.n > 0 || l.watchers.anyAlwaysReady()
}
