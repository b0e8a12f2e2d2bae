package childprocess_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// leftRunning returns a child that runs on, having closed its loop. Only a signal ends it.
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
		"Terminate":     func(c *childprocess.ChildProcess) { c.Terminate(time.Hour) },
		"somebody else": func(c *childprocess.ChildProcess) { require.NoError(t, syscall.Kill(c.Pid(), syscall.SIGKILL)) },
		"another goroutine's": func(c *childprocess.ChildProcess) {
			done := make(chan bool)
			go func() { kill(t, c, 9); close(done) }()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			c := leftRunning(t, &childprocess.Options{Detached: true})
			kill(t, c, 0) // It is there.
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

// The grace goes on, although the loop that has counted it is closed.
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
	awaitNoSurvivor(t) // SIGTERM does not end it, nor the end of its stdin.
	require.Equal(t, syscall.ESRCH, syscall.Kill(c.Pid(), 0))
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
