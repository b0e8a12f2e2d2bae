package childprocess_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// mappings returns the number of this program's memory mappings.
func mappings(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return strings.Count(string(text), "\n")
}

func TestPreSpawnChangesTheChildAlone(t *testing.T) {
	needRoot(t)
	noNewFDs(t)
	own, err := os.Readlink("/proc/self/ns/mnt")
	require.NoError(t, err)
	dir := t.TempDir()
	for _, async := range []bool{false, true} {
		var thread, calls int
		o := childprocess.Options{Async: async, PreSpawn: func() error {
			calls++
			thread = unix.Gettid()
			return errors.Join(
				unix.Unshare(unix.CLONE_NEWNS),
				unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""),
				unix.Mount("none", dir, "tmpfs", 0, ""),
				os.WriteFile(filepath.Join(dir, "secret"), []byte("text\n"), 0o600),
			)
		}}
		l := newLoop(t)
		c, err := childprocess.Spawn(l, "/bin/cat", []string{filepath.Join(dir, "secret")}, &o)
		if errors.Is(err, unix.EPERM) {
			t.Skip("no mount namespace can be made here: ", err)
		}
		require.NoError(t, err)
		require.Equal(t, "text\n", output(t, l, c))
		require.Equal(t, 1, calls)
		require.NotEqual(t, os.Getpid(), thread, "it was the main thread")
		eventually(t, "the thread ends", func() bool {
			_, err := os.Stat("/proc/self/task/" + strconv.Itoa(thread))
			return errors.Is(err, os.ErrNotExist)
		})
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries, "this program sees the mount")
		now, err := os.Readlink("/proc/self/ns/mnt")
		require.NoError(t, err)
		require.Equal(t, own, now)
	}
}

func TestTheErrorOfPreSpawnIsThatOfTheSpawn(t *testing.T) {
	noNewFDs(t)
	ours := errors.New("ours")
	for name, row := range map[string]struct {
		before func() error
		check  func(t *testing.T, err error)
	}{
		"error": {func() error { return ours }, func(t *testing.T, err error) { require.ErrorIs(t, err, ours) }},
		"errno": {func() error { return unix.ENOENT }, func(t *testing.T, err error) { require.ErrorIs(t, err, unix.ENOENT) }},
		"panic": {func() error { panic(ours) }, func(t *testing.T, err error) {
			panicked, ok := errors.AsType[*childprocess.PanicError](err)
			require.True(t, ok)
			require.Equal(t, any(ours), panicked.Value)
			require.Contains(t, string(panicked.Stack), "prespawn_linux_test.go")
			require.ErrorIs(t, err, ours)
		}},
		"goexit": {func() error { runtime.Goexit(); return nil }, func(t *testing.T, err error) { require.ErrorContains(t, err, "Goexit") }},
	} {
		for _, o := range []childprocess.Options{{}, {Async: true}, {Pdeathsig: unix.SIGTERM}} {
			o.PreSpawn = row.before
			err := failureOf(t, "/bin/echo", &o)
			failed, ok := err.(*childprocess.SpawnError)
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, childprocess.StepPreSpawn, failed.Step)
			row.check(t, err)
			requireNoChildren(t)
		}
		r := childprocess.SpawnSync("/bin/echo", nil, &childprocess.SyncOptions{Options: childprocess.Options{PreSpawn: row.before}})
		row.check(t, r.Err)
		_, err := childprocess.OutputWith(context.Background(), &childprocess.RunOptions{Options: childprocess.Options{PreSpawn: row.before}}, "/bin/echo")
		row.check(t, err)
	}
}

// If the program cannot be started, its PreSpawn was called once.
func TestPreSpawnIsCalledOnceForAProgramThatIsMissing(t *testing.T) {
	calls := 0
	err := failureOf(t, "/no/such/program", &childprocess.Options{PreSpawn: func() error { calls++; return nil }})
	require.ErrorIs(t, err, unix.ENOENT)
	require.Equal(t, 1, calls)
	// A mistake in the call is found before it.
	_, err = childprocess.Spawn(newLoop(t), "true", nil, &childprocess.Options{Nice: new(99), PreSpawn: func() error { calls++; return nil }})
	require.ErrorIs(t, err, unix.EINVAL)
	require.Equal(t, 1, calls)
}

// footprint is the set of things that a start may leave behind.
type footprint struct{ goroutines, threads, mappings int }

// footprintOf is this program's footprint after a garbage collection.
func footprintOf(t testing.TB) footprint {
	t.Helper()
	debug.FreeOSMemory()
	return footprint{runtime.NumGoroutine(), threads(t), mappings(t)}
}

// After 10,000 starts there are as many threads, goroutines and mappings as after the first, for a
// child whose PreSpawn works, returns an error, panics, or ends its goroutine; whose program is
// missing; that keeps its thread until it exits; that a spawner starts; or that syscall.ForkExec
// starts on a thread with a descriptor table of its own.
func TestThrowAwayThreadsLeaveNothing(t *testing.T) {
	noNewFDs(t)
	starts := 10_000
	if testing.Short() {
		starts = 200
	}
	before := []func() error{
		func() error { return nil },
		func() error { return unix.EPERM },
		func() error { panic("on purpose") },
		func() error { runtime.Goexit(); return nil },
	}
	l := newLoop(t)
	one := func(i int) {
		file, fails := "/bin/true", i%8 >= 5
		o := childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore), PreSpawn: before[max(0, i%8-4)]}
		switch i % 8 {
		case 0:
			file, fails = "/no/such/program", true
		case 1:
			o.Pdeathsig, o.FDPolicy = unix.SIGTERM, childprocess.FDsCloseOnExec
		case 2:
			o.Async = true
		case 3:
			o.Backend = childprocess.BackendForkExec
		}
		c, err := childprocess.Spawn(l, file, nil, &o)
		if err != nil {
			require.True(t, fails, "%d: %v", i, err)
			return
		}
		failed := false
		c.OnError(func(error) { failed = true })
		run(t, l)
		require.Equal(t, fails, failed, "start %d", i)
	}
	// The first starts make everything that is made once: idle threads of the runtime, its heap.
	for i := range max(starts/10, 100) {
		one(i)
	}
	first := footprintOf(t)
	for i := range starts {
		one(i)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= first.goroutines })
	// After much work the runtime keeps a few more threads and mappings, but not one per hundred
	// starts.
	const few = 8
	eventually(t, "threads end", func() bool { return threads(t) <= first.threads+few })
	last := footprintOf(t)
	t.Logf("%d starts: %+v became %+v", starts, first, last)
	require.LessOrEqual(t, last.mappings, first.mappings+4*few)
	requireNoChildren(t)
}
