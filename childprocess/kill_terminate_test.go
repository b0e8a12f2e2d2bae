package childprocess_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
)

func TestTerminateGivesAGrace(t *testing.T) {
	for _, c := range []struct {
		name, helper string
		graces       []time.Duration
		want         syscall.Signal
	}{
		{"to one that obeys", "obedient", []time.Duration{time.Hour}, 0},
		{"of nothing", "stubborn", []time.Duration{0}, syscall.SIGKILL},
		{"that is over", "stubborn", []time.Duration{30 * time.Millisecond}, syscall.SIGKILL},
		{"that is shortened", "stubborn", []time.Duration{time.Hour, 30 * time.Millisecond}, syscall.SIGKILL},
		{"that is not made longer", "stubborn", []time.Duration{30 * time.Millisecond, time.Hour, -1}, syscall.SIGKILL},
		{"that comes late", "stubborn", []time.Duration{-1, 30 * time.Millisecond}, syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			p := start(t, l, c.helper)
			ev := events(p)
			var asked time.Time
			whenReady(p, func() {
				asked = time.Now()
				for _, grace := range c.graces {
					p.Terminate(grace)
				}
			})
			run(t, l) // It returns, so it does not wait for an hour.
			require.Equal(t, c.want, ev.status.Signal)
			require.Equal(t, c.want == syscall.SIGKILL, ev.status.Forced)
			require.ErrorIs(t, ev.status.Cause, childprocess.ErrTerminated)
			require.NoError(t, ev.err)
			require.True(t, p.Killed())
			if c.want != 0 {
				require.GreaterOrEqual(t, time.Since(asked), min(c.graces[0], 30*time.Millisecond))
			}
			p.Terminate(time.Hour) // No process is left.
			run(t, l)
		})
	}
}

func TestTerminateKillsTheGroup(t *testing.T) {
	l := newLoop(t)
	for name, o := range map[string]*childprocess.Options{
		"detached": {Detached: true}, "a group": {Setpgid: true}, "a shell": {Shell: childprocess.DefaultShell},
	} {
		t.Run(name, func(t *testing.T) {
			file, args := "/bin/sh", []string{"-c", shellOfTwo}
			if o.Shell != "" {
				file, args = shellOfTwo, nil
			}
			p := spawn(t, l, file, args, o)
			ev := events(p)
			whenReady(p, func() { p.Terminate(time.Hour) })
			run(t, l) // It returns, because no process has the pipes for 1000 seconds.
			require.Equal(t, syscall.SIGTERM, ev.status.Signal)
		})
	}
}

func TestTerminateUsesTheKillSignal(t *testing.T) {
	l := newLoop(t)
	p := startWith(t, l, &childprocess.Options{KillSignal: syscall.SIGINT}, "wait")
	ev := events(p)
	p.Terminate(time.Hour)
	run(t, l)
	require.Equal(t, syscall.SIGINT, ev.status.Signal)
}

func TestAnAsyncChildIsTerminatedWhenItRuns(t *testing.T) {
	l := newLoop(t)
	p := spawn(t, l, "sleep", []string{"1000"}, async())
	ev := events(p)
	p.Terminate(-1)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit SIGTERM", "close SIGTERM"}, ev.process())
	require.ErrorIs(t, ev.status.Cause, childprocess.ErrTerminated)
}

func TestTerminateOfAnAsyncChildCallsCancelFuncAfterSpawn(t *testing.T) {
	l := newLoop(t)
	o := async()
	var journal []string
	o.CancelFunc = func(c *childprocess.ChildProcess) {
		journal = append(journal, "CancelFunc")
		_, _ = c.Kill(syscall.SIGKILL)
	}
	c := spawn(t, l, "sleep", []string{"1000"}, o)
	c.OnSpawn(func() { journal = append(journal, "spawn") })
	c.Terminate(-1)
	run(t, l)
	require.Equal(t, []string{"spawn", "CancelFunc"}, journal)
}

func TestTerminateOfAChildThatWasNotStartedDoesNothing(t *testing.T) {
	l := newLoop(t)
	p := spawn(t, l, "/does/not/exist", nil, nil)
	ev := events(p)
	p.Terminate(0)
	run(t, l)
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	p.Terminate(0)
	require.False(t, p.Killed())
}

