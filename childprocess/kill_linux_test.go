package childprocess_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

//brood:checks S050
func TestAZombieThatWasNotReapedCanBeSignalled(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "5")
	awaitZombie(t, c.Pid())
	kill(t, c, syscall.SIGKILL) // As in Node: the system call succeeds.
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 5", "close 5"}, ev.process())
}

// The child has exited, something else in the program has waited for it, and its number belongs to
// another process by now.
//
//brood:checks S050
func TestAReusedPidIsNotSignalled(t *testing.T) {
	const lastPid = "/proc/sys/kernel/ns_last_pid"
	last, err := os.ReadFile(lastPid)
	if err == nil {
		err = os.WriteFile(lastPid, last, 0)
	}
	if err != nil {
		t.Skipf("the next pid cannot be chosen: %v", err)
	}
	defer func() { require.NoError(t, os.WriteFile(lastPid, last, 0)) }()
	l := newLoop(t)
	if err := childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd); err != nil {
		t.Skipf("without pidfds a stolen and reused pid cannot be told from the child: %v", err)
	}
	c := start(t, l, "exit", "0")
	_, err = syscall.Wait4(c.Pid(), nil, 0, nil)
	require.NoError(t, err)

	heir := 0
	for range 100 { // Other programs start processes, too.
		require.NoError(t, os.WriteFile(lastPid, []byte(strconv.Itoa(c.Pid()-1)), 0))
		heir, err = syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, nil)
		require.NoError(t, err)
		if heir == c.Pid() {
			break
		}
		killForeign(t, heir)
	}
	if heir != c.Pid() {
		run(t, l)
		t.Skipf("pid %d went to a process that has nothing to do with this", c.Pid())
	}

	for _, s := range []syscall.Signal{0, syscall.SIGTERM} {
		ok, err := c.Kill(s)
		require.NoError(t, err)
		require.False(t, ok)
	}
	closed := false
	c.OnClose(func(childprocess.ExitStatus) { closed = true })
	run(t, l)
	require.True(t, closed)
	killForeign(t, heir)
}

// killForeign kills a child that this library has not started, and waits for it.
func killForeign(t testing.TB, pid int) {
	t.Helper()
	require.NoError(t, unix.Kill(pid, unix.SIGKILL))
	var ws syscall.WaitStatus
	_, err := syscall.Wait4(pid, &ws, 0, nil)
	require.NoError(t, err)
	// An earlier fatal signal would be the one that has killed it, even if it was still pending.
	require.Equal(t, syscall.SIGKILL, ws.Signal(), "it was hit by another signal")
}
