package childprocess_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
)

func init() {
	// on-terminal runs a shell command with a time-out, in milliseconds. It writes the result, and
	// which of the processes whose numbers the command has written are left. The command may use
	// the terminal.
	helperproc.Register("on-terminal", func(args []string) {
		l := check(openLoop())
		o := &childprocess.ExecOptions{}
		o.Timeout = time.Duration(check(strconv.Atoi(args[0]))) * time.Millisecond
		group := unix.Getpgrp()
		check(childprocess.Exec(l, args[1], o, func(err error, stdout, _ []byte) {
			left := 0
			for word := range strings.FieldsSeq(string(stdout)) {
				if pid, err := strconv.Atoi(word); err == nil && pid != group && !dies(pid) {
					left++
				}
			}
			said := strings.ReplaceAll(string(stdout), strconv.Itoa(group), "our group")
			for word := range strings.FieldsSeq(said) {
				if _, err := strconv.Atoi(word); err == nil {
					said = strings.ReplaceAll(said, word, "number")
				}
			}
			writeAll(3, fmt.Appendf(nil, "%v; %v; %d left", strings.TrimSpace(said), err, left))
		}))
		check(0, l.Run())
		check(0, l.Close())
	})
}

// dies waits until a process that was killed is dead, and returns false if that takes too long. It
// polls, because only a pidfd reports the exit of a process that is no child, and a sandbox may
// refuse that.
func dies(pid int) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if s := procState(pid); s == 'X' || s == 'Z' {
			return true
		}
	}
	return false
}

// procState returns the letter for the state of a process (proc_pid_stat(5)), 'X' when there is
// none.
func procState(pid int) byte {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 'X'
	}
	return text[strings.LastIndexByte(string(text), ')')+2]
}

// onTerminal runs the helper in a session of its own with a controlling terminal, and returns its
// output.
func onTerminal(t *testing.T, timeout int, command string) string {
	t.Helper()
	master, slave := rawTerminal(t)
	tty, report := os.NewFile(uintptr(slave), "tty"), pipeFile(t)
	defer unix.Close(master)
	file, argv := helperproc.Command("on-terminal", strconv.Itoa(timeout), command)
	cmd := exec.Command(file, argv...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.ExtraFiles = []*os.File{report.w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	require.NoError(t, tty.Close())
	require.NoError(t, report.w.Close())
	said := report.read()
	require.NoError(t, cmd.Wait())
	return said
}

// reportPipe is a pipe that is read to its end.
type reportPipe struct {
	t    *testing.T
	r, w *os.File
}

func pipeFile(t *testing.T) reportPipe {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	return reportPipe{t, r, w}
}

func (p reportPipe) read() string {
	defer p.r.Close()
	var b strings.Builder
	_, err := p.r.WriteTo(&b)
	require.NoError(p.t, err)
	return b.String()
}

// On a terminal a limit changes nothing for the user: the command stays in the foreground group.
func TestAShellWithALimitStaysInTheForeground(t *testing.T) {
	require.Equal(t, "our group; <nil>; 0 left", onTerminal(t, 60_000, "stty -echo </dev/tty && ps -o pgid= -p $$ | tr -d ' '"))
}

//brood:checks S055
func TestALimitOnATerminalKillsTheDescendantsOfAShell(t *testing.T) {
	for name, command := range map[string]string{
		"a child":            "echo $$; sleep 1000 & echo $!; wait",
		"behind a child":     "echo $$; sleep 1000; true",
		"three generations":  `echo $$; sh -c 'echo $$; sh -c "echo \$\$; sleep 1000; true"; true'; true`,
		"a session":          `echo $$; setsid sh -c 'echo $$; sleep 1000; true' & wait`,
		"one that stands":    "echo $$; sh -c 'echo $$; kill -STOP $$; sleep 1000' & wait",
		"one that forks on":  "echo $$; while :; do sleep 1000 & echo $!; sleep 0.001; done",
		"one that reads tty": "echo $$; setsid -w true; cat </dev/tty; true",
	} {
		t.Run(name, func(t *testing.T) {
			said := onTerminal(t, 200, command)
			require.True(t, strings.HasPrefix(said, "number"), said)
			require.Contains(t, said, ": timed out (signal: SIGTERM); 0 left", name)
		})
	}
}

// A stopped process handles a soft signal only after it was continued.
func TestASoftSignalReachesStoppedProcesses(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"alone": {}, "a group": {Setpgid: true}, "a session": {Detached: true}, "a shell": {Shell: childprocess.DefaultShell},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			file, args := "/bin/sh", []string{"-c", "echo ready; kill -STOP $$; sleep 1000"}
			if o.Shell != "" {
				file, args = args[1], nil
			}
			ctx, cancel := contextWithCancel(t)
			o.Context = ctx
			c := spawn(t, l, file, args, &o)
			ev := events(c)
			whenReady(c, func() {
				require.NoError(t, unix.Waitid(unix.P_PID, c.Pid(), nil, unix.WSTOPPED|unix.WNOWAIT, nil))
				cancel()
			})
			run(t, l)
			require.Equal(t, syscall.SIGTERM, ev.status.Signal)
			require.False(t, ev.status.Forced)
		})
	}
}

func TestAStopSignalIsNotUndone(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{KillSignal: syscall.SIGSTOP, Timeout: time.Millisecond}, "wait")
	ev := events(c)
	looptest.Until(t, l, func() bool { return procState(c.Pid()) == 'T' })
	kill(t, c, syscall.SIGKILL)
	run(t, l)
	require.Equal(t, "close SIGKILL", ev.last())
}

// A trap can still write in the grace, because the pipes are open.
//
//brood:checks S053
func TestATrapRunsInTheGrace(t *testing.T) {
	const command = "trap 'echo bye >&2; exit 5' TERM; echo ready; while :; do sleep 0.01; done"
	for name, limit := range map[string]func(o *childprocess.ExecOptions){
		"timeout":   func(o *childprocess.ExecOptions) { o.Timeout = 300 * time.Millisecond },
		"maxbuffer": func(o *childprocess.ExecOptions) { o.MaxBuffer = 4 },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.ExecOptions{Options: childprocess.Options{KillGrace: time.Hour}}
			limit(o)
			got := callExec(t, l, command, o)
			e := runToDone(t, l, got).exit(t)
			require.Equal(t, 5, e.Status.Code, "%v", e)
			require.False(t, e.Status.Forced)
			if name == "timeout" {
				require.Contains(t, got.stderr, "bye\n")
			}
			sync := &childprocess.SyncOptions{Options: o.Options, MaxBuffer: o.MaxBuffer}
			sync.Stdio = childprocess.AllStdio(childprocess.Pipe)
			_, err := childprocess.ExecSync(command, sync)
			e, ok := err.(*childprocess.ExitError)
			require.True(t, ok, "%v", err)
			require.Equal(t, 5, e.Status.Code, "%v", e)
		})
	}
}
