package streams

import (
	"errors"
	"os"
	"strconv"
)

var (
	// ErrClosed is returned by operations on a stream that was destroyed or has closed, and ends a Collect that was cut
	// off by Destroy. errors.Is(ErrClosed, os.ErrClosed) is true.
	ErrClosed error = closedError{}

	// ErrWriteAfterEnd is returned by Write after End.
	ErrWriteAfterEnd = errors.New("streams: write after end")

	// ErrUnread ends what Lines and Reader give of a stream whose data was retained for them up to the high-water
	// mark, and then thrown away: they were called too late, see [Readable.Retain].
	ErrUnread = errors.New("streams: data was thrown away before it was asked for")

	// ErrLineTooLong is the error of a stream whose OnLine or Lines met a line over ReadableOptions.MaxLine.
	ErrLineTooLong = errors.New("streams: line too long")

	// ErrTooMuch is the error of a Collect that met its limit.
	ErrTooMuch = errors.New("streams: more data than the limit")

	errNilLoop = errors.New("nil loop")
	errLineEnd = errors.New("unknown line end")
)

type closedError struct{}

func (closedError) Error() string        { return "streams: closed" }
func (closedError) Is(target error) bool { return target == os.ErrClosed }

// An OpError is a system call on a stream's descriptor that failed.
type OpError struct {
	Op  string // the system call, or "open" for a constructor
	FD  int
	Err error // usually a syscall.Errno
}

// Error returns a text such as "streams: write fd 7: broken pipe".
func (e *OpError) Error() string {
	return "streams: " + e.Op + " fd " + strconv.Itoa(e.FD) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

func wrap(op string, fd int, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, FD: fd, Err: err}
}
