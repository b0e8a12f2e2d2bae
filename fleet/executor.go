package fleet

import (
	"context"
	"encoding/json"
	"time"
)

// A Task is the job that a worker of the pool gets: the submitted job, and the values by which a
// handler can detect a repetition.
type Task struct {
	ID      string          `json:"id"` // with the client's name before it; equal in all attempts
	Queue   string          `json:"queue"`
	Attempt int             `json:"attempt"` // see Tries.Attempt
	Job     json.RawMessage `json:"job"`
}

// executor is what an agent needs of a pool. Its methods are safe to call from any goroutine except
// the pool's loop goroutine. The same holds for poolRun's.
type executor interface {
	// listen calls changed with the pool's health and the number of jobs that its workers can run
	// at once: now and after each change. Nil ends that: once listen has returned nil, an earlier
	// changed is not called any more. If the pool takes no jobs any more, listen returns the
	// reason.
	listen(ctx context.Context, changed func(h health, slots int, err error)) error

	// turns returns when the pool's loop has made a turn, or ctx has ended.
	turns(ctx context.Context) error

	// start gives a job to the pool. done is called once, on any goroutine, possibly during this
	// call; if the loop stands still or is closed, it may not be called. progress is called before
	// it; the callee may keep its slice.
	start(o *poolJob, progress func(json.RawMessage), done func(outcome)) poolRun
}

// poolJob is a job as a pool gets it.
type poolJob struct {
	task        Task
	method, key string
	timeout     time.Duration
}

// poolRun is a job that was given to a pool.
type poolRun interface {
	// cancel ends the job. done gets the outcome.
	cancel(cause error)

	// holds reports whether the pool still has the job: it waits for a worker, or a living worker
	// runs it. If the pool's loop does not answer before ctx ends, the result is false.
	holds(ctx context.Context) bool
}

// outcomeKind is the kind of an outcome.
type outcomeKind uint8

const (
	outcomeAnswered  outcomeKind = iota
	outcomeFailed                // the worker reported an error, died, or took too long
	outcomeCancelled             // by cancel, or by the program
	outcomeRefused               // the pool did not run it, or cannot run any job
)

// outcome is the result of a job in a pool.
type outcome struct {
	kind   outcomeKind
	answer json.RawMessage
	err    error
	stderr []byte // of a worker that died
}
