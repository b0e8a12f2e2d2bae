package childprocess_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func init() {
	// session writes its session, its process group and its pid.
	helperproc.Register("session", func([]string) {
		sid := check(unix.Getsid(0))
		writeAll(1, check(json.Marshal([]int{sid, unix.Getpgrp(), os.Getpid()})))
	})
}

//brood:checks S051
func TestTheGroupAndTheSessionAreAsAsked(t *testing.T) {
	sid, err := unix.Getsid(0)
	require.NoError(t, err)
	l := newLoop(t)
	leader := startWith(t, l, &childprocess.Options{Setpgid: true}, "wait")
	for name, c := range map[string]struct {
		o    childprocess.Options
		want func(pid int) []int
	}{
		"ours":          {childprocess.Options{}, func(pid int) []int { return []int{sid, unix.Getpgrp(), pid} }},
		"a new session": {childprocess.Options{Detached: true}, func(pid int) []int { return []int{pid, pid, pid} }},
		"a new group":   {childprocess.Options{Setpgid: true}, func(pid int) []int { return []int{sid, pid, pid} }},
		"another's group": {childprocess.Options{Setpgid: true, Pgid: leader.Pid()},
			func(pid int) []int { return []int{sid, leader.Pid(), pid} }},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := startWith(t, l, &c.o, "session")
			var got []int
			require.NoError(t, json.Unmarshal([]byte(output(t, l, p)), &got))
			require.Equal(t, c.want(p.Pid()), got)
		})
	}
	leader.Stdin.End()
	run(t, l)
}

// A shell that does not execute its command in its own process: there are two processes.
const shellOfTwo = "echo ready; sleep 1000; true"

// The same, and it writes when both exist. A shell blocks its signals while it forks. A signal that
// the group gets then, and that is not sent again, never reaches the second process.
const readyShellOfTwo = `sh -c "echo ready; exec sleep 1000"; true`

// whenAllReady calls fn when each of the children has written something.
func whenAllReady(fn func(), children ...*child) {
	left := len(children)
	for _, c := range children {
		whenReady(c, func() {
			if left--; left == 0 {
				fn()
			}
		})
	}
}

//brood:checks S051
func TestASignalReachesAllProcessesOfAGroup(t *testing.T) {
	l := newLoop(t)
	leader := startWith(t, l, &childprocess.Options{Setpgid: true}, "wait")
	member := startWith(t, l, &childprocess.Options{Setpgid: true, Pgid: leader.Pid()}, "wait")
	first, second := events(leader), events(member)
	whenAllReady(func() { require.NoError(t, unix.Kill(-leader.Pid(), syscall.SIGTERM)) }, leader, member)
	run(t, l)
	require.Equal(t, syscall.SIGTERM, first.status.Signal)
	require.Equal(t, syscall.SIGTERM, second.status.Signal)
}

//brood:checks S051
func TestAGroupOfAnotherSessionCannotBeJoined(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	foreign := startWith(t, l, &childprocess.Options{Detached: true}, "wait")
	o := childprocess.Options{Setpgid: true, Pgid: foreign.Pid()}
	want := &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepGroup, File: "true", Path: strconv.Itoa(foreign.Pid()), Args: []string{}, Err: syscall.EPERM,
	}
	before := leakcheck.FDs()
	c, err := childprocess.Spawn(l, "true", nil, &o)
	require.Nil(t, c)
	require.Equal(t, want, err)
	require.Equal(t, before, leakcheck.FDs())

	want.Op = "spawnSync"
	r := childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: o})
	require.Equal(t, want, r.Err)
	require.Equal(t, "not started: operation not permitted", r.Status.String())

	foreign.Stdin.End()
	run(t, l)
	requireNoChildren(t)
}

//brood:checks S051 S055
func TestALimitKillsTheGroupThatWasMade(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	p := spawn(t, l, "/bin/sh", []string{"-c", shellOfTwo}, &childprocess.Options{Setpgid: true, Context: ctx})
	ev := events(p)
	whenReady(p, cancel)
	run(t, l) // It returns, because no process has the pipes for 1000 seconds.
	require.Equal(t, syscall.SIGTERM, ev.status.Signal)
	require.False(t, ev.status.CutOff)
}

//brood:checks S051 S055
func TestALimitDoesNotKillAGroupThatWasJoined(t *testing.T) {
	for name, o := range map[string]childprocess.Options{"a program": {}, "a shell": {Shell: childprocess.DefaultShell}} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			leader := startWith(t, l, &childprocess.Options{Setpgid: true}, "wait")
			ctx, cancel := contextWithCancel(t)
			o.Setpgid, o.Pgid, o.Context = true, leader.Pid(), ctx
			file, args := "/bin/sh", []string{"-c", "echo ready; exec sleep 1000"}
			if o.Shell != "" {
				file, args = args[1], nil
			}
			member := spawn(t, l, file, args, &o)
			first, second := events(leader), events(member)
			whenAllReady(cancel, leader, member)
			member.OnClose(func(childprocess.ExitStatus) { leader.Stdin.End() })
			run(t, l)
			require.Equal(t, syscall.SIGTERM, second.status.Signal)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, first.process())
		})
	}
}

//brood:checks S051
func TestBadGroupsAreReturned(t *testing.T) {
	rows := []struct {
		o            childprocess.Options
		want, reason string
	}{
		{childprocess.Options{Setpgid: true, Detached: true}, "Setpgid", "is not for a Detached child, which leads a group"},
		{childprocess.Options{Pgid: 1}, "Pgid", "is given without Setpgid"},
		{childprocess.Options{Setpgid: true, Pgid: -1}, "Pgid", "is not a process group"},
		{childprocess.Options{Setpgid: true, Pgid: math.MinInt}, "Pgid", "is not a process group"},
		{childprocess.Options{Setpgid: true, Pgid: math.MaxInt}, "Pgid", "is not a process group"},
	}
	if math.MaxInt == math.MaxInt32 {
		rows = rows[:len(rows)-1] // On this system every int may be one.
	}
	for _, c := range rows {
		misused(t, "true", nil, &c.o, c.want, c.reason)
	}
}
