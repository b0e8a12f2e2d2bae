package engine

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	js "modernc.org/libquickjs"
)

// ErrNoJSON is the error of a value for which JSON.stringify returns undefined, such as a function.
var ErrNoJSON = errors.New("engine: the value has no JSON")

// JSON returns JSON.stringify(v), or [ErrNoJSON]. It may call into the script.
func (v Value) JSON() (string, error) {
	if text, ok := v.AppendPlainJSON(make([]byte, 0, 128)); ok {
		return string(text), nil
	}
	e := v.engine()
	undefined := v.s.Undefined().v
	text, err := v.s.made(js.XJS_JSONStringify(e.tls, e.ctx, v.v, undefined, undefined))
	if err != nil {
		return "", err
	}
	if text.Kind() != String {
		return "", ErrNoJSON
	}
	return text.Convert()
}

// The code in this file writes the JSON of plain values: literals of objects and arrays with
// strings, numbers and the like, for which nothing of a script runs. For small objects it takes a
// tenth of the engine's time. For any other value it gives up, and the engine starts from the
// beginning.

const (
	plainDepth = 32      // levels; a cyclic value has more
	plainSize  = 1 << 20 // bytes; larger values go through the engine, because of its memory limit
)

// plainWriter writes JSON. Its methods return false if the value is not plain.
type plainWriter struct {
	e               *Engine
	objects, arrays uintptr // addresses of Object.prototype and Array.prototype
	dst             []byte
	maxLen          int // the most bytes of dst
}

// AppendPlainJSON appends what [Value.JSON] returns to dst. If v is not plain, ok is false and
// nothing is appended.
func (v Value) AppendPlainJSON(dst []byte) (text []byte, ok bool) {
	e := v.engine()
	prototypes := pointerAt[js.TJSContext](e.ctx).Fclass_proto
	object, array := valueAt(prototypes, js.EJS_CLASS_OBJECT), valueAt(prototypes, js.EJS_CLASS_ARRAY)
	w := plainWriter{e: e, objects: uintptr(object.Fu.Fuint641), arrays: uintptr(array.Fu.Fuint641), dst: dst}
	if v.v.Ftag == js.EJS_TAG_OBJECT && (w.hasToJSON(object) || w.hasToJSON(array) || shapeOf(w.arrays).Fproto != w.objects) {
		return dst, false
	}
	w.maxLen = len(dst) + plainSize
	if !w.value(v.v, 0) {
		return dst, false
	}
	return w.dst, true
}

func (w *plainWriter) hasToJSON(v js.TJSValue) bool {
	return js.XJS_GetOwnProperty(w.e.tls, w.e.ctx, 0, v, js.EJS_ATOM_toJSON) != 0
}

func shapeOf(object uintptr) *js.TJSShape {
	return pointerAt[js.TJSShape](pointerAt[js.TJSObject](object).Fshape)
}

// value writes a value at a level of nesting.
func (w *plainWriter) value(v js.TJSValue, depth int) bool {
	if len(w.dst) > w.maxLen {
		return false
	}
	switch int32(v.Ftag) {
	case js.EJS_TAG_NULL:
		w.dst = append(w.dst, "null"...)
	case js.EJS_TAG_BOOL:
		w.dst = strconv.AppendBool(w.dst, int32(v.Fu.Fuint641) != 0)
	case js.EJS_TAG_INT:
		w.dst = strconv.AppendInt(w.dst, int64(int32(v.Fu.Fuint641)), 10)
	case js.EJS_TAG_FLOAT64:
		return w.float(math.Float64frombits(v.Fu.Fuint641))
	case js.EJS_TAG_STRING:
		return w.text(uintptr(v.Fu.Fuint641))
	case js.EJS_TAG_OBJECT:
		object := uintptr(v.Fu.Fuint641)
		switch pointerAt[js.TJSObject](object).Fclass_id {
		case js.EJS_CLASS_OBJECT:
			return depth < plainDepth && w.object(object, depth+1)
		case js.EJS_CLASS_ARRAY:
			return depth < plainDepth && w.array(object, depth+1)
		}
		return false
	default:
		return false
	}
	return true
}

// float writes a number in the range in which both languages write no exponent.
func (w *plainWriter) float(f float64) bool {
	switch size := math.Abs(f); {
	case f == 0:
		w.dst = append(w.dst, '0') // also for -0
	case size >= 1e-6 && size < 1e21:
		w.dst = strconv.AppendFloat(w.dst, f, 'f', -1, 64)
	default:
		return false
	}
	return true
}

