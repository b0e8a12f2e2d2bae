package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// firstLook and longestLook bound the wait for news; then the waiter asks the servers itself.
	firstLook   = time.Second
	longestLook = 5 * time.Second

	// requeuedLook is that bound for a job that is dead and queued: it has just died, or was
	// requeued.
	requeuedLook = 50 * time.Millisecond
)

// A Job is a job that was submitted, by this program or another. Make one with Submit, Await or
// Requeue.
//
// Its methods are safe to call from any goroutine. Those with a context wait for a server: they
// must not be called on a loop goroutine.
type Job struct {
	f     *Fleet
	id    jobID
	queue string // "": unknown
}

// Await returns the job with that id, which need not exist. It is a job of this client, unless the
// id begins with another client's name and a dot. The program that submitted it may have ended.
func (f *Fleet) Await(id string) *Job {
	j := &Job{f: f}
	j.id, _ = parseID(f.o.Client, id) // The methods return the error, see check.
	return j
}

// ID returns the job's id. For a job of this client it is the id given to Submit; else the client's
// name and a dot precede it.
func (j *Job) ID() string {
	if j.id.client == j.f.o.Client {
		return j.id.id
	}
	return j.id.String()
}

// check returns an *OptionError if Await got an id that is none.
func (j *Job) check() error {
	if j.id.id == "" {
		return &OptionError{"job id", "it is none"}
	}
	return nil
}

// Wait waits until the job has ended, and decodes the worker's answer into result, unless that is
// nil. The error is a *DeadError if the job is dead, and wraps ErrCancelled if it was cancelled. If
// ctx ends, Wait returns its cause, and the job goes on. Wait also waits for a job that does not
// exist, because it may be submitted later.
func (j *Job) Wait(ctx context.Context, result any) error {
	r, err := j.Result(ctx)
	if err != nil || result == nil {
		return err
	}
	return r.Decode(result)
}

// Result is Wait, but returns everything that is stored with the answer.
func (j *Job) Result(ctx context.Context) (*Result, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	f := j.f
	subject := f.names.done(j.id.client)
	ctx, release := f.refusals.guard(ctx, func(refused string) bool { return refused == subject })
	defer release()
	news, stopWaiting, err := f.news.wait(ctx, j.id)
	if err != nil {
		return nil, &OpError{"wait for", j.id.String(), errors.Join(ErrClosed, err)}
	}
	defer stopWaiting()
	for pause := firstLook; ; pause = min(pause*3/2, longestLook) {
		r, requeued, err := j.lookUp(ctx)
		switch {
		case r != nil:
			return r, err
		case err != nil && (errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)) && ctx.Err() == nil:
			// The servers are away, but the job is not.
		case err != nil:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return nil, err
		}
		if requeued {
			pause = requeuedLook
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case msg := <-news:
			timer.Stop()
			if msg != nil && msg.Header.Get(headerState) != stateDead {
				return j.read(ctx, msg)
			}
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-f.closed:
			timer.Stop()
			return nil, &OpError{"wait for", j.id.String(), ErrClosed}
		}
	}
}

// lookUp returns the result, or the error that the job ended with. If requeued is true, the job is
// dead and queued again. If nothing is stored, all results are zero.
func (j *Job) lookUp(ctx context.Context) (r *Result, requeued bool, err error) {
	msg, err := j.storedResult(ctx)
	if err != nil {
		return nil, false, err
	}
	if msg != nil {
		r, err = j.read(ctx, msg)
		return r, false, err
	}
	dead, err := j.f.dead(ctx, j.id)
	if err != nil || dead == nil {
		return nil, false, err
	}
	if checkToken("queue", dead.Queue) != nil {
		return nil, false, dead.error() // Another program has written it.
	}
	queued, err := (&Job{f: j.f, id: j.id, queue: dead.Queue}).queuedMessage(ctx)
	if err != nil || queued != nil {
		return nil, queued != nil, err
	}
	return nil, false, dead.error()
}

// storedResult returns the message of the stored result, nil if there is none.
func (j *Job) storedResult(ctx context.Context) (*nats.Msg, error) {
	return j.f.last(ctx, "look for the result of", j.f.names.results(), j.f.names.result(j.id))
}

// queuedMessage returns the message of the job, nil if it is not queued.
func (j *Job) queuedMessage(ctx context.Context) (*nats.Msg, error) {
	return j.f.last(ctx, "look for", j.f.names.jobs(), j.f.names.job(j.queue, j.id))
}

