package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

// job is a running treesum with lines of progress.
type job struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout strings.Builder
	stderr *bufio.Reader
}

func startJob(t *testing.T, args ...string) *job {
	t.Helper()
	j := &job{t: t, cmd: program.Command(t, append([]string{"-every", "5ms"}, args...)...)}
	j.cmd.Stdout = &j.stdout
	stderr, err := j.cmd.StderrPipe()
	require.NoError(t, err)
	j.stderr = bufio.NewReader(stderr)
	program.Start(t, j.cmd)
	return j
}

// wait reads lines of progress until one matches.
func (j *job) wait(pattern string) {
	j.t.Helper()
	want := regexp.MustCompile(pattern)
	for line := ""; !want.MatchString(line); {
		var err error
		line, err = j.stderr.ReadString('\n')
		require.NoError(j.t, err, "last it said %q", line)
	}
}

// children returns the pids of the workers that are there now.
func (j *job) children() []int {
	j.t.Helper()
	return workersOf(j.t, j.cmd.Process.Pid)
}

func workersOf(t *testing.T, program int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", program))
	require.NoError(t, err)
	for _, name := range lists {
		list, _ := os.ReadFile(name) // The thread, or the whole program, may have ended.
		for pid := range strings.FieldsSeq(string(list)) {
			n := 0
			_, err := fmt.Sscan(pid, &n)
			require.NoError(t, err)
			pids = append(pids, n)
		}
	}
	return pids
}

// watchWorkers takes hold of the workers that are there now. gone waits until they have ended.
func watchWorkers(t *testing.T, program int) (gone func()) {
	t.Helper()
	var fds []unix.PollFd
	for _, pid := range workersOf(t, program) {
		fd, err := unix.PidfdOpen(pid, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(fd) })
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	require.NotEmpty(t, fds, "the program has no workers")
	return func() {
		t.Helper()
		for i := range fds {
			n, err := 0, error(unix.EINTR)
			for err == unix.EINTR {
				n, err = unix.Poll(fds[i:i+1], int(looptest.HangLimit().Milliseconds()))
			}
			require.NoError(t, err)
			require.Equal(t, 1, n, "a worker is left")
		}
	}
}

// workerAt waits until a worker other than that with the pid not has opened the file, and returns
// its pid.
func (j *job) workerAt(file string, not int) int {
	j.t.Helper()
	for {
		for _, pid := range j.children() {
			fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
			for _, fd := range fds {
				// It fails for what was closed since.
				if target, _ := os.Readlink(fd); target == file && pid != not {
					return pid
				}
			}
		}
		j.wait(`^treesum: \d+ of \d+ files`)
	}
}

func isProgress(line string) bool {
	return strings.HasPrefix(line, "treesum: ") && strings.HasSuffix(line, " MB\n")
}

// end returns what the program says in the end, without progress, and its exit code.
func (j *job) end() (stderr string, code int) {
	j.t.Helper()
	var said strings.Builder
	for {
		line, err := j.stderr.ReadString('\n')
		if !isProgress(line) {
			said.WriteString(line)
		}
		if err != nil {
			require.ErrorIs(j.t, err, io.EOF)
			break
		}
	}
	_ = j.cmd.Wait() // The exit code says it.
	return said.String(), j.cmd.ProcessState.ExitCode()
}

func TestADeadWorkerIsReplacedAndItsFilesAreHashed(t *testing.T) {
	dir := endless(t, 1)
	c := contents{"0": "", "1": "one", "2": "two"}
	for _, name := range []string{"1", "2"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(c[name]), 0o666))
	}
	j := startJob(t, "-j", "1", dir)
	pid := j.workerAt(filepath.Join(dir, "0"), 0)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	require.NoError(t, os.Truncate(filepath.Join(dir, "0"), 0)) // What the other one finds.
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))

	stderr, code := j.end()
	require.Regexp(t, fmt.Sprintf(`^\S+ \S+ WARN worker ended worker=1 pid=%d reason=crash status="signal: SIGKILL"\n$`, pid), stderr)
	requireSummary(t, j.stdout.String(), c, "2", "3")
	require.Zero(t, code)
}

func TestAFileAtWhichTwoWorkersDieIsGivenUp(t *testing.T) {
	dir := endless(t, 1)
	c := contents{"1": "one", "2": "two"}
	for name, text := range c {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	j := startJob(t, "-j", "1", dir)
	file := filepath.Join(dir, "0")
	first := j.workerAt(file, 0)
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	second := j.workerAt(file, first)
	require.NoError(t, syscall.Kill(second, syscall.SIGKILL))

	stderr, code := j.end()
	require.Regexp(t, fmt.Sprintf(`(?m)^treesum: %s: pool: 2 workers died of this job: worker 1 \(pid %d\): .*; worker 2 \(pid %d\): signal: SIGKILL`,
		regexp.QuoteMeta(file), first, second), stderr)
	requireSummary(t, j.stdout.String(), c, "3", "2")
	require.Contains(t, j.stdout.String(), "files     2, 1 failed\n")
	require.Equal(t, exitFailed, code)
}

func TestWorkersThatKeepDyingEndTheJob(t *testing.T) {
	j := startJob(t, "-j", "1", endless(t, 9))
	// One that dies before any was ready ends the job at once: the program cannot be a worker.
	j.wait(`, .*[1-9].* MB of `)
	var said strings.Builder
	for {
		line, err := j.stderr.ReadString('\n')
		if err != nil {
			break
		}
		if !isProgress(line) {
			said.WriteString(line)
		}
		for _, pid := range j.children() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // It may have been killed before.
		}
	}
	_, code := j.end()
	require.Regexp(t, `\ntreesum: pool: 10 workers died one after the other, the last one: worker 10 \(pid \d+\): signal: SIGKILL.*\n$`,
		said.String())
	require.Equal(t, exitFailed, code)
}

func TestWorkersEndWithAProgramThatIsKilled(t *testing.T) {
	j := startJob(t, "-j", "2", endless(t, 3))
	j.wait(`, [1-9].* MB of `)
	gone := watchWorkers(t, j.cmd.Process.Pid)
	require.NoError(t, j.cmd.Process.Kill())
	stderr, code := j.end()
	gone()
	require.Empty(t, stderr)
	require.Equal(t, -1, code)
}

// Other systems refuse such names.
func TestNamesThatAreNotUTF8(t *testing.T) {
	c := contents{"file \xff\xfe": "f", "dir \xc3/\xed\xa0\x80": "in it"}
	r := program.Run(t, command(t, "-l", c.write(t)))
	require.Equal(t, c.list(), r.Stdout)
	requireSummary(t, r.Stderr, c, someWorkers, "2")
	require.Zero(t, r.Code)
}
