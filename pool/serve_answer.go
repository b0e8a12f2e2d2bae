package pool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/nodejson"
)

// Codes of errors that the worker itself answers with.
const (
	codeMethod    = "ERR_METHOD"     // nobody here does such jobs
	codeQueueFull = "ERR_QUEUE_FULL" // too many jobs wait
	codeTooLarge  = "ERR_TOO_LARGE"  // the job is too long a message
	codeCancelled = "ERR_CANCELLED"
	codeResult    = "ERR_RESULT" // the result cannot become JSON, or its attachment not go
	codeAttach    = "ERR_ATTACH" // the job's attachment did not come as announced
)

// frame is a message that is JSON already.
type frame []byte

// AppendJSON makes it a nodejson.Appender.
func (f *frame) AppendJSON(dst []byte, _ *nodejson.Encoder) ([]byte, error) {
	return append(dst, *f...), nil
}

// resultFrame is the answer with a result.
type resultFrame struct {
	id     uint64
	result any
	attach int // bytes
}

// AppendJSON makes it a nodejson.Appender.
func (r *resultFrame) AppendJSON(dst []byte, e *nodejson.Encoder) ([]byte, error) {
	dst = append(appendID(dst, r.id), `,"result":`...)
	dst, err := e.Append(dst, r.result)
	if err != nil {
		return dst, err
	}
	if r.attach > 0 {
		dst = strconv.AppendInt(append(dst, `,"attach":`...), int64(r.attach), 10)
	}
	return append(dst, '}'), nil
}

// appendID begins a message about a job.
func appendID(dst []byte, id uint64) []byte {
	return strconv.AppendUint(append(dst, `{"id":`...), id, 10)
}

// jobError is an error as it is on the wire.
type jobError struct {
	Message string `json:"message"`
	Name    string `json:"name,omitempty"`
	Stack   string `json:"stack,omitempty"`
	Code    string `json:"code,omitempty"`
}

// appendError appends the answer with an error.
func appendError(dst []byte, id uint64, e jobError) []byte {
	dst = append(appendID(dst, id), `,"error":`...)
	dst, _ = nodejson.Append(dst, &e) // Texts always become JSON.
	return append(dst, '}')
}

// describe puts what a handler has returned into the form of the wire. It calls methods of err.
func describe(ctx context.Context, err error) jobError {
	e := jobError{Message: err.Error(), Name: typeNameOf(err), Code: codeOf(err)}
	if p, ok := errors.AsType[*panicError](err); ok {
		e.Stack = string(p.stack)
	}
	if e.Code == "" && errors.Is(err, context.Canceled) && ctx.Err() != nil {
		e.Code = codeOf(context.Cause(ctx))
	}
	return e
}

// codeOf returns what the first error in err that has a code has: its own, or the name of an errno.
func codeOf(err error) string {
	if c, ok := errors.AsType[interface {
		error
		Code() string
	}](err); ok {
		return c.Code()
	}
	if errors.Is(err, ErrCancelled) {
		return codeCancelled
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return unix.ErrnoName(errno)
	}
	return ""
}

// typeNameOf returns the name of err's type, as far as it is one that a program can know.
func typeNameOf(err error) string {
	switch err.(type) {
	case *codedError:
		return ""
	case *panicError:
		return "panic"
	}
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "", "errors", "fmt":
		return ""
	}
	return t.String()
}

// panicError is the panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) error { return &panicError{value, debug.Stack()} }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Unwrap returns what the handler has panicked with, if it is an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// cancelError returns the cause with which the context of a job ends that the parent has cancelled
// for that reason.
func cancelError(reason string) error {
	if reason == "" {
		return &CancelError{ErrCancelled}
	}
	return &CancelError{errors.New(reason)}
}

// codedError is an error of the worker itself.
type codedError struct {
	code string
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }
func (e *codedError) Code() string  { return e.code }
