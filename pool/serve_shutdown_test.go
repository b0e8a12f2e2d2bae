package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func (p *scriptedParent) kill(s syscall.Signal) {
	p.t.Helper()
	sent, err := p.child.Kill(s)
	require.NoError(p.t, err)
	require.True(p.t, sent)
}

//brood:checks W086
func TestWorkersIgnoreInterrupts(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode)
		p.next()
		for id := 1; id <= 3; id++ {
			p.kill(syscall.SIGINT)
			p.send(fmt.Sprintf(`{"id":%d,"job":"x"}`, id))
			p.expect(fmt.Sprintf(`{"id":%d,"result":"x"}`, id))
		}
		p.disconnect()
	}
}

//brood:checks W086
func TestAtDisconnectRunningJobsFinishAndTeardownRuns(t *testing.T) {
	p := startHelper(t, "serve", "concurrency=2", "teardown=now", "grace=100")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`, `{"id":2,"method":"wait","job":"b"}`, `{"id":3,"method":"retire"}`)
	p.expectAll(`{"id":1,"progress":"begun"}`, `{"id":2,"progress":"begun"}`)
	p.disconnect()
	require.Equal(t, "teardown now\n", p.stderr.String(), "and no complaint")
}

//brood:checks W086
func TestAtSIGTERMTheParentGetsTheAnswersAndNothingNewIsBegun(t *testing.T) {
	p := startHelper(t, "serve", "concurrency=2", "teardown=now", "grace=-1")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`, `{"id":2,"method":"wait","job":"b"}`, `{"id":3,"method":"about"}`)
	p.expectAll(`{"id":1,"progress":"begun"}`, `{"id":2,"progress":"begun"}`)
	p.kill(syscall.SIGTERM)
	p.expect(`{"retire":true}`)
	p.send(`{"id":4,"job":"too late"}`, `{"id":1,"cancel":"x"}`, `{"ping":5}`)
	p.expectAll(`{"pong":5}`, `{"id":1,"error":{"message":"pool: job cancelled: x","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	p.kill(syscall.SIGTERM) // It cuts the grace short.
	p.expect(`{"id":2,"error":{"message":"pool: the worker was told to end"}}`)
	p.expectExit(0)
	require.True(t, p.gone)
	require.Equal(t, "teardown now\n", p.stderr.String())
}

//brood:checks W086
func TestAnIdleWorkerExitsAtSIGTERM(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode, "teardown=now")
		p.next()
		p.kill(syscall.SIGTERM)
		p.expect(`{"retire":true}`)
		p.expectExit(0)
		require.Equal(t, "teardown now\n", p.stderr.String())
	}
}

//brood:checks W086
func TestAPanicInTeardownIsReportedAndTheWorkerExits(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode, "teardown=panic")
		p.next()
		p.disconnect()
		require.Equal(t, "teardown panic\nerror: pool: teardown: panic: panic\n", p.stderr.String())
	}
}

// Otherwise a timer of the worker would keep the loop alive for ever.
func TestShutdownStopsTheLoopWhateverIsOnIt(t *testing.T) {
	p := startHelper(t, "serve-timer")
	p.next()
	p.disconnect()
}

func TestAWorkerWhoseParentIsGoneExits(t *testing.T) {
	p := startHelper(t, "serve", "grace=50", "teardown=now")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.child.Channel().Destroy()
	p.expectExit(0)
	require.Equal(t, "teardown now\n", p.stderr.String())
}

// Answers that the parent does not read are dropped after Grace.
func TestAfterSIGTERMAWorkerLeavesAParentThatDoesNotRead(t *testing.T) {
	p := startHelper(t, "serve", "grace=50", "teardown=now")
	p.next()
	p.child.Channel().Pause()
	for id := 1; !p.child.NeedDrain(); id++ {
		p.send(fmt.Sprintf(`{"id":%d,"job":"%01000d"}`, id, 0))
		_, err := p.loop.Poll(0)
		require.NoError(t, err)
	}
	p.kill(syscall.SIGTERM)
	p.until("its exit", func() bool { _, exited := p.child.Status(); return exited })
	p.child.Channel().Resume()
	p.until("its end", func() bool { return p.status != nil })
	p.got = nil
	p.expectExit(0)
	require.Equal(t, "teardown now\n", p.stderr.String())
}

func init() {
	helperproc.Register("serve-timer", func([]string) {
		l, err := reactor.New(looptest.Options())
		if err != nil {
			panic(err)
		}
		parent, err := ipc.Parent(l)
		if err != nil {
			panic(err)
		}
		l.SetTimeout(time.Hour, func() {})
		if err := pool.Serve(l, parent, pool.Handlers{"": nothing}); err != nil {
			panic(err)
		}
		if err := l.Run(); err != nil {
			panic(err)
		}
	})
}

func nothing(context.Context, *pool.Job) (any, error) { return nil, nil }

// channels returns a worker's channel and the parent's end of it, both on l.
func channels(t *testing.T, l *reactor.Loop, o *ipc.Options) (worker, parent *ipc.Channel) {
	t.Helper()
	var ends [2]*ipc.Channel
	x, y, err := fd.SocketPair()
	require.NoError(t, err)
	for i, end := range []int{x, y} {
		ends[i], err = ipc.New(l, end, o)
		require.NoError(t, err)
	}
	return ends[0], ends[1]
}

func TestServeRefusesInvalidOptions(t *testing.T) {
	l := looptest.New(t)
	worker, parent := channels(t, l, nil)
	advanced, other := channels(t, l, &ipc.Options{Serialization: ipc.Advanced})
	h := pool.Handlers{"": nothing}
	for _, c := range []struct {
		loop   *reactor.Loop
		parent *ipc.Channel
		h      pool.Handlers
		o      *pool.ServeOptions
		want   string
	}{
		{nil, worker, h, nil, "pool: loop is nil"},
		{l, nil, h, nil, "pool: parent is nil"},
		{l, advanced, h, nil, "pool: parent has the serialization advanced: jobs are JSON"},
		{l, worker, nil, nil, "pool: handlers are none"},
		{l, worker, pool.Handlers{"a": nil}, nil, `pool: handlers["a"] is nil`},
		{l, worker, h, &pool.ServeOptions{Concurrency: -1}, "pool: Concurrency is negative"},
		{l, worker, h, &pool.ServeOptions{MaxQueue: -1}, "pool: MaxQueue is negative"},
		{l, worker, h, &pool.ServeOptions{MaxQueueBytes: -1}, "pool: MaxQueueBytes is negative"},
	} {
		err := pool.ServeWith(c.loop, c.parent, c.h, c.o)
		_, ok := errors.AsType[*pool.OptionError](err)
		require.True(t, ok, "%v", err)
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, syscall.EINVAL)
	}
	require.NoError(t, pool.Serve(l, worker, h))
	require.EqualError(t, pool.Serve(l, worker, h), "pool: loop has a worker already")
	for _, c := range []*ipc.Channel{worker, parent, advanced, other} {
		c.Destroy()
	}
	looptest.Run(t, l)
}

func TestServeOnAClosedChannelIsAnError(t *testing.T) {
	l := looptest.New(t)
	worker, parent := channels(t, l, nil)
	worker.Destroy()
	parent.Destroy()
	require.ErrorIs(t, pool.Serve(l, worker, pool.Handlers{"": nothing}), ipc.ErrChannelClosed)
	looptest.Run(t, l)
}

// No handler is left, and their contexts have the reason.
func TestClosingTheLoopEndsTheHandlers(t *testing.T) {
	l := looptest.New(t)
	worker, parent := channels(t, l, nil)
	begun, cause := make(chan struct{}), make(chan error)
	require.NoError(t, pool.Serve(l, worker, pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
		close(begun)
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return pool.Reply{Attach: []byte("to nobody")}, j.Progress(1)
	}}))
	require.NoError(t, parent.Send(map[string]any{"id": 1}))
	require.NoError(t, parent.Send(map[string]any{"id": 2}))
	for waiting := true; waiting; {
		_, err := l.Poll(time.Millisecond)
		require.NoError(t, err)
		select {
		case <-begun:
			waiting = false
		default:
		}
	}
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-cause, reactor.ErrClosed)
	require.ErrorIs(t, reactor.ErrClosed, os.ErrClosed)
}
