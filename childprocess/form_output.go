package childprocess

import (
	"context"
	"iter"
)

// Output is [OutputWith] without options: it runs file with args, with an empty stdin, and returns
// its stdout.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting; use
// [ExecFile] there.
func Output(ctx context.Context, file string, args ...string) ([]byte, error) {
	return OutputWith(ctx, nil, file, args...)
}

// OutputWith runs file with args and returns its stdout. It is for goroutines without a loop. The
// calling thread starts the child. Up to GOMAXPROCS concurrent calls wait on their thread, each
// with a loop of its own. The other calls, and those with a CancelFunc or a StopWhen, share one
// background loop, where a child costs neither a thread nor a goroutine. That loop starts with the
// first such call and ends one second after the last.
//
// The error is
//
//   - a *[SpawnError] or an *[ArgumentError] if nothing was started; Input was not read;
//   - an *[AbortError] if ctx was done before the start;
//   - an *[ExitError] if the child did not exit with 0 or something else went wrong. Its Err is nil
//     when the child failed by itself, and otherwise [ErrTimeout], an *AbortError (ctx),
//     [ErrMaxBuffer], an *[InputError], EPIPE (the child has not read all of Input) or
//     [ErrStatusLost]. The output that was read is returned too.
//
// When ctx is done, or another limit is reached, the child gets KillSignal, and SIGKILL after
// KillGrace, and its pipes are closed, so descendants cannot delay the return. A child that may not
// be signalled, because it changed its user, is waited for. If no limit is set, the call also waits
// for a daemon that holds the child's pipes. CloseGrace bounds that wait, and a child that exited
// with 0 is then a success.
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

// Run is [RunWith] without options: stdin is empty, and stdout is /dev/null.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting.
func Run(ctx context.Context, file string, args ...string) error {
	return RunWith(ctx, nil, file, args...)
}

// RunWith is [OutputWith] that does not read stdout: it is /dev/null, or as RunOptions.Stdio says.
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

// Lines is [LinesWith] without options: stdin is empty, and a line ends with "\n" or "\r\n".
//
// The iterator is safe to use on any goroutine. In a callback of a loop it keeps that loop waiting.
func Lines(ctx context.Context, file string, args ...string) iter.Seq2[string, error] {
	return LinesWith(ctx, nil, file, args...)
}

// LinesWith runs file with args and yields each line of its stdout, without the line end, as
// LineEnd and MaxLine say. While the body of the range statement runs, the child may have to wait.
// If the call does not succeed, the last pair has no line and the error of [OutputWith]; for a line
// longer than MaxLine that wraps streams.ErrLineTooLong.
//
// When the range statement is left early, the child is killed as by ctx, and has exited when the
// statement is over. Each range statement starts the program anew; bytes that the first has read of
// Input, and slots that were Owned, are gone then.
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