// read makes a Result of the stored message.
func (j *Job) read(ctx context.Context, msg *nats.Msg) (*Result, error) {
	r := &Result{
		ID: j.id.String(), Queue: msg.Header.Get(headerQueue), Agent: msg.Header.Get(headerAgent),
		Time: serverTime(msg.Header, natsTime), LostLease: msg.Header.Get(headerLease) == leaseLost,
		Tries: Tries{
			Attempt: number(msg.Header, headerAttempt), Failures: number(msg.Header, headerFailures),
			Lost: number(msg.Header, headerLost),
		},
	}
	if msg.Header.Get(headerState) == stateCancelled {
		return r, errors.Join(ErrCancelled, errors.New(msg.Header.Get(headerReason)))
	}
	var err error
	r.raw, err = j.f.body(ctx, j.f.names.resultBucket(j.id.client), j.id, msg)
	return r, err
}

// Cancel asks for the end of the job: if it waits, it will not run; if it runs, its child is
// cancelled. Cancel returns when the request is stored. The job may end before it takes effect;
// Wait tells. If there is nothing to cancel, the error is ErrAlreadyDone. Only the last KiB of
// reason is kept.
func (j *Job) Cancel(ctx context.Context, reason string) error {
	if err := j.check(); err != nil {
		return err
	}
	ctx, cancel := j.f.limit(ctx)
	defer cancel()
	switch r, requeued, err := j.lookUp(ctx); {
	case r != nil:
		return ErrAlreadyDone
	case err != nil:
		if _, dead := errors.AsType[*DeadError](err); dead && !requeued {
			return ErrAlreadyDone
		}
		return err
	}
	body, err := json.Marshal(tail([]byte(reason), longestReason))
	if err != nil {
		return err
	}
	_, _, err = j.f.publish(ctx, "cancel", &nats.Msg{Subject: j.f.names.cancel(j.id), Data: body})
	if full(err) {
		return errors.Join(ErrQueueFull, err)
	}
	return err
}

// Progress calls fn with each progress message of the job's worker, as JSON, one call at a time, on
// a goroutine of the connection, until stop is called. Messages from before the call, or from a
// time without a connection, are lost.
func (j *Job) Progress(fn func(json.RawMessage)) (stop func(), err error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	if fn == nil {
		return nil, &OptionError{"Progress", "there is no function"}
	}
	subject := j.f.names.event(j.id)
	ctx, cancel := j.f.limit(context.Background())
	defer cancel()
	sub, err := j.f.nc.Subscribe(subject, func(msg *nats.Msg) { fn(msg.Data) })
	if err == nil {
		err = j.f.subscribed(ctx, func(refused string) bool { return refused == subject })
	}
	switch {
	case j.f.nc.IsClosed():
		err = ErrClosed
	case err != nil && !errors.Is(err, ErrPermission):
		err = errors.Join(ErrUnavailable, err)
	}
	if err != nil {
		if sub != nil {
			_ = sub.Unsubscribe() // The connection may be closed.
		}
		return nil, &OpError{"listen to", j.id.String(), err}
	}
	return func() { _ = sub.Unsubscribe() }, nil // It fails if the connection is closed.
}

// State is the stage of a job.
type State string

// The states of a job.
const (
	// no such job, or its result has expired, or its queue is unknown
	StateUnknown   State = "unknown"
	StateQueued    State = "queued" // it waits, or an agent has it
	StateDone      State = stateDone
	StateCancelled State = stateCancelled
	StateDead      State = stateDead
)

// A JobInfo is the record of a job on the servers.
type JobInfo struct {
	State State
	Tries

	// Duplicates is the number of answers that came when there was a result: the job ran more than
	// once. LostLeases is the number of agents that found that they had lost the job: it may have
	// run more than once.
	Duplicates, LostLeases int
}

// Info returns the record of the job on the servers.
func (j *Job) Info(ctx context.Context) (*JobInfo, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	ctx, cancel := j.f.limit(ctx)
	defer cancel()
	info := &JobInfo{State: StateUnknown}
	h, err := j.f.readHistory(ctx, j.id)
	if err != nil {
		return nil, err
	}
	info.Tries = Tries{h.Delivered, h.Failures, h.Lost}
	info.Duplicates, info.LostLeases = h.Duplicates, h.LostLeases
	r, requeued, err := j.lookUp(ctx)
	dead, isDead := errors.AsType[*DeadError](err)
	switch {
	case errors.Is(err, ErrCancelled):
		info.State, info.Tries = StateCancelled, r.Tries
	case isDead:
		info.State, info.Tries = StateDead, dead.Tries
	case err != nil:
		return nil, err
	case r != nil:
		info.State, info.Tries = StateDone, r.Tries
	case requeued:
		info.State = StateQueued
	case j.queue != "":
		msg, err := j.queuedMessage(ctx)
		if err != nil {
			return nil, err
		}
		if msg != nil {
			info.State = StateQueued
		}
	}
	return info, nil
}
