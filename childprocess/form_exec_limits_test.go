package childprocess_test

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// leavesGrandchild is a program for /bin/sh that starts another with its pipes, writes its pid, and
// exits.
const leavesGrandchild = "sleep 1000 & echo $!"

// killGrandchild kills the process that leavesGrandchild has started, which must be alive.
func killGrandchild(t testing.TB, said string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(said))
	require.NoError(t, err)
	require.NoError(t, unix.Kill(pid, syscall.SIGKILL))
}

func execOptions(o childprocess.Options) *childprocess.ExecOptions {
	return &childprocess.ExecOptions{Options: o}
}

// In Node this is a success, with the captured output.
//
//brood:checks S054
func TestATimeoutEndsACallWhosePipesAGrandchildHolds(t *testing.T) {
	l := newLoop(t)
	o := execOptions(childprocess.Options{Timeout: time.Second})
	got := callExecFile(t, l, "/bin/sh", []string{"-c", leavesGrandchild}, o)
	ev := events(got.c)
	e := runToDone(t, l, got).exit(t)
	killGrandchild(t, got.stdout)
	require.ErrorIs(t, e, childprocess.ErrTimeout)
	require.ErrorIs(t, e, syscall.ETIMEDOUT)
	require.Equal(t, 0, e.Status.Code)
	require.Zero(t, e.Status.Signal)
	require.True(t, e.Status.CutOff)
	require.True(t, e.Killed, "as in Node")
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.Equal(t, childprocess.ErrTimeout, ev.status.Cause)
}

//brood:checks S054
func TestATimeoutOfACallThatDoesNotFireLeavesNothing(t *testing.T) {
	l := newLoop(t)
	o := execOptions(childprocess.Options{Timeout: time.Hour, KillGrace: time.Hour, CloseGrace: time.Hour})
	// Run returns, so no timer holds the loop.
	got := runToDone(t, l, callExec(t, l, "echo text; exit 3", o))
	e := got.exit(t)
	require.NoError(t, e.Err)
	require.False(t, e.Killed)
	require.Equal(t, 3, e.Status.Code)
	require.Equal(t, "text\n", got.stdout)
}

