package v8_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// accepted are payloads that node reads but does not write.
var accepted = []struct {
	name, payload string
	want          any
}{
	{"version 13", "ff0d 30", nil},
	{"version 14", "ff0e 30", nil},
	{"version in more bytes than it needs", "ff8f00 30", nil},
	{"trailing bytes", "ff0f 30 ffff", nil},
	{"padding everywhere", "ff0f 00 41 01 00 00 30 00 24 00 01", []any{nil}},
	{"padding at the end of an object", "ff0f 6f 00 220161 00 4902 00 7b 01", object("a", 1)},
	{"object count", "ff0f 3f05 3f05 4902", 1},
	{"uint32", "ff0f 41 02 5505 55ffffffff0f 24 00 02", []any{5, 4294967295.0}},
	{"UTF-8", "ff0f 53 04 f09f9880", "😀"},
	{"invalid UTF-8", "ff0f 53 03 61ff62", "a\ufffdb"},
	{"a surrogate in UTF-8", "ff0f 53 03 eda080", "\ufffd\ufffd\ufffd"},
	{"UTF-8 as a key", "ff0f 6f 530161 30 7b 01", object("a", nil)},
	{"ASCII in two bytes", "ff0f 63 02 6100", "a"},
	{"keys that are numbers", "ff0f 6f 4901 30 4e000000000000f83f 30 4e0000000000000080 30 5505 30 4e1b6c57f383dd0c45 30" +
		"4e3fad0f67299c7a3e 30 4e000000000000f07f 30 4e000000000000f0ff 30 4e000000000000f87f 30 7b 09",
		object("0", nil, "5", nil, "-1", nil, "1.5", nil, "4.362e+24", nil, "9.913e-8", nil, "Infinity", nil, "-Infinity", nil, "NaN", nil)},
	{"keys in another order", "ff0f 6f 220162 30 4904 30 220161 30 4902 30 7b 04", object("1", nil, "2", nil, "b", nil, "a", nil)},
	{"a hole in a dense array", "ff0f 41 02 2d 4902 24 00 02", sparseArray(2, v8.Object{}, 1, 1)},
	{"a sparse array in another order", "ff0f 61 02 4902 5f 4900 30 40 02 02", []any{nil, v8.Undefined}},
	{"the same key of a Map twice", "ff0f 3b 30 4902 30 4904 3a 04",
		&v8.Map{Entries: []v8.Entry{{Key: nil, Value: 1}, {Key: nil, Value: 2}}}},
	{"a Date with parts of a millisecond", "ff0f 44 000000000000f8bf", mustRead("ff0f 44 000000000000f0bf")},
	{"a Date beyond the range", "ff0f 44 0000000000000075", v8.InvalidDate},
	{"a Date one too late", "ff0f 44 0100dcc208b23e43", v8.InvalidDate},
	{"the last Date", "ff0f 44 0000dcc208b23e43", time.UnixMilli(8.64e15).UTC()},
	{"a bigint of one byte", "ff0f 41 03 5a0205 5a03 05 5a0600 0001 24 00 03", mustRead(
		"ff0f 41 03 5a100500000000000000 5a110500000000000000 5a100000010000000000 24 00 03")},
	{"a native object", "ff0f 41 02 5c 01 6f 220161 30 7b 01 5e01 24 00 02", twice(object("a", nil))},
	{"an error without parts", "ff0f 72 2e", &v8.Error{Name: "Error"}},
	{"parts of an error in another order", "ff0f 72 73 220153 54 63 5e00 6d 220161 2e", func() any {
		e := &v8.Error{Name: "TypeError", Message: "a", Stack: "S"}
		e.Cause = e // Later versions of V8 can.
		return e
	}()},
	{"a view", "ff0f 42 04 01020304 56 42 01 02 00", v8.Uint8Array{2, 3}},
	{"a view of version 13", "ff0d 42 04 01020304 56 77 02 02", v8.Int16Array{0x0403}},
	{"a view behind padding", "ff0f 42 04 01020304 00 56 3f 01 02 00", v8.DataView{2, 3}},
	{"a view that goes to the end", "ff0f 7e 06 08 010203040506 56 57 02 00 03", v8.Uint16Array{0x0403, 0x0605}},
	{"views of the same buffer", "ff0f 41 03 42 02 0102 5e01 56 42 00 02 00 5e01 56 43 00 01 00 24 00 03",
		[]any{&v8.ArrayBuffer{Data: []byte{1, 2}}, v8.Uint8Array{1, 2}, v8.Uint8ClampedArray{1}}},
}

