package childprocess_test

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// use burns CPU for some time, in milliseconds, touches so many MiB, says so and then waits for the end of stdin.
	helperproc.Register("use", func(args []string) {
		limit := time.Duration(check(strconv.Atoi(args[0]))) * time.Millisecond
		memory := make([]byte, check(strconv.Atoi(args[1]))<<20)
		for i := 0; i < len(memory); i += os.Getpagesize() {
			memory[i] = 1
		}
		var r syscall.Rusage
		for check(0, syscall.Getrusage(syscall.RUSAGE_SELF, &r)); time.Duration(r.Utime.Nano()+r.Stime.Nano()) < limit; {
			check(0, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		}
		writeAll(1, []byte{memory[0]})
		var b [1]byte
		_, _ = os.Stdin.Read(b[:])
	})
}

func TestUsageOfARunningChild(t *testing.T) {
	l := newLoop(t)
	const busy, mib = 150 * time.Millisecond, 64
	c := start(t, l, "use", strconv.FormatInt(busy.Milliseconds(), 10), strconv.Itoa(mib))
	var live childprocess.Usage
	whenReady(c, func() {
		var err error
		live, err = c.Usage()
		require.NoError(t, err)
		c.Stdin.End()
	})
	ev := events(c)
	run(t, l)
	require.GreaterOrEqual(t, live.User+live.System, busy-30*time.Millisecond, "it is counted in ticks of 10 ms")
	require.Greater(t, live.PeakMemory, int64(mib<<20))
	require.Less(t, live.PeakMemory, int64(mib+200)<<20)
	require.Positive(t, live.MinorFaults)
	require.Positive(t, live.VoluntarySwitches)
	require.Positive(t, live.Elapsed)

	end := ev.status.Usage
	require.GreaterOrEqual(t, end.User+end.System, busy)
	require.GreaterOrEqual(t, end.PeakMemory, live.PeakMemory)
	require.GreaterOrEqual(t, end.MinorFaults, live.MinorFaults)
	require.Equal(t, ev.status.Elapsed, end.Elapsed)
	again, err := c.Usage()
	require.NoError(t, err)
	require.Equal(t, end, again)
}

// What the system calls the peak of a small child is what this program had when it forked.
func TestPeakMemoryIsNotTheParents(t *testing.T) {
	ballast := bytes.Repeat([]byte{1}, 300<<20)
	l := newLoop(t)
	ev := events(spawn(t, l, "true", nil, nil))
	run(t, l)
	require.Greater(t, ev.status.Rusage.Maxrss<<10, int64(100<<20), "the system counts %d bytes of this program", len(ballast))
	require.Zero(t, ev.status.Usage.PeakMemory, "nobody has looked")
	require.Positive(t, ev.status.Usage.Elapsed)
}

func TestUsageOfAChildThatWasNotStarted(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/does/not/exist", nil, nil)
	u, err := c.Usage()
	require.NoError(t, err)
	require.Zero(t, u)
	run(t, l)
}

func TestSyncFormsHaveTheUsage(t *testing.T) {
	file, argv := helperproc.Command("use", "50", "1")
	r := childprocess.SpawnSync(file, argv, nil)
	require.NoError(t, r.Err)
	require.GreaterOrEqual(t, r.Status.Usage.User+r.Status.Usage.System, 50*time.Millisecond)
}
