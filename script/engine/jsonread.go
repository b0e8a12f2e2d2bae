package engine

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	js "modernc.org/libquickjs"
)

// PlainJSON is [Scope.ParseJSON], several times as fast, for plain text. ok is false if the text is
// not plain: it may be invalid, or have something that only the engine reads, such as an escaped
// half of a surrogate pair or many levels.
//
// The engine makes an object member by member, and looks up a shape (the names of members in their
// order, which objects share) for each. PlainJSON reads all members first, and takes the shape of
// the last object with the same names, see [shapes].
func (s *Scope) PlainJSON(text []byte) (v Value, ok bool) {
	e := s.e
	if len(text) > plainSize {
		return s.Undefined(), false
	}
	copied := lend(e, text)
	defer e.takeBack(copied)
	r := &e.reader
	r.e, r.text, r.address, r.i, r.depth = e, text, copied.address, 0, 0
	defer r.reset()
	made, ok := r.value()
	if ok {
		if r.blanks(); r.i == len(text) {
			return s.own(made), true
		}
		js.XFreeValue(e.tls, e.ctx, made)
	}
	r.freeValues(0)
	return s.Undefined(), false
}

// plainReader reads JSON. Its methods return false if the text is not plain. An engine has one, so
// that its stacks are reused. The fields are valid during one PlainJSON.
type plainReader struct {
	e       *Engine
	text    []byte
	address uintptr // of a copy of text in the engine's memory
	i       int     // index of the next byte
	depth   int
	// values of members and elements that belong to no object yet, which the reader owns
	values  []js.TJSValue
	names   []byte // names of members as in the text, each followed by a quote
	unquote []byte
}

// maxReaderKept bounds the capacity of the stacks that are kept for the next text.
const maxReaderKept = 1 << 10

func (r *plainReader) reset() {
	r.text, r.names = nil, r.names[:0]
	if cap(r.values) > maxReaderKept {
		r.values = nil
	}
	if cap(r.unquote) > maxReaderKept {
		r.unquote = nil
	}
}

// freeValues frees the values from index first on.
func (r *plainReader) freeValues(first int) {
	for _, v := range r.values[first:] {
		js.XFreeValue(r.e.tls, r.e.ctx, v)
	}
	r.values = r.values[:first]
}

