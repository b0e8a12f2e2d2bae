package v8_test

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// decoded returns the result of Decode for v in a variable of type T.
func decoded[T any](t *testing.T, v any) (T, error) {
	t.Helper()
	p, err := v8.Append(nil, v)
	require.NoError(t, err)
	var into T
	err = v8.Decode(p, &into)
	return into, err
}

func requireDecodes[T any](t *testing.T, v any, want T) {
	t.Helper()
	got, err := decoded[T](t, v)
	require.NoError(t, err, "%v into %T", v, want)
	require.Equal(t, want, got, "%v", v)
}

type byteList []byte

func TestDecodeConvertsWhatFits(t *testing.T) {
	requireDecodes(t, 5, int8(5))
	requireDecodes(t, 5.0, uint16(5))
	requireDecodes(t, 5, 5.0)
	requireDecodes(t, 0.1, float32(0.1))
	requireDecodes(t, math.Inf(-1), float32(math.Inf(-1)))
	requireDecodes(t, int64(1<<53), int64(1<<53))
	requireDecodes(t, float64(1<<63), uint64(1<<63))
	requireDecodes(t, new(big.Int).SetUint64(math.MaxUint64), uint64(math.MaxUint64))
	requireDecodes(t, big.NewInt(math.MinInt64), int64(math.MinInt64))
	requireDecodes(t, big.NewInt(7), *big.NewInt(7))
	requireDecodes(t, 1e20, *new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil))
	requireDecodes(t, time.Second, time.Second)
	requireDecodes(t, "a", level0("a"))
	requireDecodes(t, "10.0.0.1", netip.MustParseAddr("10.0.0.1"))
	requireDecodes(t, "2020-01-02T03:04:05Z", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))
	requireDecodes(t, &v8.Boxed{Value: 5.0}, 5)
	requireDecodes(t, &v8.Boxed{Value: "a"}, "a")
	requireDecodes(t, true, new(true))

	requireDecodes(t, []any{1, 2.5}, []float64{1, 2.5})
	requireDecodes(t, []any{1, 2}, [3]int{1, 2})
	requireDecodes(t, &v8.Set{Values: []any{"a", "b"}}, []string{"a", "b"})
	requireDecodes(t, v8.Float64Array{1, 2}, []float64{1, 2})
	requireDecodes(t, v8.Float64Array{1, 2}, []int{1, 2})
	requireDecodes(t, v8.Uint32Array{1, math.MaxUint32}, []any{1, float64(math.MaxUint32)})
	requireDecodes(t, v8.BigInt64Array{-1}, []any{big.NewInt(-1)})
	requireDecodes(t, v8.BigUint64Array{1}, []int{1})
	requireDecodes(t, []byte("ab"), byteList("ab"))
	requireDecodes(t, v8.Uint8Array("ab"), []byte("ab"))
	requireDecodes(t, v8.DataView("ab"), []byte("ab"))
	requireDecodes(t, &v8.ArrayBuffer{Data: []byte("ab")}, []byte("ab"))
	requireDecodes(t, []byte("ab"), [2]byte{'a', 'b'})
	requireDecodes(t, sparseArray(2, *object("x", 1), 0, 1, 1, 2), []int{1, 2})

	requireDecodes(t, object("a", 1, "5", 2), map[string]int{"a": 1, "5": 2})
	requireDecodes(t, object("-7", 1, "5", 2), map[int8]int{-7: 1, 5: 2})
	requireDecodes(t, object("7", 1), map[uint]any{7: 1})
	requireDecodes(t, object("7", 1), map[any]any{"7": 1})
	requireDecodes(t, &v8.Map{Entries: []v8.Entry{{Key: 1.5, Value: "x"}}}, map[float64]string{1.5: "x"})
	requireDecodes(t, &v8.Map{Entries: []v8.Entry{{Key: "k", Value: []any{1}}}}, map[any][]int{"k": {1}})
	requireDecodes[any](t, v8.Undefined, v8.Undefined)
	requireDecodes(t, v8.Undefined, v8.Undefined)

	failure, err := decoded[error](t, errors.New("e"))
	require.NoError(t, err)
	require.Equal(t, "Error: e", failure.Error())
	rest, err := decoded[struct{ A, B any }](t, object("A", 1, "B", nil))
	require.NoError(t, err)
	require.Equal(t, struct{ A, B any }{1, nil}, rest)
}

type level0 string

