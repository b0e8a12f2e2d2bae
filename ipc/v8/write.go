package v8

import (
	"encoding/binary"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/brood-go/brood/internal/wtf8"
)

// Append appends v to dst as a payload, in version 15 of the format. The package documentation
// lists the types that v may have.
//
// The error is an *[UnsupportedTypeError], an *[UnsupportedValueError], [ErrTooDeep], or the error
// of a MarshalText method. dst is then returned as it was.
//
// V8 aligns strings of two bytes a character, by a padding byte before them. The padding is counted
// from the end of dst, so it is right if the payload begins at an even offset of the message, as on
// an IPC channel, behind four bytes.
//
// Safe to call from any goroutine, as long as nobody changes what v refers to.
func Append(dst []byte, v any) ([]byte, error) { return AppendDepth(dst, v, MaxWriteDepth) }

// AppendDepth is [Append] with depth instead of [MaxWriteDepth], for a message in an envelope,
// which has levels of its own.
//
// Safe to call from any goroutine, as long as nobody changes what v refers to.
func AppendDepth(dst []byte, v any, depth int) ([]byte, error) {
	w := writer{p: append(dst, tagVersion, version), start: len(dst), limit: depth}
	err := w.value(v)
	// Objects are recognized by their address, which another object must not get meanwhile.
	runtime.KeepAlive(v)
	runtime.KeepAlive(w.kept)
	if err != nil {
		return dst, err
	}
	return w.p, nil
}

// writer writes one payload.
type writer struct {
	p     []byte
	start int // offset of the payload in p
	depth int // values around the next one
	limit int // the most that depth may be
	ids   identities
	keys  []string // names of the maps around the next value, a stack
	last  lastDescription
	kept  []any // objects made while writing, kept so that no other object gets their address

	// causes are the ids of the errors whose cause is being written, because Node 20 cannot read a
	// reference to them there.
	causes []uint32
}

func (w *writer) tag(tag byte) { w.p = append(w.p, tag) }

func (w *writer) varint(n int) { w.p = binary.AppendUvarint(w.p, uint64(n)) }

// value writes any value: the types of Value by typed, others by reflected.
func (w *writer) value(v any) error {
	if w.depth > w.limit {
		return ErrTooDeep
	}
	w.depth++
	err := w.typed(v)
	w.depth--
	return err
}

// typed is value after the check of depth.
func (w *writer) typed(v any) error {
	switch v := v.(type) {
	case nil:
		w.tag(tagNull)
	case bool:
		w.bool(v)
	case int:
		return w.int(int64(v))
	case float64:
		w.double(v)
	case string:
		return w.text(v)
	case Singleton:
		w.singleton(v)
	case Float16:
		w.double(v.Float())
	case *big.Int:
		if v == nil {
			w.tag(tagNull)
			return nil
		}
		w.tag(tagBigInt)
		w.bigInt(v)
	case time.Time:
		w.ids.skip()
		return w.date(v)
	case []byte:
		if v == nil {
			w.tag(tagNull)
			return nil
		}
		return bytesView(w, viewBuffer, v)
	case []any:
		return w.list(v)
	case map[string]any:
		return w.stringMap(v)
	case native:
		if reflect.ValueOf(v).IsNil() {
			w.tag(tagNull)
			return nil
		}
		return v.write(w)
	default:
		return w.reflected(reflect.ValueOf(v), identity{})
	}
	return nil
}

// native is implemented by the types of this package with a form of their own in V8. write is not
// called for a nil pointer.
type native interface {
	write(w *writer) error
}

func (w *writer) bool(v bool) {
	if v {
		w.tag(tagTrue)
	} else {
		w.tag(tagFalse)
	}
}

func (w *writer) int(n int64) error {
	switch {
	case n >= math.MinInt32 && n <= math.MaxInt32:
		w.tag(tagInt32)
		w.p = binary.AppendUvarint(w.p, uint64(uint32(n<<1)^uint32(n>>63)))
	case n >= -maxInteger && n <= maxInteger:
		w.double(float64(n))
	default:
		return inexact(n)
	}
	return nil
}

