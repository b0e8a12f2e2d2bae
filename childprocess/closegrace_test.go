package childprocess_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// leavesDaemon writes a line and the beginning of another, leaves a process with its pipes, whose
// pid it writes to the file $0, and exits with $1. So do "pg_ctl start" and "redis-server
// --daemonize".
const leavesDaemon = `sleep 1000 & echo $! >"$0"; printf 'one\ntwo'; exit $1`

// daemonCall is a form called with leavesDaemon.
type daemonCall func(t *testing.T, o childprocess.Options, args ...string) daemonResult

type daemonResult struct {
	stdout string
	err    error
	status *childprocess.ExitStatus // nil: the form returns no status
}

// withStatusOfError takes the status from the error, for a form that returns it only there.
func (r daemonResult) withStatusOfError() daemonResult {
	if e, ok := r.err.(*childprocess.ExitError); ok {
		r.status = &e.Status
	}
	return r
}

var daemonCalls = map[string]daemonCall{
	"Spawn": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		l := newLoop(t)
		c := spawn(t, l, shell, args, &o)
		c.Stdout.Collect(-1, func(data []byte, err error) { r.stdout, r.err = string(data), err })
		c.OnClose(func(s childprocess.ExitStatus) { r.status = &s })
		run(t, l)
		return r
	},
	"Async": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		o.Async = true
		l := newLoop(t)
		c := spawn(t, l, shell, args, &o)
		var lines []string
		c.Stdout.OnLine(func(line []byte) { lines = append(lines, string(line)) })
		c.OnClose(func(s childprocess.ExitStatus) { r.status = &s })
		run(t, l)
		r.stdout = strings.Join(lines, "\n")
		return r
	},
	"Spawn and Lines": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		l := newLoop(t)
		c := spawn(t, l, shell, args, &o)
		c.OnClose(func(s childprocess.ExitStatus) { r.status = &s })
		got := ranging(c)
		run(t, l)
		lines := <-got
		r.stdout, r.err = strings.Join(lines.lines, "\n"), lines.err
		return r
	},
	"ExecFile": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		l := newLoop(t)
		got := runToDone(t, l, callExecFile(t, l, shell, args, execOptions(o)))
		status, _ := got.c.Status()
		return daemonResult{got.stdout, got.err, &status}
	},
	"Exec": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		o.Shell = shell
		for i, arg := range args {
			args[i] = childprocess.Quote(arg)
		}
		l := newLoop(t)
		got := runToDone(t, l, callExec(t, l, shell+" "+strings.Join(args, " "), execOptions(o)))
		status, _ := got.c.Status()
		return daemonResult{got.stdout, got.err, &status}
	},
	"SpawnSync": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		s := childprocess.SpawnSync(shell, args, &childprocess.SyncOptions{Options: o})
		return daemonResult{string(s.Stdout), s.Err, &s.Status}
	},
	"ExecFileSync": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		out, err := childprocess.ExecFileSync(shell, args, &childprocess.SyncOptions{Options: o})
		return daemonResult{stdout: string(out), err: err}.withStatusOfError()
	},
	"OutputWith": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o}, shell, args...)
		return daemonResult{stdout: string(out), err: err}.withStatusOfError()
	},
	"RunWith": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		err := childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, shell, args...)
		// The pipe is not read.
		return daemonResult{stdout: "one\ntwo", err: err}.withStatusOfError()
	},
	"LinesWith": func(t *testing.T, o childprocess.Options, args ...string) (r daemonResult) {
		got := collectLines(childprocess.LinesWith(t.Context(), &childprocess.RunOptions{Options: o}, shell, args...))
		return daemonResult{stdout: strings.Join(got.lines, "\n"), err: got.err}.withStatusOfError()
	},
}

func TestACloseGraceMeansTheSameInEveryForm(t *testing.T) {
	for name, call := range daemonCalls {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			for _, code := range []string{"0", "3"} {
				pidFile := filepath.Join(t.TempDir(), "pid")
				begin := time.Now()
				r := call(t, childprocess.Options{CloseGrace: 20 * time.Millisecond}, "-c", leavesDaemon, pidFile, code)
				require.Less(t, time.Since(begin), tooLong)
				pid, err := os.ReadFile(pidFile)
				require.NoError(t, err)
				killGrandchild(t, string(pid)) // It is alive: no limit was reached.
				require.Equal(t, "one\ntwo", r.stdout)
				if r.status != nil {
					require.True(t, r.status.CutOff)
					require.NoError(t, r.status.Cause)
					require.Equal(t, code, statusText(*r.status))
				}
				if code == "0" || r.status != nil && strings.HasPrefix(name, "Spawn") || name == "Async" {
					require.NoError(t, r.err)
					continue
				}
				failed, ok := r.err.(*childprocess.ExitError)
				require.True(t, ok, "%v", r.err)
				require.NoError(t, failed.Err, "it failed on its own")
				require.True(t, failed.Status.CutOff)
				require.False(t, failed.Killed)
			}
		})
	}
}

// Output that was written before the end of the grace is read, also by a slow reader. While the
// reader is slow, the loop sleeps.
func TestACloseGraceLeavesTheReaderItsTime(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "seq", []string{"5000"}, &childprocess.Options{CloseGrace: time.Millisecond, HighWaterMark: 100})
	goOn := make(chan struct{})
	got := make(chan ranged)
	lines := c.Lines()
	go func() { // Ends with the range.
		<-goOn
		got <- collectLines(lines)
	}()
	c.OnExit(func(childprocess.ExitStatus) {
		const quiet = 100 * time.Millisecond // How long the reader waits after the grace.
		turns := l.Stats().Turns
		l.SetTimeout(quiet, func() {
			require.Less(t, l.Stats().Turns-turns, uint64(50))
			close(goOn)
		})
	})
	run(t, l)
	r := <-got
	require.NoError(t, r.err)
	require.Len(t, r.lines, 5000)
	status, _ := c.Status()
	require.False(t, status.CutOff)
}

// A stream that is paused when the grace is over cannot come to its end.
func TestACloseGraceDestroysPausedStreams(t *testing.T) {
	l := newLoop(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	c := spawn(t, l, shell, []string{"-c", leavesDaemon, pidFile, "0"}, &childprocess.Options{CloseGrace: time.Millisecond})
	ev := events(c)
	c.OnExit(func(childprocess.ExitStatus) {
		l.SetImmediate(c.Stdout.Pause) // The exit has resumed the stream.
	})
	run(t, l)
	pid, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	killGrandchild(t, string(pid))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.True(t, ev.status.CutOff)
	require.Zero(t, ev.count("stdout end"))
	require.Equal(t, 1, ev.count("stdout close"))
	require.Equal(t, 1, ev.count("stderr end"))
	require.Equal(t, syscall.Signal(0), ev.status.Signal)
}
