package childprocess_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// The loops of the calls that wait are opened as the environment says, too.
	childprocess.OpenPrivateLoops(openLoop)
}

// noNewFDs is leakcheck.NoNewFDs without the idle loops of the calls that wait, which are no leaks.
// Afterwards loops are opened as usual.
func noNewFDs(t *testing.T) {
	t.Helper()
	closeIdleLoops := func() {
		childprocess.RetireBackground()
		childprocess.OpenPrivateLoops(openLoop)
	}
	closeIdleLoops()
	leakcheck.NoNewFDs(t)
	t.Cleanup(closeIdleLoops)
}

// onGoroutines calls fn on n goroutines and waits for them.
func onGoroutines(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}

func TestManyGoroutinesMayWaitForChildrenAtOnce(t *testing.T) {
	noNewFDs(t)
	const goroutines = 64
	file, argv := helperproc.Command("cat")
	var results [goroutines]*childprocess.SyncResult
	onGoroutines(goroutines, func(i int) {
		o := &childprocess.SyncOptions{Input: []byte(strconv.Itoa(i))}
		results[i] = childprocess.SpawnSync(file, argv, o)
	})
	for i, r := range results {
		require.NoError(t, r.Err)
		require.Equal(t, strconv.Itoa(i), string(r.Stdout))
	}
	require.LessOrEqual(t, childprocess.IdleLoops(), childprocess.MaxIdleLoops)
}

func TestIdleLoopsAreUsedAgainAndThenClosed(t *testing.T) {
	if watchesSIGCHLD() {
		t.Skip("loops that watch SIGCHLD are not kept")
	}
	noNewFDs(t)
	opened := 0
	childprocess.OpenPrivateLoops(func() (*reactor.Loop, error) { opened++; return openLoop() })
	for range 5 {
		require.NoError(t, childprocess.SpawnSync("true", nil, nil).Err)
	}
	require.Equal(t, 1, opened)
	require.Equal(t, 1, childprocess.IdleLoops())
	require.Eventually(t, func() bool { return childprocess.IdleLoops() == 0 }, looptest.HangLimit(), time.Millisecond)
}

func TestLoopsThatWatchSIGCHLDAreNotKept(t *testing.T) {
	noNewFDs(t)
	childprocess.OpenPrivateLoops(func() (*reactor.Loop, error) {
		l, err := openLoop()
		require.NoError(t, err)
		return l, childprocess.SetExitWatch(l, childprocess.ExitWatchSIGCHLD)
	})
	r := childprocess.SpawnSync("sh", []string{"-c", "exit 3"}, nil)
	require.NoError(t, r.Err)
	require.Equal(t, 3, r.Status.Code)
	require.Zero(t, childprocess.IdleLoops())
}

// The end of a context may post to the loop after the child has closed.
func TestALoopIsClosedAlsoWhenSomethingWasPosted(t *testing.T) {
	noNewFDs(t)
	var l *reactor.Loop
	childprocess.OpenPrivateLoops(func() (_ *reactor.Loop, err error) { l, err = openLoop(); return l, err })
	require.NoError(t, childprocess.SpawnSync("true", nil, nil).Err)
	if err := l.Post(func() { t.Error("ran on a loop that nobody runs") }); err != nil {
		require.ErrorIs(t, err, reactor.ErrClosed)
		t.Skip("the loop was not kept")
	}
	childprocess.OpenPrivateLoops(openLoop)
	require.ErrorIs(t, l.Post(func() {}), reactor.ErrClosed)
}

func TestSpawnSyncInACallbackOfALoop(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	p := start(t, l, "say", "1", "outer")
	ev := events(p).reading()
	var inner *childprocess.SyncResult
	p.OnSpawn(func() { inner = childprocess.SpawnSync("sh", []string{"-c", "sleep 0.1; echo inner; exit 4"}, nil) })
	run(t, l)
	require.NoError(t, inner.Err)
	require.Equal(t, "inner\n", string(inner.Stdout))
	require.Equal(t, 4, inner.Status.Code)
	require.Equal(t, "outer", string(ev.data[1]))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}