// object writes an object whose properties are all plain.
func (w *plainWriter) object(object uintptr, depth int) bool {
	shape := pointerAt[js.TJSObject](object).Fshape
	sh := pointerAt[js.TJSShape](shape)
	if sh.Fproto != w.objects && sh.Fproto != 0 {
		return false
	}
	keys := shape + shapeSize + (uintptr(sh.Fprop_hash_mask)+1)*4
	w.dst = append(w.dst, '{')
	start := len(w.dst)
	for i := range uintptr(sh.Fprop_count) {
		key := pointerAt[js.TJSShapeProperty](keys + i*shapePropertySize)
		flags := key.F__ccgo0 >> 26
		switch {
		case key.Fatom == js.MJS_ATOM_NULL || flags&js.MJS_PROP_ENUMERABLE == 0 && key.Fatom != js.EJS_ATOM_toJSON:
			continue // Deleted, or not enumerable.
		case key.Fatom == js.EJS_ATOM_toJSON || key.Fatom&js.MJS_ATOM_TAG_INT != 0 || flags&js.MJS_PROP_TMASK != 0:
			// An index comes first in the language's order, wherever it is stored; an accessor is a
			// function.
			return false
		}
		name := *pointerAt[uintptr](pointerAt[js.TJSRuntime](w.e.rt).Fatom_array + uintptr(key.Fatom)*addressSize)
		value := valueAt(pointerAt[js.TJSObject](object).Fprop, int(i))
		if *pointerAt[uint32](name + 4)>>30 != js.EJS_ATOM_TYPE_STRING || value.Ftag == js.EJS_TAG_UNDEFINED {
			continue // A symbol, or undefined.
		}
		if len(w.dst) > start {
			w.dst = append(w.dst, ',')
		}
		if startsWithDigit(name) || !w.text(name) {
			return false
		}
		w.dst = append(w.dst, ':')
		if !w.value(value, depth) {
			return false
		}
	}
	w.dst = append(w.dst, '}')
	return true
}

// array writes an array whose elements are stored consecutively.
func (w *plainWriter) array(object uintptr, depth int) bool {
	o := pointerAt[js.TJSObject](object)
	sh := shapeOf(object)
	elements := pointerAt[fastArray](object + elementsOffset)
	// The first property of an array is its length; with it alone, there are no others. If the
	// length is more than the number of elements, some are missing.
	if o.F__ccgo16&fastArrayFlag == 0 || sh.Fproto != w.arrays || sh.Fprop_count != 1 {
		return false
	}
	if length := valueAt(o.Fprop, 0); length.Ftag != js.EJS_TAG_INT || uint32(length.Fu.Fuint641) != elements.count {
		return false
	}
	w.dst = append(w.dst, '[')
	for i := range int(elements.count) {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		if v := valueAt(elements.values, i); v.Ftag == js.EJS_TAG_UNDEFINED {
			w.dst = append(w.dst, "null"...)
		} else if !w.value(v, depth) {
			return false
		}
	}
	w.dst = append(w.dst, ']')
	return true
}

// text writes a string of the engine: bytes, which are the first 256 characters of Unicode, or
// UTF-16.
func (w *plainWriter) text(address uintptr) bool {
	n, isWide := stringLength(address)
	if n > plainSize {
		return false
	}
	w.dst = append(w.dst, '"')
	if isWide {
		w.wide(unitsAt(address+stringSize, n))
	} else {
		for _, c := range bytesAt(address+stringSize, n) {
			w.unit(uint16(c))
		}
	}
	w.dst = append(w.dst, '"')
	return true
}

func (w *plainWriter) wide(units []uint16) {
	for i := 0; i < len(units); i++ {
		if i+1 < len(units) {
			if r := utf16.DecodeRune(rune(units[i]), rune(units[i+1])); r != utf8.RuneError {
				w.dst = utf8.AppendRune(w.dst, r)
				i++
				continue
			}
		}
		w.unit(units[i])
	}
}

// unit writes a code unit that is a character by itself, or a lone half of a pair, which is
// escaped.
func (w *plainWriter) unit(c uint16) {
	switch {
	case c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\':
		w.dst = append(w.dst, byte(c))
	case c >= utf8.RuneSelf && !utf16.IsSurrogate(rune(c)):
		w.dst = utf8.AppendRune(w.dst, rune(c))
	default:
		w.escape(c)
	}
}

func (w *plainWriter) escape(c uint16) {
	if i := strings.IndexByte("\"\\\b\f\n\r\t", byte(c)); c < utf8.RuneSelf && i >= 0 {
		w.dst = append(w.dst, '\\', "\"\\bfnrt"[i])
		return
	}
	const digits = "0123456789abcdef"
	w.dst = append(w.dst, '\\', 'u', digits[c>>12], digits[c>>8&15], digits[c>>4&15], digits[c&15])
}

// stringLength returns the number of units of a string of the engine, and whether they have 16
// bits.
func stringLength(address uintptr) (n int, isWide bool) {
	head := pointerAt[js.TJSString](address).F__ccgo0
	return int(head & math.MaxInt32), head>>31 != 0
}

func startsWithDigit(name uintptr) bool {
	n, isWide := stringLength(name)
	if n == 0 || isWide {
		return false
	}
	c := bytesAt(name+stringSize, 1)[0]
	return c >= '0' && c <= '9'
}
