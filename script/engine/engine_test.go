package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

func newEngine(t testing.TB, o *engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// do runs fn in a scope.
func do(t *testing.T, e *engine.Engine, fn func(s *engine.Scope)) {
	t.Helper()
	require.NoError(t, e.Do(func(s *engine.Scope) error { fn(s); return nil }))
}

// eval returns String(value) of a script's value.
func eval(t *testing.T, e *engine.Engine, source string) string {
	t.Helper()
	var text string
	do(t, e, func(s *engine.Scope) {
		v, err := s.Eval("test.js", source)
		require.NoError(t, err, source)
		text, err = v.Convert()
		require.NoError(t, err)
	})
	return text
}

func TestTheLanguageIsES2023(t *testing.T) {
	e := newEngine(t, nil)
	for source, want := range map[string]string{
		`[3,1,2].toSorted().with(0, 9).join()`:                     "9,2,3",
		`2n ** 70n`:                                                "1180591620717411303424",
		`const o = {a: 1}; new WeakRef(o).deref().a`:               "1",
		`class A { #x = 4; static { A.y = new A().#x } } A.y`:      "4",
		`[..."a😀"].length`:                                         "2",
		`/(?<=a)(?<n>b)/v.exec("ab").groups.n`:                     "b",
		`Object.groupBy([1,2,3], x => x % 2 ? "o" : "e").o.join()`: "1,3",
		`"a\uD800".isWellFormed()`:                                 "false",
	} {
		require.Equal(t, want, eval(t, e, source), source)
	}
}

func TestStringsComeThroughWhole(t *testing.T) {
	e := newEngine(t, nil)
	texts := []string{"", "a", "grün", "😀", "a\x00b", "\xed\xa0\x80", strings.Repeat("ü", 1<<16)}
	do(t, e, func(s *engine.Scope) {
		for _, text := range texts {
			v := s.String(text)
			require.Equal(t, engine.String, v.Kind())
			require.Equal(t, text, v.Text())
		}
		require.Equal(t, "a\uFFFDb", s.String("a\xffb").Text())
	})
}

func TestBytesAreSeenWithoutCopying(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		b := s.Uint8Array([]byte("abc"))
		require.NoError(t, s.Global().Set("b", b))
		view, ok := b.Bytes()
		require.True(t, ok)
		require.Equal(t, "abc", string(view))
		view[0] = 'X'
		v, err := s.Eval("t.js", `b[0] === 88 && b.length === 3 && (b[1] = 89) && b`)
		require.NoError(t, err)
		require.True(t, v.IsTypedArray())
		view, ok = v.Bytes()
		require.True(t, ok)
		require.Equal(t, "XYc", string(view))
		for source, want := range map[string]string{
			`b.buffer`: "XYc", `b.subarray(1)`: "Yc", `new DataView(b.buffer, 1, 1)`: "Y", `new Uint16Array(b.buffer, 0, 1)`: "XY",
			`new Uint8Array(0)`: "", `const d = new ArrayBuffer(4); d.transfer(); d`: "",
			`const r = new ArrayBuffer(4, {maxByteLength: 8}); const u = new Uint8Array(r, 2, 2); r.resize(1); u`: "",
			`new Float32Array(1).fill(0)`: "\x00\x00\x00\x00",
		} {
			v, err := s.Eval("t.js", source)
			require.NoError(t, err, source)
			view, ok := v.Bytes()
			require.True(t, ok, source)
			require.Equal(t, want, string(view), source)
		}
		for _, source := range []string{`"abc"`, `[]`, `({byteLength: 4})`, `null`, `Object.create(Uint8Array.prototype)`} {
			v, err := s.Eval("t.js", source)
			require.NoError(t, err, source)
			_, ok := v.Bytes()
			require.False(t, ok, source)
		}
	})
}

