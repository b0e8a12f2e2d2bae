package v8_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

//brood:checks N154
func TestTypesThatCannotBeClonedAreRefused(t *testing.T) {
	for _, c := range []struct {
		v    any
		text string
	}{
		{func() {}, "v8: func() could not be cloned"},
		{make(chan int), "v8: chan int could not be cloned"},
		{(func())(nil), "v8: func() could not be cloned"},
		{map[string]any{"a": []any{1i}}, "v8: complex128 could not be cloned"},
		{struct{ F chan int }{}, "v8: chan int could not be cloned"},
		{map[float64]int{}, "v8: map[float64]int could not be cloned"},
		{&struct{ M map[any]any }{map[any]any{}}, "v8: map[interface {}]interface {} could not be cloned"},
	} {
		p, err := v8.Append([]byte("x"), c.v)
		refused, ok := errors.AsType[*v8.UnsupportedTypeError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, c.text, refused.Error())
		require.Equal(t, "x", string(p))
	}
}

func TestValuesThatOthersCouldNotReadAreRefused(t *testing.T) {
	circular := &v8.Error{Message: "a"}
	circular.Cause = []any{circular}
	negative := v8.Array{}
	negative.Set(5, 1)
	negative.Length = 5
	for _, c := range []struct {
		v    any
		text string
	}{
		{int64(1)<<53 + 1, "v8: 9007199254740993 could not be cloned: beyond 2⁵³, where numbers are no longer exact; use a big.Int"},
		{[]uint64{math.MaxUint64}, "v8: 18446744073709551615 could not be cloned: beyond 2⁵³, where numbers are no longer exact; use a big.Int"},
		{time.UnixMilli(8.64e15 + 1), ""},
		{time.Unix(1<<60, 0), ""},
		{time.UnixMilli(-8.64e15 - 1), ""},
		{map[string]int{"\xff": 1, "\xfe": 2}, ""},
		{object("\xed\xa0\xbd\xed\xb8\x80", 1), `v8: "\xed\xa0\xbd\xed\xb8\x80" could not be cloned: as the name of a property it must be UTF-8`},
		{circular, "v8: an error could not be cloned: it is in its own cause, which Node cannot read"},
		{&v8.RegExp{Flags: "gg"}, "v8: \"gg\" could not be cloned: no flags of a RegExp"},
		{&v8.RegExp{Flags: "l"}, ""},
		{&v8.RegExp{Flags: "x"}, ""},
		{&v8.RegExp{Flags: "uv"}, ""},
		{&v8.Boxed{}, ""},
		{&v8.Boxed{Value: (*big.Int)(nil)}, ""},
		{&v8.ArrayBuffer{Data: []byte{1}, Resizable: true}, ""},
		{&negative, ""},
		{sparseArray(1, *object("length", 1), 0, 1), ""},
		{sparseArray(1, *object("0", 1)), ""},
	} {
		_, err := v8.Append(nil, c.v)
		refused, ok := errors.AsType[*v8.UnsupportedValueError](err)
		require.True(t, ok, "%#v: %v", c.v, err)
		if c.text != "" {
			require.Equal(t, c.text, refused.Error())
		}
	}
	require.Panics(t, func() { new(v8.Array).Set(math.MaxUint32, 0) })
}

// The text of a value in an error is short.
func TestErrorsStayShort(t *testing.T) {
	long := make([]byte, 1<<20)
	_, err := v8.Append(nil, map[string]int{"\xff" + string(long): 1})
	require.Less(t, len(err.Error()), 1000)
}

type loop *loop

type selfError struct{}

func (e selfError) Error() string { return "self" }
func (e selfError) Unwrap() error { return e }

func TestEndlessValuesAreTooDeep(t *testing.T) {
	var p loop
	p = &p
	type list struct{ Next *list }
	long := &list{}
	for range v8.MaxWriteDepth {
		long = &list{long}
	}
	deep := []any{}
	for range v8.MaxWriteDepth + 1 {
		deep = []any{deep}
	}
	for _, v := range []any{p, long, deep, selfError{}} {
		_, err := v8.Append(nil, v)
		require.ErrorIs(t, err, v8.ErrTooDeep, "%T", v)
	}
	_, err := v8.Append(nil, deep[0])
	require.NoError(t, err)
}

func TestAppendAlignsFromTheEndOfWhatIsThere(t *testing.T) {
	for _, v := range []any{"€", []any{true, "€"}} {
		want, err := v8.Append(nil, v)
		require.NoError(t, err)
		for n := range 4 {
			got, err := v8.Append(make([]byte, n), v)
			require.NoError(t, err)
			require.Equal(t, want, got[n:])
		}
	}
}

