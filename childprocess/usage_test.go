package childprocess_test

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// burn uses the given milliseconds of CPU time, then starts the program in its other arguments
	// and waits for it.
	helperproc.Register("burn", func(args []string) {
		ms := check(strconv.Atoi(args[0]))
		for cpuTime(usageOfSelf()) < time.Duration(ms)*time.Millisecond {
		}
		if len(args) > 1 {
			check(0, exec.Command(args[1], args[2:]...).Run())
		}
	})
}

func usageOfSelf() *syscall.Rusage {
	usage := new(syscall.Rusage)
	check(0, syscall.Getrusage(syscall.RUSAGE_SELF, usage))
	return usage
}

func cpuTime(usage *syscall.Rusage) time.Duration {
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

//brood:checks S041
func TestRusageAndElapsedAreTheChilds(t *testing.T) {
	l := newLoop(t)
	idle := start(t, l, "wait")
	file, argv := helperproc.Command("burn", "60")
	startedAt := time.Now()
	busy := spawn(t, l, file, argv, noPipes())
	// With its own child, which it has reaped.
	both := startWith(t, l, noPipes(), "burn", append([]string{"30", file}, argv...)...)

	var busyEnded time.Duration
	busy.OnExit(func(childprocess.ExitStatus) {
		busyEnded = time.Since(startedAt)
		idle.Stdin.End()
	})
	run(t, l)

	status := func(c *childprocess.ChildProcess) childprocess.ExitStatus {
		s, ended := c.Status()
		require.True(t, ended)
		require.True(t, s.Success(), "%v", s)
		require.NotNil(t, s.Rusage)
		require.Positive(t, s.Elapsed)
		return s
	}
	require.GreaterOrEqual(t, cpuTime(status(busy).Rusage), 60*time.Millisecond)
	require.GreaterOrEqual(t, cpuTime(status(both).Rusage), 90*time.Millisecond)
	require.Less(t, cpuTime(status(idle).Rusage), cpuTime(status(both).Rusage))
	require.GreaterOrEqual(t, status(busy).Elapsed, 30*time.Millisecond, "60 ms, which no more than two threads have used")
	require.LessOrEqual(t, status(busy).Elapsed, busyEnded)
	require.Greater(t, status(idle).Elapsed, status(busy).Elapsed, "it was started before and ended after")
}
