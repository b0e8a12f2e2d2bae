package childprocess

import (
	"context"
	"errors"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// task is a child and the goroutine that waits for it. The child is on the background loop, or on
// one of its own, which that goroutine runs while it waits: see ownLoop. The methods are the
// goroutine's, but for enter on the background loop.
type task struct {
	file string
	args []string
	use  use

	// bridged is closed when reader is there to read stdout, or will not come. Nil: nobody asks.
	bridged chan struct{}
	reader  *streams.Reader

	loop   *reactor.Loop
	shared *sharedLoop // the background loop; nil when the loop is the task's own
	ran    bool        // the task's own loop has run
	broken error       // why it did not come to its end
	limit  int         // bytes of stdout that are captured; < 0: no limit
	feeder *feeder     // nil when stdin has, from the start, all that it gets

	// closed when the child is, or was not started; the rest is the loop's until then
	closed chan struct{}
	c      *ChildProcess
	k      *collector // nil when the child was not started
	err    error      // why

	output []byte // valid after wait
}

// taskOp is the operation that errors name.
const taskOp = "spawn"

// errLeft is why a child is ended whose lines nobody wants any more.
var errLeft = errors.New("childprocess: the range statement was left")

// start starts the child, on this goroutine: a thread with a namespace of its own has its children
// there, and a program that is slow to execute holds up nobody else. Then the child is the loop's.
// After an error there is nothing to finish.
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

// startOn starts the child, and has a loop take it over.
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
	if shared.loop.Post(func() { t.enter(c, o) }) != nil {
		c.abandon()
		background.release(shared)
		return context.Cause(shared.stopped)
	}
	return nil
}

// fork starts the child, which is no loop's yet.
func (t *task) fork(starter *process.Starter, way ExitWatch, o *Options, in input) (*ChildProcess, error) {
	c := newChild(taskOp, t.file, t.args, o)
	c.starting = new(starting)
	c.prepare(starter, way, o)
	c.fork(starter)
	if failed := c.starting.startErr; failed != nil {
		if table := c.starting.table; table != nil {
			table.close()
		}
		return nil, failed
	}
	t.closed = make(chan struct{})
	if rest, n := in.rest(int(c.filled)); n != 0 {
		t.feeder = &feeder{src: rest, size: n, done: make(chan struct{}), onError: t.inputFailed}
	}
	return c, nil
}

// inputFailed is told by the feeder. The child may just have ended, without a need for the rest.
func (t *task) inputFailed(err error) {
	_ = t.loop.Post(func() { t.c.killUnlessItCloses(err) }) // See killFor.
}

// abandon ends a child that has no loop.
func (c *ChildProcess) abandon() {
	c.starting.table.close()
	c.starting.process.Abort()
}

// enter runs on the loop.
func (t *task) enter(c *ChildProcess, o *Options) {
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

// feed has stdin get its input. It runs on the loop.
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
		// It ends as feeder says, and finish waits for that as far as it can be waited for.
		go t.feeder.run()
	}
}

// wait waits for the end of the child and returns what it is reported as.
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

// await waits for something that happens on the loop, the end of the child if that is the task's
// own. It reports false when the loop has broken.
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

// finish ends the child, unless it has ended, and waits for that.
func (t *task) finish() {
	select {
	case <-t.closed:
	default:
		t.killFor(errLeft)
		t.await(t.closed)
	}
	if t.shared != nil {
		t.waitForFeeder()
		background.release(t.shared)
	}
}

func (t *task) waitForFeeder() {
	if t.feeder != nil && t.k != nil {
		t.feeder.stop() // A loop that has broken has told nobody.
		t.feeder.wait()
	}
}

// killFor has the loop end the child.
func (t *task) killFor(cause error) {
	_ = t.loop.Post(func() { // Nothing runs any more on a loop that is closed.
		if t.k != nil {
			t.c.killFor(cause)
		}
	})
}

// eachLine gives the lines of stdout to yield. It reports false when that does not want any more.
func (t *task) eachLine(yield func(string, error) bool) bool {
	if !t.await(t.bridged) || t.reader == nil {
		return true // wait has the reason.
	}
	// A loop that has broken does not close its streams.
	defer context.AfterFunc(t.shared.stopped, func() { _ = t.reader.Close() })()
	for line, err := range t.reader.Lines() {
		switch {
		case err == streams.ErrLineTooLong:
			t.killFor(err)
			return true
		case err != nil:
			return true // wait has the reason.
		case !yield(string(line), nil):
			return false
		}
	}
	return true
}
