package childprocess_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// A child that does not exit by itself is killed by its time-out.
//
//brood:checks N062
func TestATimeoutSendsTheKillSignal(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal childprocess.Signal
		want   childprocess.Signal
	}{
		{"by default SIGTERM", 0, syscall.SIGTERM},
		{"SIGKILL", syscall.SIGKILL, syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.Options{Timeout: time.Millisecond, KillSignal: c.signal}
			p := startWith(t, l, o, "wait")
			ev := events(p)
			run(t, l)
			name := statusText(childprocess.ExitStatus{Code: -1, Signal: c.want})
			require.Equal(t, []string{"spawn", "exit " + name, "close " + name}, ev.process())
			require.ErrorIs(t, ev.status.Cause, childprocess.ErrTimeout)
			require.ErrorIs(t, ev.status.Cause, syscall.ETIMEDOUT)
			require.ErrorIs(t, ev.status.Cause, os.ErrDeadlineExceeded)
			require.False(t, ev.status.Forced)
			require.True(t, p.Killed())
		})
	}
}

//brood:checks S054
func TestATimeoutThatDoesNotFireLeavesNoTimer(t *testing.T) {
	l := newLoop(t)
	p := startWith(t, l, &childprocess.Options{Timeout: time.Hour, KillGrace: time.Hour, CloseGrace: time.Hour}, "exit", "3")
	ev := events(p)
	run(t, l) // It returns, so no timer keeps the loop alive.
	require.Equal(t, 3, ev.status.Code)
	require.NoError(t, ev.status.Cause)
	require.False(t, p.Killed())
}

var errReason = errors.New("the reason")

// contextWithCancel returns a context whose cancel gives errReason as the cause.
func contextWithCancel(t testing.TB) (ctx context.Context, cancel func()) {
	ctx, cancelCause := context.WithCancelCause(t.Context())
	return ctx, func() { cancelCause(errReason) }
}

// whenReady calls fn at the first byte of the child's stdout.
func whenReady(c *childprocess.ChildProcess, fn func()) {
	said := false
	c.Stdout.OnData(func([]byte) {
		if !said {
			said = true
			fn()
		}
	})
}

//brood:checks N064 N066
func TestTheErrorOfADoneContextComesBeforeExit(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	p := startWith(t, l, &childprocess.Options{Context: ctx, KillSignal: syscall.SIGKILL}, "wait")
	ev := events(p)
	p.Stdout.OnData(func([]byte) { cancel(errReason) })
	run(t, l)
	require.Equal(t, []string{"spawn", "error " + ev.err.Error(), "exit SIGKILL", "close SIGKILL"}, ev.process())
	aborted, ok := errors.AsType[*childprocess.AbortError](ev.err)
	require.True(t, ok)
	require.Equal(t, &childprocess.AbortError{Op: "spawn", File: p.SpawnFile(), Err: context.Canceled, Cause: errReason}, aborted)
	require.ErrorIs(t, ev.err, context.Canceled)
	require.ErrorIs(t, ev.err, errReason)
	require.Equal(t, ev.err, ev.status.Cause)
}

//brood:checks N065
func TestAContextThatIsDoneBefore(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ev := events(startWith(t, l, &childprocess.Options{Context: ctx}, "wait"))
	run(t, l)
	require.Equal(t, []string{"spawn", "error " + ev.err.Error(), "exit SIGTERM", "close SIGTERM"}, ev.process())
	require.ErrorIs(t, ev.err, context.Canceled)
}

//brood:checks N066
func TestAContextThatEndsAfterExitIsNoError(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	ev := events(startWith(t, l, &childprocess.Options{Context: ctx}, "exit", "0"))
	ev.c.OnExit(func(childprocess.ExitStatus) { cancel() })
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.NoError(t, ev.status.Cause)
}

//brood:checks N063
func TestAChildThatExitsStopsWatchingItsContext(t *testing.T) {
	l := newLoop(t)
	ctx := &countedContext{Context: t.Context(), done: make(chan struct{})}
	p := startWith(t, l, &childprocess.Options{Context: ctx}, "exit", "0")
	require.Equal(t, 1, ctx.registered)
	p.OnExit(func(childprocess.ExitStatus) { require.Equal(t, 1, ctx.stopped) })
	run(t, l)
	require.Equal(t, 1, ctx.registered)
	require.Equal(t, 1, ctx.stopped)
}

// countedContext counts the calls of AfterFunc with it, and those of their stop functions.
type countedContext struct {
	context.Context
	// its own, because with the channel of a context of package context, that package takes a
	// shortcut to that one and does not call AfterFunc
	done                chan struct{}
	registered, stopped int
}

func (c *countedContext) Done() <-chan struct{} { return c.done }

func (c *countedContext) AfterFunc(func()) (stop func() bool) {
	c.registered++
	return func() bool { c.stopped++; return true }
}
