package childprocess_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
)

// longestGap runs a timer of 1 ms until stop is called, which returns the longest time between two
// of its callbacks.
func longestGap(l *reactor.Loop) (stop func() time.Duration) {
	var longest time.Duration
	last := time.Now()
	timer := l.SetInterval(time.Millisecond, func() {
		now := time.Now()
		longest = max(longest, now.Sub(last))
		last = now
	})
	return func() time.Duration {
		timer.Stop()
		return longest
	}
}

// growDescriptorTable makes the kernel extend the descriptor table now. In a program with threads
// that takes some 20 ms, on the call that needs it.
func growDescriptorTable(t testing.TB, n int) {
	t.Helper()
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, n)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
}

// closesOneByOne reports whether a child closes its copies of descriptors with one call for each.
func closesOneByOne() bool {
	return os.Getenv(forkSwitch) == "nocloserange" || sandbox.Forced("close_range")
}

func TestTheLoopGoesOnWhileProgramsTakeLongToExecute(t *testing.T) {
	const slowness, attempts = 200 * time.Millisecond, 5
	k := keepScript(t, "echo text")
	if closesOneByOne() {
		t.Skip("a hundred children that close hundreds of descriptors each, one by one, leave the loop no processor")
	}
	k.delay(t, slowness)
	growDescriptorTable(t, 2000)
	var gap time.Duration
	for range attempts { // On a busy machine the loop itself may be late.
		began := time.Now()
		gap = gapWhileStarting(t, k.path, 100, slowness)
		t.Logf("longest time between two calls of a timer of 1 ms: %v; all children: %v", gap, time.Since(began))
		if gap < slowness/4 { // On an idle machine it is some 2 ms.
			return
		}
	}
	require.Less(t, gap, slowness/2, "the loop waited for an execution")
}

// gapWhileStarting starts children that take long to execute, and returns the longest gap
// meanwhile.
func gapWhileStarting(t *testing.T, file string, children int, slowness time.Duration) (gap time.Duration) {
	l := newLoop(t)
	stop := longestGap(l)
	var all []*recorder
	closed := 0
	var next func()
	next = func() {
		began := time.Now()
		c := spawn(t, l, file, nil, async())
		all = append(all, events(c).reading())
		c.OnSpawn(func() { require.GreaterOrEqual(t, time.Since(began), slowness) })
		c.OnClose(func(childprocess.ExitStatus) {
			if closed++; closed == children {
				gap = stop()
			}
		})
		if len(all) < children {
			l.SetImmediate(next)
		}
	}
	l.SetImmediate(next)
	run(t, l)
	for _, ev := range all {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		require.Equal(t, "text\n", string(ev.data[1]))
	}
	return gap
}

func TestAnExecutionThatNeverEndsHoldsUpNothingElse(t *testing.T) {
	k := keepScript(t, "exit 5")
	l := newLoop(t)
	stuck := spawn(t, l, k.path, nil, async())
	ev := events(stuck)
	var others []*recorder
	left := 100
	for range left {
		c := spawn(t, l, shell, []string{"-c", "echo text"}, async())
		others = append(others, events(c).reading())
		c.OnClose(func(childprocess.ExitStatus) {
			if left--; left == 0 {
				require.Empty(t, ev.Entries)
				require.Zero(t, stuck.Pid())
				kill(t, stuck, syscall.SIGKILL)
				(<-k.arrived).letIn()
			}
		})
	}
	run(t, l)
	for _, other := range others {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, other.process())
	}
	require.Equal(t, "spawn", ev.Entries[0])
	require.Contains(t, []string{"exit SIGKILL", "exit 5"}, ev.process()[1], "it may have ended before it was killed")
}

// Starts beyond the limit are queued in order; these children can be unref'd and killed meanwhile.
func TestAsyncChildrenWaitForTheirTurn(t *testing.T) {
	const atOnce = 64
	k := keepScript(t, "exec sleep 1000")
	l := newLoop(t)
	var all []*recorder
	for range atOnce {
		all = append(all, events(spawn(t, l, k.path, nil, async())))
	}
	waiting := []*arrival{}
	for range atOnce {
		waiting = append(waiting, <-k.arrived)
	}
	last := spawn(t, l, shell, []string{"-c", "exec sleep 1000"}, async())
	all = append(all, events(last))
	for _, ev := range all {
		kill(t, ev.c, syscall.SIGTERM)
		ev.c.Unref()
	}
	run(t, l)
	require.Empty(t, last.Pid())
	for _, ev := range all {
		ev.c.Ref()
	}
	for _, a := range waiting {
		a.letIn()
	}
	run(t, l)
	for _, ev := range all {
		require.Equal(t, []string{"spawn", "exit SIGTERM", "close SIGTERM"}, ev.process())
	}
}

