package childprocess

import (
	"context"
	"iter"
	"time"
)

// CancelGrace is the time from SIGTERM to SIGKILL for a child of [Output], [Run] or [Lines] whose context ends.
const CancelGrace = 2 * time.Second

// MaxOutput is the most that [Output] takes from a child, in bytes.
const MaxOutput = 64 << 20

// Output runs file with args and returns what it has written to stdout. It is for goroutines that have no loop: all
// calls share one, in the background, so that a child that is waited for takes neither a thread nor a goroutine of its
// own. The loop starts with the first call and ends when it was not used for a second.
//
// The child's stdin is empty. The end of its stderr is in the error; 64 KiB are kept. Errors are:
//
//   - *[SpawnError] and *[ArgumentError]: nothing was started;
//   - *[AbortError]: ctx was done before;
//   - *[ExitError], when the child did not exit with 0; its Err is an *[AbortError] when ctx has ended the child, and
//     [ErrMaxBuffer] when there was more than [MaxOutput]. What was read is returned too.
//
// When ctx is done the child gets SIGTERM, and SIGKILL after [CancelGrace], and then its pipes are closed: what it has
// started cannot delay the return. Only a child that may not be signalled, having changed its user, is waited for.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting; use [ExecFile] there.
func Output(ctx context.Context, file string, args ...string) ([]byte, error) {
	t := task{file: file, args: args, stdout: Pipe}
	if err := t.start(ctx); err != nil {
		return nil, err
	}
	defer t.finish()
	err := t.wait()
	return t.output, err
}

// Run is [Output] of a program whose stdout does not matter: it goes to /dev/null.
//
// Safe to call from any goroutine. In a callback of a loop it keeps that loop waiting.
func Run(ctx context.Context, file string, args ...string) error {
	t := task{file: file, args: args, stdout: Ignore}
	if err := t.start(ctx); err != nil {
		return err
	}
	defer t.finish()
	return t.wait()
}

// Lines runs file with args and yields what it writes to stdout, line by line, without the newlines ("\n" or "\r\n").
// The child waits while the body of the range statement is behind. The last pair of one that did not succeed has the
// error of [Output], and no line; the cause of that is streams.ErrLineTooLong for a line over streams.DefaultMaxLine.
//
// When the range statement is left early, the child is ended as by its context, and has ended when the statement is
// over. Each range statement starts the program anew.
//
// The iterator is safe to use on any goroutine. In a callback of a loop it keeps that loop waiting.
func Lines(ctx context.Context, file string, args ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		t := task{file: file, args: args, stdout: Pipe, bridged: make(chan struct{})}
		if err := t.start(ctx); err != nil {
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
