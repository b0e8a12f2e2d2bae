package childprocess_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/signals"
)

// Node reports a signal without a name as exit code 0; here it is reported by its number.
//
//brood:checks S039
func TestEverySignalThatKills(t *testing.T) {
	harmless := map[syscall.Signal]bool{
		unix.SIGCHLD: true, unix.SIGCONT: true, unix.SIGURG: true, unix.SIGWINCH: true,
		unix.SIGSTOP: true, unix.SIGTSTP: true, unix.SIGTTIN: true, unix.SIGTTOU: true,
	}
	l := newLoop(t)
	ignored := cleanState(t).Ignored
	for s := syscall.Signal(1); s <= 64; s++ {
		if harmless[s] || ignored&(1<<(s-1)) != 0 {
			continue
		}
		o := noPipes()
		o.Dir = t.TempDir() // For core files.
		c := spawn(t, l, "sleep", []string{"1000"}, o)
		ev := events(c)
		c.OnSpawn(func() { kill(t, c, s) })
		run(t, l)
		require.Equal(t, 1, ev.count("exit"), "%v", s)
		require.Equal(t, s, ev.status.Signal)
		require.Equal(t, -1, ev.status.Code)
		require.True(t, strings.HasPrefix(ev.status.String(), "signal: "+signals.Name(s)), "%v", ev.status)
	}
}

//brood:checks S040
func TestTheCoreFlagIsTheKernels(t *testing.T) {
	l := newLoop(t)
	for _, coreSize := range []uint64{0, 1 << 30} {
		limit := unix.Rlimit{Cur: coreSize, Max: 1 << 30}
		dir := t.TempDir()

		// The status of a process that this library has not started.
		path := "/bin/sleep"
		pid, err := syscall.ForkExec(path, []string{"sleep", "1000"}, &syscall.ProcAttr{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_CORE, &limit, nil))
		require.NoError(t, unix.Kill(pid, unix.SIGSEGV))
		var floor syscall.WaitStatus
		_, err = syscall.Wait4(pid, &floor, 0, nil)
		require.NoError(t, err)

		o := noPipes()
		o.Dir = dir
		c := spawn(t, l, path, []string{"1000"}, o)
		require.NoError(t, unix.Prlimit(c.Pid(), unix.RLIMIT_CORE, &limit, nil))
		ev := events(c)
		c.OnSpawn(func() { kill(t, c, unix.SIGSEGV) })
		run(t, l)
		require.Equal(t, floor.CoreDump(), ev.status.CoreDumped, "core size %d", coreSize)
		require.Equal(t, syscall.SIGSEGV, ev.status.Signal)
		require.Equal(t, floor.CoreDump(), strings.HasSuffix(ev.status.String(), " (core dumped)"), "%v", ev.status)
	}
}
