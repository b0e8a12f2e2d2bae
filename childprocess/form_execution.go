package childprocess

import (
	"fmt"
	"strconv"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A MaxBufferError is the cause when a child of [Exec] or [ExecFile] wrote more than MaxBuffer
// bytes. It wraps [ErrMaxBuffer].
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

// execution is one call of Exec or ExecFile, used on the loop goroutine. The child's events hold
// it. It is over when done was called, at the first error event or at close.
type execution struct {
	child      *ChildProcess
	cmd        string
	limit      int                                    // bytes captured per stream; < 0: no limit
	done       func(err error, stdout, stderr []byte) // not nil
	doneCalled bool                                   // done was, or is being, called

	stdout, stderr []byte // captured bytes; owned by done's callee once doneCalled
	broken         error  // first error of a stream
}

// begin adds its listeners before the caller can add any, so no listener of the caller runs between
// a chunk and its capture.
func (e *execution) begin() {
	c := e.child
	e.capture("stdout", c.Stdout, &e.stdout)
	e.capture("stderr", c.Stderr, &e.stderr)
	c.limits.untilClose = true
	c.limits.closePipes = c.cutOff // Others may hold the pipes for ever.
	c.OnError(func(err error) {
		if _, ok := err.(*TeeError); !ok { // The other targets, and the capture, go on.
			e.finish(err)
		}
	})
	c.OnClose(func(ExitStatus) { e.finish(nil) })
}

func (e *execution) capture(name string, r *streams.Readable, into *[]byte) {
	if r == nil {
		return // This slot is SameAs the other.
	}
	r.NotifyData(&capture{e, r, name, into, false})
	r.OnError(func(err error) {
		if e.broken == nil {
			e.broken = err
		}
	})
}

// capture is the streams.DataWatcher of one stream of an execution.
type capture struct {
	e      *execution
	stream *streams.Readable
	name   string
	into   *[]byte // e.stdout or e.stderr
	full   bool    // the limit was crossed; later chunks are dropped
}

// StreamData appends a copy of chunk, up to the limit.
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
	e.child.killFor(&MaxBufferError{Stream: c.name, Max: e.limit})
}

// finish calls done, with the error of an error event, or with nil at close.
func (e *execution) finish(event error) {
	if e.doneCalled {
		return
	}
	e.doneCalled = true
	err, stdout, stderr := e.result(event), e.stdout, e.stderr
	e.stdout, e.stderr = nil, nil // e lives as long as the child, which may be long.
	reactor.Call(e.child.loop, func(err error) { e.done(err, stdout, stderr) }, err)
}

// result returns the error for done.
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

// early returns the reason why the child or its output was cut off, or nil.
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
