package v8_test

import (
	"encoding/hex"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// sample is a value, its expression in JavaScript, and its payload from node.
type sample struct {
	js      string
	payload string // in hex, without the version
	value   any
}

var samples = []sample{
	{"null", "30", nil},
	{"true", "54", true},
	{"false", "46", false},
	{"5", "49 0a", 5},
	{"-1", "49 01", -1},
	{"64", "49 8001", 64},
	{"300", "49 d804", 300},
	{"2147483647", "49 feffffff0f", math.MaxInt32},
	{"-2147483648", "49 ffffffff0f", math.MinInt32},
	{"-0", "4e 0000000000000080", math.Copysign(0, -1)},
	{"4294967296", "4e 000000000000f041", 4294967296.0},
	{"1.5", "4e 000000000000f83f", 1.5},
	{"NaN", "4e 000000000000f87f", math.NaN()},
	{"'str'", "22 03 737472", "str"},
	{"''", "22 00", ""},
	{"'é'", "22 01 e9", "é"},
	{"'€'", "63 02 ac20", "€"},
	{"'😀'", "63 04 3dd800de", "😀"},
	{"'\\ud83d'", "63 02 3dd8", "\xed\xa0\xbd"},
	{"'\\ude00\\ud83d.'", "63 06 00de3dd82e00", "\xed\xb8\x80\xed\xa0\xbd."},
	{"[true,'€']", "41 02 54 00 63 02 ac20 24 00 02", []any{true, "€"}},
	{"[true,'€'.repeat(64)]", "41 02 54 63 8001" + strings.Repeat("ac20", 64) + "24 00 02",
		[]any{true, strings.Repeat("€", 64)}},
	{"[]", "41 00 24 00 00", []any{}},
	{"[1,2,3]", "41 03 4902 4904 4906 24 00 03", []any{1, 2, 3}},
	{"[1.5,2]", "41 02 4e000000000000f83f 4e0000000000000040 24 00 02", []any{1.5, 2.0}},
	{"[undefined]", "41 01 5f 24 00 01", []any{v8.Undefined}},
	{"[1,,3]", "61 03 4900 4902 4904 4906 40 02 03", sparseArray(3, v8.Object{}, 0, 1, 2, 3)},
	{"Object.assign([1],{x:2})", "41 01 4902 220178 4904 24 01 01", sparseArray(1, *object("x", 2), 0, 1)},
	{"new Array(3)", "61 03 40 00 03", sparseArray(3, v8.Object{})},
	{"new Array(4294967295)", "61 ffffffff0f 40 00 ffffffff0f", sparseArray(math.MaxUint32, v8.Object{})},
	{"{}", "6f 7b 00", object()},
	{"{a:1}", "6f 220161 4902 7b 01", object("a", 1)},
	{"{u:undefined}", "6f 220175 5f 7b 01", object("u", v8.Undefined)},
	{"{1:2}", "6f 4902 4904 7b 01", object("1", 2)},
	{"{2147483648:1,b:2,a:3,0:4}", "6f 4900 4908 4e000000000000e041 4902 220162 4904 220161 4906 7b 04",
		object("2147483648", 1, "b", 2, "a", 3, "0", 4)},
	{"{4294967294:1,4294967295:2,'-1':3,'01':4}",
		"6f 4e0000c0ffffffef41 4902 220a34323934393637323935 4904 22022d31 4906 22023031 4908 7b 04",
		object("4294967294", 1, "4294967295", 2, "-1", 3, "01", 4)},
	{"(()=>{const o={};o.self=o;return o})()", "6f 220473656c66 5e00 7b 01", circularObject()},
	{"(()=>{const s={};return [s,s]})()", "41 02 6f7b00 5e01 24 00 02", twice(object())},
	{"(()=>{const b=Buffer.from('x');return [b,b]})()", "41 02 5c000a0178 5e01 24 00 02", twice([]byte("x"))},
	{"new Date(0)", "44 0000000000000000", time.UnixMilli(0).UTC()},
	{"new Date(NaN)", "44 000000000000f87f", v8.InvalidDate},
	{"/ab+/gi", "52 220361622b 03", &v8.RegExp{Source: "ab+", Flags: "gi"}},
	{"/€/dgimsuy", "52 00 63 02 ac20 bf01", &v8.RegExp{Source: "€", Flags: "dgimsuy"}},
	{"/a/v", "52 220161 8002", &v8.RegExp{Source: "a", Flags: "v"}},
	{"new Map([['k',1]])", "3b 22016b 4902 3a 02", &v8.Map{Entries: []v8.Entry{{Key: "k", Value: 1}}}},
	{"new Set([1,'a'])", "27 4902 220161 2c 02", &v8.Set{Values: []any{1, "a"}}},
	{"0n", "5a 00", big.NewInt(0)},
	{"1n", "5a 10 0100000000000000", big.NewInt(1)},
	{"-1n", "5a 11 0100000000000000", big.NewInt(-1)},
	{"2n**64n", "5a 20 0000000000000000 0100000000000000", new(big.Int).Lsh(big.NewInt(1), 64)},
	{"Buffer.from('Hello')", "5c 00 0a 05 48656c6c6f", []byte("Hello")},
	{"new Int8Array([-1])", "5c 00 00 01 ff", v8.Int8Array{-1}},
	{"new Uint8Array([1,2])", "5c 00 01 02 0102", v8.Uint8Array{1, 2}},
	{"new Uint8ClampedArray([300])", "5c 00 02 01 ff", v8.Uint8ClampedArray{255}},
	{"new Int16Array([-2])", "5c 00 03 02 feff", v8.Int16Array{-2}},
	{"new Uint16Array([258])", "5c 00 04 02 0201", v8.Uint16Array{258}},
	{"new Int32Array([-2])", "5c 00 05 04 feffffff", v8.Int32Array{-2}},
	{"new Uint32Array([4294967295])", "5c 00 06 04 ffffffff", v8.Uint32Array{math.MaxUint32}},
	{"new Float32Array([1.5])", "5c 00 07 04 0000c03f", v8.Float32Array{1.5}},
	{"new Float64Array([Math.PI])", "5c 00 08 08 182d4454fb210940", v8.Float64Array{math.Pi}},
	{"new DataView(new ArrayBuffer(2))", "5c 00 09 02 0000", v8.DataView{0, 0}},
	{"new BigInt64Array([1n])", "5c 00 0b 08 0100000000000000", v8.BigInt64Array{1}},
	{"new BigUint64Array([2n**64n-1n])", "5c 00 0c 08 ffffffffffffffff", v8.BigUint64Array{math.MaxUint64}},
	{"new Uint8Array([1,2,3]).buffer", "42 03 010203", &v8.ArrayBuffer{Data: []byte{1, 2, 3}}},
	{"new ArrayBuffer(2,{maxByteLength:300})", "7e 02 ac02 0000",
		&v8.ArrayBuffer{Data: []byte{0, 0}, Resizable: true, MaxLength: 300}},
	{"Object.assign(new Error('boom'),{stack:'S'})", "72 6d 2204626f6f6d 73 220153 2e",
		&v8.Error{Name: "Error", Message: "boom", Stack: "S"}},
	{"Object.assign(new RangeError('r'),{stack:'S'})", "72 52 6d 220172 73 220153 2e",
		&v8.Error{Name: "RangeError", Message: "r", Stack: "S"}},
	{"Object.assign(new Error('b',{cause:1}),{stack:'S'})", "72 6d 220162 63 4902 73 220153 2e",
		&v8.Error{Name: "Error", Message: "b", Stack: "S", Cause: 1}},
	{"new String('s')", "73 220173", &v8.Boxed{Value: "s"}},
	{"new Boolean(true)", "79", &v8.Boxed{Value: true}},
	{"new Boolean(false)", "78", &v8.Boxed{Value: false}},
	{"new Number(-1)", "6e 000000000000f0bf", &v8.Boxed{Value: -1.0}},
	{"Object(1n)", "7a 10 0100000000000000", &v8.Boxed{Value: big.NewInt(1)}},
	{"{cmd:'NODE_HANDLE_ACK'}", "6f 2203636d64 220f4e4f44455f48414e444c455f41434b 7b 01",
		object("cmd", "NODE_HANDLE_ACK")},
}

//brood:checks N154
func TestEveryTypeHasTheBytesOfNode(t *testing.T) {
	for _, s := range samples {
		t.Run(s.js, func(t *testing.T) {
			want := payload(s.payload)
			got, err := v8.Append(nil, s.value)
			require.NoError(t, err)
			require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got))

			v, err := v8.Value(want)
			require.NoError(t, err)
			require.Equal(t, dump(s.value), dump(v))
			require.IsType(t, s.value, v)
		})
	}
}

// payload returns the bytes of some hexadecimal digits behind the current version.
func payload(digits string) []byte {
	return fromHex("ff0f" + digits)
}

func fromHex(digits string) []byte {
	p, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return p
}

// object returns an object with these names and values.
func object(properties ...any) *v8.Object {
	o := &v8.Object{}
	for i := 0; i < len(properties); i += 2 {
		o.Set(properties[i].(string), properties[i+1])
	}
	return o
}

// sparseArray returns an array with these indices and elements.
func sparseArray(length uint32, extra v8.Object, elements ...any) *v8.Array {
	a := &v8.Array{Extra: extra}
	for i := 0; i < len(elements); i += 2 {
		a.Set(uint32(elements[i].(int)), elements[i+1])
	}
	a.Length = length
	return a
}

func circularObject() *v8.Object {
	o := &v8.Object{}
	o.Set("self", o)
	return o
}

func twice(v any) []any { return []any{v, v} }
