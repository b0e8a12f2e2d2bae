package pool

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// An ExitReason is why a worker has ended.
type ExitReason string

// The reasons.
const (
	ExitMaxJobs ExitReason = "max-jobs" // Options.MaxJobs
	ExitAge     ExitReason = "age"      // Options.MaxAge
	ExitMemory  ExitReason = "memory"   // Options.MaxMemory or MaxMemoryHard
	ExitIdle    ExitReason = "idle"     // Options.IdleTimeout, or Resize
	// it has not answered a job that was over its time or cancelled, or a ping
	ExitTimeout     ExitReason = "timeout"
	ExitCrash       ExitReason = "crash"        // by itself
	ExitProtocol    ExitReason = "protocol"     // it has answered what it was not asked
	ExitReload      ExitReason = "reload"       // Reload
	ExitStop        ExitReason = "stop"         // Stop
	ExitRetired     ExitReason = "retired"      // it has asked for it
	ExitStartFailed ExitReason = "start-failed" // it never became ready
)

// exitReasons are all of them, for what counts them.
var exitReasons = []ExitReason{
	ExitMaxJobs, ExitAge, ExitMemory, ExitIdle, ExitTimeout, ExitCrash, ExitProtocol, ExitReload, ExitStop, ExitRetired, ExitStartFailed,
}

// A WorkerExit is the end of a worker.
type WorkerExit struct {
	Worker Worker
	Reason ExitReason
	Status childprocess.ExitStatus // the zero value when the program could not be started
	Err    error                   // what went wrong; nil: it has ended as it was to
	Forced bool                    // it was sent signals to end it
	Jobs   int                     // that it has answered
	Stderr []byte                  // the last it has written there, at most 64 KiB
}

// onClose is called when the process has ended, and all that it has sent was heard.
func (w *worker) onClose(status childprocess.ExitStatus) {
	p := w.pool
	wasReady := !w.readySince.IsZero()
	w.remove()
	crash := Crash{Worker: w.id(), Status: status, Err: w.explain(status), Stderr: w.log.lastStderr()}
	if w.reason == "" || !w.toldToExit {
		w.reason = ExitCrash
		if !wasReady {
			w.reason = ExitStartFailed
		}
	}
	p.counts.exits[w.reason]++
	e := &WorkerExit{Worker: w.id(), Reason: w.reason, Status: status, Err: crash.Err, Forced: w.forced, Jobs: w.answered, Stderr: crash.Stderr}
	if w.forced && wasReady && p.stopping != nil { // One that starts is not given the time.
		p.stopping.report.Forced = append(p.stopping.report.Forced, e)
	}
	w.giveUpJobs(crash)
	switch {
	case w.reason == ExitStartFailed:
		p.startFailed(w, crash)
	case w.reason == ExitCrash, w.reason == ExitProtocol, w.retiredAtOnce():
		p.supply.noteDeath(crash)
	}
	p.reload.onExit(w)
	p.nextTick(func() { p.reportExit(e) })
	p.assignWaiting()
	p.fill()
	p.continueStop()
	p.updateHold()
}

func (p *Pool) reportExit(e *WorkerExit) {
	if !reactor.Emit(p.loop, &p.onWorkerExit, e) && p.logger != nil && (e.Reason == ExitCrash || e.Reason == ExitProtocol || e.Reason == ExitTimeout) {
		p.logger.Warn("worker ended", "worker", e.Worker.Number, "pid", e.Worker.Pid, "reason", string(e.Reason), "status", e.Status.String())
	}
}

// remove takes w out of everything that knows it.
func (w *worker) remove() {
	p := w.pool
	w.state = workerGone
	if !w.readySince.IsZero() {
		p.counts.slotTime += float64(p.loop.Now().Sub(w.readySince)) * float64(w.capacity)
		p.counts.busy += w.busy
	}
	for _, a := range []*alarm{&w.startAlarm, &w.listenAlarm, &w.ageAlarm, &w.idleAlarm, &w.stableAlarm, &w.exitAlarm} {
		a.stop()
	}
	p.workers = slices.DeleteFunc(p.workers, func(other *worker) bool { return other == w })
	w.requeueBound()
	if w.side != nil {
		w.side.discard()
	}
	if w.replaces != nil {
		w.replaces.successor = nil
		w.replaces = nil
	}
	if w.successor != nil {
		w.successor.replaces = nil // It takes the place as it is.
		w.successor = nil
	}
}

// explain returns what is known of the reason for a worker's end besides its status, nil if nothing
// is.
func (w *worker) explain(status childprocess.ExitStatus) error {
	if w.cause != nil || w.forced {
		return w.cause
	}
	if status.Signal == syscall.SIGKILL && !w.killedByUser {
		return w.oom.verdict()
	}
	return nil
}

