package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// deep calls fn under n frames more.
func deep(n int, fn func() bool) bool {
	if n == 0 {
		return fn()
	}
	return deep(n-1, fn)
}

func TestInCallbackIsTrueInEveryKindOfCallback(t *testing.T) {
	l := newLoop(t)
	require.False(t, reactor.InCallback())
	calls := 0
	callback := func() {
		calls++
		for _, n := range []int{0, 40, 60, 61, 62, 63, 64, 65, 500} {
			require.True(t, deep(n, reactor.InCallback), "%d deep", n)
		}
		beside := make(chan bool)
		go func() { beside <- reactor.InCallback() }() // Ends at once.
		require.False(t, <-beside)
	}
	l.NextTick(callback)
	l.SetImmediate(callback)
	l.SetTimeout(0, callback)
	l.QueueClosing(callback)
	require.NoError(t, l.Post(callback))
	require.NoError(t, l.Run())
	l.NextTick(callback)
	_, err := l.Poll(0)
	require.NoError(t, err)
	require.Equal(t, 6, calls)
	require.False(t, deep(200, reactor.InCallback))
}
