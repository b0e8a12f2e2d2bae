package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// benchmark calls body in a scope with the value of a script.
func benchmark(b *testing.B, source string, body func(s *engine.Scope, v engine.Value) error) {
	e := newEngine(b, nil)
	b.ReportAllocs()
	require.NoError(b, e.Do(func(s *engine.Scope) error {
		require.NoError(b, s.Global().Set("nothing", s.Function("nothing", func(c *engine.Call) (engine.Value, error) {
			return c.Undefined(), nil
		})))
		v, err := s.Eval("b.js", source)
		require.NoError(b, err)
		return body(s, v)
	}))
}

// BenchmarkCall calls a function of JavaScript from Go, each time in a scope of its own, as an
// event of the loop does.
func BenchmarkCall(b *testing.B) {
	e := newEngine(b, nil)
	var fn engine.Kept
	require.NoError(b, e.Do(func(s *engine.Scope) error {
		v, err := s.Eval("b.js", "(a, b) => {}")
		fn = v.Keep()
		return err
	}))
	b.ReportAllocs()
	call := func(s *engine.Scope) error {
		_, err := s.Kept(fn).Call(s.Undefined(), s.Int(1), s.Int(2))
		return err
	}
	for b.Loop() {
		if err := e.Do(call); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCallback calls a function of Go from JavaScript.
func BenchmarkCallback(b *testing.B) {
	benchmark(b, "(n) => { for (let i = 0; i < n; i++) nothing(i); }", func(s *engine.Scope, v engine.Value) error {
		_, err := v.Call(s.Undefined(), s.Int(int64(b.N)))
		return err
	})
}

// BenchmarkLoop is the loop of BenchmarkCallback without its calls.
func BenchmarkLoop(b *testing.B) {
	benchmark(b, "(n) => { for (let i = 0; i < n; i++); }", func(s *engine.Scope, v engine.Value) error {
		_, err := v.Call(s.Undefined(), s.Int(int64(b.N)))
		return err
	})
}

// BenchmarkJob runs the reaction of a promise.
func BenchmarkJob(b *testing.B) {
	benchmark(b, "(n) => { const step = () => { if (--n > 0) Promise.resolve().then(step); }; step(); }", func(s *engine.Scope, v engine.Value) error {
		if _, err := v.Call(s.Undefined(), s.Int(int64(b.N))); err != nil {
			return err
		}
		return s.Engine().RunJobs()
	})
}

// BenchmarkPlainJSON makes the value of a small message, and frees it.
func BenchmarkPlainJSON(b *testing.B) {
	e := newEngine(b, nil)
	text := []byte(`{"n":100,"s":"the quick brown fox"}`)
	b.ReportAllocs()
	read := func(s *engine.Scope) error {
		if _, ok := s.PlainJSON(text); !ok {
			b.Fatal("it is not plain")
		}
		return nil
	}
	for b.Loop() {
		if err := e.Do(read); err != nil {
			b.Fatal(err)
		}
	}
}
