package v8_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

//brood:checks N154
func TestNodeSendsTheseBytesAndSendsThemBack(t *testing.T) {
	n := startNode(t)
	for _, s := range samples {
		if s.js == "{cmd:'NODE_HANDLE_ACK'}" {
			continue // Node keeps it for itself.
		}
		t.Run(s.js, func(t *testing.T) {
			n := &node{t, n.conn}
			js, want := s.js, payload(s.payload)
			if _, ok := s.value.(*big.Int); ok { // process.send refuses it by itself.
				js, want = "["+js+"]", payload("4101"+s.payload+"240001")
			}
			n.send(map[string]any{"js": js})
			require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(n.payload()))
			n.send([]any{s.value})
			require.Equal(t, dump([]any{s.value}), dump(n.receive()))
		})
	}
}

// Values that node makes, as Go reads them.
//
//brood:checks N154
func TestNodesValuesArriveAsDocumented(t *testing.T) {
	n := startNode(t)
	shared := []any{1}
	for _, c := range []struct {
		js   string
		want any
	}{
		{"new Array(3).fill('x')", []any{"x", "x", "x"}},
		{"(()=>{const a=new Array(1);a[0]=a;return {a,b:a}})()", func() any {
			a := []any{nil}
			a[0] = a
			return object("a", a, "b", a)
		}()},
		{"(()=>{const a=[];a.push(a,1);a.x=a;return [a]})()", func() any {
			a := sparseArray(2, v8.Object{}, 1, 1)
			a.Set(0, a)
			a.Extra.Set("x", a)
			return []any{a}
		}()},
		{"(()=>{const a=new Array(3),m=new Map([[a,new Set([a])]]);a[1]=m;a.push(new Error('e',{cause:a}));a[3].stack='s';return a})()", func() any {
			a := sparseArray(4, v8.Object{})
			a.Set(1, &v8.Map{Entries: []v8.Entry{{Key: a, Value: &v8.Set{Values: []any{a}}}}})
			a.Set(3, &v8.Error{Name: "Error", Message: "e", Stack: "s", Cause: a})
			return a
		}()},
		{"(()=>{const a=[1];return new Map([[a,a],['k',[a]]])})()",
			&v8.Map{Entries: []v8.Entry{{Key: shared, Value: shared}, {Key: "k", Value: []any{shared}}}}},
		{"new (class A{constructor(){this.x=1}})", object("x", 1)},
		{"[0.5,2**31,2**31-1]", []any{0.5, 2147483648.0, math.MaxInt32}},
		{"{b:1,a:2,10:3,9:4}", object("b", 1, "a", 2, "10", 3, "9", 4)},
		{"Buffer.from('abc').subarray(1)", []byte("bc")},
		{"new Float64Array([1,2,3]).subarray(1)", v8.Float64Array{2, 3}},
		{"new Date(8.64e15)", time.UnixMilli(8.64e15).UTC()},
		{"'a'.repeat(70000)", strings.Repeat("a", 70000)},
	} {
		t.Run(c.js, func(t *testing.T) {
			n := &node{t, n.conn}
			n.send(map[string]any{"js": c.js})
			v := n.receive()
			require.Equal(t, dump(c.want), dump(v))
			require.IsType(t, c.want, v)
			n.send([]any{v})
			require.Equal(t, dump([]any{c.want}), dump(n.receive()))
		})
	}
}

type inner struct {
	Deep string `json:"deep"`
}

type Absent struct{ Nothing int }

type outer struct {
	inner
	*Absent
	Name   string         `json:"name"`
	Zero   int            `json:"zero,omitempty"`
	When   time.Time      `json:"when,omitzero"`
	Any    any            `json:"any"`
	Next   *outer         `json:"next"`
	Counts map[int]uint8  `json:"counts"`
	List   []float64      `json:"list"`
	Hash   [4]byte        `json:"hash"`
	Big    *big.Int       `json:"big"`
	Took   time.Duration  `json:"took"`
	Err    error          `json:"err"`
	Named  map[string]int `json:"7"`
	Skip   int            `json:"-"`
}

