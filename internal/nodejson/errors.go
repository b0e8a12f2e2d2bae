package nodejson

import (
	"errors"
	"strconv"
)

// The causes of an [Error], besides errors of the Go value's own methods and of the library.
var (
	// ErrSyntax says that a text is not JSON.
	ErrSyntax = errors.New("invalid JSON")

	// ErrDepth says that a text or a value is nested deeper than 10,000 arrays and objects.
	ErrDepth = errors.New("nested too deep")

	// ErrCycle says that a map or slice contains itself, or that a pointer leads back to itself.
	// For types with methods for JSON, and others that only the library knows, an error of the
	// library says so.
	ErrCycle = errors.New("value contains itself")
)

// An Error says why a value could not be encoded or a text could not be decoded.
type Error struct {
	Op     string // "encode" or "decode"
	Offset int    // byte offset at which the text stops being JSON; -1: the cause is another
	Err    error  // one of the sentinels, an error of the Go value's methods, or one of the library
}

// Error returns the operation, the cause, and the offset if there is one.
func (e *Error) Error() string {
	text := e.Op + " json: " + e.Err.Error()
	if e.Offset >= 0 {
		text += " at byte " + strconv.Itoa(e.Offset)
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func encodeError(err error) error { return &Error{Op: "encode", Offset: -1, Err: err} }

func syntaxError(offset int) error { return &Error{Op: "decode", Offset: offset, Err: ErrSyntax} }

func depthError(offset int) error { return &Error{Op: "decode", Offset: offset, Err: ErrDepth} }
