package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

// waitState waits until a process is in a state of proc_pid_stat(5): 'T' is stopped, 'Z' is a
// zombie.
func waitState(t *testing.T, pid int, want byte) {
	t.Helper()
	for deadline := time.Now().Add(looptest.HangLimit()); ; {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		require.NoError(t, err)
		if bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte{' ', want}) {
			return
		}
		require.True(t, time.Now().Before(deadline), "%s", stat)
	}
}

// waitRefused waits until nobody listens. What connects before may be answered or not.
func (c *running) waitRefused() {
	c.t.Helper()
	for {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			return
		}
		_ = conn.Close() // The other side may have reset it.
	}
}

// stopped is a cluster of two, whose first worker is stopped and gets a connection.
type stopped struct {
	*running
	pid  int      // of that worker
	sent net.Conn // that it has in its socket
}

func startStopped(t *testing.T, flags ...string) *stopped {
	t.Helper()
	c := &stopped{running: start(t, append(flags, "-workers", "2")...)}
	for i := range 2 {
		worker, pid := c.ask()
		require.Equal(t, i+1, worker)
		if worker == 1 {
			c.pid = pid
		}
	}
	require.NoError(t, syscall.Kill(c.pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(c.pid, syscall.SIGCONT) }) // It may have ended.
	waitState(t, c.pid, 'T')
	c.sent = c.connect()
	// When the first is answered the one before has been handed over; then the other worker has all
	// turns.
	for range 2 {
		worker, _ := c.ask()
		require.Equal(t, 2, worker)
	}
	return c
}

func TestWhatADyingWorkerHasNotReceivedGoesToAnother(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := startStopped(t, flags...)
		require.NoError(t, syscall.Kill(c.pid, syscall.SIGKILL))
		_, pid := c.answer(c.sent)
		require.NotEqual(t, c.pid, pid)
		// Its connection may be answered before its end is known. A program that is to end says
		// nothing of that.
		said, err := c.stderr.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("cluster: worker 1, pid %d: signal: SIGKILL\n", c.pid), said)
		c.signal(syscall.SIGTERM)
		require.Equal(t, program.Result{Stdout: "worker 1: 1 connections\nworker 2: 4 connections\n"}, c.end())
	})
}

func TestWhatWasAcceptedIsAnsweredBeforeTheEnd(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := startStopped(t, flags...)
		c.signal(syscall.SIGTERM)
		c.waitRefused()
		require.NoError(t, syscall.Kill(c.pid, syscall.SIGCONT))
		worker, pid := c.answer(c.sent)
		require.Equal(t, []int{1, c.pid}, []int{worker, pid})
		r := c.end()
		require.Empty(t, r.Stderr)
		require.Zero(t, r.Code)
		require.Equal(t, 2, strings.Count(r.Stdout, " connections\n"))
	})
}

func TestTheSecondSignalEndsItAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := startStopped(t, flags...)
		c.signal(syscall.SIGTERM)
		c.waitRefused()
		c.signal(syscall.SIGINT)
		waitState(t, c.cmd.Process.Pid, 'Z')
		// Its workers end with it, when they can.
		require.NoError(t, syscall.Kill(c.pid, syscall.SIGCONT))
		require.Equal(t, program.Result{Code: -1}, c.rest())
		require.Equal(t, syscall.SIGINT, c.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	})
}