func TestDecodeFillsStructsAsJSONWould(t *testing.T) {
	type Base struct {
		ID    int
		Name  string `json:"shadowed"`
		Depth int
	}
	type job struct {
		*Base
		Name     string `json:"name"`
		Tags     map[string]bool
		Skipped  int `json:"-"`
		Depth    string
		Untold   int
		unshown  int
		Deadline *time.Time
	}
	when := time.UnixMilli(5).UTC()
	v := object("name", "n", "id", 7, "shadowed", "s", "TAGS", object("x", true), "Skipped", 1, "unshown", 3, "more", 4,
		"Depth", "d", "Deadline", when, "Untold", v8.Undefined)
	p, err := v8.Append(nil, v)
	require.NoError(t, err)
	got := job{Tags: map[string]bool{"old": true}, Untold: 5}
	require.NoError(t, v8.Decode(p, &got))
	require.Equal(t, job{Base: &Base{ID: 7, Name: "s"}, Name: "n", Tags: map[string]bool{"old": true, "x": true}, Depth: "d",
		Untold: 5, Deadline: &when}, got)
	require.Zero(t, got.unshown)

	p, err = v8.Append(nil, object("name", nil, "Tags", nil, "Deadline", v8.Undefined))
	require.NoError(t, err)
	require.NoError(t, v8.Decode(p, &got))
	require.Equal(t, "n", got.Name)
	require.Nil(t, got.Tags)
	require.Nil(t, got.Deadline)
}

func TestDecodeKeepsIdentity(t *testing.T) {
	type list struct {
		Next *list
		Same map[string]*list
		All  []*list
	}
	src := &list{}
	src.Next, src.Same, src.All = &list{Next: src}, map[string]*list{"a": src}, []*list{src, nil}
	src.Next.All, src.Next.Same = src.All, src.Same
	got, err := decoded[*list](t, src)
	require.NoError(t, err)
	require.Same(t, got, got.Next.Next)
	require.Same(t, got, got.All[0])
	require.Same(t, got, got.Same["a"])
	require.Same(t, &got.All[0], &got.Next.All[0])
	got.Same["new"] = got
	require.Contains(t, got.Next.Same, "new")

	first, second := []any{1}, []any{2}
	lists, err := decoded[struct{ F, G []int }](t, object("f", first, "F", second, "G", first))
	require.NoError(t, err)
	require.Equal(t, struct{ F, G []int }{[]int{2}, []int{1}}, lists)

	type tree []tree
	loop := []any{nil}
	loop[0] = loop
	nest, err := decoded[tree](t, loop)
	require.NoError(t, err)
	require.Same(t, &nest[0], &nest[0][0])
}

func TestDecodeNamesTheValueThatDoesNotFit(t *testing.T) {
	type inner struct{ N []map[string]int8 }
	for _, c := range []struct {
		v    any
		into any
		text string
	}{
		{"x", new(int), "v8: a string does not fit into int"},
		{300, new(uint8), "v8: the number 300 does not fit into uint8"},
		{-1, new(uint), "v8: the number -1 does not fit into uint"},
		{1.5, new(int), "v8: the number 1.5 does not fit into int"},
		{math.NaN(), new(int), "v8: the number NaN does not fit into int"},
		{math.Inf(1), new(int), "v8: the number Infinity does not fit into int"},
		{1e300, new(float32), "v8: the number 1e+300 does not fit into float32"},
		{1e19, new(int64), "v8: the number 10000000000000000000 does not fit into int64"},
		{new(big.Int).Lsh(big.NewInt(1), 64), new(uint64), "v8: a bigint does not fit into uint64"},
		{true, new(string), "v8: a boolean does not fit into string"},
		{object(), new([]int), "v8: an object does not fit into []int"},
		{[]any{1}, new(map[string]int), "v8: an array does not fit into map[string]int"},
		{[]any{1, 2}, new([1]int), "v8: an array does not fit into [1]int"},
		{[]byte("a"), new(string), "v8: a Buffer does not fit into string"},
		{v8.InvalidDate, new(time.Time), "v8: Invalid Date does not fit into time.Time"},
		{time.UnixMilli(1), new(string), "v8: a Time does not fit into string"},
		{sparseArray(1<<30, v8.Object{}, 5, 1), new([]int), "v8: an array does not fit into []int: it has holes"},
		{object("N", []any{object("a", 1), object("b", 1000)}), new(inner), "v8: .N[1].b: the number 1000 does not fit into int8"},
		{object("x", 1), new(map[int]int), "v8: .x: a string does not fit into int"},
		{object("300", 1), new(map[uint8]int), "v8: .300: a string does not fit into uint8"},
		{&v8.Map{Entries: []v8.Entry{{Key: []any{}, Value: 1}}}, new(map[any]any), "v8: .entries[0]: an array does not fit into interface {}"},
		{&v8.Error{Message: "m"}, new(int), "v8: an Error does not fit into int"},
		{&v8.RegExp{}, new(error), "v8: a RegExp does not fit into error"},
	} {
		p, err := v8.Append(nil, c.v)
		require.NoError(t, err)
		err = v8.Decode(p, c.into)
		misfit, ok := errors.AsType[*v8.DecodeError](err)
		require.True(t, ok, "%s: %v", c.text, err)
		require.Equal(t, c.text, misfit.Error())
	}
	_, err := decoded[netip.Addr](t, "nonsense")
	require.Error(t, err)
}

