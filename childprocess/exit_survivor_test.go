package childprocess_test

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// leftRunning starts a child, closes its loop, and returns the child, which runs on until a signal
// kills it.
func leftRunning(t testing.TB, o *childprocess.Options) *childprocess.ChildProcess {
	t.Helper()
	l := newLoop(t)
	o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe}
	c := spawn(t, l, shell, []string{"-c", "echo ready; exec sleep 1000"}, o)
	whenReady(c, l.Stop)
	run(t, l)
	require.NoError(t, l.Close())
	_, ended := c.Status()
	require.False(t, ended)
	return c
}

func TestAChildOutlivesItsLoopAndLeavesNoZombie(t *testing.T) {
	for name, end := range map[string]func(c *childprocess.ChildProcess){
		"Kill": func(c *childprocess.ChildProcess) { kill(t, c, syscall.SIGKILL) },
		"KillGroup": func(c *childprocess.ChildProcess) {
			ok, err := c.KillGroup(syscall.SIGTERM)
			require.NoError(t, err)
			require.True(t, ok)
		},
		"Terminate":       func(c *childprocess.ChildProcess) { c.Terminate(time.Hour) },
		"another program": func(c *childprocess.ChildProcess) { require.NoError(t, syscall.Kill(c.Pid(), syscall.SIGKILL)) },
		"another goroutine's": func(c *childprocess.ChildProcess) {
			done := make(chan bool)
			go func() { kill(t, c, 9); close(done) }()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			c := leftRunning(t, &childprocess.Options{Detached: true})
			kill(t, c, 0) // It exists.
			end(c)
			awaitNoSurvivor(t)
			require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0), "a zombie is left")
			ok, err := c.Kill(syscall.SIGTERM)
			require.NoError(t, err)
			require.False(t, ok)
		})
	}
}

func TestManyChildrenOutliveTheirLoops(t *testing.T) {
	noNewFDs(t)
	var left []*childprocess.ChildProcess
	for range 20 {
		left = append(left, leftRunning(t, &childprocess.Options{}))
	}
	for _, c := range left {
		kill(t, c, syscall.SIGTERM)
	}
	awaitNoSurvivor(t)
	for _, c := range left {
		require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0), "a zombie is left")
	}
}

// The grace goes on when the loop is closed.
func TestAGraceOutlivesItsLoop(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	c := start(t, l, "stubborn")
	c.Stdout.OnData(func([]byte) {
		c.Terminate(50 * time.Millisecond)
		l.Stop()
	})
	run(t, l)
	require.NoError(t, l.Close())
	awaitNoSurvivor(t) // Neither SIGTERM nor the end of its stdin ends the child.
	require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0))
}

// The loop is closed before the tick that calls CancelFunc.
func TestTerminateKillsTheChildOfALoopThatIsClosedNext(t *testing.T) {
	noNewFDs(t)
	for _, grace := range []time.Duration{-1, time.Hour} {
		l := newLoop(t)
		c := spawn(t, l, "sleep", []string{"1000"}, &childprocess.Options{
			Stdio:      childprocess.AllStdio(childprocess.Ignore),
			CancelFunc: func(*childprocess.ChildProcess) { t.Error("CancelFunc was called") },
		})
		c.Terminate(grace)
		require.NoError(t, l.Close())
		awaitNoSurvivor(t)
		require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0))
	}
}

// Terminate obeys Cancel also when the loop is closed.
func TestTerminateKeepsItsPolicyBeyondTheLoop(t *testing.T) {
	noNewFDs(t)
	const program = `trap "echo told; exit" TERM; echo ready; read line; echo $line`
	for policy, want := range map[childprocess.CancelPolicy]string{childprocess.CancelKill: "", childprocess.CancelNone: "go on\n"} {
		theirIn, in, err := os.Pipe()
		require.NoError(t, err)
		out, theirOut, err := os.Pipe()
		require.NoError(t, err)
		l := newLoop(t)
		c := spawn(t, l, "/bin/sh", []string{"-c", program}, &childprocess.Options{
			Cancel: policy, Stdio: []childprocess.Stdio{childprocess.File(theirIn), childprocess.File(theirOut)},
		})
		require.NoError(t, theirIn.Close())
		require.NoError(t, theirOut.Close())
		said, err := io.ReadAll(io.LimitReader(out, int64(len("ready\n"))))
		require.NoError(t, err)
		require.Equal(t, "ready\n", string(said))
		require.NoError(t, l.Close())

		c.Terminate(-1)
		_, _ = in.WriteString("go on\n") // A child that was killed does not read it.
		said, err = io.ReadAll(out)
		require.NoError(t, err)
		require.Equal(t, want, string(said), "%v", policy)
		awaitNoSurvivor(t)
		require.NoError(t, in.Close())
		require.NoError(t, out.Close())
	}
}

func TestAnAsyncChildThatOutlivesItsLoopCanBeSignalled(t *testing.T) {
	noNewFDs(t)
	for range 20 {
		l := newLoop(t)
		o := async()
		o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore}
		c := spawn(t, l, "sleep", []string{"1000"}, o)
		c.Unref()
		require.NoError(t, l.Close())
		kill(t, c, syscall.SIGKILL)
		awaitNoSurvivor(t)
	}
}
