package childprocess

import (
	"errors"
	"iter"
)

// ErrNoStdout is yielded by [ChildProcess.Lines] for a child whose stdout is no pipe.
var ErrNoStdout = errors.New("childprocess: stdout is not piped")

// Lines returns an iterator over the lines of Stdout, without their end ("\n" or "\r\n", or as
// Options.LineEnd says), for another goroutine:
//
//	go func() {
//		for line, err := range child.Lines() {
//			…
//		}
//	}()
//
// It is [streams.Readable.Lines] of Stdout, with copies that the caller may keep. The loop reads
// ahead up to the stream's high-water mark; then the child has to wait. A break destroys Stdout, so
// a child that keeps writing gets SIGPIPE.
//
// The range ends with the data, however the child ended; see [ChildProcess.Wait]. If it ends for
// another reason, the last pair has no line and
//
//   - the error that destroyed Stdout, or streams.ErrLineTooLong;
//   - streams.ErrClosed if the stream or the loop was closed before the end of the data;
//   - streams.ErrUnread if output was dropped, see below;
//   - [ErrNoStdout] if there is no Stdout;
//   - the *[SpawnError] of a child that had no descriptors.
//
// Lines may be called at any time, also after the child's exit. If nothing has read the output by
// then, it is retained up to the high-water mark, which is the size of a pipe; if there is more,
// the error is streams.ErrUnread.
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
