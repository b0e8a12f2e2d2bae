package ipc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func TestAChannelThatIsClosedFromTheBeginningOnlyDisconnects(t *testing.T) {
	l := newLoop(t)
	c, err := ipc.NewClosed(l)
	require.NoError(t, err)
	var j journal
	c.OnDisconnect(j.Note("disconnect"))
	c.OnMessage(func(*ipc.Message) { j.Add("message") })
	c.OnDrain(j.Note("drain"))
	c.OnError(func(err error) { j.Add(err.Error()) })
	require.False(t, c.Connected())
	require.Equal(t, -1, c.FD())
	require.False(t, c.NeedDrain())
	require.Equal(t, ipc.ErrChannelClosed, c.Send("x"))
	require.Equal(t, ipc.ErrChannelClosed, c.SendInternal(map[string]any{"cmd": "NODE_X"}, nil))
	require.Equal(t, ipc.ErrChannelClosed, c.Request(context.Background(), "x", func(*ipc.Message, error) { t.Error("called") }))
	require.NoError(t, c.SendWith("x", &ipc.SendOptions{Done: func(err error) { j.Add("done: " + err.Error()) }}))
	// None of these may touch a descriptor.
	c.Pause()
	c.Resume()
	c.Hold()
	c.Release()
	c.Unref()
	c.Ref()
	c.Destroy()
	require.Empty(t, j.Entries)
	run(t, l)
	require.Equal(t, []string{"disconnect", "done: ipc: channel closed"}, j.Entries)
	c.Disconnect()
	run(t, l)
	require.Equal(t, "ipc: channel is already disconnected", j.Entries[2])
}

func TestAChannelThatIsClosedFromTheBeginningGoesWithItsLoop(t *testing.T) {
	l := newLoop(t)
	c, err := ipc.NewClosed(l)
	require.NoError(t, err)
	c.OnDisconnect(func() { t.Error("there are no events any more") })
	require.NoError(t, l.Close())
	require.Equal(t, ipc.ErrChannelClosed, c.Send("x"))
	_, err = ipc.NewClosed(l)
	require.ErrorIs(t, err, reactor.ErrClosed)
	_, err = ipc.NewClosed(nil)
	require.Error(t, err)
}