func TestFunctionsOfGoAreCalledAndThrow(t *testing.T) {
	e := newEngine(t, &engine.Options{Throw: func(s *engine.Scope, err error) engine.Value {
		x := s.Error(err.Error())
		require.NoError(t, x.Set("code", s.String("E_TEST")))
		return x
	}})
	do(t, e, func(s *engine.Scope) {
		join := s.Function("join", func(c *engine.Call) (engine.Value, error) {
			var b strings.Builder
			for _, a := range c.Args() {
				b.WriteString(a.Text())
			}
			require.True(t, c.Arg(c.Len()).IsUndefined())
			return c.String(b.String()), nil
		})
		fail := s.Function("fail", func(c *engine.Call) (engine.Value, error) {
			if c.Len() == 0 {
				return c.Undefined(), errors.New("no argument")
			}
			return c.Arg(0).Call(c.Undefined()) // Its exception is passed on.
		})
		require.NoError(t, s.Global().Set("join", join))
		require.NoError(t, s.Global().Set("fail", fail))
	})
	require.Equal(t, "abc", eval(t, e, `join("a", "b", "c")`))
	require.Equal(t, "no argument E_TEST true", eval(t, e, `try { fail() } catch (e) { e.message + " " + e.code + " " + (e instanceof Error) }`))
	require.Equal(t, "7", eval(t, e, `try { fail(() => { throw 7 }) } catch (e) { e }`))
	require.Equal(t, "join", eval(t, e, `join.name`))
}

func TestAnExceptionTellsWhereAndWhat(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		_, err := s.Eval("lib/a.js", "\n\nfunction f() { throw new TypeError('bad') }\nf()")
		var x *engine.Exception
		require.ErrorAs(t, err, &x)
		require.Equal(t, "TypeError: bad", x.Message)
		require.Contains(t, x.Stack(), "lib/a.js:3")
		require.True(t, x.Value.IsError())
		_, err = s.Eval("a.js", "let = ;")
		require.ErrorAs(t, err, &x)
		require.Contains(t, x.Message, "SyntaxError")
		for source, want := range map[string]string{
			"throw 'text'": "text", "throw undefined": "undefined", "throw Symbol('x')": "a symbol",
			"throw {toString() { throw 1 }}": "an object that cannot be converted to a string", "throw null": "null",
			"throw Object.create(null)": "an object that cannot be converted to a string",
		} {
			_, err := s.Eval("a.js", source)
			require.EqualError(t, err, want, source)
		}
	})
}

func TestAPanicGoesThroughTheEngineToItsCaller(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("boom", s.Function("boom", func(*engine.Call) (engine.Value, error) { panic("boom") })))
		require.NoError(t, s.Global().Set("nest", s.Function("nest", func(c *engine.Call) (engine.Value, error) {
			return c.Arg(0).Call(c.Undefined())
		})))
	})
	for _, source := range []string{
		`boom()`, `try { boom() } catch { 1 }`, `try { boom() } finally { for (;;) break }`, `nest(() => { try { nest(boom) } catch {} })`,
		`[1].map(boom)`, `new Proxy({}, {get: boom}).x`, `[...{[Symbol.iterator]: boom}]`, `String({toString: boom})`,
	} {
		require.PanicsWithValue(t, "boom", func() {
			_ = e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		}, source)
		require.Equal(t, "3", eval(t, e, "1 + 2"), source)
	}
	do(t, e, func(s *engine.Scope) {
		_, err := s.Eval("t.js", `Promise.resolve().then(boom)`)
		require.NoError(t, err)
	})
	require.PanicsWithValue(t, "boom", func() { _ = e.RunJobs() })
	require.Equal(t, "3", eval(t, e, "1 + 2"))
}

func TestInterruptEndsWhateverRuns(t *testing.T) {
	e := newEngine(t, nil)
	mine := errors.New("mine")
	for _, source := range []string{
		`for (;;);`, `try { for (;;); } catch { for (;;); } finally { for (;;); }`, `/(a+)+$/.exec("a".repeat(40) + "b")`,
		`[3, 1, 2].sort(() => { for (;;); })`, `for (const x of (function* () { for (;;) yield 1 })());`,
	} {
		timer := time.AfterFunc(20*time.Millisecond, func() { e.Interrupt(mine) })
		err := e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		timer.Stop()
		require.ErrorIs(t, err, mine, source)
		err = e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", "1"); return err })
		require.ErrorIs(t, err, mine, "until it is resumed")
		e.Resume()
		require.Equal(t, "3", eval(t, e, "1 + 2"))
	}
}

