package pool

import (
	"context"
	"errors"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
)

// startCredit is how many bytes of chunks a job may write before it is given more.
const startCredit = 1 << 20

// mostCredit bounds what a job may be given, so that sums stay in range.
const mostCredit = 1 << 60 // bytes

var (
	// ErrJobEnded is returned by the methods of a [Job] that send something, when its handler has
	// returned.
	ErrJobEnded = errors.New("pool: the job has ended")

	// ErrNoCredit is returned by [Job.Write] on the loop goroutine, where it cannot wait, when the
	// parent does not take more.
	ErrNoCredit = errors.New("pool: the parent takes no more for now")
)

// A Job is what a [Handler] is to do. It is valid until the handler returns, except for what was
// decoded from it.
//
// The methods of a Job are safe to call from any goroutine while its handler runs; with
// [ServeOptions].OnLoop or Async they must be called on the loop goroutine.
type Job struct {
	server  *server
	handler Handler
	ctx     context.Context
	cancel  context.CancelCauseFunc // nil on the loop

	id         uint64
	method     string
	attempt    int
	raw        []byte
	attachment incoming    // the runner's, once it has the job
	handle     *ipc.Handle // used on the loop only
	later      bool        // the handler has called Later
	cost       int64       // bytes; what it counts for in server.cost

	// Guarded by serveDoor.mu.
	ended     bool
	credit    int64
	wakeWrite chan struct{} // closed when a Write should try again; nil while none waits
	progress  []byte        // the latest that was not sent; nil: there is none
}

// ID returns the number by which the parent knows the job. It never uses one twice in one worker's
// life.
func (j *Job) ID() uint64 { return j.id }

// Method returns the name of what is to be done, "" if the parent has given none.
func (j *Job) Method() string { return j.method }

// Attempt returns how often the job was begun: 1 for the first time, more when a worker that had it
// has died.
func (j *Job) Attempt() int { return j.attempt }

// Worker returns the number of this worker in its pool, from 1; 0 when the parent does not number
// its workers.
func (j *Job) Worker() int { return j.server.worker }

// Generation returns how often the pool had been reloaded when this worker was started, from 1; 0
// as for Worker.
func (j *Job) Generation() int { return j.server.generation }

// Raw returns the job as JSON. The caller must not change it. It is valid until the handler
// returns.
func (j *Job) Raw() []byte { return j.raw }

// Decode stores the job in what v points to, as ipc.Message.Decode does. What it has stored may be
// kept.
func (j *Job) Decode(v any) error { return nodejson.Unmarshal(j.raw, v) }

// Attachment returns the bytes that came with the job beside its JSON, nil if none did. They are
// mapped memory that is this process's own: the handler may change them. They are valid until the
// handler returns, and touching them afterwards crashes the process.
func (j *Job) Attachment() []byte { return j.attachment.data }

// Handle returns the descriptor that came with the job, nil if none did. Its methods must be called
// on the loop goroutine, which other goroutines reach by reactor.Loop.Do. It is closed when the job
// was answered, unless it was used.
func (j *Job) Handle() *ipc.Handle { return j.handle }

// Progress tells the parent how far the job is: v in JSON. The parent gets the latest before the
// result; earlier ones may be skipped. It never waits. The error is that of a v that cannot become
// JSON, [ErrJobEnded], or the reason why the parent cannot be told anything any more.
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

// Retire asks the parent to replace this worker: it gives it no further job, and ends it when those
// under way are answered. It is for a worker that is no longer what it was: that has leaked memory,
// or lost what it needs.
func (j *Job) Retire() {
	j.server.door.notice([]byte(`{"retire":true}`))
	j.flushOnLoop()
}

// flushOnLoop sends what was put into the door, where this is the loop goroutine.
func (j *Job) flushOnLoop() {
	if j.server.o.handlesOnLoop() {
		j.server.flush()
	}
}

// sendError returns why the job cannot send anything. Called under serveDoor.mu.
func (j *Job) sendError() error {
	if j.ended {
		return ErrJobEnded
	}
	return j.server.door.broken
}
