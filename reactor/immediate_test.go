package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

func TestAStoppedImmediateDoesNotRun(t *testing.T) {
	l := newLoop(t)
	var j journal
	i := l.SetImmediate(j.Note("stopped"))
	require.True(t, i.Stop())
	require.False(t, i.Stop())
	require.False(t, l.Alive())
	run(t, l)

	var second *reactor.Immediate
	l.SetImmediate(func() {
		j.Add("first")
		require.True(t, second.Stop(), "in the phase that would have run it")
	})
	second = l.SetImmediate(j.Note("second"))
	l.SetImmediate(j.Note("third"))
	run(t, l)
	j.Wants(t, "first third")
	require.False(t, second.Stop(), "stopped before")
}

func TestAnImmediateThatRanIsNotStopped(t *testing.T) {
	l := newLoop(t)
	var i *reactor.Immediate
	i = l.SetImmediate(func() { require.False(t, i.Stop(), "it runs") })
	run(t, l)
	require.False(t, i.Stop())
	require.Zero(t, l.Stats().Refs)
}

func TestAnUnreffedImmediateDoesNotKeepRunAliveButRunsWithTheNextTurn(t *testing.T) {
	l := newLoop(t)
	ran := false
	i := l.SetImmediate(func() { ran = true })
	i.Unref()
	i.Unref()
	require.False(t, l.Alive())
	run(t, l)
	require.False(t, ran)
	i.Ref()
	i.Ref()
	require.Equal(t, 1, l.Stats().Refs)
	i.Unref()
	l.SetTimeout(time.Hour, func() {}).Reset(0)
	run(t, l)
	require.True(t, ran)
	i.Ref()
	i.Unref()
	i.Unref()
	require.Zero(t, l.Stats().Refs, "an immediate that ran counts no more")
}
