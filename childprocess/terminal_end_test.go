package childprocess_test

import (
	"slices"
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
	// The child may be that fast.
	require.ElementsMatch(t, []string{"spawn", "terminal close", "exit SIGHUP", "close SIGHUP"}, s.log)
}

// The terminal of an Async child may be closed before the child has begun.
func TestATerminalIsDestroyedBeforeItsAsyncChildStarts(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	o := ownTerminal(nil)
	o.Async = true
	c := spawn(t, l, shell, []string{"-c", "exit 3"}, o)
	s := screenOf(c)
	c.Terminal().Destroy(nil)
	run(t, l)
	// The terminal's own close may come behind that of the child.
	log := slices.DeleteFunc(slices.Clone(s.log), func(entry string) bool { return entry == "terminal close" })
	switch last := log[len(log)-1]; last {
	case "close -5":
		require.Contains(t, s.log, "error EIO", "it could not take the terminal")
	default: // The child was faster.
		require.Contains(t, []string{"close SIGHUP", "close 3"}, last, "%q", s.log)
	}
}

// Destroying Readable closes the terminal, because otherwise the child would wait for ever.
func TestATerminalIsClosedWithItsReadingHalf(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo ready; read line; exec sleep 1000"}, ownTerminal(nil))
	s := screenOf(c).when("ready", func() { c.Terminal().Readable.Destroy(nil) })
	run(t, l)
	// The child may be that fast.
	require.ElementsMatch(t, []string{"spawn", "terminal close", "exit SIGHUP", "close SIGHUP"}, s.log)
}

// Only a key is the end of input of a terminal.
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

// Without a listener or a reader, close comes nevertheless.
func TestATerminalWithoutAReaderCloses(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "echo unread"}, ownTerminal(nil))
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.Entries)
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

// The child leads its session, even if another option asks for a session or a group.
func TestAChildOnATerminalLeadsItsSession(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"plain": {}, "Detached": {Detached: true},
		// In other cases, such a shell gets a group.
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

// The last output of a child is on its way through the kernel when the child exits.
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

// Another child may be the user of the terminal, as script(1) would.
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

// close waits for every process that has the terminal open, as for a pipe.
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
	awaitNoSurvivor(t) // SIGHUP has killed it.
	require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0))
}
