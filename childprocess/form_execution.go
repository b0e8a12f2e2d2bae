package childprocess

import (
	"fmt"
	"strconv"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A MaxBufferError is the cause when a child of [Exec] or [ExecFile] has written more than
// MaxBuffer. errors.Is finds [ErrMaxBuffer] in it.
type MaxBufferError struct {
	Stream string // "stdout" or "stderr"
	Max    int    // ExecOptions.MaxBuffer, in bytes
}

// Error returns a text such as "stdout: more than 1048576 bytes: more output than MaxBuffer".
func (e *MaxBufferError) Error() string {
	return e.Stream + ": more than " + strconv.Itoa(e.Max) + " bytes: " + ErrMaxBuffer.Error()
}

// Unwrap returns ErrMaxBuffer.
func (e *MaxBufferError) Unwrap() error { return ErrMaxBuffer }

// execution is a call of Exec or ExecFile from the start of the child until done was called. The
// child's events hold it; it ends with the first error event or with close.
type execution struct {
	child      *ChildProcess
	cmd        string
	limit      int // bytes of each stream; < 0: no limit
	done       func(err error, stdout, stderr []byte)
	doneCalled bool // done was called

	stdout, stderr []byte // captured; nil once over, when they are the callee's
	broken         error  // the first that a stream has met
}

// begin listens to the child before its caller can: nobody else's listener comes between the data
// and the capture.
func (e *execution) begin() {
	c := e.child
	e.capture("stdout", c.Stdout, &e.stdout)
	e.capture("stderr", c.Stderr, &e.stderr)
	c.limits.untilClose = true
	c.limits.closePipes = c.cutOff // Others may hold the pipes for as long as they like.
	c.OnError(func(err error) {
		if _, ok := err.(*TeeError); !ok { // That costs the others nothing.
			e.finish(err)
		}
	})
	c.OnClose(func(ExitStatus) { e.finish(nil) })
}

func (e *execution) capture(name string, r *streams.Readable, into *[]byte) {
	if r == nil {
		return // It is the same as the other one.
	}
	r.NotifyData(&capture{e, r, name, into, false})
	r.OnError(func(err error) {
		if e.broken == nil {
			e.broken = err
		}
	})
}

// capture is what an execution keeps of one stream.
type capture struct {
	e      *execution
	stream *streams.Readable
	name   string
	into   *[]byte
	full   bool
}

// StreamData is called with each chunk.
func (c *capture) StreamData(chunk []byte) {
	e := c.e
	if e.doneCalled || c.full {
		return
	}
	room := e.limit - len(*c.into)
	if e.limit < 0 || len(chunk) <= room {
		*c.into = append(*c.into, chunk...)
		return
	}
	*c.into = append(*c.into, chunk[:room]...)
	c.full = true
	if e.child.dropsOverflow() {
		return
	}
	e.child.holdOverflow(c.stream)
	// Not now: killFor may call the program, which a stream's data must not.
	e.child.loop.NextTick(func() { e.child.killFor(&MaxBufferError{Stream: c.name, Max: e.limit}) })
}

// finish calls done, for an error event or, with nil, for close.
func (e *execution) finish(event error) {
	if e.doneCalled {
		return
	}
	e.doneCalled = true
	err, stdout, stderr := e.result(event), e.stdout, e.stderr
	e.stdout, e.stderr = nil, nil // The child may live on for long, and with it e.
	reactor.Call(e.child.loop, func(err error) { e.done(err, stdout, stderr) }, err)
}

// result is what done is told.
func (e *execution) result(event error) error {
	if _, ok := event.(*SpawnError); ok {
		return event
	}
	c := e.child
	status, exited := c.Status()
	if !exited {
		status.Cause = c.limits.cause
	}
	early := e.early(status, event)
	if early == nil && (status.Success() || status.Cause == ErrEnough) {
		return nil
	}
	return &ExitError{
		Cmd:    e.cmd,
		Status: status,
		Killed: c.killed || c.limits.cause == ErrTimeout,
		Stdout: e.stdout,
		Stderr: e.stderr,
		Err:    early,
	}
}

// early is why the child or its output did not come to an end of its own, nil if it did.
func (e *execution) early(status ExitStatus, event error) error {
	if unsent, ok := event.(*KillError); ok {
		return fmt.Errorf("%w: %w", e.child.limits.cause, unsent)
	}
	switch {
	case status.Cause == ErrEnough:
		return nil
	case e.child.limits.cause != nil:
		return e.child.limits.cause
	case e.broken != nil:
		return e.broken
	case e.child.teeErr != nil:
		return e.child.teeErr
	case e.child.inputErr != nil:
		return e.child.inputErr
	case status.Lost:
		return ErrStatusLost
	}
	return nil
}