func TestATimeoutOfAnAsyncChildCountsFromSpawn(t *testing.T) {
	k := keepScript(t, "exit 6")
	l := newLoop(t)
	o := async()
	o.Timeout, o.KillGrace = 200*time.Millisecond, time.Millisecond
	ev := events(spawn(t, l, k.path, nil, o))
	a := <-k.arrived
	l.SetTimeout(2*o.Timeout, a.letIn)
	run(t, l)
	require.NoError(t, ev.status.Cause)
	require.Equal(t, []string{"spawn", "exit 6", "close 6"}, ev.process())
}

func TestTheContextOfAnAsyncChildEndsBeforeSpawn(t *testing.T) {
	k := keepScript(t, "exec sleep 1000")
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := async()
	o.Context = ctx
	ev := events(spawn(t, l, k.path, nil, o))
	a := <-k.arrived
	cancel()
	l.SetImmediate(a.letIn)
	run(t, l)
	require.Equal(t, "spawn", ev.Entries[0])
	require.Equal(t, []string{"exit SIGTERM", "close SIGTERM"}, ev.process()[2:])
	require.IsType(t, (*childprocess.AbortError)(nil), ev.err)
	require.ErrorIs(t, ev.err, errReason)
}

func TestALoopIsClosedWhileExecutionsAreStuck(t *testing.T) {
	k := keepScript(t, "kill -STOP $$")
	noNewFDs(t)
	l := newLoop(t)
	const children = 70 // More than are started at once.
	for range children {
		c := spawn(t, l, k.path, nil, async())
		c.Unref()
		kill(t, c, syscall.SIGKILL)
	}
	first := <-k.arrived
	run(t, l)
	require.NoError(t, l.Close())
	first.letIn()
	for range children - 1 {
		(<-k.arrived).letIn()
	}
	awaitNoSurvivor(t) // Each of them was killed; otherwise it would be stopped for ever.
}

func TestASlowExecutionInOneOutputDoesNotHoldUpOthers(t *testing.T) {
	noNewFDs(t)
	k := keepScript(t, "echo slow")
	slow := make(chan string)
	go func() { // The test waits for it below.
		out, _ := childprocess.Output(context.Background(), k.path)
		slow <- string(out)
	}()
	a := <-k.arrived
	onGoroutines(8, func(int) {
		for range 10 {
			if out, err := childprocess.Output(context.Background(), "echo", "fast"); err != nil || string(out) != "fast\n" {
				t.Errorf("%q, %v", out, err)
			}
		}
	})
	select {
	case out := <-slow:
		require.Fail(t, "it was not slow", out)
	default:
	}
	a.letIn()
	require.Equal(t, "slow\n", <-slow)
}

// The end of the context does not interrupt an execution, and is not forgotten either.
func TestTheContextOfAnOutputEndsDuringItsExecution(t *testing.T) {
	noNewFDs(t)
	k := keepScript(t, "exec sleep 1000")
	ctx, cancel := contextWithCancel(t)
	ended := make(chan error)
	go func() { ended <- childprocess.Run(ctx, k.path) }() // The test waits for it below.
	a := <-k.arrived
	cancel()
	a.letIn()
	failed, ok := (<-ended).(*childprocess.ExitError)
	require.True(t, ok)
	require.Equal(t, syscall.SIGTERM, failed.Status.Signal)
	require.IsType(t, (*childprocess.AbortError)(nil), failed.Err)
	require.ErrorIs(t, failed, errReason)
}

// The garbage collector does not wait for the thread that waits for an execution.
func TestTheCollectorRunsDuringAnExecution(t *testing.T) {
	noNewFDs(t)
	k := keepScript(t, "exit 0")
	l := newLoop(t)
	ended := make(chan *childprocess.SyncResult)
	// The test waits for it below.
	go func() { ended <- childprocess.SpawnSync(k.path, nil, nil) }()
	a := <-k.arrived
	collectGarbage(t)
	ev := events(spawn(t, l, "true", nil, nil))
	run(t, l)
	require.True(t, ev.status.Success())
	a.letIn()
	require.NoError(t, (<-ended).Err)
}

// collectGarbage runs the collector, which stops all goroutines for moments.
func collectGarbage(t testing.TB) {
	t.Helper()
	began := time.Now()
	runtime.GC()
	require.Less(t, time.Since(began), looptest.HangLimit())
}
