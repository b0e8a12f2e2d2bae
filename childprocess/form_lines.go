package childprocess

import (
	"errors"
	"iter"
	"sync"
)

// ErrNoStdout is what [ChildProcess.LinesErr] returns for a child whose stdout is no pipe.
var ErrNoStdout = errors.New("childprocess: stdout is not piped")

// lineEnd is what another goroutine learns of the end of Lines.
type lineEnd struct {
	mu  sync.Mutex
	err error
}

// Lines returns the lines of Stdout, without "\n" or "\r\n", for a range loop on another goroutine:
//
//	go func() {
//		for line := range child.Lines() {
//			…
//		}
//	}()
//
// The loop reads ahead up to the stream's high-water mark; then the child waits, as it does for any reader that is
// slower. A break destroys Stdout, and the child gets SIGPIPE when it writes on. The range ends with the data; when it
// ended for another reason, LinesErr tells. [streams.Readable.Lines] has the details, and gives the lines of Stderr, or
// lines that are not copied.
//
// The call may come at any time, also after the child's end: output that nobody had read by then is retained up to the
// high-water mark, which is what a pipe holds. After that LinesErr is streams.ErrUnread.
//
// Lines is safe to call from any goroutine. The range must not be on the loop goroutine: it would wait for itself. In a
// callback of the loop it panics.
func (c *ChildProcess) Lines() iter.Seq[string] {
	if c.Stdout == nil {
		c.lines.set(ErrNoStdout)
		return func(func(string) bool) {}
	}
	lines := c.Stdout.Lines()
	return func(yield func(string) bool) {
		for line, err := range lines {
			if err != nil {
				c.lines.set(err)
				return
			}
			if !yield(string(line)) {
				return
			}
		}
	}
}

// LinesErr returns why a range over Lines has ended early: the error that destroyed Stdout, streams.ErrLineTooLong,
// streams.ErrUnread, or streams.ErrClosed when the stream or the loop was closed before the end of the data;
// [ErrNoStdout] when there was nothing to read. It is nil while the range goes on, at the end of the data, and after a
// break. The first error stays.
//
// Safe to call from any goroutine.
func (c *ChildProcess) LinesErr() error {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	return c.lines.err
}

func (e *lineEnd) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}