// Structs have the properties that encoding/json gives them, in the same order.
func TestStructsHaveTheFieldsOfEncodingJSON(t *testing.T) {
	type deepest struct{ A, B, Z string }
	type Left struct {
		deepest
		A      string
		Both   int
		Tagged int
	}
	type Right struct {
		Both  int
		Other int `json:"Tagged"`
		Z     int
	}
	type Recursive struct {
		*Recursive
		X int
	}
	type cases struct {
		Left
		*Right
		*Recursive
		Named    Left `json:"named"`
		Self     *cases
		Empty    []int           `json:",omitempty"`
		Full     []int           `json:"full,omitempty"`
		Zero     time.Time       `json:",omitzero"`
		ZeroS    struct{ A int } `json:",omitzero"`
		Nil      *int            `json:",omitempty"`
		Nil2     *int
		Off      bool    `json:"off,omitempty"`
		Float    float64 `json:",omitempty"`
		Array    [0]int  `json:",omitempty"`
		Dash     int     `json:"-"`
		hidden   int
		Iface    any
		Stringer fmt.Stringer
	}
	for _, v := range []any{
		cases{}, &cases{Right: &Right{Both: 1}, Full: []int{1}, Self: &cases{}, hidden: 1}, Recursive{X: 1}, &Recursive{Recursive: &Recursive{}},
		struct{ Right }{}, struct{ *deepest }{&deepest{"a", "b", "z"}}, struct{ io.Reader }{}, struct{}{},
	} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		p, err := v8.Append(nil, v)
		require.NoError(t, err)
		back, err := v8.Value(p)
		require.NoError(t, err)
		require.Equal(t, string(text), jsonOf(back))
	}
}

// jsonOf returns v in JSON, keys in their order.
func jsonOf(v any) string {
	var parts []string
	switch v := v.(type) {
	case *v8.Object:
		for name, e := range v.All() {
			parts = append(parts, fmt.Sprintf("%q:%s", name, jsonOf(e)))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		for _, e := range v {
			parts = append(parts, jsonOf(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestValuesWithOneAddressAreNotOneObject(t *testing.T) {
	type empty struct{}
	type first struct{ B []byte }
	all := []any{1, 2}
	for _, c := range []struct {
		v    any
		want string
	}{
		{[]*empty{{}, {}}, "41 02 6f7b00 6f7b00 24 00 02"},
		{[]any{[]any{}, []any{}}, "41 02 4100240000 4100240000 24 00 02"},
		{[][]string{{}, {}}, "41 02 4100240000 4100240000 24 00 02"},
		{[][]any{all, all[:1]}, "41 02 41 02 4902 4904 24 00 02 41 01 4902 24 00 01 24 00 02"},
		{[]any{all, all[:2:2]}, "41 02 41 02 4902 4904 24 00 02 5e01 24 00 02"},
		{func() any { f := &first{[]byte{1}}; return []any{f, &f.B, f.B} }(), "41 03 6f 220142 5c000a0101 7b01 5e02 5e02 24 00 03"},
	} {
		p, err := v8.Append(nil, c.v)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(payload(c.want)), hex.EncodeToString(p))
	}
}

// An empty object keeps its identity, also after it was read.
func TestEmptyObjectsKeepTheirIdentity(t *testing.T) {
	for _, one := range []string{"6f7b00", "4100240000", "3b3a00", "272c00", "4200", "5c000a00", "5c000100", "5c000800"} {
		p := payload("41 03" + one + "5e01" + one + "24 00 03")
		v, err := v8.Value(p)
		require.NoError(t, err)
		again, err := v8.Append(nil, v)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(p), hex.EncodeToString(again))
	}
}

func TestMapsInMapsAreSorted(t *testing.T) {
	inner := map[string]any{"y": 1, "10": 2, "9": 3}
	v := map[string]any{}
	var want []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		v[name] = maps.Clone(inner)
		want = append(want, fmt.Sprintf(`%q:{"9":3,"10":2,"y":1}`, name))
	}
	p, err := v8.Append(nil, v)
	require.NoError(t, err)
	got, err := v8.Value(p)
	require.NoError(t, err)
	require.Equal(t, "{"+strings.Join(want, ",")+"}", jsonOf(got))
	again, err := v8.Append(nil, got) // in the order of JavaScript
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(again), hex.EncodeToString(p))
}

func TestTextMarshalersAreStrings(t *testing.T) {
	for _, v := range []any{regexp.MustCompile("a"), big.NewFloat(1), *big.NewFloat(1)} {
		p, err := v8.Append(nil, []any{v, (*regexp.Regexp)(nil)})
		require.NoError(t, err)
		got, err := v8.Value(p)
		require.NoError(t, err)
		if _, value := v.(big.Float); value {
			require.IsType(t, &v8.Object{}, got.([]any)[0], "MarshalText needs a pointer")
			continue
		}
		require.IsType(t, "", got.([]any)[0])
		require.Nil(t, got.([]any)[1])
	}
	_, err := v8.Append(nil, failing{})
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

type failing struct{}

func (failing) MarshalText() ([]byte, error) { return nil, io.ErrClosedPipe }

// A Buffer and a few properties allocate no more than the payload; so does a struct.
func TestAppendIntoABufferHardlyAllocates(t *testing.T) {
	type message struct {
		N int    `json:"n"`
		S string `json:"s"`
	}
	buffer := make([]byte, 0, 1<<10)
	for name, v := range map[string]any{"struct": &message{1, "hello"}, "bytes": []byte("hello"), "object": object("n", 1, "s", "é€")} {
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := v8.Append(buffer, v); err != nil {
				panic(err)
			}
		})
		t.Logf("%s: %v", name, allocs)
		require.LessOrEqual(t, allocs, 2.0, name)
	}
}
