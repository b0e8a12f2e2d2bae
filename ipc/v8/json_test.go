package v8_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// JSON returns the text of JSON.stringify, unless that is {} or an error.
//
//brood:checks N154
func TestJSONIsThatOfNode(t *testing.T) {
	n := startNode(t)
	for _, js := range []string{
		`null`, `true`, `5`, `-0`, `1.5`, `1e21`, `1e-7`, `NaN`, `-Infinity`, `2 ** 53`, `"text"`, `""`, `"\b\t\n\f\r\v\0\x1f\x7f\"\\/<>&\u2028"`,
		`"é€😀"`, `"\ud83d"`, `"\ude00x\ud83d"`, `[]`, `[1,"a",[null,undefined]]`, `{}`, `{b:1,a:{c:[{}]},2:0,1:undefined,"é":NaN}`,
		`new Date(0)`, `new Date(1580705046789)`, `new Date(NaN)`, `[new Date(-1)]`, `new Date(8.64e15)`, `new Date(-8.64e15)`,
		`new Number(1.5)`, `new String("s")`, `new Boolean(false)`, `{n: new Number(NaN)}`,
		`Buffer.from("abc")`, `{b: Buffer.alloc(0)}`, `[1,,3]`, `[,]`, `new Array(5)`, `Object.assign([1,2],{x:1})`,
		`new Int8Array([-1,2])`, `new Uint8Array([1,255])`, `new Uint8ClampedArray([300])`, `new Int16Array([-1])`, `new Uint16Array([65535])`,
		`new Int32Array([-1])`, `new Uint32Array([4294967295])`, `new Float32Array([0.1,NaN])`, `new Float64Array([0.1,-0,1e300])`, `new Uint8Array(0)`,
		`(() => { const a = {x: 1}; return [a, a, {a}]; })()`, `new (class { constructor() { this.x = 1; } })()`,
	} {
		text := n.call(`() => JSON.stringify(`+js+`)`, nil)
		n.send(map[string]any{"js": "[" + js + "]"})
		got, err := v8.JSON(n.receive().([]any)[0])
		require.NoError(t, err, js)
		require.Equal(t, text, string(got), js)
	}
}

func TestJSONOfValuesThatHaveNoneInNode(t *testing.T) {
	n := startNode(t)
	for js, want := range map[string]string{
		`undefined`: `null`,
		`new Map()`: `[]`,
		`new Map([["a",1],[{x:1},new Set([2])]])`:                            `[["a",1],[{"x":1},[2]]]`,
		`new Set([1,undefined,"x"])`:                                         `[1,null,"x"]`,
		`/a+\/"/gi`:                                                          `"/a+\\/\"/gi"`,
		`Object.assign(new TypeError("no",{cause:5}),{stack:"s"})`:           `{"name":"TypeError","message":"no","stack":"s","cause":5}`,
		`(() => { const e = new Error(""); delete e.stack; return [e]; })()`: `[{"name":"Error","message":""}]`,
		`123n`:                             `123`,
		`-(2n**70n)`:                       `-1180591620717411303424`,
		`Object(5n)`:                       `5`,
		`new BigInt64Array([-1n])`:         `{"0":-1}`,
		`new BigUint64Array([2n**64n-1n])`: `{"0":18446744073709551615}`,
		`new Uint8Array([1,2]).buffer`:     `{"type":"ArrayBuffer","data":[1,2]}`,
		`new DataView(new Uint8Array([1,2,3]).buffer,1)`: `{"type":"DataView","data":[2,3]}`,
	} {
		n.send(map[string]any{"js": "[" + js + "]"})
		v := n.receive().([]any)[0]
		got, err := v8.JSON(v)
		require.NoError(t, err, js)
		if strings.HasPrefix(js, "(() =>") { // Node decides whether a stack was sent.
			var e []struct{ Name, Message string }
			require.NoError(t, json.Unmarshal(got, &e))
			require.Equal(t, "Error", e[0].Name)
			continue
		}
		require.Equal(t, want, string(got), js)

		std, err := json.Marshal(v)
		require.NoError(t, err, js)
		require.JSONEq(t, want, string(std), js)
		require.NotEqual(t, "{}", string(std))
	}
}

