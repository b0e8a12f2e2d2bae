package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

func TestJSONEqualsStringify(t *testing.T) {
	e := newEngine(t, nil)
	for _, source := range []string{
		`"x"`, `""`, `1.5`, `-7`, `0`, `-0`, `-2.5e-6`, `1e-7`, `123456789012345680000`, `1e21`, `2 ** 31`, `5e-324`, `0.1 + 0.2`, `NaN`, `Infinity`, `true`, `false`, `null`,
		`"\u0000\u0001\u001f\b\f\n\r\t\"\\/ \u007f\u0080\u00ff"`, `"\u0100\u2028 \u{1f600}"`, `"\ud800"`, `"\udc00\ud800 \u0100"`, `"\ud83d\ud83d\ude00"`, `"\ufffd\uffff"`,
		`({})`, `[]`, `({ a: [1, "\u00fc", null, [[]], {}], b: undefined, c: { d: true } })`, `[undefined, Symbol(), () => 1]`,
		`({ b: 1, a: 2, 1: 3, 0: 4 })`, `({ b: 1, 4294967294: 2, 4294967295: 3 })`, `({ "": 1, "1a": 2, "\u0100": 3, "\"": 4 })`, `({ [Symbol()]: 1, [Symbol.for("a")]: 2 })`,
		`({ toJSON: () => 7 })`, `({ toJSON: 7 })`, `({ toJSON: undefined })`, `({ a: { toJSON(key) { return key; } } })`, `({ get a() { return 1; } })`, `({ a: () => 1, b: 2 })`,
		`Object.defineProperty({ b: 1 }, "a", { value: 2 })`, `Object.defineProperty({}, "toJSON", { value: () => 3 })`, `const o = { a: 1, b: 2, c: 3 }; delete o.b; o`,
		`Object.assign(Object.create(null), { a: 1 })`, `Object.create({ a: 1, toJSON: () => 8 })`, `new (class A { #p = 1; q = 2; })`, `const o = { a: 1 }; [o, o, { o }]`,
		`[1, , 3]`, `const a = [1]; a.length = 3; a`, `const a = [1, 2, 3]; a.length = 1; a`, `const a = [1]; a.b = 2; a`, `const a = [1]; a.toJSON = () => 9; a`, `new Array(3)`,
		`Object.freeze([1, 2])`, `class B extends Array {}; B.of(1, 2)`, `new Date(0)`, `new Map([[1, 2]])`, `new Uint8Array(2)`, `Object(1)`, `Object("x")`, `/a/`, `new Proxy({ a: 1 }, {})`,
		`new Proxy([1], {})`, `"x".repeat(20000) + "y"`, `let s = ""; for (let i = 0; i < 20000; i++) s += "ab"; ({ s })`, `let d = 1; for (let i = 0; i < 100; i++) d = { d }; d`,
		`Array(300000).fill("abcdefgh")`, `(function () { return arguments; })(1, 2)`, `new Error("x")`, `globalThis.JSON`,
	} {
		do(t, e, func(s *engine.Scope) {
			v, err := s.Eval("t.js", "{ "+source+" }")
			require.NoError(t, err, source)
			stringify, err := s.Eval("t.js", "JSON.stringify")
			require.NoError(t, err)
			want, err := stringify.Call(s.Undefined(), v)
			require.NoError(t, err)
			text, err := v.JSON()
			require.NoError(t, err, source)
			require.Equal(t, want.Text(), text, source)
		})
	}
}

func TestJSONCallsToJSONOfPrototypes(t *testing.T) {
	for _, change := range []string{
		`Object.prototype.toJSON = () => 1`, `Array.prototype.toJSON = () => 1`, `Object.defineProperty(Object.prototype, "toJSON", { get: () => () => 1 })`,
		`Object.setPrototypeOf(Array.prototype, { toJSON: () => 1 })`,
	} {
		e := newEngine(t, nil)
		do(t, e, func(s *engine.Scope) {
			v, err := s.Eval("t.js", change+"; [[]]")
			require.NoError(t, err)
			text, err := v.JSON()
			require.NoError(t, err)
			require.Equal(t, "1", text, change)
		})
	}
}

func TestValuesWithoutJSON(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		for _, source := range []string{"1n", "const a = []; a[0] = a; a", "const o = {}; o.o = o; o", "({ toJSON() { throw 1 } })"} {
			v, err := s.Eval("t.js", "{ "+source+" }")
			require.NoError(t, err)
			_, err = v.JSON()
			require.IsType(t, &engine.Exception{}, err, source)
		}
		for _, source := range []string{"undefined", "() => 1", "Symbol()", "({ toJSON() {} })"} {
			v, err := s.Eval("t.js", source)
			require.NoError(t, err)
			_, err = v.JSON()
			require.ErrorIs(t, err, engine.ErrNoJSON, source)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	e := newEngine(b, nil)
	err := e.Do(func(s *engine.Scope) error {
		v, err := s.Eval("b.js", `({ n: 1, s: 'x'.repeat(20) })`)
		for err == nil && b.Loop() {
			_, err = v.JSON()
		}
		return err
	})
	require.NoError(b, err)
}
