package childprocess_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// Exits that are seen in one turn are separate callbacks: ticks run after each (Node v20 prints the
// same for two children that exit while it is busy).
//
//brood:checks S043
func TestTicksOfOneExitRunBeforeTheNextExit(t *testing.T) {
	l := newLoop(t)
	var log []string
	note := func(entry string) { log = append(log, entry) }
	var names []string
	for i := range 5 {
		name := strconv.Itoa(i)
		names = append(names, name)
		c := startWith(t, l, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)}, "exit", "0")
		awaitZombie(t, c.Pid())
		c.OnExit(func(childprocess.ExitStatus) {
			note("exit " + name)
			l.NextTick(func() {
				note("tick " + name)
				l.NextTick(func() { note("tick 2 " + name) })
			})
		})
	}
	run(t, l)
	var want []string
	for _, name := range names {
		want = append(want, "exit "+name, "tick "+name, "tick 2 "+name)
	}
	require.Equal(t, want, log, "in the order in which the children were started and ended")
}

// The stream is registered with the poller after the child has exited, so the kernel reports its
// readiness last.
//
//brood:checks S045
func TestWhatTheKernelHeldAtTheWakeUpComesBeforeTheExit(t *testing.T) {
	l := newLoop(t)
	for range 20 {
		c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{5: childprocess.Pipe}}, "say", "1", "out", "2", "err", "5", "x")
		awaitZombie(t, c.Pid())
		ev := events(c).reading()
		run(t, l)
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		for _, entry := range []string{"stdout data", "stderr data", "stdio5 data"} {
			require.Less(t, ev.index(entry), ev.index("exit"), "%q", ev.Entries)
			require.Equal(t, 1, ev.count(entry), "%q", ev.Entries)
		}
	}
}

// awaitZombie waits until the child pid has exited, and does not take its status.
func awaitZombie(t testing.TB, pid int) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err, "waitid of %d", pid)
		return
	}
}

// allZombies reports whether all of these children have exited.
func allZombies(t testing.TB, pids []int) bool {
	t.Helper()
	for _, pid := range pids {
		var info unix.Siginfo
		if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil); err != unix.EINTR {
			require.NoError(t, err)
		}
		if info.Signo == 0 {
			return false
		}
	}
	return true
}