func TestJSONMarshalGivesTheContent(t *testing.T) {
	date := time.Date(2020, 2, 3, 4, 5, 6, 789e6, time.FixedZone("", 3600))
	o := object("date", date, "buffer", []byte{1}, "set", &v8.Set{Values: []any{v8.Undefined}}, "none", v8.Undefined,
		"half", v8.Float16Array{0x3C00}, "view", &v8.UnknownView{Type: 14, Data: []byte("ab")}, "go", map[string]any{"b": 1, "a": struct{ X int }{2}},
		"nil", (*v8.Map)(nil))
	got, err := json.Marshal(map[string]any{"o": o})
	require.NoError(t, err)
	require.Equal(t, `{"o":{"date":"2020-02-03T03:05:06.789Z","buffer":{"type":"Buffer","data":[1]},"set":[null],"half":{"0":1},`+
		`"view":{"type":"UnknownView","data":"YWI="},"go":{"a":{"X":2},"b":1},"nil":null}}`, string(got))
	got, err = json.Marshal([]any{v8.Undefined, v8.InvalidDate, v8.Float16(0x3C00), v8.Uint8Array{1}, v8.DataView{1}, v8.Int32Array(nil), (*v8.Object)(nil)})
	require.NoError(t, err)
	require.Equal(t, `[null,null,1,{"0":1},{"type":"DataView","data":[1]},null,null]`, string(got))
	_, err = v8.JSON(object("x", func() {}))
	require.Error(t, err)
}

func TestJSONOfACycleIsAnError(t *testing.T) {
	o := new(v8.Object)
	o.Set("o", []any{o})
	m := &v8.Map{}
	m.Entries = []v8.Entry{{Key: m}}
	list := []any{nil}
	list[0] = list
	e := &v8.Error{}
	e.Cause = e
	for _, v := range []any{o, m, &v8.Set{Values: []any{list}}, e} {
		_, err := v8.JSON(v)
		require.ErrorIs(t, err, v8.ErrCycle)
		_, err = json.Marshal(v)
		require.ErrorIs(t, err, v8.ErrCycle)
	}
}

// A few bytes must not make a receiver write much.
func TestHostileValuesHaveNoEndlessJSON(t *testing.T) {
	doubling := object("x", "leaf")
	for range 60 {
		doubling = object("a", doubling, "b", doubling)
	}
	large := &v8.Set{Values: []any{strings.Repeat("x", 100_000)}}
	many := make([]any, 10_000)
	for i := range many {
		many[i] = large
	}
	holes := &v8.Array{Length: 1<<32 - 1}
	holes.Set(5, "x")
	for name, v := range map[string]any{"doubling": doubling, "many": object("many", many), "holes": holes,
		"holes inside": object("a", &v8.Array{Length: 1 << 30}, "b", &v8.Array{Length: 1 << 30})} {
		_, err := v8.JSON(v)
		require.ErrorIs(t, err, v8.ErrTooLarge, name)
	}
	var deep any = "x"
	for range v8.MaxReadDepth + 2 {
		deep = object("d", deep)
	}
	_, err := v8.JSON(deep)
	require.ErrorIs(t, err, v8.ErrTooDeep)

	huge := new(big.Int).Lsh(big.NewInt(-1), 1<<24)
	got, err := v8.JSON(object("n", huge))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(got), `{"n":"-0x1000`), "%.30s", got)
}

// A value is written for each reference to it, if that is in proportion.
func TestJSONCopiesSharedObjects(t *testing.T) {
	shared := object("s", strings.Repeat("x", 1000))
	many := make([]any, 1000)
	for i := range many {
		many[i] = shared
	}
	got, err := json.Marshal(object("many", many))
	require.NoError(t, err)
	var back struct{ Many []struct{ S string } }
	require.NoError(t, json.Unmarshal(got, &back))
	require.Len(t, back.Many, 1000)
	require.Len(t, back.Many[999].S, 1000)
}

// Whatever can be read has JSON that is well formed, or an error.
func FuzzJSON(f *testing.F) {
	for _, s := range samples {
		f.Add(payload(s.payload))
	}
	for _, digits := range accepted {
		f.Add(fromHex(digits.payload))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		v, err := v8.Value(p)
		if err != nil {
			return
		}
		got, err := v8.JSON(v)
		if err == nil {
			require.LessOrEqual(t, len(got), 1<<21+64*20*(len(p)+1), "%x", p)
			require.True(t, json.Valid(got) || strings.Count(string(got), "{")+strings.Count(string(got), "[") > 9_000, "%x %s", p, got)
		}
	})
}
