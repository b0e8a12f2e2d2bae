package pool

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Defaults of [ServeOptions].
const (
	DefaultServeQueue      = 1024      // jobs
	DefaultServeQueueBytes = 256 << 20 // bytes
	DefaultServeGrace      = 5 * time.Second
)

// A Handler does a job and returns its result, which becomes JSON as ipc.Channel.Send encodes it,
// or a [Reply].
//
// It runs on a goroutine of its own, or with [ServeOptions].OnLoop or Async on the loop goroutine.
// ctx ends when the parent cancels the job. It also ends [ServeOptions].Grace after the parent is
// gone or has told the worker to exit. context.Cause returns a *[CancelError] with the parent's
// reason, [ipc.ErrChannelClosed], or [ErrTerminated]. What the handler returns after that is still
// sent as the answer; the parent decides what to do with it.
//
// If the handler returns an error, the answer is that error: its text, the name of its type, and as
// code the result of its method Code() string or the symbolic name of an errno in it ("ENOENT"). If
// the handler panics, the answer is an error with a stack, and the worker goes on. A result that
// cannot become JSON is answered with an error too.
type Handler = func(ctx context.Context, j *Job) (any, error)

// Handlers are the handlers of a worker by method. The one called "" gets jobs without a method,
// and those whose method has no handler.
type Handlers map[string]func(ctx context.Context, j *Job) (any, error)

// A Reply is a handler's result with an attachment, which is copied after the handler has returned.
type Reply struct {
	Value  any    // the result
	Attach []byte // sent beside the message, not as JSON; Linux only. Empty: none
}

// ServeOptions configure a worker. A nil *ServeOptions means all defaults.
type ServeOptions struct {
	// Concurrency is the number of handlers that run at once. The ready message asks the parent for
	// that many jobs; further ones wait here, in order. 0: 1.
	Concurrency int

	// OnLoop runs the handlers on the loop goroutine, inside the callback of the message. It is for
	// handlers that take microseconds, less than passing a job to another goroutine and back. They
	// run one after the other whatever Concurrency says, nothing else happens on the loop
	// meanwhile, and they cannot be cancelled.
	OnLoop bool

	// Async also runs the handlers on the loop goroutine. It is for handlers that start something
	// there, such as reading a stream, and answer later with [Job.Later]. Concurrency of them are
	// under way at once. They can be cancelled.
	Async bool

	// Teardown is called once, after the last handler has returned, before the worker exits: on the
	// loop goroutine with OnLoop or Async, otherwise on a goroutine of its own. Its ctx ends after
	// Grace. Its error goes to OnError.
	Teardown func(ctx context.Context) error

	// Grace is the time that handlers have from the disconnect or SIGTERM until their contexts end.
	// A second SIGTERM ends it. 0: DefaultServeGrace; negative: no limit.
	Grace time.Duration

	// MaxQueue and MaxQueueBytes bound the jobs that wait here because Concurrency handlers are
	// running. Further ones are refused with the code ERR_QUEUE_FULL. One job may always wait. 0:
	// DefaultServeQueue and DefaultServeQueueBytes.
	MaxQueue      int
	MaxQueueBytes int64

	// OnError is called on the loop goroutine with errors that belong to no job: a *[ParentError]
	// for an invalid message, an error of the channel such as a message over its limit, an error of
	// Teardown, a failure to send. The worker goes on. Nil: the loop's Logger gets them.
	OnError func(err error)
}

// Serve makes this process a worker. It sends the ready message to the parent, and calls a handler
// for each job. It is for a childprocess.Worker, and for any program that was started with a
// channel by a parent that speaks the protocol (PROTOCOL.md):
//
//	var workers = childprocess.Workers{"resize": func(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
//		return pool.Serve(l, parent, pool.Handlers{"resize": resize})
//	}}
//
// From then on SIGINT does nothing, because ^C reaches all processes of a terminal, and the parent
// decides about its workers.
//
// When the channel is disconnected or SIGTERM comes, no further job is begun. Running ones finish,
// [ServeOptions].Teardown runs, and the loop is stopped, so Workers.Run returns nil whatever else
// is on the loop. After SIGTERM the parent is told to send no more jobs, and gets the answers.
//
// Serve returns at once. Errors are *[OptionError], the error of signals.Watch, and
// [ipc.ErrChannelClosed] if the parent is already gone. Must be called on the loop goroutine.
//
// Preconditions:
//
//   - parent uses ipc.JSON.
//   - No other worker is served on l.
func Serve(l *reactor.Loop, parent *ipc.Channel, h Handlers) error {
	return ServeWith(l, parent, h, nil)
}

// ServeWith is [Serve] with options.
func ServeWith(l *reactor.Loop, parent *ipc.Channel, h Handlers, o *ServeOptions) error {
	with, err := checkServe(l, parent, h, o)
	if err != nil {
		return err
	}
	made := false
	_, err = l.Local(serverKey{}, func() (io.Closer, error) {
		made = true
		return newServer(l, parent, maps.Clone(h), with)
	})
	if err == nil && !made {
		return optionError("loop", "has a worker already")
	}
	return err
}

// serverKey is the key of the server among the loop's locals.
type serverKey struct{}

// checkServe returns the options with defaults in place of zeros, or an *[OptionError].
func checkServe(l *reactor.Loop, parent *ipc.Channel, h Handlers, o *ServeOptions) (with ServeOptions, err error) {
	if o != nil {
		with = *o
	}
	switch {
	case l == nil:
		return with, optionError("loop", "is nil")
	case parent == nil:
		return with, optionError("parent", "is nil")
	case parent.Serialization() != ipc.JSON:
		return with, optionError("parent", fmt.Sprintf("has the serialization %s: jobs are JSON", parent.Serialization()))
	case len(h) == 0:
		return with, optionError("handlers", "are none")
	case with.OnLoop && with.Async:
		return with, optionError("Async", "is given beside OnLoop")
	case with.Concurrency < 0:
		return with, optionError("Concurrency", "is negative")
	case with.MaxQueue < 0:
		return with, optionError("MaxQueue", "is negative")
	case with.MaxQueueBytes < 0:
		return with, optionError("MaxQueueBytes", "is negative")
	}
	for _, method := range slices.Sorted(maps.Keys(h)) {
		if h[method] == nil {
			return with, optionError(fmt.Sprintf("handlers[%q]", method), "is nil")
		}
	}
	with.Concurrency = or(with.Concurrency, 1)
	with.MaxQueue = or(with.MaxQueue, DefaultServeQueue)
	with.MaxQueueBytes = or(with.MaxQueueBytes, DefaultServeQueueBytes)
	with.Grace = or(with.Grace, DefaultServeGrace)
	return with, nil
}

func optionError(name, reason string) error {
	return &OptionError{name, reason}
}
