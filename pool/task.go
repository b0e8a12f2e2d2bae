package pool

import (
	"bytes"
	"context"
	"net"
	"os"
	"time"

	"github.com/brood-go/brood/internal/nodejson"
)

// taskState goes from waiting to running, back when a worker could not do it, and at last to
// settled, once.
type taskState uint8

const (
	taskWaiting taskState = iota // in a queue
	// with a worker, or answered and waiting for chunks to be taken or an attachment to come
	taskRunning
	taskSettled // its outcome is known; done is called on the next tick
)

// A Task is a job that was given to a pool. Its methods must be called on the loop goroutine.
type Task struct {
	pool  *Pool
	state taskState

	number          uint64 // in the order of submission
	job             []byte // encoded
	method          string
	key             string
	priority        int
	timeout         time.Duration // 0: none
	retries         int           // after errors of workers that are left
	rerunAfterCrash bool          // it is run again when a worker dies
	// a worker has died of it: the next one runs nothing else meanwhile
	suspect    bool
	attach     []byte
	file       *os.File // that has attach, for the workers that take it so
	copying    *copying // attach into file; nil: that is not under way
	handle     any
	onlyWorker *worker // the worker that it is for, if it is a part of a Broadcast

	queue      *queue // that it waits in
	queueIndex int    // there

	assignment      *assignment // while it runs
	firstAssignment assignment  // of the first run, which most tasks have only
	runs            int         // how often it was begun
	crashes         []Crash     // of workers that had begun it
	submittedAt     time.Time   // of submission
	begunAt         time.Time   // of the last run

	waitAlarm   alarm // of QueueTimeout, until it was begun
	restAlarm   alarm // of timeout, for an attachment that comes after the answer
	stopContext func() bool

	stream stream
	done   func(*Result, error)
	result *Result
	err    error
}

// A Result is what a worker has answered. The callee may keep it.
type Result struct {
	raw []byte

	Worker Worker        // that has answered
	Runs   int           // how often the job was begun
	Waited time.Duration // from Run to the beginning of the last run
	Ran    time.Duration // from there to the answer
	Attach []byte        // the bytes that the worker has attached; nil without
}

// Decode stores the result in what v points to, as encoding/json's Unmarshal does.
//
// Safe to call from any goroutine.
func (r *Result) Decode(v any) error { return nodejson.Unmarshal(r.raw, v) }

// Raw returns the result as it came: JSON, or with Frames the bytes of the frame.
//
// Safe to call from any goroutine.
func (r *Result) Raw() []byte { return r.raw }

// A Worker is a worker process, in events and results.
type Worker struct {
	Number     int // from 1; each process has its own
	Pid        int // 0 when it could not be started
	Generation int // from 1; Reload begins a new one
}

// Worker returns the worker that has the task, and false while it waits and once it is settled.
func (t *Task) Worker() (Worker, bool) {
	if t.assignment == nil {
		return Worker{}, false
	}
	return t.assignment.worker.id(), true
}

// Cancel ends the task, whose done gets a *[CancelError] with the cause, on the next tick. cause
// nil is ErrCancelled. One that waits is not run. For one that runs, the worker is told, and ended
// when it has not answered within Options.CancelGrace; until then it gets no other job in this
// one's place. Canceling a settled task does nothing.
func (t *Task) Cancel(cause error) {
	if cause == nil {
		cause = ErrCancelled
	}
	t.pool.abandon(t, &CancelError{cause}, "cancelled: "+cause.Error())
}

// copyAnswer copies an answer, into the memory of the job when that is not needed any more, and not
// much too large.
func (t *Task) copyAnswer(answer []byte) []byte {
	c := cap(t.job)
	// The parts of a Broadcast share a job.
	if t.onlyWorker != nil || len(answer) > c || c > 2*len(answer)+smallJob {
		return bytes.Clone(answer)
	}
	raw := append(t.job[:0], answer...)
	t.job = nil
	return raw
}

// smallJob is how many bytes a result may hold on to without use.
const smallJob = 64

// watchContext has the end of ctx cancel the task.
func (t *Task) watchContext(ctx context.Context) {
	if ctx == nil || ctx.Done() == nil {
		return
	}
	// It runs on a goroutine of its own, which only posts, and ends with that. A closed loop has no
	// callbacks any more.
	t.stopContext = context.AfterFunc(ctx, func() {
		_ = t.pool.loop.Post(func() { t.Cancel(context.Cause(ctx)) })
	})
}

// settle ends t, whose done is told on the next tick.
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

// releaseAttachment gives back the memory of the task's attachment.
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

// closeHandle closes the connection that went with the job: whoever has received it has one of its
// own.
func (t *Task) closeHandle() {
	if c, ok := t.handle.(net.Conn); ok {
		_ = c.Close() // Nothing was written to it here.
	}
	t.handle = nil
}
