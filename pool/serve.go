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

// A Handler does a job and returns its result, which becomes JSON as ipc.Channel.Send has it, or a
// [Reply].
//
// It runs on a goroutine that is its own until it returns; with [ServeOptions].OnLoop or Async it
// runs on the loop goroutine. ctx ends when the parent cancels the job, and some time after the
// parent has gone or told the worker to end. context.Cause tells which: a *[CancelError] with the
// parent's reason, [ipc.ErrChannelClosed], [ErrTerminated]. A handler that returns then is answered
// for as always; the parent decides what that is worth.
//
// An error is the answer, too: the parent gets its text, the name of its type, the symbolic name of
// an errno in it ("ENOENT"), or what a method Code() string returns. A panic is an error with a
// stack; the worker goes on. So is a result that cannot become JSON.
type Handler = func(ctx context.Context, j *Job) (any, error)

// Handlers are those of a worker, by method. The one called "" gets the jobs of all methods that
// have none of their own, and those without a method.
type Handlers map[string]func(ctx context.Context, j *Job) (any, error)

// A Reply is a handler's result with an attachment.
type Reply struct {
	Value  any    // the result
	Attach []byte // goes beside the message, not as JSON; Linux only. Empty: none
}

// ServeOptions configure a worker. A nil *ServeOptions means all defaults.
type ServeOptions struct {
	// Concurrency is the number of handlers that run at once, and what the parent is told it may
	// have under way here. What comes beyond it waits, in order. 0: 1.
	Concurrency int

	// OnLoop runs the handlers on the loop goroutine, inside the callback of the message: for
	// handlers that take microseconds, where handing a job to another goroutine and back costs more
	// than the job. They run one after the other whatever Concurrency says, nothing else happens
	// meanwhile, and they cannot be cancelled.
	OnLoop bool

	// Async runs the handlers on the loop goroutine, too, for those that only begin something
	// there, such as reading a stream, and answer when that is over: see [Job.Later]. Concurrency
	// of them are under way at once, and they can be cancelled.
	Async bool

	// Teardown is called once, after the last handler has returned, when the worker is to end:
	// where the handlers run, on a goroutine or on the loop. Its ctx ends after Grace. What it
	// returns goes to OnError.
	Teardown func(ctx context.Context) error

	// Grace is how long handlers may run on when the channel to the parent has ended, or SIGTERM
	// has come, before their contexts end. A second SIGTERM ends it. 0: DefaultServeGrace;
	// negative: no limit.
	Grace time.Duration

	// MaxQueue and MaxQueueBytes bound the jobs that wait here because Concurrency handlers are
	// running: what is beyond them is refused with the code ERR_QUEUE_FULL. 0: DefaultServeQueue
	// and DefaultServeQueueBytes. One job may always wait.
	MaxQueue      int
	MaxQueueBytes int64

	// OnError is called on the loop goroutine with what is nobody's job: a *[ParentError] of the
	// parent, an error of the channel, such as a message over its limit, an error of Teardown, a
	// failure to send. None of them ends the worker. Nil: the loop's Logger gets them.
	OnError func(err error)
}

// Serve makes this process a worker: it tells the parent that it is ready, and has each job that
// comes done by its handler. It is used inside a childprocess.Worker, or by any program that a
// parent which speaks the protocol (PROTOCOL.md) has started with a channel:
//
//	var workers = childprocess.Workers{"resize": func(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
//		return pool.Serve(l, parent, pool.Handlers{"resize": resize})
//	}}
//
// From then on SIGINT does nothing, because ^C reaches all processes of a terminal and the parent
// decides what becomes of its workers. When the channel ends, or SIGTERM comes, no further job is
// begun, those under way are finished, [ServeOptions].Teardown runs, and the loop is stopped:
// Workers.Run then returns without an error, whatever else is on the loop. On SIGTERM the parent is
// told first, and gets the answers.
//
// Serve returns at once. Errors are *[OptionError] for what makes no sense, those of signals.Watch,
// and [ipc.ErrChannelClosed] when the parent has gone already.
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
		return misuse("loop", "has a worker already")
	}
	return err
}

// serverKey is what a loop keeps its server under.
type serverKey struct{}

// checkServe returns the options with what their zero values stand for.
func checkServe(l *reactor.Loop, parent *ipc.Channel, h Handlers, o *ServeOptions) (with ServeOptions, err error) {
	if o != nil {
		with = *o
	}
	switch {
	case l == nil:
		return with, misuse("loop", "is nil")
	case parent == nil:
		return with, misuse("parent", "is nil")
	case parent.Serialization() != ipc.JSON:
		return with, misuse("parent", fmt.Sprintf("has the serialization %s: jobs are JSON", parent.Serialization()))
	case len(h) == 0:
		return with, misuse("handlers", "are none")
	case with.OnLoop && with.Async:
		return with, misuse("Async", "is given beside OnLoop")
	case with.Concurrency < 0:
		return with, misuse("Concurrency", "is negative")
	case with.MaxQueue < 0:
		return with, misuse("MaxQueue", "is negative")
	case with.MaxQueueBytes < 0:
		return with, misuse("MaxQueueBytes", "is negative")
	}
	for _, method := range slices.Sorted(maps.Keys(h)) {
		if h[method] == nil {
			return with, misuse(fmt.Sprintf("handlers[%q]", method), "is nil")
		}
	}
	with.Concurrency = or(with.Concurrency, 1)
	with.MaxQueue = or(with.MaxQueue, DefaultServeQueue)
	with.MaxQueueBytes = or(with.MaxQueueBytes, DefaultServeQueueBytes)
	with.Grace = or(with.Grace, DefaultServeGrace)
	return with, nil
}

func misuse(name, reason string) error {
	return &OptionError{name, reason}
}
