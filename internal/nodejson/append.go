package nodejson

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"

	"github.com/brood-go/brood/internal/wtf8"
)

// watchCyclesFrom is the depth beyond which arrays and objects are remembered to find cycles. Few
// values are as deep, so most pay nothing; a value that contains itself is found before its text
// has been written many times.
const watchCyclesFrom = 32

// mostKeysKept is the capacity above which a list of keys is not kept for the next value.
const mostKeysKept = 1024

// An Encoder writes JSON. It keeps memory from one value to the next, so most values allocate
// nothing. The zero value is ready to use. A method of a value may use the Encoder that calls it.
//
// An Encoder's methods must not be called on several goroutines at once.
type Encoder struct {
	keys   []string      // empty; memory to sort the keys of objects
	buffer *bytes.Buffer // empty; nil before the library was needed, and while it writes
	// the plan that was used last, because most messages are of one type; nil before the first
	last *plan
	// a zero variable for values that are no pointers; not valid before the first, and while it is
	// used
	box reflect.Value
}

// Append is [Encoder.Append] of a new Encoder.
//
// Safe to call from any goroutine, if v's methods are.
func Append(dst []byte, v any) ([]byte, error) { return new(Encoder).Append(dst, v) }

// Append appends v to dst as JSON.stringify writes it, on one line, and returns the extended
// buffer. It maps Go values as encoding/json does: struct tags, json.Marshaler and
// encoding.TextMarshaler, json.RawMessage and json.Number, []byte as base64, a nil slice as null, a
// time.Duration as a number, sorted keys. It differs from encoding/json:
//
//   - NaN and the infinities are null, and minus zero is 0, in a json.RawMessage too;
//   - only characters that must be escaped are escaped: <, >, & and U+2028 are written as they are;
//   - a lone surrogate, which a string holds as WTF-8, is written as an escape. Other bytes that
//     are not UTF-8 become U+FFFD. In the result of a MarshalText method lone surrogates become
//     U+FFFD too.
//
// v is not retained. The error is an *[Error] wrapping [ErrDepth], [ErrCycle], the error of a
// method of v, or an error of the library that names the type. dst is then returned with the length
// that it had.
func (e *Encoder) Append(dst []byte, v any) ([]byte, error) {
	if whole, ok := v.(Appender); ok {
		out, err := whole.AppendJSON(dst, e)
		if err != nil {
			return dst, err
		}
		return out, nil
	}
	a := appender{encoder: e, keys: e.keys}
	e.keys = nil // A method of v may use e meanwhile.
	out, err := a.value(dst, v)
	a.release()
	if err != nil {
		return dst, err
	}
	return out, nil
}

// An Appender is a message that writes itself. AppendJSON appends one JSON value on one line, which
// is not checked, and may use e for values in it. Encoder.Append calls it only for the value that
// it is given, not for values inside.
type Appender interface {
	AppendJSON(dst []byte, e *Encoder) ([]byte, error)
}

// appender writes one value. It writes the types of Value, and some more that cost little, without
// reflection, because that is faster.
type appender struct {
	encoder *Encoder
	depth   int // arrays and objects around the next value
	// the arrays and objects around the next value that are beyond watchCyclesFrom; nil before the
	// first
	seen map[container]struct{}

	keys     []string // keys of the objects around the next value, a stack
	mostKeys int      // the most that were on the stack
}

// release gives the memory for keys back to the Encoder, and drops the keys.
func (a *appender) release() {
	if cap(a.keys) <= mostKeysKept {
		clear(a.keys[:a.mostKeys])
		a.encoder.keys = a.keys[:0]
	}
}

// container identifies a map, slice or pointer.
type container struct {
	pointer uintptr
	n       int // length of the slice or map; 0 for a pointer
	// because the first field of a struct has the struct's address; nil for types without a plan
	typ reflect.Type
}

func (a *appender) value(dst []byte, v any) ([]byte, error) {
	switch t := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return wtf8.AppendQuoted(dst, t), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	case float64:
		return appendFloat(dst, t), nil
	case int:
		return strconv.AppendInt(dst, int64(t), 10), nil
	case int64:
		return strconv.AppendInt(dst, t, 10), nil
	case uint64:
		return strconv.AppendUint(dst, t, 10), nil
	case []byte:
		return appendBase64(dst, t), nil
	case []string:
		return appendStrings(dst, t), nil
	case map[string]any:
		return a.object(dst, v, t)
	case []any:
		return a.array(dst, v, t)
	}
	return a.typed(dst, v)
}

func appendBase64(dst, p []byte) []byte {
	if p == nil {
		return append(dst, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), p), '"')
}

func appendStrings(dst []byte, list []string) []byte {
	if list == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = wtf8.AppendQuoted(dst, s)
	}
	return append(dst, ']')
}

// array appends list. boxed is the same list as an any, because making another any allocates.
func (a *appender) array(dst []byte, boxed any, list []any) ([]byte, error) {
	if list == nil {
		return append(dst, "null"...), nil
	}
	if err := a.enter(boxed, len(list)); err != nil {
		return dst, err
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = a.value(dst, v); err != nil {
			return dst, err
		}
	}
	a.leave(boxed, len(list))
	return append(dst, ']'), nil
}

// object appends an object, with sorted keys. boxed is the same object as an any.
func (a *appender) object(dst []byte, boxed any, object map[string]any) ([]byte, error) {
	if object == nil {
		return append(dst, "null"...), nil
	}
	if err := a.enter(boxed, len(object)); err != nil {
		return dst, err
	}
	first := len(a.keys)
	for key := range object {
		a.keys = append(a.keys, key)
	}
	a.mostKeys = max(a.mostKeys, len(a.keys))
	keys := a.keys[first:]
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys { // Objects inside put theirs behind, or move the stack.
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(wtf8.AppendQuoted(dst, key), ':')
		var err error
		if dst, err = a.value(dst, object[key]); err != nil {
			return dst, err
		}
	}
	a.keys = a.keys[:first]
	a.leave(boxed, len(object))
	return append(dst, '}'), nil
}

// enter and leave enclose the elements of v, a map or a slice of n. enter returns ErrDepth or
// ErrCycle. After an error leave is not called.
func (a *appender) enter(v any, n int) error {
	a.depth++
	if a.depth > maxDepth {
		return encodeError(ErrDepth)
	}
	if a.depth <= watchCyclesFrom || n == 0 { // Empty slices may share one address.
		return nil
	}
	return a.remember(container{pointer: reflect.ValueOf(v).Pointer(), n: n})
}

// remember adds c to seen. The error is ErrCycle if c is there.
func (a *appender) remember(c container) error {
	if _, again := a.seen[c]; again {
		return encodeError(ErrCycle)
	}
	if a.seen == nil {
		a.seen = map[container]struct{}{}
	}
	a.seen[c] = struct{}{}
	return nil
}

func (a *appender) leave(v any, n int) {
	if a.depth > watchCyclesFrom && n > 0 {
		delete(a.seen, container{pointer: reflect.ValueOf(v).Pointer(), n: n})
	}
	a.depth--
}
