package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// mixed uses most of the language, and passes the values to host.
const mixed = `
(function () {
  const kept = [];
  class A { #x = 1; get x() { return this.#x } static s = new A() }
  function* numbers() { yield* [1, 2, 3] }
  for (let i = 0; i < 100; i++) {
    kept.push({ i, s: 'x'.repeat(i), a: Array.from({ length: i % 17 }, (_, k) => k), m: new Map([[i, {}]]), w: new WeakMap([[kept, i]]) });
    kept.push(new Uint8Array(i), new A().x, [...numbers()], /a(b+)?(?<n>c)/u.exec('abbbc'), BigInt(i) ** 20n, Symbol('s' + i));
    kept.push(JSON.parse(JSON.stringify({ a: [i, { b: 'c' }] }, (k, v) => v)));
    try { null.x } catch (e) { kept.push(e) }
    kept.push(new Proxy({}, { get: (t, k) => k }).foo, new Function('a', 'return a + ' + i)(1), eval('({ a: ' + i + ' })'));
    host(kept, 'text' + i, new Uint8Array(10), () => i);
    (async () => { await i; for await (const x of [Promise.resolve(1)]) kept.push(x); throw new Error('no') })();
    kept.push([3, 1, 2].sort((a, b) => a - b).join(), 'a-b-c'.replace(/-/g, () => i), i.toString(36), new Date(i).toISOString());
  }
})()`

// use is a function of Go that makes values of every kind.
func use(c *engine.Call) (engine.Value, error) {
	n, err := c.Arg(0).Len()
	if err != nil {
		return c.Undefined(), err
	}
	v, err := c.Arg(0).Index(n / 2)
	if err != nil {
		return v, err
	}
	if v.IsObject() {
		v.OwnKeys(true)
		if _, err := v.Keys(); err != nil {
			return v, err
		}
	}
	o := c.Object()
	b, _ := c.Arg(2).Bytes()
	if err := errors.Join(o.Set("text", c.String(c.Arg(1).Text())), o.Set("bytes", c.Uint8Array(b)), o.Define("big", c.BigInt(1<<60))); err != nil {
		return v, err
	}
	promise, resolve, _ := c.Promise()
	if _, err := resolve.Call(c.Undefined(), o); err != nil {
		return v, err
	}
	if err := o.Set("native", c.Native(o, &n)); err != nil {
		return v, err
	}
	k := c.Arg(3).Keep()
	c.Engine().Release(&k)
	if n%3 == 0 {
		return v, nil
	}
	return c.Array(promise, o), nil
}

// A memory limit that is reached at any point is an error.
func TestMemoryMayEndAnywhere(t *testing.T) {
	ended, ran := 0, 0
	for limit := int64(100 << 10); limit < 3<<20; limit += 99_991 {
		e, err := engine.New(&engine.Options{MemoryLimit: limit, Rejection: func(_ *engine.Scope, _, reason engine.Value, _ bool) {
			_, _ = reason.Convert()
		}})
		if err != nil {
			ended++
			continue
		}
		err = runMixed(e)
		for range 1000 {
			if !e.HasJobs() {
				break
			}
			_ = e.RunJobs() // A job without memory fails; the next may run.
		}
		if err == nil {
			ran++
		} else {
			ended++
		}
		require.NoError(t, e.Close())
	}
	require.Positive(t, ended)
	require.Positive(t, ran)
}

func runMixed(e *engine.Engine) (err error) {
	defer func() {
		p := recover()
		if m, ok := p.(*engine.MemoryError); ok {
			err = m
		} else if p != nil {
			panic(p)
		}
	}()
	return e.Do(func(s *engine.Scope) error {
		if err := s.Global().Set("host", s.Function("host", use)); err != nil {
			return err
		}
		_, err := s.Eval("mixed.js", mixed)
		return err
	})
}

// callBack is a function of Go that calls its argument.
func callBack(c *engine.Call) (engine.Value, error) { return c.Arg(0).Call(c.Undefined()) }

func newWithCallBack(t *testing.T, o *engine.Options) *engine.Engine {
	t.Helper()
	e := newEngine(t, o)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("callBack", s.Function("callBack", callBack)))
	})
	return e
}

func TestAnInterruptionDoesNotTakeLong(t *testing.T) {
	for _, source := range []string{
		`for (;;) try { null.x } catch {}`, `for (;;) JSON.parse(JSON.stringify({ a: [1, 2, { b: 3 }] }, (k, v) => v))`,
		`(function p() { Promise.resolve().then(p) })()`, `(async () => { for (;;) await 1 })()`,
		`(async () => { async function* g() { for (;;) yield 1 } for await (const x of g()); })()`,
		`function f() { try { f() } catch { f() } } f()`, `function f() { try { f() } finally { f() } } f()`,
		`class A { constructor() { new A } } for (;;) try { new A } catch {}`, `for (;;) callBack(() => 1)`,
		`function f() { try { callBack(f) } catch { callBack(f) } } f()`, `for (;;) eval('1 + 1')`, `for (;;) 'x'.repeat(1000).split('')`,
		`new Set({ [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) })`, `for (;;) 'aXbXc'.replace(/X/g, (x) => x + 1)`,
	} {
		e := newWithCallBack(t, &engine.Options{MemoryLimit: 256 << 20, StackDepth: 3000})
		var at time.Time
		told := make(chan struct{})
		time.AfterFunc(50*time.Millisecond, func() {
			at = time.Now()
			e.Interrupt(nil)
			close(told)
		})
		err := e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		for err == nil {
			err = e.RunJobs()
		}
		<-told
		require.ErrorIs(t, err, engine.ErrInterrupted, source)
		// This took minutes when 10,000 errors were made between two checks.
		require.Less(t, time.Since(at), 5*time.Second, source)
	}
}

