package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// Agent starts an agent that gives jobs to p, a pool on o.Loop. A worker gets a [Task] as its job.
// The error is an *[OptionError] or *[OpError].
//
// The agent borrows p and keeps the loop alive until it has ended; then the caller stops p. The
// caller must Drain or Close the agent, or Close the Fleet.
//
// Must not be called on the loop goroutine: it would wait for itself.
//
// Preconditions:
//   - p is on o.Loop.
//   - o.Loop runs, or another goroutine is about to run it.
func (f *Fleet) Agent(p *pool.Pool, o *AgentOptions) (*Agent, error) {
	switch {
	case p == nil:
		return nil, &OptionError{"Agent", "there is no pool"}
	case o == nil || o.Loop == nil:
		return nil, &OptionError{"AgentOptions.Loop", "there is none"}
	}
	o.Loop.MustNotWait("fleet: Agent")
	return f.newAgent(&poolExecutor{loop: o.Loop, pool: p}, o)
}

// poolExecutor makes a pool an executor. The methods of executor are for other goroutines: they
// post to the loop. All other methods run on the loop goroutine.
type poolExecutor struct {
	loop *reactor.Loop
	pool *pool.Pool

	// undoes the loop's Hold; used by listen, of which no two calls overlap; nil: no Hold
	release func()

	// Used on the loop goroutine only.
	health    health
	changed   func(h health, slots int, err error) // callback of listen; nil: none
	listeners []*events.Listener
}

// listen must not be called on the loop goroutine: it would wait for itself.
func (x *poolExecutor) listen(ctx context.Context, changed func(h health, slots int, err error)) error {
	if x.release != nil {
		x.release()
		x.release = nil
	}
	if changed != nil {
		// If the pool has no worker and no task, for example because its last worker has just died,
		// the loop would end.
		x.release = x.loop.Hold()
	}
	var failed error
	err := x.loop.Do(ctx, func() {
		for _, l := range x.listeners {
			l.Off()
		}
		x.listeners = nil
		if x.changed = changed; changed == nil {
			return
		}
		x.listeners = []*events.Listener{
			x.pool.OnCrashLoop(func(e *pool.CrashLoopError) { x.setHealth(looping, e) }),
			x.pool.OnWorkerReady(func(pool.Worker) {
				if x.health == looping {
					x.health = probing
				}
				x.setHealth(x.health, nil)
			}),
			x.pool.OnWorkerExit(func(*pool.WorkerExit) {
				x.setHealth(x.health, nil)
				x.loop.NextTick(func() { // The pool knows by then whether it has ended.
					if h, err := x.checkHealth(); h == stopped && x.health != stopped {
						x.setHealth(stopped, err)
					}
				})
			}),
		}
		h, err := x.checkHealth()
		if h == stopped {
			failed = err
		}
		x.setHealth(h, err)
	})
	return errors.Join(err, failed)
}

// checkHealth asks the pool for its health. err is the reason if it is not healthy.
func (x *poolExecutor) checkHealth() (h health, err error) {
	err = x.pool.Healthy()
	_, neverStarted := errors.AsType[*pool.StartError](err)
	_, loops := errors.AsType[*pool.CrashLoopError](err)
	switch {
	case neverStarted, errors.Is(err, pool.ErrStopped):
		return stopped, err
	case loops:
		return looping, err
	}
	return healthy, nil
}

// setHealth stores the health and calls changed.
func (x *poolExecutor) setHealth(h health, err error) {
	x.health = h
	if x.changed != nil {
		x.changed(h, x.pool.Stats().Slots, err)
	}
}

// turns must not be called on the loop goroutine: it would wait for itself.
func (x *poolExecutor) turns(ctx context.Context) error { return x.loop.Do(ctx, func() {}) }

// start is safe to call from any goroutine.
func (x *poolExecutor) start(o *poolJob, progress func(json.RawMessage), done func(outcome)) poolRun {
	var once sync.Once
	t := &poolTask{executor: x, done: func(o outcome) { once.Do(func() { done(o) }) }}
	if err := x.loop.Post(func() { t.run(o, progress) }); err != nil {
		t.done(outcome{kind: outcomeRefused, err: err})
	}
	return t
}

// poolTask is a poolRun: a task of the pool.
type poolTask struct {
	executor *poolExecutor
	// see executor.start; later calls do nothing: the loop may close meanwhile
	done func(outcome)

	// Used on the loop goroutine only.
	task    *pool.Task // nil: not begun
	settled bool       // finish was called
}

// run gives the job to the pool.
func (t *poolTask) run(o *poolJob, progress func(json.RawMessage)) {
	if t.settled {
		return
	}
	task, err := t.executor.pool.Run(&o.task, &pool.RunOptions{
		Method: o.method, Key: o.key, Timeout: o.timeout, Retries: -1, // The fleet tries again.
	}, t.finish)
	if err != nil {
		t.finish(nil, err)
		return
	}
	t.task = task
	task.OnProgress(func(p *pool.Progress) { progress(p.Raw()) })
}

// finish reports the outcome of the task, once, and derives the pool's health from it.
func (t *poolTask) finish(r *pool.Result, err error) {
	if t.settled {
		return
	}
	t.settled = true
	x := t.executor
	out := outcome{err: err}
	jobError, saysNo := errors.AsType[*pool.JobError](err)
	crash, crashed := errors.AsType[*pool.CrashError](err)
	_, loops := errors.AsType[*pool.CrashLoopError](err)
	_, neverStarted := errors.AsType[*pool.StartError](err)
	switch {
	case err == nil:
		out.answer = r.Raw()
	case saysNo:
		out.kind, out.stderr = outcomeFailed, []byte(jobError.Stack)
	case crashed:
		out.kind = outcomeFailed
		if n := len(crash.Crashes); n > 0 {
			out.stderr = crash.Crashes[n-1].Stderr
		}
		if x.health != healthy {
			out.kind = outcomeRefused // All workers die, so the job is not the cause.
		}
	case errors.Is(err, pool.ErrStopped), neverStarted:
		out.kind = outcomeRefused
		x.setHealth(stopped, err)
	case errors.Is(err, pool.ErrCancelled):
		out.kind = outcomeCancelled
	case loops, errors.Is(err, pool.ErrQueueFull), errors.Is(err, pool.ErrQueueTimeout):
		out.kind = outcomeRefused
	default:
		out.kind = outcomeFailed
	}
	if (err == nil || saysNo) && x.health != healthy {
		x.setHealth(healthy, nil)
	}
	t.done(out)
}

// cancel is safe to call from any goroutine. If the loop is closed, the task has ended.
func (t *poolTask) cancel(cause error) {
	err := t.executor.loop.Post(func() {
		if t.task != nil {
			t.task.Cancel(cause)
			return
		}
		t.finish(nil, pool.ErrCancelled)
	})
	if err != nil {
		t.done(outcome{kind: outcomeRefused, err: err})
	}
}

// holds must not be called on the loop goroutine: it would wait for itself.
func (t *poolTask) holds(ctx context.Context) (held bool) {
	err := t.executor.loop.Do(ctx, func() { held = !t.settled })
	return err == nil && held
}
