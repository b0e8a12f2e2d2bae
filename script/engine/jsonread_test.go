package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// same compares two values by all that a script can see of them.
const same = `(function same(a, b) {
	if (typeof a !== "object" || a === null) return Object.is(a, b);
	const names = Reflect.ownKeys(a);
	if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || Array.isArray(a) !== Array.isArray(b)) return false;
	if (names.join("\u0001") !== Reflect.ownKeys(b).join("\u0001") || JSON.stringify(a) !== JSON.stringify(b)) return false;
	return names.every((name) => {
		const [x, y] = [Object.getOwnPropertyDescriptor(a, name), Object.getOwnPropertyDescriptor(b, name)];
		return x.writable === y.writable && x.enumerable === y.enumerable && x.configurable === y.configurable && same(x.value, y.value);
	});
})`

// compareJSON requires that PlainJSON and ParseJSON return the same value, and reports whether the
// text was plain.
func compareJSON(t *testing.T, s *engine.Scope, text string) (plain bool) {
	t.Helper()
	equal, err := s.Eval("same.js", same)
	require.NoError(t, err)
	want, wrong := s.ParseJSON("t.json", text)
	for range 3 { // The first object with its names is made in another way.
		var got engine.Value
		if got, plain = s.PlainJSON([]byte(text)); !plain {
			continue
		}
		require.NoError(t, wrong, text)
		ok, err := equal.Call(s.Undefined(), want, got)
		require.NoError(t, err)
		require.True(t, ok.Bool(), text)
	}
	return plain
}

func TestPlainJSONIsWhatTheEngineReads(t *testing.T) {
	e := newEngine(t, nil)
	for _, text := range []string{
		`0`, `-0`, `1`, `-1`, `10`, `999999999`, `9999999999`, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`, `9007199254740993`, `1e3`, `1E+2`, `1e-2`, `-0.0`, `0.1`,
		`123456789012345678901234567890`, `5e-324`, `1e-400`, `1.7976931348623157e308`, `true`, `false`, `null`, `""`, `"a"`, `"ü"`, `"€"`, `"😀"`, `"\u00fc\u20ac\n\t\"\\\/\b\f\r"`,
		`"a\u0000b"`, "\"\x7f\"", `" \u2028 "`, `[]`, `[1]`, `[1,"a",[true,[null]],{}]`, ` [ 1 , 2 ] `, "\t{\r\n\"a\" : 1 , \"b\":[ ] }\n", `{}`, `{"a":1}`, `{"a":1,"b":2,"c":3,"d":4,"e":5}`,
		`{"b":1,"a":2}`, `{"":1}`, `{"__proto__":{"x":1},"y":2}`, `{"constructor":1,"toString":2,"length":3}`, `{"1":1,"0":2,"b":3,"a":4}`, `{"4294967295":1,"4294967294":2}`,
		`{"a":{"a":{"a":1}}}`, `{"a":1,"a":2}`, `{"a":{"b":1},"c":{"b":2}}`, `[{"a":1},{"a":2},{"a":"3"}]`, strings.Repeat("[", 32) + strings.Repeat("]", 32),
		`{"n":100,"s":"the quick brown fox","rows":[{"id":1,"name":"x","done":false,"took":12.25}]}`, `"` + strings.Repeat("x", 10_000) + `"`,
	} {
		do(t, e, func(s *engine.Scope) { require.True(t, compareJSON(t, s, text), text) })
	}
}

func TestOtherJSONIsLeftToTheEngine(t *testing.T) {
	e := newEngine(t, nil)
	before := e.Memory()
	for _, text := range []string{
		``, ` `, `{`, `[`, `"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `[1,`, `[1,]`, `[,1]`, `{,}`, `{1:2}`, `{"a" 1}`, `{"a":1 "b":2}`, `[1 2]`, `01`, `-`, `+1`, `.5`, `1.`, `1.e1`, `1e`, `1e+`,
		`-01`, `0x1`, `NaN`, `Infinity`, `tru`, `nul`, `undefined`, `'a'`, "\"\n\"", "\"\x00\"", "\"\xff\"", `"\x41"`, `"\u12"`, `"\u12g4"`, `"\ud83d\ude00"`, `"\ud800"`, `1 2`, `{} x`, `[[1],{"a":["b"]},"c`, "\xef\xbb\xbf1",
		`{"\u0061":1}`, `{"ü":1}`, "1e400", strings.Repeat("[", 33) + strings.Repeat("]", 33), "\v1", `{"a":[1,2,{"b":tru}]}`,
	} {
		do(t, e, func(s *engine.Scope) { require.False(t, compareJSON(t, s, text), "%q", text) })
	}
	e.Collect()
	require.Less(t, e.Memory(), before+1<<16)
}

// A change of one object does not change another with the same shape.
func TestObjectsOfPlainJSONAreIndependent(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		change, err := s.Eval("t.js", `(a, b, c) => {
			b.added = 1; delete a.x; Object.defineProperty(b, "y", { get: () => 7 }); Object.freeze(c); a.x = 5; b.z.push(4); b[3] = 0;
			return JSON.stringify([a, b, c, Object.isFrozen(c)]);
		}`)
		require.NoError(t, err)
		for range 3 {
			var three [3]engine.Value
			for i := range three {
				v, ok := s.PlainJSON([]byte(`{"x":1,"y":2,"z":[3]}`))
				require.True(t, ok)
				three[i] = v
			}
			text, err := change.Call(s.Undefined(), three[0], three[1], three[2])
			require.NoError(t, err)
			require.Equal(t, `[{"y":2,"z":[3],"x":5},{"3":0,"x":1,"y":7,"z":[3,4],"added":1},{"x":1,"y":2,"z":[3]},true]`, text.Text())
			e.Collect()
		}
	})
}

func TestPlainJSONOfAnyNamesDoesNotGrow(t *testing.T) {
	e := newEngine(t, nil)
	read := func(from, to int) int64 {
		for i := from; i < to; i++ {
			do(t, e, func(s *engine.Scope) {
				text := fmt.Sprintf(`[{"a%d":1,"b":{"c%d":2}},{"%s":3}]`, i, i, strings.Repeat("n", i%1000))
				v, ok := s.PlainJSON([]byte(text))
				require.True(t, ok)
				back, err := v.JSON()
				require.NoError(t, err)
				require.Equal(t, text, back)
			})
		}
		e.Collect()
		return e.Memory()
	}
	before := read(0, 2000)
	require.Less(t, read(2000, 12_000), before+1<<18)
}

func TestPlainJSONWithoutMemoryIsLeftToTheEngine(t *testing.T) {
	e := newEngine(t, &engine.Options{MemoryLimit: 4 << 20})
	text := "[" + strings.Repeat(`{"a":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]},`, 24_000) + "1]"
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		_, ok := s.PlainJSON([]byte(text))
		require.False(t, ok)
		_, err := s.ParseJSON("t.json", text)
		require.Error(t, err)
		return nil
	}))
	e.Collect()
	require.Equal(t, "3", eval(t, e, "1 + 2"))
}

// For every text, PlainJSON and ParseJSON return the same value.
func FuzzPlainJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\n\u00fc"],"b":{"a":null}}`))
	f.Add([]byte(`{"a":1,"a":[true,false,{}]}`))
	f.Add([]byte("\"\xed\xa0\x80\""))
	e := newEngine(f, nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		do(t, e, func(s *engine.Scope) { compareJSON(t, s, string(text)) })
	})
}
