package pool

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// RunOptions say how one job is run. A nil *RunOptions means all defaults. They are not kept or
// changed.
type RunOptions struct {
	// Method is which of the worker's handlers gets the job. "": the one without a name.
	Method string

	// Key binds the job to a worker: while that lives, it gets all jobs with the same key. "": any
	// worker.
	Key string

	// Priority has jobs with a higher one run first, and those of one priority in the order of the
	// calls.
	Priority int

	// Retries is as Options.Retries. 0: that; negative: none, and not after a crash either.
	Retries int

	// Timeout is the time that the job may run, from when its worker can begin with it. 0:
	// Options.Timeout; negative: no limit.
	Timeout time.Duration

	// QueueTimeout is as Options.QueueTimeout. 0: that; negative: no limit.
	QueueTimeout time.Duration

	// Context cancels the task when it ends, as [Task.Cancel] does. Nil: none.
	Context context.Context

	// Attach has bytes that go with the job as they are, at most 2 GiB. It is borrowed until the
	// task is settled. Not with Frames.
	Attach []byte

	// Handle is a descriptor that goes with the job, as ipc.SendOptions has it, for a worker with
	// Messages. A net.Conn is closed here when the task is settled; until then it can go to another
	// worker.
	Handle any
}

// Run gives job to a worker and calls done once with the result or an error, never inside this
// call: when the worker has answered, or for
//
//   - a *[JobError], the worker's own error;
//   - a *[CrashError], when a worker that had begun with the job has died;
//   - a *[ProtocolError], when the answer is no JSON;
//   - a *[CancelError], after Cancel or the end of the context;
//   - [ErrTimeout], [ErrQueueTimeout], [ErrTooLarge], [ErrMethod];
//   - [ErrStopped], a *[StartError] or a *[CrashLoopError], when the job was not run because of the
//     pool's state.
//
// job is encoded at once, as JSON, in encoding/json's way. With Frames a []byte is taken as it is.
//
// Returned are, and done is never called then: an error of encoding the job, ErrTooLarge for a job
// over Options.MaxJob or an attachment over 2 GiB, [ErrQueueFull], ErrStopped, the *StartError that
// has ended the pool, a *CrashLoopError, an *[OptionError], and the error of a context that has
// ended already. Run panics when done is nil.
func (p *Pool) Run(job any, o *RunOptions, done func(*Result, error)) (*Task, error) {
	if done == nil {
		panic("pool: Run: nil callback")
	}
	encoded, err := p.encode(job)
	if err != nil {
		return nil, err
	}
	return p.submit(encoded, o, done)
}

// encode returns the bytes of a job, which are the pool's.
func (p *Pool) encode(job any) ([]byte, error) { return p.encodeWith(&p.encoder, job) }

func (p *Pool) encodeWith(encoder *nodejson.Encoder, job any) ([]byte, error) {
	if raw, ok := job.([]byte); ok && p.o.Protocol == Frames {
		return bytes.Clone(raw), p.fits(raw)
	}
	encoded, err := encoder.Append(nil, job)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	return encoded, p.fits(encoded)
}

func (p *Pool) fits(job []byte) error {
	if int64(len(job)) > p.o.MaxJob {
		return fmt.Errorf("%w: a job of %d bytes", ErrTooLarge, len(job))
	}
	return nil
}

// submit is Run for a job that was encoded.
func (p *Pool) submit(job []byte, o *RunOptions, done func(*Result, error)) (*Task, error) {
	if o == nil {
		o = new(RunOptions)
	}
	if err := p.refuses(); err != nil {
		return nil, err
	}
	if err := o.check(p.o); err != nil {
		return nil, err
	}
	if p.queueFull(len(job)+len(o.Attach)) && p.roomFor(o.Key) == nil {
		p.needDrain = true
		return nil, ErrQueueFull
	}
	t := p.newTask(job, o, done)
	p.admit(t)
	return t, nil
}

// refuses returns why the pool takes no job, nil if it does.
func (p *Pool) refuses() error {
	switch {
	case p.startErr != nil:
		return p.startErr
	case p.state != poolOpen:
		return ErrStopped
	case p.supply.looping() && p.o.CrashLoop == CrashLoopFail:
		return p.supply.crashLoop
	}
	return nil
}