func TestLimitsOfMemoryAndDepthAreExceptions(t *testing.T) {
	for source, want := range map[string]string{
		`const a = []; for (;;) a.push(new Array(1000).fill(1))`: "out of memory",
		`"x".repeat(1e9)`:          "out of memory",
		`(function f() { f() })()`: "stack overflow",
		`let n = []; for (let i = 0; i < 1e5; i++) n = [n]; JSON.stringify(n)`: "stack overflow",
	} {
		e := newEngine(t, &engine.Options{MemoryLimit: 64 << 20})
		err := e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		require.ErrorContains(t, err, want, source)
		e.Collect()
		require.Equal(t, "3", eval(t, e, "1 + 2"), source)
		require.Less(t, e.Memory(), int64(64<<20))
	}
}

// A panic would unwind frames of the engine, and leave the scope of the call open.
func TestMemoryThatEndsInAnInnerScopeIsAnException(t *testing.T) {
	e := newEngine(t, &engine.Options{MemoryLimit: 2 << 20})
	do(t, e, func(s *engine.Scope) {
		var kept []engine.Kept
		require.NoError(t, s.Global().Set("fill", s.Function("fill", func(c *engine.Call) (engine.Value, error) {
			return c.Undefined(), e.Do(func(s *engine.Scope) error {
				for {
					kept = append(kept, s.Object().Keep())
				}
			})
		})))
		require.NoError(t, s.Global().Set("free", s.Function("free", func(c *engine.Call) (engine.Value, error) {
			for i := range kept {
				e.Release(&kept[i])
			}
			return c.Undefined(), nil
		})))
		v, err := s.Eval("t.js", `try { fill() } catch { free(); 'caught' }`)
		require.NoError(t, err)
		require.Equal(t, "caught", v.Text())
	})
	require.Equal(t, "3", eval(t, e, "1 + 2"))
}

func TestModulesAreResolvedLoadedAndLinked(t *testing.T) {
	sources := map[string]string{
		"/a.js": `import b, {n} from "./b.js"; import {x as y} from "native"; import data from "./d.json" with {type: "json"};
			export const all = [b, n, y, data.k, import.meta.url, (await import("./c.js")).late].join(" ")`,
		"/b.js": `import {all} from "./a.js"; export default "b"; export const n = typeof function () { return all }`,
		"/c.js": `export const late = await Promise.resolve("c")`,
	}
	var met []string
	e := newEngine(t, &engine.Options{
		Resolve: func(_ *engine.Scope, base, specifier, _ string) (string, error) {
			met = append(met, base+" "+specifier)
			return "/" + strings.TrimPrefix(specifier, "./"), nil
		},
		Load: func(_ *engine.Scope, name, kind string) (*engine.Module, error) {
			switch {
			case name == "/native":
				return &engine.Module{Exports: []string{"x"}, Init: func(s *engine.Scope, set func(string, engine.Value)) error {
					set("x", s.Int(42))
					return nil
				}}, nil
			case kind == "json":
				return &engine.Module{Exports: []string{"default"}, Init: func(s *engine.Scope, set func(string, engine.Value)) error {
					v, err := s.ParseJSON(name, `{"k": "json"}`)
					set("default", v)
					return err
				}}, nil
			case sources[name] == "":
				return nil, fmt.Errorf("cannot find %s", name)
			}
			return &engine.Module{Source: sources[name], Meta: func(s *engine.Scope, meta engine.Value) error {
				return meta.Set("url", s.String("file://"+name))
			}}, nil
		},
	})
	module := func(name, source string) (state engine.PromiseState, result string) {
		do(t, e, func(s *engine.Scope) {
			promise, err := s.EvalModule(name, source)
			require.NoError(t, err)
			require.NoError(t, e.RunJobs())
			var v engine.Value
			state, v = promise.Promise()
			result, err = v.Convert()
			require.NoError(t, err)
		})
		return state, result
	}
	state, _ := module("/main.js", `import {all} from "./a.js"; globalThis.all = all`)
	require.Equal(t, engine.Fulfilled, state)
	require.Equal(t, "b function 42 json file:///a.js c", eval(t, e, "all"))
	require.Contains(t, met, "/b.js ./a.js")
	require.Contains(t, met, "/a.js ./c.js")
	state, text := module("/bad.js", `await import("./nothing.js")`)
	require.Equal(t, engine.Rejected, state)
	require.Contains(t, text, "cannot find /nothing.js")
	do(t, e, func(s *engine.Scope) {
		_, err := s.EvalModule("/bad2.js", `import "./nothing.js"`)
		require.ErrorContains(t, err, "cannot find /nothing.js")
		_, err = s.EvalModule("/bad3.js", `import {nope} from "native"`)
		require.ErrorContains(t, err, "nope")
	})
}

