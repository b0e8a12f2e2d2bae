package childprocess_test

import (
	"bytes"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// sleeper starts a child that never reads its channel.
func sleeper(t *testing.T, l *reactor.Loop) *childprocess.ChildProcess {
	t.Helper()
	c, err := childprocess.Spawn(l, "sleep", []string{"600"}, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Inherit, childprocess.Inherit, childprocess.IPC},
	})
	require.NoError(t, err)
	return c
}

func TestErrorsOfTheChannelComeToOnError(t *testing.T) {
	l := looptest.New(t)
	c := sleeper(t, l)
	var got []error
	c.OnError(func(err error) { got = append(got, err) })
	require.False(t, c.NeedDrain())
	for range 2 {
		require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	}
	require.True(t, c.NeedDrain())
	_, err := c.Kill(syscall.SIGKILL)
	require.NoError(t, err)
	c.OnDisconnect(func() { c.Disconnect() })
	looptest.Run(t, l)
	require.False(t, c.NeedDrain())
	require.Equal(t, []error{ipc.ErrChannelClosed, ipc.ErrChannelClosed, ipc.ErrDisconnected}, got)
}

//brood:checks N151
func TestAChildIsDrained(t *testing.T) {
	l := looptest.New(t)
	c, err := childprocess.Fork(l, "process.on('message', () => {})", nil, &childprocess.ForkOptions{
		ExecPath: looptest.NodePath(t), ExecArgv: []string{"-e"},
	})
	require.NoError(t, err)
	drains := 0
	c.OnDrain(func() {
		drains++
		require.False(t, c.NeedDrain())
		c.Disconnect()
	})
	require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	require.True(t, c.NeedDrain())
	looptest.Run(t, l)
	require.Equal(t, 1, drains)

	none, err := childprocess.Spawn(l, "true", nil, nil)
	require.NoError(t, err)
	none.OnDrain(func() { require.Fail(t, "drain") }).Off()
	require.False(t, none.NeedDrain())
	looptest.Run(t, l)
}

// A listener of the channel gets the error; without a listener of the channel or the child the
// logger does.
func TestErrorsOfTheChannelWithoutAListenerAreLogged(t *testing.T) {
	for _, listens := range []bool{false, true} {
		var text bytes.Buffer
		l := looptest.NewWith(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(&text, nil))})
		c := sleeper(t, l)
		c.OnError(func(error) { require.Fail(t, "it was removed") }).Off()
		heard := 0
		if listens {
			c.Channel().OnError(func(error) { heard++ })
		}
		require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
		_, err := c.Kill(syscall.SIGKILL)
		require.NoError(t, err)
		looptest.Run(t, l)
		require.Equal(t, listens, heard == 1)
		require.Equal(t, listens, text.Len() == 0, text.String())
	}
}