// Node ignores a signal when the process has exited.
//
//brood:checks N066
func TestACancellationAfterExitEndsACallWhosePipesAGrandchildHolds(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := execOptions(childprocess.Options{Context: ctx})
	got := callExecFile(t, l, "/bin/sh", []string{"-c", leavesGrandchild}, o)
	ev := events(got.c)
	var said string
	exited := false
	endIt := func() {
		if exited && said != "" {
			cancel()
		}
	}
	got.c.Stdout.OnText(func(text string) { said += text; endIt() })
	got.c.OnExit(func(childprocess.ExitStatus) { exited = true; endIt() })
	e := runToDone(t, l, got).exit(t)
	killGrandchild(t, got.stdout)
	require.Equal(t, &childprocess.AbortError{Op: "execFile", File: "/bin/sh", Err: ctx.Err(), Cause: errReason}, e.Err)
	require.Equal(t, 0, e.Status.Code)
	require.True(t, e.Status.CutOff)
	require.False(t, e.Killed)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks N097 N099 S053
func TestACancellationIsReportedAtOnce(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := execOptions(childprocess.Options{Context: ctx, KillGrace: 20 * time.Millisecond})
	got := callExec(t, l, "trap '' TERM; echo ready; exec sleep 1000", o)
	ev := events(got.c)
	got.c.OnError(func(error) {
		require.Equal(t, 1, got.calls, "called with the error event")
		require.Zero(t, ev.count("exit"))
	})
	whenReady(got.c, cancel)
	e := runToDone(t, l, got).exit(t)
	require.Equal(t, childprocess.ExitStatus{Code: -1, Running: true, Cause: e.Err}, e.Status)
	require.Equal(t, "still running", e.Status.String())
	require.True(t, e.Killed)
	require.ErrorIs(t, e, ctx.Err())
	require.ErrorIs(t, e, errReason)
	require.Equal(t, "ready\n", got.stdout)
	require.Equal(t, []string{"spawn", "error " + e.Err.Error(), "exit SIGKILL", "close SIGKILL"}, ev.process())
	require.True(t, ev.status.Forced)
	require.False(t, ev.status.CutOff, "the pipes stay open in the grace")
}

//brood:checks N065 N099
func TestAContextThatIsDoneBeforeTheCall(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	cancel()
	got := callExec(t, l, "exec sleep 1000", execOptions(childprocess.Options{Context: ctx, KillSignal: syscall.SIGINT}))
	ev := events(got.c)
	e := runToDone(t, l, got).exit(t)
	require.ErrorIs(t, e, errReason)
	require.Equal(t, []string{"spawn", "error " + e.Err.Error(), "exit SIGINT", "close SIGINT"}, ev.process())
}

//brood:checks N063 N097
func TestACallThatEndsLeavesItsContext(t *testing.T) {
	l := newLoop(t)
	ctx := &countedContext{Context: t.Context(), done: make(chan struct{})}
	_, err := childprocess.Exec(l, "exit 0", execOptions(childprocess.Options{Context: ctx}), func(err error, _, _ []byte) {
		require.NoError(t, err)
		require.Equal(t, 1, ctx.stopped)
	})
	require.NoError(t, err)
	run(t, l)
	require.Equal(t, 1, ctx.registered)
	require.Equal(t, 1, ctx.stopped)
}

// A stream that was paused in its last line has ended, but cannot emit its end.
func TestACancellationEndsACallWhoseListenerHasPaused(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	got := callExec(t, l, `printf 'a\nb'`, execOptions(childprocess.Options{Context: ctx}))
	release := l.Hold() // Neither a paused stream nor a context keeps the loop alive.
	got.c.OnClose(func(childprocess.ExitStatus) { release() })
	got.c.Stdout.OnLine(func(line []byte) {
		got.c.Stdout.Pause() // The exit resumes it once.
		if string(line) == "b" {
			cancel()
		}
	})
	require.ErrorIs(t, runToDone(t, l, got).err, errReason)
	require.Equal(t, "a\nb", got.stdout)
}

// If its pipes were closed before the signal, a child that keeps writing would often die of
// SIGPIPE.
//
//brood:checks N086 N092
func TestTheKillSignalComesBeforeThePipesAreClosed(t *testing.T) {
	l := newLoop(t)
	for range 30 {
		o := &childprocess.ExecOptions{MaxBuffer: -1, Options: childprocess.Options{Timeout: 3 * time.Millisecond}}
		e := runToDone(t, l, callExecFile(t, l, "yes", nil, o)).exit(t)
		require.Equal(t, syscall.SIGTERM, e.Status.Signal)
		e = runToDone(t, l, callExecFile(t, l, "yes", nil, &childprocess.ExecOptions{MaxBuffer: 1})).exit(t)
		require.Equal(t, syscall.SIGTERM, e.Status.Signal)
	}
}

//brood:checks N092
func TestAChildThatItsCallerKills(t *testing.T) {
	l := newLoop(t)
	got := callExec(t, l, "echo ready; exec sleep 1000", nil)
	whenReady(got.c, func() { kill(t, got.c, syscall.SIGINT) })
	e := runToDone(t, l, got).exit(t)
	require.NoError(t, e.Err)
	require.True(t, e.Killed)
	require.Equal(t, syscall.SIGINT, e.Status.Signal)
	require.Equal(t, "ready\n", got.stdout)
}

//brood:checks N047
func TestAnErrorOfAStreamIsNotItsEnd(t *testing.T) {
	for _, name := range []string{"stdout", "stderr"} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			got := callExec(t, l, "echo text; echo text >&2; read line", nil)
			stream := got.c.Stdout
			if name == "stderr" {
				stream = got.c.Stderr
			}
			ev := events(got.c)
			stream.OnData(func([]byte) {
				stream.Destroy(syscall.EIO)
				_, err := got.c.Stdin.WriteString("go on\n")
				require.NoError(t, err)
			})
			e := runToDone(t, l, got).exit(t)
			require.Equal(t, syscall.EIO, e.Err)
			require.True(t, e.Status.Success())
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		})
	}
}

func TestACallbackThatPanicsLeavesNothing(t *testing.T) {
	noNewFDs(t)
	panics := 0
	l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
	ctx, cancel := contextWithCancel(t)
	var all []*child
	for _, call := range []struct {
		file string
		o    *childprocess.ExecOptions
	}{
		{"true", nil},
		{"/does/not/exist", nil},
		{"sleep", execOptions(childprocess.Options{Context: ctx})},
		{"sleep", execOptions(childprocess.Options{Timeout: time.Millisecond})},
		{"yes", &childprocess.ExecOptions{MaxBuffer: 10}},
	} {
		c, err := childprocess.ExecFile(l, call.file, []string{"1000"}, call.o, func(error, []byte, []byte) { panic("done") })
		require.NoError(t, err)
		c.OnSpawn(cancel)
		all = append(all, c)
	}
	run(t, l)
	require.Equal(t, len(all), panics)
	for _, c := range all {
		_, err := c.Wait(t.Context())
		if c.Pid() != 0 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, syscall.ENOENT)
		}
	}
}

func TestACallbackMayDoAnything(t *testing.T) {
	l := newLoop(t)
	second := &outcome{}
	_, err := childprocess.Exec(l, "echo first", nil, func(err error, stdout, _ []byte) {
		require.NoError(t, err)
		_, err = childprocess.Exec(l, "exit 5", nil, second.done)
		require.NoError(t, err)
		l.Stop()
	})
	require.NoError(t, err)
	run(t, l)
	require.Zero(t, second.calls)
	run(t, l)
	require.Equal(t, 1, second.calls)
	_, ok := errors.AsType[*childprocess.ExitError](second.err)
	require.True(t, ok)
}