func TestDecodeNeedsAPointer(t *testing.T) {
	p, err := v8.Append(nil, 1)
	require.NoError(t, err)
	for _, c := range []struct {
		into any
		text string
	}{
		{nil, "v8: cannot decode into nil"},
		{5, "v8: cannot decode into int: it is no pointer"},
		{(*int)(nil), "v8: cannot decode into a nil *int"},
	} {
		refused, ok := errors.AsType[*v8.DestinationError](v8.Decode(p, c.into))
		require.True(t, ok)
		require.Equal(t, reflect.TypeOf(c.into), refused.Type)
		require.Equal(t, c.text, refused.Error())
	}
	var format *v8.FormatError
	require.ErrorAs(t, v8.Decode(nil, new(any)), &format)
}

// A chain of references is as long as the message. Following it must not take unbounded stack.
func TestDecodeFollowsReferencesToABound(t *testing.T) {
	type link struct{ Next *link }
	chain := func(n int) any {
		links := []any{object("Next", nil)}
		for range n {
			links = append(links, object("Next", links[len(links)-1]))
		}
		return object("All", links, "Next", links[n])
	}
	short, err := decoded[link](t, chain(100))
	require.NoError(t, err)
	n := 0
	for l := &short; l.Next != nil; l = l.Next {
		n++
	}
	require.Equal(t, 101, n)
	_, err = decoded[link](t, chain(100_000))
	require.ErrorIs(t, err, v8.ErrTooDeep)
}

// One object in many places is many copies where the destination has no pointers. Their number is
// bounded.
func TestDecodeBoundsTheCopiesOfSharedObjects(t *testing.T) {
	type wide struct{ X0, X1 int }
	shared := object()
	for i := range 1000 {
		shared.Set("X"+strconv.Itoa(i), i)
	}
	many := func(v any, n int) any { return slices.Repeat([]any{v}, n) }

	few, err := decoded[[]wide](t, many(shared, 50))
	require.NoError(t, err)
	require.Equal(t, slices.Repeat([]wide{{0, 1}}, 50), few)
	pointers, err := decoded[[]*wide](t, many(shared, 5_000))
	require.NoError(t, err)
	require.Same(t, pointers[0], pointers[4_999])

	long := &v8.Boxed{Value: new(big.Int).Lsh(big.NewInt(1), 100_000)}
	text := &v8.Boxed{Value: "1" + strings.Repeat("0", 10_000)}
	full := sparseArray(1000, *object("x", 1))
	for i := range full.Length {
		full.Set(i, 1)
	}
	for _, err := range []error{
		decodeError[[]wide](t, many(shared, 5_000)),
		decodeError[[]big.Int](t, many(long, 5_000)),
		decodeError[[]big.Int](t, many(text, 5_000)),
		decodeError[[][1000]int](t, many(full, 5_000)),
	} {
		require.ErrorIs(t, err, v8.ErrTooLarge)
	}
	_, err = decoded[[][]int](t, many(full, 5_000))
	require.NoError(t, err)
	_, err = decoded[[][]int](t, many(v8.Float64Array(make([]float64, 1000)), 5_000))
	require.NoError(t, err)
}

func decodeError[T any](t *testing.T, v any) error {
	t.Helper()
	_, err := decoded[T](t, v)
	return err
}

func TestObjectsKeepTheOrderOfJavaScript(t *testing.T) {
	o := object("b", 1, "10", 2, "a", 3, "9", 4, "4294967295", 5, "01", 6)
	for i := range 100 {
		o.Set(strings.Repeat("x", i+1), i)
	}
	o.Set("b", 7)
	o.Set("9", 8)
	var names []string
	for name := range o.All() {
		if names = append(names, name); len(names) == 7 {
			break
		}
	}
	require.Equal(t, []string{"9", "10", "b", "a", "4294967295", "01", "x"}, names)
	require.Equal(t, 106, o.Len())
	require.Len(t, o.Map(), 106)
	for name, want := range map[string]any{"b": 7, "9": 8, "10": 2, strings.Repeat("x", 100): 99} {
		got, ok := o.Get(name)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"8", "11", "c"} {
		_, ok := o.Get(name)
		require.False(t, ok)
	}
}

func TestMapGetComparesAsJavaScript(t *testing.T) {
	m := &v8.Map{Entries: []v8.Entry{{1, "one"}, {math.NaN(), "nan"}, {"1", "text"}, {nil, "null"}, {v8.Undefined, "undefined"},
		{big.NewInt(1), "bigint"}, {true, "true"}, {0, "zero"}, {[]any{}, "array"}, {2, "old"}, {2.0, "new"}}}
	for _, c := range []struct{ key, want any }{
		{1.0, "one"}, {math.NaN(), "nan"}, {"1", "text"}, {nil, "null"}, {v8.Undefined, "undefined"}, {big.NewInt(1), "bigint"},
		{true, "true"}, {math.Copysign(0, -1), "zero"}, {2, "new"},
	} {
		got, ok := m.Get(c.key)
		require.True(t, ok, "%v", c.key)
		require.Equal(t, c.want, got)
	}
	for _, key := range []any{[]any{}, false, v8.InvalidDate, big.NewInt(2), "2"} {
		_, ok := m.Get(key)
		require.False(t, ok, "%v", key)
	}
}
