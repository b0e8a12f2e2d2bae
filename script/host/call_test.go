package host_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// served runs a host's loop on a goroutine of its own, as a server does, and returns the host. stop
// ends the loop and waits for its end.
func served(t *testing.T, source string, o *host.Options) (h *host.Host, loop *reactor.Loop, stop func()) {
	t.Helper()
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	h, err = host.New(loop, o)
	require.NoError(t, err)
	require.NoError(t, h.MainText(source, nil))
	release := loop.Hold()
	ended := make(chan error)
	go func() { // Ends with the loop; stop waits for it.
		_, err := h.Run()
		ended <- err
	}()
	return h, loop, sync.OnceFunc(func() {
		release()
		loop.Stop()
		require.NoError(t, <-ended)
		require.NoError(t, h.Close())
		require.NoError(t, loop.Close())
	})
}

// invoke returns a function for Host.Call that calls a global function of the script.
func invoke(name string, args ...string) func(*engine.Scope) (engine.Value, error) {
	return func(s *engine.Scope) (engine.Value, error) {
		all := make([]engine.Value, len(args))
		for i, text := range args {
			all[i] = s.String(text)
		}
		return s.Global().Invoke(name, all...)
	}
}

func TestOtherGoroutinesGetResultsOfPromises(t *testing.T) {
	h, _, stop := served(t, `
		globalThis.later = (text) => new Promise((resolve) => setTimeout(resolve, 1, text + '!'));
		globalThis.atOnce = (text) => text + '.';
		globalThis.throws = () => { throw new RangeError('at once') };
		globalThis.rejects = async () => { await null; throw new RangeError('later') };`, nil)
	defer stop()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for name, want := range map[string]string{"later": "a!", "atOnce": "a."} {
				var got string
				err := h.Call(t.Context(), invoke(name, "a"), func(v engine.Value) error {
					got = v.Text()
					return nil
				})
				if err != nil || got != want {
					t.Errorf("%s: %q, %v", name, got, err)
				}
			}
			for name, want := range map[string]string{"throws": "RangeError: at once", "rejects": "RangeError: later"} {
				err := h.Call(t.Context(), invoke(name), nil)
				x, ok := errors.AsType[*engine.Exception](err)
				if !ok || x.Message != want || x.Stack() == "" {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
	mine := errors.New("mine")
	require.ErrorIs(t, h.Call(t.Context(), func(*engine.Scope) (engine.Value, error) {
		return engine.Value{}, mine
	}, nil), mine)
	require.ErrorIs(t, h.Call(t.Context(), invoke("atOnce", ""), func(engine.Value) error { return mine }), mine)
	var kind engine.Kind
	require.NoError(t, h.Call(t.Context(), func(*engine.Scope) (engine.Value, error) { return engine.Value{}, nil },
		func(v engine.Value) error {
			kind = v.Kind()
			return nil
		}))
	require.Equal(t, engine.Undefined, kind)
}

func TestCallsEndWithTheScript(t *testing.T) {
	for name, end := range map[string]func(h *host.Host) error{
		"exit":      func(h *host.Host) error { return h.MainText("process.exit(3)", nil) },
		"exception": func(h *host.Host) error { return h.MainText("throw new Error('x')", nil) },
		"close":     func(h *host.Host) error { return h.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			h, loop, stop := served(t, "globalThis.never = () => new Promise(() => {})", &host.Options{Report: func(string) {}})
			defer stop()
			waits := make(chan error)
			for range 3 {
				// Ends with the script.
				go func() { waits <- h.Call(context.Background(), invoke("never"), nil) }()
			}
			for range 3 { // After the three calls, or before them; the answer is the same.
				require.NoError(t, loop.Do(t.Context(), func() {}))
			}
			require.NoError(t, loop.Post(func() { _ = end(h) }))
			for range 3 {
				require.ErrorIs(t, <-waits, host.ErrExited)
			}
			stop()
			require.ErrorIs(t, h.Call(t.Context(), invoke("never"), nil), reactor.ErrClosed)
		})
	}
}

// A call whose context is done leaves nothing behind, and its result function is not called.
func TestACallIsGivenUpWithItsContext(t *testing.T) {
	h, loop, stop := served(t, `
		const waiting = [];
		globalThis.wait = () => new Promise((resolve) => waiting.push(resolve));
		globalThis.answer = () => { for (const resolve of waiting.splice(0)) resolve('late') };`, nil)
	defer stop()
	late := errors.New("too late")
	for range 50 {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := h.Call(ctx, func(s *engine.Scope) (engine.Value, error) {
			require.NoError(t, loop.Post(func() { cancel(late) }))
			return s.Global().Invoke("wait")
		}, func(engine.Value) error {
			t.Error("nobody waits any more")
			return nil
		})
		require.ErrorIs(t, err, late)
	}
	require.NoError(t, h.Call(t.Context(), invoke("answer"), nil))
	waiting := 0
	require.NoError(t, loop.Do(t.Context(), func() { waiting = h.Waiting() }))
	require.Zero(t, waiting)
}

func TestAPanicOfAResultReachesBothSides(t *testing.T) {
	loop, err := reactor.New(&reactor.Options{OnPanic: func(any, []byte) {}})
	require.NoError(t, err)
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	release := loop.Hold()
	ended := make(chan error)
	go func() { // Ends with the loop, below.
		_, err := h.Run()
		ended <- err
	}()
	err = h.Call(t.Context(), func(s *engine.Scope) (engine.Value, error) { return s.Int(1), nil },
		func(engine.Value) error { panic("boom") })
	p, ok := errors.AsType[*reactor.PanicError](err)
	require.True(t, ok, err)
	require.Equal(t, "boom", p.Value)
	require.NoError(t, h.Call(t.Context(), func(s *engine.Scope) (engine.Value, error) { return s.Int(1), nil }, nil))
	release()
	require.NoError(t, <-ended)
	require.NoError(t, h.Close())
	require.NoError(t, loop.Close())
}

// The program that embeds a script can learn why it ended.
func TestAProgramLearnsWhyAScriptEnds(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	tooLong := errors.New("it takes too long")
	for _, row := range []struct {
		source, want string
		code         int
	}{
		{"throw new RangeError('of a script')", "RangeError: of a script", 1},
		{"Promise.reject(new TypeError('of nobody'))", "TypeError: of nobody", 1},
		{"process.on('uncaughtException', () => { throw new Error('of the handler') }); throw 1", "Error: of the handler", 7},
		{"interrupt(); for (;;);", "it takes too long", 130},
	} {
		var told string
		h, err := host.New(loop, &host.Options{Report: func(text string) { told += text }})
		require.NoError(t, err)
		require.NoError(t, h.Do(func(s *engine.Scope) error {
			return s.Global().Set("interrupt", s.Function("interrupt", func(c *engine.Call) (engine.Value, error) {
				h.Interrupt(tooLong)
				return c.Undefined(), nil
			}))
		}))
		_ = h.MainText(row.source, nil)
		code, err := h.Run()
		require.NoError(t, err)
		require.Equal(t, row.code, code, row.source)
		require.Contains(t, told, row.want, row.source)
		require.NoError(t, h.Close())
	}
}
