package fleet

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// Agent starts an agent that gives jobs to p, a pool on the loop o.Loop. The pool is borrowed: the
// caller stops it after the agent has ended. Until then the agent keeps the loop alive. It waits
// for the servers and for the loop, so it must not be called on the loop goroutine. The caller must
// Drain or Close the agent, or Close the Fleet.
//
// A worker gets a [Task] as its job.
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

// poolExecutor are those of a pool. Its doors to other goroutines are the methods of executor,
// which post to the loop; the rest is called on the loop goroutine.
type poolExecutor struct {
	loop *reactor.Loop
	pool *pool.Pool

	release func() // of the loop's Hold; used by listen alone, of which no two calls overlap

	// Used on the loop goroutine.
	health    health
	changed   func(h health, slots int, err error) // nil: nobody listens
	listeners []*events.Listener
}

// listen is safe to call from any goroutine but the loop's.
func (w *poolExecutor) listen(ctx context.Context, changed func(h health, slots int, err error)) error {
	if w.release != nil {
		w.release()
		w.release = nil
	}
	if changed != nil {
		// A pool without workers and tasks, as one whose last worker has just died, would let the
		// loop end.
		w.release = w.loop.Hold()
	}
	var failed error
	err := w.loop.Do(ctx, func() {
		for _, l := range w.listeners {
			l.Off()
		}
		w.listeners = nil
		if w.changed = changed; changed == nil {
			return
		}
		w.listeners = []*events.Listener{
			w.pool.OnCrashLoop(func(e *pool.CrashLoopError) { w.setHealth(looping, e) }),
			w.pool.OnWorkerReady(func(pool.Worker) {
				if w.health == looping {
					w.health = probing
				}
				w.setHealth(w.health, nil)
			}),
			w.pool.OnWorkerExit(func(*pool.WorkerExit) {
				w.setHealth(w.health, nil)
				w.loop.NextTick(func() { // When the pool knows whether that was its end.
					if h, err := w.checkHealth(); h == stopped && w.health != stopped {
						w.setHealth(stopped, err)
					}
				})
			}),
		}
		h, err := w.checkHealth()
		if h == stopped {
			failed = err
		}
		w.setHealth(h, err)
	})
	return errors.Join(err, failed)
}

// checkHealth asks the pool what it can do.
func (w *poolExecutor) checkHealth() (h health, err error) {
	err = w.pool.Healthy()
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

func (w *poolExecutor) setHealth(h health, err error) {
	w.health = h
	if w.changed != nil {
		w.changed(h, w.pool.Stats().Slots, err)
	}
}

// turns is safe to call from any goroutine but the loop's.
func (w *poolExecutor) turns(ctx context.Context) error { return w.loop.Do(ctx, func() {}) }

// start is safe to call from any goroutine.
func (w *poolExecutor) start(o *poolJob, progress func(json.RawMessage), done func(outcome)) poolRun {
	t := &poolTask{executor: w, done: done}
	if err := w.loop.Post(func() { t.run(o, progress) }); err != nil {
		done(outcome{kind: outcomeRefused, err: err})
	}
	return t
}

// poolTask is a task of the pool.
type poolTask struct {
	executor *poolExecutor
	done     func(outcome)

	// Used on the loop goroutine.
	task    *pool.Task // nil: it was not begun
	settled bool
}

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

// finish tells what became of the task, and what that says of the pool.
func (t *poolTask) finish(r *pool.Result, err error) {
	if t.settled {
		return
	}
	t.settled = true
	w := t.executor
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
		if w.health != healthy {
			out.kind = outcomeRefused // All its workers die: it is not the job.
		}
	case errors.Is(err, pool.ErrStopped), neverStarted:
		out.kind = outcomeRefused
		w.setHealth(stopped, err)
	case errors.Is(err, pool.ErrCancelled):
		out.kind = outcomeCancelled
	case loops, errors.Is(err, pool.ErrQueueFull), errors.Is(err, pool.ErrQueueTimeout):
		out.kind = outcomeRefused
	default:
		out.kind = outcomeFailed
	}
	if (err == nil || saysNo) && w.health != healthy {
		w.setHealth(healthy, nil)
	}
	t.done(out)
}

// cancel is safe to call from any goroutine. A loop that is closed has ended the task.
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

// holds is safe to call from any goroutine but the loop's.
func (t *poolTask) holds(ctx context.Context) (held bool) {
	err := t.executor.loop.Do(ctx, func() { held = !t.settled })
	return err == nil && held
}