func TestPayloadsThatNodeReadsAreRead(t *testing.T) {
	for _, c := range accepted {
		t.Run(c.name, func(t *testing.T) {
			v, err := v8.Value(fromHex(c.payload))
			require.NoError(t, err)
			require.Equal(t, dump(c.want), dump(v))
		})
	}
}

func mustRead(digits string) any {
	v, err := v8.Value(fromHex(digits))
	if err != nil {
		panic(err)
	}
	return v
}

// malformed are payloads that must be refused.
var malformed = []struct {
	name, payload string
	is            error // for errors.Is, or nil
}{
	{"nothing", "", io.ErrUnexpectedEOF},
	{"no version", "30", nil},
	{"half a version", "ff", io.ErrUnexpectedEOF},
	{"version 12", "ff0c 30", nil},
	{"version 16", "ff10 30", nil},
	{"no value", "ff0f", io.ErrUnexpectedEOF},
	{"only padding", "ff0f 0000", io.ErrUnexpectedEOF},
	{"an unknown tag", "ff0f 70", nil},
	{"the end of an object as a value", "ff0f 7b", nil},
	{"a hole as a value", "ff0f 2d", nil},
	{"a view of nothing", "ff0f 56 42 00 00 00", nil},
	{"a transferred buffer", "ff0f 74 00", nil},
	{"a shared buffer", "ff0f 75 00", nil},
	{"a number without an end", "ff0f 49 8080", io.ErrUnexpectedEOF},
	{"a number of more than 32 bits", "ff0f 49 ffffffff1f", nil},
	{"a number of more than 64 bits", "ff0f 49 ffffffffffffffffffffff00", nil},
	{"half a double", "ff0f 4e 00000000", io.ErrUnexpectedEOF},
	{"a string that is shorter", "ff0f 22 05 61", io.ErrUnexpectedEOF},
	{"a string of 4 GiB", "ff0f 22 ffffffff0f 61", io.ErrUnexpectedEOF},
	{"half a UTF-16 unit", "ff0f 63 03 616263", nil},
	{"a bigint of 2 GiB", "ff0f 5a feffffff0f 01", io.ErrUnexpectedEOF},
	{"a bigint that is minus zero", "ff0f 5a 01", nil},
	{"an object without an end", "ff0f 6f 220161 30", io.ErrUnexpectedEOF},
	{"a key without a value", "ff0f 6f 220161 7b 01", nil},
	{"a count too high", "ff0f 6f 220161 30 7b 02", nil},
	{"a count too low", "ff0f 6f 220161 30 7b 00", nil},
	{"a key twice", "ff0f 6f 220161 30 220161 30 7b 02", nil},
	{"a key twice in two forms", "ff0f 6f 220161 30 63026100 30 7b 02", nil},
	{"a key twice among many", "ff0f 6f " + manyKeys("abcdefghijklmnopqrstua"), nil},
	{"an index twice in two forms", "ff0f 6f 4902 30 220131 30 7b 02", nil},
	{"a key that is an object", "ff0f 6f 6f7b00 30 7b 01", nil},
	{"a key that is null", "ff0f 6f 30 30 7b 01", nil},
	{"an array that announces 4 GiB", "ff0f 41 ffffffff0f", nil},
	{"an array that announces one too many", "ff0f 41 06 30 30 24 00 02", nil},
	{"an array whose elements are owed to the one around", "ff0f 41 04 41 04 30303030 240004 24 00 04", nil},
	{"an array of two lengths", "ff0f 41 01 30 24 00 02", nil},
	{"an array with a wrong count", "ff0f 41 01 30 24 01 01", nil},
	{"an element behind the elements", "ff0f 41 02 2d 30 4900 31 24 01 02", nil},
	{"a length that is a property", "ff0f 41 00 22066c656e677468 30 24 01 00", nil},
	{"a sparse length that is a property", "ff0f 61 01 22066c656e677468 30 40 01 01", nil},
	{"a sparse array of two lengths", "ff0f 61 03 40 00 02", nil},
	{"an element beyond the length", "ff0f 61 01 4902 30 40 01 01", nil},
	{"an element twice", "ff0f 61 02 4900 30 4900 30 40 02 02", nil},
	{"a Map with a wrong count", "ff0f 3b 30 30 3a 01", nil},
	{"a Map with half an entry", "ff0f 3b 30 3a 02", nil},
	{"a Map without an end", "ff0f 3b 30", io.ErrUnexpectedEOF},
	{"a Set with a wrong count", "ff0f 27 30 2c 02", nil},
	{"a Set without an end", "ff0f 27 30", io.ErrUnexpectedEOF},
	{"an unknown flag of a RegExp", "ff0f 52 220161 8004", nil},
	{"the linear flag of a RegExp", "ff0f 52 220161 40", nil},
	{"a RegExp that is no string", "ff0f 52 30 00", nil},
	{"a boxed string that is none", "ff0f 73 30", nil},
	{"an unknown part of an error", "ff0f 72 78 2e", nil},
	{"an error without an end", "ff0f 72 6d 220161", io.ErrUnexpectedEOF},
	{"a message that is no string", "ff0f 72 6d 30 2e", nil},
	{"a reference to nothing", "ff0f 5e00", nil},
	{"a reference to what comes", "ff0f 41 02 5e01 6f7b00 24 00 02", nil},
	{"a reference to the object that is read", "ff0f 5c 01 5e00", nil},
	{"an unknown kind of host object", "ff0f 5c 02", nil},
	{"a view of 4 GiB", "ff0f 5c 00 0a ffffffff0f", io.ErrUnexpectedEOF},
	{"half an element", "ff0f 5c 00 04 03 010203", nil},
	{"a buffer of 4 GiB", "ff0f 42 ffffffff0f", io.ErrUnexpectedEOF},
	{"a buffer longer than it may be", "ff0f 7e 02 01 0102", nil},
	{"a view of a Buffer's type", "ff0f 42 02 0102 56 00 00 02 00", nil},
	{"a view that begins behind the end", "ff0f 42 02 0102 56 42 03 00 00", nil},
	{"a view that ends behind the end", "ff0f 42 02 0102 56 42 01 02 00", nil},
	{"a view that overflows", "ff0f 42 02 0102 56 42 01 ffffffff0f 00", nil},
	{"a view between elements", "ff0f 42 04 01020304 56 77 01 02 00", nil},
	{"a view of half an element", "ff0f 42 04 01020304 56 77 00 03 00", nil},
}

