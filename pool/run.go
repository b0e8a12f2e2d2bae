package pool

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// RunOptions say how one job is run. A nil *RunOptions means all defaults. They are neither kept
// nor changed.
type RunOptions struct {
	// Method names the handler of the worker that gets the job. "": the handler without a name.
	Method string

	// Key binds the job to a worker: as long as that lives, it gets all jobs with the same key. "":
	// any worker.
	Key string

	// Priority orders waiting jobs: a higher one runs first, and equal ones run in the order of the
	// calls.
	Priority int

	// Retries replaces Options.Retries. 0: Options.Retries; negative: none, and no run after a
	// crash either.
	Retries int

	// Timeout limits the time of a run, from when the worker can begin with the job. 0:
	// Options.Timeout; negative: no limit.
	Timeout time.Duration

	// QueueTimeout replaces Options.QueueTimeout. 0: Options.QueueTimeout; negative: no limit.
	QueueTimeout time.Duration

	// Context cancels the task when it ends, as [Task.Cancel] does. Nil: none.
	Context context.Context

	// Attach has bytes that go with the job as they are, at most 2 GiB. It is borrowed until the
	// task is settled. With Frames it is refused.
	Attach []byte

	// Handle is a descriptor that goes with the job, of a type that ipc.SendOptions.Handle takes.
	// It needs Messages. If it is a net.Conn, the pool closes it when the task is settled, but not
	// if Run returns an error; until then it may go to another worker. Others stay the caller's.
	Handle any
}

// Run gives job to a worker. done is called once, never inside this call, with the result or one of
// these errors:
//
//   - *[JobError]: the worker answered with an error;
//   - *[CrashError]: a worker that had begun the job died;
//   - *[ProtocolError]: the answer is no JSON;
//   - *[CancelError]: Cancel was called, or the context ended;
//   - [ErrTimeout], [ErrQueueTimeout], [ErrTooLarge], [ErrMethod], [ErrAttach];
//   - [ErrStopped], *[StartError], *[CrashLoopError]: the job was not run because of the pool's
//     state;
//   - *ipc.HandleError: Handle cannot be sent.
//
// job is encoded to JSON inside this call, in encoding/json's way. With Frames a []byte is taken as
// it is.
//
// If Run returns an error, done is never called. Errors are that of encoding the job, ErrTooLarge
// for a job over Options.MaxJob or an attachment over 2 GiB, [ErrQueueFull], ErrStopped, the
// *StartError that stopped the pool, *CrashLoopError, *[OptionError], and the cause of a context
// that has ended already. Run panics if done is nil.
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

// encode returns the bytes of a job, which the pool owns.
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

// fits returns ErrTooLarge for a job over Options.MaxJob.
func (p *Pool) fits(job []byte) error {
	if int64(len(job)) > p.o.MaxJob {
		return fmt.Errorf("%w: a job of %d bytes", ErrTooLarge, len(job))
	}
	return nil
}

// submit is Run for an encoded job.
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

// refuses returns the reason why the pool takes no job, or nil.
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

// check returns the reason why a pool with these settings refuses the options, or nil.
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

// newTask returns a task that is in no queue yet. Its context and QueueTimeout count from now on.
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

// admit queues a new task, and assigns it if a worker has room.
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

// enqueue puts t into its queue, where it waits for a worker.
func (p *Pool) enqueue(t *Task) {
	t.state = taskWaiting
	p.counts.waiting++
	p.counts.waitingBytes += int64(len(t.job) + len(t.attach))
	p.queueFor(t).add(t)
}

// queueFor returns the queue in which t waits: that of the suspects, that of the worker t is bound
// to, or that of the pool.
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

// dequeue takes t out of its queue, because it is assigned or settled. A task whose attachment is
// being copied is in no queue, but counts as waiting.
func (p *Pool) dequeue(t *Task) {
	if t.queue != nil {
		t.queue.remove(t)
	}
	if t.suspect && p.suspects.Len() == 0 {
		p.reserve(nil)
	}
	p.counts.waiting--
	p.counts.waitingBytes -= int64(len(t.job) + len(t.attach))
	if p.needDrain && p.halfFree() {
		p.needDrain = false
		p.nextTick(func() { reactor.Emit(p.loop, &p.onDrain, struct{}{}) })
	}
}

// queueFull reports whether another job of n bytes is over a limit. One job may always wait.
func (p *Pool) queueFull(n int) bool {
	return p.counts.waiting > 0 && (p.o.MaxQueue >= 0 && p.counts.waiting >= p.o.MaxQueue ||
		p.o.MaxQueueBytes >= 0 && p.counts.waitingBytes+int64(n) > p.o.MaxQueueBytes)
}

// atMark reports whether the queue has reached a limit.
func (p *Pool) atMark() bool {
	return p.o.MaxQueue >= 0 && p.counts.waiting >= p.o.MaxQueue ||
		p.o.MaxQueueBytes >= 0 && p.counts.waitingBytes >= p.o.MaxQueueBytes
}

// halfFree reports whether the queue is at most at half of both limits.
func (p *Pool) halfFree() bool {
	return (p.o.MaxQueue < 0 || p.counts.waiting <= p.o.MaxQueue/2) &&
		(p.o.MaxQueueBytes < 0 || p.counts.waitingBytes <= p.o.MaxQueueBytes/2)
}

// NeedDrain reports whether callers should wait for OnDrain before they submit more: the queue was
// full, and half of it is not free yet.
func (p *Pool) NeedDrain() bool { return p.needDrain }

// abandon settles a task with err, and has its worker, if it has one, cancel the job for that
// reason.
func (p *Pool) abandon(t *Task, err error, reason string) {
	a := t.assignment
	p.settle(t, nil, err)
	if a != nil {
		a.cancel(reason)
	}
	p.assignWaiting()
}
