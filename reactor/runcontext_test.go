package reactor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

func TestRunContextEndsWithTheContextAndTheLoopCanRunAgain(t *testing.T) {
	l := newLoop(t)
	timer := l.SetTimeout(time.Hour, func() {})
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	l.SetImmediate(func() { cancel(cause) })
	require.ErrorIs(t, l.RunContext(ctx), cause)
	require.True(t, l.Alive(), "nothing was lost")

	turns := l.Stats().Turns
	require.ErrorIs(t, l.RunContext(ctx), cause, "a context that has ended")
	require.Equal(t, turns, l.Stats().Turns)

	deadline, cancelDeadline := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancelDeadline()
	require.ErrorIs(t, l.RunContext(deadline), context.DeadlineExceeded)

	l.SetImmediate(func() { timer.Stop() })
	run(t, l)
	require.False(t, l.Alive(), "no context that has ended stops the next Run")
}

func TestRunContextReturnsNilWhenTheLoopEndsFirst(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	l.SetTimeout(time.Millisecond, func() {})
	require.NoError(t, l.RunContext(ctx))
	cancel()
	ran := false
	l.SetImmediate(func() { ran = true })
	run(t, l)
	require.True(t, ran, "the context was let go")
	require.NoError(t, l.RunContext(t.Context()), "nothing to do")
}

func TestRunContextReturnsNilAfterStop(t *testing.T) {
	l := newLoop(t)
	timer := l.SetInterval(0, l.Stop)
	require.NoError(t, l.RunContext(t.Context()))
	require.True(t, l.Alive())
	timer.Stop()
	l.SetImmediate(func() {})
	run(t, l)
	require.False(t, l.Alive())
}

// TestRunContextThatAPanicLeavesLetsGoOfItsContext: the end of the context afterwards must not stop
// a later Run.
func TestRunContextThatAPanicLeavesLetsGoOfItsContext(t *testing.T) {
	l := newLoop(t)
	ctx := &manualContext{Context: t.Context(), done: make(chan struct{})}
	l.SetImmediate(func() { panic("unwinds") })
	require.PanicsWithValue(t, "unwinds", func() { _ = l.RunContext(ctx) })
	ctx.end()
	ran := false
	l.SetImmediate(func() { ran = true })
	run(t, l)
	require.True(t, ran)
}

// TestRunContextInACallbackLeavesTheStopOfTheOuterOne: the inner one is refused, also when its
// context ends meanwhile.
func TestRunContextInACallbackLeavesTheStopOfTheOuterOne(t *testing.T) {
	l := newLoop(t)
	outer, cancel := context.WithCancel(t.Context())
	forever := l.SetInterval(time.Hour, func() {})
	l.SetImmediate(func() {
		cancel()
		looptest.Eventually(t, "the outer context asks the loop to stop", l.StopRequested)
		ctx, cancel := context.WithCancel(t.Context())
		inner := endingContext{ctx, cancel}
		require.ErrorIs(t, l.RunContext(inner), reactor.ErrRunning)
		require.True(t, l.StopRequested())
		forever.Unref()
	})
	require.ErrorIs(t, l.RunContext(outer), context.Canceled)
}

// endingContext ends right after it was asked whether it has.
type endingContext struct {
	context.Context
	cancel func()
}

func (c endingContext) Err() error {
	defer c.cancel()
	return c.Context.Err()
}

// manualContext notifies context.AfterFunc when end is called, before end returns.
type manualContext struct {
	context.Context
	done  chan struct{} // of its own, or context.AfterFunc would ask the one inside
	err   error
	after func()
}

func (c *manualContext) Done() <-chan struct{} { return c.done }
func (c *manualContext) Err() error            { return c.err }

func (c *manualContext) AfterFunc(fn func()) (stop func() bool) {
	c.after = fn
	return func() bool {
		waiting := c.after != nil
		c.after = nil
		return waiting
	}
}

func (c *manualContext) end() {
	c.err = context.Canceled
	if fn := c.after; fn != nil {
		c.after = nil
		fn()
	}
}
