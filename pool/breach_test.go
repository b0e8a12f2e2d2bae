package pool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
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

// halfReloaded returns a pool in the middle of a reload to a program with other methods. Workers 2
// to n have the method old, worker n+1 has the method new, and worker n+2 does not become ready. A
// job "wait" is answered after open, "nap" a little later, and "die" in its second run.
func halfReloaded(t *testing.T, l *reactor.Loop, n int) (p *pool.Pool, done *outcome, open func()) {
	t.Helper()
	wait, open := gateFile(t)
	answers := `
while read -r job <&3; do
	id=${job#*:}; id=${id%%,*}
	case $job in
	*attempt*) ;;
	*wait*) ` + wait + `;;
	*nap*) sleep 0.1;;
	*die*) exit 1;;
	esac
	echo '{"id":'"$id"',"result":0}' >&3
done`
	before := script(t, pool.Options{Max: n, Retries: 1}, `echo '{"ready":{"version":1,"methods":["old"]}}' >&3`+answers)
	after := script(t, pool.Options{}, fmt.Sprintf(`
[ $BROOD_POOL_WORKER = %d ] || exec sleep 1000
echo '{"ready":{"version":1,"methods":["new"]}}' >&3`, n+1)+answers)
	p = newPool(t, l, before)
	ready(t, l, p, n)
	renewed := false
	p.OnWorkerReady(func(w pool.Worker) { renewed = renewed || w.Number == n+1 })
	done = reload(t, p, &pool.ReloadOptions{Module: after.Module, ExecPath: after.ExecPath})
	until(t, l, func() bool { return renewed && p.Stats().Starting == 1 })
	return p, done, open
}

// stopNow stops a pool whose workers do not exit by themselves.
func stopNow(t *testing.T, l *reactor.Loop, p *pool.Pool) {
	t.Helper()
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
}

// The workers of two generations may have different methods. A job goes to a worker that has its
// method.
//
//brood:checks W064
func TestAJobWaitsForAWorkerThatHasItsMethod(t *testing.T) {
	l := newLoop(t)
	p, done, open := halfReloaded(t, l, 2)
	first := run(t, p, "wait", &pool.RunOptions{Method: "new"})
	second := run(t, p, 1, &pool.RunOptions{Method: "new", Key: "k"})
	none := run(t, p, 1, &pool.RunOptions{Method: "neither"})
	until(t, l, settled(none))
	require.ErrorIs(t, none.err, pool.ErrMethod)
	require.Zero(t, first.called+second.called)
	open()
	until(t, l, settled(first, second))
	require.Equal(t, 3, resultOf(first).Worker.Number)
	require.Equal(t, 3, resultOf(second).Worker.Number)
	stopNow(t, l, p)
	require.Equal(t, 1, done.called)
}

//brood:checks W064
func TestASuspectGoesToAWorkerThatHasItsMethod(t *testing.T) {
	l := newLoop(t)
	p, _, _ := halfReloaded(t, l, 3)
	again := run(t, p, "die", &pool.RunOptions{Method: "old"})
	until(t, l, settled(again))
	require.NoError(t, again.err)
	require.Equal(t, 2, again.result.Runs)
	stopNow(t, l, p)
}

//brood:checks W005 W064
func TestAKeyIsBoundToAWorkerThatHasTheMethod(t *testing.T) {
	l := newLoop(t)
	p, _, open := halfReloaded(t, l, 3)
	old := func(job, key string) *outcome { return run(t, p, job, &pool.RunOptions{Method: "old", Key: key}) }
	busy, short := old("wait", ""), old("nap", "")
	first := old("", "k")
	until(t, l, settled(short))
	second, marker := old("", "k"), old("", "")
	until(t, l, func() bool { return second.called+marker.called > 0 })
	require.Zero(t, first.called+second.called, "another worker is idle, but theirs lives")
	open()
	until(t, l, settled(busy, first, second))
	require.Equal(t, resultOf(busy).Worker, resultOf(first).Worker)
	require.Equal(t, resultOf(busy).Worker, resultOf(second).Worker)
	stopNow(t, l, p)
}
