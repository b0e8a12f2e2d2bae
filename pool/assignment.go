package pool

import (
	"errors"
	"slices"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// An assignment is a job that a worker has. It is in worker.jobs until the worker has answered or
// is gone; its task may have been settled long before.
type assignment struct {
	id         uint64 // number of the job on the wire, unique in the worker
	worker     *worker
	task       *Task // nil: settled, and the answer is dropped
	begun      bool  // the worker may have begun it: fewer than capacity jobs are before it
	begunAt    time.Time
	cancelSent bool
	recallSent bool // the worker may give the job back

	deadline alarm // rings after Task.timeout
	stuck    alarm // rings after Options.StuckAfter
	grace    alarm // set once task is nil; rings after Options.CancelGrace
}

// assign gives t to w. Afterwards t is running or settled, or waits: for its attachment, for a
// worker that has its method, or because the link shows that w has exited.
func (p *Pool) assign(w *worker, t *Task) {
	if !w.hasMethod(t.method) {
		p.queueForMethod(t)
		return
	}
	if !p.prepareAttachment(t, w) {
		return
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
			return
		}
		w.hearEnd()
		p.enqueue(t)
		return
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
}

// hasMethod reports whether the worker has a method. During a reload, workers may differ.
func (w *worker) hasMethod(method string) bool {
	return w.methods == nil || method == "" || slices.Contains(w.methods, method)
}

// queueForMethod moves t, with its key, to a ready worker that has its method. It fails t if there
// is none, or if t is for one worker only.
func (p *Pool) queueForMethod(t *Task) {
	var best *worker
	for _, w := range p.workers {
		if w.state == workerReady && w.hasMethod(t.method) && (best == nil || len(w.jobs) < len(best.jobs)) {
			best = w
		}
	}
	if best == nil || t.onlyWorker != nil {
		p.settle(t, nil, ErrMethod)
		return
	}
	p.bindings.bind(t.key, best)
	t.queue.remove(t)
	best.bound.add(t)
}

// newAssignment returns memory for an assignment. It never returns memory that was used, because
// alarms and callbacks of an earlier one may still refer to that.
func (t *Task) newAssignment() *assignment {
	if t.firstAssignment.worker == nil {
		return &t.firstAssignment
	}
	return new(assignment)
}

// isHandleError reports whether err is about the handle of a job. It is the job that is wrong then,
// not the worker.
func isHandleError(err error) bool {
	_, ok := errors.AsType[*ipc.HandleError](err)
	return ok
}

// begin starts the timers of a job when the worker can have begun it.
func (a *assignment) begin() {
	p, t := a.worker.pool, a.task
	a.begun = true
	a.begunAt = p.loop.Now()
	if t == nil { // It was cancelled before, and the worker may not know of cancel.
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

// onDeadline fails the task when its run is over its time.
func (a *assignment) onDeadline() {
	if a.task != nil {
		a.worker.pool.abandon(a.task, ErrTimeout, "timed out")
	}
}

// cancel asks the worker to cancel a job whose task is settled. If the job is begun, the worker is
// killed if it does not answer in CancelGrace.
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

// sendCancel sends the cancel message, at most once.
func (a *assignment) sendCancel(reason string) {
	if !a.cancelSent && a.worker.accepts.cancel {
		a.cancelSent = true
		a.worker.link.sendControl(&cancelMessage{a.id, reason})
	}
}

// awaitUnwanted gives the worker CancelGrace to answer a job whose task is settled. Jobs that were
// sent ahead are recalled, because the worker may be killed.
func (a *assignment) awaitUnwanted() {
	w := a.worker
	a.grace.set(w.pool.loop, w.pool.o.CancelGrace, func() { w.afterBacklog(a.onGraceOver) })
	w.recallMovable()
}

// onGraceOver kills a worker that has not answered in CancelGrace.
func (a *assignment) onGraceOver() {
	if slices.Contains(a.worker.jobs, a) {
		a.worker.kill(ExitTimeout, nil)
	}
}

// recallMovable asks the worker to give back the jobs that it has not begun and other workers may
// run. A worker without recall keeps them until it has exited.
func (w *worker) recallMovable() {
	for _, a := range w.jobs {
		if a.movable() {
			a.sendRecall()
		}
	}
}

// movable reports whether another worker may run the job.
func (a *assignment) movable() bool {
	return !a.begun && a.task != nil && a.task.onlyWorker == nil && a.task.key == ""
}

// sendRecall asks the worker for the job, at most once.
func (a *assignment) sendRecall() {
	if !a.recallSent && a.worker.accepts.recall {
		a.recallSent = true
		a.worker.link.sendControl(&recallMessage{a.id, true})
	}
}

// finishJob counts a job that the worker has answered, and drops its assignment.
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

// drop takes an assignment out of the worker's jobs. The next job can begin.
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

// room returns the number of jobs that the worker takes now, with ahead beyond its capacity. It is
// not positive if there is no room.
func (w *worker) room(ahead int) int {
	if w.state != workerReady || w.exclusive || w.reserved || w.link.needDrain() {
		return 0
	}
	if ahead > 0 && w.awaitsUnwanted() {
		ahead = 0
	}
	return w.capacity + ahead - len(w.jobs)
}

// awaitsUnwanted reports whether the worker runs a job whose task is settled. It may be killed for
// that, so it gets no jobs ahead.
func (w *worker) awaitsUnwanted() bool {
	return slices.ContainsFunc(w.jobs, func(a *assignment) bool { return a.begun && a.task == nil })
}