// manyKeys returns the rest of an object with these one-letter keys, in hexadecimal digits.
func manyKeys(keys string) string {
	var p []byte
	for _, key := range []byte(keys) {
		p = append(p, '"', 1, key, '0')
	}
	return hex.EncodeToString(append(p, '{', byte(len(keys))))
}

func TestMalformedPayloadsAreRefused(t *testing.T) {
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			v, err := v8.Value(fromHex(c.payload))
			require.Nil(t, v)
			refused, ok := errors.AsType[*v8.FormatError](err)
			require.True(t, ok, "%v", err)
			require.LessOrEqual(t, refused.Offset, len(fromHex(c.payload)))
			require.NotEmpty(t, err.Error())
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// nested returns a payload of n objects in each other.
func nested(begin, end string, n int) []byte {
	p := append(payload(""), bytes.Repeat(fromHex(begin), n)...)
	return append(append(p, 0x30), bytes.Repeat(fromHex(end), n)...)
}

func TestNestingIsBounded(t *testing.T) {
	for _, c := range []struct{ name, begin, end string }{
		{"objects", "6f 220161", "7b 01"},
		{"dense arrays", "41 01", "24 00 01"},
		{"sparse arrays", "61 02 4900", "40 01 02"},
		{"Map values", "3b 30", "3a 02"},
		{"Sets", "27", "2c 01"},
		{"causes", "72 63", "2e"},
		{"native objects", "5c 01", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := v8.Value(nested(c.begin, c.end, v8.MaxReadDepth))
			require.NoError(t, err)
			for _, n := range []int{v8.MaxReadDepth + 1, 1_000_000} {
				_, err := v8.Value(nested(c.begin, c.end, n))
				require.ErrorIs(t, err, v8.ErrTooDeep)
				_, ok := errors.AsType[*v8.FormatError](err)
				require.True(t, ok)
			}
		})
	}
}

