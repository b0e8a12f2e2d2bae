package childprocess_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// stubborn ignores SIGTERM, writes a byte to stdout, and waits for a signal that it cannot
	// ignore.
	helperproc.Register("stubborn", func([]string) {
		signal.Ignore(syscall.SIGTERM)
		writeAll(1, []byte{'r'})
		for {
			time.Sleep(time.Hour) // An empty select would be a deadlock to the runtime.
		}
	})

	// leave-group moves from its process group to that of this test, writes a byte, and waits for
	// the end of stdin.
	helperproc.Register("leave-group", func(args []string) {
		check(0, unix.Setpgid(0, check(strconv.Atoi(args[0]))))
		writeAll(1, []byte{'r'})
		check(io.Copy(io.Discard, os.Stdin))
	})

	// inheritor cancels a shell whose group leaves it a zombie, for which it waits only after the
	// close.
	helperproc.Register("inheritor", func([]string) {
		check(0, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		l := check(openLoop())
		ctx, cancel := context.WithCancel(context.Background())
		o := &childprocess.Options{Shell: childprocess.DefaultShell, Context: ctx, KillGrace: time.Hour}
		c := check(childprocess.Spawn(l, "sleep 1000 >/dev/null & echo ready; wait", nil, o))
		ev := events(c)
		whenReady(c, cancel)
		check(0, l.Run())
		if ev.status.Signal != syscall.SIGTERM || ev.status.Forced {
			fail(fmt.Errorf("%+v", ev.status))
		}
		var ws syscall.WaitStatus
		if check(syscall.Wait4(-1, &ws, 0, nil)); ws.Signal() != syscall.SIGTERM {
			fail(fmt.Errorf("the zombie has status %#x", ws))
		}
	})

	// obedient writes a byte, and exits with 0 at SIGTERM.
	helperproc.Register("obedient", func([]string) {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		writeAll(1, []byte{'r'})
		<-asked
	})
}

//brood:checks S053
func TestTheGraceEndsWithSIGKILL(t *testing.T) {
	l := newLoop(t)
	const grace = 100 * time.Millisecond
	ctx, cancel := contextWithCancel(t)
	p := startWith(t, l, &childprocess.Options{Context: ctx, KillGrace: grace}, "stubborn")
	ev := events(p)
	var asked time.Time
	whenReady(p, func() { asked = time.Now(); cancel() })
	run(t, l)
	require.Equal(t, syscall.SIGKILL, ev.status.Signal)
	require.True(t, ev.status.Forced)
	require.GreaterOrEqual(t, time.Since(asked), grace)
}

//brood:checks S052 S053
func TestAChildThatObeysIsNotForced(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	p := startWith(t, l, &childprocess.Options{Context: ctx, KillGrace: time.Hour}, "obedient")
	ev := events(p)
	whenReady(p, cancel)
	var late error
	p.OnExit(func(childprocess.ExitStatus) { _, late = p.Stdin.WriteString("x") })
	run(t, l) // It returns, so it does not wait for the hour.
	require.Equal(t, 0, ev.status.Code)
	require.ErrorIs(t, ev.status.Cause, errReason)
	require.False(t, ev.status.Forced)
	require.Error(t, late)
}

//brood:checks S055
func TestAShellWithATimeoutIsKilledWithItsGroup(t *testing.T) {
	for _, c := range []struct {
		name string
		o    childprocess.Options
	}{
		{"a shell", childprocess.Options{Shell: childprocess.DefaultShell}},
		{"a detached program", childprocess.Options{Detached: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			ctx, cancel := contextWithCancel(t)
			c.o.Context = ctx
			file, args := shellOfTwo, []string(nil)
			if c.o.Shell == "" {
				file, args = "/bin/sh", []string{"-c", shellOfTwo}
			}
			p := spawn(t, l, file, args, &c.o)
			ev := events(p)
			whenReady(p, cancel)
			run(t, l) // It returns, because no process has the pipes for 1000 seconds.
			require.Equal(t, syscall.SIGTERM, ev.status.Signal)
			require.False(t, ev.status.CutOff)
		})
	}
}

