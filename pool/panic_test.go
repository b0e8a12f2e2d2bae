package pool_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func TestAPanicInAnyListenerCostsNoOtherItsEvent(t *testing.T) {
	for _, protocol := range []pool.Protocol{pool.Messages, pool.Lines} {
		t.Run(protocol.String(), func(t *testing.T) {
			panics := map[any]int{}
			l := looptest.NewWith(t, reactor.Options{OnPanic: func(v any, _ []byte) { panics[v]++ }})
			o := one(pool.Options{MaxQueue: 2, StuckAfter: 20 * time.Millisecond})
			if protocol == pool.Lines {
				o.Self = ""
				o = script(t, *o, `
echo '{"ready":true}' >&3
echo garbage >&3
n=1
while read job <&3; do
	case $job in
	*exit*) echo dying >&2; exit 9;;
	*chunks*) printf '{"id":%s,"chunk":"0"}\n{"id":%s,"chunk":"1"}\n{"id":%s,"chunk":"2"}\n{"id":%s,"result":"chunks"}\n' $n $n $n $n >&3;;
	*progress*) printf '{"id":%s,"progress":1}\n{"id":%s,"progress":2}\n{"id":%s,"result":"progress"}\n' $n $n $n >&3;;
	*) sleep 0.1; echo '{"id":'$n',"result":1}' >&3;;
	esac
	n=$((n+1))
done
`)
			}
			o.Max = 1
			p := newPool(t, l, o)
			var calls = map[string]int{}
			boom := func(name string) {
				calls[name]++
				panic(name)
			}
			for i := range 2 {
				p.OnWorkerReady(func(pool.Worker) { boom(fmt.Sprint("ready", i)) })
				p.OnWorkerExit(func(*pool.WorkerExit) { boom(fmt.Sprint("exit", i)) })
				p.OnDrain(func() { boom(fmt.Sprint("drain", i)) })
				p.OnStuck(func(*pool.Task) { boom(fmt.Sprint("stuck", i)) })
				p.OnError(func(error) { boom(fmt.Sprint("error", i)) })
				p.OnCrashLoop(func(*pool.CrashLoopError) { boom(fmt.Sprint("loop", i)) })
			}
			run := func(job order) *pool.Task {
				task, err := p.Run(job, &pool.RunOptions{Retries: -1}, func(*pool.Result, error) { boom("done") })
				require.NoError(t, err)
				return task
			}
			done := 0
			next := func() {
				done++
				until(t, l, func() bool { return calls["done"] == done })
			}
			run(order{Do: "echo", MS: 100})
			next()
			chunks := run(order{Do: "chunks"})
			chunks.OnChunk(func(p []byte) { boom("chunk") })
			chunks.OnChunk(func(p []byte) { boom("chunk too") })
			next()
			require.Equal(t, []int{3, 3}, []int{calls["chunk"], calls["chunk too"]})
			progress := run(order{Do: "progress"})
			progress.OnProgress(func(*pool.Progress) { boom("progress") })
			progress.OnProgress(func(*pool.Progress) { boom("progress too") })
			next()
			require.NotZero(t, calls["progress"])
			require.Equal(t, calls["progress"], calls["progress too"])
			run(order{Do: "exit"})
			run(order{Do: "echo"})
			run(order{Do: "echo"})
			for range 3 {
				next()
			}
			told := false
			require.NoError(t, p.Broadcast(order{Do: "echo"}, nil, func([]pool.WorkerResult) { told = true; boom("broadcast") }))
			until(t, l, func() bool { return told })
			require.NoError(t, p.Reload(nil, func(error) { boom("reload") }))
			until(t, l, func() bool { return calls["reload"] == 1 })
			for range 2 {
				p.Stop(nil, func(*pool.StopReport) { boom("stop") })
			}
			require.NoError(t, l.Run())
			balanced(t, p)
			require.Equal(t, 2, calls["stop"])
			require.Equal(t, 3, calls["ready0"])
			require.Equal(t, 3, calls["exit0"])
			require.NotZero(t, calls["drain0"])
			require.NotZero(t, calls["stuck0"])
			if protocol == pool.Lines {
				require.NotZero(t, calls["error0"])
			}
			for _, name := range []string{"ready", "exit", "drain", "stuck", "error", "loop"} {
				require.Equal(t, calls[name+"0"], calls[name+"1"], name)
			}
			total := 0
			for name, n := range calls {
				require.Equal(t, n, panics[name], name)
				total += n
			}
			require.NotZero(t, total)
			require.Len(t, panics, len(calls), "%v", panics)
		})
	}
}

func TestWithoutOnPanicRunGoesOnAfterwards(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	ready(t, l, p, 1)
	done, heard := 0, 0
	for range 3 {
		task, err := p.Run(order{Do: "chunks"}, nil, func(*pool.Result, error) { done++; panic("done") })
		require.NoError(t, err)
		task.OnChunk(func([]byte) { heard++; panic("chunk") })
	}
	p.OnWorkerExit(func(*pool.WorkerExit) { panic("exit") })
	p.Stop(nil, func(*pool.StopReport) { panic("stop") })
	var seen []any
	deadline := time.Now().Add(looptest.HangLimit())
	for l.Alive() {
		require.True(t, time.Now().Before(deadline), "hangs")
		func() {
			defer func() {
				if v := recover(); v != nil {
					seen = append(seen, v)
				}
			}()
			_, _ = l.Poll(100 * time.Millisecond)
		}()
	}
	require.Equal(t, []int{3, 9}, []int{done, heard})
	require.Len(t, seen, 3+9+2, "%v", seen)
	balanced(t, p)
}

func TestADoneThatUsesThePool(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	left, settledInside := 50, 0
	var again func(*pool.Result, error)
	again = func(_ *pool.Result, err error) {
		require.NoError(t, err)
		balanced(t, p)
		if left--; left > 0 {
			task, err := p.Run(order{Do: "pid"}, nil, again)
			require.NoError(t, err)
			doomed, err := p.Run(order{Do: "silent"}, &pool.RunOptions{Key: "doomed"}, func(_ *pool.Result, err error) {
				require.ErrorIs(t, err, pool.ErrCancelled)
				settledInside++
			})
			require.NoError(t, err)
			doomed.Cancel(nil)
			_ = task
			return
		}
		p.Stop(nil, nil)
		_, err = p.Run(1, nil, again)
		_, failed := errors.AsType[*pool.OptionError](err)
		require.False(t, failed)
		require.ErrorIs(t, err, pool.ErrStopped)
	}
	_, err := p.Run(order{Do: "pid"}, nil, again)
	require.NoError(t, err)
	require.NoError(t, l.Run())
	require.Zero(t, left)
	require.Equal(t, 49, settledInside)
	require.Empty(t, p.Workers())
}
