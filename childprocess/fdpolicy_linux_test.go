package childprocess_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// backends are the ways to start a child that this test run can use.
func backends() map[string]childprocess.Backend {
	all := map[string]childprocess.Backend{
		"auto": childprocess.BackendAuto, "fork": childprocess.BackendFork, "ForkExec": childprocess.BackendForkExec,
	}
	if plainFork() {
		delete(all, "fork")
	}
	return all
}

// inheritedBy returns the descriptors of a child, by number.
func inheritedBy(t testing.TB, o *childprocess.Options) []int {
	t.Helper()
	l := newLoop(t)
	ev := events(startWith(t, l, o, "layout", "1")).reading()
	run(t, l)
	require.True(t, ev.status.Success(), "%v: %s", ev.status, ev.data[2])
	var open map[int]what
	require.NoError(t, json.Unmarshal(ev.data[1], &open))
	return slices.Sorted(maps.Keys(open))
}

// openNumber opens /dev/null at a free number.
func openNumber(t testing.TB, number, flags int) {
	t.Helper()
	_, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0)
	require.ErrorIs(t, err, unix.EBADF, "descriptor %d is in use", number)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	if null == number {
		_, err = unix.FcntlInt(uintptr(number), unix.F_SETFD, 0)
		require.NoError(t, err)
		require.Zero(t, flags)
	} else {
		require.NoError(t, unix.Dup3(null, number, flags))
		require.NoError(t, unix.Close(null))
	}
	t.Cleanup(func() { require.NoError(t, unix.Close(number)) })
}

func TestAChildHasWhatItsFDPolicySays(t *testing.T) {
	noNewFDs(t)
	openNumber(t, 150, 0)
	openNumber(t, 151, unix.O_CLOEXEC)
	openNumber(t, 900, 0)
	var loose []int
	for fd := range leakcheck.Inheritable() {
		if fd > 3 {
			loose = append(loose, fd)
		}
	}
	slices.Sort(loose)
	require.Contains(t, loose, 150)
	for name, backend := range backends() {
		for _, async := range []bool{false, true} {
			for _, before := range []func() error{nil, func() error { return nil }} {
				o := childprocess.Options{
					Backend: backend, Async: async, PreSpawn: before,
					Stdio: []childprocess.Stdio{3: childprocess.FD(0)},
				}
				what := fmt.Sprint(name, ", async ", async, ", thread ", before != nil)
				require.Equal(t, []int{0, 1, 2, 3}, inheritedBy(t, &o), what)
				o.FDPolicy = childprocess.FDsCloseOnExec
				require.Equal(t, append([]int{0, 1, 2, 3}, loose...), inheritedBy(t, &o), what)
			}
		}
	}
}

// The number of an inherited descriptor is not used as a temporary one.
func TestInheritedDescriptorsAreNotOverwritten(t *testing.T) {
	for number := 5; number < 60; number++ {
		if _, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err != nil {
			openNumber(t, number, 0)
		}
	}
	before := slices.Sorted(maps.Keys(leakcheck.Inheritable()))
	// Each of these goes to the number of another.
	stdio := []childprocess.Stdio{childprocess.FD(2), {}, childprocess.FD(0), childprocess.FD(1), childprocess.FD(0)}
	if plainFork() {
		t.Skip("syscall.ForkExec does that")
	}
	got := inheritedBy(t, &childprocess.Options{FDPolicy: childprocess.FDsCloseOnExec, Stdio: stdio})
	for _, number := range before {
		require.Contains(t, got, number)
	}
}

func TestAChildHasNothingThatOthersOpenMeanwhile(t *testing.T) {
	noNewFDs(t)
	starts := 100 // Package process has a test of 500, with each fork.
	if testing.Short() {
		starts = 10
	}
	for name, backend := range backends() {
		t.Run(name, func(t *testing.T) {
			var group sync.WaitGroup
			var over atomic.Bool
			var opened atomic.Int64
			defer group.Wait()
			defer over.Store(true)
			group.Go(func() { // It ends with the test, which waits for it.
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				for ; !over.Load(); opened.Add(1) {
					var ends [2]int
					if unix.Pipe(ends[:]) == nil { // As C code does.
						_ = unix.Close(ends[0])
						_ = unix.Close(ends[1])
					}
				}
			})
			l := newLoop(t)
			for i := range starts {
				ev := events(startWith(t, l, &childprocess.Options{Backend: backend}, "layout", "1")).reading()
				run(t, l)
				var open map[int]what
				require.NoError(t, json.Unmarshal(ev.data[1], &open), "%v: %s", ev.status, ev.data[2])
				require.Equal(t, []int{0, 1, 2}, slices.Sorted(maps.Keys(open)), "start %d", i)
			}
			require.Greater(t, opened.Load(), int64(starts))
		})
	}
}
