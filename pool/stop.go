package pool

import (
	"context"
	"slices"
	"time"
)

// StopOptions say how a pool stops. A nil *StopOptions means all defaults.
type StopOptions struct {
	// DropWaiting fails the tasks that wait, and those that would be run again, with [ErrStopped].
	// By default they are run.
	DropWaiting bool

	// JobGrace is the time for the tasks. After it, tasks that are not settled fail with
	// [ErrStopped], and their workers are killed. 0: no limit; negative: none.
	JobGrace time.Duration

	// DisconnectGrace is the time that a disconnected worker has to exit before it is killed. 0:
	// that of Options; negative: none.
	DisconnectGrace time.Duration

	// Context cuts both graces short when it ends. Nil: none.
	Context context.Context
}

// A StopReport says how a pool stopped.
type StopReport struct {
	Dropped int           // tasks that failed with [ErrStopped]
	Forced  []*WorkerExit // workers that were ready and had to be killed
	Elapsed time.Duration // time since the first Stop
}

// stopping is the state of a pool that stops. It stays when the pool has stopped, for later calls
// of Stop.
type stopping struct {
	began        time.Time
	dropsWaiting bool                // no task is run again
	grace        time.Duration       // DisconnectGrace, the shortest so far
	cutOffAlarm  alarm               // rings after JobGrace
	cutOffAt     time.Time           // time at which cutOffAlarm rings; zero: it is not set
	stopContexts []func() bool       // results of context.AfterFunc
	done         []func(*StopReport) // not called yet
	report       StopReport
}

// Stop stops the pool. done, which may be nil, is called once the last worker is gone, never inside
// this call. Run returns ErrStopped from now on.
//
// Tasks that were submitted are still run. A worker without a job is disconnected, then sent the
// KillSignal of Options.Fork, and SIGKILL after Options.KillGrace.
//
// Stop may be called again to make it faster: the stricter option counts, and done of each call is
// called. On a stopped pool it is called on the next tick.
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
		// fn runs on a goroutine of its own, which ends after the Post. Nothing waits for it. If
		// the loop is closed, no callback may run, so the error of Post is ignored.
		s.stopContexts = append(s.stopContexts, context.AfterFunc(o.Context, func() { _ = p.loop.Post(p.killAll) }))
	}
	p.nextTick(p.continueStop)
	p.updateHold()
}

// beginStop changes the state to stopping. A reload fails.
func (p *Pool) beginStop() {
	p.state = poolStopping
	p.stopping = &stopping{began: p.loop.Now(), grace: p.o.DisconnectGrace}
	p.stopTimers()
	p.reload.fail(ErrStopped)
	p.nextTick(p.continueStop)
}

// hasten gives workers that are disconnected already no longer than the new grace.
func (p *Pool) hasten() {
	for _, w := range p.workers {
		if w.state == workerExiting {
			w.exitWithin(p.stopping.grace)
		}
	}
}

// cutOff fails the tasks that are not settled, and kills the workers that have jobs.
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

// killAll fails all tasks and kills all workers, those without jobs after a grace of 0.
func (p *Pool) killAll() {
	if p.state != poolStopping {
		return
	}
	p.cutOff()
	p.stopping.grace = 0
	p.hasten()
}

// continueStop drains the workers once no task waits, and finishes when tasks and workers are gone.
// Workers go on while one of them has a job that it has not begun, because that may come back and
// need an idle worker.
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

// hasAhead reports whether the worker has a job that was sent ahead and not begun.
func (w *worker) hasAhead() bool {
	return len(w.jobs) > w.capacity && slices.ContainsFunc(w.jobs[w.capacity:], func(a *assignment) bool { return a.task != nil })
}

// finishStop changes the state to stopped, and reports.
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

// reportStopped calls the done of each Stop, each in a tick of its own.
func (p *Pool) reportStopped() {
	done := p.stopping.done
	p.stopping.done = nil
	for _, fn := range done {
		report := p.stopping.report
		p.nextTick(func() { fn(&report) })
	}
}