func TestBytecodeRunsAsItsSource(t *testing.T) {
	e := newEngine(t, nil)
	var script, module []byte
	do(t, e, func(s *engine.Scope) {
		var err error
		script, err = s.Compile("lib.js", "\n(function (x) { if (x) throw new Error('x'); return 41 + 1 })")
		require.NoError(t, err)
		module, err = s.CompileModule("/m.js", "export const m = 'bytecode'")
		require.NoError(t, err)
		_, err = s.Compile("bad.js", "(")
		require.ErrorContains(t, err, "SyntaxError")
	})
	other := newEngine(t, &engine.Options{Load: func(*engine.Scope, string, string) (*engine.Module, error) {
		return &engine.Module{Bytecode: module}, nil
	}})
	do(t, other, func(s *engine.Scope) {
		fn, err := s.Run(script)
		require.NoError(t, err)
		v, err := fn.Call(s.Undefined())
		require.NoError(t, err)
		require.EqualValues(t, 42, v.Int())
		_, err = fn.Call(s.Undefined(), s.Bool(true))
		var x *engine.Exception
		require.ErrorAs(t, err, &x)
		require.Contains(t, x.Stack(), "lib.js:2")
		_, err = s.EvalModule("/main.js", `import {m} from "/m.js"; globalThis.m = m`)
		require.NoError(t, err)
		require.NoError(t, other.RunJobs())
	})
	require.Equal(t, "bytecode", eval(t, other, "m"))
}

func TestRejectionsAreReported(t *testing.T) {
	var told []string
	e := newEngine(t, &engine.Options{Rejection: func(_ *engine.Scope, promise, reason engine.Value, handled bool) {
		state, _ := promise.Promise()
		text, _ := reason.Convert()
		told = append(told, fmt.Sprint(text, " ", handled, " ", state == engine.Rejected))
	}})
	eval(t, e, `globalThis.p = Promise.reject("a")`)
	eval(t, e, `p.catch(() => {})`)
	require.NoError(t, e.RunJobs())
	require.Equal(t, []string{"a false true", "a true true"}, told)
}

func TestPromisesOfGo(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		promise, resolve, _ := s.Promise()
		require.NoError(t, s.Global().Set("p", promise))
		_, err := s.Eval("t.js", `p.then(v => { globalThis.got = v })`)
		require.NoError(t, err)
		state, _ := promise.Promise()
		require.Equal(t, engine.Pending, state)
		_, err = resolve.Call(s.Undefined(), s.Int(5))
		require.NoError(t, err)
		require.True(t, e.HasJobs())
		require.NoError(t, e.RunJobs())
	})
	require.Equal(t, "5", eval(t, e, "got"))
}

func TestValuesOfGoLiveAsLongAsTheirObjects(t *testing.T) {
	e := newEngine(t, nil)
	type thing struct{ name string }
	do(t, e, func(s *engine.Scope) {
		prototype := s.Object()
		require.NoError(t, prototype.Set("name", s.Function("name", func(c *engine.Call) (engine.Value, error) {
			x, ok := c.This().Native().(*thing)
			if !ok {
				return c.Undefined(), errors.New("not a thing")
			}
			return c.String(x.name), nil
		})))
		require.NoError(t, s.Global().Set("a", s.Native(prototype, &thing{"first"})))
	})
	require.Equal(t, "first", eval(t, e, "a.name()"))
	require.Equal(t, "not a thing", eval(t, e, "try { a.name.call({}) } catch (e) { e.message }"))
	require.Equal(t, "not a thing", eval(t, e, "try { a.name.call(1) } catch (e) { e.message }"))
	require.Equal(t, 1, engine.Natives(e))
	eval(t, e, "a = null")
	require.Zero(t, engine.Natives(e))
}

