package signals_test

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	helperproc.Register("watch-once-then-die", func(args []string) {
		s, err := signals.Parse(args[0])
		must(err)
		watchOnce(s)
		must(unix.Kill(os.Getpid(), s))
		select {}
	})
}

// watchOnce is the body of helpers: it watches one signal and sends it to itself.
func watchOnce(s signals.Signal) {
	l, err := reactor.New(nil)
	must(err)
	var w *signals.Watcher
	w, err = signals.Watch(l, s, func(signals.Signal) { w.Close() })
	must(err)
	must(unix.Kill(os.Getpid(), s))
	must(l.Run())
	must(l.Close())
}

// helper returns the command that starts a helper.
func helper(name string, args ...string) *exec.Cmd {
	file, argv := helperproc.Command(name, args...)
	cmd := exec.Command(file, argv...)
	cmd.Stderr = os.Stderr
	return cmd
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

//brood:checks S063
func TestAfterTheLastWatcherTheDefaultEndsTheProcess(t *testing.T) {
	cmd := helper("watch-once-then-die", signals.Name(syscall.SIGTERM))
	require.Error(t, cmd.Run())
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled(), "%v", cmd.ProcessState)
	require.Equal(t, syscall.SIGTERM, status.Signal())
}

//brood:checks S063
func TestASignalThatWasIgnoredIsIgnoredAgainWhenTheLastLoopHasClosedItsWatcher(t *testing.T) {
	signal.Ignore(usr1)
	t.Cleanup(func() { signal.Reset(usr1) })
	first, second := newLoop(t), newLoop(t)
	got := 0
	count := func(signals.Signal) {
		got++
		first.Stop()
		second.Stop()
	}
	a, b := watch(t, first, usr1, count), watch(t, second, usr1, count)
	require.False(t, signal.Ignored(usr1))

	a.Close()
	run(t, first)
	require.False(t, signal.Ignored(usr1), "the other loop still watches")
	send(t, usr1)
	run(t, second)
	require.Equal(t, 1, got)

	b.Close()
	require.True(t, signal.Ignored(usr1))
	send(t, usr1) // The process survives it.
	run(t, first)
	_, err := second.Poll(0)
	require.NoError(t, err)
	require.Equal(t, 1, got)
}
