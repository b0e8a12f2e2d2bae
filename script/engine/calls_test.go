package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// newCalls returns a queue that a script fills with put(fn, ...args).
func newCalls(t *testing.T, e *engine.Engine) *engine.Calls {
	t.Helper()
	q := e.NewCalls()
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("put", s.Function("put", func(c *engine.Call) (engine.Value, error) {
			return c.Undefined(), q.Put(c.Arg(0), c, 1)
		})))
	})
	return q
}

func TestDeferredCallsAreMadeInOrder(t *testing.T) {
	e := newEngine(t, nil)
	q := newCalls(t, e)
	eval(t, e, `globalThis.seen = [];
		const note = (...args) => { seen.push(args.join('+')); };
		put(note); put(note, 1); put(note, 'a', { toString: () => 'b' }, 3);
		put(() => { put(note, 'last'); for (let i = 0; i < 1000; i++) put(note, i); });
		put(() => { throw new Error('no'); });
		put(note, 'before last');`)
	failed := 0
	do(t, e, func(s *engine.Scope) {
		for !q.IsEmpty() {
			if err := q.Next(s); err != nil {
				require.EqualError(t, err, "Error: no")
				failed++
			}
		}
	})
	require.Equal(t, 1, failed)
	require.Equal(t, ",1,a+b+3,before last,last true", eval(t, e, "seen.slice(0, 5).join() + ' ' + seen.slice(5).every((text, i) => text === String(i))"))
}

func TestCallsThatDeferCallsDoNotGrow(t *testing.T) {
	e := newEngine(t, nil)
	q := newCalls(t, e)
	run := func(n int) int64 {
		eval(t, e, fmt.Sprintf("{ let n = %d; const step = (a) => { if (--n > 0) put(step, {}); return {}; }; put(step); put(step); }", n))
		do(t, e, func(s *engine.Scope) {
			for !q.IsEmpty() {
				require.NoError(t, q.Next(s))
			}
		})
		e.Collect()
		return e.Memory()
	}
	before := run(1000)
	require.Less(t, run(100_000), before+1<<14)
}

func TestCallsAreWithinTheLimitOfMemory(t *testing.T) {
	e := newEngine(t, &engine.Options{MemoryLimit: 8 << 20})
	q := newCalls(t, e)
	require.Error(t, e.Do(func(s *engine.Scope) error {
		_, err := s.Eval("t.js", "const f = () => {}; for (;;) put(f, 1)")
		return err
	}))
	do(t, e, func(s *engine.Scope) {
		for !q.IsEmpty() {
			require.NoError(t, q.Next(s))
		}
	})
	require.Less(t, e.Memory(), int64(1<<20), "an empty queue keeps little")
}

// Close frees queued calls; otherwise the engine reports a leak.
func TestQueuedCallsAreFreedWithTheEngine(t *testing.T) {
	e := newEngine(t, nil)
	newCalls(t, e)
	eval(t, e, "for (let i = 0; i < 100; i++) put(() => i, { i }, 'text' + i)")
}

func TestAPanicComesOutOfADeferredCall(t *testing.T) {
	e := newEngine(t, nil)
	q := newCalls(t, e)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("boom", s.Function("boom", func(*engine.Call) (engine.Value, error) { panic("boom") })))
	})
	eval(t, e, "put(boom, 1); put((a) => { globalThis.a = a; }, 7)")
	do(t, e, func(s *engine.Scope) {
		require.PanicsWithValue(t, "boom", func() { _ = q.Next(s) })
		require.NoError(t, q.Next(s))
	})
	require.Equal(t, "7", eval(t, e, "a"))
}

// ErrPassed keeps the exception of the called function unchanged.
func TestAPassedExceptionIsUnchanged(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("pass", s.Function("pass", func(c *engine.Call) (engine.Value, error) {
			return c.Pass(c.Arg(0), c.This(), 1)
		})))
	})
	require.Equal(t, "o,1,2,2", eval(t, e, "pass.call('o', function (a, b) { return [this, a, b, arguments.length].join(); }, 1, 2)"))
	require.Equal(t, "0", eval(t, e, "pass((...args) => args.length)"))
	require.Equal(t, "true untouched", eval(t, e, `{
		let touched = 'untouched';
		const error = Object.defineProperties(new Error('x'), { name: { get() { touched = 'name'; } }, message: { get() { touched = 'message'; } } });
		let caught;
		try { pass(() => { throw error; }); } catch (thrown) { caught = thrown; }
		(caught === error) + ' ' + touched;
	}`))
	require.Equal(t, "not a function", eval(t, e, "try { pass(); } catch (error) { error.message }"))
	require.Equal(t, "InternalError: stack overflow", eval(t, e, "const again = () => pass(again); try { again(); } catch (error) { String(error) }"))
	for _, source := range []string{"try { pass(() => { for (;;); }) } catch {}", "pass(() => { for (;;); })"} {
		e.Interrupt(nil)
		require.ErrorIs(t, e.Do(func(s *engine.Scope) error {
			_, err := s.Eval("t.js", source)
			return err
		}), engine.ErrInterrupted)
		e.Resume()
	}
}

func TestJobsAreQueuedWithReactions(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("queue", s.Function("queue", func(c *engine.Call) (engine.Value, error) {
			return c.Undefined(), c.Enqueue(c.Arg(0))
		})))
	})
	eval(t, e, `globalThis.seen = [];
		queue((...args) => { seen.push('a' + args.length); queue(() => { seen.push('d'); }); });
		Promise.resolve().then(() => { seen.push('b'); });
		queue(() => { throw new Error('no'); });
		queue(() => { seen.push('c'); });`)
	require.EqualError(t, e.RunJobs(), "Error: no")
	require.NoError(t, e.RunJobs())
	require.Equal(t, "a0,b,c,d", eval(t, e, "seen.join()"))
}
