package pool_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// scribble writes to p, so that the race detector finds a read at the same time.
func scribble(p []byte) {
	for i := range p[:4096] {
		p[i]++
	}
}

// copied is the size of an attachment whose copying takes longer than a turn of the loop.
const copied = 64 << 20

//brood:checks W072
func TestAnAttachmentIsTheCallersAgainWhenDoneIsCalled(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	ready(t, l, p, 1)
	data := make([]byte, copied)
	task, got := runTask(t, p, 1, &pool.RunOptions{Attach: data})
	task.Cancel(nil)
	task.Cancel(context.Canceled)
	balanced(t, p)
	until(t, l, settled(got))
	scribble(data)
	require.Equal(t, &pool.CancelError{Cause: pool.ErrCancelled}, got.err)
	stop(t, l, p)
}

//brood:checks W028 W072
func TestDoReturnsWhenTheAttachmentIsTheCallersAgain(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	ready(t, l, p, 1)
	data := make([]byte, copied)
	var err error
	ended := make(chan struct{})
	go func() { // It ends with the last call, which the test waits for.
		defer close(ended)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Millisecond, cancel)
		err = p.Do(ctx, 1, nil, &pool.RunOptions{Attach: data})
		scribble(data)
	}()
	until(t, l, func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	stop(t, l, p)
}

//brood:checks W072
func TestAClosedLoopReadsNoAttachments(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	ready(t, l, p, 1)
	data := make([]byte, copied)
	_, err := p.Run(1, &pool.RunOptions{Attach: data}, func(*pool.Result, error) {})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	stacks := make([]byte, 1<<20)
	require.NotContains(t, string(stacks[:runtime.Stack(stacks, true)]), "memoryFile", "it is still copied")
	scribble(data)
}

//brood:checks W005 W072
func TestABroadcastEndsWhenAWorkerDiesWhileItsAttachmentIsCopied(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	ready(t, l, p, 1)
	var got []pool.WorkerResult
	require.NoError(t, p.Broadcast(1, &pool.RunOptions{Attach: make([]byte, copied)}, func(r []pool.WorkerResult) { got = r }))
	require.True(t, p.Kill(p.Workers()[0].Number))
	until(t, l, func() bool { return got != nil })
	require.Error(t, got[0].Err)
	stop(t, l, p)
}
