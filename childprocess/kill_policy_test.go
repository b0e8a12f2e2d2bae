package childprocess_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

func TestCancelKillSendsOnlySIGKILL(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	c := startWith(t, l, &childprocess.Options{Context: ctx, Cancel: childprocess.CancelKill}, "stubborn")
	ev := events(c)
	whenReady(c, cancel)
	run(t, l)
	require.Equal(t, syscall.SIGKILL, ev.status.Signal)
	require.True(t, ev.status.Forced)
	require.ErrorIs(t, ev.status.Cause, errReason)
}

func TestCancelNoneOnlyReportsTheLimit(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.Options{Timeout: 20 * time.Millisecond, Cancel: childprocess.CancelNone}
	c := startWith(t, l, o, "wait")
	ev := events(c)
	c.OnError(func(err error) {
		require.ErrorIs(t, err, childprocess.ErrTimeout)
		require.Zero(t, ev.count("exit"))
		c.Stdin.End() // The child runs until then.
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "error ETIMEDOUT", "exit 0", "close 0"}, ev.process())
	require.ErrorIs(t, ev.status.Cause, childprocess.ErrTimeout)
	require.False(t, c.Killed())

	got := callExec(t, l, "echo ready; read end; echo more; exit 3", execOptions(*o))
	got.c.OnError(func(error) {
		require.Equal(t, 1, got.calls)
		got.c.Stdin.End()
	})
	closed := events(got.c)
	run(t, l)
	require.ErrorIs(t, got.err, childprocess.ErrTimeout)
	require.Equal(t, childprocess.StateRunning, asExit(t, got.err).Status.State())
	require.Equal(t, "ready\n", got.stdout)
	require.Equal(t, "close 3", closed.last())
}

func asExit(t testing.TB, err error) *childprocess.ExitError {
	t.Helper()
	e, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	return e
}

func TestCancelFuncReplacesTheSignal(t *testing.T) {
	l := newLoop(t)
	calls := 0
	o := &childprocess.Options{Timeout: 20 * time.Millisecond, KillGrace: time.Hour, CancelFunc: func(c *childprocess.ChildProcess) {
		calls++
		c.Stdin.End()
	}}
	ev := events(startWith(t, l, o, "wait"))
	run(t, l)
	require.Equal(t, 1, calls)
	require.Equal(t, "close 0", ev.last())
	require.ErrorIs(t, ev.status.Cause, childprocess.ErrTimeout)
	require.False(t, ev.status.Forced)

	o.KillGrace = 20 * time.Millisecond
	o.CancelFunc = func(*childprocess.ChildProcess) {}
	ev = events(startWith(t, l, o, "wait"))
	run(t, l)
	require.Equal(t, "close SIGKILL", ev.last())
	require.True(t, ev.status.Forced)
}

func TestScopeChildLeavesTheRest(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := execOptions(childprocess.Options{Context: ctx, KillScope: childprocess.ScopeChild})
	got := callExec(t, l, "sleep 1000 & echo $!; wait", o)
	whenReady(got.c, cancel)
	run(t, l)
	killGrandchild(t, got.stdout)
}

func TestScopeGroupGivesAGroup(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", shellOfTwo}, &childprocess.Options{KillScope: childprocess.ScopeGroup})
	ev := events(c)
	whenReady(c, func() {
		ok, err := c.KillGroup(0)
		require.NoError(t, err)
		require.True(t, ok)
		c.Terminate(time.Hour)
	})
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())
}

func TestIdleTimeoutKillsOnlyAChildThatWritesNothing(t *testing.T) {
	l := newLoop(t)
	const limit = time.Second // The child may be late on a busy machine.
	o := &childprocess.Options{IdleTimeout: limit}
	begun := time.Now()
	c := spawn(t, l, "/bin/sh", []string{"-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.15; done; exec sleep 1000"}, o)
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())
	require.ErrorIs(t, ev.status.Cause, childprocess.ErrIdle)
	require.ErrorIs(t, ev.status.Cause, os.ErrDeadlineExceeded)
	require.Equal(t, "1\n2\n3\n4\n5\n6\n7\n8\n", string(ev.data[1]))
	require.GreaterOrEqual(t, time.Since(begun), 1050*time.Millisecond+limit)

	// Output that was not read yet counts, too.
	c = spawn(t, l, "/bin/sh", []string{"-c", "sleep 0.3; echo text; sleep 1.2; exit 7"}, o)
	ev = events(c)
	c.Stdout.Pause()
	c.OnExit(func(childprocess.ExitStatus) { c.Stdout.Resume() })
	run(t, l)
	require.Equal(t, "close 7", ev.last())
	require.NoError(t, ev.status.Cause)
}

