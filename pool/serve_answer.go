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

// This file encodes the answers of a worker. Its functions have no state, and are called on the
// loop goroutine and on those of handlers.

// Codes of errors of the worker itself, see PROTOCOL.md.
const (
	codeMethod    = "ERR_METHOD"     // no handler
	codeQueueFull = "ERR_QUEUE_FULL" // too many jobs wait
	codeTooLarge  = "ERR_TOO_LARGE"  // the message with the job is too long
	codeCancelled = "ERR_CANCELLED"
	codeResult    = "ERR_RESULT" // the result cannot become JSON, or its attachment cannot be sent
	codeAttach    = "ERR_ATTACH" // the job's attachment has not come as announced
)

// frame is an encoded message.
type frame []byte

// AppendJSON implements nodejson.Appender.
func (f *frame) AppendJSON(dst []byte, _ *nodejson.Encoder) ([]byte, error) {
	return append(dst, *f...), nil
}

// resultFrame is an answer with a result.
type resultFrame struct {
	id     uint64
	result any
	attach int // bytes beside the message; 0: none
}

// AppendJSON implements nodejson.Appender.
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

// appendID appends the beginning of a message about a job.
func appendID(dst []byte, id uint64) []byte {
	return strconv.AppendUint(append(dst, `{"id":`...), id, 10)
}

// jobError is the member error of an answer.
type jobError struct {
	Message string `json:"message"`
	Name    string `json:"name,omitempty"`
	Stack   string `json:"stack,omitempty"`
	Code    string `json:"code,omitempty"`
}

func appendError(dst []byte, id uint64, e jobError) []byte {
	dst = append(appendID(dst, id), `,"error":`...)
	dst, _ = nodejson.Append(dst, &e) // Strings always become JSON.
	return append(dst, '}')
}

// describe converts a handler's error to its form on the wire. It calls methods of err, which may
// panic.
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

// codeOf returns the code of the first error in err that has one: the result of its method Code, or
// the name of an errno.
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

// typeNameOf returns the name of err's type, "" for types that only carry a text.
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

// Unwrap returns the value of the panic if it is an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// cancelError returns the cause of the context of a job that the parent has cancelled.
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
