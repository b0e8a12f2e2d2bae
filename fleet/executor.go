package fleet

import (
	"context"
	"encoding/json"
	"time"
)

// A Task is what a worker of the pool is given as its job: the job that was submitted, and what
// tells a handler whether it has seen it before.
type Task struct {
	// with the client's name before it; it is the same in each attempt
	ID    string `json:"id"`
	Queue string `json:"queue"` //
	// as Tries.Attempt: above 1 an attempt before may have run
	Attempt int             `json:"attempt"`
	Job     json.RawMessage `json:"job"`
}

// executor is what an agent needs of a pool. Its methods are safe to call from any goroutine but
// that of the pool's loop.
type executor interface {
	// listen has changed called, at once and with each change, with what the pool can do and how
	// many jobs its workers can have at once. nil ends that. When it returns nil, nothing is told
	// to whoever listened before. A pool that takes no job any more is an error.
	listen(ctx context.Context, changed func(h health, slots int, err error)) error

	// turns waits until the pool's loop has turned, or ctx ends.
	turns(ctx context.Context) error

	// start gives the pool a job. done is called once, on any goroutine and perhaps in this call,
	// unless the loop stands still or is closed; progress before it, with slices that the callee
	// may keep.
	start(o *poolJob, progress func(json.RawMessage), done func(outcome)) poolRun
}

// poolJob is a job for a pool.
type poolJob struct {
	task        Task
	method, key string
	timeout     time.Duration
}

// poolRun is a job that was given to a pool.
type poolRun interface {
	// cancel ends the job. done gets what became of it.
	cancel(cause error)

	// holds reports whether the pool has the job: it waits for a worker, or a worker that is alive
	// runs it. When the pool's loop does not answer until ctx ends, it does not.
	holds(ctx context.Context) bool
}

// outcomeKind is what became of a job in a pool.
type outcomeKind uint8

const (
	outcomeAnswered  outcomeKind = iota
	outcomeFailed                // the worker said no, or died, or took too long
	outcomeCancelled             // by cancel
	outcomeRefused               // the pool did not run it, or cannot run any
)

// outcome is what became of a job in a pool.
type outcome struct {
	kind   outcomeKind
	answer json.RawMessage
	err    error
	stderr []byte // of a worker that died
}