// giveUpJobs says what becomes of the jobs that w had.
func (w *worker) giveUpJobs(crash Crash) {
	p := w.pool
	jobs := w.jobs
	w.jobs = nil
	for _, a := range jobs {
		a.deadline.stop()
		a.stuck.stop()
		a.grace.stop()
		t := a.task
		if t == nil {
			continue
		}
		a.task, t.assignment = nil, nil
		switch {
		case t.onlyWorker != nil:
			p.settle(t, nil, &CrashError{Crashes: []Crash{crash}})
		case !a.begun:
			p.requeue(t)
		case w.reason == ExitTimeout && !errors.Is(w.cause, ErrHung) && t.stream.restart():
			t.runs-- // It was not the reason, and is not charged.
			p.requeue(t)
		case w.reason == ExitStop:
			p.settle(t, nil, ErrStopped)
		default:
			p.rerunOrFail(t, crash)
		}
	}
}

// requeue has a task that was given to a worker wait again, in its old place.
func (p *Pool) requeue(t *Task) {
	if err := p.refusesAgain(); err != nil {
		p.settle(t, nil, err)
		return
	}
	p.counts.running--
	p.enqueue(t)
}

// refusesAgain returns why a task cannot wait for another worker, nil if it can.
func (p *Pool) refusesAgain() error {
	switch {
	case p.startErr != nil:
		return p.startErr
	case p.state == poolStopped || p.stopping != nil && p.stopping.dropsWaiting:
		return ErrStopped
	}
	return nil
}

// rerunOrFail says what becomes of a task of which a worker has died.
func (p *Pool) rerunOrFail(t *Task, crash Crash) {
	t.crashes = append(t.crashes, crash)
	switch {
	case t.rerunAfterCrash && len(t.crashes) >= p.o.MaxCrashes:
		p.settle(t, nil, &CrashError{Crashes: t.crashes, poison: true})
	case !t.rerunAfterCrash || t.stream.taken:
		p.settle(t, nil, &CrashError{Crashes: t.crashes})
	default:
		t.suspect = true
		t.stream.restart()
		p.counts.retried++
		p.requeue(t)
	}
}

// startFailed is called when a worker has ended that never became ready.
func (p *Pool) startFailed(w *worker, crash Crash) {
	err := &StartError{Worker: crash.Worker, Status: crash.Status, Err: w.cause, Stderr: crash.Stderr}
	switch {
	case isExhaustion(w.cause) && p.shrink():
		p.reportError(err)
	case !p.everReady && p.starting() == 0:
		p.failStart(err)
	default:
		p.reportError(err)
		p.supply.noteDeath(crash)
	}
	p.reload.onStartFailed(w, err)
}

// isExhaustion reports whether err is a limit on what can be had at once.
func isExhaustion(err error) bool {
	for _, limit := range []syscall.Errno{syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// crashError is what a task fails with that was for this worker alone.
func (w *worker) crashError(err error) error {
	return &CrashError{Crashes: []Crash{{Worker: w.id(), Err: err}}}
}

// afterJob is called when the worker has answered a job: whether it is to be replaced.
func (w *worker) afterJob() {
	p := w.pool
	switch {
	case w.state == workerDraining && len(w.jobs) == 0:
		w.disconnect()
	case w.jobsLeft == 0:
		p.replace(w, ExitMaxJobs)
	default:
		w.checkMemory()
	}
}

// jobLimit is after how many jobs a worker is replaced, -1 for never.
func (p *Pool) jobLimit() int {
	if p.o.MaxJobs == 0 {
		return -1
	}
	more := rand.IntN(p.o.MaxJobs/100*15 + p.o.MaxJobs%100*15/100 + 1)
	return p.o.MaxJobs + min(more, math.MaxInt-p.o.MaxJobs)
}

// replace starts a worker that takes the place of w once it is ready. One is replaced at a time:
// who comes meanwhile is when that is done.
func (p *Pool) replace(w *worker, reason ExitReason) {
	if w.state != workerReady || w.reason != "" || p.state != poolOpen {
		return
	}
	w.reason = reason
	p.startReplacement()
}

// startReplacement starts a successor for a worker that is to be replaced.
func (p *Pool) startReplacement() {
	var due *worker
	for _, w := range p.workers {
		if w.successor != nil {
			return
		}
		if due == nil && w.state == workerReady && w.reason != "" {
			due = w
		}
	}
	if due == nil || p.state != poolOpen || p.supply.backingOff || p.exhausted || p.processes() > 2*p.limit {
		return
	}
	if p.size() > p.minWorkers() && p.queue.Len() == 0 {
		due.drain(due.reason) // It need not be replaced.
		return
	}
	if _, err := p.startWorker(due); err != nil {
		p.reportError(&StartError{Worker: Worker{Number: p.lastWorker, Generation: p.generation}, Err: err})
	}
}

// retiredAtOnce reports whether the worker has asked to be replaced as soon as it was ready.
func (w *worker) retiredAtOnce() bool {
	return w.reason == ExitRetired && w.answered == 0 && w.pool.loop.Now().Sub(w.readySince) < w.pool.o.Backoff.StableAfter
}

// retire lets a worker go that has asked for it.
func (p *Pool) retire(w *worker) {
	if w.state == workerReady {
		w.drain(ExitRetired)
		p.fill()
	}
}
