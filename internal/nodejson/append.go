package nodejson

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"

	"github.com/brood-go/brood/internal/wtf8"
)

// watchCyclesFrom is the depth from which on the containers around a value are remembered. Few
// values reach it, so the others pay nothing. A value that contains itself is found before its text
// has been written many times.
const watchCyclesFrom = 32

// mostKeysKept bounds the list of keys that is kept for the next value.
const mostKeysKept = 1024

// An Encoder writes JSON. It keeps memory from one value to the next, so that most values allocate
// none. The zero value is ready. Its methods must not be called on several goroutines at once; a
// method of a value that it calls may use it.
type Encoder struct {
	keys   []string      // empty, with room for keys to sort; nil while Append uses it
	buffer *bytes.Buffer // empty; nil before the library is needed, and while it writes
	// plan that was used last, because messages mostly are of one type; nil: none yet
	last *plan
	// box holds a zero value of one type that is no pointer. It is not valid before the first such
	// value, and while one is written.
	box reflect.Value
}

// Append is [Encoder.Append] of an Encoder that is used once.
//
// Safe to call from any goroutine, as far as v's methods are.
func Append(dst []byte, v any) ([]byte, error) { return new(Encoder).Append(dst, v) }

// Append appends v to dst as JSON.stringify would write it, on one line, and returns the extended
// buffer. It maps Go values as encoding/json does: struct tags, json.Marshaler and
// encoding.TextMarshaler, json.RawMessage and json.Number, []byte as base64, a nil slice as null, a
// time.Duration as a number, sorted keys. Unlike encoding/json
//
//   - NaN and the infinities are null, and minus zero is 0, in a json.RawMessage too;
//   - only the characters that must be escaped are: <, >, & and U+2028 are written as they are;
//   - a lone surrogate, which a string holds as WTF-8, is written as an escape, so that it arrives.
//     Other bytes that are not UTF-8 become U+FFFD. (The result of a MarshalText method is UTF-8 or
//     becomes it.)
//
// v is not retained. The error is an *[Error], and dst is then returned with the length it had. It
// wraps [ErrDepth], [ErrCycle], the error of a method of v, or an error of the library that names
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
	e.keys = nil // until value has returned, because a method of v may encode with e
	out, err := a.value(dst, v)
	a.release()
	if err != nil {
		return dst, err
	}
	return out, nil
}

// An Appender is a message that writes itself, because its form is known to its maker. AppendJSON
// appends one JSON value on one line, which is not checked, and may use e for parts of it. Only a
// value that is given to Append itself is asked.
type Appender interface {
	AppendJSON(dst []byte, e *Encoder) ([]byte, error)
}

// appender writes one value. It writes the types that Value returns, and some more that cost
// little, by itself, which is faster than reflection.
type appender struct {
	encoder *Encoder
	depth   int // containers around the value
	// the containers around it from depth watchCyclesFrom on; nil: none yet
	seen map[container]struct{}

	keys     []string // keys of the objects around the value, a stack
	mostKeys int      // greatest length of keys so far
}

// release gives the memory for keys back to the encoder, without the keys.
func (a *appender) release() {
	if cap(a.keys) <= mostKeysKept {
		clear(a.keys[:a.mostKeys])
		a.encoder.keys = a.keys[:0]
	}
}

// container identifies a map, slice or pointer among those around a value.
type container struct {
	pointer uintptr
	length  int // 0 for a pointer
	// typ is nil for types without a plan. It is needed because the first field of a struct has the
	// struct's address.
	typ reflect.Type
}

// value appends v.
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

// array writes list. boxed is list as an any, because boxing it again would allocate.
func (a *appender) array(dst []byte, boxed any, list []any) ([]byte, error) {
	if list == nil {
		return append(dst, "null"...), nil
	}
	if err := a.push(boxed, len(list)); err != nil {
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
	a.pop(boxed, len(list))
	return append(dst, ']'), nil
}

// object writes object. boxed is object as an any.
func (a *appender) object(dst []byte, boxed any, object map[string]any) ([]byte, error) {
	if object == nil {
		return append(dst, "null"...), nil
	}
	if err := a.push(boxed, len(object)); err != nil {
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
	for i, key := range keys { // Objects inside push their keys after these, or move the stack.
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
	a.pop(boxed, len(object))
	return append(dst, '}'), nil
}

// push and pop go around the elements of v, a map or a slice of n. After an error pop is not
// called.
func (a *appender) push(v any, n int) error {
	a.depth++
	if a.depth > maxDepth {
		return encodeError(ErrDepth)
	}
	if a.depth <= watchCyclesFrom || n == 0 { // All empty slices may have one address.
		return nil
	}
	return a.remember(container{pointer: reflect.ValueOf(v).Pointer(), length: n})
}

// remember adds c to seen. It returns ErrCycle if c is there already.
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

func (a *appender) pop(v any, n int) {
	if a.depth > watchCyclesFrom && n > 0 {
		delete(a.seen, container{pointer: reflect.ValueOf(v).Pointer(), length: n})
	}
	a.depth--
}
