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

// typed appends v by way of its type.
func (a *appender) typed(dst []byte, v any) ([]byte, error) {
	if t := a.encoder.planOf(reflect.TypeOf(v)); t != nil {
		around := a.depth
		out, err := a.byPlan(dst, reflect.ValueOf(v), t)
		switch {
		case err == errDeep && around > 0: // The library would count from here.
			return dst, encodeError(ErrDepth)
		case err != errDeep && err != errUnusual:
			return out, err
		}
	}
	return a.encoder.appendByLibrary(dst, v)
}

// byPlan appends v, which may have no place of its own: then it is copied to one, which is kept for
// the next value.
func (a *appender) byPlan(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	if t.kind == asPointer {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return a.plannedPointer(dst, targetOf(v), t)
	}
	e := a.encoder
	box := e.box
	e.box = reflect.Value{} // until a method of v has returned that encodes with e
	if !box.IsValid() || box.Type() != t.typ {
		box = reflect.New(t.typ).Elem()
	}
	box.Set(v)
	dst, err = a.planned(dst, placeOf(box), t)
	box.SetZero()
	e.box = box
	return dst, err
}

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

func (e *Encoder) appendByLibrary(dst []byte, v any) ([]byte, error) {
	start := len(dst)
	out, err := e.write(dst, v, optionsFor(reflect.TypeOf(v)))
	if needsCare(err) {
		if out, err = e.write(dst, v, library().lenient); err == nil && !utf8.Valid(out[start:]) {
			// Bytes that came in a json.RawMessage.
			out = append(out[:start:start], repair(out[start:], true)...)
		}
	}
	if err != nil {
		return dst, encodeError(err)
	}
	return dropNegativeZeros(out, start), nil
}

// write wraps e's buffer around dst for the library to append to. A method of v may encode with e
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

// needsCare reports whether err may be due to a value that strict refuses and lenient takes.
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

// Decode decodes p into v as json.Decode does: keys match in any case, the last of several
// with the same key counts, and a v that is no pointer is an error. An any, also one in a struct,
// gets what [Value] returns; strings and keys may have lone surrogates as WTF-8; a number in a
// field with the string option may be what strconv takes for one, "+1" or "NaN". Nothing in v
// refers to p afterwards. If only part of p fits v, that part is decoded, and an error returned.
//
// The error is an *[Error] wrapping [ErrSyntax], [ErrDepth], what a method of v returned, or an
// error of the library that says what did not fit. Those are not the types of encoding/json, as
// long as that package is not made of the library.
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
		if bad := check(p); bad != nil {
			return bad
		}
		return &Error{Op: "decode", Offset: -1, Err: err}
	}
	return nil
}

// holdsPointer reports whether v has a pointer in it, into which encoding/json decodes rather than
// replace it.
func holdsPointer(v any) bool {
	return v != nil && reflect.TypeOf(v).Kind() == reflect.Pointer
}

// needsHooks has the answer for each type that was asked for. It only saves time: the answer is
// always the same.
var needsHooks sync.Map // reflect.Type → bool

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

// reachesHook reports whether a value of type t can have something in it that a function of ours is
// for.
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
