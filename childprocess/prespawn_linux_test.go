package childprocess_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
)

// tasks are the threads of this program.
func tasks(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	return len(entries)
}

// mappings are the pieces of this program's memory.
func mappings(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return strings.Count(string(text), "\n")
}

// eventually waits for something that is on its way.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(looptest.HangLimit()); !is(); runtime.Gosched() {
		require.True(t, time.Now().Before(deadline), "%s", what)
	}
}

func TestWhatPreSpawnChangesHoldsForTheChildAlone(t *testing.T) {
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

// A program that cannot be started has had its PreSpawn called once.
func TestPreSpawnIsCalledOnceForAProgramThatIsMissing(t *testing.T) {
	calls := 0
	err := failureOf(t, "/no/such/program", &childprocess.Options{PreSpawn: func() error { calls++; return nil }})
	require.ErrorIs(t, err, unix.ENOENT)
	require.Equal(t, 1, calls)
	// A mistake in the call is found before.
	_, err = childprocess.Spawn(newLoop(t), "true", nil, &childprocess.Options{Nice: new(99), PreSpawn: func() error { calls++; return nil }})
	require.ErrorIs(t, err, unix.EINVAL)
	require.Equal(t, 1, calls)
}

// Threads, goroutines and memory are as many after the last of them as after the first.
func TestThrowAwayThreadsLeaveNothing(t *testing.T) {
	noNewFDs(t)
	starts := 1000
	if testing.Short() {
		starts = 100
	}
	l := newLoop(t)
	one := func(i int) {
		o := childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore), PreSpawn: func() error {
			switch i % 10 {
			case 1:
				return unix.EPERM
			case 2:
				panic("on purpose")
			}
			return nil
		}}
		c, err := childprocess.Spawn(l, "/bin/true", nil, &o)
		if i%10 == 1 || i%10 == 2 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		c.OnError(func(err error) { require.NoError(t, err) })
		run(t, l)
	}
	for i := range 50 {
		one(i)
	}
	goroutines, threads, maps := runtime.NumGoroutine(), tasks(t), mappings(t)
	for i := range starts {
		one(i)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	// The runtime may have made a thread or two for itself meanwhile.
	eventually(t, "threads end", func() bool { return tasks(t) <= threads+5 })
	require.LessOrEqual(t, mappings(t), maps+60)
	requireNoChildren(t)
}
