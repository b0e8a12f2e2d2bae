package childprocess_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

func TestAChildWhoseTerminalIsDestroyedIsHungUp(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo ready; read line; exec sleep 1000"}, ownTerminal(nil))
	s := screenOf(c).when("ready", func() { c.Terminal().Destroy(nil) })
	run(t, l)
	s.done(t)
	// It may be that fast.
	require.ElementsMatch(t, []string{"spawn", "terminal close", "exit SIGHUP", "close SIGHUP"}, s.log)
}

// An Async child may find that its terminal is gone before it has begun.
func TestATerminalIsDestroyedBeforeItsAsyncChildStarts(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	o := ownTerminal(nil)
	o.Async = true
	c := spawn(t, l, shell, []string{"-c", "exit 3"}, o)
	s := screenOf(c)
	c.Terminal().Destroy(nil)
	run(t, l)
	switch last := s.log[len(s.log)-1]; last {
	case "close -5":
		require.Contains(t, s.log, "error EIO", "it could not take the terminal")
	default: // It was faster.
		require.Contains(t, []string{"close SIGHUP", "close 3"}, last, "%q", s.log)
	}
}

// To give up reading is to give up the terminal, or the child would wait for ever.
func TestATerminalIsClosedWithItsReadingHalf(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo ready; read line; exec sleep 1000"}, ownTerminal(nil))
	s := screenOf(c).when("ready", func() { c.Terminal().Readable.Destroy(nil) })
	run(t, l)
	// It may be that fast.
	require.ElementsMatch(t, []string{"spawn", "terminal close", "exit SIGHUP", "close SIGHUP"}, s.log)
}

// A terminal has no end of input but a key.
func TestEndingTheWritingHalfEndsNothing(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "cat; echo done"}, ownTerminal(nil))
	s := screenOf(c)
	_, err := c.Terminal().Writable.WriteString("typed\n\x04")
	require.NoError(t, err)
	c.Terminal().Writable.End()
	run(t, l)
	require.Contains(t, s.text, "typed\r\ndone\r\n")
	require.ElementsMatch(t, terminalEnds("0"), s.log)
}

// Nobody listens and nobody reads: close comes all the same.
func TestNobodyReadsATerminal(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo unread"}, ownTerminal(nil))
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.log)
}

func TestALimitEndsTheGroupOnATerminal(t *testing.T) {
	for name, end := range map[string]func(c *childprocess.ChildProcess){
		"Terminate": func(c *childprocess.ChildProcess) { c.Terminate(time.Hour) },
		"KillGroup": func(c *childprocess.ChildProcess) {
			ok, err := c.KillGroup(syscall.SIGTERM)
			require.NoError(t, err)
			require.True(t, ok)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			// The second process would hold the terminal for long.
			c := spawn(t, l, shell, []string{"-c", "(echo ready; exec sleep 1000); exit 1"}, ownTerminal(nil))
			s := screenOf(c).when("ready", func() { end(c) })
			run(t, l)
			s.done(t)
			require.Equal(t, terminalEnds("SIGTERM"), s.log)
		})
	}
}

// The session is the child's, whatever else asks for one or for a group.
func TestAChildOnATerminalLeadsItsSession(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"plain": {}, "Detached": {Detached: true},
		// Such a shell gets a group elsewhere.
		"a shell with a limit": {Shell: shell, Timeout: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o.Stdio = childprocess.AllStdio(childprocess.PTY(nil))
			c := spawn(t, l, "cat", nil, &o)
			session, err := unix.Getsid(c.Pid())
			require.NoError(t, err)
			group, err := unix.Getpgid(c.Pid())
			require.NoError(t, err)
			require.Equal(t, [2]int{c.Pid(), c.Pid()}, [2]int{session, group})
			s := screenOf(c)
			_, err = c.Terminal().Writable.WriteString("\x04")
			require.NoError(t, err)
			run(t, l)
			require.Equal(t, terminalEnds("0"), s.log)
		})
	}
}

// What a child has written last is on its way through the kernel when it exits.
func TestLastWordsOnATerminalComeBeforeExit(t *testing.T) {
	if forcedExitWatch() == childprocess.ExitWatchSIGCHLD {
		t.Skip("SIGCHLD may tell the end of a child before its last data")
	}
	for range 200 {
		l := newLoop(t)
		c := spawn(t, l, "/bin/echo", []string{"last words"}, ownTerminal(nil))
		s := screenOf(c)
		c.OnExit(func(childprocess.ExitStatus) { require.Equal(t, "last words\r\n", s.text) })
		run(t, l)
	}
}

// Another child may play the person, as script(1) would.
func TestTheTerminalIsLentToAnotherChild(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "read line; echo got $line"}, ownTerminal(nil))
	typist := spawn(t, l, shell, []string{"-c", "echo typed >&0; head -n 2"}, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Stream(c.Terminal())},
	})
	ev := events(typist).reading()
	typist.OnClose(func(childprocess.ExitStatus) { c.Terminal().Destroy(nil) })
	run(t, l)
	require.Equal(t, "typed\r\ngot typed\r\n", string(ev.data[1]))
}

// close waits for whoever has the terminal, as for whoever has a pipe.
func TestCloseWaitsForABackgroundProcessOnTheTerminal(t *testing.T) {
	l := newLoop(t)
	o := ownTerminal(nil)
	o.Stdio = append(o.Stdio, childprocess.Pipe)
	c := spawn(t, l, shell, []string{"-c", `(trap "" HUP; echo ready; read line <&3; echo late) & read line; exit 5`}, o)
	s := screenOf(c).types("ready", "\n")
	c.OnExit(func(childprocess.ExitStatus) {
		_, err := c.Stdio[3].Writable.WriteString("line\n")
		require.NoError(t, err)
	})
	run(t, l)
	s.done(t)
	require.Contains(t, s.text, "late\r\n")
	require.Equal(t, terminalEnds("5"), s.log)
	st, _ := c.Status()
	require.False(t, st.CutOff)
}

func TestCloseGraceCutsATerminalOff(t *testing.T) {
	l := newLoop(t)
	o := ownTerminal(nil)
	o.CloseGrace = 10 * time.Millisecond
	c := spawn(t, l, shell, []string{"-c", `(trap "" HUP; echo ready; exec sleep 1000) & read line; echo its pid is $!; exit 5`}, o)
	s := screenOf(c).types("ready", "\n")
	run(t, l)
	s.done(t)
	_, pid, _ := strings.Cut(s.text, "its pid is ")
	other, err := strconv.Atoi(strings.TrimSpace(pid))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(other, syscall.SIGKILL), "it ignores that it was hung up")
	require.Equal(t, terminalEnds("5"), s.log)
	st, _ := c.Status()
	require.True(t, st.CutOff)
}

func TestManyTerminalsLeaveNothing(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	for n := range rounds {
		o := ownTerminal(nil)
		o.Async = n%2 == 0
		s := screenOf(spawn(t, l, "/bin/echo", []string{"shown"}, o))
		run(t, l)
		require.Equal(t, "shown\r\n", s.text)
		require.Equal(t, terminalEnds("0"), s.log)
	}
}

func TestATerminalIsClosedWithItsLoop(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo ready; read line; exec sleep 1000"}, ownTerminal(nil))
	screenOf(c).when("ready", l.Stop)
	run(t, l)
	require.NoError(t, l.Close())
	awaitNoSurvivor(t) // SIGHUP has ended it.
	require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0))
}
