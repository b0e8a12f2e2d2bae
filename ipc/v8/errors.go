package v8

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

const (
	// MaxReadDepth is the number of objects, arrays, Maps, Sets and errors that may be around a
	// value that [Value] reads. Node 20, with its default stack, can send about 3,000 and read
	// about 2,000.
	MaxReadDepth = 10_000

	// MaxWriteDepth is the same for [Append], where pointers count too. It is lower because a
	// process that runs Node 20 dies if its stack does not suffice to read a message. It also
	// bounds how deep [Decode] follows references.
	MaxWriteDepth = 1_000
)

// ErrTooDeep is the error, or its cause, for a value nested deeper than [MaxReadDepth] or
// [MaxWriteDepth].
var ErrTooDeep = errors.New("v8: nested too deep")

// ErrTooLarge is the error of [Decode] when the payload refers to the same objects again and again
// and the destination has a copy in each place, as a slice of structs does: the copies would be out
// of proportion to the payload.
var ErrTooLarge = errors.New("v8: too many copies of shared objects")

// A FormatError is the error of a malformed payload.
type FormatError struct {
	Offset int   // bytes of the payload that were read before the fault was found
	Err    error // io.ErrUnexpectedEOF, ErrTooDeep, or an error that says the fault
}

// Error returns a text such as "v8: at byte 7: a property twice".
func (e *FormatError) Error() string { return fmt.Sprintf("v8: at byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// An UnsupportedTypeError is the error for a Go type that has no counterpart in the format, as Node
// throws a DataCloneError.
type UnsupportedTypeError struct {
	Type reflect.Type // type of the value, which may be anywhere inside the message
}

// Error returns a text such as "v8: func() could not be cloned".
func (e *UnsupportedTypeError) Error() string {
	return "v8: " + e.Type.String() + " could not be cloned"
}

// An UnsupportedValueError is the error for a value of a supported type that the other side could
// not read, or not as the same value.
type UnsupportedValueError struct {
	Value  string // the value as a text, shortened
	Reason string
}

// Error returns a text such as "v8: 9007199254740993 could not be cloned: beyond 2⁵³, where numbers
// are no longer exact; use a big.Int".
func (e *UnsupportedValueError) Error() string {
	return "v8: " + e.Value + " could not be cloned: " + e.Reason
}

// unsupported returns an UnsupportedValueError with a text of v that is short if v is a string.
func unsupported(v any, reason string) error {
	const longest = 60
	text := fmt.Sprint(v)
	if _, ok := v.(string); ok {
		text = strconv.Quote(text[:min(len(text), longest)])
	}
	return &UnsupportedValueError{Value: text, Reason: reason}
}

// A DecodeError is the error of [Decode] for a value that does not fit into its Go type.
type DecodeError struct {
	Path   string       // place of the value: ".jobs[3].name"; "" for the message itself
	Value  string       // the value: "a string", "the number 1.5"
	Type   reflect.Type // type of the destination
	Reason string       // reason; "" if the types say it
}

// Error returns a text such as "v8: .jobs[3].name: a string does not fit into int".
func (e *DecodeError) Error() string {
	text := "v8: "
	if e.Path != "" {
		text += e.Path + ": "
	}
	text += e.Value + " does not fit into " + e.Type.String()
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// within puts step before the path of err, if err is a DecodeError.
func within(step string, err error) error {
	if e, ok := errors.AsType[*DecodeError](err); ok {
		e.Path = step + e.Path
	}
	return err
}

// A DestinationError is the error of [Decode] for a destination that is no pointer, or a nil
// pointer.
type DestinationError struct {
	Type reflect.Type // type of the destination; nil for nil
}

// Error returns a text such as "v8: cannot decode into int: it is no pointer".
func (e *DestinationError) Error() string {
	switch {
	case e.Type == nil:
		return "v8: cannot decode into nil"
	case e.Type.Kind() != reflect.Pointer:
		return "v8: cannot decode into " + e.Type.String() + ": it is no pointer"
	}
	return "v8: cannot decode into a nil " + e.Type.String()
}
