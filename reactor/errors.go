package reactor

import (
	"errors"
	"os"
	"strconv"
)

var (
	// ErrClosed is returned by operations on a loop or watcher after Close, and on a stream of
	// package streams after it was closed or destroyed. errors.Is(ErrClosed, os.ErrClosed) is true.
	ErrClosed error = closedError{}

	// ErrRunning is returned by Run, Poll and Close while the loop is inside Run or Poll, which
	// includes its callbacks.
	ErrRunning = errors.New("reactor: loop is running")
)

type closedError struct{}

func (closedError) Error() string        { return "brood: closed" }
func (closedError) Is(target error) bool { return target == os.ErrClosed }

// An OpError is a system call, or an operation on a descriptor of a loop or a stream, that failed.
type OpError struct {
	Op  string // "watch", "epoll_wait", "write"…; "open" for a constructor
	FD  int    // the descriptor; -1: none
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
