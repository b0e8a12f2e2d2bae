package childprocess

import (
	"context"
	"iter"
)

// Output runs file with args and returns what it has written to stdout. It is [OutputWith] without
// options: the child's stdin is empty.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting; use
// [ExecFile] there.
func Output(ctx context.Context, file string, args ...string) ([]byte, error) {
	return OutputWith(ctx, nil, file, args...)
}

// OutputWith runs file with args and returns what it has written to stdout. It is for goroutines
// that have no loop. The child is started by the thread that calls. A few calls at a time, as many
// as GOMAXPROCS, wait on that thread, with a loop of their own. All others share one, in the
// background, so that a child that is waited for takes neither a thread nor a goroutine of its own;
// so do those with a CancelFunc or a StopWhen. That loop starts with the first such call and ends
// when it was not used for a second.
//
// Errors are:
//
//   - *[SpawnError] and *[ArgumentError]: nothing was started, and nothing was read of Input;
//   - *[AbortError]: ctx was done before;
//   - *[ExitError], when the child did not exit with 0 or something else happened. Its Err is nil
//     when the child failed on its own, and otherwise [ErrTimeout], an *AbortError when ctx has
//     ended the child, [ErrMaxBuffer] when there was more output than MaxBuffer, an *[InputError],
//     EPIPE when the child did not read all of Input, or [ErrStatusLost]. What was read is returned
//     too.
//
// When ctx is done, or when another limit is reached, the child gets KillSignal, and SIGKILL after
// KillGrace, and its pipes are closed: what it has started cannot delay the return. Only a child
// that may not be signalled, having changed its user, is waited for. Where no limit is set, a
// daemon that the child has left with its pipes is waited for, too, unless CloseGrace is set: then
// a child that has exited with 0 is a success.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting; use
// [ExecFile] there.
func OutputWith(ctx context.Context, o *RunOptions, file string, args ...string) ([]byte, error) {
	t := task{file: file, args: args, use: useOutput}
	if err := t.start(ctx, o); err != nil {
		return nil, err
	}
	defer t.finish()
	err := t.wait()
	return t.output, err
}

// Run is [RunWith] without options: the child's stdin is empty, and its stdout goes to /dev/null.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting.
func Run(ctx context.Context, file string, args ...string) error {
	return RunWith(ctx, nil, file, args...)
}

// RunWith is [OutputWith] of a program whose stdout does not matter, or goes where RunOptions.Stdio
// says.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting.
func RunWith(ctx context.Context, o *RunOptions, file string, args ...string) error {
	t := task{file: file, args: args, use: useNone}
	if err := t.start(ctx, o); err != nil {
		return err
	}
	defer t.finish()
	return t.wait()
}

// Lines is [LinesWith] without options: the child's stdin is empty, and a line ends with "\n" or
// "\r\n".
//
// The iterator is safe to use on any goroutine. In a callback of a loop it keeps that loop waiting.
func Lines(ctx context.Context, file string, args ...string) iter.Seq2[string, error] {
	return LinesWith(ctx, nil, file, args...)
}

// LinesWith runs file with args and yields what it writes to stdout, line by line, as LineEnd and
// MaxLine say, without the ends. The child waits while the body of the range statement is behind.
// The last pair of one that did not succeed has the error of [OutputWith], and no line; the cause
// of that is streams.ErrLineTooLong for a line over MaxLine.
//
// When the range statement is left early, the child is ended as by its context, and has ended when
// the statement is over. Each range statement starts the program anew; what the first has read of
// Input, and what was Owned, is not there for the next.
//
// The iterator is safe to use on any goroutine. In a callback of a loop it keeps that loop waiting.
func LinesWith(ctx context.Context, o *RunOptions, file string, args ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		t := task{file: file, args: args, use: useLines, bridged: make(chan struct{})}
		if err := t.start(ctx, o); err != nil {
			yield("", err)
			return
		}
		defer t.finish() // Also when the loop body panics.
		if !t.eachLine(yield) {
			return
		}
		if err := t.wait(); err != nil {
			yield("", err)
		}
	}
}
