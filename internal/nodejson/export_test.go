package nodejson

import (
	"reflect"

	"github.com/go-json-experiment/json"
)

// AppendLenient writes v by the lenient options.
func AppendLenient(v any) ([]byte, error) { return new(Encoder).write(nil, v, library().lenient) }

// DecodeLenient reads p by the lenient options.
func DecodeLenient(p []byte, v any) error { return json.Unmarshal(p, v, library().lenient) }

// MayHaveLoneSurrogate is mayHaveLoneSurrogate.
func MayHaveLoneSurrogate(p []byte) bool { return mayHaveLoneSurrogate(p) }

// HasPlan reports whether t has a plan.
func HasPlan(t reflect.Type) bool { return planOf(t) != nil }

// AppendByLibrary appends v as if its type had no plan.
func (e *Encoder) AppendByLibrary(dst []byte, v any) ([]byte, error) {
	return e.appendByLibrary(dst, v)
}

// DecodeByLibrary decodes p as if the type of v had no plan.
func DecodeByLibrary(p []byte, v any) error { return decodeByLibrary(p, v) }

// ReadPlanned reads p by a plan alone. It reports false if that has given up.
func ReadPlanned(p []byte, v any) bool {
	to := reflect.ValueOf(v).Elem()
	_, ok := readPlanned(p, to, planOf(to.Type()))
	return ok
}

// Valid reports whether p is JSON.
func Valid(p []byte) bool { return Check(p) == nil }
