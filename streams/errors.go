package streams

import (
	"errors"

	"github.com/brood-go/brood/reactor"
)

var (
	// ErrClosed is returned by operations on a stream that was destroyed or has closed, and ends a
	// Collect that was cut off by Destroy. It is that of package reactor under a second name.
	ErrClosed = reactor.ErrClosed

	// ErrWriteAfterEnd is returned by Write after End.
	ErrWriteAfterEnd = errors.New("streams: write after end")

	// ErrUnread ends what Lines and Reader give of a stream whose data was retained for them up to
	// the high-water mark, and then thrown away: they were called too late, see [Readable.Retain].
	ErrUnread = errors.New("streams: data was thrown away before it was asked for")

	// ErrLineTooLong is the error of a stream whose OnLine or Lines met a line over
	// ReadableOptions.MaxLine.
	ErrLineTooLong = errors.New("streams: line too long")

	// ErrTooMuch is the error of a Collect that met its limit.
	ErrTooMuch = errors.New("streams: more data than the limit")

	errNilLoop = errors.New("nil loop")
	errLineEnd = errors.New("unknown line end")
)

// An OpError is a system call on a stream's descriptor that failed: that of package reactor under a
// second name.
type OpError = reactor.OpError

func wrap(op string, fd int, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, FD: fd, Err: err}
}
