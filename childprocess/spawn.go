package childprocess

import (
	"errors"
	"syscall"
	"time"

	"github.com/brood-go/brood/reactor"
)

// Spawn starts file with args on the loop and returns at once with the child; add listeners to it before returning to the
// loop. The child keeps the loop alive until it has exited, and so do its streams while they are read.
//
// A mistake in the call is returned as *[ArgumentError]. When the system refuses for a reason that can pass or that depends
// on the machine (ENOENT, EACCES, EAGAIN, EMFILE, ENFILE), Spawn returns a child whose error event has a *[SpawnError];
// for every other reason it returns the *[SpawnError] (Node v20 documentation, "Child process", and libuv's uv_spawn).
// [reactor.ErrClosed] is returned for a closed loop.
//
// The call takes as long as the kernel needs to start the program: the calling thread waits until the child has executed.
func Spawn(l *reactor.Loop, file string, args []string, o *Options) (*ChildProcess, error) {
	return start(l, "spawn", file, args, o)
}

// start is Spawn for all forms; op names the form in errors.
func start(l *reactor.Loop, op, file string, args []string, o *Options) (*ChildProcess, error) {
	if o == nil {
		o = new(Options)
	}
	defer closeOwned(o.Stdio)
	if l == nil {
		return nil, &ArgumentError{op, "loop", "is nil"}
	}
	if err := o.validate(op, file, args); err != nil {
		return nil, err
	}
	f, err := familyOf(l)
	if err != nil {
		return nil, err
	}
	if o.Shell != "" {
		file, args = shellCommand(o.Shell, file, args)
	}
	c := newChild(f, op, file, args, o)
	table, failed := c.layout(o)
	if failed == nil {
		c.filled = table.fill(o.input)
		failed = c.fork(table, o)
		table.closeSpare()
		if failed != nil && (exhausted(failed.Err) || !emitted(failed.Err)) {
			table.close()
			table = nil
		}
	}
	if failed != nil && !emitted(failed.Err) {
		return nil, failed
	}
	if err := c.adopt(table, o); err != nil {
		if c.pid != 0 {
			f.abort(c)
		}
		return nil, err
	}
	f.join(c)
	c.announce(failed)
	if failed == nil {
		c.arm(o)
	}
	return c, nil
}

func newChild(f *family, op, file string, args []string, o *Options) *ChildProcess {
	c := &ChildProcess{
		loop: f.loop, family: f, op: op, file: file,
		args:       make([]string, 0, 1+len(args)),
		pidfd:      -1,
		stopEvents: o.StopEvents,
		leads:      o.leadsGroup(),
		pending:    1, // For exit, or error.
		done:       make(chan struct{}),
	}
	argv0 := file
	if o.Argv0 != "" {
		argv0 = o.Argv0
	}
	c.args = append(append(c.args, argv0), args...)
	c.limits.init(o)
	return c
}

func (c *ChildProcess) layout(o *Options) (*layout, *SpawnError) {
	table, err := newLayout(o.Stdio)
	if err == nil {
		return table, nil
	}
	e := c.failure(StepStdio, c.file, err)
	var slot *slotError
	if errors.As(err, &slot) {
		e.Path, e.Err = slot.name(), slot.err
	}
	switch e.Err {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
		e.Step, e.Path = StepResource, c.file
	}
	return nil, e
}

// fork starts the program and has its end watched.
func (c *ChildProcess) fork(table *layout, o *Options) *SpawnError {
	path, err := o.lookup(c.file)
	if err != nil {
		return c.failure(StepProgram, path, err)
	}
	env := o.environ()
	if table.ipc >= 0 {
		env = withChannel(env, table.ipc, o.Serialization)
	}
	c.start = time.Now()
	if err := c.family.fork(c, path, env, table.child, o); err != nil {
		if errno, ok := err.(syscall.Errno); ok {
			return c.diagnose(path, o, errno)
		}
		// Not the fork failed but the watching, of which the reactor and package signals say more than the number.
		var errno syscall.Errno
		if errors.As(err, &errno) {
			err = errno
		}
		return c.failure(StepResource, c.file, err)
	}
	return nil
}

// adopt makes the channel and the streams and counts what close waits for. Without a table there is nothing.
func (c *ChildProcess) adopt(table *layout, o *Options) error {
	if table == nil {
		return nil
	}
	channel, err := table.channel(c.loop, o)
	if err != nil {
		table.close()
		return err
	}
	stdio, err := table.streams(c.loop)
	if err != nil {
		if channel != nil {
			channel.Destroy()
		}
		return err
	}
	c.channel = channel
	c.forwardErrors()
	c.Stdio = stdio
	c.Stdin = stdio[0].Writable
	c.Stdout = stdio[1].Readable
	c.Stderr = stdio[2].Readable
	for _, s := range stdio {
		if s.Readable != nil {
			s.Readable.SetEncoding(o.Encoding)
		}
	}
	c.awaitStreams()
	return nil
}

// announce queues the first event.
func (c *ChildProcess) announce(failed *SpawnError) {
	if failed == nil {
		c.loop.NextTick(func() { c.spawn.Emit(struct{}{}) })
		return
	}
	c.failed = failed
	c.doneErr = failed
	var errno syscall.Errno
	errors.As(failed.Err, &errno)
	c.state = childExited // At once: a Kill before the tick must not find process 0, which means our own group.
	c.status = ExitStatus{Code: -int(errno)}
	c.loop.NextTick(func() { c.ended(c.status) })
}

func (c *ChildProcess) failure(step Step, path string, err error) *SpawnError {
	return &SpawnError{Op: c.op, Step: step, File: c.file, Path: path, Args: c.args[1:], Err: err}
}

// emitted reports whether a refusal is told by the error event, as Node does.
func emitted(err error) bool {
	switch err {
	case syscall.ENOENT, syscall.EACCES, syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE:
		return true
	}
	return false
}

// exhausted reports whether there were no descriptors left, after which a child has no streams at all (Node v20,
// lib/internal/child_process.js, spawn).
func exhausted(err error) bool { return err == syscall.EMFILE || err == syscall.ENFILE }
