package childprocess

import (
	"context"
	"errors"

	"github.com/brood-go/brood/streams"
)

// task is a child on the background loop, and the goroutine that waits for it. Its methods are that goroutine's, but
// for launch.
type task struct {
	file   string
	args   []string
	stdout Stdio

	// bridged is closed when reader is there to read stdout, or will not come. Nil: stdout is captured.
	bridged chan struct{}
	reader  *streams.Reader

	shared *sharedLoop

	closed chan struct{} // closed when the child is, or was not started; the rest is the loop's until then
	c      *ChildProcess
	k      *collector // nil when the child was not started
	err    error      // why

	output []byte // valid after wait
}

// taskOp is the operation that errors name.
const taskOp = "spawn"

// errLeft is why a child is ended whose lines nobody wants any more.
var errLeft = errors.New("childprocess: the range statement was left")

// start starts the child, on this goroutine: a thread with a namespace of its own has its children there, and a program
// that is slow to execute holds up nobody else. Then the child is the loop's. After an error there is nothing to finish.
func (t *task) start(ctx context.Context) error {
	if ctx.Err() != nil {
		return &AbortError{Op: taskOp, File: t.file, Err: ctx.Err(), Cause: context.Cause(ctx)}
	}
	o := &Options{Stdio: []Stdio{Ignore, t.stdout, Pipe}, Context: ctx, KillGrace: CancelGrace}
	if err := o.validate(taskOp, t.file, t.args); err != nil {
		return err
	}
	shared, err := background.acquire()
	if err != nil {
		return noLoop(taskOp, t.file, t.args, err)
	}
	t.shared, t.closed = shared, make(chan struct{})
	c := newChild(taskOp, t.file, t.args, o)
	starter := shared.starters.acquire()
	c.prepare(starter, shared.way, o)
	c.fork(starter)
	shared.starters.put(starter)
	if failed := c.starting.failed; failed != nil {
		if table := c.starting.table; table != nil {
			table.close()
		}
		background.release(shared)
		return failed
	}
	if shared.loop.Post(func() { t.enter(c, o) }) != nil {
		c.abandon()
		background.release(shared)
		return context.Cause(shared.ended)
	}
	return nil
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
	f, err := familyOf(t.shared.loop)
	if err == nil {
		err = c.enter(f, o)
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
	if c.failed != nil {
		t.err = c.failed
		return
	}
	t.k = newCollector(c, MaxOutput)
	t.k.captureTail(2)
	switch {
	case c.Stdout == nil:
	case t.bridged == nil:
		t.k.capture(1, t.k.add)
	default:
		c.Stdout.OnError(t.k.pipeFailed)
		t.reader = c.Stdout.Reader().(*streams.Reader)
	}
}

// wait waits for the end of the child and returns what it is reported as.
func (t *task) wait() error {
	if !t.await(t.closed) {
		return context.Cause(t.shared.ended)
	}
	if t.err != nil {
		return t.err
	}
	r := t.k.result()
	t.output = r.Stdout
	return r.failure(commandText(t.file, t.args), t.c.killed)
}

// await waits for something that happens on the loop. It reports false when the loop has broken.
func (t *task) await(happened <-chan struct{}) bool {
	select {
	case <-happened:
		return true
	case <-t.shared.ended.Done():
		return false
	}
}

// finish ends the child, unless it has ended, and waits for that.
func (t *task) finish() {
	select {
	case <-t.closed:
	default:
		t.stop(errLeft)
		t.await(t.closed)
	}
	background.release(t.shared)
}

// stop has the loop end the child.
func (t *task) stop(cause error) {
	_ = t.shared.loop.Post(func() { // See start.
		if t.k != nil {
			t.c.end(cause)
		}
	})
}

// eachLine gives the lines of stdout to yield. It reports false when that does not want any more.
func (t *task) eachLine(yield func(string, error) bool) bool {
	if !t.await(t.bridged) || t.reader == nil {
		return true // wait has the reason.
	}
	// A loop that has broken does not close its streams.
	defer context.AfterFunc(t.shared.ended, func() { _ = t.reader.Close() })()
	for line, err := range t.reader.Lines() {
		switch {
		case err == streams.ErrLineTooLong:
			t.stop(err)
			return true
		case err != nil:
			return true // wait has the reason.
		case !yield(string(line), nil):
			return false
		}
	}
	return true
}
