package childprocess_test

import (
	"context"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	// ignore-sigchld ignores SIGCHLD, so the kernel reaps its children, and spawns the program in
	// its arguments on the loop with the given exit watch.
	helperproc.Register("ignore-sigchld", func(args []string) {
		l := check(reactor.New(nil))
		way := check(strconv.Atoi(args[0]))
		check(0, childprocess.SetExitWatch(l, childprocess.ExitWatch(way)))
		signal.Ignore(syscall.SIGCHLD)
		c := check(childprocess.Spawn(l, args[1], args[2:], nil))
		check(0, l.Run())
		s, err := c.Wait(context.Background())
		if err != nil && !s.Lost {
			fail(err)
		}
		writeAll(1, []byte(statusText(s)))
		if !signal.Ignored(syscall.SIGCHLD) && way == int(childprocess.ExitWatchPidfd) {
			writeAll(1, []byte(", and SIGCHLD is not ignored any more"))
		}
		check(0, l.Close())
	})
}

// reapForeign reaps a child that the library does not know.
func reapForeign(t testing.TB, pid int) syscall.WaitStatus {
	t.Helper()
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		require.NoError(t, err, "wait4 of %d", pid)
		return ws
	}
}

// kernelRemembers reports whether a pidfd has the status of a process that was reaped.
func kernelRemembers(t testing.TB) bool {
	t.Helper()
	pidfd := -1
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &pidfd}})
	require.NoError(t, err)
	reapForeign(t, pid)
	if pidfd < 0 {
		return false
	}
	defer unix.Close(pidfd)
	return process.Process{Pid: pid, Pidfd: pidfd}.Recover().Kind == process.Exited
}

func TestAPidfdHasTheStatusOfAReapedChild(t *testing.T) {
	if !kernelRemembers(t) {
		t.Skip("this kernel's pidfds do not remember statuses")
	}
	pidfd := -1
	pid, err := syscall.ForkExec(shell, []string{"sh", "-c", "exit 21"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &pidfd}})
	require.NoError(t, err)
	defer unix.Close(pidfd)
	awaitZombie(t, pid)
	p := process.Process{Pid: pid, Pidfd: pidfd}
	require.Equal(t, process.Change{}, p.Recover(), "nobody has waited for it")
	reapForeign(t, pid)
	require.Equal(t, process.Change{Kind: process.Exited, Code: 21}, p.Recover())
}

// steal reaps every child until there is none, as a careless part of a program might.
func steal(t testing.TB) (pids []int) {
	t.Helper()
	for {
		pid, err := syscall.Wait4(-1, nil, 0, nil)
		switch err {
		case nil:
			pids = append(pids, pid)
		case syscall.EINTR:
		case syscall.ECHILD:
			return pids
		default:
			require.NoError(t, err)
		}
	}
}

func TestAStolenStatusIsRecoveredOrLostButNeverInvented(t *testing.T) {
	remembers := kernelRemembers(t)
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch) {
		recovers := remembers && w == childprocess.ExitWatchPidfd
		var all []*recorder
		want := []string{"0", "1", "7", "255", "SIGTERM", "SIGKILL"}
		for _, ending := range want {
			var c *childprocess.ChildProcess
			if strings.HasPrefix(ending, "SIG") {
				c = start(t, l, "wait")
				sig, err := signals.Parse(ending)
				require.NoError(t, err)
				kill(t, c, sig)
			} else {
				c = start(t, l, "exit", ending)
			}
			all = append(all, events(c))
		}
		steal(t)
		for _, ev := range all {
			ok, err := ev.c.Kill(syscall.SIGKILL)
			require.NoError(t, err)
			require.False(t, ok, "there is no such process")
		}
		run(t, l)
		for i, ev := range all {
			ending := want[i]
			s, err := ev.c.Wait(context.Background())
			if recovers {
				require.NoError(t, err)
			} else {
				ending = "lost"
				require.ErrorIs(t, err, childprocess.ErrStatusLost)
				require.Equal(t, -1, s.Code)
				require.Zero(t, s.Signal)
			}
			require.Equal(t, !recovers, s.Lost)
			require.Nil(t, s.Rusage, "nobody knows it")
			require.Positive(t, s.Elapsed)
			require.Equal(t, recovers && want[i] == "0", s.Success())
			require.Equal(t, []string{"spawn", "exit " + ending, "close " + ending}, ev.process())
		}
	})
}

// The thief runs beside the loop: at times one is faster, at times the other.
func TestAThiefAtWorkCostsNoExit(t *testing.T) {
	const children = 100
	remembers := kernelRemembers(t)
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch) {
		stop, stopped := make(chan struct{}), make(chan int)
		go func() { // It ends when stop is closed; the test waits for that.
			stolen := 0
			for {
				select {
				case <-stop:
					stopped <- stolen
					return
				default:
				}
				if pid, err := syscall.Wait4(-1, nil, unix.WNOHANG, nil); err == nil && pid > 0 {
					stolen++
				}
			}
		}()
		told, lost := 0, 0
		for i := range children {
			c := startWith(t, l, noPipes(), "exit", strconv.Itoa(i))
			ev := events(c)
			c.OnClose(func(s childprocess.ExitStatus) {
				told++
				if s.Lost {
					lost++
				} else {
					require.Equal(t, i, s.Code)
				}
				require.Equal(t, []string{"spawn", "exit " + statusText(s), "close " + statusText(s)}, ev.process())
			})
		}
		run(t, l)
		close(stop)
		stolen := <-stopped
		require.Equal(t, children, told)
		if remembers && w == childprocess.ExitWatchPidfd {
			require.Zero(t, lost)
		} else {
			require.LessOrEqual(t, lost, stolen)
		}
		t.Logf("%d of %d were stolen, %d statuses lost", stolen, children, lost)
	})
}

func TestAParentThatIgnoresSIGCHLD(t *testing.T) {
	remembers := kernelRemembers(t)
	file, argv := helperproc.Command("exit", "6")
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch) {
		args := append([]string{strconv.Itoa(int(w)), file}, argv...)
		want := "6" // Watching SIGCHLD ends its being ignored.
		if w == childprocess.ExitWatchPidfd && !remembers {
			want = "lost"
		}
		require.Equal(t, want, output(t, l, start(t, l, "ignore-sigchld", args...)))
	})
}

// Code that waits only for its own children does not disturb ours, and is not disturbed.
func TestForeignChildrenAreLeftAlone(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		foreign := exec.Command("sh", "-c", "exit 11")
		require.NoError(t, foreign.Start())
		raw, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "exit 12"}, nil)
		require.NoError(t, err)
		awaitZombie(t, foreign.Process.Pid)
		awaitZombie(t, raw)
		ev := events(startWith(t, l, noPipes(), "exit", "13"))
		run(t, l)
		require.Equal(t, []string{"spawn", "exit 13", "close 13"}, ev.Entries)
		require.Equal(t, 12, reapForeign(t, raw).ExitStatus())
		require.Error(t, foreign.Wait())
		require.Equal(t, 11, foreign.ProcessState.ExitCode())
	})
}
