package childprocess

import (
	"io"
	"slices"
	"syscall"

	"github.com/brood-go/brood/streams"
)

// Input has the child read r, and then the end, on descriptor 0. Stdin is nil then.
//
// An *os.File becomes the child's stdin itself, and is borrowed; one that would be in non-blocking
// mode there, such as a connection, is read as any other Reader. Of a *bytes.Buffer, *bytes.Reader
// or *strings.Reader the child's pipe gets what it takes before the child is started. What is left
// of these, and everything else, is read on a goroutine, no faster than the child reads: r belongs
// to that until the child has exited, or as long as a Read is under way then. Nothing is read for a
// child that could not be started. r is not closed.
//
// When Read fails the child is ended as by a limit, and the cause is an *[InputError]. When the
// child closes its stdin or exits before its pipe has taken all of r, or what was read of it by
// then, that is EPIPE, in a *streams.OpError, if nothing else has gone wrong: forms that call back
// or return have it as their error, and for a child of [Spawn] or [Fork] it is an error event
// before exit. A pipe takes 64 KiB, or Options.PipeCapacity, also for a child that reads none of
// it.
func Input(r io.Reader) Stdio { return Stdio{form: formInput, input: r} }

// withInput returns o ready for an Input in slot 0, if there is one: a copy then.
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

// feed gives stdin its Input. It is called on the loop, once the child runs.
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
		_ = c.loop.Post(func() { c.killUnlessItCloses(err) }) // A closed loop has let go of the child.
	}
	c.feeder = &feeder{src: rest, size: n, dst: c.stdin.Writer(), done: make(chan struct{}), onError: failed}
	c.feeder.fd = c.stdin.FD()
	// It ends as feeder says. A form that returns waits for that, as far as it can be waited for.
	go c.feeder.run()
}

// stopFeeding is told when the child has exited, and finds out whether it has taken what it was
// given.
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

// waitForFeeder is for forms that return: it is called when the child has closed.
func (c *ChildProcess) waitForFeeder() {
	if c.feeder != nil {
		c.feeder.stop() // A loop that has broken has told nobody.
		c.feeder.wait()
	}
}
