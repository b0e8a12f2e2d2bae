package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// A run is a job at an agent, from when it was given out to when the agent has told the servers
// what became of it. Its methods are called on the goroutine of its slot, unless they say
// otherwise.
type run struct {
	a       *Agent
	f       *Fleet
	msg     *nats.Msg
	queue   *agentQueue
	id      jobID
	attempt int
	seq     uint64
	since   time.Time // of the submission, by the server's clock
	lease   *lease
	history *history

	tombstone sync.Once
	cancelled chan struct{} // closed when the job is to be cancelled

	mu     sync.Mutex
	inPool poolRun // nil: it is not in the pool
}

// runDelivery sees a job through. Whatever it cannot do is done by the servers, after AckWait: they
// give the job out again.
func (a *Agent) runDelivery(d *delivery) {
	meta, err := d.msg.Metadata()
	if err != nil {
		return // jobQueue has seen that it has some.
	}
	_, id := subjectID(d.msg.Subject)
	r := &run{
		a: a, f: a.f, msg: d.msg, queue: d.queue, id: id, attempt: int(meta.NumDelivered), seq: meta.Sequence.Stream,
		since: meta.Timestamp, history: &history{Seq: meta.Sequence.Stream}, cancelled: make(chan struct{}),
	}
	if t := serverTime(d.msg.Header, headerSince); !t.IsZero() {
		r.since = t
	}
	if a.adopts(id, r.seq, d, r.attempt) {
		return
	}
	r.lease = newLease(a.f, d, r.attempt, r.holds, r.lookForTombstone)
	defer r.lease.stop()
	a.addRun(r)
	defer a.removeRun(r)
	r.f.step("delivered")
	r.settle(r.execute())
}

// adopts reports whether the agent runs the job already. Then this delivery keeps it.
func (a *Agent) adopts(id jobID, seq uint64, d *delivery, number int) bool {
	a.mu.Lock()
	r := a.jobs[id]
	a.mu.Unlock()
	return r != nil && r.seq == seq && r.lease.adopt(d, number)
}

func (a *Agent) addRun(r *run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs[r.id] = r
}

func (a *Agent) removeRun(r *run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.jobs[r.id] == r { // A job that was lost may have come back before its end.
		delete(a.jobs, r.id)
	}
}

// verdict is what an attempt came to.
type verdict struct {
	kind   verdictKind
	answer json.RawMessage
	dead   DeadKind
	err    error
	stderr []byte
}

type verdictKind uint8

const (
	verdictAnswered  verdictKind = iota
	verdictDone                  // an earlier attempt has stored a result
	verdictFailed                // it counts, and the job comes again
	verdictReleased              // it does not count, and the job comes again
	verdictDead                  // the job does not come again
	verdictBuried                // an earlier attempt has put it in the dead stream
	verdictCancelled             // nor does this one
	verdictLost                  // the lease is over
	verdictUnknown               // the servers do not answer: the job comes again after AckWait
)

// execute runs the job, if it is to be run.
func (r *run) execute() verdict {
	o, err := r.poolJob()
	if err != nil {
		return verdict{kind: verdictDead, dead: DeadMalformed, err: err}
	}
	if cancelled, reason, err := r.tombstoneOf(r.lease.ctx); err != nil {
		return r.unknown(err)
	} else if cancelled {
		return verdict{kind: verdictCancelled, err: errors.New(reason)}
	}
	if r.attempt > 1 {
		if v, over := r.checkEarlier(); over {
			return v
		}
	}
	body, err := r.f.body(r.lease.ctx, r.f.names.jobBucket(r.id.client), r.id, r.msg)
	switch {
	case errors.Is(err, errNoBlob), errors.Is(err, ErrNotSetUp):
		return verdict{kind: verdictDead, dead: DeadPayload, err: err}
	case err != nil:
		return r.unknown(err)
	case !json.Valid(body):
		return verdict{kind: verdictDead, dead: DeadMalformed, err: errors.New("the job is no JSON")}
	}
	o.task.Job = body
	return r.runInPool(o)
}

// poolJob reads the headers of the job.
func (r *run) poolJob() (*poolJob, error) {
	h := r.msg.Header
	o := &poolJob{
		task:   Task{ID: r.id.String(), Queue: r.queue.name, Attempt: r.attempt},
		method: h.Get(headerMethod), key: h.Get(headerKey),
	}
	if text := h.Get(headerTimeout); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, errors.New("its time-out is none: " + strconv.Quote(text))
		}
		o.timeout = d
	}
	return o, nil
}

// checkEarlier looks at what earlier deliveries came to. over says that the job is not to be run.
func (r *run) checkEarlier() (v verdict, over bool) {
	ctx := r.lease.ctx
	stored, err := (&Job{f: r.f, id: r.id}).storedResult(ctx)
	if err != nil {
		return r.unknown(err), true
	}
	if stored != nil && !serverTime(stored.Header, natsTime).Before(r.since) {
		return verdict{kind: verdictDone}, true
	}
	dead, err := r.f.last(ctx, "look for", r.f.names.dead(), r.f.names.deadJob(r.id))
	if err != nil {
		return r.unknown(err), true
	}
	if dead != nil && !serverTime(dead.Header, natsTime).Before(r.since) {
		return verdict{kind: verdictBuried}, true
	}
	if r.history, err = r.f.readHistory(ctx, r.id); err != nil {
		return r.unknown(err), true
	}
	r.history.countDelivery(r.seq, r.attempt)
	if r.history.Lost >= r.a.o.MaxLost {
		return verdict{kind: verdictDead, dead: DeadLost, err: errors.New(strconv.Itoa(r.history.Lost) +
			" agents were lost with it: they died, were cut off, or stood still for longer than AckWait")}, true
	}
	r.history.Started = r.attempt
	if err = r.f.writeHistory(ctx, r.id, r.history); err != nil {
		return r.unknown(err), true
	}
	return v, false
}

