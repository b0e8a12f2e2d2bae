package childprocess

import (
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// SyncOptions are Options for the forms that wait. A nil *SyncOptions means all defaults. They are
// not kept or changed.
//
// Of Options, those that are for a child with listeners or with a channel (StopEvents, Async,
// Encoding, LineEnd, MaxLine, HighWaterMark, Serialization, MaxMessage, MaxQueue) and the Stdio
// forms that need a loop of the caller (Stream, PTY, IPC) are refused with an *[ArgumentError].
type SyncOptions struct {
	Options

	// MaxBuffer is the most that the child may write to all its pipes together, in bytes; more ends
	// it, with [ErrMaxBuffer]. 0: 1 MiB. Negative: no limit. (Node has no limit for 0.)
	MaxBuffer int

	// Input is what the child reads from stdin before its end. Empty: the end only. It is ignored
	// when slot 0 of Stdio is no Pipe, but for the function [Input], which takes its place.
	Input []byte
}

// syncOp is what errors of the forms that wait name as their operation, as in Node.
const syncOp = "spawnSync"

// A SyncResult is what has become of a child that was waited for.
type SyncResult struct {
	// Pid is what the process id was, 0 when the program could not be started.
	Pid int

	// Output has what the child wrote to each of its pipes, empty but not nil for one that it did
	// not write to. It is nil for slots that are no pipes, and for stdin. All of it is nil when the
	// program could not be started.
	Output [][]byte

	// Stdout and Stderr are Output[1] and Output[2].
	Stdout, Stderr []byte

	// Status is how the child ended, or why it was not started. CutOff is also set when one of the
	// limits has closed the pipes before their end.
	Status ExitStatus

	// Err is what went wrong, the first of:
	//
	//   - an *[ArgumentError] or a *[SpawnError]: nothing was started;
	//   - [ErrTimeout], [ErrMaxBuffer], an *[AbortError] or an *[InputError]: the child was ended
	//     early, and Status says how that went;
	//   - a *streams.OpError: a pipe failed. It is EPIPE when the child has not read all of Input.
	//   - [ErrStatusLost].
	//
	// An exit code other than 0, and a signal, are no errors here.
	Err error
}

// SpawnSync runs file with args and waits until it has exited and all its pipes have come to their
// end, also those that it has passed on to processes of its own. It never returns nil. It is Node's
// spawnSync (v20, lib/child_process.js).
//
// When MaxBuffer, Timeout or Context ends the child, it gets KillSignal, and the pipes are closed,
// at once or at the end of a KillGrace, so that what it has started cannot delay the return; what
// was read until then is in the result. A child that ignores the signal is waited for, as in Node,
// unless there is a KillGrace; one that may not be signalled, having changed its user, always is.
// When the child has exited by then and others hold its pipes, the Status is its own, and Err has
// the limit.
//
// Safe to call from any goroutine, whose thread it takes for the time of the call. In a callback of
// a loop it keeps that loop waiting. There are no limits to how many calls are made at once but
// those of the system.
func SpawnSync(file string, args []string, o *SyncOptions) *SyncResult {
	r, _ := runSync(file, args, o)
	return r
}

// ExecFileSync is [SpawnSync] that returns the child's stdout. The error is an *[ExitError], with
// all that was captured, when the child did not exit with 0, and for everything that SyncResult.Err
// has but the *[ArgumentError] and the *[SpawnError], which are returned as they are.
//
// When Stdio is nil, what the child has written to stderr is captured and also written to os.Stderr
// before the call returns, as in Node.
//
// Safe to call from any goroutine, whose thread it takes for the time of the call.
func ExecFileSync(file string, args []string, o *SyncOptions) ([]byte, error) {
	name := file
	if o != nil && o.Argv0 != "" {
		name = o.Argv0
	}
	return execSync(commandText(name, args), file, args, o)
}

// ExecSync is [ExecFileSync] of a command for a shell: Options.Shell, or [DefaultShell] when that
// is empty.
//
// Safe to call from any goroutine, whose thread it takes for the time of the call.
func ExecSync(command string, o *SyncOptions) ([]byte, error) {
	with := SyncOptions{}
	if o != nil {
		with = *o
	}
	if with.Shell == "" {
		with.Shell = DefaultShell
	}
	return execSync(command, command, nil, &with)
}

func execSync(text, file string, args []string, o *SyncOptions) ([]byte, error) {
	r, killed := runSync(file, args, o)
	if len(r.Stderr) > 0 && (o == nil || o.Stdio == nil) {
		_, _ = os.Stderr.Write(r.Stderr) // Best effort: it is in the error too, if there is one.
	}
	return r.Stdout, r.failure(text, killed)
}

// failure returns the error of a command that had this result, nil for a success.
func (r *SyncResult) failure(text string, killed bool) error {
	if r.Pid == 0 {
		return r.Err
	}
	if r.Err == nil && (r.Status.Success() || r.Status.Cause == ErrEnough) {
		return nil
	}
	return &ExitError{Cmd: text, Status: r.Status, Killed: killed, Stdout: r.Stdout, Stderr: r.Stderr, Err: r.Err}
}

// runSync also reports whether the child was signalled.
func runSync(file string, args []string, o *SyncOptions) (r *SyncResult, killed bool) {
	if o == nil {
		o = new(SyncOptions)
	}
	with := o.Options
	with.input = o.Input
	l, err := with.syncLoop(file, args)
	c, err := start(l, syncOp, file, args, &with, err)
	if err != nil {
		if l != nil {
			privateLoops.put(l)
		}
		return failedSync(err), false
	}
	var k *collector
	if c.startErr == nil {
		k = newCollector(c, o.maxBuffer())
		k.captureAll()
		if c.source == nil {
			k.feed(o.Input[c.filled:])
		}
	}
	if err = runPrivate(l, c.waitForFeeder); err != nil {
		return &SyncResult{Status: lost(), Err: err}, true
	}
	if c.startErr != nil {
		return failedSync(c.startErr), false
	}
	return k.result(), c.killed
}

// runPrivate runs a private loop to its end and gives it back. Of one that does not come there
// nothing is left: its poll has failed, or a function of the options has panicked, which the caller
// of the form may recover from. fed returns when the feeder of the child posts nothing any more: by
// then the loop must not be another call's.
func runPrivate(l *reactor.Loop, fed func()) error {
	stopped := false
	defer func() {
		if stopped {
			fed()
			privateLoops.put(l)
		} else {
			abandonLoop(l)
			fed()
		}
	}()
	err := l.Run()
	stopped = err == nil
	return err
}

// syncLoop returns the loop for a call, unless there is a reason not to make it.
func (o *Options) syncLoop(file string, args []string) (*reactor.Loop, error) {
	if err := o.unfitForSync(); err != nil {
		return nil, err
	}
	if err := o.closedNumber(syncOp, file, args); err != nil {
		return nil, err
	}
	l, err := privateLoops.get()
	if err != nil {
		return nil, noLoop(syncOp, file, args, err)
	}
	return l, nil
}

func (o *SyncOptions) maxBuffer() int {
	if o.MaxBuffer == 0 {
		return defaultMaxBuffer
	}
	return o.MaxBuffer
}

// needsListeners finds what a form without listeners cannot honour.
func (o *Options) needsListeners(op string) error {
	const listeners, channel = "is for a child with listeners", "is for a child with a channel"
	for _, f := range []struct {
		given        bool
		name, reason string
	}{
		{o.Async, "Async", listeners},
		{o.StopEvents, "StopEvents", listeners},
		{o.Encoding != streams.UTF8, "Encoding", listeners},
		{o.LineEnd != streams.Newline, "LineEnd", listeners},
		{o.MaxLine != 0, "MaxLine", listeners},
		{o.HighWaterMark != 0, "HighWaterMark", listeners},
		{o.Serialization != ipc.JSON, "Serialization", channel},
		{o.MaxMessage != 0, "MaxMessage", channel},
		{o.MaxQueue != 0, "MaxQueue", channel},
	} {
		if f.given {
			return &ArgumentError{op, f.name, f.reason}
		}
	}
	return nil
}

// unfitForSync finds what needs a loop that goes on.
func (o *Options) unfitForSync() error {
	if err := o.needsListeners(syncOp); err != nil {
		return err
	}
	if len(o.Stdio) > 0 && o.Stdio[0].form == formInput && len(o.input) > 0 {
		return &ArgumentError{syncOp, "Stdio[0]", "is given, beside Input"}
	}
	for i, s := range o.Stdio {
		if s.needsLoop() {
			return &ArgumentError{syncOp, "Stdio[" + strconv.Itoa(i) + "]", "is a form that needs a loop of the caller"}
		}
	}
	return nil
}

// needsLoop reports whether s is for a child with a loop of its user.
func (s Stdio) needsLoop() bool {
	switch s.form {
	case formDefault, formPipe, formIgnore, formInherit, formFD, formFile, formPath, formSameAs, formInput:
		return false
	case formTee:
		return slices.ContainsFunc(s.tee.targets, func(t Stdio) bool { return t.form == formStream })
	}
	return true
}

// closedNumber returns the error for a slot that is to share a descriptor which is not open. It is
// asked before there is a loop, which could get that number. Mistakes in the call are found later.
func (o *Options) closedNumber(op, file string, args []string) error {
	for i, s := range o.Stdio {
		shared := []Stdio{s}
		if s.form == formTee {
			shared = s.tee.targets
		}
		for _, s := range shared {
			fd := s.fd
			switch {
			case s.form == formInherit:
				fd = i
			case s.form != formFD || s.mistake() != "":
				continue
			}
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
				continue
			} else if o.validate(op, file, args) == nil {
				return newChild(op, file, args, o).layoutFailure(&slotError{i, err})
			}
		}
	}
	return nil
}

func failedSync(err error) *SyncResult { return &SyncResult{Status: notStarted(err), Err: err} }

// noLoop is the error of a call for which no loop could be made: there are no descriptors left, or
// no memory.
func noLoop(op, file string, args []string, err error) error {
	return &SpawnError{Op: op, Step: StepResource, File: file, Path: file, Args: args, Err: errnoOr(err)}
}
