package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

func TestAParentsChannelKeepsTheLoopAliveUntilUnref(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	require.True(t, poll(t, l))
	l.SetImmediate(c.Unref)
	run(t, l)
	require.True(t, c.Connected())
	c.Ref()
	require.True(t, poll(t, l))
	// Even an asynchronous send does not unref it (spec H5).
	require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	for got := 0; got < 1<<20; {
		s, _ := p.read()
		got += len(s)
		poll(t, l)
	}
	require.True(t, poll(t, l))
	p.close()
	run(t, l)
}

//brood:checks S069 N139 N140
func TestAChildsChannelCountsListenersAndSends(t *testing.T) {
	l := newLoop(t)
	c, p := newParentChannel(t, l, "")
	require.False(t, poll(t, l), "nobody listens")

	message := c.OnMessage(func(*ipc.Message) {})
	require.True(t, poll(t, l), "a listener")
	disconnect := c.OnDisconnect(func() {})
	message.Off()
	require.True(t, poll(t, l), "the other listener")
	disconnect.Off()
	require.False(t, poll(t, l))

	c.OnceMessage(func(*ipc.Message) {})
	require.True(t, poll(t, l))
	p.send("1\n")
	require.False(t, poll(t, l), "it was the once listener's message")

	c.OnError(func(error) {})
	c.OnDrain(func() {})
	require.False(t, poll(t, l), "these do not count")

	require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	require.True(t, poll(t, l), "an unfinished send")
	for got := 0; got < 1<<20; {
		s, _ := p.read()
		got += len(s)
		poll(t, l)
	}
	poll(t, l)
	require.False(t, poll(t, l))

	c.Ref()
	require.True(t, poll(t, l))
	c.Unref()
	c.OnMessage(func(*ipc.Message) {})
	require.False(t, poll(t, l), "from Unref on nothing counts")

	c.Disconnect()
	run(t, l)
	c.OnMessage(func(*ipc.Message) {})
	require.False(t, poll(t, l))
}
