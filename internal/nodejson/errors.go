package nodejson

import (
	"errors"
	"strconv"
)

// Causes of an [Error] that do not come from a Go type.
var (
	// ErrSyntax says that a text is not JSON.
	ErrSyntax = errors.New("invalid JSON")

	// ErrDepth says that a text or a value is nested deeper than 10,000 arrays and objects.
	ErrDepth = errors.New("nested too deep")

	// ErrCycle says that a map, slice or pointer contains itself. If the value has methods for
	// JSON, or only the library knows its type, the cause is an error of the library that says so.
	ErrCycle = errors.New("value contains itself")
)

// An Error is the error of writing a value or reading a text.
type Error struct {
	Op     string // "encode" or "decode"
	Offset int    // byte at which the text stops being JSON; -1 if that is not the reason
	Err    error  // one of the sentinels, or an error about the Go value
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
