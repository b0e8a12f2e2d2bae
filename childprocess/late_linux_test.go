package childprocess_test

import (
	"context"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// ignored-end ignores SIGCHLD, which would report the exit of a child with a time-out, and
	// writes the child's status.
	helperproc.Register("ignored-end", func([]string) {
		l := check(openLoop())
		check(0, childprocess.SetExitWatch(l, childprocess.ExitWatchSIGCHLD))
		c := check(childprocess.Spawn(l, "/bin/sleep", []string{"0.05"}, &childprocess.Options{Timeout: time.Second}))
		c.OnExit(func(s childprocess.ExitStatus) { writeAll(1, []byte(statusText(s))) })
		l.NextTick(func() { signal.Ignore(syscall.SIGCHLD) })
		check(0, l.Run())
	})
}

// busy blocks the loop's thread until every child that ends by itself has exited, and d has passed.
func busy(t *testing.T, d time.Duration, ended func() bool) {
	t.Helper()
	for start := time.Now(); time.Since(start) < d || !ended(); {
		require.Less(t, time.Since(start), time.Minute)
	}
}

// Each child has a limit that has passed before the loop looks, although the child has exited in
// time.
func TestALimitOfALateLoopSparesAChildThatExitedInTime(t *testing.T) {
	const limit = 20 * time.Millisecond
	for name, o := range map[string]childprocess.Options{
		"timeout":            {Timeout: limit},
		"timeout with grace": {Timeout: limit, KillGrace: limit},
		"close grace":        {CloseGrace: time.Nanosecond},
		"both":               {Timeout: limit, CloseGrace: time.Nanosecond},
	} {
		for size, command := range map[string]string{"short": "echo hi", "a full pipe": "head -c 65536 /dev/zero"} {
			t.Run(name+", "+size, func(t *testing.T) {
				l := newLoop(t)
				done := 0
				var pids []int
				l.SetImmediate(func() {
					for range 20 {
						c, err := childprocess.Exec(l, command, &childprocess.ExecOptions{Options: o}, func(err error, stdout, _ []byte) {
							done++
							require.NoError(t, err)
							require.NotEmpty(t, stdout)
						})
						require.NoError(t, err)
						pids = append(pids, c.Pid())
					}
					busy(t, 2*limit, func() bool { return allZombies(t, pids) })
				})
				run(t, l)
				require.Equal(t, 20, done)
			})
		}
	}
}

func TestAContextThatEndsWhileTheLoopIsLateSparesAChildThatExitedInTime(t *testing.T) {
	l := newLoop(t)
	done := 0
	l.SetImmediate(func() {
		ctx, cancel := context.WithCancel(context.Background())
		o := &childprocess.ExecOptions{Options: childprocess.Options{Context: ctx}}
		c, err := childprocess.ExecFile(l, "echo", []string{"hi"}, o, func(err error, stdout, _ []byte) {
			done++
			require.NoError(t, err)
			require.Equal(t, "hi\n", string(stdout))
		})
		require.NoError(t, err)
		busy(t, 0, func() bool { return allZombies(t, []int{c.Pid()}) })
		cancel()
	})
	run(t, l)
	require.Equal(t, 1, done)
}

// A process that keeps writing into the pipes of an exited child cannot put a limit off.
func TestALimitEndsAWriterThatNeverStops(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.ExecOptions{MaxBuffer: -1}
	o.Timeout = 100 * time.Millisecond
	var failed error
	_, err := childprocess.ExecFile(l, "/bin/sh", []string{"-c", "yes & exit 0"}, o, func(err error, _, _ []byte) { failed = err })
	require.NoError(t, err)
	run(t, l)
	require.ErrorIs(t, failed, childprocess.ErrTimeout)
}

func TestAChildThatIsStillThereIsEnded(t *testing.T) {
	l := newLoop(t)
	var failed error
	l.SetImmediate(func() {
		o := &childprocess.ExecOptions{}
		o.Timeout = time.Millisecond
		_, err := childprocess.ExecFile(l, "sleep", []string{"1000"}, o, func(err error, _, _ []byte) { failed = err })
		require.NoError(t, err)
		busy(t, 5*time.Millisecond, func() bool { return true })
	})
	run(t, l)
	require.ErrorIs(t, failed, childprocess.ErrTimeout)
}

// If SIGCHLD is ignored, no signal reports the exit. The limit looks for itself, and does not spin.
func TestALimitSeesAnExitThatNoSignalReports(t *testing.T) {
	l := newLoop(t)
	require.Equal(t, "lost", output(t, l, start(t, l, "ignored-end")))
}