func TestKeptValuesOutliveTheirScope(t *testing.T) {
	e := newEngine(t, nil)
	var k engine.Kept
	require.True(t, k.IsZero())
	do(t, e, func(s *engine.Scope) {
		v, err := s.Eval("t.js", `let n = 0; () => ++n`)
		require.NoError(t, err)
		k = v.Keep()
	})
	for want := range 3 {
		do(t, e, func(s *engine.Scope) {
			v, err := s.Kept(k).Call(s.Undefined())
			require.NoError(t, err)
			require.EqualValues(t, want+1, v.Int())
		})
	}
	again := k
	e.Release(&k)
	e.Release(&again)
	do(t, e, func(s *engine.Scope) { require.True(t, s.Kept(again).IsUndefined()) })
}

func TestNothingGrows(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("f", s.Function("f", func(c *engine.Call) (engine.Value, error) {
			v, err := c.Arg(0).Get("x")
			if err != nil {
				return v, err
			}
			b, _ := c.Arg(1).Bytes()
			return c.Array(v, c.String("text"), c.Uint8Array(b)), errors.Join(nil)
		})))
	})
	round := func() {
		for range 200 {
			eval(t, e, `f({x: [1, {}]}, new Uint8Array(1000)).length; try { f(null) } catch {} ; Promise.resolve({}).then(x => x)`)
			require.NoError(t, e.RunJobs())
		}
		e.Collect()
	}
	round()
	before := e.Memory()
	round()
	require.InDelta(t, before, e.Memory(), 4096)
}

func TestAClosedEngineSaysSo(t *testing.T) {
	e, err := engine.New(nil)
	require.NoError(t, err)
	require.NoError(t, e.Do(func(*engine.Scope) error { require.Error(t, e.Close()); return nil }))
	require.NoError(t, e.Close())
	require.NoError(t, e.Close())
	require.ErrorIs(t, e.Do(func(*engine.Scope) error { return nil }), engine.ErrClosed)
	require.Zero(t, e.Memory())
}

func TestPropertiesWhoseNamesFindNoMemory(t *testing.T) {
	e := newEngine(t, &engine.Options{MemoryLimit: 4 << 20})
	name := strings.Repeat("x", 8<<20)
	do(t, e, func(s *engine.Scope) {
		o := s.Object()
		require.ErrorContains(t, o.Define(name, s.Int(1)), "out of memory")
		_, err := o.Has(name)
		require.ErrorContains(t, err, "out of memory")
		_, err = o.Get(name)
		require.ErrorContains(t, err, "out of memory")
		require.ErrorContains(t, o.Set(name, s.Int(1)), "out of memory")
		require.ErrorContains(t, o.Hide(name, s.Int(1)), "out of memory")
		keys, err := o.Keys()
		require.NoError(t, err)
		require.Empty(t, keys)
	})
}

func TestAPanicOfAGetterOfAnExceptionIsNotDelayed(t *testing.T) {
	for _, source := range []string{
		"const e = new Error('x'); Object.defineProperty(e, 'message', { get: boom }); throw e",
		"const e = new Error('x'); Object.defineProperty(e, 'stack', { get: boom }); throw e",
		"throw { toString: boom }",
	} {
		e := newEngine(t, nil)
		do(t, e, func(s *engine.Scope) {
			require.NoError(t, s.Global().Set("boom", s.Closure(func(*engine.Call) (engine.Value, error) { panic("boom") })))
		})
		require.PanicsWithValue(t, "boom", func() {
			_ = e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		}, source)
		require.Equal(t, "3", eval(t, e, "1 + 2"), source)
	}
}
