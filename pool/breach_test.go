package pool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// The first message only makes the worker ready, whatever it is. It is no answer to the first job,
// even if that was sent before it.
//
//brood:checks W010
func TestTheFirstMessageOfAForeignProgramIsNoAnswer(t *testing.T) {
	for _, first := range []string{`{"id":1,"result":"too early"}`, `{"id":"main","status":"up"}`, `{"id":5}`, `"up"`, `up`} {
		l := newLoop(t)
		p := newPool(t, l, script(t, pool.Options{Max: 1, Ready: pool.ReadyFirst}, `
echo '`+first+`' >&3
read job <&3
echo '{"id":1,"result":"well"}' >&3
read job <&3`))
		got := run(t, p, 1, nil)
		until(t, l, settled(got))
		require.Equal(t, "well", value[string](got), first)
		require.Equal(t, 1, got.result.Worker.Number, first)
		stop(t, l, p)
	}
}

//brood:checks W012
func TestAHugeConcurrencyIsBounded(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 2, Ahead: 4}, `
echo '{"ready":{"version":1,"concurrency":9223372036854775807}}' >&3
while read job <&3; do
	id=${job#*:}; id=${id%%,*}
	echo '{"id":'"$id"',"result":'"$id"'}' >&3
done`))
	ready(t, l, p, 2)
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	require.NoError(t, got.err)
	s := p.Stats()
	require.Positive(t, s.Slots)
	require.Positive(t, s.Free)
	require.GreaterOrEqual(t, s.Utilization, 0.)
	require.Less(t, s.Utilization, 0.5)
	stop(t, l, p)
}

// The pool does not wait for a worker that cannot be sent anything more, even if the worker does
// not exit.
//
//brood:checks W003
func TestAWorkerThatDoesNotReadIsKilled(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 1, Protocol: pool.StdLines, DisconnectGrace: time.Millisecond}, `
[ $BROOD_POOL_WORKER = 2 ] || exec <&-
echo '{"ready":true}'
[ $BROOD_POOL_WORKER = 2 ] || exec sleep 1000
read job
echo '{"id":1,"result":"well"}'
read job`))
	ended := exits(p)
	got := run(t, p, 1, nil)
	until(t, l, func() bool { return len(*ended) == 1 && got.called == 1 })
	crashOf(t, got)
	require.Equal(t, pool.ExitCrash, (*ended)[0].Reason)
	next := run(t, p, 2, nil)
	until(t, l, settled(next))
	require.Equal(t, "well", value[string](next))
	stop(t, l, p)
}

// The workers of two generations may have different methods. A job goes to a worker that has its
// method.
//
//brood:checks W064
func TestAJobWaitsForAWorkerThatHasItsMethod(t *testing.T) {
	wait, open := gateFile(t)
	const answers = `
while read job <&3; do
	id=${job#*:}; id=${id%%,*}
	case $job in
	*wait*) WAIT;;
	esac
	echo '{"id":'"$id"',"result":'"$BROOD_POOL_GENERATION"'}' >&3
done`
	old := script(t, pool.Options{Max: 2}, `echo '{"ready":{"version":1,"methods":["old"]}}' >&3`+answers)
	l := newLoop(t)
	p := newPool(t, l, old)
	ready(t, l, p, 2)
	next := script(t, pool.Options{}, `
[ $BROOD_POOL_WORKER = 3 ] || exec sleep 1000
echo '{"ready":{"version":1,"methods":["new"]}}' >&3`+strings.Replace(answers, "WAIT", wait, 1))
	renewed := false
	p.OnWorkerReady(func(w pool.Worker) { renewed = renewed || w.Number == 3 })
	done := reload(t, p, &pool.ReloadOptions{Module: next.Module, ExecPath: next.ExecPath})
	until(t, l, func() bool { return renewed && p.Stats().Starting == 1 })
	first := run(t, p, "wait", &pool.RunOptions{Method: "new"})
	second := run(t, p, 1, &pool.RunOptions{Method: "new", Key: "k"})
	none := run(t, p, 1, &pool.RunOptions{Method: "neither"})
	until(t, l, settled(none))
	require.ErrorIs(t, none.err, pool.ErrMethod)
	require.Zero(t, first.called+second.called)
	open()
	until(t, l, settled(first, second))
	require.Equal(t, 2, value[int](first))
	require.Equal(t, 2, value[int](second))
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
	require.Equal(t, 1, done.called)
}
