package pool

import (
	"errors"
	"slices"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// An assignment is a task in the hands of a worker. It ends when the worker has answered, or is
// gone; its task may have been settled long before.
type assignment struct {
	id         uint64
	worker     *worker
	task       *Task // nil: settled, and what comes is dropped
	begun      bool  // the worker may have begun with it: only so many jobs are in front of it
	begunAt    time.Time
	cancelSent bool // the worker was told to cancel it
	// the worker was asked to give it back if it has not begun it, since another one can have it
	recallSent bool

	deadline, stuck, grace alarm
}

// assign has w run t. It reports false when the worker can be given nothing: it has ended, as will
// be seen.
func (p *Pool) assign(w *worker, t *Task) bool {
	if !w.hasMethod(t.method) {
		p.queueForMethod(t)
		return true
	}
	if !p.prepareAttachment(t, w) {
		return true
	}
	p.dequeue(t)
	w.jobID++
	m := &w.message
	*m = jobMessage{ID: w.jobID, Method: t.method, Job: t.job, Attach: int64(len(t.attach))}
	if t.runs > 0 {
		m.Attempt = t.runs + 1
	}
	if err := w.link.send(m, t); err != nil {
		if isHandleError(err) {
			p.enqueue(t)
			p.settle(t, nil, err)
			return true
		}
		if w.state <= workerDraining {
			w.state = workerExiting
			w.requeueBound()
			w.exitWithin(p.o.DisconnectGrace)
		}
		p.enqueue(t)
		return false
	}
	t.state = taskRunning
	p.counts.running++
	a := t.newAssignment()
	*a = assignment{id: w.jobID, worker: w, task: t}
	t.assignment = a
	w.jobs = append(w.jobs, a)
	if len(t.attach) > 0 && !w.accepts.memfd {
		w.side.send(t)
	}
	w.markUsed()
	w.idleAlarm.stop()
	if t.suspect {
		w.exclusive = true
	}
	if len(w.jobs) <= w.capacity {
		a.begin()
	}
	return true
}

// hasMethod reports whether the worker has a method.
func (w *worker) hasMethod(method string) bool {
	return w.methods == nil || method == "" || slices.Contains(w.methods, method)
}

// queueForMethod has t wait for a worker that has its method, if one is ready: while a pool is
// reloaded they differ.
func (p *Pool) queueForMethod(t *Task) {
	var best *worker
	for _, w := range p.workers {
		if w.state == workerReady && w.hasMethod(t.method) && (best == nil || len(w.jobs) < len(best.jobs)) {
			best = w
		}
	}
	if best == nil || t.onlyWorker != nil || t.suspect {
		p.settle(t, nil, ErrMethod)
		return
	}
	t.queue.remove(t)
	best.bound.add(t)
}

// newAssignment returns one that nothing knows of: callbacks of the one before may still come.
func (t *Task) newAssignment() *assignment {
	if t.firstAssignment.worker == nil {
		return &t.firstAssignment
	}
	return new(assignment)
}

// isHandleError reports whether err is about the handle of a job, which then is the job's fault.
func isHandleError(err error) bool {
	_, ok := errors.AsType[*ipc.HandleError](err)
	return ok
}

// begin is called when the worker can have begun with the job.
func (a *assignment) begin() {
	p, t := a.worker.pool, a.task
	a.begun = true
	a.begunAt = p.loop.Now()
	if t == nil { // It was cancelled meanwhile, and the worker may not know.
		a.awaitUnwanted()
		return
	}
	t.waitAlarm.stop()
	t.runs++
	t.begunAt = a.begunAt
	p.counts.waited.add(a.begunAt.Sub(t.submittedAt))
	if t.timeout > 0 {
		a.deadline.set(p.loop, t.timeout, func() { a.worker.afterBacklog(a.onDeadline) })
	}
	if p.o.StuckAfter > 0 {
		a.stuck.set(p.loop, p.o.StuckAfter, func() {
			if a.task != nil {
				reactor.Emit(p.loop, &p.onStuck, a.task)
			}
		})
	}
}

// onDeadline is called when the job is over its time.
func (a *assignment) onDeadline() {
	if a.task != nil {
		a.worker.pool.abandon(a.task, ErrTimeout, "timed out")
	}
}

// cancel has the worker end the job, whose task was settled, and ends the worker if it does not.
func (a *assignment) cancel(reason string) {
	a.deadline.stop()
	a.stuck.stop()
	if a.worker.state >= workerKilled {
		return
	}
	a.sendCancel(reason)
	if a.begun {
		a.awaitUnwanted()
	}
}

// sendCancel tells the worker to cancel the job.
func (a *assignment) sendCancel(reason string) {
	if !a.cancelSent && a.worker.accepts.cancel {
		a.cancelSent = true
		a.worker.link.sendControl(&cancelMessage{a.id, reason})
	}
}

// awaitUnwanted waits for the worker to answer a job that nobody wants any more. The others that it
// was sent in advance may go to workers that have room for them.
func (a *assignment) awaitUnwanted() {
	w := a.worker
	a.grace.set(w.pool.loop, w.pool.o.CancelGrace, func() { w.afterBacklog(a.onGraceOver) })
	w.recallMovable()
}

// onGraceOver is called when the worker has not answered in its grace.
func (a *assignment) onGraceOver() {
	if slices.Contains(a.worker.jobs, a) {
		a.worker.kill(ExitTimeout, nil)
	}
}

// recallMovable asks the worker to give back what it has not begun and others may have. A worker
// that does not know of that keeps it until it has ended.
func (w *worker) recallMovable() {
	for _, a := range w.jobs {
		if a.movable() {
			a.sendRecall()
		}
	}
}

// movable reports whether the job may go to another worker.
func (a *assignment) movable() bool {
	return !a.begun && a.task != nil && a.task.onlyWorker == nil && a.task.key == ""
}

// sendRecall asks for the job once.
func (a *assignment) sendRecall() {
	if !a.recallSent && a.worker.accepts.recall {
		a.recallSent = true
		a.worker.link.sendControl(&recallMessage{a.id, true})
	}
}

// finishJob ends an assignment, which the worker has answered.
func (w *worker) finishJob(a *assignment) {
	w.answered++
	if a.begun {
		w.busy += w.pool.loop.Now().Sub(a.begunAt)
	}
	if w.jobsLeft > 0 {
		w.jobsLeft--
	}
	w.drop(a)
}

// drop takes an assignment from the worker, and makes room for the next one.
func (w *worker) drop(a *assignment) {
	i := slices.Index(w.jobs, a)
	w.jobs = slices.Delete(w.jobs, i, i+1)
	a.deadline.stop()
	a.stuck.stop()
	a.grace.stop()
	if len(w.jobs) >= w.capacity {
		if next := w.jobs[w.capacity-1]; !next.begun {
			next.begin()
		}
	}
	if len(w.jobs) == 0 {
		w.onIdle()
	}
}

// room returns how many jobs more the worker takes now, with so many ahead.
func (w *worker) room(ahead int) int {
	if w.state != workerReady || w.exclusive || w.reserved || w.link.needDrain() {
		return 0
	}
	if ahead > 0 && w.awaitsUnwanted() {
		ahead = 0
	}
	return w.capacity + ahead - len(w.jobs)
}

// awaitsUnwanted reports whether the worker goes on with a job that nobody wants any more, and may
// have to be killed for it.
func (w *worker) awaitsUnwanted() bool {
	return slices.ContainsFunc(w.jobs, func(a *assignment) bool { return a.begun && a.task == nil })
}
