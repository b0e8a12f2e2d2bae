package childprocess_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// busyFile returns a program file and a descriptor that is open for writing it. Some kernels (6.11,
// 6.12) execute such a file all the same.
func busyFile(t testing.TB) (path string, writer *os.File) {
	t.Helper()
	path = writeFile(t, filepath.Join(t.TempDir(), "busy"), "#!/bin/cat\n", 0o755)
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = writer.Close() }) // The test may have closed it.
	if err := exec.Command(path).Run(); err == nil {
		t.Skip("this kernel executes files that are open for writing")
	}
	return path, writer
}

func TestBusyProgramIsAnErrorInTheEnd(t *testing.T) {
	path, _ := busyFile(t)
	started := time.Now()
	failed, emitted := refused(t, path, nil, nil)
	require.False(t, emitted)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepProgram, File: path, Path: path, Args: []string{}, Err: syscall.ETXTBSY,
	}, failed)
	require.Greater(t, time.Since(started), 10*time.Millisecond, "it was not tried again")
}

func TestBusyProgramThatBecomesFreeInTimeIsStarted(t *testing.T) {
	// On a machine that stalls the file may become free too late, or before the first try. Such a
	// run proves nothing.
	const attempts = 50
	for range attempts {
		path, writer := busyFile(t)
		l := newLoop(t)
		var closed sync.WaitGroup
		closed.Add(1)
		began := time.Now()
		var freed time.Time
		time.AfterFunc(4*time.Millisecond, func() {
			defer closed.Done()
			freed = time.Now()
			_ = writer.Close()
		})
		c, err := childprocess.Spawn(l, path, nil, nil)
		returned := time.Now()
		closed.Wait()
		if err != nil {
			require.ErrorIs(t, err, syscall.ETXTBSY)
			continue
		}
		require.Equal(t, "#!/bin/cat\n", output(t, l, c))
		if freed.Sub(began) > 2*time.Millisecond && returned.After(freed) {
			return
		}
	}
	t.Fatalf("none of %d programs was started after it became free", attempts)
}

func TestFreshProgramStartsWhileOtherGoroutinesFork(t *testing.T) {
	// Each fork of the other goroutines has a copy of the descriptor that wrote our file, until it
	// executes its program.
	l := newLoop(t)
	dir := t.TempDir()
	stop := make(chan struct{})
	var forkers sync.WaitGroup
	for range 2 {
		forkers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = exec.Command("/bin/true").Run()
				}
			}
		})
	}
	defer forkers.Wait()
	defer close(stop)
	refusals := 0
	for range 150 {
		path := writeFile(t, filepath.Join(dir, "fresh"), "#!/bin/cat\n", 0o755)
		c, err := childprocess.Spawn(l, path, nil, nil)
		if err == nil {
			require.Equal(t, "#!/bin/cat\n", output(t, l, c))
		} else {
			require.ErrorIs(t, err, syscall.ETXTBSY)
			refusals++
		}
		require.NoError(t, os.Remove(path))
	}
	// On a machine that stalls a fork can take longer than the tries of a child. That happens now
	// and then.
	require.Less(t, refusals, 3)
}
