package childprocess

import (
	"slices"
	"strconv"

	"github.com/brood-go/brood/reactor"
)

// defaultMaxBuffer is Node's default, in bytes.
const defaultMaxBuffer = 1 << 20

// ExecOptions are the options of [Exec] and [ExecFile]. A nil *ExecOptions means all defaults. The
// call neither keeps nor changes them.
//
// Stdio may be nil, which means three pipes, with stdout and stderr captured. Otherwise it must
// hold an [Input], a [Path], a [SameAs] or a [Tee], and at most three slots. Then
//
//   - stdin is a Pipe, Input, Ignore, Inherit, FD, File or Path;
//   - stdout and stderr are each a Pipe, or a Tee with a Pipe among its targets;
//   - one of stdout and stderr may be SameAs the other; nothing is captured for that one.
type ExecOptions struct {
	Options

	// MaxBuffer is the limit of captured bytes, for stdout and for stderr each. 0: 1 MiB; negative:
	// no limit, all output is kept in memory. Exactly MaxBuffer bytes are no error. If there are
	// more, the first MaxBuffer bytes are kept, even if that cuts a UTF-8 sequence; the child gets
	// KillSignal, after KillGrace SIGKILL, and the streams are destroyed.
	MaxBuffer int
}

// Exec runs command in a shell (Options.Shell, by default [DefaultShell]), captures its output and
// calls done. Exec quotes nothing: text from outside that is put into command can run commands. See
// [Quote]. Otherwise it is as [ExecFile]. Must be called on the loop goroutine.
func Exec(l *reactor.Loop, command string, o *ExecOptions, done func(err error, stdout, stderr []byte)) (*ChildProcess, error) {
	var with ExecOptions
	if o != nil {
		with = *o
	}
	if with.Shell == "" {
		with.Shell = DefaultShell
	}
	return execute(l, "exec", command, nil, &with, done)
}

// ExecFile starts file with args, captures its output and calls done once: at close, or at the
// first error event before it other than a *[TeeError], on the loop goroutine, never inside this
// call. done may be nil; else it owns stdout and stderr, which hold the captured bytes also when
// err is not nil. err is nil if the child exited with 0 and nothing else went wrong. Otherwise it
// is
//
//   - an *[ExitError], if the child was started. Its Err is nil when the child failed by itself,
//     and otherwise [ErrTimeout], a *[MaxBufferError], an *[AbortError], [ErrStatusLost], or the
//     error of a stream;
//   - a *[SpawnError], if the program could not be started and [Spawn] would emit an error event.
//
// Mistakes in the call are returned, as is every error that Spawn returns; done is then never
// called.
//
// The returned child is live. Listeners on its streams get all of the output, besides the capture.
// End Stdin if the child reads it. Pausing or destroying a stream affects the capture too.
//
// Options.Timeout runs until close. When it fires, the child gets KillSignal, and stdout and stderr
// are destroyed if still open, so a process that keeps writing gets SIGPIPE. With a KillGrace they
// are destroyed when the grace is over or the child has exited. done is called with ErrTimeout when
// the child has exited, even if others hold the pipes and however the child took the signal. (In
// Node, a child that then exits with 0 is a success.) If the child ignores the signal and KillGrace
// is not set, done has to wait, as in Node.
//
// When Options.Context ends, the same happens, but done does not wait for the exit, and
// ExitError.Status is then Running. done does not wait either when the child may not be signalled;
// Err then wraps a *[KillError] too. In both cases exit and close of the child come later. (Node
// sends SIGTERM here even if killSignal is set, and does nothing if the child has exited.)
//
// CloseGrace bounds the time from exit to close when others hold the pipes. Reaching it is no
// error: a command that exits with 0 and leaves a daemon behind has succeeded, and its Status has
// CutOff set. Detached and Argv0 are honoured; Node ignores them here.
//
// Must be called on the loop goroutine.
//
// Source: Node v20, lib/child_process.js, execFile.
func ExecFile(l *reactor.Loop, file string, args []string, o *ExecOptions, done func(err error, stdout, stderr []byte)) (*ChildProcess, error) {
	if o == nil {
		o = new(ExecOptions)
	}
	return execute(l, "execFile", file, args, o, done)
}

// unfit returns an *ArgumentError if the form cannot honour Stdio.
func (o *ExecOptions) unfit(op string) error {
	if !slices.ContainsFunc(o.Stdio, Stdio.isShape) {
		return &ArgumentError{op, "Stdio", "must be nil: stdout and stderr are captured"}
	}
	for i, s := range o.Stdio {
		if reason := o.unfitSlot(i, s); reason != "" {
			return &ArgumentError{op, "Stdio[" + strconv.Itoa(i) + "]", reason}
		}
	}
	return nil
}

// isShape reports whether s says where a stream comes from or goes to. Only with such a slot may a
// form that captures have a Stdio.
func (s Stdio) isShape() bool {
	return s.form == formInput || s.form == formPath || s.form == formSameAs || s.form == formTee
}

// unfitSlot returns the reason why slot i cannot be s, or "".
func (o *ExecOptions) unfitSlot(i int, s Stdio) string {
	switch {
	case i >= standardSlots && s.form == formDefault:
		return ""
	case i >= standardSlots:
		return "is above the three that a form has which captures the output"
	case i == 0 && s.form == formTee:
		return s.tee.mistake(i)
	case s.isPipe(i):
		return ""
	case i == 0:
		switch s.form {
		case formInput, formIgnore, formInherit, formFD, formFile, formPath:
			return ""
		}
	case s.form == formSameAs:
		if other := original(o.Stdio, i); other != 1 && other != 2 {
			return "is not the same as stdout or stderr, which are captured"
		}
		return ""
	}
	return "is a form of which nothing is captured"
}

// execute is Exec and ExecFile. o is not nil.
func execute(l *reactor.Loop, op, file string, args []string, o *ExecOptions, done func(err error, stdout, stderr []byte)) (*ChildProcess, error) {
	var mistake error
	if o.Stdio != nil {
		mistake = o.unfit(op)
	}
	c, err := start(l, op, file, args, &o.Options, mistake)
	if err != nil {
		return nil, err
	}
	if done == nil {
		done = func(error, []byte, []byte) {}
	}
	e := &execution{child: c, cmd: commandText(file, args), limit: o.MaxBuffer, done: done}
	if e.limit == 0 {
		e.limit = defaultMaxBuffer
	}
	e.begin()
	return c, nil
}