// A child whose pipe is full because this program does not read is not idle.
func TestIdleTimeoutDoesNotCountWhileThisProgramReadsNothing(t *testing.T) {
	const limit = 200 * time.Millisecond
	for name, wait := range map[string]func(l *reactor.Loop, c *childprocess.ChildProcess){
		"paused": func(l *reactor.Loop, c *childprocess.ChildProcess) {
			c.Stdout.Pause()
			l.SetTimeout(6*limit, c.Stdout.Resume)
		},
		"slower": func(l *reactor.Loop, c *childprocess.ChildProcess) {
			r := c.Stdout.Reader()
			l.SetTimeout(6*limit, func() {
				// It ends with the child, and its result does not matter.
				go func() { _, _ = io.Copy(io.Discard, r) }()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.Options{IdleTimeout: limit}
			c := spawn(t, l, "/bin/sh", []string{"-c", "head -c 3000000 /dev/zero; exit 7"}, o)
			ev := events(c)
			wait(l, c)
			run(t, l)
			require.Equal(t, "close 7", ev.last())
			require.NoError(t, ev.status.Cause)
		})
	}
}

func TestStopWhenKillsTheChildAtTheFirstTrue(t *testing.T) {
	l := newLoop(t)
	stopAt := func(text string) (func(slot int, chunk []byte) bool, *int) {
		var seen []byte
		calls := new(int)
		return func(slot int, chunk []byte) bool {
			*calls++
			if slot == 1 {
				seen = append(seen, chunk...)
			}
			return bytes.Contains(seen, []byte(text))
		}, calls
	}
	const command = "printf 'a\nlist'; sleep 0.05; printf 'ening\n'; exec sleep 1000"

	stop, _ := stopAt("listening")
	ev := events(spawn(t, l, "/bin/sh", []string{"-c", command}, &childprocess.Options{StopWhen: stop}))
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())
	require.Equal(t, childprocess.ErrEnough, ev.status.Cause)
	require.NoError(t, ev.err)

	stop, calls := stopAt("listening")
	got := callExec(t, l, command, execOptions(childprocess.Options{StopWhen: stop}))
	run(t, l)
	require.NoError(t, got.err)
	require.Equal(t, "a\nlistening\n", got.stdout)
	require.LessOrEqual(t, *calls, 3)

	stop, _ = stopAt("listening")
	o := childprocess.Options{StopWhen: stop}
	out, err := childprocess.ExecSync(command, &childprocess.SyncOptions{Options: o})
	require.NoError(t, err)
	require.Equal(t, "a\nlistening\n", string(out))

	stop, _ = stopAt("listening")
	o = childprocess.Options{StopWhen: stop}
	out, err = childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o}, "/bin/sh", "-c", command)
	require.NoError(t, err)
	require.Equal(t, "a\nlistening\n", string(out))

	// The text that StopWhen looks for may not come.
	stop, _ = stopAt("never")
	out, err = childprocess.ExecSync("echo 1; exit 2", &childprocess.SyncOptions{Options: childprocess.Options{StopWhen: stop}})
	require.Equal(t, 2, asExit(t, err).Status.Code)
	require.Equal(t, "1\n", string(out))
}

