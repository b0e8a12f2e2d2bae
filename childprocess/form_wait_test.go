package childprocess_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// waited is the result of one call of Wait.
type waited struct {
	status childprocess.ExitStatus
	err    error
}

// waiting calls Wait on a goroutine that ends with it.
func waiting(ctx context.Context, c *childprocess.ChildProcess) <-chan waited {
	result := make(chan waited, 1)
	go func() {
		s, err := c.Wait(ctx)
		result <- waited{s, err}
	}()
	return result
}

//brood:checks S041
func TestWaitFromManyGoroutinesIsClose(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "9")
	var closed childprocess.ExitStatus
	c.OnClose(func(s childprocess.ExitStatus) { closed = s })
	var results []<-chan waited
	for range 64 {
		results = append(results, waiting(context.Background(), c))
	}
	run(t, l)
	require.Equal(t, 9, closed.Code)
	for _, r := range results {
		require.Equal(t, waited{closed, nil}, <-r)
	}
	for range 2 { // A second call returns the same.
		s, err := c.Wait(context.Background())
		require.NoError(t, err)
		require.Equal(t, closed, s)
	}
}

//brood:checks S041
func TestWaitIsForCloseAndNotForExit(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "out")
	c.Stdout.Pause()
	result := waiting(context.Background(), c)
	c.OnExit(func(childprocess.ExitStatus) {
		select {
		case w := <-result:
			require.Fail(t, "it has not closed", "%+v", w)
		default:
		}
	})
	read := false
	c.Stdout.OnEnd(func() { read = true })
	run(t, l)
	w := <-result
	require.NoError(t, w.err)
	require.True(t, w.status.Success())
	require.True(t, read)
}

//brood:checks S041
func TestWaitEndsWithItsContext(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	reason := errors.New("not any more")
	ctx, cancel := context.WithCancelCause(context.Background())
	result := waiting(ctx, c)
	c.Stdout.OnData(func([]byte) {
		cancel(reason)
		w := <-result
		require.Equal(t, reason, w.err)
		require.Equal(t, childprocess.ExitStatus{Code: -1, Running: true}, w.status)
		c.Stdin.End()
	})
	run(t, l)
	// After the end, Wait returns the status even if its context has ended.
	s, err := c.Wait(ctx)
	require.NoError(t, err)
	require.True(t, s.Success())
}

//brood:checks S041
func TestWaitReturnsWhyAChildWasNotStarted(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/does/not/exist", nil, nil)
	result := waiting(context.Background(), c)
	ev := events(c)
	run(t, l)
	w := <-result
	require.ErrorIs(t, w.err, os.ErrNotExist)
	require.Equal(t, ev.err, w.err)
	require.Equal(t, childprocess.ExitStatus{Code: -1, NotStarted: ev.err}, w.status)
}

//brood:checks S046
func TestWaitEndsWithTheLoop(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	c.Unref()
	result := waiting(context.Background(), c)
	run(t, l)
	require.NoError(t, l.Close())
	w := <-result
	require.ErrorIs(t, w.err, reactor.ErrClosed)
	awaitNoSurvivor(t)
}

//brood:checks S046
func TestWaitEndsWithTheLoopAlsoBetweenExitAndClose(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "for another child")
	_, err := c.Stdout.Lend() // A lent stream is not drained at the exit, so it does not close.
	require.NoError(t, err)
	ev := events(c)
	result := waiting(context.Background(), c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0"}, ev.process())
	require.NoError(t, l.Close())
	w := <-result
	require.ErrorIs(t, w.err, reactor.ErrClosed)
	require.Equal(t, ev.status, w.status)
	require.Equal(t, []string{"spawn", "exit 0"}, ev.process())
}

func TestWaitInACallbackPanicsUntilCloseHasCome(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	calls := 0
	refused := func() {
		calls++
		require.PanicsWithValue(t, "childprocess: Wait on the loop goroutine: it would wait for itself", func() {
			_, _ = c.Wait(context.Background())
		})
	}
	c.OnSpawn(func() {
		refused()
		c.Stdin.End()
	})
	c.OnExit(func(childprocess.ExitStatus) { refused() })
	c.OnClose(func(childprocess.ExitStatus) {
		refused()
		l.SetImmediate(func() {
			calls++
			s, err := c.Wait(context.Background())
			require.NoError(t, err)
			require.True(t, s.Success())
		})
	})
	run(t, l)
	require.Equal(t, 4, calls)
}
