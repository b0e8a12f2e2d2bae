package childprocess_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

const nobody = 65534

func init() {
	// kill-missing spawns a missing program and signals it at once, before the error event. It is
	// itself started as the leader of a process group: a kill(2) of "process 0" would kill it.
	helperproc.Register("kill-missing", func([]string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, "/does/not/exist", nil, nil))
		for _, s := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
			if check(c.Kill(s)) {
				fail(errors.New("Kill reports success"))
			}
		}
		if c.Pid() != 0 || c.Killed() {
			fail(errors.New("it has a pid, or was killed"))
		}
		closed := false
		c.OnClose(func(childprocess.ExitStatus) { closed = true })
		check(0, l.Run())
		if !closed {
			fail(errors.New("no close"))
		}
	})

	// kill-forbidden starts a child as another user and then gives up the right to signal it.
	helperproc.Register("kill-forbidden", func(args []string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, args[0], args[1:], nil))
		check(0, syscall.Setuid(nobody))
		ok, err := c.Kill(syscall.SIGTERM)
		killErr, is := errors.AsType[*childprocess.KillError](err)
		switch {
		case ok, !is:
			fail(fmt.Errorf("%v, %w", ok, err))
		case killErr.Pid != c.Pid(), killErr.Signal != syscall.SIGTERM:
			fail(err)
		case !errors.Is(err, syscall.EPERM), !errors.Is(err, os.ErrPermission):
			fail(err)
		case c.Killed():
			fail(errors.New("Killed after a failure"))
		}
		c.Stdin.End() // It is alive, and exits by itself.
		check(0, l.Run())
		if s, ended := c.Status(); !ended || !s.Success() {
			fail(errors.New(s.String()))
		}
	})
}

//brood:checks S048 N060
func TestTermKillsASleeperWithOpenPipesAndAPendingWrite(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "sleep", []string{"1000"}, nil)
	ev := events(c).reading()
	_, err := c.Stdin.WriteThen(make([]byte, 1<<20), func(err error) {
		require.Error(t, err)
		ev.Add("write called back")
	})
	require.NoError(t, err)
	require.False(t, c.Killed())
	c.OnSpawn(func() {
		kill(t, c, syscall.SIGTERM)
		require.True(t, c.Killed())
		require.Zero(t, ev.count("exit"), "not inside the call")
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "exit SIGTERM", "close SIGTERM"}, slices.DeleteFunc(ev.process(), func(e string) bool {
		return e == "write called back"
	}))
	require.Equal(t, 1, ev.count("write called back"))
	for _, entry := range []string{"stdin close", "stdout end", "stdout close", "stderr end", "stderr close"} {
		require.Equal(t, 1, ev.count(entry), "%s of %q", entry, ev.Entries)
	}
	require.Less(t, ev.index("write called back"), ev.index("close"))
	require.Equal(t, "signal: SIGTERM", ev.status.String())
}

//brood:checks S049 N061
func TestSignalZeroAsksAndDoesNoHarm(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	c.Stdout.OnData(func([]byte) {
		kill(t, c, 0)
		kill(t, c, 0)
		require.True(t, c.Killed(), "as in Node")
		c.Stdin.End()
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S049
func TestANumberThatIsNoSignalIsRefusedAndNothingSent(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	for _, s := range []syscall.Signal{-1, -15, 4096, 1 << 30, 127} {
		ok, err := c.Kill(s)
		require.False(t, ok, "%d", s)
		arg, is := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, is, "%d: %v", s, err)
		require.Equal(t, "kill", arg.Op)
		require.ErrorIs(t, err, syscall.EINVAL)
	}
	require.False(t, c.Killed())
	c.Stdin.End()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	_, err := c.Kill(-1)
	require.ErrorIs(t, err, syscall.EINVAL, "also when it has ended")
}

//brood:checks S050
func TestKillingAgainAndAgainIsHarmless(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	gone := func() {
		for _, s := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
			ok, err := c.Kill(s)
			require.NoError(t, err)
			require.False(t, ok)
		}
	}
	c.OnSpawn(func() {
		kill(t, c, syscall.SIGTERM)
		kill(t, c, syscall.SIGTERM) // It may be dead, but was not reaped.
		kill(t, c, syscall.SIGKILL)
	})
	c.OnExit(func(childprocess.ExitStatus) { gone() })
	c.OnClose(func(childprocess.ExitStatus) { gone() })
	run(t, l)
	gone()
	require.True(t, c.Killed(), "it stays what it was")
	require.Equal(t, 1, ev.count("exit"))
	require.Equal(t, 1, ev.count("close"))
}

//brood:checks S050
func TestAChildThatExitedByItselfWasNotKilled(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "0")
	run(t, l)
	ok, err := c.Kill(syscall.SIGKILL)
	require.NoError(t, err)
	require.False(t, ok)
	require.False(t, c.Killed())
}

//brood:checks S050
func TestAChildThatCouldNotBeStartedIsNotSignalled(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Detached: true}, "kill-missing")
	output(t, l, c)
}

//brood:checks S049
func TestAChildThatMayNotBeSignalledIsAKillError(t *testing.T) {
	file, argv := helperproc.Command("wait")
	all := append([]string{file}, argv...)
	_, argv = helperproc.Command("kill-forbidden", all...)
	if unix.Geteuid() != 0 {
		t.Skip("only root can become another user than its child: geteuid is " + strconv.Itoa(unix.Geteuid()))
	}
	l := newLoop(t)
	output(t, l, spawn(t, l, file, argv, nil))
}

//brood:checks N023 N071
func TestEveryExitListenerHearsOfASIGKILL(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c).reading()
	heard := 0
	for range 3 {
		c.OnExit(func(s childprocess.ExitStatus) {
			require.Equal(t, syscall.SIGKILL, s.Signal)
			heard++
		})
	}
	c.OnSpawn(func() { kill(t, c, syscall.SIGKILL) })
	run(t, l)
	require.Equal(t, 3, heard)
	require.Empty(t, ev.data[1])
	require.Empty(t, ev.data[2])
	require.Equal(t, 1, ev.count("stdout end"))
	require.Equal(t, 1, ev.count("stderr end"))
	require.Equal(t, []string{"spawn", "exit SIGKILL", "close SIGKILL"}, ev.process())
}