func (o *RunOptions) check(s *settings) error {
	switch {
	case o.Handle != nil && s.Protocol != Messages:
		return &OptionError{"Handle", "is for Messages"}
	case len(o.Attach) > 0 && s.Protocol == Frames:
		return &OptionError{"Attach", "is not for Frames"}
	case o.Handle != nil && len(o.Attach) > 0:
		return &OptionError{"Attach", "is given beside Handle"}
	case int64(len(o.Attach)) > maxFrame:
		return fmt.Errorf("%w: an attachment of %d bytes", ErrTooLarge, len(o.Attach))
	case o.Context != nil:
		return context.Cause(o.Context)
	}
	return nil
}

func (p *Pool) newTask(job []byte, o *RunOptions, done func(*Result, error)) *Task {
	p.lastTask++
	t := &Task{
		pool: p, number: p.lastTask, job: job, method: o.Method, key: o.Key, priority: o.Priority, attach: o.Attach, handle: o.Handle,
		timeout: max(0, or(o.Timeout, p.o.Timeout)), retries: max(0, or(o.Retries, p.o.Retries)), submittedAt: p.loop.Now(), done: done,
	}
	t.rerunAfterCrash = t.retries > 0 || p.o.rerunAfterCrash && o.Retries >= 0
	t.watchContext(o.Context)
	if d := or(o.QueueTimeout, p.o.QueueTimeout); d > 0 {
		t.waitAlarm.set(p.loop, d, func() { p.abandon(t, ErrQueueTimeout, "has waited too long") })
	}
	return t
}

// admit takes up a new task.
func (p *Pool) admit(t *Task) {
	p.counts.submitted++
	p.enqueue(t)
	p.assignWaiting()
	p.grow()
	if p.atMark() {
		p.needDrain = true
	}
	p.updateHold()
}

// enqueue has t wait for a worker.
func (p *Pool) enqueue(t *Task) {
	t.state = taskWaiting
	p.counts.waiting++
	p.counts.waitingBytes += int64(len(t.job) + len(t.attach))
	p.queueFor(t).add(t)
}

// queueFor returns the queue in which t waits: that of its worker, if it has one.
func (p *Pool) queueFor(t *Task) *queue {
	if t.suspect {
		return &p.suspects
	}
	w := t.onlyWorker
	if w == nil {
		w = p.bindings.worker(t.key)
	}
	if w == nil {
		return &p.queue
	}
	return &w.bound
}

// dequeue takes t out of its queue.
func (p *Pool) dequeue(t *Task) {
	if t.queue != nil {
		t.queue.remove(t)
	}
	p.counts.waiting--
	p.counts.waitingBytes -= int64(len(t.job) + len(t.attach))
	if p.needDrain && p.halfFree() {
		p.needDrain = false
		p.nextTick(func() { reactor.Emit(p.loop, &p.onDrain, struct{}{}) })
	}
}

// queueFull reports whether a job of n bytes more is too much. One may always wait.
func (p *Pool) queueFull(n int) bool {
	return p.counts.waiting > 0 && (p.o.MaxQueue >= 0 && p.counts.waiting >= p.o.MaxQueue ||
		p.o.MaxQueueBytes >= 0 && p.counts.waitingBytes+int64(n) > p.o.MaxQueueBytes)
}

// atMark reports whether as much waits as may.
func (p *Pool) atMark() bool {
	return p.o.MaxQueue >= 0 && p.counts.waiting >= p.o.MaxQueue ||
		p.o.MaxQueueBytes >= 0 && p.counts.waitingBytes >= p.o.MaxQueueBytes
}

// halfFree reports whether no more than half of what may wait does.
func (p *Pool) halfFree() bool {
	return (p.o.MaxQueue < 0 || p.counts.waiting <= p.o.MaxQueue/2) &&
		(p.o.MaxQueueBytes < 0 || p.counts.waitingBytes <= p.o.MaxQueueBytes/2)
}

// NeedDrain reports whether whoever has more jobs should wait for OnDrain: the queue is full, and
// has not been half empty since.
func (p *Pool) NeedDrain() bool { return p.needDrain }

// abandon settles a task whose worker, if it has one, need not go on with it.
func (p *Pool) abandon(t *Task, err error, reason string) {
	a := t.assignment
	p.settle(t, nil, err)
	if a != nil {
		a.cancel(reason)
	}
	p.assignWaiting()
}