// The payloads that cost most for their length.
func TestMemoryIsBoundedByTheLength(t *testing.T) {
	const n = 50_000
	row := func(count int, begin, each, end string) []byte {
		p := append(fromHex("ff0f"+begin), bytes.Repeat(fromHex(each), count)...)
		return append(p, fromHex(end)...)
	}
	varint := func(n uint64) string { return hex.EncodeToString(binary.AppendUvarint(nil, n)) }
	for _, c := range []struct {
		name    string
		payload []byte
	}{
		{"boxed booleans with a reference", row(n, "27 5e00", "79", "2c"+varint(n+1))},
		{"boxed booleans in an array", row(n, "41"+varint(n), "79", "240 0"+varint(n))},
		{"nulls in a Set", row(n, "27", "30", "2c"+varint(n))},
		{"empty objects", row(n, "27 5e00", "6f7b00", "2c"+varint(n+1))},
		{"empty arrays", row(n, "27 5e00", "4100240000", "2c"+varint(n+1))},
		{"holes", row(n, "41"+varint(n), "2d", "2400"+varint(n))},
		{"arrays that announce what is left", row(n, "", "41ff7f", "")},
		{"views of one buffer", row(n, "41"+varint(n+1)+"42 8020"+strings.Repeat("00", 4096), "5e01 56 46 00 8020 00", "2400"+varint(n+1))},
		{"a chain of references that nothing follows", row(n, "27 5e00", "6f 220141 5e00 7b01", "2c"+varint(n+1))},
		{"keys in descending order", func() []byte {
			p := fromHex("ff0f 6f")
			for i := n; i > 0; i-- {
				p = append(binary.AppendUvarint(append(p, 'I'), uint64(2*i)), '0')
			}
			return append(p, fromHex("7b"+varint(n))...)
		}()},
		{"names", func() []byte {
			p := fromHex("ff0f 6f")
			for i := range n {
				p = append(p, '"', 4, 'a'+byte(i&15), 'a'+byte(i>>4&15), 'a'+byte(i>>8&15), 'a'+byte(i>>12), '0')
			}
			return append(p, fromHex("7b"+varint(n))...)
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			cost := allocated(func() { _, _ = v8.Value(c.payload) })
			require.LessOrEqual(t, cost, uint64(allocFactor*len(c.payload)+allocFree))
			cost = allocated(func() {
				var into everything
				_ = v8.Decode(c.payload, &into)
			})
			require.LessOrEqual(t, cost, uint64(4*(allocFactor*len(c.payload)+allocFree)))
		})
	}
}