// Values that Go makes, as node reads them.
//
//brood:checks N154
func TestGosValuesArriveAsDocumented(t *testing.T) {
	n := startNode(t)
	loop := &outer{Name: "€", inner: inner{"d"}, Counts: map[int]uint8{-1: 1, 2: 3, 1: 2}, List: []float64{1, 2.5},
		Hash: [4]byte{1, 2, 3, 4}, Big: big.NewInt(9), Took: time.Second,
		Err: fmt.Errorf("outside: %w", fs.ErrNotExist), Named: map[string]int{"b": 1, "a": 2}}
	loop.Next, loop.Any = loop, []any{loop}
	when := time.UnixMilli(1234567890123)
	for _, c := range []struct {
		name string
		v    any
		js   string // whether v is right
	}{
		{"struct", loop, `v => Object.keys(v).join() === '7,deep,name,any,next,counts,list,hash,big,took,err' &&
			v.next === v && v.any[0] === v && Object.keys(v[7]).join() === 'a,b' && Object.keys(v.counts).join() === '1,2,-1' &&
			Array.isArray(v.list) && v.list[1] === 2.5 && Buffer.isBuffer(v.hash) && v.hash.readInt32BE() === 0x01020304 &&
			v.big === 9n && v.took === 1e9 && v.deep === 'd' && v.name === '€'`},
		{"errors", loop.Err, `e => e instanceof Error && e.message === 'outside: file does not exist' &&
			e.stack === 'Error: outside: file does not exist' && e.cause.message === 'file does not exist' && !('cause' in e.cause)`},
		{"an error of JavaScript", &v8.Error{Name: "TypeError", Message: "m", Cause: errors.New("c")},
			`e => e instanceof TypeError && e.message === 'm' && e.cause.message === 'c'`},
		{"the same error", []error{fs.ErrExist, fs.ErrExist, fs.ErrInvalid}, `v => v[0] === v[1] && v[1] !== v[2]`},
		{"nil", []any{(*int)(nil), map[string]int(nil), []byte(nil), (*v8.Map)(nil), error(nil), (*fs.PathError)(nil)},
			`v => v.length === 6 && v.every((e) => e === null)`},
		{"shared pointers", func() any { p := &inner{"x"}; return []*inner{p, p, {"x"}} }(),
			`v => v[0] === v[1] && v[1] !== v[2] && v[2].deep === 'x'`},
		{"pointers to time", []any{&when, &when, when}, `v => v[0] === v[1] && v[0] !== v[2] && +v[0] === 1234567890123`},
		{"text", []any{new(big.Float).SetFloat64(1.5), level(2)}, `v => v[0] === '1.5' && v[1] === 'level 2'`},
		{"values of our types", []any{v8.Set{Values: []any{1}}, *big.NewInt(3), v8.RegExp{Source: "a", Flags: "g"}},
			`v => v[0].has(1) && v[1] === 3n && v[2].source === 'a'`},
		{"the same slice", func() any { s := []int{1}; return map[string][]int{"a": s, "b": s, "c": {1}} }(),
			`v => v.a === v.b && v.b !== v.c && v.c[0] === 1`},
		{"large integers", []any{int64(1) << 53, uint64(1) << 53, int64(-1) << 53, uint32(math.MaxUint32)},
			`v => v[0] === 2**53 && v[1] === 2**53 && v[2] === -(2**53) && v[3] === 4294967295`},
		{"invalid UTF-8", []any{"a\xffb\xed\xa0\x80"}, `v => v[0] === 'a\ufffdb\ud800'`},
		{"a number that is no double", float32(0.1), `v => v === Math.fround(0.1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &node{t, n.conn}
			require.Equal(t, true, n.call(c.js, c.v), "%s", c.js)
		})
	}
}

// level has a text.
type level int

func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", int(l)), nil }

func TestNodeReadsWhatIsAsDeepAsAppendMakesIt(t *testing.T) {
	n := startNode(t)
	const around = 2 // the object that has the arguments, and their array
	deep := any(object())
	for range v8.MaxWriteDepth - around {
		deep = object("a", deep)
	}
	require.Equal(t, v8.MaxWriteDepth-around, n.call("v => { let n = 0; for (; v.a; n++) v = v.a; return n }", deep))
	_, err := v8.Append(nil, []any{[]any{object("a", deep)}})
	require.ErrorIs(t, err, v8.ErrTooDeep)
}

//brood:checks N155
func TestLargeBuffersInOrder(t *testing.T) {
	n := startNode(t)
	const size = 8 << 20
	n.send(map[string]any{"js": fmt.Sprintf("[1,2,3,4].map((i) => process.send(new Uint8Array(%d).fill(i))).length", size)})
	for i := range 4 {
		got := n.receive().(v8.Uint8Array)
		require.Len(t, got, size)
		for _, c := range got {
			if c != byte(i+1) {
				require.Equal(t, byte(i+1), c)
			}
		}
	}
	require.Equal(t, 4, n.receive())
}
