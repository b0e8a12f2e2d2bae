package pool

import (
	"context"
	"errors"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
)

// startCredit is the number of bytes of chunks that a job may write before the parent grants more.
const startCredit = 1 << 20

// mostCredit bounds the credit of a job, so that sums stay in range.
const mostCredit = 1 << 60 // bytes

var (
	// ErrJobEnded is returned by the methods of a [Job] that send messages after its handler has
	// returned.
	ErrJobEnded = errors.New("pool: the job has ended")

	// ErrNoCredit is returned by [Job.Write] on the loop goroutine, where it must not wait, if the
	// parent takes no more.
	ErrNoCredit = errors.New("pool: the parent takes no more for now")
)

// A Job is the work that a [Handler] gets. It is valid until the handler returns, or until answer
// is called after [Job.Later]; decoded values may be kept.
//
// The methods of a Job are safe to call from any goroutine while its handler runs. With
// [ServeOptions].OnLoop or Async they must be called on the loop goroutine.
type Job struct {
	server  *server
	handler Handler
	ctx     context.Context
	cancel  context.CancelCauseFunc // ends ctx; nil with OnLoop

	// These do not change until the job is answered, except as their comments say.
	id         uint64
	method     string
	attempt    int
	raw        []byte      // JSON; with OnLoop a part of the message
	attachment incoming    // the loop's until a runner takes the job, then the runner's
	handle     *ipc.Handle // nil: none came; used on the loop goroutine only
	later      bool        // the handler called Later
	cost       int64       // its part of server.cost, bytes

	// Guarded by serveDoor.mu.
	ended     bool          // nothing of it is sent any more
	credit    int64         // bytes
	wakeWrite chan struct{} // closed when a waiting Write should try again; nil: none waits
	progress  []byte        // the latest, not sent yet; nil: none
}

// ID returns the number by which the parent knows the job. It is unique in the life of the worker.
func (j *Job) ID() uint64 { return j.id }

// Method returns the method that the parent named, "" if it named none.
func (j *Job) Method() string { return j.method }

// Attempt returns the number of this run: 1 for the first, more if the job was begun before by a
// worker that died or answered with an error.
func (j *Job) Attempt() int { return j.attempt }

// Worker returns the number of this worker in its pool, from 1; 0 if the parent does not number its
// workers.
func (j *Job) Worker() int { return j.server.worker }

// Generation returns the generation of this worker in its pool, from 1; each reload begins a new
// one. It is 0 if the parent does not say.
func (j *Job) Generation() int { return j.server.generation }

// Raw returns the job as JSON. The caller must not change it. It is valid until the handler
// returns.
func (j *Job) Raw() []byte { return j.raw }

// Decode stores the job in the value that v points to, as ipc.Message.Decode does. The caller may
// keep the value.
func (j *Job) Decode(v any) error { return nodejson.Decode(j.raw, v) }

// Attachment returns the bytes that came with the job beside its JSON, nil if none came. They are
// private memory, which the handler may change. They are valid until the handler returns; touching
// them later crashes the process.
func (j *Job) Attachment() []byte { return j.attachment.data }

// Handle returns the handle that came with the job, nil if none came. Its methods must be called on
// the loop goroutine, which other goroutines reach by reactor.Loop.Do. It is closed when the job is
// answered, unless it was used.
func (j *Job) Handle() *ipc.Handle { return j.handle }

// Progress sends v, as JSON, as the job's progress. It never waits. Before the result the parent
// gets the latest one; earlier ones may be skipped. The error is that of encoding v, [ErrJobEnded],
// or the reason why nothing can be sent to the parent any more.
func (j *Job) Progress(v any) error {
	frame, err := nodejson.Append(append(appendID(nil, j.id), `,"progress":`...), v)
	if err != nil {
		return err
	}
	if err := j.server.door.progress(j, append(frame, '}')); err != nil {
		return err
	}
	j.flushOnLoop()
	return nil
}

// Retire asks the parent to replace this worker. The parent gives it no further job, and
// disconnects it when the running ones are answered. It is for workers that leak memory or have
// lost something they need.
func (j *Job) Retire() {
	j.server.door.notice([]byte(`{"retire":true}`))
	j.flushOnLoop()
}

// flushOnLoop sends the messages in the door at once, if the handler runs on the loop goroutine.
func (j *Job) flushOnLoop() {
	if j.server.o.handlesOnLoop() {
		j.server.flush()
	}
}

// sendError returns the reason why the job cannot send, or nil. serveDoor.mu is held.
func (j *Job) sendError() error {
	if j.ended {
		return ErrJobEnded
	}
	return j.server.door.broken
}
