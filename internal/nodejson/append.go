package nodejson

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"

	"github.com/brood-go/brood/internal/wtf8"
)

// watchCyclesFrom is the depth from which on arrays and objects are remembered. Few values reach
// it, so the others pay nothing, and one that contains itself is found before its text has been
// written many times.
const watchCyclesFrom = 32

// mostKeysKept is the capacity past which a list of keys is not kept for the next value.
const mostKeysKept = 1024

// An Encoder writes JSON. It keeps memory from one value to the next, so that most values need
// none. The zero value is ready. Its methods must not be called on several goroutines at once; a
// value's methods that it calls may use it.
type Encoder struct {
	keys   []string      // for sorting those of objects; empty
	buffer *bytes.Buffer // empty; nil before the library is needed, and while it writes
	last   *plan         // the one that was used last: messages mostly are of one type; nil before
	// zero, for values of one type that are no pointers; not valid before, and while it is used
	box reflect.Value
}

// Append is [Encoder.Append] of an encoder that is used once.
//
// Safe to call from any goroutine, as far as v's methods are.
func Append(dst []byte, v any) ([]byte, error) { return new(Encoder).Append(dst, v) }

// Append appends v to dst as JSON.stringify would write it, on one line, and returns the extended
// buffer. Go values are mapped as encoding/json does: struct tags, json.Marshaler and
// encoding.TextMarshaler, json.RawMessage and json.Number, []byte as base64, a nil slice as null, a
// time.Duration as a number, sorted keys. Unlike encoding/json
//
//   - NaN and the infinities are null, and minus zero is 0, in a json.RawMessage too;
//   - nothing is escaped but what must be: <, >, & and U+2028 are written as they are;
//   - a lone surrogate, which a string holds as WTF-8, is written as an escape, so that it arrives.
//     Other bytes that are not UTF-8 become U+FFFD. (What a MarshalText method returns is UTF-8 or
//     becomes it.)
//
// v is not retained. The error is an *[Error], and dst is then returned with the length it had. It
// wraps [ErrDepth], [ErrCycle], what a method of v returned, or an error of the library that names
// the type.
func (e *Encoder) Append(dst []byte, v any) ([]byte, error) {
	if whole, ok := v.(Appender); ok {
		out, err := whole.AppendJSON(dst, e)
		if err != nil {
			return dst, err
		}
		return out, nil
	}
	a := appender{encoder: e, keys: e.keys}
	e.keys = nil // until a method of v has returned that encodes with e
	out, err := a.value(dst, v)
	a.release()
	if err != nil {
		return dst, err
	}
	return out, nil
}

// An Appender is a message that writes itself, because its form is known where it is made.
// AppendJSON appends one JSON value on one line, which nobody checks, and may use e for what is in
// it. Only the value that is given to Append is asked.
type Appender interface {
	AppendJSON(dst []byte, e *Encoder) ([]byte, error)
}

// appender writes the types that Value returns, and some more that cost little, by itself: that is
// faster than reflection.
type appender struct {
	encoder *Encoder
	depth   int                    // arrays and objects around the value
	seen    map[container]struct{} // those from depth watchCyclesFrom on

	keys     []string // those of the objects around, a stack
	mostKeys int      // that were on the stack
}

// release gives the memory for keys back, without the keys.
func (a *appender) release() {
	if cap(a.keys) <= mostKeysKept {
		clear(a.keys[:a.mostKeys])
		a.encoder.keys = a.keys[:0]
	}
}

// container is what tells one map, slice or pointer from others.
type container struct {
	pointer uintptr
	n       int // 0 of a pointer
	// nil for the types that need no plan; the first field of a struct has the struct's address
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

// array writes list, which boxed has in it: to put it there again would allocate.
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

// enter and leave go around the elements of v, which is a map or a slice of n. After an error
// nobody leaves.
func (a *appender) enter(v any, n int) error {
	a.depth++
	if a.depth > maxDepth {
		return encodeError(ErrDepth)
	}
	if a.depth <= watchCyclesFrom || n == 0 { // All empty slices may have one address.
		return nil
	}
	return a.remember(container{pointer: reflect.ValueOf(v).Pointer(), n: n})
}

// remember finds that c is contained in itself.
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
