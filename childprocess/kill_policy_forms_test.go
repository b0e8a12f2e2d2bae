package childprocess_test

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// A policyForm runs a shell command by one form, until it closes.
type policyForm struct {
	name string
	run  func(t *testing.T, command string, o childprocess.Options) (stdout string, err error)
}

// outputForms are the forms that collect output and return or call back with an error.
var outputForms = []policyForm{
	{"Exec", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		l := newLoop(t)
		got := callExec(t, l, command, execOptions(o))
		run(t, l)
		return got.stdout, got.err
	}},
	{"ExecFile", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		l := newLoop(t)
		got := callExecFile(t, l, shell, []string{"-c", command}, execOptions(o))
		run(t, l)
		return got.stdout, got.err
	}},
	{"ExecSync", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		o.Stdio = childprocess.AllStdio(childprocess.Pipe)
		out, err := childprocess.ExecSync(command, &childprocess.SyncOptions{Options: o})
		return string(out), err
	}},
	{"ExecFileSync", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		o.Stdio = childprocess.AllStdio(childprocess.Pipe)
		out, err := childprocess.ExecFileSync(shell, []string{"-c", command}, &childprocess.SyncOptions{Options: o})
		return string(out), err
	}},
	{"SpawnSync", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		r := childprocess.SpawnSync(shell, []string{"-c", command}, &childprocess.SyncOptions{Options: o})
		return string(r.Stdout), r.Err
	}},
	{"OutputWith", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o}, shell, "-c", command)
		return string(out), err
	}},
	{"LinesWith", func(t *testing.T, command string, o childprocess.Options) (string, error) {
		var all strings.Builder
		for line, err := range childprocess.LinesWith(t.Context(), &childprocess.RunOptions{Options: o}, shell, "-c", command) {
			if err != nil {
				return all.String(), err
			}
			all.WriteString(line)
			all.WriteByte('\n')
		}
		return all.String(), nil
	}},
}

func eachOutputForm(t *testing.T, fn func(t *testing.T, f policyForm)) {
	for _, f := range outputForms {
		t.Run(f.name, func(t *testing.T) { fn(t, f) })
	}
}

func TestIdleTimeoutInEachForm(t *testing.T) {
	eachOutputForm(t, func(t *testing.T, f policyForm) {
		noNewFDs(t)
		out, err := f.run(t, "echo begin; exec sleep 1000", childprocess.Options{IdleTimeout: 100 * time.Millisecond})
		require.ErrorIs(t, err, childprocess.ErrIdle)
		require.ErrorIs(t, err, syscall.ETIMEDOUT)
		require.Equal(t, "begin\n", out)

		// A child that writes now and then to either pipe is not idle.
		out, err = f.run(t, "for i in 1 2 3 4 5 6 7 8; do sleep 0.15; echo $i >&2; done; echo end", childprocess.Options{IdleTimeout: time.Second})
		require.NoError(t, err)
		require.Equal(t, "end\n", out)
	})
}

func TestStopWhenInEachForm(t *testing.T) {
	eachOutputForm(t, func(t *testing.T, f policyForm) {
		noNewFDs(t)
		var slots atomic.Int32
		stop := func(slot int, chunk []byte) bool {
			slots.Or(1 << slot)
			return slot == 2 && bytes.Contains(chunk, []byte("enough"))
		}
		out, err := f.run(t, "echo begin; sleep 0.05; echo enough >&2; exec sleep 1000", childprocess.Options{StopWhen: stop})
		require.NoError(t, err)
		require.Equal(t, "begin\n", out)
		require.EqualValues(t, 1<<1|1<<2, slots.Load())
	})
}

func TestCancelFuncInEachForm(t *testing.T) {
	eachOutputForm(t, func(t *testing.T, f policyForm) {
		noNewFDs(t)
		var calls atomic.Int32
		cancel := func(c *childprocess.ChildProcess) {
			calls.Add(1)
			_, _ = c.Kill(syscall.SIGUSR1)
		}
		o := childprocess.Options{Timeout: 100 * time.Millisecond, KillGrace: time.Hour, CancelFunc: cancel}
		out, err := f.run(t, "trap 'echo told; exit 5' USR1; echo begin; while :; do sleep 0.02; done", o)
		require.ErrorIs(t, err, childprocess.ErrTimeout)
		require.Equal(t, "begin\ntold\n", out, "in the grace its last words are heard")
		require.EqualValues(t, 1, calls.Load())
	})
}

func TestCancelKillInEachForm(t *testing.T) {
	eachOutputForm(t, func(t *testing.T, f policyForm) {
		noNewFDs(t)
		o := childprocess.Options{Timeout: 100 * time.Millisecond, Cancel: childprocess.CancelKill}
		_, err := f.run(t, "trap '' TERM; echo begin; while :; do sleep 0.02; done", o)
		require.ErrorIs(t, err, childprocess.ErrTimeout)
		if e, ok := errors.AsType[*childprocess.ExitError](err); ok {
			require.Equal(t, syscall.SIGKILL, e.Status.Signal)
			require.True(t, e.Status.Forced)
		} else {
			require.Equal(t, "SpawnSync", f.name, "its result has the status beside the error")
		}
	})
}

