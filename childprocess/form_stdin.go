package childprocess

import (
	"io"
	"slices"
	"syscall"

	"github.com/brood-go/brood/streams"
)

// Input makes descriptor 0 a pipe to which the library writes r, and then the end of file. Stdin of
// the child is nil.
//
// An *os.File becomes the child's descriptor itself, and is borrowed. If it would be in
// non-blocking mode there, as a connection would, it is read like any other Reader.
//
// The pipe gets the first bytes of a *bytes.Buffer, *bytes.Reader or *strings.Reader before the
// child is started. The rest of it, and every other Reader, is read on a goroutine, no faster than
// the child reads. Until the child has exited, r belongs to that goroutine; a Read that is under
// way at the exit keeps r until it returns. If the child cannot be started, nothing is read. r is
// not closed.
//
// When Read fails, the child is ended as by a limit, and the cause is an *[InputError].
//
// It is an error if the child closes its stdin or exits before the pipe has taken all of a text in
// memory, or all bytes that were read of another Reader: EPIPE, in a *streams.OpError, unless
// something else went wrong before. The forms that call back or return have it as their error; a
// child of [Spawn] or [Fork] emits it before exit. A pipe takes 64 KiB, or Options.PipeCapacity,
// even if the child reads nothing.
func Input(r io.Reader) Stdio { return Stdio{form: formInput, input: r} }

// withInput returns o, or if slot 0 is an Input a copy of it with a pipe there.
func (o *Options) withInput(op string) (*Options, error) {
	if len(o.Stdio) == 0 || o.Stdio[0].form != formInput {
		return o, nil
	}
	r := o.Stdio[0].input
	if reason := o.Stdio[0].mistake(); reason != "" {
		return o, &ArgumentError{op, "Stdio[0]", reason}
	}
	with := *o
	with.Stdio = slices.Clone(o.Stdio)
	with.Stdio[0] = Pipe
	in := takeInput(&with, r)
	with.source = &in
	return &with, nil
}

// feed starts writing the Input to stdin. It is called on the loop goroutine when the child runs.
func (c *ChildProcess) feed() {
	if c.source == nil || c.stdin == nil {
		return
	}
	rest, n := c.source.rest(int(c.filled))
	if n == 0 {
		c.stdin.End()
		return
	}
	failed := func(err error) {
		// If the loop is closed, it has given up the child.
		_ = c.loop.Post(func() { c.killUnlessItCloses(err) })
	}
	c.feeder = &feeder{src: rest, size: n, dst: c.stdin.Writer(), done: make(chan struct{}), onError: failed}
	c.feeder.fd = c.stdin.FD()
	// The goroutine ends as feeder says. A form that returns waits for it in waitForFeeder.
	go c.feeder.run()
}

// stopFeeding is called at the exit. It sets c.inputErr if the child has not taken all that it had to.
func (c *ChildProcess) stopFeeding() {
	f := c.feeder
	if f == nil {
		return
	}
	f.stop()
	if c.limits.cause != nil || f.expected() <= c.stdin.BytesWritten() {
		return
	}
	c.inputErr = &streams.OpError{Op: "write", FD: f.fd, Err: syscall.EPIPE}
}

// waitForFeeder is called by the forms that return, after close.
func (c *ChildProcess) waitForFeeder() {
	if c.feeder != nil {
		c.feeder.stop() // A broken loop has not called it.
		c.feeder.wait()
	}
}
