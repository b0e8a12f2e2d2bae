package streams

import (
	"errors"

	"github.com/brood-go/brood/reactor"
)

var (
	// ErrClosed is returned by operations on a stream that was destroyed or has closed. Collect
	// gets it if Destroy was called without an error. It is [reactor.ErrClosed] under a second
	// name.
	ErrClosed = reactor.ErrClosed

	// ErrWriteAfterEnd is returned by Write after End.
	ErrWriteAfterEnd = errors.New("streams: write after end")

	// ErrUnread is returned by Lines and Reader, behind the retained data, if they were called too
	// late: further data was thrown away because the high-water mark was reached, see
	// [Readable.Retain].
	ErrUnread = errors.New("streams: data was thrown away before it was asked for")

	// ErrLineTooLong destroys a stream if OnLine or Lines gets a line over ReadableOptions.MaxLine.
	ErrLineTooLong = errors.New("streams: line too long")

	// ErrTooMuch is the error of a Collect that got more data than its limit.
	ErrTooMuch = errors.New("streams: more data than the limit")

	errNilLoop = errors.New("nil loop")
	errLineEnd = errors.New("unknown line end")
)

// An OpError says which system call on a stream's descriptor failed, and why. It is
// [reactor.OpError] under a second name.
type OpError = reactor.OpError

func wrap(op string, fd int, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, FD: fd, Err: err}
}