// unknown is the verdict when a server was asked and err came.
func (r *run) unknown(err error) verdict {
	if r.lease.lost() {
		return verdict{kind: verdictLost, err: err}
	}
	return verdict{kind: verdictUnknown, err: err}
}

// runInPool has the pool run the job.
func (r *run) runInPool(o *poolJob) verdict {
	p := &progress{r: r}
	defer p.stop()
	done := make(chan outcome, 1)
	started := r.a.pool.start(o, p.update, func(o outcome) { done <- o })
	r.mu.Lock()
	r.inPool = started
	r.mu.Unlock()
	r.a.emit(r.event(EventStarted, nil))
	r.f.step("started")
	var out outcome
	var cause error
	select {
	case out = <-done:
	case <-r.lease.ctx.Done():
		cause = errLeaseLost
	case <-r.cancelled:
		cause = ErrCancelled
	case <-r.a.running.Done():
		cause = errDraining
	}
	if cause != nil {
		started.cancel(cause)
		select {
		case out = <-done: // It may have answered meanwhile.
		case <-time.After(cancelWait):
			out = outcome{kind: outcomeCancelled} // Its loop stands still.
		}
	}
	r.mu.Lock()
	r.inPool = nil
	r.mu.Unlock()
	r.f.step("answered")
	return r.judge(out, cause)
}

// judge makes a verdict of what the pool says. cause is why the job was cancelled, nil if it was
// not.
func (r *run) judge(out outcome, cause error) verdict {
	v := verdict{answer: out.answer, err: out.err, stderr: out.stderr}
	switch out.kind {
	case outcomeAnswered:
		v.kind = verdictAnswered
	case outcomeFailed:
		v.kind = verdictFailed
		if r.history.Failures+1 >= r.maxAttempts() {
			v.kind, v.dead = verdictDead, DeadFailed
		}
	case outcomeCancelled:
		switch cause {
		case ErrCancelled:
			v.kind = verdictCancelled
		case errLeaseLost:
			v.kind = verdictLost
		default: // The drain, or somebody who cancels tasks of the pool.
			v.kind = verdictReleased
		}
	case outcomeRefused:
		v.kind = verdictReleased
	}
	return v
}

func (r *run) maxAttempts() int {
	if n := number(r.msg.Header, headerAttempts); n > 0 {
		return n
	}
	return r.a.o.MaxAttempts
}

// holds reports whether there is reason to keep the lease. It is called by the lease's goroutine.
func (r *run) holds(ctx context.Context) bool {
	r.mu.Lock()
	inPool := r.inPool
	r.mu.Unlock()
	// Before and after the pool it is this program that works.
	return inPool == nil || inPool.holds(ctx)
}

// tombstoneOf asks whether the job was cancelled. An older tombstone is that of an earlier job of
// this id.
func (r *run) tombstoneOf(ctx context.Context) (cancelled bool, reason string, err error) {
	msg, err := r.f.last(ctx, "look for a request to cancel", r.f.names.cancels(), r.f.names.cancel(r.id))
	if err != nil || msg == nil || serverTime(msg.Header, natsTime).Before(r.since) {
		return false, "", err
	}
	if json.Unmarshal(msg.Data, &reason) != nil {
		reason = "" // It is the client's, and says what it likes.
	}
	return true, reason, nil
}

// lookForTombstone asks again, since a message that tells of a tombstone may be lost. It is called
// by the lease's goroutine with each heartbeat.
func (r *run) lookForTombstone() {
	ctx, cancel := context.WithTimeout(r.lease.ctx, attemptTimeout)
	defer cancel()
	if cancelled, _, err := r.tombstoneOf(ctx); err == nil && cancelled {
		r.cancel()
	}
}

// onCancel is told of each tombstone, by the goroutine of a subscription.
func (a *Agent) onCancel(msg *nats.Msg) {
	_, id := subjectID(msg.Subject)
	a.mu.Lock()
	r := a.jobs[id]
	a.mu.Unlock()
	if r != nil {
		r.cancel()
	}
}

// cancel is safe to call from any goroutine.
func (r *run) cancel() { r.tombstone.Do(func() { close(r.cancelled) }) }

func (r *run) tries() Tries {
	return Tries{Attempt: r.attempt, Failures: r.history.Failures, Lost: r.history.Lost}
}

func (r *run) event(kind EventKind, err error) Event {
	return Event{Kind: kind, Queue: r.queue.name, ID: r.id.String(), Tries: r.tries(), Err: err}
}

// progress passes on what a worker says of its progress: not more often than ProgressEvery, and the
// latest.
type progress struct {
	r *run

	mu      sync.Mutex
	latest  json.RawMessage
	timer   *time.Timer // nil: nothing waits
	last    time.Time
	stopped bool
}

// update is called by the pool, on any goroutine.
func (p *progress) update(text json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.latest = text
	if p.timer == nil {
		p.timer = time.AfterFunc(max(0, p.r.a.o.ProgressEvery-time.Since(p.last)), p.send)
	}
}

// send is called by the timer. The message is of the moment: nobody is told when it is lost.
func (p *progress) send() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	if p.latest == nil {
		return
	}
	_ = p.r.f.nc.Publish(p.r.f.names.event(p.r.id), p.latest) // See above.
	p.latest, p.last = nil, time.Now()
}

// stop sends what is left: the last progress comes before the result.
func (p *progress) stop() {
	p.mu.Lock()
	p.stopped = true
	waits := p.timer != nil && p.timer.Stop()
	p.mu.Unlock()
	if waits {
		p.send()
	}
}
