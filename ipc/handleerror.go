package ipc

import (
	"errors"
	"os"
)

var (
	// ErrHandleType is the cause of a [HandleError] for a value or descriptor that cannot be sent,
	// and for a received handle of an unknown type or with a descriptor that fits no type.
	ErrHandleType = errors.New("this handle type cannot be sent")

	// ErrHandleKind is the cause of a [HandleError] when a method of a [Handle] needs a descriptor
	// of another kind.
	ErrHandleKind = errors.New("the descriptor is of another kind")

	// ErrHandleUsed is the cause of a [HandleError] when a [Handle] was already closed or used.
	// errors.Is(ErrHandleUsed, os.ErrClosed) is true.
	ErrHandleUsed error = handleUsed{}
)

var errNilHandle = errors.New("nil pointer")

type handleUsed struct{}

func (handleUsed) Error() string        { return "the handle was closed or used before" }
func (handleUsed) Is(target error) bool { return target == os.ErrClosed }

// A HandleError is the error of sending, receiving or using a descriptor.
type HandleError struct {
	// "send", "receive", "serve", "count", or the failed method of Handle: "Listener", "Conn", …
	Op string
	// the Go type when sending, the type on the wire ("net.Socket") of a received handle
	Type string
	// [ErrHandleType], [ErrHandleKind], [ErrHandleUsed], or the system's error (syscall.Errno,
	// *net.OpError)
	Err error
}

// Error returns a text such as "ipc: send *tls.Conn: this handle type cannot be sent".
func (e *HandleError) Error() string { return "ipc: " + e.Op + " " + e.Type + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *HandleError) Unwrap() error { return e.Err }
