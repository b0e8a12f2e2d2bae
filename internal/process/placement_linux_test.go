//go:build amd64 || arm64

package process_test

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

func affinity(t testing.TB) (set unix.CPUSet) {
	t.Helper()
	require.NoError(t, unix.SchedGetaffinity(0, &set))
	return set
}

// allowed is the affinity of a child, as proc_pid_status(5) has it.
func allowed(t *testing.T, s *process.Starter) string {
	t.Helper()
	return status(output(t, s, command("/bin/cat", "/proc/self/status")))["Cpus_allowed_list"]
}

// narrowing locks this thread, and skips the test where a child cannot be kept on its processor.
func narrowing(t *testing.T) *process.Starter {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	s := newStarter(t)
	finish(t, start(t, s, command("/bin/true")))
	if narrowed, has := s.Narrowed(); !has {
		t.Skip("there is no fork of this library here")
	} else if !narrowed {
		online, err := os.ReadFile("/sys/devices/system/cpu/online")
		set := affinity(t)
		t.Skipf("this thread is restricted to some processors, or there is one only: %d, online are %s (%v)",
			set.Count(), online, err)
	}
	return s
}

func TestAChildIsKeptOnTheProcessorOfItsThreadUntilItRuns(t *testing.T) {
	s := narrowing(t)
	before := affinity(t)
	text, err := os.ReadFile("/proc/thread-self/status")
	require.NoError(t, err)
	require.Equal(t, status(string(text))["Cpus_allowed_list"], allowed(t, s))
	narrowed, _ := s.Narrowed()
	require.True(t, narrowed)
	require.Equal(t, before, affinity(t))
}

func TestAThreadThatIsRestrictedStaysThat(t *testing.T) {
	s := narrowing(t)
	before := affinity(t)
	defer func() { require.NoError(t, unix.SchedSetaffinity(0, &before)) }()
	var one unix.CPUSet
	for cpu := range len(one) * 64 {
		if before.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	require.NoError(t, unix.SchedSetaffinity(0, &one))
	text, err := os.ReadFile("/proc/thread-self/status")
	require.NoError(t, err)
	require.Equal(t, status(string(text))["Cpus_allowed_list"], allowed(t, s))
	narrowed, _ := s.Narrowed()
	require.False(t, narrowed)
	require.Equal(t, one, affinity(t))
}

func TestAThreadIsNotRestrictedByAStartThatFails(t *testing.T) {
	s := narrowing(t)
	before := affinity(t)
	_, failure := s.Start(command("/does/not/exist"))
	require.NotNil(t, failure)
	narrowed, _ := s.Narrowed()
	require.True(t, narrowed)
	require.Equal(t, before, affinity(t))

	errno, narrowed := process.RefusedClone()
	require.EqualValues(t, unix.ENOSYS, errno)
	require.True(t, narrowed)
	require.Equal(t, before, affinity(t), "there was no child that could give it back")
}

func TestAChildWithSettingsIsNotKept(t *testing.T) {
	s := narrowing(t)
	spec := command("/bin/true")
	spec.Settings = &process.Settings{NoNewPrivs: true}
	finish(t, start(t, s, spec))
	narrowed, _ := s.Narrowed()
	require.False(t, narrowed)
}

func TestAChildIsNotKeptWhileOthersStart(t *testing.T) {
	s := narrowing(t)
	release := process.OtherStart()
	finish(t, start(t, s, command("/bin/true")))
	release()
	narrowed, _ := s.Narrowed()
	require.False(t, narrowed)
	finish(t, start(t, s, command("/bin/true")))
	narrowed, _ = s.Narrowed()
	require.True(t, narrowed)
}

// The runtime starts threads while others fork, and a thread inherits the affinity of the one that starts it.
func TestNoThreadIsRestrictedByStarts(t *testing.T) {
	narrowing(t)
	text, err := os.ReadFile("/proc/thread-self/status")
	require.NoError(t, err)
	want := status(string(text))["Cpus_allowed_list"]
	var wg sync.WaitGroup
	failures := make(chan error, 4)
	for range cap(failures) {
		s := newStarter(t)
		wg.Go(func() {
			for range 25 {
				p, failure := s.Start(command("/bin/true"))
				if failure != nil {
					failures <- failure
					return
				}
				if _, err := end(p); err != nil {
					failures <- err
					return
				}
				blocked := make(chan struct{})
				go func() {
					runtime.LockOSThread() // Whoever has this thread to himself has others started in its place.
					close(blocked)
				}()
				<-blocked
			}
		})
	}
	wg.Wait()
	require.Empty(t, failures)
	threads, err := filepath.Glob("/proc/self/task/*/status")
	require.NoError(t, err)
	require.NotEmpty(t, threads)
	for _, file := range threads {
		if text, err := os.ReadFile(file); err == nil { // Else it has ended.
			require.Equal(t, want, status(string(text))["Cpus_allowed_list"], file)
		}
	}
}
