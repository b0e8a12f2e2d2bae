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
	id     uint64
	worker *worker
	task   *Task // nil: settled, and what comes is dropped
	begun  bool  // the worker may have begun with it: only so many jobs are in front of it
	since  time.Time
	asked  bool // the worker was told to cancel it
	// the worker was asked to give it back if it has not begun it, since another one can have it
	recall bool

	deadline, stuck, grace alarm
}

// give has w run t. It reports false when the worker can be given nothing: it has ended, as will be
// seen.
func (p *Pool) give(w *worker, t *Task) bool {
	if !w.does(t.method) {
		p.sendElsewhere(t)
		return true
	}
	if !p.prepare(t, w) {
		return true
	}
	p.unqueue(t)
	w.jobID++
	m := &w.message
	*m = jobMessage{ID: w.jobID, Method: t.method, Job: t.job, Attach: int64(len(t.attach))}
	if t.runs > 0 {
		m.Attempt = t.runs + 1
	}
	if err := w.link.send(m, t); err != nil {
		if handleError(err) {
			p.enqueue(t)
			p.settle(t, nil, err)
			return true
		}
		if w.state <= workerDraining {
			w.state = workerEnding
			w.release()
			w.endWithin(p.o.DisconnectGrace)
		}
		p.enqueue(t)
		return false
	}
	t.state = taskRunning
	p.counts.running++
	a := t.newAssignment()
	*a = assignment{id: w.jobID, worker: w, task: t}
	t.given = a
	w.jobs = append(w.jobs, a)
	if len(t.attach) > 0 && !w.accepts.memfd {
		w.side.send(t)
	}
	w.touch()
	w.idleAlarm.stop()
	if t.alone {
		w.exclusive = true
	}
	if len(w.jobs) <= w.capacity {
		a.begin()
	}
	return true
}

// does reports whether the worker has a method.
func (w *worker) does(method string) bool {
	return w.methods == nil || method == "" || slices.Contains(w.methods, method)
}

// sendElsewhere has t wait for a worker that has its method, if one is ready: while a pool is
// reloaded they differ.
func (p *Pool) sendElsewhere(t *Task) {
	var best *worker
	for _, w := range p.workers {
		if w.state == workerReady && w.does(t.method) && (best == nil || len(w.jobs) < len(best.jobs)) {
			best = w
		}
	}
	if best == nil || t.only != nil || t.alone {
		p.settle(t, nil, ErrMethod)
		return
	}
	t.queue.remove(t)
	best.bound.add(t)
}

// newAssignment returns one that nothing knows of: callbacks of the one before may still come.
func (t *Task) newAssignment() *assignment {
	if t.first.worker == nil {
		return &t.first
	}
	return new(assignment)
}

// handleError reports whether err is about the handle of a job, which then is the job's fault.
func handleError(err error) bool {
	_, ok := errors.AsType[*ipc.HandleError](err)
	return ok
}

// begin is called when the worker can have begun with the job.
func (a *assignment) begin() {
	p, t := a.worker.pool, a.task
	a.begun = true
	a.since = p.loop.Now()
	if t == nil { // It was cancelled meanwhile, and the worker may not know.
		a.endure()
		return
	}
	t.waitAlarm.stop()
	t.runs++
	t.begun = a.since
	p.counts.waited.add(a.since.Sub(t.since))
	if t.timeout > 0 {
		a.deadline.set(p.loop, t.timeout, func() { a.worker.judge(a.late) })
	}
	if p.o.StuckAfter > 0 {
		a.stuck.set(p.loop, p.o.StuckAfter, func() {
			if a.task != nil {
				reactor.Emit(p.loop, &p.onStuck, a.task)
			}
		})
	}
}

// late is called when the job is over its time.
func (a *assignment) late() {
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
	a.ask(reason)
	if a.begun {
		a.endure()
	}
}

// ask tells the worker to cancel the job.
func (a *assignment) ask(reason string) {
	if !a.asked && a.worker.accepts.cancel {
		a.asked = true
		a.worker.link.control(&cancelMessage{a.id, reason})
	}
}

// endure waits for the worker to answer a job that nobody wants any more. The others that it was
// sent in advance may go to workers that have room for them.
func (a *assignment) endure() {
	w := a.worker
	a.grace.set(w.pool.loop, w.pool.o.CancelGrace, func() { w.judge(a.outlived) })
	w.recall()
}

// outlived is called when the worker has not answered in its grace.
func (a *assignment) outlived() {
	if slices.Contains(a.worker.jobs, a) {
		a.worker.kill(ExitTimeout, nil)
	}
}

// recall asks the worker to give back what it has not begun and others may have. A worker that does
// not know of that keeps it until it has ended.
func (w *worker) recall() {
	for _, a := range w.jobs {
		if a.movable() {
			a.giveBack()
		}
	}
}

// movable reports whether the job may go to another worker.
func (a *assignment) movable() bool {
	return !a.begun && a.task != nil && a.task.only == nil && a.task.key == ""
}

// giveBack asks for the job once.
func (a *assignment) giveBack() {
	if !a.recall && a.worker.accepts.recall {
		a.recall = true
		a.worker.link.control(&recallMessage{a.id, true})
	}
}

// finish ends an assignment, which the worker has answered.
func (w *worker) finish(a *assignment) {
	w.answered++
	if a.begun {
		w.busy += w.pool.loop.Now().Sub(a.since)
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
		w.idle()
	}
}

// room returns how many jobs more the worker takes now, with so many ahead.
func (w *worker) room(ahead int) int {
	if w.state != workerReady || w.exclusive || w.reserved || w.link.needDrain() {
		return 0
	}
	if ahead > 0 && w.endures() {
		ahead = 0
	}
	return w.capacity + ahead - len(w.jobs)
}

// endures reports whether the worker goes on with a job that nobody wants any more, and may have to
// be killed for it.
func (w *worker) endures() bool {
	return slices.ContainsFunc(w.jobs, func(a *assignment) bool { return a.begun && a.task == nil })
}
