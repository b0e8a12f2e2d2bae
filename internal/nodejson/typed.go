package nodejson

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"
)

// typed appends v by the plan of its type, or by the library.
func (a *appender) typed(dst []byte, v any) ([]byte, error) {
	if t := a.encoder.planOf(reflect.TypeOf(v)); t != nil {
		around := a.depth
		out, err := a.byPlan(dst, reflect.ValueOf(v), t)
		switch {
		case err == errDeep && around > 0: // The library would not count the levels around v.
			return dst, encodeError(ErrDepth)
		case err != errDeep && err != errUnusual:
			return out, err
		}
	}
	return a.encoder.appendByLibrary(dst, v)
}

// byPlan appends v by its plan t. If v is no pointer, it is copied to e.box, because a place must
// be addressable.
func (a *appender) byPlan(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	if t.kind == asPointer {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return a.plannedPointer(dst, targetOf(v), t)
	}
	e := a.encoder
	box := e.box
	e.box = reflect.Value{} // A method of v may use e meanwhile.
	if !box.IsValid() || box.Type() != t.typ {
		box = reflect.New(t.typ).Elem()
	}
	box.Set(v)
	dst, err = a.planned(dst, placeOf(box), t)
	box.SetZero()
	e.box = box
	return dst, err
}

// planOf is the function planOf, with a memory of the last type.
func (e *Encoder) planOf(t reflect.Type) *plan {
	if e.last == nil || e.last.typ != t {
		p := planOf(t)
		if p == nil {
			return nil
		}
		e.last = p
	}
	return e.last
}

// appendByLibrary appends v by the library: strictly, and again with the lenient options if it
// needs care.
func (e *Encoder) appendByLibrary(dst []byte, v any) ([]byte, error) {
	start := len(dst)
	out, err := e.write(dst, v, optionsFor(reflect.TypeOf(v)))
	if needsCare(err) {
		if out, err = e.write(dst, v, library().lenient); err == nil && !utf8.Valid(out[start:]) {
			// The bytes are those of a json.RawMessage.
			out = append(out[:start:start], repair(out[start:], true)...)
		}
	}
	if err != nil {
		return dst, encodeError(err)
	}
	return dropNegativeZeros(out, start), nil
}

// write appends v to dst by the library, in e's buffer wrapped around dst. A method of v may use e
// meanwhile.
func (e *Encoder) write(dst []byte, v any, o json.Options) ([]byte, error) {
	b := e.buffer
	e.buffer = nil
	if b == nil {
		b = new(bytes.Buffer)
	}
	*b = *bytes.NewBuffer(dst)
	err := json.MarshalWrite(b, v, o)
	out := b.Bytes()
	*b = bytes.Buffer{}
	e.buffer = b
	return out, err
}

// needsCare reports whether err may come from a value that strict refuses and lenient accepts.
func needsCare(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*legacy.UnsupportedValueError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*legacy.SyntaxError](err); ok {
		return true
	}
	_, ok := errors.AsType[*jsontext.SyntacticError](err)
	return ok
}

// Decode reads p into the variable that v points to, as json.Unmarshal does: keys match in any
// case, the last of several equal keys counts, and a v that is no pointer is an error. An any, also
// in a struct, gets the value of [Value]. Strings and keys may have lone surrogates, as WTF-8. A
// number in a field with the option string may be any number of strconv, such as "+1" or "NaN".
// Nothing in v refers to p afterwards. If only a part of p fits v, that part is stored, and an
// error returned.
//
// The error is an *[Error] wrapping [ErrSyntax], [ErrDepth], the error of a method of v, or an
// error of the library that says which value did not fit. The library's errors have other types
// than those of encoding/json, as long as that is not made of the library.
//
// Safe to call from any goroutine, as far as v's methods are.
func Decode(p []byte, v any) error {
	if dst, ok := v.(*any); ok && dst != nil && !holdsPointer(*dst) {
		decoded, err := Value(p)
		if err == nil {
			*dst = decoded
		}
		return err
	}
	if to := reflect.ValueOf(v); to.Kind() == reflect.Pointer && !to.IsNil() && to.Elem().IsZero() && new(Decoder).DecodePlain(p, v) {
		return nil
	}
	return decodeByLibrary(p, v)
}

func decodeByLibrary(p []byte, v any) error {
	if !utf8.Valid(p) {
		p = repair(p, false)
	}
	o := library().lenient
	if !mayHaveLoneSurrogate(p) {
		o = optionsFor(reflect.TypeOf(v))
	}
	if err := json.Unmarshal(p, v, o); err != nil {
		if bad := Check(p); bad != nil {
			return bad
		}
		return &Error{Op: "decode", Offset: -1, Err: err}
	}
	return nil
}

// holdsPointer reports whether v is a pointer: encoding/json then decodes into the variable that it
// points to, instead of replacing it.
func holdsPointer(v any) bool {
	return v != nil && reflect.TypeOf(v).Kind() == reflect.Pointer
}

// needsHooks has the result of reachesHook for each type that was asked for. It only saves time,
// because the result is always the same.
var needsHooks sync.Map // reflect.Type → bool

// optionsFor returns the options for values of type t that need no care.
func optionsFor(t reflect.Type) json.Options {
	needs, known := needsHooks.Load(t)
	if !known {
		needs = reachesHook(t, map[reflect.Type]bool{})
		needsHooks.Store(t, needs)
	}
	if needs.(bool) {
		return library().hooked
	}
	return library().strict
}

// reachesHook reports whether a value of type t can contain a value for a function of ours.
func reachesHook(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return reachesHook(t.Elem(), seen)
	case reflect.Map:
		return reachesHook(t.Key(), seen) || reachesHook(t.Elem(), seen)
	case reflect.Struct:
		for field := range t.Fields() {
			if reachesHook(field.Type, seen) {
				return true
			}
		}
	}
	return t == numberType
}
