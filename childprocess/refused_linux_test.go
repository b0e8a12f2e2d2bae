package childprocess_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// The system calls that use a child's pidfd.
var (
	pidfdOpen       = sandbox.Number(unix.SYS_PIDFD_OPEN)
	pidfdSendSignal = sandbox.Number(unix.SYS_PIDFD_SEND_SIGNAL)
	waitidPidfd     = sandbox.Number(unix.SYS_WAITID).With(0, unix.P_PIDFD)
)

func init() {
	// refused-pidfds spawns the program in its arguments when pidfds were found and are then
	// refused, also to the fork.
	helperproc.Register("refused-pidfds", func(args []string) {
		l := check(openLoop())
		check(0, childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd))
		check(0, l.Run()) // Nothing runs.
		if !process.Force("nopidfd") {
			fail(fmt.Errorf("a fork without pidfds cannot be forced"))
		}
		check(0, sandbox.Restrict(unix.EPERM, pidfdOpen, waitidPidfd, pidfdSendSignal))
		c := check(childprocess.Spawn(l, args[0], args[1:], nil))
		ev := events(c).reading()
		check(0, l.Run())
		fmt.Print(ev.process(), " ", string(ev.data[1]))
		check(0, l.Close())
	})
}

// The filter is set after the loop has found that the system has pidfds.
func TestPidfdsMayBeRefusedWhileChildrenRun(t *testing.T) {
	for name, call := range map[string]sandbox.Call{"waitid": waitidPidfd, "pidfd_send_signal": pidfdSendSignal} {
		t.Run(name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				noNewFDs(t)
				l := newLoop(t)
				if err := childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd); err != nil {
					t.Skip(err)
				}
				before := start(t, l, "wait")
				sandbox.Refuse(t, errno, call)
				after := start(t, l, "exit", "7")
				// Its shell leads a group, which the time-out ends.
				late := spawn(t, l, "sleep 1000; true", nil, &childprocess.Options{Shell: shell, Timeout: time.Millisecond})
				var all []*recorder
				for _, c := range []*childprocess.ChildProcess{before, after, late} {
					all = append(all, events(c))
				}
				kill(t, before, syscall.SIGINT)
				run(t, l)
				for i, want := range []string{"SIGINT", "7", "SIGTERM"} {
					require.Equal(t, []string{"spawn", "exit " + want, "close " + want}, all[i].process())
				}
			})
		})
	}
}

func TestAChildThatCanHaveNoPidfdAnyMoreIsFollowedBySIGCHLD(t *testing.T) {
	file, argv := helperproc.Command("refused-pidfds")
	l := newLoop(t)
	if err := childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd); err != nil {
		t.Skip(err)
	}
	got := output(t, l, spawn(t, l, file, append(argv, shell, "-c", "echo text; exit 3"), nil))
	require.Equal(t, "[spawn exit 3 close 3] text\n", got)
}

// If a call fails without which no child can start, the error names the step, and nothing is left
// open.
func TestWithoutPipesSpawnSaysSo(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		noNewFDs(t)
		l := newLoop(t)
		require.NoError(t, childprocess.Prepare(l))
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PIPE2))
		c, err := childprocess.Spawn(l, "true", nil, nil)
		if err == nil { // An errno that is an error event in Node, too.
			ev := events(c)
			run(t, l)
			err = ev.err
		}
		require.ErrorIs(t, err, errno)
		require.IsType(t, &childprocess.SpawnError{}, err)
	})
}