func TestStopWhenCallsTheProgramAfterTheListenersOfTheChunk(t *testing.T) {
	l := newLoop(t)
	var journal []string
	note := func(what string) { journal = append(journal, what) }
	c := spawn(t, l, "/bin/sh", []string{"-c", "echo 1; exec sleep 1000"}, &childprocess.Options{
		StopWhen: func(int, []byte) bool {
			note("StopWhen")
			return true
		},
		CancelFunc: func(c *childprocess.ChildProcess) {
			note("CancelFunc")
			l.NextTick(func() {
				note("tick of CancelFunc")
				_, _ = c.Kill(syscall.SIGKILL)
			})
		},
	})
	c.Stdout.OnData(func([]byte) {
		note("data")
		l.NextTick(func() { note("tick of data") })
	})
	run(t, l)
	require.Equal(t, []string{"StopWhen", "data", "CancelFunc", "tick of data", "tick of CancelFunc"}, journal)

	var chunk string
	c = spawn(t, l, "/bin/sh", []string{"-c", "echo 1"}, &childprocess.Options{
		StopWhen: func(int, []byte) bool { return true },
		Cancel:   childprocess.CancelNone,
	})
	c.OnError(func(err error) {
		require.Equal(t, childprocess.ErrEnough, err)
		require.Equal(t, "1\n", chunk)
		chunk = "reported"
	})
	c.Stdout.OnData(func(b []byte) { chunk = string(b) })
	run(t, l)
	require.Equal(t, "reported", chunk)
}

func TestOverflowDrainLetsTheChildGoOn(t *testing.T) {
	l := newLoop(t)
	o := childprocess.Options{Overflow: childprocess.OverflowDrain}
	const command = "head -c 300000 /dev/zero; printf end >&2; exit 3"
	check := func(err error, out, errs []byte) {
		t.Helper()
		e := asExit(t, err)
		require.NoError(t, e.Err)
		require.Equal(t, 3, e.Status.Code)
		require.True(t, e.Status.Overflowed)
		require.Len(t, out, 10)
	}
	got := callExec(t, l, command, &childprocess.ExecOptions{Options: o, MaxBuffer: 10})
	run(t, l)
	check(got.err, []byte(got.stdout), []byte(got.stderr))
	require.Equal(t, "end", got.stderr)
	o.Stdio = childprocess.AllStdio(childprocess.Pipe)
	out, err := childprocess.ExecSync(command, &childprocess.SyncOptions{Options: o, MaxBuffer: 10})
	check(err, out, nil)
	o.Stdio = nil
	out, err = childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o, MaxBuffer: 10}, "/bin/sh", "-c", command)
	check(err, out, nil)

	r := childprocess.SpawnSync("echo", []string{"few"}, &childprocess.SyncOptions{Options: o, MaxBuffer: 4})
	require.False(t, r.Status.Overflowed)
	require.Equal(t, "few\n", string(r.Stdout))
}

func TestMistakesInPolicies(t *testing.T) {
	l := newLoop(t)
	type options = childprocess.Options
	ignore := childprocess.AllStdio(childprocess.Ignore)
	for name, o := range map[string]options{
		"IdleTimeout":       {IdleTimeout: -1},
		"IdleTimeout alone": {IdleTimeout: 1, Stdio: ignore},
		"StopWhen":          {StopWhen: func(int, []byte) bool { return true }, Stdio: ignore},
		"Cancel":            {Cancel: 3},
		"CancelFunc":        {Cancel: childprocess.CancelKill, CancelFunc: func(*childprocess.ChildProcess) {}},
		"KillSignal":        {Cancel: childprocess.CancelNone, KillSignal: syscall.SIGINT},
		"KillGrace":         {Cancel: childprocess.CancelKill, KillGrace: 1},
		"KillScope":         {KillScope: 4},
		"KillScope of Pgid": {KillScope: childprocess.ScopeGroup, Setpgid: true, Pgid: 1},
		"Overflow":          {Overflow: 2},
		"Overflow of Spawn": {Overflow: childprocess.OverflowDrain},
	} {
		c, err := childprocess.Spawn(l, "true", nil, &o)
		require.Nil(t, c, name)
		mistake, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, strings.Fields(name)[0], mistake.Name)
	}
}

func TestNamesOfPolicies(t *testing.T) {
	require.Equal(t, "signal kill none CancelPolicy(3)", fmt.Sprint(childprocess.CancelSignal, " ", childprocess.CancelKill, " ", childprocess.CancelNone, " ", childprocess.CancelPolicy(3)))
	require.Equal(t, "auto child group tree KillScope(4)", fmt.Sprint(childprocess.ScopeAuto, " ", childprocess.ScopeChild, " ", childprocess.ScopeGroup, " ", childprocess.ScopeTree, " ", childprocess.KillScope(4)))
	require.Equal(t, "end drain", fmt.Sprint(childprocess.OverflowEnd, " ", childprocess.OverflowDrain))
}
