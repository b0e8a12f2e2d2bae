package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

//brood:checks N158
func TestMessagesWaitForTheFirstListener(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n2\n")
	poll(t, l)
	p.send("3\n{\"cmd\":\"NODE_x\"}\n")
	poll(t, l)
	require.Positive(t, c.Waiting())
	var j journal
	j.watch(c)
	l.NextTick(func() { p.send("4\n") })
	require.Empty(t, j.Entries, "never inside the call")
	poll(t, l)
	require.Subset(t, []string{"1", "2", "3", "4"}, j.Entries)
	require.Zero(t, c.Waiting())
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2", "3", "4", "disconnect"}, j.Entries)
}

// The listener is added while other messages are about to be delivered. They must not overtake the
// waiting ones.
func TestWaitingMessagesAreDeliveredBeforeLaterOnes(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnError(func(error) { c.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) }) })
	p.send("1\n{]\n2\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2"}, j.Entries)
}

func TestAListenerThatIsGoneOnTheNextTickGetsNothing(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n")
	poll(t, l)
	c.OnMessage(func(*ipc.Message) { require.Fail(t, "delivered") }).Off()
	poll(t, l)
	var j journal
	j.watch(c)
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "disconnect"}, j.Entries)
}

// Node loses the messages behind the first (spec H8).
func TestOnceMessageLeavesTheRestWaiting(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n2\n3\n")
	poll(t, l)
	var j journal
	note := func(m *ipc.Message) { j.Add(string(m.Raw())) }
	c.OnceMessage(note)
	poll(t, l)
	require.Equal(t, []string{"1"}, j.Entries)
	p.send("4\n")
	poll(t, l)
	require.Equal(t, []string{"1"}, j.Entries)
	c.OnceMessage(note)
	poll(t, l)
	c.OnMessage(note)
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2", "3", "4"}, j.Entries)
}

func TestWaitingMessagesAreDroppedAtTheEnd(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n2\n")
	p.close()
	run(t, l)
	require.Zero(t, c.Waiting())
	c.OnMessage(func(*ipc.Message) { require.Fail(t, "delivered") })
	run(t, l)
}

// Node crashes (spec H7).
func TestDisconnectWhileWaitingMessagesAreDelivered(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n2\n3\n")
	poll(t, l)
	var j journal
	j.watch(c)
	c.OnceMessage(func(*ipc.Message) { c.Disconnect() })
	run(t, l)
	require.Equal(t, []string{"1", "2", "3", "disconnect"}, j.Entries)
}

// A peer that floods a channel without a listener is held up. No message is lost, and its end is
// still seen.
func TestReadingStopsWhenTooMuchWaits(t *testing.T) {
	message := `"` + strings.Repeat("x", 8000) + "\"\n"
	for _, listen := range []bool{true, false} {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		sent := 0
		for idle := 0; idle < 10; {
			if p.trySend(message) {
				sent++
				idle = 0
			} else {
				idle++
			}
			poll(t, l)
		}
		require.GreaterOrEqual(t, c.Waiting(), ipc.MaxWaiting)
		require.Less(t, c.Waiting(), ipc.MaxWaiting+2*ipc.ReadBufferSize)
		got, ended := 0, false
		if listen {
			c.OnMessage(func(m *ipc.Message) { got++ })
		}
		c.OnDisconnect(func() { ended = true })
		p.close()
		run(t, l)
		require.True(t, ended)
		if listen {
			require.Equal(t, sent, got)
		}
	}
}
