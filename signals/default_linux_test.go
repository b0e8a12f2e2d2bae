package signals_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	helperproc.Register("default-then-die", func(args []string) {
		s, err := signals.Parse(args[0])
		must(err)
		must(signals.Default(s))
		must(unix.Kill(os.Getpid(), s))
		select {}
	})
	helperproc.Register("default-watch-twice-then-die", func(args []string) {
		s, err := signals.Parse(args[0])
		must(err)
		must(signals.Default(s))
		watchOnce(s)
		watchOnce(s)
		must(unix.Kill(os.Getpid(), s))
		select {}
	})
	helperproc.Register("default-while-watched", func(args []string) {
		s, err := signals.Parse(args[0])
		must(err)
		l, err := reactor.New(nil)
		must(err)
		w, err := signals.Watch(l, s, func(signals.Signal) { l.Stop() })
		must(err)
		must(signals.Default(s))
		must(unix.Kill(os.Getpid(), s))
		must(l.Run())
		w.Close()
		must(unix.Kill(os.Getpid(), s))
		select {}
	})
	helperproc.Register("default-in-a-callback", func([]string) {
		l, err := reactor.New(nil)
		must(err)
		_, err = signals.Watch(l, unix.SIGUSR2, func(signals.Signal) {})
		must(err)
		l.SetImmediate(func() {
			var before, after unix.Sigset_t
			must(unix.PthreadSigmask(unix.SIG_BLOCK, nil, &before))
			must(signals.Default(unix.SIGUSR2))
			must(unix.PthreadSigmask(unix.SIG_BLOCK, nil, &after))
			if after != before {
				os.Exit(1)
			}
			l.Stop()
		})
		must(l.Run())
	})
}

// endOf returns the signal that has ended a helper. The helper must print nothing.
func endOf(t *testing.T, cmd *exec.Cmd) syscall.Signal {
	t.Helper()
	cmd.Stderr = nil
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "%s", out)
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled(), "%v: %s", cmd.ProcessState, out)
	require.Empty(t, out)
	return status.Signal()
}

func TestDefaultMakesSignalsEndTheProcessThatTheRuntimeDropsOrReports(t *testing.T) {
	all := []signals.Signal{unix.SIGUSR2, unix.SIGALRM, unix.SIGIO, unix.SIGQUIT, unix.SIGABRT, unix.SIGTRAP, unix.SIGSYS, unix.SIGPROF, 40}
	for _, s := range all {
		require.Equal(t, s, endOf(t, helper("default-then-die", signals.Name(s))))
	}
}

func TestDefaultIsBackAfterTheLastWatcher(t *testing.T) {
	for _, s := range []signals.Signal{unix.SIGUSR2, unix.SIGHUP, unix.SIGQUIT, 40} {
		for _, how := range []string{"default-watch-twice-then-die", "default-while-watched"} {
			require.Equal(t, s, endOf(t, helper(how, signals.Name(s))), how)
		}
	}
}

func TestDefaultRefusesSignalsThatTheRuntimeNeeds(t *testing.T) {
	for s, want := range map[signals.Signal]error{
		unix.SIGKILL: signals.ErrUncatchable, unix.SIGSEGV: signals.ErrReserved, unix.SIGURG: signals.ErrReserved, 33: signals.ErrReserved,
		0: signals.ErrUnknown, signals.MaxSignal + 1: signals.ErrUnknown,
	} {
		require.Equal(t, &signals.WatchError{Signal: s, Err: want}, signals.Default(s))
	}
}

// The loop reads its watched signals by a signalfd(2), which gets only blocked ones.
func TestDefaultInACallbackLeavesTheLoopsSignalsBlocked(t *testing.T) {
	require.NoError(t, helper("default-in-a-callback").Run())
}
