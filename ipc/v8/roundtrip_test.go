package v8_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/ipc/v8"
)

// Node sends every value of Go back as the same value: same types, same order, same shared and
// circular references.
//
//brood:checks N154
func TestGeneratedValuesSurviveNode(t *testing.T) {
	n := startNode(t)
	rapid.Check(t, func(rt *rapid.T) {
		const batch = 50 // values in flight, to keep both processes busy
		var want []string
		for range batch {
			g := generator{t: rt}
			// Node sends no bare bigint, and nothing that looks like a message of its own.
			v := []any{g.value(4)}
			frame, err := v8.Append(make([]byte, 4), v)
			if _, refused := errors.AsType[*v8.UnsupportedValueError](err); refused {
				continue // an error in its own cause
			}
			require.NoError(rt, err)
			n.write(frame)
			want = append(want, dump(v))
		}
		for _, w := range want {
			require.Equal(rt, w, dump(n.receive()))
		}
	})
}

// Between Go and Go not only the value stays the same but also its Go types, and a second trip
// gives the same bytes.
func TestGeneratedValuesSurviveGo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := generator{t: rt}
		v := g.value(5)
		p, err := v8.Append(nil, v)
		if _, refused := errors.AsType[*v8.UnsupportedValueError](err); refused {
			rt.Skip("an error in its own cause")
		}
		require.NoError(rt, err)
		got, err := v8.Value(p)
		require.NoError(rt, err)
		require.IsType(rt, v, got)
		require.Equal(rt, dump(v), dump(got))
		again, err := v8.Append(nil, got)
		require.NoError(rt, err)
		require.Equal(rt, p, again)
		for cut := range len(p) {
			_, err := v8.Value(p[:cut])
			require.Error(rt, err, "%x cut to %d bytes", p, cut)
		}
	})
}

// generator makes values of the types of Value.
type generator struct {
	t    *rapid.T
	pool []any // objects that may be referred to again, finished or not
}

func draw[T any](g *generator, of *rapid.Generator[T]) T { return of.Draw(g.t, "") }

// value returns a value in which objects are nested at most depth deep.
func (g *generator) value(depth int) any {
	kinds := 9
	if depth > 0 {
		kinds = 30
	}
	switch k := draw(g, rapid.IntRange(0, kinds)); k {
	case 0:
		return nil
	case 1:
		return draw(g, rapid.Bool())
	case 2, 3:
		return int(draw(g, rapid.Int32()))
	case 4:
		return g.double()
	case 5:
		return v8.Undefined
	case 6:
		return g.bigInt()
	case 7, 8, 9:
		return g.text()
	case 10:
		if len(g.pool) > 0 {
			return draw(g, rapid.SampledFrom(g.pool))
		}
		return "nothing to refer to"
	case 11, 12, 13, 14:
		return g.remember(g.leaf(k))
	case 15, 16, 17, 18, 19, 20:
		o := &v8.Object{}
		g.remember(o)
		g.fill(o, depth)
		return o
	case 21, 22, 23:
		list := make([]any, draw(g, rapid.IntRange(0, 5)), 5)
		g.remember(list)
		for i := range list {
			list[i] = g.value(depth - 1)
		}
		return list
	case 24, 25:
		return g.array(depth)
	case 26, 27:
		return g.mapping(depth)
	case 28:
		return g.set(depth)
	}
	e := &v8.Error{Name: draw(g, rapid.SampledFrom([]string{"Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError",
		"TypeError", "URIError"})), Message: g.text(), Stack: g.text(), Cause: g.value(depth - 1)}
	return g.remember(e)
}

func (g *generator) remember(v any) any {
	g.pool = append(g.pool, v)
	return v
}

func (g *generator) double() float64 {
	return draw(g, rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0.5, math.Copysign(0, -1), math.NaN(), math.Inf(1),
		math.Inf(-1), 1e21, 5e-324, math.MaxFloat64, 1 << 53, 1 << 31, -1<<31 - 1})))
}

func (g *generator) bigInt() *big.Int {
	n := new(big.Int).SetBytes(draw(g, rapid.SliceOfN(rapid.Byte(), 0, 20)))
	if draw(g, rapid.Bool()) {
		n.Neg(n)
	}
	return n
}

// text returns the UTF-16 units that were drawn as WTF-8: of one byte each, or any.
func (g *generator) text() string {
	if draw(g, rapid.Bool()) {
		return draw(g, rapid.StringMatching("[ -~]{0,10}"))
	}
	unit := draw(g, rapid.SampledFrom([]*rapid.Generator[uint16]{rapid.Uint16Max(0xFF), rapid.Uint16(),
		rapid.Uint16Range(0xD7FE, 0xE001)}))
	return wtf8(draw(g, rapid.SliceOfN(unit, 0, 10)))
}

