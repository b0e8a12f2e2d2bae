package looptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// A trial is a test whose outcome is looked at instead of reported. Only what looptest calls is
// there.
type trial struct {
	testing.TB
	log      []string
	failed   bool
	cleanups []func()
}

// try runs fn and its cleanups as a test.
func try(fn func(t testing.TB)) *trial {
	t := &trial{}
	done := make(chan struct{})
	// A test that ends itself ends its goroutine: this one, for which try waits.
	go func() {
		defer close(done)
		defer func() {
			for i := len(t.cleanups) - 1; i >= 0; i-- {
				t.cleanups[i]()
			}
		}()
		fn(t)
	}()
	<-done
	return t
}

func (t *trial) Helper()           {}
func (t *trial) Cleanup(fn func()) { t.cleanups = append(t.cleanups, fn) }
func (t *trial) Failed() bool      { return t.failed }
func (t *trial) FailNow()          { t.failed = true; runtime.Goexit() }

func (t *trial) Errorf(format string, args ...any) {
	t.failed = true
	t.log = append(t.log, fmt.Sprintf(format, args...))
}

func (t *trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

func (t *trial) Skipf(format string, args ...any) {
	t.log = append(t.log, "skip: "+fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func TestALoopIsClosedWithItsTest(t *testing.T) {
	var l *reactor.Loop
	ran := false
	got := try(func(t testing.TB) {
		l = looptest.New(t)
		l.SetTimeout(0, func() { ran = true })
		looptest.Run(t, l)
	})
	require.True(t, ran)
	require.Empty(t, got.log)
	require.ErrorIs(t, l.Run(), reactor.ErrClosed)
}

func TestALoopThatIsLeftAliveFailsItsTest(t *testing.T) {
	var l *reactor.Loop
	got := try(func(t testing.TB) {
		l = looptest.New(t)
		l.SetTimeout(time.Hour, func() {})
	})
	require.ErrorIs(t, l.Run(), reactor.ErrClosed, "it is closed nevertheless")
	require.True(t, got.failed)
	require.Len(t, got.log, 1)
	require.Contains(t, got.log[0], "keeps its loop alive")
}

func TestALoopThatHangsIsStoppedAndFailsItsTest(t *testing.T) {
	t.Setenv("BROOD_TEST_TIMEOUT_SCALE", "0.0001")
	after := false
	got := try(func(t testing.TB) {
		l := looptest.New(t)
		timer := l.SetTimeout(time.Hour, func() {})
		t.Cleanup(func() { timer.Stop() })
		looptest.Run(t, l)
		after = true
	})
	require.Equal(t, []string{"the loop hangs"}, got.log)
	require.False(t, after, "a test goes on after its loop was stopped")
}

func TestCleanupsOfThePackageFindTheLoopOpen(t *testing.T) {
	got := try(func(t testing.TB) {
		l := looptest.New(t)
		timer := l.SetTimeout(time.Hour, func() {})
		t.Cleanup(func() {
			timer.Stop()
			looptest.Run(t, l)
		})
	})
	require.Empty(t, got.log)
}

func TestTheEnvironmentScalesTheHangLimit(t *testing.T) {
	for scale, want := range map[string]time.Duration{"": 2 * time.Minute, "x": 2 * time.Minute, "0.5": time.Minute} {
		t.Setenv("BROOD_TEST_TIMEOUT_SCALE", scale)
		require.Equal(t, want, looptest.HangLimit(), scale)
	}
}

func TestTheEnvironmentForcesThePipeWakeUp(t *testing.T) {
	t.Setenv("BROOD_TEST_WAKEUP", "")
	require.Equal(t, &reactor.Options{}, looptest.Options())
	t.Setenv("BROOD_TEST_WAKEUP", "pipe")
	require.Equal(t, &reactor.Options{PipeWakeup: true}, looptest.Options())
	t.Setenv("BROOD_TEST_WAKEUP", "netpoll")
	require.Equal(t, &reactor.Options{Netpoll: true}, looptest.Options())
}

func TestNodeIsOptionalOutsideTheCI(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	path := func() (got string, log []string) {
		log = try(func(t testing.TB) { got = looptest.NodePath(t) }).log
		return got, log
	}

	t.Setenv("CI", "")
	_, log := path()
	require.Len(t, log, 1)
	require.Contains(t, log[0], "skip: no node")

	t.Setenv("CI", "true")
	_, log = path()
	require.Len(t, log, 1)
	require.Contains(t, log[0], "CI is set")

	node := filepath.Join(dir, "node")
	require.NoError(t, os.WriteFile(node, nil, 0o755))
	got, log := path()
	require.Empty(t, log)
	require.Equal(t, node, got)
}
