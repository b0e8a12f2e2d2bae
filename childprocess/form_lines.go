package childprocess

import (
	"errors"
	"iter"
)

// ErrNoStdout is what [ChildProcess.Lines] yields for a child whose stdout is no pipe.
var ErrNoStdout = errors.New("childprocess: stdout is not piped")

// Lines returns the lines of Stdout, without "\n" or "\r\n", or whatever Options.LineEnd says, for
// a range loop on another goroutine:
//
//	go func() {
//		for line, err := range child.Lines() {
//			…
//		}
//	}()
//
// The loop reads ahead up to the stream's high-water mark; then the child waits, as it does for any
// reader that is slower. A break destroys Stdout, and the child gets SIGPIPE when it writes on. The
// range ends with the data, whatever became of the child, which [ChildProcess.Wait] tells. When it
// ends for another reason, its last pair has no line and that reason: the error that destroyed
// Stdout, streams.ErrLineTooLong, streams.ErrUnread, streams.ErrClosed when the stream or the loop
// was closed before the end of the data, [ErrNoStdout] when there was nothing to read, or the
// *[SpawnError] of a child that had no descriptors.
//
// It is [streams.Readable.Lines] of Stdout with lines that the caller may keep: they are copies.
//
// The call may come at any time, also after the child's end: output that nobody had read by then is
// retained up to the high-water mark, which is what a pipe holds. After that the error is
// streams.ErrUnread.
//
// Lines is safe to call from any goroutine. The range must not be on the loop goroutine: it would
// wait for itself. In a callback of the loop it panics.
func (c *ChildProcess) Lines() iter.Seq2[string, error] {
	if c.Stdout == nil {
		return func(yield func(string, error) bool) { yield("", ErrNoStdout) }
	}
	lines := c.Stdout.Lines()
	return func(yield func(string, error) bool) {
		for line, err := range lines {
			if !yield(string(line), err) {
				return
			}
		}
	}
}
