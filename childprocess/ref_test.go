package childprocess_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// orphan starts the program in its arguments, detached, with its own descriptor 3 and no other,
	// and does not wait for it.
	helperproc.Register("orphan", func(args []string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{
			Detached: true,
			Stdio:    []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.FD(3)},
		}))
		c.OnExit(func(childprocess.ExitStatus) { fail(errors.New("it has ended")) })
		spawned := false
		c.OnSpawn(func() { spawned = true })
		c.Unref()
		check(0, l.Run())
		check(0, l.Close())
		if !spawned {
			fail(errors.New("no spawn event"))
		}
		fmt.Print(c.Pid())
	})

	// linger writes its parent, session and group to descriptor 3 each time a byte comes there.
	helperproc.Register("linger", func([]string) {
		buf := make([]byte, 1)
		for {
			n, err := unix.Read(3, buf)
			if err == unix.EINTR {
				continue
			}
			if check(n, err) == 0 {
				return
			}
			sid := check(unix.Getsid(0))
			writeAll(3, fmt.Appendf(nil, "pid %d parent %d session %d group %d\n", unix.Getpid(), unix.Getppid(), sid, unix.Getpgrp()))
		}
	})
}

//brood:checks S046 N068
func TestADetachedChildOutlivesItsParent(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("linger")
	o := &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}
	parent := startWith(t, l, o, "orphan", append([]string{file}, argv...)...)
	ev := events(parent).reading()
	line := parent.Stdio[3]
	var answers []string
	line.Readable.OnLine(func(answer []byte) {
		answers = append(answers, string(answer))
		pid := string(ev.data[1])
		require.NoError(t, unix.Kill(mustAtoi(t, pid), 0), "it is alive")
		require.ErrorIs(t, unix.Kill(parent.Pid(), 0), syscall.ESRCH, "its parent is not")
		line.Writable.End() // This ends it.
	})
	parent.OnExit(func(s childprocess.ExitStatus) {
		require.True(t, s.Success(), "%v, stderr: %s", s, ev.data[2])
		_, err := line.Writable.Write([]byte{'?'})
		require.NoError(t, err)
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), "close waits for descriptor 3, exit does not")
	require.Len(t, answers, 1)
	pid := string(ev.data[1])
	require.Contains(t, answers[0], "pid "+pid+" ")
	require.Contains(t, answers[0], "session "+pid+" group "+pid)
	require.NotContains(t, answers[0], "parent "+strconv.Itoa(parent.Pid())+" ")
}

func mustAtoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s))
	require.NoError(t, err)
	return n
}

//brood:checks S046
func TestAnUnrefdChildLetsTheLoopEnd(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	c.Unref()
	require.True(t, l.Alive(), "the spawn event is to come")
	run(t, l)
	require.Equal(t, []string{"spawn"}, ev.Entries)
	require.False(t, l.Alive())
	_, ended := c.Status()
	require.False(t, ended)

	c.Ref()
	require.True(t, l.Alive())
	c.Stdin.End()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S046
func TestTheExitOfAnUnrefdChildIsSeenWhileSomethingElseRuns(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	other := start(t, l, "wait")
	ev := events(c)
	c.Unref()
	c.OnClose(func(childprocess.ExitStatus) { other.Stdin.End() })
	c.Stdin.End()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S046
func TestAStreamThatIsReadKeepsTheLoopAliveOnItsOwn(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "step", "one", "two")
	c.Unref()
	var got []string
	c.Stdout.OnData(func(chunk []byte) {
		got = append(got, string(chunk))
		if len(got) == 2 {
			c.Stdout.Unref()
			return
		}
		_, err := c.Stdin.Write([]byte{'.'})
		require.NoError(t, err)
	})
	run(t, l)
	require.Equal(t, []string{"one", "two"}, got)
	require.False(t, l.Alive())
	c.Ref()
	c.Stdout.Ref()
	_, err := c.Stdin.Write([]byte{'.'})
	require.NoError(t, err)
	run(t, l)
}

// Only the last call of Ref and Unref counts, at any time, with a process or without: the loop ends
// when the child has closed, and not before.
//
//brood:checks S046
func TestRefAndUnrefDoNotAddUp(t *testing.T) {
	l := newLoop(t)
	toggle := func(c *childprocess.ChildProcess) {
		c.Ref()
		c.Unref()
		c.Unref()
		c.Ref()
		c.Unref()
		c.Ref()
		c.Ref()
	}
	c := startWith(t, l, noPipes(), "exit", "0")
	missing := spawn(t, l, "/does/not/exist", nil, nil)
	evC, evM := events(c), events(missing)
	for _, c := range []*childprocess.ChildProcess{c, missing} {
		toggle(c)
		c.OnSpawn(func() { toggle(c) })
		c.OnExit(func(childprocess.ExitStatus) { toggle(c) })
		c.OnError(func(error) { toggle(c) })
		c.OnClose(func(childprocess.ExitStatus) { toggle(c) })
	}
	run(t, l)
	toggle(c)
	toggle(missing)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evC.process())
	require.Equal(t, []string{"error ENOENT", "close -2"}, evM.process())

	// A later unref'd child does not keep the loop alive because of them.
	last := start(t, l, "wait")
	last.Unref()
	run(t, l)
	last.Ref()
	last.Stdin.End()
	run(t, l)
}

//brood:checks S046 S047
func TestClosingTheLoopLeavesTheChildAndNoDescriptor(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "wait")
	ev := events(c)
	c.Unref()
	c.Stdout.OnData(func([]byte) { c.Stdout.Pause() })
	run(t, l)
	_, ended := c.Status()
	require.False(t, ended)
	require.NoError(t, l.Close())
	// Nobody ended its stdin but the close of the loop.
	awaitNoSurvivor(t)
	require.Equal(t, []string{"spawn"}, ev.process(), "there are no events after Close")
	ok, err := c.Kill(syscall.SIGKILL)
	require.NoError(t, err)
	require.False(t, ok)
	c.Ref()
	c.Unref()
}

// Only the child keeps the loop alive, and the input that it was sent is still unread.
//
//brood:checks S046
func TestALoopCanBeClosedWhileItsChildRuns(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Timeout: time.Hour}, "wait")
	ev := events(c)
	c.OnSpawn(l.Stop)
	run(t, l)
	_, err := c.Stdin.WriteString("unread")
	require.NoError(t, err)
	require.True(t, l.Alive())
	require.NoError(t, l.Close())
	_, err = c.Wait(t.Context())
	require.ErrorIs(t, err, reactor.ErrClosed)
	awaitNoSurvivor(t) // It ends because its stdin does.
	require.Equal(t, []string{"spawn"}, ev.process())
}

//brood:checks S047
func TestAChildThatWaitsForTheEndOfStdinGetsItFromTheUser(t *testing.T) {
	for name, end := range map[string]func(c *childprocess.ChildProcess){
		"End":     func(c *childprocess.ChildProcess) { c.Stdin.End() },
		"Destroy": func(c *childprocess.ChildProcess) { c.Stdin.Destroy(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := start(t, l, "wait")
			ev := events(c)
			c.Stdout.OnData(func([]byte) {
				require.Zero(t, ev.count("exit"))
				end(c)
			})
			run(t, l)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		})
	}
}
