//go:build amd64 || arm64

package process_test

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

// unchanged are the lines of proc_pid_status(5) that a start must leave as they are.
var unchanged = []string{"SigBlk", "SigIgn", "SigCgt"}

// ourSignals returns the dispositions of this program and the mask of this thread.
func ourSignals(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/status")
	require.NoError(t, err)
	fields := status(string(text))
	found := map[string]string{}
	for _, name := range unchanged {
		require.NotEmpty(t, fields[name])
		found[name] = fields[name]
	}
	return found
}

// startsClean fails t if a child does not begin with an empty mask and the default dispositions, or
// if its start changes something in this process.
func startsClean(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := newStarter(t)
	for range 2 {
		before := ourSignals(t)
		fields := status(output(t, s, command("/bin/cat", "/proc/self/status")))
		for _, name := range append(slices.Clone(unchanged), "SigPnd", "ShdPnd") {
			mask, err := strconv.ParseUint(fields[name], 16, 64)
			require.NoError(t, err, name)
			require.Zero(t, mask, "%s: %x", name, mask)
		}
		require.Equal(t, before, ourSignals(t))
		spec := command("/none")
		_, failure := s.Start(spec)
		require.NotNil(t, failure)
		require.Equal(t, before, ourSignals(t))
	}
}

func TestAChildStartsWithCleanSignals(t *testing.T) {
	ignore := []os.Signal{syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGTSTP, syscall.SIGWINCH, syscall.Signal(40)}
	cases := []struct {
		name    string
		through []string
		test    func(t *testing.T)
	}{
		{"nothing changed", nil, startsClean},
		{"ignored and handled", nil, func(t *testing.T) {
			startsClean(t)
			signal.Ignore(ignore...)
			defer signal.Reset(ignore...)
			c := make(chan os.Signal, 1)
			signal.Notify(c)
			defer signal.Stop(c)
			signal.Ignore(syscall.SIGUSR2)
			defer signal.Reset(syscall.SIGUSR2)
			startsClean(t)
			signal.Ignore() // Everything, SIGKILL included.
			defer signal.Reset()
			// The children must be waited for, which Reset would prevent.
			signal.Notify(c, syscall.SIGCHLD)
			startsClean(t)
		}},
		{"everything blocked", nil, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all := unix.Sigset_t{Val: [16]uint64{^uint64(0)}}
			var old unix.Sigset_t
			require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old))
			defer func() { require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)) }()
			startsClean(t)
			// A signal pending in this process must not be pending in the child.
			require.NoError(t, unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGUSR1))
			startsClean(t)
			c := make(chan os.Signal, 1)
			signal.Notify(c, unix.SIGUSR1)
			require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil))
			require.Equal(t, unix.SIGUSR1, <-c)
			signal.Stop(c)
		}},
		{"ignored by C code", nil, func(t *testing.T) {
			for _, s := range []int{32, 33, 34, 64, int(unix.SIGUSR1), int(unix.SIGTTOU)} {
				ignoreRaw(t, s)
			}
			startsClean(t)
		}},
		{"inherited", []string{"/bin/sh", "-c", `trap "" HUP INT QUIT PIPE USR1 USR2 TERM TSTP TTIN TTOU CHLD; exec "$0" "$@"`}, startsClean},
		{"nohup", []string{"nohup"}, startsClean},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			eachFork(t, ownForks, func(t *testing.T, _ string) {
				nothingIsLeft(t)
				c.test(t)
			})
		})
	}
}

func TestAStormOfSignalsDuringStarts(t *testing.T) {
	ownForkOnly(t)
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	starts := 2000
	if testing.Short() {
		starts = 300
	}
	// The group gets them, too, but the tests must not.
	require.NoError(t, unix.Setpgid(0, 0))
	got := make(chan os.Signal, 100)
	signal.Notify(got, syscall.SIGUSR1, syscall.SIGTERM, syscall.Signal(40))
	defer signal.Stop(got)
	counts := map[os.Signal]int{}
	counted := make(chan struct{})
	// It ends with the last signal, SIGHUP. The test waits for that.
	go func() {
		defer close(counted)
		for s := range got {
			counts[s]++
			if s == syscall.SIGHUP {
				return
			}
		}
	}()
	var done atomic.Bool
	var group sync.WaitGroup
	sent := 0
	group.Go(func() {
		for ; !done.Load(); sent++ {
			_ = unix.Kill(unix.Getpid(), unix.SIGUSR1)
			_ = unix.Kill(0, unix.SIGTERM)
			_ = unix.Kill(0, unix.Signal(40))
			runtime.Gosched()
		}
	})
	program := exitProgram(0).newProgram(t)
	ended := map[process.Change]int{}
	var mu sync.Mutex
	var starters sync.WaitGroup
	errs := make(chan error, 4)
	for range 2 {
		starters.Go(func() {
			var s process.Starter
			defer s.Release()
			for i := range starts / 2 {
				spec := command(program)
				spec.Pidfd = i%2 == 0
				if i%10 == 9 {
					spec.Dir = "/none"
				}
				p, failure := s.Start(spec)
				if failure != nil {
					if *failure != (process.Failure{Step: process.StepDirectory, Path: "/none", Err: unix.ENOENT}) {
						errs <- failure
						return
					}
					continue
				}
				change, err := await(p)
				if err != nil {
					errs <- err
					return
				}
				mu.Lock()
				ended[change]++
				mu.Unlock()
			}
		})
	}
	starters.Wait()
	done.Store(true)
	group.Wait()
	require.NoError(t, errors.Join(drained(errs)...))
	signal.Notify(got, syscall.SIGHUP)
	require.NoError(t, unix.Kill(unix.Getpid(), unix.SIGHUP))
	<-counted
	t.Logf("%d signals sent, %v, %v", sent, counts, ended)
	// The kernel and Go merge signals that have not arrived yet.
	for _, s := range []os.Signal{syscall.SIGUSR1, syscall.SIGTERM, syscall.Signal(40)} {
		require.Positive(t, counts[s], "%v", s)
		require.LessOrEqual(t, counts[s], sent, "%v", s)
	}
	delete(ended, process.Change{Kind: process.Exited})
	delete(ended, process.Change{Kind: process.Signaled, Signal: unix.SIGTERM})
	delete(ended, process.Change{Kind: process.Signaled, Signal: unix.Signal(40)})
	require.Empty(t, ended, "children run, or die of a signal to the group")
}

func drained(errs chan error) (list []error) {
	close(errs)
	for err := range errs {
		list = append(list, err)
	}
	return list
}