// Terminate is no Cause for a child that has exited by itself, even before its close.
func TestTerminateIsNoCauseOfAnEarlierExit(t *testing.T) {
	l := newLoop(t)
	called := false
	o := &childprocess.Options{CancelFunc: func(*childprocess.ChildProcess) { called = true }}
	p := startWith(t, l, o, "say", "1", "words")
	p.OnExit(func(childprocess.ExitStatus) { p.Terminate(time.Hour) })
	ev := events(p)
	run(t, l)
	require.Equal(t, "close 0", ev.last())
	require.NoError(t, ev.status.Cause)

	p = spawn(t, l, "/nowhere/program", nil, &childprocess.Options{Detached: true, CancelFunc: o.CancelFunc})
	p.Terminate(0)
	ev = events(p)
	run(t, l)
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	require.NoError(t, ev.status.Cause)
	require.False(t, called)
}

//brood:checks S055
func TestKillGroup(t *testing.T) {
	l := newLoop(t)
	p := spawn(t, l, "/bin/sh", []string{"-c", readyShellOfTwo}, &childprocess.Options{Setpgid: true})
	ev := events(p)
	whenReady(p, func() {
		ok, err := p.KillGroup(syscall.SIGTERM)
		require.NoError(t, err)
		require.True(t, ok)
	})
	run(t, l)
	require.Equal(t, syscall.SIGTERM, ev.status.Signal)
	require.NoError(t, ev.status.Cause, "no limit has ended it")
	require.True(t, p.Killed())
	ok, err := p.KillGroup(syscall.SIGTERM)
	require.NoError(t, err)
	require.False(t, ok)
}

// KillScope does not decide whether the child leads a group.
func TestKillGroupReachesTheGroupInEveryScope(t *testing.T) {
	scopes := []childprocess.KillScope{childprocess.ScopeChild, childprocess.ScopeGroup}
	if process.HasTrees {
		scopes = append(scopes, childprocess.ScopeTree)
	}
	for _, scope := range scopes {
		for name, o := range map[string]childprocess.Options{
			"Detached": {Detached: true},
			"Setpgid":  {Setpgid: true},
			"PTY":      {Stdio: []childprocess.Stdio{childprocess.PTY(nil)}},
		} {
			t.Run(scope.String()+"/"+name, func(t *testing.T) {
				noNewFDs(t)
				o.KillScope = scope
				l := newLoop(t)
				p := spawn(t, l, "/bin/sh", []string{"-c", readyShellOfTwo}, &o)
				ev := events(p)
				whenReady(p, func() {
					ok, err := p.KillGroup(syscall.SIGTERM)
					require.NoError(t, err)
					require.True(t, ok)
				})
				run(t, l)
				require.Equal(t, "close SIGTERM", ev.last(), "with the pipes, which the other one has, too")
			})
		}
	}
}

func TestKillGroupOfAnAsyncChild(t *testing.T) {
	l := newLoop(t)
	o := async()
	o.Detached = true
	p := spawn(t, l, "sleep", []string{"1000"}, o)
	ev := events(p)
	ok, err := p.KillGroup(syscall.SIGINT)
	require.NoError(t, err)
	require.True(t, ok)
	run(t, l)
	require.Equal(t, "close SIGINT", ev.last())
}

func TestKillGroupRefusesMistakes(t *testing.T) {
	l := newLoop(t)
	p := start(t, l, "wait")
	ev := events(p)
	for _, s := range []syscall.Signal{-1, 1000, syscall.SIGTERM} {
		ok, err := p.KillGroup(s)
		require.False(t, ok)
		require.ErrorIs(t, err, syscall.EINVAL)
		require.IsType(t, &childprocess.ArgumentError{}, err)
	}
	require.False(t, p.Killed())
	p.Stdin.End()
	run(t, l)
	require.Equal(t, "close 0", ev.last())
}

func TestTerminateCallsNothingBeforeItReturns(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"CancelNone": {Cancel: childprocess.CancelNone},
		"CancelFunc": {CancelFunc: func(*childprocess.ChildProcess) {}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			called, returned := 0, false
			call := func() {
				called++
				require.True(t, returned, "inside of Terminate")
			}
			if o.CancelFunc != nil {
				o.CancelFunc = func(*childprocess.ChildProcess) { call() }
			}
			c := startWith(t, l, &o, "wait")
			c.OnError(func(err error) {
				require.ErrorIs(t, err, childprocess.ErrTerminated)
				call()
			})
			c.OnSpawn(func() {
				c.Terminate(-1)
				returned = true
				l.SetImmediate(c.Stdin.End)
			})
			run(t, l)
			require.Equal(t, 1, called)
		})
	}
}
