package pool

import (
	"context"
	"slices"
	"time"
)

// StopOptions say how a pool ends. A nil *StopOptions means all defaults.
type StopOptions struct {
	// DropWaiting fails the tasks that wait, with [ErrStopped], and those that would be run again.
	// By default they are run.
	DropWaiting bool

	// JobGrace is the time for the tasks. Those that are not settled then fail with [ErrStopped],
	// and their workers are ended by signals. 0: no limit; negative: none.
	JobGrace time.Duration

	// DisconnectGrace is the time that an idle worker has to end by itself, before it is ended by
	// signals. 0: that of Options; negative: none.
	DisconnectGrace time.Duration

	// Context ends both graces when it ends. Nil: none.
	Context context.Context
}

// A StopReport is how the end of a pool went.
type StopReport struct {
	Dropped int // tasks that failed with [ErrStopped]
	// workers that were ready and were sent signals because they did not end by themselves
	Forced  []*WorkerExit
	Elapsed time.Duration // since the first Stop
}

// stopping is the end of a pool under way.
type stopping struct {
	began        time.Time
	dropsWaiting bool
	grace        time.Duration // DisconnectGrace
	cutOffAlarm  alarm         // of JobGrace
	cutOffAt     time.Time     // when it rings; zero: it is not set
	stopContexts []func() bool
	done         []func(*StopReport)
	report       StopReport
}

// Stop ends the pool and calls done, which may be nil, once, when the last worker has gone: never
// inside this call. Run returns ErrStopped from now on. What was submitted is still run, each
// worker is told to end once it is idle, then sent the KillSignal of Options.Fork, and SIGKILL
// after Options.KillGrace.
//
// Stop may be called again to shorten it: what is stricter counts. done of both is called. After
// the end done is called on the next tick.
func (p *Pool) Stop(o *StopOptions, done func(*StopReport)) {
	if o == nil {
		o = new(StopOptions)
	}
	if p.stopping == nil {
		p.beginStop()
	}
	s := p.stopping
	if done != nil {
		s.done = append(s.done, done)
	}
	if o.DisconnectGrace != 0 {
		s.grace = min(s.grace, max(0, o.DisconnectGrace))
		p.hasten()
	}
	if o.DropWaiting && !s.dropsWaiting {
		s.dropsWaiting = true
		p.failWaiting(ErrStopped)
	}
	if p.state == poolStopped {
		p.reportStopped()
		return
	}
	switch {
	case o.JobGrace < 0:
		p.nextTick(p.cutOff)
	case o.JobGrace > 0:
		if by := p.loop.Now().Add(o.JobGrace); s.cutOffAt.IsZero() || by.Before(s.cutOffAt) {
			s.cutOffAt = by
			s.cutOffAlarm.set(p.loop, o.JobGrace, p.cutOff)
		}
	}
	if o.Context != nil && o.Context.Done() != nil {
		// It runs on a goroutine of its own, which only posts, and ends with that. A closed loop
		// has no callbacks any more.
		s.stopContexts = append(s.stopContexts, context.AfterFunc(o.Context, func() { _ = p.loop.Post(p.killAll) }))
	}
	p.nextTick(p.continueStop)
	p.updateHold()
}

// beginStop begins the end of the pool.
func (p *Pool) beginStop() {
	p.state = poolStopping
	p.stopping = &stopping{began: p.loop.Now(), grace: p.o.DisconnectGrace}
	p.stopTimers()
	p.reload.fail(ErrStopped)
	p.nextTick(p.continueStop)
}

// hasten has workers that were told to end before have no longer than the grace from now.
func (p *Pool) hasten() {
	for _, w := range p.workers {
		if w.state == workerExiting {
			w.exitWithin(p.stopping.grace)
		}
	}
}

// cutOff fails the tasks that are not settled, and ends the workers that have them by signals.
func (p *Pool) cutOff() {
	if p.state != poolStopping {
		return
	}
	p.stopping.dropsWaiting = true
	p.failWaiting(ErrStopped)
	for t := range p.incomplete {
		p.settle(t, nil, ErrStopped)
	}
	for _, w := range slices.Clone(p.workers) {
		if len(w.jobs) == 0 {
			continue
		}
		for _, a := range slices.Clone(w.jobs) {
			if a.task != nil {
				p.settle(a.task, nil, ErrStopped)
			}
		}
		w.kill(ExitStop, nil)
	}
	p.continueStop()
}

// killAll ends all workers by signals.
func (p *Pool) killAll() {
	if p.state != poolStopping {
		return
	}
	p.cutOff()
	p.stopping.grace = 0
	p.hasten()
}

// continueStop goes on with the end of the pool: when no task waits the workers end, each when it
// has none, and when they have gone it is told. A task that a worker was sent ahead may come back,
// for one that is idle.
func (p *Pool) continueStop() {
	if p.state != poolStopping || p.counts.waiting > 0 || slices.ContainsFunc(p.workers, (*worker).hasAhead) {
		return
	}
	for _, w := range slices.Clone(p.workers) {
		w.drain(ExitStop)
	}
	if len(p.workers) == 0 && p.counts.outstanding() == 0 {
		p.finishStop()
	}
}

// hasAhead reports whether the worker has a task that it has not begun.
func (w *worker) hasAhead() bool {
	return len(w.jobs) > w.capacity && slices.ContainsFunc(w.jobs[w.capacity:], func(a *assignment) bool { return a.task != nil })
}

// finishStop tells that the pool has ended.
func (p *Pool) finishStop() {
	p.state = poolStopped
	delete(p.hub.open, p)
	s := p.stopping
	s.cutOffAlarm.stop()
	p.limitAlarm.stop()
	p.supply.backoffAlarm.stop()
	for _, stop := range s.stopContexts {
		stop()
	}
	s.stopContexts = nil
	s.report.Elapsed = p.loop.Now().Sub(s.began)
	p.reportStopped()
	p.updateHold()
}

// reportStopped calls everybody who has called Stop, each in a tick of its own.
func (p *Pool) reportStopped() {
	done := p.stopping.done
	p.stopping.done = nil
	for _, fn := range done {
		report := p.stopping.report
		p.nextTick(func() { fn(&report) })
	}
}
