package childprocess_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/signals"
)

// noPipes are options for a child whose streams do not matter.
func noPipes() *childprocess.Options {
	return &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)}
}

//brood:checks S039 N017
func TestEveryExitCode(t *testing.T) {
	l := newLoop(t)
	for first := 0; first < 256; first += 64 {
		for code := first; code < first+64; code++ {
			c := spawn(t, l, "sh", []string{"-c", "exit " + strconv.Itoa(code)}, noPipes())
			ev := events(c)
			c.OnClose(func(s childprocess.ExitStatus) {
				require.Equal(t, code, s.Code)
				require.Zero(t, s.Signal)
				require.False(t, s.CoreDumped)
				require.False(t, s.Lost)
				require.Equal(t, code == 0, s.Success())
				require.Equal(t, "exit status "+strconv.Itoa(code), s.String())
				want := strconv.Itoa(code)
				require.Equal(t, []string{"spawn", "exit " + want, "close " + want}, ev.Entries)
			})
		}
		run(t, l)
	}
}

//brood:checks S039
func TestDeathByASignalIsNoExitCode(t *testing.T) {
	l := newLoop(t)
	for _, name := range []string{
		"SIGHUP", "SIGINT", "SIGKILL", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGPROF", "SIGVTALRM",
	} {
		sig, err := signals.Parse(name)
		require.NoError(t, err)
		c := spawn(t, l, "sleep", []string{"1000"}, noPipes())
		ev := events(c)
		c.OnSpawn(func() { kill(t, c, sig) })
		run(t, l)
		require.Equal(t, []string{"spawn", "exit " + name, "close " + name}, ev.Entries)
		require.Equal(t, -1, ev.status.Code)
		require.Equal(t, sig, ev.status.Signal)
		require.False(t, ev.status.Success())
		require.False(t, ev.status.CoreDumped)
		require.Equal(t, "signal: "+name, ev.status.String())
	}
}

// kill calls Kill, which must succeed.
func kill(t testing.TB, c *childprocess.ChildProcess, s syscall.Signal) {
	t.Helper()
	ok, err := c.Kill(s)
	require.NoError(t, err, "Kill(%v)", s)
	require.True(t, ok, "Kill(%v)", s)
}

//brood:checks S041
func TestTheStatusIsTheSameHoweverOftenAndWhenItIsAsked(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "7")
	pid := c.Pid()
	require.Positive(t, pid)
	var asked []childprocess.ExitStatus
	ask := func() {
		s, ended := c.Status()
		require.True(t, ended)
		asked = append(asked, s)
		require.Equal(t, pid, c.Pid())
	}
	runs := func() {
		s, ended := c.Status()
		require.False(t, ended)
		require.Equal(t, childprocess.ExitStatus{Code: -1, Running: true}, s)
	}
	runs()
	c.OnSpawn(runs)
	c.OnExit(func(s childprocess.ExitStatus) {
		asked = append(asked, s)
		ask()
	})
	c.OnClose(func(s childprocess.ExitStatus) {
		asked = append(asked, s)
		ask()
	})
	run(t, l)
	ask()
	ask()
	require.Len(t, asked, 6)
	for _, s := range asked {
		require.Equal(t, asked[0], s)
		require.Equal(t, 7, s.Code)
		require.NotNil(t, s.Rusage)
	}
}

//brood:checks S040
func TestTextsOfStatuses(t *testing.T) {
	states := map[childprocess.ExitState]string{
		childprocess.StateExited: "exit status ", childprocess.StateSignaled: "signal: ", childprocess.StateLost: "exit status lost",
		childprocess.StateRunning: "still running", childprocess.StateNotStarted: "not started: ",
	}
	for text, status := range map[string]childprocess.ExitStatus{
		"exit status 0":                          {},
		"exit status 255":                        {Code: 255},
		"signal: SIGTERM":                        {Code: -1, Signal: syscall.SIGTERM},
		"signal: SIGSEGV (core dumped)":          {Code: -1, Signal: syscall.SIGSEGV, CoreDumped: true},
		"exit status lost":                       {Code: -1, Lost: true},
		"not started: " + syscall.ENOENT.Error(): {Code: -1, NotStarted: syscall.ENOENT},
		"still running":                          {Code: -1, Running: true, Cause: childprocess.ErrTimeout},
	} {
		require.Equal(t, text, status.String())
		require.True(t, strings.HasPrefix(text, states[status.State()]), text)
		require.Equal(t, text == "exit status 0", status.Success(), text)
	}
}
