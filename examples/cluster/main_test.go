package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// running is the program, which listens.
type running struct {
	t              *testing.T
	cmd            *exec.Cmd
	addr           string
	stdout, stderr *bufio.Reader
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	c := &running{t: t, cmd: program.Command(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)}
	// Its workers will be in its process group.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := c.cmd.StderrPipe()
	require.NoError(t, err)
	program.Start(t, c.cmd)
	for _, pipe := range []io.Reader{stdout, stderr} {
		require.NoError(t, pipe.(*os.File).SetReadDeadline(time.Now().Add(looptest.HangLimit())))
	}
	c.stdout, c.stderr = bufio.NewReader(stdout), bufio.NewReader(stderr)
	line, err := c.stdout.ReadString('\n')
	require.NoError(t, err)
	_, err = fmt.Sscanf(line, "listening on %s\n", &c.addr)
	require.NoError(t, err, "%q", line)
	return c
}

// connect connects, and does not wait for the answer.
func (c *running) connect() net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", c.addr)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close() }) // The test may have closed it.
	require.NoError(c.t, conn.SetDeadline(time.Now().Add(looptest.HangLimit())))
	return conn
}

// answer returns what a connection was answered.
func (c *running) answer(conn net.Conn) (worker, pid int) {
	c.t.Helper()
	text, err := io.ReadAll(conn)
	require.NoError(c.t, err)
	require.NoError(c.t, conn.Close())
	_, err = fmt.Sscanf(string(text), "worker %d pid %d\n", &worker, &pid)
	require.NoError(c.t, err, "%q", text)
	return worker, pid
}

func (c *running) ask() (worker, pid int) {
	c.t.Helper()
	return c.answer(c.connect())
}

func (c *running) signal(s syscall.Signal) {
	c.t.Helper()
	// Not to the group: the workers are the program's to end.
	require.NoError(c.t, c.cmd.Process.Signal(s))
}

// rest returns what the program prints until it and its workers, who have the same stdout and
// stderr, have ended.
func (c *running) rest() program.Result {
	c.t.Helper()
	stdout, err := io.ReadAll(c.stdout)
	require.NoError(c.t, err)
	stderr, err := io.ReadAll(c.stderr)
	require.NoError(c.t, err)
	_ = c.cmd.Wait() // The exit code says it.
	return program.Result{Stdout: string(stdout), Stderr: string(stderr), Code: c.cmd.ProcessState.ExitCode()}
}

// end is rest for a program that has waited for its workers.
func (c *running) end() program.Result {
	c.t.Helper()
	r := c.rest()
	require.ErrorIs(c.t, syscall.Kill(-c.cmd.Process.Pid, 0), syscall.ESRCH, "a process of its group is left")
	return r
}

// eachKind runs a test with Go workers and with Node workers.
func eachKind(t *testing.T, test func(t *testing.T, flags ...string)) {
	t.Run("go", func(t *testing.T) { test(t) })
	t.Run("node", func(t *testing.T) {
		looptest.NodePath(t)
		test(t, "-node")
	})
}

func TestConnectionsGoToTheWorkersInTurn(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := start(t, append(flags, "-workers", "3")...)
		pids := map[int]int{}
		for i := range 20 {
			worker, pid := c.ask()
			require.Equal(t, i%3+1, worker)
			if i >= 3 {
				require.Equal(t, pids[worker], pid)
			}
			pids[worker] = pid
		}
		require.Len(t, map[int]bool{c.cmd.Process.Pid: true, pids[1]: true, pids[2]: true, pids[3]: true}, 4, "four processes")
		c.signal(syscall.SIGTERM)
		const want = "worker 1: 7 connections\nworker 2: 7 connections\nworker 3: 6 connections\n"
		require.Equal(t, program.Result{Stdout: want}, c.end())
	})
}

func TestConnectionsThatComeAtOnceAreAllAnswered(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		const n = 4 * cluster.DefaultMaxPending
		c := start(t, append(flags, "-workers", "2")...)
		var conns []net.Conn
		for range n {
			conns = append(conns, c.connect())
		}
		count := map[int]int{}
		for _, conn := range conns {
			worker, _ := c.answer(conn)
			count[worker]++
		}
		// The worker whose turn it is may be busy; then the other one has another turn.
		require.Len(t, count, 2)
		// ^C: the workers get it too.
		require.NoError(t, syscall.Kill(-c.cmd.Process.Pid, syscall.SIGINT))
		want := fmt.Sprintf("worker 1: %d connections\nworker 2: %d connections\n", count[1], count[2])
		require.Equal(t, program.Result{Stdout: want}, c.end())
	})
}

func TestAWorkerThatDiesIsReplaced(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := start(t, append(flags, "-workers", "2")...)
		c.ask()
		worker, pid := c.ask()
		require.Equal(t, 2, worker)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		line, err := c.stderr.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("cluster: worker 2, pid %d: signal: SIGKILL\n", pid), line)

		// Until the other process is there the first worker has all the turns.
		for worker = 0; worker != 2; {
			var other int
			worker, other = c.ask()
			require.NotEqual(t, pid, other)
		}
		worker, _ = c.ask()
		require.Equal(t, 1, worker)
		c.signal(syscall.SIGTERM)
		r := c.end()
		require.Empty(t, r.Stderr)
		require.Zero(t, r.Code)
		require.Regexp(t, `^worker 1: \d+ connections\nworker 2: 2 connections\n$`, r.Stdout)
	})
}

func TestASignalAtTheBeginningEndsIt(t *testing.T) {
	eachKind(t, func(t *testing.T, flags ...string) {
		c := start(t, append(flags, "-workers", "1")...) // The worker has hardly begun.
		c.signal(syscall.SIGTERM)
		require.Equal(t, program.Result{Stdout: "worker 1: 0 connections\n"}, c.end())
	})
}

func TestWithoutWorkersThereIsNoCluster(t *testing.T) {
	for name, row := range map[string]struct{ node, want string }{
		"cannot be started": {"", `^cluster: fork node: ENOENT: no such file or directory\n$`},
		"ends":              {"#!/bin/sh\nexit 7\n", `^cluster: worker \d, pid \d+: exit status 7\n$`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if row.node != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "node"), []byte(row.node), 0o777))
			}
			cmd := program.Command(t, "-node", "-workers", "2", "-addr", "127.0.0.1:0")
			cmd.Env = append(cmd.Env, "PATH="+dir)
			r := program.Run(t, cmd)
			require.Equal(t, 1, r.Code)
			require.Regexp(t, row.want, r.Stderr)
		})
	}
}

func TestAnAddressThatCannotBeListenedOn(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	require.Equal(t,
		program.Result{Stderr: "cluster: listen " + ln.Addr().String() + ": bind: address already in use\n", Code: 1},
		program.Run(t, program.Command(t, "-addr", ln.Addr().String())))
}

func TestTheRunThatIsRecorded(t *testing.T) {
	_, recorded := program.Recorded(t)
	c := start(t, "-workers", "2")
	var shown strings.Builder
	shown.WriteString("listening on " + c.addr + "\n")
	for range 3 {
		worker, pid := c.ask()
		shown.WriteString(fmt.Sprintf("worker %d pid %d\n", worker, pid))
	}
	c.signal(syscall.SIGTERM)
	require.Equal(t, program.Shape(recorded), program.Shape(shown.String()+c.end().Stdout))
}
