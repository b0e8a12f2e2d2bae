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

// This file decides what follows from the exit of a worker: its reason, the fate of its jobs, and
// the successors of workers that are replaced. It runs on the loop goroutine.

// An ExitReason is the reason of a worker's exit.
type ExitReason string

// The reasons.
const (
	ExitMaxJobs ExitReason = "max-jobs" // Options.MaxJobs
	ExitAge     ExitReason = "age"      // Options.MaxAge
	ExitMemory  ExitReason = "memory"   // Options.MaxMemory or MaxMemoryHard
	ExitIdle    ExitReason = "idle"     // Options.IdleTimeout, or Resize
	// no answer to a ping, or to a job that was cancelled or over its time
	ExitTimeout     ExitReason = "timeout"
	ExitCrash       ExitReason = "crash"        // by itself
	ExitProtocol    ExitReason = "protocol"     // it broke the protocol
	ExitReload      ExitReason = "reload"       // Reload
	ExitStop        ExitReason = "stop"         // Stop
	ExitRetired     ExitReason = "retired"      // it asked to be replaced
	ExitStartFailed ExitReason = "start-failed" // it never became ready
)

// exitReasons are all of them, in the order of WriteMetrics.
var exitReasons = []ExitReason{
	ExitMaxJobs, ExitAge, ExitMemory, ExitIdle, ExitTimeout, ExitCrash, ExitProtocol, ExitReload, ExitStop, ExitRetired, ExitStartFailed,
}

// A WorkerExit is the exit of a worker.
type WorkerExit struct {
	Worker Worker
	Reason ExitReason
	Status childprocess.ExitStatus // zero if the program could not be started
	Err    error                   // the failure; nil: the exit was expected, or Status says all
	Forced bool                    // the pool sent it signals
	Jobs   int                     // jobs that it answered
	Stderr []byte                  // the end of its stderr, at most 64 KiB
}

// onClose handles the child's 'close': the process has exited, and everything it sent was heard. It
// decides the reason of the exit and the fate of the worker's jobs, and starts other workers.
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
	// A worker that was starting is killed at once, which is no failure.
	if w.forced && wasReady && p.stopping != nil {
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

// reportExit emits the exit. Without a listener, unexpected exits are logged.
func (p *Pool) reportExit(e *WorkerExit) {
	if !reactor.Emit(p.loop, &p.onWorkerExit, e) && p.logger != nil && (e.Reason == ExitCrash || e.Reason == ExitProtocol || e.Reason == ExitTimeout) {
		p.logger.Warn("worker ended", "worker", e.Worker.Number, "pid", e.Worker.Pid, "reason", string(e.Reason), "status", e.Status.String())
	}
}

// remove takes w out of the pool's list and bindings, and out of its successor or predecessor. Its
// alarms are stopped.
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
		if w.replaces.successor == w { // Otherwise a later reload has started another one.
			w.replaces.successor = nil
		}
		w.replaces = nil
	}
	if w.successor != nil {
		w.successor.replaces = nil // The successor counts for itself now.
		w.successor = nil
	}
}

// explain returns the cause of a worker's exit besides its status, or nil if none is known.
func (w *worker) explain(status childprocess.ExitStatus) error {
	if w.cause != nil || w.forced {
		return w.cause
	}
	if status.Signal == syscall.SIGKILL && !w.killedByUser {
		return w.oom.verdict()
	}
	return nil
}

// giveUpJobs settles or requeues the tasks that w had when it exited.
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
			t.runs-- // The worker was killed because of another job: this run does not count.
			p.requeue(t)
		case w.reason == ExitStop:
			p.settle(t, nil, ErrStopped)
		default:
			p.rerunOrFail(t, crash)
		}
	}
}

// requeue puts a running task back into its queue, in its old place, unless the pool runs nothing
// more.
func (p *Pool) requeue(t *Task) {
	if err := p.refusesAgain(); err != nil {
		p.settle(t, nil, err)
		return
	}
	p.counts.running--
	p.enqueue(t)
}

// refusesAgain returns the reason why a task cannot wait for another worker, or nil.
func (p *Pool) refusesAgain() error {
	switch {
	case p.startErr != nil:
		return p.startErr
	case p.state == poolStopped || p.stopping != nil && p.stopping.dropsWaiting:
		return ErrStopped
	}
	return nil
}

// rerunOrFail runs a task again that a worker died of, alone in another worker, or fails it.
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

// startFailed handles the exit of a worker that never became ready.
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

// isExhaustion reports whether err is a limit of the system on processes, descriptors or memory,
// which may have room later.
func isExhaustion(err error) bool {
	for _, limit := range []syscall.Errno{syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// crashError returns the error of a task that only this worker could run.
func (w *worker) crashError(err error) error {
	return &CrashError{Crashes: []Crash{{Worker: w.id(), Err: err}}}
}

// afterJob runs when a job has left the worker: a draining worker may be idle now, and a ready one
// may be due for replacement.
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

// jobLimit returns the number of jobs after which a new worker is replaced, -1 for no limit.
func (p *Pool) jobLimit() int {
	if p.o.MaxJobs == 0 {
		return -1
	}
	more := rand.IntN(p.o.MaxJobs/100*15 + p.o.MaxJobs%100*15/100 + 1)
	return p.o.MaxJobs + min(more, math.MaxInt-p.o.MaxJobs)
}

// replace marks a ready worker for replacement. One worker is replaced at a time; the others are
// served by startReplacement later.
func (p *Pool) replace(w *worker, reason ExitReason) {
	if w.state != workerReady || w.reason != "" || p.state != poolOpen {
		return
	}
	w.reason = reason
	p.startReplacement()
}

// startReplacement starts a successor for the first worker that is marked, unless one is being
// replaced already.
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
		due.drain(due.reason) // There are enough workers without it.
		return
	}
	if _, err := p.startWorker(due); err != nil {
		p.reportError(&StartError{Worker: Worker{Number: p.lastWorker, Generation: p.generation}, Err: err})
	}
}

// retiredAtOnce reports whether the worker retired soon after it was ready, without an answer. That
// counts as a death; otherwise such workers would be started without a pause.
func (w *worker) retiredAtOnce() bool {
	return w.reason == ExitRetired && w.answered == 0 && w.pool.loop.Now().Sub(w.readySince) < w.pool.o.Backoff.StableAfter
}

// retire drains a worker that asked to be replaced.
func (p *Pool) retire(w *worker) {
	if w.state == workerReady {
		w.drain(ExitRetired)
		p.fill()
	}
}
