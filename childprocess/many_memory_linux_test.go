//go:build !race

package childprocess_test

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// The race detector needs memory of its own, so this file is not built with it.

// TestLivingChildrenAreSmall: a child has no goroutine, no buffer, and no memory for events without
// listeners.
func TestLivingChildrenAreSmall(t *testing.T) {
	for _, kind := range []struct {
		name        string
		stdio       []childprocess.Stdio
		descriptors int // per child
		most        int // bytes of heap per child
	}{
		{"three pipes", nil, 4, 3 << 10},
		{"no pipes", childprocess.AllStdio(childprocess.Ignore), 1, 2 << 10},
	} {
		t.Run(kind.name, func(t *testing.T) {
			children := 1000
			if testing.Short() || closesOneByOne() { // Such a child closes its copies one by one.
				children = 400
			}
			var limit unix.Rlimit
			require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
			if most := int(limit.Cur)/kind.descriptors - 100; children > most {
				t.Logf("%d children and not %d: the limit is %d descriptors", most, children, limit.Cur)
				children = most
			}
			l := newLoop(t)
			all := make([]*childprocess.ChildProcess, children)
			closed := 0
			onClose := func(s childprocess.ExitStatus) {
				closed++
				require.Equal(t, syscall.SIGKILL, s.Signal)
			}
			o := &childprocess.Options{Stdio: kind.stdio}
			args := []string{"1000"}
			spawn := func() *childprocess.ChildProcess {
				c, err := childprocess.Spawn(l, "sleep", args, o)
				require.NoError(t, err)
				c.OnClose(onClose)
				return c
			}
			first := spawn() // It allocates what the loop needs for all children.
			before, goroutines := heap(), runtime.NumGoroutine()
			for i := range all {
				all[i] = spawn()
			}
			var each int
			l.SetImmediate(func() {
				each = (heap() - before) / children
				require.Less(t, runtime.NumGoroutine()-goroutines, children/10)
				for _, c := range append(all, first) {
					sent, err := c.Kill(syscall.SIGKILL)
					require.NoError(t, err)
					require.True(t, sent)
				}
			})
			run(t, l)
			require.Equal(t, children+1, closed)
			t.Logf("%d bytes each", each)
			require.LessOrEqual(t, each, kind.most)
		})
	}
}

// TestTheExitOfOneChildAmongManyCallsNoOther counts the loop's callbacks from the signal that
// ends a child to its close.
func TestTheExitOfOneChildAmongManyCallsNoOther(t *testing.T) {
	if watchesSIGCHLD() {
		t.Skip("SIGCHLD does not say whose end it is: each child is asked")
	}
	callbacks := func(living int) (n uint64) {
		l := newLoop(t)
		others := make([]*childprocess.ChildProcess, living)
		spawn := func() *childprocess.ChildProcess {
			c, err := childprocess.Spawn(l, "sleep", []string{"1000"}, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)})
			require.NoError(t, err)
			return c
		}
		for i := range others {
			others[i] = spawn()
		}
		one := spawn()
		one.OnClose(func(childprocess.ExitStatus) {
			n = l.Stats().Callbacks - n
			for _, c := range others {
				_, err := c.Kill(syscall.SIGKILL)
				require.NoError(t, err)
			}
		})
		one.OnSpawn(func() { // The last of these events.
			n = l.Stats().Callbacks
			_, err := one.Kill(syscall.SIGKILL)
			require.NoError(t, err)
		})
		run(t, l)
		return n
	}
	alone := callbacks(0)
	require.Positive(t, alone)
	require.Equal(t, alone, callbacks(300))
}

// heap returns the bytes of the heap that are in use.
func heap() int {
	runtime.GC()
	runtime.GC() // Objects in a sync.Pool go with the second.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
