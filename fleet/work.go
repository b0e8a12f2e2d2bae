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

// A run is a job at an agent, from its delivery until the agent has reported its outcome to the
// servers. Its methods run on the goroutine of its slot, unless their comment says otherwise.
type run struct {
	a       *Agent
	f       *Fleet
	msg     *nats.Msg // the job as delivered
	queue   *agentQueue
	id      jobID
	attempt int       // number of this delivery, from 1
	seq     uint64    // of the job in its stream
	since   time.Time // time of the submission, by the server's clock
	lease   *lease    // stopped when the run ends
	history *history  // empty until checkEarlier has read the stored one

	tombstone sync.Once
	cancelled chan struct{} // closed by cancel

	mu     sync.Mutex
	inPool poolRun // nil: the pool does not have the job
}

// runDelivery runs a job to its end. If a step fails, the servers give the job out again after
// AckWait.
func (a *Agent) runDelivery(d *delivery) {
	meta, err := d.msg.Metadata()
	if err != nil {
		return // jobQueue has checked that there is some.
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

// adopts reports whether the agent runs the job already. If so, the running lease takes the
// delivery.
func (a *Agent) adopts(id jobID, seq uint64, d *delivery, number int) bool {
	a.mu.Lock()
	r := a.jobs[id]
	a.mu.Unlock()
	return r != nil && r.seq == seq && r.lease.adopt(d, number)
}

// addRun makes r reachable for onCancel and adopts.
func (a *Agent) addRun(r *run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs[r.id] = r
}

func (a *Agent) removeRun(r *run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// If the job was lost and delivered here again, the entry is another run's.
	if a.jobs[r.id] == r {
		delete(a.jobs, r.id)
	}
}

// verdict is the outcome of an attempt. answer is set for verdictAnswered, dead for verdictDead.
type verdict struct {
	kind   verdictKind
	answer json.RawMessage
	dead   DeadKind
	err    error
	stderr []byte
}

// verdictKind is the kind of a verdict.
type verdictKind uint8

const (
	verdictAnswered  verdictKind = iota
	verdictDone                  // no run: an earlier attempt has stored a result
	verdictFailed                // counts as a failure; the job comes again
	verdictReleased              // does not count; the job comes again
	verdictDead                  // the job does not come again
	verdictBuried                // no run: an earlier attempt has put the job in the dead stream
	verdictCancelled             // the job does not come again
	verdictLost                  // the lease has ended: the job may be another agent's
	verdictUnknown               // the servers do not answer: the job comes again after AckWait
)

// execute runs the job, unless it was cancelled, is done, or cannot be run.
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

// checkEarlier looks up what became of earlier deliveries. If over is true, the job must not be
// run.
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

// unknown is the verdict after a request to the servers failed with err.
func (r *run) unknown(err error) verdict {
	if r.lease.lost() {
		return verdict{kind: verdictLost, err: err}
	}
	return verdict{kind: verdictUnknown, err: err}
}

// runInPool runs the job in the pool. It cancels the job if the lease ends, the job is cancelled,
// or the agent stops.
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
			out = outcome{kind: outcomeCancelled} // The pool's loop stands still.
		}
	}
	r.mu.Lock()
	r.inPool = nil
	r.mu.Unlock()
	r.f.step("answered")
	return r.judge(out, cause)
}

// judge makes a verdict of the pool's outcome. cause is the reason why the agent cancelled the job;
// nil: it did not.
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
		default: // errDraining, or the program cancelled the pool's task.
			v.kind = verdictReleased
		}
	case outcomeRefused:
		v.kind = verdictReleased
	}
	return v
}

// maxAttempts returns the limit of the job, or else of the agent.
func (r *run) maxAttempts() int {
	if n := number(r.msg.Header, headerAttempts); n > 0 {
		return n
	}
	return r.a.o.MaxAttempts
}

// holds reports whether the agent still works on the job. The lease's goroutine calls it.
func (r *run) holds(ctx context.Context) bool {
	r.mu.Lock()
	inPool := r.inPool
	r.mu.Unlock()
	// Before and after the pool it is the agent that works.
	return inPool == nil || inPool.holds(ctx)
}

// tombstoneOf asks whether the job was cancelled. A tombstone older than the submission belongs to
// an earlier job of this id.
func (r *run) tombstoneOf(ctx context.Context) (cancelled bool, reason string, err error) {
	msg, err := r.f.last(ctx, "look for a request to cancel", r.f.names.cancels(), r.f.names.cancel(r.id))
	if err != nil || msg == nil || serverTime(msg.Header, natsTime).Before(r.since) {
		return false, "", err
	}
	if json.Unmarshal(msg.Data, &reason) != nil {
		reason = "" // The client wrote it, so it may be anything.
	}
	return true, reason, nil
}

// lookForTombstone asks again, because a message about a tombstone may be lost. The lease's
// goroutine calls it after each heartbeat.
func (r *run) lookForTombstone() {
	ctx, cancel := context.WithTimeout(r.lease.ctx, attemptTimeout)
	defer cancel()
	if cancelled, _, err := r.tombstoneOf(ctx); err == nil && cancelled {
		r.cancel()
	}
}

// onCancel handles the message about a tombstone, on the goroutine of the subscription.
func (a *Agent) onCancel(msg *nats.Msg) {
	_, id := subjectID(msg.Subject)
	a.mu.Lock()
	r := a.jobs[id]
	a.mu.Unlock()
	if r != nil {
		r.cancel()
	}
}

// cancel cancels the job. Safe to call from any goroutine.
func (r *run) cancel() { r.tombstone.Do(func() { close(r.cancelled) }) }

// tries returns the counts including this attempt.
func (r *run) tries() Tries {
	return Tries{Attempt: r.attempt, Failures: r.history.Failures, Lost: r.history.Lost}
}

func (r *run) event(kind EventKind, err error) Event {
	return Event{Kind: kind, Queue: r.queue.name, ID: r.id.String(), Tries: r.tries(), Err: err}
}

// progress publishes the progress messages of a worker, at most one per ProgressEvery, always the
// latest.
type progress struct {
	r *run

	mu      sync.Mutex
	latest  json.RawMessage
	timer   *time.Timer // nil: no message waits
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

// send is called by the timer. A progress message may be lost: nothing depends on it.
func (p *progress) send() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	if p.latest == nil {
		return
	}
	_ = p.r.f.nc.Publish(p.r.f.names.event(p.r.id), p.latest) // It may be lost.
	p.latest, p.last = nil, time.Now()
}

// stop sends the message that waits, so that the last progress precedes the result.
func (p *progress) stop() {
	p.mu.Lock()
	p.stopped = true
	waits := p.timer != nil && p.timer.Stop()
	p.mu.Unlock()
	if waits {
		p.send()
	}
}
