package childprocess

import (
	"context"
	"errors"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// task is one call of OutputWith, RunWith or LinesWith: the child and the goroutine that waits for
// it. The child's loop is the background loop, or a loop of the task, which the goroutine runs
// while it waits (see ownLoop). Methods run on that goroutine, but enter and feed on the loop
// goroutine and inputFailed on that of the feeder.
type task struct {
	file string
	args []string
	use  use

	// closed when reader is set, or will not be; nil unless use is useLines
	bridged chan struct{}
	reader  *streams.Reader // of stdout; valid after bridged, nil if there is none

	loop   *reactor.Loop // valid after start
	shared *sharedLoop   // acquired; nil if loop is the task's own
	ran    bool          // the task's own loop was run
	broken error         // the error of that Run
	posted *ChildProcess // until enter has it; the loop's, and the call's once the loop is broken
	limit  int           // limit of captured bytes; < 0: none
	feeder *feeder       // nil if stdin had all its input before the start

	// closed at the child's close, or when it was not started; c, k and err are the loop's until
	// then
	closed chan struct{}
	c      *ChildProcess
	k      *collector // nil if the child was not started
	err    error      // the reason of that

	output []byte // owned by the caller; valid after wait
}

// taskOp is the Op of the errors.
const taskOp = "spawn"

// errLeft is the cause when a range statement was left before the end of the lines.
var errLeft = errors.New("childprocess: the range statement was left")

// start starts the child on this goroutine, because a thread with namespaces of its own wants its
// children there, and because a slow execve(2) then delays no other call. Then the loop has the
// child. If start returns an error, finish must not be called.
func (t *task) start(ctx context.Context, o *RunOptions) error {
	if o == nil {
		o = new(RunOptions)
	}
	with, limit, err := o.run(ctx, t.use, t.file, t.args)
	if err == nil {
		var listening *Options
		if listening, err = with.withListenFDs(taskOp); err == nil {
			with = *listening
		}
	}
	var in input
	if err == nil {
		t.limit, in = limit, takeInput(&with, o.reader())
	}
	return begin(taskOp, t.file, t.args, &with, err, func() error { return t.startOn(ctx, &with, in) })
}

// startOn starts the child and gives it to a loop.
func (t *task) startOn(ctx context.Context, o *Options, in input) error {
	if ctx.Err() != nil {
		return &AbortError{Op: taskOp, File: t.file, Err: ctx.Err(), Cause: context.Cause(ctx)}
	}
	if own := t.ownLoop(o); own != nil {
		return t.startOwn(own, o, in)
	}
	shared, err := background.acquire()
	if err != nil {
		return noLoop(taskOp, t.file, t.args, err)
	}
	t.loop, t.shared = shared.loop, shared
	starter := shared.starters.get()
	c, err := t.fork(starter, shared.exitWatch, o, in)
	shared.starters.put(starter)
	if err != nil {
		background.release(shared)
		return err
	}
	t.posted = c
	if shared.loop.Post(func() { t.enter(c, o) }) != nil {
		c.abandon()
		background.release(shared)
		return context.Cause(shared.stopped)
	}
	return nil
}

// fork starts the child, which belongs to no loop yet.
func (t *task) fork(starter *process.Starter, way ExitWatch, o *Options, in input) (*ChildProcess, error) {
	c := newChild(taskOp, t.file, t.args, o)
	c.starting = new(starting)
	c.prepare(starter, way, o)
	c.fork(starter)
	if failed := c.starting.startErr; failed != nil {
		if layout := c.starting.layout; layout != nil {
			layout.close()
		}
		return nil, failed
	}
	t.closed = make(chan struct{})
	if rest, n := in.rest(int(c.filled)); n != 0 {
		t.feeder = &feeder{src: rest, size: n, done: make(chan struct{}), onError: t.inputFailed}
	}
	return c, nil
}

// inputFailed is called by the feeder. It spares a child that closes in the same turn, because that
// did not need the rest.
func (t *task) inputFailed(err error) {
	_ = t.loop.Post(func() { t.c.killUnlessItCloses(err) }) // A closed loop runs nothing.
}

// abandon kills and reaps a child that has no loop, and closes its descriptors.
func (c *ChildProcess) abandon() {
	c.starting.layout.close()
	c.starting.process.Abort()
}

// enter runs on the loop goroutine, which has the child from here on.
func (t *task) enter(c *ChildProcess, o *Options) {
	t.posted = nil
	if t.bridged != nil {
		defer close(t.bridged)
	}
	all, err := childrenOf(t.loop)
	if err == nil {
		err = c.enter(all, o)
	} else {
		c.abandon()
	}
	if err != nil {
		t.err = err
		close(t.closed)
		return
	}
	t.c = c
	c.OnClose(func(ExitStatus) { close(t.closed) })
	if c.startErr != nil {
		t.err = c.startErr
		return
	}
	t.k = newCollector(c, t.limit)
	if c.Stderr != nil {
		t.k.captureTail(2)
	}
	switch t.use {
	case useOutput:
		t.k.capture(1)
	case useLines:
		c.Stdout.OnError(t.k.onError)
		t.reader = c.Stdout.Reader().(*streams.Reader)
	}
	t.feed()
}

// feed starts the feeder, or ends stdin. It runs on the loop goroutine.
func (t *task) feed() {
	in := t.c.Stdin
	switch {
	case in == nil:
	case t.feeder == nil:
		in.End()
	default:
		in.OnError(t.k.onError)
		t.k.expect(t.feeder.expected)
		t.feeder.dst = in.Writer()
		t.c.OnExit(func(ExitStatus) { t.feeder.stop() })
		// The goroutine ends as feeder says; finish waits for it in waitForFeeder.
		go t.feeder.run()
	}
}

// wait returns the error of the call after the child's close, and sets output.
func (t *task) wait() error {
	if !t.await(t.closed) {
		return t.whyBroken()
	}
	if t.err != nil {
		return t.err
	}
	r := t.k.result()
	t.output = r.Stdout
	return r.failure(commandText(t.file, t.args), t.c.killed)
}

// await waits until happened is closed, or runs the task's own loop to its end. It reports false if
// the loop is broken.
func (t *task) await(happened <-chan struct{}) bool {
	if t.shared == nil {
		return t.runOwn()
	}
	select {
	case <-happened:
		return true
	case <-t.shared.stopped.Done():
		return false
	}
}

// finish kills the child unless it has closed, waits for that, and releases the loop. A broken loop
// has killed the child, unless it broke before enter.
func (t *task) finish() {
	select {
	case <-t.closed:
	default:
		t.killFor(errLeft)
		if !t.await(t.closed) && t.posted != nil {
			t.posted.abandon()
		}
	}
	if t.shared != nil {
		t.waitForFeeder()
		background.release(t.shared)
	}
}

// waitForFeeder is called when the child has closed, or the loop is broken.
func (t *task) waitForFeeder() {
	if t.feeder != nil && t.k != nil {
		t.feeder.stop() // A broken loop has not called it.
		t.feeder.wait()
	}
}

// killFor makes the loop kill the child.
func (t *task) killFor(cause error) {
	_ = t.loop.Post(func() { // A closed loop runs nothing.
		if t.k != nil {
			t.c.killFor(cause)
		}
	})
}

// eachLine calls yield with each line of stdout. It reports false when yield did.
func (t *task) eachLine(yield func(string, error) bool) bool {
	if !t.await(t.bridged) || t.reader == nil {
		return true // wait returns the reason.
	}
	for line, err := range t.reader.Lines() {
		switch {
		case err == streams.ErrLineTooLong:
			t.killFor(err)
			return true
		case err != nil:
			return true // wait returns the reason.
		case !yield(string(line), nil):
			return false
		}
	}
	return true
}
