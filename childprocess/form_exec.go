package childprocess

import (
	"slices"
	"strconv"

	"github.com/brood-go/brood/reactor"
)

// defaultMaxBuffer is Node's, in bytes.
const defaultMaxBuffer = 1 << 20

// ExecOptions are the options of [Exec] and [ExecFile]. A nil *ExecOptions means all defaults. They
// are not kept or changed.
//
// Stdio must be nil, which is three pipes of which two are captured, unless it has an [Input], a
// [Path], a [SameAs] or a [Tee] among its three slots at most: stdin is then a Pipe, an Input, or
// Ignore, Inherit, FD, File or Path. Of stdout and stderr both are captured, as a Pipe or as a Tee
// with a Pipe among its targets, or one of them is SameAs the other, and nothing is captured for
// it.
type ExecOptions struct {
	Options

	// MaxBuffer is how much is captured of stdout, and of stderr, in bytes. 0: 1 MiB; negative: no
	// limit, all that a child writes is kept in memory. Exactly MaxBuffer bytes are no error. With
	// more the capture has the first MaxBuffer bytes, be it in the middle of a UTF-8 sequence, the
	// child is ended with KillSignal, and KillGrace, and the streams are destroyed.
	MaxBuffer int
}

// Exec runs command by the shell, Options.Shell or else [DefaultShell], captures its output and
// calls done. Nothing in command is quoted: whoever puts text from outside into it lets that text
// run commands. See [Quote], and [ExecFile], which Exec is otherwise the same as.
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

// ExecFile starts file with args, captures its output and calls done once, on the loop and never
// inside this call: at the child's close, or at an error event before. A nil done is allowed. The
// callee may keep stdout and stderr, which have what was captured also when there is an error. The
// error is nil if the child has exited with 0 and nothing else happened, else
//
//   - an *[ExitError] with what the child did, when it was started. Its Err is nil when the child
//     failed on its own, and otherwise [ErrTimeout], a *[MaxBufferError], an *[AbortError],
//     [ErrStatusLost], or the error that a stream has met;
//   - the *[SpawnError] of a program that could not be started, where Spawn has an error event.
//
// Mistakes in the call, and what Spawn returns, are returned here too, and then done is never
// called.
//
// The returned child is live: listeners on its streams get all of the output besides the capture,
// its Stdin can be written to and should be ended for a child that reads it. Pausing or destroying
// a stream does it to the capture too.
//
// Options.Timeout counts until close: KillSignal is sent, and what has not closed by then of stdout
// and stderr is destroyed, so that SIGPIPE meets who goes on writing; with a KillGrace that is done
// at its end, or with the exit. Then done is called when the child has exited, although others may
// hold the pipes, with ErrTimeout whatever the child made of the signal. (Node calls a child that
// then exits with 0 a success.) A child that ignores the signal delays done, as in Node, unless
// KillGrace is set.
//
// The end of Options.Context does the same, but done is called without waiting for the exit:
// ExitError.Status is Running then. The same goes for a child that may not be signalled, with a
// *[KillError] beside the reason. The child's exit and close come nevertheless. (Node ends a child
// with SIGTERM here even if killSignal is set, and does not end a call whose child has already
// exited.)
//
// CloseGrace bounds the time from exit to close when others hold the pipes. That is no error: a
// command that exits with 0 and leaves a daemon behind has succeeded, and the child's Status says
// CutOff. Detached and Argv0, which Node does not pass on, are honoured. (Node v20,
// lib/child_process.js, execFile.)
func ExecFile(l *reactor.Loop, file string, args []string, o *ExecOptions, done func(err error, stdout, stderr []byte)) (*ChildProcess, error) {
	if o == nil {
		o = new(ExecOptions)
	}
	return execute(l, "execFile", file, args, o, done)
}

// unfit finds what the form cannot honour in Stdio.
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

// isShape reports whether s says how a stream comes about or where it goes, and not only what it
// is.
func (s Stdio) isShape() bool {
	return s.form == formInput || s.form == formPath || s.form == formSameAs || s.form == formTee
}

// unfitSlot says why the form cannot have s in slot i, "" if it can.
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
