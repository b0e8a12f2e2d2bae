package v8

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"time"
)

// Value reads the value of a payload. The package documentation lists the types of values. The
// result shares no memory with p. Bytes of p behind the value are ignored, as in Node.
//
// It reads versions 13 to 15 of the format. The error is a *[FormatError].
//
// Safe to call from any goroutine.
func Value(p []byte) (any, error) { return ValueDepth(p, MaxReadDepth) }

// ValueDepth is [Value] with depth instead of [MaxReadDepth], for a message in an envelope, which
// has levels of its own.
//
// Safe to call from any goroutine.
func ValueDepth(p []byte, depth int) (any, error) {
	r := valueReader{p: p, limit: depth, recording: bytes.IndexByte(p, tagRef) >= 0}
	if err := r.header(); err != nil {
		return nil, err
	}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if r.forwards {
		r.resolve()
	}
	return v, nil
}

// valueReader reads the values of one payload.
type valueReader struct {
	p       []byte // borrowed
	pos     int    // offset of the next byte in p
	version uint32 // from the header
	depth   int    // objects around the next value
	limit   int    // the most that depth may be

	// owed is the number of elements, of the arrays around the next value, that have not come. Each
	// takes at least a byte. So an array is refused if it announces more elements than bytes are
	// left besides those. That bounds the memory that is made ahead for arrays, and for arrays in
	// arrays.
	owed int

	// copied is the number of bytes that were copied for views of ArrayBuffers, because the same
	// buffer may be shown again and again.
	copied int

	recording bool // p has a byte that may be a tagRef, so objects is filled
	// by id; nil while an object cannot be referred to, unfinishedArray for an array
	objects  []any
	forwards bool // a value of type forward was returned
}

func (r *valueReader) fail(format string, args ...any) error {
	return r.failed(fmt.Errorf(format, args...))
}

func (r *valueReader) failed(err error) error { return &FormatError{Offset: r.pos, Err: err} }

func (r *valueReader) left() int { return len(r.p) - r.pos }

func (r *valueReader) header() error {
	if len(r.p) == 0 {
		return r.failed(io.ErrUnexpectedEOF)
	}
	if r.p[0] != tagVersion {
		return r.fail("no version, but 0x%02x", r.p[0])
	}
	r.pos++
	v, err := r.varint()
	if err != nil {
		return err
	}
	if v < oldestVersion || v > version {
		return r.fail("version %d of the format", v)
	}
	r.version = v
	return nil
}

// varint reads a number in base 128. More than 32 bits are an error: V8 would drop the others, and
// no peer writes them.
func (r *valueReader) varint() (uint32, error) {
	n, size := binary.Uvarint(r.p[r.pos:])
	switch {
	case size == 0:
		return 0, r.failed(io.ErrUnexpectedEOF)
	case size < 0 || n > math.MaxUint32:
		return 0, r.fail("a number of more than 32 bits")
	}
	r.pos += size
	return uint32(n), nil
}

// take returns the next n bytes, which are part of the payload.
func (r *valueReader) take(n uint32) ([]byte, error) {
	if uint64(n) > uint64(r.left()) {
		return nil, r.failed(io.ErrUnexpectedEOF)
	}
	p := r.p[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return p, nil
}

// sized reads a number and returns so many bytes, which are part of the payload.
func (r *valueReader) sized() ([]byte, error) {
	n, err := r.varint()
	if err != nil {
		return nil, err
	}
	return r.take(n)
}

// peek skips padding and returns the next tag without reading it; tagPadding at the end of the
// payload.
func (r *valueReader) peek() byte {
	for r.pos < len(r.p) {
		if tag := r.p[r.pos]; tag != tagPadding {
			return tag
		}
		r.pos++
	}
	return tagPadding
}

// tag reads the next tag, and skips padding and tagCount before it.
func (r *valueReader) tag() (byte, error) {
	for {
		switch tag := r.peek(); tag {
		case tagPadding:
			return 0, r.failed(io.ErrUnexpectedEOF)
		case tagCount:
			r.pos++
			if _, err := r.varint(); err != nil {
				return 0, err
			}
		default:
			r.pos++
			return tag, nil
		}
	}
}

func (r *valueReader) value() (any, error) {
	if r.depth > r.limit {
		return nil, r.failed(ErrTooDeep)
	}
	tag, err := r.tag()
	if err != nil {
		return nil, err
	}
	r.depth++
	v, err := r.tagged(tag)
	r.depth--
	if err != nil {
		return nil, err
	}
	if buffer, ok := v.(*ArrayBuffer); ok && r.peek() == tagView {
		r.pos++
		return r.view(buffer)
	}
	return v, nil
}

// tagged reads the rest of a value whose tag was read.
func (r *valueReader) tagged(tag byte) (any, error) {
	switch tag {
	case tagNull:
		return nil, nil
	case tagUndefined:
		return Undefined, nil
	case tagTrue:
		return true, nil
	case tagFalse:
		return false, nil
	case tagInt32:
		n, err := r.varint()
		return zigzag(n), err
	case tagUint32:
		n, err := r.varint()
		if n > math.MaxInt32 {
			return float64(n), err // An int may have 32 bits.
		}
		return int(n), err
	case tagDouble:
		return r.double()
	case tagBigInt:
		return r.bigInt()
	case tagLatin1, tagUTF16, tagUTF8:
		return r.text(tag)
	}
	return r.object(tag)
}

func (r *valueReader) double() (float64, error) {
	p, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(p)), nil
}

// bigInt reads a number whose lowest bit is the sign and whose other bits are the length in bytes,
// then the bytes.
func (r *valueReader) bigInt() (*big.Int, error) {
	n, err := r.varint()
	if err != nil {
		return nil, err
	}
	negative := n&1 != 0
	p, err := r.take(n >> 1)
	if err != nil {
		return nil, err
	}
	if negative && len(p) == 0 {
		return nil, r.fail("a bigint that is minus zero")
	}
	p = slices.Clone(p)
	slices.Reverse(p)
	v := new(big.Int).SetBytes(p)
	if negative {
		v.Neg(v)
	}
	return v, nil
}

// text reads the rest of a string whose tag was read.
func (r *valueReader) text(tag byte) (string, error) {
	p, err := r.sized()
	if err != nil {
		return "", err
	}
	switch tag {
	case tagLatin1:
		return fromLatin1(p), nil
	case tagUTF16:
		if len(p)%2 != 0 {
			return "", r.fail("half a UTF-16 unit")
		}
		return fromUTF16(p), nil
	case tagUTF8:
		return fromUTF8(p), nil
	}
	return "", r.fail("no string, but tag 0x%02x", tag)
}

// anyText reads a string with its tag.
func (r *valueReader) anyText() (string, error) {
	tag, err := r.tag()
	if err != nil {
		return "", err
	}
	return r.text(tag)
}

// date reads a Date. It cuts to whole milliseconds, as V8 does.
func (r *valueReader) date() (any, error) {
	ms, err := r.double()
	if err != nil {
		return nil, err
	}
	if !(math.Abs(ms) <= maxDate) { // Also true for NaN.
		return InvalidDate, nil
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

func zigzag(n uint32) int { return int(int32(n>>1) ^ -int32(n&1)) }