func TestRecursionOfAnyKindIsAnException(t *testing.T) {
	for _, source := range []string{
		`(function f() { f() })()`, `(function f() { [1].forEach(f) })()`, `(function f() { f.apply(null, [1, 2]) })()`, `(function f() { callBack(f) })()`,
		`const o = { toString() { return '' + o } }; '' + o`, `const p = new Proxy({}, { get(t, k, r) { return r[k] } }); p.x`,
		`function* g() { yield* g() } [...g()]`, `class A { constructor() { new A } } new A`, `function f() { return 'x'.replace(/x/, f) } f()`,
		`function f() { return JSON.stringify({ toJSON: f }) } f()`, `function f() { return [2, 1].sort(f) } f()`,
		`function f() { eval('f()') } f()`, `Object.defineProperty(globalThis, 'z', { get() { return z } }); z`, `JSON.parse('['.repeat(1e5))`,
		`eval('['.repeat(1e5))`, `eval('{'.repeat(1e5))`, `let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x`,
	} {
		e := newWithCallBack(t, &engine.Options{MemoryLimit: 512 << 20})
		err := e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", source); return err })
		require.Error(t, err, source)
		require.ErrorContains(t, err, "stack overflow", source)
		require.Equal(t, "3", eval(t, e, "1 + 2"), source)
	}
}

func TestRecursionIsAboutAsDeepAsInNode(t *testing.T) {
	e := newEngine(t, nil)
	require.Equal(t, "true", eval(t, e, `let n = 0; function f() { n++; f() } try { f() } catch {} n > 9000`))
}

func TestMisuseOfValuesIsAPanic(t *testing.T) {
	e, other := newEngine(t, nil), newEngine(t, nil)
	var kept engine.Value
	do(t, e, func(s *engine.Scope) { kept = s.Object() })
	misused := func(what string, fn func(s *engine.Scope)) {
		require.Panics(t, func() { _ = e.Do(func(s *engine.Scope) error { fn(s); return nil }) }, what)
		require.Equal(t, "3", eval(t, e, "1 + 2"), what)
	}
	misused("a value after its scope", func(*engine.Scope) { _, _ = kept.Get("x") })
	misused("an argument after its scope", func(s *engine.Scope) { _ = s.Object().Set("x", kept) })
	misused("a value of another engine", func(s *engine.Scope) {
		_ = other.Do(func(theirs *engine.Scope) error { return s.Object().Set("x", theirs.Object()) })
	})
	misused("a result of another call", func(s *engine.Scope) {
		_, _ = s.Function("f", func(*engine.Call) (engine.Value, error) { return kept, nil }).Call(s.Undefined())
	})
	do(t, e, func(s *engine.Scope) {
		a := s.Array(engine.Value{})
		first, err := a.Index(0)
		require.NoError(t, err)
		require.True(t, first.IsUndefined(), "the zero Value is undefined")
		require.Equal(t, engine.Undefined, engine.Value{}.Kind())
	})
}

func TestAClosedEngineDoesNothing(t *testing.T) {
	e, err := engine.New(nil)
	require.NoError(t, err)
	var k engine.Kept
	do(t, e, func(s *engine.Scope) {
		k = s.Object().Keep()
		require.Error(t, e.Close(), "a scope is open")
	})
	require.NoError(t, e.Close())
	require.NoError(t, e.Close())
	require.ErrorIs(t, e.Do(func(*engine.Scope) error { return nil }), engine.ErrClosed)
	require.ErrorIs(t, e.RunJobs(), engine.ErrClosed)
	e.Release(&k)
	e.Collect()
	e.StripSource()
	e.Interrupt(nil)
	e.Resume()
	require.Zero(t, e.Memory())
	require.Zero(t, e.Queued())
	require.False(t, e.HasJobs())
}

func TestAStackOutlivesItsScope(t *testing.T) {
	e := newWithCallBack(t, nil)
	err := e.Do(func(s *engine.Scope) error {
		_, err := s.Eval("where.js", "callBack(() => { throw new Error('x') })")
		return err
	})
	x, ok := errors.AsType[*engine.Exception](err)
	require.True(t, ok)
	require.Contains(t, x.Stack(), "where.js:1")
	require.Equal(t, "Error: x", x.Message)
}

func TestARejectionIsReportedAtTheEndOfTheStack(t *testing.T) {
	told := 0
	e := newEngine(t, &engine.Options{StackDepth: 1000, Rejection: func(s *engine.Scope, _, _ engine.Value, _ bool) {
		v, err := s.Eval("told.js", "(function f(n) { return n === 0 ? 1 : f(n - 1) })(100)")
		require.NoError(t, err)
		told += int(v.Int())
	}})
	eval(t, e, "async function f() { await f() } f()")
	require.Positive(t, told)
	require.ErrorContains(t, e.Do(func(s *engine.Scope) error { _, err := s.Eval("t.js", "(function f() { f() })()"); return err }), "stack overflow")
}