func wtf8(units []uint16) string {
	var out []byte
	for i := 0; i < len(units); i++ {
		u := rune(units[i])
		if i+1 < len(units) {
			if pair := utf16.DecodeRune(u, rune(units[i+1])); pair != utf8.RuneError {
				out = utf8.AppendRune(out, pair)
				i++
				continue
			}
		}
		if utf16.IsSurrogate(u) {
			out = append(out, 0xED, 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
		} else {
			out = utf8.AppendRune(out, u)
		}
	}
	return string(out)
}

// leaf returns an object that has no others in it.
func (g *generator) leaf(k int) any {
	switch k {
	case 11:
		if draw(g, rapid.IntRange(0, 9)) == 0 {
			return v8.InvalidDate
		}
		return time.UnixMilli(draw(g, rapid.Int64Range(-8.64e15, 8.64e15))).UTC()
	case 12:
		all := []byte("dgimsuy")
		flags := slices.DeleteFunc(all, func(byte) bool { return draw(g, rapid.Bool()) })
		return &v8.RegExp{Source: draw(g, rapid.SampledFrom([]string{"a+", "[é€]", "^(?:x|😀)$"})), Flags: string(flags)}
	case 13:
		return &v8.Boxed{Value: draw(g, rapid.SampledFrom([]any{true, false, 1.5, math.NaN(), g.text(), g.bigInt()}))}
	}
	return g.bytes()
}

func (g *generator) bytes() any {
	p := draw(g, rapid.SliceOfN(rapid.Byte(), 0, 20))
	p = append(make([]byte, 0, len(p)+1), p...)
	n := len(p) / 4
	switch draw(g, rapid.IntRange(0, 13)) {
	case 0:
		return v8.Uint8Array(p)
	case 1:
		return v8.Uint8ClampedArray(p)
	case 2:
		return v8.DataView(p)
	case 3:
		return &v8.ArrayBuffer{Data: p}
	case 4:
		return &v8.ArrayBuffer{Data: p, Resizable: true, MaxLength: uint32(len(p) + n)}
	case 5:
		return v8.Int8Array(numbers[int8](g, n))
	case 6:
		return v8.Int16Array(numbers[int16](g, n))
	case 7:
		return v8.Uint16Array(numbers[uint16](g, n))
	case 8:
		return v8.Int32Array(numbers[int32](g, n))
	case 9:
		return v8.Uint32Array(numbers[uint32](g, n))
	case 10:
		return v8.Float32Array(numbers[float32](g, n))
	case 11:
		return v8.Float64Array(numbers[float64](g, n))
	case 12:
		return append(v8.BigInt64Array(numbers[int64](g, n)), math.MinInt64)
	}
	return p
}

func numbers[T int8 | int16 | uint16 | int32 | uint32 | int64 | float32 | float64](g *generator, n int) []T {
	out := make([]T, n, n+1)
	for i := range out {
		out[i] = T(draw(g, rapid.Int32()))
	}
	return out
}

func (g *generator) name() string {
	return draw(g, rapid.OneOf(rapid.Custom(func(t *rapid.T) string { return (&generator{t: t}).text() }),
		rapid.SampledFrom([]string{"0", "7", "42", "007", "-1", "1.5", "2147483647", "2147483648", "4294967294", "4294967295",
			"__proto__", "constructor", "toJSON", "then"})))
}

func (g *generator) fill(o *v8.Object, depth int) {
	for range draw(g, rapid.IntRange(0, 5)) {
		o.Set(g.name(), g.value(depth-1))
	}
	if draw(g, rapid.IntRange(0, 50)) == 0 {
		for i := range 40 {
			o.Set(wtf8([]uint16{uint16(i) + 64, 'x'}), i)
		}
	}
}

func (g *generator) array(depth int) any {
	a := &v8.Array{}
	g.remember(a)
	for range draw(g, rapid.IntRange(0, 3)) {
		a.Set(draw(g, rapid.OneOf(rapid.Uint32Max(6), rapid.Uint32Max(1<<32-2))), g.value(depth-1))
	}
	for range draw(g, rapid.IntRange(0, 2)) {
		a.Extra.Set("p"+g.text(), g.value(depth-1))
	}
	if a.Extra.Len() == 0 || draw(g, rapid.Bool()) {
		a.Length = max(a.Length, a.Length+1) // at least one hole
	}
	return a
}

func (g *generator) mapping(depth int) any {
	m := &v8.Map{}
	g.remember(m)
	taken := map[string]bool{}
	for range draw(g, rapid.IntRange(0, 4)) {
		if key := g.key(depth-1, taken); key != v8.InvalidDate {
			m.Entries = append(m.Entries, v8.Entry{Key: key, Value: g.value(depth - 1)})
		}
	}
	return m
}

func (g *generator) set(depth int) any {
	s := &v8.Set{}
	g.remember(s)
	taken := map[string]bool{}
	for range draw(g, rapid.IntRange(0, 4)) {
		if v := g.key(depth-1, taken); v != v8.InvalidDate {
			s.Values = append(s.Values, v)
		}
	}
	return s
}

// key returns a value that a Map or Set does not have yet, or InvalidDate, which is in none of
// them.
func (g *generator) key(depth int, taken map[string]bool) any {
	v := g.value(depth)
	if f, ok := v.(float64); ok {
		v = f + 0 // -0 is 0 as a key.
	}
	name := dump(v)
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Slice || rv.Kind() == reflect.Pointer && rv.Type() != reflect.TypeFor[*big.Int]() {
		name = fmt.Sprintf("%p", v)
	}
	if taken[name] {
		return v8.InvalidDate
	}
	taken[name] = true
	return v
}
