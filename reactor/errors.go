package reactor

import (
	"errors"
	"os"
	"strconv"
)

var (
	// ErrClosed is returned once the loop, the watcher, or what package streams has on a loop was
	// closed or destroyed. errors.Is(ErrClosed, os.ErrClosed) is true.
	ErrClosed error = closedError{}

	// ErrRunning is returned by Run, Poll and Close while the loop is inside Run or Poll, as it is
	// in a callback.
	ErrRunning = errors.New("reactor: loop is running")
)

type closedError struct{}

func (closedError) Error() string        { return "brood: closed" }
func (closedError) Is(target error) bool { return target == os.ErrClosed }

// An OpError is a system call, or an operation on a descriptor, that failed: the loop's own, or
// that of a stream.
type OpError struct {
	Op  string // "watch", "epoll_wait", "write"…; "open" for a constructor
	FD  int    // the descriptor, -1 where there is none
	Err error  // usually a syscall.Errno
}

// Error returns a text such as "brood: watch fd 7: bad file descriptor".
func (e *OpError) Error() string {
	if e.FD < 0 {
		return "brood: " + e.Op + ": " + e.Err.Error()
	}
	return "brood: " + e.Op + " fd " + strconv.Itoa(e.FD) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

func wrap(op string, fd int, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, FD: fd, Err: err}
}
