package childprocess

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Spawn starts file with args on the loop and returns the child. Its events come after the caller
// has returned to the loop, so listeners can be added until then. The child keeps the loop alive
// until it has exited; its streams keep the loop alive while they are read. Must be called on the
// loop goroutine.
//
// If the system refuses to start the program for a reason that may pass, or that depends on the
// machine (ENOENT, EACCES, EAGAIN, EMFILE, ENFILE), Spawn returns a child, which emits a
// *[SpawnError] as its error event. That child has all the streams that were asked for; if there
// were no descriptors for them, the streams and the channel are closed. Otherwise the error is
// returned:
//
//   - *[ArgumentError]: a mistake in the call;
//   - *[UnsupportedError]: the system, or the Backend, cannot honour an option;
//   - *[SpawnError]: the system refused for another reason;
//   - [reactor.ErrClosed]: the loop is closed.
//
// The calling thread waits until the child has executed the program. With Options.Async another
// thread waits.
//
// Sources: Node v20 documentation, "Child process"; libuv, uv_spawn.
func Spawn(l *reactor.Loop, file string, args []string, o *Options) (*ChildProcess, error) {
	return start(l, "spawn", file, args, o, nil)
}

// start is Spawn for all forms with a loop. op names the form in errors. If the form has found a
// mistake, start only returns that.
func start(l *reactor.Loop, op, file string, args []string, o *Options, mistake error) (*ChildProcess, error) {
	if o == nil {
		o = &noOptions
	}
	switch {
	case mistake != nil:
	case l == nil:
		mistake = &ArgumentError{op, "loop", "is nil"}
	case o.Overflow != OverflowEnd && (op == "spawn" || op == "fork"):
		mistake = &ArgumentError{op, "Overflow", "is for forms that collect output"}
	}
	if mistake == nil {
		o, mistake = o.withListenFDs(op)
	}
	if mistake == nil {
		o, mistake = o.withInput(op)
	}
	if mistake == nil {
		mistake = o.foreignTarget(l, op)
	}
	var c *ChildProcess
	err := begin(op, file, args, o, mistake, func() (err error) {
		c, err = startOn(l, op, file, args, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// noOptions must not be changed.
var noOptions Options

// begin is the first part of every form: it checks the call, unless the form has found a mistake,
// and calls start.
//
// Only begin closes what the options own ([Stdio.Owned]), whatever the outcome. It does so after
// start has opened all descriptors of the child, because start could get a number that was closed
// before.
func begin(op, file string, args []string, o *Options, mistake error, start func() error) error {
	defer closeOwned(o.Stdio)
	if mistake != nil {
		return mistake
	}
	if err := o.validate(op, file, args); err != nil {
		return err
	}
	if err := o.unsupported(op); err != nil {
		return err
	}
	return start()
}

// startOn starts a child on a loop: on the calling thread, or on a spawner's if it is Async.
func startOn(l *reactor.Loop, op, file string, args []string, o *Options) (*ChildProcess, error) {
	all, err := childrenOf(l)
	if err != nil {
		return nil, err
	}
	c := newChild(op, file, args, o)
	if o.Async {
		c.starting = new(starting)
		c.prepare(&all.starter, all.exitWatch, o)
		return c, c.startLater(all, o)
	}
	c.starting = all.getStarting()
	c.prepare(&all.starter, all.exitWatch, o)
	c.fork(&all.starter)
	return c, c.enter(all, o)
}

// newChild, like prepare and fork, may be called on any goroutine, because a child belongs to no
// loop before enter.
func newChild(op, file string, args []string, o *Options) *ChildProcess {
	if o.Shell != "" {
		file, args = shellCommand(o.Shell, file, args)
	}
	argv0 := file
	if o.Argv0 != "" {
		argv0 = o.Argv0
	}
	c := &ChildProcess{
		op: op, file: file,
		args:       append(append(make([]string, 0, 1+len(args)), argv0), args...),
		process:    process.Process{Pidfd: -1},
		stopEvents: o.StopEvents,
		scope:      o.scope(),
		source:     o.source,
		hidden:     o.hidden(),
		pending:    1, // For exit, or error.
		status:     running(),
		done:       make(chan struct{}),
	}
	c.leadsGroup = c.scope == scopeGroup || o.makesGroup()
	c.limits.init(o)
	return c
}

// getStarting returns memory for one start; enter gives it back.
func (all *children) getStarting() *starting {
	if st := all.spare; st != nil {
		all.spare = nil
		return st
	}
	return new(starting)
}

func (all *children) putStarting(st *starting) {
	*st = starting{}
	all.spare = st
}

// prepare opens the child's descriptors and fills c.starting for fork. If it fails,
// c.starting.startErr is set and everything is closed.
func (c *ChildProcess) prepare(s *process.Starter, way ExitWatch, o *Options) {
	st := c.starting
	layout := &st.layoutMemory
	err := layout.open(o, s)
	if err != nil && exhausted(errnoOr(err)) && s.Release() {
		err = layout.open(o, s)
	}
	if err != nil {
		st.startErr = c.layoutFailure(err)
		return
	}
	st.layout = layout
	c.filled = int32(layout.fill(o.input)) // At most the size of a pipe.
	ctty := o.ctty()
	session := o.Detached || ctty >= 0
	st.spec = process.Spec{
		Args: c.args, Env: o.environ(), Dir: o.Dir, Slots: layout.slots,
		Setsid: session, Setctty: ctty >= 0, Ctty: max(ctty, 0),
		// A session leader cannot call setpgid(2), and leads a group anyway.
		Setpgid: o.Setpgid || o.Foreground || c.scope == scopeGroup && !session, Pgid: o.Pgid,
		Settings: o.settings(layout.ruleset), Backend: process.Backend(o.Backend), InheritOpen: o.FDPolicy == FDsCloseOnExec,
		ThrowAway: o.PreSpawn != nil,
		// Copies, because an Async child is forked after the call has returned.
		UID: copyOf(o.UID), GID: copyOf(o.GID), Groups: slices.Clone(o.Groups),
		Pidfd: way == ExitWatchPidfd,
	}
	if layout.ipc >= 0 {
		st.spec.Env = withChannel(st.spec.Env, layout.ipc, o.Serialization)
	}
	if len(o.ListenFDs) > 0 {
		st.spec.Env, st.spec.PIDVariable = o.withListenNames(st.spec.Env), listenPid
	}
	st.preSpawn = o.PreSpawn
	st.spec.Files, st.dot = o.candidates(c.file, st.file[:0])
}

func copyOf[N int | uint32](n *N) *N {
	if n == nil {
		return nil
	}
	return new(*n)
}

// layoutFailure returns the *SpawnError for a failed open of the layout.
func (c *ChildProcess) layoutFailure(err error) *SpawnError {
	e := c.failure(StepStdio, c.file, err)
	if ruleset, ok := errors.AsType[*rulesetError](err); ok {
		e.Step, e.Err = StepLandlock, ruleset.err
	}
	if slot, ok := errors.AsType[*slotError](err); ok {
		e.Path, e.Err = slot.name(), slot.err
		if path, ok := slot.err.(*pathError); ok {
			e.Path, e.Err = path.path, path.err
		}
	}
	switch e.Err {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
		e.Step, e.Path = StepResource, c.file
	}
	return e
}

// fork starts the program and sets the result in c.starting. It closes the child's ends in any
// case. Unless the child needs another thread, it is a child of the calling thread.
func (c *ChildProcess) fork(s *process.Starter) {
	st := c.starting
	if st.startErr != nil {
		return
	}
	defer st.layout.closeSpare()
	if len(st.spec.Files) == 0 {
		st.startErr = c.blameExec(&process.Failure{Err: syscall.ENOENT})
		return
	}
	st.startedAt = time.Now()
	p, failure, err := st.forkOn(s)
	switch {
	case err != nil:
		st.startErr = c.failure(StepPreSpawn, c.file, err)
	case failure != nil:
		st.startErr = c.blame(failure)
	default:
		st.process, st.startMaxrss = p, ownMaxrss()
	}
}

// forkOn calls attempt on the thread that the child needs. The error is that of PreSpawn.
func (st *starting) forkOn(s *process.Starter) (p process.Process, failure *process.Failure, err error) {
	dies := st.spec.Settings != nil && st.spec.Settings.Pdeathsig != 0
	if st.preSpawn == nil && !dies {
		p, failure = st.attempt(s)
		return p, failure, nil
	}
	attempt := func() (process.Process, *process.Failure) { return st.attempt(s) }
	if st.preSpawn != nil {
		return process.OnThrowAwayThread(st.preSpawn, dies, attempt)
	}
	p, failure = process.OnKeptThread(attempt)
	return p, failure, nil
}

// attempt starts the program. If descriptors are short, it tries again without the reserved low
// numbers; a throw-away thread must not give them up, see process.Spec.ThrowAway.
func (st *starting) attempt(s *process.Starter) (process.Process, *process.Failure) {
	p, failure := s.Start(&st.spec)
	if failure != nil && exhausted(failure.Err) && !st.spec.ThrowAway && s.Release() {
		p, failure = s.Start(&st.spec)
	}
	return p, failure
}

// takeStartResult takes over the result of fork, on the loop goroutine, and starts to watch for the
// exit.
func (c *ChildProcess) takeStartResult() {
	st := c.starting
	c.starting, c.startErr = nil, st.startErr
	if c.startErr != nil {
		return
	}
	c.process, c.startedAt, c.startMaxrss = st.process, st.startedAt, st.startMaxrss
	if err := c.siblings.follow(c); err != nil {
		c.process.Abort()
		c.process = process.Process{Pidfd: -1} // Its number can be another process's by now.
		c.startErr = c.failure(StepResource, c.file, errnoOr(err))
	}
}

// enter makes a forked child one of the loop's, on the loop goroutine. A returned error is not
// emitted, and nothing is left of the child then.
func (c *ChildProcess) enter(all *children, o *Options) error {
	defer all.putStarting(c.starting)
	c.loop, c.siblings = all.loop, all
	layout := c.starting.layout
	c.takeStartResult()
	if c.startErr != nil && layout != nil && (exhausted(c.startErr.Err) || !isErrorEvent(c.startErr.Err)) {
		layout.close()
		layout = nil
	}
	if c.startErr != nil && !isErrorEvent(c.startErr.Err) {
		return c.startErr
	}
	if layout == nil {
		return c.enterClosed(o)
	}
	if err := c.adopt(layout, o); err != nil {
		if c.startErr == nil {
			all.unfollow(c)
			c.process.Abort()
		}
		return err
	}
	all.add(c)
	c.announce()
	if c.startErr == nil {
		c.feed()
		c.arm(o)
	}
	return nil
}

// adopt makes the channel, the streams and the tees, and counts them for close. Afterwards they own
// the descriptors of layout; on an error all of them are closed.
func (c *ChildProcess) adopt(layout *layout, o *Options) error {
	channel, err := layout.channel(c.loop, o)
	if err != nil {
		layout.close()
		return err
	}
	stdio, terminal, err := layout.streams(c.loop, o, c.stdio[:0])
	if err == nil && len(layout.targets) > 0 {
		if c.tees, err = layout.tees(c.loop, o, stdio); err != nil {
			layout.closeWith(stdio)
			terminal.destroy()
		}
	}
	if err != nil {
		if channel != nil {
			channel.Destroy()
		}
		return err
	}
	c.connect(channel, stdio, terminal)
	for _, s := range c.streams {
		if s.Readable != nil {
			s.Readable.SetEncoding(o.Encoding)
		}
	}
	return nil
}

// connect sets the fields for the channel and the terminal, which may be nil, and for the streams.
func (c *ChildProcess) connect(channel *ipc.Channel, stdio []StdioStream, terminal *Terminal) {
	c.channel, c.terminal = channel, terminal
	c.forwardErrors()
	c.stdin, c.streams = stdio[0].Writable, stdio
	c.Stdio = c.shown(stdio)
	if terminal != nil {
		c.streams = append(stdio, StdioStream{terminal.Readable, terminal.Writable})
	}
	c.Stdin = c.Stdio[0].Writable
	c.Stdout = c.Stdio[1].Readable
	c.Stderr = c.Stdio[2].Readable
	c.awaitStreams()
	for _, t := range c.tees {
		t.begin(c)
	}
}

// shown returns the streams for c.Stdio: without those that are hidden.
func (c *ChildProcess) shown(stdio []StdioStream) []StdioStream {
	if c.hidden == [standardSlots]bool{} {
		return slices.Clip(stdio)
	}
	shown := slices.Clone(stdio)
	for i, hidden := range c.hidden {
		if hidden {
			shown[i] = StdioStream{}
		}
	}
	return shown
}

// hidden returns the standard slots whose streams are the library's alone.
func (o *Options) hidden() (hidden [standardSlots]bool) {
	for i := range hidden {
		if i < len(o.Stdio) && o.Stdio[i].form == formTee {
			hidden[i] = !o.Stdio[i].tee.piped()
		}
	}
	hidden[0] = hidden[0] || o.source != nil
	return hidden
}

// announce queues the first event: spawn, or error.
func (c *ChildProcess) announce() {
	if c.startErr == nil {
		c.state = childRunning
		c.loop.NextTick(c.emitSpawn)
		return
	}
	c.markRefused()
	c.loop.NextTick(func() { c.reportExit(c.status) })
}

// markRefused makes c a child that was not started. In this state Kill sends nothing; to process 0,
// it would signal our own group.
func (c *ChildProcess) markRefused() {
	c.waitErr = c.startErr
	c.state = childExited
	c.status = notStarted(c.startErr)
}

func (c *ChildProcess) emitSpawn() { reactor.Emit(c.loop, &c.spawn, struct{}{}) }

func (c *ChildProcess) failure(step Step, path string, err error) *SpawnError {
	return &SpawnError{Op: c.op, Step: step, File: c.file, Path: path, Args: c.args[1:], Err: err}
}

// isErrorEvent reports whether a refusal is the error event, as in Node, and not returned.
func isErrorEvent(err error) bool {
	switch err {
	case syscall.ENOENT, syscall.EACCES, syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE:
		return true
	}
	return false
}

// exhausted reports whether the descriptors ran out. The child then gives up those that it has.
func exhausted(err error) bool { return err == syscall.EMFILE || err == syscall.ENFILE }