func (r *plainReader) blanks() {
	for r.i < len(r.text) {
		switch r.text[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

// next returns the next byte after blanks, 0 at the end.
func (r *plainReader) next() byte {
	if r.i < len(r.text) && r.text[r.i] > ' ' {
		return r.text[r.i]
	}
	if r.blanks(); r.i < len(r.text) {
		return r.text[r.i]
	}
	return 0
}

func (r *plainReader) word(word string, v js.TJSValue) (js.TJSValue, bool) {
	if !bytes.HasPrefix(r.text[r.i:], []byte(word)) {
		return v, false
	}
	r.i += len(word)
	return v, true
}

func (r *plainReader) value() (v js.TJSValue, ok bool) {
	switch c := r.next(); c {
	case '{', '[':
		if r.depth == plainDepth {
			return v, false
		}
		r.i++
		r.depth++
		if c == '{' {
			v, ok = r.object()
		} else {
			v, ok = r.array()
		}
		r.depth--
		return v, ok
	case '"':
		r.i++
		return r.string()
	case 't':
		v.Fu.Fuint641, v.Ftag = 1, js.EJS_TAG_BOOL
		return r.word("true", v)
	case 'f':
		v.Ftag = js.EJS_TAG_BOOL
		return r.word("false", v)
	case 'n':
		v.Ftag = js.EJS_TAG_NULL
		return r.word("null", v)
	default:
		return r.number()
	}
}

// object reads an object after its brace.
func (r *plainReader) object() (v js.TJSValue, ok bool) {
	firstValue, firstName := len(r.values), len(r.names)
	defer func() { r.names = r.names[:firstName] }()
	for c := r.next(); c != '}'; c = r.next() {
		if len(r.values) > firstValue {
			if c != ',' {
				return v, false
			}
			r.i++
			c = r.next()
		}
		if c != '"' || !r.name() || r.next() != ':' {
			return v, false
		}
		r.i++
		member, ok := r.value()
		if !ok {
			return v, false
		}
		r.values = append(r.values, member)
	}
	r.i++
	if v, ok = r.e.shapes.object(r.e, r.names[firstName:], r.values[firstValue:]); ok {
		r.values = r.values[:firstValue] // The object owns them.
	}
	return v, ok
}

// name reads the name of a member, which must be ASCII without escapes.
func (r *plainReader) name() bool {
	r.i++
	for j, c := range r.text[r.i:] {
		switch {
		case c == '"':
			r.names = append(r.names, r.text[r.i:r.i+j+1]...)
			r.i += j + 1
			return true
		case c < ' ' || c >= utf8.RuneSelf || c == '\\':
			return false
		}
	}
	return false
}

// array reads an array after its bracket.
func (r *plainReader) array() (v js.TJSValue, ok bool) {
	first := len(r.values)
	for c := r.next(); c != ']'; c = r.next() {
		if len(r.values) > first {
			if c != ',' {
				return v, false
			}
			r.i++
		}
		element, ok := r.value()
		if !ok {
			return v, false
		}
		r.values = append(r.values, element)
	}
	r.i++
	if v, ok = r.e.plainArray(r.values[first:]); ok {
		r.values = r.values[:first]
	}
	return v, ok
}

// string reads a string after its quote.
func (r *plainReader) string() (v js.TJSValue, ok bool) {
	start, isASCII := r.i, true
	for ; r.i < len(r.text); r.i++ {
		switch c := r.text[r.i]; {
		case c == '"':
			if !isASCII && !utf8.Valid(r.text[start:r.i]) {
				return v, false
			}
			r.i++
			return r.e.plainString(r.address+uintptr(start), r.i-1-start)
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return v, false
		case c >= utf8.RuneSelf:
			isASCII = false
		}
	}
	return v, false
}

// escaped reads the rest of a string that has an escape. start is its beginning.
func (r *plainReader) escaped(start int) (v js.TJSValue, ok bool) {
	r.unquote = append(r.unquote[:0], r.text[start:r.i]...)
	for r.i < len(r.text) {
		c := r.text[r.i]
		r.i++
		switch {
		case c == '"':
			return r.unquoted()
		case c < ' ':
			return v, false
		case c != '\\':
			r.unquote = append(r.unquote, c)
		case !r.escape():
			return v, false
		}
	}
	return v, false
}

func (r *plainReader) unquoted() (v js.TJSValue, ok bool) {
	if !utf8.Valid(r.unquote) {
		return v, false
	}
	text := lend(r.e, r.unquote)
	defer r.e.takeBack(text)
	return r.e.plainString(text.address, len(r.unquote))
}

// escape reads an escape after its backslash.
func (r *plainReader) escape() bool {
	if r.i == len(r.text) {
		return false
	}
	c := r.text[r.i]
	r.i++
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
		r.unquote = append(r.unquote, "\"\\/\b\f\n\r\t"[i])
		return true
	}
	if c != 'u' || r.i+4 > len(r.text) {
		return false
	}
	n, err := strconv.ParseUint(string(r.text[r.i:r.i+4]), 16, 16)
	if err != nil || n >= 0xd800 && n < 0xe000 {
		return false
	}
	r.i += 4
	r.unquote = utf8.AppendRune(r.unquote, rune(n))
	return true
}

func (r *plainReader) number() (v js.TJSValue, ok bool) {
	start, isWhole := r.i, true
	r.skip('-')
	if digits := r.digits(); digits == 0 || digits > 1 && r.text[r.i-digits] == '0' {
		return v, false
	}
	if r.skip('.') {
		isWhole = false
		if r.digits() == 0 {
			return v, false
		}
	}
	if r.skip('e') || r.skip('E') {
		isWhole = false
		if !r.skip('+') {
			r.skip('-')
		}
		if r.digits() == 0 {
			return v, false
		}
	}
	text := r.text[start:r.i]
	if isWhole && len(text) < 10 && text[0] != '-' {
		n := int32(0)
		for _, c := range text {
			n = n*10 + int32(c-'0')
		}
		return intValue(n), true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return v, false // The number is out of range.
	}
	if n := int32(f); float64(n) == f && (n != 0 || !math.Signbit(f)) {
		return intValue(n), true
	}
	v.Ftag, v.Fu.Fuint641 = js.EJS_TAG_FLOAT64, math.Float64bits(f)
	return v, true
}

func (r *plainReader) skip(c byte) bool {
	if r.i < len(r.text) && r.text[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *plainReader) digits() (n int) {
	for ; r.i < len(r.text) && r.text[r.i] >= '0' && r.text[r.i] <= '9'; r.i++ {
		n++
	}
	return n
}
