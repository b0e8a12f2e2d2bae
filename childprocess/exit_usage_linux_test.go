package childprocess_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// use burns CPU for so many milliseconds, touches so many MiB, writes a byte and waits for the
	// end of stdin.
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

func init() {
	// outgrow starts "use" with 100 MiB, allocates more than that while it runs, and writes the
	// peak of "use", for which Usage was not called.
	helperproc.Register("outgrow", func(args []string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, args[0], args[1:], nil))
		var ballast []byte
		c.Stdout.OnData(func([]byte) {
			ballast = make([]byte, 300<<20)
			for i := 0; i < len(ballast); i += os.Getpagesize() {
				ballast[i] = 1
			}
			c.Stdin.End()
		})
		c.OnClose(func(s childprocess.ExitStatus) {
			writeAll(1, []byte(strconv.FormatInt(s.Usage.PeakMemory>>20, 10)+" "+strconv.Itoa(len(ballast)>>20)))
		})
		check(0, l.Run())
	})
}

func TestThePeakMemoryOfAChildIsKnownThoughItsParentGrows(t *testing.T) {
	use, argv := helperproc.Command("use", "0", "100")
	outgrow, argv := helperproc.Command("outgrow", append([]string{use}, argv...)...)
	l := newLoop(t)
	// By a shell, which is small: the memory of the program that starts another counts for the peak
	// of that one.
	sh := []string{"-c", `"$0" "$@"; exit $?`, outgrow}
	words := strings.Fields(output(t, l, spawn(t, l, "/bin/sh", append(sh, argv...), nil)))
	require.Len(t, words, 2)
	peak, err := strconv.Atoi(words[0])
	require.NoError(t, err)
	require.GreaterOrEqual(t, peak, 100)
	require.Less(t, peak, 300)
	require.Equal(t, "300", words[1])
}

func init() {
	// large touches 300 MiB and then runs its arguments, with its own stdin and stdout.
	helperproc.Register("large", func(args []string) {
		ballast := make([]byte, 300<<20)
		for i := 0; i < len(ballast); i += os.Getpagesize() {
			ballast[i] = 1
		}
		l := check(openLoop())
		check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Inherit)}))
		check(0, l.Run())
		runtime.KeepAlive(ballast)
	})

	// peak starts "use" and writes its peak.
	helperproc.Register("peak", func(args []string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, args[0], args[1:], nil))
		c.Stdin.End()
		c.OnClose(func(s childprocess.ExitStatus) { writeAll(1, []byte(strconv.FormatInt(s.Usage.PeakMemory>>20, 10))) })
		check(0, l.Run())
	})
}

func TestThePeakMemoryOfAChildIsKnownToAProgramThatALargeOneHasStarted(t *testing.T) {
	use, argv := helperproc.Command("use", "0", "80")
	peak, argv := helperproc.Command("peak", append([]string{use}, argv...)...)
	l := newLoop(t)
	said := output(t, l, start(t, l, "large", append([]string{peak}, argv...)...))
	n, err := strconv.Atoi(said)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 80)
	require.Less(t, n, 300)
}

func TestTheMemoryOfTheCgroupOfAChild(t *testing.T) {
	group, _ := newCgroup(t)
	if _, err := os.Stat(filepath.Join(group, "memory.peak")); err != nil {
		t.Skip("the cgroup does not count memory: ", err)
	}
	const mib = 64
	file, argv := helperproc.Command("use", "0", strconv.Itoa(mib))
	l := newLoop(t)
	c := spawn(t, l, file, argv, &childprocess.Options{Cgroup: group})
	ev := events(c)
	whenReady(c, func() {
		live, err := c.Usage()
		require.NoError(t, err)
		require.Greater(t, live.CgroupPeak, int64(mib<<20))
		c.Stdin.End()
	})
	run(t, l)
	require.Greater(t, ev.status.Usage.CgroupPeak, int64(mib<<20))
}

// For a small child the system reports the memory that this program had when it forked.
func TestPeakMemoryIsNotTheParents(t *testing.T) {
	ballast := bytes.Repeat([]byte{1}, 300<<20)
	l := newLoop(t)
	ev := events(spawn(t, l, "true", nil, nil))
	run(t, l)
	require.Greater(t, ev.status.Rusage.Maxrss<<10, int64(100<<20), "the system counts %d bytes of this program", len(ballast))
	require.Zero(t, ev.status.Usage.PeakMemory, "Usage was not called")
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