// A form that calls back does so at the limit. A form that returns waits for the exit, because
// nothing else would report it.
func TestCancelNoneInEachForm(t *testing.T) {
	eachOutputForm(t, func(t *testing.T, f policyForm) {
		noNewFDs(t)
		o := childprocess.Options{Timeout: 50 * time.Millisecond, Cancel: childprocess.CancelNone}
		out, err := f.run(t, "echo begin; sleep 0.3; echo end", o)
		require.ErrorIs(t, err, childprocess.ErrTimeout)
		if strings.HasPrefix(f.name, "Exec") && !strings.HasSuffix(f.name, "Sync") {
			require.Equal(t, "begin\n", out)
			require.Equal(t, childprocess.StateRunning, asExit(t, err).Status.State())
		} else {
			require.Equal(t, "begin\nend\n", out)
		}
	})
}

// CancelNone only reports the limit: a second limit does not kill the child either.
func TestCancelNoneLeavesTheChildAloneForEver(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.Options{IdleTimeout: 20 * time.Millisecond, Cancel: childprocess.CancelNone}
	c := startWith(t, l, o, "wait")
	ev := events(c)
	c.OnError(func(err error) {
		require.ErrorIs(t, err, childprocess.ErrIdle)
		c.Terminate(time.Millisecond)
		c.Terminate(0)
		l.SetTimeout(20*time.Millisecond, c.Stdin.End)
	})
	run(t, l)
	require.Equal(t, "close 0", ev.last())
	require.ErrorIs(t, ev.status.Cause, childprocess.ErrIdle)
	require.False(t, ev.status.Forced)
}

// A form that collects no output refuses Overflow.
func TestFormsThatRefuseOverflow(t *testing.T) {
	l := newLoop(t)
	o := childprocess.Options{Overflow: childprocess.OverflowDrain}
	refused := func(err error) {
		t.Helper()
		mistake, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "Overflow", mistake.Name)
	}
	_, err := childprocess.Spawn(l, "true", nil, &o)
	refused(err)
	_, err = childprocess.Fork(l, "module", nil, &childprocess.ForkOptions{Options: o})
	refused(err)
	refused(childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, "true"))
	for _, err := range childprocess.LinesWith(t.Context(), &childprocess.RunOptions{Options: o}, "true") {
		refused(err)
	}
}

func TestOverflowInEachForm(t *testing.T) {
	const command = "head -c 300000 /dev/zero; echo end >&2; exit 3"
	l := newLoop(t)
	for _, overflow := range []childprocess.Overflow{childprocess.OverflowEnd, childprocess.OverflowDrain} {
		o := childprocess.Options{Overflow: overflow}
		check := func(form string, err error, out []byte) {
			t.Helper()
			e := asExit(t, err)
			if overflow == childprocess.OverflowDrain {
				require.NoError(t, e.Err, form)
				require.Equal(t, 3, e.Status.Code, form)
				require.Len(t, out, 1000, form)
			} else {
				require.ErrorIs(t, err, childprocess.ErrMaxBuffer, form)
				require.GreaterOrEqual(t, len(out), 1000, form)
			}
			require.Equal(t, overflow == childprocess.OverflowDrain, e.Status.Overflowed, form)
		}
		got := callExecFile(t, l, shell, []string{"-c", command}, &childprocess.ExecOptions{Options: o, MaxBuffer: 1000})
		run(t, l)
		check("ExecFile", got.err, []byte(got.stdout))
		out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o, MaxBuffer: 1000}, shell, "-c", command)
		check("OutputWith", err, out)
		o.Stdio = childprocess.AllStdio(childprocess.Pipe)
		out, err = childprocess.ExecFileSync(shell, []string{"-c", command}, &childprocess.SyncOptions{Options: o, MaxBuffer: 1000})
		check("ExecFileSync", err, out)
	}
}

// A program that recovers from a panic of its own function, as a server does, is left with no child
// and no loop.
func TestAPanicInASyncFormLeavesNothing(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"StopWhen":   {StopWhen: func(int, []byte) bool { panic("mine") }},
		"CancelFunc": {Timeout: 50 * time.Millisecond, CancelFunc: func(*childprocess.ChildProcess) { panic("mine") }},
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			require.PanicsWithValue(t, "mine", func() {
				childprocess.SpawnSync(shell, []string{"-c", "echo begin; exec sleep 1000"}, &childprocess.SyncOptions{Options: o})
			})
			require.Equal(t, "again\n", string(childprocess.SpawnSync("echo", []string{"again"}, nil).Stdout))
		})
	}
}

// Messages keep a worker without pipes from being idle; without messages IdleTimeout kills it.
func TestIdleTimeoutOfAWorkerThatSendsMessages(t *testing.T) {
	l := newLoop(t)
	const limit = 400 * time.Millisecond
	c := forkHelper(t, l, &childprocess.ForkOptions{Options: childprocess.Options{IdleTimeout: limit}}, "ipc-echo")
	ev := events(c).messages(t)
	begun := time.Now()
	for n := range 6 {
		l.SetTimeout(time.Duration(n)*100*time.Millisecond, func() { require.NoError(t, c.Send(n)) })
	}
	run(t, l)
	require.Equal(t, childprocess.ErrIdle, ev.status.Cause)
	require.Equal(t, 6, ev.count("message"), "%v", ev.Entries)
	require.GreaterOrEqual(t, time.Since(begun), 500*time.Millisecond+limit)

	_, err := childprocess.Fork(l, "module", nil, &childprocess.ForkOptions{Options: childprocess.Options{
		StopWhen: func(int, []byte) bool { return true },
	}})
	mistake, ok := errors.AsType[*childprocess.ArgumentError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "StopWhen", mistake.Name, "messages are not its output")
}
