package pool

import (
	"bytes"
	"context"
	"net"
	"os"
	"time"

	"github.com/brood-go/brood/internal/nodejson"
)

// taskState goes from waiting to running, back to waiting when the job comes back from a worker,
// and last to settled, once. Only Pool.settle sets taskSettled.
type taskState uint8

const (
	taskWaiting taskState = iota // in a queue, or in Pool.aside
	// a worker has the job, or the task is in Pool.incomplete
	taskRunning
	taskSettled // its outcome is known; done is called on the next tick
)

// A Task is a job that was given to a pool. Its methods must be called on the loop goroutine.
type Task struct {
	pool  *Pool
	state taskState

	// Set by Pool.newTask, some of them again by Broadcast. Later only retries changes, which
	// counts down.
	number          uint64 // order of submission, from 1
	method          string
	key             string
	priority        int
	timeout         time.Duration // 0: none
	retries         int           // runs left for errors of workers
	rerunAfterCrash bool
	onlyWorker      *worker // the worker of a part of a Broadcast; nil: any worker
	submittedAt     time.Time
	done            func(*Result, error)

	job     []byte   // encoded; nil once the task is settled, or its memory has the answer
	attach  []byte   // the caller's memory; nil once the task is settled
	file    *os.File // a file of memory with attach; nil: not made, or settled
	copying *copying // the copy of attach into file that is under way; nil: none
	handle  any      // nil once the task is settled

	queue      *queue // queue that has the task; nil: none
	queueIndex int    // its index in the queue's heap; valid while queue is not nil
	suspect    bool   // a worker died of it: it waits in Pool.suspects, and runs alone

	assignment      *assignment // nil unless a worker has the job, and after its answer
	firstAssignment assignment  // memory for the first one, as most tasks need only one
	runs            int         // begun so far
	crashes         []Crash     // deaths of workers that had begun it
	begunAt         time.Time   // beginning of the last run; valid if runs > 0

	waitAlarm alarm // rings after QueueTimeout; stopped by the first run
	// rings after the rest of timeout, while an attachment comes after the answer
	restAlarm   alarm
	stopContext func() bool // result of context.AfterFunc; nil without a context

	stream stream
	result *Result // valid when settled
	err    error   // valid when settled
}

// A Result is the answer of a worker to a job. The callee may keep it.
type Result struct {
	raw []byte

	Worker Worker        // the worker that answered
	Runs   int           // number of runs of the job
	Waited time.Duration // time from Run to the beginning of the last run
	Ran    time.Duration // time from there to the answer
	Attach []byte        // the bytes that the worker attached; nil: none
}

// Decode stores the result in the value that v points to, as encoding/json's Unmarshal does.
//
// Safe to call from any goroutine.
func (r *Result) Decode(v any) error { return nodejson.Decode(r.raw, v) }

// Raw returns the result as the worker sent it: JSON, or with Frames the bytes of the frame. The
// caller may keep it.
//
// Safe to call from any goroutine.
func (r *Result) Raw() []byte { return r.raw }

// A Worker identifies a worker process in events and results.
type Worker struct {
	Number     int // from 1; each process has its own
	Pid        int // 0 when it could not be started
	Generation int // from 1; Reload begins a new one
}

// Worker returns the worker that has the task. It returns false while the task waits, and once it
// is answered or settled.
func (t *Task) Worker() (Worker, bool) {
	if t.assignment == nil {
		return Worker{}, false
	}
	return t.assignment.worker.id(), true
}

// Cancel settles the task with a *[CancelError], which done gets on the next tick. A cause of nil
// means ErrCancelled.
//
// A task that waits is not run. If it runs, its worker is asked to cancel it, and killed if it has
// not answered within Options.CancelGrace; until then its place in the worker is not free. Cancel
// does nothing to a settled task.
func (t *Task) Cancel(cause error) {
	if cause == nil {
		cause = ErrCancelled
	}
	t.pool.abandon(t, &CancelError{cause}, "cancelled: "+cause.Error())
}

// copyAnswer copies an answer, which is a part of the link's buffer. It uses the memory of the job
// if that is large enough and not much too large.
func (t *Task) copyAnswer(answer []byte) []byte {
	c := cap(t.job)
	// The parts of a Broadcast share the memory of the job.
	if t.onlyWorker != nil || len(answer) > c || c > 2*len(answer)+smallJob {
		return bytes.Clone(answer)
	}
	raw := append(t.job[:0], answer...)
	t.job = nil
	return raw
}

// smallJob is the number of bytes that a result may waste, besides its own size.
const smallJob = 64

// watchContext cancels the task when ctx ends.
func (t *Task) watchContext(ctx context.Context) {
	if ctx == nil || ctx.Done() == nil {
		return
	}
	// fn runs on a goroutine of its own, which ends after the Post. Nothing waits for it. If the
	// loop is closed, no callback may run, so the error of Post is ignored.
	t.stopContext = context.AfterFunc(ctx, func() {
		_ = t.pool.loop.Post(func() { t.Cancel(context.Cause(ctx)) })
	})
}

// settle decides the result of t, unless it is settled. done gets it on a later tick. The worker
// that has the job keeps its assignment, whose answer is dropped.
func (p *Pool) settle(t *Task, r *Result, err error) {
	switch t.state {
	case taskSettled:
		return
	case taskWaiting:
		p.dequeue(t)
	case taskRunning:
		p.counts.running--
		if t.assignment != nil {
			t.assignment.task = nil
			t.assignment = nil
		}
	}
	t.state = taskSettled
	t.result, t.err = r, err
	t.releaseAttachment()
	t.job = nil
	delete(p.incomplete, t)
	delete(p.aside, t)
	if t.stopContext != nil {
		t.stopContext()
	}
	t.waitAlarm.stop()
	t.restAlarm.stop()
	t.closeHandle()
	p.counts.countOutcome(err)
	if p.stopping != nil {
		if err == ErrStopped {
			p.stopping.report.Dropped++
		}
		p.nextTick(p.continueStop)
	}
	p.outcomes.push(t)
	p.loop.NextTick(p.reportNext)
	p.updateHold()
}

// releaseAttachment ends the pool's use of the caller's attachment. When it returns, no link and no
// goroutine reads the bytes.
func (t *Task) releaseAttachment() {
	if len(t.attach) == 0 {
		return
	}
	for _, w := range t.pool.workers {
		if w.side != nil {
			w.side.unborrow(t)
		}
	}
	t.attach = nil
	if t.copying != nil {
		t.copying.stop()
		t.copying = nil
	}
	if t.file != nil {
		_ = t.file.Close()
		t.file = nil
	}
}

// closeHandle closes the connection that went with the job. A worker that received it has its own
// descriptor.
func (t *Task) closeHandle() {
	if c, ok := t.handle.(net.Conn); ok {
		_ = c.Close() // Nothing was written to it here.
	}
	t.handle = nil
}