//brood:checks S055
func TestAPlainChildIsSignalledAlone(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := &childprocess.Options{Context: ctx, CloseGrace: time.Millisecond}
	p := spawn(t, l, "/bin/sh", []string{"-c", "sleep 1000 & echo $!; wait"}, o)
	ev := events(p)
	var grandchild bytes.Buffer
	p.Stdout.OnData(func(chunk []byte) { grandchild.Write(chunk) })
	whenReady(p, cancel)
	run(t, l)
	require.Equal(t, syscall.SIGTERM, ev.status.Signal)
	require.True(t, ev.status.CutOff, "the grandchild holds stdout")
	pid, err := strconv.Atoi(strings.TrimSpace(grandchild.String()))
	require.NoError(t, err)
	require.NoError(t, unix.Kill(pid, syscall.SIGKILL), "the grandchild is alive")
}

// helperCommand returns the command of a helper program for a shell.
func helperCommand(name string, args ...string) string {
	file, argv := helperproc.Command(name, args...)
	words := []string{childprocess.Quote(file)}
	for _, a := range argv {
		words = append(words, childprocess.Quote(a))
	}
	return strings.Join(words, " ")
}

//brood:checks S053
func TestTheGraceIsForTheWholeGroup(t *testing.T) {
	if !canSignalGroupByPidfd() || watchesSIGCHLD() {
		t.Skip("a group cannot be signalled after its leader has gone: an old kernel, or no pidfd is used")
	}
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	// The shell exits at SIGTERM; the program that it has started does not, and has stdout.
	const grace = 50 * time.Millisecond
	o := &childprocess.Options{Shell: childprocess.DefaultShell, Context: ctx, KillGrace: grace}
	p := spawn(t, l, helperCommand("stubborn")+" & wait", nil, o)
	ev := events(p)
	whenReady(p, cancel)
	var exited time.Time
	p.OnExit(func(s childprocess.ExitStatus) {
		exited = time.Now()
		require.Equal(t, syscall.SIGTERM, s.Signal)
		require.False(t, s.Forced)
	})
	run(t, l)
	require.True(t, ev.status.Forced)
	require.Positive(t, time.Since(exited))
}

func TestTheRestOfAGroupMayExitWithinTheGrace(t *testing.T) {
	if !canSignalGroupByPidfd() || watchesSIGCHLD() {
		t.Skip("a group cannot be signalled after its leader has gone: an old kernel, or no pidfd is used")
	}
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := &childprocess.Options{Shell: childprocess.DefaultShell, Context: ctx, KillGrace: time.Hour}
	p := spawn(t, l, "sleep 1000 >/dev/null & echo ready; wait", nil, o)
	ev := events(p)
	whenReady(p, cancel)
	run(t, l)
	require.Equal(t, []string{"spawn", "error " + ev.err.Error(), "exit SIGTERM", "close SIGTERM"}, ev.process())
	require.ErrorIs(t, ev.status.Cause, errReason)
	require.False(t, ev.status.Forced)
}

// In a container process 1 often does not wait for orphans.
func TestTheRestOfAGroupMayBeZombies(t *testing.T) {
	l := newLoop(t)
	output(t, l, start(t, l, "inheritor")) // It does not wait for the hour of its grace.
}

//brood:checks S055
func TestAChildThatHasLeftItsGroupIsSignalledToo(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	// The other process stays in the group: a signal to the group succeeds.
	command := "sleep 1000 & exec " + helperCommand("leave-group", strconv.Itoa(unix.Getpgrp()))
	p := spawn(t, l, command, nil, &childprocess.Options{Shell: childprocess.DefaultShell, Context: ctx})
	ev := events(p)
	whenReady(p, cancel)
	run(t, l)
	require.Equal(t, []string{"spawn", "error " + ev.err.Error(), "exit SIGTERM", "close SIGTERM"}, ev.process())
}

func TestNothingOfAClosedGroupIsLeft(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	o := &childprocess.Options{Shell: childprocess.DefaultShell, Timeout: time.Hour, KillGrace: time.Hour}
	ev := events(spawn(t, l, "exit 4", nil, o))
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 4", "close 4"}, ev.process())
}

// canSignalGroupByPidfd reports whether pidfd_send_signal(2) can signal a group.
func canSignalGroupByPidfd() bool {
	fd, err := unix.PidfdOpen(os.Getppid(), 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.PidfdSendSignal(fd, 0, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP) != unix.EINVAL
}