func (w *writer) uint(n uint64) error {
	if n > maxInteger {
		return inexact(n)
	}
	return w.int(int64(n))
}

// inexact returns the error for an integer that no JavaScript number holds.
func inexact(n any) error {
	return unsupported(n, "beyond 2⁵³, where numbers are no longer exact; use a big.Int")
}

func (w *writer) double(f float64) {
	w.tag(tagDouble)
	w.bits(f)
}

// plainNaN has the bits of NaN as V8 writes it; Go's NaN has one more bit.
const plainNaN = 0x7FF8 << 48

// bits writes a double without a tag.
func (w *writer) bits(f float64) {
	bits := math.Float64bits(f)
	if f != f {
		bits = plainNaN
	}
	w.p = binary.LittleEndian.AppendUint64(w.p, bits)
}

// bigInt writes a bigint without its tag: sign and length in bytes, a multiple of eight, then the
// bytes, lowest first.
func (w *writer) bigInt(v *big.Int) {
	const word = 8
	size := (v.BitLen() + 8*word - 1) / (8 * word) * word
	sign := 0
	if v.Sign() < 0 {
		sign = 1
	}
	w.varint(size<<1 | sign)
	n := len(w.p)
	w.p = append(w.p, make([]byte, size)...)
	v.FillBytes(w.p[n:])
	slices.Reverse(w.p[n:])
}

func (w *writer) singleton(v Singleton) {
	if v == InvalidDate {
		w.ids.skip()
		w.tag(tagDate)
		w.bits(math.NaN())
		return
	}
	w.tag(tagUndefined)
}

func (w *writer) date(t time.Time) error {
	// The first comparison is of seconds, because milliseconds overflow far from now.
	if s := t.Unix(); math.Abs(float64(s)) > maxDate/1000 || math.Abs(float64(t.UnixMilli())) > maxDate {
		return unsupported(t, "beyond what a Date can hold")
	}
	w.tag(tagDate)
	w.bits(float64(t.UnixMilli()))
	return nil
}

// text writes a string: Latin-1 if that can hold it, otherwise UTF-16.
func (w *writer) text(s string) error {
	if len(s) > maxString && !fitsString(s) {
		return unsupported(s, "longer than a string can be in V8")
	}
	if isASCII(s) {
		w.tag(tagLatin1)
		w.varint(len(s))
		w.p = append(w.p, s...)
		return nil
	}
	units, latin1 := utf16Length(s)
	if latin1 {
		w.tag(tagLatin1)
		w.varint(units)
		w.p = appendLatin1(w.p, s)
		return nil
	}
	w.p = slices.Grow(w.p, 2*units+2+binary.MaxVarintLen32)
	n := len(w.p)
	w.tag(tagUTF16)
	w.varint(2 * units)
	if (len(w.p)-w.start)%2 != 0 {
		w.p = append(w.p[:n], tagPadding, tagUTF16)
		w.varint(2 * units)
	}
	w.p = appendUTF16(w.p, s)
	return nil
}

func fitsString(s string) bool {
	units, _ := utf16Length(s)
	return units <= maxString
}

// name writes the name of a property that is no array index.
func (w *writer) name(name string) error {
	if !isASCII(name) && !wtf8.Valid(name) {
		return unsupported(name, "as the name of a property it must be UTF-8")
	}
	return w.text(name)
}

// index writes the name of a property that is an array index.
func (w *writer) index(i uint32) {
	// Every uint32 fits.
	_ = w.int(int64(i))
}

// ref writes a reference and returns true if the object k was written before. Otherwise it gives k
// the next id and returns false; the caller writes the object.
func (w *writer) ref(k identity) (bool, error) {
	id, known := w.ids.lookup(k)
	if !known {
		return false, nil
	}
	if slices.Contains(w.causes, id) {
		return true, &UnsupportedValueError{Value: "an error", Reason: "it is in its own cause, which Node cannot read"}
	}
	w.tag(tagRef)
	w.varint(int(id))
	return true, nil
}
