package nodejson

import (
	"encoding"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/brood-go/brood/internal/wtf8"
)

// The library calls the functions of this file for single values, see libraryOptions. If one
// returns errSkip, the library treats the value as if there were no function.

// errStringTag is the error for a field with the option string whose text is not JSON.
var errStringTag = errors.New("field with the string option holds no JSON string")

// numberType is json.Number, which is a plain string to the library.
var numberType = reflect.TypeFor[stdjson.Number]()

// writeNumber writes a json.Number as a number.
func writeNumber(enc *jsontext.Encoder, n stdjson.Number) error {
	if isKey(enc.StackIndex(enc.StackDepth())) {
		return errSkip
	}
	if n == "" {
		n = "0" // as in encoding/json
	}
	text := []byte(n)
	if end, err := skipNumber(text, 0); err != nil || end != len(text) {
		return fmt.Errorf("invalid number literal %q", text)
	}
	if stringTag(enc.Options()) {
		text = append(append([]byte{'"'}, text...), '"')
	}
	return enc.WriteValue(text)
}

// readNumber reads a json.Number from a number or a string.
func readNumber(dec *jsontext.Decoder, n *stdjson.Number) error {
	if kind := dec.PeekKind(); kind != '0' && kind != '"' || isKey(dec.StackIndex(dec.StackDepth())) {
		return errSkip
	}
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if text.Kind() == '"' {
		text = []byte(unquote(text))
	}
	if end, err := skipNumber(text, 0); err != nil || end != len(text) {
		return fmt.Errorf("invalid number literal %q", text)
	}
	*n = stdjson.Number(text)
	return nil
}

// isKey reports whether the next value is the key of a member. kind is the innermost array or
// object, and done the number of its values before that one.
func isKey(kind jsontext.Kind, done int64) bool { return kind == '{' && done%2 == 0 }

// readAny reads a value into an any as Value does.
func readAny(dec *jsontext.Decoder, v *any) error {
	if holdsPointer(*v) {
		return errSkip
	}
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*v, err = Value(text)
	return err
}

// writeLenient is called for every value of the lenient options, with a pointer to it. It writes
// strings, NaN and infinities, and maps with string keys.
func writeLenient(enc *jsontext.Encoder, pointer any) error {
	v := reflect.ValueOf(pointer).Elem()
	switch {
	case hasOneOf(marshalers, v.Type()):
	case v.Kind() == reflect.String:
		q := wtf8.AppendQuoted(nil, v.String())
		if stringTag(enc.Options()) {
			q = wtf8.AppendQuoted(nil, string(q))
		}
		return enc.WriteValue(q)
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return enc.WriteToken(jsontext.Null)
	case v.Kind() == reflect.Map && v.Len() > 1:
		if key := v.Type().Key(); key.Kind() == reflect.String && !hasOneOf(marshalers, key) {
			return writeMap(enc, v)
		}
	}
	return errSkip
}

// writeMap writes a map with string keys. The library sorts keys by decoding them again, which
// would change lone surrogates.
func writeMap(enc *jsontext.Encoder, m reflect.Value) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		if err := enc.WriteValue(wtf8.AppendQuoted(nil, key.String())); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, m.MapIndex(key).Interface()); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

// readLenient is called for every value of the lenient options, with a pointer to its destination.
// It reads strings, and values into an any.
func readLenient(dec *jsontext.Decoder, pointer any) error {
	v := reflect.ValueOf(pointer).Elem()
	if v.Kind() == reflect.Interface && v.NumMethod() == 0 && (v.IsNil() || v.Elem().Kind() != reflect.Pointer) {
		var decoded any
		if err := readAny(dec, &decoded); err != nil {
			return err
		}
		if decoded == nil {
			v.SetZero()
		} else {
			v.Set(reflect.ValueOf(decoded))
		}
		return nil
	}
	if v.Kind() != reflect.String || dec.PeekKind() != '"' || hasOneOf(unmarshalers, v.Type()) {
		return errSkip
	}
	q, err := dec.ReadValue()
	if err != nil {
		return err
	}
	s := unquote(q)
	if stringTag(dec.Options()) {
		if s == "null" {
			return nil
		}
		inner := []byte(s)
		if end, err := skipString(inner, 0); err != nil || inner[0] != '"' || end != len(inner) {
			return errStringTag
		}
		s = unquote(inner)
	}
	v.SetString(s)
	return nil
}

// stringTag reports whether the next value is a struct field with the option string.
func stringTag(o json.Options) bool {
	v, _ := json.GetOption(o, json.StringifyNumbers)
	return v
}

// The interfaces of types with their own form in JSON.
var (
	marshalers = []reflect.Type{
		reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.MarshalerTo](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextAppender](),
	}
	unmarshalers = []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.UnmarshalerFrom](),
		reflect.TypeFor[encoding.TextUnmarshaler](),
	}
)

// hasOneOf reports whether t or a pointer to it implements one of the interfaces.
func hasOneOf(interfaces []reflect.Type, t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.NumMethod() > 0 && slices.ContainsFunc(interfaces, p.Implements)
}
