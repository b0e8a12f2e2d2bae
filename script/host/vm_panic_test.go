package host_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// A limit of module vm ends with its script, also if a function of Go panics in it.
func TestAPanicEndsTheLimitsOfAScript(t *testing.T) {
	w := newWorld(t, "const vm = require('vm'); vm.runInThisContext('1', { breakOnSigint: true })")
	require.NoError(t, w.Do(func(s *engine.Scope) error {
		return s.Global().Set("boom", s.Function("boom", func(*engine.Call) (engine.Value, error) { panic("boom") }))
	}))
	goroutines := runtime.NumGoroutine()
	require.PanicsWithValue(t, "boom", func() {
		_ = w.MainText("vm.runInThisContext('boom()', { timeout: 1, breakOnSigint: true })", nil)
	})
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	for at := time.Now(); time.Since(at) < 20*time.Millisecond; {
		require.NoError(t, w.MainText("1", nil), "the timeout interrupts another script")
	}
}
