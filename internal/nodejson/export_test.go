package nodejson

import (
	"reflect"

	"github.com/go-json-experiment/json"
)

// AppendLenient encodes v as if something in it needed care.
func AppendLenient(v any) ([]byte, error) { return new(Encoder).appendWith(nil, v, library().lenient) }

// DecodeLenient decodes p as if something in it needed care.
func DecodeLenient(p []byte, v any) error { return json.Unmarshal(p, v, library().lenient) }

// MayHaveLoneSurrogate decides whether a text needs care.
func MayHaveLoneSurrogate(p []byte) bool { return mayHaveLoneSurrogate(p) }

// HasPlan reports whether values of type t do not need the library.
func HasPlan(t reflect.Type) bool { return planOf(t) != nil }

// AppendByLibrary appends v as if its type had no plan.
func (e *Encoder) AppendByLibrary(dst []byte, v any) ([]byte, error) {
	return e.appendByLibrary(dst, v)
}

// DecodeByLibrary decodes p as if the type of v had no plan.
func DecodeByLibrary(p []byte, v any) error { return decodeByLibrary(p, v) }

// DecodePlanned decodes p by a plan alone. It reports false if the plan has given up.
func DecodePlanned(p []byte, v any) bool {
	to := reflect.ValueOf(v).Elem()
	_, ok := decodePlanned(p, to, planOf(to.Type()))
	return ok
}

// Valid reports whether p is JSON.
func Valid(p []byte) bool { return check(p) == nil }
