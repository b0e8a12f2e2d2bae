package v8

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

const (
	// MaxReadDepth is how many objects, arrays, Maps, Sets and errors may be around a value that
	// [Value] reads. Node 20 itself, with the stack it has by default, can send about 3,000 and
	// read about 2,000.
	MaxReadDepth = 10_000

	// MaxWriteDepth is the same for [Append], where pointers count too. A process that runs Node
	// 20 must be able to read the message: when its stack does not suffice it dies. It is also how
	// deep [Decode] follows references.
	MaxWriteDepth = 1_000
)

// ErrTooDeep is the error, or its cause, when a value is nested deeper than [MaxReadDepth] or
// [MaxWriteDepth].
var ErrTooDeep = errors.New("v8: nested too deep")

// ErrTooLarge is the error of [Decode] when the payload refers to the same objects again and again,
// and the destination has a copy in each place, as a slice of structs does: what it came to would
// be out of proportion to the payload.
var ErrTooLarge = errors.New("v8: too many copies of shared objects")

// A FormatError is returned for a payload that is not well formed.
type FormatError struct {
	Offset int   // bytes of the payload that were read when it was noticed
	Err    error // io.ErrUnexpectedEOF, ErrTooDeep, or what is wrong
}

// Error returns a text such as "v8: at byte 7: a property twice".
func (e *FormatError) Error() string { return fmt.Sprintf("v8: at byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// An UnsupportedTypeError is returned for a Go type that has no counterpart in the format, as Node
// throws a DataCloneError.
type UnsupportedTypeError struct {
	Type reflect.Type // that of the value, which may be anywhere inside the message
}

// Error returns a text such as "v8: func() could not be cloned".
func (e *UnsupportedTypeError) Error() string {
	return "v8: " + e.Type.String() + " could not be cloned"
}

// An UnsupportedValueError is returned for a value that is of a supported type but that the other
// side could not read, or not as the same value.
type UnsupportedValueError struct {
	Value  string // the value as a text, shortened
	Reason string
}

// Error returns a text such as "v8: 9007199254740993 could not be cloned: beyond 2⁵³, where numbers
// are no longer exact; use a big.Int".
func (e *UnsupportedValueError) Error() string {
	return "v8: " + e.Value + " could not be cloned: " + e.Reason
}

// unsupported describes v in no more bytes than a log can bear.
func unsupported(v any, reason string) error {
	const longest = 60
	text := fmt.Sprint(v)
	if _, ok := v.(string); ok {
		text = strconv.Quote(text[:min(len(text), longest)])
	}
	return &UnsupportedValueError{Value: text, Reason: reason}
}

// A DecodeError is returned by [Decode] for a value that does not fit into the Go type it was meant
// for.
type DecodeError struct {
	Path   string       // where it is: ".jobs[3].name"; "" for the message itself
	Value  string       // what came: "a string", "the number 1.5"
	Type   reflect.Type // what was to hold it
	Reason string       // more, if there is more to say
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

// within puts step before the path of err.
func within(step string, err error) error {
	if e, ok := errors.AsType[*DecodeError](err); ok {
		e.Path = step + e.Path
	}
	return err
}

// A DestinationError is returned by [Decode] when it was not given a pointer to decode into, or a
// nil one.
type DestinationError struct {
	Type reflect.Type // nil for nil
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
