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

// SyncOptions are Options for the forms that wait. A nil *SyncOptions means all defaults. The call
// neither keeps nor changes them.
//
// These are refused with an *[ArgumentError]: options for a child with listeners or a channel
// (StopEvents, Async, Encoding, LineEnd, MaxLine, HighWaterMark, Serialization, MaxMessage,
// MaxQueue), and the Stdio forms that need a loop of the caller (Stream, PTY, IPC).
type SyncOptions struct {
	Options

	// MaxBuffer is the limit of the bytes captured from all pipes together. More output kills the
	// child, with [ErrMaxBuffer]. 0: 1 MiB; negative: no limit. (In Node, 0 is no limit.)
	MaxBuffer int

	// Input is written to the child's stdin, followed by the end of file. Empty: the end of file at
	// once. It is ignored when Stdio[0] is not a Pipe. It is refused beside an Input in Stdio[0].
	Input []byte
}

// syncOp is the Op of the errors of these forms, as in Node.
const syncOp = "spawnSync"

// A SyncResult is the outcome of [SpawnSync]. The caller owns its slices.
type SyncResult struct {
	// Pid is the process id that the child had; 0 if it could not be started.
	Pid int

	// Output holds, by slot, the bytes that the child wrote to its pipes: empty but not nil for a
	// pipe without output, nil for stdin and for a slot that is no pipe. Output is nil if the
	// program could not be started.
	Output [][]byte

	// Stdout and Stderr are Output[1] and Output[2].
	Stdout, Stderr []byte

	// Status is how the child ended, or why it was not started. CutOff is also set when a limit
	// closed the pipes before their end.
	Status ExitStatus

	// Err is the first of these errors, or nil:
	//
	//   - an *[ArgumentError] or a *[SpawnError]: nothing was started;
	//   - [ErrTimeout], [ErrMaxBuffer], an *[AbortError] or an *[InputError]: the child was killed
	//     early, and Status says how;
	//   - a *streams.OpError: a pipe failed. EPIPE: the child has not read all of Input;
	//   - [ErrStatusLost].
	//
	// An exit code other than 0, and a signal, are no errors here.
	Err error
}

// SpawnSync runs file with args and waits until it has exited and all its pipes have ended, also
// those that its descendants hold. It never returns nil.
//
// When MaxBuffer, Timeout or Context kills the child, the child gets KillSignal, and its pipes are
// closed, at once or at the end of a KillGrace, so descendants cannot delay the return. The result
// has the bytes that were read until then. A child that ignores the signal is waited for unless
// there is a KillGrace, as in Node; a child that may not be signalled, because it changed its user,
// is always waited for. If a limit is reached after the exit, because others hold the pipes, Status
// is the child's own and Err is the limit.
//
// Safe to call from any goroutine; the call keeps the goroutine's thread. In a callback of a loop
// it keeps that loop waiting. The number of concurrent calls is limited only by the system.
//
// Source: Node v20, lib/child_process.js, spawnSync.
func SpawnSync(file string, args []string, o *SyncOptions) *SyncResult {
	r, _ := runSync(file, args, o)
	return r
}

// ExecFileSync is [SpawnSync] that returns the child's stdout. An *[ArgumentError] or a
// *[SpawnError] is returned as it is. For every other error of SyncResult.Err, and for a child that
// did not exit with 0, the error is an *[ExitError] with all captured bytes.
//
// If Stdio is nil, the child's stderr is captured and, before the call returns, also written to
// os.Stderr, as in Node.
//
// Safe to call from any goroutine; the call keeps the goroutine's thread.
func ExecFileSync(file string, args []string, o *SyncOptions) ([]byte, error) {
	name := file
	if o != nil && o.Argv0 != "" {
		name = o.Argv0
	}
	return execSync(commandText(name, args), file, args, o)
}

// ExecSync is [ExecFileSync] of a command in a shell (Options.Shell, by default [DefaultShell]). It
// quotes nothing, see [Exec].
//
// Safe to call from any goroutine; the call keeps the goroutine's thread.
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

// execSync is ExecFileSync; text is the Cmd of its error.
func execSync(text, file string, args []string, o *SyncOptions) ([]byte, error) {
	r, killed := runSync(file, args, o)
	if len(r.Stderr) > 0 && (o == nil || o.Stdio == nil) {
		_, _ = os.Stderr.Write(r.Stderr) // Best effort: an error holds the bytes too.
	}
	return r.Stdout, r.failure(text, killed)
}

// failure returns the error of a command with this result; nil if it succeeded. text is the Cmd.
func (r *SyncResult) failure(text string, killed bool) error {
	if r.Pid == 0 {
		return r.Err
	}
	if r.Err == nil && (r.Status.Success() || r.Status.Cause == ErrEnough) {
		return nil
	}
	return &ExitError{Cmd: text, Status: r.Status, Killed: killed, Stdout: r.Stdout, Stderr: r.Stderr, Err: r.Err}
}

// runSync is SpawnSync. It also reports whether the child was signalled.
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

// runPrivate runs a private loop until nothing keeps it alive, and gives it back to privateLoops.
// If Run fails, or unwinds because a function of the options panicked, the loop is closed and its
// children are killed. fed must return when the child's feeder posts to the loop no more, because
// the next call may have the loop after put.
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

// syncLoop returns a private loop for a call, unless the call is refused.
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

// needsListeners returns an *ArgumentError if o has an option that only a child with listeners can
// use.
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

// unfitForSync returns an *ArgumentError if o needs a loop of the caller.
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

// needsLoop reports whether s needs a loop of the caller.
func (s Stdio) needsLoop() bool {
	switch s.form {
	case formDefault, formPipe, formIgnore, formInherit, formFD, formFile, formPath, formSameAs, formInput:
		return false
	case formTee:
		return slices.ContainsFunc(s.tee.targets, func(t Stdio) bool { return t.form == formStream })
	}
	return true
}

// closedNumber returns the *SpawnError for a slot that shares a descriptor that is not open. It
// must be called before a loop is opened, because the loop could get that very number. Mistakes in
// the call are left to validate, which the start calls.
func (o *Options) closedNumber(op, file string, args []string) error {
	for i, s := range o.Stdio {
		slots := []Stdio{s}
		if s.form == formTee {
			slots = s.tee.targets
		}
		for _, s := range slots {
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

// noLoop is the error when no loop could be made, for want of descriptors or memory.
func noLoop(op, file string, args []string, err error) error {
	return &SpawnError{Op: op, Step: StepResource, File: file, Path: file, Args: args, Err: errnoOr(err)}
}
